"""The words of a corpus, most frequent first, and how often each was seen."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Words and counts; a word's id is its place.

    Attributes
    ----------
    words : list of V str
        Bytes that are no UTF-8 stand as lone surrogates (``errors="surrogateescape"``), so that
        every word can be written back as it was read.
    counts : (V,) int64
        How often each word was seen, never rising.
    """

    words: list[str]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def from_bytes(
        cls, spelled: bytes, offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> Vocabulary:
        """Take the words apart: word i is ``spelled[offsets[i]:offsets[i + 1]]``."""
        ends = offsets.tolist()
        words = [
            spelled[begin:end].decode("utf-8", "surrogateescape") for begin, end in pairwise(ends)
        ]
        return cls(words, counts)
