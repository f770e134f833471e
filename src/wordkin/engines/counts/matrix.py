"""The sparse matrix of co-occurrence counts, by rows, in memory or in a mapped file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.types import Int32, Int64

Values: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

NEGLIGIBLE = 1e-9
"""What lies in a line beyond a pair of less weight than this is not counted: with subsampling there
is no distance that no pair could bridge, but this is the billionth part of seeing one once."""


@dataclass(frozen=True, eq=False)
class Cooccurrence:
    """The weight ``N_co`` of all pairs of a center ``c`` and an outside word ``o``, by rows.

    Row ``c`` has the entries ``indptr[c]`` up to ``indptr[c + 1]``. Symmetric, but for rounding and
    for what is about as light as `NEGLIGIBLE`.

    Attributes
    ----------
    indptr : (V + 1,) int64
    indices : (nnz,) int32
        The outside words, ascending in each row.
    values : (nnz,) float32 or float64
        Their weights, all above 0.
    """

    indptr: Int64
    indices: Int32
    values: Values

    @property
    def size(self) -> int:
        """``V``, the number of words."""
        return len(self.indptr) - 1

    @property
    def nnz(self) -> int:
        """The number of pairs that were met."""
        return int(self.indptr[-1])

    @cached_property
    def row_sums(self) -> npt.NDArray[np.float64]:
        """``n_c``, the weight of all pairs with the center ``c``, summed in float64."""
        return self._sum_rows(lambda _, values: values)

    @property
    def total(self) -> float:
        """The weight of all pairs."""
        return float(self.row_sums.sum())

    def rows(self, first: int, last: int) -> tuple[Int64, Int32, Values]:
        """Give views of the rows ``first`` up to ``last``: their indptr, indices and values.

        The `indptr` is a part of the whole one: entries are numbered from the first row of all.
        """
        indptr = self.indptr[first : last + 1]
        entries = slice(indptr[0], indptr[-1])
        return indptr, self.indices[entries], self.values[entries]

    def block(self, first: int, last: int, columns: int) -> Cooccurrence:
        """Copy the rows ``first`` up to ``last``, and of these the first columns."""
        indptr, indices, values = self.rows(first, last)
        return _where(indices < columns, indptr - indptr[0], indices, values)

    def some_rows(self, rows: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy some rows."""
        begins, lengths = self.indptr[rows], np.diff(self.indptr)[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.repeat(begins - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Cooccurrence(indptr, self.indices[entries], self.values[entries])

    def among(self, words: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy the counts of some words, ascending, with each other."""
        number = np.full(self.size, -1, np.int32)
        number[words] = np.arange(len(words))
        some = self.some_rows(words)
        columns = number[some.indices]
        return _where(columns >= 0, some.indptr, columns, some.values)

    def without(self, part: Cooccurrence) -> Cooccurrence:
        """Take a part of the text off the counts of all of it."""
        mine, theirs = self._places(), part._places()
        found = np.minimum(np.searchsorted(mine, theirs), max(len(mine) - 1, 0))
        same = mine[found] == theirs
        values = self.values.copy()
        values[found[same]] -= part.values[same]
        # What is left of a pair that was in this part alone is rounding.
        return _where(values > 1e-6 * self.values, self.indptr, self.indices, values)

    def times(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Multiply the matrix by a vector, in float64."""
        return self._sum_rows(lambda indices, values: values * x[indices])

    def _sum_rows(self, of: Callable[[Int32, Values], npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        sums = np.zeros(self.size)
        for first in range(0, self.size, 1024):
            indptr, indices, values = self.rows(first, first + 1024)
            filled = np.flatnonzero(np.diff(indptr))
            if len(filled):
                begins = indptr[filled] - indptr[0]
                sums[first + filled] = np.add.reduceat(
                    of(indices, values), begins, dtype=np.float64
                )
        return sums

    def _places(self) -> npt.NDArray[np.int64]:
        """Give each entry a number that rises through the rows and columns."""
        return np.repeat(np.arange(self.size), np.diff(self.indptr)) * self.size + self.indices

    def as_scipy(self) -> Any:
        """Give the matrix as a `scipy.sparse.csr_matrix`; needs SciPy."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, self.indices, self.indptr), (self.size, self.size))


@dataclass(frozen=True, eq=False)
class Counted:
    """What the exact engine reads of a corpus.

    Attributes
    ----------
    pairs : Cooccurrence
        Of all lines that are trained on.
    probe : Cooccurrence or None
        Of a share of these lines: those that a ridge is chosen by.
    held_out : Cooccurrence or None
        Of lines that are not trained on.
    """

    pairs: Cooccurrence
    probe: Cooccurrence | None = None
    held_out: Cooccurrence | None = None

    def among(self, words: npt.NDArray[np.intp]) -> Counted:
        """Copy the counts of some words, ascending, with each other."""
        parts = (self.pairs, self.probe, self.held_out)
        return Counted(*(None if part is None else part.among(words) for part in parts))  # type: ignore[arg-type]


def _where(
    kept: npt.NDArray[np.bool_], indptr: Int64, indices: Int32, values: Values
) -> Cooccurrence:
    """Copy some of the entries."""
    ends = np.concatenate([[0], np.cumsum(kept)])[indptr]
    return Cooccurrence(ends.astype(np.int64), indices[kept], values[kept])
