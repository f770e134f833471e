"""Sample vectors in training, cheaply enough to do so while every core is busy.

In: matrices that change while they are read, and the ids of probe words. Out: the neighbours of the
probes, and the positions of the most frequent words on a map. All work is done in the calling
thread.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wordkin.engines.exact import gauge
from wordkin.system.progress import InTraining
from wordkin.system.types import Float32, Float64, Floats, Indices
from wordkin.vectors.words import WordVectors

NEIGHBOURS = 10
"""Neighbours of each probe."""
MAPPED = 3000
"""Most words on the map: the most frequent ones."""
SEARCHED = 3_000_000
"""Most matrix entries to search for neighbours: 30,000 words of 100 dimensions."""
GAUGE_ROWS = 4096
"""Rows from which the gauge of the exact engine is estimated."""
PROBES = 12
"""Probe words, unless the user chooses some."""

_SINGLE_THREADED = 1 << 18  # most multiplications that OpenBLAS does in the calling thread
_PARTS = 64  # that scores are divided into; the maxima of the parts bound the best scores
_AXES = 8  # dimension of the subspace in which the two axes of the map are found
_COMMON = 150  # most frequent words that make poor probes: the, of, and
_LATIN = 0x24F  # the last Latin letter; words below are shorter only if they are function words


@dataclasses.dataclass(frozen=True)
class Probe:
    """A word and its nearest neighbours.

    Attributes
    ----------
    id : int
        The id of the word.
    neighbours : tuple of int
        Word ids, the nearest first; empty if the word is not in training yet.
    cosines : tuple of float
        The cosine of each neighbour.
    """

    id: int
    neighbours: tuple[int, ...]
    cosines: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Sample:
    """One sample of vectors in training.

    Attributes
    ----------
    probes : list of Probe
    searched : int
        How many words, the most frequent, were searched for neighbours.
    mapped : (n,) array of int
        The ids of the words on the map.
    points : (n, 2) float32 array
        Their positions on the map, all finite.
    """

    probes: list[Probe]
    searched: int
    mapped: Indices
    points: Float32


class Sampler:
    """Takes samples of one run; each map is rotated to match the one before.

    Parameters
    ----------
    probes : sequence of int
        The ids of the words whose neighbours are sampled.
    """

    def __init__(self, probes: Sequence[int]) -> None:
        self._probes = np.asarray(probes, dtype=np.intp)
        self._plane = Plane()

    def sample(self, training: InTraining) -> Sample:
        """Sample vectors in training, from rows that training may change meanwhile.

        Neighbours are searched among as many words as `SEARCHED` allows.
        """
        # A diverging run has rows that are not finite: they get no direction and no neighbours.
        with np.errstate(all="ignore"):
            vectors = _Vectors(training)
            searched = min(len(vectors), max(1, SEARCHED // vectors.dim))
            rows, present = _rows_of(self._probes, training.rows, len(vectors))
            ids = np.arange(searched) if training.rows is None else training.rows[:searched]
            candidates = vectors.rows(slice(searched))
            nearest = iter(_nearest(candidates, vectors.rows(rows[present]), rows[present]))
            probes = []
            for id, is_present in zip(self._probes.tolist(), present, strict=True):
                near, cosines = next(nearest) if is_present else (np.empty(0, np.intp), np.empty(0))
                probes.append(Probe(id, tuple(ids[near].tolist()), tuple(cosines.tolist())))
            mapped = ids[: min(MAPPED, searched)]
            points = self._plane.project(mapped, candidates[: len(mapped)])
        return Sample(probes, searched, mapped, points)

    def sample_trained(self, vectors: WordVectors) -> Sample:
        """Sample the vectors of the trained model, with the exact neighbours that it returns."""
        rows, cosines = vectors.neighbour_rows(self._probes, NEIGHBOURS)
        probes = []
        for id, near, scores in zip(self._probes.tolist(), rows, cosines, strict=True):
            real = near >= 0
            probes.append(Probe(id, tuple(near[real].tolist()), tuple(scores[real].tolist())))
        mapped = np.arange(min(MAPPED, len(vectors)))
        points = self._plane.project(mapped, vectors.matrix[: len(mapped)])
        return Sample(probes, len(vectors), mapped, points)


def _rows_of(
    ids: Indices, words_of_rows: Indices | None, total: int
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return the rows of some words among `total` rows, and a mask of the words that have one."""
    if words_of_rows is None:
        return ids, ids < total
    rows = np.searchsorted(words_of_rows[:total], ids)
    present = rows < total
    present[present] = words_of_rows[rows[present]] == ids[present]
    return rows, present


def default_probes(words: Sequence[str], count: int = PROBES) -> list[int]:
    """Choose probe words: content words, from frequent to rarer.

    They are made of letters, four or more in the Latin alphabet, and are not among the most
    frequent words. If there are none, the most frequent words are chosen.

    Parameters
    ----------
    words : sequence of str
        The vocabulary, most frequent first.
    count : int
        How many to choose; there may be fewer.

    Returns
    -------
    list of int
        Word ids, rising.
    """
    last = min(len(words), MAPPED)
    first = min(_COMMON, last // 10)
    bands = np.unique(np.geomspace(first + 1, last + 1, count + 1).astype(int) - 1).tolist()
    chosen = []
    for start, end in pairwise(bands):
        probe = next((i for i in range(start, end) if _is_content_word(words[i])), None)
        if probe is not None:
            chosen.append(probe)
    return chosen or list(range(min(count, last)))


def _is_content_word(word: str) -> bool:
    return word.isalpha() and len(word) >= (4 if ord(word[0]) <= _LATIN else 2)


class _Vectors:
    """The vectors that the model would have if training ended now."""

    def __init__(self, training: InTraining) -> None:
        self._center, outside = training.matrices()
        self._halves = gauge.sides_of(outside, len(self._center))
        self._gauge = None
        if training.share is not None:
            self._gauge = _gauge(self._center, self._halves, training.share)

    def __len__(self) -> int:
        return len(self._center)

    @property
    def dim(self) -> int:
        return int(self._center.shape[1])

    def rows(self, which: slice | Indices) -> Float32:
        """Return a copy of some rows, (n, d)."""
        if self._gauge is None:
            return np.array(self._center[which], np.float32)
        mean_v, mean_u, rotation_v, rotation_u = self._gauge
        center = self._center[which].astype(np.float32) - mean_v
        outside = _joined([half[which].astype(np.float32) for half in self._halves]) - mean_u
        return np.asarray(center @ rotation_v + outside @ rotation_u)


def _joined(halves: Sequence[Floats]) -> Floats:
    """Return what the outside vectors of both sides are together; with one side, these."""
    return halves[0] if len(halves) == 1 else (halves[0] + halves[1]) / np.float32(np.sqrt(2))


def _gauge(
    center: npt.NDArray[np.floating], outside: Sequence[npt.NDArray[np.floating]], share: float
) -> tuple[Float32, Float32, Float32, Float32]:
    """Return V̄, Ū, A and B so that (V - V̄) A + (U - Ū) B approximates `gauge.canonical`.

    `outside` has U, or the outside vectors at either side, and U is then `_joined` of them. Up to
    scale, and estimated from a sample of the rows. The eigenvectors of (V - V̄)ᵀ (V - V̄)
    replace the QR decomposition of all rows.

    Returns
    -------
    V̄, Ū : (d,) float32 arrays
    A, B : (d, d) float32 arrays
    """
    step = max(1, len(center) // GAUGE_ROWS)
    V, *halves = (M[::step].astype(np.float64) for M in (center, *outside))
    means = V.mean(axis=0), _joined([half.mean(axis=0) for half in halves])
    U = np.concatenate([half - half.mean(axis=0) for half in halves])
    (whiten_v, root_v), (whiten_u, root_u) = _whitened(V - means[0]), _whitened(U)
    left, s, right = np.linalg.svd(root_v @ root_u.T)
    weight = s**gauge.POWER
    A = whiten_v @ left * weight
    B = share * whiten_u @ right.T * weight
    mean_v, mean_u, A, B = (part.astype(np.float32) for part in (*means, A, B))
    return mean_v, mean_u, A, B


def _whitened(rows: Float64) -> tuple[Float64, Float64]:
    """Return W and R: rows W has orthonormal columns and rows = (rows W) R, up to their rank."""
    products = rows.T @ rows
    if not np.isfinite(products).all():
        products = np.eye(len(products))
    values, axes = np.linalg.eigh(products)
    roots = np.sqrt(np.maximum(values, 0))
    inverse = np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 1e-7 * roots[-1])
    return axes * inverse, (axes * roots).T


def _nearest(rows: Float32, queries: Float32, own: Indices) -> list[tuple[Indices, Float64]]:
    """Return, for each query (n, d), the indices and cosines of the nearest rows but its own."""
    directions = _directions(queries)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    scores = _product(rows, np.ascontiguousarray(directions.T)).T / lengths
    scores[~np.isfinite(scores)] = -np.inf
    answers = []
    for score, row in zip(scores, own.tolist(), strict=True):
        if row < len(rows):
            score[row] = -np.inf
        best = _candidates(score)
        best = best[np.isfinite(score[best])]
        best = best[np.lexsort((best, -score[best]))][:NEIGHBOURS]
        answers.append((best, score[best].clip(-1, 1).astype(np.float64)))
    return answers


def _candidates(score: Float32) -> Indices:
    """Return the indices of the best `NEIGHBOURS` scores and a few more, without sorting all."""
    columns = len(score) // _PARTS
    if columns < NEIGHBOURS:
        return np.arange(len(score))
    maxima = score[: columns * _PARTS].reshape(_PARTS, columns).max(axis=0)
    return np.flatnonzero(score >= np.partition(maxima, -NEIGHBOURS)[-NEIGHBOURS])


class Plane:
    """Projects one map after another by PCA, each rotated to match the one before.

    A few rounds of subspace iteration find the axes, starting from those of the map before.
    """

    def __init__(self) -> None:
        self._axes: Float32 | None = None
        self._ids: Indices = np.empty(0, np.intp)
        self._points: Float32 = np.empty((0, 2), np.float32)

    def project(self, ids: Indices, rows: Float32) -> Float32:
        """Return the positions, (n, 2) and finite, of the words with these ids and rows, (n, d)."""
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
        points = self._aligned(ids, points)
        self._ids, self._points = ids, points
        return points

    def _aligned(self, ids: Indices, points: Float32) -> Float32:
        """Rotate or mirror the points to fit the previous ones best (orthogonal Procrustes)."""
        both = min(len(ids), len(self._ids))
        if not both or not np.array_equal(ids[:both], self._ids[:both]):
            return points
        left, _, right = np.linalg.svd(points[:both].T @ self._points[:both])
        return np.asarray(points @ (left @ right))


def _directions(rows: Float32) -> Float32:
    """Return the rows scaled to length 1; zeros for rows that are zero or not finite."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, np.newaxis]
    good = (lengths > 0) & np.isfinite(lengths)
    directions: Float32 = np.divide(rows, lengths, out=np.zeros_like(rows), where=good)
    return directions


def _product(rows: Float32, matrix: Float32) -> Float32:
    """Return the product of (n, d) and (d, k), in parts so small that BLAS starts no thread."""
    out = np.empty((len(rows), matrix.shape[1]), np.float32)
    step = max(1, _SINGLE_THREADED // matrix.size)
    for at in range(0, len(rows), step):
        np.matmul(rows[at : at + step], matrix, out=out[at : at + step])
    return out


def _covariance_times(rows: Float32, matrix: Float32) -> Float32:
    """Return rowsᵀ rows matrix, (d, k), in parts like `_product`."""
    total = np.zeros(matrix.shape, np.float32)
    step = max(1, _SINGLE_THREADED // matrix.size)
    for at in range(0, len(rows), step):
        part = rows[at : at + step]
        total += part.T @ (part @ matrix)
    return total
