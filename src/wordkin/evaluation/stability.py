"""Several models of one text: whose neighbours can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from wordkin.evaluation.agreement import (
    Near,
    asked_of,
    common_words,
    count_shared,
    place_of,
    sizes_of,
)
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.types import Float64, Indices
from wordkin.vectors.words import WordVectors


@dataclass(frozen=True)
class Band:
    """Words of similar frequency: those of rank `first` to `last`, and their mean overlap."""

    first: int
    last: int
    overlap: float


@dataclass(frozen=True, eq=False)
class Stability:
    """How far several models agree on the neighbours of n words. `stability` makes it.

    Attributes
    ----------
    words : tuple of n str
        Most frequent first.
    models, common, candidates, k : int
        As of `Comparison`.
    overlap : (n,) float64 array
        For each word, the mean over all pairs of models of the share of neighbours in common.
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
        """The mean overlap of models that have nothing in common."""
        return self.k / max(self.k, self.candidates - 1)

    @property
    def bands(self) -> list[Band]:
        """The mean overlap of the 100 most frequent words, of those up to rank 1,000, and so on."""
        found, first, last = [], 0, 100
        while first < len(self.words):
            last = min(last, len(self.words))
            found.append(Band(first + 1, last, float(self.overlap[first:last].mean())))
            first, last = last, last * 10
        return found

    def most_stable(self, n: int = 20) -> list[tuple[str, float]]:
        """Return the n words of the greatest overlap; of equals, the most frequent."""
        order = np.argsort(-self.overlap, kind="stable")[: at_least(0, "n", n)]
        return [(self.words[i], float(self.overlap[i])) for i in order]

    def least_stable(self, n: int = 20) -> list[tuple[str, float]]:
        """Return the n words of the least overlap; of equals, the most frequent."""
        order = np.argsort(self.overlap, kind="stable")[: at_least(0, "n", n)]
        return [(self.words[i], float(self.overlap[i])) for i in order]

    def agreed(self, word: str) -> list[str]:
        """Return the neighbours of a word that all models have, in the order of the first.

        Raises
        ------
        UnknownWordError
            If it is not among the words compared.
        """
        i = place_of(self._index, word)
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
    """Measure how far models agree on the neighbours of each word: pairs of models, averaged.

    Parameters
    ----------
    models : sequence of WordVectors
        2 or more, such as those of one text and several seeds. The first orders the words.
    k, most_frequent, within
        As in `compare`.

    Raises
    ------
    SettingsError
        If there are fewer than 2 models or common words, or a number is below 1.
    """
    if len(models) < 2:
        raise SettingsError(f"stability takes 2 models or more, got {len(models)}")
    common = common_words(models)
    asked = asked_of(common, most_frequent)
    k, candidates = sizes_of(common, k, within)
    rows = tuple(Near.of(model.take(common.words), asked, k, candidates).rows for model in models)
    pairs = [count_shared(one, other) / k for one, other in combinations(rows, 2)]
    return Stability(
        tuple(common.words[i] for i in asked),
        len(models),
        len(common.words),
        candidates,
        k,
        np.mean(pairs, axis=0),
        common.words,
        rows,
    )
