"""Co-occurrence counts: the matrix, how it is counted, and the file that keeps it."""
