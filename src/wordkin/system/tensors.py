"""Named arrays in the layout of safetensors, streamed or mapped: they may exceed the memory.

In: arrays and texts by name, and a file that is open; or a path. Out: the file, written; or what is
in one.

The layout: eight bytes with the length of a header in JSON, the header, then the bytes of all
arrays without gaps. Those of wider numbers come first and the header is padded with spaces, so that
all are aligned if the layout begins at a multiple of eight bytes.
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
from wordkin.system.types import StrPath

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


# What is parsed as JSON may take many times its length in memory: one character beyond Unicode's
# first 65,536 makes all others take four bytes, too, and a value of a byte may be an object of 200.
HEADER = 8  # the byte where the header of a safetensors file begins
_JSON_BYTES = 1 << 24
_JSON_VALUES = 250_000
_MOST_AXES = 32  # of an array of NumPy, in every version


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
        For an array of another type, or texts too long to be read again; before anything is
        written.
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
    if what := _too_much(text):
        raise FormatError(f"the header of the file would have {what}")
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
    try:
        places, metadata = _read_layout(file, size)
    except _FaultError as fault:
        raise FormatError(fault.what) from fault
    tensors = {name: np.empty(place.shape, place.dtype) for name, place in places.items()}
    for tensor in tensors.values():
        _fill(file, tensor.reshape(-1).view(np.uint8).data)
    return tensors, metadata


def map_tensors(
    path: StrPath, kind: str = "a safetensors file"
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Map the arrays of a file into memory: they are read when they are looked at.

    Nobody may change such a file where it lies while the arrays live: they would change, too, and
    where it is cut short the process would end. Ours are only ever replaced as a whole, which
    leaves the old one to those who have mapped it.

    Parameters
    ----------
    path : path
    kind : str
        What the file should be, for the message if it is not.

    Returns
    -------
    tensors : dict of arrays
        Read-only; each is a `numpy.memmap`, whose `offset` is its place in the file. Those without
        numbers are not, nor copies of those that lie at no multiple of their numbers' size.
    metadata : dict of str

    Raises
    ------
    FormatError
        If the header is damaged, or promises more or less than there is; with the byte where.
    OSError
        If the file cannot be read.
    """
    require_file(path)
    with open(path, "rb", buffering=0) as file:
        try:
            places, metadata = _read_layout(file, os.fstat(file.fileno()).st_size)
        except _FaultError as fault:
            raise damaged(path, fault.at, f"not {kind}, or cut short: {fault.what}") from fault
        return {name: _map(file, place) for name, place in places.items()}, metadata


def parse_json(text: bytes) -> Any:
    """Parse JSON that a stranger may have written, in little more memory than it is long.

    Raises
    ------
    ValueError
        If it is too long, has too many values or the same key twice, or is no JSON.
    """
    if what := _too_much(text):
        raise ValueError(what)
    try:
        return json.loads(text.decode(), object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _too_much(text: bytes) -> str:
    """Say what of a JSON is more than is parsed; of an escaped text in it, at least the length."""
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
    """What is wrong, and how many bytes after the beginning of the layout."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at, self.what = at, what


@dataclass(frozen=True)
class _Place:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int  # bytes after the beginning of the layout


def _read_layout(file: BinaryIO, size: int) -> tuple[dict[str, _Place], dict[str, str]]:
    """Read the header of so many bytes; give where tensors lie, in that order, and the texts."""
    if size < 8:
        raise _FaultError(size, f"cut short: {size} bytes")
    length = int.from_bytes(_read_bytes(file, 8), "little")
    if length > size - 8:
        raise _FaultError(
            0, f"cut short in the header: it should have {length:,} bytes, {size - 8:,} are left"
        )
    if length > _JSON_BYTES:  # known before it is read
        raise _FaultError(0, f"the header is damaged: {length:,} bytes, more than {_JSON_BYTES:,}")
    header, metadata = _parse_header(_read_bytes(file, length))
    begin = 8 + length
    at, places = begin, {}
    for name, (dtype, shape, first, last) in header:
        tensor = f"the header is damaged: the array {name!r:.80}"
        if begin + first != at:
            raise _FaultError(at, f"{tensor} begins at {first} of the data, not {at - begin}")
        if last - first != math.prod(shape) * dtype.itemsize:
            raise _FaultError(at, f"{tensor} does not fit: {last - first} bytes for {shape}")
        if begin + last > size:
            raise _FaultError(at, f"{tensor} ends {begin + last - size} bytes after the file")
        places[name] = _Place(dtype, shape, at)
        at = begin + last
    if at != size:
        raise _FaultError(at, f"the header is damaged: {size - at} bytes belong to no array")
    return places, metadata


_Entry: TypeAlias = tuple[np.dtype[Any], tuple[int, ...], int, int]


def _parse_header(text: bytes) -> tuple[list[tuple[str, _Entry]], dict[str, str]]:
    """Give names, types, shapes and places, sorted by place, and the texts."""
    try:
        header = parse_json(text)
        if not isinstance(header, dict):
            raise ValueError("no object")
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(
            isinstance(text, str) for text in metadata.values()
        ):
            raise ValueError("metadata that are no text")
        entries = [(name, _entry(name, entry)) for name, entry in header.items()]
    except (ValueError, RecursionError) as error:
        at = len(error.doc[: error.pos].encode()) if isinstance(error, json.JSONDecodeError) else 0
        raise _FaultError(8 + at, f"the header is damaged: {error}") from error
    return sorted(entries, key=lambda named: named[1][2:]), metadata


def _entry(name: str, entry: Any) -> _Entry:
    """Check what the header says of a tensor, by itself."""
    if not isinstance(entry, dict) or not entry.keys() >= {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the array {name!r:.80} must have a dtype, a shape and data_offsets")
    dtype, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in TYPES:
        known = ", ".join(TYPES)
        raise ValueError(f"the array {name!r:.80} must be one of {known}, got {dtype!r:.80}")
    if not _are_sizes(place) or len(place) != 2:
        raise ValueError(f"the array {name!r:.80} lies from {place!r:.80}")
    # NumPy counts the bytes of a shape without the axes of no length.
    if (
        not _are_sizes(shape)
        or len(shape) > _MOST_AXES
        or math.prod(filter(None, shape)) * TYPES[dtype].itemsize >= 1 << 63
    ):
        raise ValueError(f"the array {name!r:.80} has the shape {shape!r:.80}")
    return TYPES[dtype], tuple(shape), place[0], place[1]


def _are_sizes(numbers: Any) -> bool:
    """Tell whether it is a list of whole numbers; True is none, though Python has it for one."""
    return isinstance(numbers, list) and all(
        type(number) is int and 0 <= number < 1 << 63 for number in numbers
    )


def _map(file: BinaryIO, place: _Place) -> npt.NDArray[Any]:
    tensor: npt.NDArray[Any]
    if not math.prod(place.shape):  # nothing cannot be mapped
        tensor = np.empty(place.shape, place.dtype)
    else:
        tensor = np.memmap(file, place.dtype, "r", place.begin, place.shape)
        if not tensor.flags.aligned:
            tensor = np.array(tensor)
    tensor.setflags(write=False)
    return tensor


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


def decode_metadata(path: StrPath, text: str, newest: int) -> tuple[int, dict[str, Any]]:
    """Give the format and the plain data of a file, of whose formats the newest is known."""
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
            f"written by a newer wordkin: format {version:.3g}, this one reads {newest}",
        )
    return version, metadata
