"""Scores of word vectors on analogies, similarity judgements and odd-one-out questions.

In: `WordVectors` and questions. Out: scores with bootstrap intervals, and the vocabulary coverage.

>>> from wordkin import evaluation, load
>>> questions = evaluation.read_analogies("questions-words.txt")              # doctest: +SKIP
>>> evaluation.evaluate_analogies(load("model.bin"), questions).total.score   # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin.evaluation import intervals
from wordkin.evaluation.builtin_probes import KIND_SIZE, OddFile
from wordkin.evaluation.candidates import Case, VocabularyIndex, checked_case
from wordkin.evaluation.intervals import Interval
from wordkin.evaluation.question_files import SimilarityFile
from wordkin.system.types import Bools
from wordkin.vectors import search
from wordkin.vectors.analogies import Method
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
    case : {"exact", "lower", "fold"}
        Which words counted as the same.
    total : Accuracy
        The accuracy on the whole file.
    kinds : dict of str to Accuracy
        "semantic" and "syntactic" if the file has both, or the folders of BATS, else empty. The
        names of syntactic sections begin with "gram".
    sections : tuple of (str, Accuracy)
        The name and accuracy of each section.
    known, right : (n,) arrays of bool
        For each question, whether its words are in the vocabulary, and whether the answer is right.
    answers : tuple of n (str or None)
        None if a word is unknown or there is no other word to answer.
    """

    name: str
    method: Method
    case: Case
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
    case : {"exact", "lower", "fold"}
        Which words counted as the same.
    asked : int
        The number of pairs, n.
    spearman, pearson : float or None
        Correlations over the known pairs; None if one side is constant.
    spearman_of_asked : float or None
        Spearman's correlation over all pairs, where unknown ones have the cosine 0, as gensim's
        `dummy4unknown` has it.
    interval : Interval or None
        The 95 % interval of `spearman`.
    people, cosines : (n,) float64 arrays
        The judgements, and the cosines; NaN for a pair with an unknown word.
    known : (n,) array of bool
        For each pair, whether both words are in the vocabulary.
    """

    name: str
    case: Case
    asked: int
    spearman: float | None
    pearson: float | None
    spearman_of_asked: float | None
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
    case : {"exact", "lower", "fold"}
        Which words counted as the same.
    total : Accuracy
        The accuracy on all questions.
    chance : float
        The accuracy of guessing.
    known, right : (n,) arrays of bool
        For each question, whether its words are in the vocabulary, and whether the answer is right.
    """

    name: str
    case: Case
    total: Accuracy
    chance: float
    known: Bools
    right: Bools


def accuracy_of(known: Bools, right: Bools, part: Bools) -> Accuracy:
    """Return the accuracy on a part of (n,) questions, of which some are known and some right."""
    asked, covered, correct = int(part.sum()), int((known & part).sum()), int((right & part).sum())
    return Accuracy(asked, covered, correct, intervals.accuracy_interval(correct, covered))


def evaluate_similarity(
    vectors: WordVectors,
    pairs: SimilarityFile,
    *,
    most_frequent: int | None = None,
    case: Case = "lower",
    case_insensitive: bool | None = None,
) -> SimilarityScores:
    """Correlate the cosines of pairs of words with the similarities that people assigned.

    Parameters
    ----------
    vectors : WordVectors
    pairs : SimilarityFile
        From `read_similarity`.
    most_frequent, case, case_insensitive
        As in `evaluate_analogies`. Pairs with an unknown word are left out.

    Returns
    -------
    SimilarityScores

    Raises
    ------
    SettingsError
        If `most_frequent` is below 1.
    """
    case = checked_case(case, case_insensitive)
    index = VocabularyIndex(vectors, pairs.pairs, most_frequent, case)
    if pairs.tagged is not None:  # the vectors may be those of words with parts of speech
        tagged = VocabularyIndex(vectors, pairs.tagged, most_frequent, case)
        index = max(index, tagged, key=lambda each: int((each.rows[each.numbers] >= 0).sum()))
    numbers = index.numbers.reshape(-1, 2)
    known = index.all_known(numbers)
    people = np.array(pairs.scores, dtype=np.float64)
    cosines = np.full(len(people), np.nan)
    pairs_of_rows = index.rows[numbers[known]]
    cosines[known] = [search.cosine(*vectors.matrix[rows]) for rows in pairs_of_rows]
    return SimilarityScores(
        name=pairs.name,
        case=case,
        asked=len(pairs),
        spearman=intervals.spearman(people[known], cosines[known]),
        pearson=intervals.pearson(people[known], cosines[known]),
        spearman_of_asked=intervals.spearman(people, np.where(known, cosines, 0.0)),
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
    case: Case = "lower",
    case_insensitive: bool | None = None,
) -> OddScores:
    """Score word vectors on odd-one-out questions, answered as by `WordVectors.doesnt_match`.

    Parameters
    ----------
    vectors : WordVectors
    questions : OddFile
        The odd-one-out questions of `probes`.
    most_frequent, case, case_insensitive
        As in `evaluate_analogies`. Questions with an unknown word are left out.

    Returns
    -------
    OddScores

    Raises
    ------
    SettingsError
        If `most_frequent` is below 1.
    """
    case = checked_case(case, case_insensitive)
    index = VocabularyIndex(vectors, questions.questions, most_frequent, case)
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
    total = accuracy_of(known, right, np.ones_like(known))
    return OddScores(questions.name, case, total, 1 / (KIND_SIZE + 1), known, right)
