"""The exact engine foresees how far its run is, over all sizes of the vocabulary."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from wordkin.engines.exact import forecast as forecast_module
from wordkin.engines.exact.forecast import Forecast
from wordkin.engines.exact.start import stages
from wordkin.system.progress import Progress


class Heard(Progress):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.overalls: list[tuple[float, float, int]] = []
        self.passes: list[tuple[int, int, float, float]] = []

    def overall(self, done: float, left: float, words: int) -> None:
        self.overalls.append((done, left, words))

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        self.passes.append((words, number, done, loss))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(forecast_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def descend(forecast: Forecast, clock: list[float], sizes: list[int], last: int) -> float:
    """Report a run whose passes take a second per 10^9 pairs of words; return all its seconds."""
    for size in sizes:
        passes = last if size == sizes[-1] else 3
        gain = 0.1
        for number in range(passes + 1):
            for step in range(10):
                done = step / 10 if number else 0.5 + step / 20
                forecast.descending(size, number, done, 5.0)
                clock[0] += size**2 / 1e9 / (10 if number else 20)
            if number:
                forecast.gained(size, number, gain)
                gain *= 0.5
    return clock[0]


@pytest.mark.parametrize("last", [4, 8, 14])
def test_a_run_is_foreseen_over_all_stages(clock: list[float], last: int) -> None:
    heard, sizes = Heard(), stages(79_306)
    assert sizes[0] == 4096 < 79_306 == sizes[-1]
    forecast = Forecast(heard, sizes, 3, 50, 0.1 * 0.5 ** (last - 1.5))
    spent = descend(forecast, clock, sizes, last)
    assert {words for *_, words in heard.overalls} == {79_306}
    assert len(heard.overalls) == len(heard.passes)
    shares = [done for done, *_ in heard.overalls]
    assert 0 <= shares[0] < 0.01
    assert shares[-1] > 0.95
    assert all(0 <= share <= 1 for share in shares)
    # What is left is known from the first numbers on, but for how many passes the last size takes.
    lefts = [left for _, left, _ in heard.overalls]
    assert math.isnan(lefts[0])
    early = lefts[30]
    assert spent / 3 < early < 3 * spent
    assert lefts[-1] < 0.1 * spent


def test_the_most_passes_bound_the_forecast(clock: list[float]) -> None:
    heard = Heard()
    forecast = Forecast(heard, [100], 3, 2, 0.0)
    descend(forecast, clock, [100], 2)
    assert heard.overalls[-1][0] == pytest.approx(2.4 / 2.5)
    assert heard.overalls[0][0] == 0
