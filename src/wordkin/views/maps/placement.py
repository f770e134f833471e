"""Place names beside their points without overlap.

In: points, sizes of names, and lines to avoid. Out: a position for each name. Plain geometry in one
unit, y upwards; boxes are (left, bottom, right, top), lines are (x0, y0, x1, y1).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.system.types import Float64

# A name is easiest to read right of its point; then come the other sides and the corners.
_SIDES = np.deg2rad([0, 45, 315, 180, 135, 225, 90, 270])
_AROUND = np.deg2rad(np.arange(0, 360, 5))
_FEW = 4  # coinciding points whose names may all stand right beside them
_CLEAR = (4.0, 2.0)  # least distance of a name to other points, across and up, by the gap
_SAME = 0.35  # points closer than this, relative to the gap, are one point to the eye
_GROWTH = 1.25  # radius of a ring of positions, relative to the previous ring


class Crossed(IntEnum):
    """What the leader line of a name may cross."""

    NOTHING = 0
    LINES = 1  # lines and points
    NAMES = 2  # everything


class Place(NamedTuple):
    """The position of a name.

    Attributes
    ----------
    box : (4,) array
    line : (4,) array or None
        The leader line from the point, for a name that is not right beside it.
    """

    box: Float64
    line: Float64 | None


def place(
    points: Float64,
    sizes: Float64,
    bounds: Float64,
    lines: Float64,
    *,
    gap: float,
    reach: float,
    behind: bool = False,
) -> list[Place | None]:
    """Place names.

    No name overlaps another, a point or a line, and all are within the bounds. First, in the given
    order, those with free space right beside their point, where no other point is nearly as close
    to the name, so that it cannot be read as that of another point; then the others, each as near
    as possible, with a leader line that crosses nothing; then the rest, with a leader line that
    crosses points or other lines, but no name.

    Parameters
    ----------
    points : (n, 2) array
    sizes : (n, 2) array
        Width and height of each name.
    bounds : (4,) array
    lines : (m, 4) array
        Lines of the drawing to avoid.
    gap : float
        Distance from a point to a name beside it.
    reach : float
        Largest distance from a point to its name; if less than `gap`, names are only put beside
        their points, and points without a name are taken not to be drawn.
    behind : bool
        Whether a leader line may run behind other names, as a last resort.

    Returns
    -------
    list of n Place or None
        None for names without free space.
    """
    sheet = _Sheet(points, bounds, lines, gap)
    if reach < gap:
        sheet.points = np.empty((0, 2))
        return [sheet.put_first(*each) for each in zip(points, sizes, strict=True)]
    crowds = _overlap(sheet.dots, sheet.dots).sum(axis=1)
    places: list[Place | None] = [
        sheet.put_beside(point, size) if crowd <= _FEW else None
        for point, size, crowd in zip(points, sizes, crowds, strict=True)
    ]
    for crossed in (Crossed.NOTHING, Crossed.LINES, Crossed.NAMES)[: 3 if behind else 2]:
        for i in (i for i, found in enumerate(places) if found is None):
            # Names too close to a crowded point would block the leader lines of the others.
            closest = 2 * gap if crowds[i] <= _FEW else 2 * gap + crowds[i] * sizes[i, 1] / 3
            for radius in _rings(closest, reach):
                places[i] = sheet.put_around(points[i], sizes[i], radius, crossed)
                if places[i] is not None:
                    break
    return places


def _rings(radius: float, reach: float) -> Iterator[float]:
    while radius <= reach:
        yield radius
        radius *= _GROWTH


class _Sheet:
    """What is occupied so far."""

    def __init__(self, points: Float64, bounds: Float64, lines: Float64, gap: float) -> None:
        self.bounds = bounds
        self.gap = gap
        self.points = points  # that names must not be read as those of
        around = gap * 0.7 * np.array([-1.0, -1.0, 1.0, 1.0])
        self.dots: Float64 = np.tile(points, 2) + around
        self.names: Float64 = np.empty((0, 4))
        self.lines: Float64 = lines.reshape(-1, 4)  # that names avoid
        self.leaders: Float64 = np.empty((0, 4))  # that names and other leader lines avoid

    def put_beside(self, point: Float64, size: Float64) -> Place | None:
        """Take the first free position right beside a point."""
        boxes = self._free(_boxes(point, size, self.gap, _SIDES))
        boxes = boxes[self._clear(boxes, self.points, point)]
        return self._take(boxes[0], None) if len(boxes) else None

    def put_around(
        self, point: Float64, size: Float64, radius: float, crossed: Crossed
    ) -> Place | None:
        """Take the first free position at a distance from a point, with a leader line."""
        boxes = self._free(_boxes(point, size, radius, _AROUND))
        lines = np.hstack([np.tile(point, (len(boxes), 1)), _nearest(boxes, point)])
        free = np.ones(len(boxes), dtype=bool)
        if crossed < Crossed.NAMES:
            free &= ~_cut(self.names, lines).any(axis=0)
        if crossed < Crossed.LINES:
            free &= self._clear(boxes, self.points, point)
            # Coinciding points do not block each other, nor do leader lines from the same point.
            here = ((self.dots[:, :2] < point) & (point < self.dots[:, 2:])).all(axis=1)
            leaders = self.leaders[(self.leaders[:, :2] != point).any(axis=1)]
            free &= ~_cut(self.dots[~here], lines).any(axis=0)
            free &= ~_cross(lines, np.vstack([leaders, self.lines])).any(axis=1)
        if not free.any():
            return None
        first = int(free.argmax())
        return self._take(boxes[first], lines[first])

    def put_first(self, point: Float64, size: Float64) -> Place | None:
        """Put a name beside a point, where points without a name are not drawn."""
        if not self._clear(self.names, point[np.newaxis], None).all():
            return None  # its point would seem to be that of another name
        found = self.put_beside(point, size)
        if found is not None:
            self.points = np.vstack([self.points, point])
        return found

    def _clear(
        self, boxes: Float64, points: Float64, point: Float64 | None
    ) -> npt.NDArray[np.bool_]:
        """Return which boxes are too far from points, but from their own, to be their names."""
        if point is not None:
            points = points[np.hypot(*(points - point).T) > _SAME * self.gap]
        nearest = np.clip(points, boxes[:, np.newaxis, :2], boxes[:, np.newaxis, 2:])
        # A name is read as that of a point on its line from further off than above or below it.
        away: Float64 = np.hypot(*np.moveaxis((nearest - points) / _CLEAR, 2, 0))
        return np.asarray((away >= self.gap).all(axis=1), dtype=np.bool_)

    def _free(self, boxes: Float64) -> Float64:
        """Return the boxes that are free and within the bounds."""
        inside = (boxes[:, :2] >= self.bounds[:2]) & (boxes[:, 2:] <= self.bounds[2:])
        boxes = boxes[inside.all(axis=1)]
        for taken in (self.names, self.dots):
            boxes = boxes[~_overlap(boxes, taken).any(axis=1)]
        for drawn in (self.lines, self.leaders):
            boxes = boxes[~_cut(boxes, drawn).any(axis=1)]
        return boxes

    def _take(self, box: Float64, leader: Float64 | None) -> Place:
        self.names = np.vstack([self.names, box])
        if leader is not None:
            self.leaders = np.vstack([self.leaders, leader])
        return Place(box, leader)


def _boxes(point: Float64, size: Float64, radius: float, angles: Float64) -> Float64:
    """Return boxes of a size around a point, one for each angle."""
    towards = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    middles = point + towards * (size / 2 + radius)
    return np.hstack([middles - size / 2, middles + size / 2])


def _nearest(boxes: Float64, point: Float64) -> Float64:
    """Return the point of each box that is nearest to a point."""
    return np.clip(point, boxes[:, :2], boxes[:, 2:])


def _overlap(a: Float64, b: Float64) -> npt.NDArray[np.bool_]:
    """Return which of n boxes overlap which of m, (n, m)."""
    across = (a[:, :1] < b[:, 2]) & (a[:, 2:3] > b[:, 0])
    up = (a[:, 1:2] < b[:, 3]) & (a[:, 3:] > b[:, 1])
    return np.logical_and(across, up)


def _cut(boxes: Float64, lines: Float64) -> npt.NDArray[np.bool_]:
    """Return which of n boxes are crossed by which of m lines, (n, m)."""
    begins, ends = np.zeros((len(boxes), len(lines))), np.ones((len(boxes), len(lines)))
    for axis in (0, 1):  # the part of a line, 0 to 1, between two sides of a box
        start, along = lines[:, axis], lines[:, axis + 2] - lines[:, axis]
        along = np.where(along == 0, 1e-100, along)
        low = (boxes[:, axis, np.newaxis] - start) / along
        high = (boxes[:, axis + 2, np.newaxis] - start) / along
        begins = np.maximum(begins, np.minimum(low, high))
        ends = np.minimum(ends, np.maximum(low, high))
    return np.less_equal(begins, ends)


def _cross(a: Float64, b: Float64) -> npt.NDArray[np.bool_]:
    """Return which of n lines cross which of m, (n, m)."""

    def sides(lines: Float64, ends: Float64) -> Float64:
        start, along = lines[:, np.newaxis, :2], (lines[:, 2:] - lines[:, :2])[:, np.newaxis]
        to = ends[np.newaxis] - start
        product: Float64 = along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]
        return product

    apart_b = sides(a, b[:, :2]) * sides(a, b[:, 2:]) < 0
    apart_a = (sides(b, a[:, :2]) * sides(b, a[:, 2:]) < 0).T
    return np.logical_and(apart_a, apart_b)
