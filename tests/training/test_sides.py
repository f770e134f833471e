"""Models with sides: predictions, files, counts, checkpoints, and errors where there are none."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from support.commands import fails, run
from wordkin import FormatError, SettingsError, Word2Vec, load
from wordkin.engines.exact import gauge
from wordkin.engines.settings import IN_OLD_FILES, ExactSettings, settings_for
from wordkin.objectives import noise_distribution, softmax
from wordkin.training import reproduce
from wordkin.training.counting_run import count_to_file
from wordkin.training.moment import Moment
from wordkin.vectors.formats.model import SIDES_VERSION, read_model, write_model
from wordkin.views.page import answers
from wordkin.views.page.model import PageModel

EXACT: dict[str, Any] = {
    "engine": "exact",
    "dim": 8,
    "window": 2,
    "min_count": 1,
    "threads": 1,
    "held_out": 0.1,
    "subsample": 0.0,
    "max_passes": 4,
    "subwords": "none",
}
either = pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])


def sentences(lines: int = 1100) -> list[list[str]]:
    """Articles before nouns, and verbs after them; now and then a line of one word."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(lines):
        article, noun, verb = rng.integers(2), rng.integers(6), rng.integers(4)
        found.append([["the", "a"][article], f"noun{noun}", f"verb{verb}s", f"noun{noun}"])
        if rng.random() < 0.1:
            found.append([f"noun{noun}"])
    return found


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sides") / "text.txt"
    path.write_text("".join(" ".join(line) + "\n" for line in sentences()))
    return path


@pytest.fixture(scope="module")
def model(text: Path) -> Word2Vec:
    return Word2Vec(**EXACT, sides=True).fit(text)


def as_dict(answer: list[tuple[str, float]]) -> dict[str, float]:
    return dict(answer)


# ------------------------------------------------------------------------------------- predictions


@either
def test_predictions_are_sums_over_both_sides_or_of_one_side(text: Path, objective: str) -> None:
    model = Word2Vec(**EXACT, objective=objective, sides=True).fit(text)
    v_c = model.center["noun3"].astype(np.float64)
    rows = [model.outside_at(side).matrix.astype(np.float64) for side in ("left", "right")]
    logits = np.concatenate(rows) @ v_c
    if objective == "negative-sampling":
        assert model.vectors.counts is not None
        logits += np.log(np.tile(noise_distribution(model.vectors.counts), 2))
    left, right = softmax(logits).reshape(2, -1)
    for side, wanted in (
        (None, left + right),
        ("left", left / left.sum()),
        ("right", right / right.sum()),
    ):
        found = as_dict(model.predict("noun3", None, side))
        assert sum(found.values()) == pytest.approx(1)
        for word, probability in zip(model.vectors.words, wanted, strict=True):
            assert found[word] == pytest.approx(probability, rel=1e-5)


def test_what_stands_before_a_word_is_not_what_stands_after_it(model: Word2Vec) -> None:
    left, right = (as_dict(model.predict("noun3", None, side)) for side in ("left", "right"))
    assert left["the"] > 10 * right["the"]
    before = {word for word, _ in model.predict("verb1s", 8, "left")}
    assert before == {"the", "a", *(f"noun{i}" for i in range(6))}
    after = {word for word, _ in model.predict("verb1s", 6, "right")}
    assert after == {f"noun{i}" for i in range(6)}


@pytest.mark.parametrize("side", ["Left", "", "both", "l"])
def test_another_side_than_left_and_right_is_an_error(model: Word2Vec, side: str) -> None:
    for ask in (lambda: model.predict("noun3", 3, side), lambda: model.outside_at(side)):
        with pytest.raises(SettingsError, match=f"side must be left or right, got {side!r}"):
            ask()


def test_a_model_without_sides_says_so(text: Path) -> None:
    model = Word2Vec(**EXACT).fit(text)
    for side in ("left", "right"):
        with pytest.raises(SettingsError, match=r"does not tell left from right: .*--sides"):
            model.predict("noun3", 3, side)
        with pytest.raises(SettingsError, match="does not tell left from right"):
            model.outside_at(side)
    assert model.outside.matrix.shape == model.center.matrix.shape


def test_outside_has_the_vectors_of_both_sides(model: Word2Vec) -> None:
    d, words = model.center.dim, model.vectors.words
    assert model.outside.words == model.outside_at("left").words == words
    assert model.outside.dim == 2 * d
    np.testing.assert_array_equal(model.outside["the"][:d], model.outside_at("left")["the"])
    np.testing.assert_array_equal(model.outside["the"][d:], model.outside_at("right")["the"])
    assert not model.outside.matrix.flags.writeable
    U = np.concatenate([model.outside_at(side).matrix for side in ("left", "right")])
    np.testing.assert_array_equal(model.vectors.matrix, gauge.canonical(model.center.matrix, U))


def test_unknown_words_are_composed_and_predict_by_side() -> None:
    model = Word2Vec(**EXACT | {"subwords": "3-6"}, sides=True).fit(sentences(1500))
    assert "noun33" not in model.vectors
    found = as_dict(model.predict("noun33", None, "right"))
    assert sum(found.values()) == pytest.approx(1)
    assert found != as_dict(model.predict("noun33", None, "left"))


def test_a_callback_sees_the_vectors_of_both_sides(text: Path) -> None:
    seen: list[Moment] = []
    shapes: list[tuple[int, ...]] = []

    def watch(moment: Moment) -> bool:
        seen.append(moment)
        shapes.append(moment.outside.matrix.shape)
        return moment.number == 2

    model = Word2Vec(**EXACT, sides=True).fit(text, callback=watch)
    words, d = model.center.matrix.shape
    assert shapes == [(words, 2 * d)] * 2
    np.testing.assert_array_equal(seen[-1].outside.matrix, model.outside.matrix)


def test_the_page_has_predictions_over_both_sides(model: Word2Vec) -> None:
    id = model.vectors.index("noun3")
    points = np.zeros((len(model.vectors), 2), np.float32)
    page = PageModel("m", model.vectors, points, word2vec=model)
    found = answers.predict(page, id, 4)
    wanted = model.predict("noun3", 4)
    assert [each["word"] for each in found] == [word for word, _ in wanted]


# ------------------------------------------------------------------------------- files and settings


def test_a_saved_model_is_restored_with_its_sides(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    again = Word2Vec.load(path)
    assert again.sha256 == model.sha256
    assert again.settings == model.settings
    assert again.predict("noun3", None, "left") == model.predict("noun3", None, "left")
    np.testing.assert_array_equal(again.outside.matrix, model.outside.matrix)
    file = read_model(path)
    assert file.outside.shape == (2 * len(file.words), file.center.shape[1])
    with safe_open(path, framework="numpy") as tensors:
        assert json.loads(tensors.metadata()["wordkin"])["format"] == SIDES_VERSION


def test_files_of_models_without_sides_have_the_format_that_they_had(
    text: Path, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    Word2Vec(**EXACT).fit(text).save(path)
    with safe_open(path, framework="numpy") as tensors:
        assert json.loads(tensors.metadata()["wordkin"])["format"] == 2


def test_an_outside_matrix_of_another_size_is_refused(tmp_path: Path) -> None:
    rows = np.ones((6, 4), np.float32)
    given: dict[str, Any] = {"words": ["a", "b", "c"], "counts": np.ones(3, np.int64)}
    path = tmp_path / "m.safetensors"
    with pytest.raises(FormatError, match="outside"):
        write_model(path, **given, center=rows[:3], outside=rows[:5], metadata={})
    write_model(path, **given, center=rows[:3], outside=rows, metadata={})
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'\\"format\\": 4', b'\\"format\\": 2'))
    with pytest.raises(FormatError, match=r"outside must have the shape \(3, 4\), got \(6, 4\)"):
        read_model(path)


def test_models_of_earlier_versions_have_no_sides() -> None:
    old = {name: value for name, value in ExactSettings().as_dict().items() if name != "sides"}
    assert settings_for(**IN_OLD_FILES["exact"] | old) == ExactSettings()


def test_the_stochastic_engine_has_no_sides() -> None:
    with pytest.raises(SettingsError, match="sides is a setting of the exact engine, not of"):
        Word2Vec(engine="stochastic", sides=True)
    with pytest.raises(SettingsError, match="sides is a setting of the exact engine, not of"):
        Word2Vec(objective="negative-sampling", sides=True)
    with pytest.raises(SettingsError, match="sides must be True or False, got 'left'"):
        Word2Vec(engine="exact", sides="left")  # type: ignore[arg-type]


def test_training_is_reproduced_and_resumed_to_the_same_bytes(
    model: Word2Vec, text: Path, tmp_path: Path
) -> None:
    assert reproduce(model, text, threads=2).equal

    class KilledError(Exception):
        """Ends a run from without."""

    def kill(moment: Moment) -> bool:
        if moment.number == 2:
            raise KilledError
        return False

    folder = tmp_path / "checkpoints"
    fresh = Word2Vec(**EXACT, sides=True)
    with pytest.raises(KilledError):
        fresh.fit(text, checkpoint=folder, every=0, callback=kill)
    with pytest.raises(Exception, match="sides has changed"):
        Word2Vec(**EXACT).fit(text, checkpoint=folder, resume=True)
    said: list[str] = []
    resumed = fresh.fit(text, checkpoint=folder, resume=True, say=said.append)
    assert any("resuming" in message for message in said)
    assert resumed.sha256 == model.sha256


def test_held_out_loss_is_that_of_words_and_sides(model: Word2Vec) -> None:
    last = model.history[-1]
    assert last.held_out is not None
    assert last.loss < last.held_out < np.log(2 * len(model.vectors))


@pytest.mark.parametrize("window", [2, "line"])
def test_counts_by_side_train_the_model_that_their_text_does(
    text: Path, tmp_path: Path, window: Any
) -> None:
    settings = ExactSettings(**{**EXACT, "window": window}, sides=True)
    counts = count_to_file(text, tmp_path / "c", settings)
    assert "sides" not in counts.metadata  # the format says it
    wanted = Word2Vec(**{**EXACT, "window": window}, sides=True).fit(text)
    own: dict[str, Any] = {"engine": "exact", "dim": 8, "max_passes": 4, "subwords": "none"}
    for given in (own, {**own, "sides": True}):
        found = Word2Vec(**given, threads=2)
        assert found.fit_counts(tmp_path / "c").sha256 == wanted.sha256
        assert found.settings.as_dict()["sides"] is True


def test_counts_with_sides_and_without_are_not_taken_for_each_other(
    text: Path, tmp_path: Path
) -> None:
    for sides in (False, True):
        count_to_file(text, tmp_path / "c", ExactSettings(**EXACT, sides=sides))
        with pytest.raises(SettingsError, match=f"counted with sides {sides}, but sides is"):
            Word2Vec(engine="exact", dim=8, sides=not sides).fit_counts(tmp_path / "c")


# ------------------------------------------------------------------------------------ command line


def test_the_command_line_counts_trains_and_predicts_by_side(text: Path, tmp_path: Path) -> None:
    common = ["--window", 2, "--min-count", 1, "--subsample", 0, "--held-out", 0.1, "--threads", 1]
    counts, one, other = (tmp_path / name for name in ("c", "a.safetensors", "b.safetensors"))
    ran = run("count", text, "-o", counts, *common, "--sides", "--json", "--quiet")
    assert (ran.code, ran.json["sides"]) == (0, True)
    engine = ["--engine", "exact", "--dim", 8, "--max-passes", 4, "--quiet"]
    assert run("train", text, "-o", one, *common, *engine, "--sides").code == 0
    assert run("train", "--counts", counts, "-o", other, *engine, "--threads", 1).code == 0
    model = Word2Vec.load(one)
    assert Word2Vec.load(other).sha256 == model.sha256
    assert dataclasses.asdict(model.settings)["sides"] is True
    assert "sides          True" in run("info", one).out

    left = run("predict", one, "noun3", "--side", "left", "--topn", 3, "--json")
    (found,) = left.json
    assert found["side"] == "left"
    wanted = model.predict("noun3", 3, "left")
    assert [each["word"] for each in found["outside"]] == [word for word, _ in wanted]
    (both,) = run("predict", one, "noun3", "--topn", 3, "--json").json
    assert "side" not in both
    said = fails("predict", one, "noun3", "--side", "up", code=2)
    assert said == "side must be left or right, got 'up'"

    vectors = tmp_path / "v.txt"
    assert run("convert", one, vectors).code == 0
    np.testing.assert_allclose(load(vectors).matrix, model.vectors.matrix, rtol=1e-5)


def test_a_model_without_sides_predicts_by_side_with_an_error(text: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    Word2Vec(**EXACT).fit(text).save(path)
    assert "does not tell left from right" in fails(
        "predict", path, "noun3", "--side", "left", code=2
    )
    said = fails("train", text, "-o", path, "--engine", "stochastic", "--sides", code=2)
    assert said.startswith("sides is a setting of the exact engine, not of stochastic")
