"""NumPy arrays inside a pickle, or in an .npy file beside it.

In: a `Record` of an array, or the path of an .npy file. Out: an array that shares the mapped bytes,
or a FormatError.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged, require_file
from wordkin.system.mapping import map_array
from wordkin.system.types import StrPath
from wordkin.vectors.formats.pickles import Global, Record

FLOATS = {f"{order}f{size}" for order in "<>" for size in (2, 4, 8)}
"""The float types in NumPy's notation."""

_NPY_HEADER = re.compile(
    rb"\{'descr': '([<>][fiu][248]|[<>]U[0-9]{1,6}|\|S[0-9]{1,6})', 'fortran_order': (True|False),"
    rb" 'shape': \(([0-9]{1,19}L?,|[0-9]{1,19}L?, [0-9]{1,19}L?)\), ?\} *\n"
)


def attributes_of(value: Any) -> dict[Any, Any]:
    """Return the attributes of a record; none if the value is not a record of attributes."""
    state = value.state if isinstance(value, Record) else None
    if isinstance(state, tuple) and len(state) == 2:  # the second part is the state of slots
        state = state[0]
    return state if isinstance(state, dict) else {}


def inline_array(path: StrPath, name: str, record: Record, types: set[str]) -> npt.NDArray[Any]:
    """Return the array that a record describes, if its type is one of `types`.

    Raises
    ------
    FormatError
        If the record is not an array, has another type, or has more than two axes.
    """
    constructor = record.constructor.name if isinstance(record.constructor, Global) else ""
    try:
        if constructor.endswith("multiarray._reconstruct"):
            _, shape, dtype, fortran, data = record.state
        elif constructor.endswith("numeric._frombuffer"):
            data, dtype, shape, order = record.arguments
            fortran = order == "F"
        else:
            raise TypeError
        return _array(path, name, _type(dtype), shape, bool(fortran), _bytes(data), types)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        if isinstance(error, FormatError):
            raise
        raise damaged(path, 0, f"{name} is not an array of numbers") from None


def _type(record: Record) -> str:
    """Return the type of an array in NumPy's notation."""
    kind, order = record.arguments[0], record.state[1]
    if record.constructor.name != "numpy.dtype" or not isinstance(kind, str):
        raise TypeError
    return f"{order}{kind}" if order in ("<", ">") else kind


def _bytes(data: Any) -> npt.NDArray[np.uint8]:
    """Return the bytes of an array, as any protocol of pickle stores them."""
    if isinstance(data, Record) and data.constructor.name == "_codecs.encode":
        data = data.arguments[0]  # protocol 2 encodes bytes as a string
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
        expected = ", ".join(sorted(types))
        raise damaged(path, 0, f"{name} must be one of {expected}, got {dtype!r:.20}")
    if not isinstance(shape, tuple) or len(shape) > 2 or not all(map(is_size, shape)):
        # Do not format the shape: its repr can be exponentially long.
        raise damaged(path, 0, f"{name} must have one or two axes, and lengths that fit the file")
    if not np.dtype(dtype).itemsize:
        raise damaged(path, 0, f"{name} has elements of 0 bytes")
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise damaged(path, 0, f"{name} has {len(data):,} bytes for the shape {shape}")
    return data.view(dtype).reshape(shape, order="F" if fortran else "C")


def is_size(number: Any) -> bool:
    """Return whether a value of a pickle is an int that can be the length of an axis."""
    return type(number) is int and 0 <= number < 1 << 60


def map_npy(path: str) -> npt.NDArray[Any]:
    """Map an .npy file of floats into memory, without evaluating its header as Python.

    Raises
    ------
    FormatError
        If it is not such a file, or is cut short.
    OSError
        If it cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        # An empty file cannot be mapped.
        data: npt.NDArray[np.uint8] = (
            map_array(file).view(np.ndarray) if file.read(1) else np.empty(0, np.uint8)
        )
    return parse_npy(path, data, FLOATS)


def parse_npy(
    path: StrPath,
    data: npt.NDArray[np.uint8],
    types: set[str],
    *,
    text: bool = False,
    name: str = "its array",
) -> npt.NDArray[Any]:
    """Return the array in the bytes of an .npy file, without a copy.

    Parameters
    ----------
    path : path
        For messages.
    data : (size,) uint8 array
    types : set of str
        The types that the array may have.
    text : bool, optional
        Whether it may also be an array of strings.
    name : str, optional
        For messages.

    Raises
    ------
    FormatError
        If it is not such a file, or is cut short.
    """
    head = data[:12].tobytes()
    width = {b"\x01\x00": 2, b"\x02\x00": 4}.get(head[6:8])  # bytes of the header's length
    if len(head) < 12 or not head.startswith(b"\x93NUMPY") or width is None:
        raise damaged(path, 0, "not an .npy file")
    length = int.from_bytes(head[8 : 8 + width], "little")
    begin = 8 + width + length
    if length > 4096 or begin > len(data):
        raise damaged(path, 8, f"not an .npy file, or cut short: a header of {length:,} bytes")
    header = data[8 + width : begin].tobytes()
    fields = _NPY_HEADER.fullmatch(header)
    if not fields:
        if b"'descr': '|O'" in header:
            raise damaged(
                path,
                8 + width,
                f"{name} holds Python objects, which are not unpickled: save words as"
                " np.array(words, dtype=str)",
            )
        raise damaged(path, 8 + width, f"not an .npy file of numbers: {header[:80]!r}")
    lengths = fields[3].replace(b"L", b"").replace(b" ", b"").split(b",")  # L: Python 2's long
    shape = tuple(map(int, filter(None, lengths)))
    dtype = fields[1].decode()
    if text and dtype[1] in "US":
        types = {dtype}
    fortran = fields[2] == b"True"
    return _array(path, name, dtype, shape, fortran, data[begin:], types)
