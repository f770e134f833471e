"""Known words that someone may have meant who wrote an unknown one."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from itertools import islice

_SEARCHED = 100_000  # words searched for close ones: the first, which usually are the most frequent
_LONGEST = 60  # characters; comparing longer words would take too long, and help nobody


def close_words(word: str, index: Mapping[str, int]) -> list[str]:
    """Up to three words that someone who wrote `word` may have meant, quickly."""
    respelled = (str.lower, str.upper, str.capitalize, str.title, str.casefold)
    forms = (unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC"))
    variants = [change(form) for form in (word, *forms) for change in (str, *respelled)]
    close = [variant for variant in dict.fromkeys(variants) if variant in index]
    if 0 < len(word) <= _LONGEST:
        shape_fits = (
            known
            for known in islice(index, _SEARCHED)
            if abs(len(known) - len(word)) <= 2 and (known[:1] == word[0] or known[-1:] == word[-1])
        )
        close += difflib.get_close_matches(word, shape_fits, n=3, cutoff=0.7)
    return list(dict.fromkeys(close))[:3]


def quoted(word: str) -> str:
    """Return a word as it can be printed anywhere: in quotes, escaped, not endless."""
    return repr(word) if len(word) <= _LONGEST else f"{word[:_LONGEST]!r}…"
