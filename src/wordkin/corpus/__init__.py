"""Turn text into ids: reading, vocabulary, held-out lines, resampling, and a demo text."""
