"""Every equation of docs/equations.md, against answers that come from elsewhere."""

from __future__ import annotations

from functools import partial
from itertools import product
from math import inf, log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse  # type: ignore[import-untyped,unused-ignore]

from wordkin import objectives as equations
from wordkin.objectives import Array, PairObjective

finite = st.floats(allow_nan=False, allow_infinity=False)
V, U = np.random.default_rng(0).normal(size=(2, 5, 3))


def assert_close(result: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    """Say whether a loss and its two gradients are equal to 1e-12."""
    for one, other in zip(result, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


# ------------------------------------------------------------------------------- conventions


def test_window_weight_is_the_chance_that_a_uniform_radius_reaches_the_distance() -> None:
    window = 5
    reached = [sum(radius >= j for radius in range(1, window + 1)) / window for j in range(1, 8)]
    np.testing.assert_allclose(equations.window_weight(np.arange(1, 8), window), reached)
    assert equations.window_weight(1, 1) == 1.0


@pytest.mark.parametrize(("distance", "window"), [(0, 5), (1, 0)])
def test_window_weight_refuses_values_below_one(distance: int, window: int) -> None:
    with pytest.raises(ValueError, match=f"distance {distance} and window {window}"):
        equations.window_weight(distance, window)


def test_keep_probability_of_known_frequencies() -> None:
    kept = equations.keep_probability([0.16, 0.01, 1e-4, 1e-9, 0.0], 1e-4)
    np.testing.assert_allclose(kept, [0.025 + 0.000625, 0.1 + 0.01, 1.0, 1.0, 1.0])


def test_no_subsampling_keeps_all() -> None:
    np.testing.assert_array_equal(equations.keep_probability([0.0, 0.5, 1.0], 0), [1, 1, 1])


@pytest.mark.parametrize(
    ("frequency", "subsample"), [(1.5, 1e-4), (-0.1, 1e-4), (np.nan, 1e-4), (0.5, -1.0), (0.5, inf)]
)
def test_keep_probability_refuses_what_is_out_of_range(frequency: float, subsample: float) -> None:
    with pytest.raises(ValueError, match=r"frequency must|subsample must"):
        equations.keep_probability(frequency, subsample)


def test_noise_follows_counts_to_the_power_three_quarters() -> None:
    np.testing.assert_allclose(equations.noise_distribution([16, 0, 81]), [8 / 35, 0, 27 / 35])


@pytest.mark.parametrize("counts", [[0, 0], [], [-1, 2], [np.nan, 1], [[1, 2]]])
def test_noise_refuses_counts_without_a_distribution(counts: list[float]) -> None:
    with pytest.raises(ValueError, match="counts must be"):
        equations.noise_distribution(counts)


# ------------------------------------------------------------------------------- (d) the sigmoid


def test_sigmoid_of_known_points() -> None:
    np.testing.assert_allclose(equations.sigmoid([0, log(3), -log(3)]), [1 / 2, 3 / 4, 1 / 4])
    np.testing.assert_allclose(
        equations.sigmoid_gradient([0, log(3), -log(3)]), [1 / 4, 3 / 16, 3 / 16]
    )


def test_sigmoid_is_exact_far_out() -> None:
    x = np.array([-1e4, 1e4])
    np.testing.assert_array_equal(equations.sigmoid(x), [0, 1])
    np.testing.assert_array_equal(equations.sigmoid_gradient(x), [0, 0])
    np.testing.assert_array_equal(equations.log_sigmoid(x), [-1e4, 0])
    # the small side keeps its digits where 1 - σ(x) would be 0
    np.testing.assert_allclose(equations.sigmoid(-50.0), np.exp(-50.0), rtol=1e-15)
    np.testing.assert_allclose(equations.sigmoid_gradient(50.0), np.exp(-50.0), rtol=1e-15)
    np.testing.assert_allclose(equations.log_sigmoid(50.0), -np.exp(-50.0), rtol=1e-15)


@given(finite)
def test_sigmoid_holds_for_every_finite_float(x: float) -> None:
    # a warning of overflow would fail the test as well
    assert 0 <= equations.sigmoid(x) <= 1
    assert abs(equations.sigmoid(x) + equations.sigmoid(-x) - 1) <= 3e-16
    assert 0 <= equations.sigmoid_gradient(x) <= 1 / 4 + 1e-16
    np.testing.assert_allclose(equations.log_sigmoid(x), -np.logaddexp(0, -x), rtol=1e-14)


@given(st.floats(-600, 600))  # further out, Im σ(x + ih) has lost digits to underflow
def test_the_derivative_of_the_sigmoid_is_its_complex_step(x: float) -> None:
    step = equations.sigmoid(np.complex128(x + 1e-20j)).imag / 1e-20
    np.testing.assert_allclose(equations.sigmoid_gradient(x), step, rtol=1e-13)


# -------------------------------------------------------------------------- (a-c) naive softmax


@given(st.lists(st.floats(-300, 300), min_size=1, max_size=8), st.data())
def test_naive_softmax_is_cross_entropy(logits: list[float], data: st.DataObject) -> None:
    o = data.draw(st.integers(0, len(logits) - 1))
    column = np.array(logits)[:, None]  # with v_c = 1, U v_c are the logits
    loss, _, _ = equations.naive_softmax([1.0], o, column)
    y_hat = equations.softmax(logits)
    entropy = equations.cross_entropy(np.eye(len(logits))[o], y_hat)
    assert entropy == pytest.approx(loss, rel=1e-12, abs=1e-12)
    assert -log(y_hat[o]) == pytest.approx(loss, rel=1e-12, abs=1e-12)


def test_cross_entropy_of_a_distribution_with_itself_is_its_entropy() -> None:
    assert equations.cross_entropy([0.5, 0.25, 0.25, 0], [0.5, 0.25, 0.25, 0]) == pytest.approx(
        1.5 * log(2)
    )
    assert equations.cross_entropy([0, 1], [1, 0]) == inf
    with pytest.raises(ValueError, match=r"got \(2,\) and \(3,\)"):
        equations.cross_entropy([0, 1], [1, 0, 0])


def test_naive_softmax_worked_by_hand() -> None:
    # e to the logits: 1, 2, 3, so ŷ = (1, 2, 3) / 6
    outside = np.log([[1.0], [2.0], [3.0]])
    loss, grad_v_c, grad_U = equations.naive_softmax([1.0], 1, outside)
    assert loss == pytest.approx(log(3))
    np.testing.assert_allclose(grad_v_c, [-log(2) + log(2) / 3 + log(3) / 2])
    np.testing.assert_allclose(grad_U, [[1 / 6], [-2 / 3], [1 / 2]])


def test_naive_softmax_has_no_gradient_where_the_model_is_right() -> None:
    # two equal vectors, one seen as o: what is expected equals what is observed
    _, grad_v_c, _ = equations.naive_softmax([1.0, -2.0], 0, [[3.0, 1.0], [3.0, 1.0]])
    np.testing.assert_allclose(grad_v_c, [0, 0], atol=1e-15)


def test_naive_softmax_is_exact_at_huge_logits() -> None:
    outside = np.array([[1e4], [-1e4], [0.0]])
    loss, grad_v_c, grad_U = equations.naive_softmax([1.0], 1, outside)
    assert loss == 2e4
    np.testing.assert_array_equal(grad_v_c, [2e4])
    np.testing.assert_array_equal(grad_U, [[1], [-1], [0]])
    assert equations.naive_softmax([1.0], 0, outside)[0] == 0


# ----------------------------------------------------------------------- (e) negative sampling


def test_negative_sampling_worked_by_hand_counts_repeats() -> None:
    # logits log 3, -log 3, 0; the second word is drawn twice
    outside = np.array([[1.0], [-1.0], [0.0], [9.0]])
    loss, grad_v_c, grad_U = equations.negative_sampling([log(3)], 0, [1, 1, 2], outside)
    assert loss == pytest.approx(3 * log(4 / 3) + log(2))
    np.testing.assert_allclose(grad_v_c, [-1 / 4 - 2 / 4])
    np.testing.assert_allclose(
        grad_U, [[-log(3) / 4], [2 * log(3) / 4], [log(3) / 2], [0.0]], atol=1e-15
    )


def test_a_whole_weight_equals_as_many_repeats() -> None:
    repeated = equations.negative_sampling(V[0], 2, [1, 4, 4, 4], U)
    weighted = equations.negative_sampling(V[0], 2, [1, 4], U, weights=[1, 3])
    assert_close(repeated, weighted)


def test_negative_sampling_touches_only_the_words_drawn() -> None:
    _, _, grad_U = equations.negative_sampling(V[0], 2, [4, 4], U)
    np.testing.assert_array_equal(grad_U[[0, 1, 3]], 0)
    assert np.all(grad_U[[2, 4]] != 0)


def test_negative_sampling_without_negatives_is_logistic_regression_on_the_pair() -> None:
    loss, grad_v_c, _ = equations.negative_sampling([log(3)], 0, [], [[1.0]])
    assert loss == pytest.approx(log(4 / 3))
    np.testing.assert_allclose(grad_v_c, [-1 / 4])


def test_negative_sampling_is_exact_at_huge_logits() -> None:
    outside = np.array([[1e4], [-1e4]])
    loss, grad_v_c, grad_U = equations.negative_sampling([1.0], 1, [0], outside)
    assert loss == 2e4
    np.testing.assert_array_equal(grad_v_c, [2e4])
    np.testing.assert_array_equal(grad_U, [[1], [-1]])
    assert equations.negative_sampling([1.0], 0, [1], outside)[0] == 0


def test_a_negative_equal_to_o_is_refused() -> None:
    with pytest.raises(ValueError, match=r"o = 2 and negatives \[1, 2\]"):
        equations.negative_sampling(V[0], 2, [1, 2], U)


# --------------------------------------------------------------------------------- (f) windows

objectives: list[PairObjective] = [
    equations.naive_softmax,
    lambda v_c, o, U: equations.negative_sampling(v_c, o, [(o + 1) % 5, (o + 2) % 5], U),
]
either = pytest.mark.parametrize("pair_objective", objectives, ids=["naive", "negative"])


@either
def test_a_window_is_the_sum_of_its_pairs(pair_objective: PairObjective) -> None:
    outside = [3, 0, 3, 1]
    loss, grad_V, grad_U = equations.skipgram(1, outside, V, U, pair_objective)
    pairs = [pair_objective(V[1], o, U) for o in outside]
    sums = tuple(sum(of_pair[i] for of_pair in pairs) for i in range(3))
    assert_close((loss, grad_V[1], grad_U), sums)


@either
def test_only_the_center_gets_a_gradient(pair_objective: PairObjective) -> None:
    _, grad_V, _ = equations.skipgram(1, [3, 0], V, U, pair_objective)
    np.testing.assert_array_equal(np.delete(grad_V, 1, axis=0), 0)
    assert np.all(grad_V[1] != 0)


@either
def test_an_empty_window_changes_nothing(pair_objective: PairObjective) -> None:
    loss, grad_V, grad_U = equations.skipgram(1, [], V, U, pair_objective)
    assert loss == 0
    assert not grad_V.any()
    assert not grad_U.any()


# ----------------------------------------------------------------------------------- the corpus

TOY = [[0, 1, 2, 1, 3], [4, 0], [2], [3, 3, 1, 4, 0, 2, 0]]
WINDOW = 3


def counts_of_toy() -> Array:
    counts = np.zeros((5, 5))
    for sentence in TOY:
        for (t, c), (s, o) in product(enumerate(sentence), repeat=2):
            if s != t:
                counts[c, o] += equations.window_weight(abs(s - t), WINDOW)
    return counts


def sum_over_positions(pair_objective: PairObjective) -> tuple[float, Array, Array]:
    """Sum (f) over every position, in expectation over the radius: each one of 1..m."""
    loss, grad_V, grad_U = 0.0, np.zeros(V.shape), np.zeros(U.shape)
    for sentence, radius in product(TOY, range(1, WINDOW + 1)):
        for t, c in enumerate(sentence):
            outside = sentence[max(0, t - radius) : t] + sentence[t + 1 : t + 1 + radius]
            of_window = equations.skipgram(c, outside, V, U, pair_objective)
            loss += of_window[0] / WINDOW
            grad_V += of_window[1] / WINDOW
            grad_U += of_window[2] / WINDOW
    return loss, grad_V, grad_U


def expected_over_draws(
    q: Array, K: int, v_c: Array, o: int, U: Array
) -> tuple[float, Array, Array]:
    """Take the exact mean of (e) over all V^K draws from the plain noise, o among them.

    A draw of ``o`` goes to a twin of its row, whose gradient is then the gradient of ``u_o``.
    """
    with_twin, twin = np.vstack([U, U[o]]), len(U)
    loss, grad_v_c, grad_U = 0.0, np.zeros(v_c.shape), np.zeros(with_twin.shape)
    for draw in product(range(len(U)), repeat=K):
        chance = np.prod(q[list(draw)])
        w = [twin if word == o else word for word in draw]
        of_draw = equations.negative_sampling(v_c, o, w, with_twin)
        loss += chance * of_draw[0]
        grad_v_c += chance * of_draw[1]
        grad_U += chance * of_draw[2]
    grad_U[o] += grad_U[twin]
    return loss, grad_v_c, grad_U[:twin]


def test_corpus_naive_softmax_is_the_sum_over_all_positions() -> None:
    corpus = equations.corpus_naive_softmax(counts_of_toy(), V, U)
    assert_close(corpus, sum_over_positions(equations.naive_softmax))


def test_corpus_negative_sampling_is_the_expected_sum_over_all_positions() -> None:
    q, K = equations.noise_distribution([4, 3, 3, 3, 2]), 2
    corpus = equations.corpus_negative_sampling(counts_of_toy(), q, K, V, U)
    expected = sum_over_positions(partial(expected_over_draws, q, K))
    assert_close(corpus, expected)


def test_with_negatives_drawn_again_it_is_the_expected_sum_as_well() -> None:
    q, K = equations.noise_distribution([4, 3, 3, 3, 2]), 3

    def drawn_again(v_c: Array, o: int, U: Array) -> tuple[float, Array, Array]:
        others = np.delete(np.arange(len(U)), o)
        weights = K * q[others] / (1 - q[o])
        return equations.negative_sampling(v_c, o, others, U, weights)

    corpus = equations.corpus_negative_sampling(counts_of_toy(), q, K, V, U, drawn_again=True)
    assert_close(corpus, sum_over_positions(drawn_again))


@pytest.mark.parametrize("layout", [sparse.csr_matrix, sparse.coo_matrix, sparse.csr_array])
def test_sparse_counts_give_what_dense_counts_give(layout: type) -> None:
    N, q = counts_of_toy(), np.full(5, 0.2)
    assert_close(
        equations.corpus_naive_softmax(layout(N), V, U), equations.corpus_naive_softmax(N, V, U)
    )
    assert_close(
        equations.corpus_negative_sampling(layout(N), q, 5, V, U),
        equations.corpus_negative_sampling(N, q, 5, V, U),
    )


def test_corpus_naive_softmax_is_exact_at_huge_logits() -> None:
    loss, grad_V, grad_U = equations.corpus_naive_softmax([[0, 3]], [[1.0]], [[1e4], [-1e4]])
    assert loss == 6e4
    np.testing.assert_array_equal(grad_V, [[6e4]])
    np.testing.assert_array_equal(grad_U, [[3], [-3]])


def test_each_center_has_a_softmax_of_its_own() -> None:
    # logits of 1e4 for one center and -1e4 for the other: one shift for both would underflow
    loss, _, _ = equations.corpus_naive_softmax(np.eye(2), [[1.0], [-1.0]], [[1e4], [1e4]])
    assert loss == pytest.approx(2 * log(2))


def test_the_best_corpus_loss_is_the_entropy_of_the_counts() -> None:
    # with vectors that put softmax(U v_c) at N_c / n_c, no loss is lower and the gradient is zero
    N = np.array([[1.0, 3.0], [2.0, 2.0]])
    loss, grad_V, grad_U = equations.corpus_naive_softmax(N, np.eye(2), np.log(N / 4).T)
    assert loss == pytest.approx(4 * (0.25 * log(4) + 0.75 * log(4 / 3)) + 4 * log(2))
    np.testing.assert_allclose(grad_V, 0, atol=1e-14)
    np.testing.assert_allclose(grad_U, 0, atol=1e-14)


def test_the_best_negative_sampling_logit_is_shifted_mutual_information() -> None:
    # Levy and Goldberg (2014): the loss is stationary where u_o·v_c = log(N_co / (K n_c q_o))
    N, q, K = np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([0.25, 0.75]), 2
    best = np.log(N / (K * 4 * q))
    _, grad_V, grad_U = equations.corpus_negative_sampling(N, q, K, np.eye(2), best.T)
    np.testing.assert_allclose(grad_V, 0, atol=1e-14)
    np.testing.assert_allclose(grad_U, 0, atol=1e-14)


# ------------------------------------------------------------------- types, and what is refused

N = np.ones((5, 5))
q = np.full(5, 0.2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_dtype_in_is_the_dtype_out(dtype: type) -> None:
    C, W = V.astype(dtype), U.astype(dtype)
    for _, *gradients in (
        equations.naive_softmax(C[0], 1, W),
        equations.negative_sampling(C[0], 1, [2, 2], W),
        equations.skipgram(0, [1, 2], C, W, equations.naive_softmax),
        equations.corpus_naive_softmax(N.astype(dtype), C, W),
        equations.corpus_negative_sampling(N.astype(dtype), q.astype(np.float32), 2, C, W),
        equations.corpus_negative_sampling(
            N.astype(dtype), q.astype(np.float32), 2, C, W, drawn_again=True
        ),
    ):
        assert [gradient.dtype for gradient in gradients] == [dtype, dtype]
    assert equations.sigmoid(C).dtype == dtype


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: equations.naive_softmax(V[0], 5, U), r"o must be in 0\.\.4, got 5"),
        (lambda: equations.naive_softmax(V[0], -1, U), r"o must be in 0\.\.4, got -1"),
        (lambda: equations.naive_softmax(V[0], 1.5, U), r"o must be whole numbers"),  # type: ignore[arg-type]
        (lambda: equations.naive_softmax(V[0, :2], 1, U), r"got \(2,\) and \(5, 3\)"),
        (lambda: equations.naive_softmax(V, 1, U), r"got \(5, 3\) and \(5, 3\)"),
        (lambda: equations.negative_sampling(V[0], 7, [1], U), r"o must be in 0\.\.4, got 7"),
        (lambda: equations.negative_sampling(V[0], 0, [9], U), r"negatives must .*4, got 9"),
        (lambda: equations.negative_sampling(V[0], 0, [1.5], U), r"negatives must be whole"),
        (lambda: equations.negative_sampling(V[0], 0, [1, 2], U, [1]), r"got \(1,\) and \(2,\)"),
        (
            lambda: equations.skipgram(5, [0], V, U, equations.naive_softmax),
            r"c must be in 0\.\.4, got 5",
        ),
        (
            lambda: equations.skipgram(0, [0, -2], V, U, equations.naive_softmax),
            r"outside must be in 0\.\.4, got -2",
        ),
        (
            lambda: equations.skipgram(0, [], V[:, :2], U, equations.naive_softmax),
            r"got \(5, 2\) and \(5, 3\)",
        ),
        (lambda: equations.corpus_naive_softmax(N[:4], V, U), r"got \(4, 5\) for V \(5, 3\)"),
        (lambda: equations.corpus_naive_softmax(-N, V, U), r"counts must be at least 0, got -1"),
        (lambda: equations.corpus_negative_sampling(N, q[:4], 1, V, U), r"got \(4,\) and \(5, 3\)"),
        (lambda: equations.corpus_negative_sampling(N, q * 2, 1, V, U), r"sum to 1, got .* sum 2"),
        (lambda: equations.corpus_negative_sampling(N, q, -1, V, U), r"at least 0, got -1"),
        (
            lambda: equations.corpus_negative_sampling(N, np.eye(5)[0], 1, V, U, drawn_again=True),
            r"another word to draw, got 1\.0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_both_values(call: partial[object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
