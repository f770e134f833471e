"""Names are placed beside their points without overlap."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin.views.maps.placement import Place, place

Array = npt.NDArray[np.float64]
BOUNDS = np.array([0.0, 0.0, 400.0, 300.0])
NO_LINES = np.empty((0, 4))


def _meet(a: Array, b: Array) -> bool:
    """Whether two boxes have an inner point in common."""
    return bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())


def _on(line: Array, box: Array) -> bool:
    """Whether a line comes into a box, by looking at many of its points."""
    along = line[:2] + np.linspace(0, 1, 2001)[:, np.newaxis] * (line[2:] - line[:2])
    return bool(((along > box[:2] + 1e-6) & (along < box[2:] - 1e-6)).all(axis=1).any())


def _check(points: Array, lines: Array, found: list[Place | None]) -> None:
    """Assert that nothing is over anything."""
    names = [there.box for there in found if there is not None]
    leaders = [there.line for there in found if there is not None and there.line is not None]
    for box in names:
        assert (box[:2] >= BOUNDS[:2]).all()
        assert (box[2:] <= BOUNDS[2:]).all()
        assert not ((points > box[:2]) & (points < box[2:])).all(axis=1).any()
        assert not any(_on(line, box) for line in [*lines, *leaders])
    assert not any(_meet(a, b) for a, b in combinations(names, 2))


def _distances(box: Array, points: Array) -> Array:
    """Return the distance of each point from a box."""
    away: Array = np.hypot(*(np.clip(points, box[:2], box[2:]) - points).T)
    return away


def _check_readable(points: Array, drawn: Array, found: list[Place | None]) -> None:
    """Assert that a name without a line is much nearer to its own point than to any drawn one."""
    for point, there in zip(points, found, strict=True):
        if there is not None and there.line is None:
            (own,) = _distances(there.box, point[np.newaxis])
            others = drawn[np.hypot(*(drawn - point).T) > 2]
            assert own <= 5 + 1e-9
            assert (_distances(there.box, others) >= 2 * own - 1e-9).all()


numbers = st.integers(0, 40).map(lambda tens: tens * 7.5)


@given(
    st.lists(st.tuples(numbers, numbers, st.integers(4, 90)), max_size=25),
    st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=4),
)
def test_nothing_is_over_anything(named: list[Any], drawn: list[Any]) -> None:
    points = np.array([(x, y) for x, y, _ in named], dtype=float).reshape(-1, 2)
    sizes = np.array([(width, 12.0) for _, _, width in named], dtype=float).reshape(-1, 2)
    lines = np.array(drawn, dtype=float).reshape(-1, 4)
    found = place(points, sizes, BOUNDS, lines, gap=5.0, reach=150.0)
    _check(points, lines, found)
    _check_readable(points, points, found)
    found = place(points, sizes, BOUNDS, lines, gap=5.0, reach=0.0)
    drawn_points = points[[there is not None for there in found]]
    _check_readable(points, drawn_points, found)


def test_a_name_is_not_put_where_it_is_read_as_that_of_another_point() -> None:
    # Right of the first point there is room, but it ends beside the second one; and above it.
    points = np.array([[100.0, 100.0], [148.0, 100.0], [100.0, 118.0]])
    sizes = np.array([[40.0, 12.0]] * 3)
    found = place(points, sizes, BOUNDS, NO_LINES, gap=5.0, reach=150.0)
    _check(points, NO_LINES, found)
    _check_readable(points, points, found)
    first = found[0]
    assert first is not None
    assert first.box[0] != 105


def test_where_every_place_is_beside_another_point_a_line_tells_whose_name_it_is() -> None:
    across, up = np.meshgrid(np.arange(5) * 9.0 + 180, np.arange(5) * 9.0 + 130)
    points = np.stack([across.ravel(), up.ravel()], axis=1)
    found = place(points, np.full((25, 2), [40.0, 12.0]), BOUNDS, NO_LINES, gap=5.0, reach=150.0)
    _check(points, NO_LINES, found)
    _check_readable(points, points, found)
    middle = found[12]
    assert middle is None or middle.line is not None


def test_a_name_alone_is_right_of_its_point() -> None:
    (found,) = place(
        np.array([[100.0, 100.0]]), np.array([[40.0, 12.0]]), BOUNDS, NO_LINES, gap=5.0, reach=50.0
    )
    assert found is not None
    assert found.box == pytest.approx([105, 94, 145, 106])
    assert found.line is None


def test_a_name_at_the_right_edge_is_left_of_its_point() -> None:
    (found,) = place(
        np.array([[395.0, 100.0]]), np.array([[40.0, 12.0]]), BOUNDS, NO_LINES, gap=5.0, reach=50.0
    )
    assert found is not None
    assert found.box == pytest.approx([350, 94, 390, 106])


def test_twenty_points_in_one_place_are_all_named() -> None:
    points = np.full((20, 2), 150.0)
    found = place(points, np.full((20, 2), [50.0, 12.0]), BOUNDS, NO_LINES, gap=5.0, reach=200.0)
    assert all(there is not None for there in found)
    _check(points, NO_LINES, found)
    for there in found:
        assert there is not None
        if there.line is not None:
            assert there.line[:2].tolist() == [150, 150]


def test_without_reach_a_name_is_beside_its_point_or_nowhere() -> None:
    points = np.array([[100.0, 100], [103, 100], [100, 103], [103, 103], [300, 100]])
    found = place(points, np.full((5, 2), [90.0, 40.0]), BOUNDS, NO_LINES, gap=5.0, reach=0.0)
    assert 2 <= sum(there is not None for there in found) < 5
    assert all(there.line is None for there in found if there is not None)


def test_a_name_larger_than_the_sheet_has_no_room() -> None:
    assert place(
        np.array([[1.0, 1.0]]), np.array([[500.0, 9.0]]), BOUNDS, NO_LINES, gap=5.0, reach=900.0
    ) == [None]


def test_a_name_with_a_line_is_not_right_of_another_point_either() -> None:
    # The second name would fit between the points, but would be read as that of the first one.
    points = np.array([[100.0, 100.0], [112.0, 109.0], [124.0, 100.0], [112.0, 91.0]])
    sizes = np.array([[40.0, 12.0]] * 4)
    found = place(points, sizes, BOUNDS, NO_LINES, gap=5.0, reach=150.0)
    _check(points, NO_LINES, found)
    for point, there in zip(points, found, strict=True):
        assert there is not None
        others = points[(points != point).any(axis=1)]
        beside = (others[:, 1] > there.box[1]) & (others[:, 1] < there.box[3])
        assert (_distances(there.box, others[beside]) >= 20 - 1e-9).all()
