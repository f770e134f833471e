"""Co-occurrence counts: the sparse matrix, counting, and the file format."""
