"""How far a run of the exact engine is, over all sizes of its growing vocabulary.

The reports of a descent in; the same reports out, each with the share of the whole run that is done
and the seconds that are left, as far as they can be foreseen.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from wordkin.system.progress import Progress

USUAL_PASSES = 8
"""Passes over the full vocabulary, until their gains tell more."""


class Forecast(Progress):
    """Foresees a run from the work of each pass, which grows with the square of the vocabulary.

    Parameters
    ----------
    progress : Progress
        Receives the reports.
    sizes : sequence of int
        The vocabulary of each stage.
    growth_passes : int
        Passes at each size before the last.
    max_passes : int
        The largest number of passes at the last one.
    tolerance : float
        As in `ExactSettings`.
    """

    def __init__(
        self,
        progress: Progress,
        sizes: Sequence[int],
        growth_passes: int,
        max_passes: int,
        tolerance: float,
    ) -> None:
        self._progress = progress
        self._sizes = list(sizes)
        self._growth = growth_passes
        self._most = max_passes
        self._tolerance = tolerance
        self._last = float(min(USUAL_PASSES, max_passes) if tolerance else max_passes)
        self._gain = math.nan  # of the pass before, as a share of the loss
        self._size = 0  # of the current stage
        self._began = 0.0
        self._at_begin = 0.0  # share of the work of a pass that was done when the stage began

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Report the share of a pass that is done, and that of the whole run."""
        now, at = time.monotonic(), (number - 0.5 if number else -0.5) + done
        if words != self._size:
            self._size, self._began, self._at_begin, self._gain = words, now, at, math.nan
        passes = self._passes(words, at)
        work = words**2 * at
        total = words**2 * passes
        for size in self._sizes:
            if size < words:
                work += size**2 * (self._growth + 0.5)
                total += size**2 * (self._growth + 0.5)
            elif size > words:
                total += size**2 * self._passes(size, 0.0)
        spent, moved = now - self._began, words**2 * (at - self._at_begin)
        left = (total - work) * spent / moved if moved > 0 and spent > 0 else math.nan
        self._progress.overall(min(work / total, 1.0), left, self._sizes[-1])
        self._progress.descending(words, number, done, loss)

    def gained(self, words: int, number: int, gain: float) -> None:
        """Receive by what share of the loss a pass has lowered it, to foresee the last pass."""
        before, self._gain = self._gain, gain
        if words != self._sizes[-1] or not 0 < gain < before:
            return
        if self._tolerance and gain > self._tolerance:
            more = math.log(self._tolerance / gain) / math.log(min(gain / before, 0.95))
            self._last = float(min(number + math.ceil(more), self._most))

    def _passes(self, words: int, at: float) -> float:
        """Return the passes expected at a size, the step of all centers before them included."""
        expected = self._last if words == self._sizes[-1] else float(self._growth)
        return max(expected, math.ceil(at - 0.5)) + 0.5
