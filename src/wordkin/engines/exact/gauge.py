"""The gauge: which of all equal pairs of matrices to look at.

A model says no more than its logits U v_c, and softmax no more than their differences. Both stay
the same for V → V A, U → U A⁻ᵀ with any invertible A, and softmax when one vector is added to every
row of U. Distances between rows of V do change: taken as they come out of training, they mean
little. So the logits themselves are decomposed, without what all centers have in common, which is
how frequent an outside word is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

POWER = 0.35
"""The power of the singular values: 1 would be all of the logits, 0 whitened vectors."""
SHARE = 0.2
"""How much of a word's outside vector is added to its center vector.

Without it syntactic analogies are best, with 1 semantic ones and similarity; this share has most of
both.
"""


def axes(
    V: npt.NDArray[Any], U: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Decompose the centred logits: (Q, s, R) with (V - V̄)(U - Ū)ᵀ = Q diag(s) Rᵀ.

    Costs O(V d²): by way of two thin QR decompositions, the logits are never made.

    Parameters
    ----------
    V, U
        Center and outside vectors, (V, d) each.

    Returns
    -------
    Q, s, R
        (V, r), (r,) falling, (V, r) with r = min(V, d); Q and R have orthonormal columns. The sign
        of a column is set so that the entry of Q largest in size is positive.
    """
    V, U = (M.astype(np.float64) - M.mean(axis=0, dtype=np.float64) for M in (V, U))
    (Q_V, R_V), (Q_U, R_U) = np.linalg.qr(V), np.linalg.qr(U)
    left, s, right = np.linalg.svd(R_V @ R_U.T)
    Q, R = Q_V @ left, Q_U @ right.T
    size = np.abs(Q)
    largest = (size > 0.999 * size.max(axis=0)).argmax(axis=0)  # of two that are equal, the first
    sign = np.sign(Q[largest, np.arange(Q.shape[1])])
    return Q * sign, s, R * sign


def canonical(
    V: npt.NDArray[Any], U: npt.NDArray[Any], *, power: float = POWER, share: float = SHARE
) -> npt.NDArray[np.float32]:
    """Give the vectors to look at: (Q + share R) diag(s)^power, (V, r), in the axes of `axes`.

    They are the same for all pairs of matrices with the same probabilities, up to rounding. Scaled
    so that the mean squared length is 1.
    """
    Q, s, R = axes(V, U)
    vectors = (Q + share * R) * s**power
    length = np.sqrt(np.mean(np.square(vectors).sum(axis=1)))
    return np.asarray(vectors / length if length > 0 else vectors, dtype=np.float32)
