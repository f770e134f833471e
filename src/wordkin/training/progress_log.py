"""What a run logs while it trains: its progress at the level DEBUG, each epoch or pass at INFO.

Calls of an engine in; records of the `wordkin` logger out, and the same calls of another display.
"""

from __future__ import annotations

import logging
import time
from types import TracebackType

from wordkin.engines import ENGINES
from wordkin.engines.outcome import Epoch, Pass
from wordkin.engines.settings import Settings
from wordkin.system.notes import log
from wordkin.system.progress import Progress

_EVERY = 1.0  # seconds between two records of one stage


class ProgressLog(Progress):
    """Logs progress, at most once a second, and passes all calls on to another `Progress`."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._stage = ""
        self._last = 0.0
        for name in dir(Progress):  # what is not logged is passed on as it is
            if not name.startswith("_") and name not in vars(ProgressLog):
                setattr(self, name, getattr(shown, name))

    def reading(self, done: int, total: int | None, unit: str) -> None:
        """Log the bytes or sentences read."""
        self._log("reading", f"{done:,}{_of(total)} {unit}")
        self._shown.reading(done, total, unit)

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        """Log the words trained on."""
        self._log(f"epoch {epoch} of {epochs}", f"{words:,}{_of(total)} words, loss {loss:.4f}")
        self._shown.training(epoch, epochs, words, total, loss)

    def counting(self, done: int, total: int) -> None:
        """Log the words whose pairs are counted."""
        self._log("counting", f"{done:,}{_of(total)} words")
        self._shown.counting(done, total)

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Log the share of a pass."""
        self._log(f"pass {number} over {words:,} words", f"{done:.0%}, loss {loss:.4f}")
        self._shown.descending(words, number, done, loss)

    def __enter__(self) -> Progress:
        self._shown.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shown.__exit__(kind, error, trace)

    def _log(self, stage: str, done: str) -> None:
        now = time.monotonic()
        if stage != self._stage or now - self._last >= _EVERY:
            self._stage, self._last = stage, now
            log.debug("%s: %s", stage, done)


def logged(progress: Progress) -> Progress:
    """Return a progress display that also logs, if the logger takes the level DEBUG."""
    return ProgressLog(progress) if log.isEnabledFor(logging.DEBUG) else progress


def log_record(settings: Settings, number: int, done: Epoch | Pass) -> None:
    """Log the record of an epoch or pass."""
    held_out = "" if done.held_out is None else f", {done.held_out:.4f} on held-out lines"
    unit = ENGINES[settings.engine].unit
    log.info(f"{unit} {number}: loss {done.loss:.4f} per pair{held_out}; {done.seconds:.1f} s")


def _of(total: int | None) -> str:
    return "" if total is None else f" of {total:,}"
