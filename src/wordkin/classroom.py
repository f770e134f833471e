"""The reference trainer as an engine, with the signature that `stochastic` has.

It makes naive softmax something that one can run, on a text small enough for loops in Python.
It may import `reference`, `corpus`, `settings`, `progress`, `stochastic`'s result and `errors`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from wordkin import reference
from wordkin.corpus import LINE_END
from wordkin.errors import DivergenceError, SettingsError
from wordkin.progress import Progress
from wordkin.settings import StochasticSettings
from wordkin.stochastic import Epoch, Trained

_MOST_WORK = 2e12  # multiplications: some ten minutes of NumPy


def train(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: StochasticSettings,
    progress: Progress,
    after_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Trained:
    """Train both matrices with `reference.train`; parameters and result as in `stochastic.train`.

    Raises
    ------
    SettingsError
        For a text on which it would take hours.
    DivergenceError
        When the loss stops being finite.
    """
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
    tokens = int(counts.sum())
    history: list[Epoch] = []
    began = time.perf_counter()

    def account(done: reference.EpochCounts) -> None:
        nonlocal began
        now = time.perf_counter()
        epoch = Epoch(
            done.loss / done.pairs if done.pairs else 0.0,
            done.pairs,
            done.trained,
            tokens - done.trained,
            now - began,
        )
        began = now
        history.append(epoch)
        done_epochs = len(history)
        progress.training(
            done_epochs, settings.epochs, tokens * done_epochs, tokens * settings.epochs, epoch.loss
        )
        after_epoch(epoch)

    try:
        # Where a loss or a vector stops being finite, that is said below, and once.
        with np.errstate(over="ignore", invalid="ignore"):
            V_matrix, U_matrix, _ = reference.train(
                sentences,
                V,
                dim=d,
                window=settings.window,
                objective=settings.objective,
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
