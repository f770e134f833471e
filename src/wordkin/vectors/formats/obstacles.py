"""Words that a format cannot hold: what keeps them out, and the error that names the first.

In: words. Out: nothing, or a FormatError.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from wordkin.system.errors import FormatError
from wordkin.system.types import StrPath


def require_words(path: StrPath, words: Sequence[str], obstacle: Callable[[str], str]) -> None:
    """Refuse a word with an obstacle, such as "is empty", which is "" for words without one."""
    for word in words:
        if what := obstacle(word):
            raise FormatError(
                f"{os.fspath(path)}: the format cannot hold the word {word!r:.80}: it {what}"
            )


def not_utf8(word: str) -> str:
    """Return the obstacle of a word whose bytes are not UTF-8; "" if they are."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return "is not UTF-8"
    return ""


def not_in_a_text(word: str) -> str:
    """Return the obstacle of what no text, cut at ASCII white space, has as a word; "" if some."""
    raw = word.encode("utf-8", "surrogateescape")
    if raw.split() != [raw]:
        return "has white space in it" if raw else "is empty"
    return ""
