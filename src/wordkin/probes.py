"""Questions that come with the package: analogies and odd ones out, in plain English.

Nothing in; questions out, made from the pairs and groups of ``probes.txt``, which says how it is
written. They show within a second whether vectors have learned something; to compare with
published figures takes the published files. May import `question_files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import permutations
from typing import TypeAlias

from wordkin.question_files import AnalogyFile, Section, read_sections, wrong

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
    return parse_probes("probes.txt", files("wordkin").joinpath("probes.txt").read_bytes())


def parse_probes(name: str, data: bytes) -> Probes:
    """Make questions of pairs and groups.

    Raises
    ------
    FormatError
        If a line is no pair, or a group too small; it names the line.
    """
    sections, groups = [], []
    for title, lines in read_sections(name, data):
        for number, words in lines:
            least = OF_A_KIND if title == ODD else 2
            if len(words) < least or (title != ODD and len(words) > 2):
                what = f"a group must be {least} words or more" if title == ODD else "a pair"
                raise wrong(name, number, f"{what}, got {len(words)}")
        content = [words for _, words in lines]
        if title == ODD:
            groups += content
        else:
            sections.append(Section(title, tuple((*p, *q) for p, q in permutations(content, 2))))  # type: ignore[misc]
    return Probes(AnalogyFile(name, tuple(sections)), OddFile(ODD, tuple(odd_questions(groups))))


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
