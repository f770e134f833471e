"""Scores of word vectors on analogies, similarity judgements and odd-one-out questions.

In: `WordVectors` and questions. Out: scores with bootstrap intervals, and the vocabulary coverage.

>>> from wordkin import evaluation, load
>>> questions = evaluation.read_analogies("questions-words.txt")              # doctest: +SKIP
>>> evaluation.evaluate_analogies(load("model.bin"), questions).total.score   # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin.evaluation import intervals
from wordkin.evaluation.builtin_probes import KIND_SIZE, OddFile
from wordkin.evaluation.candidates import VocabularyIndex
from wordkin.evaluation.intervals import Interval
from wordkin.evaluation.question_files import AnalogyFile, SimilarityFile
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.machine import cores
from wordkin.system.types import Bools, Int64
from wordkin.vectors import analogies, search
from wordkin.vectors.analogies import METHODS, Method
from wordkin.vectors.words import WordVectors


@dataclass(frozen=True)
class Accuracy:
    """The numbers of questions in total, of those with known words, and of right answers.

    Attributes
    ----------
    asked : int
        The number of questions.
    known : int
        The number of questions whose words are all in the vocabulary.
    right : int
        The number of questions answered correctly.
    interval : Interval or None
        The 95 % interval of `score`; None if `known` is 0.
    """

    asked: int
    known: int
    right: int
    interval: Interval | None

    @property
    def score(self) -> float | None:
        """The accuracy on the known questions, `right` / `known`; None if `known` is 0."""
        return self.right / self.known if self.known else None

    @property
    def score_of_asked(self) -> float | None:
        """The accuracy on all questions, `right` / `asked`, where unknown ones count as wrong."""
        return self.right / self.asked if self.asked else None


@dataclass(frozen=True, eq=False)
class AnalogyScores:
    """The scores of word vectors on a file of n analogies.

    Attributes
    ----------
    name, method : str
        The name of the file, and the method that answered.
    total : Accuracy
        The accuracy on the whole file.
    kinds : dict of str to Accuracy
        "semantic" and "syntactic" if the file has both, else empty. The names of syntactic sections
        begin with "gram".
    sections : tuple of (str, Accuracy)
        The name and accuracy of each section.
    known, right : (n,) arrays of bool
        For each question, whether its words are in the vocabulary, and whether the answer is right.
    answers : tuple of n (str or None)
        None if a word is unknown or there is no other word to answer.
    """

    name: str
    method: Method
    total: Accuracy
    kinds: dict[str, Accuracy]
    sections: tuple[tuple[str, Accuracy], ...]
    known: Bools
    right: Bools
    answers: tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class SimilarityScores:
    """The correlation of cosines with people's judgements of n pairs of words.

    Attributes
    ----------
    name : str
        The name of the file.
    asked : int
        The number of pairs, n.
    spearman, pearson : float or None
        Correlations over the known pairs; None if one side is constant.
    interval : Interval or None
        The 95 % interval of `spearman`.
    people, cosines : (n,) float64 arrays
        The judgements, and the cosines; NaN for a pair with an unknown word.
    known : (n,) array of bool
        For each pair, whether both words are in the vocabulary.
    """

    name: str
    asked: int
    spearman: float | None
    pearson: float | None
    interval: Interval | None
    people: npt.NDArray[np.float64]
    cosines: npt.NDArray[np.float64]
    known: Bools


@dataclass(frozen=True, eq=False)
class OddScores:
    """The scores of word vectors on n odd-one-out questions.

    Attributes
    ----------
    name : str
        The name of the questions.
    total : Accuracy
        The accuracy on all questions.
    chance : float
        The accuracy of guessing.
    known, right : (n,) arrays of bool
        For each question, whether its words are in the vocabulary, and whether the answer is right.
    """

    name: str
    total: Accuracy
    chance: float
    known: Bools
    right: Bools


def evaluate_analogies(
    vectors: WordVectors,
    questions: AnalogyFile,
    *,
    method: Method = "add",
    most_frequent: int | None = None,
    case_insensitive: bool = True,
    threads: int | None = None,
) -> AnalogyScores:
    """Score word vectors on analogies: the answer is the best word outside the question.

    Parameters
    ----------
    vectors : WordVectors
    questions : AnalogyFile
        From `read_analogies`, or the analogies of `probes`.
    method : {"add", "mul"}
        3CosAdd or 3CosMul, as in `WordVectors.analogy`.
    most_frequent : int, optional
        Use only the first N words as known words and as answers. By default, all.
    case_insensitive : bool
        Whether to treat words that differ only in case as one word: the first of them represents
        it, all are excluded from the answers to its questions, and any of them is a right answer.
    threads : int, optional
        By default, one per core. The scores do not depend on it.

    Returns
    -------
    AnalogyScores

    Raises
    ------
    SettingsError
        If a number is below 1, or there is no such method.
    """
    return evaluate_analogies_by(
        vectors,
        questions,
        [method],
        most_frequent=most_frequent,
        case_insensitive=case_insensitive,
        threads=threads,
    )[0]


def evaluate_analogies_by(
    vectors: WordVectors,
    questions: AnalogyFile,
    methods: Sequence[Method],
    *,
    most_frequent: int | None = None,
    case_insensitive: bool = True,
    threads: int | None = None,
) -> list[AnalogyScores]:
    """Score word vectors by several methods, in little more time than by one.

    Parameters and errors are those of `evaluate_analogies`, except that `methods` is a sequence.

    Returns
    -------
    list of AnalogyScores
        One for each method, in order.
    """
    for method in methods:
        if method not in METHODS:
            raise SettingsError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    threads = cores() if threads is None else at_least(1, "threads", threads)
    words = [question for section in questions.sections for question in section.questions]
    index = VocabularyIndex(vectors, words, most_frequent, case_insensitive)
    numbers = index.numbers.reshape(-1, 4)
    known = index.all_known(numbers)
    rows_by_method = _solve(vectors, index, numbers[known], methods, threads)
    return [
        _analogy_scores(vectors, questions, method, index, numbers, known, rows)
        for method, rows in rows_by_method.items()
    ]


def _solve(
    vectors: WordVectors,
    index: VocabularyIndex,
    numbers: Int64,
    methods: Sequence[Method],
    threads: int,
) -> dict[Method, Int64]:
    """Answer (n, 4) questions with known words; return (n,) row numbers for each method."""
    used, triples = np.unique(numbers[:, :3], return_inverse=True)
    position = np.full(len(index.rows) + 1, -1, dtype=np.int32)  # the last one is for -1, no word
    position[used] = np.arange(len(used))
    return analogies.solve(
        vectors.matrix[: len(index.same_word)],
        index.rows[used],
        triples.reshape(-1, 3),
        position[index.same_word],
        methods=methods,
        threads=threads,
    )


def _analogy_scores(
    vectors: WordVectors,
    questions: AnalogyFile,
    method: Method,
    index: VocabularyIndex,
    numbers: Int64,
    known: Bools,
    rows: Int64,
) -> AnalogyScores:
    answer = np.full(len(known), -1)
    answer[known] = rows
    right = np.zeros_like(known)
    right[known] = (rows >= 0) & (index.same_word[rows] == numbers[known, 3])
    names = [section.name for section in questions.sections]
    sizes = [len(section.questions) for section in questions.sections]
    section_of = np.repeat(np.arange(len(sizes)), sizes)
    sections = tuple(
        (name, _accuracy(known, right, section_of == i)) for i, name in enumerate(names)
    )
    syntactic = np.array([name.startswith("gram") for name in names])[section_of]
    kinds = {}
    if 0 < syntactic.sum() < len(syntactic):
        kinds = {
            "semantic": _accuracy(known, right, ~syntactic),
            "syntactic": _accuracy(known, right, syntactic),
        }
    return AnalogyScores(
        name=questions.name,
        method=method,
        total=_accuracy(known, right, np.ones_like(known)),
        kinds=kinds,
        sections=sections,
        known=known,
        right=right,
        answers=tuple(None if row < 0 else vectors.words[row] for row in answer.tolist()),
    )


def _accuracy(known: Bools, right: Bools, part: Bools) -> Accuracy:
    asked, covered, correct = int(part.sum()), int((known & part).sum()), int((right & part).sum())
    return Accuracy(asked, covered, correct, intervals.accuracy_interval(correct, covered))


def evaluate_similarity(
    vectors: WordVectors,
    pairs: SimilarityFile,
    *,
    most_frequent: int | None = None,
    case_insensitive: bool = True,
) -> SimilarityScores:
    """Correlate the cosines of pairs of words with the similarities that people assigned.

    Parameters
    ----------
    vectors : WordVectors
    pairs : SimilarityFile
        From `read_similarity`.
    most_frequent, case_insensitive
        As in `evaluate_analogies`. Pairs with an unknown word are left out.

    Returns
    -------
    SimilarityScores

    Raises
    ------
    SettingsError
        If `most_frequent` is below 1.
    """
    index = VocabularyIndex(vectors, pairs.pairs, most_frequent, case_insensitive)
    numbers = index.numbers.reshape(-1, 2)
    known = index.all_known(numbers)
    people = np.array(pairs.scores, dtype=np.float64)
    cosines = np.full(len(people), np.nan)
    pairs_of_rows = index.rows[numbers[known]]
    cosines[known] = [search.cosine(*vectors.matrix[rows]) for rows in pairs_of_rows]
    return SimilarityScores(
        name=pairs.name,
        asked=len(pairs),
        spearman=intervals.spearman(people[known], cosines[known]),
        pearson=intervals.pearson(people[known], cosines[known]),
        interval=intervals.spearman_interval(people[known], cosines[known]),
        people=people,
        cosines=cosines,
        known=known,
    )


def evaluate_odd(
    vectors: WordVectors,
    questions: OddFile,
    *,
    most_frequent: int | None = None,
    case_insensitive: bool = True,
) -> OddScores:
    """Score word vectors on odd-one-out questions, answered as by `WordVectors.doesnt_match`.

    Parameters
    ----------
    vectors : WordVectors
    questions : OddFile
        The odd-one-out questions of `probes`.
    most_frequent, case_insensitive
        As in `evaluate_analogies`. Questions with an unknown word are left out.

    Returns
    -------
    OddScores

    Raises
    ------
    SettingsError
        If `most_frequent` is below 1.
    """
    index = VocabularyIndex(vectors, questions.questions, most_frequent, case_insensitive)
    numbers = index.numbers.reshape(-1, KIND_SIZE + 1)
    known = index.all_known(numbers)
    used, positions = np.unique(numbers[known], return_inverse=True)
    positions = positions.reshape(-1, KIND_SIZE + 1)
    units = search.units(vectors.matrix[index.rows[used]])
    with np.errstate(invalid="ignore"):  # OpenBLAS can report stale floating-point flags
        cosines = units @ units.T
    # The product of each word of a question with the sum of all its words.
    products = cosines[positions[:, :, np.newaxis], positions[:, np.newaxis, :]].sum(axis=2)
    right = np.zeros_like(known)
    right[known] = products.argmin(axis=1) == KIND_SIZE
    total = _accuracy(known, right, np.ones_like(known))
    return OddScores(questions.name, total, 1 / (KIND_SIZE + 1), known, right)
