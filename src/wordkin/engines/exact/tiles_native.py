"""Tiles on the CPU, several at a time, one per thread.

NumPy, and so BLAS, computes the matrix products. The native kernels between them, with their
formulas, are in `src/core/kernels/tile.hpp`; those for the pairs of rows that meet a sample are in
`pairs.cpp` beside it.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from wordkin._core import SampledPairs32, SampledPairs64, Tile32, Tile64
from wordkin.engines.counts.matrix import PairRows
from wordkin.engines.exact.sample import Sample
from wordkin.engines.exact.tiles import Link, LinkName, Tile
from wordkin.system.machine import level
from wordkin.system.types import Int32, Int64


def tile_rows(columns: int, itemsize: int) -> int:
    """Return the rows of a tile: up to 512, for fast matrix products, within 128 MB."""
    return max(16, min(512, (1 << 27) // (columns * itemsize) // 16 * 16))


class NativeTiles:
    """Tiles on the CPU; see `Tiles`.

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
        self._scratch: queue.SimpleQueue[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = (
            queue.SimpleQueue()
        )
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

    def samples(self, link: Link) -> bool:
        """Whether the terms of a word can be weighed: so far not those of negatives."""
        return link.name != "logistic"

    def each(
        self,
        A: npt.NDArray[Any],
        B: npt.NDArray[Any],
        pairs: PairRows,
        n: npt.NDArray[np.float64],
        link: Link,
        work: Callable[[Tile, slice], None],
        sample: Sample | None = None,
    ) -> Iterator[int]:
        """Call `work` for each tile, in threads; see `Tiles.each`."""
        parts = (link.column, link.row, link.row_hit, link.column_hit)
        arrays = (self.array(np.empty(0) if part is None else part) for part in parts)
        side = _Side(self.level, link.name, A, B, pairs, self.array(n), *arrays)
        if sample is not None:
            side = _SampledSide.of(side, sample)
        widths = side.widths()
        cuts = self._cuts(widths)

        def one(at: int) -> int:
            rows = slice(cuts[at], cuts[at + 1])
            shape = rows.stop - rows.start, int(widths[rows].max())
            size = shape[0] * shape[1]
            scratch = self._scratch.get()
            try:
                if scratch[0].size < size:
                    scratch = (np.empty(size, self.dtype), np.empty(size, self.dtype))
                x, other = (s[:size].reshape(shape) for s in scratch)
                work(side.tile(rows, x, other), rows)
            finally:
                self._scratch.put(scratch)
            return cuts[at + 1]

        yield from self._pool.map(one, range(len(cuts) - 1))

    def _cuts(self, widths: npt.NDArray[np.int64]) -> list[int]:
        """Return where rows with so many logits each are cut into tiles, both ends included."""
        cuts = [0]
        while cuts[-1] < len(widths):
            rows = self._rows
            if rows is None:
                rows = tile_rows(int(widths[cuts[-1]]), self.dtype.itemsize)
                widest = int(widths[cuts[-1] : cuts[-1] + rows].max())
                rows = tile_rows(widest, self.dtype.itemsize)
            cuts.append(min(cuts[-1] + rows, len(widths)))
        # BLAS multiplies a single row by another routine, with sums in another order: so the last
        # tile takes a row from the one before.
        if len(cuts) > 2 and cuts[-1] - cuts[-2] == 1:
            cuts[-2] -= 1
        return cuts


@dataclass(frozen=True)
class _Side:
    """The rows of A, what they meet, and the parameters of their link, in the tiles' precision."""

    level: str
    link: LinkName
    A: npt.NDArray[Any]
    B: npt.NDArray[Any]
    pairs: PairRows
    n: npt.NDArray[Any]
    column: npt.NDArray[Any]
    row: npt.NDArray[Any]
    row_hit: npt.NDArray[Any]
    column_hit: npt.NDArray[Any]

    def widths(self) -> npt.NDArray[np.int64]:
        """Return for how many logits each row needs room, (rows,)."""
        return np.full(len(self.A), len(self.B))

    def tile(self, rows: slice, x: npt.NDArray[Any], other: npt.NDArray[Any]) -> NativeTile:
        """Return the tile of some rows, which works in two arrays, (rows, width) each."""
        return NativeTile(self, rows, x, other)


class NativeTile:
    """A tile on the CPU; see `Tile`."""

    def __init__(
        self, side: _Side, rows: slice, x: npt.NDArray[Any], other: npt.NDArray[Any]
    ) -> None:
        self._side, self._other = side, other
        indptr, words, values = side.pairs.rows(rows.start, rows.stop)
        indptr = indptr - indptr[0]
        at, lengths = self._meet(side.A[rows], rows, indptr, words, x)
        row, row_hit = (part[rows] if len(part) else part for part in (side.row, side.row_hit))
        kernel = Tile32 if x.dtype == np.float32 else Tile64
        self._kernel = kernel(
            x,
            indptr,
            at,
            values.astype(x.dtype, copy=False),
            side.n[rows],
            side.column[: x.shape[1]],
            row,
            row_hit,
            side.column_hit,
            lengths,
        )
        self._how = (side.level, side.link)
        self.loss = np.zeros(len(x))
        self.log_z = np.zeros(len(x))

    def measure(self) -> None:
        """Compute the loss alone."""
        self._kernel.residual(*self._how, self._other, self.loss, self.log_z)

    def gradient(self) -> npt.NDArray[Any]:
        """Return the gradient of the loss per pair with respect to a, (rows, d)."""
        self.measure()
        return self._gather()

    def search(
        self, d: npt.NDArray[Any], linear: npt.NDArray[Any], quadratic: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        """Return an approximate minimiser alpha, (rows,), of the penalised loss at a - alpha d."""
        self._change(d)
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

    def _meet(
        self, a: npt.NDArray[Any], rows: slice, indptr: Int64, words: Int32, x: npt.NDArray[Any]
    ) -> tuple[Int32, Int64]:
        """Write the logits; return where those of the pairs stand, and how many each row has."""
        _multiply(a, self._side.B, x)
        return words, np.empty(0, np.int64)  # all of them

    def _gather(self) -> npt.NDArray[Any]:
        """Return the residual times the rows that were met."""
        return np.asarray(self._other @ self._side.B)

    def _change(self, d: npt.NDArray[Any]) -> None:
        """Write by how much the logits change along d."""
        _multiply(d, self._side.B, self._other)


@dataclass(frozen=True)
class _SampledSide(_Side):
    """A side whose rows meet a sample of B, and the words of their own pairs.

    The weights of the sample, and a column's part of a Poisson regression, are the bias of a logit.
    """

    drawn: npt.NDArray[Any]  # (M, d)
    biased: npt.NDArray[Any]  # (M, d + 1), to be met by rows with a 1 at the end
    place: Int32  # (V,)
    log_weight: npt.NDArray[Any]  # (M,)
    of_pairs: npt.NDArray[Any]  # the bias of a logit beyond the sample, (V,), or empty

    @classmethod
    def of(cls, side: _Side, sample: Sample) -> _SampledSide:
        """Return a side that meets the sample instead of all."""
        words, dtype = sample.words, side.A.dtype
        log_weight = sample.log_weight.astype(dtype)
        bias = log_weight + side.column[words] if len(side.column) else log_weight
        place = np.full(len(side.B), -1, np.int32)
        place[words] = np.arange(len(words), dtype=np.int32)
        drawn = side.B[words]
        parts = dict(vars(side))
        parts["column"] = np.zeros(len(words) + len(side.B) if len(side.column) else 0, dtype)
        biased = np.concatenate([drawn, bias[:, None]], axis=1)
        return cls(
            **parts,
            drawn=drawn,
            biased=biased,
            place=place,
            log_weight=log_weight,
            of_pairs=side.column,
        )

    def widths(self) -> npt.NDArray[np.int64]:
        """Return for how many logits each row needs room, (rows,): the sample's, and its pairs'."""
        sampled = len(self.drawn)
        return sampled + np.minimum(self.pairs.lengths, len(self.B) - sampled)

    def tile(self, rows: slice, x: npt.NDArray[Any], other: npt.NDArray[Any]) -> NativeTile:
        """Return the tile of some rows, which works in two arrays, (rows, width) each."""
        return _SampledTile(self, rows, x, other)


class _SampledTile(NativeTile):
    """A tile of rows that meet a sample."""

    _side: _SampledSide

    def _meet(
        self, a: npt.NDArray[Any], rows: slice, indptr: Int64, words: Int32, x: npt.NDArray[Any]
    ) -> tuple[Int32, Int64]:
        side = self._side
        _multiply(np.concatenate([a, np.ones((len(a), 1), a.dtype)], axis=1), side.biased, x)
        pairs = SampledPairs32 if x.dtype == np.float32 else SampledPairs64
        self._pairs = pairs(indptr, words, side.place, side.log_weight)
        at, lengths = self._pairs.place(side.level, x)
        self._pairs.multiply(side.level, a, side.B, side.of_pairs, x)
        return at, lengths

    def _gather(self) -> npt.NDArray[Any]:
        side = self._side
        g = np.asarray(self._other[:, : len(side.drawn)] @ side.drawn)
        self._pairs.add(side.level, self._other, side.B, g)
        return g

    def _change(self, d: npt.NDArray[Any]) -> None:
        side = self._side
        _multiply(d, side.drawn, self._other)
        self._pairs.multiply(side.level, d, side.B, np.empty(0, d.dtype), self._other)


def _multiply(a: npt.NDArray[Any], B: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Write a Bᵀ into the first columns of `out`."""
    # OpenBLAS reads beyond the end of short float32 vectors, and what it finds there may raise the
    # invalid flag, although the product is correct.
    with np.errstate(invalid="ignore"):
        np.matmul(a, B.T, out=out[:, : len(B)])
