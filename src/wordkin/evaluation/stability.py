"""Stability of neighbours across several models, such as runs with different seeds.

In: several `WordVectors` of the same words. Out: a `Stability`: for each word, how far the models
agree on its neighbours, as the overlap of `comparing`, averaged over all pairs of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from wordkin.evaluation.agreement import (
    Neighbours,
    common_words,
    compared_rows,
    count_shared,
    neighbourhood_sizes,
    position_of,
)
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.types import Float64, Indices
from wordkin.vectors.words import WordVectors


@dataclass(frozen=True)
class Band:
    """The mean overlap of words of similar frequency: those of rank `first` to `last`."""

    first: int
    last: int
    overlap: float


@dataclass(frozen=True, eq=False)
class Stability:
    """The agreement of several models on the neighbours of n words, as returned by `stability`.

    Attributes
    ----------
    words : tuple of n str
        The compared words, most frequent first.
    models : int
        The number of models.
    common, candidates, k : int
        As in `wordkin.evaluation.comparing.Comparison`.
    overlap : (n,) float64 array
        For each word, the share of its k neighbours that two models have in common, averaged over
        all pairs of models.
    """

    words: tuple[str, ...]
    models: int
    common: int
    candidates: int
    k: int
    overlap: Float64
    _names: tuple[str, ...]
    _rows: tuple[Indices, ...]

    @property
    def mean_overlap(self) -> float:
        """The mean overlap of a word's neighbours."""
        return float(self.overlap.mean())

    @property
    def chance(self) -> float:
        """The expected mean overlap of unrelated models."""
        return self.k / max(self.k, self.candidates - 1)

    @property
    def bands(self) -> list[Band]:
        """The mean overlap by frequency: of ranks 1 to 100, 101 to 1,000, and so on."""
        bands, first, last = [], 0, 100
        while first < len(self.words):
            last = min(last, len(self.words))
            bands.append(Band(first + 1, last, float(self.overlap[first:last].mean())))
            first, last = last, last * 10
        return bands

    def most_stable(self, n: int = 20) -> list[tuple[str, float]]:
        """Return the n words with the largest overlap, with it; of ties, the most frequent."""
        order = np.argsort(-self.overlap, kind="stable")[: at_least(0, "n", n)]
        return [(self.words[i], float(self.overlap[i])) for i in order]

    def least_stable(self, n: int = 20) -> list[tuple[str, float]]:
        """Return the n words with the smallest overlap, with it; of ties, the most frequent."""
        order = np.argsort(self.overlap, kind="stable")[: at_least(0, "n", n)]
        return [(self.words[i], float(self.overlap[i])) for i in order]

    def agreed(self, word: str) -> list[str]:
        """Return the neighbours of a word that all models agree on, in the order of the first.

        Raises
        ------
        UnknownWordError
            If the word was not compared.
        """
        i = position_of(self._index, word)
        first, *others = (rows[i].tolist() for rows in self._rows)
        return [self._names[j] for j in first if all(j in other for other in others)]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}


def stability(
    models: Sequence[WordVectors],
    k: int = 10,
    most_frequent: int | None = None,
    within: int | None = None,
) -> Stability:
    """Measure how far models agree on the neighbours of each word, averaged over pairs of models.

    Parameters
    ----------
    models : sequence of WordVectors
        At least 2, such as models of one text trained with different seeds. Words are ordered by
        the counts of the first, or as in the first if it has no counts.
    k, most_frequent, within
        As in `compare`.

    Returns
    -------
    Stability

    Raises
    ------
    SettingsError
        If there are fewer than 2 models or common words, or a number is too small.
    """
    if len(models) < 2:
        raise SettingsError(f"stability needs at least 2 models, got {len(models)}")
    common = common_words(models)
    compared = compared_rows(common, most_frequent)
    k, candidates = neighbourhood_sizes(common, k, within)
    rows = tuple(
        Neighbours.of(model.take(common.words), compared, k, candidates).rows for model in models
    )
    pairs = [count_shared(one, other) / k for one, other in combinations(rows, 2)]
    return Stability(
        tuple(common.words[i] for i in compared),
        len(models),
        len(common.words),
        candidates,
        k,
        np.mean(pairs, axis=0),
        common.words,
        rows,
    )
