"""Exact nearest-neighbour search by cosine, on arrays without words.

In: a (V, d) matrix and query vectors. Out: row numbers and cosines, the highest first.

The cosine of a zero vector with any vector is 0. Equal cosines are ordered by row number. All
cosines returned are float64 sums in a fixed order, so the results do not depend on the BLAS
library, on the position of a row in the matrix, on the other queries or on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin._core import Nearest, make_units, products
from wordkin._core import cosines as native_cosines
from wordkin._core import row_lengths as native_row_lengths
from wordkin.system.machine import cores
from wordkin.system.types import Float32, Float64, Floats, Indices

Within: TypeAlias = int | Indices | None

EPSILON = 1e-6
"""What 3CosMul adds to its denominator."""

_BLOCK = 1024  # queries per block
_TILE_SCORES = 1 << 20  # scores per tile: 4 MB, which stay in the cache until they are scanned
_BLAS_THREADS = 4  # BLAS needs this many threads to compute scores as fast as one thread scans them
_TILE_NUMBERS = 1 << 20  # matrix elements per tile that is copied or read repeatedly: 4 MB
_SERIAL = 1 << 16  # scanning this many scores takes less time than starting a thread

# Outside these lengths, float32 products of a row might overflow or underflow.
_SHORTEST, _LONGEST = 1e-15, 1e15


def row_lengths(matrix: Float32) -> Float64:
    """Return the length of each row of a C-contiguous (V, d) matrix, (V,) float64.

    A length is infinite or NaN only if its row is not finite: the sums are float64.
    """
    return native_row_lengths(matrix, cores() if matrix.size > _SERIAL else 1)


class ExactIndex:
    """A flat index of the rows of a matrix, which it does not copy.

    Parameters
    ----------
    matrix : (V, d) float32 array, C-contiguous
        Finite numbers.
    lengths : (V,) float64 array, optional
        The lengths of the rows, if the caller has them already.
    """

    def __init__(self, matrix: Float32, lengths: Float64 | None = None) -> None:
        if lengths is None:
            lengths = row_lengths(matrix)
        nonzero = lengths > 0
        self.matrix = matrix
        self.inverse: Float64 = np.divide(1.0, lengths, out=np.zeros(len(matrix)), where=nonzero)
        self._usable_as_float32 = bool(
            np.all(~nonzero | ((lengths >= _SHORTEST) & (lengths <= _LONGEST)))
        )
        # Twice the error bound of a scaled float32 sum of d products of unit vectors.
        self.error = (matrix.shape[1] + 8) * float(np.finfo(np.float32).eps)

    def __len__(self) -> int:
        return len(self.matrix)

    @cached_property
    def _scale(self) -> Float32:
        return self.inverse.astype(np.float32)

    @property
    def in_cache(self) -> int:
        """The number of rows that fit in the cache."""
        return max(1, _TILE_NUMBERS // int(self.matrix.shape[1]))

    def tiles(self, within: Within, size: int) -> Iterator[tuple[Indices, Float32, Float32]]:
        """Yield the candidate rows in tiles of at most `size`: row numbers, float32 rows, scales.

        A row times its scale has length 1 or 0.
        """
        subset = within if isinstance(within, np.ndarray) else None
        total = _row_count(self, within)
        if subset is not None or not self._usable_as_float32:
            size = min(size, self.in_cache)
        for start in range(0, total, size):
            stop = min(start + size, total)
            numbers = np.arange(start, stop) if subset is None else subset[start:stop]
            selection = slice(start, stop) if subset is None else numbers
            tile = self.matrix[selection]
            if self._usable_as_float32:
                yield numbers, tile, self._scale[selection]
            else:
                unit = (tile * self.inverse[selection, np.newaxis]).astype(np.float32)
                yield numbers, unit, np.ones(len(unit), dtype=np.float32)

    def cosines(self, rows: Indices, query: Float64) -> Float64:
        """Return the cosines of some rows with a (d,) query of length 1, in [-1, 1]."""
        return _clipped(native_cosines(self.matrix, self.inverse, rows, query))


def units(rows: npt.ArrayLike) -> Float64:
    """Return the rows of (n, d) scaled to length 1, as float64; zero rows stay zero.

    Very long and very short rows are scaled without overflow or underflow.
    """
    copy = np.array(rows, dtype=np.float64, order="C")
    make_units(copy)
    return copy


def direction(rows: Floats, signs: Sequence[float]) -> Float64:
    """Return the direction of the weighted sum of the rows, each scaled to length 1.

    Parameters
    ----------
    rows : (n, d) array
    signs : n numbers
        +1 for rows to add, -1 for rows to subtract, or any other finite weights.

    Returns
    -------
    (d,) float64 array
        Of length 1, or zero if the directions cancel out.
    """
    signed = units(rows) * np.asarray(signs, dtype=np.float64)[:, np.newaxis]
    if (
        len(signed) == 1 and abs(signs[0]) == 1
    ):  # has length 1 already: a second division might change its last digit
        return np.asarray(signed[0])
    return np.asarray(units(signed.sum(axis=0, keepdims=True))[0])


def cosine(a: Floats, b: Floats) -> float:
    """Return the cosine of the angle between two (d,) vectors, or 0 if one of them is zero."""
    return float(cosines(a[np.newaxis], b[np.newaxis])[0, 0])


def cosines(a: Floats, b: Floats) -> Float64:
    """Return the cosines, (n, m), of each row of `a` (n, d) with each row of `b` (m, d)."""
    out = np.empty((len(a), len(b)))
    products(units(a), units(b), out, cores() if out.size * a.shape[1] > _SERIAL else 1)
    return _clipped(out)


def odd_one_out(rows: Floats) -> int:
    """Return the number of the row of (n, d) farthest from the mean direction of all."""
    mean = units(rows).sum(axis=0, keepdims=True)
    return int(np.argmin(cosines(rows, mean)[:, 0]))


def nearest_many(
    index: ExactIndex,
    queries: Float64,
    k: int,
    *,
    exclude: Sequence[Sequence[int]] | Indices = (),
    within: Within = None,
    threads: int | None = None,
) -> tuple[Indices, Float64]:
    """Find the k rows with the highest cosine to each query, best first.

    A float32 matrix product selects the candidates, and float64 cosines rank them.

    Parameters
    ----------
    index : ExactIndex
        V rows.
    queries : (n, d) float64 array
        Finite, of length 1 or 0.
    k : int
        The number of rows to find, at least 1.
    exclude : n sequences of row numbers, or (n, m) array
        Rows to leave out of each query's result. By default, none.
    within : int, or array of different row numbers in ascending order, optional
        Search only the first N rows, or only these rows.
    threads : int, optional
        By default, one per core. BLAS has a setting of its own.

    Returns
    -------
    indices : (n, k) int array
        Padded with -1 if there are fewer than k rows.
    cosines : (n, k) float64 array
        In [-1, 1], padded with 0.
    """
    indices = np.full((len(queries), k), -1, dtype=np.int64)
    scores = np.zeros((len(queries), k))
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        _nearest_of_block(
            index,
            np.ascontiguousarray(queries[block]),
            exclude[block],
            within,
            (indices[block], scores[block]),
            cores() if threads is None else threads,
        )
    return indices.astype(np.intp, copy=False), _clipped(scores)


def nearest(
    index: ExactIndex,
    query: Float64,
    k: int,
    exclude: Sequence[int] = (),
    within: Within = None,
) -> tuple[Indices, Float64]:
    """Find the k rows nearest to one (d,) query, or fewer if there are fewer.

    The results are not padded. All else is as in `nearest_many`.
    """
    k = min(k, _row_count(index, within))
    if k < 1:
        return np.empty(0, dtype=np.intp), np.empty(0)
    indices, scores = nearest_many(index, query[np.newaxis], k, exclude=[exclude], within=within)
    valid = indices[0] >= 0
    return indices[0, valid], scores[0, valid]


def nearest_by_product(
    index: ExactIndex,
    positive: Float64,
    negative: Float64,
    k: int,
    exclude: Sequence[int] = (),
    within: Within = None,
) -> tuple[Indices, Float64]:
    """Find the k rows with the highest 3CosMul score, best first (Levy and Goldberg 2014).

    With s = (1 + cosine) / 2, in [0, 1], the score of a row is the product of its s with the
    positive vectors, divided by the product of its s with the negative vectors plus `EPSILON`.

    Parameters
    ----------
    positive, negative : (n, d) and (m, d) float64 arrays
        Rows of length 1 or 0.
    index, k, exclude, within
        As in `nearest`.

    Returns
    -------
    indices : int array of at most k rows
    scores : float64 array of the same shape
        At least 0; ties are ordered by row number.
    """
    queries = np.concatenate([positive, negative])
    rows, rough = _rough_cosines(index, queries, within)
    excluded = np.flatnonzero(np.isin(rows, exclude))
    k = min(k, len(rows) - len(excluded))
    if k < 1:
        return np.empty(0, dtype=np.intp), np.empty(0)
    n, error = len(positive), index.error
    # The score increases with the positive cosines and decreases with the negative ones, so bounds
    # of the cosines give bounds of the score.
    lowest = _product_score(rough[:n] - error, rough[n:] + error)
    highest = _product_score(rough[:n] + error, rough[n:] - error)
    lowest[excluded] = highest[excluded] = -np.inf
    floor = np.partition(lowest, -k)[-k] * (1 - 1e-12)  # minus float64's rounding error
    candidates = rows[highest >= floor]
    exact = np.stack([index.cosines(candidates, query) for query in queries])
    scores = _product_score(exact[:n], exact[n:])
    best = top_k(scores, k)
    return candidates[best], scores[best]


def rank(index: ExactIndex, query: Float64, row: int, exclude: Sequence[int] = ()) -> int:
    """Return the rank of a row by its cosine to a (d,) query: 1 is the nearest.

    Ties are ordered by row number. The rows of `exclude` are not counted.
    """
    own = index.cosines(np.array([row]), query)[0]
    _, (rough,) = _rough_cosines(index, query[np.newaxis], None)
    rough[list(exclude)] = -np.inf
    error = index.error
    undecided = np.flatnonzero(np.abs(rough - own) <= error)
    exact = index.cosines(undecided, query)
    nearer = np.count_nonzero((exact > own) | ((exact == own) & (undecided < row)))
    return int(np.count_nonzero(rough - own > error) + nearer + 1)


def top_k(scores: npt.NDArray[np.floating[Any]], k: int) -> Indices:
    """Return the positions of the k highest of (n,) scores, highest first, ties by position."""
    k = min(k, len(scores))
    if k < 1:
        return np.empty(0, dtype=np.intp)
    # A partition picks arbitrarily among ties at the threshold: take all of them, then cut.
    threshold = np.partition(scores, -k)[-k]
    candidates = np.flatnonzero(scores >= threshold)
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]


def _nearest_of_block(
    index: ExactIndex,
    queries: Float64,
    exclude: Sequence[Sequence[int]] | Indices,
    within: Within,
    out: tuple[npt.NDArray[np.int64], Float64],
    threads: int,
) -> None:
    """Find the neighbours of one block of queries; write indices and cosines to `out`."""
    excluded = [np.asarray(rows, dtype=np.int64) for rows in exclude] or [
        np.empty(0, dtype=np.int64)
    ] * len(queries)
    nearest = Nearest(
        index.matrix,
        index.inverse,
        queries,
        out[0].shape[1],
        index.error,
        np.cumsum([0, *map(len, excluded)]),
        np.concatenate(excluded),
    )
    rough = queries.astype(np.float32)
    scanners = -(-threads // _BLAS_THREADS)
    size = max(1, _TILE_SCORES * scanners // len(queries))
    for numbers, rows, scale in index.tiles(within, size):
        scores = rough_products(rough, rows)
        nearest.scan(scores, scale, numbers, scanners if scores.size > _SERIAL else 1)
    nearest.finish(*out, scanners)


def rough_products(queries: Float32, rows: Float32) -> Float32:
    """Return the float32 dot products, (n, m), of (n, d) with (m, d), as BLAS rounds them."""
    with np.errstate(invalid="ignore"):  # OpenBLAS can report stale floating-point flags
        return queries @ rows.T


def _rough_cosines(index: ExactIndex, queries: Float64, within: Within) -> tuple[Indices, Float64]:
    """Return the row numbers searched, and (n, rows) cosines with an error below `index.error`."""
    numbers = [np.empty(0, dtype=np.intp)]
    scores = [np.empty((len(queries), 0), dtype=np.float32)]
    rough = queries.astype(np.float32)
    for rows, tile, scale in index.tiles(within, index.in_cache):
        numbers.append(rows)
        # One query at a time: for so few rows, BLAS would first copy the large matrix.
        scores.append(np.stack([rough_products(q, tile) for q in rough]) * scale)
    return np.concatenate(numbers), np.concatenate(scores, axis=1).astype(np.float64)


def _product_score(positive: Float64, negative: Float64) -> Float64:
    """Return the 3CosMul score, (V,), of (n, V) and (m, V) cosines, clipped to [-1, 1]."""
    numerator, denominator = (
        math.prod(np.clip((1 + c) / 2, 0, 1), start=np.ones(c.shape[1]))
        for c in (positive, negative)
    )
    score: Float64 = numerator / (denominator + EPSILON)
    return score


def _row_count(index: ExactIndex, within: Within) -> int:
    """Return the number of rows to search."""
    if within is None:
        return len(index)
    return min(within, len(index)) if isinstance(within, int) else len(within)


def _clipped(values: Float64) -> Float64:
    """Clip cosines that rounding put outside [-1, 1], in place, and turn -0 into 0."""
    return np.clip(values, -1.0, 1.0, out=values) + 0.0
