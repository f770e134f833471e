"""What word vectors are worth: analogies, and similarity as people judge it.

In: `WordVectors` and questions. Out: scores, with what was known, and how sure they are.

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
from wordkin.evaluation.builtin_probes import OF_A_KIND, OddFile
from wordkin.evaluation.candidates import Known
from wordkin.evaluation.intervals import Interval
from wordkin.evaluation.question_files import (
    AnalogyFile,
    SimilarityFile,
)
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.machine import cores
from wordkin.system.types import Bools, Int64
from wordkin.vectors import analogies, search
from wordkin.vectors.analogies import METHODS, Method
from wordkin.vectors.words import WordVectors


@dataclass(frozen=True)
class Accuracy:
    """How many questions were asked, were about known words, and were answered right.

    `interval` is that of `score`; None where nothing is known.
    """

    asked: int
    known: int
    right: int
    interval: Interval | None

    @property
    def score(self) -> float | None:
        """The share of the known questions that are answered right; None where none is known."""
        return self.right / self.known if self.known else None

    @property
    def score_of_asked(self) -> float | None:
        """The share of all questions, where what is not known counts as wrong."""
        return self.right / self.asked if self.asked else None


@dataclass(frozen=True, eq=False)
class AnalogyScores:
    """What vectors score on a file of n analogies.

    Attributes
    ----------
    name, method : str
    total : Accuracy
    kinds : dict of str to Accuracy
        "semantic" and "syntactic", if the file has both: names of grammar's sections begin "gram".
    sections : tuple of (str, Accuracy)
    known, right : (n,) arrays of bool
    answers : tuple of n (str or None)
        None where a word is not known, or no word is left to be the answer.
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
    """How cosines go along with what people said of n pairs.

    Attributes
    ----------
    name : str
    asked : int
    spearman, pearson : float or None
        Correlations over the known pairs; None where one side does not vary.
    interval : Interval or None
        That of `spearman`.
    people, cosines : (n,) arrays
        A cosine is NaN where a word is not known.
    known : (n,) array of bool
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
    """How often vectors find the word that does not belong, and how often guessing would."""

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
    """Answer analogies by the word with the best score, none of the question's own.

    Parameters
    ----------
    vectors : WordVectors
    questions : AnalogyFile
        Of `read_analogies` or `probes`.
    method : "add" or "mul"
        3CosAdd or 3CosMul, as in `wordkin.evaluation.METHODS`.
    most_frequent : int, optional
        Only the first so many words are known, and can be answers; else all are.
    case_insensitive : bool
        Whether words that differ only in case are one: the first of them is asked about, all of
        them are excluded together, and any of them is the right answer.
    threads : int, optional
        Else one a core; the answers are the same.

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
    """Do what `evaluate_analogies` does by several methods at once, for little more than by one."""
    for method in methods:
        if method not in METHODS:
            raise SettingsError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    threads = cores() if threads is None else at_least(1, "threads", threads)
    words = [question for section in questions.sections for question in section.questions]
    known_words = Known(vectors, words, most_frequent, case_insensitive)
    numbers = known_words.numbers.reshape(-1, 4)
    known = known_words.all_of(numbers)
    rows_by_method = _solve(vectors, known_words, numbers[known], methods, threads)
    return [
        _analogy_scores(vectors, questions, method, known_words, numbers, known, rows)
        for method, rows in rows_by_method.items()
    ]


def _solve(
    vectors: WordVectors,
    known_words: Known,
    numbers: Int64,
    methods: Sequence[Method],
    threads: int,
) -> dict[Method, Int64]:
    """Answer (n, 4) questions about known words by row numbers, one array a method."""
    used, triples = np.unique(numbers[:, :3], return_inverse=True)
    position = np.full(len(known_words.rows) + 1, -1, dtype=np.int32)  # the last is for no word
    position[used] = np.arange(len(used))
    return analogies.solve(
        vectors.matrix[: len(known_words.same_word)],
        known_words.rows[used],
        triples.reshape(-1, 3),
        position[known_words.same_word],
        methods=methods,
        threads=threads,
    )


def _analogy_scores(
    vectors: WordVectors,
    questions: AnalogyFile,
    method: Method,
    known_words: Known,
    numbers: Int64,
    known: Bools,
    rows: Int64,
) -> AnalogyScores:
    answer = np.full(len(known), -1)
    answer[known] = rows
    right = np.zeros_like(known)
    right[known] = (rows >= 0) & (known_words.same_word[rows] == numbers[known, 3])
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


def _accuracy(known: Bools, right: Bools, of: Bools) -> Accuracy:
    asked, covered, correct = int(of.sum()), int((known & of).sum()), int((right & of).sum())
    return Accuracy(asked, covered, correct, intervals.accuracy_interval(correct, covered))


def evaluate_similarity(
    vectors: WordVectors,
    pairs: SimilarityFile,
    *,
    most_frequent: int | None = None,
    case_insensitive: bool = True,
) -> SimilarityScores:
    """Correlate cosines with what people said of pairs of words.

    Parameters
    ----------
    vectors : WordVectors
    pairs : SimilarityFile
        Of `read_similarity`.
    most_frequent, case_insensitive
        As in `evaluate_analogies`. Pairs with a word that is not known are left out.

    Raises
    ------
    SettingsError
        If `most_frequent` is below 1.
    """
    known_words = Known(vectors, pairs.pairs, most_frequent, case_insensitive)
    numbers = known_words.numbers.reshape(-1, 2)
    known = known_words.all_of(numbers)
    people = np.array(pairs.scores, dtype=np.float64)
    cosines = np.full(len(people), np.nan)
    pairs_of_rows = known_words.rows[numbers[known]]
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
    """Find the word that does not belong, as `WordVectors.doesnt_match` does.

    Parameters and errors are those of `evaluate_similarity`.
    """
    known_words = Known(vectors, questions.questions, most_frequent, case_insensitive)
    numbers = known_words.numbers.reshape(-1, OF_A_KIND + 1)
    known = known_words.all_of(numbers)
    used, places = np.unique(numbers[known], return_inverse=True)
    places = places.reshape(-1, OF_A_KIND + 1)
    units = search.units(vectors.matrix[known_words.rows[used]])
    with np.errstate(invalid="ignore"):  # OpenBLAS may say so of what an earlier call left
        cosines = units @ units.T
    # Of each word of a question with the sum of all of them.
    to_all = cosines[places[:, :, np.newaxis], places[:, np.newaxis, :]].sum(axis=2)
    right = np.zeros_like(known)
    right[known] = to_all.argmin(axis=1) == OF_A_KIND
    total = _accuracy(known, right, np.ones_like(known))
    return OddScores(questions.name, total, 1 / (OF_A_KIND + 1), known, right)
