"""A step with each row of one matrix: Newton's, with a line search on the row's own loss.

A matrix, what its rows meet and their counts in; the matrix moved in place, with statistics of its
rows, out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import PairRows
from wordkin.engines.exact.sample import Sample
from wordkin.engines.exact.tiles import Array, Link, Tile, Tiles
from wordkin.system.types import Float64


@dataclasses.dataclass
class Factor:
    """One of the two matrices, with statistics of the last step of each row, (rows,) each."""

    A: Array
    loss: Float64  # summed over the pairs of the row, after the step
    log_z: Float64  # after the step, for softmax
    gradient: Float64  # squared norm before the step, times the pairs of the row

    ROW_STATISTICS: ClassVar = ("loss", "log_z", "gradient")

    @classmethod
    def of(cls, A: Array) -> Factor:
        """Return a matrix with statistics of zero, before any step."""
        return cls(A, *(np.zeros(len(A)) for _ in range(3)))

    def steepest(self, share: float) -> npt.NDArray[np.intp]:
        """Return the fewest rows that together have this share of the squared gradient."""
        order = np.argsort(-self.gradient, kind="stable")
        reached = np.cumsum(self.gradient[order])
        return np.sort(order[: 1 + np.searchsorted(reached, share * reached[-1])])


def step(
    tiles: Tiles,
    factor: Factor,
    B: Array,
    pairs: PairRows,
    n: Float64,
    link: Link,
    ridge: Float64,
    inverse: Array,
    expected: Array | None = None,
    sample: Sample | None = None,
    tick: Callable[[int], None] = lambda _: None,
) -> None:
    """Take a step with each row of a matrix, in place, at fixed B.

    Parameters
    ----------
    tiles : Tiles
    factor : Factor
        The matrix A, (rows, d).
    B : (columns, d) array
        The other matrix.
    pairs : PairRows
        The counts of these rows.
    n : (rows,) float64
        Their sums.
    link : Link
        The loss of the rows.
    ridge : (rows,) float64
        The penalty of the rows, per pair.
    inverse : (d, d) array
        The inverse of the shared curvature.
    expected : (rows, d) array, optional
        What the penalty pulls the rows to; zeros by default.
    sample : Sample, optional
        The rows of B that are met; all of them by default.
    tick : function of int
        Called with the number of rows done so far.
    """
    A, weights = factor.A, tiles.array(ridge)

    def work(tile: Tile, rows: slice) -> None:
        a, weight = A[rows], weights[rows]
        off = a if expected is None else a - expected[rows]
        with np.errstate(over="ignore", invalid="ignore"):  # reported after the pass
            g = tile.gradient() + weight[:, None] * off
            d = g @ inverse
            alpha = tile.search(d, weight * (off * d).sum(1), weight * (d * d).sum(1))
            A[rows] = a - alpha[:, None] * d
            factor.gradient[rows] = tiles.numpy((g * d).sum(1)) * n[rows]
        factor.loss[rows] = tile.loss
        factor.log_z[rows] = tile.log_z

    for rows in tiles.each(A, B, pairs, n, link, work, sample):
        tick(rows)


def step_rows(
    tiles: Tiles,
    factor: Factor,
    B: Array,
    pairs: PairRows,
    n: Float64,
    link: Link,
    ridge: Float64,
    inverse: Array,
    expected: Array | None,
    sample: Sample | None,
    rows: npt.NDArray[np.intp],
) -> None:
    """Take a step with the given rows only; parameters as in `step`."""
    some = Factor.of(factor.A[rows])
    pairs, link = pairs.some_rows(rows), link.of_rows(rows)
    expected = None if expected is None else expected[rows]
    step(tiles, some, B, pairs, n[rows], link, ridge[rows], inverse, expected, sample)
    factor.A[rows] = some.A
    for name in Factor.ROW_STATISTICS:
        getattr(factor, name)[rows] = getattr(some, name)
