"""TODO engines.exact.descent."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.problem import Problem
from wordkin.engines.exact.tiles import Array, Link, Tile, Tiles
from wordkin.engines.outcome import Pass
from wordkin.engines.run import Kept
from wordkin.system.errors import DivergenceError
from wordkin.system.progress import Progress
from wordkin.system.types import Float64

FOCUSED = 2
"""Sweeps of a pass over the rows that have most to gain, before the one over all rows."""
URGENT = 0.5
"""They have this share of the squared gradient; less than a tenth of the rows."""
DAMPING = 0.1
"""Of the shared curvature: this share of its mean is added to its diagonal."""


# ---- descent -------------------------------------------------------------------------------------


@dataclasses.dataclass
class Side:
    """One matrix while the other is fixed, and what the last steps of its rows told."""

    A: Array
    loss: Float64  # of each row, summed over its pairs, after its step
    log_z: Float64
    gradient: Float64  # squared norm of each row's, times its pairs

    SUMS: ClassVar = ("loss", "log_z", "gradient")

    @classmethod
    def of(cls, A: Array) -> Side:
        """Begin with a matrix of which nothing is known yet."""
        return cls(A, *(np.zeros(len(A)) for _ in range(3)))

    def urgent(self, share: float) -> npt.NDArray[np.intp]:
        """Return the fewest rows that have this share of all the squared gradients' sum."""
        order = np.argsort(-self.gradient, kind="stable")
        reached = np.cumsum(self.gradient[order])
        return np.sort(order[: 1 + np.searchsorted(reached, share * reached[-1])])


def step(
    tiles: Tiles,
    side: Side,
    B: Array,
    pairs: Cooccurrence,
    n: Float64,
    link: Link,
    ridge: Float64,
    inverse: Array,
    tick: Callable[[int], None] = lambda _: None,
) -> None:
    """Take a step with each row of one side, at fixed B."""
    A, weights = side.A, tiles.array(ridge)

    def work(tile: Tile, rows: slice) -> None:
        a, weight = A[rows], weights[rows]
        with np.errstate(over="ignore", invalid="ignore"):  # without a ridge; found after the pass
            g = tile.gradient() + weight[:, None] * a
            d = g @ inverse
            alpha = tile.search(d, weight * (a * d).sum(1), weight * (d * d).sum(1))
            A[rows] = a - alpha[:, None] * d
            side.gradient[rows] = tiles.numpy((g * d).sum(1)) * n[rows]
        side.loss[rows] = tile.loss
        side.log_z[rows] = tile.log_z

    for rows in tiles.each(A, B, pairs, n, link, work):
        tick(rows)


def step_some(
    tiles: Tiles,
    side: Side,
    B: Array,
    pairs: Cooccurrence,
    n: Float64,
    link: Link,
    ridge: Float64,
    inverse: Array,
    rows: npt.NDArray[np.intp],
) -> None:
    """Take a step with some rows of one side."""
    some = Side.of(side.A[rows])
    step(tiles, some, B, pairs.some_rows(rows), n[rows], link.of_rows(rows), ridge[rows], inverse)
    side.A[rows] = some.A
    for mine, theirs in (
        (side.loss, some.loss),
        (side.log_z, some.log_z),
        (side.gradient, some.gradient),
    ):
        mine[rows] = theirs


class Descent:
    """Both matrices on the way down, for the words of one problem."""

    def __init__(
        self,
        tiles: Tiles,
        problem: Problem,
        center: Side,
        outside: Side,
        weight: float,
        progress: Progress,
    ) -> None:
        self._tiles = tiles
        self._problem = problem
        self._weight = weight
        self._progress = progress
        self._ridge = problem.ridge(weight)
        self._number = 0
        self.loss = self.penalty = math.nan
        self.center, self.outside = center, outside

    @classmethod
    def begun(
        cls,
        tiles: Tiles,
        problem: Problem,
        V: Array,
        U: Array,
        weight: float,
        progress: Progress,
    ) -> Descent:
        """Begin from two matrices, with a first step of the center rows."""
        descent = cls(tiles, problem, Side.of(V), Side.of(U), weight, progress)
        descent._step_centers()
        descent._measure()
        return descent

    @classmethod
    def resumed(
        cls, tiles: Tiles, problem: Problem, kept: Kept, weight: float, progress: Progress
    ) -> Descent:
        """Go on from what `state` gave."""

        def side(name: str) -> Side:
            rest = (kept.tensors[f"{name}_{what}"] for what in Side.SUMS)
            return Side(tiles.array(kept.tensors[name]), *rest)

        descent = cls(tiles, problem, side("center"), side("outside"), weight, progress)
        descent._number, descent.loss, descent.penalty = (
            kept.facts[name] for name in ("number", "loss", "penalty")
        )
        return descent

    def state(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return arrays and plain data, from which `resumed` goes on."""
        tensors = {}
        for name, side in (("center", self.center), ("outside", self.outside)):
            tensors[name] = self._tiles.numpy(side.A)
            tensors |= {f"{name}_{what}": getattr(side, what) for what in Side.SUMS}
        return tensors, {"number": self._number, "loss": self.loss, "penalty": self.penalty}

    def run_pass(self) -> Pass:
        """Take steps with the rows that have most to gain, then with all."""
        began = time.perf_counter()
        self._number += 1
        for _ in range(FOCUSED if self._number > 1 else 0):
            self._step_outside(self.outside.urgent(URGENT))
            self._step_centers(self.center.urgent(URGENT))
        self._step_outside()
        self._step_centers()
        self._measure()
        if not math.isfinite(self.loss):
            raise DivergenceError(
                f"training diverged in pass {self._number} over {len(self._problem):,} words: the"
                " loss is no longer finite; set a larger ridge"
            )
        gradient = self.center.gradient.sum() + self.outside.gradient.sum()
        return Pass(
            len(self._problem),
            self.loss,
            self.penalty,
            self._weight,
            float(gradient) / self._problem.total,
            time.perf_counter() - began,
        )

    def extended_to(self, problem: Problem) -> tuple[Array, Array]:
        """Return matrices with more words: rows as for words so frequent, then a step of theirs.

        It is taken against the words known before.
        """
        tiles, known, old = self._tiles, self._problem, len(self._problem)
        ridge = problem.ridge(self._weight)[old:]
        between = problem.pairs.block(old, len(problem), old)
        matrices = []
        for side, other, link, wide in (
            (self.center, self.outside, known.center_link(), problem.center_link()),
            (
                self.outside,
                self.center,
                known.outside_link(self.center.log_z),
                problem.outside_link(np.zeros(len(problem))),
            ),
        ):
            rows = tiles.numpy(side.A)
            fresh = Side.of(tiles.array(rows_by_frequency(rows, known.n, problem.n[old:])))
            of_fresh = wide.of_rows(slice(old, None))
            link = link._replace(row=of_fresh.row, row_hit=of_fresh.row_hit)
            inverse = self._inverse_curvature(other, link)
            n = between.row_sums
            step(tiles, fresh, other.A, between, n, link, ridge, inverse)
            matrices.append(tiles.array(np.concatenate([rows, tiles.numpy(fresh.A)])))
        return matrices[0], matrices[1]

    def _step_centers(self, rows: npt.NDArray[np.intp] | None = None) -> None:
        self._step(self.center, self.outside, self._problem.center_link(), rows)

    def _step_outside(self, rows: npt.NDArray[np.intp] | None = None) -> None:
        link = self._problem.outside_link(self.center.log_z)
        self._step(self.outside, self.center, link, rows)

    def _step(self, side: Side, other: Side, link: Link, rows: npt.NDArray[np.intp] | None) -> None:
        problem, inverse = self._problem, self._inverse_curvature(other, link)
        what = (self._tiles, side, other.A, problem.pairs, problem.n, link, self._ridge, inverse)
        if rows is None:
            half = 0.0 if side is self.outside else 0.5

            def tick(done: int) -> None:
                share = half + done / len(problem) / 2
                self._progress.descending(len(problem), self._number, share, self.loss)

            step(*what, tick)
        else:
            step_some(*what, rows)

    def _inverse_curvature(self, other: Side, link: Link) -> Array:
        """Return the inverse of the curvature that rows are taken to share, (d, d).

        For a row with the probabilities n / Σn it is exact: their covariance of the other rows,
        or their second moment where a row's loss has no normalising sum.
        """
        n = self._problem.n
        share = n / n.sum()
        B = self._tiles.numpy(other.A).astype(np.float64)
        H = (B * share[:, None]).T @ B
        if link.name == "softmax":
            mean = share @ B
            H -= np.outer(mean, mean)
        d = len(H)
        added = DAMPING * np.trace(H) / d + float(share @ self._ridge)
        return self._tiles.array(np.linalg.inv(H + max(added, 1e-30) * np.eye(d)))

    def _measure(self) -> None:
        """Sum the losses up, and the penalties."""
        n = self._problem.n
        squares = sum(
            np.square(self._tiles.numpy(side.A).astype(np.float64)).sum(axis=1)
            for side in (self.center, self.outside)
        )
        self.loss = float(self.center.loss.sum()) / self._problem.total
        self.penalty = float((n * self._ridge / 2) @ squares) / self._problem.total


def rows_by_frequency(A: npt.NDArray[Any], known: Float64, n: Float64) -> npt.NDArray[Any]:
    """Return rows for words with n pairs, from those of the rarer half of the known words.

    A straight line of log n for each number of a row: this carries on the bias of rare words.
    """
    half = slice(len(A) // 2, None)
    x, rows = np.log(np.maximum(known[half], 1e-3)), A[half].astype(np.float64)
    x_mean, mean = x.mean(), rows.mean(axis=0)
    spread = float(np.square(x - x_mean).sum())
    slope = (x - x_mean) @ (rows - mean) / spread if spread > 0 else np.zeros_like(mean)
    return np.asarray(mean + np.outer(np.log(np.maximum(n, 1e-3)) - x_mean, slope))
