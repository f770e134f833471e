"""Models and vectors are copied, pickled and sent to other processes, and stay what they are."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from wordkin import ApproximateVectors, Word2Vec, WordVectors
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors

TEXT = [["pear", "plum", "fig"], ["plum", "kiwi"]] * 50
SETTINGS: dict[str, Any] = {
    "dim": 4, "min_count": 1, "subsample": 0, "threads": 1, "epochs": 2
}  # fmt: skip


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def pickled_in_the_oldest_way(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value, protocol=2))


def by_joblib(value: Any) -> Any:
    joblib = pytest.importorskip("joblib")
    file = io.BytesIO()
    joblib.dump(value, file)
    file.seek(0)
    return joblib.load(file)


WAYS = pytest.mark.parametrize(
    "again", [pickled, pickled_in_the_oldest_way, copy.deepcopy, copy.copy, by_joblib]
)


@pytest.fixture(scope="module")
def model() -> Word2Vec:
    return Word2Vec(**SETTINGS).fit(TEXT)


@WAYS
def test_a_model_that_is_not_trained_is_copied(again: Callable[[Any], Any]) -> None:
    model = again(Word2Vec(**SETTINGS))
    assert model.settings == Word2Vec(**SETTINGS).settings
    assert model.fit(TEXT).sha256 == Word2Vec(**SETTINGS).fit(TEXT).sha256


@WAYS
def test_a_trained_model_is_copied_whole(
    again: Callable[[Any], Any], model: Word2Vec, tmp_path: Path
) -> None:
    model.save(tmp_path / "model.safetensors")
    for original in (model, Word2Vec.load(tmp_path / "model.safetensors")):
        twin = again(original)
        assert twin.sha256 == model.sha256
        assert twin.vectors == model.vectors
        assert twin.vectors is twin.center
        assert (twin.history, twin.account) == (model.history, model.account)
        assert twin.vectors.most_similar("pear") == model.vectors.most_similar("pear")
        assert not twin.vectors.matrix.flags.writeable
        twin.save(tmp_path / "twin.safetensors")
        assert Word2Vec.load(tmp_path / "twin.safetensors").sha256 == model.sha256


def test_a_copy_is_trained_alone(model: Word2Vec) -> None:
    before = model.sha256
    for twin in (copy.copy(model), copy.deepcopy(model)):
        with pytest.warns(wordkin.TrainingWarning, match="forgets"):
            twin.fit([["a", "b", "c"]] * 100)
        assert twin.sha256 != before
    assert model.sha256 == before


def some_vectors() -> list[Any]:
    words = ["pear", "plum", "fig", "kiwi"]
    matrix = np.random.default_rng(4).normal(size=(4, 3)).astype(np.float32)
    ngrams = np.random.default_rng(5).normal(size=(20, 3)).astype(np.float32)
    with_subwords = SubwordVectors(words, matrix, [4, 3, 2, 1], Subwords(matrix, ngrams, 3, 6))
    return [WordVectors(words, matrix), WordVectors(words, matrix, [4, 3, 2, 1]), with_subwords]


@WAYS
@pytest.mark.parametrize("number", range(3))
def test_vectors_are_copied_whole(again: Callable[[Any], Any], number: int) -> None:
    vectors = some_vectors()[number]
    asked = vectors.most_similar("pear"), vectors.lengths
    twin = again(vectors)
    assert type(twin) is type(vectors)
    assert twin == vectors
    assert twin.most_similar("pear") == asked[0]
    assert twin.index("fig") == 2
    for array in (twin.matrix, twin.counts, twin.lengths):
        assert array is None or not array.flags.writeable
    if isinstance(vectors, SubwordVectors):
        assert np.array_equal(twin["pears"], vectors["pears"])


def test_what_can_be_computed_again_is_not_stored() -> None:
    vectors = some_vectors()[0]
    before = len(pickle.dumps(vectors))
    vectors.most_similar("pear")
    assert len(pickle.dumps(vectors)) == before


@WAYS
def test_an_approximate_index_is_copied_with_its_graph(again: Callable[[Any], Any]) -> None:
    pytest.importorskip("usearch")
    rng = np.random.default_rng(6)
    vectors = WordVectors([f"w{i}" for i in range(500)], rng.normal(size=(500, 8)))
    index = ApproximateVectors(vectors, threads=1, expansion_search=17)
    twin = again(index)
    assert twin.vectors == vectors
    assert [twin.most_similar(w) for w in vectors.words] == [
        index.most_similar(w) for w in vectors.words
    ]
    assert (twin._threads, twin._index.expansion_search) == (1, 17)


def test_a_process_that_is_started_anew_receives_models_and_vectors(model: Word2Vec) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        asked = pool.submit(WordVectors.most_similar, model.vectors, "pear").result()
        trained = pool.submit(Word2Vec.fit, Word2Vec(**SETTINGS), TEXT).result()
    assert asked == model.vectors.most_similar("pear")
    assert trained.sha256 == model.sha256


# ---------------------------------------------------------------------------- NumPy's scalars


def test_scalars_of_numpy_are_settings() -> None:
    scalars: dict[str, Any] = {
        "dim": np.int64(4),
        "min_count": np.uint8(1),
        "subsample": np.float32(0),
        "threads": np.array(1),
        "epochs": np.int32(2),
        "deterministic": np.bool_(True),
        "objective": np.str_("negative-sampling"),
    }
    settings = Word2Vec(**scalars).settings
    assert settings == Word2Vec(**SETTINGS).settings
    assert {type(value).__module__ for value in settings.as_dict().values()} == {"builtins"}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dim", np.float64(4.0), "dim must be a whole number, got 4.0"),
        ("dim", np.bool_(True), "dim must be a whole number, got True"),
        ("subsample", np.float32("nan"), "subsample must be finite, got nan"),
        ("dim", np.array([4]), r"dim must be a whole number, got array\(\[4\]\)"),
        ("deterministic", np.int64(1), "deterministic must be True or False, got 1"),
    ],
)
def test_scalars_of_numpy_are_checked(name: str, value: Any, message: str) -> None:
    settings: dict[str, Any] = {name: value}
    with pytest.raises(wordkin.SettingsError, match=message):
        Word2Vec(**settings)


# --------------------------------------------------------------------------------- fit again


def test_a_second_fit_says_what_the_model_forgets(model: Word2Vec) -> None:
    twin = copy.copy(model)
    with pytest.warns(
        wordkin.TrainingWarning, match="has 3 words in place of 4, of which 2 get no vector"
    ) as caught:
        twin.fit([["pear", "plum", "apple"]] * 100)
    assert caught[0].filename == __file__
    assert any(note.startswith("fit trains from the beginning") for note in twin.account.notes)


def test_a_fit_of_the_same_text_forgets_nothing(model: Word2Vec) -> None:
    twin = copy.copy(model)
    assert twin.fit(TEXT).sha256 == model.sha256  # and no warning


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"progress": "yes"}, "progress must be True, False, None or a Progress, got str"),
        ({"callback": 5}, "callback must be a function, got int"),
        ({"say": "aloud"}, "say must be a function, got str"),
        ({"every": "1m"}, "every must be a number of seconds, got '1m'"),
        ({"every": float("nan")}, "every must be a number of seconds, got nan"),
    ],
)
def test_options_of_a_run_are_checked_before_it(options: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, wordkin.SettingsError), match=message):
        Word2Vec(**SETTINGS).fit(TEXT, **options)


def test_what_is_no_model_is_not_reproduced() -> None:
    path: Any = "model.safetensors"
    with pytest.raises(TypeError, match=r"must be a Word2Vec, as Word2Vec\.load.*, got str"):
        wordkin.reproduce(path, TEXT)


def test_a_fit_that_fails_leaves_the_model(model: Word2Vec) -> None:
    twin = copy.copy(model)
    with pytest.raises(wordkin.CorpusError):
        twin.fit([["a"]])
    assert twin.sha256 == model.sha256
