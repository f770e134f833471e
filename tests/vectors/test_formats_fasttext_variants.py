"""Quantised models of fastText, those from before its magic number, and those of floret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wordkin._core import ngram_buckets

import wordkin
from support.fasttext_files import WORDS, before_the_magic_number, of_floret, quantised
from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats.fasttext import read
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors

V = len(WORDS)
OTHERS = ["then", "서울시", "</s>x", "a", ""]
ROWS = np.random.default_rng(1).normal(size=(V + 12, 5)).astype(np.float32)
SPELLED = [word.decode("utf-8", "surrogateescape") for word in WORDS]


def written(tmp_path: Path, data: bytes) -> Path:
    (tmp_path / "m").write_bytes(data)
    return tmp_path / "m"


def loaded(path: Path) -> SubwordVectors:
    assert formats.sniff(path) == "fasttext"
    vectors = wordkin.load(path)
    assert isinstance(vectors, SubwordVectors)
    assert vectors.words == tuple(SPELLED)
    assert vectors.counts is not None
    assert vectors.counts.tolist() == list(WORDS.values())
    return vectors


def buckets_of(word: str, buckets: int) -> list[int]:
    raw = np.frombuffer(word.encode("utf-8", "surrogateescape"), np.uint8)
    found: list[int] = ngram_buckets(raw, np.array([0, len(raw)]), 2, 3, buckets, True)[0].tolist()
    return found


def mean(rows: Any) -> Any:
    return np.sum(rows, axis=0) / len(rows) if len(rows) else np.zeros(5)


@pytest.mark.parametrize("norms", [True, False])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 7])
def test_quantised_rows_are_decoded(tmp_path: Path, norms: bool, width: int) -> None:
    data, rows = quantised(width=width, norms=norms)
    vectors = loaded(written(tmp_path, data))
    wanted = Subwords(rows[:V], rows[V:], 2, 3)
    np.testing.assert_allclose(vectors.matrix, wanted.compose(SPELLED, known=V), atol=1e-6)
    np.testing.assert_allclose(vectors.compose(OTHERS), wanted.compose(OTHERS), atol=1e-6)


@pytest.mark.parametrize("kept", [{}, {3: 1, 0: 0, 7: 2}, {b: 11 - b for b in range(12)}])
def test_pruned_ngrams_are_left_out(tmp_path: Path, kept: dict[int, int]) -> None:
    data, rows = quantised(pruned=kept)
    vectors = loaded(written(tmp_path, data))
    for i, word in enumerate([*SPELLED, *OTHERS]):
        own = [rows[i]] if i < V else []
        found = own + [rows[V + kept[b]] for b in buckets_of(word, 12) if b in kept]
        np.testing.assert_allclose(vectors[word], mean(found), atol=1e-6)


def test_a_quantised_model_without_ngrams_has_words_alone(tmp_path: Path) -> None:
    data, rows = quantised(bucket=0, minn=0, maxn=0)
    found = read(written(tmp_path, data), 2)
    assert found.subwords is None
    assert found.words == SPELLED[:2]
    np.testing.assert_allclose(found.matrix, rows[:2], atol=1e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (quantised(pruned={0: 2, 3: 0})[0], "an n-gram has a row beyond the 2 that there are"),
        (quantised(pruned={0: -1})[0], "an n-gram has a row beyond the 1 that there are"),
        (quantised(bucket=7)[0].replace(b"\x07\0\0\0\2\0\0\0\3", b"\x08\0\0\0\2\0\0\0\3"),
         "11 rows cannot be those of 4 words and 8 buckets"),
        (quantised(d=5)[0].replace(b"\x05\0\0\0\x03\0\0\0\x02", b"\x05\0\0\0\x03\0\0\0\x01"),
         "5 numbers cannot be 3 parts of 1"),
        (quantised(d=5)[0][:-1200], "cut short in the"),
    ],
)  # fmt: skip
def test_inconsistent_quantised_models_are_refused(
    tmp_path: Path, data: bytes, message: str
) -> None:
    with pytest.raises(FormatError, match=rf"m: .*{message}.*\(at byte \d"):
        read(written(tmp_path, data))


def test_a_file_from_before_the_magic_number_is_read(tmp_path: Path) -> None:
    vectors = loaded(written(tmp_path, before_the_magic_number(WORDS, ROWS)))
    wanted = Subwords(ROWS[:V], ROWS[V:], 2, 3, whole_end=False)  # "</s>" had n-grams then
    np.testing.assert_array_equal(vectors.matrix, wanted.compose(SPELLED, known=V))
    np.testing.assert_array_equal(vectors.compose(OTHERS), wanted.compose(OTHERS))


def test_a_classifier_from_before_the_magic_number_has_no_ngrams(tmp_path: Path) -> None:
    found = read(written(tmp_path, before_the_magic_number(WORDS, ROWS, model=3)))
    np.testing.assert_array_equal(found.matrix, ROWS[:V])


def test_ngrams_of_one_character_depend_on_the_date_then(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"depends on when it was written \(at byte 36\)"):
        read(written(tmp_path, before_the_magic_number(WORDS, ROWS, minn=1)))


def test_floret_is_read_where_it_is_fasttext_and_else_named(tmp_path: Path) -> None:
    vectors = loaded(written(tmp_path, of_floret(WORDS, ROWS, mode=1)))
    wanted = Subwords(ROWS[:V], ROWS[V:], 2, 3)
    np.testing.assert_array_equal(vectors.matrix, wanted.compose(SPELLED, known=V))
    np.testing.assert_array_equal(vectors.compose(OTHERS), wanted.compose(OTHERS))
    with pytest.raises(FormatError, match=r"a model of floret, with 2 hashes .*\(at byte 52\)"):
        read(written(tmp_path, of_floret(WORDS, ROWS, mode=2, hashes=2)))
