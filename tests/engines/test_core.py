"""The native kernels take the step that the equations say, at every level, size and shape.

A step's error is measured as the largest deviation of any entry from the reference in float64,
relative to the largest entry of the reference's step: `relative_error`. A step is found as new
weights less old ones. Weights and rate are of one order, so that it loses few digits to their
rounding, and `Case.rounding` says how many.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.span_reference import Float32, Gradient, Span, native_step, span_gradient, windows
from wordkin import _core
from wordkin.engines.stochastic.engine import aligned_rows
from wordkin.objectives import Array, noise_distribution

LEVELS: list[str] = _core.levels()
RATE = 0.25
TOLERANCE = 1e-5

DIMS = (1, 7, 16, 100, 300, 1000)
WINDOWS = (1, 5, 100)
POOLS = (1, 5, 12, 16, 100)


@dataclasses.dataclass(frozen=True)
class Case:
    """Weights, and a span to take a step on."""

    V: Float32
    U: Float32
    d: int
    redraw: Float32
    span: Span

    @classmethod
    def random(
        cls,
        *,
        d: int,
        window: int,
        pool: int,
        lines: list[int],
        first: int,
        centers: int,
        vocabulary: int = 20,
        negatives: int = 5,
        seed: int = 1,
    ) -> Case:
        """Logits of order 1, whatever d; words drawn evenly, so that they repeat."""
        rng = np.random.default_rng(seed)
        V, U = aligned_rows(vocabulary, d), aligned_rows(vocabulary, d)
        for M in (V, U):
            M[:, :d] = rng.normal(size=(vocabulary, d)) / d**0.25
        q = noise_distribution(rng.integers(1, 10, vocabulary))
        begin, end = windows(lines, window)
        span = Span(
            tokens=rng.integers(0, vocabulary, sum(lines)).astype(np.int32),
            first=first,
            begin=begin[first : first + centers],
            end=end[first : first + centers],
            window=window,
            pool=rng.integers(0, vocabulary, pool).astype(np.int32),
            negative_weight=float(np.float32(negatives / pool)),
        )
        return cls(V, U, d, (1 / (1 - q)).astype(np.float32), span)

    def with_words(self, tokens: list[int], pool: list[int]) -> Case:
        span = dataclasses.replace(
            self.span, tokens=np.array(tokens, np.int32), pool=np.array(pool, np.int32)
        )
        return dataclasses.replace(self, span=span)

    def reference(self) -> Gradient:
        d = self.d
        return span_gradient(self.V[:, :d], self.U[:, :d], self.redraw, self.span)

    def rounding(self) -> tuple[float, float]:
        """By how much an entry of grad_V and of grad_U may be off as weights are in float32."""
        span, seen = self.span, slice(int(self.span.begin.min()), int(self.span.end.max()))
        centers = span.tokens[span.first : span.first + len(span.begin)]
        outside = np.concatenate([span.tokens[seen], span.pool])  # each is added to in turn
        half = float(np.finfo(np.float32).eps) / 2
        times_V, times_U = (int(np.bincount(words).max()) for words in (centers, outside))
        largest_V, largest_U = (float(np.abs(M).max()) for M in (self.V, self.U))
        return times_V * half * largest_V / RATE, times_U * half * largest_U / RATE


def stepped(level: str, case: Case) -> Gradient:
    """Let a kernel take a step on copies: gradients from the steps. Padding must stay zero."""
    V, U = aligned_rows(len(case.V), case.d), aligned_rows(len(case.U), case.d)
    V[:], U[:] = case.V, case.U
    loss, pairs = native_step(level, V, U, case.d, case.redraw, case.span, RATE)
    assert not V[:, case.d :].any()
    assert not U[:, case.d :].any()
    grad_V, grad_U = (
        (old[:, : case.d].astype(np.float64) - new[:, : case.d]) / RATE
        for new, old in ((V, case.V), (U, case.U))
    )
    return Gradient(loss, pairs, grad_V, grad_U)


def relative_error(found: Array, wanted: Array, rounding: float) -> float:
    scale = float(np.abs(wanted).max())
    error = max(float(np.abs(found - wanted).max()) - rounding, 0.0)
    return error / scale if scale else error


def assert_same_step(
    case: Case, found: Gradient, wanted: Gradient, tolerance: float = TOLERANCE
) -> None:
    rounding_V, rounding_U = case.rounding()
    assert found.loss == pytest.approx(wanted.loss, rel=tolerance)
    assert found.pairs == pytest.approx(wanted.pairs, rel=1e-6)
    assert relative_error(found.grad_V, wanted.grad_V, rounding_V) < tolerance
    assert relative_error(found.grad_U, wanted.grad_U, rounding_U) < tolerance


# ------------------------------------------------------------------------------- the step of a span


@lru_cache
def size_case(d: int, window: int, pool: int) -> tuple[Case, Gradient]:
    """Seven centers across the end of a line: the last words of one, and a short one whole."""
    case = Case.random(d=d, window=window, pool=pool, lines=[14, 3, 1, 9], first=12, centers=7)
    return case, case.reference()


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("d", DIMS)
@pytest.mark.parametrize("level", LEVELS)
def test_a_step_is_the_references_at_every_size(level: str, d: int, window: int, pool: int) -> None:
    case, wanted = size_case(d, window, pool)
    assert_same_step(case, stepped(level, case), wanted)


@pytest.mark.parametrize("d", range(5, 290, 8))
def test_a_step_is_the_references_whatever_number_of_registers_a_row_fills(d: int) -> None:
    case = Case.random(d=d, window=2, pool=3, lines=[4], first=0, centers=4)
    wanted = case.reference()
    for level in LEVELS:
        assert_same_step(case, stepped(level, case), wanted)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("centers", [1, 2, 8, 40])
def test_a_step_is_the_references_for_any_number_of_centers(level: str, centers: int) -> None:
    case = Case.random(d=9, window=3, pool=7, lines=[9, 40], first=5, centers=centers)
    assert_same_step(case, stepped(level, case), case.reference())


@lru_cache
def long_case(d: int, window: int) -> tuple[Case, Gradient]:
    case = Case.random(
        d=d, window=window, pool=12, lines=[230], first=110, centers=3, vocabulary=100
    )
    return case, case.reference()


@pytest.mark.parametrize("window", [5, 100])
@pytest.mark.parametrize("d", [16, 100])
@pytest.mark.parametrize("level", LEVELS)
def test_a_step_in_the_middle_of_a_long_line_is_the_references(
    level: str, d: int, window: int
) -> None:
    case, wanted = long_case(d, window)
    assert set(case.span.end - case.span.begin) == {2 * window + 1}  # no window is cut
    assert_same_step(case, stepped(level, case), wanted)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lines = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    first = draw(st.integers(0, sum(lines) - 1))
    return Case.random(
        d=draw(st.integers(1, 70)),
        window=draw(st.integers(1, 12)),
        pool=draw(st.integers(1, 35)),
        lines=lines,
        first=first,
        centers=draw(st.integers(1, min(10, sum(lines) - first))),
        vocabulary=draw(st.integers(2, 12)),
        negatives=draw(st.integers(1, 20)),
        seed=draw(st.integers(0, 2**32)),
    )


@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_a_step_on_any_span_is_the_references(case: Case) -> None:
    wanted = case.reference()
    for level in LEVELS:
        assert_same_step(case, stepped(level, case), wanted)


@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_all_levels_take_the_same_step(case: Case) -> None:
    plain = stepped("plain", case)
    for level in LEVELS[1:]:
        assert_same_step(case, stepped(level, case), plain, tolerance=5e-6)


def repeated(tokens: list[int], pool: list[int], vocabulary: int, d: int = 10) -> Case:
    """All tokens of one line are centers."""
    n = len(tokens)
    case = Case.random(
        d=d,
        window=3,
        pool=len(pool),
        lines=[n],
        first=0,
        centers=n,
        vocabulary=vocabulary,
    )
    return case.with_words(tokens, pool)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("tokens", "pool"),
    [
        ([3, 3, 3, 3, 3], [1, 2, 0, 1]),  # one word is every center and every outside word
        ([0, 1, 0, 1, 0], [2, 2, 2, 2]),  # one word drawn four times counts four times
        ([0, 1, 2, 0, 1], [0, 1, 2, 1]),  # every drawn word is an outside word as well
        ([0, 1, 0, 1, 0], [1, 1, 1, 1]),  # some pairs have no negative left at all
        ([2, 2, 2, 2, 2], [2, 2, 2, 2]),  # no pair has
    ],
)
def test_words_may_repeat_as_center_outside_and_negative(
    level: str, tokens: list[int], pool: list[int]
) -> None:
    case = repeated(tokens, pool, vocabulary=5)
    assert_same_step(case, stepped(level, case), case.reference())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("d", [1, 7, 100])
def test_a_vocabulary_of_two_words_will_do(level: str, d: int) -> None:
    case = repeated([0, 1, 1, 0, 0, 1], [1, 0, 0, 1, 1], vocabulary=2, d=d)
    assert_same_step(case, stepped(level, case), case.reference())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("pool", [[0] * 12, [0] * 11 + [1]])
@pytest.mark.parametrize("tokens", [[0] * 8, [0, 0, 0, 1, 0, 0, 2, 0]])
def test_a_word_may_make_up_almost_all_of_the_noise(
    level: str, tokens: list[int], pool: list[int]
) -> None:
    # 1 - q of the first word is 2e-6: pairs in which it is drawn must go before they are weighed.
    case = repeated(tokens, pool, vocabulary=3)
    redraw = 1 / (1 - noise_distribution([10**8, 10, 10]))
    case = dataclasses.replace(case, redraw=redraw.astype(np.float32))
    assert_same_step(case, stepped(level, case), case.reference())


@pytest.mark.parametrize("level", LEVELS)
def test_a_center_alone_in_its_line_takes_no_step(level: str) -> None:
    case = Case.random(d=9, window=4, pool=12, lines=[5, 1, 5], first=5, centers=1)
    found = stepped(level, case)
    assert found.loss == found.pairs == 0
    assert not found.grad_V.any()
    assert not found.grad_U.any()


@pytest.mark.parametrize("level", LEVELS)
def test_words_outside_the_span_do_not_move(level: str) -> None:
    case = Case.random(
        d=33, window=2, pool=5, lines=[10, 10], first=4, centers=3, vocabulary=60, seed=3
    )
    span, found = case.span, stepped(level, case)
    moved_V = {int(word) for word in span.tokens[4:7]}
    moved_U = {int(word) for word in (*span.tokens[2:9], *span.pool)}
    assert set(np.flatnonzero(found.grad_V.any(axis=1))) == moved_V
    assert set(np.flatnonzero(found.grad_U.any(axis=1))) == moved_U


# ------------------------------------------------------------------------------- logits of any size


def with_logits(scale: float) -> Case:
    """Pairs and negatives at ± scale, by way of a first column of sqrt(scale)."""
    case = repeated([0, 1, 2, 3, 0, 2], [3, 1, 2, 0, 4], vocabulary=5, d=20)
    for M, signs in ((case.V, [1, -1, 1, -1, 1]), (case.U, [1, 1, -1, -1, 0])):
        M[:, : case.d] = 0
        M[:, 0] = np.sqrt(scale) * np.array(signs)
    return case


@pytest.mark.parametrize("scale", [50.0, 80.0, 1e3, 1e4, 1e30])
@pytest.mark.parametrize("level", LEVELS)
def test_large_logits_neither_overflow_nor_lose_the_loss(level: str, scale: float) -> None:
    case = with_logits(scale)
    wanted = case.reference()
    assert wanted.loss > scale  # some pair is as wrong as can be
    assert_same_step(case, stepped(level, case), wanted)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("logit", [10.0, 30.0, 50.0, 80.0])
def test_a_loss_that_is_almost_nothing_keeps_its_digits(level: str, logit: float) -> None:
    # One center, whose two outside words it predicts and whose negatives it rules out.
    case = Case.random(d=5, window=1, pool=4, lines=[3], first=1, centers=1, vocabulary=3)
    case.V[:], case.U[:] = 0, 0
    case.V[0, 2] = case.U[1, 2] = np.sqrt(logit)
    case.U[2, 2] = -np.sqrt(logit)
    case = case.with_words([1, 0, 1], [2, 2, 2, 2])
    wanted = case.reference().loss
    assert 0 < wanted < 1e-3
    assert stepped(level, case).loss == pytest.approx(wanted, rel=TOLERANCE, abs=0)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("column", [0, 7, 36])
@pytest.mark.parametrize("role", ["center", "outside", "negative"])
def test_nan_in_a_vector_makes_the_loss_nan(level: str, role: str, column: int) -> None:
    case = Case.random(d=37, window=2, pool=5, lines=[7], first=2, centers=3, vocabulary=10)
    case = case.with_words([0, 1, 2, 3, 4, 5, 6], [7, 8, 9, 8, 7])
    matrix, word = {"center": (case.V, 3), "outside": (case.U, 6), "negative": (case.U, 9)}[role]
    matrix[word, column] = np.nan
    loss, _ = native_step(level, case.V, case.U, case.d, case.redraw, case.span, RATE)
    assert np.isnan(loss)


# --------------------------------------------------------------------- what the native door refuses


def step_on(V: Any, U: Any, d: int = 10, level: str = "plain") -> None:
    case = Case.random(d=10, window=2, pool=5, lines=[7], first=2, centers=3)
    native_step(level, V, U, d, case.redraw, case.span, RATE)


def rows(number: int = 20, dim: int = 10) -> Float32:
    return aligned_rows(number, dim)


def test_a_matrix_that_would_be_copied_is_refused() -> None:
    step_on(rows(), rows())
    for bad in (rows().astype(np.float64), np.asfortranarray(rows()), rows(dim=20)[:, :16]):
        with pytest.raises(TypeError):
            step_on(rows(), bad)
        with pytest.raises(TypeError):
            step_on(bad, rows())


def test_a_matrix_of_another_shape_or_alignment_is_refused() -> None:
    buffer = rows(21).reshape(-1)
    with pytest.raises(ValueError, match="multiple of 64 bytes"):
        step_on(rows(), buffer[1 : 1 + 20 * 16].reshape(20, 16))
    with pytest.raises(ValueError, match="one shape"):
        step_on(rows(), rows(dim=20))
    with pytest.raises(ValueError, match="one shape"):
        step_on(rows(), rows(19))
    with pytest.raises(ValueError, match="padded"):
        step_on(np.zeros((20, 10), np.float32), np.zeros((20, 10), np.float32))
    with pytest.raises(ValueError, match="padded"):
        step_on(rows(), rows(), d=17)


def test_an_instruction_set_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'mmx'"):
        step_on(rows(), rows(), level="mmx")


# ---------------------------------------------------------------------------------- the alias table


def distribution_of(threshold: Array, alias: Array) -> Array:
    """What is drawn from an alias table: a column evenly, then its own word or its alias."""
    own = threshold / 2.0**32
    q = own.copy()
    np.add.at(q, alias, 1 - own)
    return np.asarray(q / len(q))


def assert_draws(q: Array) -> None:
    threshold, alias = _core.alias_table(q)
    found = distribution_of(threshold, alias)
    np.testing.assert_allclose(found, q, rtol=0, atol=1e-9)
    assert not found[q == 0].any()  # not even once in 2^32


@pytest.mark.parametrize(
    "q",
    [
        np.array([1.0]),
        np.array([0.5, 0.5]),
        np.array([0.999, 0.001]),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.1, 0.0, 0.7, 0.0, 0.2]),
        np.full(7, 1 / 7),
        np.full(1000, 1e-3),
    ],
)
def test_an_alias_table_draws_as_the_distribution_says(q: Array) -> None:
    assert_draws(q)


@given(counts=st.lists(st.integers(0, 10**6), min_size=1, max_size=200).filter(any))
def test_an_alias_table_draws_any_distribution(counts: list[int]) -> None:
    assert_draws(noise_distribution(counts))


def test_an_alias_table_of_a_hundred_thousand_words_is_exact() -> None:
    assert_draws(noise_distribution(1e9 / np.arange(1, 100_001)))
