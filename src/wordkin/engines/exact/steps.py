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


@dataclasses.dataclass
class Regression:
    """The convex problem of each of some rows, at a fixed other matrix.

    Attributes
    ----------
    pairs : PairRows
        The counts of the rows.
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
        The rows of the other matrix that are met; all of them by default.
    """

    pairs: PairRows
    n: Float64
    link: Link
    ridge: Float64
    inverse: Array
    expected: Array | None = None
    sample: Sample | None = None

    def of_rows(self, rows: npt.NDArray[np.intp]) -> Regression:
        """Return the problems of the given rows only."""
        return dataclasses.replace(
            self,
            pairs=self.pairs.some_rows(rows),
            n=self.n[rows],
            link=self.link.of_rows(rows),
            ridge=self.ridge[rows],
            expected=None if self.expected is None else self.expected[rows],
        )


def step(
    tiles: Tiles,
    factor: Factor,
    B: Array,
    problem: Regression,
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
    problem : Regression
        Of the rows of A.
    tick : function of int
        Called with the number of rows done so far.
    """
    A, n, weights = factor.A, problem.n, tiles.array(problem.ridge)

    def work(tile: Tile, rows: slice) -> None:
        a, weight = A[rows], weights[rows]
        off = a if problem.expected is None else a - problem.expected[rows]
        with np.errstate(over="ignore", invalid="ignore"):  # reported after the pass
            g = tile.gradient() + weight[:, None] * off
            d = g @ problem.inverse
            alpha = tile.search(d, weight * (off * d).sum(1), weight * (d * d).sum(1))
            A[rows] = a - alpha[:, None] * d
            factor.gradient[rows] = tiles.numpy((g * d).sum(1)) * n[rows]
        factor.loss[rows] = tile.loss
        factor.log_z[rows] = tile.log_z

    for rows in tiles.each(A, B, problem.pairs, n, problem.link, work, problem.sample):
        tick(rows)


def step_rows(
    tiles: Tiles, factor: Factor, B: Array, problem: Regression, rows: npt.NDArray[np.intp]
) -> None:
    """Take a step with the given rows only; parameters as in `step`."""
    some = Factor.of(factor.A[rows])
    step(tiles, some, B, problem.of_rows(rows))
    factor.A[rows] = some.A
    for name in Factor.ROW_STATISTICS:
        getattr(factor, name)[rows] = getattr(some, name)
