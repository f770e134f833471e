"""Correlations, bootstrap intervals and paired tests, on plain arrays.

In: which answers are right, or the similarities by people and by a model. Out: numbers.

Intervals are percentile bootstrap intervals: the items are resampled with replacement, and the
interval covers the middle 95 % of the scores of the resamples. Resampling is seeded, so that the
same items give the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wordkin.system.types import Bools, Float64, Floats

RESAMPLES = 2000
LEVEL = 0.95

_DRAWN = 1 << 20  # items resampled at a time


@dataclass(frozen=True)
class Interval:
    """The ends of a 95 % bootstrap interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """The difference between the scores of two models on the same items.

    Attributes
    ----------
    difference : float
        The second score minus the first.
    interval : Interval
        That of the difference.
    p : float
        The two-sided p-value: the probability of a difference at least as large between equally
        good models.
    """

    difference: float
    interval: Interval
    p: float


def pearson(x: Floats, y: Floats) -> float | None:
    """Return Pearson's correlation of two (n,) arrays; None if one of them is constant or empty."""
    if not len(x):
        return None
    one, other = (np.asarray(z, dtype=np.float64)[np.newaxis] for z in (x, y))
    correlation = float(_correlations(one, other, np.ones_like(one))[0])
    return None if math.isnan(correlation) else correlation


def spearman(x: Floats, y: Floats) -> float | None:
    """Return Spearman's correlation, where ties have their mean rank; None as in `pearson`."""
    return pearson(average_ranks(x), average_ranks(y))


def average_ranks(x: Floats) -> Float64:
    """Return the ranks of (n,) numbers, starting at 1; ties have their mean rank."""
    ranks: Float64 = _Ranking(x).ranks(np.ones((1, len(x))))[0]
    return ranks


def accuracy_interval(right: int, n: int, *, seed: int = 0) -> Interval | None:
    """Return the interval of the accuracy `right` / `n`; None if n is 0.

    The number of right answers in a resample follows a binomial distribution.
    """
    if not n:
        return None
    drawn = np.random.default_rng(seed).binomial(n, right / n, RESAMPLES)
    return _percentile_interval(drawn / n)


def spearman_interval(x: Floats, y: Floats, *, seed: int = 0) -> Interval | None:
    """Return the interval of Spearman's correlation of (n,) arrays, ranked in each resample."""
    if spearman(x, y) is None:
        return None
    return _percentile_interval(_resampled_spearman(seed, x, y)[0])


def accuracy_difference(first: Bools, second: Bools, *, seed: int = 0) -> Difference | None:
    """Compare two models by which of (n,) answers each has right; None if n is 0.

    The p-value is that of McNemar's exact test, which uses only the questions on which they differ.
    """
    n = len(first)
    if not n:
        return None
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    shares = np.array([gained, lost, n - gained - lost]) / n
    drawn = np.random.default_rng(seed).multinomial(n, shares, RESAMPLES)
    return Difference(
        (gained - lost) / n,
        _percentile_interval((drawn[:, 0] - drawn[:, 1]) / n),
        mcnemar(gained, lost),
    )


def mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    It is the probability that gained + lost tosses of a fair coin are at least as uneven. The sum
    is computed in integers.
    """
    n = gained + lost
    term = total = 1  # binomial coefficients
    for i in range(min(gained, lost)):
        term = term * (n - i) // (i + 1)
        total += term
    return min(1.0, float(2 * total / 2**n))


def spearman_difference(
    people: Floats, first: Floats, second: Floats, *, seed: int = 0
) -> Difference | None:
    """Compare two models by Spearman's correlation with people's judgements of n pairs.

    Both models are scored on the same resamples. The p-value is twice the share of resamples whose
    difference has the rarer sign, with 1 added to both counts so that it is never 0. None if a
    correlation is undefined.
    """
    one, other = spearman(people, first), spearman(people, second)
    if one is None or other is None:
        return None
    drawn_one, drawn_other = _resampled_spearman(seed, people, first, second)
    drawn = (drawn_other - drawn_one)[~np.isnan(drawn_other - drawn_one)]
    rarer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(
        other - one, _percentile_interval(drawn), min(1.0, 2 * (rarer + 1) / (len(drawn) + 1))
    )


class _Ranking:
    """Computes the ranks of numbers in many resamples after sorting them once."""

    def __init__(self, x: Floats) -> None:
        # The position of each number among the distinct values, in ascending order.
        _, self._value = np.unique(x, return_inverse=True)
        self._order = np.argsort(self._value, kind="stable")
        ordered = self._value[self._order]
        self._starts = np.flatnonzero(np.diff(ordered, prepend=-1))

    def ranks(self, counts: Float64) -> Float64:
        """Return the mean rank of each number in b resamples, given as (b, n) counts."""
        if not counts.shape[1]:
            return counts
        totals = np.add.reduceat(counts[:, self._order], self._starts, axis=1)  # of each value
        ranks: Float64 = np.cumsum(totals, axis=1) - totals / 2 + 0.5
        return ranks[:, self._value]


def _resampled_spearman(seed: int, x: Floats, *ys: Floats) -> list[Float64]:
    """Return Spearman's correlation of x with each y in each resample; NaN if one is constant."""
    ranking_x, *rankings_y = (_Ranking(numbers) for numbers in (x, *ys))
    batches: list[list[Float64]] = [[] for _ in ys]
    for counts in _draws(len(x), seed):
        ranks = ranking_x.ranks(counts)
        for ranking_y, batch in zip(rankings_y, batches, strict=True):
            batch.append(_correlations(ranks, ranking_y.ranks(counts), counts))
    return [np.concatenate(batch) for batch in batches]


def _draws(n: int, seed: int) -> Iterator[Float64]:
    """Yield resamples in batches of b, as (b, n) counts of how often each of n items is drawn."""
    rng = np.random.default_rng(seed)
    step = max(1, _DRAWN // n)
    for start in range(0, RESAMPLES, step):
        b = min(step, RESAMPLES - start)
        items = rng.integers(0, n, (b, n)) + n * np.arange(b)[:, np.newaxis]
        yield np.bincount(items.ravel(), minlength=b * n).reshape(b, n).astype(np.float64)


def _correlations(x: Float64, y: Float64, counts: Float64) -> Float64:
    """Return Pearson's correlation, (b,), of each row of (b, n) x and y, weighted by counts."""
    n = counts.sum(axis=1, keepdims=True)
    x = x - (counts * x).sum(axis=1, keepdims=True) / n
    y = y - (counts * y).sum(axis=1, keepdims=True) / n
    covariance = np.einsum("bn,bn,bn->b", counts, x, y)
    variances = [np.einsum("bn,bn,bn->b", counts, z, z) for z in (x, y)]
    scale = np.sqrt(variances[0]) * np.sqrt(variances[1])
    correlations: Float64 = np.full(len(scale), np.nan)
    np.divide(covariance, scale, out=correlations, where=scale > 0)
    return correlations.clip(-1.0, 1.0)


def _percentile_interval(scores: Float64) -> Interval:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(scores[~np.isnan(scores)], [tail, 1 - tail])
    return Interval(float(low), float(high))
