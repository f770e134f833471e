"""What comparing models takes: common words, their neighbours, vectors after alignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError, UnknownWordError
from wordkin.system.types import Float32, Float64, Indices
from wordkin.vectors.search import units
from wordkin.vectors.words import WordVectors

_BLOCK = 1 << 24  # cosines that are in memory at a time
_ROWS = 1 << 14  # rows that are widened to float64 at a time


def place_of(index: dict[str, int], word: str) -> int:
    """Return where a word is among those compared. Raises UnknownWordError."""
    if word not in index:
        raise UnknownWordError(f"{word!r:.80} is not among the words compared")
    return index[word]


@dataclass(frozen=True)
class Common:
    """The words that all models have, most frequent first."""

    words: tuple[str, ...]

    def places(self, asked: Sequence[str], models: Sequence[WordVectors]) -> Indices:
        """Return where the words asked for stand among the common ones."""
        place = {word: i for i, word in enumerate(self.words)}
        for word in asked:
            for name, model in zip("AB", models, strict=True):
                _require_word(name, model, word)
            if word not in place:
                raise UnknownWordError(f"{word!r:.80} has a vector of zeros: it has no neighbours")
        return np.array([place[word] for word in asked], dtype=np.intp)


def _require_word(name: str, model: WordVectors, word: str) -> None:
    try:
        model.index(word)
    except UnknownWordError as error:  # which suggests close words
        raise UnknownWordError(f"model {name}: {error}") from None


def common_words(models: Sequence[WordVectors]) -> Common:
    """Return the words that all models have, with a vector that is not zero."""
    first = models[0]
    order: Sequence[int] = range(len(first))
    if first.counts is not None:
        order = np.argsort(-first.counts, kind="stable").tolist()
    directed = [(model.lengths > 0).tolist() for model in models]
    words = tuple(
        word
        for word in (first.words[i] for i in order)
        if all(
            word in model and known[model.index(word)]
            for model, known in zip(models, directed, strict=True)
        )
    )
    if len(words) < 2:
        raise SettingsError(f"the models must have 2 words or more in common, got {len(words)}")
    return Common(words)


def asked_of(common: Common, most_frequent: int | None) -> Indices:
    """Return the places of the most frequent common words."""
    n = len(common.words)
    return np.arange(
        n if most_frequent is None else min(n, at_least(1, "most_frequent", most_frequent))
    )


def sizes_of(common: Common, k: int, within: int | None) -> tuple[int, int]:
    """Return how many neighbours each word has, and how many words these may be."""
    n = len(common.words)
    candidates = n if within is None else min(n, at_least(2, "within", within))
    return min(at_least(1, "k", k), candidates - 1), candidates


@dataclass(frozen=True, eq=False)
class Near:
    """For each of n words the rows of its neighbours, (n, k), nearest first, and their cosines."""

    rows: Indices
    cosines: Float64

    @classmethod
    def of(cls, model: WordVectors, asked: Indices, k: int, candidates: int) -> Near:
        """Find the neighbours of some words of a model."""
        return cls(*model.neighbour_rows(asked, k, within=candidates))


def count_shared(one: Indices, other: Indices) -> npt.NDArray[np.int64]:
    """Count for each row of two (n, k) arrays, each of different numbers, those that both have."""
    both = np.sort(np.concatenate([one, other], axis=1), axis=1)
    count: npt.NDArray[np.int64] = (both[:, 1:] == both[:, :-1]).sum(axis=1)
    return count


def centred(matrix: Float32) -> Float64:
    """Return the directions of the rows, scaled to length 1, from their mean.

    A row that is the mean becomes zero.
    """
    unit = units(matrix)
    unit -= unit.mean(axis=0)
    return units(unit)


def aligned_cosines(a: Float64, b: Float64, asked: Indices) -> Float64:
    """Return the cosines of some rows of a and b, (n,), a turned by the Q that fits all rows best.

    With a and b as (V, d), the orthogonal Q that minimises |a Q - b|² is U Wᵀ, where aᵀ b = U Σ Wᵀ
    is a singular value decomposition.
    """
    d = max(a.shape[1], b.shape[1])
    products = np.zeros((d, d))
    for begin in range(0, len(a), _ROWS):
        part = slice(begin, begin + _ROWS)
        products += _wide(a[part], d).T @ _wide(b[part], d)
    U, _, Wt = np.linalg.svd(products)
    Q = U @ Wt
    cosines = np.empty(len(asked))
    for begin in range(0, len(asked), _ROWS):
        some = asked[begin : begin + _ROWS]
        turned = _wide(a[some], d) @ Q
        cosines[begin : begin + _ROWS] = np.einsum("ij,ij->i", turned, _wide(b[some], d))
    return np.clip(cosines, -1, 1)


def _wide(rows: Float64, d: int) -> Float64:
    """Return (n, ≤ d) rows as (n, d) float64, with zeros for what is missing."""
    wide = np.zeros((len(rows), d))
    wide[:, : rows.shape[1]] = rows
    return wide
