"""What a file of vectors holds, whatever its format; words as bytes; checks that formats share.

Words are bytes to all formats. Here they are str decoded from UTF-8 with "surrogateescape", which
keeps bytes that are not UTF-8 exactly. What a format cannot give back as it was is refused before
the first byte is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.types import Float32, Int64, StrPath

if TYPE_CHECKING:
    from wordkin.vectors.ngrams import Subwords


@dataclass(frozen=True, eq=False)
class VectorFile:
    """What a file of vectors holds.

    Attributes
    ----------
    words : list of V different str
    matrix : (V, d) float32 array
        Of a file where the format allows it, mapped into memory and not read yet.
    counts : (V,) int64 array or None
        How often each word was seen, where the file tells.
    subwords : Subwords or None
        What vectors of other words are composed of, where the file tells. Only read, never written.
    """

    words: list[str]
    matrix: Float32
    counts: Int64 | None = None
    subwords: Subwords | None = None


def checked(
    path: StrPath, name: str, array: npt.NDArray[Any], dtype: type[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Return the array as that type, uncopied if it is; in the shape, -1 is any size but 0."""
    given = np.asarray(array)
    fits = given.ndim == len(shape) and all(
        have == want if want >= 0 else have >= 1
        for have, want in zip(given.shape, shape, strict=True)
    )
    if not fits or not np.can_cast(given.dtype, dtype, casting="same_kind"):
        wanted = str(shape).replace("-1", "d")
        raise FormatError(
            f"{path}: {name} must be {np.dtype(dtype)} of the shape {wanted}, "
            f"got {given.dtype} of {given.shape}"
        )
    return given.astype(dtype, copy=False)
