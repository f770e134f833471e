"""Verbs say which words are not in the vocabulary, and of how many n-grams they are composed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import wordkin
from support.commands import fails, run
from support.samples import FASTTEXT
from wordkin.vectors.ngram_sums import NgramRows, NgramSums
from wordkin.vectors.subwords import SubwordVectors

WORDS = ["happy", "unhappy", "green"]
NGRAMS = ["happy", "un", "ish", "ree"]
ROWS = np.array([[2, 0, 0], [0, 3, 0], [0.5, 0, 0], [0, 0, 1]], np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "v.safetensors"
    table = NgramRows(
        np.frombuffer("".join(NGRAMS).encode(), np.uint8),
        np.cumsum([0, *map(len, NGRAMS)]),
        ROWS,
        2,
        6,
    )
    matrix = np.array([[2, 0, 0], [2, 3, 0], [0, 0, 1]])
    wordkin.save(path, SubwordVectors(WORDS, matrix, None, NgramSums(table)))
    return path


@pytest.fixture(scope="module")
def fasttext(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fasttext") / "m.bin"
    path.write_bytes(FASTTEXT)
    return path


ONE = "note: composed from 3 n-grams: 'unhappyish' is not in the vocabulary\n"


@pytest.mark.parametrize(
    ("verb", "words", "out"),
    [
        ("neighbours", ["unhappyish", "-n", 1], "unhappyish\n   0.9943  unhappy\n"),
        ("similarity", ["unhappyish", "unhappy"], " 0.9943  unhappyish  unhappy\n"),
        ("rank", ["unhappyish", "happy"], "2  unhappyish  happy\n"),
        ("odd", ["unhappyish", "happy", "green"], "green\n"),
        ("analogy", ["unhappyish", "happy", "unhappy", "-n", 1], None),
        ("distances", ["unhappyish", "happy"], None),
    ],
)
def test_a_note_says_that_a_word_was_composed(
    model: Path, verb: str, words: list[object], out: str | None
) -> None:
    ran = run(verb, model, *words)
    assert (ran.code, ran.err) == (0, ONE)
    assert out is None or ran.out == out
    found = run(verb, model, *words, "--json").json
    (report,) = found if isinstance(found, list) else [found]
    assert report["composed"] == {"unhappyish": 3}
    known = run(verb, model, *["unhappy" if w == "unhappyish" else w for w in words])
    assert known.err == ""
    assert "composed" not in known.out


def test_several_composed_words_are_counted(model: Path) -> None:
    words = ["unready", "reef", "happyish", "happy", "mahappy"]
    ran = run("neighbours", model, *words, "--json")
    assert ran.err == (
        "note: composed from n-grams: 4 words that are not in the vocabulary, 'unready', 'reef',"
        " 'happyish', …\n"
    )
    assert [report.get("composed") for report in ran.json] == [
        {"unready": 1}, {"reef": 1}, {"happyish": 2}, None, {"mahappy": 1}
    ]  # fmt: skip
    together = run("neighbours", model, "happy", "reef", "--together", "--json").json
    assert together[0]["composed"] == {"reef": 1}
    far = run("neighbours", model, "happy", "--without", "reef", "--json").json
    assert far[0]["composed"] == {"reef": 1}


def test_a_word_without_a_known_ngram_is_an_error_or_skipped(model: Path) -> None:
    said = fails("neighbours", model, "reef", "xyz")
    assert said == (
        "'xyz' is not among the 3 words and has no known n-gram; --skip-unknown leaves it out"
    )
    said = fails("neighbours", model, "abc", "xyz")
    assert said.startswith("2 words are not among the 3 words and have no known n-gram: 'abc', ")
    ran = run("similarity", model, "--skip-unknown", stdin=b"reef green\nxyz green\n")
    assert ran.out == " 1.0000  reef  green\n"
    assert ran.err == (
        "note: skipped 1 word without a vector: 'xyz'\n"
        "note: composed from 1 n-gram: 'reef' is not in the vocabulary\n"
    )


def test_info_tells_the_number_of_ngrams(model: Path) -> None:
    assert "  subwords     4 n-grams of 2 to 6 characters\n" in run("info", model).out
    found = run("info", model, "--json").json
    assert (found["ngrams"], found["ngram_lengths"]) == (4, [2, 6])


def test_words_of_fasttext_are_composed_too(fasttext: Path) -> None:
    ran = run("neighbours", fasttext, "cats", "--json", "-n", 1)
    assert ran.err == "note: composed from 9 n-grams: 'cats' is not in the vocabulary\n"
    assert ran.json[0]["composed"] == {"cats": 9}
    assert run("neighbours", fasttext, "cat").err == ""


def test_a_word_too_short_for_ngrams_is_said_to_be_zero(fasttext: Path, tmp_path: Path) -> None:
    data = bytearray(FASTTEXT)
    data[8 + 4 * 9 : 8 + 4 * 11] = np.array([5, 6], "<i4").tobytes()  # minn, maxn
    path = tmp_path / "m.bin"
    path.write_bytes(data)
    ran = run("similarity", path, "x", "cats", "--json")
    assert ran.err == (
        "note: composed from 3 n-grams: 'cats' is not in the vocabulary\n"
        "note: zero for want of n-grams: 'x' is not in the vocabulary\n"
    )
    assert ran.json == {"a": "x", "b": "cats", "cosine": 0, "composed": {"x": 0, "cats": 3}}
