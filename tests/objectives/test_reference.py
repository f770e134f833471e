"""The reference trainer, on a corpus whose answer is known by construction; and as an engine."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import log
from typing import Any

import numpy as np
import pytest

from support.runs import RecordingRun
from wordkin.corpus.encoded import LINE_END
from wordkin.engines import reference as reference_engine
from wordkin.engines.counts.counting import count
from wordkin.engines.settings import StochasticSettings
from wordkin.objectives import (
    Array,
    corpus_naive_softmax,
    corpus_negative_sampling,
    noise_distribution,
    reference,
    softmax,
    window_weight,
)

# Two groups of four words: 0 and 1 are seen with 2 and 3 alone, 4 and 5 with 6 and 7 alone, each
# equally often. So every word has two possible neighbours, and no model beats log 2 nats a pair.
GROUPS = [[group + left, group + right] for group, left, right in product((0, 4), (0, 1), (2, 3))]
PAIRS = {"naive-softmax": reference.softmax_pairs, "negative-sampling": reference.sampled_pairs}
SOFTMAX = reference.softmax_pairs
SEEN = np.kron(np.eye(2), np.kron([[0, 1], [1, 0]], np.ones((2, 2)))).astype(bool)


def train(objective: str, epochs: int = 400, seed: int = 1) -> tuple[Array, Array, list[float]]:
    return reference.train(
        GROUPS,
        8,
        dim=8,
        window=1,
        objective=PAIRS[objective],
        negatives=2,
        epochs=epochs,
        learning_rate=0.1,
        seed=seed,
    )


def cosines(V: Array) -> Array:
    unit = V / np.linalg.norm(V, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)


def test_naive_softmax_reaches_the_entropy_of_the_corpus() -> None:
    V, U, history = train("naive-softmax")
    assert len(history) == 400
    assert history[0] == pytest.approx(log(8), abs=0.02)  # it starts out knowing nothing
    assert log(2) - 0.001 < history[-1] < log(2) + 0.02
    np.testing.assert_allclose(softmax(V @ U.T), SEEN / 2, atol=0.03)


def test_negative_sampling_reaches_the_optimum_of_its_own_objective() -> None:
    # Of a word's two possible neighbours o and w, w is the negative of a pair (c, o) with
    # probability 1/7 a draw: 2/7 expected negatives for each positive, log(7/2) the best logit.
    # Were a draw equal to o kept, it would be log 2.
    V, U, history = train("negative-sampling")
    assert history[0] == pytest.approx(3 * log(2), abs=0.02)
    best = log(9 / 7) + 2 / 7 * log(9 / 2)
    assert np.mean(history[-100:]) == pytest.approx(best, abs=0.06)
    assert (V @ U.T)[SEEN].mean() == pytest.approx(log(7 / 2), abs=0.15)
    assert (V @ U.T)[~SEEN].max() < -2


@pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])
def test_words_of_the_same_company_become_neighbours(objective: str) -> None:
    similarity = cosines(train(objective)[0]) - 2 * np.eye(8)
    np.testing.assert_array_equal(similarity.argmax(axis=1), [1, 0, 3, 2, 5, 4, 7, 6])


@pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])
def test_one_seed_gives_one_result(objective: str) -> None:
    (V1, U1, history1), (V2, U2, history2) = (train(objective, 5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(V1, V2)
    np.testing.assert_array_equal(U1, U2)
    assert history1 == history2
    assert np.any(train(objective, 5, seed=4)[0] != V1)


def test_windows_have_a_uniform_radius_and_end_with_the_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: Counter[int] = Counter()

    def record(c: int, outside: list[int], V: Array, U: Array, _: Any) -> tuple[Any, ...]:
        radius = max(abs(o - c) for o in outside)
        first = 30 * (c // 30)  # of the sentence that c stands in
        within = range(max(first, c - radius), min(first + 30, c + radius + 1))
        assert outside == [o for o in within if o != c]
        seen.update(abs(o - c) for o in outside)
        return 0.0, np.zeros_like(V), np.zeros_like(U)

    monkeypatch.setattr(reference, "skipgram", record)
    reference.train(
        [range(30), range(30, 60)],
        60,
        dim=1,
        window=4,
        objective=reference.softmax_pairs,
        epochs=100,
        learning_rate=0.025,
    )
    for j in range(1, 5):
        places = 100 * 2 * 2 * (30 - j)
        deviation = 0.5 / places**0.5
        assert seen[j] / places == pytest.approx(float(window_weight(j, 4)), abs=5 * deviation)


def test_the_learning_rate_falls_in_a_straight_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def ones(c: int, outside: list[int], V: Array, U: Array, _: Any) -> tuple[Any, ...]:
        return 0.0, np.ones_like(V), np.ones_like(U)

    monkeypatch.setattr(reference, "skipgram", ones)
    _, U, _ = reference.train(
        [[0, 1]], 2, dim=1, window=1, objective=SOFTMAX, epochs=2, learning_rate=0.5
    )
    np.testing.assert_allclose(U, -0.5 * (1 + 3 / 4 + 2 / 4 + 1 / 4))


def test_a_negative_equal_to_o_is_drawn_again() -> None:
    noise = np.array([0.6, 0.3, 0.1, 0.0])
    drawn = reference.draw_negatives(np.random.default_rng(0), noise, 0, 10_000)
    np.testing.assert_allclose(
        np.bincount(drawn, minlength=4) / 10_000, [0, 0.75, 0.25, 0], atol=0.03
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 0}, "dim must be at least 1, got 0"),
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"epochs": -1}, "epochs must be at least 1, got -1"),
        ({"negatives": 0}, "negatives must be at least 1, got 0"),
        (
            {"sentences": [[0], [], [1]]},
            "no sentence has two words, so there is no pair: got 3 sentences",
        ),
        ({"sentences": [[0, 8]]}, r"ids must be in 0\.\.7, got 8"),
        ({"sentences": [[0, 0]], "objective": reference.sampled_pairs}, "2 different words, got 1"),
    ],
)
def test_settings_that_cannot_train_are_refused(changes: dict[str, Any], message: str) -> None:
    settings: dict[str, Any] = {
        **{"sentences": GROUPS, "vocabulary_size": 8, "dim": 2, "window": 1, "epochs": 1},
        **{"objective": reference.softmax_pairs, "learning_rate": 0.1},
    }
    with pytest.raises(ValueError, match=message):
        reference.train(**(settings | changes))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_stops_training_and_says_what_to_change() -> None:
    with pytest.raises(FloatingPointError, match=r"set learning_rate below 1e\+200"):
        reference.train(
            GROUPS,
            8,
            dim=2,
            window=1,
            objective=reference.softmax_pairs,
            learning_rate=1e200,
            epochs=5,
        )


@pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])
def test_each_epoch_is_told_of_and_any_can_be_the_last(objective: str) -> None:
    told: list[tuple[reference.EpochCounts, Array, Array]] = []

    def run(last: int | None) -> tuple[Array, Array, list[float]]:
        told.clear()

        def after(done: reference.EpochCounts, V: Array, U: Array) -> bool:
            told.append((done, V.copy(), U.copy()))
            return len(told) == last

        return reference.train(
            GROUPS,
            8,
            dim=3,
            window=1,
            objective=PAIRS[objective],
            epochs=4,
            learning_rate=0.025,
            negatives=5,
            after_epoch=after,
        )

    V, U, history = run(None)
    whole = list(told)
    assert len(whole) == len(history) == 4
    for done, loss in zip((done for done, _, _ in whole), history, strict=True):
        assert (done.pairs, done.trained) == (16, 16)
        assert done.loss / done.pairs == loss
    np.testing.assert_array_equal(whole[-1][1], V)
    np.testing.assert_array_equal(whole[-1][2], U)
    for last in (1, 3):
        V, U, some = run(last)
        assert some == history[:last]
        np.testing.assert_array_equal(whole[last - 1][1], V)
        np.testing.assert_array_equal(whole[last - 1][2], U)


# --------------------------------------------------------------------------------------- an engine


def ids_of(lines: list[list[int]]) -> Any:
    return np.array([id for line in lines for id in (*line, LINE_END)], np.int32)


@pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])
@pytest.mark.parametrize("subsample", [0.0, 0.1])
def test_as_an_engine_it_tells_the_loss_of_lines_held_out(subsample: float, objective: str) -> None:
    ids, held_out = ids_of(GROUPS * 5), ids_of([[0, 1, 2, 0], [5], [4, 6]])  # 3 and 7 are not there
    counts = np.bincount(ids[ids >= 0])
    settings = StochasticSettings(
        objective=objective, dim=3, window=2, negatives=2, epochs=3, subsample=subsample
    )
    run = RecordingRun()
    trained = reference_engine.train(ids, counts, settings, run, held_out)
    assert trained.history == run.records
    assert len(run.records) == 3
    assert not run.states
    np.testing.assert_array_equal(run.matrices[-1].center, trained.center)
    np.testing.assert_array_equal(run.matrices[-1].outside, trained.outside)
    pairs = count(held_out, counts, window=2, subsample=subsample, threads=1, dtype=np.float64)
    for done, (V, U) in zip(run.records, run.matrices, strict=True):
        if objective == "naive-softmax":
            loss, _, _ = corpus_naive_softmax(pairs.as_scipy(), V, U)
        else:
            q = noise_distribution(counts)
            loss, _, _ = corpus_negative_sampling(pairs.as_scipy(), q, 2, V, U, drawn_again=True)
        assert done.held_out == pytest.approx(loss / pairs.total, rel=1e-12)
    assert len({done.held_out for done in run.records}) == 3
    for none in (None, held_out[:0], ids_of([[0], [1]])):
        again = reference_engine.train(ids, counts, settings, None, none)
        np.testing.assert_array_equal(again.center, trained.center)
        assert all(done.held_out is None for done in again.history)


@pytest.mark.parametrize("last", [1, 2])
def test_as_an_engine_it_ends_with_the_very_matrices_that_were_shown(last: int) -> None:
    ids = ids_of(GROUPS * 5)
    counts = np.bincount(ids[ids >= 0])
    settings = StochasticSettings(objective="naive-softmax", dim=3, window=2, epochs=4, subsample=0)
    whole, run = RecordingRun(), RecordingRun(last=last)
    reference_engine.train(ids, counts, settings, whole)
    found = reference_engine.train(ids, counts, settings, run)
    assert len(found.history) == last
    for matrices in (whole.matrices[last - 1], run.matrices[-1]):
        assert matrices.center.shape == matrices.outside.shape == (8, 3)
        np.testing.assert_array_equal(found.center, matrices.center)
        np.testing.assert_array_equal(found.outside, matrices.outside)
