"""The reference trainer as an engine, with the signature that `stochastic` has.

It makes naive softmax something that one can run, on a text small enough for loops in Python.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from wordkin.corpus.encoded import LINE_END
from wordkin.engines import OBJECTIVES, load
from wordkin.engines.exact import loss
from wordkin.engines.outcome import Epoch, Trained
from wordkin.engines.run import Matrices, Run
from wordkin.engines.settings import ExactSettings, StochasticSettings
from wordkin.objectives import reference
from wordkin.objectives.conventions import Array
from wordkin.system.errors import DivergenceError, SettingsError

_MOST_WORK = 2e12  # multiplications: some ten minutes of NumPy


def train(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: StochasticSettings,
    run: Run | None = None,
    held_out: npt.NDArray[np.int32] | None = None,
) -> Trained:
    """Train by `reference.train`; parameters and result as of `stochastic.descent.train`.

    States are not kept: such a run is soon over.

    Raises
    ------
    SettingsError
        For a text on which it would take hours.
    DivergenceError
        When the loss stops being finite.
    """
    run = run or Run()
    V, d = len(counts), settings.dim
    work = 3.0 * float(counts.sum()) * settings.epochs * (settings.window + 1) * V * d
    if work > _MOST_WORK:
        raise SettingsError(
            f"{settings.objective} over {V:,} words costs about {work:.0e} multiplications here,"
            f" and {_MOST_WORK:.0e} are the most: set max_vocab, use less text, or"
            " negative-sampling"
        )
    sentences = [
        sentence[:-1].tolist()
        for sentence in np.split(ids, np.flatnonzero(ids == LINE_END) + 1)
        if len(sentence)
    ]
    loss_of = loss.loss_of_lines(held_out, counts, _exactly(settings))
    tokens = int(counts.sum())
    history: list[Epoch] = []
    began = time.perf_counter()

    def account(done: reference.EpochCounts, V: Array, U: Array) -> bool:
        nonlocal began
        seconds = time.perf_counter() - began
        epoch = Epoch(
            done.loss / done.pairs if done.pairs else 0.0,
            done.pairs,
            done.trained,
            tokens - done.trained,
            seconds,
            loss_of(V, U),
        )
        history.append(epoch)
        number = len(history)
        run.progress.training(
            number, settings.epochs, tokens * number, tokens * settings.epochs, epoch.loss
        )
        run.watch(lambda: Matrices(V, U))
        stop = run.after(epoch, lambda: Matrices(V, U))
        began = time.perf_counter()
        return stop

    try:
        # Where a loss or a vector stops being finite, that is said below, and once.
        with np.errstate(over="ignore", invalid="ignore"):
            V_matrix, U_matrix, _ = reference.train(
                sentences,
                V,
                dim=d,
                window=settings.window,
                objective=load(OBJECTIVES[settings.objective].pairs),
                negatives=settings.negatives,
                epochs=settings.epochs,
                subsample=settings.subsample,
                learning_rate=settings.learning_rate,
                seed=settings.seed,
                after_epoch=account,
            )
    except FloatingPointError as error:
        raise DivergenceError(str(error)) from None
    most = np.finfo(np.float32).max  # vectors are kept as float32
    if not (np.abs(V_matrix).max() <= most and np.abs(U_matrix).max() <= most):
        raise DivergenceError(
            "training diverged: a vector is no longer finite; set learning_rate below"
            f" {settings.learning_rate}"
        )
    return Trained(V_matrix, U_matrix, history)


def _exactly(settings: StochasticSettings) -> ExactSettings:
    """Return what the exact engine needs to be told, to take a loss in float64."""
    return ExactSettings(
        objective=settings.objective,
        dim=settings.dim,
        window=settings.window,
        negatives=settings.negatives,
        subsample=settings.subsample,
        threads=settings.threads,
        precision="float64",
    )
