"""`WordVectors`: nearest neighbours, similarities and analogies of words.

In: words, a matrix with one row per word, and counts. Out: words with cosines or scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.vectors import search
from wordkin.vectors.suggestions import quoted
from wordkin.vectors.table import Within, WordOrVector, WordTable

if TYPE_CHECKING:
    from wordkin.views.maps.map import Map

Answer: TypeAlias = list[tuple[str, float]]  # words with cosines or scores, the best first

_BLOCK = 1024  # rows converted to float64 at a time


class WordVectors(WordTable):
    """Words with one vector each, and queries about them. Instances are immutable.

    Parameters
    ----------
    words : sequence of V different str
    matrix : (V, d) array
        Finite numbers; row i is the vector of word i. Stored as float32. A C-contiguous float32
        array that is read-only already (after `matrix.setflags(write=False)`, or mapped from a
        file) is shared; any other array is copied.
    counts : (V,) array of integers, optional
        How often each word occurs in the corpus.

    Raises
    ------
    SettingsError
        If the shapes do not match, a word is repeated, or a vector is not finite.
    """

    def most_similar(
        self,
        positive: WordOrVector | Iterable[WordOrVector],
        negative: WordOrVector | Iterable[WordOrVector] = (),
        topn: SupportsIndex = 10,
        *,
        within: Within = None,
    ) -> Answer:
        """Find the words whose vectors have the highest cosine with a query direction.

        The query is the mean of the vectors of `positive` and the negated vectors of `negative`,
        each scaled to length 1. The answer never contains the words of the query.

        Parameters
        ----------
        positive, negative : word, (d,) vector, or several of them
        topn : int
            The number of words to return, at least 1.
        within : int or words, optional
            Search only the first N words, which usually are the most frequent, or only these words.

        Returns
        -------
        list of (word, cosine)
            Highest cosine first, ties in vocabulary order; fewer than `topn` if there are no more
            words. All cosines are 0 if the directions cancel out or all vectors are zero.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If there is no word or vector, a vector has another shape or is not finite, or a number
            is below 1.
        """
        k = at_least(1, "topn", topn)
        query, exclude = self.question(positive, negative)
        return self._answer(*search.nearest(self.searched, query, k, exclude, self._within(within)))

    def most_similar_batch(
        self,
        queries: Iterable[str] | npt.NDArray[np.floating[Any]],
        topn: SupportsIndex = 10,
        *,
        within: Within = None,
    ) -> list[Answer]:
        """Run `most_similar` for each of many words: the same answers, in much less time.

        Parameters
        ----------
        queries : n words, or (n, d) array
            Each word or row is a separate query. No answer contains the query's own word.
        topn, within
            As in `most_similar`.

        Returns
        -------
        list of n lists of (word, cosine)
            In the order of the queries, each as `most_similar` returns it.

        Raises
        ------
        UnknownWordError, SettingsError
            As in `most_similar`.
        """
        k = min(at_least(1, "topn", topn), max(len(self), 1))
        directions, exclude = self.questions(queries)
        indices, cosines = search.nearest_many(
            self.searched, directions, k, exclude=exclude, within=self._within(within)
        )
        return [
            self._answer(rows[rows >= 0], scores[rows >= 0])
            for rows, scores in zip(indices, cosines, strict=True)
        ]

    def neighbour_rows(
        self, rows: npt.ArrayLike, k: SupportsIndex, *, within: Within = None
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Find the neighbours of many words, all given as row numbers.

        Parameters
        ----------
        rows : (n,) array of int
        k : int
            The number of neighbours, at least 1.
        within : int or words, optional
            As in `most_similar`.

        Returns
        -------
        indices : (n, k) int array
            The rows of the neighbours, nearest first, ties in vocabulary order, without the row
            itself; padded with -1 if there are fewer than k.
        cosines : (n, k) float64 array
            Padded with 0.

        Raises
        ------
        UnknownWordError
            If a word of `within` is not in the vocabulary.
        SettingsError
            If a row number is out of range, or a number is below 1.
        """
        numbers = self._row_numbers(rows)
        number, candidates = at_least(1, "k", k), self._within(within)
        blocks = [
            search.nearest_many(
                self.searched, search.units(self._matrix[block]), number,
                exclude=block[:, np.newaxis], within=candidates,
            )
            for block in (numbers[i : i + _BLOCK] for i in range(0, max(len(numbers), 1), _BLOCK))
        ]  # fmt: skip
        indices, cosines = zip(*blocks, strict=True)
        return np.concatenate(indices), np.concatenate(cosines)

    def similarity(self, a: WordOrVector, b: WordOrVector) -> float:
        """Return the cosine, in [-1, 1], of two words or (d,) vectors; 0 if one of them is zero.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If a vector has another shape or is not finite.
        """
        return search.cosine(self._vector(a), self._vector(b))

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

    def analogy(
        self,
        a: WordOrVector,
        b: WordOrVector,
        c: WordOrVector,
        topn: SupportsIndex = 10,
        method: Literal["add", "mul"] = "add",
        *,
        within: Within = None,
    ) -> Answer:
        """Answer "a is to b as c is to ?".

        Parameters
        ----------
        a, b, c : word or (d,) vector
        topn, within
            As in `most_similar`.
        method : {"add", "mul"}
            "add": 3CosAdd, the words nearest to b - a + c, which is most_similar([b, c], [a]).
            "mul": 3CosMul (Levy and Goldberg 2014), in which no single term dominates:
            s(x, b) s(x, c) / (s(x, a) + 1e-6) with s = (1 + cosine) / 2.

        Returns
        -------
        list of (word, score)
            Highest score first, ties in vocabulary order. The score is a cosine, or that of
            3CosMul, which can exceed 1.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If there is no such method, a vector has another shape or is not finite, or a number is
            below 1.
        """
        if method == "add":
            return self.most_similar([b, c], [a], topn, within=within)
        if method != "mul":
            raise SettingsError(f"method must be 'add' or 'mul', got {method!r}")
        return self._answer(
            *search.nearest_by_product(
                self.searched,
                search.units(self._stacked([b, c])),
                search.units(self._stacked([a])),
                at_least(1, "topn", topn),
                self._rows_of_words([a, b, c]),
                self._within(within),
            )
        )

    def doesnt_match(self, words: Iterable[str]) -> str:
        """Return the word that is farthest from the mean direction of all; of ties, the first.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If there are fewer than 3 words: two words are always equally far from their mean.
        """
        group = [words] if isinstance(words, str) else list(words)
        if len(group) < 3:
            raise SettingsError(f"doesnt_match needs at least 3 words, got {len(group)}")
        return group[search.odd_one_out(np.stack([self[word] for word in group]))]

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

    def map(
        self,
        words: Iterable[str] | None = None,
        pairs: Iterable[tuple[str, str]] = (),
        *,
        layout: str = "pca",
        rest: bool | None = None,
        first: SupportsIndex = 100_000,
        topn: SupportsIndex = 120,
        theme: Literal["light", "dark"] = "light",
        title: str | None = None,
        size: tuple[float, float] | None = None,
    ) -> Map:
        """Draw a map of the given words, or of the whole vocabulary.

        A notebook displays the map; `Map.save` writes it as an image or as a page for a browser.
        An image needs `pip install 'wordkin[map]'`, a page does not.

        Parameters
        ----------
        words : words, optional
            The words to lay out and label. Without words and pairs, the map shows the whole
            vocabulary as a density of points and labels the first words that fit.
        pairs : pairs of words, optional
            Each is joined by an arrow from the first word to the second, as man → woman.
        layout : str
            A name of `wordkin.views.projection.LAYOUTS`. PCA replaces it if there are too few words
            for it.
        rest : bool, optional
            Whether to draw the whole vocabulary behind the words. By default, only if no words are
            given.
        first : int
            Draw only the first N words of the whole vocabulary, at least 1, which usually are the
            most frequent.
        topn : int
            The maximum number of labels if no words are given.
        theme : {"light", "dark"}
        title : str, optional
        size : (width, height), optional
            In inches. By default, large enough for the given words.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If an argument is out of range.
        WordkinError
            If the layout needs a package that is not installed.
        """
        from wordkin.views.maps.map import map_of

        return map_of(
            self, words, pairs, layout=layout, rest=rest, first=first, topn=topn, theme=theme,
            title=title, size=size,
        )  # fmt: skip

    def take(self, words: int | Iterable[str]) -> WordVectors:
        """Return the vectors of the first N words, at least 1, or of the given words, in order.

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        SettingsError
            If a word is repeated, or the number is below 1.
        """
        if isinstance(words, int | np.integer):
            number = at_least(1, "words", words)
            counts = None if self._counts is None else self._counts[:number]
            return self._subset(self._words[:number], self._matrix[:number], counts)
        selected = [words] if isinstance(words, str) else list(words)
        rows = np.array([self.index(word) for word in selected], dtype=np.intp)
        counts = None if self._counts is None else self._counts[rows]
        return self._subset(selected, self._matrix[rows], counts)

    def _subset(
        self, words: Sequence[str], matrix: npt.NDArray[np.float32], counts: npt.ArrayLike | None
    ) -> WordVectors:
        """Return an instance of the same class for some of the words."""
        return WordVectors(words, matrix, counts)

    @cached_property
    def searched(self) -> search.ExactIndex:
        """The index that `search` works on, built on first use without a copy of the matrix."""
        return search.ExactIndex(self._matrix, self.lengths)

    def _answer(self, rows: npt.NDArray[np.intp], scores: npt.NDArray[np.float64]) -> Answer:
        return [(self._words[i], s) for i, s in zip(rows.tolist(), scores.tolist(), strict=True)]
