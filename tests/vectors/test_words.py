"""Queries of word vectors, on vectors small enough to verify by hand."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from wordkin.system.errors import SettingsError, UnknownWordError, WordkinError
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


def test_a_strided_matrix_is_copied() -> None:
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
        (["a", "b"], np.array([[1.0], [np.nan]]), None, "finite, that of 'b' is not"),
        (["a", "b"], np.array([[1e300], [1.0]]), None, "finite, that of 'a' is not"),
        (["a"], np.ones((1, 1)), [1, 2], r"counts must have the shape \(1,\), got \(2,\)"),
        (["a"], np.ones((1, 1)), [1.5], "counts must be numbers that int64 can hold, got float64"),
        (["a"], np.array([["x"]]), None, "matrix must be numbers"),
    ],
)
def test_inconsistent_arguments_are_refused_by_name(
    words: list[str], matrix: Any, counts: Any, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        WordVectors(words, matrix, counts)


def test_repr_is_short_and_has_the_size(vectors: WordVectors) -> None:
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
    ("typed", "meant"),
    [
        ("appel", "apple"),
        ("quen", "queen"),
        ("KING", "king"),
        ("King", "king"),
        ("womann", "woman"),
    ],
)
def test_an_unknown_word_suggests_a_close_one(vectors: WordVectors, typed: str, meant: str) -> None:
    assert unknown(vectors, typed).startswith(
        f"{typed!r} is not among the 6 words; close ones: {meant!r}"
    )


def test_an_unknown_word_suggests_other_cases_and_compositions() -> None:
    composed = unicodedata.normalize("NFC", "서울")
    vectors = WordVectors(["Seoul", "USA", composed], np.eye(3))
    assert "'Seoul'" in unknown(vectors, "seoul")
    assert "'USA'" in unknown(vectors, "usa")
    assert repr(composed) in unknown(vectors, unicodedata.normalize("NFD", composed))


def test_an_unknown_word_without_close_words_suggests_nothing(vectors: WordVectors) -> None:
    assert unknown(vectors, "xylophone") == "'xylophone' is not among the 6 words"
    assert unknown(vectors, "") == "'' is not among the 6 words"


def test_a_very_long_unknown_word_gives_a_short_message() -> None:
    vectors = WordVectors(["a" * 10**6], [[1.0]])
    assert len(unknown(vectors, "a" * (10**6 + 1))) < 200


def test_only_the_first_of_many_words_are_suggested() -> None:
    vectors = WordVectors([f"word{i}" for i in range(200_000)], np.ones((200_000, 1)))
    assert "close ones: 'word" in unknown(vectors, "wrd77")


def test_what_is_not_a_word_is_a_type_error(vectors: WordVectors) -> None:
    with pytest.raises(TypeError, match="a word must be a str, got int"):
        vectors[3]  # type: ignore[index]


# Queries.


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


def test_most_similar_excludes_the_words_of_the_query(vectors: WordVectors) -> None:
    assert set(names(vectors.most_similar(["king", "king"], ["man", "apple"]))) == {
        "queen",
        "woman",
        "pear",
    }


def test_most_similar_of_negatives_only_is_the_opposite(vectors: WordVectors) -> None:
    assert names(vectors.most_similar([], "man", topn=1)) == ["woman"]


def test_most_similar_averages_unit_vectors_like_gensim() -> None:
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


def test_a_large_topn_gives_all_other_words(vectors: WordVectors) -> None:
    assert len(vectors.most_similar("king", topn=10**9)) == 5


@pytest.mark.parametrize("topn", [0, -1])
def test_a_topn_below_1_is_refused(vectors: WordVectors, topn: int) -> None:
    with pytest.raises(SettingsError, match=f"topn must be at least 1, got {topn}"):
        vectors.most_similar("king", topn=topn)
    with pytest.raises(SettingsError, match=f"topn must be at least 1, got {topn}"):
        vectors.analogy("man", "king", "woman", topn=topn)


def test_an_empty_query_is_refused(vectors: WordVectors) -> None:
    with pytest.raises(SettingsError, match="at least 1 word or vector, got 0"):
        vectors.most_similar([])


@pytest.mark.parametrize(
    ("vector", "message"),
    [(np.ones(2), r"shape \(3,\), got \(2,\)"), (np.full(3, np.inf), "finite")],
)
def test_a_vector_of_the_wrong_shape_is_refused(
    vectors: WordVectors, vector: Any, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        vectors.most_similar(vector)
    with pytest.raises(SettingsError, match=message):
        vectors.similarity("king", vector)


def test_an_unknown_word_in_any_query_is_refused(vectors: WordVectors) -> None:
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
    assert vectors.similarity("apple", [0, 0, 8]) == 1.0


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


def test_an_empty_vocabulary_gives_empty_answers() -> None:
    vectors = WordVectors([], np.empty((0, 2)))
    assert vectors.most_similar(np.ones(2)) == []
    assert repr(vectors) == "<WordVectors: 0 words × 2: >"


def test_the_same_query_gives_the_same_answer() -> None:
    matrix = np.random.default_rng(0).integers(-1, 2, size=(3000, 4))
    matrix[0] = 1  # many equal cosines, although the query is not zero
    words = [f"w{i}" for i in range(3000)]
    answer = WordVectors(words, matrix).most_similar("w0", topn=50)
    assert answer == WordVectors(words, matrix).most_similar("w0", topn=50)
    assert len({cosine for _, cosine in answer}) < 10
    assert answer == sorted(answer, key=lambda pair: (-pair[1], int(pair[0][1:])))


# Batches, and parts of the vocabulary.


def random_vectors(V: int = 2500, d: int = 7) -> WordVectors:
    matrix = np.random.default_rng(V).integers(-2, 3, size=(V, d))  # zeros and ties among them
    return WordVectors([f"w{i}" for i in range(V)], matrix, np.arange(V))


def test_a_batch_gives_the_answers_of_single_queries() -> None:
    vectors = random_vectors()
    words = [f"w{i}" for i in range(0, 2500, 25)]
    batch = vectors.most_similar_batch(words, topn=5)
    assert batch == [vectors.most_similar(word, topn=5) for word in words]
    assert batch == vectors.most_similar_batch((word for word in words), topn=5)
    assert batch == vectors.most_similar_batch(np.array(words), topn=5)
    within = [*words, "w7"]
    assert vectors.most_similar_batch(words[:3], 4, within=within) == [
        vectors.most_similar(word, topn=4, within=within) for word in words[:3]
    ]


def test_a_batch_of_vectors_gives_the_answers_of_single_ones() -> None:
    vectors = random_vectors()
    rows = np.random.default_rng(1).normal(size=(40, 7)) * 1e200
    answers = vectors.most_similar_batch(rows, topn=3, within=2000)
    assert answers == [vectors.most_similar(row, topn=3, within=2000) for row in rows]
    assert vectors.most_similar_batch(np.empty((0, 7))) == []


def test_an_empty_batch_and_a_large_topn(vectors: WordVectors) -> None:
    assert vectors.most_similar_batch([]) == []
    assert [len(a) for a in vectors.most_similar_batch(["king", "pear"], topn=10**9)] == [5, 5]
    assert WordVectors([], np.empty((0, 2))).most_similar_batch(np.ones((1, 2))) == [[]]


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ("king", "several words, got the word 'king'"),
        (np.ones(3), r"shape \(n, 3\), got \(3,\)"),
        (np.ones((2, 2)), r"shape \(n, 3\), got \(2, 2\)"),
        (np.full((1, 3), np.nan), "must be finite"),
    ],
)
def test_an_invalid_batch_is_refused(vectors: WordVectors, queries: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        vectors.most_similar_batch(queries)


def test_neighbours_by_row_equal_those_by_word() -> None:
    vectors = random_vectors()
    indices, cosines = vectors.neighbour_rows(np.arange(2500), 3)
    assert indices.shape == cosines.shape == (2500, 3)
    for row in (0, 1023, 1024, 2499):
        answer = vectors.most_similar(f"w{row}", topn=3)
        assert [f"w{i}" for i in indices[row]] == names(answer)
        assert cosines[row].tolist() == [c for _, c in answer]


def test_neighbours_by_row_are_padded(vectors: WordVectors) -> None:
    indices, cosines = vectors.neighbour_rows([0], 7)
    assert indices[0, :5].min() >= 1
    assert (indices[0, 5:].tolist(), cosines[0, 5:].tolist()) == ([-1, -1], [0.0, 0.0])
    assert vectors.neighbour_rows([1], 2, within=["queen", "man"])[0].tolist() == [[2, -1]]
    assert vectors.neighbour_rows([], 2)[0].shape == (0, 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([0, 6], "rows must be 0 to 5, got 6"),
        ([-1], "rows must be 0 to 5, got -1"),
        ([0.5], r"rows must be \(n,\) integers, got float64 of the shape \(1,\)"),
        ([[1]], "integers, got int64 of the shape"),
    ],
)
def test_invalid_row_numbers_are_refused(vectors: WordVectors, rows: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        vectors.neighbour_rows(rows, 1)


def test_an_array_of_words_is_accepted_as_words(vectors: WordVectors) -> None:
    for words in (np.array(["king", "pear"]), np.array(["king", "pear"], dtype=object)):
        assert vectors.most_similar(words) == vectors.most_similar(["king", "pear"])
        assert vectors.most_similar_batch(words) == vectors.most_similar_batch(["king", "pear"])
        assert vectors.distances(words).shape == (2, 2)


def test_negative_counts_are_refused() -> None:
    for counts, shown in (([3, -1], "-1"), (np.array([3, 2**64 - 1], np.uint64), "-1")):
        with pytest.raises(SettingsError, match=f"counts must be at least 0, got {shown}"):
            WordVectors(["a", "b"], np.ones((2, 2)), counts)


def test_answers_are_within_the_first_or_the_given_words(vectors: WordVectors) -> None:
    assert names(vectors.most_similar("king", within=3)) == ["queen", "man"]
    assert names(vectors.most_similar("king", within=["pear", "man", "pear"])) == ["man", "pear"]
    assert vectors.most_similar("king", within=99) == vectors.most_similar("king")
    assert vectors.most_similar("king", within=["king"]) == []
    assert names(vectors.most_similar("king", within="pear")) == ["pear"]
    assert names(vectors.analogy("man", "king", "woman", within=["apple", "queen"], topn=1)) == [
        "queen"
    ]
    with pytest.raises(SettingsError, match="within must be at least 1, got 0"):
        vectors.most_similar("king", within=0)
    with pytest.raises(UnknownWordError, match="'plum'"):
        vectors.most_similar("king", within=["plum"])


def test_huge_and_tiny_vectors_have_the_neighbours_of_their_directions() -> None:
    matrix = np.random.default_rng(3).integers(-9, 10, size=(300, 5)).astype(np.float32)
    scaled = matrix * np.resize(np.array([1e-35, 1.0, 1e37], dtype=np.float32), (300, 1))
    words = [f"w{i}" for i in range(300)]
    plain, odd = WordVectors(words, matrix), WordVectors(words, scaled)
    for word in words[:30]:
        expected = dict(plain.most_similar(word, topn=300))
        for other, cosine in odd.most_similar(word, topn=300):
            assert cosine == pytest.approx(expected[other], abs=1e-6)


# gensim 4.4.0's answers for the same 40 vectors.


@pytest.fixture
def forty() -> WordVectors:
    matrix = np.random.default_rng(11).integers(-9, 10, size=(40, 5))
    return WordVectors([f"w{i}" for i in range(40)], matrix)


def close(answer: list[tuple[str, float]], expected: list[tuple[str, float]]) -> bool:
    return names(answer) == names(expected) and np.allclose(
        [c for _, c in answer], [c for _, c in expected], rtol=2e-6, atol=0
    )


def test_answers_equal_those_of_gensim(forty: WordVectors) -> None:
    assert close(
        forty.most_similar(["w1", "w2"], ["w3"], topn=3),
        [("w8", 0.8719918727874756), ("w31", 0.8629558682441711), ("w29", 0.5941810011863708)],
    )
    assert close(
        forty.most_similar("w7", topn=3, within=12),
        [("w3", 0.8272282481193542), ("w11", 0.7624401450157166), ("w9", 0.7505385875701904)],
    )
    assert forty.doesnt_match(["w1", "w4", "w9", "w12"]) == "w9"
    assert (forty.rank("w5", "w30"), forty.rank("w5", "w6")) == (9, 4)
    np.testing.assert_allclose(
        forty.distances(["w5"], ["w6", "w7"]), [[0.2919895, 0.5035189]], rtol=1e-6
    )


def test_3cosmul_scores_equal_those_of_gensim(forty: WordVectors) -> None:
    assert close(
        forty.analogy("w3", "w1", "w2", topn=5, method="mul"),
        [
            ("w16", 3.4151246547698975),
            ("w8", 2.9811389446258545),
            ("w31", 2.7173056602478027),
            ("w4", 2.5794222354888916),
            ("w39", 1.547160267829895),
        ],
    )


def test_3cosmul_follows_the_rules_of_analogies(vectors: WordVectors) -> None:
    answer = vectors.analogy("man", "king", "woman", method="mul")
    assert answer[0][0] == "queen"
    assert set(names(answer)) == {"queen", "apple", "pear"}
    assert "king" in names(vectors.analogy("man", vectors["king"], "woman", 9, "mul"))
    with pytest.raises(SettingsError, match="method must be 'add' or 'mul', got 'div'"):
        vectors.analogy("man", "king", "woman", method="div")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="topn must be at least 1, got 0"):
        vectors.analogy("man", "king", "woman", 0, "mul")


# Distances, ranks, subsets.


def test_scipy_accepts_the_matrix_of_distances(vectors: WordVectors) -> None:
    far = vectors.distances(WORDS)
    assert far.dtype == np.float64
    assert far[0, 1] == pytest.approx(1 - 0.6)
    np.testing.assert_allclose(squareform(squareform(far)), far)
    assert vectors.distances(["king"], [vectors["queen"], "man"])[0].tolist() == [
        far[0, 1],
        far[0, 2],
    ]
    assert vectors.distances(MATRIX[:2], ["man"]).tolist() == far[:2, 2:3].tolist()
    assert vectors.distances([], ["king"]).shape == (0, 1)


def test_a_rank_is_the_position_among_the_neighbours() -> None:
    vectors = random_vectors(300, 3)
    for word in ("w0", "w17", "w299"):
        others = names(vectors.most_similar(word, topn=299))
        assert [vectors.rank(word, other) for other in others[:50]] == list(range(1, 51))
    with pytest.raises(SettingsError, match="two different words, got 'w3' twice"):
        vectors.rank("w3", "w3")
    with pytest.raises(UnknownWordError):
        vectors.rank("w3", "plum")


def test_a_subset_has_its_words_vectors_and_counts(vectors: WordVectors) -> None:
    part = vectors.take(["pear", "king"])
    assert part.words == ("pear", "king")
    assert part["pear"].tolist() == vectors["pear"].tolist()
    assert part.counts is not None
    assert part.counts.tolist() == [10, 60]
    assert vectors.take(2).words == ("king", "queen")
    assert np.shares_memory(vectors.take(2).matrix, vectors.matrix)
    assert vectors.take(99).words == tuple(WORDS)
    assert WordVectors(WORDS, MATRIX).take("man").counts is None
    with pytest.raises(SettingsError, match="'king' twice"):
        vectors.take(["king", "king"])
    with pytest.raises(SettingsError, match="words must be at least 1, got 0"):
        vectors.take(0)


def test_a_file_mapped_into_memory_is_shared_and_searched(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", MATRIX)
    mapped = np.load(tmp_path / "m.npy", mmap_mode="r")
    vectors = WordVectors(WORDS, mapped)
    assert np.shares_memory(vectors.matrix, mapped)
    assert vectors.most_similar("king") == WordVectors(WORDS, MATRIX).most_similar("king")


def test_columns_of_a_read_only_matrix_are_copied() -> None:
    by_column = np.asfortranarray(MATRIX)
    by_column.setflags(write=False)
    vectors = WordVectors(WORDS, by_column)
    assert vectors.most_similar("king") == WordVectors(WORDS, MATRIX).most_similar("king")
