"""`VectorFile`: the content of a file of word vectors in any format, and a check of its arrays.

Files store words as bytes. Readers decode them from UTF-8 with "surrogateescape", which preserves
bytes that are not UTF-8. Writers refuse words that a reader could not restore, before they write
the first byte. `without` leaves rows out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.types import Float32, Int64, StrPath

if TYPE_CHECKING:
    from wordkin.vectors.ngrams import Composer


_BLOCK_NUMBERS = 1 << 20


@dataclass(frozen=True, eq=False)
class VectorFile:
    """The content of a file of word vectors.

    Attributes
    ----------
    words : list of V different str
    matrix : (V, d) float32 array
        Mapped into memory if the format allows it.
    counts : (V,) int64 array or None
        How often each word occurs in the corpus; None if the file does not contain it.
    subwords : Composer or None
        The rows that compose the vectors of other words, if the file contains them. Writers leave
        out those that the format cannot hold; see `Format.keeps_subwords`.
    notes : tuple of str
        What a reader left out or took for granted, a sentence each; `formats.read` warns of them.
    """

    words: list[str]
    matrix: Float32
    counts: Int64 | None = None
    subwords: Composer | None = None
    notes: tuple[str, ...] = ()


def without(file: VectorFile, rows: Iterable[int]) -> VectorFile:
    """Return the file without some rows, counted from 0."""
    kept = np.ones(len(file.words), dtype=bool)
    kept[list(rows)] = False
    words = [word for word, keep in zip(file.words, kept.tolist(), strict=True) if keep]
    counts = None if file.counts is None else file.counts[kept]
    return replace(file, words=words, matrix=file.matrix[kept], counts=counts)


def infinite_rows(matrix: Float32) -> list[int]:
    """Return the rows of (V, d) numbers that are not all finite."""
    found: list[int] = []
    step = max(1, _BLOCK_NUMBERS // max(1, matrix.shape[1]))
    for start in range(0, len(matrix), step):
        finite = np.isfinite(matrix[start : start + step]).all(axis=1)
        found += (start + np.flatnonzero(~finite)).tolist()
    return found


def checked(
    path: StrPath, name: str, array: npt.NDArray[Any], dtype: type[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Return the array as `dtype`, copied only if necessary; raise FormatError if it does not fit.

    A size of -1 in `shape` stands for any size but 0.
    """
    given = np.asarray(array)
    fits = given.ndim == len(shape) and all(
        actual == expected if expected >= 0 else actual >= 1
        for actual, expected in zip(given.shape, shape, strict=True)
    )
    if not fits or not np.can_cast(given.dtype, dtype, casting="same_kind"):
        expected_shape = str(shape).replace("-1", "d")
        raise FormatError(
            f"{path}: {name} must be {np.dtype(dtype)} of the shape {expected_shape}, "
            f"got {given.dtype} of {given.shape}"
        )
    return given.astype(dtype, copy=False)
