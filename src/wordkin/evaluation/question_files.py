"""Reading of question files: analogies, and word pairs whose similarity people judged.

In: a path. Out: the questions, unchanged, or an error that names the file and the first wrong line.
Words are decoded from UTF-8 with "surrogateescape", like those of vectors.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from wordkin.system.errors import FormatError
from wordkin.system.types import StrPath

Question: TypeAlias = tuple[str, str, str, str]

_BOM = b"\xef\xbb\xbf"
_SEPARATORS = (b"\t", b";", b",")  # the first one in the first line is used, else white space


@dataclass(frozen=True)
class Section:
    """Analogies of one kind, each the words of "a is to b as c is to d"."""

    name: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class AnalogyFile:
    """A file of analogies: its name, and its sections in file order."""

    name: str
    sections: tuple[Section, ...]

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
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    scores: tuple[float, ...]
    header: str | None = None

    def __len__(self) -> int:
        return len(self.pairs)


def read_analogies(path: StrPath) -> AnalogyFile:
    """Read analogies in the format of questions-words.txt.

    A line ": NAME" begins a section; every other line is a question of four words, separated by
    ASCII white space. Blank lines, and lines that begin with "#", are skipped.

    Parameters
    ----------
    path : path

    Returns
    -------
    AnalogyFile

    Raises
    ------
    FormatError
        If a line is not a question or stands before the first section, if a section has no name, or
        if there are no questions. The error names the line.
    OSError
        If the file cannot be read.
    """
    sections = []
    for name, lines in read_sections(path, Path(path).read_bytes()):
        questions = []
        for number, words in lines:
            if len(words) != 4:
                raise line_error(path, number, f"a question must be 4 words, got {len(words)}")
            a, b, c, d = words
            questions.append((a, b, c, d))
        sections.append(Section(name, tuple(questions)))
    file = AnalogyFile(_file_name(path), tuple(sections))
    if not len(file):
        raise FormatError(f"{os.fspath(path)}: there are no questions")
    return file


def read_sections(
    path: StrPath, data: bytes
) -> list[tuple[str, list[tuple[int, tuple[str, ...]]]]]:
    """Split data into sections, lines and words: [(name, [(line number, words)])].

    Raises
    ------
    FormatError
        If a section has no name, or a line stands before the first section.
    """
    sections: list[tuple[str, list[tuple[int, tuple[str, ...]]]]] = []
    for number, line in _lines(data):
        if line.startswith(b":"):
            if not (name := _decoded(line[1:])):
                raise line_error(path, number, "a section must have a name")
            sections.append((name, []))
        elif not sections:
            raise line_error(path, number, 'a section, ": NAME", must come first')
        else:
            sections[-1][1].append((number, tuple(map(_decoded, line.split()))))
    return sections


def read_similarity(path: StrPath) -> SimilarityFile:
    """Read pairs of words with a similarity, in the format of WordSim-353 and MEN.

    A line is two words and a number. The columns are separated by tabs, semicolons, commas or white
    space: the first of these that the first line contains. Blank lines, and lines that begin with
    "#", are skipped. If the third column of the first line is not a number, the line is a header.

    Parameters
    ----------
    path : path

    Returns
    -------
    SimilarityFile

    Raises
    ------
    FormatError
        If a line is not two words and a finite number, or there are no pairs. The error names the
        line.
    OSError
        If the file cannot be read.
    """
    pairs, scores, header = [], [], None
    separator: bytes | None = None
    for i, (number, line) in enumerate(_lines(Path(path).read_bytes())):
        if i == 0:
            separator = next((s for s in _SEPARATORS if s in line), None)
        columns = tuple(map(_decoded, line.split(separator)))
        if len(columns) != 3 or not all(columns):
            raise line_error(
                path, number, f"a line must be 2 words and a number, got {_quoted(line)}"
            )
        score = _number(columns[2])
        if score is None and i == 0:
            header = _decoded(line)
        elif score is None:
            raise line_error(path, number, f"a score must be a number, got {columns[2]!r:.40}")
        elif not math.isfinite(score):
            raise line_error(path, number, f"a score must be finite, got {columns[2]}")
        else:
            pairs.append((columns[0], columns[1]))
            scores.append(score)
    if not pairs:
        raise FormatError(f"{os.fspath(path)}: there are no pairs of words")
    return SimilarityFile(_file_name(path), tuple(pairs), tuple(scores), header)


def line_error(path: StrPath, number: int, what: str) -> FormatError:
    """Return an error that names a wrong line."""
    return FormatError(f"{os.fspath(path)}, line {number:,}: {what}")


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are neither blank nor comments, stripped, with their numbers."""
    for number, line in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
        if (stripped := line.strip()) and not stripped.startswith(b"#"):
            yield number, stripped


def _decoded(word: bytes) -> str:
    return word.strip().decode("utf-8", "surrogateescape")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _quoted(line: bytes) -> str:
    return repr(_decoded(line[:60]))


def _file_name(path: StrPath) -> str:
    return Path(path).name
