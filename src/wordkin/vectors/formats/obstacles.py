"""Checks that a format can store the words.

In: words, and a function that says why the format cannot store a word. Out: nothing, or an
`UnwritableError` that counts such words, names the first of them, and knows all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from wordkin.system.errors import FormatError
from wordkin.system.spelling import spell_word
from wordkin.system.types import StrPath
from wordkin.system.wording import quantity

_REMEDY = (
    "; skip_unwritable=True (--skip-unwritable) leaves such words out, and .safetensors holds any"
)


SKIP_HINT = "; skip_bad=True (--skip-bad-rows) skips such rows"
"""What an error about a bad row ends with."""


def skipped_rows(count: int, first: Sequence[str]) -> str:
    """Return a note on bad rows that were skipped: how many, and what is wrong with the first."""
    more = "; …" * (count > len(first))
    return f"skipped {quantity(count, 'bad row')}: {'; '.join(first)}{more}"


class UnwritableError(FormatError):
    """A format cannot hold some words.

    Attributes
    ----------
    reasons : dict of int to str
        For the row of each such word, what it is, such as "is empty".
    """

    def __init__(self, path: StrPath, words: Sequence[str], reasons: Mapping[int, str]) -> None:
        self.reasons = dict(reasons)
        named = {words[row]: reason for row, reason in reasons.items()}
        [(word, reason), *others] = named.items()
        more = f", nor {len(others):,} more: {describe(dict(others))}" if others else ""
        super().__init__(
            f"{os.fspath(path)}: the format cannot hold the word {word!r:.80}: it {reason}{more}"
            f"{_REMEDY}"
        )


def describe(reasons: Mapping[str, str]) -> str:
    """Return the first three words that a format cannot hold, with the reasons."""
    some = [f"{word!r:.80} {reason}" for word, reason in list(reasons.items())[:3]]
    return ", ".join(some) + ", …" * (len(reasons) > 3)


def require_words(path: StrPath, words: Sequence[str], obstacle: Callable[[str], str]) -> None:
    """Raise UnwritableError if words have an obstacle, such as "is empty"; "" is none."""
    reasons = {row: reason for row, word in enumerate(words) if (reason := obstacle(word))}
    if reasons:
        raise UnwritableError(path, words, reasons)


def not_bytes(word: str) -> str:
    """Return why no format can hold a word: a lone surrogate stands for no byte; "" if they can."""
    return "has a surrogate that is no byte" if spell_word(word) is None else ""


def not_utf8(word: str) -> str:
    """Return "is not UTF-8" for a word whose bytes are not, else ""."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    return ""


def not_in_a_text(word: str) -> str:
    """Say why a text, split at ASCII white space, cannot contain the word; "" if it can."""
    raw = word.encode("utf-8", "surrogateescape")
    if raw.split() != [raw]:
        return "contains white space" if raw else "is empty"
    return ""


def begins_with_mark(word: str) -> str:
    """Check the first word of a text: readers take a byte order mark for no part of it."""
    return "begins with a byte order mark" if word.startswith("\ufeff") else ""
