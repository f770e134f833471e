"""Files of questions that word vectors are measured by: analogies, and pairs that people judged.

In: a path. Out: questions, as they stand in the file. Strict: what is no question is an error that
names the file and the line. Words are bytes, decoded from UTF-8 with "surrogateescape" as those of
vectors are.
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
_SEPARATORS = (b"\t", b";", b",")  # the first that a file's first line has; else white space


@dataclass(frozen=True)
class Section:
    """Questions of one kind, each "a is to b as c is to d"."""

    name: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class AnalogyFile:
    """A file of analogies: its name, and its sections in their order."""

    name: str
    sections: tuple[Section, ...]

    def __len__(self) -> int:
        return sum(len(section.questions) for section in self.sections)


@dataclass(frozen=True)
class SimilarityFile:
    """Pairs of words and how similar people found them.

    Attributes
    ----------
    name : str
    pairs : tuple of (word, word)
    scores : tuple of float
        One a pair, on whatever scale.
    header : str or None
        The first line, if it is no pair but says what the columns are.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    scores: tuple[float, ...]
    header: str | None = None

    def __len__(self) -> int:
        return len(self.pairs)


def read_analogies(path: StrPath) -> AnalogyFile:
    """Read lines of four words, in sections that begin with a line ": NAME".

    That is how questions-words.txt is written. Blank lines, and those that begin with "#", are
    skipped; words are split on ASCII white space.

    Raises
    ------
    FormatError
        If a line is something else, stands before the first section, or there is no question.
    OSError
    """
    sections = []
    for name, lines in read_sections(path, Path(path).read_bytes()):
        questions = []
        for number, words in lines:
            if len(words) != 4:
                raise wrong(path, number, f"a question must be 4 words, got {len(words)}")
            a, b, c, d = words
            questions.append((a, b, c, d))
        sections.append(Section(name, tuple(questions)))
    found = AnalogyFile(_name(path), tuple(sections))
    if not len(found):
        raise FormatError(f"{os.fspath(path)}: no questions in it")
    return found


def read_sections(
    path: StrPath, data: bytes
) -> list[tuple[str, list[tuple[int, tuple[str, ...]]]]]:
    """Cut sections into lines, and lines into words: [(name, [(line number, words)])]."""
    sections: list[tuple[str, list[tuple[int, tuple[str, ...]]]]] = []
    for number, line in _lines(data):
        if line.startswith(b":"):
            if not (name := _decoded(line[1:])):
                raise wrong(path, number, "a section must have a name")
            sections.append((name, []))
        elif not sections:
            raise wrong(path, number, 'a section, ": NAME", must come first')
        else:
            sections[-1][1].append((number, tuple(map(_decoded, line.split()))))
    return sections


def read_similarity(path: StrPath) -> SimilarityFile:
    """Read lines of two words and a number: WordSim-353, MEN and SimLex-999 are written so.

    The columns are parted by tabs, semicolons, commas or white space, whichever of them the first
    line has, in this order. Blank lines, and those that begin with "#", are skipped, and so is a
    first line with words where the number should be.

    Raises
    ------
    FormatError
        If a line is something else, or there is no pair.
    OSError
    """
    pairs, scores, header = [], [], None
    separator: bytes | None = None
    for i, (number, line) in enumerate(_lines(Path(path).read_bytes())):
        if i == 0:
            separator = next((s for s in _SEPARATORS if s in line), None)
        columns = tuple(map(_decoded, line.split(separator)))
        if len(columns) != 3 or not all(columns):
            raise wrong(path, number, f"a line must be 2 words and a number, got {_shown(line)}")
        score = _number(columns[2])
        if score is None and i == 0:
            header = _decoded(line)
        elif score is None:
            raise wrong(path, number, f"a score must be a number, got {columns[2]!r:.40}")
        elif not math.isfinite(score):
            raise wrong(path, number, f"a score must be finite, got {columns[2]}")
        else:
            pairs.append((columns[0], columns[1]))
            scores.append(score)
    if not pairs:
        raise FormatError(f"{os.fspath(path)}: no pairs of words in it")
    return SimilarityFile(_name(path), tuple(pairs), tuple(scores), header)


def wrong(path: StrPath, number: int, what: str) -> FormatError:
    """Return the error of a line that is not as it should be."""
    return FormatError(f"{os.fspath(path)}, line {number:,}: {what}")


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the lines that say something, stripped, with their numbers."""
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


def _shown(line: bytes) -> str:
    return repr(_decoded(line[:60]))


def _name(path: StrPath) -> str:
    return Path(path).name
