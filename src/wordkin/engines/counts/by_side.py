"""Co-occurrence counts with left and right apart: the words before a center, and those after it.

Compressed rows in; rows of centers and rows of outside words out, from one copy of the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import Cooccurrence, PairRows, Values
from wordkin.system.types import Int32, Int64

M = TypeVar("M")

SIDES = ("left", "right")
"""The sides in the order of outside words: those of V words at the left of a center come first."""


@dataclass(frozen=True, eq=False)
class CooccurrenceBySide(Cooccurrence):
    """The weights of all pairs, where an outside word at the left differs from one at the right.

    ``left[c, o]`` is the weight with which ``o`` is met at the left of ``c``, and ``right`` is its
    transpose, up to rounding and weights of about `NEGLIGIBLE`. The matrix of centers is ``[left
    right]``, (V, 2 V). That of outside words is its transpose; as each block is the other's, its
    rows are those of `right`, then those of `left`. They are stored that way, (2 V, V), and both
    half passes of the engine read them: no transposing, and no second copy.

    Attributes
    ----------
    indptr : (2 V + 1,) int64
    indices : (nnz,) int32
    values : (nnz,) float32 or float64
        As in `Cooccurrence`.
    """

    sides: ClassVar[int] = len(SIDES)

    @cached_property
    def centers(self) -> CenterRows:
        """A row for each center over outside words, (V, 2 V)."""
        return CenterRows(self.left, self.right)

    @cached_property
    def right(self) -> Cooccurrence:
        """``right[c, o]``: the weight of o at the right of c, (V, V)."""
        return Cooccurrence(*self.rows(0, self.words))

    @cached_property
    def left(self) -> Cooccurrence:
        """``left[c, o]``: the weight of o at the left of c, (V, V)."""
        indptr, indices, values = self.rows(self.words, self.size)
        return Cooccurrence(indptr - indptr[0], indices, values)

    def among(self, words: npt.NDArray[np.intp]) -> CooccurrenceBySide:
        """Copy the counts among the given words, ascending."""
        return _stacked(CooccurrenceBySide, self.right.among(words), self.left.among(words))

    def leading(self, words: int) -> CooccurrenceBySide:
        """Copy the counts among the first words."""
        return _stacked(CooccurrenceBySide, self.right.leading(words), self.left.leading(words))

    def between(self, old: int) -> tuple[Cooccurrence, Cooccurrence]:
        """Copy the counts of the words from `old` on with those before."""
        left, right = (side.block(old, self.words, old) for side in (self.left, self.right))
        centers = CenterRows(left, right, old).rows(0, self.words - old)
        return Cooccurrence(*centers), _stacked(Cooccurrence, right, left)


class CenterRows(PairRows):
    """Rows of two matrices side by side, put together when they are read.

    Parameters
    ----------
    left, right : Cooccurrence
    columns : int or None
        How many columns the left one has; None for as many as rows.
    """

    def __init__(self, left: Cooccurrence, right: Cooccurrence, columns: int | None = None) -> None:
        self._left = left
        self._right = right
        self._columns = left.size if columns is None else columns

    @property
    def size(self) -> int:
        """The number of rows."""
        return self._left.size

    @property
    def lengths(self) -> Int64:
        """The number of entries of each row."""
        return self._left.lengths + self._right.lengths

    def rows(self, first: int, last: int) -> tuple[Int64, Int32, Values]:
        """Return copies of the rows ``first`` to ``last``: indptr, indices and values."""
        parts = self._left.rows(first, last), self._right.rows(first, last)
        lengths = [np.diff(indptr) for indptr, _, _ in parts]
        indptr = np.concatenate([[0], np.cumsum(lengths[0] + lengths[1])])
        indices = np.empty(indptr[-1], np.int32)
        values = np.empty(indptr[-1], parts[0][2].dtype)
        begins = indptr[:-1]
        for (ends, columns, weights), length, shift in zip(
            parts, lengths, (0, self._columns), strict=True
        ):
            at = np.repeat(begins - (ends[:-1] - ends[0]), length) + np.arange(len(columns))
            indices[at] = columns + np.int32(shift)
            values[at] = weights
            begins = begins + length
        return indptr, indices, values

    def some_rows(self, rows: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy the given rows."""
        some = CenterRows(self._left.some_rows(rows), self._right.some_rows(rows), self._columns)
        return Cooccurrence(*some.rows(0, len(rows)))


def _stacked(kind: Callable[..., M], first: Cooccurrence, second: Cooccurrence) -> M:
    """Return a copy with the rows of both, one below the other."""
    indptr = np.concatenate([first.indptr, first.indptr[-1] + second.indptr[1:]])
    indices, values = (
        np.concatenate([getattr(part, name) for part in (first, second)])
        for name in ("indices", "values")
    )
    return kind(indptr, indices, values)
