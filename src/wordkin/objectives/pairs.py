"""The losses of one pair and of one window, each with its gradients, and the functions in them.

Vectors, matrices and word ids in; a loss in nats and gradients out. Letters in parentheses name
sections of ``docs/equations.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.objectives.conventions import Array

PairObjective: TypeAlias = Callable[[Array, int, Array], tuple[float, Array, Array]]
"""``pair_objective(v_c, o, U) -> loss, grad_v_c, grad_U``: `naive_softmax`, or `negative_sampling`
with its negatives bound."""


def sigmoid(x: npt.ArrayLike) -> Array:
    """Compute the logistic function ``σ(x) = 1 / (1 + exp(-x))`` elementwise (d).

    Stable for all finite floats, since it takes exponentials of non-positive numbers only. Write
    ``1 - σ(x)`` as ``σ(-x)``, which loses no digits near 1.
    """
    x = _floating(x)
    # 1 / (1 + e^-x) for x >= 0;  e^x / (1 + e^x) for x < 0
    e = np.exp(np.where(x.real < 0, x, -x))
    y: Array = np.where(x.real < 0, e, 1.0) / (1.0 + e)
    return y


def sigmoid_gradient(x: npt.ArrayLike) -> Array:
    """Compute ``σ'(x) = σ(x) (1 - σ(x))`` elementwise (d)."""
    x = _floating(x)
    return sigmoid(x) * sigmoid(-x)


def log_sigmoid(x: npt.ArrayLike) -> Array:
    """Compute ``log σ(x)`` elementwise, finite for all finite floats.

    This is ``-logaddexp(0, -x)``, written out because NumPy's ``logaddexp`` does not take complex
    numbers.
    """
    x = _floating(x)
    # -log(1 + e^-x) for x >= 0;  x - log(1 + e^x) for x < 0
    negative = x.real < 0
    y: Array = np.where(negative, x, 0.0) - np.log1p(np.exp(np.where(negative, x, -x)))
    return y


def log_softmax(x: npt.ArrayLike) -> Array:
    """Compute ``x - logsumexp(x)`` along the last axis, without overflow."""
    x = _floating(x)
    shifted = x - x.real.max(axis=-1, keepdims=True)  # the largest term is exp(0) = 1
    y: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return y


def softmax(x: npt.ArrayLike) -> Array:
    """Compute ``exp(x) / Σ exp(x)`` along the last axis, without overflow."""
    y: Array = np.exp(log_softmax(x))
    return y


def cross_entropy(y: npt.ArrayLike, y_hat: npt.ArrayLike) -> float:
    """Compute ``-Σ_w y_w log ŷ_w`` in nats (a): for one-hot ``y`` this is ``-log ŷ_o``.

    Infinite if ``ŷ_w`` is 0 where ``y_w`` is not. `naive_softmax` computes the same number from the
    logits, and stays finite where ``ŷ_o`` underflows to 0. Raises ValueError for different shapes.
    """
    y, y_hat = _floating(y), _floating(y_hat)
    if y.shape != y_hat.shape:
        raise ValueError(f"y and y_hat must have the same shape, got {y.shape} and {y_hat.shape}")
    possible = y != 0  # the other terms are 0, even if log ŷ_w is -inf
    with np.errstate(divide="ignore"):
        loss: float = -np.sum(y[possible] * np.log(y_hat[possible]))
    return loss


def naive_softmax(v_c: npt.ArrayLike, o: int, U: npt.ArrayLike) -> tuple[float, Array, Array]:
    """Compute the naive softmax loss of one pair, and its gradients (a, b, c).

    ``J(v_c, o, U) = -log P(O = o | C = c) = logsumexp(U v_c) - u_o·v_c``

    Parameters
    ----------
    v_c
        Center vector, ``(d,)``.
    o
        The true outside word, in ``0..V-1``.
    U
        Outside vectors, ``(V, d)``.

    Returns
    -------
    loss, grad_v_c, grad_U
        In nats; ``(d,)``; ``(V, d)``.

    Raises
    ------
    ValueError
        For shapes that do not match, or an index out of range; the message has both values.
    """
    v_c, U = _center_and_outside("v_c", v_c, U)
    (o,) = _indices("o", [o], len(U))
    # J = -Σ_w y_w log ŷ_w = -log ŷ_o
    log_y_hat = log_softmax(U @ v_c)
    loss = -log_y_hat[o]
    # ∂J/∂(U v_c) = ŷ - y
    residual = np.exp(log_y_hat)
    residual[o] -= 1.0
    # ∂J/∂v_c = Uᵀ(ŷ - y)    ∂J/∂U = (ŷ - y) v_cᵀ
    return loss, U.T @ residual, np.outer(residual, v_c)


def negative_sampling(
    v_c: npt.ArrayLike,
    o: int,
    negatives: npt.ArrayLike,
    U: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> tuple[float, Array, Array]:
    """Compute the negative sampling loss of one pair, and its gradients (e).

    ``J(v_c, o, w_1..w_K, U) = -log σ(u_o·v_c) - Σ_k a_k log σ(-u_{w_k}·v_c)``

    Parameters
    ----------
    v_c
        Center vector, ``(d,)``.
    o
        The true outside word, in ``0..V-1``.
    negatives
        The sampled words ``w_1..w_K``, ``(K,)``, none equal to ``o``. Repeats count each time.
    U
        Outside vectors, ``(V, d)``.
    weights
        Importance weights ``a_1..a_K``, ``(K,)``; ones by default. They correct the expectation
        where the sum over K draws is estimated from another number of them, as from a shared pool.

    Returns
    -------
    loss, grad_v_c, grad_U
        In nats; ``(d,)``; ``(V, d)``, zero in all rows but those of ``o`` and the negatives.

    Raises
    ------
    ValueError
        For shapes that do not match, an index out of range, or a negative equal to ``o``; the
        message has both values.
    """
    v_c, U = _center_and_outside("v_c", v_c, U)
    (o,) = _indices("o", [o], len(U))
    w = _indices("negatives", negatives, len(U))
    if np.any(w == o):
        raise ValueError(f"no negative may equal o, got o = {o} and negatives {w.tolist()}")
    a = np.ones(w.shape, U.dtype) if weights is None else _floating(weights)
    if a.shape != w.shape:
        raise ValueError(f"weights must have the shape of negatives, got {a.shape} and {w.shape}")
    # J = -log σ(u_o·v_c) - Σ_k a_k log σ(-u_{w_k}·v_c)
    x_o, x_w = U[o] @ v_c, U[w] @ v_c
    loss = -(log_sigmoid(x_o) + a @ log_sigmoid(-x_w)).item()
    # ∂J/∂(u_o·v_c) = σ(u_o·v_c) - 1    ∂J/∂(u_{w_k}·v_c) = a_k (1 - σ(-u_{w_k}·v_c))
    r_o, r_w = -sigmoid(-x_o), a * sigmoid(x_w)
    # ∂J/∂v_c = (σ(u_o·v_c) - 1) u_o + Σ_k a_k (1 - σ(-u_{w_k}·v_c)) u_{w_k}
    grad_v_c = r_o * U[o] + r_w @ U[w]
    # ∂J/∂u_o = (σ(u_o·v_c) - 1) v_c    ∂J/∂u_{w_k} = a_k σ(u_{w_k}·v_c) v_c, summed over repeats
    grad_U = np.zeros(U.shape, grad_v_c.dtype)
    grad_U[o] = r_o * v_c
    np.add.at(grad_U, w, np.outer(r_w, v_c))  # grad_U[w] += ... would drop repeats
    return loss, grad_v_c, grad_U


def skipgram(
    c: int,
    outside: Sequence[int] | Array,
    V: npt.ArrayLike,
    U: npt.ArrayLike,
    pair_objective: PairObjective,
) -> tuple[float, Array, Array]:
    """Compute the skip-gram loss of one window, and its gradients (f).

    ``J(c, outside, V, U) = Σ_{o in outside} J(v_c, o, U)``

    Parameters
    ----------
    c
        The center word.
    outside
        The words around it, with repeats; if there are none, loss and gradients are 0.
    V, U
        Center and outside vectors, ``(V, d)`` each.
    pair_objective
        ``J(v_c, o, U) -> loss, grad_v_c, grad_U``: `naive_softmax`, or `negative_sampling` with its
        negatives bound.

    Returns
    -------
    loss, grad_V, grad_U
        In nats; ``(V, d)``, zero in all rows but ``c``; ``(V, d)``.

    Raises
    ------
    ValueError
        For shapes that do not match, or an index out of range; the message has both values.
    """
    V, U = _center_and_outside("V", V, U)
    (c,) = _indices("c", [c], len(V))
    loss: float = 0.0
    grad_V, grad_U = (np.zeros(M.shape, np.result_type(V, U)) for M in (V, U))
    # ∂J/∂v_c = Σ_o ∂J(v_c, o, U)/∂v_c    ∂J/∂v_w = 0 for w ≠ c    ∂J/∂U = Σ_o ∂J(v_c, o, U)/∂U
    for o in _indices("outside", outside, len(U)).tolist():
        pair_loss, pair_grad_v_c, pair_grad_U = pair_objective(V[c], o, U)
        loss += pair_loss
        grad_V[c] += pair_grad_v_c
        grad_U += pair_grad_U
    return loss, grad_V, grad_U


def _floating(x: npt.ArrayLike) -> Array:
    """Return ``x`` as an array, integers as float64."""
    x = np.asarray(x)
    return x if np.issubdtype(x.dtype, np.inexact) else x.astype(np.float64)


def _center_and_outside(name: str, center: npt.ArrayLike, U: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the center vector or matrix and ``U`` as arrays; check that their d agree."""
    center, U = _floating(center), _floating(U)
    wanted = 1 if name == "v_c" else 2
    if center.ndim != wanted or U.ndim != 2 or center.shape[-1] != U.shape[-1]:
        shape = "(d,)" if wanted == 1 else "(V, d)"
        raise ValueError(
            f"{name} must have shape {shape} and U (V, d), got {center.shape} and {U.shape}"
        )
    return center, U


def _indices(name: str, values: Sequence[int] | npt.ArrayLike, size: int) -> npt.NDArray[np.intp]:
    """Return ``values`` as a vector of indices; check that they are in ``0..size-1``."""
    index = np.asarray(values)
    if index.ndim != 1 or (index.size and index.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be whole numbers (a word, or a list of words), got {index}")
    outside = index[(index < 0) | (index >= size)]
    if outside.size:
        raise ValueError(f"{name} must be in 0..{size - 1}, got {outside[0]}")
    return index.astype(np.intp)
