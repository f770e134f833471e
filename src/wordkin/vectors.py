"""Words and their vectors: the thing that people keep, save and ask questions of.

In: words, a matrix, counts. Out: answers in words. Immutable, and knows nothing of training or of
files; the array work is in `neighbours`, the only other room it may import besides `errors`.
"""

from __future__ import annotations

import difflib
import operator
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin import neighbours
from wordkin.errors import SettingsError, UnknownWordError

Vector: TypeAlias = npt.NDArray[np.floating[Any]]  # (d,)
WordOrVector: TypeAlias = str | Vector

_SEARCHED = 100_000  # words searched for close ones: the first, which usually are the most frequent
_LONGEST = 60  # characters; comparing longer words would take too long, and help nobody


class WordVectors:
    """Words and one vector for each, never changed after they are made.

    Parameters
    ----------
    words : sequence of V different str
    matrix : (V, d) array
        Finite numbers; row i belongs to word i. Kept as float32: shared without a copy if it is a
        float32 array that is already read-only (`matrix.setflags(write=False)`), else copied.
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
        if len(self._index) < V:
            twice = next(w for i, w in enumerate(self._words) if self._index[w] != i)
            raise SettingsError(f"words must differ, got {_shown(twice)} twice")
        finite = np.isfinite(self._matrix).all(axis=1)
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
        return f"<WordVectors: {len(self):,} words × {self.dim}: {shown}{', …' * (len(self) > 3)}>"

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
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """Find the words whose vectors have the highest cosine with a mean of directions.

        Each word or vector is first scaled to length 1, those of `negative` are turned round, and
        the query is their mean. The words asked about are never part of the answer.

        Parameters
        ----------
        positive, negative : word, (d,) vector, or several of them
        topn : int
            How many words, at least 1; all there are if there are fewer.

        Returns
        -------
        list of (word, cosine)
            Highest cosine first, ties in the order of the vocabulary. Where the directions cancel,
            or are those of zero vectors, every cosine is 0.

        Raises
        ------
        UnknownWordError, SettingsError
        """
        wanted, unwanted = _several(positive), _several(negative)
        if not wanted and not unwanted:
            raise SettingsError("most_similar needs at least 1 word or vector, got 0")
        k = _at_least_1("topn", topn)
        asked = wanted + unwanted
        query = neighbours.direction(
            np.stack([self._vector(item) for item in asked]),
            [1] * len(wanted) + [-1] * len(unwanted),
        )
        exclude = [self._index[item] for item in asked if isinstance(item, str)]
        rows, cosines = neighbours.nearest(self._unit, query, k, exclude)
        return [(self._words[i], c) for i, c in zip(rows.tolist(), cosines.tolist(), strict=True)]

    def similarity(self, a: WordOrVector, b: WordOrVector) -> float:
        """Return the cosine, in [-1, 1], of two words or vectors; 0 where a vector is zero."""
        return neighbours.cosine(self._vector(a), self._vector(b))

    def analogy(
        self, a: WordOrVector, b: WordOrVector, c: WordOrVector, topn: int = 10
    ) -> list[tuple[str, float]]:
        """Answer "a is to b as c is to ?" by the words nearest to b - a + c (3CosAdd).

        Returns and raises what `most_similar` does: it is most_similar([b, c], [a]).
        """
        return self.most_similar([b, c], [a], topn)

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

    @cached_property
    def _unit(self) -> npt.NDArray[np.float32]:
        """The rows at length 1: made when first asked for, then kept."""
        return neighbours.unit_rows(self._matrix)

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
    if given.dtype == dtype and not given.flags.writeable:
        return given
    if not np.can_cast(given.dtype, dtype, casting="same_kind"):
        raise SettingsError(f"{name} must be numbers that {dtype} can hold, got {given.dtype}")
    with np.errstate(over="ignore"):  # what is too big becomes infinite, and is refused as such
        copy = given.astype(dtype, order="C")
    copy.setflags(write=False)
    return copy


def _several(items: WordOrVector | Iterable[WordOrVector]) -> list[WordOrVector]:
    """Return one word, one (d,) vector, or several of either as a list."""
    if isinstance(items, str) or (isinstance(items, np.ndarray) and items.ndim == 1):
        return [items]
    return list(items)


def _at_least_1(name: str, value: SupportsIndex) -> int:
    number = operator.index(value)
    if number < 1:
        raise SettingsError(f"{name} must be at least 1, got {number}")
    return number


def _shown(word: str) -> str:
    """Return a word as it can be printed anywhere: in quotes, escaped, not endless."""
    return repr(word) if len(word) <= _LONGEST else f"{word[:_LONGEST]!r}…"
