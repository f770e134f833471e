"""The threshold of subsampling: the one in the settings, or one chosen from the text.

Counts of words in, a share of the text out.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from wordkin.engines.settings import Settings
from wordkin.objectives.conventions import keep_probability

USUAL = 1e-4
"""The threshold for a text with the vocabulary of a natural language."""
LEAST_KEPT = 0.45
"""The share of its words that any text keeps; English of any size keeps about this at `USUAL`."""
NEVER_DROPPED = (3 - math.sqrt(5)) / 2
"""A word is never dropped if the threshold is at least this share of its frequency."""


def threshold_of(settings: Settings, counts: npt.NDArray[np.int64]) -> float:
    """Return the threshold of the settings; for "auto", the one that fits the text."""
    if isinstance(settings.subsample, str):
        return chosen_threshold(counts)
    return settings.subsample


def chosen_threshold(counts: npt.NDArray[np.int64]) -> float:
    """Return the least threshold of at least `USUAL` that leaves enough of a text.

    It keeps `LEAST_KEPT` of the words, and drops no word that is only as frequent as the average:
    where all words are frequent, as in baskets of few products, none is a function word. Above
    `USUAL`, it is rounded up to two digits, so that it can be read and typed.

    Parameters
    ----------
    counts : (V,) int64
        How often each word occurs.
    """
    threshold = max(USUAL, NEVER_DROPPED / max(1, len(counts)))
    if kept_share(counts, threshold) < LEAST_KEPT:
        low, high = math.log(threshold), 0.0  # a threshold of 1 keeps every word
        for _ in range(40):
            middle = (low + high) / 2
            if kept_share(counts, math.exp(middle)) < LEAST_KEPT:
                low = middle
            else:
                high = middle
        threshold = math.exp(high)
    if threshold == USUAL:
        return USUAL
    unit = 10.0 ** (math.floor(math.log10(threshold)) - 1)
    return float(f"{math.ceil(threshold / unit * (1 - 1e-12)) * unit:.2g}")


def kept_share(counts: npt.NDArray[np.int64], threshold: float) -> float:
    """Return the share of the words of a text that subsampling keeps, in expectation."""
    total = int(counts.sum())
    if not total:
        return 1.0
    return float(counts @ keep_probability(counts / total, threshold)) / total
