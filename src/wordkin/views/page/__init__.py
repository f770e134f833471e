"""The page without its server: models, answers to requests, and exported documents."""
