"""The native search: score errors below the bound change no answer."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from wordkin import _core

ERROR = 1e-3
NOTHING = np.empty(0, dtype=np.int64)


def inverse_lengths(matrix: Any) -> Any:
    return 1 / _core.row_lengths(matrix, 1)


def search(
    matrix: Any, queries: Any, k: int, noise: float = 0.0, tile: int = 97, threads: int = 1
) -> tuple[Any, Any]:
    """Search with scores that have errors of up to `noise`."""
    inverse = inverse_lengths(matrix)
    offsets = np.zeros(len(queries) + 1, dtype=np.int64)
    nearest = _core.Nearest(matrix, inverse, queries, k, ERROR, offsets, NOTHING)
    rng = np.random.default_rng(1)
    for start in range(0, len(matrix), tile):
        numbers = np.arange(start, min(start + tile, len(matrix)))
        scores = queries @ (matrix[numbers] * inverse[numbers, np.newaxis]).T
        scores += rng.uniform(-noise, noise, size=scores.shape)
        ones = np.ones(len(numbers), dtype=np.float32)
        nearest.scan(scores.astype(np.float32), ones, numbers, threads)
    rows, cosines = np.full((len(queries), k), -1), np.zeros((len(queries), k))
    nearest.finish(rows, cosines, threads)
    return rows, cosines


@pytest.fixture(scope="module")
def matrix() -> Any:
    return np.random.default_rng(0).normal(size=(2000, 11)).astype(np.float32)


@pytest.fixture(scope="module")
def queries() -> Any:
    q = np.random.default_rng(2).normal(size=(13, 11))
    _core.make_units(q)
    return q


@pytest.mark.parametrize("k", [1, 10, 33, 500, 2000])
def test_score_errors_within_the_bound_do_not_change_the_answer(
    k: int, matrix: Any, queries: Any
) -> None:
    rows, cosines = search(matrix, queries, k)
    wide = matrix.astype(np.float64)
    exact = queries @ (wide / np.linalg.norm(wide, axis=1, keepdims=True)).T
    np.testing.assert_array_equal(rows, np.argsort(-exact, axis=1)[:, :k])
    np.testing.assert_allclose(cosines, -np.sort(-exact, axis=1)[:, :k], atol=1e-14)
    for off, tile, threads in ((ERROR / 2, 97, 1), (ERROR / 2, 1, 2), (0.0, 2000, 3)):
        again = search(matrix, queries, k, off, tile, threads)
        np.testing.assert_array_equal(again[0], rows)
        np.testing.assert_array_equal(again[1], cosines)


def test_lengths_equal_float64_with_any_number_of_threads(matrix: Any) -> None:
    expected = np.linalg.norm(matrix.astype(np.float64), axis=1)
    for threads in (1, 2, 7):
        np.testing.assert_allclose(_core.row_lengths(matrix, threads), expected, rtol=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_only_lengths_of_nonfinite_rows_are_not_finite(bad: float) -> None:
    matrix = np.full((9, 10), 3e38, dtype=np.float32)
    matrix[4, 9] = bad
    finite = np.isfinite(_core.row_lengths(matrix, 2))
    assert finite.tolist() == [i != 4 for i in range(9)]


@pytest.mark.parametrize("threads", [1, 3])
def test_denormal_numbers_count(threads: int) -> None:
    matrix = np.full((6, 1), 1e-45, dtype=np.float32)
    assert (_core.row_lengths(matrix, threads) == float(matrix[0, 0])).all()


def test_a_cosine_depends_only_on_its_two_rows(matrix: Any, queries: Any) -> None:
    inverse = inverse_lengths(matrix)
    rows, cosines = search(matrix, queries, 5)
    for i, query in enumerate(queries):
        alone = [_core.cosines(matrix[[r]], inverse[[r]], np.array([0]), query)[0] for r in rows[i]]
        assert alone == cosines[i].tolist()


def test_inconsistent_arrays_are_refused(matrix: Any, queries: Any) -> None:
    inverse = inverse_lengths(matrix)
    offsets = np.zeros(14, dtype=np.int64)
    with pytest.raises(ValueError, match="k must be at least 1"):
        _core.Nearest(matrix, inverse, queries, 0, ERROR, offsets, NOTHING)
    with pytest.raises(ValueError, match="of rows' length"):
        _core.Nearest(matrix, inverse, np.ones((13, 12)), 1, ERROR, offsets, NOTHING)
    with pytest.raises(ValueError, match="one inverse length"):
        _core.Nearest(matrix, inverse[1:], queries, 1, ERROR, offsets, NOTHING)
    with pytest.raises(ValueError, match="offsets"):
        _core.Nearest(matrix, inverse, queries, 1, ERROR, offsets[1:], NOTHING)
    with pytest.raises(ValueError, match="offsets"):
        _core.Nearest(matrix, inverse, queries, 1, ERROR, offsets + 1, NOTHING)
    with pytest.raises(ValueError, match="no such row"):
        _core.cosines(matrix, inverse, np.array([2000]), queries[0])
    nearest = _core.Nearest(matrix, inverse, queries, 2, ERROR, offsets, NOTHING)
    ones = np.ones(3, dtype=np.float32)
    for scores, numbers in (((13, 4), [0, 1, 2]), ((12, 3), [0, 1, 2]), ((13, 3), [0, 1, 2000])):
        with pytest.raises(ValueError, match=r"scores must|no such row"):
            nearest.scan(np.ones(scores, np.float32), ones, np.array(numbers), 1)
    with pytest.raises(ValueError, match="k rows for each query"):
        nearest.finish(np.zeros((13, 3), dtype=np.int64), np.zeros((13, 3)), 1)


def test_other_python_threads_run_while_lengths_are_computed() -> None:
    matrix = np.ones((200_000, 50), dtype=np.float32)
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(_core.row_lengths(matrix, 1)))
    thread.start()
    own = _core.row_lengths(matrix, 2)
    thread.join()
    np.testing.assert_array_equal(done[0], own)
