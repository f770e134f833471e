"""The rows of the words in questions, with or without regard to case.

In: `WordVectors`, and questions as tuples of words. Out: word numbers, and the rows of each word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np

from wordkin.system.checks import at_least
from wordkin.system.types import Bools, Int64
from wordkin.vectors.words import WordVectors


class VocabularyIndex:
    """Numbers the distinct words of questions and finds their rows.

    Parameters
    ----------
    vectors : WordVectors
    questions : iterable of tuples of str
        All of the same length.
    most_frequent : int or None
        Use only the first N words of the vocabulary; None: all.
    case_insensitive : bool
        Whether words that differ only in case are the same word.

    Attributes
    ----------
    numbers : (n,) int64 array
        The number of each word, question by question.
    rows : (m,) int64 array
        The first row of each of the m distinct words; -1 if it is not in the vocabulary.
    same_word : (V,) int32 array
        The number of the word that each row spells; -1 if no question contains it.
    """

    def __init__(
        self,
        vectors: WordVectors,
        questions: Iterable[tuple[str, ...]],
        most_frequent: int | None,
        case_insensitive: bool,
    ) -> None:
        V = len(vectors)
        if most_frequent is not None:
            V = min(V, at_least(1, "most_frequent", most_frequent))
        normalize: Callable[[str], str] = str.upper if case_insensitive else str
        number: dict[str, int] = {}
        self.numbers = np.array(
            [
                number.setdefault(normalize(word), len(number))
                for question in questions
                for word in question
            ],
            dtype=np.int64,
        )
        same_word = (number.get(normalize(word), -1) for word in islice(vectors.words, V))
        self.same_word = np.fromiter(same_word, dtype=np.int32, count=V)
        self.rows = np.full(len(number), -1, dtype=np.int64)
        rows = np.flatnonzero(self.same_word >= 0)[::-1]
        self.rows[self.same_word[rows]] = rows  # in reverse, so that the first row remains

    def all_known(self, numbers: Int64) -> Bools:
        """Return, for each row of word numbers, whether all of its words have a vector."""
        return np.array((self.rows[numbers] >= 0).all(axis=1))
