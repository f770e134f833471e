"""Words with their vectors: questions, subwords, file formats."""

from wordkin.vectors.words import WordVectors

__all__ = ["WordVectors"]
