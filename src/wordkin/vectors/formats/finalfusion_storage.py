"""The bytes of finalfusion's chunks, and the rows in its two kinds of storage.

In: a `Reader` of a chunk. Out: `Rows`: a matrix, or what decodes selected rows of a quantised one.

Arrays end where their chunk ends; padding before them aligns them.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged
from wordkin.system.types import Float32, StrPath

Bytes: TypeAlias = npt.NDArray[np.uint8]

_UINT8, _FLOAT32 = 1, 10  # the numbers of the types
_MOST_PADDING = 4096


@dataclass
class Reader:
    """Reads a part of the bytes of a file, from `at` to `end`."""

    path: StrPath
    data: Bytes = field(repr=False)
    at: int
    end: int

    @property
    def left(self) -> int:
        """The number of bytes that are left."""
        return self.end - self.at

    def damaged(self, what: str) -> FormatError:
        """Return the error for damage at the current position."""
        return damaged(self.path, self.at, what)

    def bytes(self, size: int, what: str) -> Bytes:
        """Return the next bytes, mapped."""
        if size > self.left:
            raise self.damaged(f"cut short in the {what}: {self.left:,} bytes are left")
        self.at += size
        return self.data[self.at - size : self.at]

    def numbers(self, layout: str, what: str) -> tuple[Any, ...]:
        """Return the next numbers."""
        return struct.unpack(layout, self.bytes(struct.calcsize(layout), what).tobytes())

    def skip_padding(self, size: int) -> None:
        """Go to where `size` bytes begin that end with this part."""
        if not 0 <= self.left - size < _MOST_PADDING:
            raise self.damaged(f"{size:,} bytes of numbers in a chunk with {self.left:,} left")
        self.at = self.end - size

    def floats(self, shape: tuple[int, ...]) -> Float32:
        """Return the next numbers as an array, mapped."""
        raw = self.bytes(4 * math.prod(shape), "numbers")
        numbers: Float32 = raw.view(np.ndarray).view("<f4").reshape(shape)
        return numbers

    def floats_at_end(self, shape: tuple[int, ...]) -> Float32:
        """Return the numbers with which this part ends."""
        self.skip_padding(4 * math.prod(shape))
        return self.floats(shape)


@dataclass(frozen=True, eq=False)
class _Quantised:
    """Rows that are decoded when they are selected."""

    centroids: Float32  # (parts, centroids of each, numbers of each)
    codes: Bytes  # (rows, parts)
    projection: Float32 | None  # (d, d)
    norms: Float32 | None

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.codes), self.centroids.shape[0] * self.centroids.shape[2]

    def __getitem__(self, rows: Any) -> Float32:
        codes = self.codes[rows]
        decoded: Any = self.centroids[np.arange(codes.shape[1]), codes]
        decoded = decoded.reshape(len(codes), self.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # callers check what is finite
            if self.projection is not None:
                decoded = decoded @ self.projection.T
            if self.norms is not None:
                decoded = decoded * self.norms[rows][:, np.newaxis]
        found: Float32 = decoded.astype(np.float32, copy=False)
        return found


def read_dense(reader: Reader) -> Float32:
    """Return a matrix of float32, mapped."""
    rows, d, kind = reader.numbers("<QII", "storage")
    if kind != _FLOAT32 or d < 1:
        raise reader.damaged(f"the matrix must be float32 of at least 1 number, got type {kind}")
    return reader.floats_at_end((rows, d))


def read_quantised(reader: Reader) -> _Quantised:
    """Return the rows of a quantised matrix."""
    projected, scaled, parts, d, centroids, rows, *kinds = reader.numbers(
        "<IIIIIQII", "quantised storage"
    )
    if kinds != [_UINT8, _FLOAT32]:
        raise reader.damaged(f"codes must be uint8 of float32 centroids, got the types {kinds}")
    if not 1 <= parts <= d or d % parts or not 1 <= centroids <= 256:
        raise reader.damaged(
            f"{d} numbers in {parts} parts, with {centroids} centroids each, cannot be"
        )
    floats = centroids * d + bool(projected) * d * d + bool(scaled) * rows
    reader.skip_padding(4 * floats + rows * parts)
    projection = reader.floats((d, d)) if projected else None
    quantiser = reader.floats((parts, centroids, d // parts))
    norms = reader.floats((rows,)) if scaled else None
    codes = reader.bytes(rows * parts, "codes").view(np.ndarray).reshape(rows, parts)
    if centroids < 256 and codes.size and codes.max() >= centroids:
        raise reader.damaged(f"a code of {codes.max()}, but {centroids} centroids")
    return _Quantised(quantiser, codes, projection, norms)
