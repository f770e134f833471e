"""The checker passes every right gradient, and catches wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from wordkin import objectives
from wordkin.objectives import Array, gradients


def failures() -> set[str]:
    return {row.part for row in gradients.check_gradients(problems=1) if not row.passed}


@pytest.mark.parametrize("row", gradients.check_gradients(), ids=lambda row: row.name)
def test_gradient_equals_both_numerical_derivatives(row: gradients.GradientCheck) -> None:
    assert row.central_difference < 1e-8
    assert row.complex_step < 1e-8
    assert row.passed


def test_every_equation_is_checked() -> None:
    rows = [(row.part, row.with_respect_to) for row in gradients.check_gradients(problems=1)]
    assert [rows.count(("e", variable)) for variable in ("v_c", "u_o", "u_w")] == [2, 2, 2]
    assert [rows.count((part, x)) for part in ("f", "corpus") for x in "VU"] == [2, 2, 3, 3]
    assert [rows.count(row) for row in (("b", "v_c"), ("c", "U"), ("d", "x"))] == [1, 1, 1]
    assert len(rows) == 19


def without_repeats(v_c: Array, o: int, w: Array, U: Array, weights: Any = None) -> Any:
    # what a plain grad_U[w] += ... computes
    loss, grad_v_c, grad_U = right["negative_sampling"](v_c, o, w, U, weights)
    first = np.unique(w, return_index=True)[1]
    a = None if weights is None else weights[first]
    grad_U[w] = right["negative_sampling"](v_c, o, w[first], U, a)[2][w]
    return loss, grad_v_c, grad_U


def without_weights(v_c: Array, o: int, w: Array, U: Array, weights: Any = None) -> Any:
    loss, _, _ = right["negative_sampling"](v_c, o, w, U, weights)
    return loss, *right["negative_sampling"](v_c, o, w, U)[1:]


def scaled(name: str, which: int, factor: float) -> Callable[..., Any]:
    def wrong(*args: Any, **kwargs: Any) -> Any:
        result = list(right[name](*args, **kwargs))
        result[which] = result[which] * factor
        return tuple(result)

    return wrong


def spilled(*args: Any) -> Any:
    loss, grad_V, grad_U = right["skipgram"](*args)
    return loss, np.roll(grad_V, 1, axis=0), grad_U


right: dict[str, Callable[..., Any]] = {
    name: getattr(objectives, name)
    for name in (
        "sigmoid_gradient",
        "naive_softmax",
        "negative_sampling",
        "skipgram",
        "corpus_naive_softmax",
        "corpus_negative_sampling",
    )
}
slightly = 1 + 1e-6


@pytest.mark.parametrize(
    ("name", "wrong", "parts"),
    [
        ("sigmoid_gradient", lambda x: slightly * right["sigmoid_gradient"](x), {"d"}),
        ("naive_softmax", scaled("naive_softmax", 1, slightly), {"b", "f"}),
        ("naive_softmax", scaled("naive_softmax", 2, -1), {"c", "f"}),
        ("negative_sampling", scaled("negative_sampling", 1, slightly), {"e", "f"}),
        ("negative_sampling", without_repeats, {"e", "f"}),
        ("negative_sampling", without_weights, {"e"}),
        ("negative_sampling", scaled("negative_sampling", 2, np.nan), {"e", "f"}),
        ("skipgram", spilled, {"f"}),
        ("corpus_naive_softmax", scaled("corpus_naive_softmax", 2, slightly), {"corpus"}),
        ("corpus_negative_sampling", scaled("corpus_negative_sampling", 1, 1.01), {"corpus"}),
    ],
)
def test_a_wrong_gradient_is_caught(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: Callable[..., Any], parts: set[str]
) -> None:
    monkeypatch.setattr(objectives, name, wrong)
    assert failures() == parts


def test_numerical_derivatives_of_a_known_function() -> None:
    x = np.array([[0.5, -1.0], [2.0, 0.0]])
    slope = np.exp(x) * (np.sin(x) + np.cos(x))

    def f(x: Array) -> Any:
        return np.sum(np.exp(x) * np.sin(x))

    np.testing.assert_allclose(gradients.central_difference(f, x), slope, rtol=1e-10)
    np.testing.assert_allclose(gradients.complex_step(f, x), slope, rtol=1e-14)


def test_relative_error_of_known_arrays() -> None:
    assert gradients.relative_error(np.array([4.0, 0.0]), np.array([4.0, 1.0])) == 0.25
    assert gradients.relative_error(np.zeros(2), np.zeros(2)) == 0
    assert gradients.relative_error(np.zeros(2), np.array([0.0, 1e-9])) == 1
    assert np.isnan(gradients.relative_error(np.array([np.nan]), np.zeros(1)))
    with pytest.raises(ValueError, match=r"shape \(2,\), its variable \(3,\)"):
        gradients.relative_error(np.zeros(2), np.zeros(3))


def test_an_error_that_is_not_a_number_does_not_pass() -> None:
    assert not gradients.GradientCheck("b", "any", "v_c", float("nan"), 0.0).passed
    assert not gradients.GradientCheck("b", "any", "v_c", 0.0, float("nan")).passed


def test_no_problems_prove_nothing() -> None:
    with pytest.raises(ValueError, match="problems must be at least 1, got 0"):
        gradients.check_gradients(problems=0)
