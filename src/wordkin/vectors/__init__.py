"""Word vectors: nearest neighbours, analogies, subwords and file formats."""

from wordkin.vectors.words import WordVectors

__all__ = ["WordVectors"]
