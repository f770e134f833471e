"""Composition of word vectors from the rows of words and of their n-grams.

In: the rows, and words. Out: composed vectors. `Subwords` has fastText's rule, in native code;
`LookedUpSubwords` takes any rule that gives the rows of a word. `ngram_sums`
has sums instead of means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from wordkin._core import compose as native_compose
from wordkin._core import ngram_buckets
from wordkin.system.machine import cores
from wordkin.system.spelling import join_words
from wordkin.system.types import Float32

LONGEST_NGRAM = 64
"""The most characters of an n-gram that a file may ask for: limits the work for each character."""

_ROWS_AT_A_TIME = 1 << 12


class Rows(Protocol):
    """A matrix, or what gives selected rows of one: ``rows[[3, 5]]`` is a (2, d) float32 array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of rows, and of numbers in each."""
        ...

    def __getitem__(self, rows: Any, /) -> Any:
        """Return these rows."""
        ...


class Composer(Protocol):
    """What composes the vector of a word from rows of n-grams: their mean, or their sum.

    Attributes
    ----------
    needs_ngrams : bool
        Whether a word has no vector if none of its n-grams has a row. Else its vector is zero.
    """

    needs_ngrams: ClassVar[bool]

    def compose(self, words: Sequence[str], known: int = 0) -> Float32:
        """Return a vector for each word; see `Subwords.compose` and `NgramSums.compose`."""
        ...

    def number_of_ngrams(self, word: str) -> int:
        """Return how many n-grams of a word have a row, and so a part in its vector."""
        ...


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

    needs_ngrams: ClassVar[bool] = False

    def number_of_ngrams(self, word: str) -> int:
        """Return how many n-grams a word has."""
        joined = join_words([word.encode("utf-8", "surrogateescape")])
        buckets = max(len(self.ngrams), 1)
        _, ends = ngram_buckets(*joined, self.shortest, self.longest, buckets, self.whole_end)
        return int(ends[-1])

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
            *join_words(encoded),
            rows,
            _bytes_of(self.own),
            _bytes_of(self.ngrams),
            self.shortest,
            self.longest,
            self.whole_end,
            min(len(words) // 64 + 1, cores()),
        )
        return out


@dataclass(frozen=True, eq=False)
class LookedUpSubwords:
    """The rows from which vectors are composed, if another rule than fastText's selects them.

    Attributes
    ----------
    own : (V, d) float array, other `Rows`, or None
        The row of each word of the vocabulary, before its n-grams are added; None if they are lost.
    ngrams : (rows, d) float array, or other `Rows`
    rows_of : function of a word
        Gives the rows of its n-grams, in the order in which they are summed. N-grams without a row
        are left out, also from the mean.
    """

    own: Rows | None
    ngrams: Rows
    rows_of: Callable[[str], Iterable[int]]

    needs_ngrams: ClassVar[bool] = False

    def number_of_ngrams(self, word: str) -> int:
        """Return how many n-grams of a word have a row."""
        return sum(1 for _ in self.rows_of(word))

    def compose(self, words: Sequence[str], known: int = 0) -> Float32:
        """Return the mean of the rows of each word and its n-grams, as `Subwords.compose`."""
        out = np.zeros((len(words), self.ngrams.shape[1]), np.float32)
        for i, word in enumerate(words):
            parts = 0
            if i < known and self.own is not None:
                out[i], parts = self.own[[i]][0], 1
            rows = iter(self.rows_of(word))
            while piece := list(islice(rows, _ROWS_AT_A_TIME)):
                parts += len(piece)
                with np.errstate(over="ignore", invalid="ignore"):  # callers check what is finite
                    summands = np.concatenate([out[i : i + 1], self.ngrams[piece]])
                    out[i] = summands.sum(axis=0, dtype=np.float32)
            if parts:
                out[i] *= np.float32(1 / parts)  # as fastText does
        return out


def ngrams_of(word: str, shortest: int, longest: int) -> Iterable[str]:
    """Yield the n-grams of "<word>" as text, the short ones first."""
    marked = f"<{word}>"
    for size in range(max(shortest, 1), min(longest, len(marked)) + 1):
        for begin in range(len(marked) - size + 1):
            yield marked[begin : begin + size]


def hash_bytes(raw: bytes) -> int:
    """Return fastText's hash of an n-gram: FNV-1a of its bytes, those from 128 on as negative."""
    h = 2166136261
    for byte in raw:
        h = (h ^ (byte | 0xFFFFFF00 if byte >= 128 else byte)) * 16777619 & 0xFFFFFFFF
    return h


def hash_characters(ngram: str) -> int:
    """Return the hash of gensim before 3.7: FNV-1a of code points instead of bytes."""
    h = 2166136261
    for character in ngram:
        h = (h ^ ord(character)) * 16777619 & 0xFFFFFFFF
    return h


def _bytes_of(matrix: Float32) -> npt.NDArray[np.uint8]:
    """View the rows as bytes, without a copy: the core reads rows at any alignment."""
    rows: npt.NDArray[np.uint8] = (
        np.ascontiguousarray(matrix).view(np.uint8).reshape(len(matrix), 4 * matrix.shape[1])
    )
    return rows
