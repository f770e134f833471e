"""Analogies on arrays, against a brute-force oracle in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wordkin import _core
from wordkin.vectors import analogies
from wordkin.vectors.analogies import METHODS, Method


def units(matrix: Any) -> Any:
    wide = np.asarray(matrix, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0)


def brute_force(
    matrix: Any, rows_of_words: Any, questions: Any, same_word: Any, method: Method
) -> list[tuple[int, float]]:
    """Return the best row of each question, and its lead over the second."""
    cosines = units(matrix) @ units(matrix)[rows_of_words].T
    found = []
    for question in questions:
        a, b, c = cosines[:, question].T
        multiplied = (1 + b) / 2 * (1 + c) / 2 / ((1 + a) / 2 + 1e-6)
        scores = b - a + c if method == "add" else multiplied
        scores[np.isin(same_word, question)] = -np.inf
        best = int(scores.argmax())
        rest = np.delete(scores, best).max()
        found.append((best if scores[best] > -np.inf else -1, float(scores[best] - rest)))
    return found


def problem(V: int, d: int, m: int, n: int, seed: int = 0) -> tuple[Any, Any, Any, Any]:
    """Return a matrix with common directions, the rows of words, questions, and same_word."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(V, d)) + rng.normal(size=d)
    rows_of_words = rng.choice(V, m, replace=False)
    same_word = np.full(V, -1, dtype=np.int32)
    same_word[rows_of_words] = np.arange(m)
    return matrix.astype(np.float32), rows_of_words, rng.integers(0, m, (n, 3)), same_word


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("V", "d", "m"), [(3, 1, 2), (127, 2, 9), (128, 50, 40), (3000, 17, 60)])
def test_answers_equal_brute_force(V: int, d: int, m: int, method: Method) -> None:
    matrix, rows_of_words, questions, same_word = problem(V, d, m, 200)
    rows = analogies.solve(
        matrix, rows_of_words, questions, same_word, methods=[method], threads=2
    )[method]
    for row, (best, lead) in zip(
        rows.tolist(), brute_force(matrix, rows_of_words, questions, same_word, method), strict=True
    ):
        # float32 rounds rows of length 1: it cannot distinguish closer ones.
        assert row == best or lead < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_answers_do_not_depend_on_threads_or_tiles(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = problem(1500, 10, 50, 301)
    expected = analogies.solve(*problems, methods=[method])[method].tolist()
    assert len(set(expected)) > 50
    for threads in (2, 3, 7):
        found = analogies.solve(*problems, methods=[method], threads=threads)[method]
        assert found.tolist() == expected
    monkeypatch.setattr(analogies, "_TILE", 1)
    assert analogies.solve(*problems, methods=[method], threads=2)[method].tolist() == expected


def test_both_methods_together_answer_like_each_alone() -> None:
    problems = problem(700, 8, 30, 100)
    both = analogies.solve(*problems, methods=METHODS)
    assert list(both) == list(METHODS)
    assert both["add"].tolist() != both["mul"].tolist()
    for method in METHODS:
        assert (
            analogies.solve(*problems, methods=[method])[method].tolist() == both[method].tolist()
        )


@pytest.mark.parametrize("method", METHODS)
def test_of_equal_rows_the_first_is_the_answer(method: Method) -> None:
    rng = np.random.default_rng(4)
    few = rng.normal(size=(40, 6)).astype(np.float32)
    matrix = np.tile(few, (30, 1))  # each row thirty times, over several tiles' worth of blocks
    same_word = np.full(len(matrix), -1, dtype=np.int32)
    for copy in range(30):
        same_word[40 * copy : 40 * copy + 10] = np.arange(10)
    questions = rng.integers(0, 10, (100, 3))
    rows = analogies.solve(matrix, np.arange(10), questions, same_word, methods=[method])[method]
    expected = [best for best, _ in brute_force(few, range(10), questions, same_word[:40], method)]
    assert rows.tolist() == expected


def test_float64_breaks_ties_of_float32() -> None:
    # Directions that float32 dot products cannot distinguish.
    angles = 0.5 + np.array([0.0, 3e-7, 6e-7, 9e-7, -3e-7, -6e-7])
    near = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    matrix = np.concatenate([[[1.0, 0.0], [0.0, 1.0]], near]).astype(np.float32)
    same_word = np.array([0, 1, *[-1] * 6], dtype=np.int32)
    # a = b leaves the direction of c.
    rows = analogies.solve(matrix, np.array([0, 1]), np.array([[1, 1, 0]]), same_word)["add"]
    lengths = np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
    assert rows.tolist() == [2 + int((matrix / lengths)[2:, 0].argmax())]


@pytest.mark.parametrize("exponent", [0, -100, 100, -140])  # the last: denormal numbers
def test_the_smallest_difference_decides_at_any_length(exponent: int) -> None:
    # Directions that unit vectors of float32 cannot distinguish, even of small numbers.
    rng = np.random.default_rng(0)
    near = rng.normal(size=20).astype(np.float32)
    targets = near + 0.3 * rng.normal(size=(30, 20))
    ulps = rng.integers(-1, 2, (500, 20), dtype=np.int32)
    rows = (near.view(np.int32) + ulps).view(np.float32) * np.float32(2.0**exponent)
    matrix = np.concatenate([targets, rows]).astype(np.float32)
    same_word = np.array([*range(30), *[-1] * 500], dtype=np.int32)
    questions = np.array([[0, 0, c] for c in range(1, 30)])  # a = b leaves the direction of c
    cosines = units(matrix)[30:] @ units(matrix)[1:30].T
    for threads in (1, 2):
        found = analogies.solve(matrix, np.arange(30), questions, same_word, threads=threads)["add"]
        assert found[found >= 30].tolist() == (30 + cosines.argmax(axis=0))[found >= 30].tolist()
        assert (found >= 30).sum() > 5


@pytest.mark.parametrize("method", METHODS)
def test_there_is_no_answer_if_all_rows_are_excluded(method: Method) -> None:
    matrix = np.eye(3, dtype=np.float32)
    same_word = np.arange(3, dtype=np.int32)
    solve = analogies.solve(
        matrix, np.arange(3), np.array([[0, 1, 2]]), same_word, methods=[method]
    )
    assert solve[method].tolist() == [-1]
    none = np.empty((0, 3), dtype=np.int64)
    assert (
        analogies.solve(matrix, np.arange(3), none, same_word, methods=[method])[method].size == 0
    )


@pytest.mark.parametrize("method", METHODS)
def test_zero_rows_have_the_cosine_zero(method: Method) -> None:
    # The other candidates point away from the word that the answer should be near.
    matrix = np.array([[1, 0], [0, 1], [-1, -1], [0, 0], [-2, -1]], dtype=np.float32)
    same_word = np.array([0, 1, -1, -1, -1], dtype=np.int32)
    question = np.array([[1, 0, 0]])
    rows = analogies.solve(matrix, np.array([0, 1]), question, same_word, methods=[method])[method]
    assert rows.tolist() == [3]


@pytest.mark.parametrize(
    "damage",
    [
        {"questions": np.array([[0, 1, 2]], np.int32)},
        {"questions": np.array([[0, -1, 1]], np.int32)},
        {"questions": np.zeros((1, 2), np.int32)},
        {"cosines": np.zeros((2, 3), np.float32)},
        {"candidates": np.zeros((4, 2), np.float32)},
        {"inverse": np.zeros(3)},
        {"same_word": np.zeros(3, np.int32)},
        {"scores": np.zeros(2)},
        {"rows": np.zeros(0, np.int64)},
        {"threads": 0},
        {"method": "sum"},
    ],
)
def test_native_code_refuses_inconsistent_arrays(damage: dict[str, Any]) -> None:
    fitting: dict[str, Any] = {
        "method": "add",
        "directions": np.zeros((2, 3)),
        "questions": np.array([[0, 1, 1]], np.int32),
        "cosines": np.zeros((2, 4), np.float32),
        "slack": 0.0,
        "candidates": np.zeros((4, 3), np.float32),
        "inverse": np.zeros(4),
        "same_word": np.full(4, -1, np.int32),
        "first": 0,
        "scores": np.full(1, -np.inf),
        "rows": np.full(1, -1, np.int64),
        "threads": 1,
    }
    _core.improve_analogies(**fitting)
    assert fitting["rows"].tolist() == [0]
    with pytest.raises(ValueError, match=r"fit|method"):
        _core.improve_analogies(**(fitting | damage))
