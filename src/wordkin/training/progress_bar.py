"""The progress bar of a run, on standard error.

Calls of an engine in; a line of text that rich redraws out.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from wordkin.system.progress import Progress


class Bar(Progress):
    """A progress bar with the work done, words per second, remaining time and the running loss."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),  # so that the line fits into 80 columns
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: Any = None
        self._stage = ""
        self._began = 0.0

    def __enter__(self) -> Progress:
        self._rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._rich.stop()

    def reading(self, done: int, total: int | None, unit: str) -> None:
        """Show the bytes or sentences read."""
        elapsed = self._enter_stage("reading", total)
        amount, name = (done / 1e6, "MB") if unit == "bytes" else (done, unit)
        rate = f"{amount / elapsed:,.0f} {name}/s" if elapsed > 0.2 else ""
        self._rich.update(self._task, completed=done, description="reading ", rate=rate)

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        """Show the tokens trained on."""
        elapsed = self._enter_stage("training", total)
        self._rich.update(
            self._task,
            completed=words,
            description=f"epoch {epoch}/{epochs}",
            rate=f"{_short(words / elapsed)} words/s" if elapsed > 0.2 else "",
            loss=f"loss {loss:.4f}" if loss == loss else "",
        )

    def counting(self, done: int, total: int) -> None:
        """Show the words whose pairs are counted."""
        elapsed = self._enter_stage("counting", total)
        rate = f"{_short(done / elapsed)} words/s" if elapsed > 0.2 else ""
        self._rich.update(
            self._task, completed=done, total=total, description="counting", rate=rate
        )

    def choosing(self, done: int, total: int) -> None:
        """Show the ridges tried."""
        self._enter_stage("choosing", total)
        self._rich.update(self._task, completed=done, description="ridge   ")

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Show the progress of a pass over the counts."""
        self._enter_stage(f"pass {number} over {words}", 1.0)
        self._rich.update(
            self._task,
            completed=done,
            description=f"pass {number}  " if number else "begin   ",
            rate=f"{words:,} words",
            loss=f"loss {loss:.4f}" if loss == loss else "",
        )

    def _enter_stage(self, stage: str, total: float | None) -> float:
        """Return the seconds since the stage began; start a new bar for a new stage."""
        if stage != self._stage:
            if self._task is not None:
                self._rich.remove_task(self._task)
            self._stage, self._began = stage, time.monotonic()
            self._task = self._rich.add_task(stage, total=total, rate="", loss="")
        return time.monotonic() - self._began


def progress_for(show: bool | None) -> Progress:
    """Return a bar if `show` is True, or None on a terminal; otherwise a silent `Progress`."""
    return Bar() if (sys.stderr.isatty() if show is None else show) else Progress()


def _short(number: float) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"
