"""The exact engine: descent on the loss of a whole corpus, over its co-occurrence counts.

Ids or counts in, trained matrices and a history out; no words. It may import `objectives` for the
conventions, `cooccurrence`, `tiles`, `memory`, `settings`, `run`, `progress` and `errors`.

A pass is two half passes: all of V at fixed U, then all of U at fixed V. In each a row has a convex
problem of its own, takes a Newton step with a curvature that all rows share, and goes along it as
far as its own loss falls: `docs/exact.md`.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from wordkin.cooccurrence import Cooccurrence, Counted, count, split_lines
from wordkin.errors import CorpusError, DivergenceError, SettingsError
from wordkin.memory import available, shown
from wordkin.objectives import noise_distribution
from wordkin.progress import Progress
from wordkin.run import Kept, Matrices, Run
from wordkin.settings import ExactSettings
from wordkin.stochastic import Trained
from wordkin.tiles import Array, Link, NativeTiles, Tile, Tiles, tile_rows

Float64 = npt.NDArray[np.float64]

CORE = 4096
"""The words that training begins with: the most frequent. More are taken in by and by."""
GROWTH = 3.0
"""At most so many times more words are taken in at a time."""
CORE_PASSES = 3
"""Passes over a vocabulary that is not yet the whole."""
FOCUSED = 2
"""Sweeps of a pass over the rows that have most to gain, before the one over all rows."""
URGENT = 0.5
"""They have this share of the squared gradient; less than a tenth of the rows."""
PROBE = 0.05
"""The share of lines that a ridge is chosen by."""
RIDGES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
"""The ridges to choose from."""
CHOICE = 2048
"""The words that it is chosen for, from the most frequent to the rarest."""
CHOICE_PASSES = 2
"""Passes with each ridge, from where the last one came to."""
DAMPING = 0.1
"""Of the shared curvature: this share of its mean is added to its diagonal."""


@dataclasses.dataclass(frozen=True)
class Pass:
    """What one pass over the counts did.

    Attributes
    ----------
    words : int
        The vocabulary of the pass: the most frequent words, all of them in the end.
    loss : float
        Mean loss of a pair in nats, exact, in float64, after the pass.
    penalty : float
        What the ridge adds to it.
    ridge : float
        The ridge's weight.
    gradient : float
        Squared norm of the gradient before the steps, measured by the shared curvature: in nats a
        pair, about twice what undamped Newton steps would lower the loss by.
    seconds : float
    held_out : float or None
        Mean loss of a pair of the lines held out, after the pass; None if there are none, or not
        all words are in training yet.
    """

    words: int
    loss: float
    penalty: float
    ridge: float
    gradient: float
    seconds: float
    held_out: float | None = None


def perplexity(loss: float) -> float:
    """E to the loss: for naive softmax, among how many words the model seems to guess."""
    return math.exp(loss) if loss < 700 else math.inf


def train(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    run: Run | None = None,
    held_out: npt.NDArray[np.int32] | None = None,
) -> Trained:
    """Count the pairs of a text, and descend on the counts; parameters as in `stochastic.train`."""
    run = run or Run()
    began = time.perf_counter()
    require_memory(len(counts), settings)
    counted = count_pairs(
        ids,
        counts,
        settings,
        probe=settings.ridge is None,
        held_out=held_out,
        run=run,
    )
    counting = time.perf_counter() - began
    trained = descend(counted, counts, settings, run)
    return dataclasses.replace(trained, counting=counting)


def count_pairs(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    *,
    probe: bool = True,
    held_out: npt.NDArray[np.int32] | None = None,
    memory: int | None = None,
    run: Run,
) -> Counted:
    """Count all pairs of a text, and again those of the lines that a ridge is chosen by.

    Parameters
    ----------
    probe : bool
        Whether the latter are wanted.
    held_out : (M,) int32, optional
        Lines that are not part of the text.
    memory : int or None
        Bytes that counts may take in memory before they go to files; None: half of what there is.
    """
    if memory is None and (free := available()) is not None:
        memory = free // 2

    def counted(part: npt.NDArray[np.int32], run: Run) -> Cooccurrence:
        return _count(part, counts, settings, memory, run)

    apart = Run(run.progress)  # of small parts nothing is kept
    return Counted(
        counted(ids, run),
        counted(split_lines(ids, PROBE)[1], apart) if probe else None,
        None if held_out is None or not len(held_out) else counted(held_out, apart),
    )


def _count(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    memory: int | None,
    run: Run,
) -> Cooccurrence:
    return count(
        ids,
        counts,
        window=settings.window,
        subsample=settings.subsample,
        threads=settings.threads,
        dtype=np.float64 if settings.precision == "float64" else np.float32,
        memory=memory,
        run=run,
    )


def loss_of_lines(
    lines: npt.NDArray[np.int32] | None, counts: npt.NDArray[np.int64], settings: ExactSettings
) -> Callable[[npt.NDArray[Any], npt.NDArray[Any]], float | None]:
    """Give a function of center and outside vectors: the mean loss of a pair of some lines.

    It returns None where the lines have no pair.
    """
    pairs = None
    if lines is not None and len(lines):
        pairs = _count(lines, counts, settings, None, Run())

    def loss_of(V: npt.NDArray[Any], U: npt.NDArray[Any]) -> float | None:
        if pairs is None or not pairs.total:
            return None
        with _open(settings) as tiles:
            problem = Problem(pairs, counts, settings)
            return _evaluate(tiles, problem, tiles.array(V), tiles.array(U))

    return loss_of


def descend(
    counted: Counted,
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    run: Run | None = None,
) -> Trained:
    """Train both matrices on counted pairs.

    Parameters
    ----------
    counted : Counted
        Pairs of V words, the most frequent first.
    counts : (V,) int64
        How often each word is in the text: the noise of negative sampling hangs on it.
    settings : ExactSettings
    run : Run, optional
        Told of what is done, and after each pass; keeps states.

    Returns
    -------
    Trained
        Center and outside matrix, (V, d) each, and the passes' accounts. A word that was never
        seen next to another has zeros in both.

    Raises
    ------
    CorpusError
        If no pair was counted.
    SettingsError
        If the memory at hand is too small.
    DivergenceError
        When the loss or a vector stops being finite.
    """
    run = run or Run()
    seen = np.flatnonzero(np.diff(counted.pairs.indptr))
    if len(seen) < 2:
        raise CorpusError("no two words were counted together: there is nothing to train on")
    V = len(counts)
    require_memory(V, settings)
    if len(seen) < V:
        counted, counts = counted.among(seen), counts[seen]

    def spread(*matrices: npt.NDArray[Any]) -> Matrices:
        """Give all words rows: zeros where nothing is known."""
        if len(matrices[0]) == V:
            return Matrices(*matrices)
        wide = []
        for matrix in matrices:
            wide.append(np.zeros((V, settings.dim), matrix.dtype))
            wide[-1][seen[: len(matrix)]] = matrix
        return Matrices(*wide)

    with _open(settings) as tiles:
        solution = _Solution(tiles, counted, counts, settings, run, seen, spread)
        found = solution.find()
    if not all(np.isfinite(matrix).all() for matrix in found):
        raise DivergenceError("training diverged: a vector is no longer finite; set a larger ridge")
    return Trained(*found, solution.history)


def loss_and_gradients(
    pairs: Cooccurrence,
    counts: npt.NDArray[np.int64],
    V: npt.NDArray[Any],
    U: npt.NDArray[Any],
    settings: ExactSettings,
) -> tuple[float, npt.NDArray[Any], npt.NDArray[Any]]:
    """Compute the loss of a corpus and its gradients as the engine does, tile by tile.

    What `objectives.corpus_naive_softmax` and `objectives.corpus_negative_sampling` (with negatives
    drawn again) say, in the memory of a few tiles, with whatever `settings` name: objective,
    negatives, precision, threads, device. No penalty.

    Returns
    -------
    loss, grad_V, grad_U
        In nats, summed over the pairs; (V, d) each.
    """
    problem = Problem(pairs, counts, settings)
    n = problem.n[:, None]

    def gradient(A: Array, B: Array, link: Link) -> tuple[_Side, npt.NDArray[Any]]:
        side, found = _Side.of(A), np.zeros(V.shape, tiles.numpy(A).dtype)

        def work(tile: Tile, rows: slice) -> None:
            found[rows] = tiles.numpy(tile.gradient())
            side.loss[rows] = tile.loss
            side.log_z[rows] = tile.log_z

        for _ in tiles.each(A, B, pairs, problem.n, link, work):
            pass
        return side, found * n

    with _open(settings) as tiles:
        center, outside = tiles.array(V), tiles.array(U)
        at, grad_V = gradient(center, outside, problem.center_link())
        _, grad_U = gradient(outside, center, problem.outside_link(at.log_z))
    return float(at.loss.sum()), grad_V, grad_U


# ---- the two convex problems ---------------------------------------------------------------------


class Problem:
    """The loss of a corpus over its most frequent words, as two convex problems.

    N is symmetric, so that its rows serve both: those of the centers and those of the outside
    words, and n is the same for both.
    """

    def __init__(
        self, pairs: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
    ) -> None:
        self.pairs = pairs
        self.n = pairs.row_sums
        self.total = float(self.n.sum())
        self._counts = counts
        self._settings = settings
        if settings.objective == "negative-sampling":
            # In expectation a pair (c, o) has K negatives w, each with q_w / (1 - q_o): none is o.
            # Summed over the pairs of c, with s_c = Σ_o N_co / (1 - q_o), word w is a negative
            # K q_w (s_c - N_cw / (1 - q_w)) times.
            q = noise_distribution(counts)
            self._noise = q
            self._hits = settings.negatives * q / (1 - q)
            self._pairs_drawn = settings.negatives * pairs.times(1 / (1 - q))

    def __len__(self) -> int:
        return len(self.n)

    def leading(self, words: int) -> Problem:
        """Return the problem of the `words` most frequent words."""
        if words == len(self):
            return self
        return Problem(self.pairs.block(0, words, words), self._counts[:words], self._settings)

    @property
    def biases(self) -> Float64:
        """The logits' mean at each outside word, were centers and outside words independent."""
        share = np.maximum(self.n, 1e-30) / self.total
        if self._settings.objective == "naive-softmax":
            return np.asarray(np.log(share))
        return np.asarray(np.log(share / (self._noise * self._settings.negatives)))

    def center_link(self) -> Link:
        """Return the loss of a center's row: softmax over all outside words, or their sigmoids."""
        if self._settings.objective == "naive-softmax":
            return Link("softmax")
        ones = np.ones(len(self))
        return Link("logistic", self._noise, self._pairs_drawn, ones, self._hits)

    def outside_link(self, log_z: Float64) -> Link:
        """Return the loss of an outside word's row, given log Z of each center.

        As log Z ≤ log Z' + Z / Z' - 1 wherever Z' is, with equality at Z, the sum over the centers
        c of n_c e^(u_w·v_c) / Z_c bounds the softmax loss from above and has its gradient. This
        bound has no term in which two outside words meet: each row is a Poisson regression.
        """
        if self._settings.objective == "naive-softmax":
            return Link("poisson", np.log(np.maximum(self.n, 1e-30)) - log_z)
        ones = np.ones(len(self))
        return Link("logistic", self._pairs_drawn, self._noise, self._hits, ones)

    def ridge(self, weight: float) -> Float64:
        """Return each row's ridge a pair: weight / √n, so that rare rows are held more."""
        return np.where(self.n > 0, weight / np.sqrt(np.maximum(self.n, 1e-30)), 0)


# ---- descent -------------------------------------------------------------------------------------


@dataclasses.dataclass
class _Side:
    """One matrix while the other is fixed, and what the last steps of its rows told."""

    A: Array
    loss: Float64  # of each row, summed over its pairs, after its step
    log_z: Float64
    gradient: Float64  # squared norm of each row's, times its pairs

    SUMS: ClassVar = ("loss", "log_z", "gradient")

    @classmethod
    def of(cls, A: Array) -> _Side:
        return cls(A, *(np.zeros(len(A)) for _ in range(3)))

    def urgent(self, share: float) -> npt.NDArray[np.intp]:
        """Return the fewest rows that have this share of all the squared gradients' sum."""
        order = np.argsort(-self.gradient, kind="stable")
        reached = np.cumsum(self.gradient[order])
        return np.sort(order[: 1 + np.searchsorted(reached, share * reached[-1])])


def _step(
    tiles: Tiles,
    side: _Side,
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


def _step_some(
    tiles: Tiles,
    side: _Side,
    B: Array,
    pairs: Cooccurrence,
    n: Float64,
    link: Link,
    ridge: Float64,
    inverse: Array,
    rows: npt.NDArray[np.intp],
) -> None:
    """Take a step with some rows of one side."""
    some = _Side.of(side.A[rows])
    _step(tiles, some, B, pairs.some_rows(rows), n[rows], link.of_rows(rows), ridge[rows], inverse)
    side.A[rows] = some.A
    for mine, theirs in (
        (side.loss, some.loss),
        (side.log_z, some.log_z),
        (side.gradient, some.gradient),
    ):
        mine[rows] = theirs


class _Solution:
    """The descent on the most frequent words first, then on more and more, in the end on all."""

    def __init__(
        self,
        tiles: Tiles,
        counted: Counted,
        counts: npt.NDArray[np.int64],
        settings: ExactSettings,
        run: Run,
        seen: npt.NDArray[np.intp],
        spread: Callable[..., Matrices],
    ) -> None:
        self.history: list[Pass] = []
        self._tiles = tiles
        self._settings = settings
        self._run = run
        self._seen = seen
        self._spread = spread
        self._counted = counted
        self._counts = counts
        self._whole = Problem(counted.pairs, counts, settings)
        self._test = None
        if counted.held_out is not None and counted.held_out.total:
            self._test = Problem(counted.held_out, counts, settings)

    def find(self) -> Matrices:
        """Return both matrices."""
        whole, settings, run = self._whole, self._settings, self._run
        sizes = stages(len(whole))
        descent: Descent | None = None
        first = done = 0
        if kept := run.begin_from():
            ridge, first, done = (kept.facts[name] for name in ("ridge", "stage", "passes"))
            self.history += [Pass(**account) for account in kept.facts["history"]]
            problem = whole.leading(sizes[first])
            descent = Descent.resumed(self._tiles, problem, kept, ridge, run.progress)
            self._show(descent)
        else:
            ridge = settings.ridge
            if ridge is None:
                ridge = choose_ridge(
                    self._tiles,
                    self._counted.pairs,
                    self._counted.probe,
                    self._counts,
                    settings,
                    run.progress,
                )
        for stage in range(first, len(sizes)):
            if stage > first or descent is None:
                descent = self._widened(descent, whole.leading(sizes[stage]), ridge)
                done = 0
                if descent is None:  # of two kinds of words, these are all of one that never meet
                    continue
                self._show(descent)
            passes = settings.max_passes if stage == len(sizes) - 1 else CORE_PASSES
            while done < passes:
                before = descent.loss + descent.penalty
                account = self._measured(descent.run_pass(), descent)
                self.history.append(account)
                done += 1
                if before - (account.loss + account.penalty) <= settings.tolerance * account.loss:
                    done = passes
                if run.after(account, lambda at=descent: self._matrices(at)):  # type: ignore[misc]
                    return self._matrices(descent)
                if run.due():
                    facts = {
                        "ridge": ridge,
                        "stage": stage,
                        "passes": done,
                        "history": [dataclasses.asdict(passed) for passed in self.history],
                    }
                    tensors, more = descent.state()
                    run.keep(tensors, facts | more)
        assert descent is not None
        return self._matrices(descent)

    def _widened(self, descent: Descent | None, problem: Problem, ridge: float) -> Descent | None:
        """Return the descent on more words; None where none of them meet."""
        if not problem.total:
            return None
        if descent is None:
            V, U = (self._tiles.array(M) for M in start(problem, self._settings))
        else:
            V, U = descent.extended_to(problem)
        return Descent.begun(self._tiles, problem, V, U, ridge, self._run.progress)

    def _measured(self, account: Pass, descent: Descent) -> Pass:
        """Add the loss of the lines held out, once all their words are in training."""
        if self._test is None or account.words < len(self._whole):
            return account
        loss = _evaluate(self._tiles, self._test, descent.center.A, descent.outside.A)
        return dataclasses.replace(account, held_out=loss)

    def _matrices(self, descent: Descent) -> Matrices:
        return self._spread(*self._rows(descent))

    def _rows(self, descent: Descent) -> Matrices:
        return Matrices(*(self._tiles.numpy(s.A) for s in (descent.center, descent.outside)))

    def _show(self, descent: Descent) -> None:
        self._run.watch(lambda: self._rows(descent), self._seen)


class Descent:
    """Both matrices on the way down, for the words of one problem."""

    def __init__(
        self,
        tiles: Tiles,
        problem: Problem,
        center: _Side,
        outside: _Side,
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
        descent = cls(tiles, problem, _Side.of(V), _Side.of(U), weight, progress)
        descent._step_centers()
        descent._measure()
        return descent

    @classmethod
    def resumed(
        cls, tiles: Tiles, problem: Problem, kept: Kept, weight: float, progress: Progress
    ) -> Descent:
        """Go on from what `state` gave."""

        def side(name: str) -> _Side:
            rest = (kept.tensors[f"{name}_{what}"] for what in _Side.SUMS)
            return _Side(tiles.array(kept.tensors[name]), *rest)

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
            tensors |= {f"{name}_{what}": getattr(side, what) for what in _Side.SUMS}
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
            fresh = _Side.of(tiles.array(_by_frequency(rows, known.n, problem.n[old:])))
            of_fresh = wide.of_rows(slice(old, None))
            link = link._replace(row=of_fresh.row, row_hit=of_fresh.row_hit)
            inverse = self._inverse_curvature(other, link)
            n = between.row_sums
            _step(tiles, fresh, other.A, between, n, link, ridge, inverse)
            matrices.append(tiles.array(np.concatenate([rows, tiles.numpy(fresh.A)])))
        return matrices[0], matrices[1]

    def _step_centers(self, rows: npt.NDArray[np.intp] | None = None) -> None:
        self._step(self.center, self.outside, self._problem.center_link(), rows)

    def _step_outside(self, rows: npt.NDArray[np.intp] | None = None) -> None:
        link = self._problem.outside_link(self.center.log_z)
        self._step(self.outside, self.center, link, rows)

    def _step(
        self, side: _Side, other: _Side, link: Link, rows: npt.NDArray[np.intp] | None
    ) -> None:
        problem, inverse = self._problem, self._inverse_curvature(other, link)
        what = (self._tiles, side, other.A, problem.pairs, problem.n, link, self._ridge, inverse)
        if rows is None:
            half = 0.0 if side is self.outside else 0.5

            def tick(done: int) -> None:
                share = half + done / len(problem) / 2
                self._progress.descending(len(problem), self._number, share, self.loss)

            _step(*what, tick)
        else:
            _step_some(*what, rows)

    def _inverse_curvature(self, other: _Side, link: Link) -> Array:
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


def stages(words: int) -> list[int]:
    """Return the vocabularies to descend on, one after the other: `CORE` words, and more."""
    if words <= CORE:
        return [words]
    steps = math.ceil(math.log(words / CORE) / math.log(GROWTH))
    return [round(CORE * (words / CORE) ** (i / steps)) for i in range(steps)] + [words]


# ---- the ridge -----------------------------------------------------------------------------------


def choose_ridge(
    tiles: Tiles,
    pairs: Cooccurrence,
    held_out: Cooccurrence | None,
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    progress: Progress,
) -> float:
    """Return the ridge of `RIDGES` with the least loss on the lines held out.

    For a sample of the words, frequent and rare, as overfitting is a matter of rare ones; trained
    on the other lines. From the largest ridge down, each going on where the last one came to, until
    the loss on the lines held out rises. Where these or the others have no pair, the middle one.
    """
    words = np.unique(np.linspace(0, len(counts) - 1, CHOICE).astype(np.intp))
    if held_out is not None:
        held_out = held_out.among(words)
    if held_out is None or not len(held_out.values):
        return RIDGES[len(RIDGES) // 2]
    rest = pairs.among(words).without(held_out)
    if not len(rest.values):
        return RIDGES[len(RIDGES) // 2]
    problem, test = (Problem(part, counts[words], settings) for part in (rest, held_out))
    V, U = (tiles.array(M) for M in start(problem, settings))
    best, least = RIDGES[0], math.inf
    for tried, ridge in enumerate(RIDGES):
        progress.choosing(tried, len(RIDGES))
        descent = Descent.begun(tiles, problem, V, U, ridge, Progress())
        for _ in range(CHOICE_PASSES):
            descent.run_pass()
        V, U = descent.center.A, descent.outside.A
        loss = _evaluate(tiles, test, V, U)
        if not loss < least:
            break
        best, least = ridge, loss
    return best


def _evaluate(tiles: Tiles, problem: Problem, V: Array, U: Array) -> float:
    """Return the mean loss of a pair."""
    losses = []

    def work(tile: Tile, _: slice) -> None:
        tile.gradient()
        losses.append(tile.loss.sum())

    rows = np.flatnonzero(problem.n)  # of few lines, many words have no pair
    link, pairs = problem.center_link().of_rows(rows), problem.pairs.some_rows(rows)
    for _ in tiles.each(V[rows], U, pairs, problem.n[rows], link, work):
        pass
    return math.fsum(losses) / problem.total


# ---- where to begin ------------------------------------------------------------------------------


def start(problem: Problem, settings: ExactSettings) -> tuple[Float64, Float64]:
    """Return matrices to begin with: the logits of an independent model, and what is above them.

    One axis holds the outside words' biases; the others a truncated SVD of the positive pointwise
    mutual information, by a randomised range finder (Halko, Martinsson and Tropp 2011). It is
    dense: for the few words that training begins with.
    """
    V, d, n = len(problem), settings.dim, problem.n
    rows = np.repeat(np.arange(V), np.diff(problem.pairs.indptr))
    columns = problem.pairs.indices
    information = np.zeros((V, V), np.float32)
    with np.errstate(divide="ignore"):
        information[rows, columns] = np.log(
            np.maximum(problem.pairs.values * problem.total / (n[rows] * n[columns]), 1)
        )
    rank = min(d - 1, V)
    rng = np.random.default_rng(settings.seed)
    span = information @ rng.standard_normal((V, min(rank + 20, V)), dtype=np.float32)
    for _ in range(2):
        span = information @ (information @ np.linalg.qr(span)[0])
    basis = np.linalg.qr(span)[0]
    left, s, right = np.linalg.svd(basis.T @ information, full_matrices=False)
    scale = np.sqrt(s[:rank])
    center, outside = np.zeros((V, d)), np.zeros((V, d))
    center[:, :rank] = basis @ left[:, :rank] * scale
    outside[:, :rank] = right[:rank].T * scale
    biases = np.where(n > 0, problem.biases, 0)
    size = math.sqrt(np.abs(biases).mean()) or 1.0
    center[:, -1], outside[:, -1] = size, biases / size
    return center, outside


def _by_frequency(A: npt.NDArray[Any], known: Float64, n: Float64) -> npt.NDArray[Any]:
    """Return rows for words with n pairs, from those of the rarer half of the known words.

    A straight line of log n for each number of a row: this carries on the bias of rare words.
    """
    half = slice(len(A) // 2, None)
    x, rows = np.log(np.maximum(known[half], 1e-3)), A[half].astype(np.float64)
    x_mean, mean = x.mean(), rows.mean(axis=0)
    spread = float(np.square(x - x_mean).sum())
    slope = (x - x_mean) @ (rows - mean) / spread if spread > 0 else np.zeros_like(mean)
    return np.asarray(mean + np.outer(np.log(np.maximum(n, 1e-3)) - x_mean, slope))


def require_memory(words: int, settings: ExactSettings) -> None:
    """Refuse a vocabulary that does not fit the memory at hand, before any work.

    Raises
    ------
    SettingsError
        With the estimate, and the largest vocabulary that fits.
    """
    free = available()
    if settings.device != "cpu" or free is None or memory_needed(words, settings) <= free:
        return
    fits = bisect.bisect_right(range(words), free, key=lambda w: memory_needed(w, settings)) - 1
    advice = f"max_vocab to {fits:,} or less, or fewer threads" if fits > 1 else "fewer threads"
    raise SettingsError(
        f"{words:,} words of {settings.dim} dimensions take about"
        f" {shown(memory_needed(words, settings))} of memory, and {shown(free)} are at hand: set"
        f" {advice}"
    )


def memory_needed(words: int, settings: ExactSettings) -> int:
    """Estimate the bytes that training takes beside the counts: matrices, tiles, the start."""
    itemsize = 8 if settings.precision == "float64" else 4
    matrices = words * settings.dim * (4 * itemsize + 2 * 8)  # and copies in float64
    tiles = 2 * settings.threads * tile_rows(max(words, 1), itemsize) * words * itemsize
    return matrices + tiles + 8 * 4 * min(words, CORE) ** 2


def _open(settings: ExactSettings) -> AbstractContextManager[Tiles]:
    """Give the tiles of the device that the settings name."""
    if settings.device == "cpu":
        dtype = np.float64 if settings.precision == "float64" else np.float32
        return NativeTiles.opened(settings.threads, dtype)
    from wordkin.tiles_torch import TorchTiles

    return TorchTiles.opened(settings.device, settings.precision)
