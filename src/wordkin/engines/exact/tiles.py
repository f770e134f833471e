"""Tiles of the exact engine: the logits of some rows of one matrix against all rows of the other.

Rows, the other matrix and the counts of these rows in; losses, gradients and step lengths out.
NumPy, and so BLAS, computes the matrix products. The native kernels between them, with their
formulas, are in `src/core/kernels/tile.hpp`. `tiles_torch` does the same on a PyTorch device.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from wordkin._core import Tile32, Tile64
from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.system.machine import level

Array: TypeAlias = Any
"""A NumPy array or PyTorch tensor; the engine uses only operations that both have."""
LinkName: TypeAlias = Literal["softmax", "poisson", "logistic"]


class Link(NamedTuple):
    """The loss of a row as a function of its logits, with the parameters of the formula.

    `column` and `column_hit` have a float64 number for each column, `row` and `row_hit` for each
    row of the matrix.
    """

    name: LinkName
    column: npt.NDArray[np.float64] | None = None
    row: npt.NDArray[np.float64] | None = None
    row_hit: npt.NDArray[np.float64] | None = None
    column_hit: npt.NDArray[np.float64] | None = None

    def of_rows(self, rows: npt.NDArray[np.intp] | slice) -> Link:
        """Return the link with the parameters of the given rows only."""
        if self.row is None or self.row_hit is None:
            return self
        return self._replace(row=self.row[rows], row_hit=self.row_hit[rows])


class Tile(Protocol):
    """Some rows a of one matrix against all rows B of the other.

    Attributes
    ----------
    loss : (rows,) float64
        The loss of each row, summed over its pairs: at a after `measure` or `gradient`, and at the
        new point after `search`.
    log_z : (rows,) float64
        The log normaliser of each row, likewise; softmax only.
    """

    loss: npt.NDArray[np.float64]
    log_z: npt.NDArray[np.float64]

    def measure(self) -> None:
        """Compute the loss alone."""

    def gradient(self) -> Array:
        """Return the gradient of the loss per pair with respect to a, (rows, d)."""

    def search(self, d: Array, linear: Array, quadratic: Array) -> Array:
        """Return an approximate minimiser alpha, (rows,), of the penalised loss at a - alpha d.

        The penalty contributes - alpha linear + alpha² quadratic / 2; all three have a number per
        row.
        """


class Tiles(Protocol):
    """A device that computes tiles, with its arrays."""

    def array(self, x: npt.NDArray[Any]) -> Array:
        """Return a copy or view in the engine's precision, on the device."""

    def numpy(self, x: Array) -> npt.NDArray[Any]:
        """Return a NumPy array."""

    def each(
        self,
        A: Array,
        B: Array,
        pairs: Cooccurrence,
        n: npt.NDArray[np.float64],
        link: Link,
        work: Callable[[Tile, slice], None],
    ) -> Iterator[int]:
        """Call `work` for each tile of A against B; yield the number of rows done so far.

        Parameters
        ----------
        A, B : (rows, d), (V, d) arrays
        pairs : Cooccurrence
            The counts of the rows of A.
        n : (rows,) float64
            Their sums.
        link : Link
        work : function
            Called with each tile, and the slice of its rows. `NativeTiles` call it in threads.
        """


def tile_rows(columns: int, itemsize: int) -> int:
    """Return the rows of a tile: up to 512, for fast matrix products, within 128 MB."""
    return max(16, min(512, (1 << 27) // (columns * itemsize) // 16 * 16))


class NativeTiles:
    """Tiles on the CPU, several at a time, one per thread.

    Parameters
    ----------
    threads : int
    dtype : {np.float32, np.float64}
    rows : int or None
        Rows of a tile; None for `tile_rows`. It affects results by rounding only, as BLAS may sum
        small products in another order.
    """

    def __init__(self, threads: int, dtype: type[Any], rows: int | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self.level = level()
        self._rows = rows
        self._pool = ThreadPoolExecutor(threads)
        self._scratch: queue.SimpleQueue[tuple[Array, Array]] = queue.SimpleQueue()
        for _ in range(threads):
            self._scratch.put((np.empty(0, dtype), np.empty(0, dtype)))

    @classmethod
    @contextmanager
    def opened(
        cls, threads: int, dtype: type[Any], rows: int | None = None
    ) -> Iterator[NativeTiles]:
        """Open tiles as a context manager, with BLAS on one thread, for a fixed order of sums."""
        tiles = cls(threads, dtype, rows)
        try:
            with threadpool_limits(1, "blas"):
                yield tiles
        finally:
            tiles._pool.shutdown(cancel_futures=True)

    def array(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a contiguous array in the engine's precision."""
        return np.ascontiguousarray(x, dtype=self.dtype)

    def numpy(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the array itself."""
        return x

    def each(
        self,
        A: npt.NDArray[Any],
        B: npt.NDArray[Any],
        pairs: Cooccurrence,
        n: npt.NDArray[np.float64],
        link: Link,
        work: Callable[[Tile, slice], None],
    ) -> Iterator[int]:
        """Call `work` for each tile, in threads; see `Tiles.each`."""
        step = self._rows or tile_rows(len(B), self.dtype.itemsize)
        # BLAS multiplies a single row by another routine, with sums in another order: so the last
        # tile takes a row from the one before.
        cuts: list[int] = [*range(0, len(A), step), len(A)]
        if len(cuts) > 2 and cuts[-1] - cuts[-2] == 1:
            cuts[-2] -= 1
        parts = {
            "n": self.array(n),
            "column": self._array(link.column),
            "row": self._array(link.row),
            "row_hit": self._array(link.row_hit),
            "column_hit": self._array(link.column_hit),
        }

        def one(at: int) -> int:
            rows = slice(cuts[at], cuts[at + 1])
            scratch = self._scratch.get()
            try:
                size = step * len(B)
                if scratch[0].size < size:
                    scratch = (np.empty(size, self.dtype), np.empty(size, self.dtype))
                work(NativeTile(self.level, A, B, pairs, link.name, parts, rows, scratch), rows)
            finally:
                self._scratch.put(scratch)
            return cuts[at + 1]

        yield from self._pool.map(one, range(len(cuts) - 1))

    def _array(self, x: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
        return np.empty(0, self.dtype) if x is None else self.array(x)


class NativeTile:
    """A tile on the CPU; see `Tile`."""

    def __init__(
        self,
        instruction_set: str,
        A: npt.NDArray[Any],
        B: npt.NDArray[Any],
        pairs: Cooccurrence,
        link: LinkName,
        parts: dict[str, npt.NDArray[Any]],
        rows: slice,
        scratch: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    ) -> None:
        shape = (rows.stop - rows.start, len(B))
        x, self._other = (s[: shape[0] * shape[1]].reshape(shape) for s in scratch)
        # OpenBLAS reads beyond the end of short float32 vectors, and what it finds there may raise
        # the invalid flag, although the product is correct.
        with np.errstate(invalid="ignore"):
            np.matmul(A[rows], B.T, out=x)
        indptr, indices, values = pairs.rows(rows.start, rows.stop)
        row, row_hit = (
            part[rows] if len(part) else part for part in (parts["row"], parts["row_hit"])
        )
        kernel = Tile32 if A.dtype == np.float32 else Tile64
        self._kernel = kernel(
            x,
            indptr - indptr[0],
            indices,
            values.astype(A.dtype, copy=False),
            parts["n"][rows],
            parts["column"],
            row,
            row_hit,
            parts["column_hit"],
        )
        self._B = B
        self._how = (instruction_set, link)
        self.loss = np.zeros(shape[0])
        self.log_z = np.zeros(shape[0])

    def measure(self) -> None:
        """Compute the loss alone."""
        self._kernel.residual(*self._how, self._other, self.loss, self.log_z)

    def gradient(self) -> npt.NDArray[Any]:
        """Return the gradient of the loss per pair with respect to a, (rows, d)."""
        self.measure()
        return np.asarray(self._other @ self._B)

    def search(
        self, d: npt.NDArray[Any], linear: npt.NDArray[Any], quadratic: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        """Return an approximate minimiser alpha, (rows,), of the penalised loss at a - alpha d."""
        np.matmul(d, self._B.T, out=self._other)
        alpha = np.empty(len(d), d.dtype)
        self._kernel.search(
            *self._how,
            self._other,
            linear.astype(np.float64),
            quadratic.astype(np.float64),
            alpha,
            self.loss,
            self.log_z,
        )
        return alpha
