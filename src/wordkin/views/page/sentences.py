"""Find the sentences that make two words neighbours.

In: files of plain text, a model, and two of its words. Out: plain data for JSON, `Sentences` of
page/src/contract/answers.ts.

Skip-gram gives similar vectors to words with similar contexts. So the text is searched for both
words, and their contexts are counted as in training: only words of the model take up a position in
a window, a word at distance d in a window of m counts (m - d + 1) / m, and subsampling reduces the
weight of frequent words. Of the words in both contexts, the most informative are those whose share
is raised most above the whole text in both: word o scores the lesser of
p(o | a) log(p(o | a) / p(o)) and the same for b, its terms of the Kullback-Leibler divergences.
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

from wordkin.engines.subsampling import USUAL
from wordkin.objectives.conventions import Window, keep_probability, window_weight
from wordkin.system.errors import CorpusError
from wordkin.views.page.model import PageModel

_PIECE = 1 << 20  # bytes read at once
_MOST_HITS = 20_000  # occurrences of a word that are counted
_SECONDS = 2.0  # time limit of a search
_CHECK_EVERY = 256  # occurrences between two checks of the time
_FARTHEST = 10_000  # words that a window reaches on a side, however wide it is
_WINDOW: Window = 5  # for vectors whose training settings are unknown
_SHARED = 5  # most shared context words
_EACH = 3  # most sentences of each word with one of them
_TOGETHER = 5  # most sentences with both words
_AROUND = 160  # bytes of a sentence to show on each side of a word
_SPACES = b" \t\n\v\f\r"
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_CUT = "…"


def check(corpus: Sequence[Path], model: PageModel) -> list[str]:
    """Check that files can be searched; return notes if they seem to be another text.

    Returns
    -------
    list of str
        Messages for the user; empty if the size of the text matches the model.

    Raises
    ------
    CorpusError
        If a file is compressed or binary.
    OSError
        If a file cannot be read.
    """
    size = 0
    for path in corpus:
        if path.suffix.lower() in _PACKED:
            raise CorpusError(f"sentences can only be found in plain text; unpack it first: {path}")
        with path.open("rb") as file:
            if b"\0" in file.read(_PIECE):
                raise CorpusError(f"not a text: it contains a NUL byte (binary or UTF-16?): {path}")
        size += path.stat().st_size
    trained_on = model.word2vec and model.word2vec.corpus
    if corpus and trained_on and trained_on.bytes != size:
        return [
            f"{model.name} was trained on {trained_on.bytes:,} bytes of text, but the corpus has"
            f" {size:,}: sentences come from another text"
        ]
    return []


def sentences(
    model: PageModel, a: int, b: int, *, clock: Callable[[], float] = time.monotonic
) -> dict[str, Any]:
    """Search the corpus of a model for the contexts of two words.

    Parameters
    ----------
    model : PageModel
    a, b : int
        Rows of two different words.
    clock : callable
        Returns seconds.

    Returns
    -------
    dict
        Plain data, `Sentences` of page/src/contract/answers.ts.

    Raises
    ------
    OSError
        If the corpus cannot be read.
    """
    context = _Context(model)
    uses = [_Uses(model.vectors.words[row], row, context) for row in (a, b)]
    until = clock() + _SECONDS
    both, complete = 0, True
    for piece in _pieces(model.corpus):
        lines = [use.read(piece, lambda: clock() > until) for use in uses]
        both += len(lines[0] & lines[1])
        if clock() > until:
            complete = False
            break
    examples = _Examples(context, uses)
    return {
        "lines": [uses[0].lines, uses[1].lines, both],
        "complete": complete and not any(use.full for use in uses),
        "shared": [examples.shared(row) for row in _most_informative(context, uses)],
        "together": examples.together(),
    }


class _Context:
    """What defines contexts: rows and frequencies of words, and the width of the window."""

    def __init__(self, model: PageModel) -> None:
        self.vectors = model.vectors
        window = model.word2vec.settings.window if model.word2vec else _WINDOW
        self.words = _FARTHEST if window == "line" else min(window, _FARTHEST)  # on a side
        self.weights = window_weight(np.arange(1, self.words + 1), window).tolist()
        # Bytes to read on each side: enough for a window, even if words are unknown or long.
        self.reach = 64 + 48 * self.words
        self.kept, self.frequency = _subsampled(model)

    def row(self, word: bytes) -> int | None:
        """Return the row of a word of the text, or None if it has no vector."""
        text = word.decode("utf-8", "surrogateescape")
        return self.vectors.index(text) if text in self.vectors else None


def _subsampled(model: PageModel) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the keep probability of each word, and its share of the subsampled text, (V,) each.

    Without counts, frequencies follow Zipf's law.
    """
    counts = model.vectors.counts
    V = len(model.vectors)
    weights = 1 / np.arange(1, V + 1) if counts is None else np.maximum(counts, 1)
    frequency = weights / weights.sum()
    subsample = model.word2vec.settings.subsample if model.word2vec else USUAL
    kept = keep_probability(frequency, USUAL if isinstance(subsample, str) else subsample)
    return kept, frequency * kept / (frequency * kept).sum()


class _Uses:
    """The contexts of a word: weights of the words around it, and example sentences."""

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
        """Count the contexts in a piece of text; return the begins of lines that have the word."""
        begins: set[int] = set()
        line_end = -1
        for at in _places(piece, self.word):
            if self._hits >= _MOST_HITS or (self._hits % _CHECK_EVERY == 0 and stop()):
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
        """Count the context of one occurrence, and keep its sentence if examples are needed."""
        left, right = self._window(piece, at, begin, end)
        sentence: bytes | None = None
        for side in (left, right):
            for distance, row in enumerate(side):
                self.around[row] += self._context.kept[row] * self._context.weights[distance]
                kept = self.examples.setdefault(row, [])
                if len(kept) < max(_EACH, _TOGETHER):
                    sentence = sentence or _excerpt(piece, at, len(self.word), begin, end)
                    if sentence not in kept:
                        kept.append(sentence)

    def _window(self, piece: bytes, at: int, begin: int, end: int) -> tuple[list[int], list[int]]:
        """Return the rows of the words before and after an occurrence, the nearest first."""
        reach, after = self._context.reach, at + len(self.word)
        before = _whole_words(piece, max(begin, at - reach), at, begin, end)
        following = _whole_words(piece, after, min(end, after + reach), begin, end)
        return self._rows(reversed(before)), self._rows(iter(following))

    def _rows(self, words: Iterator[bytes]) -> list[int]:
        """Return the rows of the first words that have a vector, up to the window."""
        rows: list[int] = []
        for word in words:
            if (row := self._context.row(word)) is not None:
                rows.append(row)
                if len(rows) == self._context.words:
                    break
        return rows


class _Examples:
    """Example sentences as the page shows them: words with marks."""

    def __init__(self, context: _Context, uses: Sequence[_Uses]) -> None:
        self._context = context
        self._a, self._b = uses
        self._pair = {self._a.word, self._b.word}

    def shared(self, row: int) -> dict[str, Any]:
        """Return a word of both contexts, with example sentences."""
        word = self._context.vectors.words[row]
        raw_word = word.encode("utf-8", "surrogateescape")
        a, b = (
            [self._sentence(raw, raw_word) for raw in use.examples[row][:_EACH]]
            for use in (self._a, self._b)
        )
        return {"id": row, "word": word, "a": a, "b": b}

    def together(self) -> list[dict[str, Any]]:
        """Return sentences with both words in one window."""
        return [self._sentence(raw) for raw in self._a.examples.get(self._b.row, [])[:_TOGETHER]]

    def _sentence(self, raw: bytes, shared: bytes | None = None) -> dict[str, Any]:
        words = raw.split()
        marks = [1 if word in self._pair else 2 if word == shared else 0 for word in words]
        return {
            "words": [word.decode("utf-8", "surrogateescape") for word in words],
            "marks": marks,
        }


def _most_informative(context: _Context, uses: Sequence[_Uses]) -> list[int]:
    """Return the rows of the most informative words in both contexts."""
    a, b = uses
    totals = [sum(use.around.values()) for use in uses]
    scores: dict[int, float] = {}
    for row in a.around.keys() & b.around.keys():
        if row in (a.row, b.row):
            continue
        p = context.frequency[row]
        shares = [use.around[row] / total for use, total in zip(uses, totals, strict=True)]
        scores[row] = min(share * math.log(share / p) for share in shares)
    best = sorted(scores, key=lambda row: (-scores[row], row))
    return [row for row in best[:_SHARED] if scores[row] > 0]


def _pieces(corpus: Sequence[Path]) -> Iterator[bytes]:
    """Yield the text in pieces of whole lines; longer lines are cut between words."""
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
    """Yield the positions of a word between white space."""
    at = piece.find(word)
    while at >= 0:
        end = at + len(word)
        if (at == 0 or piece[at - 1] in _SPACES) and (end == len(piece) or piece[end] in _SPACES):
            yield at
            at = piece.find(word, end)
        else:
            at = piece.find(word, at + 1)


def _whole_words(piece: bytes, low: int, high: int, begin: int, end: int) -> list[bytes]:
    """Return the words of a line between two positions, without words that these cut."""
    words = piece[low:high].split()
    if words and low > begin and piece[low - 1] not in _SPACES and piece[low] not in _SPACES:
        del words[0]
    if words and high < end and piece[high - 1] not in _SPACES and piece[high] not in _SPACES:
        del words[-1]
    return words


def _excerpt(piece: bytes, at: int, length: int, begin: int, end: int) -> bytes:
    """Return a line; of a long one only the part around a position, with ellipses."""
    low, high = max(begin, at - _AROUND), min(end, at + length + _AROUND)
    words = [
        *([_CUT.encode()] if low > begin else []),
        *_whole_words(piece, low, at, begin, end),
        piece[at : at + length],
        *_whole_words(piece, at + length, high, begin, end),
        *([_CUT.encode()] if high < end else []),
    ]
    return b" ".join(words)
