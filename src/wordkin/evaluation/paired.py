"""Paired tests: whether one model scores better than another on the same questions.

In: the scores of two models on one file of questions. Out: a `Comparison`: both scores on the items
that both models know, their difference, its interval and its p-value.
"""

from __future__ import annotations

from dataclasses import dataclass

from wordkin.evaluation import intervals
from wordkin.evaluation.intervals import Difference
from wordkin.evaluation.scores import AnalogyScores, OddScores, SimilarityScores
from wordkin.system.errors import SettingsError
from wordkin.system.types import Bools


@dataclass(frozen=True)
class Comparison:
    """The scores of two models on the items that both know.

    Attributes
    ----------
    both : int
        The number of these items.
    first, second : float or None
        The score of each model on them; None if it is undefined.
    difference : Difference or None
        The second score minus the first.
    """

    both: int
    first: float | None
    second: float | None
    difference: Difference | None


def compare_accuracy(
    first: AnalogyScores | OddScores, second: AnalogyScores | OddScores
) -> Comparison:
    """Compare the accuracy of two models on the questions whose words both know.

    The p-value is that of McNemar's exact test.

    Parameters
    ----------
    first, second : AnalogyScores or OddScores
        The scores of each model on the same questions.

    Returns
    -------
    Comparison

    Raises
    ------
    SettingsError
        If the numbers of questions differ.
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

    The p-value is that of a paired bootstrap.

    Parameters
    ----------
    first, second : SimilarityScores
        The scores of each model on the same pairs.

    Returns
    -------
    Comparison

    Raises
    ------
    SettingsError
        If the numbers of pairs differ.
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
