"""The progress bar of a run, on standard error.

Calls of an engine in; a line of text that rich redraws out.
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from wordkin.system.progress import Progress


class Bar(Progress):
    """A progress bar with the work done, words per second, remaining time and the running loss."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),  # so that the line fits into 80 columns
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            _remaining_column(),
            TextColumn("{task.fields[loss]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: Any = None
        self._stage = ""
        self._began = 0.0
        self._counted = "pairs"
        self._overall: tuple[float, float, int] | None = None  # of all passes over the counts

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
        elapsed = self._enter_stage(f"counting {self._counted}", total)
        rate = f"{_short(done / elapsed)} words/s" if elapsed > 0.2 else ""
        self._rich.update(
            self._task,
            completed=done,
            total=total,
            description=f"counting {self._counted}",
            rate=rate,
        )

    def counts(self, what: str) -> None:
        """Remember what is counted."""
        self._counted = what

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Show the progress of a pass over the counts, or of all passes if it is foreseen."""
        rate, left = f"{words:,} words", None
        self._enter_stage(f"pass {number} over {words}", 1.0)
        if self._overall is not None:
            done, left, most = self._overall
            if words < most:
                rate = f"{words:,} of {most:,} words"
        self._rich.update(
            self._task,
            completed=done,
            description=f"pass {number:<3}" if number else "begin   ",
            rate=rate,
            left=left,
            loss=f"loss {loss:.4f}" if loss == loss else "",
        )

    def overall(self, done: float, left: float, words: int) -> None:
        """Remember how far all passes are, for the next line."""
        self._overall = done, left, words

    def _enter_stage(self, stage: str, total: float | None) -> float:
        """Return the seconds since the stage began; start a new bar for a new stage."""
        if stage != self._stage:
            if self._task is not None:
                self._rich.remove_task(self._task)
            self._stage, self._began = stage, time.monotonic()
            self._task = self._rich.add_task(stage, total=total, rate="", loss="", left=None)
        return time.monotonic() - self._began


def progress_for(show: bool | None) -> Progress:
    """Return a bar if `show` is True, or None on a terminal; otherwise a silent `Progress`."""
    return Bar() if (sys.stderr.isatty() if show is None else show) else Progress()


def _remaining_column() -> Any:
    """Return a column with the time that is left: the foreseen one, or by the speed of the bar."""
    from rich.progress import ProgressColumn, TimeRemainingColumn

    class Remaining(ProgressColumn):
        max_refresh = 0.5

        def __init__(self) -> None:
            super().__init__()
            self._by_speed = TimeRemainingColumn()

        def render(self, task: Any) -> Any:
            left, shown = task.fields["left"], self._by_speed.render(task)
            if left is None or not task.total:
                return shown
            seconds = 0 if math.isnan(left) else round(left)
            text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            shown.plain = "-:--:--" if math.isnan(left) else text
            return shown

    return Remaining()


def _short(number: float) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"
