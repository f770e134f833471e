"""How sure a score is: correlations, bootstrap intervals and paired tests, of plain arrays.

In: what was right, or what a model and what people said of each item. Out: numbers.

Intervals are percentile bootstrap intervals: items are drawn anew, as many as there are and with
repetition, and the middle 95 % of the scores that this gives are the interval. The draws are
seeded, so the same items give the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wordkin.system.types import Bools, Float64, Floats

RESAMPLES = 2000
LEVEL = 0.95

_DRAWN = 1 << 20  # items drawn at a time


@dataclass(frozen=True)
class Interval:
    """The ends of a 95 % bootstrap interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """By how much a second model's score is above the first one's, on the same items.

    Attributes
    ----------
    difference : float
    interval : Interval
    p : float
        Two-sided: how probable a difference as large is between models that are equally good.
    """

    difference: float
    interval: Interval
    p: float


def pearson(x: Floats, y: Floats) -> float | None:
    """Return Pearson's correlation of two (n,) arrays; None if one of them does not vary."""
    if not len(x):
        return None
    one, other = (np.asarray(z, dtype=np.float64)[np.newaxis] for z in (x, y))
    found = float(_correlations(one, other, np.ones_like(one))[0])
    return None if math.isnan(found) else found


def spearman(x: Floats, y: Floats) -> float | None:
    """Return Spearman's correlation, equal values having their mean rank; None as in `pearson`."""
    return pearson(average_ranks(x), average_ranks(y))


def average_ranks(x: Floats) -> Float64:
    """Return the ranks of (n,) numbers, from 1; those of equal numbers are their mean."""
    ranks: Float64 = _Ranking(x).ranks(np.ones((1, len(x))))[0]
    return ranks


def accuracy_interval(right: int, n: int, *, seed: int = 0) -> Interval | None:
    """Return the interval of `right` of `n`; None if n is 0.

    Drawing n answers of which a part is right, with repetition, is drawing from a binomial
    distribution.
    """
    if not n:
        return None
    drawn = np.random.default_rng(seed).binomial(n, right / n, RESAMPLES)
    return _middle(drawn / n)


def spearman_interval(x: Floats, y: Floats, *, seed: int = 0) -> Interval | None:
    """Return the interval of Spearman's correlation of (n,) arrays, ranked anew in each draw."""
    if spearman(x, y) is None:
        return None
    return _middle(_resampled_spearman(seed, x, y)[0])


def accuracy_difference(first: Bools, second: Bools, *, seed: int = 0) -> Difference | None:
    """Compare two models by which of (n,) answers each has right; None if n is 0.

    The p-value is that of McNemar's exact test, which looks only at where they differ.
    """
    n = len(first)
    if not n:
        return None
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    parts = np.array([gained, lost, n - gained - lost]) / n
    drawn = np.random.default_rng(seed).multinomial(n, parts, RESAMPLES)
    return Difference(
        (gained - lost) / n, _middle((drawn[:, 0] - drawn[:, 1]) / n), mcnemar(gained, lost)
    )


def mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided p-value of McNemar's exact test.

    The probability that a fair coin thrown gained + lost times falls as unevenly as this, or more;
    summed in integers.
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
    """Compare two models by Spearman's correlation with what people said of (n,) pairs.

    Both are resampled by the same draws. The p-value is twice the share of draws on the far side of
    no difference, each side counting one draw more than there was: it is never 0.
    """
    one, other = spearman(people, first), spearman(people, second)
    if one is None or other is None:
        return None
    drawn_one, drawn_other = _resampled_spearman(seed, people, first, second)
    drawn = (drawn_other - drawn_one)[~np.isnan(drawn_other - drawn_one)]
    rarer = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(other - one, _middle(drawn), min(1.0, 2 * (rarer + 1) / (len(drawn) + 1)))


class _Ranking:
    """Ranks numbers in any number of draws, having sorted them once."""

    def __init__(self, x: Floats) -> None:
        # Which of the different values each number is, in ascending order.
        _, self._value = np.unique(x, return_inverse=True)
        self._order = np.argsort(self._value, kind="stable")
        ordered = self._value[self._order]
        self._starts = np.flatnonzero(np.diff(ordered, prepend=-1))

    def ranks(self, counts: Float64) -> Float64:
        """Return the mean rank of each number in draws of (b, n) counts of the n numbers."""
        if not counts.shape[1]:
            return counts
        of_value = np.add.reduceat(counts[:, self._order], self._starts, axis=1)
        ranks: Float64 = np.cumsum(of_value, axis=1) - of_value / 2 + 0.5
        return ranks[:, self._value]


def _resampled_spearman(seed: int, x: Floats, *ys: Floats) -> list[Float64]:
    """Return Spearman's correlation of x with each y in each draw; NaN where a draw is all ties."""
    rank_x, *rank_ys = (_Ranking(numbers) for numbers in (x, *ys))
    drawn: list[list[Float64]] = [[] for _ in ys]
    for counts in _draws(len(x), seed):
        ranks = rank_x.ranks(counts)
        for rank_y, found in zip(rank_ys, drawn, strict=True):
            found.append(_correlations(ranks, rank_y.ranks(counts), counts))
    return [np.concatenate(found) for found in drawn]


def _draws(n: int, seed: int) -> Iterator[Float64]:
    """Give, some draws at a time, how often each of n items is drawn in n times: (b, n) counts."""
    rng = np.random.default_rng(seed)
    step = max(1, _DRAWN // n)
    for start in range(0, RESAMPLES, step):
        b = min(step, RESAMPLES - start)
        items = rng.integers(0, n, (b, n)) + n * np.arange(b)[:, np.newaxis]
        yield np.bincount(items.ravel(), minlength=b * n).reshape(b, n).astype(np.float64)


def _correlations(x: Float64, y: Float64, counts: Float64) -> Float64:
    """Return Pearson's correlation in each of (b, n) rows of items that count so often."""
    n = counts.sum(axis=1, keepdims=True)
    x = x - (counts * x).sum(axis=1, keepdims=True) / n
    y = y - (counts * y).sum(axis=1, keepdims=True) / n
    covariance = np.einsum("bn,bn,bn->b", counts, x, y)
    variances = [np.einsum("bn,bn,bn->b", counts, z, z) for z in (x, y)]
    scale = np.sqrt(variances[0]) * np.sqrt(variances[1])
    found: Float64 = np.full(len(scale), np.nan)
    np.divide(covariance, scale, out=found, where=scale > 0)
    return found.clip(-1.0, 1.0)


def _middle(scores: Float64) -> Interval:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(scores[~np.isnan(scores)], [tail, 1 - tail])
    return Interval(float(low), float(high))
