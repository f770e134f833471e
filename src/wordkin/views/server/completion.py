"""Complete words from a few typed characters, in any spelling and script.

In: the words of a model, and the typed text. Out: rows, the likeliest first. Requires the extra
`explore`.
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

_PART = 50_000  # words indexed in one go, between which the server can answer
_RESPELLED = 2  # first parts, with the most frequent words, searched for similar spellings
_SEPARATOR = "\n"  # between the words that are searched as one text

# Marks that writers may leave out: accents, Hebrew points, Arabic vowel signs; also invisible
# characters. Marks that are part of a letter stay, such as vowels in Devanagari or Thai.
_OPTIONAL = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]+"
)


def _equivalents() -> dict[int, str]:
    """Return further letters that count as equal to others, as a translation table."""
    same = {
        "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
        "ħ": "h", "’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-",
    }  # fmt: skip
    # Katakana to Hiragana.
    same |= {chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)}
    # A Korean syllable is typed part by part, and until the next one is complete, its initial
    # consonant ends this one. So final consonants become initial ones, and compound vowels split.
    ends = "ᄀ ᄀᄀ ᄀᄉ ᄂ ᄂᄌ ᄂᄒ ᄃ ᄅ ᄅᄀ ᄅᄆ ᄅᄇ ᄅᄉ ᄅᄐ ᄅᄑ ᄅᄒ"
    ends += " ᄆ ᄇ ᄇᄉ ᄉ ᄉᄉ ᄋ ᄌ ᄎ ᄏ ᄐ ᄑ ᄒ"
    same |= {chr(0x11A8 + i): parts for i, parts in enumerate(ends.split())}
    same |= {"ᄁ": "ᄀᄀ", "ᄊ": "ᄉᄉ"}
    same |= {"ᅪ": "ᅩᅡ", "ᅫ": "ᅩᅢ", "ᅬ": "ᅩᅵ", "ᅯ": "ᅮᅥ", "ᅰ": "ᅮᅦ", "ᅱ": "ᅮᅵ", "ᅴ": "ᅳᅵ"}
    return str.maketrans(same)


_EQUIVALENTS = _equivalents()


def fold(text: str) -> str:
    """Return text without case, accents and other differences in spelling."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    bare = _OPTIONAL.sub("", unicodedata.normalize("NFKD", decomposed.casefold()))
    return bare.translate(_EQUIVALENTS)


class Completion:
    """An index of words, to find them by a part.

    Parameters
    ----------
    words : sequence of str
        In order of preference, usually by frequency.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._parts = [
            _Part(words[first : first + _PART], first) for first in range(0, len(words), _PART)
        ]
        self._first = range(len(words))

    def rows(self, typed: str, n: int) -> list[int]:
        """Return the rows of at most n words that may be meant, the likeliest first.

        First the word itself, in any spelling; then words that begin with it, exactly and in any
        spelling; then words that contain it; then words with a similar spelling. Within each group
        the order is that of the rows, usually by frequency; similar spellings are ordered by their
        number of typos, where one in the first letter counts twice, then by similarity.
        """
        typed = typed.strip()
        if not typed:
            return list(self._first[:n])
        return list(islice(_different(self._tiers(typed, n)), n))

    def _tiers(self, typed: str, n: int) -> Iterator[int]:
        folded = fold(typed.replace(_SEPARATOR, " "))
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
                yield from part.containing(folded)
            yield from self._near(folded, n)

    def _near(self, folded: str, n: int) -> list[int]:
        """Return the rows of words that are a few typos away."""
        if len(folded) < 3:
            return []
        typos = 1 if len(folded) <= 4 else 2 if len(folded) <= 9 else 3
        searched = chain.from_iterable(part.folded for part in self._parts[:_RESPELLED])
        scorer: Any = OSA.distance  # its type only allows floats
        found = process.extract(folded, searched, scorer=scorer, score_cutoff=typos, limit=None)

        def dissimilarity(match: tuple[str, float, int]) -> tuple[float, float, int]:
            word, distance, row = match
            # People rarely mistype the first letter.
            return distance + (word[:1] != folded[:1]), -JaroWinkler.similarity(folded, word), row

        return [row for _, _, row in nsmallest(n, found, key=dissimilarity)]


class _Part:
    """The index of some consecutive words: as many as are indexed in one go."""

    def __init__(self, words: Sequence[str], first: int) -> None:
        self._text = fold(_SEPARATOR.join(word.replace(_SEPARATOR, " ") for word in words))
        self.folded = self._text.split(_SEPARATOR)
        self.loosely = _Sorted(self.folded, first)
        self.exactly = self.loosely if self.folded == list(words) else _Sorted(words, first)
        lengths = np.fromiter(map(len, self.folded), np.int64, len(self.folded))
        self._ends = np.cumsum(lengths + 1)
        self._row = first

    def containing(self, folded: str) -> Iterator[int]:
        """Yield the rows of words that contain the text."""
        at = self._text.find(folded)
        while at >= 0:
            place = int(np.searchsorted(self._ends, at, side="right"))
            yield self._row + place
            at = self._text.find(folded, int(self._ends[place]))


def _different(rows: Iterable[int]) -> Iterator[int]:
    """Yield each row once."""
    done: set[int] = set()
    for row in rows:
        if row not in done:
            done.add(row)
            yield row


class _Sorted:
    """Sorted keys, to find rows by the beginning of their key."""

    def __init__(self, keys: Sequence[str], first: int) -> None:
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self._keys = [keys[place] for place in order]
        self._rows = np.array(order, np.int64) + first

    def equal(self, key: str, n: int) -> list[int]:
        """Return the n lowest rows with this key."""
        return self._least(bisect_left(self._keys, key), bisect_right(self._keys, key), n)

    def beginning(self, start: str, n: int) -> list[int]:
        """Return the n lowest rows whose key begins with `start`."""
        end = bisect_right(self._keys, start, key=lambda key: key[: len(start)])
        return self._least(bisect_left(self._keys, start), end, n)

    def _least(self, low: int, high: int, n: int) -> list[int]:
        rows = self._rows[low:high]
        if len(rows) > n:
            rows = np.partition(rows, n - 1)[:n]
        return [int(row) for row in np.sort(rows)]


_cache: weakref.WeakKeyDictionary[WordVectors, Completion] = weakref.WeakKeyDictionary()
_cache_lock = threading.Lock()


def completion_of(vectors: WordVectors) -> Completion:
    """Return the completion of a model's words, cached as long as the vectors exist."""
    with _cache_lock:
        if vectors not in _cache:
            _cache[vectors] = Completion(vectors.words)
        return _cache[vectors]
