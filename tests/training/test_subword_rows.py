"""A model with subwords: center and canonical vectors of unknown words, predictions, files."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordkin._core import shared_ngrams

import wordkin
from support import toy
from wordkin import SubwordVectors, UnknownWordError, Word2Vec
from wordkin.engines.exact import gauge
from wordkin.objectives import softmax
from wordkin.training.learned import Learned, subword_rows

LINE = np.linspace(-1, 1, 8)


def with_subwords(model: Word2Vec) -> Word2Vec:
    """Return the model as if the engine had trained rows of n-grams, random ones."""
    learned = model._result
    assert learned is not None
    spelled = [word.encode() for word in learned.vectors.words]
    offsets = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
    joined = np.frombuffer(b"".join(spelled), np.uint8)
    ngrams, cuts, *_ = shared_ngrams(joined, offsets, 3, 6, 2, 1000)
    center, outside = learned.center.matrix, learned.outside.matrix
    G = np.random.default_rng(1).normal(size=(len(cuts) - 1, center.shape[1]))
    canonical = learned.vectors is not learned.center
    rows = subword_rows(
        ngrams,
        cuts,
        G,
        LINE,
        (3, 6, False),
        gauge.projection(center, outside) if canonical else None,
    )
    copy = Word2Vec(**model.get_params())
    copy._result = Learned.from_matrices(
        list(learned.vectors.words),
        center,
        outside,
        learned.vectors.matrix if canonical else None,
        learned.counts,
        learned.history,
        learned.account,
        learned.origin,
        learned.corpus,
        rows,
    )
    return copy


@pytest.fixture(scope="module")
def plain() -> Word2Vec:
    settings: dict[str, Any] = {
        "engine": "exact", "dim": 8, "min_count": 1, "window": 3, "subsample": 0, "threads": 1,
        "max_passes": 2, "objective": "naive-softmax", "subwords": "none",
    }  # fmt: skip
    return Word2Vec(**settings).fit(toy.sentences(100))


@pytest.fixture(scope="module")
def model(plain: Word2Vec) -> Word2Vec:
    return with_subwords(plain)


def rows_of(model: Word2Vec, word: str) -> Any:
    learned = model._result
    assert learned is not None
    assert learned.subwords is not None
    table = learned.subwords.table
    return table.rows[table.numbers_of(word)]


def test_center_and_canonical_vectors_are_composed(plain: Word2Vec, model: Word2Vec) -> None:
    s_G = rows_of(model, "fishes").sum(axis=0)
    assert s_G.any()
    M = gauge.projection(model.center.matrix, model.outside.matrix)
    for vectors, wanted in ((model.center, LINE + s_G), (model.vectors, s_G @ M)):
        assert isinstance(vectors, SubwordVectors)
        assert vectors["fishes"].dtype == np.float32
        np.testing.assert_allclose(vectors["fishes"], wanted, rtol=1e-5, atol=1e-6)
    assert not isinstance(model.outside, SubwordVectors)
    for name in ("center", "outside", "vectors"):
        for found in (model, plain):
            np.testing.assert_array_equal(
                getattr(found, name)["fish0"], getattr(plain, name)["fish0"]
            )


def test_an_unknown_center_is_predicted(plain: Word2Vec, model: Word2Vec) -> None:
    v_c = LINE + rows_of(model, "fishes").sum(axis=0)
    wanted = softmax(model.outside.matrix @ v_c)
    found = dict(model.predict("fishes", topn=None))
    assert found == pytest.approx(dict(zip(model.outside.words, wanted, strict=True)), rel=1e-4)
    assert model.predict("fish0") == plain.predict("fish0")
    with pytest.raises(UnknownWordError, match=r"'qqq' is not among .* none of its n-grams"):
        model.predict("qqq")
    with pytest.raises(UnknownWordError, match="'fishes' is not among"):
        plain.predict("fishes")
    with pytest.raises(TypeError, match="a word must be a str, got list"):
        model.predict(["fish0"])  # type: ignore[arg-type]


def test_a_model_with_subwords_is_restored_exactly(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    for back in (Word2Vec.load(path), pickle.loads(pickle.dumps(model))):
        assert back.sha256 == model.sha256
        assert back.center == model.center
        assert back.vectors == model.vectors
        assert back.predict("fishes") == model.predict("fishes")
    assert wordkin.load(path) == model.vectors
    copy = tmp_path / "copy.safetensors"
    Word2Vec.load(path).save(copy)
    assert copy.read_bytes() == path.read_bytes()


def test_the_sha256_depends_on_the_subwords(plain: Word2Vec, model: Word2Vec) -> None:
    learned = model._result
    assert learned is not None
    assert learned.subwords is not None
    other = dataclasses.replace(
        learned, subwords=dataclasses.replace(learned.subwords, line=2 * LINE)
    )
    assert len({plain.sha256, model.sha256, other.sha256}) == 3


def test_a_model_without_canonical_vectors_searches_center_vectors(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"dim": 8, "min_count": 1, "epochs": 1, "threads": 1}
    model = with_subwords(Word2Vec(**settings).fit(toy.sentences(50)))
    assert model.vectors is model.center
    s_G = rows_of(model, "fishes").sum(axis=0)
    np.testing.assert_allclose(model.vectors["fishes"], LINE + s_G, rtol=1e-5, atol=1e-6)
    path = tmp_path / "m.safetensors"
    model.save(path)
    back = Word2Vec.load(path)
    assert back.vectors is back.center
    assert back.vectors == model.vectors
    assert wordkin.load(path) == model.vectors
