"""The exact engine: descent on the loss of the whole corpus, over its co-occurrence counts."""
