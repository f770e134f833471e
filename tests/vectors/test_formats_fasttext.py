"""fastText's files give fastText's vectors, bit for bit; damaged ones are refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from support.samples import FASTTEXT, FASTTEXT_COUNTS, FASTTEXT_OTHERS, FASTTEXT_WORDS
from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats.fasttext import read
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors

SETTINGS = (4, 5, 1, 1, 5, 1, 2, 2, 10, 2, 3, 100, 1e-4)  # dim … minn, maxn, …, t


def made(
    words: dict[bytes, int],
    matrix: Any,
    *,
    labels: dict[bytes, int] | None = None,
    version: int = 12,
    quantised: int = 0,
    pruned: int = -1,
    **settings: int,
) -> bytes:
    """Return a file in fastText's layout with these words, and rows of words and n-grams."""
    names = [
        "dim", "ws", "epoch", "min_count", "neg", "word_ngrams", "loss", "model", "bucket",
        "minn", "maxn", "update_rate", "t",
    ]  # fmt: skip
    labels = labels or {}
    matrix = np.asarray(matrix, "<f4")
    values = dict(zip(names, SETTINGS, strict=True))
    values |= {"dim": matrix.shape[1], "bucket": len(matrix) - len(words)} | settings
    entries = [(w, n, 0) for w, n in words.items()] + [(w, n, 1) for w, n in labels.items()]
    return b"".join(
        [
            struct.pack("<ii", 793712314, version),
            struct.pack("<12id", *values.values()),
            struct.pack("<iiiqq", len(entries), len(words), len(labels), 9, pruned),
            *(word + struct.pack("<Bqb", 0, n, kind) for word, n, kind in entries),
            struct.pack("<bqq", quantised, *matrix.shape),
            matrix.tobytes(),
            struct.pack("<bqq", 0, 0, matrix.shape[1]),
        ]
    )


def written(tmp_path: Path, data: bytes) -> Path:
    (tmp_path / "m.bin").write_bytes(data)
    return tmp_path / "m.bin"


def test_words_have_the_vectors_of_fasttext(tmp_path: Path) -> None:
    found = formats.read(written(tmp_path, FASTTEXT), format="fasttext")
    assert found.words == list(FASTTEXT_WORDS)
    assert found.counts is not None
    assert found.counts.tolist() == FASTTEXT_COUNTS
    wanted = np.array(list(FASTTEXT_WORDS.values()), np.float32)
    np.testing.assert_array_equal(found.matrix, wanted)


def test_unknown_words_have_the_vectors_of_fasttext(tmp_path: Path) -> None:
    vectors = wordkin.load(written(tmp_path, FASTTEXT), format="fasttext")
    assert isinstance(vectors, SubwordVectors)
    for word, vector in (FASTTEXT_WORDS | FASTTEXT_OTHERS).items():
        np.testing.assert_array_equal(vectors[word], np.array(vector, np.float32))


def test_trained_vectors_are_mapped(tmp_path: Path) -> None:
    subwords = read(written(tmp_path, FASTTEXT)).subwords
    assert isinstance(subwords, Subwords)
    for array in (subwords.own, subwords.ngrams):
        base: Any = array
        while not isinstance(base, np.memmap):
            base = base.base
        assert not array.flags.writeable


def test_a_limit_gives_the_first_words(tmp_path: Path) -> None:
    path = written(tmp_path, FASTTEXT)
    whole = read(path)
    for limit in (1, 4, 5, 9):
        found = read(path, limit)
        assert found.words == whole.words[:limit]
        np.testing.assert_array_equal(found.matrix, whole.matrix[:limit])
        assert found.counts is not None
        assert found.counts.tolist() == FASTTEXT_COUNTS[:limit]
        vectors = wordkin.load(path, format="fasttext", limit=limit)
        np.testing.assert_array_equal(
            vectors["cats"], np.array(FASTTEXT_OTHERS["cats"], np.float32)
        )


def test_without_ngrams_a_vector_is_the_row_of_its_word(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    data = made({b"a": 3, b"": 2, b"caf\xe9": 1}, rows, minn=0, maxn=0)
    vectors = wordkin.load(written(tmp_path, data), format="fasttext")
    assert vectors.words == ("a", "", "caf\udce9")
    np.testing.assert_array_equal(vectors.matrix, rows)
    assert not isinstance(vectors, SubwordVectors)


def test_labels_of_a_classifier_are_skipped(tmp_path: Path) -> None:
    labels = {b"__label__x": 7, b"__label__y": 2}
    data = made({b"a": 3, b"b": 2}, np.eye(2), labels=labels, minn=0, maxn=0, model=3)
    found = read(written(tmp_path, data))
    assert found.words == ["a", "b"]
    np.testing.assert_array_equal(found.matrix, np.eye(2))


def test_classifiers_of_version_11_have_no_ngrams(tmp_path: Path) -> None:
    rows = np.eye(4)
    for model, there in ((3, False), (2, True)):
        data = made({b"abc": 3}, rows, version=11, model=model)
        found = read(written(tmp_path, data))
        assert (found.subwords is not None) == there
        assert (found.matrix[0].tolist() == rows[0].tolist()) == (not there)


def test_a_vector_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    data = made({b"a": 3, b"b": 2}, [[1, 2], [np.inf, 1]], minn=0, maxn=0)
    with pytest.raises(FormatError, match=r"m\.bin: .*'b' is not"):
        wordkin.load(written(tmp_path, data), format="fasttext")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"not a fastText model: cut short .* \(at byte 0\)"),
        (b"5 4\nthe 0.1 0.2\n", r"not a fastText model \(at byte 0\)"),
        (made({b"a": 1}, [[1]], version=13), r"must be 11 or 12, got 13 \(at byte 4\)"),
        (made({b"a": 1}, [[1]], quantised=1, maxn=0), r"quantised matrix must .*byte 104\)"),
        (made({b"a": 1}, [[1]], pruned=3, maxn=0), r"but the model is not quantised"),
        (made({b"a": 1}, [[1]], pruned=0, maxn=0), r"but the model is not quantised"),
        (made({b"a": 1}, [[1]], pruned=99, maxn=0), r"cut short in the table of 99 .*byte 103\)"),
        (made({b"a": 1}, [[1]], pruned=-2, maxn=0), r"pruned n-grams is -2 \(at byte 64\)"),
        (made({b"a": 1}, [[1]], model=4, maxn=0), r"1 to 3, got 2, 4 \(at byte 32\)"),
        (made({b"a": 1}, [[1]], loss=0, maxn=0), r"1 to 4 .* got 0, 2 \(at byte 32\)"),
        (made({b"a": 1}, [[1]]), "n-grams need buckets, got 0"),
        (made({b"a": 1}, [[1]], bucket=-1, maxn=0), "buckets at least 0"),
        (made({b"a": 1}, [[1]], dim=0, maxn=0), "dim must be at least 1"),
        (made({b"a": 1}, [[1]], dim=-(2**31), maxn=0), "dim must be at least 1"),
        (made({b"a": 1}, [[1], [2]], maxn=2**31 - 1), r"maxn in 0\.\.64"),
        (made({b"a": 1}, [[1], [2]], maxn=-1), r"maxn in 0\.\.64"),
        (made({b"a": 1}, [[1]], dim=2, maxn=0), r"must have the shape \(1, 2\), got \(1, 1\)"),
        (made({b"a": 1}, [[1], [1]], bucket=0, maxn=0), r"shape \(1, 1\), got \(2, 1\)"),
        (made({b"a": -1}, [[1]], maxn=0), r"negative count \(at byte 94\)"),
        (made({b"a": 1}, [[1]], maxn=0)[:93], r"more entries than it has bytes for \(at byte 92\)"),
        (made({b"a" * 20: 1}, [[1]], maxn=0)[:115], r"cut short after a word \(at byte 112\)"),
        (made({b"a" * 20: 1}, [[1]], maxn=0)[:112], r"a word without an end \(at byte 92\)"),
        (made({b"a": 1}, [[1]], maxn=0)[:-20], r"cut short: 1 bytes for 1 rows of 1"),
    ],
)  # fmt: skip
def test_other_and_damaged_files_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=rf"m\.bin: .*{message}"):
        read(written(tmp_path, data))


def test_a_repeated_word_is_refused(tmp_path: Path) -> None:
    data = made({b"a": 1, b"b": 1}, [[1], [2]], maxn=0).replace(b"b\0", b"a\0")
    with pytest.raises(FormatError, match=r"'a' comes twice \(at byte"):
        read(written(tmp_path, data))


@pytest.mark.parametrize(
    ("at", "layout", "value"),
    [
        (64, "<i", 2**31 - 1), (64, "<i", -1), (68, "<i", 2**31 - 1), (68, "<i", -(2**31)),
        (72, "<i", -1), (72, "<i", 2**31 - 1), (104, "<q", 2**63 - 1), (104, "<q", -1),
        (104, "<q", 0), (112, "<q", 2**62), (112, "<q", -4), (112, "<q", 0),
    ],
)  # fmt: skip
def test_impossible_sizes_are_refused(tmp_path: Path, at: int, layout: str, value: int) -> None:
    data = bytearray(made({b"a": 1}, [[1]], maxn=0))
    struct.pack_into(layout, data, at, value)
    with pytest.raises(FormatError, match=r"at byte \d"):
        read(written(tmp_path, bytes(data)))
