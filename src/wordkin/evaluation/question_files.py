"""Reading of question files: analogies, and word pairs whose similarity people judged.

In: a path. Out: the questions, or an error that names the file and the first wrong line. Files are
read as their authors publish them; `notes` say what was chosen or left out.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from wordkin.evaluation import analogy_lines
from wordkin.evaluation.judged_columns import (
    AmbiguousError,
    Columns,
    find_columns,
    has_decimal_commas,
    number,
)
from wordkin.evaluation.question_text import (
    SEPARATORS,
    is_comment,
    line_error,
    note_on_encoding,
    read_lines,
    split_fields,
    without_quotes,
)
from wordkin.system.errors import FormatError
from wordkin.system.types import StrPath

Question: TypeAlias = tuple[str, str, str, str]

_SEPARATORS = (*SEPARATORS[:-1], ":", SEPARATORS[-1])  # : as in the German Gur350
_TAGGED = re.compile(r"(.+)(?:[-_][nvjar]|_[NVJAR])")  # a word with its part of speech


@dataclass(frozen=True)
class Section:
    """Analogies of one kind, each the words of "a is to b as c is to d".

    Attributes
    ----------
    name : str
    questions : tuple of n (word, word, word, word)
    answers : tuple of n tuples of words, or None
        All right answers to each question, d among them; None if d alone is right.
    kind : str or None
        What the section counts towards: None for "syntactic" if the name begins with "gram", else
        "semantic".
    """

    name: str
    questions: tuple[Question, ...]
    answers: tuple[tuple[str, ...], ...] | None = None
    kind: str | None = None


@dataclass(frozen=True)
class AnalogyFile:
    """A file or folder of analogies: its name, its sections in order, and notes on the reading."""

    name: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return sum(len(section.questions) for section in self.sections)


@dataclass(frozen=True)
class SimilarityFile:
    """Pairs of words, and the similarity that people assigned to them.

    Attributes
    ----------
    name : str
        The name of the file.
    pairs : tuple of n (word, word)
    scores : tuple of n float
        The similarity of each pair, on any scale.
    header : str or None
        The first line, if it names the columns.
    tagged : tuple of n (word, word), or None
        The words as in the file, if each has its part of speech, as in "sun-n". Vectors of tagged
        words are asked for these.
    notes : tuple of str
        What was chosen or left out.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    scores: tuple[float, ...]
    header: str | None = None
    tagged: tuple[tuple[str, str], ...] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pairs)


def read_analogies(path: StrPath, *, encoding: str | None = None) -> AnalogyFile:
    """Read analogies in the format of questions-words.txt, as a table, or of BATS.

    A line ": NAME" begins a section. A question is a line of four words, separated by tabs,
    semicolons, commas or white space; questions before the first section are one of the file's
    name. A section of pairs, as in BATS, is a word and its answers in each line, as in
    "cat<tab>feline/mammal": the questions are all ordered pairs of its lines, b is the first answer
    of a line, and any answer of the other line is right. Blank lines, and lines that begin with
    "#", are skipped. A field may stand in double quotes.

    Parameters
    ----------
    path : path
        A file; or a folder, of whose .txt files, those of its folders too, each is a section.
    encoding : str, optional
        By default UTF-8; bytes that are not UTF-8 are kept.

    Returns
    -------
    AnalogyFile

    Raises
    ------
    SettingsError
        If there is no such encoding.
    FormatError
        If a line is not a question, a section has no name, or there are no questions. The error
        names the line.
    OSError
        If the file cannot be read.
    """
    parts, notes = analogy_lines.read(path, encoding)
    sections = tuple(
        Section(part.name, tuple(part.questions), part.answers, part.kind) for part in parts
    )
    file = AnalogyFile(Path(path).name, sections, tuple(notes))
    if not len(file):
        raise FormatError(f"{os.fspath(path)}: there are no questions")
    return file


def read_similarity(
    path: StrPath,
    *,
    columns: Sequence[str | int] | None = None,
    encoding: str | None = None,
) -> SimilarityFile:
    """Read pairs of words with a similarity, as WordSim-353, MEN, SimLex-999 and others have them.

    The columns are separated by tabs, semicolons, commas or white space; fields may stand in
    quotes, and numbers may have a decimal comma. With more than three columns, the words and the
    score are told by the headings (word1, word2, score, mean, similarity, …), or else by content: a
    column that numbers the rows is left out, and of several numbers, the average of the others is
    the score. Whatever stays ambiguous is refused. Blank lines, and lines that begin with "#", are
    skipped.

    Parameters
    ----------
    path : path
    columns : (word, word, score), optional
        The headings of the three columns, or their numbers from 1 on.
    encoding : str, optional
        By default UTF-8; bytes that are not UTF-8 are kept.

    Returns
    -------
    SimilarityFile

    Raises
    ------
    SettingsError
        If there is no such encoding.
    FormatError
        If the columns cannot be told, a line is not two words and a finite number, or there are no
        pairs. The error names the line.
    OSError
        If the file cannot be read.
    """
    lines = read_lines(path, encoding)
    numbered = [(n, line) for n, line in lines if not is_comment(line)]
    if not numbered:
        raise FormatError(f"{os.fspath(path)}: there are no pairs of words")
    rows, commented = _rows(path, lines, numbered)
    try:
        found = find_columns(rows, columns)
    except AmbiguousError as error:
        raise FormatError(
            f"{os.fspath(path)}: which columns are the words and the score? {error}. Name them, by"
            f" heading or number: --columns WORD,WORD,SCORE; the first row is"
            f" {' | '.join(rows[0])!r:.100}"
        ) from None
    source = numbered if commented else numbered[found.header :]
    three = found.first, found.second, found.score
    body = [
        (line, row)
        for line, row in zip(source, rows[found.header :], strict=True)
        if any(row[i] for i in three)  # else it has a number of its own alone
    ]
    pairs, scores = _judged(path, body, found)
    if not pairs:
        raise FormatError(f"{os.fspath(path)}: there are no pairs of words")
    notes = note_on_encoding(lines)
    if empty := len(rows) - found.header - len(body):
        notes.append(f"skipped {empty:,} rows without words and score")
    if len(rows[0]) > 3:
        named = ": " + ", ".join(rows[0][i] for i in three) if found.header else ""
        first, second, score = (i + 1 for i in three)
        notes.append(f"words and score are columns {first}, {second} and {score}{named}")
    words = [word for pair in pairs for word in pair]
    tags = [_TAGGED.fullmatch(word) for word in words]
    tagged = None
    if all(tags):
        bare = [tag[1] for tag in tags if tag]
        tagged, pairs = tuple(pairs), list(zip(bare[::2], bare[1::2], strict=True))
        notes.append(
            f"the words have parts of speech, as {words[0]}; these count only if the model has them"
        )
    header = None
    if found.header and not commented:
        header = numbered[0][1]
    return SimilarityFile(
        Path(path).name, tuple(pairs), tuple(scores), header, tagged, tuple(notes)
    )


def _rows(
    path: StrPath, lines: list[tuple[int, str]], numbered: list[tuple[int, str]]
) -> tuple[list[list[str]], bool]:
    """Return rows of equal length, and whether the first one is a comment with the headings."""
    separator = _separator([line for _, line in numbered])
    rows = [split_fields(line, separator) for _, line in numbered]
    width = _usual([len(row) for row in rows])
    below = _usual([len(row) for row in rows[1:] or rows])
    if (
        below > 3 and len(rows[0]) == below - 1 and not any(map(number, rows[0]))
    ):  # R leaves out the heading of its row names
        rows[0].insert(0, "")
        width = below
    while width > 3 and not any(row[width - 1 :][:1] != [""] for row in rows if len(row) >= width):
        width -= 1  # a separator at the end of each line
    for i, (row, (line_number, line)) in enumerate(zip(rows, numbered, strict=True)):
        if any(row[width:]):
            if width <= 3:
                raise _no_pair(path, line_number, line)
            raise line_error(path, line_number, f"a line must have {width} columns, got {len(row)}")
        rows[i] = [*row[:width], *[""] * (width - len(row))]  # a row may lack the last ones
    if width < 3:
        raise _no_pair(path, *numbered[0])
    comment = split_fields(lines[0][1].lstrip("\t# "), separator)
    commented = width > 3 and is_comment(lines[0][1]) and len(comment) == width
    return [comment, *rows] if commented else rows, commented


def _separator(lines: Sequence[str]) -> str | None:
    """Return what splits the most lines into the same number of columns, of at least 3."""
    best, most = next((s for s in _SEPARATORS if s and s in lines[0]), None), 0.0
    for separator in _SEPARATORS:
        widths = [len(split_fields(line, separator)) for line in lines]
        width = _usual(widths)
        share = widths.count(width) / len(widths) if width >= 3 else 0.0
        if share > most:
            best, most = separator, share
    return best


def _usual(widths: Sequence[int]) -> int:
    return max(dict.fromkeys(widths), key=widths.count)


def _judged(
    path: StrPath, body: list[tuple[tuple[int, str], list[str]]], columns: Columns
) -> tuple[list[tuple[str, str]], list[float]]:
    """Return the pairs and their scores; raise an error that names the first wrong line."""
    comma = has_decimal_commas([row[columns.score] for _, row in body])
    firsts, seconds, scores = [], [], []
    for (line_number, line), row in body:
        first, second, judged = row[columns.first], row[columns.second], row[columns.score]
        if not (first and second and judged):
            raise _no_pair(path, line_number, line)
        score = number(judged, comma=comma)
        if score is None:
            raise line_error(path, line_number, f"a score must be a number, got {judged!r:.40}")
        if not math.isfinite(score):
            raise line_error(path, line_number, f"a score must be finite, got {judged}")
        firsts.append(first)
        seconds.append(second)
        scores.append(score)
    words = without_quotes(firsts + seconds)
    return list(zip(words[: len(firsts)], words[len(firsts) :], strict=True)), scores


def _no_pair(path: StrPath, line_number: int, line: str) -> FormatError:
    return line_error(path, line_number, f"a line must be 2 words and a number, got {line[:60]!r}")
