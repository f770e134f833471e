"""Scores of vectors, against gensim's recorded scores and known results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from wordkin import SettingsError, WordVectors, evaluation
from wordkin.evaluation.question_files import AnalogyFile, Section, SimilarityFile

WORDS = [
    *("ant", "bee", "cat", "dog", "elk", "fox", "apes", "bees", "cats", "Ant", "BEE", "Cats"),
    *("dogs", "elks", "foxes", "DOGS", "yak", "Fox"),
]
MATRIX = [
    *([-27, -29, 40, -1], [20, 4, 28, -24], [-2, -20, -6, 40], [11, -22, 10, -25]),
    *([30, 53, 39, 3], [23, -10, -13, 1], [14, -60, 60, 18], [50, -26, 44, -19]),
    *([46, -43, 29, 41], [-11, -30, 41, -5], [8, 8, 37, -30], [24, -52, 5, 41]),
    *([46, -60, 16, -30], [53, 22, 79, 17], [66, -46, -18, 8], [39, -68, 32, -17]),
    *([-6, 42, 14, 29], [43, -1, -15, -7]),
]
ONE = ["ant", "bee", "cat", "dog", "elk", "fox"]
MANY = ["apes", "bees", "cats", "dogs", "elks", "foxes"]
MIXED_ONE = ["ant", "Bee", "cat", "dog", "elk", "Fox"]
MIXED_MANY = ["apes", "bees", "Cats", "dogs", "ELKS", "foxes"]
JUDGED = [
    *(7, 3, 2, 10, 1, 3, 7, 8, 7, 9, 0, 4, 6, 4, 4, 4, 0, 1, 5, 5, 10, 2),
    *(9, 2, 1, 2, 4, 2, 9, 8, 8, 4, 0, 2, 4, 6, 4, 6, 4, 7, 0, 10, 5, 1),
    *(8, 4, 9, 3, 9, 0, 4, 1, 4, 4, 10, 4, 8, 6, 4, 4, 0, 6, 4, 2, 1, 1),
]


def quadruples(first: list[str], second: list[str]) -> Any:
    return [
        (first[i], second[i], first[j], second[j]) for i in range(6) for j in range(6) if i != j
    ]


VECTORS = WordVectors(WORDS, MATRIX)
ANALOGIES = AnalogyFile(
    "animals.txt",
    (
        Section("animals", tuple(quadruples(ONE, MANY))),
        Section(
            "gram-animals",
            (*quadruples(MIXED_MANY, MIXED_ONE), ("ant", "unicorn", "bee", "bees")),
        ),
    ),
)
NAMES = MIXED_ONE + MIXED_MANY
PAIRS = SimilarityFile(
    "pairs.tsv",
    tuple((a, b) for i, a in enumerate(NAMES) for b in NAMES[i + 1 :]),
    tuple(map(float, JUDGED)),
)

# restrict_vocab, case_insensitive; (right, known) of each section; Spearman, Pearson: what gensim
# 4.4.0 answered on these vectors and questions.
GENSIM = [
    (None, True, [(29, 30), (20, 30)], -0.115183, -0.115016),
    (None, False, [(17, 30), (4, 12)], -0.125473, -0.141583),
    (14, True, [(19, 20), (13, 20)], -0.1087, -0.111249),
    (14, False, [(13, 20), (4, 6)], -0.345366, -0.372385),
]


@pytest.mark.parametrize(
    ("most_frequent", "insensitive", "sections", "spearman", "pearson"), GENSIM
)
def test_scores_equal_those_of_gensim(
    most_frequent: int | None, insensitive: bool, sections: Any, spearman: float, pearson: float
) -> None:
    how: Any = {"most_frequent": most_frequent, "case_insensitive": insensitive}
    found = evaluation.evaluate_analogies(VECTORS, ANALOGIES, **how)
    assert [(part.right, part.known) for _, part in found.sections] == sections
    judged = evaluation.evaluate_similarity(VECTORS, PAIRS, **how)
    assert judged.spearman == pytest.approx(spearman, abs=1e-6)
    assert judged.pearson == pytest.approx(pearson, abs=1e-6)


def test_totals_add_up_and_count_unknown_questions_as_asked() -> None:
    found = evaluation.evaluate_analogies(VECTORS, ANALOGIES)
    total = found.total
    assert (total.asked, total.known, total.right) == (61, 60, 49)
    assert total.score == 49 / 60
    assert total.score_of_asked == 49 / 61
    assert total.interval is not None
    assert total.interval.low < 49 / 60 < total.interval.high
    assert {name: part.right for name, part in found.kinds.items()} == {
        "semantic": 29,
        "syntactic": 20,
    }
    assert found.known.sum() == 60
    assert found.right.sum() == 49
    assert found.answers[-1] is None
    assert not found.known[-1]


def test_a_file_of_one_kind_has_no_kinds() -> None:
    alone = AnalogyFile("one", ANALOGIES.sections[:1])
    assert evaluation.evaluate_analogies(VECTORS, alone).kinds == {}


def test_the_best_word_in_another_case_is_right() -> None:
    vectors = WordVectors(
        ["a", "b", "c", "D", "d"], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 1, 1], [5, 1, 1]]
    )
    question = AnalogyFile("", (Section("s", (("a", "b", "c", "d"),)),))
    found = evaluation.evaluate_analogies(vectors, question)
    assert (found.answers, found.right.tolist()) == (("D",), [True])
    found = evaluation.evaluate_analogies(vectors, question, case_insensitive=False)
    assert (found.answers, found.right.tolist()) == (("D",), [False])


# Turkish kırın is not kirin, German Maße are no Masse: in upper case they are the same letters.
FOLDED = [("kırın", "kirin"), ("Maße", "Masse"), ("ﬁn", "fin")]


@pytest.mark.parametrize("case", ["exact", "lower", "fold"])
@pytest.mark.parametrize(("wrong", "right"), [*FOLDED, *((b, a) for a, b in FOLDED)])
def test_a_wrong_answer_is_not_right_by_folding(case: Any, wrong: str, right: str) -> None:
    vectors = WordVectors(
        ["a", "b", "c", wrong, right], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 1, 1], [5, 1, 1]]
    )
    question = AnalogyFile("", (Section("s", (("a", "b", "c", right),)),))
    found = evaluation.evaluate_analogies(vectors, question, case=case)
    assert (found.case, found.answers, found.total.score) == (case, (wrong,), 0.0)
    question = AnalogyFile("", (Section("s", (("a", "b", "c", wrong),)),))
    assert evaluation.evaluate_analogies(vectors, question, case=case).total.score == 1.0


def test_the_case_decides_which_words_are_known() -> None:
    vectors = WordVectors(["straße", "Weg", "kirin"], np.eye(3) + 1)
    pairs = SimilarityFile(
        "",
        (("STRASSE", "weg"), ("Straße", "Weg"), ("straße", "Weg"), ("kırın", "Weg")),
        (1, 2, 3, 4),
    )
    for case, known in (("exact", [2]), ("lower", [1, 2]), ("fold", [0, 1, 2])):
        found = evaluation.evaluate_similarity(vectors, pairs, case=case)  # type: ignore[arg-type]
        assert np.flatnonzero(found.known).tolist() == known
        assert found.case == case


@pytest.mark.parametrize(
    ("counts", "cosine"), [(None, 1.0), ([9, 5, 3], 1.0), ([9, 3, 5], -1.0), ([9, 5, 5], 1.0)]
)
def test_of_two_spellings_the_more_frequent_one_is_asked(counts: Any, cosine: float) -> None:
    vectors = WordVectors(["x", "Turkey", "turkey"], [[1, 0], [1, 0], [-1, 0]], counts)
    found = evaluation.evaluate_similarity(vectors, SimilarityFile("", (("x", "TURKEY"),), (1,)))
    assert found.cosines.tolist() == [cosine]


def test_gensims_name_for_the_case_is_taken() -> None:
    for given, case in ((True, "lower"), (False, "exact")):
        found = evaluation.evaluate_analogies(VECTORS, ANALOGIES, case_insensitive=given)
        assert found.total == evaluation.evaluate_analogies(VECTORS, ANALOGIES, case=case).total  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="case must be one of exact, lower, fold, got 'upper'"):
        evaluation.evaluate_similarity(VECTORS, PAIRS, case="upper")  # type: ignore[arg-type]


def test_any_of_several_answers_is_right() -> None:
    vectors = WordVectors(
        ["a", "b", "c", "d", "e"], [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 1, 1], [5, 1, 1]]
    )
    asked = ("a", "b", "c", "e")
    for answers, score in ((("e", "D"), 1.0), (("e",), 0.0), (("unknown", "d"), 1.0)):
        file = AnalogyFile("", (Section("s", (asked,), (answers,)),))
        assert evaluation.evaluate_analogies(vectors, file).total.score == score
    file = AnalogyFile("", (Section("s", (("a", "b", "c", "u"), asked), (("u", "v"), ("e",))),))
    assert evaluation.evaluate_analogies(vectors, file).known.tolist() == [False, True]


def test_folders_of_bats_are_kinds() -> None:
    question = (("ant", "apes", "bee", "bees"),)
    file = AnalogyFile("", (Section("x", question, None, "B"), Section("y", question, None, "A")))
    assert list(evaluation.evaluate_analogies(VECTORS, file).kinds) == ["A", "B"]


def test_unknown_pairs_have_the_cosine_0_among_all() -> None:
    pairs = SimilarityFile(
        "", (("ant", "bee"), ("ant", "unicorn"), ("cat", "dog"), ("elk", "fox")), (4, 1, 3, 2)
    )
    found = evaluation.evaluate_similarity(VECTORS, pairs)
    cosines = np.where(found.known, found.cosines, 0)
    assert found.spearman_of_asked == pytest.approx(stats.spearmanr(pairs.scores, cosines)[0])
    assert found.spearman_of_asked != found.spearman
    whole = evaluation.evaluate_similarity(VECTORS, PAIRS)
    assert whole.spearman_of_asked == whole.spearman


def test_vectors_of_tagged_words_are_asked_for_tagged_words() -> None:
    pairs = SimilarityFile("", (("hot", "warm"),), (1,), tagged=(("hot-j", "warm-j"),))
    for words in (["hot", "warm"], ["hot-j", "warm-j"], ["hot", "warm-j", "hot-j"]):
        vectors = WordVectors(words, np.eye(len(words)))
        assert evaluation.evaluate_similarity(vectors, pairs).known.tolist() == [True]


def test_answers_equal_those_of_word_vectors() -> None:
    found = evaluation.evaluate_analogies(VECTORS, ANALOGIES, case_insensitive=False)
    questions = [q for section in ANALOGIES.sections for q in section.questions]
    for (a, b, c, _), known, answer in zip(questions, found.known, found.answers, strict=True):
        if known:
            assert answer == VECTORS.analogy(a, b, c, topn=1)[0][0]


def test_methods_together_score_like_each_alone() -> None:
    both = evaluation.evaluate_analogies_by(VECTORS, ANALOGIES, evaluation.METHODS)
    assert [scores.method for scores in both] == ["add", "mul"]
    for scores in both:
        alone = evaluation.evaluate_analogies(VECTORS, ANALOGIES, method=scores.method, threads=3)
        assert alone.answers == scores.answers
    assert both[0].answers != both[1].answers


def test_similarity_scores_equal_scipys_correlations() -> None:
    found = evaluation.evaluate_similarity(VECTORS, PAIRS, case_insensitive=False)
    assert (found.asked, int(found.known.sum())) == (66, 45)
    assert np.isnan(found.cosines).tolist() == (~found.known).tolist()
    for (a, b), known, cosine in zip(PAIRS.pairs, found.known, found.cosines, strict=True):
        if known:
            assert cosine == pytest.approx(VECTORS.similarity(a, b))
    cosines, people = found.cosines[found.known], np.array(PAIRS.scores)[found.known]
    assert found.spearman == pytest.approx(stats.spearmanr(people, cosines)[0])
    assert found.pearson == pytest.approx(stats.pearsonr(people, cosines)[0])
    assert found.interval is not None
    assert found.spearman is not None
    assert found.interval.low < found.spearman < found.interval.high


def test_there_is_no_score_if_nothing_is_known() -> None:
    nobody = WordVectors(["nothing"], [[1.0]])
    found = evaluation.evaluate_analogies(nobody, ANALOGIES)
    assert (found.total.known, found.total.score, found.total.interval) == (0, None, None)
    assert found.total.score_of_asked == 0.0
    judged = evaluation.evaluate_similarity(nobody, PAIRS)
    assert (judged.spearman, judged.pearson, judged.interval) == (None, None, None)
    odd = evaluation.evaluate_odd(nobody, evaluation.probes().odd)
    assert (odd.total.known, odd.total.score) == (0, None)
    for compared in (
        evaluation.compare_accuracy(found, found),
        evaluation.compare_accuracy(odd, odd),
        evaluation.compare_similarity(judged, judged),
    ):
        assert compared == evaluation.Comparison(0, None, None, None)


def test_an_empty_vocabulary_knows_nothing() -> None:
    none = WordVectors([], np.zeros((0, 3)))
    assert evaluation.evaluate_analogies(none, ANALOGIES).total.known == 0
    assert evaluation.evaluate_odd(none, evaluation.probes().odd).total.known == 0
    assert evaluation.evaluate_similarity(none, PAIRS).spearman is None


def test_models_are_compared_on_items_that_both_know() -> None:
    fewer = WordVectors(WORDS[:14], MATRIX[:14])
    found = [evaluation.evaluate_analogies(v, ANALOGIES) for v in (fewer, VECTORS)]
    compared = evaluation.compare_accuracy(*found)
    both = found[0].known & found[1].known
    assert compared.both == both.sum() == 40
    assert compared.first == found[0].right[both].mean()
    assert compared.second == found[1].right[both].mean()
    assert compared.difference is not None
    gained = found[1].right[both].mean() - found[0].right[both].mean()
    assert compared.difference.difference == pytest.approx(gained)
    judged = [evaluation.evaluate_similarity(v, PAIRS) for v in (fewer, VECTORS)]
    same = evaluation.compare_similarity(*judged)
    assert same.both == judged[0].known.sum()
    assert same.first == same.second == judged[0].spearman
    assert same.difference is not None
    assert (same.difference.difference, same.difference.p) == (0.0, 1.0)


def test_scores_of_different_questions_are_not_compared() -> None:
    found = evaluation.evaluate_similarity(VECTORS, PAIRS)
    shorter = replace(PAIRS, pairs=PAIRS.pairs[:9], scores=PAIRS.scores[:9])
    with pytest.raises(SettingsError, match="same items, got 66 and 9"):
        evaluation.compare_similarity(found, evaluation.evaluate_similarity(VECTORS, shorter))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"most_frequent": 0}, "most_frequent must be at least 1, got 0"),
        ({"threads": 0}, "threads must be at least 1, got 0"),
        ({"method": "sum"}, "method must be one of add, mul, got 'sum'"),
    ],
)
def test_arguments_out_of_range_are_refused(wrong: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        evaluation.evaluate_analogies(VECTORS, ANALOGIES, **wrong)


def test_the_same_questions_give_the_same_intervals() -> None:
    one, other = (evaluation.evaluate_similarity(VECTORS, PAIRS) for _ in range(2))
    assert one.interval == other.interval


def test_files_are_scored_from_end_to_end(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    lines = [
        f": {s.name}\n" + "".join(" ".join(q) + "\n" for q in s.questions)
        for s in ANALOGIES.sections
    ]
    path.write_text("".join(lines))
    found = evaluation.evaluate_analogies(VECTORS, evaluation.read_analogies(path))
    assert found.total == evaluation.evaluate_analogies(VECTORS, ANALOGIES).total
