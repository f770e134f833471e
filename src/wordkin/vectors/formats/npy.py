"""NumPy arrays inside a pickle, or in an .npy file beside it."""

from __future__ import annotations

import math
import os
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged, require_file
from wordkin.system.types import StrPath
from wordkin.vectors.formats.pickles import Named, Record

FLOATS = {f"{order}f{size}" for order in "<>" for size in (2, 4, 8)}

_NPY_HEADER = re.compile(
    rb"\{'descr': '([<>][fiu][248])', 'fortran_order': (True|False),"
    rb" 'shape': \(([0-9]{1,19}L?,|[0-9]{1,19}L?, [0-9]{1,19}L?)\), ?\} *\n"
)


def state_of(value: Any) -> dict[Any, Any]:
    """Give the attributes of a record, none where it is something else."""
    state = value.state if isinstance(value, Record) else None
    if isinstance(state, tuple) and len(state) == 2:  # with that of slots
        state = state[0]
    return state if isinstance(state, dict) else {}


def inline_array(path: StrPath, name: str, record: Record, types: set[str]) -> npt.NDArray[Any]:
    """Give an array of NumPy whose numbers lie in the pickle."""
    maker = record.maker.name if isinstance(record.maker, Named) else ""
    try:
        if maker.endswith("multiarray._reconstruct"):
            _, shape, dtype, fortran, data = record.state
        elif maker.endswith("numeric._frombuffer"):
            data, dtype, shape, order = record.arguments
            fortran = order == "F"
        else:
            raise TypeError
        return _array(path, name, _type(dtype), shape, bool(fortran), _bytes(data), types)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        if isinstance(error, FormatError):
            raise
        raise damaged(path, 0, f"{name} is no array of numbers") from None


def _type(record: Record) -> str:
    """Spell the type of an array as NumPy does."""
    kind, order = record.arguments[0], record.state[1]
    if record.maker.name != "numpy.dtype" or not isinstance(kind, str):
        raise TypeError
    return f"{order}{kind}" if order in ("<", ">") else kind


def _bytes(data: Any) -> npt.NDArray[np.uint8]:
    """Give bytes, in which way ever a protocol has written them."""
    if isinstance(data, Record) and data.maker.name == "_codecs.encode":
        data = data.arguments[0]  # protocol 2 has no bytes
    if isinstance(data, str):
        data = data.encode("latin-1")
    if not isinstance(data, (bytes, bytearray, np.ndarray)):
        raise TypeError
    return np.frombuffer(data, np.uint8)


def _array(
    path: StrPath,
    name: str,
    dtype: str,
    shape: Any,
    fortran: bool,
    data: npt.NDArray[np.uint8],
    types: set[str],
) -> npt.NDArray[Any]:
    if dtype not in types:
        known = ", ".join(sorted(types))
        raise damaged(path, 0, f"{name} must be one of {known}, got {dtype!r:.20}")
    if not isinstance(shape, tuple) or len(shape) > 2 or not all(map(_is_size, shape)):
        raise damaged(path, 0, f"{name} must have one or two axes of some length")
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise damaged(path, 0, f"{name} has {len(data):,} bytes for the shape {shape}")
    return data.view(dtype).reshape(shape, order="F" if fortran else "C")


def _is_size(number: Any) -> bool:
    return type(number) is int and 0 <= number < 1 << 60


def map_npy(path: str) -> npt.NDArray[Any]:
    """Map an .npy file of a plain type; NumPy's reader would parse its header as Python."""
    require_file(path)
    with open(path, "rb") as file:
        head = file.read(12)
        width = {b"\x01\x00": 2, b"\x02\x00": 4}.get(head[6:8])
        if len(head) < 12 or not head.startswith(b"\x93NUMPY") or width is None:
            raise damaged(path, 0, "not an .npy file")
        length = int.from_bytes(head[8 : 8 + width], "little")
        begin = 8 + width + length
        if length > 4096 or begin > os.fstat(file.fileno()).st_size:
            raise damaged(path, 8, f"not an .npy file, or cut short: a header of {length:,} bytes")
        file.seek(8 + width)
        header = file.read(length)
        found = _NPY_HEADER.fullmatch(header)
        if not found:
            raise damaged(path, 8 + width, f"not an .npy file of numbers: {header[:80]!r}")
        digits = found[3].replace(b"L", b"").replace(b" ", b"").split(b",")  # L: of Python 2
        data = np.memmap(file, np.uint8, "r")[begin:].view(np.ndarray)
    shape = tuple(map(int, filter(None, digits)))
    fortran = found[2] == b"True"
    return _array(path, "its array", found[1].decode(), shape, fortran, data, FLOATS)
