"""The gauge: the canonical vectors among all pairs of matrices that give the same model.

Center and outside matrix in, one vector per word out.

A model is determined by its logits U v_c, with softmax by their differences. They do not change
under V → V A, U → U A⁻ᵀ with any invertible A, nor softmax when one vector is added to every row of
U. Distances between rows of V do change, so those that training happens to arrive at mean little.
Therefore the logits themselves are decomposed, after removing what all centers share: how frequent
each outside word is.

With sides, U has a row for each word at the left of a center, then one for each at the right. Both
halves are centred apart, and a word has the sum of its two rows of what the logits are decomposed
into, over √2: as much as a single row has where both agree.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

POWER = 0.35
"""The exponent of the singular values: 1 would keep the logits' scale, 0 whiten the vectors."""
SHARE = 0.2
"""The share of a word's outside vector that is added to its center vector.

Syntactic analogies are best at 0, semantic ones and similarity at 1; this value keeps most of both.
"""
SHARE_WITH_SUBWORDS = 0.35
"""The same where center vectors are pulled to their n-grams, which favour syntactic analogies."""


def axes(
    V: npt.NDArray[Any], U: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Decompose the centred logits: (Q, s, R) with (V - V̄)(U - Ū)ᵀ = Q diag(s) Rᵀ.

    Costs O(V d²): it uses two thin QR decompositions and never forms the logits.

    Parameters
    ----------
    V, U
        Center and outside vectors, (V, d) each; with sides U is (2 V, d).

    Returns
    -------
    Q, s, R
        (V, r), (r,) descending, and as many rows as U, (V, r), with r = min(V, d); Q and R have
        orthonormal columns. The sign of a column is set so that the entry of Q largest in size is
        positive.
    """
    return _decomposed(V, U)[:3]


def _decomposed(
    V: npt.NDArray[Any], U: npt.NDArray[Any]
) -> tuple[
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
]:
    """Return Q, s, R of `axes`, and T, (d, r), with Q = (V - V̄) T where s is not 0."""
    U = np.concatenate([_centred(half) for half in sides_of(U, len(V))])
    V = _centred(V)
    (Q_V, R_V), (Q_U, R_U) = np.linalg.qr(V), np.linalg.qr(U)
    left, s, right = np.linalg.svd(R_V @ R_U.T)
    Q, R = Q_V @ left, Q_U @ right.T
    size = np.abs(Q)
    largest = (size > 0.999 * size.max(axis=0)).argmax(axis=0)  # among equals, the first
    sign = np.sign(Q[largest, np.arange(Q.shape[1])])
    inverse = np.linalg.pinv(R_V, rcond=max(V.shape) * np.finfo(np.float64).eps)
    return Q * sign, s, R * sign, inverse @ left * sign


def _centred(M: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(M.astype(np.float64) - M.mean(axis=0, dtype=np.float64))


def sides_of(U: npt.NDArray[Any], words: int) -> list[npt.NDArray[Any]]:
    """Return the outside vectors at the left and those at the right, (V, d) each; U if it is one.

    Raises
    ------
    ValueError
        If U has not one or two rows for each word.
    """
    if len(U) not in (words, 2 * words):
        raise ValueError(
            f"U must have a row for each of {words} words, or two with sides, got {len(U)} rows"
        )
    return [U[first : first + words] for first in range(0, len(U), words)]


def canonical(
    V: npt.NDArray[Any], U: npt.NDArray[Any], *, power: float = POWER, share: float = SHARE
) -> npt.NDArray[np.float32]:
    """Return the canonical vectors, (Q + share R) diag(s)^power, (V, r), with Q, s, R from `axes`.

    With sides, R is the sum of its two rows of each word, over √2.

    They are the same for all pairs of matrices with the same probabilities, up to rounding, and are
    scaled to a mean squared length of 1.
    """
    return with_projection(V, U, power=power, share=share)[0]


def projection(
    V: npt.NDArray[Any], U: npt.NDArray[Any], *, power: float = POWER, share: float = SHARE
) -> npt.NDArray[np.float64]:
    """Return what makes canonical vectors of center vectors: M, (d, r).

    The part of `canonical` that comes from the center vectors is (V - V̄) M, which is all of it if
    `share` is 0; the rest comes from the outside vectors. So what is added to the center vector of
    a word, such as the rows of its n-grams, adds its product with M to the canonical vector. These
    products do not change with the gauge either.
    """
    return with_projection(V, U, power=power, share=share)[1]


def with_projection(
    V: npt.NDArray[Any], U: npt.NDArray[Any], *, power: float = POWER, share: float = SHARE
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return `canonical` and `projection`, for little more than the cost of one of them."""
    Q, s, R, T = _decomposed(V, U)
    scale = s**power
    halves = sides_of(R, len(Q))
    vectors = (Q + share * (sum(halves) / np.sqrt(len(halves)))) * scale
    length = np.sqrt(np.mean(np.square(vectors).sum(axis=1)))
    if length > 0:
        vectors, scale = vectors / length, scale / length
    return np.asarray(vectors, dtype=np.float32), np.asarray(T * scale)
