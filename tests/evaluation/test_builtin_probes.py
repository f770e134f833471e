"""The built-in probes."""

from __future__ import annotations

import re
from itertools import chain

import numpy as np
import pytest

from wordkin import WordVectors, evaluation
from wordkin.evaluation.builtin_probes import KIND_SIZE, odd_questions, parse_probes, probes
from wordkin.system.errors import FormatError


def test_the_package_has_probes_of_many_kinds() -> None:
    own = probes()
    sections = own.analogies.sections
    assert len(sections) >= 12
    assert len({section.name for section in sections}) == len(sections)
    assert 3 <= sum(section.name.startswith("gram") for section in sections) < len(sections)
    for section in sections:
        pairs = {question[:2] for question in section.questions}
        assert 15 <= len(pairs) <= 30
        assert len(section.questions) == len(pairs) * (len(pairs) - 1)
    assert len(own.odd) > 1000


def test_no_section_repeats_a_word() -> None:
    for section in probes().analogies.sections:
        words = list(chain(*{question[:2] for question in section.questions}))
        assert len(set(words)) == len(words), section.name
        assert all(re.fullmatch("[a-z]+", word) for word in words)


def test_the_odd_word_differs_from_the_others() -> None:
    for *kind, outsider in probes().odd.questions:
        assert len({*kind, outsider}) == KIND_SIZE + 1


def test_analogies_are_all_ordered_pairs_of_pairs() -> None:
    found = parse_probes("p", b": s\na b\nc d\n").analogies
    assert [section.questions for section in found.sections] == [
        (("a", "b", "c", "d"), ("c", "d", "a", "b"))
    ]


def test_odd_questions_follow_the_rule() -> None:
    found = odd_questions([tuple("abcde"), tuple("wxyz")])
    assert ["".join(question) for question in found] == [
        *("abcdw", "bcdex", "cdeay", "deabz", "eabcw"),
        *("wxyza", "xyzwb", "yzwxc", "zwxyd"),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b": s\na b\na b c\n", "p, line 3: a pair must be 2 words, got 3"),
        (b": odd-one-out\na b c\n", "p, line 2: a group must be at least 4 words, got 3"),
    ],
)
def test_lines_that_are_neither_pair_nor_group_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_probes("p", data)


def test_vectors_constructed_for_the_probes_score_1() -> None:
    own = probes()
    rng = np.random.default_rng(0)
    for section in own.analogies.sections:
        pairs = list({question[:2] for question in section.questions})
        first = rng.normal(size=(len(pairs), 300))
        second = first + rng.normal(size=300)  # each pair differs by the section's direction
        made = WordVectors(list(chain(*zip(*pairs, strict=True))), np.concatenate([first, second]))
        alone = evaluation.AnalogyFile("", (section,))
        assert evaluation.evaluate_analogies(made, alone).total.score == 1.0
    groups: dict[str, np.ndarray] = {}  # each group has a direction
    for *kind, _ in own.odd.questions:
        shared = next((groups[word] for word in kind if word in groups), rng.normal(size=300))
        groups |= dict.fromkeys(kind, shared)
    made = WordVectors(list(groups), np.stack(list(groups.values())))
    scores = evaluation.evaluate_odd(made, own.odd)
    assert scores.total.score == 1.0
    assert scores.chance == 0.2


def test_odd_answers_equal_those_of_doesnt_match() -> None:
    own = probes().odd
    words = sorted({word for question in own.questions for word in question})
    matrix = np.random.default_rng(1).normal(size=(len(words), 10))
    vectors = WordVectors(words, matrix)
    scores = evaluation.evaluate_odd(vectors, own)
    some = range(0, len(own), 97)
    expected = [vectors.doesnt_match(own.questions[i]) == own.questions[i][-1] for i in some]
    assert scores.right[list(some)].tolist() == expected
    assert 0.1 < (scores.total.score or 0) < 0.3  # chance
