"""The exact engine: descent on the loss of a whole corpus, over its co-occurrence counts.

Ids or counts in, trained matrices and a history out; no words.

A pass is two half passes: all of V at fixed U, then all of U at fixed V. In each a row has a convex
problem of its own, takes a Newton step with a curvature that all rows share, and goes along it as
far as its own loss falls: `docs/exact.md`.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.counting import count_pairs
from wordkin.engines.counts.matrix import Counted
from wordkin.engines.exact.descent import Descent
from wordkin.engines.exact.devices import open_tiles, require_memory
from wordkin.engines.exact.loss import mean_loss
from wordkin.engines.exact.problem import Problem, problem_of
from wordkin.engines.exact.ridge import choose_ridge
from wordkin.engines.exact.start import stages, start
from wordkin.engines.exact.tiles import Tiles
from wordkin.engines.outcome import Pass, Trained
from wordkin.engines.run import Matrices, Run
from wordkin.engines.settings import ExactSettings
from wordkin.system.errors import CorpusError, DivergenceError

CORE_PASSES = 3
"""Passes over a vocabulary that is not yet the whole."""


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

    with open_tiles(settings) as tiles:
        solution = _Solution(tiles, counted, counts, settings, run, seen, spread)
        found = solution.find()
    if not all(np.isfinite(matrix).all() for matrix in found):
        raise DivergenceError("training diverged: a vector is no longer finite; set a larger ridge")
    return Trained(*found, solution.history)


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
        self._whole = problem_of(counted.pairs, counts, settings)
        self._test = None
        if counted.held_out is not None and counted.held_out.total:
            self._test = problem_of(counted.held_out, counts, settings)

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
        loss = mean_loss(self._tiles, self._test, descent.center.A, descent.outside.A)
        return dataclasses.replace(account, held_out=loss)

    def _matrices(self, descent: Descent) -> Matrices:
        return self._spread(*self._rows(descent))

    def _rows(self, descent: Descent) -> Matrices:
        return Matrices(*(self._tiles.numpy(s.A) for s in (descent.center, descent.outside)))

    def _show(self, descent: Descent) -> None:
        self._run.watch(lambda: self._rows(descent), self._seen)
