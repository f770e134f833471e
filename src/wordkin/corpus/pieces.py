"""Lines that are too long for what is done by lines, parted into pieces.

Ids with line ends in, where lines or pieces begin and end out. A text may have all its words on one
line, or a few long lines. What samples lines (held-out lines, resampling)
then samples pieces of them instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from wordkin.corpus.encoded import LINE_END
from wordkin.system.mapping import drop_before
from wordkin.system.types import Int32, Int64

FEW_LINES = 1_000
"""A text with fewer lines with words is sampled by pieces, if it has more pieces than lines."""
LONGEST_LINE = 1_000
"""Words of a line that a window of the whole line pairs with each other, as in word2vec.c.

The work grows faster than the square of this number.
"""
WIDEST = 10_000
"""A wider window is one of the whole line."""
PIECE = 25
"""The words of a piece, about those of a sentence; more for a window of more than half of this."""


_BLOCK = 1 << 22
"""Ids that are looked at together: of a text in a file all would not fit in memory."""


def line_lengths(ids: Int32) -> Int64:
    """Return the number of words of each line, (lines,)."""
    found = [np.empty(0, np.int64), *_lengths_by_blocks(ids)]
    return np.concatenate(found)


def length_counts(ids: Int32) -> tuple[Int64, Int64]:
    """Return the different lengths of lines, ascending, and the number of lines of each."""
    found: dict[int, int] = {}
    for lengths in _lengths_by_blocks(ids):
        for length, lines in zip(
            *map(np.ndarray.tolist, np.unique(lengths, return_counts=True)), strict=True
        ):
            found[length] = found.get(length, 0) + lines
    in_order = sorted(found.items())
    return (
        np.array([length for length, _ in in_order], np.int64),
        np.array([lines for _, lines in in_order], np.int64),
    )


def count_words(ids: Int32) -> int:
    """Return the number of words of a text, which are not line ends."""
    return sum(int(lengths.sum()) for lengths in _lengths_by_blocks(ids))


def _lengths_by_blocks(ids: Int32) -> Iterator[Int64]:
    """Yield the lengths of the lines that end in each block."""
    before = -1  # where the last line ended
    for begin in range(0, len(ids), _BLOCK):
        ends = np.flatnonzero(ids[begin : begin + _BLOCK] == LINE_END) + begin
        drop_before(ids, begin)
        if begin + _BLOCK >= len(ids) and ids[-1] != LINE_END:
            ends = np.append(ends, len(ids))
        if len(ends):
            yield np.diff(ends, prepend=before) - 1
            before = int(ends[-1])


def piece_length(window: int | str, words: int, lines: int) -> int:
    """Return the words of a piece to sample a text by; 0 to sample it by lines.

    A text of many lines is sampled by lines, and so is one with lines of about the length of a
    piece, or with the window "line", where a line is what belongs together.
    """
    if isinstance(window, str) or lines >= FEW_LINES:
        return 0
    piece = max(PIECE, 2 * window)
    return piece if words > 2 * piece * lines else 0


def sample_units(ids: Int32, piece: int) -> tuple[Int64, Int64]:
    """Return where the units of a text begin and end, lines or pieces of them, line ends left out.

    Parameters
    ----------
    ids : (N,) int32
    piece : int
        The words of a piece; 0 for whole lines.
    """
    lengths = line_lengths(ids)
    ends = np.cumsum(lengths + 1) - 1
    begins = ends - lengths
    if not piece:
        return begins, ends
    pieces = -(-lengths // piece)
    first = np.cumsum(pieces) - pieces
    within = np.arange(int(pieces.sum())) - np.repeat(first, pieces)
    starts = np.repeat(begins, pieces) + within * piece
    return starts, np.minimum(starts + piece, np.repeat(ends, pieces))


def is_too_long(lengths: Int64, window: int | str) -> npt.NDArray[np.bool_]:
    """Return for each line whether it is too long for a window that reaches over all of it."""
    reach = math.inf if isinstance(window, str) or window > WIDEST else window
    return (lengths > LONGEST_LINE) & (lengths - 1 <= reach)


def part_lines(ids: Int32, window: int | str) -> tuple[Int32, int]:
    """Part the lines that are too long for the window into pieces of about equal length.

    Returns
    -------
    ids : (M,) int32
        With more line ends; the same array if no line is too long.
    parted : int
        The number of lines that were too long.
    """
    lengths = line_lengths(ids)
    long = np.flatnonzero(is_too_long(lengths, window))
    if not len(long):
        return ids, 0
    begins = np.cumsum(lengths + 1) - (lengths + 1)
    cuts: list[npt.NDArray[np.int64]] = []
    for line in long:
        pieces = -(-int(lengths[line]) // LONGEST_LINE)
        cuts.append(begins[line] + np.arange(1, pieces) * int(lengths[line]) // pieces)
    return np.insert(ids, np.concatenate(cuts), LINE_END).astype(np.int32), len(long)
