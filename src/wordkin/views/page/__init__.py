"""The page: what it shows, the answers to its questions, and pages as one document."""
