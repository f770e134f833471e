"""How the stochastic engine divides its work: pools of negatives, spans, steps, blocks, batches.

Settings, windows and the noise distribution in, sizes out. Everything here keeps steps stable or
caches small; `docs/notes/stochastic-engine.md` has the measurements.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from wordkin.engines.settings import StochasticSettings
from wordkin.engines.windows import Windows
from wordkin.system.types import Float32, Int32

BATCHES = 2000
"""Batches per epoch in deterministic training, unless they would be too small or too large."""
BLOCK = 512
"""Positions per block, unless a batch would be too large."""
BATCH = 16
"""Blocks per batch. They are independent of each other, so this many threads can share a batch."""


_MOST_DRAWN = 512  # kMostDrawn


def pool_size(settings: StochasticSettings, windows: Windows) -> int:
    """Return the number of negatives per span: enough that each weighs at most 3.75.

    A center has (m + 1) K negatives in expectation, less where lines are shorter than windows. A
    smaller pool of heavier negatives would be faster but costs quality.
    """
    return min(512, 16 * math.ceil(windows.weight * settings.negatives / 60))


def steps(settings: StochasticSettings, windows: Windows) -> int:
    """Return the number of parts to divide a span's step into, so that v_c moves stably.

    A whole step moves v_c by about learning_rate (m + 1) K, 0.75 for the defaults. Above 4, as with
    wide windows and many negatives, it is divided into parts, each computed at the weights that the
    one before left. Learning rates above 0.05 do not add parts. The core takes no more than the
    first 64 of them, after which v_c hardly moves: so whole lines as windows cost no more than the
    square of the longest one.
    """
    rate = min(settings.learning_rate, 0.05)
    return math.ceil(rate * windows.weight * settings.negatives / 4)


def span_size(
    settings: StochasticSettings, windows: Windows, noise: npt.NDArray[np.float64]
) -> int:
    """Return the number of centers per span: as many as keep the outside vectors stable.

    All centers of a span are trained at the same weights, and the outside vector of a pool word
    takes a step for each of them. The sum of their weights, times the learning rate of a part,
    stays below 0.9. The sum includes repeated draws of one word, which a small vocabulary makes
    frequent.
    """
    pool = pool_size(settings, windows)
    rate = settings.learning_rate / steps(settings, windows)
    weight = windows.weight * settings.negatives / pool * (1 + pool * float(noise.max()))
    return max(1, min(16, 2 * int(0.45 / (rate * weight))))


def drawn(settings: StochasticSettings, windows: Windows) -> int:
    """Return how many words a block draws, of which each of its spans takes its pool.

    Few, so that a block's rows fit the nearest caches, but enough that spans differ: four pools of
    the default, and of larger ones as many as there is room for. A power of two.
    """
    return min(_MOST_DRAWN, 1 << (4 * pool_size(settings, windows) - 1).bit_length())


def layouts(
    settings: StochasticSettings, windows: Windows, noise: npt.NDArray[np.float64]
) -> tuple[Int32, Float32]:
    """Return the layouts of spans, by how far the windows of a block reach.

    Returns
    -------
    layouts : (L, 5) int32
        Reach, ascending; negatives per span, centers per span, steps; words drawn per block.
    weights : (L,) float32
        The most that the pairs of one center weigh together.
    """
    classes = windows.classes()
    found = [
        (
            each.reach,
            pool_size(settings, each),
            span_size(settings, each, noise),
            steps(settings, each),
            drawn(settings, each),
        )
        for each in classes
    ]
    weights = np.array([each.weight for each in classes], np.float32)
    return np.array(found, np.int32), weights


def blocks(
    settings: StochasticSettings,
    windows: Windows,
    noise: npt.NDArray[np.float64],
    positions: int,
) -> tuple[int, int]:
    """Return the positions per block and the blocks per batch; 0 blocks for training without locks.

    One thread trains a block at a time. In deterministic training the blocks of a batch do not see
    each other's updates, so a batch is a small part of an epoch, and for a short text one block.
    Larger blocks are faster as long as the rows they use fit the cache.
    """
    span = span_size(settings, windows.usual_class(), noise)
    if not settings.deterministic:
        return max(span, BLOCK), 0
    wanted = positions // BATCHES
    batch = min(max(wanted // 128, 1), BATCH)
    return max(span, min(max(wanted // batch, 128), BLOCK)), batch
