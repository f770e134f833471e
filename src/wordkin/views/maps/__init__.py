"""Maps of words in the plane, as pictures and as pages."""
