"""Prediction: P(outside | center) from the matrices of a model.

A center vector and the outside matrix in, a probability per outside word, or word, out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.by_side import SIDES
from wordkin.objectives.conventions import NOISE_POWER
from wordkin.objectives.pairs import softmax
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError

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


def of_words(
    v_c: npt.NDArray[Any],
    U: npt.NDArray[Any],
    words: int,
    counts: npt.NDArray[Any] | None = None,
    side: str | None = None,
) -> npt.NDArray[np.float64]:
    """Return P(O = o | C = c) for each of V words, (V,) float64, with sum 1.

    Parameters
    ----------
    v_c : (d,) array
    U : (V, d) or (2 V, d) array
        Outside vectors; the latter with sides, all words at the left first.
    words : int
        V.
    counts : (V,) array or None
        As in `probabilities`.
    side : {"left", "right"} or None
        The side that the outside word is known to be at; None for the sum over both.

    Raises
    ------
    SettingsError
        For a side where U has none.
    """
    sides = len(U) // words
    number = None if side is None else side_number(side, sides)
    all_counts = None if counts is None else np.tile(counts, sides)
    found = probabilities(v_c, U, all_counts).reshape(sides, words)
    if number is None:
        return np.asarray(found.sum(axis=0))
    at_side = found[number]
    return np.asarray(at_side / max(float(at_side.sum()), np.finfo(np.float64).tiny))


def side_number(side: str, sides: int) -> int:
    """Return the place of a side among the outside vectors of a model with so many.

    Raises
    ------
    SettingsError
        For another word than left or right, or a model without sides.
    """
    if side not in SIDES:
        raise SettingsError(f"side must be {' or '.join(SIDES)}, got {side!r:.80}")
    if sides == 1:
        raise SettingsError(
            f"the model does not tell {' from '.join(SIDES)}: leave out the side, or train it with"
            " sides on (--sides)"
        )
    return SIDES.index(side)


def largest(x: npt.NDArray[np.float64], number: int | None) -> npt.NDArray[np.intp]:
    """Return the indices of the `number` largest numbers, in descending order; ties by index.

    None for all of them.
    """
    order = np.argsort(-x, kind="stable")
    return order if number is None else order[: at_least(1, "topn", number)]
