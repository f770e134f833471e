"""Two models of the same words, or several: where they agree on neighbours, and where they do not.

In: `WordVectors`. Out: a `Comparison` of two, a `Stability` of several. The vectors of two models
cannot be compared number by number: training leaves the axes free. Neighbours can, and so can
vectors after the rotation that brings one model closest to the other.

    overlap of a word    |N_A ∩ N_B| / k, where N are its k nearest neighbours by cosine
    aligned cosine       of a word's two vectors, after the orthogonal Q that minimises |A Q - B|²
                         over all common words, A and B centred (Schönemann 1966; Hamilton,
                         Leskovec and Jurafsky 2016 for vectors of words)

All is over the words that every model has, with a vector that is not zero: the common words, most
frequent first. Neighbours are looked for among these alone, so that a word that one model lacks
takes nobody's place.

Before they are aligned, rows are scaled to length 1, so that each word counts the same, their mean
is taken away, and they are scaled again. Without the mean taken away, the cosine would mostly tell
that both models have one: the vectors of a model lean in one direction (Mu and Viswanath 2018),
which any alignment matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from wordkin.evaluation.agreement import (
    Near,
    aligned_cosines,
    asked_of,
    centred,
    common_words,
    count_shared,
    place_of,
    sizes_of,
)
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.types import Float64
from wordkin.vectors.words import WordVectors


@dataclass(frozen=True)
class Change:
    """A word in two models.

    Attributes
    ----------
    word : str
    overlap : float
        Share of its neighbours that both models have, in [0, 1].
    cosine : float
        Of its two vectors, after alignment.
    in_a, in_b : tuple of (word, cosine)
        Its neighbours in each, nearest first.
    """

    word: str
    overlap: float
    cosine: float
    in_a: tuple[tuple[str, float], ...]
    in_b: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two models make of their n compared words. `compare` makes it.

    Attributes
    ----------
    words : tuple of n str
        Those compared, most frequent first.
    common : int
        How many words both models have; the alignment is over all of them.
    candidates : int
        How many of these a neighbour may be.
    k : int
        Neighbours of each word.
    overlap : (n,) float64 array
        For each word, the share of its k neighbours that both models have.
    cosine : (n,) float64 array
        For each word, the cosine of its two vectors after alignment.
    """

    words: tuple[str, ...]
    common: int
    candidates: int
    k: int
    overlap: Float64
    cosine: Float64
    _names: tuple[str, ...]
    _near: tuple[Near, Near]

    @property
    def mean_overlap(self) -> float:
        """The mean overlap of a word's neighbours."""
        return float(self.overlap.mean())

    @property
    def mean_cosine(self) -> float:
        """The mean cosine of a word's two vectors after alignment."""
        return float(self.cosine.mean())

    @property
    def jaccard(self) -> Float64:
        """For each word |N_A ∩ N_B| / |N_A ∪ N_B|, (n,): the overlap o as o / (2 - o)."""
        return self.overlap / (2 - self.overlap)

    @property
    def chance(self) -> float:
        """The mean overlap of models that have nothing in common."""
        return self.k / max(self.k, self.candidates - 1)

    @cached_property
    def shared(self) -> npt.NDArray[np.int64]:
        """How many words share 0, 1, … k neighbours, (k + 1,)."""
        return np.bincount(np.rint(self.overlap * self.k).astype(np.int64), minlength=self.k + 1)

    def of(self, word: str) -> Change:
        """Return what became of a word.

        Raises
        ------
        UnknownWordError
            If it is not among the words compared.
        """
        return self._change(place_of(self._index, word))

    def most_changed(self, n: int = 20) -> list[Change]:
        """Return the words of the least overlap; of equals, those of the least aligned cosine."""
        order = np.lexsort((self.cosine, self.overlap))[: at_least(0, "n", n)]
        return [self._change(int(i)) for i in order]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def _change(self, i: int) -> Change:
        in_a, in_b = (
            tuple((self._names[j], c) for j, c in zip(rows.tolist(), cosines.tolist(), strict=True))
            for rows, cosines in ((near.rows[i], near.cosines[i]) for near in self._near)
        )
        return Change(self.words[i], float(self.overlap[i]), float(self.cosine[i]), in_a, in_b)


def compare(
    a: WordVectors,
    b: WordVectors,
    k: int = 10,
    most_frequent: int | None = None,
    within: int | None = None,
    *,
    words: Sequence[str] | None = None,
) -> Comparison:
    """Compare two models by the neighbours of their words, and by their vectors after alignment.

    Where one has more dimensions, the other gets zeros for them: that changes no cosine.

    Parameters
    ----------
    a, b : WordVectors
        The order of words is by the counts of `a`; if it has none, the order in `a`.
    k : int
        Neighbours of each word, at least 1; all other words if there are fewer.
    most_frequent : int, optional
        Compare so many words only, the most frequent common ones.
    within : int, optional
        Neighbours are among so many words only, the most frequent common ones.
    words : sequence of str, optional
        Compare these words only, in this order.

    Raises
    ------
    SettingsError
        If there are fewer than 2 common words, no `words`, or a number is below 1.
    UnknownWordError
        For one of `words` that one of the models does not have.
    """
    if words is not None:
        words = [words] if isinstance(words, str) else list(words)
        if not words:
            raise SettingsError("words must be at least 1, got 0")
    common = common_words([a, b])
    taken = [model.take(common.words) for model in (a, b)]
    asked = asked_of(common, most_frequent) if words is None else common.places(words, [a, b])
    k, candidates = sizes_of(common, k, within)
    near_a, near_b = (Near.of(model, asked, k, candidates) for model in taken)
    return Comparison(
        tuple(common.words[i] for i in asked),
        len(common.words),
        candidates,
        k,
        count_shared(near_a.rows, near_b.rows) / k,
        aligned_cosines(centred(taken[0].matrix), centred(taken[1].matrix), asked),
        common.words,
        (near_a, near_b),
    )
