"""Choose the ridge by the loss on held-out lines."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.descent import Descent
from wordkin.engines.exact.loss import mean_loss
from wordkin.engines.exact.problem import problem_of
from wordkin.engines.exact.start import start
from wordkin.engines.exact.tiles import Tiles
from wordkin.engines.settings import ExactSettings
from wordkin.system.progress import Progress

RIDGES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
"""The ridges to choose from."""
CHOICE = 2048
"""The words that it is chosen for, from the most frequent to the rarest."""
CHOICE_PASSES = 2
"""Passes with each ridge, from where the last one came to."""


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
    problem, test = (problem_of(part, counts[words], settings) for part in (rest, held_out))
    V, U = (tiles.array(M) for M in start(problem, settings))
    best, least = RIDGES[0], math.inf
    for tried, ridge in enumerate(RIDGES):
        progress.choosing(tried, len(RIDGES))
        descent = Descent.begun(tiles, problem, V, U, ridge, Progress())
        for _ in range(CHOICE_PASSES):
            descent.run_pass()
        V, U = descent.center.A, descent.outside.A
        loss = mean_loss(tiles, test, V, U)
        if not loss < least:
            break
        best, least = ridge, loss
    return best
