"""Training runs: text or counts in, a model out, with checkpoints, history and early stopping."""

from wordkin.training.counting_run import count_to_file
from wordkin.training.model import Word2Vec
from wordkin.training.reproducing import Reproduction, reproduce

__all__ = ["Reproduction", "Word2Vec", "count_to_file", "reproduce"]
