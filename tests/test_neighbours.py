"""Cosine questions about arrays, against a brute-force oracle in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin import neighbours


def brute_force(matrix: Any, query: Any, k: int, exclude: Any = ()) -> list[tuple[float, int]]:
    """All cosines, one by one, sorted: highest first, then lowest row number."""
    scored = []
    for i, row in enumerate(np.asarray(matrix, dtype=np.float64)):
        lengths = np.linalg.norm(row) * np.linalg.norm(query)
        if i not in exclude:
            scored.append((-float(row @ query / lengths) if lengths else 0.0, i))
    return [(-score, i) for score, i in sorted(scored)[:k]]


@pytest.mark.parametrize(("V", "d", "k"), [(1, 1, 1), (7, 3, 7), (500, 100, 10), (5000, 17, 400)])
def test_nearest_equals_brute_force(V: int, d: int, k: int) -> None:
    rng = np.random.default_rng(V)
    matrix = rng.normal(size=(V, d)).astype(np.float32)
    query = neighbours.direction(rng.normal(size=(1, d)), [1])
    exclude = sorted({0, V // 2}) if V > 1 else []
    rows, cosines = neighbours.nearest(neighbours.unit_rows(matrix), query, k, exclude)
    expected = brute_force(matrix, query, k, exclude)
    assert rows.tolist() == [i for _, i in expected]
    np.testing.assert_allclose(cosines, [c for c, _ in expected], atol=2e-7)


@pytest.mark.parametrize("d", [1, 3, 8, 100])
def test_equal_rows_come_in_the_order_of_their_numbers(d: int) -> None:
    rng = np.random.default_rng(d)
    row = rng.normal(size=d)
    matrix = np.tile(row, (1001, 1)).astype(np.float32)
    matrix[::2] *= -1
    query = neighbours.direction(row[np.newaxis], [1])
    rows, cosines = neighbours.nearest(neighbours.unit_rows(matrix), query, 20)
    assert rows.tolist() == list(range(1, 41, 2))
    assert len(set(cosines.tolist())) == 1


def test_order_is_that_of_float64_cosines_where_float32_sees_ties() -> None:
    # Cosines that differ by less than float32 can see near 1: rows turned by tiny angles.
    angles = np.array([3e-5, 1e-5, 2e-5, 0.0, 4e-5])
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    rows, _ = neighbours.nearest(unit, np.array([1.0, 0.0]), 5)
    exact = unit.astype(np.float64)[:, 0]
    assert rows.tolist() == np.lexsort((np.arange(5), -exact)).tolist()


def test_more_than_there_are_gives_all_that_are_not_excluded() -> None:
    unit = np.eye(4, dtype=np.float32)
    rows, cosines = neighbours.nearest(unit, np.array([0.0, 0.0, 1.0, 0.0]), 99, exclude=[1, 1])
    assert rows.tolist() == [2, 0, 3]
    assert cosines.tolist() == [1.0, 0.0, 0.0]
    assert neighbours.nearest(unit, np.zeros(4), 5, exclude=range(4))[0].tolist() == []


def test_zero_query_gives_zero_cosines_in_order_over_many_rows() -> None:
    unit = neighbours.unit_rows(np.random.default_rng(0).normal(size=(9000, 5)))
    rows, cosines = neighbours.nearest(unit, np.zeros(5), 3)
    assert rows.tolist() == [0, 1, 2]
    assert cosines.tolist() == [0.0, 0.0, 0.0]


def test_cosines_never_leave_minus_one_to_one() -> None:
    matrix = np.random.default_rng(3).normal(size=(2000, 50)).astype(np.float32)
    unit = neighbours.unit_rows(matrix)
    for row in matrix[:50]:
        query = neighbours.direction(row[np.newaxis], [1])
        assert neighbours.nearest(unit, query, 1)[1][0] <= 1.0
        assert neighbours.cosine(row, row) <= 1.0
        assert neighbours.cosine(row, -row) >= -1.0


def test_unit_rows_have_length_one_at_any_scale_and_zeros_stay() -> None:
    matrix = np.ones((4, 3), dtype=np.float32)
    matrix *= np.array([[1e-44], [3e38], [1.0], [0.0]], dtype=np.float32)
    unit = neighbours.unit_rows(matrix)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit[:3], 3**-0.5, rtol=1e-6)
    assert unit[3].tolist() == [0.0, 0.0, 0.0]


def test_unit_rows_reads_a_strided_view_and_leaves_it_alone() -> None:
    padded = np.random.default_rng(1).normal(size=(10, 16)).astype(np.float32)
    before = padded.copy()
    np.testing.assert_array_equal(
        neighbours.unit_rows(padded[:, :5]), neighbours.unit_rows(before[:, :5].copy())
    )
    np.testing.assert_array_equal(padded, before)


def test_direction_weighs_every_row_alike_whatever_its_length() -> None:
    rows = np.array([[100.0, 0.0, 0.0], [0.0, 0.001, 0.0], [0.0, 0.0, 7.0]])
    np.testing.assert_allclose(
        neighbours.direction(rows, [1, 1, -1]), np.array([1, 1, -1]) / 3**0.5, rtol=1e-12
    )


def test_directions_that_cancel_give_zero() -> None:
    rows = np.array([[1.0, 2.0], [2.0, 4.0]])
    assert neighbours.direction(rows, [1, -1]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 0], [5, 0], 1.0),
        ([1, 0], [0, 3], 0.0),
        ([2, 0], [-1, 0], -1.0),
        ([1, 0], [1, 1], 0.5**0.5),
        ([0, 0], [1, 1], 0.0),
        ([0, 0], [0, 0], 0.0),
    ],
)
def test_cosine_of_known_angles(a: list[float], b: list[float], expected: float) -> None:
    assert neighbours.cosine(np.array(a, float), np.array(b, float)) == pytest.approx(expected)


def test_odd_one_out_is_the_row_that_points_elsewhere() -> None:
    assert neighbours.odd_one_out(np.array([[1.0, 0.1], [9.0, 0.0], [-0.1, 1.0], [1.0, 0.0]])) == 2
    assert neighbours.odd_one_out(np.ones((3, 2))) == 0


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.integers(1, 40))
def test_top_k_equals_a_full_stable_sort(scores: list[int], k: int) -> None:
    expected = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:k]
    assert neighbours.top_k(np.array(scores, dtype=float), k).tolist() == expected


def test_top_k_of_nothing_is_nothing() -> None:
    assert neighbours.top_k(np.empty(0), 3).tolist() == []
    assert neighbours.top_k(np.ones(3), 0).tolist() == []
