"""Small texts and settings for the exact engine, and what its tests compare."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from wordkin.corpus.encoded import LINE_END
from wordkin.engines.outcome import Pass
from wordkin.engines.settings import ExactSettings
from wordkin.objectives import Array

Text = tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]


def text_of(lines: list[list[int]], words: int | None = None) -> Text:
    """Ids and counts."""
    ids = np.array([id for line in lines for id in (*line, LINE_END)], np.int32)
    return ids, np.bincount(ids[ids != LINE_END], minlength=words or 0).astype(np.int64)


def random_text(words: int = 20, lines: int = 150, line: int = 8, seed: int = 1) -> Text:
    """Words of Zipf's frequencies, the first one most frequent; some follow upon certain others."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, words + 1)
    ids = rng.choice(words, (lines, line), p=share / share.sum())
    like = rng.random((lines, line - 1)) < 0.4
    ids[:, 1:] = np.where(like, (ids[:, :-1] + 4) % words, ids[:, 1:])
    order = np.argsort(-np.bincount(ids.ravel(), minlength=words), kind="stable")
    rank = np.argsort(order)
    return text_of(rank[ids].tolist(), words)


def told(objective: str, **changes: Any) -> ExactSettings:
    """Settings for small texts, in float64 on one thread, with a ridge of 1."""
    values: dict[str, Any] = {
        "dim": 5,
        "window": 3,
        "negatives": 3,
        "subsample": 0.0,
        "precision": "float64",
        "ridge": 1.0,
        "threads": 1,
    }
    return ExactSettings(objective=objective, **{**values, **changes})


def heights(history: list[Pass]) -> Array:
    return np.array([done.loss + done.penalty for done in history])


def assert_equal(
    found: tuple[float, Array, Array], wanted: tuple[float, Array, Array], rtol: float = 1e-10
) -> None:
    assert found[0] == pytest.approx(wanted[0], rel=rtol)
    for one, other in zip(found[1:], wanted[1:], strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * np.abs(other).max())
