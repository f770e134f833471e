"""A text as the engines see it: ids in one array, and an account of every token.

Imports `vocabulary` alone.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from wordkin.vocabulary import Vocabulary

LINE_END = -1
"""Stands between the ids of two lines; no window reaches across it."""


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A text, read and encoded.

    Attributes
    ----------
    vocabulary : Vocabulary
    ids : (N,) int32
        The text's words that are in the vocabulary, in order, with `LINE_END` behind each line that
        has any.
    tokens : int
        Words read, in the vocabulary or not.
    lines : int
    invalid_utf8 : int
        Words among them whose bytes are no UTF-8; kept as they are.
    """

    vocabulary: Vocabulary
    ids: npt.NDArray[np.int32]
    tokens: int
    lines: int
    invalid_utf8: int

    @property
    def out_of_vocabulary(self) -> int:
        """Words read that are not in the vocabulary."""
        return self.tokens - int(self.vocabulary.counts.sum())
