"""Read and write named arrays in the safetensors layout, streamed or memory-mapped.

In: arrays and metadata by name, with an open file or a path. Out: the written file, or its arrays
and metadata. The arrays may exceed the memory.

The layout: eight bytes with the length of a JSON header, the header, then the bytes of all arrays
without gaps. Arrays of wider numbers come first and the header is padded with spaces, so that all
arrays are aligned if the layout begins at a multiple of eight bytes.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged, require_file
from wordkin.system.mapping import map_array
from wordkin.system.types import StrPath

TYPES: dict[str, np.dtype[Any]] = {
    "U8": np.dtype(np.uint8),
    "I32": np.dtype(np.int32),
    "I64": np.dtype(np.int64),
    "U64": np.dtype(np.uint64),
    "F32": np.dtype(np.float32),
    "F64": np.dtype(np.float64),
}
"""The element types that are supported, by their names in safetensors."""

FOREIGN_TYPES = TYPES | {"I8": np.dtype(np.int8), "F16": np.dtype(np.float16)}
"""Those that other programs write too; they are only read."""

_TYPE_NAMES = {dtype: name for name, dtype in TYPES.items()}
_PIECE = 1 << 24  # bytes read or written at once
HEADER = 8
"""The byte at which the header of a safetensors file begins."""

# Parsed JSON can take many times its length in memory: a single character beyond Unicode's first
# 65,536 makes all others take four bytes too, and a value of one byte can be an object of 200.
_JSON_BYTES = 1 << 24
_JSON_VALUES = 250_000
_MOST_AXES = 32  # that every version of NumPy supports


def write_tensors(
    file: BinaryIO, tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]
) -> None:
    """Write arrays and metadata in the safetensors layout.

    Parameters
    ----------
    file : binary file
        Unbuffered, as from ``open(path, "wb", buffering=0)``; written from its current position.
    tensors : mapping of arrays
        Of any shape and one of `TYPES`. Contiguous arrays are not copied; of others, a few rows at
        a time are.
    metadata : mapping of str

    Raises
    ------
    FormatError
        If an array has another type, or the header is too long to be read again. Nothing has been
        written then.
    OSError
        If the file cannot be written.
    """
    order = sorted(tensors, key=lambda name: -tensors[name].itemsize)
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    at = 0
    for name in order:
        tensor = tensors[name]
        if tensor.dtype not in _TYPE_NAMES:
            allowed = ", ".join(map(str, _TYPE_NAMES))
            raise FormatError(f"the array {name} must be one of {allowed}, got {tensor.dtype}")
        header[name] = {
            "dtype": _TYPE_NAMES[tensor.dtype],
            "shape": tensor.shape,
            "data_offsets": [at, at := at + tensor.nbytes],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    if excess := _excess(text):
        raise FormatError(f"the header of the file would have {excess}")
    write_bytes(file, len(text).to_bytes(8, "little") + text)
    for name in order:
        write_array(file, tensors[name])


def write_array(file: BinaryIO, array: npt.NDArray[Any]) -> None:
    """Write the bytes of an array, a piece at a time."""
    if array.flags.c_contiguous:
        write_bytes(file, array.reshape(-1).view(np.uint8).data)
        return
    rows = max(1, _PIECE * len(array) // array.nbytes)
    for first in range(0, len(array), rows):
        write_array(file, np.ascontiguousarray(array[first : first + rows]))


def write_bytes(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all bytes, however few the file accepts per call."""
    left = memoryview(data)
    while left:
        left = left[file.write(left[:_PIECE]) :]


def read_tensors(file: BinaryIO, size: int) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Read what `write_tensors` wrote, without allocating more memory than the file has bytes.

    Parameters
    ----------
    file : binary file
        Unbuffered; read from its current position, with `readinto` only.
    size : int
        Number of bytes from there to the end.

    Returns
    -------
    tensors : dict of arrays
        In memory, writable.
    metadata : dict of str

    Raises
    ------
    FormatError
        If the header is damaged or does not match the size of the file.
    OSError
        If the file cannot be read.
    """
    try:
        places, metadata = _read_layout(file, size)
    except _FaultError as fault:
        raise FormatError(fault.what) from fault
    tensors = {name: np.empty(place.shape, place.dtype) for name, place in places.items()}
    for tensor in tensors.values():
        _fill(file, tensor.reshape(-1).view(np.uint8).data)
    return tensors, metadata


def map_tensors(
    path: StrPath, kind: str = "a safetensors file", types: Mapping[str, np.dtype[Any]] = TYPES
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Map the arrays of a file into memory: they are read from disk when accessed.

    The file must not be modified in place while the arrays exist: they would change with it, and
    truncating it would crash the process. wordkin only replaces whole files, which leaves the old
    one to the processes that have mapped it.

    Parameters
    ----------
    path : path
    kind : str
        What the file should be, for the error message.
    types : mapping
        The element types to accept, by name.

    Returns
    -------
    tensors : dict of arrays
        Read-only; native code that writes to them all the same changes a copy in memory, never
        the file. Each is a `numpy.memmap`, whose `offset` is its position in the file; but empty
        arrays are not, and misaligned arrays are copied.
    metadata : dict of str

    Raises
    ------
    FormatError
        If the header is damaged or does not match the size of the file; it names the byte.
    OSError
        If the file cannot be read.
    """
    require_file(path)
    with open(path, "rb", buffering=0) as file:
        try:
            places, metadata = _read_layout(file, os.fstat(file.fileno()).st_size, types)
        except _FaultError as fault:
            raise damaged(path, fault.at, f"not {kind}, or cut short: {fault.what}") from fault
        return {name: _map(file, place) for name, place in places.items()}, metadata


def parse_json(text: bytes) -> Any:
    """Parse untrusted JSON, in little more memory than its length.

    Raises
    ------
    ValueError
        If it is too long, has too many values or a repeated key, or is not valid JSON.
    """
    if excess := _excess(text):
        raise ValueError(excess)
    try:
        return json.loads(text.decode(), object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _excess(text: bytes) -> str:
    """Return which limit JSON text exceeds, or ""; with escapes, the limit of length is lower."""
    plain = text.isascii() and b"\\u" not in text
    most = _JSON_BYTES if plain else _JSON_BYTES // 4
    if len(text) > most:
        return f"{len(text):,} bytes, more than {most:,}"
    values = sum(map(text.count, (b"[", b"{", b",")))
    return f"{values:,} values, more than {_JSON_VALUES:,}" if values > _JSON_VALUES else ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


class _FaultError(Exception):
    """What is wrong, and at which byte after the beginning of the layout."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at, self.what = at, what


@dataclass(frozen=True)
class _Place:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int  # bytes after the beginning of the layout


def _read_layout(
    file: BinaryIO, size: int, types: Mapping[str, np.dtype[Any]] = TYPES
) -> tuple[dict[str, _Place], dict[str, str]]:
    """Read and check a header; return the places of the tensors, in file order, and metadata."""
    if size < 8:
        raise _FaultError(size, f"cut short: {size} bytes")
    length = int.from_bytes(_read_bytes(file, 8), "little")
    if length > size - 8:
        raise _FaultError(
            0, f"cut short in the header: it should have {length:,} bytes, {size - 8:,} are left"
        )
    if length > _JSON_BYTES:  # before reading it
        raise _FaultError(0, f"the header is damaged: {length:,} bytes, more than {_JSON_BYTES:,}")
    header, metadata = _parse_header(_read_bytes(file, length), types)
    begin = 8 + length
    at, places = begin, {}
    for name, (dtype, shape, first, last) in header:
        damage = f"the header is damaged: the array {name!r:.80}"
        if begin + first != at:
            raise _FaultError(at, f"{damage} begins at byte {first} of the data, not {at - begin}")
        if last - first != math.prod(shape) * dtype.itemsize:
            raise _FaultError(at, f"{damage} has {last - first} bytes for the shape {shape}")
        if begin + last > size:
            raise _FaultError(at, f"{damage} ends {begin + last - size} bytes after the file")
        places[name] = _Place(dtype, shape, at)
        at = begin + last
    if at != size:
        raise _FaultError(at, f"the header is damaged: {size - at} bytes belong to no array")
    return places, metadata


_Entry: TypeAlias = tuple[np.dtype[Any], tuple[int, ...], int, int]


def _parse_header(
    text: bytes, types: Mapping[str, np.dtype[Any]]
) -> tuple[list[tuple[str, _Entry]], dict[str, str]]:
    """Return the entries by name, sorted by position, and the metadata."""
    try:
        header = parse_json(text)
        if not isinstance(header, dict):
            raise ValueError("not an object")
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(
            isinstance(text, str) for text in metadata.values()
        ):
            raise ValueError("metadata that are not text")
        entries = [(name, _entry(name, entry, types)) for name, entry in header.items()]
    except (ValueError, RecursionError) as error:
        at = len(error.doc[: error.pos].encode()) if isinstance(error, json.JSONDecodeError) else 0
        raise _FaultError(8 + at, f"the header is damaged: {error}") from error
    return sorted(entries, key=lambda named: named[1][2:]), metadata


def _entry(name: str, entry: Any, types: Mapping[str, np.dtype[Any]]) -> _Entry:
    """Check one entry of the header; return dtype, shape, and first and last byte."""
    if not isinstance(entry, dict) or not entry.keys() >= {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the array {name!r:.80} must have a dtype, a shape and data_offsets")
    dtype, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in types:
        allowed = ", ".join(types)
        raise ValueError(f"the array {name!r:.80} must be one of {allowed}, got {dtype!r:.80}")
    if not _are_sizes(place) or len(place) != 2:
        raise ValueError(f"the array {name!r:.80} has the data_offsets {place!r:.80}")
    # NumPy computes the bytes of a shape without its axes of length 0.
    if (
        not _are_sizes(shape)
        or len(shape) > _MOST_AXES
        or math.prod(filter(None, shape)) * types[dtype].itemsize >= 1 << 63
    ):
        raise ValueError(f"the array {name!r:.80} has the shape {shape!r:.80}")
    return types[dtype], tuple(shape), place[0], place[1]


def _are_sizes(numbers: Any) -> bool:
    """Return whether it is a list of sizes; `type`, as True is an int to `isinstance`."""
    return isinstance(numbers, list) and all(
        type(number) is int and 0 <= number < 1 << 63 for number in numbers
    )


def _map(file: BinaryIO, place: _Place) -> npt.NDArray[Any]:
    tensor: npt.NDArray[Any]
    if not math.prod(place.shape):  # an empty array cannot be mapped
        tensor = np.empty(place.shape, place.dtype)
    else:
        tensor = map_array(file, place.dtype, place.begin, place.shape)
        if not tensor.flags.aligned:
            tensor = np.array(tensor)
    tensor.setflags(write=False)
    return tensor


def _read_bytes(file: BinaryIO, size: int) -> bytes:
    data = bytearray(size)
    _fill(file, memoryview(data))
    return bytes(data)


def _fill(file: BinaryIO, left: memoryview) -> None:
    """Fill the buffer, however few bytes the file returns per call."""
    while left:
        read = file.readinto(left[:_PIECE])  # type: ignore[attr-defined]
        if not read:
            raise FormatError("cut short")
        left = left[read:]


def decode_metadata(path: StrPath, text: str, newest: int) -> tuple[int, dict[str, Any]]:
    """Return the format number and the plain data in a file's metadata.

    Parameters
    ----------
    path : path
        For error messages.
    text : str
        JSON with the keys "format" and "metadata".
    newest : int
        The newest format that is supported.

    Raises
    ------
    FormatError
        If the metadata are damaged, or their format is newer.
    """
    try:
        found = parse_json(text.encode())
        version, metadata = found["format"], found["metadata"]
    except (ValueError, TypeError, KeyError) as error:
        raise damaged(path, HEADER, f"the metadata are damaged: {error!r}") from error
    if type(version) is not int or version < 1 or not isinstance(metadata, dict):
        raise damaged(path, HEADER, f"the metadata are damaged: format {version!r:.80}")
    if version > newest:
        raise damaged(
            path,
            HEADER,
            f"written by a newer wordkin: format {version:.3g}, this one reads up to {newest}",
        )
    return version, metadata
