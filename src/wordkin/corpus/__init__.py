"""Text to ids: readers, vocabulary, held-out lines, resampled lines."""
