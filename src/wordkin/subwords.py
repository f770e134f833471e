"""Vectors of words that are not in the vocabulary, made of those of their parts.

In: the vectors of words and of their n-grams. Out: composed vectors; or `SubwordVectors`, which
answer for any word. May import the native core, `errors`, `settings` and `vectors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin import _core
from wordkin.errors import UnknownWordError
from wordkin.settings import cores
from wordkin.vectors import WordVectors

Float32 = npt.NDArray[np.float32]


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
        _core.compose(
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


class SubwordVectors(WordVectors):
    """Words and their vectors, and a vector for any other word: the mean of its n-grams' vectors.

    Every question takes words that are not in the vocabulary. `in`, `len`, `index`, `take`,
    iteration, `within` and answers are about those in it. Never changed after it is made.

    Parameters
    ----------
    words, matrix, counts
        As `WordVectors` takes them, and with the same errors.
    subwords : Subwords
    """

    def __init__(
        self,
        words: Sequence[str],
        matrix: npt.ArrayLike,
        counts: npt.ArrayLike | None,
        subwords: Subwords,
    ) -> None:
        super().__init__(words, matrix, counts)
        self._subwords = subwords

    def __getitem__(self, word: str) -> Float32:
        """Return the vector of any word, (d,), read-only: composed if it is not in the vocabulary.

        Zeros for a word too short to have n-grams.

        Raises
        ------
        UnknownWordError
            If the word cannot be spelled in bytes, or a vector of its n-grams is not finite.
        """
        if not isinstance(word, str) or word in self:
            return super().__getitem__(word)
        row: Float32 = self.compose([word])[0]
        return row

    def compose(self, words: Sequence[str]) -> Float32:
        """Return the means of the vectors of the n-grams alone, (n, d), read-only.

        Of a word in the vocabulary, too: its own row is then not part of the mean.

        Raises
        ------
        UnknownWordError
            If a word cannot be spelled in bytes, or a vector of its n-grams is not finite.
        """
        try:
            composed = self._subwords.compose(words)
        except UnicodeEncodeError as error:  # a surrogate that stands for no byte
            raise UnknownWordError(f"bytes cannot hold the word {error.object!r:.80}") from None
        finite = np.isfinite(composed).all(axis=1)
        if not finite.all():
            word = words[int(np.argmin(finite))]
            raise UnknownWordError(f"a vector of the n-grams of {word!r:.80} is not finite")
        composed.setflags(write=False)
        return composed

    def _part(
        self, words: Sequence[str], matrix: Float32, counts: npt.ArrayLike | None
    ) -> SubwordVectors:
        return SubwordVectors(words, matrix, counts, self._subwords)


def _bytes_of(matrix: Float32) -> npt.NDArray[np.uint8]:
    """Return the bytes of rows, uncopied: the core reads them wherever they lie."""
    rows: npt.NDArray[np.uint8] = (
        np.ascontiguousarray(matrix).view(np.uint8).reshape(len(matrix), 4 * matrix.shape[1])
    )
    return rows
