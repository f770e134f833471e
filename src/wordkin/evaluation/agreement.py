"""The parts of a comparison of models: common words, their neighbours, and aligned vectors.

In: `WordVectors`. Out: words, rows of neighbours, and cosines, for `comparing` and `stability`.
"""

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

_ROWS = 1 << 14  # rows multiplied at a time


@dataclass(frozen=True)
class CommonWords:
    """The words that all models have, most frequent first."""

    words: tuple[str, ...]

    def positions(self, words: Sequence[str], models: Sequence[WordVectors]) -> Indices:
        """Return the positions of some words among the common ones. Raises UnknownWordError."""
        position = {word: i for i, word in enumerate(self.words)}
        for word in words:
            for name, model in zip("AB", models, strict=True):
                _require_word(name, model, word)
            if word not in position:
                raise UnknownWordError(f"{word!r:.80} has a zero vector, which has no neighbours")
        return np.array([position[word] for word in words], dtype=np.intp)


def _require_word(name: str, model: WordVectors, word: str) -> None:
    try:
        model.index(word)
    except UnknownWordError as error:  # its message suggests close words
        raise UnknownWordError(f"model {name}: {error}") from None


def common_words(models: Sequence[WordVectors]) -> CommonWords:
    """Return the words that have a nonzero vector in all models, ordered by the first one's counts.

    Raises
    ------
    SettingsError
        If there are fewer than 2.
    TypeError
        If one is no `WordVectors`.
    """
    for model in models:
        if not isinstance(model, WordVectors):
            remedy = ": give its vectors" if hasattr(type(model), "vectors") else ""
            raise TypeError(f"models must be WordVectors, got {type(model).__name__}{remedy}")
    first = models[0]
    order: Sequence[int] = range(len(first))
    if first.counts is not None:
        order = np.argsort(-first.counts, kind="stable").tolist()
    nonzero = [(model.lengths > 0).tolist() for model in models]
    words = tuple(
        word
        for word in (first.words[i] for i in order)
        if all(
            word in model and rows[model.index(word)]
            for model, rows in zip(models, nonzero, strict=True)
        )
    )
    if len(words) < 2:
        raise SettingsError(f"the models must have at least 2 words in common, got {len(words)}")
    return CommonWords(words)


def compared_rows(common: CommonWords, most_frequent: int | None) -> Indices:
    """Return the positions of the most frequent common words, or of all."""
    n = len(common.words)
    return np.arange(
        n if most_frequent is None else min(n, at_least(1, "most_frequent", most_frequent))
    )


def neighbourhood_sizes(common: CommonWords, k: int, within: int | None) -> tuple[int, int]:
    """Return the number of neighbours of each word, and the number of candidates for them."""
    n = len(common.words)
    candidates = n if within is None else min(n, at_least(2, "within", within))
    return min(at_least(1, "k", k), candidates - 1), candidates


def position_of(index: dict[str, int], word: str) -> int:
    """Return the position of a compared word. Raises UnknownWordError."""
    if word not in index:
        raise UnknownWordError(f"{word!r:.80} is not among the words compared")
    return index[word]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The rows of the k neighbours of each of n words, (n, k), nearest first, and their cosines."""

    rows: Indices
    cosines: Float64

    @classmethod
    def of(cls, model: WordVectors, rows: Indices, k: int, candidates: int) -> Neighbours:
        """Find the neighbours of some rows of a model among its first rows, the candidates."""
        return cls(*model.neighbour_rows(rows, k, within=candidates))


def count_shared(one: Indices, other: Indices) -> npt.NDArray[np.int64]:
    """Count the numbers that each row of two (n, k) arrays has in common; none repeats in a row."""
    both = np.sort(np.concatenate([one, other], axis=1), axis=1)
    count: npt.NDArray[np.int64] = (both[:, 1:] == both[:, :-1]).sum(axis=1)
    return count


def centred(matrix: Float32) -> Float64:
    """Scale the rows to length 1, subtract their mean, and scale them again, (V, d).

    A row equal to the mean becomes zero.
    """
    unit = units(matrix)
    unit -= unit.mean(axis=0)
    return units(unit)


def aligned_cosines(a: Float64, b: Float64, rows: Indices) -> Float64:
    """Return the cosines, (n,), of some rows of a Q and b, where Q aligns all rows of a with b.

    The orthogonal Q that minimises |a Q - b|² is U Wᵀ, where aᵀ b = U Σ Wᵀ is a singular value
    decomposition; a and b are (V, d).
    """
    d = max(a.shape[1], b.shape[1])
    products = np.zeros((d, d))
    for start in range(0, len(a), _ROWS):
        part = slice(start, start + _ROWS)
        products += _zero_padded(a[part], d).T @ _zero_padded(b[part], d)
    U, _, Wt = np.linalg.svd(products)
    Q = U @ Wt
    cosines = np.empty(len(rows))
    for start in range(0, len(rows), _ROWS):
        block = rows[start : start + _ROWS]
        rotated = _zero_padded(a[block], d) @ Q
        cosines[start : start + _ROWS] = np.einsum("ij,ij->i", rotated, _zero_padded(b[block], d))
    return np.clip(cosines, -1, 1)


def _zero_padded(rows: Float64, d: int) -> Float64:
    """Return rows of at most d numbers as (n, d) float64, padded with zeros."""
    padded = np.zeros((len(rows), d))
    padded[:, : rows.shape[1]] = rows
    return padded
