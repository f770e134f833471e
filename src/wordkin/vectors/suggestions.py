"""Spelling suggestions for an unknown word, and how messages quote words.

In: a word, and the words of a vocabulary. Out: words that are spelled similarly.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Sequence
from itertools import islice

_CANDIDATES = 100_000  # compare only the first words, which usually are the most frequent
_LONGEST = 60  # characters; comparing longer words would take too long


def close_words(word: str, index: Collection[str]) -> list[str]:
    """Return up to three words of a vocabulary that are spelled like `word`, the closest first."""
    cases = (str.lower, str.upper, str.capitalize, str.title, str.casefold)
    forms = (unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC"))
    variants = [change(form) for form in (word, *forms) for change in (str, *cases)]
    close = [variant for variant in dict.fromkeys(variants) if variant in index]
    if 0 < len(word) <= _LONGEST:
        candidates = (
            other
            for other in islice(index, _CANDIDATES)
            if abs(len(other) - len(word)) <= 2 and (other[:1] == word[0] or other[-1:] == word[-1])
        )
        close += difflib.get_close_matches(word, candidates, n=3, cutoff=0.7)
    return list(dict.fromkeys(close))[:3]


def listed(words: Sequence[str], most: int = 5) -> str:
    """Return the first words in quotes, and how many more there are."""
    more = f" and {len(words) - most:,} more" * (len(words) > most)
    return ", ".join(map(quoted, words[:most])) + more


def quoted(word: str) -> str:
    """Return a word in quotes, escaped and cut to a printable length."""
    return repr(word) if len(word) <= _LONGEST else f"{word[:_LONGEST]!r}…"
