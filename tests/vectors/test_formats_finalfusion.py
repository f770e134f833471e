"""finalfusion's files give the vectors that were stored, and those of n-grams for other words."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from support.finalfusion_files import (
    BUCKETS,
    FASTTEXT,
    FLORET,
    METADATA,
    dense,
    explicit,
    fifu,
    hashed,
    norms,
    quantised,
    simple,
)
from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats.finalfusion import read
from wordkin.vectors.subwords import SubwordVectors

WORDS = ["the", "서울", "a b", ""]
OTHERS = ["then", "서울시", "a"]
V = len(WORDS)
RNG = np.random.default_rng(1)
MATRIX = RNG.normal(size=(V, 6)).astype(np.float32)
LENGTHS = np.array([1, 2, 0.5, 10], np.float32)


def written(tmp_path: Path, data: bytes) -> Path:
    (tmp_path / "v").write_bytes(data)
    return tmp_path / "v"


def ngrams_of(word: str) -> list[str]:
    marked = f"<{word}>"
    return [marked[i : i + n] for n in (2, 3) for i in range(len(marked) - n + 1)]


def fasttexts_hash(ngram: str) -> int:
    h = 2166136261
    for byte in np.frombuffer(ngram.encode(), np.int8).tolist():
        h = ((h ^ (byte % 2**32)) * 16777619) % 2**32
    return h


def finalfusions_hash(ngram: str) -> int:
    """FNV-1a with 64 bits, of the length as 8 bytes and of each character as 4 bytes."""
    h = 0xCBF29CE484222325
    for byte in len(ngram).to_bytes(8, "little") + ngram.encode("utf-32-le"):
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    return h


def direction(rows: Any) -> Any:
    total = np.sum(rows, axis=0)
    return total / np.linalg.norm(total)


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_words_and_vectors_are_read(tmp_path: Path, padding: int) -> None:
    path = written(tmp_path, fifu((METADATA, b"x"), simple(WORDS), dense(MATRIX, padding)))
    assert formats.sniff(path) == "finalfusion"
    for limit in (None, 1, 4, 9):
        found = formats.read(path, limit=limit)
        assert found.words == WORDS[:limit]
        np.testing.assert_array_equal(found.matrix, MATRIX[:limit])
        assert found.subwords is None


def test_vectors_have_the_lengths_that_the_norms_give(tmp_path: Path) -> None:
    found = read(written(tmp_path, fifu(simple(WORDS), dense(MATRIX), norms(LENGTHS))), 3)
    np.testing.assert_allclose(found.matrix, (MATRIX * LENGTHS[:, np.newaxis])[:3], rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "buckets", "count", "hash_of"),
    [(FASTTEXT, 11, 11, fasttexts_hash), (BUCKETS, 4, 16, finalfusions_hash)],
)
def test_hashed_ngrams_compose_other_words(
    tmp_path: Path, kind: int, buckets: int, count: int, hash_of: Callable[[str], int]
) -> None:
    rows = RNG.normal(size=(V + count, 6)).astype(np.float32)
    path = written(tmp_path, fifu(hashed(kind, WORDS, buckets), dense(rows), norms(LENGTHS)))
    vectors = wordkin.load(path)
    assert isinstance(vectors, SubwordVectors)
    np.testing.assert_allclose(vectors.matrix, rows[:V] * LENGTHS[:, np.newaxis], rtol=1e-6)
    for word in OTHERS:
        wanted = direction([rows[V + hash_of(n) % count] for n in ngrams_of(word)])
        np.testing.assert_allclose(vectors[word], wanted, atol=1e-6)
    assert pickle.loads(pickle.dumps(vectors)) == vectors


@pytest.mark.parametrize("short", [0, 8])
def test_explicit_ngrams_compose_other_words(tmp_path: Path, short: int) -> None:
    """finalfusion's Python package writes too small a length of the chunk."""
    every = sorted({n for word in WORDS for n in ngrams_of(word)})
    ngrams = {n: row % 7 for row, n in enumerate(every)}  # several can have one row
    rows = RNG.normal(size=(V + 7, 6)).astype(np.float32)
    data = fifu(explicit(WORDS, ngrams), dense(rows), short=short * len(ngrams))
    vectors = wordkin.load(written(tmp_path, data))
    for word in OTHERS:
        found = [rows[V + ngrams[n]] for n in ngrams_of(word) if n in ngrams]
        np.testing.assert_allclose(vectors[word], direction(found), atol=1e-6)
    assert not vectors["zzz"].any()  # it has none of these n-grams
    assert pickle.loads(pickle.dumps(vectors)) == vectors


@pytest.mark.parametrize("projected", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_quantised_rows_are_decoded(tmp_path: Path, projected: bool, scaled: bool) -> None:
    codes = RNG.integers(0, 5, (V, 3))
    centroids = RNG.normal(size=(3, 5, 2)).astype(np.float32)
    projection = RNG.normal(size=(6, 6)).astype(np.float32) if projected else None
    lengths = LENGTHS if scaled else None
    path = written(tmp_path, fifu(simple(WORDS), quantised(codes, centroids, projection, lengths)))
    wanted = np.array([np.concatenate([centroids[m, c] for m, c in enumerate(r)]) for r in codes])
    wanted = wanted @ projection.T if projected else wanted  # type: ignore[union-attr]
    wanted = wanted * LENGTHS[:, np.newaxis] if scaled else wanted
    np.testing.assert_allclose(read(path).matrix, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"cut short in the magic bytes"),
        (b"FiFa", r"not a file of finalfusion"),
        (fifu(version=1), r"the version must be 0, got 1"),
        (
            fifu(simple(WORDS), dense(MATRIX)).replace(b"\2\0\0\0\1", b"\2\0\0\0\5", 1),
            "no chunk of the kind 5",
        ),
        (fifu(dense(MATRIX)), "there must be 1 vocabulary, got 0"),
        (fifu(simple(WORDS)), "there must be 1 storage, got 0"),
        (fifu(simple(WORDS), simple(WORDS), dense(MATRIX)), "1 vocabulary, got 2"),
        (fifu((FLORET, b""), dense(MATRIX)), "a vocabulary of floret"),
        (fifu(simple(WORDS[:3]), dense(MATRIX)), "3 words and 0 rows of n-grams, but 4 rows"),
        (fifu(hashed(FASTTEXT, WORDS, 3), dense(MATRIX)), "4 words and 3 rows of n-grams, but 4"),
        (fifu(simple(WORDS), dense(MATRIX[:3])), "4 words, but 3 rows"),
        (fifu(hashed(FASTTEXT, WORDS, 0), dense(MATRIX)), "n-grams need buckets"),
        (fifu(hashed(BUCKETS, WORDS, 64), dense(MATRIX)), r"2\^64 buckets are too many"),
        (fifu(hashed(FASTTEXT, WORDS, 3, 0), dense(MATRIX)), "must have 1 to 64 characters"),
        (fifu(hashed(FASTTEXT, WORDS, 3, 4, 3), dense(MATRIX)), "characters, got 4 to 3"),
        (fifu(explicit(WORDS, {"<t": 1}), dense(MATRIX)), "an n-gram has the row 1, but not all"),
        (fifu(simple(WORDS), dense(MATRIX), norms(LENGTHS[:3])), "norms of 4 words, got 3"),
        (fifu(simple([*WORDS[:3], "the"]), dense(MATRIX)), "the word 'the' comes twice"),
        (fifu(simple(WORDS), quantised(np.full((4, 1), 2), np.ones((1, 2, 6)))), "a code of 2"),
    ],
)
def test_other_and_damaged_files_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=rf"v: .*{message}.*\(at byte "):
        read(written(tmp_path, data))
