"""fastText's composition of word vectors from the rows of words and of their n-grams.

In: the rows, and words. Out: composed vectors.
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
    """The rows from which fastText composes the vector of a word.

    The n-grams of a word are all substrings of `shortest` to `longest` characters of "<word>". A
    hash of the n-gram selects its row of `ngrams`.

    Attributes
    ----------
    own : (V, d) float32 array
        The row of each word of the vocabulary, before its n-grams are added.
    ngrams : (buckets, d) float32 array
        The row of each bucket.
    shortest, longest : int
        The lengths of n-grams in characters. There are none if `longest` is below 1.
    whole_end : bool
        Whether "</s>", fastText's end of a line, has no n-grams.
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
            The first `known` words have the rows 0, 1, … of `own`; the others have none.

        Returns
        -------
        (n, d) float32 array
            Summed in fastText's order. Zero for a word that has neither a row nor n-grams.
        """
        encoded = [word.encode("utf-8", "surrogateescape") for word in words]
        rows = np.arange(len(words), dtype=np.int64)
        rows[known:] = -1
        out = np.empty((len(words), self.own.shape[1]), np.float32)
        native_compose(
            out,
            np.frombuffer(b"".join(encoded), np.uint8),
            np.cumsum([0, *map(len, encoded)], dtype=np.int64),
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
    """View the rows as bytes, without a copy: the core reads rows at any alignment."""
    rows: npt.NDArray[np.uint8] = (
        np.ascontiguousarray(matrix).view(np.uint8).reshape(len(matrix), 4 * matrix.shape[1])
    )
    return rows
