"""Encode words as bytes and decode them: UTF-8 with "surrogateescape", which keeps any bytes.

In: words, or concatenated bytes with offsets. Out: the other, or a FormatError that names the file.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged
from wordkin.system.types import Int64, StrPath, UInt8

_SYLLABLES = re.compile("[\uac00-\ud7a3]+")


def spell_words(path: StrPath, words: Sequence[str]) -> list[bytes]:
    """Return the bytes of each word.

    Raises
    ------
    FormatError
        If a word would not decode to itself, or occurs twice; it names `path`.
    """
    spelled = []
    for word in words:
        raw = spell_word(word)
        if raw is None:
            raise FormatError(f"{os.fspath(path)}: bytes cannot hold the word {word!r:.80}")
        spelled.append(raw)
    if what := describe_duplicate(words):
        raise FormatError(f"{os.fspath(path)}: {what}")
    return spelled


def spell_word(word: str) -> bytes | None:
    """Return the bytes of a word, or None if they would not decode to the same word."""
    try:
        raw = word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that encodes no byte
        return None
    return raw if raw.decode("utf-8", "surrogateescape") == word else None


def in_jamo(word: str) -> str:
    """Return a word with each Korean syllable as its two or three letters: 서울 as ㅅㅓㅇㅜㄹ.

    These are the conjoining jamo, of which the last consonants are others than the first ones.
    """
    return _SYLLABLES.sub(lambda found: unicodedata.normalize("NFD", found[0]), word)


def join_words(spelled: Sequence[bytes]) -> tuple[UInt8, Int64]:
    """Return the bytes of n words one after the other, and offsets, (n + 1,), for `split_words`."""
    offsets = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
    return np.frombuffer(b"".join(spelled), np.uint8), offsets


def describe_duplicate(words: Sequence[str]) -> str:
    """Return a message that names a repeated word; empty if all words are distinct."""
    if len(set(words)) == len(words):
        return ""
    word, _ = Counter(words).most_common(1)[0]
    return f"the word {word!r:.80} comes twice"


def split_words(path: StrPath, joined: npt.NDArray[np.uint8], offsets: Int64, at: int) -> list[str]:
    """Return the words in concatenated bytes: word i is ``joined[offsets[i]:offsets[i + 1]]``.

    Raises
    ------
    FormatError
        If the offsets do not rise from 0 to the length of `joined`, or a word occurs twice. It
        names `path` and the byte `at`.
    """
    if (
        not len(offsets)
        or offsets[0] != 0
        or offsets[-1] != len(joined)
        or (offsets[1:] < offsets[:-1]).any()
    ):
        raise damaged(path, at, "the offsets do not cut the bytes into words")
    data = joined.tobytes()
    words = [data[a:b].decode("utf-8", "surrogateescape") for a, b in pairwise(offsets.tolist())]
    if what := describe_duplicate(words):
        raise damaged(path, at, what)
    return words
