"""The lines of files of analogies: sections of questions, tables, and pairs as in BATS.

In: a path, or bytes. Out: sections with their questions, and all right answers of each.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import NamedTuple, TypeAlias

from wordkin.evaluation.question_text import (
    SEPARATORS,
    decoded,
    is_comment,
    line_error,
    note_on_encoding,
    read_lines,
    split_fields,
    text_lines,
    without_quotes,
)
from wordkin.system.errors import FormatError
from wordkin.system.types import StrPath

Line: TypeAlias = tuple[int, str]

_MOST_PAIRS = 1000  # of a section: their square is the number of questions
_HEADINGS = tuple(
    re.compile(f"(word|w|term|item)[ _-]?({ends})" + more, re.IGNORECASE)
    for ends, more in (("1|a", ""), ("2|b", ""), ("3|c", ""), ("4|d", "|target|answer"))
)  # of the four words of a question
_SECTION = re.compile("type|section|category|relation|group|kind", re.IGNORECASE)


class Part(NamedTuple):
    """A section: its name, its questions, all right answers to each, and its kind."""

    name: str
    questions: Sequence[tuple[str, str, str, str]]
    answers: tuple[tuple[str, ...], ...] | None
    kind: str | None


def read(path: StrPath, encoding: str | None) -> tuple[list[Part], list[str]]:
    """Read the sections of a file, or of all .txt files in a folder; and notes on the reading.

    Raises
    ------
    FormatError
        If a line is wrong, a section has no name, or a folder has no .txt files.
    """
    if not Path(path).is_dir():
        lines = read_lines(path, encoding)
        return _parts(path, lines), note_on_encoding(lines)
    files = sorted(file for file in Path(path).rglob("*.txt") if file.is_file())
    if not files:
        raise FormatError(f"{os.fspath(path)}: there are no .txt files in this folder")
    parts, notes = [], []
    for file in files:
        lines = read_lines(file, encoding)
        # BATS has a folder for each of its four kinds of relations.
        kind = file.parent.name if file.parent != Path(path) else None
        parts += [part._replace(kind=kind) for part in _parts(file, lines)]
        notes += [f"{file.name}: {note}" for note in note_on_encoding(lines)]
    return parts, notes


def read_sections(
    path: StrPath, data: bytes
) -> list[tuple[str, list[tuple[int, tuple[str, ...]]]]]:
    """Split data into sections, lines and words: [(name, [(line number, words)])].

    Raises
    ------
    FormatError
        If a section has no name, or a line stands before the first section.
    """
    sections = _sections(path, text_lines(decoded(path, data, None)))
    for name, lines in sections:
        if name is None:
            raise line_error(path, lines[0][0], 'a section, ": NAME", must come first')
    return [
        (str(name), [(number, tuple(split_fields(line, None))) for number, line in lines])
        for name, lines in sections
    ]


def _sections(path: StrPath, lines: Sequence[Line]) -> list[tuple[str | None, list[Line]]]:
    """Return the lines of each section, without comments; the name is None before the first."""
    sections: list[tuple[str | None, list[Line]]] = []
    for number, line in lines:
        if is_comment(line):
            continue
        if line.lstrip().startswith(":"):
            if not (name := line.lstrip()[1:].strip()):
                raise line_error(path, number, "a section must have a name")
            sections.append((name, []))
        else:
            if not sections:
                sections.append((None, []))
            sections[-1][1].append((number, line))
    return sections


def _parts(path: StrPath, lines: Sequence[Line]) -> list[Part]:
    stem = re.sub(r"\.(txt|csv|tsv)$", "", Path(path).name)
    if (
        parts := _table(path, stem, [line for line in lines if not is_comment(line[1])])
    ) is not None:
        return parts
    sections = _sections(path, lines)
    separator = _separator([line for _, part in sections for _, line in part])
    return [_part(path, name or stem, part, separator) for name, part in sections]


def _table(path: StrPath, stem: str, lines: Sequence[Line]) -> list[Part] | None:
    """Read a table whose headings name four words, and maybe the section; None if it is none."""
    for separator in SEPARATORS:
        heads = split_fields(lines[0][1], separator) if lines else []
        found = [[i for i, head in enumerate(heads) if each.fullmatch(head)] for each in _HEADINGS]
        if all(len(columns) == 1 for columns in found):
            break
    else:
        return None
    words = [columns[0] for columns in found]
    section = next((i for i, head in enumerate(heads) if _SECTION.fullmatch(head)), None)
    rows: dict[str, list[tuple[str, str, str, str]]] = {}
    for number, line in lines[1:]:
        fields = split_fields(line, separator)
        if len(fields) != len(heads):
            raise line_error(
                path, number, f"a line must have {len(heads)} columns, got {len(fields)}"
            )
        a, b, c, d = (fields[i] for i in words)
        if not (a and b and c and d):
            raise line_error(path, number, "a question must be 4 words, got an empty one")
        rows.setdefault(stem if section is None else fields[section], []).append((a, b, c, d))
    return [Part(name, questions, None, None) for name, questions in rows.items()]


def _separator(lines: Sequence[str]) -> str | None:
    """Return the first separator by which the most lines are questions or pairs."""

    def fitting(separator: str | None) -> int:
        split = (split_fields(line, separator) for line in lines)
        return sum(len(fields) in (2, 4) and all(fields) for fields in split)

    best = max(SEPARATORS, key=fitting)
    return best if fitting(best) else None


def _part(path: StrPath, name: str, lines: Sequence[Line], separator: str | None) -> Part:
    rows = [(number, split_fields(line, separator)) for number, line in lines]
    if rows and all(len(fields) == 2 and all(fields) for _, fields in rows):
        return _from_pairs(path, name, rows)
    for number, fields in rows:
        if len(fields) != 4:
            raise line_error(path, number, f"a question must be 4 words, got {len(fields)}")
        if not all(fields):
            raise line_error(path, number, "a question must be 4 words, got an empty one")
    words = without_quotes([word for _, fields in rows for word in fields])
    questions = list(zip(*(words[i::4] for i in range(4)), strict=True))
    return Part(name, questions, None, None)


def _from_pairs(path: StrPath, name: str, rows: Sequence[tuple[int, list[str]]]) -> Part:
    """Make a question of each ordered pair of lines: a word, and its answers between slashes."""
    if len(rows) < 2:
        raise line_error(path, rows[0][0], "a section of pairs must have at least 2, got 1")
    if len(rows) > _MOST_PAIRS:
        raise line_error(
            path,
            rows[_MOST_PAIRS][0],
            f"a section of pairs must have at most {_MOST_PAIRS:,}, got {len(rows):,}",
        )
    pairs = []
    for number, (word, right) in rows:
        answers = tuple(filter(None, (answer.strip() for answer in right.split("/"))))
        if not answers:
            raise line_error(path, number, f"a pair must have an answer, got {right!r}")
        pairs.append((word, answers))
    asked = list(permutations(pairs, 2))
    return Part(
        name,
        [(a, b[0], c, d[0]) for (a, b), (c, d) in asked],
        tuple(d for _, (_, d) in asked),
        None,
    )
