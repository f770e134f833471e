"""Windows as the engines lay them out: how far they reach in the lines that are there.

A window setting and a text in; its reach, and the weight of a center's pairs, out. What depends on
the window is planned from these, so that a window wider than the lines costs no more than the
longest line does.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from wordkin.corpus.pieces import length_counts
from wordkin.objectives.conventions import Window
from wordkin.system.types import Int32

LEAST_REACH = 16
"""Windows that reach no farther are all laid out alike: it would not pay."""
GROWTH = 4
"""How many times as far the windows of the next class reach."""
USUAL_SHARE = 0.9
"""The share of the words in whose lines windows reach no farther than usual."""


@dataclasses.dataclass(frozen=True)
class Windows:
    """The windows of a text.

    Attributes
    ----------
    size : int
        The window m; 0 for the whole line, with equal weights.
    reach : int
        The largest distance between two words of a window: m, or less in shorter lines.
    weight : float
        The most that the pairs of one center weigh together: m + 1, or less in shorter lines.
    usual : int
        The reach that is enough for most lines. A few lines may be far longer than all others.
    """

    size: int
    reach: int
    weight: float
    usual: int

    @classmethod
    def of(cls, window: Window, ids: Int32) -> Windows:
        """Return the windows of a text of ids, with a line end between lines."""
        lengths, lines = length_counts(ids)
        words = np.cumsum(lengths * lines)
        if not len(lengths) or not words[-1]:
            return cls.in_lines(window, 0)
        usual = int(lengths[np.searchsorted(words, USUAL_SHARE * words[-1])])
        return cls.in_lines(window, int(lengths[-1]), usual)

    @classmethod
    def in_lines(cls, window: Window, longest: int, usual: int | None = None) -> Windows:
        """Return the windows in lines of at most `longest` words, most of at most `usual`."""
        size = 0 if window == "line" else int(window)
        farthest = size or longest
        reach, most = (max(1, min(farthest, n - 1)) for n in (longest, usual or longest))
        left = (longest - 1) // 2  # of the center in the middle of the longest line
        weight = sum(_weight(min(reach, n), size) for n in (left, longest - 1 - left))
        return cls(size, reach, max(1.0, weight), most)

    def classes(self) -> list[Windows]:
        """Return the windows by reach, ascending, so that short lines are laid out as such.

        The last of them are these themselves.
        """
        reach, found = LEAST_REACH, []
        while reach < self.reach:
            found.append(Windows.in_lines(self.size or "line", reach + 1))
            reach *= GROWTH
        return [*found, self]

    def usual_class(self) -> Windows:
        """Return the class that is enough for most lines."""
        return next(each for each in self.classes() if each.reach >= self.usual)


def _weight(words: int, size: int) -> float:
    """Return the summed weights of the pairs with the nearest words on one side."""
    return words - words * (words - 1) / (2 * size) if size else float(words)
