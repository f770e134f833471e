"""Words that a few typed characters may mean, in any spelling and script.

In: the words of a model, and what was typed. Out: row numbers. Takes the extra `explore`; may
import `vectors` alone.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import chain, islice
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from wordkin.vectors.words import WordVectors

_PART = 50_000  # words arranged without a pause: the server answers meanwhile
_RESPELLED = 2  # parts searched for near spellings: the first, usually the most frequent words
_BETWEEN = "\n"  # stands between the words that are searched as one text


# Marks that a reader may leave out: accents, Hebrew points, Arabic vowel signs; also characters
# that are not seen. Marks that are part of a letter stay, as vowels in Devanagari or Thai are.
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]+"
)


def _same() -> dict[int, str]:
    """Return what else is taken for the same: letters for letters, or several."""
    same = {
        "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
        "ħ": "h", "’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-",
    }  # fmt: skip
    # Katakana as Hiragana.
    same |= {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}
    # A Korean syllable is typed part by part, and what will begin the next one ends this one until
    # then: so an ending consonant is the beginning one, and a vowel made of two is these two.
    ends = "ᄀ ᄀᄀ ᄀᄉ ᄂ ᄂᄌ ᄂᄒ ᄃ ᄅ ᄅᄀ ᄅᄆ ᄅᄇ ᄅᄉ ᄅᄐ ᄅᄑ ᄅᄒ"
    ends += " ᄆ ᄇ ᄇᄉ ᄉ ᄉᄉ ᄋ ᄌ ᄎ ᄏ ᄐ ᄑ ᄒ"
    same |= {chr(0x11A8 + i): parts for i, parts in enumerate(ends.split())}
    same |= {"ᄁ": "ᄀᄀ", "ᄊ": "ᄉᄉ"}
    same |= {"ᅪ": "ᅩᅡ", "ᅫ": "ᅩᅢ", "ᅬ": "ᅩᅵ", "ᅯ": "ᅮᅥ", "ᅰ": "ᅮᅦ", "ᅱ": "ᅮᅵ", "ᅴ": "ᅳᅵ"}
    return str.maketrans(same)


_SAME = _same()


def fold(text: str) -> str:
    """Return what stays of text when it does not matter how it is spelled."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    bare = _LEFT_OUT.sub("", unicodedata.normalize("NFKD", decomposed.casefold()))
    return bare.translate(_SAME)


class Completion:
    """Some words, arranged to be found by a part of them."""

    def __init__(self, words: Sequence[str]) -> None:
        self._parts = [
            _Part(words[first : first + _PART], first) for first in range(0, len(words), _PART)
        ]
        self._first = range(len(words))

    def rows(self, typed: str, n: int) -> list[int]:
        """Return the rows of n words at most that may be meant, the likeliest first.

        First the word itself, however spelled; then what begins with it, as typed and however
        spelled; then what has it inside; then what is spelled nearly like it. Within each of
        these, in the order of the rows, which usually is that of frequency; what is spelled nearly
        like it, in that of slips, where one in the first letter counts twice, then of likeness.
        """
        typed = typed.strip()
        if not typed:
            return list(self._first[:n])
        return list(islice(_different(self._tiers(typed, n)), n))

    def _tiers(self, typed: str, n: int) -> Iterator[int]:
        folded = fold(typed.replace(_BETWEEN, " "))
        for part in self._parts:
            yield from part.exactly.equal(typed, n)
        if folded:
            for part in self._parts:
                yield from part.loosely.equal(folded, n)
        for part in self._parts:
            yield from part.exactly.beginning(typed, n)
        if folded:
            for part in self._parts:
                yield from part.loosely.beginning(folded, n)
            for part in self._parts:
                yield from part.holding(folded)
            yield from self._near(folded, n)

    def _near(self, folded: str, n: int) -> list[int]:
        """Return the rows of words that are a few slips of the pen away."""
        if len(folded) < 3:
            return []
        slips = 1 if len(folded) <= 4 else 2 if len(folded) <= 9 else 3
        searched = chain.from_iterable(part.folded for part in self._parts[:_RESPELLED])
        scorer: Any = OSA.distance  # declared for floats alone
        found = process.extract(folded, searched, scorer=scorer, score_cutoff=slips, limit=None)

        def unlikeness(match: tuple[str, float, int]) -> tuple[float, float, int]:
            word, distance, row = match
            # People rarely mistake the first letter.
            return distance + (word[:1] != folded[:1]), -JaroWinkler.similarity(folded, word), row

        return [row for _, _, row in nsmallest(n, found, key=unlikeness)]


class _Part:
    """Some of the words that follow each other: as many as are arranged without a pause."""

    def __init__(self, words: Sequence[str], first: int) -> None:
        self._text = fold(_BETWEEN.join(word.replace(_BETWEEN, " ") for word in words))
        self.folded = self._text.split(_BETWEEN)
        self.loosely = _Sorted(self.folded, first)
        self.exactly = self.loosely if self.folded == list(words) else _Sorted(words, first)
        lengths = np.fromiter(map(len, self.folded), np.int64, len(self.folded))
        self._ends = np.cumsum(lengths + 1)
        self._row = first

    def holding(self, folded: str) -> Iterator[int]:
        """Give the rows of words that hold the text."""
        at = self._text.find(folded)
        while at >= 0:
            place = int(np.searchsorted(self._ends, at, side="right"))
            yield self._row + place
            at = self._text.find(folded, int(self._ends[place]))


def _different(rows: Iterable[int]) -> Iterator[int]:
    """Give each row once."""
    given: set[int] = set()
    for row in rows:
        if row not in given:
            given.add(row)
            yield row


class _Sorted:
    """Keys in order, to be found by how they begin."""

    def __init__(self, keys: Sequence[str], first: int) -> None:
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self._keys = [keys[place] for place in order]
        self._rows = np.array(order, np.int64) + first

    def equal(self, key: str, n: int) -> list[int]:
        """Return the first n rows with this key."""
        return self._least(bisect_left(self._keys, key), bisect_right(self._keys, key), n)

    def beginning(self, start: str, n: int) -> list[int]:
        """Return the first n rows whose key begins so."""
        end = bisect_right(self._keys, start, key=lambda key: key[: len(start)])
        return self._least(bisect_left(self._keys, start), end, n)

    def _least(self, low: int, high: int, n: int) -> list[int]:
        rows = self._rows[low:high]
        if len(rows) > n:
            rows = np.partition(rows, n - 1)[:n]
        return [int(row) for row in np.sort(rows)]


_made: weakref.WeakKeyDictionary[WordVectors, Completion] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def completion_of(vectors: WordVectors) -> Completion:
    """Return the completion of a model's words: made when first asked for, forgotten with it."""
    with _making:
        if vectors not in _made:
            _made[vectors] = Completion(vectors.words)
        return _made[vectors]
