"""Every field of gensim's files that changes the meaning of another is honoured, or refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from support.gensim_pickles import (
    VECTORS,
    FastTextKeyedVectors,
    KeyedVectors,
    PoincareKeyedVectors,
    Vocab,
    Word2Vec,
    attributes,
)
from support.samples import GENSIM
from wordkin.system.errors import FormatError
from wordkin.system.types import Float32
from wordkin.vectors.formats.gensim import read
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors

KNOWN = ["the", "café", "서울", "x"]
OTHERS = ["then", "cafés", "서울시", "a", ""]
MIN_N, MAX_N, BUCKETS = 2, 4, 30
NGRAMS = np.random.default_rng(2).normal(size=(BUCKETS, 3)).astype(np.float32)


def saved(path: Path, thing: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(thing, protocol))
    return path


def vocabulary(words: list[str]) -> dict[str, Vocab]:
    return {word: Vocab(index=i, count=9 - i) for i, word in reversed([*enumerate(words)])}


def third(**change: Any) -> dict[str, Any]:
    """Return the attributes of FastText's KeyedVectors in gensim 3."""
    given = {
        "index2word": KNOWN,
        "vocab": vocabulary(KNOWN),
        "vectors_vocab": VECTORS,
        "vectors_ngrams": NGRAMS,
        "bucket": BUCKETS,
        "min_n": MIN_N,
        "max_n": MAX_N,
        "compatible_hash": True,
        "__numpys": [],
    } | change
    return {name: value for name, value in given.items() if value is not None}


def ngrams_of(word: str) -> Iterator[str]:
    marked = f"<{word}>"
    for size in range(MIN_N, MAX_N + 1):
        for begin in range(len(marked) - size + 1):
            yield marked[begin : begin + size]


def fasttexts_hash(ngram: str) -> int:
    h = 2166136261
    for byte in np.frombuffer(ngram.encode(), np.int8).tolist():
        h = ((h ^ (byte % 2**32)) * 16777619) % 2**32
    return h % BUCKETS


def gensims_old_hash(ngram: str) -> int:
    """Hash as gensim before 3.7 did."""
    with np.errstate(over="ignore"):
        h = np.uint32(2166136261)
        for character in ngram:
            h = h ^ np.uint32(ord(character))
            h = h * np.uint32(16777619)
    return int(h) % BUCKETS


def means(own: Float32 | None, row_of: Callable[[str], Any], words: list[str]) -> Float32:
    """Return the mean of the rows of each word; `row_of` gives None for an n-gram without one."""
    found = []
    for i, word in enumerate(words):
        rows = [row for n in ngrams_of(word) if (row := row_of(n)) is not None]
        rows += [] if own is None else [own[i]]
        found.append(np.mean(rows, axis=0) if rows else np.zeros(3))
    return np.array(found, np.float32)


def loaded(path: Path) -> SubwordVectors:
    vectors = wordkin.load(path, format="gensim")
    assert isinstance(vectors, SubwordVectors)
    return vectors


def assert_close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_hash2index_selects_the_rows_of_ngrams(tmp_path: Path) -> None:
    moved = np.random.default_rng(3).permutation(BUCKETS)
    stored = np.empty_like(NGRAMS)
    stored[moved] = NGRAMS  # bucket h is in row moved[h]
    hash2index = {h: int(row) for h, row in enumerate(moved)}
    path = saved(
        tmp_path / "kv",
        FastTextKeyedVectors(**third(vectors_ngrams=stored, hash2index=hash2index)),
    )
    vectors = loaded(path)
    wanted = Subwords(VECTORS, NGRAMS, MIN_N, MAX_N, whole_end=False)
    assert_close(vectors.matrix, wanted.compose(KNOWN, known=len(KNOWN)))
    assert_close(vectors.compose(OTHERS), wanted.compose(OTHERS))


@pytest.mark.parametrize("compatible", [True, False, None])
def test_ngrams_without_a_row_are_left_out(tmp_path: Path, compatible: bool | None) -> None:
    """gensim 3.4 to 3.7.0 kept the rows of the buckets that the vocabulary uses."""
    hashed = fasttexts_hash if compatible else gensims_old_hash
    used = sorted({hashed(n) for word in KNOWN for n in ngrams_of(word)})
    assert len(used) < BUCKETS
    rng = np.random.default_rng(4)
    hash2index = {h: int(row) for row, h in enumerate(rng.permutation(used))}
    stored = rng.normal(size=(len(used), 3)).astype(np.float32)
    given = third(hash2index=hash2index, vectors_ngrams=stored, compatible_hash=compatible)
    vectors = loaded(saved(tmp_path / "kv", FastTextKeyedVectors(**given)))

    def row_of(ngram: str) -> Any:
        return stored[hash2index[hashed(ngram)]] if hashed(ngram) in hash2index else None

    assert_close(vectors.matrix, means(VECTORS, row_of, KNOWN))
    assert_close(vectors.compose(OTHERS), means(None, row_of, OTHERS))
    assert pickle.loads(pickle.dumps(vectors)) == vectors


@pytest.mark.parametrize("compatible", [False, None])
def test_the_hash_of_gensim_before_3_7_is_that_of_characters(
    tmp_path: Path, compatible: bool | None
) -> None:
    path = saved(tmp_path / "kv", FastTextKeyedVectors(**third(compatible_hash=compatible)))
    vectors = loaded(path)

    def row_of(ngram: str) -> Any:
        return NGRAMS[gensims_old_hash(ngram)]

    assert_close(vectors.matrix, means(VECTORS, row_of, KNOWN))
    assert_close(vectors.compose(OTHERS), means(None, row_of, OTHERS))


def test_gensim_4_has_no_other_hash_than_that_of_fasttext(tmp_path: Path) -> None:
    wanted = Subwords(VECTORS, NGRAMS, MIN_N, MAX_N, whole_end=False)
    for compatible in (True, None):
        given = third(index2word=None, vocab=None, compatible_hash=compatible, index_to_key=KNOWN)
        vectors = loaded(saved(tmp_path / f"{compatible}", FastTextKeyedVectors(**given)))
        np.testing.assert_array_equal(vectors.compose(OTHERS), wanted.compose(OTHERS))
    given = third(index2word=None, vocab=None, compatible_hash="no", index_to_key=KNOWN)
    with pytest.raises(FormatError, match="compatible_hash must be True or False"):
        read(saved(tmp_path / "kv", FastTextKeyedVectors(**given)))


@pytest.mark.parametrize("lost", [False, True])
def test_older_files_have_the_row_of_each_ngram(tmp_path: Path, lost: bool) -> None:
    """In gensim 2.3 to 3.3 the n-grams themselves are the keys."""
    every = sorted({n for word in KNOWN for n in ngrams_of(word)})
    ngrams = {n: row for row, n in enumerate(reversed(every))}
    stored = np.random.default_rng(5).normal(size=(len(ngrams), 3)).astype(np.float32)
    final = np.random.default_rng(6).normal(size=(4, 3)).astype(np.float32)
    given = third(
        ngrams=ngrams, hash2index={}, syn0=final, bucket=None, compatible_hash=None,
        vectors_vocab=None, vectors_ngrams=None,
    )  # fmt: skip
    given |= {"syn0_all": stored} if lost else {"syn0_ngrams": stored, "syn0_vocab": VECTORS}
    model = Word2Vec(wv=FastTextKeyedVectors(**given), bucket=2_000_000)
    vectors = loaded(saved(tmp_path / "m", model, 2))
    np.testing.assert_array_equal(vectors.matrix, final)

    def row_of(ngram: str) -> Any:
        return stored[ngrams[ngram]] if ngram in ngrams else None

    assert_close(vectors.compose(OTHERS), means(None, row_of, OTHERS))
    assert vectors.counts is not None
    assert vectors.counts.tolist() == [9, 8, 7, 6]


def test_vectors_that_are_there_are_not_composed_again(tmp_path: Path) -> None:
    """`init_sims(replace=True)` scales them, but not what they were composed of."""
    final = np.random.default_rng(6).normal(size=(4, 3)).astype(np.float32)
    vectors = loaded(saved(tmp_path / "kv", FastTextKeyedVectors(**third(vectors=final))))
    np.testing.assert_array_equal(vectors.matrix, final)
    wanted = Subwords(VECTORS, NGRAMS, MIN_N, MAX_N, whole_end=False)
    assert_close(vectors.compose(OTHERS), wanted.compose(OTHERS))


@pytest.mark.parametrize("change", [{"bucket": 0}, {"max_n": 0}])
def test_without_ngrams_the_vectors_of_words_are_all(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    vectors = wordkin.load(
        saved(tmp_path / "kv", FastTextKeyedVectors(**third(**change))), format="gensim"
    )
    assert not isinstance(vectors, SubwordVectors)
    np.testing.assert_array_equal(vectors.matrix, VECTORS)


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    hash2index = {np.uint32(h): np.int64(BUCKETS - 1 - h) for h in range(BUCKETS)}
    words = {w: Vocab(index=np.int64(i), count=np.uint32(7 + i)) for i, w in enumerate(KNOWN)}
    given = third(hash2index=hash2index, vectors_ngrams=NGRAMS[::-1].copy(), vocab=words)
    for protocol in (2, 4):
        path = saved(tmp_path / f"{protocol}", FastTextKeyedVectors(**given), protocol)
        vectors = loaded(path)
        wanted = Subwords(VECTORS, NGRAMS, MIN_N, MAX_N, whole_end=False)
        assert_close(vectors.compose(OTHERS), wanted.compose(OTHERS))
        assert vectors.counts is not None
        assert vectors.counts.tolist() == [7, 8, 9, 10]


@pytest.mark.parametrize("beside", ["vectors.npz", "wv.vectors.npz"])
def test_compressed_arrays_beside_a_file_are_read(tmp_path: Path, beside: str) -> None:
    given = attributes(index_to_key=list("abcd"), key_to_index={}, __numpys=["vectors"])
    del given["vectors"]
    keyed = KeyedVectors(**given)
    path = saved(tmp_path / "m", Word2Vec(wv=keyed) if beside.startswith("wv") else keyed)
    np.savez_compressed(tmp_path / f"m.{beside}", val=VECTORS)
    found = read(path)
    np.testing.assert_array_equal(found.matrix, VECTORS)
    whole = (tmp_path / f"m.{beside}").read_bytes()
    for size in range(0, len(whole), 7):
        (tmp_path / f"m.{beside}").write_bytes(whole[:size])
        with pytest.raises(FormatError, match=r"\.npz: .* \(at byte 0\)"):
            read(path)
    np.testing.assert_array_equal(found.matrix, VECTORS)


def test_a_listed_file_goes_before_what_the_pickle_holds(tmp_path: Path) -> None:
    np.save(tmp_path / "kv.vectors.npy", VECTORS)
    given = attributes(index_to_key=list("abcd"), key_to_index={}, vectors=VECTORS + 1)
    np.testing.assert_array_equal(
        read(saved(tmp_path / "kv", KeyedVectors(**given))).matrix, VECTORS + 1
    )
    given["__numpys"] = ["vectors"]
    np.testing.assert_array_equal(
        read(saved(tmp_path / "kv", KeyedVectors(**given))).matrix, VECTORS
    )


def test_rows_set_aside_for_later_have_no_word(tmp_path: Path) -> None:
    """`KeyedVectors(3, count=4)` has rows for words that were not added yet."""
    given = attributes(index_to_key=["a", None, "b", None], key_to_index={"a": 0, "b": 2})
    path = saved(tmp_path / "kv", KeyedVectors(**given))
    for limit in (None, 2, 1):
        found = read(path, limit)
        assert found.words == ["a", "b"][:limit]
        np.testing.assert_array_equal(found.matrix, VECTORS[[0, 2]][:limit])
        assert found.counts is not None
        assert found.counts.tolist() == [4, 2][:limit]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hash2index": {0: BUCKETS}}, "an n-gram has the row 30, but there are 30 rows"),
        ({"hash2index": {"a": 1}}, "hash2index must map int to rows"),
        ({"hash2index": [1]}, "hash2index must map int to rows"),
        ({"hash2index": {0: -1}}, "hash2index must map int to rows"),
        ({"ngrams": {"<t": BUCKETS}}, "an n-gram has the row 30, but there are 30 rows"),
        ({"ngrams": {1: 1}}, "ngrams must map str to rows"),
        ({"bucket": BUCKETS + 1}, "31 buckets, but 30 vectors of n-grams"),
        ({"bucket": 2**70}, "bucket must be an integer of at least 0"),
        ({"min_n": 0, "compatible_hash": False}, "min_n must be at least 1 in files of this ver"),
        ({"max_n": 65}, "max_n must be at most 64"),
        ({"vectors_vocab": VECTORS[:2]}, "4 words, but 2 vectors of words"),
        ({"vectors": VECTORS[:2]}, "4 words, but 2 vectors"),
        (
            {"vocab": vocabulary(["x", *KNOWN[:3]])},
            "the word 'the' has the row 0 in one index, and 1 in the other",
        ),
    ],
)
def test_fields_that_contradict_each_other_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=rf"kv: {message}.*\(at byte 0\)"):
        read(saved(tmp_path / "kv", FastTextKeyedVectors(**third(**change))))


def test_a_permuted_key_to_index_is_refused(tmp_path: Path) -> None:
    given = attributes(index_to_key=list("abcd"), key_to_index={"a": 0, "b": 2, "c": 1, "d": 3})
    with pytest.raises(FormatError, match="the word 'b' has the row 1 in one index, and 2"):
        read(saved(tmp_path / "kv", KeyedVectors(**given)))


def test_a_model_with_another_bucket_is_refused(tmp_path: Path) -> None:
    model = Word2Vec(wv=FastTextKeyedVectors(**third()), bucket=BUCKETS + 1)
    with pytest.raises(FormatError, match="bucket is 30 and 31"):
        read(saved(tmp_path / "m", model))


def test_hyperbolic_vectors_are_refused(tmp_path: Path) -> None:
    keyed = PoincareKeyedVectors(index2word=KNOWN, syn0=VECTORS, vocab=vocabulary(KNOWN))
    for thing in (keyed, Word2Vec(kv=keyed)):
        with pytest.raises(FormatError, match=r"PoincareKeyedVectors: its distances are hyperb"):
            read(saved(tmp_path / "kv", thing))


def test_other_objects_of_gensim_are_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="Vocab, but not of gensim's vectors"):
        read(saved(tmp_path / "kv", Vocab(count=1)))


def test_a_large_file_of_gensim_3_is_read(tmp_path: Path) -> None:
    words = [f"{i:x}" for i in range(100_000)]
    given = {"index2word": words, "vocab": vocabulary(words), "__numpys": ["vectors"]}
    np.save(tmp_path / "kv.vectors.npy", np.ones((len(words), 2), np.float32))
    given["vocab"] = {w: Vocab(index=i, count=i, sample_int=2**32) for i, w in enumerate(words)}
    found = read(saved(tmp_path / "kv", KeyedVectors(**given), 2))
    assert found.words == words
    assert found.counts is not None
    assert found.counts[-1] == 99_999


def test_a_file_of_gensim_itself_agrees_with_its_index(tmp_path: Path) -> None:
    (tmp_path / "kv").write_bytes(GENSIM)
    assert read(tmp_path / "kv").words
