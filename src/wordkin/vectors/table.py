"""`WordTable`: words with one vector each, and how queries become directions and row numbers.

In: words, a matrix and counts; in queries, words or vectors. Out: vectors and row numbers, or an
error that names the wrong value. `WordVectors` adds the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError, UnknownWordError
from wordkin.system.foreign_names import VECTORS, did_you_mean
from wordkin.system.types import Floats
from wordkin.vectors import search
from wordkin.vectors.items import (
    Items,
    Within,
    WordOrVector,
    as_list,
    is_numeric,
    plain_words,
    require_iterable,
    weighted,
)
from wordkin.vectors.suggestions import close_words, quoted

if TYPE_CHECKING:
    from typing_extensions import Self

D = TypeVar("D")

_NAMED = 5  # unknown words in one message


class WordTable:
    """The record behind `WordVectors`, with its parameters: words, matrix and counts."""

    def __init__(
        self, words: Sequence[str], matrix: npt.ArrayLike, counts: npt.ArrayLike | None = None
    ) -> None:
        self._words = plain_words(words)
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
                f"matrix must have one row per word, got {self._matrix.shape[0]} rows for {V} words"
            )
        if self._counts is not None and self._counts.shape != (V,):
            raise SettingsError(f"counts must have the shape ({V},), got {self._counts.shape}")
        if self._counts is not None and V and self._counts.min() < 0:  # or beyond int64
            raise SettingsError(f"counts must be at least 0, got {self._counts.min()}")
        if len(self._index) < V:
            repeated = next(w for i, w in enumerate(self._words) if self._index[w] != i)
            raise SettingsError(f"words must differ, got {quoted(repeated)} twice")
        finite = np.isfinite(self.lengths)
        if not finite.all():
            word = self._words[int(np.argmin(finite))]
            raise SettingsError(f"vectors must be finite, that of {quoted(word)} is not")

    @property
    def words(self) -> tuple[str, ...]:
        """The V words, in row order."""
        return self._words

    @property
    def matrix(self) -> npt.NDArray[np.float32]:
        """The vectors, (V, d), read-only."""
        return self._matrix

    @property
    def counts(self) -> npt.NDArray[np.int64] | None:
        """How often each word occurs in the corpus, (V,), read-only; None if unknown."""
        return self._counts

    @property
    def dim(self) -> int:
        """The dimension d of the vectors."""
        return int(self._matrix.shape[1])

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __getitem__(self, word: str | Iterable[str]) -> npt.NDArray[np.float32]:
        """Return the vector of a word, (d,), read-only; or a copy of those of n words, (n, d).

        Raises
        ------
        UnknownWordError
            If a word is not in the vocabulary.
        """
        if isinstance(word, (str, bytes)) or not isinstance(word, Iterable):
            row: npt.NDArray[np.float32] = self._matrix[self.index(word)]
            return row
        words = list(word)
        self._require_words(words)
        rows = [self[each] for each in words]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dim)

    def get(self, word: str, default: D | None = None) -> npt.NDArray[np.float32] | D | None:
        """Return the vector of a word, (d,), read-only; or `default` if it has none."""
        return self[word] if self._has_vector(word) else default

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Return the matrix, (V, d), for NumPy and what builds on it."""
        wanted = self._matrix.dtype if dtype is None else np.dtype(dtype)
        if copy is False and wanted != self._matrix.dtype:
            raise ValueError(f"the matrix is {self._matrix.dtype}, and {wanted} takes a copy")
        return self._matrix.astype(wanted, copy=bool(copy))

    def __eq__(self, other: object) -> bool:
        """Whether words, vectors and counts are the same."""
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, WordTable)
        return self is other or (
            self._words == other._words
            and np.array_equal(self._matrix, other._matrix)
            and _equal(self._counts, other._counts)
        )

    def __hash__(self) -> int:
        return hash((self._words[:10], self._matrix.shape))

    def __copy__(self) -> Self:
        return self  # it never changes

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return what pickle stores: nothing that can be computed again."""
        computed = ("_index", "lengths", "searched")
        return {name: value for name, value in vars(self).items() if name not in computed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._index = {word: i for i, word in enumerate(self._words)}
        for array in (self._matrix, self._counts):
            if array is not None:
                array.setflags(write=False)

    def __getattr__(self, name: str) -> Any:
        hint = "" if name.startswith("_") else did_you_mean(name, VECTORS, dir(type(self)))
        raise AttributeError(
            f"{type(self).__name__} has no {name!r}" + (f"; {hint}" if hint else ""),
            name=name,
            obj=self,
        )

    def __repr__(self) -> str:
        first = ", ".join(quoted(word) for word in self._words[:3])
        more = ", …" * (len(self) > 3)
        return f"<{type(self).__name__}: {len(self):,} words × {self.dim}: {first}{more}>"

    def index(self, word: str) -> int:
        """Return the row number of a word.

        Raises
        ------
        UnknownWordError
            If the word is not in the vocabulary. The message suggests words spelled like it.
        """
        if not isinstance(word, str):
            hint = f"; row {word} is matrix[{word}]" if isinstance(word, int) else ""
            raise TypeError(f"a word must be a str, got {type(word).__name__}{hint}")
        try:
            return self._index[word]
        except KeyError:
            raise UnknownWordError(self._unknown(word)) from None

    @cached_property
    def lengths(self) -> npt.NDArray[np.float64]:
        """The Euclidean length of each vector, (V,) float64, read-only."""
        lengths = search.row_lengths(self._matrix)
        lengths.setflags(write=False)
        return lengths

    def question(
        self, positive: Items | None, negative: Items | None = ()
    ) -> tuple[npt.NDArray[np.float64], list[int]]:
        """Return the query of `WordVectors.most_similar`, for programs that search themselves.

        Parameters and errors are those of `most_similar`.

        Returns
        -------
        query : (d,) float64 array
            The query direction, of length 1 or 0.
        exclude : list of int
            The rows of the query's own words, to be left out of the answer.
        """
        if isinstance(negative, int | np.integer):
            raise SettingsError(
                f"negative must be words or vectors, got {negative}; for {negative} words, give"
                f" topn={negative}"
            )
        added, subtracted = (
            weighted(as_list(() if items is None else items), sign)
            for items, sign in ((positive, 1), (negative, -1))
        )
        if not added and not subtracted:
            raise SettingsError("most_similar needs at least 1 word or vector, got 0")
        items, weights = zip(*added, *subtracted, strict=True)
        return search.direction(self._stacked(items), weights), self._rows_of_words(items)

    def questions(
        self, queries: Iterable[str] | npt.NDArray[np.floating[Any]]
    ) -> tuple[npt.NDArray[np.float64], list[list[int]]]:
        """Return the queries of `WordVectors.most_similar_batch`, as `question` does for one.

        Parameters and errors are those of `most_similar_batch`.

        Returns
        -------
        queries : (n, d) float64 array
            Directions, of length 1 or 0.
        exclude : list of n lists of int
            The rows to be left out of each answer.
        """
        if isinstance(queries, str):
            raise SettingsError(f"queries must be several words, got the word {quoted(queries)}")
        if is_numeric(queries):
            vectors = self._vectors(queries)
            return search.units(vectors), [[] for _ in vectors]
        words = as_list(queries)
        return search.units(self._stacked(words)), [self._rows_of_words([w]) for w in words]

    def _rows_of_words(self, items: Iterable[WordOrVector]) -> list[int]:
        return [self._index[i] for i in items if isinstance(i, str) and i in self._index]

    def _within(self, within: Within) -> search.Within:
        """Convert `within` to ascending row numbers, or to a number of rows."""
        if within is None:
            return None
        if isinstance(within, int | np.integer):
            return at_least(1, "within", within)
        require_iterable("within", within)
        words = [within] if isinstance(within, str) else list(within)
        WordTable._require_words(self, words)
        rows = [self.index(word) for word in words]
        return np.unique(np.array(rows, dtype=np.intp))

    def _row_numbers(self, rows: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return (n,) valid row numbers, or raise SettingsError."""
        numbers = np.asarray(rows)
        if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
            raise SettingsError(
                f"rows must be (n,) integers, got {numbers.dtype} of the shape {numbers.shape}"
            )
        invalid = numbers[(numbers < 0) | (numbers >= len(self))]
        if len(invalid):
            raise SettingsError(f"rows must be 0 to {len(self) - 1}, got {invalid[0]}")
        return numbers.astype(np.intp)

    def _stacked(self, items: Iterable[WordOrVector]) -> npt.NDArray[np.float64]:
        """Return several words or vectors as (n, d) float64."""
        given = as_list(items)
        self._require_words(item for item in given if isinstance(item, str))
        rows = [self._vector(item) for item in given]
        return np.array(rows, dtype=np.float64).reshape(len(rows), self.dim)

    def _vectors(self, rows: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Return (n, d) finite vectors as float64, or raise SettingsError."""
        vectors = np.asarray(rows, dtype=np.float64)
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise SettingsError(f"vectors must have the shape (n, {self.dim}), got {rows.shape}")
        if not np.isfinite(vectors).all():
            raise SettingsError("vectors must be finite, got one that is not")
        return vectors

    def _vector(self, item: WordOrVector) -> Floats:
        """Return a word's vector, or the given vector, as (d,); raise if it is not valid."""
        if isinstance(item, str):
            return self[item]
        try:
            vector = np.asarray(item, dtype=np.float64)
        except (TypeError, ValueError):
            raise SettingsError(
                f"a word or a vector is needed, got {type(item).__name__}: {item!r:.60}"
            ) from None
        if vector.shape != (self.dim,):
            raise SettingsError(f"a vector must have the shape ({self.dim},), got {vector.shape}")
        if not np.isfinite(vector).all():
            raise SettingsError("a vector must be finite, got one that is not")
        return vector

    def _has_vector(self, word: str) -> bool:
        return word in self._index

    def _require_words(self, words: Iterable[str], remedy: str = "") -> None:
        """Raise one UnknownWordError for all words without a vector, TypeError for no words."""
        unknown: dict[str, None] = {}
        for word in words:
            if not isinstance(word, str):
                self.index(word)  # raises
            elif word not in self._index:
                unknown[word] = None
        if unknown:
            raise UnknownWordError(self._all_unknown(list(unknown)) + remedy)

    def _all_unknown(self, words: Sequence[str]) -> str:
        if len(words) == 1:
            return self._unknown(words[0])
        named = "; ".join(f"{quoted(word)}{self._close_ones(word)}" for word in words[:_NAMED])
        more = f"; and {len(words) - _NAMED:,} more" * (len(words) > _NAMED)
        return f"{len(words):,} words are not among the {len(self):,}: {named}{more}"

    def _close_ones(self, word: str) -> str:
        close = close_words(word, self._index)
        return f" (close: {', '.join(map(quoted, close))})" if close else ""

    def _unknown(self, word: str) -> str:
        close = close_words(word, self._index)
        hint = f"; close ones: {', '.join(map(quoted, close))}" if close else ""
        return f"{quoted(word)} is not among the {len(self):,} words{hint}"


def _equal(a: npt.NDArray[Any] | None, b: npt.NDArray[Any] | None) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)


def _read_only(values: npt.ArrayLike, dtype: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    """Return a read-only array of the type: `values` itself if possible, else a copy."""
    try:
        given = np.asarray(values)
    except ValueError:
        raise SettingsError(f"{name} must be numbers, in rows of one length") from None
    flags = given.flags
    if given.dtype == dtype and flags.c_contiguous and flags.aligned and not flags.writeable:
        return given
    if not np.can_cast(given.dtype, dtype, casting="same_kind"):
        raise SettingsError(f"{name} must be numbers that {dtype} can hold, got {given.dtype}")
    with np.errstate(over="ignore"):  # overflow gives infinity, which the caller refuses
        copy = given.astype(dtype, order="C")
    copy.setflags(write=False)
    return copy
