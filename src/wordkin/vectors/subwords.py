"""Word vectors that also have a vector for words outside the vocabulary, composed of n-grams.

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
from wordkin.system.spelling import spell_word
from wordkin.system.types import Float32
from wordkin.vectors.ngrams import Composer
from wordkin.vectors.words import WordVectors


class SubwordVectors(WordVectors):
    """Word vectors that compose a vector for other words from the vectors of their n-grams.

    The composer has the rule: fastText takes the mean, the exact engine of wordkin the sum.

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

    @property
    def subwords(self) -> Composer:
        """The vectors of n-grams, and the rule that composes them."""
        return self._subwords

    def __getitem__(self, word: str | Iterable[str]) -> Float32:
        """Return the vector of any word, (d,), read-only; or those of n words, (n, d).

        The vector of an unknown word is composed. If none of its n-grams is known, the vector is
        zero where the model gives one, as fastText does for words too short to have n-grams.

        Raises
        ------
        UnknownWordError
            If the word cannot be encoded as bytes, none of its n-grams is known and the model gives
            no vector then, or the vector of one of its n-grams is not finite.
        """
        if not isinstance(word, str) or word in self:
            return super().__getitem__(word)
        row: Float32 = self.compose([word])[0]
        return row

    def compose(self, words: Sequence[str]) -> Float32:
        """Return the vectors of n words that their n-grams alone give, (n, d), read-only.

        For a word in the vocabulary, this does not include the word's own vector.

        Raises
        ------
        UnknownWordError
            If a word cannot be encoded as bytes, or its n-grams give it no vector; see
            `__getitem__`.
        """
        try:
            if self._subwords.needs_ngrams:
                self._require_ngrams(words)
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

    def number_of_ngrams(self, word: str) -> int:
        """Return of how many known n-grams the vector of a word is composed.

        Zero for a word of the vocabulary, and for one that cannot be encoded as bytes.
        """
        try:
            return 0 if word in self else self._subwords.number_of_ngrams(word)
        except UnicodeEncodeError:
            return 0

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
        """Raise one error for all words without a known n-gram, where a vector takes one.

        Other words have a vector, or composing it says why not.
        """
        if self._subwords.needs_ngrams:
            others = (word for word in words if isinstance(word, str) and word not in self)
            self._require_ngrams(list(dict.fromkeys(filter(spell_word, others))), remedy)

    def _require_ngrams(self, words: Sequence[str], remedy: str = "") -> None:
        without = [word for word in words if not self._subwords.number_of_ngrams(word)]
        if without:
            none = "none of its n-grams is" if len(without) == 1 else "none of their n-grams are"
            raise UnknownWordError(f"{self._all_unknown(without)}; {none} known{remedy}")

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
