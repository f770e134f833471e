"""`Comparisons`: how similar given words are, in pairs and in groups.

In: words or vectors. Out: cosines, distances, ranks, or one of the words. `WordVectors` adds the
questions that search the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import SettingsError
from wordkin.system.notes import note
from wordkin.vectors import search
from wordkin.vectors.items import Items, WordOrVector, as_list, is_single
from wordkin.vectors.suggestions import listed, quoted
from wordkin.vectors.table import WordTable


class Comparisons(WordTable):
    """The questions about given words."""

    @overload
    def similarity(self, a: WordOrVector, b: WordOrVector) -> float: ...

    @overload
    def similarity(self, a: Items, b: Items) -> Any: ...

    def similarity(self, a: Items, b: Items) -> Any:
        """Return the cosine, in [-1, 1], of two words or vectors; 0 if one of them is zero.

        Parameters
        ----------
        a, b : word, (d,) vector, or several of them

        Returns
        -------
        float, or array of float64
            For one and m words or vectors, (m,) or (n,) cosines; for n and m of them, (n, m).

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If a vector has another shape or is not finite.
        """
        one, other = as_list(a), as_list(b)
        cosines = search.cosines(self._stacked(one), self._stacked(other))
        if is_single(a):
            return float(cosines[0, 0]) if is_single(b) else cosines[0]
        return cosines[:, 0] if is_single(b) else cosines

    def n_similarity(self, a: Items, b: Items) -> float:
        """Return the cosine, in [-1, 1], of the means of two groups of words or vectors.

        The vectors enter the mean as they are, not scaled to length 1.

        Parameters
        ----------
        a, b : words or (d,) vectors, at least 1

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If a group is empty, or a vector has another shape or is not finite.
        """
        groups = [self._stacked(as_list(group)) for group in (a, b)]
        if not all(map(len, groups)):
            raise SettingsError("n_similarity needs at least 1 word in each group, got 0")
        return search.cosine(*(group.mean(axis=0) for group in groups))

    def distances(
        self, words: Iterable[WordOrVector], others: Iterable[WordOrVector] | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the cosine distances, 1 - cosine, of all pairs of words or vectors.

        Parameters
        ----------
        words : n words or (d,) vectors, or (n, d) array
        others : m words or (d,) vectors, or (m, d) array, optional
            By default, `words`.

        Returns
        -------
        (n, m) float64 array
            In [0, 2]. Exactly 0 between equal words, and where float64 cannot distinguish the
            distance from 0. A zero vector has the distance 1 from every vector.

        Raises
        ------
        UnknownWordError, SettingsError
            As in `similarity`.
        """
        a = self._stacked(words)
        b = a if others is None else self._stacked(others)
        distances = 1.0 - search.cosines(a, b)
        # The product of a unit vector with itself is 1 up to rounding.
        distances[distances < (self.dim + 8) * np.finfo(np.float64).eps] = 0.0
        return distances

    def doesnt_match(self, words: Iterable[str], *, skip_unknown: bool = False) -> str:
        """Return the word that is farthest from the mean direction of all; of ties, the first.

        Parameters
        ----------
        words : words
            At least 3.
        skip_unknown : bool
            Whether to leave out words that are not in the vocabulary, with a warning.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary, and `skip_unknown` is off.
        SettingsError
            If there are fewer than 3 words: two words are always equally far from their mean.

        Warns
        -----
        WordkinWarning
            If words were left out.
        """
        if isinstance(words, str):
            raise SettingsError(
                f"doesnt_match needs at least 3 words, got one str, {quoted(words)}: split it"
            )
        group = list(words)
        unknown = [word for word in group if skip_unknown and not self._has_vector(word)]
        if unknown:
            group = [word for word in group if word not in unknown]
            note(f"doesnt_match left out {listed(unknown)}: not in the vocabulary")
        self._require_words(group, "; skip_unknown=True leaves out such words")
        if len(group) < 3:
            raise SettingsError(f"doesnt_match needs at least 3 words, got {len(group)}")
        return group[search.odd_one_out(self[group])]

    def rank(self, word: str, other: str) -> int:
        """Return the rank of `other` among the neighbours of `word`: 1 is the nearest.

        It is the position of `other` in `most_similar(word)`, ties included.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If both words are the same: a word is not its own neighbour.
        """
        query, row = search.units(self[word][np.newaxis])[0], self.index(other)
        if word == other:
            raise SettingsError(f"rank needs two different words, got {quoted(word)} twice")
        return search.rank(self.searched, query, row, self._rows_of_words([word]))

    def closer_than(self, word: str, other: str) -> list[str]:
        """Return the words that are closer to `word` than `other` is, the nearest first.

        Raises
        ------
        UnknownWordError, SettingsError
            As in `rank`.
        """
        count = self.rank(word, other) - 1
        query, own = search.units(self[word][np.newaxis])[0], self._rows_of_words([word])
        rows, _ = search.nearest(self.searched, query, count, own)
        return [self._words[row] for row in rows.tolist()]

    @cached_property
    def searched(self) -> search.ExactIndex:
        """The index that `search` works on, built on first use without a copy of the matrix."""
        return search.ExactIndex(self._matrix, self.lengths)
