"""Two models of the same words, or several: where they agree on neighbours, and where they do not.

In: `WordVectors`. Out: a `Comparison` of two, a `Stability` of several. The vectors of two models
cannot be compared number by number: training leaves the axes free. Neighbours can, and so can
vectors after the rotation that brings one model closest to the other. May import `vectors`,
`neighbours`, `settings` and `errors`.

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
from itertools import combinations

import numpy as np
import numpy.typing as npt

from wordkin.errors import SettingsError, UnknownWordError
from wordkin.neighbours import units
from wordkin.settings import at_least
from wordkin.vectors import WordVectors

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_BLOCK = 1 << 24  # cosines that are in memory at a time
_ROWS = 1 << 14  # rows that are widened to float64 at a time


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
    _near: tuple[_Near, _Near]

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
        return self._change(_place(self._index, word))

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
        i = _place(self._index, word)
        first, *others = (rows[i].tolist() for rows in self._rows)
        return [self._names[j] for j in first if all(j in other for other in others)]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}


def _place(index: dict[str, int], word: str) -> int:
    if word not in index:
        raise UnknownWordError(f"{word!r:.80} is not among the words compared")
    return index[word]


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
    common = _common([a, b])
    taken = [model.take(common.words) for model in (a, b)]
    asked = _asked(common, most_frequent) if words is None else common.places(words, [a, b])
    k, candidates = _sizes(common, k, within)
    near_a, near_b = (_Near.of(model, asked, k, candidates) for model in taken)
    return Comparison(
        tuple(common.words[i] for i in asked),
        len(common.words),
        candidates,
        k,
        _shared(near_a.rows, near_b.rows) / k,
        _aligned_cosines(_centred(taken[0].matrix), _centred(taken[1].matrix), asked),
        common.words,
        (near_a, near_b),
    )


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
    common = _common(models)
    asked = _asked(common, most_frequent)
    k, candidates = _sizes(common, k, within)
    rows = tuple(_Near.of(model.take(common.words), asked, k, candidates).rows for model in models)
    pairs = [_shared(one, other) / k for one, other in combinations(rows, 2)]
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


@dataclass(frozen=True)
class _Common:
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


def _common(models: Sequence[WordVectors]) -> _Common:
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
    return _Common(words)


def _asked(common: _Common, most_frequent: int | None) -> Indices:
    n = len(common.words)
    return np.arange(
        n if most_frequent is None else min(n, at_least(1, "most_frequent", most_frequent))
    )


def _sizes(common: _Common, k: int, within: int | None) -> tuple[int, int]:
    """Return how many neighbours each word has, and how many words these may be."""
    n = len(common.words)
    candidates = n if within is None else min(n, at_least(2, "within", within))
    return min(at_least(1, "k", k), candidates - 1), candidates


@dataclass(frozen=True, eq=False)
class _Near:
    """For each of n words the rows of its neighbours, (n, k), nearest first, and their cosines."""

    rows: Indices
    cosines: Float64

    @classmethod
    def of(cls, model: WordVectors, asked: Indices, k: int, candidates: int) -> _Near:
        return cls(*model.neighbour_rows(asked, k, within=candidates))


def _shared(one: Indices, other: Indices) -> npt.NDArray[np.int64]:
    """Count for each row of two (n, k) arrays, each of different numbers, those that both have."""
    both = np.sort(np.concatenate([one, other], axis=1), axis=1)
    count: npt.NDArray[np.int64] = (both[:, 1:] == both[:, :-1]).sum(axis=1)
    return count


def _centred(matrix: Float32) -> Float64:
    """Return the directions of the rows, scaled to length 1, from their mean.

    A row that is the mean becomes zero.
    """
    unit = units(matrix)
    unit -= unit.mean(axis=0)
    return units(unit)


def _aligned_cosines(a: Float64, b: Float64, asked: Indices) -> Float64:
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
