"""Named arrays in the layout of safetensors, streamed: they may be larger than the memory.

In: arrays and texts by name, and a file that is open. Out: the file, written; or what is in one.
May import `errors` of ours.

The layout: eight bytes with the length of a header in JSON, the header, then the bytes of all
arrays without gaps. Those of wider numbers come first and the header is padded with spaces, so that
all are aligned if the layout begins at a multiple of eight bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError

TYPES: dict[str, np.dtype[Any]] = {
    "U8": np.dtype(np.uint8),
    "I32": np.dtype(np.int32),
    "I64": np.dtype(np.int64),
    "U64": np.dtype(np.uint64),
    "F32": np.dtype(np.float32),
    "F64": np.dtype(np.float64),
}
"""The types that we read and write, as safetensors spells them."""

_SPELLED = {dtype: name for name, dtype in TYPES.items()}
_PIECE = 1 << 24  # bytes that are read or written at a time


def write_tensors(
    file: BinaryIO, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write arrays and texts by name, in the layout of safetensors.

    Parameters
    ----------
    file : binary file
        Unbuffered, as ``open(path, "wb", buffering=0)`` gives; written from where it stands.
    tensors : mapping of arrays
        Of any shape, of one of `TYPES`. What is contiguous is not copied, of others a few rows at
        a time.
    metadata : mapping of str

    Raises
    ------
    FormatError
        For an array of another type, before anything is written.
    OSError
        If the file cannot be written to.
    """
    order = sorted(tensors, key=lambda name: -tensors[name].itemsize)
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    at = 0
    for name in order:
        tensor = tensors[name]
        if tensor.dtype not in _SPELLED:
            known = ", ".join(map(str, _SPELLED))
            raise FormatError(f"the array {name} must be one of {known}, got {tensor.dtype}")
        header[name] = {
            "dtype": _SPELLED[tensor.dtype],
            "shape": tensor.shape,
            "data_offsets": [at, at := at + tensor.nbytes],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    write_bytes(file, len(text).to_bytes(8, "little") + text)
    for name in order:
        write_array(file, tensors[name])


def write_array(file: BinaryIO, array: npt.NDArray[Any]) -> None:
    """Write all of the array's bytes, a piece at a time."""
    if array.flags.c_contiguous:
        write_bytes(file, array.reshape(-1).view(np.uint8).data)
        return
    rows = max(1, _PIECE * len(array) // array.nbytes)
    for first in range(0, len(array), rows):
        write_array(file, np.ascontiguousarray(array[first : first + rows]))


def write_bytes(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of it, however little the file takes at a time."""
    left = memoryview(data)
    while left:
        left = left[file.write(left[:_PIECE]) :]


def read_tensors(file: BinaryIO, size: int) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Read what `write_tensors` wrote; no memory is taken for more than the file has.

    Parameters
    ----------
    file : binary file
        Unbuffered; read from where it stands, with `readinto` alone.
    size : int
        The number of bytes from there to the end.

    Returns
    -------
    tensors : dict of arrays
        They are in memory and may be changed.
    metadata : dict of str

    Raises
    ------
    FormatError
        If the header is damaged, or promises more or less than there is.
    OSError
        If the file cannot be read.
    """
    length = int.from_bytes(_read_bytes(file, 8), "little")
    size -= 8 + length
    if size < 0:
        raise FormatError("cut short in the header")
    tensors, metadata = _make_room(_read_bytes(file, length), size)
    for tensor in tensors.values():
        _fill(file, tensor.reshape(-1).view(np.uint8).data)
    return tensors, metadata


def _make_room(text: bytes, size: int) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Give arrays as the header describes them, in the order in which their bytes lie."""
    try:
        header = json.loads(text)
        metadata = header.pop("__metadata__", {})
        order = sorted(header, key=lambda name: header[name]["data_offsets"])
        at, tensors = 0, {}
        for name in order:
            dtype, shape = TYPES[header[name]["dtype"]], header[name]["shape"]
            begin, end = header[name]["data_offsets"]
            if not (
                all(type(length) is int and length >= 0 for length in shape)
                and begin == at
                and end == at + math.prod(shape) * dtype.itemsize
                and end <= size
            ):
                raise ValueError(f"the array {name} does not fit")
            tensors[name] = np.empty(shape, dtype)
            at = end
        if at != size:
            raise ValueError(f"{size} bytes for {at} of arrays")
        if not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("metadata that are no text")
    except (
        ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError
    ) as error:  # fmt: skip
        raise FormatError(f"the header is damaged: {error}") from error
    return tensors, metadata


def _read_bytes(file: BinaryIO, size: int) -> bytes:
    data = bytearray(size)
    _fill(file, memoryview(data))
    return bytes(data)


def _fill(file: BinaryIO, left: memoryview) -> None:
    """Read so many bytes, however few the file gives at a time."""
    while left:
        read = file.readinto(left[:_PIECE])  # type: ignore[attr-defined]
        if not read:
            raise FormatError("cut short")
        left = left[read:]
