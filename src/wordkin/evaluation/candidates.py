"""The rows of the words in questions, with or without regard to case.

In: `WordVectors`, and questions as tuples of words. Out: word numbers, and the rows of each word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Literal, TypeAlias, get_args

import numpy as np

from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.types import Bools, Int64
from wordkin.vectors.words import WordVectors

Case: TypeAlias = Literal["exact", "lower", "fold"]

CASES: tuple[Case, ...] = get_args(Case)
"""How the words of questions are found in a vocabulary.

exact: as they are spelled. lower: two words are one if they are the same in lower case, as London
and london. fold: as lower; a word that the vocabulary does not have in any case is also found by
Unicode's case folding, as STRASSE by straße.
"""

_KEYS: dict[Case, Callable[[str], str]] = {"exact": str, "lower": str.lower, "fold": str.lower}


def checked_case(case: str, case_insensitive: bool | None) -> Case:
    """Return the case to use: that of `case_insensitive`, if it is given.

    Raises
    ------
    SettingsError
        If there is no such case.
    """
    if case_insensitive is not None:
        case = "lower" if case_insensitive else "exact"
    for known in CASES:
        if case == known:
            return known
    raise SettingsError(f"case must be one of {', '.join(CASES)}, got {case!r}")


class VocabularyIndex:
    """Numbers the distinct words of questions and finds their rows.

    Parameters
    ----------
    vectors : WordVectors
    questions : iterable of tuples of str
    most_frequent : int or None
        Use only the first N words of the vocabulary; None: all.
    case : {"exact", "lower", "fold"}
        Which words are the same: see `CASES`.

    Attributes
    ----------
    numbers : (n,) int64 array
        The number of each word, question by question.
    rows : (m,) int64 array
        The row of each of the m distinct words: of several spellings the most frequent one, or the
        first one where they have no counts; -1 if it is not in the vocabulary.
    same_word : (V,) int32 array
        The number of the word that each row spells; -1 if no question contains it.
    """

    def __init__(
        self,
        vectors: WordVectors,
        questions: Iterable[tuple[str, ...]],
        most_frequent: int | None,
        case: Case,
    ) -> None:
        V = len(vectors)
        if most_frequent is not None:
            V = min(V, at_least(1, "most_frequent", most_frequent))
        asked = [word for question in questions for word in question]
        key_of = _KEYS[case]
        asked = list(map(key_of, asked))
        keys = list(map(key_of, islice(vectors.words, V)))
        wanted = set(asked)
        if case == "fold":
            folds = {word.casefold() for word in wanted}
            wanted |= {key for key in keys if key.casefold() in folds}
        rows = _least_frequent_first(vectors, V)
        row_of = {keys[row]: row for row in rows if keys[row] in wanted}  # the last one stays
        folded: dict[str, str] = {}
        if case == "fold":
            folded = {keys[row].casefold(): keys[row] for row in rows if keys[row] in wanted}

        number: dict[str, int] = {}

        def numbered(key: str) -> int:
            if key not in row_of:
                key = folded.get(key.casefold(), key)
            return number.setdefault(key, len(number))

        self.numbers = np.array([numbered(word) for word in asked], dtype=np.int64)
        same_word = (number.get(key, -1) for key in keys)
        self.same_word = np.fromiter(same_word, dtype=np.int32, count=V)
        self.rows = np.array([row_of.get(key, -1) for key in number], dtype=np.int64)

    def all_known(self, numbers: Int64) -> Bools:
        """Return, for each row of word numbers, whether all of its words have a vector."""
        return np.array((self.rows[numbers] >= 0).all(axis=1))


def _least_frequent_first(vectors: WordVectors, V: int) -> list[int]:
    """Return the first V rows, the most frequent word last; of ties, the first row last."""
    rows = np.arange(V - 1, -1, -1)
    if vectors.counts is not None:
        rows = rows[np.argsort(vectors.counts[rows], kind="stable")]
    found: list[int] = rows.tolist()
    return found
