"""Names of gensim, fastText and others lead to ours, and ours exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import wordkin
import wordkin.evaluation
from wordkin import Word2Vec, WordVectors
from wordkin.engines.settings import declared
from wordkin.system import foreign_names
from wordkin.system.foreign_names import did_you_mean, knows_keywords
from wordkin.training.run_options import RunOptions
from wordkin.vectors.subwords import SubwordVectors

VECTORS = WordVectors(["pear", "plum", "fig"], np.eye(3))


@pytest.mark.parametrize(
    ("table", "ours"),
    [
        (foreign_names.SETTINGS, {field.name for field, _ in declared()}),
        (foreign_names.RUN_OPTIONS, set(RunOptions.__annotations__)),
    ],
)
def test_keywords_that_are_meant_exist(table: Mapping[str, str], ours: set[str]) -> None:
    assert {meant for meant in table.values() if not meant.endswith(".")} <= ours
    assert not table.keys() & ours


@pytest.mark.parametrize("table", [foreign_names.MODEL, foreign_names.VECTORS])
def test_attributes_that_are_meant_exist(table: Mapping[str, str]) -> None:
    found = {
        (kind, name)
        for meant in table.values()
        for kind, name in re.findall(r"\b(model|vectors|wordkin|Word2Vec)\.(\w+)", meant)
    }
    ours: dict[str, list[Any]] = {
        "model": [Word2Vec, Word2Vec()],
        "Word2Vec": [Word2Vec],
        "vectors": [SubwordVectors, VECTORS],
        "wordkin": [wordkin],
    }
    assert len(found) > 5
    for kind, name in found:
        assert any(hasattr(owner, name) for owner in ours[kind]), (kind, name)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("vector_size", "did you mean dim?"),
        ("size", "did you mean dim?"),
        ("workers", "did you mean threads?"),
        ("iter", "did you mean epochs?"),
        ("alpha", "did you mean learning_rate?"),
        ("sample", "did you mean subsample?"),
        ("epoch", "did you mean epochs?"),
        ("min_cuont", "did you mean min_count?"),
        ("sg", "skip-gram is the one model"),
        ("hs", "objective='naive-softmax'"),
        ("sentences", r"give the text to fit: Word2Vec\(…\)\.fit"),
    ],
)
def test_settings_of_others_are_refused_with_ours(theirs: str, ours: str) -> None:
    settings: Any = {theirs: 1}
    with pytest.raises(TypeError, match=f"^no such setting: {theirs}; the settings .*: {ours}"):
        Word2Vec(**settings)


def test_a_name_of_nobody_has_no_hint() -> None:
    with pytest.raises(TypeError, match=r"deterministic$"):
        Word2Vec(xyzzy=1)  # type: ignore[call-arg]
    assert did_you_mean("xyzzy", {}, ["dim", "window"]) == ""


def test_a_text_given_to_the_model_belongs_to_fit() -> None:
    with pytest.raises(TypeError, match=r"give the text to fit: Word2Vec\(…\)\.fit\(text\)"):
        Word2Vec([["a", "b"]])  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("epochs", r"it is a setting: Word2Vec\(epochs=…\)"),
        ("workers", r"it is a setting: Word2Vec\(threads=…\)"),
        ("callbacks", "did you mean callback?"),
        ("total_examples", "fit counts the text by itself"),
    ],
)
def test_options_of_others_are_refused_with_ours(theirs: str, ours: str) -> None:
    options: Any = {theirs: 5}
    with pytest.raises(TypeError, match=f"^no such option: {theirs}; the options .*: {ours}"):
        Word2Vec().fit([["a", "b"]], **options)


ATTRIBUTES = [
    (Word2Vec(), "wv", "model.vectors"),
    (Word2Vec(), "train", "model.fit(text)"),
    (Word2Vec(), "build_vocab", "model.fit(text)"),
    (Word2Vec(), "most_similar", "model.vectors.most_similar"),
    (Word2Vec(), "index_to_key", "model.vectors.words"),
    (Word2Vec(), "get_word_vector", "model.vectors[word]"),
    (Word2Vec(), "histroy", "history"),
    (VECTORS, "index_to_key", "vectors.words"),
    (VECTORS, "key_to_index", "vectors.index(word)"),
    (VECTORS, "vectors", "vectors.matrix"),
    (VECTORS, "vocab", "vectors.words"),
    (VECTORS, "vector_size", "vectors.dim"),
    (VECTORS, "get_normed_vectors", "vectors.unit().matrix"),
    (VECTORS, "get_nearest_neighbors", "vectors.most_similar(word, topn=…)"),
    (VECTORS, "neighbors", "vectors.most_similar(word, topn=…)"),
    (VECTORS, "save_word2vec_format", "wordkin.save(path, vectors, format=…)"),
    (VECTORS, "most_simliar", "most_similar"),
    (wordkin, "load_word2vec_format", "wordkin.load(path)"),
    (wordkin, "Word2vec", "Word2Vec"),
]


@pytest.mark.parametrize(("owner", "theirs", "ours"), ATTRIBUTES)
def test_attributes_of_others_are_refused_with_ours(owner: Any, theirs: str, ours: str) -> None:
    with pytest.raises(AttributeError) as raised:
        getattr(owner, theirs)
    assert str(raised.value).endswith(f"; did you mean {ours}?")
    assert not hasattr(owner, theirs)


def test_a_model_is_no_dictionary_of_vectors() -> None:
    model: Any = Word2Vec()
    with pytest.raises(TypeError, match=r"model\.vectors\[word\]"):
        model["pear"]
    with pytest.raises(TypeError, match="not iterable"):
        list(model)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: VECTORS.most_similar("pear", restrict_vocab=5), "did you mean within?"),  # type: ignore[call-arg]
        (lambda: VECTORS.most_similar("pear", k=5), "did you mean topn?"),  # type: ignore[call-arg]
        (lambda: VECTORS.analogy("a", "b", "c", topm=5), "did you mean topn?"),  # type: ignore[call-arg]
        (lambda: wordkin.load("x", binary=True), "the content of a file decides"),  # type: ignore[call-arg]
        (lambda: wordkin.save("x", wv=VECTORS), "did you mean vectors?"),  # type: ignore[call-arg]
    ],
)
def test_keywords_of_others_are_refused_with_ours(ask: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=rf"^\w+ has no argument '\w+'; {message}"):
        ask()


def test_the_signature_of_a_function_stays() -> None:
    import inspect

    def ask(words: list[str], *, topn: int = 10) -> int:
        """Ask."""
        return topn

    decorated = knows_keywords({})(ask)
    assert inspect.signature(decorated) == inspect.signature(ask)
    assert (decorated.__name__, decorated.__doc__) == ("ask", "Ask.")
    assert decorated([], topn=3) == 3
