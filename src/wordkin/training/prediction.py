"""Prediction: P(outside | center) from the matrices of a model.

A center vector and the outside matrix in, a probability per outside word out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.objectives.conventions import NOISE_POWER
from wordkin.objectives.pairs import softmax
from wordkin.system.checks import at_least

_NUMBERS = 1 << 18  # of U to convert to float64 at a time, 2 MB


def probabilities(
    v_c: npt.NDArray[Any], U: npt.NDArray[Any], counts: npt.NDArray[Any] | None = None
) -> npt.NDArray[np.float64]:
    """Return P(O = o | C = c) for each outside word, (V,) float64, with sum 1.

    Parameters
    ----------
    v_c : (d,) array
    U : (V, d) array
        Outside vectors. A row of zeros is a word without any pair: it has probability 0.
    counts : (V,) array or None
        None for softmax(U v_c). Word counts for a model of negative sampling: at its optimum
        u_o·v_c = log (P(o | c) / (K q_o)) with the noise q, so that P ∝ q_o e^(u_o·v_c).
    """
    logits = np.empty(len(U))
    v = v_c.astype(np.float64)
    step = max(1, _NUMBERS // max(1, len(v)))
    for first in range(0, len(U), step):  # a float64 copy of all of U would be large
        some = slice(first, first + step)
        rows = U[some].astype(np.float64)
        logits[some] = np.where(rows.any(axis=1), rows @ v, -np.inf)
    if counts is not None:
        logits += NOISE_POWER * np.log(counts)
    if not np.isfinite(logits).any():
        return np.zeros(len(U))
    return np.asarray(softmax(logits))


def largest(x: npt.NDArray[np.float64], number: int | None) -> npt.NDArray[np.intp]:
    """Return the indices of the `number` largest numbers, in descending order; ties by index.

    None for all of them.
    """
    order = np.argsort(-x, kind="stable")
    return order if number is None else order[: at_least(1, "topn", number)]
