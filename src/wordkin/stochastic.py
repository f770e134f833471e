"""The stochastic engine: descent on windows, by the native kernel, on as many threads as wanted.

Ids and counts in, trained matrices and a history out; no words. It may import `objectives` for the
conventions, `settings`, `progress` and `errors`.

The kernel takes the windows of a span of consecutive centers at a time, with one pool of negatives
for all of them, and weighs each pair by what a random radius is in expectation: `docs/engine.md`.
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin import _core
from wordkin.errors import DivergenceError, SettingsError, WordkinError
from wordkin.objectives import keep_probability, noise_distribution
from wordkin.progress import Progress
from wordkin.settings import StochasticSettings

Float32 = npt.NDArray[np.float32]

_ROW = 16  # floats in a cache line; rows are padded to it
FINAL_RATE = 1 / 250
"""The learning rate falls in a straight line to this share of its start, as gensim's does."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What one pass over the text did.

    Attributes
    ----------
    loss : float
        Mean loss of a pair in nats, in float64, at the weights of the moment.
    pairs : float
        Pairs of a center and an outside word, each as much as its window weight.
    trained, subsampled : int
        Tokens of the vocabulary that were centers, and that subsampling left out.
    seconds : float
    """

    loss: float
    pairs: float
    trained: int
    subsampled: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Trained:
    """The result of an engine.

    Attributes
    ----------
    center, outside : (V, d) arrays
    history : list
        An account of each epoch, or of each pass of the exact engine.
    counting : float
        Seconds of the training that went into counting.
    """

    center: npt.NDArray[Any]
    outside: npt.NDArray[Any]
    history: list[Any]
    counting: float = 0.0


def level() -> str:
    """Name the instruction set in use: the best at hand, or the one that WORDKIN_LEVEL names."""
    found = _core.levels()
    wanted = os.environ.get("WORDKIN_LEVEL") or found[-1]
    if wanted not in found:
        raise SettingsError(f"WORDKIN_LEVEL must be one of {', '.join(found)}, got {wanted!r}")
    return wanted


def pool_size(settings: StochasticSettings) -> int:
    """Negatives to draw for a span: so many that none stands for more than 3.75 of a center's.

    A center has (m + 1) K negatives in expectation; fewer, heavier ones would do for speed, but
    cost quality (`docs/engine.md` has the table).
    """
    return min(512, 16 * math.ceil((settings.window + 1) * settings.negatives / 60))


def steps(settings: StochasticSettings) -> int:
    """Parts in which to descend on a span, so that a center's own step stays stable.

    At one state of the weights v_c takes a step of the size learning_rate (m + 1) K: 0.75 for the
    defaults. Above 4 it is taken in parts, each at the weights that the last one left. This is for
    wide windows and many negatives; a learning rate above 0.05 is taken at its word.
    """
    rate = min(settings.learning_rate, 0.05)
    return math.ceil(rate * (settings.window + 1) * settings.negatives / 4)


def span_size(settings: StochasticSettings, noise: npt.NDArray[np.float64]) -> int:
    """Centers to take at the same weights: as many as keep the sum of a row's steps stable.

    The outside vector of a pool word takes a step for each center of the span. Their weights,
    summed and times a part's learning rate, stay below 0.9; in a small vocabulary a word is drawn
    several times for one pool, which counts too.
    """
    pool = pool_size(settings)
    rate = settings.learning_rate / steps(settings)
    weight = (settings.window + 1) * settings.negatives / pool * (1 + pool * float(noise.max()))
    return max(1, min(16, 2 * int(0.45 / (rate * weight))))


def aligned_rows(rows: int, dim: int) -> Float32:
    """Zeros, (rows, dim rounded up to a cache line), the first on a cache line."""
    stride = -(-dim // _ROW) * _ROW
    # Not np.zeros: NumPy asks the system for large pages for what it allocates empty.
    buffer = np.empty(rows * stride + _ROW, np.float32)
    buffer.fill(0)
    skip = -buffer.ctypes.data % (4 * _ROW) // 4
    return buffer[skip : skip + rows * stride].reshape(rows, stride)


def train(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: StochasticSettings,
    progress: Progress,
    after_epoch: Callable[[Epoch], None] = lambda _: None,
) -> Trained:
    """Train both matrices by negative sampling.

    Parameters
    ----------
    ids : (N,) int32
        The text; `corpus.LINE_END` between lines.
    counts : (V,) int64
    settings : StochasticSettings
    progress : Progress
        Told about ten times a second, and after each epoch.
    after_epoch
        Called with each epoch's account.

    Raises
    ------
    SettingsError
        For a vocabulary of one word, which leaves no negative to draw.
    DivergenceError
        When the loss or a vector stops being finite.
    WordkinError
        When the system gives no more threads.
    """
    V, d = len(counts), settings.dim
    if V < 2:
        raise SettingsError(f"negative sampling needs at least 2 different words, got {V}")
    center, outside = aligned_rows(V, d), aligned_rows(V, d)
    rng = np.random.default_rng(settings.seed)
    for at in range(0, V, 4096):  # a block at a time, for the sake of memory
        rows = center[at : at + 4096, :d]
        rows[:] = rng.random(rows.shape, dtype=np.float32)
        rows -= np.float32(0.5)
        rows /= np.float32(d)

    noise = noise_distribution(counts)
    threshold, alias = _core.alias_table(noise)
    redraw = (1 / (1 - noise)).astype(np.float32)
    keep = keep_probability(counts / counts.sum(), settings.subsample)
    keep_threshold = (keep * 2.0**32 - 1).clip(0).astype(np.uint32)
    tokens = int(counts.sum())
    history: list[Epoch] = []
    for epoch in range(settings.epochs):
        began = time.perf_counter()

        def tick(now: dict[str, Any], epoch: int = epoch) -> None:
            words = tokens * epoch + now["trained"] + now["subsampled"]
            loss = now["loss"] / now["pairs"] if now["pairs"] else np.nan
            progress.training(epoch + 1, settings.epochs, words, tokens * settings.epochs, loss)

        try:
            tally = _core.train_epoch(
                level=level(),
                V=center,
                U=outside,
                d=d,
                redraw=redraw,
                ids=ids,
                keep=keep_threshold,
                alias_threshold=threshold,
                alias=alias,
                window=settings.window,
                negatives=settings.negatives,
                pool_size=pool_size(settings),
                span=span_size(settings, noise),
                steps=steps(settings),
                rate_begin=_rate(settings, epoch),
                rate_end=_rate(settings, epoch + 1),
                seed=settings.seed,
                epoch=epoch,
                threads=settings.threads,
                first_position=0,
                tick=tick,
            )
        except BlockingIOError as error:  # EAGAIN: the system gives no more threads
            raise WordkinError(
                f"training with {settings.threads} threads failed ({error}): set fewer threads"
            ) from error
        if not (tally["finite"] and _finite(center) and _finite(outside)):
            raise DivergenceError(
                f"training diverged in epoch {epoch + 1}: a loss or a vector is no longer finite;"
                f" set learning_rate below {settings.learning_rate}"
            )
        history.append(
            Epoch(
                loss=tally["loss"] / tally["pairs"] if tally["pairs"] else 0.0,
                pairs=tally["pairs"],
                trained=tally["trained"],
                subsampled=tally["subsampled"],
                seconds=time.perf_counter() - began,
            )
        )
        done = epoch + 1
        progress.training(
            done, settings.epochs, tokens * done, tokens * settings.epochs, history[-1].loss
        )
        after_epoch(history[-1])
    return Trained(center[:, :d], outside[:, :d], history)


def _finite(matrix: Float32) -> bool:
    # One pass without a temporary; a sum of squares beyond float32 is no trained matrix either.
    return bool(np.isfinite(np.vdot(matrix, matrix)))


def _rate(settings: StochasticSettings, epoch: int) -> float:
    share = epoch / settings.epochs
    return settings.learning_rate * (1 - share + FINAL_RATE * share)
