"""The choice of the ridge by its loss on a validation sample of the training lines.

Counts of all lines and of the sample in, one of `RIDGES` out.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.descent import Descent
from wordkin.engines.exact.loss import mean_pair_loss
from wordkin.engines.exact.problem import problem_of
from wordkin.engines.exact.start import start
from wordkin.engines.exact.tiles import Tiles
from wordkin.engines.settings import ExactSettings
from wordkin.system.progress import Progress

RIDGES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
"""The candidates, in the order in which they are tried."""
CHOICE_WORDS = 2048
"""The number of words in the choice, evenly spaced from the most frequent to the rarest."""
CHOICE_PASSES = 2
"""Passes with each candidate, starting from the result of the one before."""


def choose_ridge(
    tiles: Tiles,
    pairs: Cooccurrence,
    probe: Cooccurrence | None,
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    progress: Progress,
) -> float:
    """Return the ridge of `RIDGES` with the least loss on the validation sample.

    Trains on the other lines, for a sample of frequent and rare words, because it is the vectors of
    rare words that overfit. Tries ridges from the largest down, each starting from the result of
    the one before, until the validation loss rises. If the sample or the other lines have no pair,
    returns the middle one.

    Parameters
    ----------
    tiles : Tiles
    pairs : Cooccurrence
        The counts of all training lines.
    probe : Cooccurrence or None
        The counts of the validation sample, a part of them.
    counts : (V,) int64
        How often each word occurs.
    settings : ExactSettings
    progress : Progress
    """
    words = np.unique(np.linspace(0, len(counts) - 1, CHOICE_WORDS).astype(np.intp))
    if probe is not None:
        probe = probe.among(words)
    if probe is None or not len(probe.values):
        return RIDGES[len(RIDGES) // 2]
    rest = pairs.among(words).without(probe)
    if not len(rest.values):
        return RIDGES[len(RIDGES) // 2]
    problem, validation = (problem_of(part, counts[words], settings) for part in (rest, probe))
    V, U = (tiles.array(M) for M in start(problem, settings))
    best, least = RIDGES[0], math.inf
    for tried, ridge in enumerate(RIDGES):
        progress.choosing(tried, len(RIDGES))
        descent = Descent.from_matrices(tiles, problem, V, U, ridge, Progress())
        for _ in range(CHOICE_PASSES):
            descent.run_pass()
        V, U = descent.center.A, descent.outside.A
        loss = mean_pair_loss(tiles, validation, V, U)
        if not loss < least:
            break
        best, least = ridge, loss
    return best
