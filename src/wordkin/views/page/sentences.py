"""Sentences that make two words neighbours: what their text has around both.

In: files of plain text, two words, and what is known of the others. Out: what `page/src/contract/answers.ts`
says of sentences, ready for JSON.

Skip-gram gives like vectors to words that have like words around them. So the text is read for both
words, and what stands in their windows is counted as in training: only words of the model take up
room in a window, a word d places away in a window of m counts (m - d + 1) / m, and frequent words
count as little as subsampling leaves of them. Of what stands around both, those words say most that
raise both distributions most above the whole text's: word o is worth the lesser of
p(o | a) log(p(o | a) / p(o)) and the same for b, its parts of the Kullback-Leibler divergences.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.objectives.conventions import keep_probability
from wordkin.system.errors import CorpusError
from wordkin.views.page.shown import Shown

_PIECE = 1 << 20  # bytes read at a time
_MOST_HITS = 20_000  # of one word
_SECONDS = 2.0
_LOOK = 256  # hits between two looks at the clock
_WINDOW, _SUBSAMPLE = 5, 1e-4  # for vectors whose training settings are unknown
_SHARED = 5  # words around both
_EACH = 3  # sentences of each word for one of them
_TOGETHER = 5
_AROUND = 160  # bytes of a sentence shown on each side
_SPACES = b" \t\n\v\f\r"
_PACKED = (".gz", ".bz2", ".xz")
_CUT = "…"


def check(corpus: Sequence[Path], shown: Shown) -> list[str]:
    """Refuse files that cannot be searched; return notes on what does not fit the model.

    Raises
    ------
    CorpusError, OSError
    """
    size = 0
    for path in corpus:
        if path.suffix.lower() in _PACKED:
            raise CorpusError(f"sentences are looked up in plain text, unpack it first: {path}")
        with path.open("rb") as file:
            if b"\0" in file.read(_PIECE):
                raise CorpusError(f"not a text: it has a NUL (binary or UTF-16?): {path}")
        size += path.stat().st_size
    known = shown.model and shown.model.corpus
    if corpus and known and known.bytes != size:
        return [
            f"{shown.name} was trained on a text of {known.bytes:,} bytes, the corpus has {size:,}:"
            " sentences are of another text"
        ]
    return []


def sentences(
    shown: Shown, a: int, b: int, *, clock: Callable[[], float] = time.monotonic
) -> dict[str, Any]:
    """Return what stands around two different words of a model in its corpus.

    Raises
    ------
    OSError
        If the corpus cannot be read any more.
    """
    context = _Context(shown)
    uses = [_Uses(shown.vectors.words[row], row, context) for row in (a, b)]
    until = clock() + _SECONDS
    both, complete = 0, True
    for piece in _pieces(shown.corpus):
        lines = [use.read(piece, lambda: clock() > until) for use in uses]
        both += len(lines[0] & lines[1])
        if clock() > until:
            complete = False
            break
    told = _Told(context, uses)
    return {
        "lines": [uses[0].lines, uses[1].lines, both],
        "complete": complete and not any(use.full for use in uses),
        "shared": [told.shared(row) for row in _saying_most(context, uses)],
        "together": told.together(),
    }


class _Context:
    """What the model knows of words: their rows, how frequent they are, how wide a window is."""

    def __init__(self, shown: Shown) -> None:
        self.vectors = shown.vectors
        self.window = shown.model.settings.window if shown.model else _WINDOW
        # Room for a window's words, some of which may be unknown or long.
        self.reach = 64 + 48 * self.window
        self.kept, self.frequency = _subsampled(shown)

    def row(self, word: bytes) -> int | None:
        """Return the row of a word of the text, if it has one."""
        spelled = word.decode("utf-8", "surrogateescape")
        return self.vectors.index(spelled) if spelled in self.vectors else None


def _subsampled(shown: Shown) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return which share of each word subsampling keeps, and what share it then is of all words.

    Where nobody counted, frequencies are those of Zipf's law.
    """
    counts = shown.vectors.counts
    seen = 1 / np.arange(1, len(shown.vectors) + 1) if counts is None else np.maximum(counts, 1)
    frequency = seen / seen.sum()
    subsample = shown.model.settings.subsample if shown.model else _SUBSAMPLE
    kept = keep_probability(frequency, subsample)
    return kept, frequency * kept / (frequency * kept).sum()


class _Uses:
    """How a word is used: what stands around it, and some places where."""

    def __init__(self, word: str, row: int, context: _Context) -> None:
        self.word = word.encode("utf-8", "surrogateescape")
        self.row = row
        self.around: defaultdict[int, float] = defaultdict(float)
        self.examples: dict[int, list[bytes]] = {}
        self.lines = 0
        self.full = False
        self._hits = 0
        self._context = context

    def read(self, piece: bytes, stop: Callable[[], bool]) -> set[int]:
        """Take in a piece of text; return where the lines begin that have the word."""
        begins: set[int] = set()
        line_end = -1
        for at in _places(piece, self.word):
            if self._hits >= _MOST_HITS or (self._hits % _LOOK == 0 and stop()):
                self.full = True
                break
            self._hits += 1
            if at > line_end:
                line_begin = piece.rfind(b"\n", max(line_end, 0), at) + 1 or max(line_end, 0)
                line_end = piece.find(b"\n", at)
                line_end = len(piece) if line_end < 0 else line_end
                begins.add(line_begin)
            self._count(piece, at, line_begin, line_end)
        self.lines += len(begins)
        return begins

    def _count(self, piece: bytes, at: int, begin: int, end: int) -> None:
        """Count what stands around one place, and keep it where it is an example."""
        left, right = self._window(piece, at, begin, end)
        sentence: bytes | None = None
        m = self._context.window
        for side in (left, right):
            for distance, row in enumerate(side):
                self.around[row] += self._context.kept[row] * (m - distance) / m
                kept = self.examples.setdefault(row, [])
                if len(kept) < max(_EACH, _TOGETHER):
                    sentence = sentence or _excerpt(piece, at, len(self.word), begin, end)
                    if sentence not in kept:
                        kept.append(sentence)

    def _window(self, piece: bytes, at: int, begin: int, end: int) -> tuple[list[int], list[int]]:
        """Return the rows of the known words before and behind a place, the nearest first."""
        reach, after = self._context.reach, at + len(self.word)
        before = _whole_words(piece, max(begin, at - reach), at, begin, end)
        behind = _whole_words(piece, after, min(end, after + reach), begin, end)
        return self._known(reversed(before)), self._known(iter(behind))

    def _known(self, words: Iterator[bytes]) -> list[int]:
        rows: list[int] = []
        for word in words:
            if (row := self._context.row(word)) is not None:
                rows.append(row)
                if len(rows) == self._context.window:
                    break
        return rows


class _Told:
    """What was found, for people: in words, with marks."""

    def __init__(self, context: _Context, uses: Sequence[_Uses]) -> None:
        self._context = context
        self._a, self._b = uses
        self._asked = {self._a.word, self._b.word}

    def shared(self, row: int) -> dict[str, Any]:
        """Return a word that stands around both, with sentences."""
        word = self._context.vectors.words[row]
        spelled = word.encode("utf-8", "surrogateescape")
        a, b = (
            [self._sentence(raw, spelled) for raw in use.examples[row][:_EACH]]
            for use in (self._a, self._b)
        )
        return {"id": row, "word": word, "a": a, "b": b}

    def together(self) -> list[dict[str, Any]]:
        """Return sentences with both words in one window."""
        return [self._sentence(raw) for raw in self._a.examples.get(self._b.row, [])[:_TOGETHER]]

    def _sentence(self, raw: bytes, shared: bytes | None = None) -> dict[str, Any]:
        words = raw.split()
        marks = [1 if word in self._asked else 2 if word == shared else 0 for word in words]
        return {
            "words": [word.decode("utf-8", "surrogateescape") for word in words],
            "marks": marks,
        }


def _saying_most(context: _Context, uses: Sequence[_Uses]) -> list[int]:
    """Return the words around both that say most."""
    a, b = uses
    weights = [sum(use.around.values()) for use in uses]
    worth: dict[int, float] = {}
    for row in a.around.keys() & b.around.keys():
        if row in (a.row, b.row):
            continue
        p = context.frequency[row]
        shares = [use.around[row] / all for use, all in zip(uses, weights, strict=True)]
        worth[row] = min(share * math.log(share / p) for share in shares)
    best = sorted(worth, key=lambda row: (-worth[row], row))
    return [row for row in best[:_SHARED] if worth[row] > 0]


def _pieces(corpus: Sequence[Path]) -> Iterator[bytes]:
    """Give the text in pieces of whole lines; lines longer than a piece are cut between words."""
    for path in corpus:
        rest = b""
        with path.open("rb") as file:
            while read := file.read(_PIECE):
                piece = rest + read
                cut = piece.rfind(b"\n") + 1
                if not cut and len(piece) >= _PIECE:
                    cut = piece.rfind(b" ") + 1 or len(piece)
                yield piece[:cut]
                rest = piece[cut:]
        yield rest


def _places(piece: bytes, word: bytes) -> Iterator[int]:
    """Give the places where a word stands between white space."""
    at = piece.find(word)
    while at >= 0:
        end = at + len(word)
        if (at == 0 or piece[at - 1] in _SPACES) and (end == len(piece) or piece[end] in _SPACES):
            yield at
            at = piece.find(word, end)
        else:
            at = piece.find(word, at + 1)


def _whole_words(piece: bytes, low: int, high: int, begin: int, end: int) -> list[bytes]:
    """Return the words of a line between two places, without those that these cut."""
    words = piece[low:high].split()
    if words and low > begin and piece[low - 1] not in _SPACES and piece[low] not in _SPACES:
        del words[0]
    if words and high < end and piece[high - 1] not in _SPACES and piece[high] not in _SPACES:
        del words[-1]
    return words


def _excerpt(piece: bytes, at: int, length: int, begin: int, end: int) -> bytes:
    """Return a line, or of a long one what is around a place, with marks where it was cut."""
    low, high = max(begin, at - _AROUND), min(end, at + length + _AROUND)
    words = [
        *([_CUT.encode()] if low > begin else []),
        *_whole_words(piece, low, at, begin, end),
        piece[at : at + length],
        *_whole_words(piece, at + length, high, begin, end),
        *([_CUT.encode()] if high < end else []),
    ]
    return b" ".join(words)
