"""What words and vectors answer, on vectors small enough to work out by hand."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pytest

from wordkin.errors import SettingsError, UnknownWordError, WordkinError
from wordkin.vectors import WordVectors

# Royalty on one axis, man against woman on another, fruit on the third.
WORDS = ["king", "queen", "man", "woman", "apple", "pear"]
MATRIX = np.array(
    [[2, 1, 0], [2, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 3], [0.1, 0, 1]], dtype=np.float32
)
COUNTS = [60, 50, 40, 30, 20, 10]


@pytest.fixture
def vectors() -> WordVectors:
    return WordVectors(WORDS, MATRIX, COUNTS)


def names(answer: list[tuple[str, float]]) -> list[str]:
    return [word for word, _ in answer]


def test_reads_like_a_dictionary(vectors: WordVectors) -> None:
    assert vectors["apple"].tolist() == [0.0, 0.0, 3.0]
    assert "apple" in vectors
    assert "plum" not in vectors
    assert len(vectors) == 6
    assert list(vectors) == WORDS
    assert vectors.words == tuple(WORDS)
    assert vectors.index("pear") == 5
    assert vectors.dim == 3
    assert vectors.matrix.dtype == np.float32
    assert vectors.counts is not None
    assert vectors.counts.tolist() == COUNTS


def test_counts_may_be_unknown() -> None:
    assert WordVectors(WORDS, MATRIX).counts is None


def test_cannot_be_changed(vectors: WordVectors) -> None:
    assert vectors.counts is not None
    for array in (vectors.matrix, vectors["king"], vectors.counts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    with pytest.raises(AttributeError):
        vectors.words = ()  # type: ignore[misc]


def test_a_matrix_changed_later_does_not_change_the_vectors() -> None:
    matrix = MATRIX.copy()
    vectors = WordVectors(WORDS, matrix)
    matrix[:] = 0
    assert vectors["king"].tolist() == [2.0, 1.0, 0.0]


def test_a_read_only_matrix_is_shared_without_a_copy() -> None:
    matrix = MATRIX.copy()
    matrix.setflags(write=False)
    assert np.shares_memory(WordVectors(WORDS, matrix).matrix, matrix)


def test_a_strided_matrix_is_taken_in() -> None:
    padded = np.zeros((6, 16), dtype=np.float32)
    padded[:, :3] = MATRIX
    vectors = WordVectors(WORDS, padded[:, :3])
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert vectors.matrix.flags.c_contiguous


@pytest.mark.parametrize(
    ("words", "matrix", "counts", "message"),
    [
        (["a"], np.ones((2, 3)), None, "2 rows for 1 words"),
        (["a"], np.ones(3), None, r"shape \(V, d\), got \(3,\)"),
        (["a"], np.ones((1, 0)), None, r"got \(1, 0\)"),
        (["a", "b", "a"], np.ones((3, 1)), None, "got 'a' twice"),
        (["a", "b"], np.array([[1.0], [np.nan]]), None, "finite, the one of 'b' is not"),
        (["a", "b"], np.array([[1e300], [1.0]]), None, "finite, the one of 'a' is not"),
        (["a"], np.ones((1, 1)), [1, 2], r"counts must have the shape \(1,\), got \(2,\)"),
        (["a"], np.ones((1, 1)), [1.5], "counts must be numbers that int64 can hold, got float64"),
        (["a"], np.array([["x"]]), None, "matrix must be numbers"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    words: list[str], matrix: Any, counts: Any, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        WordVectors(words, matrix, counts)


def test_repr_is_short_and_says_the_size(vectors: WordVectors) -> None:
    assert repr(vectors) == "<WordVectors: 6 words × 3: 'king', 'queen', 'man', …>"
    assert repr(WordVectors(["\ud800"], [[1.0]])) == "<WordVectors: 1 words × 1: '\\ud800'>"
    assert len(repr(WordVectors(["x" * 10**6], [[1.0]]))) < 200


# Unknown words.


def unknown(vectors: WordVectors, word: str) -> str:
    with pytest.raises(UnknownWordError) as error:
        vectors[word]
    assert isinstance(error.value, KeyError)
    assert isinstance(error.value, WordkinError)
    return str(error.value)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("appel", "apple"),
        ("quen", "queen"),
        ("KING", "king"),
        ("King", "king"),
        ("womann", "woman"),
    ],
)
def test_an_unknown_word_suggests_the_close_one(
    vectors: WordVectors, asked: str, meant: str
) -> None:
    assert unknown(vectors, asked).startswith(
        f"{asked!r} is not among the 6 words; close ones: {meant!r}"
    )


def test_an_unknown_word_suggests_other_cases_and_compositions() -> None:
    composed = unicodedata.normalize("NFC", "서울")
    vectors = WordVectors(["Seoul", "USA", composed], np.eye(3))
    assert "'Seoul'" in unknown(vectors, "seoul")
    assert "'USA'" in unknown(vectors, "usa")
    assert repr(composed) in unknown(vectors, unicodedata.normalize("NFD", composed))


def test_an_unknown_word_with_nothing_close_suggests_nothing(vectors: WordVectors) -> None:
    assert unknown(vectors, "xylophone") == "'xylophone' is not among the 6 words"
    assert unknown(vectors, "") == "'' is not among the 6 words"


def test_an_endless_unknown_word_makes_a_short_message() -> None:
    vectors = WordVectors(["a" * 10**6], [[1.0]])
    assert len(unknown(vectors, "a" * (10**6 + 1))) < 200


def test_a_suggestion_comes_from_few_of_many_words() -> None:
    vectors = WordVectors([f"word{i}" for i in range(200_000)], np.ones((200_000, 1)))
    assert "close ones: 'word" in unknown(vectors, "wrd77")


def test_what_is_not_a_word_is_a_type_error(vectors: WordVectors) -> None:
    with pytest.raises(TypeError, match="a word must be a str, got int"):
        vectors[3]  # type: ignore[index]


# Questions.


def test_most_similar_gives_known_cosines(vectors: WordVectors) -> None:
    answer = vectors.most_similar("king", topn=3)
    assert names(answer) == ["queen", "man", "pear"]
    np.testing.assert_allclose(
        [c for _, c in answer], [3 / 5, 1 / 5**0.5, 0.2 / (5 * 1.01) ** 0.5], atol=1e-6
    )


def test_most_similar_takes_words_and_vectors_alike(vectors: WordVectors) -> None:
    by_word = vectors.most_similar("apple", topn=2)
    by_vector = vectors.most_similar(vectors["apple"] * 9, topn=3)
    assert by_vector[0] == ("apple", 1.0)
    assert by_vector[1:] == by_word
    assert vectors.most_similar(["apple"], topn=2) == by_word
    assert vectors.most_similar([vectors["apple"], "king"]) != by_word
    assert names(vectors.most_similar(MATRIX[4:5], topn=1)) == ["apple"]


def test_most_similar_leaves_out_every_word_asked_about(vectors: WordVectors) -> None:
    assert set(names(vectors.most_similar(["king", "king"], ["man", "apple"]))) == {
        "queen",
        "woman",
        "pear",
    }


def test_most_similar_of_negatives_only_is_the_opposite(vectors: WordVectors) -> None:
    assert names(vectors.most_similar([], "man", topn=1)) == ["woman"]


def test_most_similar_means_unit_vectors_as_gensim_does() -> None:
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(50, 8)) * rng.uniform(0.1, 10, size=(50, 1))
    vectors = WordVectors([f"w{i}" for i in range(50)], matrix)
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    query = (unit[1] + unit[2] - unit[3]) / 3
    cosines = unit @ (query / np.linalg.norm(query))
    order = [i for i in np.argsort(-cosines) if i not in (1, 2, 3)][:5]
    answer = vectors.most_similar(["w1", "w2"], ["w3"], topn=5)
    assert names(answer) == [f"w{i}" for i in order]
    np.testing.assert_allclose([c for _, c in answer], cosines[order], atol=1e-6)


def test_asking_for_more_words_than_there_are_gives_all_others(vectors: WordVectors) -> None:
    assert len(vectors.most_similar("king", topn=10**9)) == 5


@pytest.mark.parametrize("topn", [0, -1])
def test_asking_for_no_words_is_refused(vectors: WordVectors, topn: int) -> None:
    with pytest.raises(SettingsError, match=f"topn must be at least 1, got {topn}"):
        vectors.most_similar("king", topn=topn)
    with pytest.raises(SettingsError, match=f"topn must be at least 1, got {topn}"):
        vectors.analogy("man", "king", "woman", topn=topn)


def test_asking_about_nothing_is_refused(vectors: WordVectors) -> None:
    with pytest.raises(SettingsError, match="at least 1 word or vector, got 0"):
        vectors.most_similar([])


@pytest.mark.parametrize(
    ("vector", "message"),
    [(np.ones(2), r"shape \(3,\), got \(2,\)"), (np.full(3, np.inf), "finite")],
)
def test_a_vector_that_does_not_fit_is_refused(
    vectors: WordVectors, vector: Any, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        vectors.most_similar(vector)
    with pytest.raises(SettingsError, match=message):
        vectors.similarity("king", vector)


def test_an_unknown_word_anywhere_in_a_question_is_refused(vectors: WordVectors) -> None:
    for ask in (
        lambda: vectors.most_similar("plum"),
        lambda: vectors.most_similar("king", ["plum"]),
        lambda: vectors.similarity("king", "plum"),
        lambda: vectors.analogy("king", "plum", "man"),
        lambda: vectors.doesnt_match(["king", "queen", "plum"]),
    ):
        with pytest.raises(UnknownWordError, match="'plum'"):
            ask()


def test_similarity_is_the_cosine(vectors: WordVectors) -> None:
    assert vectors.similarity("king", "queen") == pytest.approx(0.6)
    assert vectors.similarity("man", "woman") == -1.0
    assert vectors.similarity("apple", [0, 0, 8]) == 1.0  # type: ignore[arg-type]


def test_analogy_man_is_to_king_as_woman_is_to_queen(vectors: WordVectors) -> None:
    answer = vectors.analogy("man", "king", "woman", topn=2)
    assert answer == vectors.most_similar(["king", "woman"], ["man"], topn=2)
    assert answer[0][0] == "queen"


def test_doesnt_match_finds_the_fruit(vectors: WordVectors) -> None:
    assert vectors.doesnt_match(["king", "queen", "apple", "man"]) == "apple"
    assert vectors.doesnt_match(word for word in ("pear", "queen", "apple")) == "queen"


@pytest.mark.parametrize("group", [[], ["king"], ["king", "queen"], "king"])
def test_doesnt_match_of_fewer_than_three_is_refused(vectors: WordVectors, group: Any) -> None:
    with pytest.raises(SettingsError, match="at least 3 words, got"):
        vectors.doesnt_match(group)


def test_zero_vectors_have_cosine_zero_with_everything() -> None:
    vectors = WordVectors(["zero", "one", "two"], [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert vectors.similarity("zero", "one") == 0.0
    assert vectors.similarity("zero", "zero") == 0.0
    assert vectors.most_similar("zero") == [("one", 0.0), ("two", 0.0)]
    assert vectors.most_similar("one") == [("zero", 0.0), ("two", 0.0)]
    assert vectors.most_similar("one", "one") == [("zero", 0.0), ("two", 0.0)]
    assert vectors.doesnt_match(["one", "one", "zero"]) == "zero"


def test_a_vocabulary_of_one_word_has_no_neighbours() -> None:
    vectors = WordVectors(["alone"], [[1.0, 2.0]])
    assert vectors.most_similar("alone") == []
    assert names(vectors.most_similar(vectors["alone"])) == ["alone"]
    assert vectors.similarity("alone", "alone") == pytest.approx(1.0)


def test_an_empty_vocabulary_answers_with_nothing() -> None:
    vectors = WordVectors([], np.empty((0, 2)))
    assert vectors.most_similar(np.ones(2)) == []
    assert repr(vectors) == "<WordVectors: 0 words × 2: >"


def test_the_same_question_has_the_same_answer() -> None:
    matrix = np.random.default_rng(0).integers(-1, 2, size=(3000, 4))
    matrix[0] = 1  # many equal cosines, none of them by way of a zero query
    words = [f"w{i}" for i in range(3000)]
    answer = WordVectors(words, matrix).most_similar("w0", topn=50)
    assert answer == WordVectors(words, matrix).most_similar("w0", topn=50)
    assert len({cosine for _, cosine in answer}) < 10
    assert answer == sorted(answer, key=lambda pair: (-pair[1], int(pair[0][1:])))
