"""Descent over the counts of one vocabulary: passes of Newton steps with line search, row by row.

A problem, tiles and two initial matrices in; improved matrices and a `Pass` per pass out. `stages`
runs it on one vocabulary size after the other.
"""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import PairRows
from wordkin.engines.exact.loss import mean_pair_loss
from wordkin.engines.exact.priors import Prior, ZeroPrior
from wordkin.engines.exact.problem import Problem
from wordkin.engines.exact.sample import Sample, Sampler
from wordkin.engines.exact.steps import Factor, Regression, step, step_rows
from wordkin.engines.exact.tiles import Array, Link, Tiles
from wordkin.engines.outcome import Pass
from wordkin.engines.run import Checkpoint
from wordkin.system.errors import DivergenceError
from wordkin.system.progress import Progress
from wordkin.system.types import Float64

FOCUSED_SWEEPS = 2
"""Sweeps per pass over the rows with the largest gradients, before the sweep over all rows."""
FOCUSED_SHARE = 0.5
"""The share of the squared gradient that these rows have; they are less than a tenth of all."""
PRIOR = "prior_"
"""What the names of a prior's arrays begin with in a checkpoint."""
DAMPING = 0.1
"""The damping of the shared curvature: this share of its mean is added to its diagonal."""


class Descent:
    """The alternating descent on both matrices, for the words of one problem."""

    def __init__(
        self,
        tiles: Tiles,
        problem: Problem,
        center: Factor,
        outside: Factor,
        weight: float,
        progress: Progress,
        prior: Prior | None = None,
        sampler: Sampler | None = None,
    ) -> None:
        self._tiles = tiles
        self._problem = problem
        self.ridge = weight
        self._progress = progress
        self._ridges = problem.ridge(weight), problem.outside_ridge(weight)
        self._number = 0
        self.loss = self.penalty = math.nan
        self.center, self.outside = center, outside
        self._prior = prior or ZeroPrior()
        self._sampler = sampler or Sampler(0, 0)
        self._sampler.begin(len(problem), 0)
        self._expect()

    @classmethod
    def from_matrices(
        cls,
        tiles: Tiles,
        problem: Problem,
        V: Array,
        U: Array,
        weight: float,
        progress: Progress,
        prior: Prior | None = None,
        sampler: Sampler | None = None,
    ) -> Descent:
        """Start from two matrices, (V, d) and (outside words, d), with a step of all centers."""
        both = Factor.of(V), Factor.of(U)
        descent = cls(tiles, problem, *both, weight, progress, prior, sampler)
        descent._step_centers()
        descent._measure()
        return descent

    @classmethod
    def from_checkpoint(
        cls,
        tiles: Tiles,
        problem: Problem,
        checkpoint: Checkpoint,
        weight: float,
        progress: Progress,
        prior: Prior | None = None,
        sampler: Sampler | None = None,
    ) -> Descent:
        """Resume from what `state` returned."""

        def factor(name: str) -> Factor:
            rest = (checkpoint.tensors[f"{name}_{what}"] for what in Factor.ROW_STATISTICS)
            return Factor(tiles.array(checkpoint.tensors[name]), *rest)

        if prior is not None:
            names = [name for name in checkpoint.tensors if name.startswith(PRIOR)]
            prior.restore({name[len(PRIOR) :]: checkpoint.tensors[name] for name in names})
        both = factor("center"), factor("outside")
        descent = cls(tiles, problem, *both, weight, progress, prior, sampler)
        descent._number, descent.loss, descent.penalty = (
            checkpoint.facts[name] for name in ("number", "loss", "penalty")
        )
        return descent

    def state(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return the arrays and plain data that `from_checkpoint` takes."""
        tensors = {}
        for name, factor in (("center", self.center), ("outside", self.outside)):
            tensors[name] = self._tiles.numpy(factor.A)
            tensors |= {f"{name}_{what}": getattr(factor, what) for what in Factor.ROW_STATISTICS}
        tensors |= {PRIOR + name: value for name, value in self._prior.state().items()}
        return tensors, {"number": self._number, "loss": self.loss, "penalty": self.penalty}

    def run_pass(self) -> Pass:
        """Step the rows with the largest gradients, then all rows.

        Raises
        ------
        DivergenceError
            If the loss stops being finite.
        """
        began = time.perf_counter()
        self._number += 1
        self._sampler.begin(len(self._problem), self._number)
        self._prior.fit(self._tiles.numpy(self.center.A), self._problem.n)
        self._expect()
        for _ in range(FOCUSED_SWEEPS if self._number > 1 else 0):
            self._step_outside(self.outside.steepest(FOCUSED_SHARE))
            self._step_centers(self.center.steepest(FOCUSED_SHARE))
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
            self.ridge,
            float(gradient) / self._problem.total,
            time.perf_counter() - began,
            sampled=self.samples,
        )

    @property
    def samples(self) -> bool:
        """Whether the rows of a pass meet a sample of the other matrix."""
        return self._tiles.samples(self._problem.center_link()) and self._sampler.samples(
            len(self._problem.outside_n)
        )

    def measured(self, record: Pass) -> Pass:
        """Measure the loss over all outside words; return the record with it."""
        began = time.perf_counter()
        self.loss = mean_pair_loss(self._tiles, self._problem, self.center.A, self.outside.A)
        seconds = record.seconds + time.perf_counter() - began
        return dataclasses.replace(record, loss=self.loss, seconds=seconds, sampled=False)

    def sample_outside(self) -> Sample | None:
        """Draw what stands for all outside words, as in a pass; None if all are met."""
        return self._draw(self._problem.outside_n, self._problem.center_link())

    def extend(self, problem: Problem) -> tuple[Array, Array]:
        """Return both matrices with rows for the additional words of a larger problem.

        The new rows are extrapolated from the old ones by word frequency, and take one step against
        the old rows of the other matrix.
        """
        tiles, smaller, old = self._tiles, self._problem, len(self._problem)
        self._sampler.begin(old, self._number + 1)
        ridges = problem.ridge(self.ridge), problem.outside_ridge(self.ridge)
        pairs = problem.counted.between(old)
        matrices = []
        for factor, other, link, wide, new_n, ridge, between in (
            (
                self.center,
                self.outside,
                smaller.center_link(),
                problem.center_link(),
                problem.n,
                ridges[0],
                pairs[0],
            ),
            (
                self.outside,
                self.center,
                smaller.outside_link(self.center.log_z),
                problem.outside_link(np.zeros(len(problem))),
                problem.outside_n,
                ridges[1],
                pairs[1],
            ),
        ):
            new = np.flatnonzero(np.arange(len(new_n)) % len(problem) >= old)  # of all sides
            rows, expected = tiles.numpy(factor.A), None
            sides = len(rows) // old
            if factor is self.center and (predicted := self._prior.predict(problem.n)) is not None:
                expected = tiles.array(predicted[old:])
                fresh = Factor.of(tiles.array(predicted[old:].copy()))
            else:
                n = self._half(factor)[1]
                parts = zip(*(np.split(x, sides) for x in (rows, n, new_n[new])), strict=True)
                start = np.concatenate([extrapolate_rows(*part) for part in parts])
                fresh = Factor.of(tiles.array(start))
            of_fresh = wide.of_rows(new)
            link = link._replace(row=of_fresh.row, row_hit=of_fresh.row_hit)
            regression = Regression(
                between,
                between.row_sums,
                link,
                ridge[new],
                self._inverse_curvature(other, link),
                expected,
                self._draw(self._half(other)[1], link),
            )
            step(tiles, fresh, other.A, regression)
            parts = zip(*(np.split(x, sides) for x in (rows, tiles.numpy(fresh.A))), strict=True)
            matrices.append(tiles.array(np.concatenate([x for part in parts for x in part])))
        return matrices[0], matrices[1]

    def _step_centers(self, rows: npt.NDArray[np.intp] | None = None) -> None:
        self._step(self.center, self.outside, self._problem.center_link(), rows)

    def _step_outside(self, rows: npt.NDArray[np.intp] | None = None) -> None:
        link = self._problem.outside_link(self.center.log_z)
        self._step(self.outside, self.center, link, rows)

    def _step(
        self, factor: Factor, other: Factor, link: Link, rows: npt.NDArray[np.intp] | None
    ) -> None:
        pairs, n, ridge = self._half(factor)
        regression = Regression(
            pairs,
            n,
            link,
            ridge,
            self._inverse_curvature(other, link),
            self._expected if factor is self.center else None,
            self._draw(self._half(other)[1], link),
        )
        if rows is not None:
            step_rows(self._tiles, factor, other.A, regression, rows)
            return
        half = 0.0 if factor is self.outside else 0.5

        def tick(done: int) -> None:
            share = half + done / len(factor.A) / 2
            self._progress.descending(len(self._problem), self._number, share, self.loss)

        step(self._tiles, factor, other.A, regression, tick)

    def _draw(self, n: Float64, link: Link) -> Sample | None:
        """Draw what rows with this link meet of a matrix whose rows have n pairs each."""
        return self._sampler.draw(n) if self._tiles.samples(link) else None

    def _inverse_curvature(self, other: Factor, link: Link) -> Array:
        """Return the inverse of the curvature that all rows are assumed to share, (d, d).

        The curvature is the covariance of the other matrix's rows under the distribution n / Σn,
        or their second moment where the loss has no normaliser. It is exact for a row that predicts
        this distribution.
        """
        _, n, ridge = self._half(other)
        share = n / n.sum()
        B = self._tiles.numpy(other.A).astype(np.float64)
        H = (B * share[:, None]).T @ B
        if link.name == "softmax":
            mean = share @ B
            H -= np.outer(mean, mean)
        d = len(H)
        added = DAMPING * np.trace(H) / d + float(share @ ridge)
        return self._tiles.array(np.linalg.inv(H + max(added, 1e-30) * np.eye(d)))

    def _half(self, factor: Factor) -> tuple[PairRows, Float64, Float64]:
        """Return the counts of the rows of a matrix, their sums, and their ridge per pair."""
        problem = self._problem
        if factor is self.center:
            return problem.pairs, problem.n, self._ridges[0]
        return problem.outside_pairs, problem.outside_n, self._ridges[1]

    def _measure(self) -> None:
        """Update the mean loss and penalty per pair."""
        penalty = self.ridge / 2 * self._prior.penalty()
        for factor in (self.center, self.outside):
            _, n, ridge = self._half(factor)
            rows = self._tiles.numpy(factor.A).astype(np.float64)
            if factor is self.center and self._expected is not None:
                rows -= self._tiles.numpy(self._expected)
            penalty += float((n * ridge / 2) @ np.square(rows).sum(axis=1))
        self.loss = float(self.center.loss.sum()) / self._problem.total
        self.penalty = penalty / self._problem.total

    def _expect(self) -> None:
        """Update what the center rows are pulled to."""
        expected = self._prior.predict(self._problem.n)
        self._expected = None if expected is None else self._tiles.array(expected)


def extrapolate_rows(A: npt.NDArray[Any], n: Float64, new_n: Float64) -> npt.NDArray[Any]:
    """Return initial rows for rarer words, (new words, d), extrapolated from the rows A, (V, d).

    Fits each column of the rarer half of A by a line in log n, so that the new rows continue the
    trend of rare words. `n` and `new_n` are the pairs of the old and of the new words.
    """
    half = slice(len(A) // 2, None)
    x, rows = np.log(np.maximum(n[half], 1e-3)), A[half].astype(np.float64)
    x_mean, mean = x.mean(), rows.mean(axis=0)
    spread = float(np.square(x - x_mean).sum())
    slope = (x - x_mean) @ (rows - mean) / spread if spread > 0 else np.zeros_like(mean)
    return np.asarray(mean + np.outer(np.log(np.maximum(new_n, 1e-3)) - x_mean, slope))
