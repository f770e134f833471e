"""The exact engine with sides: words at the left and at the right of a center as different ones.

Plain loops over the text and the equations of `wordkin.objectives` answer for it, in float64.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt
import pytest

from support import exact
from support.exact import Text, assert_equal, heights, random_text, text_of
from support.runs import RecordingRun
from wordkin.corpus.encoded import LINE_END
from wordkin.engines.counts.by_side import CooccurrenceBySide
from wordkin.engines.counts.counting import count
from wordkin.engines.exact import descent as descent_module
from wordkin.engines.exact import devices, gauge, tiles_native
from wordkin.engines.exact import start as start_module
from wordkin.engines.exact.engine import train
from wordkin.engines.exact.loss import loss_and_gradients
from wordkin.engines.exact.priors import GivenRows
from wordkin.engines.exact.problem import LEAST_PAIRS, problem_of
from wordkin.engines.outcome import Trained
from wordkin.engines.settings import ExactSettings
from wordkin.objectives import (
    Array,
    corpus_naive_softmax,
    corpus_negative_sampling,
    naive_softmax,
    negative_sampling,
    noise_distribution,
    window_weight,
)
from wordkin.objectives.conventions import Window
from wordkin.system.progress import Progress

Int64 = npt.NDArray[np.int64]

told = functools.partial(exact.told, sides=True)
either = pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])


def counted(text: Text, settings: ExactSettings) -> CooccurrenceBySide:
    found = count(
        *text,
        window=settings.window,
        subsample=float(settings.subsample),
        threads=1,
        dtype=np.float64,
        sides=True,
    )
    assert isinstance(found, CooccurrenceBySide)
    return found


def equations(
    pairs: CooccurrenceBySide, counts: Int64, V: Array, U: Array, settings: ExactSettings
) -> tuple[float, Array, Array]:
    """Return the loss with 2 V outside words, as if they were any others, and its gradients."""
    N = np.hstack([pairs.left.as_scipy().toarray(), pairs.right.as_scipy().toarray()])
    if settings.objective == "naive-softmax":
        return corpus_naive_softmax(N, V, U)
    q = np.tile(noise_distribution(counts) / 2, 2)
    return corpus_negative_sampling(N, q, settings.negatives, V, U, drawn_again=True)


def random_matrices(words: int, d: int, seed: int = 5) -> tuple[Array, Array]:
    rows = np.random.default_rng(seed).normal(size=(3 * words, d)) / d**0.25
    return rows[:words], rows[words:]


@either
@pytest.mark.parametrize("window", [1, 2, "line"])
def test_loss_and_gradients_are_the_sum_of_windows_over_all_positions(
    window: Window, objective: str
) -> None:
    lines = [[0, 1, 2, 1, 3], [4, 0], [2], [3, 3, 1, 4, 0, 2, 0], [5, 0, 0, 1]]
    text, words = text_of(lines), 6
    settings = told(objective, window=window)
    V, U = random_matrices(words, settings.dim)
    q, K = np.tile(noise_distribution(text[1]) / 2, 2), settings.negatives

    def expected_over_draws(v_c: Array, o: int, U: Array) -> tuple[float, Array, Array]:
        others = np.delete(np.arange(2 * words), o)
        return negative_sampling(v_c, o, others, U, K * q[others] / (1 - q[o]))

    pair_objective = naive_softmax if objective == "naive-softmax" else expected_over_draws
    loss, grad_V, grad_U = 0.0, np.zeros(V.shape), np.zeros(U.shape)
    for line in lines:
        for t, c in enumerate(line):
            for s, o in enumerate(line):
                if s == t:
                    continue
                weight = float(window_weight(abs(s - t), window))
                row = o if s < t else words + o
                J, of_v, of_U = pair_objective(V[c], row, U)
                loss += weight * J
                grad_V[c] += weight * of_v
                grad_U += weight * of_U
    found = loss_and_gradients(counted(text, settings), text[1], V, U, settings)
    assert_equal(found, (loss, grad_V, grad_U))


@either
@pytest.mark.parametrize("subsample", [0.0, 0.02])
@pytest.mark.parametrize("window", [1, 5, "line"])
def test_loss_and_gradients_are_those_of_the_corpus_equations(
    window: Window, subsample: float, objective: str
) -> None:
    text = random_text(words=30)
    settings = told(objective, window=window, subsample=subsample, threads=2)
    pairs = counted(text, settings)
    V, U = random_matrices(30, settings.dim)
    wanted = equations(pairs, text[1], V, U, settings)
    assert_equal(loss_and_gradients(pairs, text[1], V, U, settings), wanted)
    single = dataclasses.replace(settings, precision="float32")
    assert_equal(loss_and_gradients(pairs, text[1], V, U, single), wanted, 1e-5)
    part = problem_of(pairs, text[1], settings).leading(8)
    rows = np.r_[:8, 30:38]
    wanted = equations(pairs.leading(8), text[1][:8], V[:8], U[rows], settings)
    assert_equal(loss_and_gradients(part.counted, text[1][:8], V[:8], U[rows], settings), wanted)


@either
def test_training_ends_where_the_gradient_with_the_ridge_vanishes(objective: str) -> None:
    text = random_text()
    ridge = 3.0
    settings = told(objective, ridge=ridge, tolerance=0, max_passes=200)
    trained = train(*text, settings)
    V, U = trained.center, trained.outside
    pairs = counted(text, settings)
    loss, grad_V, grad_U = equations(pairs, text[1], V, U, settings)
    n, n_outside = pairs.centers.row_sums, pairs.outside.row_sums
    assert n_outside.min() > LEAST_PAIRS
    penalty = 0.0
    weights = ridge * np.sqrt(n), ridge * np.sqrt(n_outside / 2)
    for gradient, matrix, weight in zip((grad_V, grad_U), (V, U), weights, strict=True):
        assert np.abs(gradient).max() > 1
        np.testing.assert_allclose(gradient + weight[:, None] * matrix, 0, atol=1e-4)
        penalty += float(weight @ np.square(matrix).sum(axis=1)) / 2
    last = trained.history[-1]
    assert last.penalty == pytest.approx(penalty / pairs.total, rel=1e-10)
    assert last.loss == pytest.approx(loss / pairs.total, rel=1e-10)
    assert (np.diff(heights(trained.history)) <= 1e-13 * heights(trained.history)[:-1]).all()


@either
def test_any_counts_can_be_predicted_exactly(objective: str) -> None:
    # dim as large as V: any logits can be, and the least loss is known (Levy and Goldberg 2014)
    text = random_text(words=8, lines=400)
    settings = told(objective, dim=9, ridge=0.0, tolerance=1e-7, max_passes=200)
    pairs = counted(text, settings)
    N = np.hstack([pairs.left.as_scipy().toarray(), pairs.right.as_scipy().toarray()])
    assert (N > 0).all()
    if objective == "naive-softmax":
        best = np.log(N / N.sum(axis=1, keepdims=True))
    else:
        q = np.tile(noise_distribution(text[1]) / 2, 2)
        others = N / (1 - q)
        best = np.log(N / (3 * q * (others.sum(axis=1, keepdims=True) - others)))
    least, _, _ = equations(pairs, text[1], np.eye(8), best.T, settings)
    trained = train(*text, settings)
    assert trained.history[-1].loss >= least / pairs.total * (1 - 1e-12)
    assert trained.history[-1].loss == pytest.approx(least / pairs.total, rel=1e-4)


def by_staircase() -> Text:
    """Lines in which each word is followed by the next ones: what follows is known by the word."""
    rng = np.random.default_rng(3)
    starts = rng.integers(0, 12, 400)
    return text_of([[(int(a) + i) % 12 for i in range(4)] for a in starts], 12)


def test_what_follows_a_word_differs_from_what_precedes_it() -> None:
    text = by_staircase()
    trained = train(*text, told("naive-softmax", window=1, dim=12, ridge=0.01))
    logits = trained.center @ trained.outside.T
    left, right = logits[:, :12], logits[:, 12:]
    assert (left.argmax(axis=1) == (np.arange(12) - 1) % 12).all()
    assert (right.argmax(axis=1) == (np.arange(12) + 1) % 12).all()


# ------------------------------------------------------------------------------- growing, resuming


@either
def test_a_growing_vocabulary_ends_where_all_words_at_once_do(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    text = random_text(words=40, lines=400)
    settings = told(objective, tolerance=0, max_passes=30)
    at_once = train(*text, settings)
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    growing = train(*text, settings)
    assert [done.words for done in growing.history][:6] == [6] * 3 + [15] * 3
    assert heights(growing.history)[-1] == pytest.approx(heights(at_once.history)[-1], rel=0.003)


@either
def test_words_that_come_in_begin_with_a_good_guess_on_both_sides(objective: str) -> None:
    text = random_text(words=40, lines=400)
    settings = told(objective)
    pairs = counted(text, settings)
    whole = problem_of(pairs, text[1], settings)
    with tiles_native.NativeTiles.opened(1, np.float64) as on:
        V, U = start_module.start(whole.leading(15), settings)
        descent = descent_module.Descent.from_matrices(
            on, whole.leading(15), V.copy(), U.copy(), 1.0, Progress()
        )
        for _ in range(3):
            descent.run_pass()
        known = descent.center.A.copy(), descent.outside.A.copy()
        V, U = descent.extend(whole)
    np.testing.assert_array_equal(V[:15], known[0])
    np.testing.assert_array_equal(U[np.r_[:15, 40:55]], known[1])
    guessed = loss_and_gradients(pairs, text[1], V, U, settings)[0]
    V[15:] = U[15:40] = U[55:] = 0
    assert guessed < 0.9 * loss_and_gradients(pairs, text[1], V, U, settings)[0]


def assert_same(found: Trained, wanted: Trained) -> None:
    np.testing.assert_array_equal(found.center, wanted.center)
    np.testing.assert_array_equal(found.outside, wanted.outside)


@either
@pytest.mark.parametrize(("given", "columns"), [(False, 0), (True, 0), (True, 12)])
def test_bytes_are_the_same_for_any_threads_and_from_any_checkpoint(
    monkeypatch: pytest.MonkeyPatch, given: bool, columns: int, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 7)
    monkeypatch.setattr(tiles_native, "tile_rows", lambda columns, itemsize: 16)
    text = random_text(words=60, lines=300)
    settings = told(objective, precision="float32", max_passes=3, tolerance=0.0, columns=columns)
    prior = None
    if given:
        prior = GivenRows(np.random.default_rng(1).normal(size=(60, 5)) / 5)
    run = RecordingRun()
    wanted = train(*text, settings, run, prior=prior)
    assert wanted.outside.shape == (120, 5)
    assert run.matrices[0].outside.shape == (120, 5)
    for threads in (2, 3):
        again = dataclasses.replace(settings, threads=threads)
        assert_same(train(*text, again, prior=prior), wanted)
    assert len(run.states) > 6
    for state in run.states:
        assert_same(train(*text, settings, RecordingRun(state), prior=prior), wanted)


def test_centers_meet_a_sample_of_both_sides_and_the_last_loss_is_exact() -> None:
    text = random_text(words=40, lines=400)
    whole = train(*text, told("naive-softmax", columns=0))
    settings = told("naive-softmax", columns=30)  # of 80 outside words; of 40 centers all
    run = RecordingRun()
    trained = train(*text, settings, run)
    pairs = counted(text, settings)
    assert run.records[0].sampled
    last = trained.history[-1]
    assert not last.sampled
    loss, _, _ = equations(pairs, text[1], trained.center, trained.outside, settings)
    assert last.loss == pytest.approx(loss / pairs.total, rel=1e-10)
    assert last.loss == pytest.approx(whole.history[-1].loss, rel=0.01)


# ------------------------------------------------------------------------- words without some pairs


@either
def test_words_that_stand_alone_have_zeros_at_either_side(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    ids, counts = random_text(words=40, lines=400)
    ids = np.concatenate([np.where(ids >= 3, ids + 1, ids), [3, LINE_END]]).astype(np.int32)
    counts = np.insert(counts, 3, 1)  # 3 stands alone
    run = RecordingRun()
    trained = train(ids, counts, told(objective, max_passes=2), run)
    met = np.delete(np.arange(41), 3)
    for center, outside in (*run.matrices, (trained.center, trained.outside)):
        begun: Array = np.asarray(center.any(axis=1))
        assert not begun[3]
        assert begun[met].sum() in (6, 15, 40)
        for half in (outside[:41], outside[41:]):
            np.testing.assert_array_equal(half.any(axis=1), begun)
    assert trained.outside.shape == (82, 5)


@either
def test_a_word_that_only_begins_lines_is_hardly_expected_after_others(objective: str) -> None:
    rng = np.random.default_rng(0)
    lines = [[0, *rng.integers(1, 9, 5).tolist()] for _ in range(300)]
    text = text_of(lines, 9)
    settings = told(objective, tolerance=0, max_passes=100)
    pairs = counted(text, settings)
    assert pairs.outside.row_sums[9 + 0] == 0  # at the right of no word
    trained = train(*text, settings)
    U = trained.outside
    assert np.isfinite(U).all()
    loss, _, grad_U = equations(pairs, text[1], trained.center, U, settings)
    assert trained.history[-1].loss == pytest.approx(loss / pairs.total, rel=1e-10)
    # It has the ridge of a row with one pair, and is where the loss and that ridge balance.
    np.testing.assert_allclose(grad_U[9] + np.sqrt(LEAST_PAIRS / 2) * U[9], 0, atol=1e-3)
    if objective == "naive-softmax":
        e = np.exp(trained.center @ U.T)
        assert (e[:, 9] / e.sum(axis=1)).max() < 0.01


# --------------------------------------------------------------------------------- gauge and memory


def test_canonical_vectors_do_not_change_with_the_gauge() -> None:
    rng = np.random.default_rng(2)
    V, U = random_matrices(30, 5)
    A = rng.normal(size=(5, 5)) + 3 * np.eye(5)
    wanted = gauge.canonical(V, U)
    found = gauge.canonical(V @ A, (U + rng.normal(size=5)) @ np.linalg.inv(A).T)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    Q, s, R = gauge.axes(V, U)
    assert (Q.shape, R.shape) == ((30, 5), (60, 5))
    halves = [half - half.mean(axis=0) for half in (U[:30], U[30:])]
    logits = (V - V.mean(axis=0)) @ np.concatenate(halves).T
    np.testing.assert_allclose((Q * s) @ R.T, logits, atol=1e-10)
    np.testing.assert_allclose(Q.T @ Q, np.eye(5), atol=1e-10)
    np.testing.assert_allclose(R.T @ R, np.eye(5), atol=1e-10)


def test_equal_sides_have_the_canonical_vectors_of_one_side() -> None:
    V, U = random_matrices(30, 5)
    for share in (0.0, 0.2, 1.0):
        np.testing.assert_allclose(
            gauge.canonical(V, np.concatenate([U[:30], U[:30]]), share=share),
            gauge.canonical(V, U[:30], share=share),
            atol=1e-5,
        )


def test_an_outside_matrix_of_another_size_is_refused() -> None:
    V, U = random_matrices(30, 5)
    with pytest.raises(ValueError, match="a row for each of 30 words, or two with sides, got 50"):
        gauge.canonical(V, U[:50])


def test_both_sides_need_more_memory() -> None:
    one, both = (
        devices.memory_needed(30_000, ExactSettings(sides=sides, threads=2))
        for sides in (False, True)
    )
    assert 1.2 * one < both < 2 * one


@either
def test_equal_sides_have_the_penalty_of_one_side(objective: str) -> None:
    text = random_text()
    settings = told(objective)
    pairs = counted(text, settings)
    both = count(*text, window=3, subsample=0, threads=1, dtype=np.float64)
    _, U = random_matrices(20, 5)
    one, two = problem_of(both, text[1], settings), problem_of(pairs, text[1], settings)
    squares = np.square(U[:20]).sum(axis=1)
    penalty = float((one.outside_n * one.outside_ridge(3.0)) @ squares)
    # As long as a word has as many pairs at the left as at the right.
    two.outside_n = np.tile(one.outside_n / 2, 2)
    assert float((two.outside_n * two.outside_ridge(3.0)) @ np.tile(squares, 2)) == pytest.approx(
        penalty, rel=1e-12
    )
