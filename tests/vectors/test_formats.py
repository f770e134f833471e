"""Behaviour that all formats share."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import wordkin
from support.finalfusion_files import dense, fifu, simple
from support.samples import FASTTEXT, GENSIM
from support.spacy_folders import a_pipeline
from wordkin.system.errors import SettingsError
from wordkin.vectors.formats import FORMATS

READ = [format.name for format in FORMATS.values() if format.reader]
MATRIX = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
GIVEN = {
    "fasttext": FASTTEXT,
    "gensim": GENSIM,
    "finalfusion": fifu(simple(list("abcde")), dense(MATRIX)),
}


@pytest.fixture(params=READ)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a file of five words in each of the formats that can be read."""
    file: Path = tmp_path / request.param
    if request.param in GIVEN:
        file.write_bytes(GIVEN[request.param])
    elif request.param == "spacy":
        a_pipeline(file, dict(zip("abcde", range(5), strict=True)), MATRIX)
    else:
        vectors = wordkin.WordVectors(list("abcde"), MATRIX, [9, 8, 7, 6, 5])
        wordkin.save(file, vectors, format=request.param)
    return file


@pytest.mark.parametrize("limit", [0, -1, -2])
def test_a_limit_below_1_is_refused(path: Path, limit: int) -> None:
    with pytest.raises(SettingsError, match=f"limit must be at least 1, got {limit}"):
        wordkin.load(path, limit=limit)


def test_a_limit_gives_the_first_words_or_all_of_fewer(path: Path) -> None:
    whole = wordkin.load(path)
    for limit in (1, 4, 5, 6, sys.maxsize, 2**70):
        part = wordkin.load(path, limit=limit)
        assert part.words == whole.words[:limit]
        np.testing.assert_array_equal(part.matrix, whole.matrix[:limit])
        if whole.counts is not None:
            assert part.counts is not None
            np.testing.assert_array_equal(part.counts, whole.counts[:limit])


@pytest.mark.filterwarnings("ignore:safetensors cannot hold these subwords")
def test_loaded_vectors_survive_the_replacement_of_their_file(path: Path) -> None:
    loaded = wordkin.load(path)
    if path.is_dir():
        path = path / ("vectors" if path.name == "spacy" else "model.safetensors")
    before = loaded.matrix.copy()
    wordkin.save(path, loaded.take(2), format="safetensors")
    np.testing.assert_array_equal(loaded.matrix, before)
    wordkin.save(path, loaded, format="safetensors")
    np.testing.assert_array_equal(loaded.matrix, before)
    again = wordkin.load(path)
    assert again.words == loaded.words
    np.testing.assert_array_equal(again.matrix, before)
