"""Checks that a format can store the words.

In: words, and a function that says why the format cannot store a word. Out: nothing, or a
FormatError that names the first such word.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from wordkin.system.errors import FormatError
from wordkin.system.types import StrPath


def require_words(path: StrPath, words: Sequence[str], obstacle: Callable[[str], str]) -> None:
    """Raise FormatError for the first word with an obstacle, such as "is empty"; "" is none."""
    for word in words:
        if reason := obstacle(word):
            raise FormatError(
                f"{os.fspath(path)}: the format cannot hold the word {word!r:.80}: it {reason}"
            )


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
