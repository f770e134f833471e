"""Words, vectors, lists of them and weights are taken as people write them, or refused by name."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from support.fasttext_files import quantised
from wordkin import SettingsError, UnknownWordError, WordVectors
from wordkin.vectors.formats import finalfusion, gensim_subwords
from wordkin.vectors.ngrams import LookedUpSubwords, Subwords
from wordkin.vectors.subwords import SubwordVectors

WORDS = ["war", "peace", "love", "tank", "treaty", "dove"]
MATRIX = np.random.default_rng(5).normal(size=(6, 4)).astype(np.float32)
VECTORS = WordVectors(WORDS, MATRIX, [6, 5, 4, 3, 2, 1])
MEAN = MATRIX.astype(np.float64)
UNIT = MEAN / np.linalg.norm(MEAN, axis=1, keepdims=True)


def test_topn_none_is_all_words() -> None:
    everything = VECTORS.most_similar("war", topn=None)
    assert sorted(word for word, _ in everything) == sorted(WORDS[1:])
    assert everything[:2] == VECTORS.most_similar("war", topn=2)
    assert VECTORS.most_similar_batch(["war"], topn=None) == [everything]
    for method in ("add", "mul"):
        assert len(VECTORS.analogy("war", "peace", "love", topn=None, method=method)) == 3


def test_a_number_in_the_place_of_negative_words_is_refused_with_topn() -> None:
    with pytest.raises(
        SettingsError, match=r"negative must be .*, got 3; for 3 words, give topn=3"
    ):
        VECTORS.most_similar("war", 3)  # type: ignore[arg-type]


def test_positive_and_negative_words_by_name() -> None:
    by_name = VECTORS.most_similar(positive=["peace", "love"], negative=["war"], topn=3)
    assert by_name == VECTORS.most_similar(["peace", "love"], ["war"], 3)


def test_weights_scale_the_directions_of_words_and_vectors() -> None:
    query = 0.5 * UNIT[1] + 2 * UNIT[2] - 0.25 * UNIT[0]
    found = VECTORS.most_similar([("peace", 0.5), (MATRIX[2], 2)], [("war", 0.25)], topn=None)
    cosines = UNIT @ (query / np.linalg.norm(query))
    rows = [row for row in np.argsort(-cosines) if row not in (0, 1)]  # of the words in the query
    assert [word for word, _ in found] == [WORDS[row] for row in rows]
    assert np.allclose([cosine for _, cosine in found], cosines[rows])


def test_the_weight_of_a_single_word_changes_nothing_but_its_sign() -> None:
    cosines = dict(VECTORS.most_similar("war"))
    assert dict(VECTORS.most_similar(("war", 0.5))) == pytest.approx(cosines)
    negated = {word: -cosine for word, cosine in cosines.items()}
    assert dict(VECTORS.most_similar([("war", -2.0)])) == pytest.approx(negated)


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_refused(weight: float) -> None:
    with pytest.raises(SettingsError, match="a weight must be finite"):
        VECTORS.most_similar([("war", weight), "love"])


def test_similarities_with_several_words() -> None:
    cosines = UNIT @ UNIT.T
    assert VECTORS.similarity("war", "peace") == pytest.approx(cosines[0, 1])
    assert isinstance(VECTORS.similarity("war", "peace"), float)
    assert np.allclose(VECTORS.similarity("war", ["peace"]), cosines[0, [1]])
    assert np.allclose(VECTORS.similarity("war", ["peace", "love"]), cosines[0, 1:3])
    assert np.allclose(VECTORS.similarity(["peace", "love"], "war"), cosines[1:3, 0])
    both: Any = VECTORS.similarity(["war", "tank", "dove"], ["peace", "love"])
    assert np.allclose(both, cosines[[0, 3, 5]][:, 1:3])
    assert np.allclose(VECTORS.similarity(MATRIX[0], MATRIX[1:3]), cosines[0, 1:3])


def test_a_list_of_floats_is_a_vector() -> None:
    numbers = MATRIX[0].tolist()
    assert VECTORS.similarity(numbers, "peace") == VECTORS.similarity("war", "peace")
    assert VECTORS.similarity(tuple(numbers), numbers) == pytest.approx(1)
    assert VECTORS.most_similar(numbers, topn=1)[0][0] == "war"
    assert VECTORS.most_similar([numbers, "peace"]) == VECTORS.most_similar([MATRIX[0], "peace"])
    assert VECTORS.most_similar_batch([numbers]) == [VECTORS.most_similar(MATRIX[0])]
    assert VECTORS.most_similar_batch(numbers) == [VECTORS.most_similar(MATRIX[0])]


class Tensor:
    """A vector of another library."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return MATRIX[0]


def test_a_vector_of_another_library_is_a_vector() -> None:
    tensor: Any = Tensor()
    assert VECTORS.most_similar(tensor) == VECTORS.most_similar(MATRIX[0])
    assert VECTORS.similarity(tensor, "war") == pytest.approx(1)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (object, "words or vectors are needed, got type"),
        (5, "words or vectors are needed, got int 5"),
        (b"war", "a word must be a str, got bytes b'war': decode it"),
        ({"war": 1}, "words or vectors are needed, got a dict"),
        ([["war"]], r"a word or a vector is needed, got list: \['war'\]"),
        ([None], "must have the shape|vector is needed"),
        ([1.0, 2.0], r"a vector must have the shape \(4,\), got \(2,\)"),
    ],
)
def test_what_is_neither_word_nor_vector_is_refused_by_type(item: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        VECTORS.most_similar(item)
    with pytest.raises(SettingsError, match=message):
        VECTORS.similarity("war", item)


def test_a_number_that_is_not_whole_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"topn must be a whole number, got 2\.5"):
        VECTORS.most_similar("war", topn=2.5)  # type: ignore[arg-type]
    assert len(VECTORS.most_similar("war", topn=np.int16(2))) == 2


def test_none_is_no_word_where_words_may_be_missing() -> None:
    negated = VECTORS.most_similar(negative=["war"])
    assert negated == VECTORS.most_similar([], ["war"]) == VECTORS.most_similar(None, "war")
    assert VECTORS.most_similar("war", None) == VECTORS.most_similar("war")
    with pytest.raises(SettingsError, match="at least 1 word or vector, got 0"):
        VECTORS.most_similar()


@pytest.mark.parametrize("words", [2.5, None])
def test_what_is_neither_a_number_nor_words_is_refused(words: Any) -> None:
    with pytest.raises(SettingsError, match="words must be a whole number or words, got"):
        VECTORS.take(words)
    if words is not None:
        with pytest.raises(SettingsError, match=r"within must be a whole .*, got 2\.5"):
            VECTORS.most_similar("war", within=words)


def test_a_str_of_words_is_not_split_for_the_odd_one_out() -> None:
    with pytest.raises(SettingsError, match="one str, 'war peace love': split it"):
        VECTORS.doesnt_match("war peace love")


def test_rows_of_different_lengths_are_no_matrix() -> None:
    with pytest.raises(SettingsError, match="matrix must be numbers, in rows of one length"):
        WordVectors(["a", "b"], [[1.0, 2.0], [3.0]])


def test_models_are_compared_by_their_vectors() -> None:
    model: Any = wordkin.Word2Vec()
    for compare in (wordkin.compare, lambda *models: wordkin.stability(models)):
        with pytest.raises(TypeError, match="must be WordVectors, got Word2Vec: give its vectors"):
            compare(VECTORS, model)


# ------------------------------------------------------------------------------------ look-ups


def test_vectors_of_several_words() -> None:
    for words in (
        ["love", "war"],
        ("love", "war"),
        np.array(["love", "war"]),
        iter(["love", "war"]),
    ):
        assert np.array_equal(VECTORS[words], MATRIX[[2, 0]])
    assert VECTORS[[]].shape == (0, 4)
    with pytest.raises(UnknownWordError, match=r"2 words .* the 6: 'lov' \(close: 'love'\)"):
        VECTORS[["war", "lov", "xyz"]]
    with pytest.raises(TypeError, match=r"got int; row 5 is matrix\[5\]"):
        VECTORS[5]  # type: ignore[index]
    with pytest.raises(TypeError, match="got bytes"):
        VECTORS[b"war"]  # type: ignore[index]


def test_get_has_a_default() -> None:
    assert VECTORS.get("xyz") is None
    assert VECTORS.get("xyz", 0) == 0
    found: Any = VECTORS.get("war", 0)
    assert np.array_equal(found, MATRIX[0])


def test_many_unknown_words_are_named_at_once_and_then_counted() -> None:
    unknown = [f"xyz{i}" for i in range(9)]
    with pytest.raises(UnknownWordError, match=r"9 words are .*'xyz0'; .*'xyz4'; and 4 more"):
        VECTORS.most_similar([*unknown, "war", "xyz3"])
    with pytest.raises(UnknownWordError, match="2 words are not"):
        VECTORS.take(["war", "a", "b"])
    with pytest.raises(UnknownWordError, match="2 words are not"):
        VECTORS.most_similar("war", within=["a", "b"])


def test_closer_than_is_what_most_similar_has_before_it() -> None:
    words = [word for word, _ in VECTORS.most_similar("war", topn=None)]
    for i, word in enumerate(words):
        assert VECTORS.closer_than("war", word) == words[:i]


def test_the_similarity_of_groups_is_that_of_their_means() -> None:
    a, b = MEAN[[0, 3]].mean(axis=0), MEAN[[1, 2, 4]].mean(axis=0)
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert VECTORS.n_similarity(["war", "tank"], ["peace", "love", "treaty"]) == pytest.approx(
        cosine
    )
    with pytest.raises(SettingsError, match="at least 1 word in each group"):
        VECTORS.n_similarity([], ["war"])


def test_unknown_words_of_an_odd_one_out_are_an_error_or_left_out() -> None:
    words = ["war", "tank", "dove", "xyz"]
    with pytest.raises(UnknownWordError, match=r"'xyz' .*skip_unknown=True leaves out such words"):
        VECTORS.doesnt_match(words)
    with pytest.warns(wordkin.WordkinWarning, match="doesnt_match left out 'xyz'"):
        assert VECTORS.doesnt_match(words, skip_unknown=True) == VECTORS.doesnt_match(words[:3])
    with (
        pytest.warns(wordkin.WordkinWarning),
        pytest.raises(SettingsError, match="at least 3 words, got 2"),
    ):
        VECTORS.doesnt_match(["war", "tank", "xyz"], skip_unknown=True)


def test_unit_length_copies() -> None:
    unit = WordVectors([*WORDS, "zero"], np.vstack([MATRIX * 1e20, np.zeros((1, 4))])).unit()
    assert np.allclose(unit.matrix[:6], UNIT, atol=1e-6)
    assert not unit["zero"].any()
    assert VECTORS.unit().counts is VECTORS.counts
    assert not unit.matrix.flags.writeable


# -------------------------------------------------------------------------------- arrays, tables


def test_numpy_sees_the_matrix() -> None:
    assert np.asarray(VECTORS) is VECTORS.matrix
    copy = np.array(VECTORS)
    assert copy is not VECTORS.matrix
    assert copy.flags.writeable
    assert np.array_equal(copy, MATRIX)
    assert np.asarray(VECTORS, dtype=np.float64).dtype == np.float64
    assert np.asarray(VECTORS).dtype == np.float32
    with pytest.raises(ValueError, match="takes a copy"):
        VECTORS.__array__(np.float64, copy=False)
    assert list(VECTORS) == WORDS
    assert "war" in VECTORS
    assert len(VECTORS) == 6


def test_pandas_sees_the_matrix() -> None:
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(VECTORS).shape == (6, 4)
    table = pandas.DataFrame(VECTORS.matrix, index=VECTORS.words)
    assert np.array_equal(table.loc["love"], MATRIX[2])
    assert VECTORS.most_similar(table.loc["love"]) == VECTORS.most_similar(MATRIX[2])


# ------------------------------------------------------------------------------------- new ones


def test_words_of_vectors_have_an_order_and_are_str() -> None:
    for words in ({"a", "b"}, frozenset("ab")):
        with pytest.raises(SettingsError, match="words must have an order"):
            WordVectors(words, np.eye(2))  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="several words, got the str 'ab'"):
        WordVectors("ab", np.eye(2))
    with pytest.raises(TypeError, match=r"got int 2 at row 1: give map\(str, words\)"):
        WordVectors(["a", 2], np.eye(2))  # type: ignore[list-item]
    from_numpy = WordVectors(np.array(["a", "b"]), np.eye(2))  # type: ignore[arg-type]
    assert repr(from_numpy).endswith("'a', 'b'>")
    assert WordVectors({"a": 1, "b": 2}.keys(), np.eye(2)).words == ("a", "b")  # type: ignore[arg-type]


def test_equal_vectors_are_equal() -> None:
    same = WordVectors(WORDS, MATRIX.copy(), [6, 5, 4, 3, 2, 1])
    assert same == VECTORS
    assert hash(same) == hash(VECTORS)
    assert {same: 1}[VECTORS] == 1
    others = [
        WordVectors(WORDS, MATRIX),
        WordVectors(WORDS, MATRIX, [6, 5, 4, 3, 2, 2]),
        WordVectors(WORDS[::-1], MATRIX, [6, 5, 4, 3, 2, 1]),
        VECTORS.unit(),
        VECTORS.take(5),
    ]
    assert all(other != VECTORS for other in others)
    assert VECTORS != WORDS


def test_subwords_have_a_vector_for_any_word() -> None:
    ngrams = np.random.default_rng(6).normal(size=(50, 4)).astype(np.float32)
    vectors = SubwordVectors(WORDS, MATRIX, None, Subwords(MATRIX, ngrams, 3, 6))
    assert np.array_equal(vectors[["war", "wars"]], np.stack([vectors["war"], vectors["wars"]]))
    found: Any = vectors.get("wars")
    assert np.array_equal(found, vectors["wars"])
    assert vectors.get("\ud800", 0) == 0
    assert vectors.similarity("wars", ["war", "tanks"]).shape == (2,)
    assert vectors.doesnt_match(["war", "wars", "dove"], skip_unknown=True)
    assert type(vectors.unit()) is WordVectors
    with pytest.raises(UnknownWordError, match="2 words are not among"):
        vectors.take(["wars", "tanks"])
    assert vectors == SubwordVectors(WORDS, MATRIX, None, Subwords(MATRIX, ngrams.copy(), 3, 6))
    assert vectors != SubwordVectors(WORDS, MATRIX, None, Subwords(MATRIX, ngrams * 2, 3, 6))
    assert vectors != WordVectors(WORDS, MATRIX)


ON_TWO = partial(gensim_subwords._by_hash, {0: 1, 1: 0}, 2, False, 1, 2)
BY_TEXT = partial(gensim_subwords._by_text, {"<w": 0, "ar": 1}, 2, 2)


EXPLICIT = partial(finalfusion._explicit, {"<w": 0, "ar": 1}, 0, 2, 2)
HASHED = partial(finalfusion._hashed, finalfusion._hash_of_characters, 2, 0, 1, 2)


@pytest.mark.parametrize("rule", [ON_TWO, BY_TEXT, EXPLICIT, HASHED])
def test_rules_of_others_are_pickled_with_the_vectors(rule: Any) -> None:
    vectors = SubwordVectors(WORDS, MATRIX, None, LookedUpSubwords(MATRIX, MATRIX, rule))
    again = pickle.loads(pickle.dumps(vectors))
    assert again == vectors
    assert np.array_equal(again["warm"], vectors["warm"])
    other = partial(rule.func, *rule.args[:-1], 3)
    assert again != SubwordVectors(WORDS, MATRIX, None, LookedUpSubwords(MATRIX, MATRIX, other))


def test_quantised_models_of_fasttext_are_pickled(tmp_path: Path) -> None:
    data, _ = quantised(pruned={3: 1, 0: 0, 7: 2})
    (tmp_path / "model.ftz").write_bytes(data)
    vectors = wordkin.load(tmp_path / "model.ftz")
    again = pickle.loads(pickle.dumps(vectors))
    assert again == vectors
    assert np.array_equal(again["서울시"], vectors["서울시"])
