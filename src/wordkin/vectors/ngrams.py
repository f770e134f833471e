"""What fastText composes the vectors of words of: rows of their own, and of their n-grams.

In: rows, and words. Out: composed vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin._core import compose as native_compose
from wordkin.system.machine import cores
from wordkin.system.types import Float32


@dataclass(frozen=True, eq=False)
class Subwords:
    """What the vector of a word is composed of, as fastText does it.

    The n-grams of a word are all its parts of `shortest` to `longest` characters, a "<" before it
    and a ">" behind it being characters, too. They share the rows of `ngrams` by their hash.

    Attributes
    ----------
    own : (V, d) float32 array
        The row of each word of the vocabulary, as it is before its n-grams are added.
    ngrams : (buckets, d) float32 array
    shortest, longest : int
        Longest below 1: there are no n-grams.
    whole_end : bool
        "</s>", fastText's mark of the end of a line, has no n-grams.
    """

    own: Float32
    ngrams: Float32
    shortest: int
    longest: int
    whole_end: bool = True

    def compose(self, words: Sequence[str], known: int = 0) -> Float32:
        """Return the mean of the rows of each word and its n-grams.

        Parameters
        ----------
        words : sequence of n str
        known : int
            So many of the words, the first, have the rows 0, 1, … of `own`; the others have none.

        Returns
        -------
        (n, d) float32 array
            Summed in the order in which fastText does. Zeros where a word has neither a row nor
            n-grams.
        """
        spelled = [word.encode("utf-8", "surrogateescape") for word in words]
        rows = np.arange(len(words), dtype=np.int64)
        rows[known:] = -1
        out = np.empty((len(words), self.own.shape[1]), np.float32)
        native_compose(
            out,
            np.frombuffer(b"".join(spelled), np.uint8),
            np.cumsum([0, *map(len, spelled)], dtype=np.int64),
            rows,
            _bytes_of(self.own),
            _bytes_of(self.ngrams),
            self.shortest,
            self.longest,
            self.whole_end,
            min(len(words) // 64 + 1, cores()),
        )
        return out


def _bytes_of(matrix: Float32) -> npt.NDArray[np.uint8]:
    """Return the bytes of rows, uncopied: the core reads them wherever they lie."""
    rows: npt.NDArray[np.uint8] = (
        np.ascontiguousarray(matrix).view(np.uint8).reshape(len(matrix), 4 * matrix.shape[1])
    )
    return rows
