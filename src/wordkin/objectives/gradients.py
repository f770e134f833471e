"""The check of all gradients in `wordkin.objectives` against two numerical derivatives.

A seed in; a `GradientCheck` per gradient, with its largest relative errors, out.

- Central differences, on the five-point stencil: exact up to O(h⁴), so with ``h = 1e-3`` the errors
  of the formula (about 1e-13) and of rounding (1e-16 / h) are both far below the tolerance.
- Complex step: ``Im f(x + ih) / h`` subtracts nothing, so ``h = 1e-20`` gives all digits. It is an
  independent check, since it steps along the imaginary axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from wordkin import objectives
from wordkin.objectives.conventions import Array

Loss: TypeAlias = Callable[[Array], float]

TOLERANCE = 1e-8
"""The largest relative error of a gradient that passes."""


@dataclass(frozen=True)
class GradientCheck:
    """The largest relative errors of one gradient of one equation."""

    part: str
    """Section of ``docs/equations.md``: b, c, d, e, f or corpus."""
    name: str
    with_respect_to: str
    central_difference: float
    complex_step: float

    @property
    def passed(self) -> bool:
        """Whether both errors are below `TOLERANCE`; a NaN fails."""
        return self.central_difference < TOLERANCE and self.complex_step < TOLERANCE


def check_gradients(seed: int = 0, problems: int = 5) -> list[GradientCheck]:
    """Check all gradients on several random problems; return the worst case of each gradient.

    Errors are computed by `relative_error`. Raises ValueError for ``problems`` below 1.
    """
    if problems < 1:
        raise ValueError(f"problems must be at least 1, got {problems}")
    rng = np.random.default_rng(seed)
    worst: dict[tuple[str, str, str], Array] = {}
    for equation in (e for _ in range(problems) for e in _equations(rng)):
        _, *gradients = equation.function(*equation.at)
        variables = zip(equation.variables, equation.at, gradients, strict=True)
        for i, ((part, variable), x, gradient) in enumerate(variables):

            def loss(x: Array, i: int = i, equation: _Equation = equation) -> float:
                before, after = equation.at[:i], equation.at[i + 1 :]
                value: float = equation.function(*before, x, *after)[0]
                return value

            errors = [
                relative_error(gradient, differentiate(loss, x))
                for differentiate in (central_difference, complex_step)
            ]
            row = (part, equation.name, variable)
            # np.maximum propagates NaN, unlike the builtin max
            worst[row] = np.maximum(worst.get(row, 0.0), errors)
    return [GradientCheck(*row, *errors.tolist()) for row, errors in worst.items()]


def central_difference(loss: Loss, x: Array, h: float = 1e-3) -> Array:
    """Differentiate ``loss`` at ``x`` on the five-point stencil."""
    # f'(x) = [8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))] / 12h + O(h⁴)
    return np.array(
        [
            (8 * (loss(x + e) - loss(x - e)) - (loss(x + 2 * e) - loss(x - 2 * e))) / (12 * h)
            for e in _steps(x, h)
        ]
    ).reshape(x.shape)


def complex_step(loss: Loss, x: Array, h: float = 1e-20) -> Array:
    """Differentiate an analytic ``loss`` at ``x`` along the imaginary axis."""
    # f'(x) = Im f(x + ih) / h + O(h²)
    return np.array([loss(x + 1j * e).imag / h for e in _steps(x, h)]).reshape(x.shape)


def relative_error(gradient: Array, numerical: Array) -> float:
    """Return ``max|g - n| / max(max|g|, max|n|)``, and 0 if both are zero."""
    if gradient.shape != numerical.shape:
        raise ValueError(f"gradient has shape {gradient.shape}, its variable {numerical.shape}")
    scale = np.maximum(np.abs(gradient).max(), np.abs(numerical).max())
    return 0.0 if scale == 0 else float(np.abs(gradient - numerical).max() / scale)


def _steps(x: Array, h: float) -> Iterator[Array]:
    """Yield a step of length ``h`` along each axis of ``x`` in turn."""
    for index in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[index] = h
        yield e


class _Equation(NamedTuple):
    name: str
    variables: list[tuple[str, str]]
    """Section of ``docs/equations.md`` and symbol, for each argument of the function."""
    function: Callable[..., tuple[Any, ...]]
    """Its value, then its gradients in the order of its arguments."""
    at: tuple[Array, ...]


def _equations(rng: np.random.Generator) -> Iterator[_Equation]:
    """Yield each equation with a random problem."""
    words, d, K = 7, 4, 6
    # logits of order 1: where σ saturates, numerical derivatives have no digits left
    V, U = rng.normal(size=(2, words, d)) / d**0.25
    v_c = rng.normal(size=d) / d**0.25
    c, o = rng.integers(words, size=2)

    def draw(o: int) -> Array:
        """Draw K negatives, none equal to o, the first two the same."""
        w = rng.choice(np.delete(np.arange(words), o), size=K)
        w[1] = w[0]
        return w

    yield _Equation(
        "naive softmax",
        [("b", "v_c"), ("c", "U")],
        lambda v_c, U: objectives.naive_softmax(v_c, o, U),
        (v_c, U),
    )
    # elementwise, so the gradient of the sum is the vector of the derivatives
    yield _Equation(
        "sigmoid",
        [("d", "x")],
        lambda x: (objectives.sigmoid(x).sum(), objectives.sigmoid_gradient(x)),
        (3 * rng.normal(size=20),),
    )

    w = draw(o)
    drawn = np.unique(w)
    for name, weights in (
        ("negative sampling", None),
        ("negative sampling, weighted", rng.uniform(0.1, 3, size=K)),
    ):

        def pair(
            v_c: Array, u_o: Array, u_w: Array, weights: Array | None = weights
        ) -> tuple[float, Array, Array, Array]:
            outside = U.astype(np.result_type(u_o, u_w))
            outside[o], outside[drawn] = u_o, u_w
            loss, grad_v_c, grad_U = objectives.negative_sampling(v_c, o, w, outside, weights)
            return loss, grad_v_c, grad_U[o], grad_U[drawn]

        variables = [("e", "v_c"), ("e", "u_o"), ("e", "u_w")]
        yield _Equation(name, variables, pair, (v_c, U[o], U[drawn]))

    outside = rng.integers(words, size=5)
    outside[1] = outside[0]  # a word may occur twice in a window
    negatives = {word: draw(word) for word in outside.tolist()}

    def with_negatives(v_c: Array, o: int, U: Array) -> tuple[float, Array, Array]:
        return objectives.negative_sampling(v_c, o, negatives[o], U)

    N = rng.poisson(1.0, size=(words, words)) / rng.integers(1, 6, size=(words, words))
    q = objectives.noise_distribution(rng.integers(1, 50, size=words))
    for part, name, function in (
        (
            "f",
            "skip-gram of naive softmax",
            lambda V, U: objectives.skipgram(c, outside, V, U, objectives.naive_softmax),
        ),
        (
            "f",
            "skip-gram of negative sampling",
            lambda V, U: objectives.skipgram(c, outside, V, U, with_negatives),
        ),
        (
            "corpus",
            "corpus naive softmax",
            lambda V, U: objectives.corpus_naive_softmax(N, V, U),
        ),
        (
            "corpus",
            "corpus negative sampling",
            lambda V, U: objectives.corpus_negative_sampling(N, q, K, V, U),
        ),
        (
            "corpus",
            "corpus negative sampling, drawn again",
            lambda V, U: objectives.corpus_negative_sampling(N, q, K, V, U, drawn_again=True),
        ),
    ):
        yield _Equation(name, [(part, "V"), (part, "U")], function, (V, U))
