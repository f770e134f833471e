"""All that runs on several threads and is free of races: `make sanitize` looks for them here.

Training without locks is left out: there, threads change shared rows as they please.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from wordkin import _core
from wordkin.corpus.encoded import LINE_END
from wordkin.engines.counts.counting import count
from wordkin.engines.exact import engine as exact_engine
from wordkin.engines.settings import ExactSettings, StochasticSettings
from wordkin.engines.stochastic import engine as stochastic_engine
from wordkin.engines.stochastic import plan
from wordkin.engines.windows import Windows
from wordkin.objectives import noise_distribution

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
THREADS = 4


@pytest.fixture(scope="module")
def text() -> tuple[Int32, Int64]:
    """Words as unequal in frequency as those of a language, in lines."""
    rng = np.random.default_rng(1)
    words = np.unique(rng.zipf(1.3, 20_000) % 300, return_inverse=True)[1]
    counts = np.bincount(words)
    number = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    ids = number[words].astype(np.int32)
    ids[22::23] = LINE_END
    ids[-1] = LINE_END
    return ids, np.bincount(ids[ids >= 0], minlength=len(counts)) + 1


@pytest.mark.parametrize("level", _core.levels())
def test_deterministic_training(
    text: tuple[Int32, Int64], level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORDKIN_LEVEL", level)
    monkeypatch.setattr(plan, "BATCHES", 5)  # of many blocks, although the text is short
    ids, counts = text
    found = []
    for threads in (1, THREADS):
        settings = StochasticSettings(dim=20, threads=threads, epochs=2)
        windows = Windows.of(settings.window, ids)
        assert plan.blocks(settings, windows, noise_distribution(counts), len(ids))[1] > 8
        trained = stochastic_engine.train(ids, counts, settings, held_out=ids[:2000])
        found.append((trained.center.tobytes(), trained.outside.tobytes()))
    assert found[0] == found[1]


def test_counting(text: tuple[Int32, Int64]) -> None:
    ids, counts = text
    once, again = (
        count(ids, counts, window=5, subsample=1e-3, threads=threads) for threads in (1, THREADS)
    )
    assert (once.indices == again.indices).all()
    assert (once.values == again.values).all()


@pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])
def test_exact_training(text: tuple[Int32, Int64], objective: str) -> None:
    ids, counts = text
    found = []
    for threads in (1, THREADS):
        settings = ExactSettings(objective=objective, dim=10, threads=threads, max_passes=2)
        found.append(exact_engine.train(ids, counts, settings).center.tobytes())
    assert found[0] == found[1]
