"""Paired tests: whether one model is better than another on the same questions."""

from __future__ import annotations

from dataclasses import dataclass

from wordkin.evaluation import intervals
from wordkin.evaluation.intervals import Difference
from wordkin.evaluation.scores import AnalogyScores, OddScores, SimilarityScores
from wordkin.system.errors import SettingsError
from wordkin.system.types import Bools


@dataclass(frozen=True)
class Comparison:
    """Two models on the items that both know.

    Attributes
    ----------
    both : int
        How many items that is.
    first, second : float or None
        The scores on these; None where there is none.
    difference : Difference or None
        Second minus first.
    """

    both: int
    first: float | None
    second: float | None
    difference: Difference | None


def compare_accuracy(
    first: AnalogyScores | OddScores, second: AnalogyScores | OddScores
) -> Comparison:
    """Compare two models' answers to the same questions, those that both know the words of.

    Raises
    ------
    SettingsError
        If the scores are not of the same number of questions.
    """
    both = _known_to_both(first.known, second.known)
    right = [scores.right[both] for scores in (first, second)]
    n = int(both.sum())
    return Comparison(
        n,
        float(right[0].mean()) if n else None,
        float(right[1].mean()) if n else None,
        intervals.accuracy_difference(right[0], right[1]),
    )


def compare_similarity(first: SimilarityScores, second: SimilarityScores) -> Comparison:
    """Compare two models by Spearman's correlation on the pairs that both know.

    Raises
    ------
    SettingsError
        If the scores are not of the same number of pairs.
    """
    both = _known_to_both(first.known, second.known)
    people, one, other = first.people[both], first.cosines[both], second.cosines[both]
    return Comparison(
        int(both.sum()),
        intervals.spearman(people, one),
        intervals.spearman(people, other),
        intervals.spearman_difference(people, one, other),
    )


def _known_to_both(first: Bools, second: Bools) -> Bools:
    if len(first) != len(second):
        raise SettingsError(
            f"two models must be compared on the same items, got {len(first)} and {len(second)}"
        )
    return first & second
