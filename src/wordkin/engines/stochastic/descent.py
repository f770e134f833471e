"""The stochastic engine: descent on windows, by the native kernel, on as many threads as wanted.

Ids and counts in, trained matrices and a history out; no words.

The kernel takes the windows of a span of consecutive centers at a time, with one pool of negatives
for all of them, and weighs each pair by what a random radius is in expectation: `docs/engine.md`.
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
from wordkin.engines import OBJECTIVES, Rows, load
from wordkin.engines.outcome import Epoch, Trained
from wordkin.engines.run import Matrices, Run, finite
from wordkin.engines.settings import StochasticSettings
from wordkin.engines.stochastic.plan import blocks, pool_size, span_size, steps
from wordkin.objectives.conventions import FINAL_RATE, keep_probability, noise_distribution
from wordkin.system.errors import DivergenceError, SettingsError, WordkinError
from wordkin.system.machine import level
from wordkin.system.types import Float32, Int32

_ROW = 16  # floats in a cache line; rows are padded to it

HOPELESS = 2.0
"""A mean loss of so many times that of weights of 0 is that of a diverging run."""

_UNSEEN = 2**64 - 1  # the epoch whose draws serve the lines held out


def aligned_rows(rows: int, dim: int) -> Float32:
    """Zeros, (rows, dim rounded up to a cache line), the first on a cache line."""
    stride = -(-dim // _ROW) * _ROW
    # Not np.zeros: NumPy asks the system for large pages for what it allocates empty.
    buffer = np.empty(rows * stride + _ROW, np.float32)
    buffer.fill(0)
    skip = -buffer.ctypes.data % (4 * _ROW) // 4
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
        The text; `corpus.LINE_END` between lines.
    counts : (V,) int64
    settings : StochasticSettings
    run : Run, optional
        Told of what is done, about ten times a second and after each epoch; keeps states.
    held_out : (M,) int32, optional
        Lines that are not trained on, whose loss is taken after each epoch.

    Raises
    ------
    SettingsError
        For a vocabulary of one word, which leaves no negative to draw.
    DivergenceError
        When the loss rises far above that of weights of 0, or a vector stops being finite.
    WordkinError
        When the system gives no more threads.
    """
    run = run or Run()
    V, d = len(counts), settings.dim
    if V < 2:
        raise SettingsError(f"negative sampling needs at least 2 different words, got {V}")
    rows: Rows = load(OBJECTIVES[settings.objective].rows)(V)
    center, outside = aligned_rows(rows.inputs, d), aligned_rows(rows.outputs, d)
    matrices = Matrices(center[:, :d], outside[:, :d])
    history: list[Epoch] = []
    tally = _Tally()
    if kept := run.begin_from():
        matrices.center[:], matrices.outside[:] = kept.tensors["center"], kept.tensors["outside"]
        history += [Epoch(**epoch) for epoch in kept.facts["history"]]
        tally = _Tally(**kept.facts["tally"])
    else:
        _fill(matrices.center, settings.seed)
    run.watch(lambda: matrices)
    work = _Work(center, outside, counts, settings)
    tokens = int(counts.sum())
    start = (1 + settings.negatives) * math.log(2)  # that of weights of 0
    worst = HOPELESS * start
    for epoch in range(len(history), settings.epochs):
        rates = _rate(settings, epoch), _rate(settings, epoch + 1)
        while tally.positions < len(ids):

            def tick(now: dict[str, Any], epoch: int = epoch) -> bool:
                _show(run, settings, tokens, epoch, _Tally.of(now, 0.0))
                return not run.due()

            began = time.perf_counter()
            done = work.descend(ids, epoch, rates, tally, worst, tick)
            tally = _Tally.of(done, tally.seconds + time.perf_counter() - began)
            if not (math.isfinite(tally.loss) and finite(center, outside)):
                why = "a loss or a vector is no longer finite"
                raise DivergenceError(_diverged(epoch, tally, settings, why))
            if done["diverged"]:
                why = (
                    f"the mean loss of a pair rose above {worst:.4g}, from {start:.4g} at the start"
                )
                raise DivergenceError(_diverged(epoch, tally, settings, why))
            if tally.positions < len(ids):
                run.keep(matrices._asdict(), _facts(history, tally))
        _show(run, settings, tokens, epoch, tally)
        unseen = None if held_out is None else work.loss_of(held_out)
        history.append(tally.as_epoch(unseen))
        tally = _Tally()
        if run.after(history[-1], lambda: matrices):
            break
        if run.due():
            run.keep(matrices._asdict(), _facts(history, tally))
    return Trained(*matrices, history)


@dataclasses.dataclass(frozen=True)
class _Tally:
    """What was done of an epoch so far."""

    positions: int = 0
    trained: int = 0
    subsampled: int = 0
    pairs: float = 0.0
    loss: float = 0.0
    seconds: float = 0.0

    @classmethod
    def of(cls, done: dict[str, Any], seconds: float) -> _Tally:
        names = ("positions", "trained", "subsampled", "pairs", "loss")
        return cls(**{name: done[name] for name in names}, seconds=seconds)

    def as_epoch(self, held_out: float | None) -> Epoch:
        loss = self.loss / self.pairs if self.pairs else 0.0
        return Epoch(loss, self.pairs, self.trained, self.subsampled, self.seconds, held_out)


class _Work:
    """Both matrices, and all that one call of the kernel has in common with the next."""

    def __init__(
        self,
        center: Float32,
        outside: Float32,
        counts: npt.NDArray[np.int64],
        settings: StochasticSettings,
    ) -> None:
        noise = noise_distribution(counts)
        threshold, alias = alias_table(noise)
        keep = keep_probability(counts / counts.sum(), settings.subsample)
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
            "window": settings.window,
            "negatives": settings.negatives,
            "pool_size": pool_size(settings),
            "span": span_size(settings, noise),
            "first_position": 0,
        }

    def descend(
        self,
        ids: Int32,
        epoch: int,
        rates: tuple[float, float],
        before: _Tally,
        limit: float,
        tick: Callable[[dict[str, Any]], bool],
    ) -> dict[str, Any]:
        """Go on with an epoch, to its end or until `tick` says no; what was done of it so far."""
        block, batch = blocks(self._settings, self._noise, len(ids))
        return self._call(
            ids=ids,
            steps=steps(self._settings),
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
        """Return the mean loss of a pair of a text, with the same draws each time; None: no pair.

        Steps at a rate of 0 change nothing.
        """
        block, batch = blocks(
            dataclasses.replace(self._settings, deterministic=True), self._noise, len(ids)
        )
        tally = self._call(
            ids=ids,
            steps=1,
            rate_begin=0.0,
            rate_end=0.0,
            seed=1,
            epoch=_UNSEEN,
            block=block,
            batch=batch,
            before=dataclasses.asdict(_Tally()),
            limit=sys.float_info.max,
            tick=lambda _: True,
        )
        return tally["loss"] / tally["pairs"] if tally["pairs"] else None

    def _call(self, **arguments: Any) -> dict[str, Any]:
        threads = self._settings.threads
        if arguments["batch"]:  # more of them would only wait
            threads = min(threads, arguments["batch"])
        try:
            return train_epoch(**self._common, **arguments, threads=threads)
        except BlockingIOError as error:  # EAGAIN: the system gives no more threads
            raise WordkinError(
                f"training with {threads} threads failed ({error}): set fewer threads"
            ) from error


def _fill(center: Float32, seed: int) -> None:
    """Draw the first center vectors, uniform in -1/2d .. 1/2d."""
    rng = np.random.default_rng(seed)
    for at in range(0, len(center), 4096):  # a block at a time, for the sake of memory
        rows = center[at : at + 4096]
        rows[:] = rng.random(rows.shape, dtype=np.float32)
        rows -= np.float32(0.5)
        rows /= np.float32(center.shape[1])


def _show(run: Run, settings: StochasticSettings, tokens: int, epoch: int, now: _Tally) -> None:
    words = tokens * epoch + now.trained + now.subsampled
    loss = now.loss / now.pairs if now.pairs else math.nan
    run.progress.training(epoch + 1, settings.epochs, words, tokens * settings.epochs, loss)


def _facts(history: list[Epoch], tally: _Tally) -> dict[str, Any]:
    return {
        "history": [dataclasses.asdict(epoch) for epoch in history],
        "tally": dataclasses.asdict(tally),
    }


def _diverged(epoch: int, tally: _Tally, settings: StochasticSettings, why: str) -> str:
    words = tally.trained + tally.subsampled
    return (
        f"training diverged in epoch {epoch + 1}, after {words:,} words: {why}; set learning_rate"
        f" below {settings.learning_rate:g}; {StochasticSettings.learning_rate:g} is the default"
    )


def _rate(settings: StochasticSettings, epoch: int) -> float:
    share = epoch / settings.epochs
    return settings.learning_rate * (1 - share + FINAL_RATE * share)
