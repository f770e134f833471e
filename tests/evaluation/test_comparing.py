"""Comparing models: rotations change nothing, and planted changes are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group

from wordkin.corpus.encoded import LINE_END, Corpus
from wordkin.corpus.resampling import resampled_lines
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.evaluation import agreement
from wordkin.evaluation.comparing import compare
from wordkin.evaluation.stability import Band, stability
from wordkin.system.errors import SettingsError, UnknownWordError
from wordkin.vectors import WordVectors


def model(V: int = 200, d: int = 10, seed: int = 0) -> WordVectors:
    matrix = np.random.default_rng(seed).normal(size=(V, d))
    return WordVectors([f"w{i}" for i in range(V)], matrix, np.arange(V, 0, -1))


def clusters(swapped: bool = False) -> WordVectors:
    """Return five clusters of six words; swapped: a0 is in cluster b, and b0 in cluster a."""
    rng = np.random.default_rng(0)
    words = [f"{group}{i}" for group in "abcde" for i in range(6)]
    matrix = np.repeat(np.eye(5), 6, axis=0) * 5 + rng.normal(scale=0.3, size=(30, 5))
    if swapped:
        matrix[[0, 6]] = matrix[[6, 0]]
    return WordVectors(words, matrix)


def turned(vectors: WordVectors, Q: Any) -> WordVectors:
    return WordVectors(vectors.words, vectors.matrix.astype(np.float64) @ Q, vectors.counts)


# Two models.


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rotated_or_reflected_model_agrees_completely(sign: int) -> None:
    a = model()
    Q = ortho_group.rvs(10, random_state=1)
    Q[0] *= sign * np.sign(np.linalg.det(Q))
    assert np.linalg.det(Q) == pytest.approx(sign)
    found = compare(a, turned(a, 3 * Q))
    assert (found.overlap == 1).all()
    np.testing.assert_allclose(found.cosine, 1, atol=1e-6)
    assert (found.jaccard == 1).all()
    assert found.shared.tolist() == [0] * 10 + [200]


def test_fewer_dimensions_are_padded_with_zeros() -> None:
    a = model(d=10)
    wider = np.concatenate([a.matrix, np.zeros((200, 4))], axis=1)
    b = turned(WordVectors(a.words, wider), ortho_group.rvs(14, random_state=1))
    for one, other in ((a, b), (b, a)):
        found = compare(one, other)
        assert found.mean_overlap == 1
        assert found.mean_cosine == pytest.approx(1, abs=1e-6)


def test_unrelated_models_overlap_by_chance() -> None:
    found = compare(model(2000, 20, seed=1), model(2000, 20, seed=2), k=50)
    assert found.chance == 50 / 1999
    assert found.mean_overlap == pytest.approx(found.chance, rel=0.1)


def test_swapped_words_are_the_most_changed() -> None:
    found = compare(clusters(), clusters(swapped=True), k=4)
    first, second, third = found.most_changed(3)
    assert {first.word, second.word} == {"a0", "b0"}
    assert (first.overlap, second.overlap) == (0, 0)
    assert third.overlap >= 0.5
    a0 = found.of("a0")
    assert {word[0] for word, _ in a0.in_a} == {"a"}
    assert {word[0] for word, _ in a0.in_b} == {"b"}
    assert a0.cosine < 0.5 < third.cosine


def test_ties_of_overlap_are_ordered_by_aligned_cosine() -> None:
    a = clusters()
    matrix = a.matrix.copy()
    matrix[0] += [0, 4, 0, 0, 0]  # still nearest to the others of its group
    found = compare(a, WordVectors(a.words, matrix), k=29)
    assert (found.overlap == 1).all()
    assert found.most_changed(1)[0].word == "a0"


def test_neighbours_equal_those_of_most_similar() -> None:
    a, b = model(seed=1), model(seed=2)
    found = compare(a, b, k=5)
    for word in a.words[::17]:
        change = found.of(word)
        for vectors, near in ((a, change.in_a), (b, change.in_b)):
            expected = vectors.most_similar(word, topn=5)
            assert [w for w, _ in near] == [w for w, _ in expected]
            np.testing.assert_allclose([c for _, c in near], [c for _, c in expected], atol=1e-6)
        both = {w for w, _ in change.in_a} & {w for w, _ in change.in_b}
        assert change.overlap == len(both) / 5
        i = found.words.index(word)
        assert found.jaccard[i] == pytest.approx(len(both) / (10 - len(both)))


def test_results_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = model(seed=1), model(seed=2)
    whole = compare(a, b)
    monkeypatch.setattr(agreement, "_ROWS", 11)
    parts = compare(a, b)
    np.testing.assert_array_equal(parts.overlap, whole.overlap)
    np.testing.assert_allclose(parts.cosine, whole.cosine, atol=1e-12)


def test_the_alignment_is_the_orthogonal_one_that_fits_best() -> None:
    a, b = model(seed=1), model(seed=2)
    centred = []
    for vectors in (a, b):
        rows = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
        rows = rows - rows.mean(axis=0)
        centred.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    Q, _ = orthogonal_procrustes(*centred)
    expected = ((centred[0] @ Q) * centred[1]).sum(axis=1)
    np.testing.assert_allclose(compare(a, b).cosine, expected, atol=1e-5)


def test_a_common_direction_does_not_count_as_agreement() -> None:
    a, b = model(2000, 20, seed=1), model(2000, 20, seed=2)
    leaning = [WordVectors(m.words, m.matrix + np.eye(20)[0] * 50) for m in (a, b)]
    assert compare(leaning[0], leaning[1]).mean_cosine < 0.3


def test_only_common_words_with_nonzero_vectors_are_compared() -> None:
    rows = np.array([[10, 0], [10, 1], [0, 10], [1, 10], [10, 10]])
    a = WordVectors(["x", "a", "b", "c", "zero"], rows)
    rows = np.array([[0, 0], [1, 10], [0, 10], [10, 1], [10, 0]])
    b = WordVectors(["zero", "c", "b", "a", "y"], rows)
    found = compare(a, b, k=1)
    assert (found.words, found.common) == (("a", "b", "c"), 3)
    assert found.of("a").in_a[0][0] == "c"  # not x, which b lacks
    with pytest.raises(UnknownWordError, match="'x' is not among the 5 words"):
        compare(a, b, words=["x"])
    with pytest.raises(UnknownWordError, match="'zero' has a zero vector"):
        compare(a, b, words=["zero"])
    with pytest.raises(UnknownWordError, match="'zero' is not among the words compared"):
        found.of("zero")


def test_words_are_ordered_by_the_counts_of_the_first_model() -> None:
    a = WordVectors(["x", "y", "z"], np.eye(3), [1, 3, 2])
    assert compare(a, a, k=1).words == ("y", "z", "x")
    assert compare(a, a, k=1, most_frequent=2).words == ("y", "z")
    assert compare(a, a, k=1, words=["x", "y"]).words == ("x", "y")


def test_compared_words_and_candidates_are_chosen_by_frequency() -> None:
    a, b = model(seed=1), model(seed=2)
    whole, few = compare(a, b), compare(a, b, most_frequent=20)
    np.testing.assert_array_equal(few.overlap, whole.overlap[:20])
    np.testing.assert_allclose(few.cosine, whole.cosine[:20], atol=1e-12)
    near = compare(a, b, within=30)
    assert (near.candidates, near.common, len(near.words)) == (30, 200, 200)
    assert near.chance == 10 / 29
    for change in near.most_changed(200):
        assert {word for word, _ in change.in_a + change.in_b} <= {f"w{i}" for i in range(30)}
        assert change.word not in {word for word, _ in change.in_a + change.in_b}


def test_a_large_k_takes_all_other_words() -> None:
    found = compare(model(5), model(5, seed=1), k=10)
    assert (found.k, found.mean_overlap, found.chance) == (4, 1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be at least 1, got 0"),
        ({"most_frequent": 0}, "most_frequent must be at least 1, got 0"),
        ({"within": 1}, "within must be at least 2, got 1"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        compare(model(), model(), **options)
    with pytest.raises(SettingsError, match=message):
        stability([model(), model()], **options)


def test_no_words_to_compare_are_refused() -> None:
    with pytest.raises(SettingsError, match="words must be at least 1, got 0"):
        compare(model(), model(), words=[])


def test_models_without_common_words_are_refused() -> None:
    other = WordVectors(["w0", "b"], np.eye(2))
    with pytest.raises(SettingsError, match="at least 2 words in common, got 1"):
        compare(model(), other)
    with pytest.raises(SettingsError, match="at least 2 models, got 1"):
        stability([model()])


# Several models.


def test_stability_is_the_mean_overlap_of_all_pairs() -> None:
    models = [model(seed=seed) for seed in (1, 2, 3)]
    found = stability(models, k=20)
    pairs = [compare(models[i], models[j], k=20).overlap for i, j in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(found.overlap, np.mean(pairs, axis=0))
    assert found.models == 3
    assert found.mean_overlap == pytest.approx(found.chance, rel=0.2)


def test_bands_divide_the_words_by_rank() -> None:
    models = [model(1234, seed=seed) for seed in (1, 2)]
    found = stability(models)
    assert [(band.first, band.last) for band in found.bands] == [
        (1, 100),
        (101, 1000),
        (1001, 1234),
    ]
    total = sum(band.overlap * (band.last - band.first + 1) for band in found.bands)
    assert total / 1234 == pytest.approx(found.mean_overlap)
    assert stability(models, most_frequent=5).bands == [
        Band(1, 5, pytest.approx(found.overlap[:5].mean()))  # type: ignore[arg-type]
    ]


def test_swapped_words_are_the_least_stable() -> None:
    found = stability([clusters(), clusters(), clusters(swapped=True)], k=4)
    assert {word for word, _ in found.least_stable(2)} == {"a0", "b0"}
    assert dict(found.least_stable(2)) == {"a0": pytest.approx(1 / 3), "b0": pytest.approx(1 / 3)}
    assert found.agreed("a0") == []
    most = found.most_stable(30)
    assert [overlap for _, overlap in most] == sorted(found.overlap, reverse=True)
    assert len(found.agreed(most[0][0])) >= 3
    with pytest.raises(UnknownWordError):
        found.agreed("nobody")


def test_a_single_word_to_compare_is_not_split_into_letters() -> None:
    assert compare(model(), model(), words="w1").words == ("w1",)
    assert compare(model(), model(), words=iter(["w3", "w1"])).words == ("w3", "w1")  # type: ignore[arg-type]


# Resampling lines.


def test_lines_are_resampled_whole_and_with_replacement() -> None:
    lines = [[f"w{i}", "the", f"w{i}"] for i in range(1000)]
    words = ["the", *(f"w{i}" for i in range(1000))]
    ids = np.array(
        [number for i in range(1000) for number in (i + 1, 0, i + 1, LINE_END)], dtype=np.int32
    )
    corpus = Corpus(Vocabulary(words, np.array([1000] + [2] * 1000)), ids, 3000, 1000, 0)
    drawn = list(resampled_lines(corpus, seed=1))
    assert len(drawn) == 1000
    assert all(line in lines for line in drawn[:50])
    different = len({line[0] for line in drawn})
    assert different == pytest.approx(1000 * (1 - np.exp(-1)), abs=50)  # the bootstrap's 63 %
    assert drawn == list(resampled_lines(corpus, seed=1))
    assert drawn != list(resampled_lines(corpus, seed=2))
