"""The sparse matrix of co-occurrence counts, in compressed rows, in memory or mapped from a file.

`Cooccurrence` is the matrix with the operations that the exact engine needs, and `Counted` bundles
the matrices of one text. `by_side` has counts with left and right apart.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.types import Int32, Int64

Values: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

NEGLIGIBLE = 1e-9
"""Counting a center's pairs stops, within a line, at the first pair that weighs less than this.

With subsampling, a pair at any distance has some weight; this is a billionth of one occurrence.
"""


class PairRows(ABC):
    """Rows of counts: for each, the columns that it was counted with, ascending, and the weights.

    Rows are centers and columns outside words, or the other way round.
    """

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of rows."""

    @property
    @abstractmethod
    def lengths(self) -> Int64:
        """The number of entries of each row, ``(rows,)``."""

    @abstractmethod
    def rows(self, first: int, last: int) -> tuple[Int64, Int32, Values]:
        """Return the rows ``first`` to ``last``: indptr, indices and values.

        The `indptr` may begin with any number.
        """

    @abstractmethod
    def some_rows(self, rows: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy the given rows."""

    @cached_property
    def row_sums(self) -> npt.NDArray[np.float64]:
        """The weight of all pairs of each row, ``(rows,)``, summed in float64."""
        return self._sum_rows(lambda _, values: values)

    def times(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Multiply the matrix by a vector, in float64."""
        return self._sum_rows(lambda indices, values: values * x[indices])

    def _sum_rows(self, of: Callable[[Int32, Values], npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        sums = np.zeros(self.size)
        for first in range(0, self.size, 1024):
            indptr, indices, values = self.rows(first, min(first + 1024, self.size))
            filled = np.flatnonzero(np.diff(indptr))
            if len(filled):
                begins = indptr[filled] - indptr[0]
                sums[first + filled] = np.add.reduceat(
                    of(indices, values), begins, dtype=np.float64
                )
        return sums


@dataclass(frozen=True, eq=False)
class Cooccurrence(PairRows):
    """The weights ``N_co`` of all pairs of a center ``c`` and an outside word ``o``, ``(V, V)``.

    In compressed sparse rows: row ``c`` has the entries ``indptr[c]`` to ``indptr[c + 1]``.
    Symmetric, except for rounding and for weights of about `NEGLIGIBLE`, so that the rows serve
    centers and outside words alike. `by_side.CooccurrenceBySide` has other rows for these. Some
    rows or columns of a matrix are stored the same way.

    Attributes
    ----------
    indptr : (V + 1,) int64
    indices : (nnz,) int32
        The outside words, ascending in each row.
    values : (nnz,) float32 or float64
        The weights, all above 0.
    sides : int
        How many outside words there are for each word: 1, or 2 where left and right differ.
    """

    indptr: Int64
    indices: Int32
    values: Values

    sides: ClassVar[int] = 1

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.indptr) - 1

    @property
    def lengths(self) -> Int64:
        """The number of entries of each row."""
        return np.diff(self.indptr)

    @property
    def words(self) -> int:
        """``V``, the number of words."""
        return self.size // self.sides

    @property
    def nnz(self) -> int:
        """The number of different pairs that were counted."""
        return int(self.indptr[-1])

    @property
    def total(self) -> float:
        """The weight of all pairs."""
        return float(self.row_sums.sum())

    @property
    def centers(self) -> PairRows:
        """A row for each center, ``(V, sides V)``."""
        return self

    @property
    def outside(self) -> Cooccurrence:
        """A row for each outside word, ``(sides V, V)``: the matrix itself."""
        return self

    def leading(self, words: int) -> Cooccurrence:
        """Copy the counts among the first words."""
        return self.block(0, words, words)

    def between(self, old: int) -> tuple[Cooccurrence, Cooccurrence]:
        """Copy the counts of the words from `old` on with those before.

        Returns
        -------
        centers, outside
            ``(V - old, sides old)`` and ``(sides (V - old), old)``.
        """
        rows = self.block(old, self.size, old)
        return rows, rows

    def rows(self, first: int, last: int) -> tuple[Int64, Int32, Values]:
        """Return views of the rows ``first`` to ``last``: indptr, indices and values.

        The `indptr` is a slice of the matrix's: it numbers entries from row 0.
        """
        indptr = self.indptr[first : last + 1]
        entries = slice(indptr[0], indptr[-1])
        return indptr, self.indices[entries], self.values[entries]

    def block(self, first: int, last: int, columns: int) -> Cooccurrence:
        """Copy the first ``columns`` columns of the rows ``first`` to ``last``."""
        indptr, indices, values = self.rows(first, last)
        return _select(indices < columns, indptr - indptr[0], indices, values)

    def some_rows(self, rows: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy the given rows."""
        begins, lengths = self.indptr[rows], np.diff(self.indptr)[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.repeat(begins - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Cooccurrence(indptr, self.indices[entries], self.values[entries])

    def among(self, words: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy the counts among the given words, ascending."""
        number = np.full(self.size, -1, np.int32)
        number[words] = np.arange(len(words))
        some = self.some_rows(words)
        columns = number[some.indices]
        return _select(columns >= 0, some.indptr, columns, some.values)

    def as_scipy(self) -> Any:
        """Return the matrix as a `scipy.sparse.csr_matrix`; needs SciPy."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, self.indices, self.indptr), (self.size, self.words))


@dataclass(frozen=True, eq=False)
class Counted:
    """The counts of a text, as the exact engine takes them.

    Attributes
    ----------
    pairs : Cooccurrence
        Counts of all training lines.
    held_out : Cooccurrence or None
        Counts of the held-out lines.
    """

    pairs: Cooccurrence
    held_out: Cooccurrence | None = None

    def among(self, words: npt.NDArray[np.intp]) -> Counted:
        """Copy the counts among the given words, ascending."""
        held_out = None if self.held_out is None else self.held_out.among(words)
        return Counted(self.pairs.among(words), held_out)


def _select(
    selected: npt.NDArray[np.bool_], indptr: Int64, indices: Int32, values: Values
) -> Cooccurrence:
    """Copy the selected entries."""
    ends = np.concatenate([[0], np.cumsum(selected)])[indptr]
    return Cooccurrence(ends.astype(np.int64), indices[selected], values[selected])
