"""Which rows lie near which: cosine questions about plain arrays.

In: matrices of shape (V, d) and row numbers. Out: row numbers, cosines. No words here: `vectors`
asks the questions in words.

A row of zeros has no direction; its cosine with anything is 0. Equal cosines are ordered by row
number. Every cosine that is returned is summed in float64, in an order that is always the same: an
answer depends neither on the BLAS at hand, nor on where in the matrix a row stands, nor on what is
asked along with it, nor on the number of threads.
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

_BLOCK = 1024  # queries asked at once
_SCORES = 1 << 20  # scores in a tile: 4 MB, which stay in the cache until they are looked at
_MAKERS = 4  # threads that BLAS takes to make scores as fast as one looks at them
_NUMBERS = 1 << 20  # numbers of the matrix in a tile that is copied, or read several times: 4 MB
_ALONE = 1 << 16  # scores that are looked at sooner than another thread has started


# Lengths outside of which float32 products of a row might overflow, or vanish.
_SHORTEST, _LONGEST = 1e-15, 1e15


def row_lengths(matrix: Float32) -> Float64:
    """Return the length of each row of a C-contiguous (V, d) matrix.

    Infinite or NaN for rows that are not finite, and for no others: sums are in float64.
    """
    return native_row_lengths(matrix, cores() if matrix.size > _ALONE else 1)


class Searched:
    """Rows that can be searched, as they are: no copy is made of them.

    Parameters
    ----------
    matrix : (V, d) float32 array, C-contiguous
        Finite numbers.
    lengths : (V,) float64 array, optional
        Those of the rows, where they are known.
    """

    def __init__(self, matrix: Float32, lengths: Float64 | None = None) -> None:
        known = row_lengths(matrix) if lengths is None else lengths
        has_direction = known > 0
        self.matrix = matrix
        self.inverse: Float64 = np.divide(
            1.0, known, out=np.zeros(len(matrix)), where=has_direction
        )
        self._multiplied_as_it_is = bool(
            np.all(~has_direction | ((known >= _SHORTEST) & (known <= _LONGEST)))
        )
        # Twice what a float32 sum of d products of unit vectors, itself scaled, can be off.
        self.error = (matrix.shape[1] + 8) * float(np.finfo(np.float32).eps)

    def __len__(self) -> int:
        return len(self.matrix)

    @cached_property
    def _scale(self) -> Float32:
        return self.inverse.astype(np.float32)

    @property
    def in_cache(self) -> int:
        """How many rows stay in the cache."""
        return max(1, _NUMBERS // int(self.matrix.shape[1]))

    def tiles(self, within: Within, size: int) -> Iterator[tuple[Indices, Float32, Float32]]:
        """Yield the rows to search, at most so many at a time: numbers, float32 rows, factors.

        A row times its factor has length 1, or 0.
        """
        chosen = within if isinstance(within, np.ndarray) else None
        total = _number(self, within)
        if chosen is not None or not self._multiplied_as_it_is:
            size = min(size, self.in_cache)
        for start in range(0, total, size):
            stop = min(start + size, total)
            numbers = np.arange(start, stop) if chosen is None else chosen[start:stop]
            where = slice(start, stop) if chosen is None else numbers
            tile = self.matrix[where]
            if self._multiplied_as_it_is:
                yield numbers, tile, self._scale[where]
            else:
                unit = (tile * self.inverse[where, np.newaxis]).astype(np.float32)
                yield numbers, unit, np.ones(len(unit), dtype=np.float32)

    def cosines(self, rows: Indices, query: Float64) -> Float64:
        """Return the cosines of some rows with a (d,) query of length 1, in [-1, 1]."""
        return _bounded(native_cosines(self.matrix, self.inverse, rows, query))


def units(rows: npt.ArrayLike) -> Float64:
    """Divide every row of (n, d) by its length; rows of zeros stay zero.

    No row is too long or too short for that.
    """
    copy = np.array(rows, dtype=np.float64, order="C")
    make_units(copy)
    return copy


def direction(rows: Floats, signs: npt.ArrayLike) -> Float64:
    """Add up the directions of some rows and return the direction of the sum.

    Parameters
    ----------
    rows : (n, d) array
    signs : (n,) array
        +1 for rows to be near to, -1 for rows to be far from.

    Returns
    -------
    (d,) float64 array
        Of length 1, or zero where the directions cancel.
    """
    turned = units(rows) * np.asarray(signs, dtype=np.float64)[:, np.newaxis]
    if len(turned) == 1:  # has length 1 already: a second division might change its last digit
        return np.asarray(turned[0])
    return np.asarray(units(turned.sum(axis=0, keepdims=True))[0])


def cosine(a: Floats, b: Floats) -> float:
    """Return the cosine of the angle between two (d,) vectors, 0 where one of them is zero."""
    return float(cosines(a[np.newaxis], b[np.newaxis])[0, 0])


def cosines(a: Floats, b: Floats) -> Float64:
    """Return the cosines, (n, m), of all rows of (n, d) with all rows of (m, d)."""
    out = np.empty((len(a), len(b)))
    products(units(a), units(b), out, cores() if out.size * a.shape[1] > _ALONE else 1)
    return _bounded(out)


def odd_one_out(rows: Floats) -> int:
    """Return the number of the row of (n, d) farthest from the mean direction of all."""
    mean = units(rows).sum(axis=0, keepdims=True)
    return int(np.argmin(cosines(rows, mean)[:, 0]))


def nearest_many(
    searched: Searched,
    queries: Float64,
    k: int,
    *,
    exclude: Sequence[Sequence[int]] | Indices = (),
    within: Within = None,
    threads: int | None = None,
) -> tuple[Indices, Float64]:
    """Find for each query the k rows with the highest cosine to it, best first.

    A float32 matrix product says which rows may be among them; those are ordered by cosines in
    float64.

    Parameters
    ----------
    searched : Searched
        V rows.
    queries : (n, d) float64 array
        Finite, of length 1, or zero.
    k : int
        How many rows, at least 1.
    exclude : n sequences of row numbers, or (n, m) array
        Rows that are no answer to a query; none are given: all rows may be.
    within : int or array of different row numbers, rising, optional
        Search only so many rows, the first; or only these.
    threads : int, optional
        Threads to work on; else as many as can run at once. BLAS has its own setting.

    Returns
    -------
    indices : (n, k) int array
        -1 where there are fewer rows to find.
    cosines : (n, k) float64 array
        In [-1, 1]; 0 where there are fewer rows to find.
    """
    indices = np.full((len(queries), k), -1, dtype=np.int64)
    found = np.zeros((len(queries), k))
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        _nearest_of_block(
            searched,
            np.ascontiguousarray(queries[block]),
            exclude[block],
            within,
            (indices[block], found[block]),
            cores() if threads is None else threads,
        )
    return indices.astype(np.intp, copy=False), _bounded(found)


def nearest(
    searched: Searched,
    query: Float64,
    k: int,
    exclude: Sequence[int] = (),
    within: Within = None,
) -> tuple[Indices, Float64]:
    """Find the rows nearest to one query, (d,): at most k, and no more than there are.

    The rest is as in `nearest_many`.
    """
    k = min(k, _number(searched, within))
    if k < 1:
        return np.empty(0, dtype=np.intp), np.empty(0)
    indices, found = nearest_many(searched, query[np.newaxis], k, exclude=[exclude], within=within)
    some = indices[0] >= 0
    return indices[0, some], found[0, some]


def nearest_by_product(
    searched: Searched,
    positive: Float64,
    negative: Float64,
    k: int,
    exclude: Sequence[int] = (),
    within: Within = None,
) -> tuple[Indices, Float64]:
    """Find the rows with the highest 3CosMul score, best first (Levy and Goldberg, 2014).

    With every cosine c moved to s = (1 + c) / 2, in [0, 1], the score of a row is the product of
    its s with each positive vector over that with each negative one, to which `EPSILON` is added.

    Parameters
    ----------
    positive, negative : (n, d) and (m, d) float64 arrays
        Rows of length 1, or zero.
    searched, k, exclude, within
        As in `nearest`.

    Returns
    -------
    indices : (at most k,) int array
    scores : float64 array of the same shape
        At least 0; ties are ordered by row number.
    """
    asked = np.concatenate([positive, negative])
    rows, rough = _rough_cosines(searched, asked, within)
    excluded = np.flatnonzero(np.isin(rows, exclude))
    k = min(k, len(rows) - len(excluded))
    if k < 1:
        return np.empty(0, dtype=np.intp), np.empty(0)
    n, error = len(positive), searched.error
    # The score rises with the cosines above and falls with those below: bounds come from bounds.
    lowest = _product_score(rough[:n] - error, rough[n:] + error)
    highest = _product_score(rough[:n] + error, rough[n:] - error)
    lowest[excluded] = highest[excluded] = -np.inf
    floor = np.partition(lowest, -k)[-k] * (1 - 1e-12)  # less what float64 rounds
    candidates = rows[highest >= floor]
    exact = np.stack([searched.cosines(candidates, query) for query in asked])
    scores = _product_score(exact[:n], exact[n:])
    best = top_k(scores, k)
    return candidates[best], scores[best]


def rank(searched: Searched, query: Float64, row: int, exclude: Sequence[int] = ()) -> int:
    """Return the place of a row among all, by cosine to a (d,) query: 1 is the nearest.

    Rows with the same cosine come in the order of their numbers; `exclude` have no place.
    """
    own = searched.cosines(np.array([row]), query)[0]
    _, (rough,) = _rough_cosines(searched, query[np.newaxis], None)
    rough[list(exclude)] = -np.inf
    error = searched.error
    doubtful = np.flatnonzero(np.abs(rough - own) <= error)
    exact = searched.cosines(doubtful, query)
    nearer = np.count_nonzero((exact > own) | ((exact == own) & (doubtful < row)))
    return int(np.count_nonzero(rough - own > error) + nearer + 1)


def top_k(scores: npt.NDArray[np.floating[Any]], k: int) -> Indices:
    """Return the positions of the k highest of (n,) scores, highest first, ties by position."""
    k = min(k, len(scores))
    if k < 1:
        return np.empty(0, dtype=np.intp)
    # A partition alone would choose freely among ties at the border; take them all, then cut.
    border = np.partition(scores, -k)[-k]
    candidates = np.flatnonzero(scores >= border)
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]


def _nearest_of_block(
    searched: Searched,
    queries: Float64,
    exclude: Sequence[Sequence[int]] | Indices,
    within: Within,
    answers: tuple[npt.NDArray[np.int64], Float64],
    threads: int,
) -> None:
    """Write the answers to some queries."""
    excluded = [np.asarray(rows, dtype=np.int64) for rows in exclude] or [
        np.empty(0, dtype=np.int64)
    ] * len(queries)
    found = Nearest(
        searched.matrix,
        searched.inverse,
        queries,
        answers[0].shape[1],
        searched.error,
        np.cumsum([0, *map(len, excluded)]),
        np.concatenate(excluded),
    )
    rough = queries.astype(np.float32)
    scanning = -(-threads // _MAKERS)
    size = max(1, _SCORES * scanning // len(queries))
    for numbers, rows, scale in searched.tiles(within, size):
        scores = rough_products(rough, rows)
        found.scan(scores, scale, numbers, scanning if scores.size > _ALONE else 1)
    found.finish(*answers, scanning)


def rough_products(queries: Float32, rows: Float32) -> Float32:
    """Return the products, (n, m), of (n, d) with (m, d), as BLAS rounds them."""
    with np.errstate(invalid="ignore"):  # OpenBLAS may say so of what an earlier call left behind
        return queries @ rows.T


def _rough_cosines(searched: Searched, queries: Float64, within: Within) -> tuple[Indices, Float64]:
    """Return the numbers of the rows searched, and (n, rows) cosines that are off by < `error`."""
    numbers = [np.empty(0, dtype=np.intp)]
    scores = [np.empty((len(queries), 0), dtype=np.float32)]
    rough = queries.astype(np.float32)
    for rows, tile, scale in searched.tiles(within, searched.in_cache):
        numbers.append(rows)
        # One by one: of a product with so few rows, BLAS would copy the large matrix first.
        scores.append(np.stack([rough_products(q, tile) for q in rough]) * scale)
    return np.concatenate(numbers), np.concatenate(scores, axis=1).astype(np.float64)


def _product_score(positive: Float64, negative: Float64) -> Float64:
    """Return the 3CosMul score of cosines, (n, V) and (m, V), where they are in [-1, 1]."""
    above, below = (
        math.prod(np.clip((1 + c) / 2, 0, 1), start=np.ones(c.shape[1]))
        for c in (positive, negative)
    )
    score: Float64 = above / (below + EPSILON)
    return score


def _number(searched: Searched, within: Within) -> int:
    """Return how many rows are searched."""
    if within is None:
        return len(searched)
    return min(within, len(searched)) if isinstance(within, int) else len(within)


def _bounded(values: Float64) -> Float64:
    """Return cosines without what rounding put beyond 1 or -1, and 0 for -0."""
    return np.clip(values, -1.0, 1.0, out=values) + 0.0
