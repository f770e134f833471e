"""Words and their vectors: the thing that people keep, save and ask questions of.

In: words, a matrix, counts. Out: answers in words. Immutable, and knows nothing of training or of
files; the array work is in `neighbours`, which it may import, as `errors` and `settings`; `maps`
draws it when asked to.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from wordkin import neighbours
from wordkin.errors import SettingsError, UnknownWordError
from wordkin.settings import at_least

if TYPE_CHECKING:
    from wordkin.maps import Map

Vector: TypeAlias = npt.NDArray[np.floating[Any]]  # (d,)
WordOrVector: TypeAlias = str | Vector
Within: TypeAlias = int | Iterable[str] | None  # the first so many words, or these
Answer: TypeAlias = list[tuple[str, float]]

_SEARCHED = 100_000  # words searched for close ones: the first, which usually are the most frequent
_BLOCK = 1024  # rows widened to float64 at a time
_LONGEST = 60  # characters; comparing longer words would take too long, and help nobody


class WordVectors:
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

    def __init__(
        self, words: Sequence[str], matrix: npt.ArrayLike, counts: npt.ArrayLike | None = None
    ) -> None:
        self._words = tuple(words)
        self._index = {word: i for i, word in enumerate(self._words)}
        self._matrix = _read_only(matrix, np.dtype(np.float32), "matrix")
        self._counts = None if counts is None else _read_only(counts, np.dtype(np.int64), "counts")
        self._check()

    def _check(self) -> None:
        V = len(self._words)
        if self._matrix.ndim != 2 or self._matrix.shape[1] < 1:
            raise SettingsError(f"matrix must have the shape (V, d), got {self._matrix.shape}")
        if len(self._matrix) != V:
            raise SettingsError(
                f"matrix must have one row a word, got {self._matrix.shape[0]} rows for {V} words"
            )
        if self._counts is not None and self._counts.shape != (V,):
            raise SettingsError(f"counts must have the shape ({V},), got {self._counts.shape}")
        if self._counts is not None and V and self._counts.min() < 0:  # or beyond int64
            raise SettingsError(f"counts must be at least 0, got {self._counts.min()}")
        if len(self._index) < V:
            twice = next(w for i, w in enumerate(self._words) if self._index[w] != i)
            raise SettingsError(f"words must differ, got {_shown(twice)} twice")
        finite = np.isfinite(self.lengths)
        if not finite.all():
            word = self._words[int(np.argmin(finite))]
            raise SettingsError(f"vectors must be finite, the one of {_shown(word)} is not")

    @property
    def words(self) -> tuple[str, ...]:
        """The V words, in the order of the rows."""
        return self._words

    @property
    def matrix(self) -> npt.NDArray[np.float32]:
        """The vectors, (V, d), read-only."""
        return self._matrix

    @property
    def counts(self) -> npt.NDArray[np.int64] | None:
        """How often each word was seen, (V,), read-only; None if that is not known."""
        return self._counts

    @property
    def dim(self) -> int:
        """The length d of a vector."""
        return int(self._matrix.shape[1])

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        """Return the vector of a word, (d,), read-only. Raises UnknownWordError."""
        row: npt.NDArray[np.float32] = self._matrix[self.index(word)]
        return row

    def __repr__(self) -> str:
        shown = ", ".join(_shown(word) for word in self._words[:3])
        more = ", …" * (len(self) > 3)
        return f"<{type(self).__name__}: {len(self):,} words × {self.dim}: {shown}{more}>"

    def index(self, word: str) -> int:
        """Return the row number of a word.

        Raises
        ------
        UnknownWordError
            If it is not in the vocabulary; the message suggests close words.
        """
        if not isinstance(word, str):
            raise TypeError(f"a word must be a str, got {type(word).__name__}")
        try:
            return self._index[word]
        except KeyError:
            raise UnknownWordError(self._unknown(word)) from None

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
        return self._answer(
            *neighbours.nearest(self.searched, query, k, exclude, self._within(within))
        )

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
        wanted, unwanted = _several(positive), _several(negative)
        if not wanted and not unwanted:
            raise SettingsError("most_similar needs at least 1 word or vector, got 0")
        asked = wanted + unwanted
        signs = [1] * len(wanted) + [-1] * len(unwanted)
        return neighbours.direction(self._stacked(asked), signs), self._rows_of_words(asked)

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
        indices, cosines = neighbours.nearest_many(
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
            raise SettingsError(f"queries must be several words, got the word {_shown(queries)}")
        if _is_numbers(queries):
            asked = self._vectors(queries)
            return neighbours.units(asked), [[] for _ in asked]
        words = list(queries)
        return neighbours.units(self._stacked(words)), [self._rows_of_words([w]) for w in words]

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
            neighbours.nearest_many(
                self.searched, neighbours.units(self._matrix[block]), number,
                exclude=block[:, np.newaxis], within=chosen,
            )
            for block in (asked[i : i + _BLOCK] for i in range(0, max(len(asked), 1), _BLOCK))
        ]  # fmt: skip
        indices, cosines = zip(*blocks, strict=True)
        return np.concatenate(indices), np.concatenate(cosines)

    def similarity(self, a: WordOrVector, b: WordOrVector) -> float:
        """Return the cosine, in [-1, 1], of two words or vectors; 0 where a vector is zero."""
        return neighbours.cosine(self._vector(a), self._vector(b))

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
        far = 1.0 - neighbours.cosines(a, b)
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
            *neighbours.nearest_by_product(
                self.searched,
                neighbours.units(self._stacked([b, c])),
                neighbours.units(self._stacked([a])),
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
        return group[neighbours.odd_one_out(np.stack([self[word] for word in group]))]

    def rank(self, word: str, other: str) -> int:
        """Return the place of a word among the neighbours of another: 1 is the nearest.

        It is the place at which `most_similar(word)` has `other`, ties included.

        Raises
        ------
        UnknownWordError
        SettingsError
            If both are the same word, which is not its own neighbour.
        """
        query, row = neighbours.units(self[word][np.newaxis])[0], self.index(other)
        if word == other:
            raise SettingsError(f"rank needs two different words, got {_shown(word)} twice")
        return neighbours.rank(self.searched, query, row, self._rows_of_words([word]))

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
            A name of `wordkin.projection.LAYOUTS`. Where there are too few words for it, PCA.
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
        from wordkin.maps import map_of

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
    def lengths(self) -> npt.NDArray[np.float64]:
        """The length of each vector, (V,) float64, read-only."""
        lengths = neighbours.row_lengths(self._matrix)
        lengths.setflags(write=False)
        return lengths

    @cached_property
    def searched(self) -> neighbours.Searched:
        """The rows as `neighbours` searches them; made when first asked for, without a copy."""
        return neighbours.Searched(self._matrix, self.lengths)

    def _answer(self, rows: npt.NDArray[np.intp], scores: npt.NDArray[np.float64]) -> Answer:
        return [(self._words[i], s) for i, s in zip(rows.tolist(), scores.tolist(), strict=True)]

    def _rows_of_words(self, items: Iterable[WordOrVector]) -> list[int]:
        return [self._index[i] for i in items if isinstance(i, str) and i in self._index]

    def _row_numbers(self, rows: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return (n,) row numbers, if they are."""
        numbers = np.asarray(rows)
        if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
            raise SettingsError(
                f"rows must be (n,) integers, got {numbers.dtype} of the shape {numbers.shape}"
            )
        wrong = numbers[(numbers < 0) | (numbers >= len(self))]
        if len(wrong):
            raise SettingsError(f"rows must be 0 to {len(self) - 1}, got {wrong[0]}")
        return numbers.astype(np.intp)

    def _within(self, within: Within) -> neighbours.Within:
        """Return what to search as row numbers, rising, or as how many."""
        if within is None:
            return None
        if isinstance(within, int | np.integer):
            return at_least(1, "within", within)
        rows = [self.index(word) for word in ([within] if isinstance(within, str) else within)]
        return np.unique(np.array(rows, dtype=np.intp))

    def _stacked(self, items: Iterable[WordOrVector]) -> npt.NDArray[np.float64]:
        """Return several words or vectors as (n, d) float64."""
        rows = [self._vector(item) for item in _several(items)]
        return np.array(rows, dtype=np.float64).reshape(len(rows), self.dim)

    def _vectors(self, rows: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return (n, d) numbers as float64, if they are finite."""
        vectors = np.asarray(rows, dtype=np.float64)
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise SettingsError(f"vectors must have the shape (n, {self.dim}), got {rows.shape}")
        if not np.isfinite(vectors).all():
            raise SettingsError("vectors must be finite, got one that is not")
        return vectors

    def _vector(self, item: WordOrVector) -> Vector:
        """Return the (d,) vector that a word or a vector stands for."""
        if isinstance(item, str):
            return self[item]
        vector = np.asarray(item, dtype=np.float64)
        if vector.shape != (self.dim,):
            raise SettingsError(f"a vector must have the shape ({self.dim},), got {vector.shape}")
        if not np.isfinite(vector).all():
            raise SettingsError("a vector must be finite, got one that is not")
        return vector

    def _unknown(self, word: str) -> str:
        close = self._close_to(word)
        hint = f"; close ones: {', '.join(map(_shown, close))}" if close else ""
        return f"{_shown(word)} is not among the {len(self):,} words{hint}"

    def _close_to(self, word: str) -> list[str]:
        """Up to three words that someone who wrote `word` may have meant, quickly."""
        respelled = (str.lower, str.upper, str.capitalize, str.title, str.casefold)
        forms = (unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC"))
        variants = [change(form) for form in (word, *forms) for change in (str, *respelled)]
        close = [variant for variant in dict.fromkeys(variants) if variant in self._index]
        if 0 < len(word) <= _LONGEST:
            shape_fits = (
                known
                for known in islice(self._words, _SEARCHED)
                if abs(len(known) - len(word)) <= 2
                and (known[:1] == word[0] or known[-1:] == word[-1])
            )
            close += difflib.get_close_matches(word, shape_fits, n=3, cutoff=0.7)
        return list(dict.fromkeys(close))[:3]


def _read_only(values: npt.ArrayLike, dtype: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    """Return a read-only array of the type: `values` itself if it is that already, else a copy."""
    given = np.asarray(values)
    flags = given.flags
    if given.dtype == dtype and flags.c_contiguous and flags.aligned and not flags.writeable:
        return given
    if not np.can_cast(given.dtype, dtype, casting="same_kind"):
        raise SettingsError(f"{name} must be numbers that {dtype} can hold, got {given.dtype}")
    with np.errstate(over="ignore"):  # what is too big becomes infinite, and is refused as such
        copy = given.astype(dtype, order="C")
    copy.setflags(write=False)
    return copy


def _several(items: WordOrVector | Iterable[WordOrVector]) -> list[WordOrVector]:
    """Return one word, one (d,) vector, or several of either as a list."""
    if isinstance(items, str) or (_is_numbers(items) and items.ndim == 1):
        return [items]
    return list(items)


def _is_numbers(items: object) -> TypeGuard[npt.NDArray[Any]]:
    """Tell an array of numbers from one of words."""
    return isinstance(items, np.ndarray) and items.dtype.kind in "biuf"


def _shown(word: str) -> str:
    """Return a word as it can be printed anywhere: in quotes, escaped, not endless."""
    return repr(word) if len(word) <= _LONGEST else f"{word[:_LONGEST]!r}…"
