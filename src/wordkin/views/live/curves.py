"""Record a run over time: curves with a bounded number of points, and speeds.

In: numbers as a run reports them. Out: the points that are new to a page, and words per second.
"""

from __future__ import annotations

import math
from collections import deque

POINTS = 2000
"""Most points kept of a curve, or epochs of a run; beyond that, every other one is dropped."""
RECENT = 3.0
"""Seconds over which the current speed is measured."""


class Curve:
    """A growing curve of points (x, y) that keeps at most `limit` of them."""

    def __init__(self, limit: int = POINTS) -> None:
        self._limit = limit
        self._points: list[tuple[int, float, float]] = []
        self._gap = 0.0
        self._thinned = 0

    def add(self, at: int, x: float, y: float) -> None:
        """Add a point, with the moment it came; points that are not finite are dropped."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return
        points = self._points
        if points and 0 <= x - points[-1][1] < self._gap:
            return
        points.append((at, x, y))
        if len(points) > self._limit:
            del points[1::2]
            self._gap = (points[-1][1] - points[0][1]) / len(points)
            self._thinned = at

    def since(self, seen: int) -> tuple[bool, list[tuple[float, float]]]:
        """Return what a page lacks that has all points up to the moment `seen`.

        Returns
        -------
        anew : bool
            True if the page must replace its points, False if it must append these.
        points : list of (x, y)
        """
        anew = seen < self._thinned or not seen
        return anew, [(x, y) for at, x, y in self._points if anew or at > seen]


class Speed:
    """Measures how much is done per second: recently, and on average."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._first: tuple[float, float] | None = None

    def add(self, now: float, done: float) -> None:
        """Record that so much is done by the time `now`, in seconds."""
        self._first = self._first or (now, done)
        self._recent.append((now, done))
        while len(self._recent) > 2 and now - self._recent[1][0] >= RECENT:
            self._recent.popleft()

    def recent(self) -> float | None:
        """Return the speed over the last `RECENT` seconds, or None if it is too early to tell."""
        return self._between(self._recent[0]) if self._recent else None

    def mean(self) -> float | None:
        """Return the speed since the first `add`, or None if it is too early to tell."""
        return self._between(self._first) if self._first else None

    def _between(self, start: tuple[float, float]) -> float | None:
        seconds, done = (end - begin for end, begin in zip(self._recent[-1], start, strict=True))
        return done / seconds if seconds > 0.05 and done > 0 else None
