"""The approximate index against exact answers, and its file with damage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wordkin.system.errors import FormatError, SettingsError, UnknownWordError, WordkinError
from wordkin.system.tensors import write_tensors
from wordkin.vectors import WordVectors
from wordkin.vectors.approximate import ApproximateVectors
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors


def made(V: int = 2000, d: int = 16, seed: int = 0) -> WordVectors:
    """Vectors in clusters, of very different lengths, a few of them zero."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(V // 20 + 1, d))[np.arange(V) % (V // 20 + 1)]
    matrix = (matrix + rng.normal(size=(V, d)) * 0.3) * np.exp(rng.normal(size=(V, 1)) * 3)
    matrix[::500] = 0
    return WordVectors([f"w{i}" for i in range(V)], matrix)


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return made()


@pytest.fixture(scope="module")
def approximate(vectors: WordVectors) -> ApproximateVectors:
    return ApproximateVectors(vectors, threads=1)


def test_nearly_all_neighbours_are_found(approximate: ApproximateVectors) -> None:
    assert approximate.recall(k=10, sample=500) > 0.95
    assert approximate.recall(k=3, sample=10**9) <= 1.0


def test_a_worse_index_has_a_lower_recall(vectors: WordVectors) -> None:
    worse = ApproximateVectors(
        vectors, connectivity=2, expansion_add=2, expansion_search=1, threads=1
    )
    assert worse.recall(k=10, sample=500) < 0.9


def test_cosines_are_exact_and_in_the_exact_order(
    vectors: WordVectors, approximate: ApproximateVectors
) -> None:
    for word in ("w1", "w77", "w1999"):
        exact = dict(vectors.most_similar(word, topn=len(vectors)))
        place = {w: i for i, w in enumerate(exact)}
        answer = approximate.most_similar(word, topn=20)
        assert len(answer) == 20
        assert all(exact[w] == cosine for w, cosine in answer)
        assert [place[w] for w, _ in answer] == sorted(place[w] for w, _ in answer)


def test_a_batch_gives_the_answers_of_single_queries(approximate: ApproximateVectors) -> None:
    words = [f"w{i}" for i in range(1, 60)]
    batch = approximate.most_similar_batch(words, topn=4)
    assert batch == [approximate.most_similar(word, topn=4) for word in words]
    assert approximate.most_similar_batch([]) == []


def test_a_batch_accepts_what_one_query_accepts(approximate: ApproximateVectors) -> None:
    matrix = approximate.vectors.matrix[:5]
    assert approximate.most_similar_batch(matrix) == [approximate.most_similar(v) for v in matrix]
    ngrams = np.eye(3, dtype=np.float32)
    parts = Subwords(ngrams, ngrams, shortest=2, longest=3)
    small = ApproximateVectors(SubwordVectors(["a", "b", "c"], np.eye(3), None, parts))
    words = ["unseen", "a"]
    assert small.most_similar_batch(words) == small.vectors.most_similar_batch(words)


def test_queries_of_several_words_match_exact_vectors(
    vectors: WordVectors, approximate: ApproximateVectors
) -> None:
    answer = approximate.analogy("w1", "w2", "w3", topn=5)
    exact = dict(vectors.analogy("w1", "w2", "w3", topn=len(vectors)))
    assert not {"w1", "w2", "w3"} & {w for w, _ in answer}
    assert all(exact[w] == cosine for w, cosine in answer)
    assert approximate.most_similar(vectors["w5"], topn=1) == [("w5", 1.0)]
    assert approximate.vectors is vectors


def test_invalid_queries_are_refused_as_by_exact_vectors(
    vectors: WordVectors, approximate: ApproximateVectors
) -> None:
    with pytest.raises(UnknownWordError):
        approximate.most_similar("plum")
    with pytest.raises(UnknownWordError):
        approximate.most_similar_batch(["w1", "plum"])
    with pytest.raises(SettingsError, match="topn must be at least 1, got 0"):
        approximate.most_similar("w1", topn=0)
    with pytest.raises(SettingsError, match="several words, got the word 'w1'"):
        approximate.most_similar_batch("w1")
    with pytest.raises(SettingsError, match="connectivity must be at least 1, got 0"):
        ApproximateVectors(vectors, connectivity=0)


@pytest.mark.parametrize("V", [0, 1, 2, 5])
def test_in_small_vocabularies_all_neighbours_are_found(V: int) -> None:
    vectors = WordVectors([f"w{i}" for i in range(V)], np.arange(1, V * 2 + 1).reshape(V, 2))
    small = ApproximateVectors(vectors)
    assert small.recall() == 1.0
    assert len(small.most_similar(np.ones(2), topn=99)) == V
    for word in vectors:
        assert small.most_similar(word, topn=99) == vectors.most_similar(word, topn=99)


def test_one_thread_always_builds_the_same_index(tmp_path: Path, vectors: WordVectors) -> None:
    for name in ("a", "b"):
        ApproximateVectors(vectors, threads=1).save_index(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# Saved indexes.


@pytest.fixture
def saved(tmp_path: Path, approximate: ApproximateVectors) -> Path:
    approximate.save_index(tmp_path / "index")
    return tmp_path / "index"


def test_a_saved_index_can_be_loaded(
    saved: Path, vectors: WordVectors, approximate: ApproximateVectors
) -> None:
    again = ApproximateVectors(vectors, index=saved)
    words = [f"w{i}" for i in range(1, 40)]
    assert again.most_similar_batch(words) == approximate.most_similar_batch(words)


def test_an_index_of_other_vectors_is_refused(saved: Path, vectors: WordVectors) -> None:
    others = [
        made(seed=1),
        made(V=100),
        made(d=8),
        WordVectors([f"v{i}" for i in range(2000)], vectors.matrix),
    ]
    for other in others:
        with pytest.raises(FormatError, match="index: the index belongs to other vectors"):
            ApproximateVectors(other, index=saved)


@pytest.mark.parametrize("at", [3, 40, 400, 50_000, -1])
def test_a_damaged_index_is_refused(at: int, saved: Path, vectors: WordVectors) -> None:
    data = bytearray(saved.read_bytes())
    data[at] ^= 0x55
    saved.write_bytes(data)
    with pytest.raises(FormatError, match="index: "):
        ApproximateVectors(vectors, index=saved)


@pytest.mark.parametrize("size", [0, 7, 100, 100_000, -1])
def test_a_truncated_index_is_refused(size: int, saved: Path, vectors: WordVectors) -> None:
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(FormatError, match="index: "):
        ApproximateVectors(vectors, index=saved)


def test_another_or_missing_file_is_refused(tmp_path: Path, vectors: WordVectors) -> None:
    from wordkin.system.tensors import write_tensors

    with open(tmp_path / "other", "wb", buffering=0) as file:
        write_tensors(file, {"index": np.zeros(3)}, {})
    with pytest.raises(FormatError, match="not a wordkin index"):
        ApproximateVectors(vectors, index=tmp_path / "other")
    with pytest.raises(FileNotFoundError, match="missing"):
        ApproximateVectors(vectors, index=tmp_path / "missing")


def test_an_index_with_deeply_nested_metadata_is_refused(
    tmp_path: Path, vectors: WordVectors
) -> None:
    with open(tmp_path / "index", "wb", buffering=0) as file:
        index = {"index": np.zeros(8, np.uint8)}
        write_tensors(file, index, {"wordkin-index": "[" * 200_000})
    with pytest.raises(FormatError, match=r"not a wordkin index: .*nested too deeply"):
        ApproximateVectors(vectors, index=tmp_path / "index")


def test_without_usearch_the_error_says_what_to_install(
    vectors: WordVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent: Any = None  # makes an import of it raise ImportError
    monkeypatch.setitem(sys.modules, "usearch.index", absent)
    with pytest.raises(WordkinError, match=r"pip install 'wordkin\[ann\]'"):
        ApproximateVectors(vectors)
