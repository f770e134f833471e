"""Word vectors that also have a vector for words outside the vocabulary, as fastText does.

In: words, their vectors, and the vectors of n-grams. Out: a `SubwordVectors`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import UnknownWordError
from wordkin.system.types import Float32
from wordkin.vectors.ngrams import Composer
from wordkin.vectors.words import WordVectors


class SubwordVectors(WordVectors):
    """Word vectors that compose a vector for any other word: the mean of its n-grams' vectors.

    All queries accept words outside the vocabulary. Answers contain only words of the vocabulary,
    and `in`, `len`, `index`, `take`, iteration and `within` refer to it. Instances are immutable.

    Parameters
    ----------
    words, matrix, counts
        As in `WordVectors`, with the same errors.
    subwords : Composer
        The vectors of n-grams and the rule that composes them, such as `Subwords`.
    """

    def __init__(
        self,
        words: Sequence[str],
        matrix: npt.ArrayLike,
        counts: npt.ArrayLike | None,
        subwords: Composer,
    ) -> None:
        super().__init__(words, matrix, counts)
        self._subwords = subwords

    def __getitem__(self, word: str | Iterable[str]) -> Float32:
        """Return the vector of any word, (d,), read-only; or those of n words, (n, d).

        The vector of an unknown word is composed. It is zero if the word is too short to have
        n-grams.

        Raises
        ------
        UnknownWordError
            If the word cannot be encoded as bytes, or the vector of one of its n-grams is not
            finite.
        """
        if not isinstance(word, str) or word in self:
            return super().__getitem__(word)
        row: Float32 = self.compose([word])[0]
        return row

    def compose(self, words: Sequence[str]) -> Float32:
        """Return the mean of the n-gram vectors of each of n words, (n, d), read-only.

        For a word in the vocabulary, the mean does not include the word's own vector.

        Raises
        ------
        UnknownWordError
            If a word cannot be encoded as bytes, or the vector of one of its n-grams is not finite.
        """
        try:
            composed = self._subwords.compose(words)
        except UnicodeEncodeError as error:  # a surrogate that does not stand for a byte
            raise UnknownWordError(
                f"the word {error.object!r:.80} cannot be encoded as bytes"
            ) from None
        finite = np.isfinite(composed).all(axis=1)
        if not finite.all():
            word = words[int(np.argmin(finite))]
            raise UnknownWordError(f"the vector of an n-gram of {word!r:.80} is not finite")
        composed.setflags(write=False)
        return composed

    def __eq__(self, other: object) -> bool:
        """Whether words, vectors, counts and n-grams are the same."""
        same = super().__eq__(other)
        if same is not True or not isinstance(other, SubwordVectors):
            return same
        return _same(self._subwords, other._subwords)

    __hash__ = WordVectors.__hash__

    def _has_vector(self, word: str) -> bool:
        try:
            self[word]
        except UnknownWordError:
            return False
        return True

    def _require_words(self, words: Iterable[str], remedy: str = "") -> None:
        """Do nothing: any word has a vector, and composing it says why if it does not."""

    def _subset(
        self, words: Sequence[str], matrix: Float32, counts: npt.ArrayLike | None
    ) -> SubwordVectors:
        return SubwordVectors(words, matrix, counts, self._subwords)


def _same(a: Any, b: Any) -> bool:
    """Return whether two composers, or parts of them, have the same rows and rules."""
    if a is b or type(a) is not type(b):
        return a is b
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, partial):
        return a.func is b.func and _same(a.args, b.args)
    if dataclasses.is_dataclass(a):
        return all(_same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    return bool(a == b)
