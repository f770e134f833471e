"""The conventions that all engines share: window weights, subsampling, noise, learning rate.

Numbers or arrays in; arrays of the same shape out.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

Window: TypeAlias = int | Literal["line"]
"""The window ``m``; "line" for the whole line, whose pairs all weigh the same."""

FINAL_RATE = 1 / 250
"""The learning rate falls linearly to this share of its initial value, as in gensim."""
NOISE_POWER = 0.75
"""The exponent of the counts in the noise distribution (Mikolov et al. 2013)."""


def window_weight(distance: npt.ArrayLike, window: Window) -> Array:
    """Return how often a pair at ``distance`` is trained in expectation: ``(m - j + 1) / m``.

    The radius is uniform in ``1..m`` at each position, so a word at distance ``j`` is inside the
    window with this probability; beyond ``m`` it is 0. For the window "line", no radius is drawn,
    and all weights are 1. Raises ValueError for a distance or window below 1.
    """
    j = np.asarray(distance)
    if (window != "line" and window < 1) or np.any(j < 1):
        raise ValueError(
            f"distance and window must be at least 1, got distance {j} and window {window}"
        )
    if window == "line":
        return np.ones(j.shape)
    return np.asarray(np.maximum(window - j + 1, 0) / window)


def keep_probability(frequency: npt.ArrayLike, subsample: float) -> Array:
    """Return the probability that subsampling keeps a token: ``min(1, sqrt(t/f) + t/f)``.

    ``frequency`` is the word's share ``f`` of the corpus, in 0..1; ``subsample`` is the threshold
    ``t``, where 0 keeps all tokens. Raises ValueError for values outside these ranges.
    """
    f = np.asarray(frequency, dtype=np.float64)
    if not np.all((f >= 0) & (f <= 1)):
        raise ValueError(f"frequency must be in 0..1, got {f}")
    if not 0 <= subsample < np.inf:
        raise ValueError(f"subsample must be 0 or a positive number, got {subsample}")
    if subsample == 0:
        return np.ones_like(f)
    with np.errstate(divide="ignore", over="ignore"):  # f = 0: the ratio is inf, the result 1
        ratio = subsample / f
    return np.asarray(np.minimum(1.0, np.sqrt(ratio) + ratio))


def noise_distribution(counts: npt.ArrayLike) -> Array:
    """Return the noise distribution of negative samples: ``q_w ∝ count_w ** 0.75``, ``(V,)``.

    Training draws a negative equal to ``o`` again. Raises ValueError if a count is negative, or all
    are 0.
    """
    n = np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or not np.all((n >= 0) & np.isfinite(n)) or not n.any():
        raise ValueError(f"counts must be a vector of numbers of at least 0, not all 0, got {n}")
    q = n**NOISE_POWER
    return np.asarray(q / q.sum())
