"""Vectors of unknown words as sums: the n-grams are the engine's, each is counted once."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wordkin._core import shared_ngrams

from support.strategies import any_words
from wordkin.engines.exact.priors import Members
from wordkin.system.errors import UnknownWordError
from wordkin.vectors.ngram_sums import NgramRows, NgramSums, SubwordRows
from wordkin.vectors.subwords import SubwordVectors

RNG = np.random.default_rng(6)


def native(words: list[str], shortest: int, longest: int, least: int = 1) -> Any:
    spelled = [word.encode("utf-8", "surrogateescape") for word in words]
    joined = np.frombuffer(b"".join(spelled), np.uint8)
    offsets = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
    return shared_ngrams(joined, offsets, shortest, longest, least, 1 << 20)


def table(words: list[str], shortest: int = 3, longest: int = 6, k: int = 4) -> NgramRows:
    """Return the n-grams of words, with rows of random numbers."""
    joined, offsets, *_ = native(words, shortest, longest)
    rows = RNG.normal(size=(len(offsets) - 1, k)).astype(np.float32)
    return NgramRows(np.frombuffer(joined, np.uint8), offsets, rows, shortest, longest)


def listed(ngrams: dict[str, list[float]], shortest: int, longest: int) -> NgramRows:
    spelled = [ngram.encode() for ngram in ngrams]
    return NgramRows(
        np.frombuffer(b"".join(spelled), np.uint8),
        np.cumsum([0, *map(len, spelled)], dtype=np.int64),
        np.array([*ngrams.values()], np.float32),
        shortest,
        longest,
    )


def test_a_vector_is_the_sum_of_the_rows_of_known_ngrams() -> None:
    known = listed({"<a": [1, 0], "aa": [10, 0], "ab": [0, 5], "zz": [7, 7]}, 2, 3)
    found = NgramSums(known).compose(["aaa", "ab", "q"])  # "aa" twice, but once in the sum
    np.testing.assert_array_equal(found, np.array([[11, 0], [1, 5], [0, 0]], np.float32))
    assert found.dtype == np.float32
    assert [NgramSums(known).number_of_ngrams(word) for word in ("aaa", "ab", "q")] == [2, 2, 0]


def test_the_whole_word_is_no_ngram() -> None:
    known = listed({"<ab>": [1.0], "<a": [2.0]}, 2, 6)
    assert NgramSums(known).compose(["ab"]).tolist() == [[2]]
    assert NgramSums(known).compose(["abc"]).tolist() == [[2]]
    assert NgramSums(listed({"<": [1.0], ">": [2.0]}, 1, 3)).compose([""]).tolist() == [[3]]


def test_line_and_projection_come_after_the_sum() -> None:
    known = listed({"<a": [1, 2]}, 2, 2)
    line, projection = np.array([10.0, 20.0]), np.array([[1.0, 0, 2], [0, 1, 0]])
    assert NgramSums(known, line).compose(["a"]).tolist() == [[11, 22]]
    assert NgramSums(known, None, projection).compose(["a"]).tolist() == [[1, 2, 2]]
    assert NgramSums(known, line, projection).compose(["a"]).tolist() == [[11, 22, 22]]
    assert NgramSums(known, line, projection).compose([]).shape == (0, 3)
    rows = SubwordRows(known, line, projection)
    assert rows.of_center.compose(["a"]).tolist() == [[11, 22]]
    assert rows.of_vectors.compose(["a"]).tolist() == [[1, 2, 2]]
    assert SubwordRows(known, line).of_vectors.compose(["a"]).tolist() == [[11, 22]]


@given(
    words=any_words,
    lengths=st.tuples(st.integers(1, 4), st.integers(0, 4)).map(lambda pair: (pair[0], sum(pair))),
)
@settings(deadline=None)
def test_ngrams_are_those_of_the_engine(words: list[str], lengths: tuple[int, int]) -> None:
    words = [
        *words,
        "\udc80\udc80a",
        "é",
        "한국어한국",
        "\n\n\n",
    ]  # the first begins with no character
    joined, offsets, ends, columns, _ = native(words, *lengths)
    rows = RNG.normal(size=(len(offsets) - 1, 3)).astype(np.float32)
    known = NgramRows(np.frombuffer(joined, np.uint8), offsets, rows, *lengths)
    found = [known.numbers_of(word) for word in words]
    assert found == [columns[a:b].tolist() for a, b in pairwise(ends)]
    sums = Members(ends, columns, len(rows)).sums(rows, 1)
    np.testing.assert_array_equal(NgramSums(known).compose(words), sums)


def test_a_long_word_is_composed() -> None:
    word = "ab" * 20_000
    known = table([word, "xyz"])
    assert len(known.numbers_of(word)) < 20
    assert NgramSums(known).compose([word]).shape == (1, 4)


def vectors(words: list[str] | None = None) -> SubwordVectors:
    words = words or ["unhappy", "happily"]
    return SubwordVectors(words, np.eye(2, 4), [2, 1], NgramSums(table(words)))


def test_unknown_words_have_a_vector_if_an_ngram_is_known() -> None:
    v = vectors()
    assert v["happyish"].dtype == np.float32
    assert v.number_of_ngrams("happyish") == 9  # <ha <hap <happ hap happ happy app appy ppy
    assert v.number_of_ngrams("unhappy") == 0  # has a row of its own
    assert v.number_of_ngrams("\ud800") == 0
    assert len(v.most_similar("happyish")) == 2
    assert "happyish" not in v


def test_a_word_without_a_known_ngram_is_unknown() -> None:
    v = vectors()
    with pytest.raises(UnknownWordError, match="'zzz' is not among the 2 words; none of its n-gr"):
        v["zzz"]
    with pytest.raises(UnknownWordError, match="2 words are not among the 2: 'zzz'; 'qqq'; none"):
        v[["zzz", "happyish", "qqq"]]
    with pytest.raises(UnknownWordError, match="none of its n-grams is known"):
        v.most_similar("zzz")
    with pytest.raises(UnknownWordError, match="none of its n-grams is known"):
        v.compose(["happyish", ""])
    with pytest.raises(UnknownWordError, match="cannot be encoded as bytes"):
        v["\ud800"]
    assert v.get("zzz") is None
    assert v.get("happyish") is not None


def test_ngrams_that_are_not_finite_are_an_error() -> None:
    for line, rows in ((None, [np.inf]), (np.array([3e38]), [3e38]), (np.array([np.nan]), [1.0])):
        v = SubwordVectors(["w"], [[1.0]], None, NgramSums(listed({"<a": rows}, 2, 2), line))
        with pytest.raises(UnknownWordError, match="an n-gram of 'a' is not finite"):
            v["a"]


def test_pickles_and_equality_ignore_what_was_looked_up() -> None:
    v = vectors()
    before = len(pickle.dumps(v))
    v["happyish"]
    assert len(pickle.dumps(v)) == before
    again = pickle.loads(pickle.dumps(v))
    assert again == v
    np.testing.assert_array_equal(again["happyish"], v["happyish"])
    assert v != vectors()  # other rows
