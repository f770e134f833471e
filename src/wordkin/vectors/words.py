"""`WordVectors`: nearest neighbours, similarities and analogies of words.

In: words, a matrix with one row per word, and counts. Out: words with cosines or scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.foreign_names import KEYWORDS, knows_keywords
from wordkin.vectors import search
from wordkin.vectors.comparisons import Comparisons
from wordkin.vectors.items import Items, Within, WordOrVector, require_iterable
from wordkin.vectors.table import WordTable

if TYPE_CHECKING:
    from wordkin.views.maps.map import Map

Answer: TypeAlias = list[tuple[str, float]]  # words with cosines or scores, the best first

_BLOCK = 1024  # rows converted to float64 at a time


class WordVectors(Comparisons):
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

    @knows_keywords(KEYWORDS)
    def most_similar(
        self,
        positive: Items | None = (),
        negative: Items | None = (),
        topn: SupportsIndex | None = 10,
        *,
        within: Within = None,
    ) -> Answer:
        """Find the words whose vectors have the highest cosine with a query direction.

        The query is the mean of the vectors of `positive` and the negated vectors of `negative`,
        each scaled to length 1. The answer never contains the words of the query.

        Parameters
        ----------
        positive, negative : word, (d,) vector, or several of them
            A pair of one of them and a number, such as ``("rose", 0.5)``, has that weight.
        topn : int or None
            The number of words to return, at least 1; None for all.
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
        k = self._number(topn)
        query, exclude = self.question(positive, negative)
        return self._answer(*search.nearest(self.searched, query, k, exclude, self._within(within)))

    @knows_keywords(KEYWORDS)
    def most_similar_batch(
        self,
        queries: Iterable[str] | npt.NDArray[np.floating[Any]],
        topn: SupportsIndex | None = 10,
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
        k = min(self._number(topn), max(len(self), 1))
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

    @knows_keywords(KEYWORDS)
    def analogy(
        self,
        a: WordOrVector,
        b: WordOrVector,
        c: WordOrVector,
        topn: SupportsIndex | None = 10,
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
                self._number(topn),
                self._rows_of_words([a, b, c]),
                self._within(within),
            )
        )

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

    def unit(self) -> WordVectors:
        """Return the words with their vectors scaled to length 1; zero vectors stay zero.

        The answers of `most_similar` are the same. Subwords are left out.
        """
        matrix = np.empty_like(self._matrix)
        for start in range(0, len(matrix), _BLOCK):
            matrix[start : start + _BLOCK] = search.units(self._matrix[start : start + _BLOCK])
        matrix.setflags(write=False)
        return WordVectors(self._words, matrix, self._counts)

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
        require_iterable("words", words)
        selected = [words] if isinstance(words, str) else list(words)
        WordTable._require_words(self, selected)
        rows = np.array([self.index(word) for word in selected], dtype=np.intp)
        counts = None if self._counts is None else self._counts[rows]
        return self._subset(selected, self._matrix[rows], counts)

    def _subset(
        self, words: Sequence[str], matrix: npt.NDArray[np.float32], counts: npt.ArrayLike | None
    ) -> WordVectors:
        """Return an instance of the same class for some of the words."""
        return WordVectors(words, matrix, counts)

    def _number(self, topn: SupportsIndex | None) -> int:
        return max(len(self), 1) if topn is None else at_least(1, "topn", topn)

    def _answer(self, rows: npt.NDArray[np.intp], scores: npt.NDArray[np.float64]) -> Answer:
        return [(self._words[i], s) for i, s in zip(rows.tolist(), scores.tolist(), strict=True)]
