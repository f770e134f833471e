"""Priors of rows, against plain float64 code."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from wordkin._core import shared_ngrams

from wordkin.engines.exact.priors import (
    FrequencyLine,
    GivenRows,
    Members,
    Prior,
    SharedRows,
    ZeroPrior,
    features,
    weights,
)

WORDS = ["the", "walk", "walks", "walked", "talk", "talks", "서울", "서울이", "", "x"]


def ngrams_of(word: str, shortest: int, longest: int) -> set[str]:
    marked = f"<{word}>"
    found = {
        marked[a : a + k] for k in range(shortest, longest + 1) for a in range(len(marked) - k + 1)
    }
    return found - {marked}


def native(
    words: list[str], shortest: int, longest: int, least: int = 2, most: int = 1 << 20
) -> Any:
    encoded = [word.encode("utf-8", "surrogateescape") for word in words]
    joined, offsets, ends, columns, left_out = shared_ngrams(
        np.frombuffer(b"".join(encoded), np.uint8),
        np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        shortest,
        longest,
        least,
        most,
    )
    ngrams = [joined[a:b].decode() for a, b in itertools.pairwise(offsets)]
    return ngrams, ends, columns, left_out


@pytest.mark.parametrize(("shortest", "longest"), [(1, 2), (3, 6), (2, 2)])
def test_ngrams_are_those_that_two_words_share(shortest: int, longest: int) -> None:
    ngrams, ends, columns, left_out = native(WORDS, shortest, longest)
    expected = [ngrams_of(word, shortest, longest) for word in WORDS]
    shared = {ngram for found in expected for ngram in found}
    shared = {ngram for ngram in shared if sum(ngram in found for found in expected) >= 2}
    assert set(ngrams) == shared
    assert len(ngrams) == len(shared)
    assert left_out == 0
    for i, found in enumerate(expected):
        mine = [ngrams[j] for j in columns[ends[i] : ends[i + 1]]]
        assert len(mine) == len(set(mine))
        assert set(mine) == found & shared


def test_of_too_many_ngrams_those_of_the_most_words_stay() -> None:
    ngrams, _, _, left_out = native(WORDS, 3, 6)
    fewer, _, _, more_left = native(WORDS, 3, 6, most=3)
    count = {g: sum(g in ngrams_of(word, 3, 6) for word in WORDS) for g in ngrams}
    assert fewer == [g for g in ngrams if g in sorted(ngrams, key=lambda g: -count[g])[:3]]
    assert more_left == len(ngrams) - 3
    assert left_out == 0


@pytest.fixture
def members() -> Members:
    _, ends, columns, _ = native(WORDS, 2, 4)
    return Members(ends, columns, int(columns.max()) + 1)


def dense(members: Members) -> npt.NDArray[np.float64]:
    S = np.zeros((len(members.ends) - 1, members.groups))
    for row in range(len(S)):
        S[row, members.columns[members.ends[row] : members.ends[row + 1]]] = 1
    return S


@pytest.mark.parametrize("threads", [1, 3])
def test_fit_reaches_the_dense_solution(members: Members, threads: int) -> None:
    rng = np.random.default_rng(0)
    rows, n = rng.normal(size=(len(WORDS), 37)), np.geomspace(5, 1e4, len(WORDS))
    prior = SharedRows(members, 3.0, np.float64, threads)
    for _ in range(60):
        prior.fit(rows, n)
    S, F, w = dense(members), features(n), weights(n)
    X = np.hstack([F, S])
    ridge = np.diag([0.0] * 3 + [3.0] * S.shape[1])
    solution = np.linalg.solve(X.T @ (w[:, None] * X) + ridge, X.T @ (w[:, None] * rows))
    predicted = prior.predict(n)
    assert predicted is not None
    np.testing.assert_allclose(predicted, X @ solution, rtol=0, atol=1e-10)
    assert prior.penalty() == pytest.approx(3.0 * np.square(solution[3:]).sum(), rel=1e-9)


def test_every_fit_lowers_what_it_minimises(members: Members) -> None:
    rng = np.random.default_rng(1)
    rows, n = rng.normal(size=(len(WORDS), 5)), rng.uniform(1, 1e4, len(WORDS))
    prior = SharedRows(members, 0.5, np.float64, 1)
    before = np.inf
    for _ in range(5):
        prior.fit(rows, n)
        predicted = prior.predict(n)
        assert predicted is not None
        off = rows - predicted
        after = weights(n) @ np.square(off).sum(axis=1) + prior.penalty()
        assert after <= before * (1 + 1e-12)
        before = after


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_change_the_fit(members: Members, dtype: type) -> None:
    rng = np.random.default_rng(2)
    rows: npt.NDArray[Any] = rng.normal(size=(len(WORDS), 40)).astype(dtype)
    n = rng.uniform(1, 100, len(WORDS))
    found = []
    for threads in (1, 2, 5):
        prior = SharedRows(members, 1.0, dtype, threads)
        prior.fit(rows, n)
        found.append(prior.state())
    for other in found[1:]:
        for name, value in found[0].items():
            np.testing.assert_array_equal(value, other[name])


def test_groups_without_a_row_so_far_are_zero_and_later_rows_are_predicted(
    members: Members,
) -> None:
    rng = np.random.default_rng(3)
    n = rng.uniform(1, 100, len(WORDS))
    prior = SharedRows(members, 1.0, np.float64, 1)
    prior.fit(rng.normal(size=(4, 3)), n[:4])
    assert prior.G is not None
    S = dense(members)
    np.testing.assert_array_equal(prior.G[~S[:4].any(axis=0)], 0)
    predicted, first = prior.predict(n), prior.predict(n[:4])
    assert predicted is not None
    assert first is not None
    assert predicted.shape == (len(WORDS), 3)
    np.testing.assert_allclose(predicted[:4], first, atol=1e-14)


def test_a_line_is_found_again_and_survives_a_checkpoint() -> None:
    n = np.geomspace(1, 1e6, 50)
    B = np.arange(6.0).reshape(3, 2)
    prior = FrequencyLine()
    assert prior.predict(n) is None
    prior.fit(features(n) @ B, n)
    other = FrequencyLine()
    other.restore(prior.state())
    predicted = other.predict(n)
    assert predicted is not None
    np.testing.assert_allclose(predicted, features(n) @ B, atol=1e-8)


def test_no_prior_and_given_rows() -> None:
    n = np.ones(2)
    nothing: Prior = ZeroPrior()
    assert nothing.predict(n) is None
    np.testing.assert_array_equal(GivenRows(np.eye(3)).predict(n), np.eye(3)[:2])


def test_groups_of_some_rows_are_those_of_the_rows(members: Members) -> None:
    rows = np.array([0, 2, 3])
    some, G = members.among(rows), np.random.default_rng(3).normal(size=(members.groups, 2))
    np.testing.assert_array_equal(some.sums(G, 1), members.sums(G, 1)[rows])


@pytest.mark.parametrize("told", [True, False])
def test_a_prior_on_trial_holds_where_groups_predict_rows_of_other_words(told: bool) -> None:
    rng = np.random.default_rng(4)
    groups, V, d = 30, 400, 5
    columns = np.sort(rng.permuted(np.tile(np.arange(groups), (V, 1)), axis=1)[:, :3], axis=1)
    members = Members(np.arange(0, 3 * V + 1, 3), columns.ravel().astype(np.int32), groups)
    n = rng.uniform(10, 1000, V)
    rows = rng.normal(size=(V, d)) * 0.3
    if told:
        rows += members.sums(rng.normal(size=(groups, d)), 1)
    assert SharedRows(members, 1.0, np.float64, 1, tried=True).holds(rows, n) is told
    assert SharedRows(members, 1.0, np.float64, 1).holds(rows, n)
