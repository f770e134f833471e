"""The exact engine: its loss and gradients are those of the equations, and it descends on them.

Three things answer for it: `wordkin.objectives` on dense counts, the sum of skip-gram windows over
all positions of a text, and the mean of what the stochastic engine does.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import sparse  # type: ignore[import-untyped,unused-ignore]

from support import toy
from support.exact import Text, assert_equal, heights, random_text, text_of, told
from support.jobs import Job
from support.runs import RecordingRun
from wordkin.corpus.encoded import LINE_END
from wordkin.engines.counts.counting import count, count_pairs
from wordkin.engines.counts.matrix import Cooccurrence, Counted
from wordkin.engines.exact import descent as descent_module
from wordkin.engines.exact import engine as exact_engine
from wordkin.engines.exact import gauge, tiles_native
from wordkin.engines.exact import start as start_module
from wordkin.engines.exact.engine import train
from wordkin.engines.exact.loss import loss_and_gradients, loss_of_lines
from wordkin.engines.exact.problem import problem_of
from wordkin.engines.exact.start import stages
from wordkin.engines.outcome import Pass, Trained, perplexity
from wordkin.engines.run import Matrices, Run
from wordkin.engines.settings import ExactSettings
from wordkin.engines.stochastic.engine import aligned_rows
from wordkin.objectives import (
    Array,
    corpus_naive_softmax,
    corpus_negative_sampling,
    naive_softmax,
    negative_sampling,
    noise_distribution,
    skipgram,
    window_weight,
)
from wordkin.system.errors import CorpusError
from wordkin.system.progress import Progress

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

OBJECTIVES: list[str] = ["naive-softmax", "negative-sampling"]
either = pytest.mark.parametrize("objective", OBJECTIVES)


def toy_text(lines: int = 400) -> tuple[list[str], Text]:
    sentences = toy.sentences(lines)
    words = [word for word, _ in Counter(word for line in sentences for word in line).most_common()]
    number = {word: i for i, word in enumerate(words)}
    return words, text_of([[number[word] for word in line] for line in sentences])


def counted(text: Text, settings: ExactSettings) -> Cooccurrence:
    window, subsample = settings.window, float(settings.subsample)
    return count(*text, window=window, subsample=subsample, threads=1, dtype=np.float64)


def fit(text: Text, settings: ExactSettings) -> Trained:
    return train(*text, settings)


def equations(
    pairs: Cooccurrence, counts: Int64, V: Array, U: Array, settings: ExactSettings
) -> tuple[float, Array, Array]:
    N = pairs.as_scipy()
    if settings.objective == "naive-softmax":
        return corpus_naive_softmax(N, V, U)
    q = noise_distribution(counts)
    return corpus_negative_sampling(N, q, settings.negatives, V, U, drawn_again=True)


def random_matrices(words: int, d: int, seed: int = 5) -> tuple[Array, Array]:
    V, U = np.random.default_rng(seed).normal(size=(2, words, d)) / d**0.25
    return V, U


# ------------------------------------------------------------------- loss and gradients, as defined


@either
@pytest.mark.parametrize("subsample", [0.0, 0.02])
@pytest.mark.parametrize("window", [1, 2, 5, 17])
def test_loss_and_gradients_are_those_of_the_corpus_equations(
    window: int, subsample: float, objective: str
) -> None:
    text = random_text(words=30)
    settings = told(objective, window=window, subsample=subsample, threads=2)
    pairs = counted(text, settings)
    V, U = random_matrices(30, settings.dim)
    wanted = equations(pairs, text[1], V, U, settings)
    assert_equal(loss_and_gradients(pairs, text[1], V, U, settings), wanted, 1e-10)

    single = dataclasses.replace(settings, precision="float32")
    narrow = dataclasses.replace(pairs, values=pairs.values.astype(np.float32))
    found = loss_and_gradients(narrow, text[1], V, U, single)
    assert found[1].dtype == found[2].dtype == np.float64
    assert_equal(found, wanted, 1e-5)


@either
@pytest.mark.parametrize("window", [1, 2, 4])
def test_loss_and_gradients_are_the_sum_of_windows_over_all_positions(
    window: int, objective: str
) -> None:
    lines = [[0, 1, 2, 1, 3], [4, 0], [2], [3, 3, 1, 4, 0, 2, 0], [5, 0, 0, 1]]
    text = text_of(lines)
    settings = told(objective, window=window)
    V, U = random_matrices(6, settings.dim)
    q, K = noise_distribution(text[1]), settings.negatives

    def expected_over_draws(v_c: Array, o: int, U: Array) -> tuple[float, Array, Array]:
        others = np.delete(np.arange(6), o)
        return negative_sampling(v_c, o, others, U, K * q[others] / (1 - q[o]))

    pair_objective = naive_softmax if objective == "naive-softmax" else expected_over_draws
    loss, grad_V, grad_U = 0.0, np.zeros(V.shape), np.zeros(U.shape)
    for line in lines:
        for t, c in enumerate(line):
            for s in range(max(0, t - window), min(len(line), t + window + 1)):
                if s == t:
                    continue
                weight = float(window_weight(abs(s - t), window))
                of_pair = skipgram(c, [line[s]], V, U, pair_objective)
                loss += weight * of_pair[0]
                grad_V += weight * of_pair[1]
                grad_U += weight * of_pair[2]
    found = loss_and_gradients(counted(text, settings), text[1], V, U, settings)
    assert_equal(found, (loss, grad_V, grad_U), 1e-10)


@pytest.mark.parametrize(("subsample", "draws"), [(0.0, 5000), (0.03, 15000)])
def test_the_mean_of_stochastic_gradients_is_the_exact_one(subsample: float, draws: int) -> None:
    """With a span as long as the text, an epoch is one step at one state of the weights."""
    ids, counts = text_of([[0, 1, 2, 0, 3, 1, 0], [4, 0], [2], [1, 1, 0, 2, 5, 0, 3, 0, 4]])
    job = Job(
        ids,
        counts,
        window=2,
        negatives=3,
        pool_size=4,
        span=len(ids),
        rates=(1.0, 1.0),
        subsample=subsample,
    )
    d = 3
    start = job.weights(d)
    V0, U0 = (M[:, :d].astype(np.float64) for M in start)
    settings = told("negative-sampling", dim=d, window=2, subsample=subsample)
    pairs = counted((ids, counts), settings)
    assert (job.keep[0] < 2**31) == (subsample > 0)  # the most frequent word mostly is left out
    loss, grad_V, grad_U = loss_and_gradients(pairs, counts, V0, U0, settings)
    exact_mean = np.concatenate([[loss, pairs.total], grad_V.ravel(), grad_U.ravel()])

    found = np.empty((draws, len(exact_mean)))
    for epoch in range(draws):
        V, U = (aligned_rows(*V0.shape) for _ in range(2))
        V[:], U[:] = start
        tally = dataclasses.replace(job, epoch=epoch).run(V, U, d)
        steps = ((V0 - V[:, :d]).ravel(), (U0 - U[:, :d]).ravel())
        found[epoch] = np.concatenate([[tally["loss"], tally["pairs"]], *steps])
    error = found.std(axis=0) / np.sqrt(draws)
    assert error.max() < 0.02 * np.abs(exact_mean).max()  # sharp enough to tell
    z = (found.mean(axis=0) - exact_mean) / np.maximum(error, 1e-6)
    assert np.abs(z).max() < 4.5
    assert np.mean(z**2) < 2


@either
def test_the_loss_is_that_of_the_logits_alone(objective: str) -> None:
    text = random_text()
    settings = told(objective)
    pairs = counted(text, settings)
    V, U = random_matrices(20, 5)
    A = np.random.default_rng(0).normal(size=(5, 5)) + 2 * np.eye(5)
    loss, grad_V, grad_U = loss_and_gradients(pairs, text[1], V, U, settings)
    other, other_V, other_U = loss_and_gradients(
        pairs, text[1], V @ A, U @ np.linalg.inv(A).T, settings
    )
    assert other == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(other_V, grad_V @ np.linalg.inv(A).T, atol=1e-9)
    np.testing.assert_allclose(other_U, grad_U @ A, atol=1e-9)
    added, _, _ = loss_and_gradients(pairs, text[1], V, U + A[0], settings)
    if objective == "naive-softmax":
        assert added == pytest.approx(loss, rel=1e-12)
    else:
        assert abs(added - loss) > 0.01 * loss


# ------------------------------------------------------------------------------------------ descent


def assert_falls(history: list[Pass], rounding: float = 1e-13) -> None:
    """Within one vocabulary."""
    for words in {done.words for done in history}:
        of = heights([done for done in history if done.words == words])
        assert (np.diff(of) <= rounding * of[:-1]).all()


@either
@pytest.mark.parametrize("ridge", [0.0, 0.1, 10.0])
def test_loss_and_penalty_never_rise_from_pass_to_pass(objective: str, ridge: float) -> None:
    for seed in (1, 2, 3):
        text = random_text(words=15 + 5 * seed, seed=seed)
        settings = told(objective, ridge=ridge, seed=seed, tolerance=0, max_passes=25)
        history = fit(text, settings).history
        assert_falls(history)
        assert heights(history)[-1] < heights(history)[0]
        assert history[-1].gradient < history[0].gradient


@either
def test_training_ends_where_the_gradient_with_the_ridge_vanishes(objective: str) -> None:
    text = random_text()
    ridge = 10.0
    settings = told(objective, ridge=ridge, tolerance=0, max_passes=100)
    trained = fit(text, settings)
    V, U = trained.center, trained.outside
    pairs = counted(text, settings)
    _, grad_V, grad_U = equations(pairs, text[1], V, U, settings)
    pull = ridge * np.sqrt(pairs.row_sums)[:, None]  # penalty ½ Σ_r ridge √n_r |a_r|²
    for gradient, matrix in ((grad_V, V), (grad_U, U)):
        assert np.abs(gradient).max() > 1
        np.testing.assert_allclose(gradient + pull * matrix, 0, atol=1e-4)
    squares = np.square(V).sum(axis=1) + np.square(U).sum(axis=1)
    penalty = ridge / 2 * (np.sqrt(pairs.row_sums) @ squares) / pairs.total
    assert trained.history[-1].penalty == pytest.approx(penalty, rel=1e-10)
    assert trained.history[-1].gradient < 1e-10


@either
@pytest.mark.parametrize("subsample", [0.0, 0.02])
def test_the_last_loss_is_that_of_the_vectors_returned(objective: str, subsample: float) -> None:
    text = random_text()
    settings = told(objective, subsample=subsample)
    trained = fit(text, settings)
    pairs = counted(text, settings)
    loss, _, _ = equations(pairs, text[1], trained.center, trained.outside, settings)
    assert trained.history[-1].loss == pytest.approx(loss / pairs.total, rel=1e-10)
    guesses = perplexity(trained.history[-1].loss)
    assert guesses == pytest.approx(np.exp(loss / pairs.total))
    single = fit(text, dataclasses.replace(settings, precision="float32"))
    assert single.center.dtype == single.outside.dtype == np.float32
    V, U = (M.astype(np.float64) for M in (single.center, single.outside))
    loss, _, _ = equations(pairs, text[1], V, U, settings)
    assert single.history[-1].loss == pytest.approx(loss / pairs.total, rel=1e-5)
    assert single.history[-1].loss == pytest.approx(trained.history[-1].loss, rel=1e-3)


@either
def test_without_a_penalty_the_loss_comes_near_the_least_that_there_is(
    objective: str,
) -> None:
    # dim as large as V: any logits can be, and the least loss is known (Levy and Goldberg 2014)
    text = random_text(words=8, lines=400)
    settings = told(objective, dim=9, ridge=0.0, tolerance=1e-7, max_passes=200)
    pairs = counted(text, settings)
    N = pairs.as_scipy().toarray()
    assert (N > 0).all()
    if objective == "naive-softmax":
        best = np.log(N / N.sum(axis=1, keepdims=True))
    else:
        q = noise_distribution(text[1])
        others = N / (1 - q)
        best = np.log(N / (3 * q * (others.sum(axis=1, keepdims=True) - others)))
    least, _, _ = equations(pairs, text[1], best, np.eye(8), settings)
    trained = fit(text, settings)
    assert trained.history[-1].loss >= least / pairs.total * (1 - 1e-12)
    assert trained.history[-1].loss == pytest.approx(least / pairs.total, rel=1e-4)


@either
def test_neighbours_are_the_words_of_the_topic(objective: str) -> None:
    words, text = toy_text()
    trained = fit(text, told(objective, dim=8, ridge=None, precision="float32"))
    vectors = gauge.canonical(trained.center, trained.outside)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T - 2 * np.eye(len(words))
    for topic in toy.TOPICS.values():
        for word in topic:
            nearest = np.argsort(-cosines[words.index(word)])[:4]
            assert {words[i] for i in nearest} == set(topic) - {word}


# ------------------------------------------------------------------------------------ the same bits


@either
@pytest.mark.parametrize("core", [7, start_module.INITIAL_WORDS])
def test_any_number_of_threads_gives_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, core: int, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", core)
    monkeypatch.setattr(
        tiles_native, "tile_rows", lambda columns, itemsize: 16
    )  # so that there are some
    text = random_text(words=100, lines=300)
    settings = told(objective, precision="float32", ridge=None, max_passes=4)
    once, *others = (
        fit(text, dataclasses.replace(settings, threads=threads)) for threads in (1, 1, 2, 3)
    )
    for other in others:
        assert once.center.tobytes() == other.center.tobytes()
        assert once.outside.tobytes() == other.outside.tobytes()
        accounts = [
            [dataclasses.replace(done, seconds=0) for done in t.history] for t in (once, other)
        ]
        assert accounts[0] == accounts[1]
    another = fit(text, dataclasses.replace(settings, seed=2))
    assert another.center.tobytes() != once.center.tobytes()


@either
def test_the_size_of_tiles_matters_by_rounding_alone(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    text = random_text(words=65, lines=300)
    settings = told(objective, max_passes=3, tolerance=0, threads=2)
    results = []
    for rows in (16, 48, 64, 512):
        monkeypatch.setattr(tiles_native, "tile_rows", lambda columns, itemsize, rows=rows: rows)
        results.append(fit(text, settings))
    for other in results[1:]:
        np.testing.assert_allclose(other.center, results[0].center, rtol=0, atol=1e-9)
        np.testing.assert_allclose(other.outside, results[0].outside, rtol=0, atol=1e-9)
        np.testing.assert_allclose(heights(other.history), heights(results[0].history), rtol=1e-12)


# ------------------------------------------------------------------------ words, taken in by and by


@pytest.mark.parametrize("words", [1, 2, 6, 7, 17, 18, 19, 53, 55, 1000])
def test_stages_grow_by_at_most_the_factor_up_to_all_words(
    monkeypatch: pytest.MonkeyPatch, words: int
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    found = stages(words)
    assert found[-1] == words
    assert found[0] == min(words, 6)
    for now, then in pairwise(found):
        assert now < then <= start_module.MAX_GROWTH * now + 1


@either
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_words_taken_in_by_and_by_come_to_about_the_same_loss(
    monkeypatch: pytest.MonkeyPatch, precision: str, objective: str
) -> None:
    text = random_text(words=40, lines=400)
    settings = told(objective, precision=precision, tolerance=1e-5, max_passes=80)
    at_once = fit(text, settings)
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    by_and_by = fit(text, settings)
    assert [done.words for done in at_once.history] == [40] * len(at_once.history)
    vocabularies = sorted({done.words for done in by_and_by.history})
    assert vocabularies == stages(40) == [6, 15, 40]
    assert all(
        sum(done.words == words for done in by_and_by.history) <= exact_engine.GROWTH_PASSES
        for words in vocabularies[:-1]
    )
    assert_falls(by_and_by.history, rounding=1e-13 if precision == "float64" else 1e-6)
    assert heights(by_and_by.history)[-1] == pytest.approx(heights(at_once.history)[-1], rel=0.003)
    # A word that comes in has a good guess to begin with: better than no vectors at all.
    first = next(done for done in by_and_by.history if done.words == 40)
    nothing = np.log(40) if objective == "naive-softmax" else 4 * np.log(2)
    assert first.loss < nothing


@either
def test_words_that_come_in_begin_with_a_good_guess_and_the_others_stay(
    objective: str,
) -> None:
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
    losses = []
    for rows in (None, np.zeros((25, 5))):
        for M, old in ((V, known[0]), (U, known[1])):
            np.testing.assert_array_equal(M[:15], old)
            if rows is not None:
                M[15:] = rows
        losses.append(loss_and_gradients(pairs, text[1], V, U, settings)[0])
    assert losses[0] < 0.9 * losses[1]


def test_rows_of_new_words_go_on_as_those_of_the_rarer_half_do() -> None:
    rng = np.random.default_rng(0)
    n = np.geomspace(1000, 10, 20)
    at, slope = rng.normal(size=(2, 4))
    A = at + np.outer(np.log(n), slope)
    A[:10] = rng.normal(size=(10, 4))  # the more frequent half has no say
    new = np.array([9.0, 3.0, 0.5])
    wanted = at + np.outer(np.log(new), slope)
    np.testing.assert_allclose(descent_module.extrapolate_rows(A, n, new), wanted, atol=1e-10)
    alike = descent_module.extrapolate_rows(A, np.full(20, 10.0), new)
    np.testing.assert_allclose(alike, np.tile(A[10:].mean(axis=0), (3, 1)), atol=1e-10)


@either
def test_the_shared_curvature_is_exact_for_a_row_of_average_probabilities(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    monkeypatch.setattr(descent_module, "DAMPING", 0.0)
    text = random_text()
    settings = told(objective)
    problem = problem_of(counted(text, settings), text[1], settings)
    V, U = random_matrices(20, 5)
    with tiles_native.NativeTiles.opened(1, np.float64) as on:
        descent = descent_module.Descent.from_matrices(on, problem, V, U, 0.0, Progress())
        inverse = descent._inverse_curvature(descent.outside, problem.center_link())
    share = problem.n / problem.total
    B = descent.outside.A
    wanted = (B * share[:, None]).T @ B
    if objective == "naive-softmax":  # the Hessian of log Σ_w e^(u_w·v) where softmax gives n / Σn
        wanted -= np.outer(share @ B, share @ B)
    np.testing.assert_allclose(inverse @ wanted, np.eye(5), atol=1e-8)


@either
@pytest.mark.parametrize("core", [6, start_module.INITIAL_WORDS])
def test_a_word_that_is_never_seen_next_to_another_has_zeros(
    monkeypatch: pytest.MonkeyPatch, core: int, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", core)
    ids, counts = random_text()
    moved = np.where((ids >= 2) & (ids != LINE_END), ids + 1, ids)  # 2 is to stand alone, and so 21
    alone = np.array([2, LINE_END, 21, LINE_END, 2, LINE_END], np.int32)
    ids = np.concatenate([moved, alone]).astype(np.int32)
    counts = np.concatenate([counts[:2], [2], counts[2:], [1]])
    trained = fit((ids, counts), told(objective, max_passes=5))
    for matrix in (trained.center, trained.outside):
        assert matrix.shape == (22, 5)
        np.testing.assert_array_equal(~matrix.any(axis=1), np.isin(np.arange(22), [2, 21]))
    assert trained.history[-1].words == 20


@either
def test_a_core_of_words_that_never_meet_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    # as in a list of edges between two kinds of things
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    rng = np.random.default_rng(0)
    edges = [[int(a), 6 + int(b)] for a, b in rng.integers((6, 12), size=(200, 2))]
    trained = fit(text_of(edges, 18), told(objective))
    assert np.isfinite(trained.center).all()
    assert_falls(trained.history)
    assert [done.words for done in trained.history][-1] == 18
    # and where one word of the core meets none of the others
    ids, counts = random_text(words=12)
    ids = np.concatenate([ids[(ids != 3)], np.array([3, 11, LINE_END] * 50, np.int32)])
    counts = np.bincount(ids[ids != LINE_END], minlength=12)
    trained = fit((ids, counts), told(objective))
    assert np.isfinite(trained.center).all()
    assert_falls(trained.history)


# --------------------------------------------------------------------------------------- small ones


@either
@pytest.mark.parametrize("lines", [[], [[]], [[0], [1], [0]], [[0, 0, 0], [1]]])
def test_a_text_without_a_pair_of_words_is_named(lines: list[list[int]], objective: str) -> None:
    with pytest.raises(CorpusError, match="no two words were counted together"):
        fit(text_of(lines, 2), told(objective))


@either
@pytest.mark.parametrize("negatives", [1, 3])
@pytest.mark.parametrize("dim", [1, 2, 7])
@pytest.mark.parametrize("ridge", [None, 0.0, 1.0])
@pytest.mark.parametrize("lines", [[[0, 1]], [[0, 1, 0, 1, 1]], [[0, 0, 1, 1]]])
def test_two_words_are_enough(
    lines: list[list[int]], ridge: float | None, dim: int, negatives: int, objective: str
) -> None:
    settings = told(objective, dim=dim, negatives=negatives, ridge=ridge, max_passes=10)
    trained = fit(text_of(lines), settings)
    assert trained.center.shape == trained.outside.shape == (2, dim)
    assert np.isfinite(trained.center).all()
    assert np.isfinite(trained.outside).all()
    assert_falls(trained.history)


@either
@pytest.mark.parametrize("dim", [1, 2, 20, 21, 45])
def test_any_dimension_will_do(dim: int, objective: str) -> None:
    text = random_text()
    trained = fit(text, told(objective, dim=dim))
    assert trained.center.shape == (20, dim)
    assert_falls(trained.history)
    one = fit(text, told(objective, dim=1))
    assert heights(trained.history)[-1] <= heights(one.history)[-1] * (1 + 1e-3)


@either
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("core", [6, start_module.INITIAL_WORDS])
def test_a_huge_ridge_leaves_nothing_and_none_stays_finite(
    monkeypatch: pytest.MonkeyPatch, core: int, precision: str, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", core)
    text = random_text()
    held = fit(text, told(objective, ridge=1e6, precision=precision))
    assert np.abs(held.center).max() < 1e-6
    assert np.abs(held.outside).max() < 1e-6
    nothing = np.log(20) if objective == "naive-softmax" else 4 * np.log(2)
    assert held.history[-1].loss == pytest.approx(nothing)
    free = fit(text, told(objective, ridge=0.0, precision=precision))
    assert np.isfinite(free.center).all()
    assert free.history[-1].penalty == 0
    assert free.history[-1].loss < held.history[-1].loss - 0.1


def test_a_larger_ridge_leaves_shorter_vectors() -> None:
    text = random_text()
    squares = [
        np.square(fit(text, told("naive-softmax", ridge=ridge)).center).sum()
        for ridge in (0.03, 0.3, 3.0, 30.0)
    ]
    assert squares == sorted(squares, reverse=True)


# ------------------------------------------------------------------------------ what passes tell of


@either
def test_progress_is_told_of_every_part_of_a_pass(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    calls: list[tuple[int, int, float]] = []

    class Listener(Progress):
        def descending(self, words: int, number: int, done: float, loss: float) -> None:
            calls.append((words, number, done))

    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    run = RecordingRun(progress=Listener())
    trained = train(*random_text(), told(objective), run)
    accounts = run.records
    assert accounts == trained.history
    assert [words for words, _, _ in calls] == sorted(words for words, _, _ in calls)
    for words in {words for words, _, _ in calls}:
        of = [(number, done) for now, number, done in calls if now == words and number]
        assert of == sorted(of)
        assert {number for number, _ in of} == set(
            range(1, 1 + sum(done.words == words for done in accounts))
        )
        assert all(0 < done <= 1 for _, done in of)


def test_what_is_told_can_stop_training() -> None:
    class Interrupted(Run):
        def report(self, done: Any, matrices: Callable[[], Matrices]) -> bool:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(*random_text(), told("naive-softmax"), Interrupted())


# -------------------------------------------------------------------------------------- resuming


def unseen_text(words: int = 100, lines: int = 40) -> Int32:
    """Return held-out lines without the rarest words."""
    return random_text(words=words, lines=lines, seed=9)[0]


def accounts_of(history: list[Pass]) -> list[Pass]:
    """Return all but the time, which is never the same."""
    return [dataclasses.replace(done, seconds=0) for done in history]


def assert_same_bytes(found: Trained, wanted: Trained) -> None:
    for one, other in ((found.center, wanted.center), (found.outside, wanted.outside)):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()
    assert accounts_of(found.history) == accounts_of(wanted.history)


def assert_goes_on(text: Text, settings: ExactSettings, held_out: Int32 | None) -> Trained:
    """Resume from each checkpoint of a run, on 1, 2 and 3 threads."""
    whole = RecordingRun()
    wanted = train(*text, settings, whole, held_out)
    assert len(whole.states) == len(wanted.history)
    assert_same_bytes(wanted, train(*text, settings, None, held_out))  # keeping changes nothing
    for passes, state in enumerate(whole.states, start=1):
        for threads in (1, 2, 3):
            run = RecordingRun(state)
            told = dataclasses.replace(settings, threads=threads)
            found = train(*text, told, run, held_out)
            assert_same_bytes(found, wanted)
            assert found.history[:passes] == wanted.history[:passes]  # times too
            assert accounts_of(run.records) == accounts_of(wanted.history[passes:])
            for one, other in zip(run.states, whole.states[passes:], strict=True):
                assert one.tensors.keys() == other.tensors.keys()
                for name, tensor in other.tensors.items():
                    np.testing.assert_array_equal(one.tensors[name], tensor)
    return wanted


@either
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("ridge", "tolerance"), [(None, 0.0), (0.3, 0.0), (0.3, 0.05)])
def test_from_any_state_that_was_kept_training_goes_on_to_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
    ridge: float | None,
    tolerance: float,
    precision: str,
    objective: str,
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 7)
    monkeypatch.setattr(tiles_native, "tile_rows", lambda columns, itemsize: 16)
    settings = told(objective, precision=precision, ridge=ridge, tolerance=tolerance, max_passes=4)
    wanted = assert_goes_on(random_text(words=100, lines=300), settings, unseen_text())
    passes = [*Counter(done.words for done in wanted.history).values()]
    assert len(passes) == 4
    if tolerance:  # a stage that ended early is not gone on with
        assert min(passes[:-1]) < exact_engine.GROWTH_PASSES
        assert passes[-1] < 4
    else:
        assert passes == [exact_engine.GROWTH_PASSES] * 3 + [4]


@either
def test_words_that_stand_alone_or_do_not_meet_yet_are_no_obstacle_to_going_on(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    rng = np.random.default_rng(0)  # between two kinds of words, of which one is the core
    edges = [[int(a), 7 + int(b)] for a, b in rng.integers((6, 12), size=(200, 2))]
    wanted = assert_goes_on(text_of([*edges, [6]], 19), told(objective, max_passes=3), None)
    assert not wanted.center[6].any()
    assert wanted.history[0].words > 6


# -------------------------------------------------------------------- passes over samples of words


@pytest.fixture
def sampling(monkeypatch: pytest.MonkeyPatch) -> ExactSettings:
    """Settings with which the last two of three stages meet samples, in several tiles."""
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 12)
    monkeypatch.setattr(tiles_native, "tile_rows", lambda columns, itemsize: 16)
    return told("naive-softmax", columns=20, max_passes=4, tolerance=0.0)


def test_the_last_loss_is_exact_and_those_before_are_estimates(sampling: ExactSettings) -> None:
    text = random_text(words=100, lines=900)
    trained = train(*text, sampling)
    assert text[1].all()
    full = [done for done in trained.history if done.words == 100]
    assert [done.sampled for done in full] == [True] * (len(full) - 1) + [False]
    assert not trained.history[0].sampled
    pairs = counted(text, sampling)
    loss = loss_and_gradients(pairs, text[1], trained.center, trained.outside, sampling)[0]
    np.testing.assert_allclose(full[-1].loss, loss / pairs.total, rtol=1e-12)
    everything = train(*text, dataclasses.replace(sampling, columns=0))
    assert not any(done.sampled for done in everything.history)
    exact = everything.history[-1]
    assert all(abs(estimate.loss / exact.loss - 1) < 0.02 for estimate in full)
    assert full[-1].loss < 1.01 * exact.loss


def test_training_with_samples_can_be_resumed_and_has_the_same_bytes_on_any_threads(
    sampling: ExactSettings,
) -> None:
    assert_goes_on(random_text(words=100, lines=300), sampling, unseen_text())


def test_a_training_that_is_stopped_keeps_its_estimate(sampling: ExactSettings) -> None:
    class Stopped(Run):
        def report(self, record: Any, matrices: Any) -> bool:
            return bool(record.sampled)

    trained = train(*random_text(words=100, lines=300), sampling, Stopped())
    assert trained.history[-1].sampled


def test_negative_sampling_meets_all_words(sampling: ExactSettings) -> None:
    text = random_text(words=100, lines=300)
    settings = dataclasses.replace(sampling, objective="negative-sampling")
    trained = train(*text, settings)
    assert not any(done.sampled for done in trained.history)
    other = train(*text, dataclasses.replace(settings, columns=0))
    assert trained.center.tobytes() == other.center.tobytes()


# ---------------------------------------------------------------------------- ending before the end


@either
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_training_that_is_ended_returns_the_very_matrices_that_were_shown(
    monkeypatch: pytest.MonkeyPatch, precision: str, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    ids, counts = random_text(words=40, lines=400)
    ids = np.concatenate([np.where(ids >= 3, ids + 1, ids), [3, LINE_END]]).astype(np.int32)
    counts = np.insert(counts, 3, 1)  # 3 stands alone
    settings = told(objective, precision=precision, max_passes=3, tolerance=0)
    whole = RecordingRun()
    wanted = train(ids, counts, settings, whole)
    assert [done.words for done in whole.records] == [6] * 3 + [15] * 3 + [40] * 3
    met = np.delete(np.arange(41), 3)
    for last, (center, outside) in enumerate(whole.matrices, start=1):
        run = RecordingRun(last=last)
        found = train(ids, counts, settings, run)
        assert accounts_of(found.history) == accounts_of(wanted.history[:last])
        begun = np.isin(np.arange(41), met[: found.history[-1].words])
        for matrices in ((center, outside), run.matrices[-1], (found.center, found.outside)):
            for matrix in matrices:
                assert matrix.shape == (41, 5)
                assert matrix.dtype == precision
                np.testing.assert_array_equal(matrix.any(axis=1), begun)
        np.testing.assert_array_equal(found.center, center)
        np.testing.assert_array_equal(found.outside, outside)
    assert_same_bytes(found, wanted)  # after the last pass there is nothing left to end


# ----------------------------------------------------------------------- the loss on held-out lines


def loss_of_unseen(
    held_out: Int32, counts: Int64, words: npt.NDArray[np.intp], V: Array, U: Array, told: Any
) -> tuple[float, Cooccurrence]:
    """Say by the equations the loss per pair of some words on held-out lines."""
    pairs = counted((held_out, counts), told).among(words)
    V, U = (M[words].astype(np.float64) for M in (V, U))
    return equations(pairs, counts[words], V, U, told)[0] / pairs.total, pairs


@either
@pytest.mark.parametrize(("precision", "rtol"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("subsample", [0.0, 0.02])
def test_the_loss_of_lines_held_out_is_that_of_the_equations_once_all_words_are_in_training(
    monkeypatch: pytest.MonkeyPatch,
    subsample: float,
    precision: str,
    rtol: float,
    objective: str,
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 15)
    monkeypatch.setattr(tiles_native, "tile_rows", lambda columns, itemsize: 16)
    ids, counts = random_text(words=100, lines=300)
    ids = np.concatenate([np.where(ids >= 3, ids + 1, ids), [3, LINE_END]]).astype(np.int32)
    counts = np.insert(counts, 3, 1)  # 3 stands alone here, though not in the held-out lines
    held_out = unseen_text()
    assert (held_out == 3).any()
    settings = told(objective, precision=precision, max_passes=3, subsample=subsample, threads=2)
    run = RecordingRun()
    trained = train(ids, counts, settings, run, held_out)
    assert accounts_of(trained.history) == accounts_of(run.records)
    met = np.delete(np.arange(101), 3)
    assert len({done.words for done in trained.history}) > 2
    whole = trained.history[-1].words
    for done, (V, U) in zip(run.records, run.matrices, strict=True):
        if done.words < whole:
            assert done.held_out is None
            continue
        wanted, pairs = loss_of_unseen(held_out, counts, met[:whole], V, U, settings)
        assert done.held_out == pytest.approx(wanted, rel=rtol)
        assert done.held_out != pytest.approx(done.loss, rel=1e-3)
    assert (pairs.row_sums == 0).any()
    without = fit((ids, counts), settings)
    np.testing.assert_array_equal(without.center, trained.center)  # and nothing is learned of them
    assert all(done.held_out is None for done in without.history)


@either
def test_lines_without_a_pair_of_words_in_training_have_no_loss(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    monkeypatch.setattr(start_module, "INITIAL_WORDS", 6)
    ids, counts = random_text(words=40, lines=400)
    ids = np.concatenate([ids, [40, LINE_END]]).astype(np.int32)
    counts = np.append(counts, 1)
    settings = told(objective, max_passes=2)

    def has_a_loss(lines: list[list[int]]) -> bool:
        held_out = text_of(lines, 41)[0]
        history = train(ids, counts, settings, None, held_out).history
        assert all(done.held_out is None for done in history if done.words < 40)
        return all(done.held_out is not None for done in history if done.words == 40)

    none: list[list[list[int]]] = [[], [[]], [[0], [1], [0]], [[40, 40, 40]], [[40, 0, 40]]]
    assert not any(map(has_a_loss, none))
    assert all(map(has_a_loss, [[[7, 12], [38, 39]], [[0, 30]], [[5, 5]]]))


@either
@pytest.mark.parametrize(("precision", "rtol"), [("float32", 1e-6), ("float64", 1e-12)])
def test_the_loss_of_lines_can_be_asked_for_any_matrices(
    precision: str, rtol: float, objective: str
) -> None:
    counts, held_out = random_text(words=100, lines=300)[1], unseen_text()
    settings = told(objective, precision=precision)
    loss_of = loss_of_lines(held_out, counts, settings)
    for seed in (5, 6):
        V, U = (M.astype(precision) for M in random_matrices(100, 5, seed))
        wanted, _ = loss_of_unseen(held_out, counts, np.arange(100), V, U, settings)
        assert loss_of(V, U) == pytest.approx(wanted, rel=rtol)
    for none in (None, held_out[:0], np.array([0, LINE_END, 1], np.int32)):
        assert loss_of_lines(none, counts, settings)(V, U) is None


def test_perplexity_is_e_to_the_loss_and_never_too_large_to_say() -> None:
    assert perplexity(0.0) == 1
    assert perplexity(np.log(20)) == pytest.approx(20)
    assert perplexity(699.0) == pytest.approx(np.exp(699.0))
    assert perplexity(1e6) == perplexity(np.inf) == np.inf


# ---------------------------------------------------------------------------------- what is counted


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_lines_held_out_are_counted_apart(precision: str) -> None:
    (ids, counts), held_out = random_text(words=100, lines=300), unseen_text()
    settings = told("naive-softmax", precision=precision, subsample=0.01)
    run = RecordingRun()
    found = count_pairs(ids, counts, settings, held_out=held_out, run=run)
    for pairs, part in ((found.pairs, ids), (found.held_out, held_out)):
        assert pairs is not None
        wanted = counted((part, counts), settings)
        assert wanted.nnz > 0
        assert pairs.values.dtype == precision
        np.testing.assert_array_equal(pairs.indptr, wanted.indptr)
        np.testing.assert_array_equal(pairs.indices, wanted.indices)
        np.testing.assert_array_equal(pairs.values, wanted.values.astype(precision))
    # of the small parts nothing is kept
    assert sum(len(piece.tensors["lengths"]) for piece in run.pieces) == 100
    again = RecordingRun(pieces=run.pieces)
    same = count_pairs(ids, counts, settings, held_out=held_out, run=again)
    np.testing.assert_array_equal(same.pairs.values, found.pairs.values)
    assert not again.pieces


def test_no_lines_held_out_have_no_counts() -> None:
    text, settings = random_text(), told("naive-softmax")
    for none in (None, np.empty(0, np.int32)):
        assert count_pairs(*text, settings, held_out=none, run=Run()).held_out is None


def test_all_that_was_counted_is_cut_to_the_same_words() -> None:
    pairs, matrix = random_counts(30)
    words = np.array([1, 4, 20])
    assert Counted(pairs).among(words).held_out is None
    found = Counted(pairs, pairs).among(words)
    for part in (found.pairs, found.held_out):
        assert part is not None
        np.testing.assert_array_equal(
            part.as_scipy().toarray(), matrix.toarray()[np.ix_(words, words)]
        )


# ------------------------------------------------------------------------------ parts of the counts


def random_counts(words: int, density: float = 0.1, seed: int = 0) -> tuple[Cooccurrence, Any]:
    rng = np.random.default_rng(seed)
    N = np.triu(rng.random((words, words)) * (rng.random((words, words)) < density))
    matrix = sparse.csr_matrix(N + np.triu(N, 1).T)
    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    return Cooccurrence(indptr, indices, matrix.data), matrix


@pytest.mark.parametrize(
    ("first", "last", "columns"), [(0, 50, 50), (0, 7, 20), (10, 50, 10), (49, 50, 1), (20, 20, 50)]
)
def test_a_block_is_a_part_of_the_matrix(first: int, last: int, columns: int) -> None:
    pairs, matrix = random_counts(50)
    found = pairs.block(first, last, columns)
    part = matrix[first:last, :columns]
    assert found.indptr.dtype == np.int64
    assert found.indices.dtype == np.int32
    np.testing.assert_array_equal(found.indptr, part.indptr)
    np.testing.assert_array_equal(found.indices, part.indices)
    np.testing.assert_array_equal(found.values, part.data)


@pytest.mark.parametrize("rows", [[], [0], [49], [3, 4, 5], [0, 7, 8, 30, 49], list(range(50))])
def test_some_rows_are_rows_of_the_matrix(rows: list[int]) -> None:
    pairs, matrix = random_counts(50, density=0.05)
    found = pairs.some_rows(np.array(rows, np.intp))
    part = matrix[rows]
    np.testing.assert_array_equal(found.indptr, part.indptr)
    np.testing.assert_array_equal(found.indices, part.indices)
    np.testing.assert_array_equal(found.values, part.data)


def test_counts_among_some_words_are_those_that_there_are() -> None:
    pairs, matrix = random_counts(30, density=0.03)
    words = np.flatnonzero(np.diff(pairs.indptr))
    assert 2 < len(words) < 30
    found = pairs.among(words)
    np.testing.assert_array_equal(
        found.as_scipy().toarray(), matrix.toarray()[np.ix_(words, words)]
    )


@pytest.mark.parametrize(("words", "density"), [(50, 0.1), (50, 0.0), (9000, 0.0001)])
def test_counts_times_a_vector_are_the_product(words: int, density: float) -> None:
    rng = np.random.default_rng(1)
    matrix = sparse.random(words, words, density, "csr", random_state=rng)
    pairs = Cooccurrence(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data
    )
    x = rng.normal(size=words)
    np.testing.assert_allclose(pairs.times(x), matrix @ x, rtol=1e-12, atol=1e-14)


@either
def test_the_problem_of_the_leading_words_is_that_of_their_counts(objective: str) -> None:
    text = random_text()
    settings = told(objective)
    pairs = counted(text, settings)
    V, U = random_matrices(20, 5)
    found = problem_of(pairs, text[1], settings).leading(8)
    N = sparse.csr_matrix(pairs.as_scipy().toarray()[:8, :8])
    part = Cooccurrence(N.indptr.astype(np.int64), N.indices.astype(np.int32), N.data)
    wanted = equations(part, text[1][:8], V[:8], U[:8], settings)
    assert len(found) == 8
    assert found.total == pytest.approx(N.sum())
    assert_equal(
        loss_and_gradients(found.counted, text[1][:8], V[:8], U[:8], settings), wanted, 1e-10
    )
