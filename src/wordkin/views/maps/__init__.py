"""Maps of words: place them in the plane, draw them, label them, save them."""
