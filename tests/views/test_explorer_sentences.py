"""Sentences that make two words neighbours are found, counted, and cut if they are long."""

from __future__ import annotations

import bz2
import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.asking import page_model
from wordkin import CorpusError, Word2Vec, WordVectors
from wordkin.objectives import keep_probability
from wordkin.views import projection
from wordkin.views.page import sentences as sentences_module
from wordkin.views.page.model import PageModel
from wordkin.views.page.sentences import check, sentences

WORDS = ["the", "of", "a", "tea", "coffee", "drink", "cup", "red", "sun", "tall"]
TEXT = (
    "the drink of tea\nthe cup of tea\na drink of coffee\na cup of coffee\n"
    "tea drink\ncoffee drink\n" + "the red sun of the sun\na tall the of a\n" * 20
)


def of(folder: Path, text: str | bytes, words: list[str] = WORDS, **more: Any) -> PageModel:
    path = folder / "text.txt"
    path.write_bytes(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)
    return page_model(words, corpus=(path,), **more)


def test_words_around_both_are_found_those_first_that_say_most(tmp_path: Path) -> None:
    model = of(tmp_path, TEXT)
    counts = [TEXT.split().count(word) for word in WORDS]
    vectors = WordVectors(WORDS, model.vectors.matrix, counts)
    answer = sentences(replace(model, vectors=vectors), 3, 4)
    assert answer["lines"] == [3, 3, 0]
    assert answer["complete"]
    shared = [word["word"] for word in answer["shared"]]
    assert shared[:2] == ["drink", "cup"]
    assert not {"tea", "coffee", "red", "sun"} & set(shared)
    drink = answer["shared"][0]
    assert drink["id"] == WORDS.index("drink")
    assert drink["a"][0] == {"words": ["the", "drink", "of", "tea"], "marks": [0, 2, 0, 1]}
    assert drink["b"][1] == {"words": ["coffee", "drink"], "marks": [1, 2]}


@pytest.mark.parametrize("subsample", [0, 0.05])
def test_frequent_words_count_as_the_models_subsampling_leaves_them(
    tmp_path: Path, subsample: float
) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    model = Word2Vec(dim=4, min_count=1, threads=1, epochs=1, subsample=subsample).fit(path)
    vectors = model.vectors
    one = PageModel("m", vectors, projection.layout(vectors.matrix), word2vec=model, corpus=(path,))
    context = sentences_module._Context(one)
    assert vectors.counts is not None
    share = vectors.counts / vectors.counts.sum()
    kept = keep_probability(share, subsample)
    np.testing.assert_array_equal(context.kept, kept)
    np.testing.assert_allclose(context.frequency, share * kept / (share * kept).sum())
    assert (context.kept == 1).all() == (subsample == 0)


def test_sentences_with_both_words_in_a_window_are_given(tmp_path: Path) -> None:
    text = "tea or coffee\ntea " + "cup " * 6 + "coffee\n"
    answer = sentences(of(tmp_path, text), 3, 4)
    assert answer["lines"] == [2, 2, 2]
    assert answer["together"] == [{"words": ["tea", "or", "coffee"], "marks": [1, 0, 1]}]


def test_words_that_have_no_vector_take_no_room_in_a_window(tmp_path: Path) -> None:
    answer = sentences(of(tmp_path, "tea " + "unknown " * 9 + "coffee\n"), 3, 4)
    assert len(answer["together"]) == 1


def test_a_window_does_not_reach_into_another_line(tmp_path: Path) -> None:
    assert sentences(of(tmp_path, "drink tea\ncoffee drink\n"), 3, 4)["together"] == []


def test_a_word_is_found_between_white_space_and_not_inside_another(tmp_path: Path) -> None:
    text = "teatime steam tea's\ttea\x0btea\x0ctea\r\ntea"
    assert sentences(of(tmp_path, text), 3, 4)["lines"] == [2, 0, 0]
    text = "aaa aa a aa"
    assert sentences(of(tmp_path, text, ["a", "aa"]), 0, 1)["lines"] == [1, 1, 1]


def test_long_lines_are_cut_between_words(tmp_path: Path) -> None:
    words = [*["cup"] * 200, "tea", *["drink"] * 200, "coffee", *["cup"] * 200]
    answer = sentences(of(tmp_path, " ".join(words)), 3, 4)
    for sentence in (s for word in answer["shared"] for s in word["a"] + word["b"]):
        words = sentence["words"]
        assert words[0] == words[-1] == "…"
        assert set(words[1:-1]) <= {"cup", "tea", "drink", "coffee"}
        assert len(" ".join(words)) < 400
        assert 1 in sentence["marks"]


@pytest.mark.parametrize("piece", [1, 7, 16, 64])
def test_pieces_change_nothing_where_lines_are_shorter(
    tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = of(tmp_path, TEXT)
    whole = sentences(model, 3, 4)
    monkeypatch.setattr(sentences_module, "_PIECE", max(piece, 24))
    assert sentences(model, 3, 4) == whole


def test_pieces_of_several_files_hold_every_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"one two\nthree four five\n\nsix")
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c").write_bytes(b"seven")
    monkeypatch.setattr(sentences_module, "_PIECE", 16)
    pieces = list(sentences_module._pieces([tmp_path / "a", tmp_path / "b", tmp_path / "c"]))
    assert b"".join(pieces) == b"one two\nthree four five\n\nsixseven"
    assert all(len(piece) <= 32 for piece in pieces)


def test_bytes_that_are_no_text_in_utf8_are_words_too(tmp_path: Path) -> None:
    words = ["\udcff\udcfe", "서울", "x", "<b>"]
    answer = sentences(of(tmp_path, b"\xff\xfe x <b>\n\xec\x84\x9c\xec\x9a\xb8 x\n", words), 0, 1)
    assert answer["lines"] == [1, 1, 0]
    assert answer["shared"][0]["a"][0]["words"] == ["\udcff\udcfe", "x", "<b>"]


def test_reading_stops_in_time_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = of(tmp_path, "tea coffee\n" * 1000)
    seconds = iter(range(1000))
    answer = sentences(model, 3, 4, clock=lambda: float(next(seconds)))
    assert not answer["complete"]
    assert answer["lines"][0] < 1000
    monkeypatch.setattr(sentences_module, "_MOST_HITS", 10)
    answer = sentences(model, 3, 4)
    assert (answer["lines"], answer["complete"]) == ([10, 10, 10], False)


def test_a_word_that_is_not_in_the_text_has_no_sentences(tmp_path: Path) -> None:
    answer = sentences(of(tmp_path, TEXT, [*WORDS, "nowhere"]), 3, 10)
    assert answer == {"lines": [3, 0, 0], "complete": True, "shared": [], "together": []}
    assert sentences(of(tmp_path, ""), 3, 4)["lines"] == [0, 0, 0]


any_text = st.lists(st.sampled_from(["tea", "coffee", "x", " ", "\n", "\t", "서울", "ea"])).map(
    "".join
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=any_text)
def test_lines_are_counted_as_splitting_counts_them(tmp_path: Path, text: str) -> None:
    lines = [set(line.split()) for line in text.split("\n")]
    a = sum("tea" in line for line in lines)
    b = sum("coffee" in line for line in lines)
    both = sum(line >= {"tea", "coffee"} for line in lines)
    assert sentences(of(tmp_path, text), 3, 4)["lines"] == [a, b, both]


def test_packed_and_binary_files_are_refused(tmp_path: Path) -> None:
    packed = {
        ".gz": gzip.compress(b"tea"), ".bz2": bz2.compress(b"tea"), ".bin": b"t\0e\0a\0",
    }  # fmt: skip
    for suffix, data in packed.items():
        path = tmp_path / f"text{suffix}"
        path.write_bytes(data)
        with pytest.raises(CorpusError, match=path.name):
            check([path], page_model(WORDS))
    with pytest.raises(OSError, match="nowhere"):
        check([tmp_path / "nowhere"], page_model(WORDS))


def test_another_text_than_the_models_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("tea coffee tea coffee\n" * 50)
    model = Word2Vec(dim=4, min_count=1, threads=1, epochs=1, subsample=0).fit(path)
    vectors = model.vectors
    one = PageModel("m", vectors, projection.layout(vectors.matrix), word2vec=model, corpus=(path,))
    assert check([path], one) == []
    path.write_text("tea coffee\n")
    (note,) = check([path], one)
    assert "1,100 bytes" in note
    assert "11:" in note
    assert check([], one) == []
