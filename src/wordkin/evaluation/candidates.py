"""Where the words of questions stand among vectors.

In: `WordVectors`, and questions as tuples of words. Out: numbers of words, and rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np

from wordkin.system.checks import at_least
from wordkin.system.types import Bools, Int64
from wordkin.vectors.words import WordVectors


class Known:
    """Where the words of questions stand among the vectors.

    Parameters
    ----------
    vectors : WordVectors
    questions : iterable of tuples of str
        All of one length.
    most_frequent : int or None
        Only the first so many words are known; None: all.
    case_insensitive : bool
        Whether words that differ only in case are one.

    Attributes
    ----------
    numbers : (n,) int64 array
        Which word each of the questions' words is, question by question.
    rows : (m,) int64 array
        The first row of each of these words; -1 if there is none.
    same_word : (V,) int32 array
        Which of these words each row is; -1 if it is none.
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
        spelled: Callable[[str], str] = str.upper if case_insensitive else str
        number: dict[str, int] = {}
        self.numbers = np.array(
            [
                number.setdefault(spelled(word), len(number))
                for question in questions
                for word in question
            ],
            dtype=np.int64,
        )
        known = (number.get(spelled(word), -1) for word in islice(vectors.words, V))
        self.same_word = np.fromiter(known, dtype=np.int32, count=V)
        self.rows = np.full(len(number), -1, dtype=np.int64)
        found = np.flatnonzero(self.same_word >= 0)[::-1]
        self.rows[self.same_word[found]] = found  # the first row of a word is written last

    def all_of(self, numbers: Int64) -> Bools:
        """Return for each question, a row of numbers, whether all of its words have a vector."""
        return np.array((self.rows[numbers] >= 0).all(axis=1))
