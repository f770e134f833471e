"""Words and their vectors, and the questions that people ask them; answers are in words."""

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
from wordkin.vectors.table import Within, WordOrVector, WordTable, is_numbers, several

if TYPE_CHECKING:
    from wordkin.views.maps.map import Map


Answer: TypeAlias = list[tuple[str, float]]

_BLOCK = 1024  # rows widened to float64 at a time


class WordVectors(WordTable):
    """Words and one vector for each, never changed after they are made.

    Parameters
    ----------
    words : sequence of V different str
    matrix : (V, d) array
        Finite numbers; row i belongs to word i. Kept as float32: shared without a copy if it is a
        C-contiguous float32 array that is already read-only (`matrix.setflags(write=False)`, or a
        file mapped into memory), else copied.
    counts : (V,) array of integers, optional
        How often each word was seen.

    Raises
    ------
    SettingsError
        If lengths do not fit, a word comes twice, or a vector is not finite.
    """

    def most_similar(
        self,
        positive: WordOrVector | Iterable[WordOrVector],
        negative: WordOrVector | Iterable[WordOrVector] = (),
        topn: SupportsIndex = 10,
        *,
        within: Within = None,
    ) -> Answer:
        """Find the words whose vectors have the highest cosine with a mean of directions.

        Each word or vector is first scaled to length 1, those of `negative` are turned round, and
        the query is their mean. The words asked about are never part of the answer.

        Parameters
        ----------
        positive, negative : word, (d,) vector, or several of them
        topn : int
            How many words, at least 1; all there are if there are fewer.
        within : int or words, optional
            Answer only with so many words, the first, which usually are the most frequent; or only
            with these.

        Returns
        -------
        list of (word, cosine)
            Highest cosine first, ties in the order of the vocabulary. Where the directions cancel,
            or are those of zero vectors, every cosine is 0.

        Raises
        ------
        UnknownWordError, SettingsError
        """
        k = at_least(1, "topn", topn)
        query, exclude = self.question(positive, negative)
        return self._answer(*search.nearest(self.searched, query, k, exclude, self._within(within)))

    def question(
        self,
        positive: WordOrVector | Iterable[WordOrVector],
        negative: WordOrVector | Iterable[WordOrVector] = (),
    ) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return what `most_similar` asks of the matrix, for programs that search it themselves.

        Returns
        -------
        query : (d,) float64 array
            The mean direction: of length 1, or zero.
        exclude : list of int
            The rows of the words asked about, which are no answer.

        Raises
        ------
        UnknownWordError, SettingsError
        """
        wanted, unwanted = several(positive), several(negative)
        if not wanted and not unwanted:
            raise SettingsError("most_similar needs at least 1 word or vector, got 0")
        asked = wanted + unwanted
        signs = [1] * len(wanted) + [-1] * len(unwanted)
        return search.direction(self._stacked(asked), signs), self._rows_of_words(asked)

    def most_similar_batch(
        self,
        queries: Iterable[str] | npt.NDArray[np.floating[Any]],
        topn: SupportsIndex = 10,
        *,
        within: Within = None,
    ) -> list[Answer]:
        """Ask `most_similar` about many words at once: the same answers, in much less time.

        Parameters
        ----------
        queries : words, or (n, d) array
            Each is a question of its own. A word is not part of its own answer.
        topn, within
            As in `most_similar`.

        Returns
        -------
        list of n answers

        Raises
        ------
        UnknownWordError, SettingsError
        """
        k = min(at_least(1, "topn", topn), max(len(self), 1))
        asked, exclude = self.questions(queries)
        indices, cosines = search.nearest_many(
            self.searched, asked, k, exclude=exclude, within=self._within(within)
        )
        return [
            self._answer(found[found >= 0], scores[found >= 0])
            for found, scores in zip(indices, cosines, strict=True)
        ]

    def questions(
        self, queries: Iterable[str] | npt.NDArray[np.floating[Any]]
    ) -> tuple[npt.NDArray[np.float64], list[list[int]]]:
        """Return what `most_similar_batch` asks of the matrix, as `question` does for one.

        Returns
        -------
        queries : (n, d) float64 array
            Directions: of length 1, or zero.
        exclude : list of n lists of int
            The rows that are no answer to each.

        Raises
        ------
        UnknownWordError, SettingsError
        """
        if isinstance(queries, str):
            raise SettingsError(f"queries must be several words, got the word {quoted(queries)}")
        if is_numbers(queries):
            asked = self._vectors(queries)
            return search.units(asked), [[] for _ in asked]
        words = list(queries)
        return search.units(self._stacked(words)), [self._rows_of_words([w]) for w in words]

    def neighbour_rows(
        self, rows: npt.ArrayLike, k: SupportsIndex, *, within: Within = None
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Find the neighbours of many words by their row numbers, for programs.

        Parameters
        ----------
        rows : (n,) array of int
        k : int
            How many neighbours, at least 1.
        within : int or words, optional
            As in `most_similar`.

        Returns
        -------
        indices : (n, k) int array
            The nearest first, never the row itself, ties in the order of the vocabulary; -1 where
            there are fewer than k.
        cosines : (n, k) float64 array
            0 where there are fewer than k.

        Raises
        ------
        SettingsError
            If there is no such row.
        """
        asked = self._row_numbers(rows)
        number, chosen = at_least(1, "k", k), self._within(within)
        blocks = [
            search.nearest_many(
                self.searched, search.units(self._matrix[block]), number,
                exclude=block[:, np.newaxis], within=chosen,
            )
            for block in (asked[i : i + _BLOCK] for i in range(0, max(len(asked), 1), _BLOCK))
        ]  # fmt: skip
        indices, cosines = zip(*blocks, strict=True)
        return np.concatenate(indices), np.concatenate(cosines)

    def similarity(self, a: WordOrVector, b: WordOrVector) -> float:
        """Return the cosine, in [-1, 1], of two words or vectors; 0 where a vector is zero."""
        return search.cosine(self._vector(a), self._vector(b))

    def distances(
        self, words: Iterable[WordOrVector], others: Iterable[WordOrVector] | None = None
    ) -> npt.NDArray[np.float64]:
        """Return 1 - cosine of all pairs of words or vectors.

        Parameters
        ----------
        words : n words or (d,) vectors, or (n, d) array
        others : m words or vectors, optional
            None: the same ones.

        Returns
        -------
        (n, m) float64 array
            In [0, 2]; exactly 0 from a word to itself, and whatever is too small for float64 to
            tell from that. A zero vector has the distance 1 from everything.

        Raises
        ------
        UnknownWordError, SettingsError
        """
        a = self._stacked(words)
        b = a if others is None else self._stacked(others)
        far = 1.0 - search.cosines(a, b)
        # A direction's product with itself is 1 but for its last digits.
        far[far < (self.dim + 8) * np.finfo(np.float64).eps] = 0.0
        return far

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
            "add": the words nearest to b - a + c (3CosAdd), which is most_similar([b, c], [a]).
            "mul": 3CosMul of Levy and Goldberg (2014), in which no term outweighs the others:
            s(x, b) s(x, c) / (s(x, a) + 1e-6) with s = (1 + cosine) / 2.

        Returns
        -------
        list of (word, score)
            Highest first, ties in the order of the vocabulary: a cosine, or the score of 3CosMul,
            which may be larger than 1.

        Raises
        ------
        UnknownWordError, SettingsError
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
        """Return the word that is farthest from the mean direction of all; the first of equals.

        Raises
        ------
        UnknownWordError
        SettingsError
            If there are fewer than 3 words: of two, both are equally far from their mean.
        """
        group = [words] if isinstance(words, str) else list(words)
        if len(group) < 3:
            raise SettingsError(f"doesnt_match needs at least 3 words, got {len(group)}")
        return group[search.odd_one_out(np.stack([self[word] for word in group]))]

    def rank(self, word: str, other: str) -> int:
        """Return the place of a word among the neighbours of another: 1 is the nearest.

        It is the place at which `most_similar(word)` has `other`, ties included.

        Raises
        ------
        UnknownWordError
        SettingsError
            If both are the same word, which is not its own neighbour.
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
        """Draw words in the plane: those named, or all of them.

        A notebook shows the map; `Map.save` writes it, also as a page for a browser. Drawing needs
        `pip install 'wordkin[map]'`, a page does not.

        Parameters
        ----------
        words : words, optional
            To be laid out among themselves, each with its name. None, and no pairs: the whole
            vocabulary, as a density of points with the names of the first words that have room.
        pairs : pairs of words, optional
            Joined by an arrow from the first to the second, as man to woman and king to queen.
        layout : str
            A name of `wordkin.views.projection.LAYOUTS`. Where there are too few words for it, PCA.
        rest : bool, optional
            Whether the whole vocabulary is on the map; else if no words are asked for.
        first : int
            Of the whole vocabulary only so many words, at least 1, which usually are the most
            frequent.
        topn : int
            Where no words are asked for, at most so many are named.
        theme : {"light", "dark"}
        title : str, optional
        size : (width, height), optional
            In inches. Else as large as the words that were asked for need.

        Raises
        ------
        UnknownWordError, SettingsError
        WordkinError
            If the package of the layout is not installed.
        """
        from wordkin.views.maps.map import map_of

        return map_of(
            self, words, pairs, layout=layout, rest=rest, first=first, topn=topn, theme=theme,
            title=title, size=size,
        )  # fmt: skip

    def take(self, words: int | Iterable[str]) -> WordVectors:
        """Return the first so many words, at least 1, or the ones named, in that order.

        Raises
        ------
        UnknownWordError
        SettingsError
            If a word is named twice.
        """
        if isinstance(words, int | np.integer):
            number = at_least(1, "words", words)
            counts = None if self._counts is None else self._counts[:number]
            return self._part(self._words[:number], self._matrix[:number], counts)
        chosen = [words] if isinstance(words, str) else list(words)
        rows = np.array([self.index(word) for word in chosen], dtype=np.intp)
        counts = None if self._counts is None else self._counts[rows]
        return self._part(chosen, self._matrix[rows], counts)

    def _part(
        self, words: Sequence[str], matrix: npt.NDArray[np.float32], counts: npt.ArrayLike | None
    ) -> WordVectors:
        """Return vectors of the same kind for some of the words."""
        return WordVectors(words, matrix, counts)

    @cached_property
    def searched(self) -> search.Searched:
        """The rows as `neighbours` searches them; made when first asked for, without a copy."""
        return search.Searched(self._matrix, self.lengths)

    def _answer(self, rows: npt.NDArray[np.intp], scores: npt.NDArray[np.float64]) -> Answer:
        return [(self._words[i], s) for i, s in zip(rows.tolist(), scores.tolist(), strict=True)]
