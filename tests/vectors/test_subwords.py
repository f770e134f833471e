"""Vectors of unknown words: n-grams equal fastText's, and every query accepts them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.samples import FASTTEXT_ROWS
from support.strategies import any_words
from wordkin import _core
from wordkin.system.errors import SettingsError, UnknownWordError
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors

RNG = np.random.default_rng(3)
OWN = RNG.normal(size=(3, 4)).astype(np.float32)
NGRAMS = RNG.normal(size=(50, 4)).astype(np.float32)
WORDS = ["the", "seoul", "</s>"]


def subwords(**change: Any) -> Subwords:
    given: dict[str, Any] = {"own": OWN, "ngrams": NGRAMS, "shortest": 2, "longest": 4}
    return Subwords(**given | change)


def vectors() -> SubwordVectors:
    parts = subwords()
    return SubwordVectors(WORDS, parts.compose(WORDS, known=3), [3, 2, 1], parts)


def buckets(word: bytes, shortest: int, longest: int, size: int, end: bool = True) -> list[int]:
    """Return the buckets of a word's n-grams, by definition."""
    if end and word == b"</s>":
        return []
    text = b"<" + word + b">"
    begins = [i for i, byte in enumerate(text) if byte & 0xC0 != 0x80] + [len(text)]
    found = []
    for i in range(len(begins) - 1):
        for n in range(1, longest + 1):
            if i + n >= len(begins) or n < shortest:
                continue
            a, b = begins[i], begins[i + n]
            if n == 1 and (a == 0 or b == len(text)):
                continue
            hash_ = 2166136261
            for byte in text[a:b]:
                hash_ = ((hash_ ^ (byte | 0xFFFFFF00 if byte > 127 else byte)) * 16777619) % 2**32
            found.append(hash_ % size)
    return found


def native(words: list[bytes], *rules: Any) -> list[list[int]]:
    joined = np.frombuffer(b"".join(words), np.uint8)
    offsets = np.cumsum([0, *map(len, words)], dtype=np.int64)
    found, ends = _core.ngram_buckets(joined, offsets, *rules)
    return [found[a:b].tolist() for a, b in pairwise(ends)]


def test_ngrams_are_those_of_fasttext() -> None:
    words = [word.encode() for word in FASTTEXT_ROWS]
    rows = [[5 + bucket for bucket in found] for found in native(words, 2, 3, 10, True)]
    assert rows == [[row for row in rows if row >= 5] for rows in FASTTEXT_ROWS.values()]


@given(
    words=st.lists(st.binary(max_size=20) | st.text(max_size=8).map(str.encode), max_size=5),
    shortest=st.integers(-1, 4),
    longest=st.integers(-1, 6),
    size=st.sampled_from([1, 7, 2_000_000, 2**32]),
    end=st.booleans(),
)
@settings(deadline=None)
def test_ngrams_of_any_bytes_are_as_defined(
    words: list[bytes], shortest: int, longest: int, size: int, end: bool
) -> None:
    words = [*words, b"</s>"]
    wanted = [buckets(word, shortest, longest, size, end) for word in words]
    assert native(words, shortest, longest, size, end) == wanted


@given(words=any_words, known=st.integers(0, 3))
@settings(deadline=None)
def test_a_vector_is_the_mean_of_own_row_and_ngrams(words: list[str], known: int) -> None:
    composed = subwords().compose(words, known=min(known, len(words)))
    for i, word in enumerate(words):
        spelled = word.encode("utf-8", "surrogateescape")
        rows = [OWN[i]] if i < known else []
        rows += [NGRAMS[bucket] for bucket in buckets(spelled, 2, 4, 50)]
        wanted = np.mean(rows, axis=0) if rows else np.zeros(4)
        np.testing.assert_allclose(composed[i], wanted, rtol=1e-5, atol=1e-6)


def test_many_words_on_all_threads_equal_single_ones() -> None:
    words = [f"w{i}" for i in range(3000)]
    parts = subwords()
    one_by_one = np.concatenate([parts.compose([word]) for word in words])
    np.testing.assert_array_equal(parts.compose(words), one_by_one)


def test_rows_may_be_unaligned() -> None:
    raw = np.zeros(NGRAMS.nbytes + 1, np.uint8)
    raw[1:] = NGRAMS.view(np.uint8).ravel()
    odd = raw[1:].view(np.float32).reshape(NGRAMS.shape)
    assert not odd.flags.aligned
    words = ["abc", "한국어"]
    np.testing.assert_array_equal(subwords(ngrams=odd).compose(words), subwords().compose(words))


def test_every_query_accepts_any_word() -> None:
    v = vectors()
    assert v["unseen"].shape == (4,)
    assert not v["unseen"].flags.writeable
    assert [word for word, _ in v.most_similar("unseen", topn=9)] != []
    assert {word for word, _ in v.most_similar(["unseen", "the"])} == {"seoul", "</s>"}
    assert v.similarity("unseen", "unseen") == pytest.approx(1)
    assert len(v.analogy("unseen", "the", "another")) == 2
    assert v.doesnt_match(["the", "these", "xyzzy"]) in {"the", "these", "xyzzy"}


def test_an_unknown_word_ranks_every_known_word() -> None:
    v = vectors()
    near = [word for word, _ in v.most_similar("unseen", topn=9)]
    assert [v.rank("unseen", word) for word in near] == [1, 2, 3]
    with pytest.raises(UnknownWordError):
        v.rank("the", "unseen")


def test_a_subset_also_composes_any_word() -> None:
    v = vectors()
    for part in (v.take(2), v.take(["the", "seoul"])):
        assert part.words == ("the", "seoul")
        np.testing.assert_array_equal(part["unseen"], v["unseen"])


def test_membership_refers_to_the_vocabulary() -> None:
    v = vectors()
    assert "the" in v
    assert "unseen" not in v
    assert list(v) == WORDS
    assert len(v) == 3
    with pytest.raises(UnknownWordError):
        v.index("unseen")
    np.testing.assert_array_equal(v["the"], v.matrix[0])
    assert not np.array_equal(v.compose(["the"])[0], v["the"])  # without its own row


def test_a_word_too_short_for_ngrams_has_no_direction() -> None:
    parts = subwords(shortest=4)
    v = SubwordVectors(WORDS, parts.compose(WORDS, known=3), None, parts)
    assert not v["x"].any()
    assert v.similarity("x", "the") == 0


def test_words_without_a_vector_are_named() -> None:
    v = vectors()
    with pytest.raises(UnknownWordError, match="cannot be encoded as bytes"):
        v["\ud800"]
    with pytest.raises(TypeError, match="a word must be a str, got int"):
        v[3]  # type: ignore[index]
    broken = SubwordVectors(WORDS, OWN, None, subwords(ngrams=np.full_like(NGRAMS, np.nan)))
    with pytest.raises(UnknownWordError, match="an n-gram of 'unseen' is not finite"):
        broken["unseen"]
    with pytest.raises(SettingsError, match="matrix must have one row per word"):
        SubwordVectors(["a"], OWN, None, subwords())


@pytest.mark.parametrize(
    "change",
    [
        {"rows": np.array([3])},
        {"rows": np.array([-2])},
        {"rows": np.array([0, 1])},
        {"offsets": np.array([0, 3])},
        {"offsets": np.array([2, 1])},
        {"offsets": np.array([-1, 1])},
        {"ngrams": np.zeros((0, 16), np.uint8)},
        {"ngrams": np.zeros((5, 12), np.uint8)},
        {"own": np.zeros((3, 4), np.uint8)},
        {"threads": 0},
    ],
)
def test_the_core_refuses_inconsistent_arrays(change: dict[str, Any]) -> None:
    fits: dict[str, Any] = {
        "out": np.zeros((1, 4), np.float32),
        "bytes": np.frombuffer(b"ab", np.uint8),
        "offsets": np.array([0, 2]),
        "rows": np.array([0]),
        "own": OWN.view(np.uint8),
        "ngrams": NGRAMS.view(np.uint8),
        "shortest": 2,
        "longest": 3,
        "whole_end": True,
        "threads": 1,
    }
    _core.compose(**fits)
    with pytest.raises(ValueError, match=r".+"):
        _core.compose(**fits | change)
