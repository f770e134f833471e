"""Comparison of two models: for each word, how far they agree on its neighbours and its vector.

In: two `WordVectors`. Out: a `Comparison`. The coordinates of two models cannot be compared
directly, because training determines them only up to a rotation. Neighbours can be compared, and
vectors after the rotation that aligns the models best.

    overlap of a word    |N_A ∩ N_B| / k, where N are its k nearest neighbours by cosine
    aligned cosine       of a word's two vectors, after the orthogonal Q that minimises |A Q - B|²
                         over all common words, A and B centred (Schönemann 1966; for word vectors
                         Hamilton, Leskovec and Jurafsky 2016)

Only common words are compared: those with a nonzero vector in both models, most frequent first.
Neighbours are searched among the common words, so that a word missing from one model does not count
as a disagreement.

Before alignment, the rows are scaled to length 1, so that all words have the same weight; their
mean is subtracted, and they are scaled again. The vectors of a model share a common direction (Mu
and Viswanath 2018), which any alignment would match. Without centring, the aligned cosine would
mostly measure that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from wordkin.evaluation.agreement import (
    Neighbours,
    aligned_cosines,
    centred,
    common_words,
    compared_rows,
    count_shared,
    neighbourhood_sizes,
    position_of,
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
        The share of its neighbours that the models have in common, in [0, 1].
    cosine : float
        The cosine of its two vectors after alignment.
    in_a, in_b : tuple of (word, cosine)
        Its neighbours in each model, nearest first.
    """

    word: str
    overlap: float
    cosine: float
    in_a: tuple[tuple[str, float], ...]
    in_b: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The agreement of two models on n words, as returned by `compare`.

    Attributes
    ----------
    words : tuple of n str
        The compared words, most frequent first.
    common : int
        The number of words that both models have. The alignment uses all of them.
    candidates : int
        The number of common words among which neighbours were searched.
    k : int
        The number of neighbours of each word.
    overlap : (n,) float64 array
        For each word, the share of its k neighbours that the models have in common.
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
    _neighbours: tuple[Neighbours, Neighbours]

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
        """The Jaccard index |N_A ∩ N_B| / |N_A ∪ N_B| of each word, (n,)."""
        return self.overlap / (2 - self.overlap)

    @property
    def chance(self) -> float:
        """The expected mean overlap of two unrelated models."""
        return self.k / max(self.k, self.candidates - 1)

    @cached_property
    def shared(self) -> npt.NDArray[np.int64]:
        """The number of words that have 0, 1, … k neighbours in common, (k + 1,)."""
        return np.bincount(np.rint(self.overlap * self.k).astype(np.int64), minlength=self.k + 1)

    def of(self, word: str) -> Change:
        """Return overlap, cosine and neighbours of one word.

        Raises
        ------
        UnknownWordError
            If the word was not compared.
        """
        return self._change(position_of(self._index, word))

    def most_changed(self, n: int = 20) -> list[Change]:
        """Return the n words with the smallest overlap; of ties, the smallest aligned cosine."""
        order = np.lexsort((self.cosine, self.overlap))[: at_least(0, "n", n)]
        return [self._change(int(i)) for i in order]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def _change(self, i: int) -> Change:
        in_a, in_b = (
            tuple((self._names[j], c) for j, c in zip(rows.tolist(), cosines.tolist(), strict=True))
            for rows, cosines in ((n.rows[i], n.cosines[i]) for n in self._neighbours)
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

    If the models have different dimensions, the shorter vectors are padded with zeros, which
    changes no cosine.

    Parameters
    ----------
    a, b : WordVectors
        Words are ordered by the counts of `a`, or as in `a` if it has no counts.
    k : int
        The number of neighbours of each word, at least 1; all other words if there are fewer.
    most_frequent : int, optional
        Compare only the N most frequent common words, at least 1.
    within : int, optional
        Search neighbours only among the N most frequent common words, at least 2.
    words : sequence of str, optional
        Compare only these words, in this order. `most_frequent` is then ignored.

    Returns
    -------
    Comparison

    Raises
    ------
    SettingsError
        If there are fewer than 2 common words, `words` is empty, or a number is too small.
    UnknownWordError
        If a model does not have one of `words`, or has a zero vector for it.
    """
    if words is not None:
        words = [words] if isinstance(words, str) else list(words)
        if not words:
            raise SettingsError("words must be at least 1, got 0")
    common = common_words([a, b])
    if words is None:
        rows = compared_rows(common, most_frequent)
    else:
        rows = common.positions(words, [a, b])
    k, candidates = neighbourhood_sizes(common, k, within)
    models = [model.take(common.words) for model in (a, b)]
    neighbours_a, neighbours_b = (Neighbours.of(model, rows, k, candidates) for model in models)
    return Comparison(
        tuple(common.words[i] for i in rows),
        len(common.words),
        candidates,
        k,
        count_shared(neighbours_a.rows, neighbours_b.rows) / k,
        aligned_cosines(centred(models[0].matrix), centred(models[1].matrix), rows),
        common.words,
        (neighbours_a, neighbours_b),
    )
