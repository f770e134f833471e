"""Which rows lie near which: cosine questions about plain arrays.

In: matrices of shape (V, d) and row numbers. Out: unit rows, row numbers, cosines. No words here,
and no imports of ours: `vectors` asks the questions in words.

A row of zeros has no direction; its cosine with anything is 0. Equal cosines are ordered by row
number, so the same question always has the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.floating[Any]]  # (n, d), any float width
Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_CHUNK = 4096  # rows widened to float64 at a time


def unit_rows(matrix: Rows) -> npt.NDArray[np.float32]:
    """Divide every row by its length; rows of zeros stay zero.

    Parameters
    ----------
    matrix : (V, d) array
        Finite numbers. Lengths are taken in float64: no row is too long or too short.

    Returns
    -------
    (V, d) float32 array
    """
    return _divided(matrix, np.zeros(matrix.shape, dtype=np.float32))


def direction(rows: Rows, signs: npt.ArrayLike) -> Float64:
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
    total = np.asarray(signs, dtype=np.float64) @ _units(rows)
    row: Float64 = _units(total[np.newaxis])[0]
    return row


def cosine(a: Rows, b: Rows) -> float:
    """Return the cosine of the angle between two (d,) vectors, 0 where one of them is zero."""
    u, v = _units(np.stack([a, b]))
    return min(1.0, max(-1.0, float(u @ v)))


def odd_one_out(rows: Rows) -> int:
    """Return the number of the row of (n, d) farthest from the mean direction of all."""
    units = _units(rows)
    return int(np.argmin(_dots(units, units.sum(axis=0))))


def nearest(
    unit: npt.NDArray[np.float32], query: Float64, k: int, exclude: Sequence[int] = ()
) -> tuple[Indices, Float64]:
    """Find the k rows with the highest cosine to the query, best first.

    One float32 matrix-vector product picks the candidates; they are ordered by cosines in float64,
    so the answer depends neither on the BLAS at hand nor on where in the matrix a row stands.

    Parameters
    ----------
    unit : (V, d) float32 array
        Rows of length 1, or zero.
    query : (d,) float64 array
        Of length 1, or zero.
    k : int
        How many rows, at least 1; all there are if there are fewer.
    exclude : row numbers
        Rows that are not candidates.

    Returns
    -------
    indices : (min(k, V - excluded),) int array
    cosines : float64 array of the same shape, in [-1, 1]
    """
    with np.errstate(invalid="ignore"):  # OpenBLAS may say so of what an earlier call left behind
        rough = unit @ query.astype(np.float32)
    rough[list(exclude)] = -np.inf
    k = min(k, len(unit) - len(set(exclude)))
    if k < 1:
        return np.empty(0, dtype=np.intp), np.empty(0)
    # Twice what a float32 sum of d products of unit vectors can be off, for floor and candidate.
    slack = 2 * (unit.shape[1] + 2) * np.finfo(np.float32).eps
    floor = np.partition(rough, -k)[-k] - slack
    candidates = np.flatnonzero(rough >= floor)
    cosines = np.concatenate(
        [
            _dots(unit[candidates[start : start + _CHUNK]], query)
            for start in range(0, len(candidates), _CHUNK)
        ]
    )
    best = top_k(cosines, k)
    return candidates[best], np.clip(cosines[best], -1.0, 1.0)


def top_k(scores: npt.NDArray[np.floating[Any]], k: int) -> Indices:
    """Return the positions of the k highest of (n,) scores, highest first, ties by position."""
    k = min(k, len(scores))
    if k < 1:
        return np.empty(0, dtype=np.intp)
    # A partition alone would choose freely among ties at the border; take them all, then cut.
    border = np.partition(scores, -k)[-k]
    candidates = np.flatnonzero(scores >= border)
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]


def _units(rows: Rows) -> Float64:
    return _divided(rows, np.zeros(rows.shape, dtype=np.float64))


def _divided(rows: Rows, out: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Write rows divided by their lengths into `out`, which comes in full of zeros."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))[:, np.newaxis]
    np.divide(rows, lengths, out=out, where=lengths > 0, casting="same_kind")
    return out


def _dots(rows: Rows, query: Float64) -> Float64:
    """Products summed row by row, so that equal rows get equal sums, as BLAS does not promise."""
    dots: Float64 = (rows.astype(np.float64) * query).sum(axis=1)
    return dots
