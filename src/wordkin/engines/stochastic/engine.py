"""Stochastic gradient descent over windows of the text, by the native kernel, on several threads.

Ids and counts in, both matrices and a history of epochs out; this module handles no words.

The kernel trains the windows of a span of consecutive centers together, with one shared pool of
negatives, and weighs each pair by its probability under a random window radius:
`docs/notes/stochastic-engine.md`.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin._core import alias_table, train_epoch
from wordkin.corpus.pieces import count_words
from wordkin.engines import OBJECTIVES, Rows, load
from wordkin.engines.outcome import Epoch, Trained, as_plain
from wordkin.engines.run import Matrices, Run, all_finite
from wordkin.engines.settings import StochasticSettings
from wordkin.engines.stochastic.plan import blocks, layouts
from wordkin.engines.subsampling import threshold_of
from wordkin.engines.windows import Windows
from wordkin.objectives.conventions import FINAL_RATE, keep_probability, noise_distribution
from wordkin.system.errors import DivergenceError, SettingsError, WordkinError
from wordkin.system.machine import level
from wordkin.system.mapping import drop_before
from wordkin.system.types import Float32, Int32

_PAIRS = "objectives.reference:sampled_pairs"  # the loss of a pair that the kernel descends on
_FLOATS_PER_LINE = 16  # of a cache line; rows are padded to whole ones

DIVERGED = 2.0
"""A run has diverged when its mean loss is this many times that of zero weights."""

_BEHIND = 1 << 20  # ids that a thread may be behind the others
_HELD_OUT_EPOCH = 2**64 - 1  # its random numbers are those of the held-out loss


def aligned_rows(rows: int, dim: int) -> Float32:
    """Return zeros, (rows, dim rounded up to whole cache lines), aligned to a cache line."""
    stride = -(-dim // _FLOATS_PER_LINE) * _FLOATS_PER_LINE
    # Not np.zeros: only for np.empty does NumPy request huge pages.
    buffer = np.empty(rows * stride + _FLOATS_PER_LINE, np.float32)
    buffer.fill(0)
    skip = -buffer.ctypes.data % (4 * _FLOATS_PER_LINE) // 4
    return buffer[skip : skip + rows * stride].reshape(rows, stride)


def train(
    ids: Int32,
    counts: npt.NDArray[np.int64],
    settings: StochasticSettings,
    run: Run | None = None,
    held_out: Int32 | None = None,
) -> Trained:
    """Train both matrices by negative sampling.

    Parameters
    ----------
    ids : (N,) int32
        The text, with `corpus.LINE_END` between lines.
    counts : (V,) int64
        How often each word occurs, in training and held-out lines.
    settings : StochasticSettings
    run : Run, optional
        Receives progress, checkpoints and the record of each epoch, and may stop training.
    held_out : (M,) int32, optional
        Held-out lines, whose loss is computed after each epoch.

    Returns
    -------
    Trained
        Center and outside matrix, (V, d) float32 each, and an `Epoch` for each epoch.

    Raises
    ------
    SettingsError
        For a vocabulary of one word, which leaves no negative to draw; for another objective.
    DivergenceError
        If the loss rises far above that of zero weights, or a vector stops being finite.
    WordkinError
        If the system cannot start the threads.
    """
    run = run or Run()
    V, d = len(counts), settings.dim
    if V < 2:
        raise SettingsError(f"negative sampling needs at least 2 different words, got {V}")
    objective = OBJECTIVES[settings.objective]
    if objective.pairs != _PAIRS:
        raise SettingsError(
            f"the native kernel trains {_PAIRS}, not {objective.pairs}: let engines.reference:train"
            f" train {objective.name}"
        )
    rows: Rows = load(objective.rows)(V)
    center, outside = aligned_rows(rows.inputs, d), aligned_rows(rows.outputs, d)
    matrices = Matrices(center[:, :d], outside[:, :d])
    history: list[Epoch] = []
    totals = _Totals()
    if checkpoint := run.load_checkpoint():
        for name, matrix in matrices._asdict().items():
            matrix[:] = checkpoint.tensors[name]
        history += [Epoch(**epoch) for epoch in checkpoint.facts["history"]]
        totals = _Totals(**checkpoint.facts["tally"])
    else:
        _initialize(matrices.center, settings.seed)
    run.expose(lambda: matrices)
    kernel = _Kernel(center, outside, counts, settings)
    windows = Windows.of(settings.window, ids)
    tokens = count_words(ids)
    initial = (1 + settings.negatives) * math.log(2)  # the mean loss of zero weights
    limit = DIVERGED * initial
    for epoch in range(len(history), settings.epochs):
        rates = _learning_rate(settings, epoch), _learning_rate(settings, epoch + 1)
        while totals.positions < len(ids):

            def tick(now: dict[str, Any], epoch: int = epoch) -> bool:
                _report(run, settings, tokens, epoch, _Totals.of(now, 0.0))
                drop_before(ids, max(0, now["positions"] - _BEHIND))
                return not run.checkpoint_due()

            began = time.perf_counter()
            done = kernel.descend(ids, windows, epoch, rates, totals, limit, tick)
            totals = _Totals.of(done, totals.seconds + time.perf_counter() - began)
            if not (math.isfinite(totals.loss) and all_finite(center, outside)):
                why = "a loss or a vector is no longer finite"
                raise DivergenceError(_divergence(epoch, totals, settings, why))
            if done["diverged"]:
                rose = f"rose above {limit:.4g}, from {initial:.4g} at the start"
                why = f"the mean loss per pair {rose}"
                raise DivergenceError(_divergence(epoch, totals, settings, why))
            if totals.positions < len(ids):
                run.save_checkpoint(matrices._asdict(), _facts(history, totals))
        _report(run, settings, tokens, epoch, totals)
        held_out_loss = None if held_out is None else kernel.loss_of(held_out)
        history.append(totals.as_epoch(held_out_loss))
        totals = _Totals()
        if run.report(history[-1], lambda: matrices):
            break
        if run.checkpoint_due():
            run.save_checkpoint(matrices._asdict(), _facts(history, totals))
    return Trained(*matrices, history)


@dataclasses.dataclass(frozen=True)
class _Totals:
    """The running totals of an epoch: positions and tokens done, pairs, summed loss, seconds."""

    positions: int = 0
    trained: int = 0
    subsampled: int = 0
    pairs: float = 0.0
    loss: float = 0.0
    seconds: float = 0.0

    @classmethod
    def of(cls, done: dict[str, Any], seconds: float) -> _Totals:
        names = ("positions", "trained", "subsampled", "pairs", "loss")
        return cls(**{name: done[name] for name in names}, seconds=seconds)

    def as_epoch(self, held_out: float | None) -> Epoch:
        loss = self.loss / self.pairs if self.pairs else math.nan
        return Epoch(loss, self.pairs, self.trained, self.subsampled, self.seconds, held_out)


class _Kernel:
    """The native kernel, with the arguments that all of its calls share."""

    def __init__(
        self,
        center: Float32,
        outside: Float32,
        counts: npt.NDArray[np.int64],
        settings: StochasticSettings,
    ) -> None:
        noise = noise_distribution(counts)
        threshold, alias = alias_table(noise)
        keep = keep_probability(counts / counts.sum(), threshold_of(settings, counts))
        self._settings, self._noise = settings, noise
        self._common = {
            "level": level(),
            "V": center,
            "U": outside,
            "d": settings.dim,
            "redraw": (1 / (1 - noise)).astype(np.float32),
            "keep": (keep * 2.0**32 - 1).clip(0).astype(np.uint32),
            "alias_threshold": threshold,
            "alias": alias,
            "negatives": settings.negatives,
            "first_position": 0,
        }

    def descend(
        self,
        ids: Int32,
        windows: Windows,
        epoch: int,
        rates: tuple[float, float],
        before: _Totals,
        limit: float,
        tick: Callable[[dict[str, Any]], bool],
    ) -> dict[str, Any]:
        """Continue an epoch to its end, or until `tick` returns False; return its totals so far."""
        block, batch = blocks(self._settings, windows, self._noise, len(ids))
        return self._call(
            windows,
            ids=ids,
            rate_begin=rates[0],
            rate_end=rates[1],
            seed=self._settings.seed,
            epoch=epoch,
            block=block,
            batch=batch,
            before=dataclasses.asdict(before),
            limit=limit,
            tick=tick,
        )

    def loss_of(self, ids: Int32) -> float | None:
        """Return the mean loss per pair of a text, or None if it has no pair.

        It draws the same random numbers each time. The learning rate is 0, so nothing changes.
        """
        windows = Windows.of(self._settings.window, ids)
        block, batch = blocks(
            dataclasses.replace(self._settings, deterministic=True),
            windows,
            self._noise,
            len(ids),
        )
        totals = self._call(
            windows,
            ids=ids,
            rate_begin=0.0,
            rate_end=0.0,
            seed=1,
            epoch=_HELD_OUT_EPOCH,
            block=block,
            batch=batch,
            before=dataclasses.asdict(_Totals()),
            limit=sys.float_info.max,
            tick=lambda _: True,
        )
        return totals["loss"] / totals["pairs"] if totals["pairs"] else None

    def _call(self, windows: Windows, **arguments: Any) -> dict[str, Any]:
        threads = self._settings.threads
        spans, weights = layouts(self._settings, windows, self._noise)
        if not arguments["rate_begin"]:  # steps of nothing
            spans[:, 3] = 1
        arguments |= {"window": windows.size, "layouts": spans, "weights": weights}
        if arguments["batch"]:  # more threads would only wait
            threads = min(threads, arguments["batch"])
        try:
            return train_epoch(**self._common, **arguments, threads=threads)
        except BlockingIOError as error:  # EAGAIN: the system cannot start another thread
            raise WordkinError(
                f"training with {threads} threads failed ({error}): set fewer threads"
            ) from error


def _initialize(center: Float32, seed: int) -> None:
    """Initialize the center vectors, uniform in -1/2d .. 1/2d."""
    rng = np.random.default_rng(seed)
    for at in range(0, len(center), 4096):  # in blocks, to save memory
        rows = center[at : at + 4096]
        rows[:] = rng.random(rows.shape, dtype=np.float32)
        rows -= np.float32(0.5)
        rows /= np.float32(center.shape[1])


def _report(run: Run, settings: StochasticSettings, tokens: int, epoch: int, now: _Totals) -> None:
    words = tokens * epoch + now.trained + now.subsampled
    loss = now.loss / now.pairs if now.pairs else math.nan
    run.progress.training(epoch + 1, settings.epochs, words, tokens * settings.epochs, loss)


def _facts(history: list[Epoch], totals: _Totals) -> dict[str, Any]:
    return {
        "history": [as_plain(epoch) for epoch in history],
        "tally": dataclasses.asdict(totals),
    }


def _divergence(epoch: int, totals: _Totals, settings: StochasticSettings, why: str) -> str:
    words = totals.trained + totals.subsampled
    return (
        f"training diverged in epoch {epoch + 1}, after {words:,} words: {why}; set learning_rate"
        f" below {settings.learning_rate:g}; {StochasticSettings.learning_rate:g} is the default"
    )


def _learning_rate(settings: StochasticSettings, epoch: int) -> float:
    share = epoch / settings.epochs
    return settings.learning_rate * (1 - share + FINAL_RATE * share)
