"""How the stochastic engine cuts its work: pools of negatives, spans, steps, blocks, batches."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from wordkin.engines.settings import StochasticSettings

BATCHES = 2000
"""Batches of an epoch in deterministic training, unless they would be too small or too large."""
BATCH = 16
"""Blocks of a batch, which are independent of each other: so many threads can work on them."""


def pool_size(settings: StochasticSettings) -> int:
    """Negatives to draw for a span: so many that none stands for more than 3.75 of a center's.

    A center has (m + 1) K negatives in expectation; fewer, heavier ones would do for speed, but
    cost quality (`docs/engine.md` has the table).
    """
    return min(512, 16 * math.ceil((settings.window + 1) * settings.negatives / 60))


def steps(settings: StochasticSettings) -> int:
    """Parts in which to descend on a span, so that a center's own step stays stable.

    At one state of the weights v_c takes a step of the size learning_rate (m + 1) K: 0.75 for the
    defaults. Above 4 it is taken in parts, each at the weights that the last one left. This is for
    wide windows and many negatives; a learning rate above 0.05 is taken at its word.
    """
    rate = min(settings.learning_rate, 0.05)
    return math.ceil(rate * (settings.window + 1) * settings.negatives / 4)


def span_size(settings: StochasticSettings, noise: npt.NDArray[np.float64]) -> int:
    """Centers to take at the same weights: as many as keep the sum of a row's steps stable.

    The outside vector of a pool word takes a step for each center of the span. Their weights,
    summed and times a part's learning rate, stay below 0.9; in a small vocabulary a word is drawn
    several times for one pool, which counts too.
    """
    pool = pool_size(settings)
    rate = settings.learning_rate / steps(settings)
    weight = (settings.window + 1) * settings.negatives / pool * (1 + pool * float(noise.max()))
    return max(1, min(16, 2 * int(0.45 / (rate * weight))))


def blocks(
    settings: StochasticSettings, noise: npt.NDArray[np.float64], positions: int
) -> tuple[int, int]:
    """Positions of a block, and blocks of a batch; a batch of 0 is training without locks.

    A block is what one thread does at a time. In deterministic training those of a batch see
    nothing of each other: so a batch is a small part of an epoch, and that of a short text a single
    block. Larger blocks are faster, but the rows that they use have to stay in a cache.
    """
    pool, span = pool_size(settings), span_size(settings, noise)

    def of_rows(rows: int) -> int:
        return max(span, rows * span // (span + pool))

    if not settings.deterministic:
        return of_rows(16_384), 0
    wanted = positions // BATCHES
    batch = min(max(wanted // 128, 1), BATCH)
    return min(max(wanted // batch, 128), of_rows(1024)), batch
