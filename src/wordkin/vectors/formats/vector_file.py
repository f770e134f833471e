"""`VectorFile`: the content of a file of word vectors in any format, and a check of its arrays.

Files store words as bytes. Readers decode them from UTF-8 with "surrogateescape", which preserves
bytes that are not UTF-8. Writers refuse words that a reader could not restore, before they write
the first byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.types import Float32, Int64, StrPath

if TYPE_CHECKING:
    from wordkin.vectors.ngrams import Composer


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
        The rows that compose the vectors of other words, if the file contains them. They are only
        read, never written.
    notes : tuple of str
        What a reader left out or took for granted, a sentence each; `formats.read` warns of them.
    """

    words: list[str]
    matrix: Float32
    counts: Int64 | None = None
    subwords: Composer | None = None
    notes: tuple[str, ...] = ()


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
