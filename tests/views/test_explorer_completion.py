"""Completion finds the word that typed text means, in any spelling and script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import any_words
from wordkin.vectors import WordVectors
from wordkin.views.server.completion import Completion, completion_of, fold

WORDS = [
    "the", "Seoul", "seoul", "seoulite", "receive", "cafe", "café", "Müller", "Straße",
    "Überfluss", "İstanbul", "ısparta", "서울", "서울특별시", "대한민국",
    "과학", "고양이", "강", "東京", "とうきょう",
    "トウキョウ", "ガス", "カス", "ﾃｽﾄ", "الكتاب", "كِتَابٌ",
    "أحمد", "हिन्दी", "हिन्दू", "ประเทศไทย", "ไทย",
    "👍", "👍🏽", "❤️", "👩‍👩‍👧", "e\u0301tude", "ΟΔΟΣ",
    "Ёлка", "שָׁלוֹם", "ﬁre", "x²", "don’t", "naïve",
    "\udcff\udcfe", "a b", "line\nbreak",
]  # fmt: skip
COMPLETION = Completion(WORDS)


def found(typed: str, n: int = 10) -> list[str]:
    return [WORDS[row] for row in COMPLETION.rows(typed, n)]


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("SEOUL", "Seoul"), ("seoul", "seoul"), ("cafe", "cafe"), ("café", "café"),
        ("muller", "Müller"), ("MÜLLER", "Müller"), ("Mu\u0308ller", "Müller"),
        ("strasse", "Straße"), ("STRASSE", "Straße"), ("uber", "Überfluss"),
        ("istanbul", "İstanbul"), ("ISTANBUL", "İstanbul"), ("İstanbul", "İstanbul"),
        ("isparta", "ısparta"), ("ıspa", "ısparta"),
        ("서울", "서울"), ("서우", "서울"), ("서", "서울"), ("ㅅ", "서울"), ("성", "서울"),
        ("서울특", "서울특별시"), ("대한민ㄱ", "대한민국"), ("과하", "과학"), ("가", "강"),
        ("東", "東京"), ("とう", "とうきょう"),
        ("トウキョウ", "トウキョウ"), ("ﾄｳｷｮｳ", "とうきょう"),
        ("がす", "ガス"), ("かす", "カス"), ("テスト", "ﾃｽﾄ"),
        ("كتاب", "كِتَابٌ"), ("الكت", "الكتاب"), ("احمد", "أحمد"),
        ("हिन्दी", "हिन्दी"), ("हिन्द", "हिन्दी"), ("ไทย", "ไทย"), ("ประเทศ", "ประเทศไทย"),
        ("👍", "👍"), ("❤", "❤️"), ("👩", "👩‍👩‍👧"),
        ("etude", "e\u0301tude"), ("étude", "e\u0301tude"), ("οδος", "ΟΔΟΣ"), ("οδοσ", "ΟΔΟΣ"),
        ("елка", "Ёлка"), ("שלום", "שָׁלוֹם"), ("fire", "ﬁre"), ("x2", "x²"), ("don't", "don’t"),
        ("naive", "naïve"), ("  seoul ", "seoul"), ("a b", "a b"), ("line", "line\nbreak"),
        ("\udcff", "\udcff\udcfe"),
        ("recieve", "receive"), ("seuol", "Seoul"), ("서욻", "서울"), ("tse", "the"),
    ],
)  # fmt: skip
def test_what_is_typed_finds_first_what_it_means(typed: str, word: str) -> None:
    assert found(typed)[0] == word


def test_a_vowel_that_may_become_two_finds_both() -> None:
    assert found("고")[:2] == ["고양이", "과학"]


def test_vowel_signs_and_voicing_are_no_accents() -> None:
    assert found("हिन्दी")[0] == "हिन्दी"
    assert fold("हिन्दी") != fold("हिन्दू")
    assert fold("ガス") != fold("カス")
    assert fold("ที่") != fold("ท")


def test_tiers_come_in_order_and_each_by_frequency() -> None:
    words = ["unsea", "Seasons", "season", "seas", "SEA", "sea", "séance", "undersea", "sex"]
    completion = Completion(words)
    assert [words[row] for row in completion.rows("sea", 99)] == [
        "sea",  # the word
        "SEA",  # however spelled
        "season", "seas",  # what begins with it
        "Seasons", "séance",  # however spelled
        "unsea", "undersea",  # what holds it
        "sex",  # what is nearly it
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("qeenn", "queen"), ("wrold", "world"), ("bene", "been"), ("fsih", "fish"), ("sene", "seen")],
)
def test_of_near_spellings_the_likest_comes_before_the_more_frequent(
    typed: str, meant: str
) -> None:
    words = ["been", "seen", "would", "fist", "bend", "dish", "world", "queen", "fish", "sent"]
    assert words[Completion(words).rows(typed, 3)[0]] == meant


def test_nothing_typed_gives_the_most_frequent() -> None:
    assert found("", 3) == found("  \n", 3) == WORDS[:3]
    assert Completion([]).rows("", 5) == Completion([]).rows("a", 5) == []


def test_marks_alone_find_no_more_than_themselves() -> None:
    assert found("\u0301") == []
    assert Completion(["a", "\u0301"]).rows("\u0301", 5) == [1]


@given(words=any_words, typed=st.text(max_size=8), n=st.integers(1, 12))
def test_rows_are_different_ones_that_exist_and_the_word_itself_is_first(
    words: list[str], typed: str, n: int
) -> None:
    completion = Completion(words)
    rows = completion.rows(typed, n)
    assert len(set(rows)) == len(rows) <= n
    assert set(rows) <= set(range(len(words)))
    for row, word in enumerate(words):
        if word and word == word.strip():
            assert completion.rows(word, n)[0] == row


@given(st.text(max_size=12))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(words=any_words, typed=st.text(min_size=1, max_size=4), n=st.integers(1, 9))
def test_all_that_begins_so_is_found_before_what_does_not(
    words: list[str], typed: str, n: int
) -> None:
    folded = fold(typed.strip())
    if not folded:
        return
    rows = Completion(words).rows(typed, n)
    begins = [row for row, word in enumerate(words) if fold(word.strip("\n")).startswith(folded)]
    if len(begins) >= n:
        assert set(rows) <= {
            *begins,
            *(row for row, word in enumerate(words) if word.startswith(typed.strip())),
        }


def test_a_models_completion_is_made_once() -> None:
    vectors = WordVectors(["a", "b"], [[1.0], [2.0]])
    assert completion_of(vectors) is completion_of(vectors)
