"""Questions that come with the package: analogies and odd ones out, in plain English.

Nothing in; questions out, made from the pairs and groups of ``probes.txt``, which says how it is
written. They show within a second whether vectors have learned something; to compare with published
figures takes the published files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import permutations
from typing import TypeAlias

from wordkin.evaluation.question_files import AnalogyFile, Section, read_sections, wrong

Group: TypeAlias = tuple[str, ...]

ODD = "odd-one-out"
OF_A_KIND = 4
"""Words of one kind in a question of an odd one out; the one that is not comes last."""


@dataclass(frozen=True)
class OddFile:
    """Questions of `OF_A_KIND` words of one kind and, last, one of another kind."""

    name: str
    questions: tuple[Group, ...]

    def __len__(self) -> int:
        return len(self.questions)


@dataclass(frozen=True)
class Probes:
    """Analogies and odd ones out."""

    analogies: AnalogyFile
    odd: OddFile


def probes() -> Probes:
    """Return the questions that come with the package."""
    return parse_probes(
        "probes.txt", files("wordkin.evaluation").joinpath("probes.txt").read_bytes()
    )


def parse_probes(name: str, data: bytes) -> Probes:
    """Make questions of pairs and groups.

    Raises
    ------
    FormatError
        If a line is no pair, or a group too small; it names the line.
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
        raise wrong(name, number, f"a pair must be 2 words, got {len(words)}")
    return words[0], words[1]


def _group(name: str, number: int, words: Group) -> Group:
    if len(words) < OF_A_KIND:
        raise wrong(name, number, f"a group must be {OF_A_KIND} words or more, got {len(words)}")
    return words


def odd_questions(groups: Sequence[Group]) -> list[Group]:
    """Return the questions of groups, by a fixed rule.

    From each word of a group on, four words that follow each other, round the end; with each of the
    other groups' word of the same number, again round its end.
    """
    return [
        (*((group * 2)[start : start + OF_A_KIND]), other[start % len(other)])
        for group in groups
        for start in range(len(group))
        for other in groups
        if other is not group
    ]
