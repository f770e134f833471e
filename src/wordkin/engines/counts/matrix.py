"""The sparse matrix of co-occurrence counts, in compressed rows, in memory or mapped from a file.

`Cooccurrence` is the matrix with the operations that the exact engine needs; `Counted` bundles the
matrices of one text.
"""

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
"""Counting a center's pairs stops, within a line, at the first pair that weighs less than this.

With subsampling, a pair at any distance has some weight; this is a billionth of one occurrence.
"""


@dataclass(frozen=True, eq=False)
class Cooccurrence:
    """The weights ``N_co`` of all pairs of a center ``c`` and an outside word ``o``, ``(V, V)``.

    In compressed sparse rows: row ``c`` has the entries ``indptr[c]`` to ``indptr[c + 1]``.
    Symmetric, except for rounding and for weights of about `NEGLIGIBLE`.

    Attributes
    ----------
    indptr : (V + 1,) int64
    indices : (nnz,) int32
        The outside words, ascending in each row.
    values : (nnz,) float32 or float64
        The weights, all above 0.
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
        """The number of different pairs that were counted."""
        return int(self.indptr[-1])

    @cached_property
    def row_sums(self) -> npt.NDArray[np.float64]:
        """``n_c``, the weight of all pairs with center ``c``, ``(V,)``, summed in float64."""
        return self._sum_rows(lambda _, values: values)

    @property
    def total(self) -> float:
        """The weight of all pairs."""
        return float(self.row_sums.sum())

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

    def as_scipy(self) -> Any:
        """Return the matrix as a `scipy.sparse.csr_matrix`; needs SciPy."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, self.indices, self.indptr), (self.size, self.size))


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
