"""The losses of a whole corpus from its co-occurrence counts, with their gradients.

A dense or sparse ``(V, V)`` matrix of counts and both vector matrices in; the loss and two
gradients out. They equal the sum of `skipgram` over all positions, at a cost that does not depend
on the length of the corpus.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.objectives.conventions import Array
from wordkin.objectives.pairs import (
    _center_and_outside,
    _floating,
    log_sigmoid,
    log_softmax,
    sigmoid,
)


def corpus_naive_softmax(
    counts: Any, V: npt.ArrayLike, U: npt.ArrayLike
) -> tuple[float, Array, Array]:
    """Compute the naive softmax loss of a whole corpus from its counts, and its gradients.

    ``J(corpus) = Σ_c [ n_c logsumexp(U v_c) - Σ_o N_co u_o·v_c ]`` with ``n_c = Σ_o N_co``

    Takes O(V² d) time and O(V²) memory, whatever the length of the corpus, and equals the sum of
    `skipgram` over all positions.

    Parameters
    ----------
    counts
        ``N``, dense or SciPy sparse, ``(V, W)``: row ``c`` has the weighted number of times that
        each word ``o`` occurs in a window of ``c``. ``W`` is ``V``, or ``2 V`` where a word at the
        left of a center is another outside word than the same word at its right.
    V, U
        Center and outside vectors, ``(V, d)`` and ``(W, d)``.

    Returns
    -------
    loss, grad_V, grad_U
        In nats, summed over the pairs (divide by ``counts.sum()`` for the mean); the gradients have
        the shapes of ``V`` and ``U``.

    Raises
    ------
    ValueError
        For shapes that do not match, or a count below 0; the message has both values.
    """
    V, U = _center_and_outside("V", V, U)
    N, n = _counts(counts, V, U)
    # J = -Σ_c Σ_o N_co log ŷ_co
    log_y_hat = log_softmax(V @ U.T)
    loss = -np.sum(N * log_y_hat)
    # ∂J/∂v_c = Uᵀ(n_c ŷ_c - N_c)    ∂J/∂U = Σ_c (n_c ŷ_c - N_c) v_cᵀ
    residual = n * np.exp(log_y_hat) - N
    return loss, residual @ U, residual.T @ V


def corpus_negative_sampling(
    counts: Any,
    noise: npt.ArrayLike,
    negatives: int,
    V: npt.ArrayLike,
    U: npt.ArrayLike,
    *,
    drawn_again: bool = False,
) -> tuple[float, Array, Array]:
    """Compute the expected negative sampling loss of a whole corpus, and its gradients.

    ``J(corpus) = Σ_c [ -Σ_o N_co log σ(u_o·v_c) - Σ_w M_cw log σ(-u_w·v_c) ]``

    ``M_cw`` is the expected number of times that ``w`` is a negative of ``c``. If negatives are
    drawn from the plain noise ``q`` and may equal ``o``, it is

    ``M_cw = K n_c q_w``

    If a negative equal to ``o`` is drawn again, as in training, it is

    ``M_cw = K q_w (Σ_o N_co / (1 - q_o) - N_cw / (1 - q_w))``

    Parameters
    ----------
    counts
        ``N``, dense or SciPy sparse, ``(V, W)``, rows centers, as in `corpus_naive_softmax`.
    noise
        ``q``, ``(W,)``, not negative, with sum 1.
    negatives
        ``K``, the number of negatives per pair.
    V, U
        Center and outside vectors, ``(V, d)`` and ``(W, d)``.
    drawn_again
        Whether a negative equal to ``o`` is drawn again, so that ``w`` has probability
        ``q_w / (1 - q_o)``.

    Returns
    -------
    loss, grad_V, grad_U
        In nats, summed over the pairs; the gradients have the shapes of ``V`` and ``U``.

    Raises
    ------
    ValueError
        For shapes that do not match, a count or ``negatives`` below 0, or a noise that is not a
        distribution or leaves no other word to draw; the message has the values.
    """
    V, U = _center_and_outside("V", V, U)
    N, n = _counts(counts, V, U)
    q = _floating(noise)
    if q.shape != U.shape[:1]:
        raise ValueError(f"noise must have shape (V,) and U (V, d), got {q.shape} and {U.shape}")
    if np.any(q < 0) or not abs(q.sum() - 1) < 1e-9:
        raise ValueError(
            f"noise must hold no negative number and sum to 1, got minimum {q.min()}, sum {q.sum()}"
        )
    if negatives < 0:
        raise ValueError(f"negatives must be at least 0, got {negatives}")
    if drawn_again and np.any(q >= 1):
        raise ValueError(f"noise must leave another word to draw, got {q.max()} for one word")
    # J = -Σ_co N_co log σ(x_co) - Σ_cw M_cw log σ(-x_cw)    x_cw = u_w·v_c
    x = V @ U.T
    if drawn_again:
        # (c, o) draws each w ≠ o with q_w / (1 - q_o): M_cw = K q_w Σ_{o ≠ w} N_co / (1 - q_o)
        others = N / (1 - q)
        M = negatives * q * (others.sum(axis=1, keepdims=True) - others)
    else:
        M = negatives * n * q
    loss = -np.sum(N * log_sigmoid(x)) - np.sum(M * log_sigmoid(-x))
    # ∂J/∂x = M σ(x) - N (1 - σ(x))    ∂J/∂V = (∂J/∂x) U    ∂J/∂U = (∂J/∂x)ᵀ V
    residual = M * sigmoid(x) - N * sigmoid(-x)
    return loss, residual @ U, residual.T @ V


def _counts(counts: Any, V: Array, U: Array) -> tuple[Array, Array]:
    """Return ``N`` as a dense array, and ``n_c = Σ_o N_co`` as a column."""
    N = _floating(counts.toarray() if hasattr(counts, "toarray") else counts)
    if N.shape != (len(V), len(U)):
        raise ValueError(
            f"counts must have a row for each row of V and a column for each row of U, "
            f"got {N.shape} for V {V.shape} and U {U.shape}"
        )
    if np.any(N < 0):
        raise ValueError(f"counts must be at least 0, got {N.min()}")
    return N, N.sum(axis=1, keepdims=True)
