"""The exact engine: descent on the loss of a whole corpus, on one vocabulary size after the other.

Ids or counts in, both matrices and a history of passes out; this module handles no words.

A pass steps all of U at fixed V, then all of V at fixed U. With the other matrix fixed, the loss of
each row is a convex problem of its own. The row takes a Newton step with a curvature that all rows
share, with a line search on its own loss: `docs/notes/exact-engine.md`.
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
from wordkin.engines.exact.forecast import Forecast
from wordkin.engines.exact.loss import mean_pair_loss
from wordkin.engines.exact.priors import Prior, ZeroPrior
from wordkin.engines.exact.problem import Problem, problem_of
from wordkin.engines.exact.sample import Sampler
from wordkin.engines.exact.start import stages, start
from wordkin.engines.exact.tiles import Tiles
from wordkin.engines.outcome import Pass, Trained, as_plain
from wordkin.engines.run import Matrices, Run
from wordkin.engines.settings import ExactSettings
from wordkin.system.errors import CorpusError, DivergenceError

GROWTH_PASSES = 3
"""The largest number of passes at each size of the vocabulary before the full one."""


def train(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    run: Run | None = None,
    held_out: npt.NDArray[np.int32] | None = None,
    prior: Prior | None = None,
) -> Trained:
    """Count the pairs of a text and train on the counts.

    Takes and returns what `stochastic.descent.train` does, and takes and raises what `descend`
    does.
    """
    run = run or Run()
    began = time.perf_counter()
    require_memory(len(counts), settings)
    counted = count_pairs(ids, counts, settings, held_out=held_out, run=run)
    counting = time.perf_counter() - began
    trained = descend(counted, counts, settings, run, prior)
    return dataclasses.replace(trained, counting=counting)


def descend(
    counted: Counted,
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    run: Run | None = None,
    prior: Prior | None = None,
) -> Trained:
    """Train both matrices on counted pairs.

    Parameters
    ----------
    counted : Counted
        Pairs of V words, the most frequent first.
    counts : (V,) int64
        How often each word occurs, for the noise distribution of negative sampling.
    settings : ExactSettings
    run : Run, optional
        Receives progress, checkpoints and the record of each pass, and may stop training.
    prior : Prior, optional
        What the center rows of the words are pulled to; zeros by default. It is not changed; the
        fitted one is part of the result.

    Returns
    -------
    Trained
        Center and outside matrix, (V, d) each, and a `Pass` for each pass. With sides the outside
        matrix is (2 V, d), with all words at the left of a center before all at its right. A word
        without any pair has zeros in both.

    Raises
    ------
    CorpusError
        If no pair was counted.
    SettingsError
        If the available memory is too small.
    DivergenceError
        If the loss or a vector stops being finite.
    """
    run = run or Run()
    seen = np.flatnonzero(counted.pairs.centers.lengths)
    if len(seen) < 2:
        raise CorpusError("no two words were counted together: there is nothing to train on")
    V = len(counts)
    require_memory(V, settings)
    prior = prior or ZeroPrior()
    if len(seen) < V:
        counted, counts = counted.among(seen), counts[seen]

    def for_all_words(*matrices: npt.NDArray[Any]) -> Matrices:
        """Return the matrices with a row for each word: zeros for words without a pair so far."""
        words = len(matrices[0])
        if words == V:
            return Matrices(*matrices)
        wide = []
        for matrix in matrices:
            parts = matrix.reshape(-1, words, settings.dim)  # an outside matrix has one for a side
            wide.append(np.zeros((len(parts), V, settings.dim), matrix.dtype))
            wide[-1][:, seen[:words]] = parts
        return Matrices(*(matrix.reshape(-1, settings.dim) for matrix in wide))

    with open_tiles(settings) as tiles:
        descent = _StagedDescent(
            tiles, counted, counts, settings, run, seen, for_all_words, prior.among(seen)
        )
        matrices = descent.run()
    if not all(np.isfinite(matrix).all() for matrix in matrices):
        raise DivergenceError("training diverged: a vector is no longer finite; set a larger ridge")
    return Trained(*matrices, descent.history, prior=descent.prior, share=descent.prior.share)


class _StagedDescent:
    """Descent in stages: on the most frequent words first, then on more, finally on all."""

    def __init__(
        self,
        tiles: Tiles,
        counted: Counted,
        counts: npt.NDArray[np.int64],
        settings: ExactSettings,
        run: Run,
        seen: npt.NDArray[np.intp],
        for_all_words: Callable[..., Matrices],
        prior: Prior,
    ) -> None:
        self.history: list[Pass] = []
        self.prior = prior
        self._tiles = tiles
        self._settings = settings
        self._run = run
        self._seen = seen
        self._for_all_words = for_all_words
        self._counted = counted
        self._counts = counts
        self._sampler = Sampler(settings.columns, settings.seed)
        self._problem = problem_of(counted.pairs, counts, settings)
        self._held_out = None
        if counted.held_out is not None and counted.held_out.total:
            self._held_out = problem_of(counted.held_out, counts, settings)

    def run(self) -> Matrices:
        """Train, and return both matrices with a row for each word."""
        problem, settings, run = self._problem, self._settings, self._run
        sizes = stages(len(problem))
        self._forecast = forecast = Forecast(
            run.progress, sizes, GROWTH_PASSES, settings.max_passes, settings.tolerance
        )
        descent: Descent | None = None
        first = done = 0
        if checkpoint := run.load_checkpoint():
            ridge, first, done = (checkpoint.facts[name] for name in ("ridge", "stage", "passes"))
            if not checkpoint.facts["prior"]:
                self.prior = ZeroPrior()
            self.history += [Pass(**record) for record in checkpoint.facts["history"]]
            descent = Descent.from_checkpoint(
                self._tiles,
                problem.leading(sizes[first]),
                checkpoint,
                ridge,
                forecast,
                self.prior,
                self._sampler,
            )
            self._expose(descent)
        for stage in range(first, len(sizes)):
            if stage > first or descent is None:
                descent = self._next_descent(descent, problem.leading(sizes[stage]))
                done = 0
                if descent is None:  # no two of these words form a pair
                    continue
                self._expose(descent)
            passes = settings.max_passes if stage == len(sizes) - 1 else GROWTH_PASSES
            while done < passes:
                before = self._level(descent)
                record = descent.run_pass()
                done += 1
                gain = before - self._level(descent)
                forecast.gained(record.words, done, gain / record.loss if record.loss else 0.0)
                if gain <= settings.tolerance * record.loss:
                    done = passes
                if record.sampled and stage == len(sizes) - 1 and done == passes:
                    record = descent.measured(record)
                record = self._with_held_out_loss(record, descent)
                self.history.append(record)
                if run.report(record, lambda at=descent: self._matrices(at)):  # type: ignore[misc]
                    return self._matrices(descent)
                if run.checkpoint_due():
                    facts = {
                        "ridge": descent.ridge,
                        "prior": not isinstance(self.prior, ZeroPrior),
                        "stage": stage,
                        "passes": done,
                        "history": [as_plain(passed) for passed in self.history],
                    }
                    tensors, more = descent.state()
                    run.save_checkpoint(tensors, facts | more)
        assert descent is not None
        return self._matrices(descent)

    def _next_descent(self, descent: Descent | None, problem: Problem) -> Descent | None:
        """Return the descent on a larger vocabulary; None if it has no pair yet."""
        if not problem.total:
            return None
        if descent is None:
            V, U = (self._tiles.array(M) for M in start(problem, self._settings))
            if not self.prior.holds(self._tiles.numpy(V), problem.n):
                self.prior = ZeroPrior()
        else:
            V, U = descent.extend(problem)
        ridge = self.prior.ridge if self._settings.ridge is None else self._settings.ridge
        return Descent.from_matrices(
            self._tiles, problem, V, U, ridge, self._forecast, self.prior, self._sampler
        )

    def _level(self, descent: Descent) -> float:
        """Return what each pass shall lower.

        With a prior that is fitted to the rows, the penalty falls for long after the loss has
        stopped falling: rows and groups of rows go on to share out what both can explain.
        """
        of_rows = descent.penalty if isinstance(self.prior, ZeroPrior) else 0.0
        return descent.loss + of_rows

    def _with_held_out_loss(self, record: Pass, descent: Descent) -> Pass:
        """Add the held-out loss to the record, once the vocabulary is complete."""
        if self._held_out is None or record.words < len(self._problem):
            return record
        sample = descent.sample_outside() if record.sampled else None
        matrices = descent.center.A, descent.outside.A
        loss = mean_pair_loss(self._tiles, self._held_out, *matrices, sample)
        return dataclasses.replace(record, held_out=loss)

    def _matrices(self, descent: Descent) -> Matrices:
        return self._for_all_words(*self._rows(descent))

    def _rows(self, descent: Descent) -> Matrices:
        return Matrices(*(self._tiles.numpy(s.A) for s in (descent.center, descent.outside)))

    def _expose(self, descent: Descent) -> None:
        self._run.expose(lambda: self._rows(descent), self._seen, self.prior.share)
