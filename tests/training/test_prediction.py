"""What a model expects around a word: its own softmax, summing to 1, and no word that never met."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import wordkin
from support import toy
from wordkin import SettingsError, UnknownWordError, Word2Vec
from wordkin.engines import ENGINES, OBJECTIVES
from wordkin.objectives import NOISE_POWER, log_softmax, softmax
from wordkin.training.prediction import largest, probabilities

V, D = 9, 4


@pytest.fixture(scope="module", params=OBJECTIVES)
def model(request: pytest.FixtureRequest) -> Word2Vec:
    """Return a model of the toy text, where one word stands alone; nobody changes it."""
    text = [*toy.sentences(300), *[["lonely"]] * 50]
    settings: dict[str, Any] = {"dim": 8, "min_count": 1, "subsample": 0, "window": 3}
    settings["subwords"] = "none"  # or unknown words would be answered
    return Word2Vec(**settings, engine="exact", objective=request.param, max_passes=5).fit(text)


def matrices(seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(D).astype(np.float32), rng.standard_normal((V, D)).astype(np.float32)


# ---- the formulas --------------------------------------------------------------------------------


def test_probabilities_are_the_softmax_of_the_logits() -> None:
    v_c, U = matrices()
    found = probabilities(v_c, U)
    assert found.dtype == np.float64
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found, softmax(U.astype(np.float64) @ v_c.astype(np.float64)))


def test_a_large_matrix_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    v_c, U = matrices()
    whole = probabilities(v_c, U)
    monkeypatch.setattr("wordkin.training.model.prediction._NUMBERS", 2 * D + 1)
    np.testing.assert_allclose(probabilities(v_c, U), whole, rtol=1e-14)
    monkeypatch.undo()
    large = np.ones((40_000, 64), dtype=np.float32)
    tracemalloc.start()
    try:
        probabilities(large[0], large)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < large.nbytes


def test_with_counts_they_are_what_the_optimum_of_negative_sampling_implies() -> None:
    v_c, U = matrices()
    counts = np.arange(V, 0, -1) ** 3
    q = counts**NOISE_POWER / (counts**NOISE_POWER).sum()
    expected = q * np.exp(U.astype(np.float64) @ v_c.astype(np.float64))
    np.testing.assert_allclose(probabilities(v_c, U, counts), expected / expected.sum())


def test_the_optimum_of_negative_sampling_gives_the_true_probabilities_back() -> None:
    # u_o·v_c = log P(o | c) / (K q_o): of one center, in as many dimensions as there are words
    counts = np.arange(V, 0, -1) ** 2
    q = counts**NOISE_POWER / (counts**NOISE_POWER).sum()
    P = softmax(np.random.default_rng(2).standard_normal(V))
    U = np.diag(np.log(P / (5 * q)))
    np.testing.assert_allclose(probabilities(np.ones(V), U, counts), P)


def test_large_logits_overflow_nothing() -> None:
    found = probabilities(np.array([1e4]), np.array([[1.0], [-1.0], [0.5]]))
    assert found.tolist() == [1, 0, 0]


@pytest.mark.parametrize("counts", [None, np.arange(1, V + 1)])
def test_a_row_of_zeros_has_probability_0_and_the_others_sum_to_1(counts: Any) -> None:
    v_c, U = matrices()
    U[3] = 0
    found = probabilities(v_c, U, counts)
    assert found[3] == 0
    assert found.sum() == pytest.approx(1)
    others = np.arange(V) != 3
    logits = (U.astype(np.float64) @ v_c.astype(np.float64))[others]
    if counts is not None:
        logits += NOISE_POWER * np.log(counts[others])
    np.testing.assert_allclose(np.log(found[others]), log_softmax(logits))


def test_where_nothing_was_ever_met_nothing_is_probable() -> None:
    assert probabilities(np.ones(D), np.zeros((V, D))).tolist() == [0] * V


def test_the_largest_come_first_and_equal_ones_in_their_order() -> None:
    x = np.array([0.1, 0.3, 0.0, 0.3, 0.2])
    assert largest(x, 3).tolist() == [1, 3, 4]
    assert largest(x, 99).tolist() == [1, 3, 4, 0, 2]


@pytest.mark.parametrize("number", [0, -1])
def test_fewer_than_one_word_are_refused_with_the_value(number: int) -> None:
    with pytest.raises(SettingsError, match=f"topn must be at least 1, got {number}"):
        largest(np.ones(3), number)


# ---- of a model ----------------------------------------------------------------------------------


def test_a_model_predicts_by_its_matrices(model: Word2Vec) -> None:
    words = model.outside.words
    counts = model.vectors.counts
    assert counts is not None
    for word in ("fish0", "the", "planet4"):
        logits = model.outside.matrix.astype(np.float64) @ model.center[word].astype(np.float64)
        if model.settings.objective == "negative-sampling":
            logits += NOISE_POWER * np.log(counts)
        logits[words.index("lonely")] = -np.inf
        expected = dict(zip(words, softmax(logits), strict=True))
        assert expected.pop("lonely") == 0
        answer = model.predict(word, topn=len(words))
        assert dict(answer) == pytest.approx(expected)
        assert [p for _, p in answer] == sorted(expected.values(), reverse=True)
        assert sum(p for _, p in answer) == pytest.approx(1)
        assert model.predict(word, topn=3) == answer[:3]
        assert len(model.predict(word)) == 10


def test_words_of_a_topic_predict_each_other_and_the_words_everywhere(model: Word2Vec) -> None:
    for words in toy.TOPICS.values():
        for word in words:
            likely = {near for near, _ in model.predict(word, topn=7)}
            assert likely == {*words, *toy.EVERYWHERE}


def test_probabilities_of_naive_softmax_are_about_the_shares_that_were_counted() -> None:
    text = [["a", "b"]] * 300 + [["a", "c"]] * 100
    model = Word2Vec(engine="exact", dim=3, min_count=1, subsample=0, ridge=1e-3, window=1)
    found = dict(model.fit(text).predict("a", topn=3))
    assert found == pytest.approx({"b": 0.75, "c": 0.25, "a": 0}, abs=1e-2)


def test_a_word_that_never_met_another_is_never_predicted(model: Word2Vec) -> None:
    assert not model.center["lonely"].any()
    assert not model.outside["lonely"].any()
    for word in ("fish0", "the"):
        answer = model.predict(word, topn=len(model.vectors))
        assert {near for near, _ in answer} == set(model.vectors.words) - {"lonely"}
    with pytest.raises(UnknownWordError, match="'lonely' never occurs next to another word"):
        model.predict("lonely")


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("engine", tuple(ENGINES))
def test_every_engine_and_objective_predicts(engine: str, objective: str) -> None:
    settings: dict[str, Any] = {"dim": 8, "min_count": 1, "subsample": 0, "threads": 1}
    text = toy.sentences(300)
    answer = Word2Vec(**settings, engine=engine, objective=objective).fit(text).predict("tree1", 22)
    assert sum(p for _, p in answer) == pytest.approx(1)
    assert len(answer) == 22


def test_a_model_that_was_saved_predicts_the_same(model: Word2Vec, tmp_path: Any) -> None:
    model.save(tmp_path / "m.safetensors")
    loaded = wordkin.Word2Vec.load(tmp_path / "m.safetensors")
    assert loaded.predict("metal2", 23) == model.predict("metal2", 23)


def test_an_unknown_word_brings_close_ones(model: Word2Vec) -> None:
    with pytest.raises(UnknownWordError, match="'fish9' is not among the 23 words; close ones: "):
        model.predict("fish9")


def test_no_word_at_all_is_not_predicted(model: Word2Vec) -> None:
    with pytest.raises(SettingsError, match="topn must be at least 1, got 0"):
        model.predict("fish0", topn=0)
