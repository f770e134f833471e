"""The equations: each loss with its gradients beside it, and the conventions all engines share.

Arrays in, arrays out; imports NumPy and nothing else. This is the truth that the engines answer
to: written to be read, not to be fast. Letters in brackets name the rows of ``EQUATIONS.md``.

====================  ==================================================  =========
symbol                meaning                                             shape
====================  ==================================================  =========
``V``                 center matrix, row ``c`` is ``v_c``                 ``(V, d)``
``U``                 outside matrix, row ``w`` is ``u_w``                ``(V, d)``
``o``                 the true outside word                               index
``y``, ``y_hat``      one-hot vector with its 1 at ``o``; the model's     ``(V,)``
                      ``P(O = w | C = c) = softmax(U v_c)``
====================  ==================================================  =========

Losses are in nats. A gradient has the shape of what it is taken with respect to. Float64 in gives
float64 out. Complex128 works as well, so that complex-step differentiation goes through these very
functions: they are analytic, branch on real parts alone, and never take ``abs`` or a conjugate.

Source: Mikolov, Sutskever, Chen, Corrado and Dean (2013), "Distributed Representations of Words and
Phrases and their Compositionality"; Mikolov, Chen, Corrado and Dean (2013), "Efficient Estimation
of Word Representations in Vector Space".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
PairObjective: TypeAlias = Callable[[Array, int, Array], tuple[float, Array, Array]]
"""``pair_objective(v_c, o, U) -> loss, grad_v_c, grad_U``: `naive_softmax`, or `negative_sampling`
with its negatives bound."""

# ------------------------------------------------------------------------------- conventions

NOISE_POWER = 0.75
"""The power of the counts in the noise distribution (Mikolov et al. 2013)."""


def window_weight(distance: npt.ArrayLike, window: int) -> Array:
    """Give the expected number of times a pair at ``distance`` is trained: ``(m - j + 1) / m``.

    At each position the radius is uniform in ``1..m``, so a word at distance ``j`` falls inside
    with that probability; beyond ``m`` it is 0. Raises ValueError for a distance or window below 1.
    """
    j = np.asarray(distance)
    if window < 1 or np.any(j < 1):
        raise ValueError(
            f"distance and window must be at least 1, got distance {j} and window {window}"
        )
    return np.asarray(np.maximum(window - j + 1, 0) / window)


def keep_probability(frequency: npt.ArrayLike, subsample: float) -> Array:
    """Give the probability that subsampling keeps a token: ``min(1, sqrt(t/f) + t/f)``.

    ``frequency`` is the word's share ``f`` of the corpus, in 0..1; ``subsample`` is the threshold
    ``t``, where 0 keeps every token. Raises ValueError for values outside these ranges.
    """
    f = np.asarray(frequency, dtype=np.float64)
    if not np.all((f >= 0) & (f <= 1)):
        raise ValueError(f"frequency must be in 0..1, got {f}")
    if not 0 <= subsample < np.inf:
        raise ValueError(f"subsample must be 0 or a positive number, got {subsample}")
    if subsample == 0:
        return np.ones_like(f)
    with np.errstate(divide="ignore", over="ignore"):  # f = 0: the ratio is inf, and all are kept
        ratio = subsample / f
    return np.asarray(np.minimum(1.0, np.sqrt(ratio) + ratio))


def noise_distribution(counts: npt.ArrayLike) -> Array:
    """Give the distribution negatives are drawn from: ``q_w ∝ count_w ** 0.75``, shape ``(V,)``.

    A negative equal to ``o`` is drawn again. Raises ValueError for a negative count, or no count.
    """
    n = np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or not np.all((n >= 0) & np.isfinite(n)) or not n.any():
        raise ValueError(f"counts must be a vector of numbers of at least 0, not all 0, got {n}")
    q = n**NOISE_POWER
    return np.asarray(q / q.sum())


# ------------------------------------------------------------------------------- (d) the sigmoid


def sigmoid(x: npt.ArrayLike) -> Array:
    """Compute the logistic function ``σ(x) = 1 / (1 + exp(-x))`` elementwise (d).

    Stable for every finite float: the exponential is only ever taken of a number that is not
    positive. ``1 - σ(x)`` is written ``σ(-x)`` everywhere, which loses no digits near 1.
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
    """Compute ``log σ(x)`` elementwise, finite for every finite float.

    This is ``-logaddexp(0, -x)``, written out because NumPy's ``logaddexp`` knows no complex.
    """
    x = _floating(x)
    # -log(1 + e^-x) for x >= 0;  x - log(1 + e^x) for x < 0
    negative = x.real < 0
    y: Array = np.where(negative, x, 0.0) - np.log1p(np.exp(np.where(negative, x, -x)))
    return y


# ------------------------------------------------------------------------- (a) softmax, entropy


def log_softmax(x: npt.ArrayLike) -> Array:
    """Compute ``x - logsumexp(x)`` along the last axis, free of overflow."""
    x = _floating(x)
    shifted = x - x.real.max(axis=-1, keepdims=True)  # the largest term is exp(0) = 1
    y: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return y


def softmax(x: npt.ArrayLike) -> Array:
    """Compute ``exp(x) / Σ exp(x)`` along the last axis, free of overflow."""
    y: Array = np.exp(log_softmax(x))
    return y


def cross_entropy(y: npt.ArrayLike, y_hat: npt.ArrayLike) -> float:
    """Compute ``-Σ_w y_w log ŷ_w`` in nats (a): for one-hot ``y`` this is ``-log ŷ_o``.

    Infinite where ``ŷ`` rules out a word that ``y`` holds possible. `naive_softmax` computes the
    same number from the logits and stays finite where ``ŷ_o`` underflows to 0. Raises ValueError
    unless both are of one shape.
    """
    y, y_hat = _floating(y), _floating(y_hat)
    if y.shape != y_hat.shape:
        raise ValueError(f"y and y_hat must have one shape, got {y.shape} and {y_hat.shape}")
    possible = y != 0  # the other terms are 0, even where log ŷ_w is -inf
    with np.errstate(divide="ignore"):
        loss: float = -np.sum(y[possible] * np.log(y_hat[possible]))
    return loss


# --------------------------------------------------------------------------- (a-c), (e): a pair


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
        For shapes that do not fit, or an index out of range; the message names both values.
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
        The drawn words ``w_1..w_K``, ``(K,)``, none equal to ``o``. A word drawn n times counts
        n times.
    U
        Outside vectors, ``(V, d)``.
    weights
        Importance weights ``a_1..a_K``, ``(K,)``; ones by default. They keep the expectation right
        where the sum over K draws is estimated from another number of them, as from a shared pool.

    Returns
    -------
    loss, grad_v_c, grad_U
        In nats; ``(d,)``; ``(V, d)``, zero in the rows of words that are neither ``o`` nor drawn.

    Raises
    ------
    ValueError
        For shapes that do not fit, an index out of range, or a negative equal to ``o``; the message
        names both values.
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
    np.add.at(grad_U, w, np.outer(r_w, v_c))  # grad_U[w] += ... would drop the repeats
    return loss, grad_v_c, grad_U


# --------------------------------------------------------------------------------- (f): a window


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
        The words around it, with repeats; where there are none, loss and gradients are 0.
    V, U
        Center and outside vectors, ``(V, d)`` each.
    pair_objective
        ``J(v_c, o, U) -> loss, grad_v_c, grad_U``, either of the two above.

    Returns
    -------
    loss, grad_V, grad_U
        In nats; ``(V, d)``, where every row but ``c`` is exactly zero; ``(V, d)``.

    Raises
    ------
    ValueError
        For shapes that do not fit, or an index out of range; the message names both values.
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


# ------------------------------------------------------------------------------------ the corpus


def corpus_naive_softmax(
    counts: Any, V: npt.ArrayLike, U: npt.ArrayLike
) -> tuple[float, Array, Array]:
    """Compute the naive softmax loss of a whole corpus from its counts, and its gradients.

    ``J(corpus) = Σ_c [ n_c logsumexp(U v_c) - Σ_o N_co u_o·v_c ]`` with ``n_c = Σ_o N_co``

    Costs O(V² d) time and O(V²) memory whatever the length of the corpus, and equals the sum of
    `skipgram` over every position.

    Parameters
    ----------
    counts
        ``N``, dense or SciPy sparse, ``(V, V)``: row ``c`` holds the weighted number of times each
        word ``o`` is seen in the window of ``c``.
    V, U
        Center and outside vectors, ``(V, d)`` each.

    Returns
    -------
    loss, grad_V, grad_U
        In nats, summed over the pairs (divide by ``counts.sum()`` for the mean); ``(V, d)`` each.

    Raises
    ------
    ValueError
        For shapes that do not fit, or a count below 0; the message names both values.
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

    with the number of times that ``w`` is a negative of ``c``, over draws from the plain noise
    ``q``, in which a draw may fall on ``o``,

    ``M_cw = K n_c q_w``

    or, where a draw equal to ``o`` is drawn again, as in training,

    ``M_cw = K q_w (Σ_o N_co / (1 - q_o) - N_cw / (1 - q_w))``

    Parameters
    ----------
    counts
        ``N``, dense or SciPy sparse, ``(V, V)``, rows centers, as in `corpus_naive_softmax`.
    noise
        ``q``, ``(V,)``, not negative, with sum 1.
    negatives
        ``K``, the number of negatives a pair.
    V, U
        Center and outside vectors, ``(V, d)`` each.
    drawn_again
        Whether a negative equal to ``o`` is drawn again, so that ``w`` has ``q_w / (1 - q_o)``.

    Returns
    -------
    loss, grad_V, grad_U
        In nats, summed over the pairs; ``(V, d)`` each.

    Raises
    ------
    ValueError
        For shapes that do not fit, a count or ``negatives`` below 0, or a noise that is no
        distribution, or leaves no other word to draw; the message names the values.
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
        # (c, o) has each w but o with q_w / (1 - q_o): M_cw = K q_w Σ_{o ≠ w} N_co / (1 - q_o)
        others = N / (1 - q)
        M = negatives * q * (others.sum(axis=1, keepdims=True) - others)
    else:
        M = negatives * n * q
    loss = -np.sum(N * log_sigmoid(x)) - np.sum(M * log_sigmoid(-x))
    # ∂J/∂x = M σ(x) - N (1 - σ(x))    ∂J/∂V = (∂J/∂x) U    ∂J/∂U = (∂J/∂x)ᵀ V
    residual = M * sigmoid(x) - N * sigmoid(-x)
    return loss, residual @ U, residual.T @ V


# ------------------------------------------------------------------------------------- arguments


def _floating(x: npt.ArrayLike) -> Array:
    """Give ``x`` as an array, integers as float64."""
    x = np.asarray(x)
    return x if np.issubdtype(x.dtype, np.inexact) else x.astype(np.float64)


def _center_and_outside(name: str, center: npt.ArrayLike, U: npt.ArrayLike) -> tuple[Array, Array]:
    """Give the center vector or matrix and ``U`` as arrays whose dimensions d agree."""
    center, U = _floating(center), _floating(U)
    wanted = 1 if name == "v_c" else 2
    if center.ndim != wanted or U.ndim != 2 or center.shape[-1] != U.shape[-1]:
        shape = "(d,)" if wanted == 1 else "(V, d)"
        raise ValueError(
            f"{name} must have shape {shape} and U (V, d), got {center.shape} and {U.shape}"
        )
    return center, U


def _indices(name: str, values: Sequence[int] | npt.ArrayLike, size: int) -> npt.NDArray[np.intp]:
    """Give ``values`` as a vector of indices, each in ``0..size-1``."""
    index = np.asarray(values)
    if index.ndim != 1 or (index.size and index.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be whole numbers (a word, or a list of words), got {index}")
    outside = index[(index < 0) | (index >= size)]
    if outside.size:
        raise ValueError(f"{name} must be in 0..{size - 1}, got {outside[0]}")
    return index.astype(np.intp)


def _counts(counts: Any, V: Array, U: Array) -> tuple[Array, Array]:
    """Give ``N`` as a dense array, and ``n_c = Σ_o N_co`` as a column beside it."""
    N = _floating(counts.toarray() if hasattr(counts, "toarray") else counts)
    if N.shape != (len(V), len(U)):
        raise ValueError(
            f"counts must have a row for each row of V and a column for each row of U, "
            f"got {N.shape} for V {V.shape} and U {U.shape}"
        )
    if np.any(N < 0):
        raise ValueError(f"counts must be at least 0, got {N.min()}")
    return N, N.sum(axis=1, keepdims=True)
