"""Canonical vectors are the same for all pairs of matrices that say the same."""

from __future__ import annotations

import numpy as np
import pytest

from wordkin.engines.exact.gauge import axes, canonical, projection
from wordkin.objectives import Array, softmax


def matrices(words: int = 40, d: int = 7, seed: int = 0) -> tuple[Array, Array]:
    """As after training: axes of different importance, words of different lengths, a mean."""
    rng = np.random.default_rng(seed)
    scale = 0.7 ** np.arange(d)
    V, U = (rng.normal(size=(words, d)) * scale + rng.normal(size=d) for _ in range(2))
    return V, U


def mixing(d: int, seed: int = 1) -> Array:
    """An invertible matrix far from a rotation."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(2))
    return np.asarray(left * np.geomspace(0.1, 10, d) @ right)


def centred(V: Array, U: Array) -> Array:
    return np.asarray((V - V.mean(axis=0)) @ (U - U.mean(axis=0)).T)


# --------------------------------------------------------------------------------- what is the same


@pytest.mark.parametrize("seed", range(5))
def test_mixing_the_axes_of_both_matrices_changes_nothing(seed: int) -> None:
    V, U = matrices(seed=seed)
    A = mixing(7, seed)
    vectors = canonical(V, U)
    np.testing.assert_allclose(V @ A @ (U @ np.linalg.inv(A).T).T, V @ U.T, atol=1e-10)
    np.testing.assert_allclose(canonical(V @ A, U @ np.linalg.inv(A).T), vectors, atol=1e-5)
    assert np.abs(canonical(V @ A, U @ A) - vectors).max() > 0.1


def test_a_vector_added_to_all_rows_changes_nothing() -> None:
    V, U = matrices()
    shift = np.random.default_rng(3).normal(size=7)
    vectors = canonical(V, U)
    # The same for all outside words: no probability changes. The same for all centers: how frequent
    # outside words are changes, but not what tells one center from another.
    np.testing.assert_allclose(softmax(V @ (U + shift).T), softmax(V @ U.T), atol=1e-12)
    np.testing.assert_allclose(canonical(V, U + shift), vectors, atol=1e-5)
    np.testing.assert_allclose(canonical(V + shift, U), vectors, atol=1e-5)


def test_axes_that_say_nothing_change_nothing() -> None:
    V, U = matrices()
    rng = np.random.default_rng(4)
    wide = np.hstack([V, rng.normal(size=(40, 2)), np.zeros((40, 2))])
    other = np.hstack([U, np.zeros((40, 2)), rng.normal(size=(40, 2))])
    vectors = canonical(V, U)
    found = canonical(wide, other)
    assert found.shape == (40, 11)
    np.testing.assert_allclose(found[:, :7], vectors, atol=1e-5)
    np.testing.assert_allclose(found[:, 7:], 0, atol=1e-4)


def test_words_in_another_order_have_the_same_vectors() -> None:
    V, U = matrices()
    order = np.random.default_rng(5).permutation(40)
    np.testing.assert_allclose(canonical(V[order], U[order]), canonical(V, U)[order], atol=1e-5)


def test_the_scale_of_the_matrices_changes_nothing_but_the_scale() -> None:
    V, U = matrices()
    vectors = canonical(V, U)
    np.testing.assert_allclose(canonical(1e3 * V, 1e-9 * U), vectors, atol=1e-5)
    np.testing.assert_allclose(np.square(vectors).sum(axis=1).mean(), 1, rtol=1e-5)


def test_single_precision_is_enough() -> None:
    V, U = matrices()
    found = canonical(V.astype(np.float32), U.astype(np.float32))
    assert found.dtype == canonical(V, U).dtype == np.float32
    np.testing.assert_allclose(found, canonical(V, U), atol=1e-4)


# ----------------------------------------------------------------------------------------- the axes


@pytest.mark.parametrize(("words", "d"), [(40, 7), (40, 1), (7, 7), (5, 9), (2, 3), (1, 1), (1, 4)])
def test_axes_are_orthonormal_and_give_the_centred_logits_back(words: int, d: int) -> None:
    V, U = matrices(words, d)
    Q, s, R = axes(V, U)
    r = min(words, d)
    assert Q.shape == R.shape == (words, r)
    assert s.shape == (r,)
    assert (s >= 0).all()
    assert (np.diff(s) <= 0).all()
    for M in (Q, R):
        np.testing.assert_allclose(M.T @ M, np.eye(r), atol=1e-12)
    np.testing.assert_allclose(Q * s @ R.T, centred(V, U), atol=1e-12 * max(1, s[0]))
    size = np.abs(Q)
    first_of_the_largest = (size > 0.999 * size.max(axis=0)).argmax(axis=0)
    assert (Q[first_of_the_largest, np.arange(r)] > 0).all()


def test_axes_are_the_singular_vectors_of_the_logits() -> None:
    V, U = matrices()
    Q, s, R = axes(V, U)
    left, singular, right = np.linalg.svd(centred(V, U))
    np.testing.assert_allclose(s, singular[:7], rtol=1e-10)
    np.testing.assert_allclose(np.abs(Q.T @ left[:, :7]), np.eye(7), atol=1e-10)
    np.testing.assert_allclose(np.abs(R.T @ right[:7].T), np.eye(7), atol=1e-10)


def test_power_and_share_are_what_they_are_called() -> None:
    V, U = matrices()
    Q, s, R = axes(V, U)
    for power, share in [(0.0, 0.0), (0.35, 0.2), (0.5, 1.0), (1.0, 0.0)]:
        wanted = (Q + share * R) * s**power
        wanted /= np.sqrt(np.square(wanted).sum() / 40)
        np.testing.assert_allclose(canonical(V, U, power=power, share=share), wanted, atol=1e-6)
    logits = canonical(V, U, power=1.0, share=0.0)  # distances between words are those of logits
    gram = centred(V, U) @ centred(V, U).T
    np.testing.assert_allclose(
        logits @ logits.T / (logits[0] @ logits[0]), gram / gram[0, 0], atol=1e-4
    )


# ------------------------------------------------------------------------------------- odd matrices


@pytest.mark.parametrize("rank", [1, 3])
def test_matrices_of_less_rank_have_vectors_of_less_rank(rank: int) -> None:
    V, U = matrices()
    V = V[:, :rank] @ np.random.default_rng(6).normal(size=(rank, 7))
    vectors = canonical(V, U)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors[:, rank:], 0, atol=1e-4)
    A = mixing(7)
    np.testing.assert_allclose(
        canonical(V @ A, U @ np.linalg.inv(A).T)[:, :rank], vectors[:, :rank], atol=1e-5
    )


@pytest.mark.parametrize(("words", "d"), [(5, 9), (2, 3), (2, 1)])
def test_fewer_words_than_axes_are_no_obstacle(words: int, d: int) -> None:
    V, U = matrices(words, d)
    vectors = canonical(V, U)
    assert vectors.shape == (words, min(words, d))
    assert np.isfinite(vectors).all()
    A = mixing(d)
    np.testing.assert_allclose(canonical(V @ A, U @ np.linalg.inv(A).T), vectors, atol=1e-4)


@pytest.mark.parametrize(("words", "d"), [(1, 1), (1, 5), (6, 3)])
def test_where_words_do_not_differ_vectors_are_zero(words: int, d: int) -> None:
    for V in (np.zeros((words, d)), np.full((words, d), 0.1)):
        vectors = canonical(V, V)
        assert vectors.shape == (words, min(words, d))
        assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(canonical(np.zeros((words, d)), np.zeros((words, d))), 0)


# ------------------------------------------------------------- what else is added to center vectors


@pytest.mark.parametrize(("words", "d"), [(40, 7), (6, 9), (1, 3)])
def test_the_projection_makes_canonical_vectors_of_center_vectors(words: int, d: int) -> None:
    V, U = matrices(words, d)
    wanted = canonical(V, U, share=0)
    M = projection(V, U, share=0)
    assert M.shape == (d, min(words, d))
    np.testing.assert_allclose((V - V.mean(axis=0)) @ M, wanted, atol=1e-6)


def test_the_projection_is_scaled_as_the_canonical_vectors_are() -> None:
    V, U = matrices()
    without_outside = canonical(V, U, share=0) * np.square(canonical(V, 2 * U)).sum() / 40
    Q, s, R = axes(V, U)
    length = np.sqrt(np.square((Q + 0.2 * R) * s**0.35).sum() / 40)
    wanted = Q * s**0.35 / length
    np.testing.assert_allclose((V - V.mean(axis=0)) @ projection(V, U), wanted, atol=1e-9)
    assert not np.allclose(wanted, without_outside, atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_added_to_center_vectors_does_not_change_with_the_gauge(seed: int) -> None:
    V, U = matrices(seed=seed)
    G = np.random.default_rng(9).normal(size=(11, 7))
    A = mixing(7, seed)
    mixed = projection(V @ A + 3, U @ np.linalg.inv(A).T + 2)
    np.testing.assert_allclose(G @ A @ mixed, G @ projection(V, U), atol=1e-7)


def test_the_projection_leaves_out_axes_that_no_center_has() -> None:
    V, U = matrices()
    wide = np.hstack([V, np.zeros((40, 2))])
    M = projection(wide, np.hstack([U, np.ones((40, 2))]))
    np.testing.assert_allclose(
        (V - V.mean(axis=0)) @ M[:7, :7], (V - V.mean(axis=0)) @ projection(V, U), atol=1e-9
    )
    np.testing.assert_allclose(M[7:], 0, atol=1e-9)
    assert np.isfinite(projection(np.zeros((3, 2)), np.zeros((3, 2)))).all()
