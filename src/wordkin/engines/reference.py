"""The reference trainer in NumPy as an engine: `objectives.reference` with an engine's signature.

Ids and counts in; matrices and a history out. It trains naive softmax stochastically, on texts
small enough for loops in Python.
"""

from __future__ import annotations

import math
import time

import numpy as np
import numpy.typing as npt

from wordkin.corpus.encoded import LINE_END
from wordkin.engines import OBJECTIVES, load
from wordkin.engines.exact import loss
from wordkin.engines.outcome import Epoch, Trained
from wordkin.engines.run import Matrices, Run
from wordkin.engines.settings import ExactSettings, StochasticSettings
from wordkin.engines.subsampling import threshold_of
from wordkin.engines.windows import Windows
from wordkin.objectives import reference
from wordkin.objectives.conventions import Array
from wordkin.system.errors import DivergenceError, SettingsError

_MAX_MULTIPLICATIONS = 2e12  # about ten minutes of NumPy


def train(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: StochasticSettings,
    run: Run | None = None,
    held_out: npt.NDArray[np.int32] | None = None,
) -> Trained:
    """Train with `objectives.reference.train`.

    Takes and returns what `stochastic.descent.train` does. Saves no checkpoints, since such a run
    is short.

    Raises
    ------
    SettingsError
        If training would take hours.
    DivergenceError
        If the loss or a vector stops being finite.
    """
    run = run or Run()
    V, d = len(counts), settings.dim
    tokens = int(np.count_nonzero(ids >= 0))
    weight = Windows.of(settings.window, ids).weight
    cost = 3.0 * tokens * settings.epochs * weight * V * d
    if cost > _MAX_MULTIPLICATIONS:
        raise SettingsError(
            f"{settings.objective} with the {settings.engine} engine would take about {cost:.0e}"
            f" multiplications for {V:,} words, and the limit is {_MAX_MULTIPLICATIONS:.0e}: set"
            " max_vocab, use less text, or choose another engine or objective"
        )
    sentences = [
        sentence[:-1].tolist()
        for sentence in np.split(ids, np.flatnonzero(ids == LINE_END) + 1)
        if len(sentence)
    ]
    threshold = threshold_of(settings, counts)
    held_out_loss = loss.loss_of_lines(held_out, counts, _exact_settings(settings, threshold))
    history: list[Epoch] = []
    began = time.perf_counter()

    def after_epoch(done: reference.EpochCounts, V: Array, U: Array) -> bool:
        nonlocal began
        seconds = time.perf_counter() - began
        epoch = Epoch(
            done.loss / done.pairs if done.pairs else math.nan,
            done.pairs,
            done.trained,
            tokens - done.trained,
            seconds,
            held_out_loss(V, U),
        )
        history.append(epoch)
        number = len(history)
        run.progress.training(
            number, settings.epochs, tokens * number, tokens * settings.epochs, epoch.loss
        )
        run.expose(lambda: Matrices(V, U))
        stop = run.report(epoch, lambda: Matrices(V, U))
        began = time.perf_counter()
        return stop

    try:
        # What stops being finite is reported once, below.
        with np.errstate(over="ignore", invalid="ignore"):
            V_matrix, U_matrix, _ = reference.train(
                sentences,
                V,
                dim=d,
                window=settings.window,
                objective=load(OBJECTIVES[settings.objective].pairs),
                negatives=settings.negatives,
                epochs=settings.epochs,
                subsample=threshold,
                learning_rate=settings.learning_rate,
                seed=settings.seed,
                after_epoch=after_epoch,
            )
    except FloatingPointError as error:
        raise DivergenceError(str(error)) from None
    largest = np.finfo(np.float32).max  # models store float32
    if not (np.abs(V_matrix).max() <= largest and np.abs(U_matrix).max() <= largest):
        raise DivergenceError(
            "training diverged: a vector is no longer finite; set learning_rate below"
            f" {settings.learning_rate}"
        )
    return Trained(V_matrix, U_matrix, history)


def _exact_settings(settings: StochasticSettings, threshold: float) -> ExactSettings:
    """Return the settings with which the exact engine computes this loss in float64."""
    return ExactSettings(
        objective=settings.objective,
        dim=settings.dim,
        window=settings.window,
        negatives=settings.negatives,
        subsample=threshold,
        threads=settings.threads,
        precision="float64",
    )
