"""Windows are laid out by the lines that are there, and mean what the equations say."""

from __future__ import annotations

import numpy as np
import pytest

from wordkin.corpus.encoded import LINE_END
from wordkin.engines.settings import StochasticSettings
from wordkin.engines.stochastic import plan
from wordkin.engines.windows import Windows
from wordkin.objectives import noise_distribution, window_weight
from wordkin.objectives.conventions import Window
from wordkin.system.types import Int32

WIDE: list[Window] = [7, 8, 50, 10_000, 9_999_999, (1 << 63) - 1, "line"]


def lines(*lengths: int) -> Int32:
    return np.concatenate([np.r_[np.zeros(n), LINE_END] for n in lengths]).astype(np.int32)


@pytest.mark.parametrize("longest", [1, 2, 3, 8, 21, 40])
@pytest.mark.parametrize("window", [1, 5, *WIDE])
def test_a_center_in_the_middle_of_the_longest_line_has_the_weight(
    window: Window, longest: int
) -> None:
    windows = Windows.of(window, lines(1, longest, 2, longest - 1))
    most = 0.0
    for t in range(longest):
        distances = np.abs(np.delete(np.arange(longest), t) - t)
        if len(distances):
            most = max(most, float(window_weight(distances, window).sum()))
    assert windows.weight == pytest.approx(max(1.0, most), rel=1e-9)
    farthest = longest - 1 if window == "line" else min(window, longest - 1)
    assert windows.reach == max(1, farthest)


@pytest.mark.parametrize("window", [1, 5, 300])
def test_in_long_lines_windows_are_what_they_were(window: int) -> None:
    windows = Windows.of(window, lines(3, 2 * window + 1))
    assert (windows.size, windows.reach, windows.weight) == (window, window, window + 1)


@pytest.mark.parametrize("window", WIDE)
def test_a_window_wider_than_the_lines_is_planned_as_the_longest_line(window: Window) -> None:
    ids = lines(*[3, 8, 5] * 100)
    settings, noise = StochasticSettings(), noise_distribution(np.ones(400))
    windows = Windows.of(window, ids)
    assert windows.reach == 7
    assert [windows] == windows.classes()
    wide = Windows.of(9_999_999, ids)
    assert plan.pool_size(settings, windows) <= plan.pool_size(settings, wide) == 16
    assert plan.steps(settings, windows) == 1
    assert plan.span_size(settings, windows, noise) >= plan.span_size(settings, wide, noise)
    layouts, weights = plan.layouts(settings, windows, noise)
    assert layouts.shape == (1, 5)
    assert weights[0] <= 7


def test_one_long_line_does_not_lay_out_the_others() -> None:
    windows = Windows.of("line", lines(*[8] * 10_000, 5_000))
    assert [each.reach for each in windows.classes()] == [16, 64, 256, 1024, 4096, 4999]
    assert windows.usual_class().reach == 16
    settings, noise = StochasticSettings(), noise_distribution(np.ones(400))
    (short, *_), _ = plan.layouts(settings, windows, noise)
    _, pool, span, steps, drawn = short.tolist()
    assert (pool, steps, drawn) == (32, 1, 128)
    assert span > 1
    block, _ = plan.blocks(settings, windows, noise, 10**6)
    assert block > 100


def test_a_text_without_words_has_windows() -> None:
    for ids in (np.empty(0, np.int32), np.array([LINE_END], np.int32)):
        assert Windows.of("line", ids) == Windows(0, 1, 1.0, 1)
