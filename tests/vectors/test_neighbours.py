"""Exact search on arrays, against a brute-force oracle in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordkin.vectors import search
from wordkin.vectors.search import ExactIndex


def index(rows: Any) -> ExactIndex:
    return ExactIndex(np.array(rows, dtype=np.float32, order="C"))


def brute_force(matrix: Any, query: Any, k: int, exclude: Any = ()) -> list[tuple[float, int]]:
    """Return all cosines, sorted: the highest first, ties by row number."""
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
    query = search.direction(rng.normal(size=(1, d)), [1])
    exclude = sorted({0, V // 2}) if V > 1 else []
    rows, cosines = search.nearest(index(matrix), query, k, exclude)
    expected = brute_force(matrix, query, k, exclude)
    assert rows.tolist() == [i for _, i in expected]
    np.testing.assert_allclose(cosines, [c for c, _ in expected], atol=1e-14)


@pytest.mark.parametrize("d", [1, 3, 8, 100])
def test_ties_are_ordered_by_row_number(d: int) -> None:
    rng = np.random.default_rng(d)
    row = rng.normal(size=d)
    matrix = np.tile(row, (1001, 1)).astype(np.float32)
    matrix[::2] *= -1
    query = search.direction(row[np.newaxis], [1])
    rows, cosines = search.nearest(index(matrix), query, 20)
    assert rows.tolist() == list(range(1, 41, 2))
    assert len(set(cosines.tolist())) == 1


def test_float64_cosines_break_ties_of_float32() -> None:
    # Cosines near 1 that float32 cannot distinguish: rows at tiny angles.
    angles = np.tile([3e-5, 1e-5, 2e-5, 0.0, 4e-5], 100) + np.arange(500) * 1e-9
    matrix = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    rows, cosines = search.nearest(index(matrix), np.array([1.0, 0.0]), 500)
    wide = matrix.astype(np.float64)
    exact = wide[:, 0] / np.hypot(wide[:, 0], wide[:, 1])
    np.testing.assert_allclose(cosines, exact[rows], rtol=1e-15)
    assert (np.diff(cosines) <= 0).all()
    assert rows[0] == 3


def test_a_large_k_gives_all_rows_not_excluded() -> None:
    unit = index(np.eye(4))
    rows, cosines = search.nearest(unit, np.array([0.0, 0.0, 1.0, 0.0]), 99, exclude=[1, 1])
    assert rows.tolist() == [2, 0, 3]
    assert cosines.tolist() == [1.0, 0.0, 0.0]
    assert search.nearest(unit, np.zeros(4), 5, exclude=range(4))[0].tolist() == []


def test_zero_query_gives_zero_cosines_in_order_over_many_rows() -> None:
    rows, cosines = search.nearest(
        index(np.random.default_rng(0).normal(size=(9000, 5))), np.zeros(5), 3
    )
    assert rows.tolist() == [0, 1, 2]
    assert cosines.tolist() == [0.0, 0.0, 0.0]
    assert not np.signbit(cosines).any()


def test_cosines_are_within_minus_one_and_one() -> None:
    matrix = np.random.default_rng(3).normal(size=(2000, 50)).astype(np.float32)
    rows = index(matrix)
    for row in matrix[:50]:
        query = search.direction(row[np.newaxis], [1])
        assert search.nearest(rows, query, 1)[1][0] <= 1.0
        assert search.cosine(row, row) <= 1.0
        assert search.cosine(row, -row) >= -1.0


# Batches.


def test_many_queries_answer_like_single_ones_with_any_number_of_threads() -> None:
    rng = np.random.default_rng(8)
    matrix = rng.integers(-2, 3, size=(3000, 6)).astype(np.float32)  # zeros and ties among them
    rows = index(matrix)
    queries = search.units(matrix[:1500])
    exclude = [[i] for i in range(1500)]
    found, cosines = search.nearest_many(rows, queries, 7, exclude=exclude, threads=1)
    for threads in (2, 5, 12, None):
        again = search.nearest_many(rows, queries, 7, exclude=exclude, threads=threads)
        np.testing.assert_array_equal(again[0], found)
        np.testing.assert_array_equal(again[1], cosines)
    for i in range(0, 1500, 50):
        alone = search.nearest(rows, queries[i], 7, [i])
        np.testing.assert_array_equal(alone[0], found[i])
        np.testing.assert_array_equal(alone[1], cosines[i])
        expected = brute_force(matrix, queries[i], 7, [i])
        np.testing.assert_allclose(cosines[i], [c for c, _ in expected], atol=1e-14)


def test_rows_are_excluded_from_their_own_query_only() -> None:
    queries = np.eye(3)
    found, _ = search.nearest_many(index(np.eye(3)), queries, 1, exclude=[[0], [], [2, 0]])
    assert found.tolist() == [[1], [1], [1]]
    by_array = search.nearest_many(index(np.eye(3)), queries, 3, exclude=np.eye(3, dtype=int))
    assert by_array[0].tolist() == [[2, -1, -1]] * 3


def test_short_answers_are_padded() -> None:
    found, cosines = search.nearest_many(index(np.eye(2)), np.eye(2), 4, exclude=[[0], [0, 1]])
    assert found.tolist() == [[1, -1, -1, -1], [-1, -1, -1, -1]]
    assert cosines.tolist() == [[0, 0, 0, 0]] * 2
    empty = search.nearest_many(index(np.empty((0, 2))), np.eye(2), 1)
    assert empty[0].tolist() == [[-1], [-1]]
    assert search.nearest_many(index(np.eye(2)), np.empty((0, 2)), 3)[0].shape == (0, 3)


@pytest.mark.parametrize("d", [3, 300])
def test_only_rows_within_are_found(d: int) -> None:
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(6000, d))
    query = search.units(rng.normal(size=(1, d)))[0]
    first, _ = search.nearest(index(matrix), query, 9, [2], within=5000)
    assert first.tolist() == [i for _, i in brute_force(matrix[:5000], query, 9, [2])]
    chosen = np.sort(rng.permutation(6000)[:5000])
    found, _ = search.nearest(index(matrix), query, 9, chosen[:3].tolist(), within=chosen)
    others = set(range(6000)) - set(chosen[3:].tolist())
    assert found.tolist() == [i for _, i in brute_force(matrix, query, 9, others)]
    everything = search.nearest(index(matrix), query, 9, within=10**9)
    assert everything[0].tolist() == search.nearest(index(matrix), query, 9)[0].tolist()


scales = st.sampled_from([0.0, 1.0, 1.0, 1.0, 1e-44, 1e-30, 1e30, 3e37])
small_rows = st.integers(1, 9).flatmap(
    lambda d: st.lists(
        st.tuples(st.lists(st.integers(-3, 3), min_size=d, max_size=d), scales),
        min_size=1, max_size=60,
    )
)  # fmt: skip


@given(small_rows, st.integers(1, 70), st.data())
def test_rows_of_any_length_are_ranked_as_by_brute_force(
    spelled: list[tuple[list[int], float]], k: int, data: st.DataObject
) -> None:
    with np.errstate(under="ignore"):
        matrix = np.array([np.float32(s) * np.array(r, np.float32) for r, s in spelled])
    assert np.isfinite(matrix).all()
    V = len(matrix)
    query_rows = data.draw(st.lists(st.integers(0, V - 1), min_size=1, max_size=5))
    exclude = data.draw(st.lists(st.integers(0, V - 1), max_size=3))
    queries = search.units(matrix[query_rows])
    found, cosines = search.nearest_many(
        index(matrix), queries, k, exclude=[exclude] * len(query_rows)
    )
    for i, query in enumerate(queries):
        # The oracle sums in another order, so equal cosines may differ in it.
        expected = brute_force(search.units(matrix), query, k, exclude)
        n = len(expected)
        np.testing.assert_allclose(cosines[i, :n], [c for c, _ in expected], atol=1e-13)
        assert (found[i, n:] == -1).all()
        assert len({*found[i, :n].tolist(), *exclude}) == n + len(set(exclude))
        pairs = list(zip((-cosines[i, :n]).tolist(), found[i, :n].tolist(), strict=True))
        own = [search.cosines(matrix[[r]], query[np.newaxis])[0, 0] for _, r in pairs]
        np.testing.assert_allclose(cosines[i, :n], own, atol=1e-13)
        assert pairs == sorted(pairs) or np.ptp(cosines[i, :n]) == 0


# 3CosMul and ranks.


def product_scores(matrix: Any, positive: Any, negative: Any) -> Any:
    """Compute the formula directly, in float64."""
    unit = search.units(matrix)
    above = np.prod([(1 + unit @ p) / 2 for p in positive], axis=0)
    below = np.prod([(1 + unit @ n) / 2 for n in negative], axis=0)
    return above / (below + 1e-6)


@pytest.mark.parametrize(("V", "d", "n", "m"), [(3000, 40, 2, 1), (500, 2, 1, 2), (300, 1, 2, 1),
                                                (200, 5, 1, 0), (200, 5, 0, 1)])  # fmt: skip
def test_3cosmul_scores_equal_the_formula(V: int, d: int, n: int, m: int) -> None:
    matrix = np.random.default_rng(V).normal(size=(V, d)).astype(np.float32)
    directions = search.units(matrix[: n + m])
    exclude = list(range(n + m))
    rows, scores = search.nearest_by_product(
        index(matrix), directions[:n], directions[n:], 25, exclude
    )
    expected = product_scores(matrix, directions[:n], directions[n:])
    expected[exclude] = -1
    best = np.sort(expected)[::-1][:25]
    np.testing.assert_allclose(scores, best, rtol=1e-9)
    np.testing.assert_allclose(expected[rows], best, rtol=1e-9)
    assert len(set(rows.tolist())) == 25


def test_3cosmul_is_exact_opposite_to_a_negative_vector() -> None:
    # The denominator is close to 1e-6, so the score magnifies float32 errors.
    angles = np.pi + np.random.default_rng(2).normal(size=2000) * 1e-3
    matrix = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    wanted, unwanted = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    rows, scores = search.nearest_by_product(index(matrix), wanted, unwanted, 10)
    expected = product_scores(matrix, wanted, unwanted)
    np.testing.assert_allclose(scores, np.sort(expected)[::-1][:10], rtol=1e-8)
    np.testing.assert_allclose(expected[rows], scores, rtol=1e-8)


def test_3cosmul_respects_within_and_exclude() -> None:
    matrix = np.random.default_rng(6).normal(size=(30, 4))
    directions = search.units(matrix[:3])
    rows, _ = search.nearest_by_product(
        index(matrix), directions[:2], directions[2:], 99, [0, 1, 2], np.array([2, 7, 9])
    )
    assert sorted(rows.tolist()) == [7, 9]
    nothing, _ = search.nearest_by_product(index(matrix), directions[:2], directions[2:], 5, [0], 1)
    assert nothing.tolist() == []


@pytest.mark.parametrize("scale", [1.0, 1e-40])
def test_ranks_are_the_positions_in_the_whole_answer(scale: float) -> None:
    matrix = np.random.default_rng(9).integers(-2, 3, size=(400, 3)) * np.float32(scale)
    rows = index(matrix)
    query = search.units(matrix[[5]])[0]
    found, _ = search.nearest(rows, query, 399, [5])
    assert [search.rank(rows, query, row, [5]) for row in found.tolist()] == list(range(1, 400))


# Directions.


def test_units_have_length_one_at_any_scale_or_stay_zero() -> None:
    rows = np.ones((6, 3)) * np.array([[5e-324], [1e-200], [1.7e308], [1.0], [1e-44], [0.0]])
    unit = search.units(rows)
    np.testing.assert_allclose(unit[:5], 3**-0.5, rtol=1e-15)
    assert unit[5].tolist() == [0.0, 0.0, 0.0]


def test_units_do_not_modify_a_strided_view() -> None:
    padded = np.random.default_rng(1).normal(size=(10, 16))
    before = padded.copy()
    np.testing.assert_array_equal(search.units(padded[:, :5]), search.units(before[:, :5]))
    np.testing.assert_array_equal(padded, before)


def test_direction_gives_every_row_the_same_weight() -> None:
    rows = np.array([[100.0, 0.0, 0.0], [0.0, 0.001, 0.0], [0.0, 0.0, 7.0]])
    np.testing.assert_allclose(
        search.direction(rows, [1, 1, -1]), np.array([1, 1, -1]) / 3**0.5, rtol=1e-12
    )


def test_directions_that_cancel_give_zero() -> None:
    rows = np.array([[1.0, 2.0], [2.0, 4.0]])
    assert search.direction(rows, [1, -1]).tolist() == [0.0, 0.0]


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
    assert search.cosine(np.array(a, float), np.array(b, float)) == pytest.approx(expected)


def test_cosines_of_all_pairs_are_exactly_symmetric() -> None:
    rows = np.random.default_rng(7).normal(size=(60, 33))
    all_pairs = search.cosines(rows, rows)
    np.testing.assert_array_equal(all_pairs, all_pairs.T)
    assert all_pairs[3, 50] == search.cosine(rows[3], rows[50])
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(all_pairs, unit @ unit.T, atol=1e-14)


def test_odd_one_out_is_the_row_that_points_elsewhere() -> None:
    assert search.odd_one_out(np.array([[1.0, 0.1], [9.0, 0.0], [-0.1, 1.0], [1.0, 0.0]])) == 2
    assert search.odd_one_out(np.ones((3, 2))) == 0


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.integers(1, 40))
def test_top_k_equals_a_full_stable_sort(scores: list[int], k: int) -> None:
    expected = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:k]
    assert search.top_k(np.array(scores, dtype=float), k).tolist() == expected


def test_top_k_of_nothing_is_nothing() -> None:
    assert search.top_k(np.empty(0), 3).tolist() == []
    assert search.top_k(np.ones(3), 0).tolist() == []
