"""Glances at vectors in training: cheap enough to be taken while every core is at work.

In: matrices that change while they are read, and the numbers of probe words. Out: neighbours of the
probes, and where the first words stand in the plane. Everything is done by the thread that asks.
Knows nothing of pages or clocks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wordkin.engines.exact import gauge
from wordkin.system.progress import InTraining
from wordkin.system.types import Float32, Float64, Indices
from wordkin.vectors.words import WordVectors

NEIGHBOURS = 10
MAPPED = 3000
"""Words on the map at most, the first."""
SEARCHED = 3_000_000
"""Numbers of the rows that neighbours are searched among: 30,000 words of 100 dimensions."""
SAMPLE = 4096
"""Rows by which the gauge of the exact engine is taken."""
PROBES = 12

_ALONE = 1 << 18  # multiplications of a product for which OpenBLAS wakes no other thread
_PARTS = 64  # of the scores of all words, whose best ones tell which can be among the best
_AXES = 8  # of the subspace in which the two of the map are found
_COMMON = 150  # words, the first, that are hardly what one wants to look at: the, of, and
_LATIN = 0x24F  # the last letter of its alphabets; shorter words there are rarely of interest


@dataclasses.dataclass(frozen=True)
class Probe:
    """A word and its nearest words, best first.

    Attributes
    ----------
    number : int
        Of the word in the vocabulary, as those of `neighbours`.
    neighbours, cosines
        Empty where the word is not in training yet.
    """

    number: int
    neighbours: tuple[int, ...]
    cosines: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Glance:
    """What was seen.

    Attributes
    ----------
    probes : list of Probe
    searched : int
        The words that neighbours are searched among, the first of them.
    mapped : (n,) array of int
        The words on the map.
    points : (n, 2) float32 array
        Where they stand; finite.
    """

    probes: list[Probe]
    searched: int
    mapped: Indices
    points: Float32


class Glances:
    """One glance after the other at the same run, the map always turned as it was before.

    Parameters
    ----------
    probes : sequence of int
        The numbers of the words whose neighbours are wanted.
    """

    def __init__(self, probes: Sequence[int]) -> None:
        self._probes = np.asarray(probes, dtype=np.intp)
        self._plane = Plane()

    def take(self, training: InTraining) -> Glance:
        """Look at vectors in training: rows may be of this moment and of the next, which is fine.

        Neighbours are searched among as many words as `SEARCHED` allows.
        """
        # What a diverging run holds is not finite: such rows have no direction, and no neighbours.
        with np.errstate(all="ignore"):
            vectors = _Vectors(training)
            searched = min(len(vectors), max(1, SEARCHED // vectors.dim))
            at, known = _places(training.rows, len(vectors), self._probes)
            numbers = np.arange(searched) if training.rows is None else training.rows[:searched]
            candidates = vectors.rows(slice(searched))
            found = iter(_nearest(candidates, vectors.rows(at[known]), at[known]))
            probes = []
            for number, is_known in zip(self._probes.tolist(), known, strict=True):
                near, cosines = next(found) if is_known else (np.empty(0, np.intp), np.empty(0))
                probes.append(Probe(number, tuple(numbers[near].tolist()), tuple(cosines.tolist())))
            mapped = numbers[: min(MAPPED, searched)]
            points = self._plane.project(mapped, candidates[: len(mapped)])
        return Glance(probes, searched, mapped, points)

    def last(self, vectors: WordVectors) -> Glance:
        """Look at the vectors of the model: all of them, exactly as it answers itself."""
        rows, cosines = vectors.neighbour_rows(self._probes, NEIGHBOURS)
        probes = []
        for number, near, scores in zip(self._probes.tolist(), rows, cosines, strict=True):
            real = near >= 0
            probes.append(Probe(number, tuple(near[real].tolist()), tuple(scores[real].tolist())))
        mapped = np.arange(min(MAPPED, len(vectors)))
        points = self._plane.project(mapped, vectors.matrix[: len(mapped)])
        return Glance(probes, len(vectors), mapped, points)


def _places(
    rows: Indices | None, total: int, numbers: Indices
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return in which rows some words stand, and which of them have one, of `total`, at all."""
    if rows is None:
        return numbers, numbers < total
    at = np.searchsorted(rows[:total], numbers)
    known = at < total
    known[known] = rows[at[known]] == numbers[known]
    return at, known


def default_probes(words: Sequence[str], wanted: int = PROBES) -> list[int]:
    """Choose words to look at: some frequent, some rarer, that look as if they had content.

    They are made of letters, four or more in the Latin alphabet, and are not among the very first.
    """
    last = min(len(words), MAPPED)
    first = min(_COMMON, last // 10)
    bands = np.unique(np.geomspace(first + 1, last + 1, wanted + 1).astype(int) - 1).tolist()
    chosen = []
    for start, end in pairwise(bands):
        found = next((i for i in range(start, end) if _has_content(words[i])), None)
        if found is not None:
            chosen.append(found)
    return chosen or list(range(min(wanted, last)))


def _has_content(word: str) -> bool:
    return word.isalpha() and len(word) >= (4 if ord(word[0]) <= _LATIN else 2)


class _Vectors:
    """The vectors that the model would have, were training to end now."""

    def __init__(self, training: InTraining) -> None:
        self._center, self._outside = training.matrices()
        self._turn = _gauge(self._center, self._outside) if training.gauged else None

    def __len__(self) -> int:
        return len(self._center)

    @property
    def dim(self) -> int:
        return int(self._center.shape[1])

    def rows(self, which: slice | Indices) -> Float32:
        """Return some rows, (n, d): a copy."""
        if self._turn is None:
            return np.array(self._center[which], np.float32)
        mean_v, mean_u, turn_v, turn_u = self._turn
        center = self._center[which].astype(np.float32) - mean_v
        outside = self._outside[which].astype(np.float32) - mean_u
        return np.asarray(center @ turn_v + outside @ turn_u)


def _gauge(
    center: npt.NDArray[np.floating], outside: npt.NDArray[np.floating]
) -> tuple[Float32, Float32, Float32, Float32]:
    """Return means and d × d matrices: (V - V̄) A + (U - Ū) B are vectors as `gauge.canonical` has.

    Up to their scale, and taken by a sample of the rows. The eigenvectors of (V - V̄)ᵀ (V - V̄) stand
    for the QR decomposition of all rows.
    """
    step = max(1, len(center) // SAMPLE)
    V, U = (M[::step].astype(np.float64) for M in (center, outside))
    means = V.mean(axis=0), U.mean(axis=0)
    (whiten_v, root_v), (whiten_u, root_u) = _whitened(V - means[0]), _whitened(U - means[1])
    left, s, right = np.linalg.svd(root_v @ root_u.T)
    weight = s**gauge.POWER
    turn_v = whiten_v @ left * weight
    turn_u = gauge.SHARE * whiten_u @ right.T * weight
    mean_v, mean_u, turn_v, turn_u = (part.astype(np.float32) for part in (*means, turn_v, turn_u))
    return mean_v, mean_u, turn_v, turn_u


def _whitened(rows: Float64) -> tuple[Float64, Float64]:
    """Return W and R with rows W orthonormal and rows = (rows W) R, as far as rows have a rank."""
    products = rows.T @ rows
    if not np.isfinite(products).all():
        products = np.eye(len(products))
    values, axes = np.linalg.eigh(products)
    roots = np.sqrt(np.maximum(values, 0))
    inverse = np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 1e-7 * roots[-1])
    return axes * inverse, (axes * roots).T


def _nearest(rows: Float32, queries: Float32, own: Indices) -> list[tuple[Indices, Float64]]:
    """Return for each query, (n, d), the numbers and cosines of the nearest rows but its own."""
    directions = _directions(queries)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    scores = _product(rows, np.ascontiguousarray(directions.T)).T / lengths
    scores[~np.isfinite(scores)] = -np.inf
    answers = []
    for score, number in zip(scores, own.tolist(), strict=True):
        if number < len(rows):
            score[number] = -np.inf
        best = _foremost(score)
        best = best[np.isfinite(score[best])]
        best = best[np.lexsort((best, -score[best]))][:NEIGHBOURS]
        answers.append((best, score[best].clip(-1, 1).astype(np.float64)))
    return answers


def _foremost(score: Float32) -> Indices:
    """Return the numbers of the best `NEIGHBOURS` scores and of some others: no sorting of all."""
    of_part = len(score) // _PARTS
    if of_part < NEIGHBOURS:
        return np.arange(len(score))
    maxima = score[: of_part * _PARTS].reshape(_PARTS, of_part).max(axis=0)
    return np.flatnonzero(score >= np.partition(maxima, -NEIGHBOURS)[-NEIGHBOURS])


class Plane:
    """Directions in the plane by PCA; of one map after another, each turned to fit the one before.

    The axes are found by a few rounds of subspace iteration, from where they were the last time.
    """

    def __init__(self) -> None:
        self._axes: Float32 | None = None
        self._numbers: Indices = np.empty(0, np.intp)
        self._points: Float32 = np.empty((0, 2), np.float32)

    def project(self, numbers: Indices, rows: Float32) -> Float32:
        """Return where the rows, (n, d), of these words stand: (n, 2), finite."""
        unit = _directions(rows)
        unit -= unit.mean(axis=0)
        d = unit.shape[1]
        axes, rounds = self._axes, 4
        if axes is None or len(axes) != d:
            rng = np.random.default_rng(1)
            axes, rounds = rng.standard_normal((d, min(_AXES, d)), dtype=np.float32), 16
        for _ in range(rounds):
            axes = np.linalg.qr(_covariance_times(unit, axes))[0]
        self._axes = axes
        inside = _product(unit, axes)
        best = np.linalg.eigh(_covariance_times(inside, np.eye(len(axes.T), dtype=np.float32)))[1]
        points = np.zeros((len(rows), 2), np.float32)
        points[:, : min(2, d)] = inside @ best[:, ::-1][:, :2]
        points = self._turned(numbers, points)
        self._numbers, self._points = numbers, points
        return points

    def _turned(self, numbers: Indices, points: Float32) -> Float32:
        """Turn, or mirror, the points: words stand as near as can be to where they stood."""
        both = min(len(numbers), len(self._numbers))
        if not both or not np.array_equal(numbers[:both], self._numbers[:both]):
            return points
        left, _, right = np.linalg.svd(points[:both].T @ self._points[:both])
        return np.asarray(points @ (left @ right))


def _directions(rows: Float32) -> Float32:
    """Return rows of length 1; zeros where a row has no direction, or is not finite."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, np.newaxis]
    good = (lengths > 0) & np.isfinite(lengths)
    directions: Float32 = np.divide(rows, lengths, out=np.zeros_like(rows), where=good)
    return directions


def _product(rows: Float32, matrix: Float32) -> Float32:
    """Return the product of (n, d) with (d, k), in parts so small that BLAS does each by itself."""
    out = np.empty((len(rows), matrix.shape[1]), np.float32)
    step = max(1, _ALONE // matrix.size)
    for at in range(0, len(rows), step):
        np.matmul(rows[at : at + step], matrix, out=out[at : at + step])
    return out


def _covariance_times(rows: Float32, matrix: Float32) -> Float32:
    """Return rowsᵀ rows matrix, (d, k), likewise."""
    total = np.zeros(matrix.shape, np.float32)
    step = max(1, _ALONE // matrix.size)
    for at in range(0, len(rows), step):
        part = rows[at : at + step]
        total += part.T @ (part @ matrix)
    return total
