"""Words as bytes and back: UTF-8 with "surrogateescape", which keeps any bytes exactly."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged
from wordkin.system.types import Int64, StrPath


def spell_words(path: StrPath, words: Sequence[str]) -> list[bytes]:
    """Return the bytes of different words; refuse a word that would not come back as it is."""
    spelled = []
    for word in words:
        raw = spell_word(word)
        if raw is None:
            raise FormatError(f"{os.fspath(path)}: bytes cannot hold the word {word!r:.80}")
        spelled.append(raw)
    if what := twice_among(words):
        raise FormatError(f"{os.fspath(path)}: {what}")
    return spelled


def spell_word(word: str) -> bytes | None:
    """Return the bytes of a word; None if they would not come back as it is."""
    try:
        raw = word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return None
    return raw if raw.decode("utf-8", "surrogateescape") == word else None


def twice_among(words: Sequence[str]) -> str:
    """Say which word comes twice; nothing if all are different."""
    if len(set(words)) == len(words):
        return ""
    word, _ = Counter(words).most_common(1)[0]
    return f"the word {word!r:.80} comes twice"


def cut_words(path: StrPath, joined: npt.NDArray[np.uint8], offsets: Int64, at: int) -> list[str]:
    """Give the words whose bytes lie one behind the other, cut at the offsets.

    Raises
    ------
    FormatError
        With the byte `at`, if they do not cut them, or a word comes twice.
    """
    if (
        not len(offsets)
        or offsets[0] != 0
        or offsets[-1] != len(joined)
        or (offsets[1:] < offsets[:-1]).any()
    ):
        raise damaged(path, at, "the offsets do not cut the bytes of the words into words")
    data = joined.tobytes()
    words = [data[a:b].decode("utf-8", "surrogateescape") for a, b in pairwise(offsets.tolist())]
    if what := twice_among(words):
        raise damaged(path, at, what)
    return words
