"""The built-in probes: analogies and odd-one-out questions about common English words.

In: the pairs and groups of ``probes.txt``, which documents its format. Out: questions. They show
within a second whether vectors have learned anything; a comparison with published results needs the
published question files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import permutations
from typing import TypeAlias

from wordkin.evaluation.analogy_lines import read_sections
from wordkin.evaluation.question_files import AnalogyFile, Section
from wordkin.evaluation.question_text import line_error

Group: TypeAlias = tuple[str, ...]

ODD = "odd-one-out"
KIND_SIZE = 4
"""The number of words of the same kind in an odd-one-out question; the odd one comes last."""


@dataclass(frozen=True)
class OddFile:
    """Odd-one-out questions: each is `KIND_SIZE` words of one kind, then one of another kind."""

    name: str
    questions: tuple[Group, ...]

    def __len__(self) -> int:
        return len(self.questions)


@dataclass(frozen=True)
class Probes:
    """The built-in questions: analogies, and odd-one-out questions."""

    analogies: AnalogyFile
    odd: OddFile


def probes() -> Probes:
    """Return the questions that come with the package.

    Returns
    -------
    Probes
        `analogies` for `evaluate_analogies`, and `odd` for `evaluate_odd`.
    """
    return parse_probes(
        "probes.txt", files("wordkin.evaluation").joinpath("probes.txt").read_bytes()
    )


def parse_probes(name: str, data: bytes) -> Probes:
    """Build questions from sections of pairs and groups.

    Each section gives an analogy for every ordered pair of its word pairs. Each line of the section
    "odd-one-out" is a group of words of one kind.

    Raises
    ------
    FormatError
        If a line is not a pair, or a group is too small. The error names the line.
    """
    sections, groups = [], []
    for title, lines in read_sections(name, data):
        if title == ODD:
            groups += [_group(name, *line) for line in lines]
        else:
            pairs = [_pair(name, *line) for line in lines]
            sections.append(Section(title, tuple((*p, *q) for p, q in permutations(pairs, 2))))
    return Probes(AnalogyFile(name, tuple(sections)), OddFile(ODD, tuple(odd_questions(groups))))


def _pair(name: str, number: int, words: Group) -> tuple[str, str]:
    if len(words) != 2:
        raise line_error(name, number, f"a pair must be 2 words, got {len(words)}")
    return words[0], words[1]


def _group(name: str, number: int, words: Group) -> Group:
    if len(words) < KIND_SIZE:
        raise line_error(
            name, number, f"a group must be at least {KIND_SIZE} words, got {len(words)}"
        )
    return words


def odd_questions(groups: Sequence[Group]) -> list[Group]:
    """Return the questions that a fixed rule builds from groups.

    For each position in a group and each other group, a question consists of `KIND_SIZE` words of
    the group from that position on, and the word of the other group at the same position. Positions
    wrap around.
    """
    return [
        (*((group * 2)[start : start + KIND_SIZE]), other[start % len(other)])
        for group in groups
        for start in range(len(group))
        for other in groups
        if other is not group
    ]
