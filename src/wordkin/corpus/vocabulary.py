"""The words of a corpus, most frequent first, with their counts."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Words and counts; a word's id is its position.

    Attributes
    ----------
    words : list of V str
        Bytes that are not valid UTF-8 become lone surrogates (``errors="surrogateescape"``), so
        that every word can be written exactly as it was read.
    counts : (V,) int64
        Occurrences of each word, in decreasing order.
    """

    words: list[str]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def from_bytes(
        cls, joined: bytes, offsets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
    ) -> Vocabulary:
        """Split concatenated words: word i is ``joined[offsets[i]:offsets[i + 1]]``.

        Parameters
        ----------
        joined : bytes
            The words, in UTF-8 or any other bytes.
        offsets : (V + 1,) int64
        counts : (V,) int64
        """
        ends = offsets.tolist()
        words = [
            joined[begin:end].decode("utf-8", "surrogateescape") for begin, end in pairwise(ends)
        ]
        return cls(words, counts)
