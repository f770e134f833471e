"""Correlations, intervals and tests, against SciPy's and known results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wordkin.evaluation import intervals

# Judgements as in real files: on a coarse scale, with many ties.
values = st.lists(st.integers(0, 9).map(lambda i: i / 2), min_size=1, max_size=40)


@settings(deadline=None)
@given(values)
def test_ranks_equal_those_of_scipy(x: list[float]) -> None:
    assert intervals.average_ranks(np.array(x)).tolist() == stats.rankdata(x).tolist()


@settings(deadline=None)
@given(values, st.integers(0, 2**32 - 1))
def test_correlations_equal_those_of_scipy(x: list[float], seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, 6, len(x)).astype(float)
    if len(set(x)) < 2 or len(set(y.tolist())) < 2:
        assert intervals.spearman(np.array(x), y) is None
        assert intervals.pearson(np.array(x), y) is None
        return
    assert intervals.spearman(np.array(x), y) == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-12)
    assert intervals.pearson(np.array(x), y) == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-12)


def test_scores_of_empty_arrays_are_none() -> None:
    nothing = np.empty(0)
    assert intervals.spearman(nothing, nothing) is None
    assert intervals.spearman_interval(nothing, nothing) is None
    assert intervals.accuracy_interval(0, 0) is None
    assert intervals.accuracy_difference(nothing.astype(bool), nothing.astype(bool)) is None


@pytest.mark.parametrize(
    ("gained", "lost"), [(0, 0), (1, 0), (3, 3), (2, 9), (9, 2), (120, 80), (2000, 2100)]
)
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int) -> None:
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert intervals.mcnemar(gained, lost) == pytest.approx(expected, rel=1e-9)


def test_tiny_p_values_of_mcnemar_become_zero() -> None:
    assert intervals.mcnemar(20_000, 0) == 0.0


def test_resampled_spearman_equals_scipy_on_the_drawn_items() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 8, 30).astype(float)
    y = x + rng.normal(0, 3, 30)
    y[:5] = 1.0
    (drawn,) = intervals._resampled_spearman(3, x, y)
    (counts,) = intervals._draws(30, 3)
    for count, found in zip(counts[:50].astype(int), drawn[:50], strict=True):
        expected = stats.spearmanr(np.repeat(x, count), np.repeat(y, count))[0]
        assert found == pytest.approx(expected, abs=1e-12)


def test_resamples_have_n_items_and_do_not_depend_on_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = np.concatenate(list(intervals._draws(7, 0)))
    assert whole.shape == (intervals.RESAMPLES, 7)
    assert (whole.sum(axis=1) == 7).all()
    monkeypatch.setattr(intervals, "_DRAWN", 100)
    assert np.concatenate(list(intervals._draws(7, 0))).tolist() == whole.tolist()


def test_intervals_are_close_to_those_of_scipy() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    theirs = stats.bootstrap(
        (x, y),
        lambda a, b: stats.spearmanr(a, b)[0],
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
        rng=0,
    ).confidence_interval
    ours = intervals.spearman_interval(x, y)
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    right = rng.random(200) < 0.3
    theirs = stats.bootstrap(
        (right.astype(float),), np.mean, method="percentile", n_resamples=2000, rng=0
    ).confidence_interval
    ours = intervals.accuracy_interval(int(right.sum()), 200)
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_intervals_cover_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(3)
    held = [0, 0, 0]
    rho = 0.6
    truth = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's correlation of normal variables
    for _ in range(200):
        right = int(rng.binomial(400, 0.3))
        found = intervals.accuracy_interval(right, 400)
        assert found is not None
        held[0] += found.low <= 0.3 <= found.high
        x, noise = rng.normal(size=(2, 100))
        found = intervals.spearman_interval(x, rho * x + (1 - rho**2) ** 0.5 * noise)
        assert found is not None
        held[1] += found.low <= truth <= found.high
        first, second = rng.random((2, 400)) < [[0.3], [0.4]]
        difference = intervals.accuracy_difference(first, second)
        assert difference is not None
        held[2] += difference.interval.low <= 0.1 <= difference.interval.high
    assert all(180 <= n <= 198 for n in held), held


def test_p_values_of_equally_good_models_are_uniform() -> None:
    rng = np.random.default_rng(4)
    small = 0
    for _ in range(200):
        people, noise, other = rng.normal(size=(3, 80))
        found = intervals.spearman_difference(people, people + 2 * noise, people + 2 * other)
        assert found is not None
        small += found.p < 0.1
    assert 8 <= small <= 36  # 20 of 200 are expected


def test_swapping_the_models_negates_the_difference() -> None:
    rng = np.random.default_rng(5)
    people = rng.normal(size=300)
    bad, good = people + 5 * rng.normal(size=300), people + rng.normal(size=300)
    there = intervals.spearman_difference(people, bad, good)
    back = intervals.spearman_difference(people, good, bad)
    assert there is not None
    assert back is not None
    assert there.difference == -back.difference > 0.2
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert there.p == back.p == pytest.approx(2 / (intervals.RESAMPLES + 1))
    first, second = rng.random((2, 300)) < [[0.2], [0.5]]
    found = intervals.accuracy_difference(first, second)
    assert found is not None
    assert found.difference == pytest.approx(second.mean() - first.mean())
    assert found.p == pytest.approx(
        stats.binomtest(int((second & ~first).sum()), int((second ^ first).sum())).pvalue
    )


def test_the_same_model_twice_does_not_differ() -> None:
    x = np.arange(20.0) ** 2 % 7
    found = intervals.spearman_difference(np.arange(20.0), x, x)
    assert found is not None
    assert (found.difference, found.interval.low, found.interval.high, found.p) == (0, 0, 0, 1)
    right = x > 3
    assert intervals.accuracy_difference(right, right) == intervals.Difference(
        0.0, intervals.Interval(0.0, 0.0), 1.0
    )
