"""Curves of a bounded number of points, and speeds."""

from __future__ import annotations

import math
from collections import deque

POINTS = 2000
"""Points of a curve, and accounts of epochs, at most; of more, every other is forgotten."""
RECENT = 3.0
"""Seconds by which the speed of the moment is taken."""


class Curve:
    """Points (x, y) as they come, of which a bounded number is kept."""

    def __init__(self, limit: int = POINTS) -> None:
        self._limit = limit
        self._points: list[tuple[int, float, float]] = []
        self._gap = 0.0
        self._thinned = 0

    def add(self, at: int, x: float, y: float) -> None:
        """Add a point, at a moment; what is not finite has no place on a curve."""
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
        """Return what came after a moment, or all and True where the older ones have changed."""
        anew = seen < self._thinned or not seen
        return anew, [(x, y) for at, x, y in self._points if anew or at > seen]


class Speed:
    """Things done in a second: of late, and from the first time that it was told."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._first: tuple[float, float] | None = None

    def add(self, now: float, done: float) -> None:
        """Say how much is done."""
        self._first = self._first or (now, done)
        self._recent.append((now, done))
        while len(self._recent) > 2 and now - self._recent[1][0] >= RECENT:
            self._recent.popleft()

    def recent(self) -> float | None:
        """Return the speed of the last seconds; None: it is too early to say."""
        return self._between(self._recent[0]) if self._recent else None

    def mean(self) -> float | None:
        """Return the speed of all the time."""
        return self._between(self._first) if self._first else None

    def _between(self, start: tuple[float, float]) -> float | None:
        seconds, done = (end - begin for end, begin in zip(self._recent[-1], start, strict=True))
        return done / seconds if seconds > 0.05 and done > 0 else None
