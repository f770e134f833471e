"""Scores of word vectors on analogies.

In: `WordVectors` and analogies. Out: `AnalogyScores`, with the answer to each question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wordkin.evaluation.candidates import Case, VocabularyIndex, checked_case
from wordkin.evaluation.question_files import AnalogyFile
from wordkin.evaluation.scores import AnalogyScores, accuracy_of
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.machine import cores
from wordkin.system.types import Bools, Int64
from wordkin.vectors import analogies
from wordkin.vectors.analogies import METHODS, Method
from wordkin.vectors.words import WordVectors


def evaluate_analogies(
    vectors: WordVectors,
    questions: AnalogyFile,
    *,
    method: Method = "add",
    most_frequent: int | None = None,
    case: Case = "lower",
    case_insensitive: bool | None = None,
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
    case : {"exact", "lower", "fold"}
        Which words are the same. "lower": those that are equal in lower case, as London and london:
        the most frequent of them represents the word (without counts, the first), all are excluded
        from the answers to its questions, and any of them is a right answer. Turkish kırın and
        kirin, or German Maße and Masse, stay two words. "fold": in addition, a word that the
        vocabulary does not have in any case is found by Unicode's case folding, as STRASSE by
        straße. "exact": only words of the same spelling.
    case_insensitive : bool, optional
        gensim's name for the choice: True is "lower", False is "exact".
    threads : int, optional
        By default, one per core. The scores do not depend on it.

    Returns
    -------
    AnalogyScores

    Raises
    ------
    SettingsError
        If a number is below 1, or there is no such method or case.
    """
    return evaluate_analogies_by(
        vectors,
        questions,
        [method],
        most_frequent=most_frequent,
        case=checked_case(case, case_insensitive),
        threads=threads,
    )[0]


def evaluate_analogies_by(
    vectors: WordVectors,
    questions: AnalogyFile,
    methods: Sequence[Method],
    *,
    most_frequent: int | None = None,
    case: Case = "lower",
    case_insensitive: bool | None = None,
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
    case = checked_case(case, case_insensitive)
    asked = _Asked.of(questions)
    index = VocabularyIndex(vectors, [*asked.questions, *asked.others], most_frequent, case)
    numbers = index.numbers[: 4 * len(asked.questions)].reshape(-1, 4)
    others = index.numbers[4 * len(asked.questions) :]
    right = np.concatenate([numbers[:, 3], others])  # all right answers, and their questions
    right_of = np.concatenate([np.arange(len(numbers)), asked.question_of_other])
    known = index.all_known(numbers[:, :3])
    known &= np.bincount(right_of, index.rows[right] >= 0, minlength=len(known)).astype(bool)
    rows_by_method = _solve(vectors, index, numbers[known], methods, threads)
    found = []
    for method, rows in rows_by_method.items():
        answer = np.full(len(known), -1)
        answer[known] = rows
        given = np.full(len(known), -2)
        given[answer >= 0] = index.same_word[answer[answer >= 0]]
        correct = np.bincount(right_of, given[right_of] == right, minlength=len(known)) > 0
        found.append(_analogy_scores(vectors, questions, method, case, known, correct, answer))
    return found


@dataclass(frozen=True)
class _Asked:
    """The questions of a file, and the right answers beyond their fourth words."""

    questions: list[tuple[str, ...]]
    others: list[tuple[str, ...]]
    question_of_other: Int64

    @classmethod
    def of(cls, file: AnalogyFile) -> _Asked:
        questions: list[tuple[str, ...]] = []
        others: list[tuple[str, ...]] = []
        of: list[int] = []
        for section in file.sections:
            for i, answers in enumerate(section.answers or ()):
                more = [word for word in answers if word != section.questions[i][3]]
                others += [(word,) for word in more]
                of += [len(questions) + i] * len(more)
            questions += section.questions
        return cls(questions, others, np.array(of, dtype=np.int64))


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
    case: Case,
    known: Bools,
    right: Bools,
    answer: Int64,
) -> AnalogyScores:
    names = [section.name for section in questions.sections]
    sizes = [len(section.questions) for section in questions.sections]
    section_of = np.repeat(np.arange(len(sizes)), sizes)
    sections = tuple(
        (name, accuracy_of(known, right, section_of == i)) for i, name in enumerate(names)
    )
    kind_of = [section.kind or _kind(section.name) for section in questions.sections]
    counted = dict.fromkeys(kind for kind, size in zip(kind_of, sizes, strict=True) if size)
    kinds = {}
    if len(counted) > 1:
        kinds = {
            kind: accuracy_of(known, right, np.array([k == kind for k in kind_of])[section_of])
            for kind in sorted(counted)
        }
    return AnalogyScores(
        name=questions.name,
        method=method,
        case=case,
        total=accuracy_of(known, right, np.ones_like(known)),
        kinds=kinds,
        sections=sections,
        known=known,
        right=right,
        answers=tuple(None if row < 0 else vectors.words[row] for row in answer.tolist()),
    )


def _kind(name: str) -> str:
    """Return the kind of a section of questions-words.txt."""
    return "syntactic" if name.startswith("gram") else "semantic"
