"""The default of subsampling is chosen from the text, so that every text keeps enough words."""

from __future__ import annotations

import numpy as np
import pytest

from wordkin.engines.settings import ExactSettings, StochasticSettings
from wordkin.engines.subsampling import (
    LEAST_KEPT,
    NEVER_DROPPED,
    USUAL,
    chosen_threshold,
    kept_share,
    threshold_of,
)
from wordkin.objectives import keep_probability
from wordkin.system.types import Int64


def zipf(words: int, tokens: int) -> Int64:
    share = 1 / np.arange(1, words + 1)
    return np.asarray(np.maximum(tokens * share / share.sum(), 1), np.int64)


def test_a_text_of_a_natural_language_gets_the_usual_threshold() -> None:
    assert chosen_threshold(zipf(80_000, 17_000_000)) == USUAL == 1e-4


@pytest.mark.parametrize("words", [2, 25, 400, 1000])
def test_of_few_words_equally_frequent_none_is_dropped(words: int) -> None:
    counts = np.full(words, 5000)
    assert kept_share(counts, chosen_threshold(counts)) == 1
    assert chosen_threshold(counts) == pytest.approx(NEVER_DROPPED / words, rel=0.1)


def test_a_word_is_never_dropped_below_the_named_share() -> None:
    assert keep_probability(1e-3, NEVER_DROPPED * 1e-3) == pytest.approx(1)
    assert keep_probability(1e-3, NEVER_DROPPED * 0.9e-3) < 1


@pytest.mark.parametrize(
    "counts",
    [
        [10**6] * 25 + [1] * 50_000,
        [10**9, *[1] * 5000],
        [3, 1],
        [1],
        [9, 5, 3, 2, 1, 1, 1, 1],
    ],
)
def test_any_text_keeps_the_least_share(counts: list[int]) -> None:
    some = np.array(counts)
    threshold = chosen_threshold(some)
    assert kept_share(some, threshold) >= LEAST_KEPT
    assert threshold >= USUAL
    assert float(f"{threshold:.2g}") == threshold  # as it is shown


def test_a_given_threshold_stays() -> None:
    counts = np.full(25, 5000)
    assert threshold_of(StochasticSettings(subsample=1e-4), counts) == 1e-4
    assert threshold_of(ExactSettings(subsample=0), counts) == 0
    assert threshold_of(StochasticSettings(), counts) == chosen_threshold(counts)
