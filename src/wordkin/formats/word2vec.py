"""The word2vec files, text and binary, that other tools read and write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError
from wordkin.files import atomic_write
from wordkin.formats.vector_file import (
    Float32,
    StrPath,
    VectorFile,
    checked,
    decode_words,
    require_file,
    spell_words,
)


def read_binary(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read the binary format. The newline after each vector may be missing."""
    return _read(path, _read_binary, limit)


def read_text(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read the text format."""
    return _read(path, _read_text, limit)


def write_binary(path: StrPath, vectors: VectorFile) -> None:
    """Write a line "V d", then for each word its bytes, a space, d float32 and a newline."""
    _write(path, vectors, _write_binary)


def write_text(path: StrPath, vectors: VectorFile) -> None:
    """Write a line "V d", then a line for each word with d shortest decimals."""
    _write(path, vectors, _write_text)


def _read(path: StrPath, read: _Reader, limit: int | None) -> VectorFile:
    require_file(path)
    with open(path, "rb") as file:
        raw, matrix = read(path, file)
    return VectorFile(decode_words(path, raw)[:limit], matrix[:limit])


def _write(path: StrPath, vectors: VectorFile, write: _Writer) -> None:
    spelled = spell_words(path, vectors.words)
    for word, raw in zip(vectors.words, spelled, strict=True):
        if raw.split() != [raw]:
            what = "has white space in it" if raw else "is empty"
            raise FormatError(f"{path}: the format cannot hold the word {word!r:.80}: it {what}")
    rows = checked(path, "matrix", vectors.matrix, np.float32, (len(spelled), -1))
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=1 << 20) as file:
        file.write(b"%d %d\n" % rows.shape)
        write(file, spelled, rows)


# The word2vec formats, one writer and one reader each.


def _write_binary(file: BinaryIO, spelled: list[bytes], rows: Float32) -> None:
    for word, row in zip(spelled, rows.astype("<f4", copy=False), strict=True):
        file.write(b"%b %b\n" % (word, row.tobytes()))


def _read_binary(path: StrPath, file: BinaryIO) -> tuple[list[bytes], Float32]:
    V, d = _read_header(path, file, bytes_per_number=4)
    data = file.read()
    words, matrix = [], np.empty((V, d), dtype=np.float32)
    at = 0
    for i in range(V):
        space = data.find(b" ", at)
        end = space + 1 + 4 * d
        if space < 0 or end > len(data):
            raise FormatError(f"{path}: cut short in word {i + 1} of {V}")
        words.append(data[at:space].lstrip(b"\n"))
        matrix[i] = np.frombuffer(data, "<f4", d, space + 1)
        at = end
    if data[at:] not in (b"", b"\n"):
        raise FormatError(f"{path}: {len(data) - at} bytes too many after word {V} of {V}")
    return words, matrix


def _write_text(file: BinaryIO, spelled: list[bytes], rows: Float32) -> None:
    names = iter(spelled)
    step = max(1, (1 << 16) // rows.shape[1])  # rows at a time, so that memory stays bounded
    for start in range(0, len(rows), step):
        lines = _decimals(rows[start : start + step])
        file.writelines(b"%b %b\n" % (next(names), line) for line in lines)


def _decimals(rows: Float32) -> Iterator[bytes]:
    """Yield each row as NumPy prints it: the shortest decimals that give the same float32 back.

    NumPy's printing is as slow as everybody's; here it does only rows with very small or very large
    numbers. For the others, one search over all numbers finds the fewest decimal places that give
    the float32 back: 24 bits times 10**12 is exact in float64, so rounding there is right.
    """
    wide = rows.astype(np.float64)
    x, size = wide.ravel(), np.abs(wide).ravel()
    places: npt.NDArray[Any] = np.zeros(rows.shape, dtype=np.int8)  # 0: not found
    todo = np.flatnonzero((size >= 1e-4) & (size < 1e6) | (size == 0))
    for p in range(1, 13):
        rounded = np.rint(x[todo] * 10.0**p) / 10.0**p
        found = rounded.astype(np.float32) == x[todo]
        places.ravel()[todo[found]] = p
        todo = todo[~found]
    template = " ".join(["%.*f"] * rows.shape[1])
    arguments = [0.0] * (2 * rows.shape[1])
    for row, numbers, digits in zip(rows, wide.tolist(), places.tolist(), strict=True):
        if 0 in digits:
            yield b" ".join(row.astype("S").tolist())
        else:
            arguments[::2], arguments[1::2] = digits, numbers
            yield (template % tuple(arguments)).encode()


def _read_text(path: StrPath, file: BinaryIO) -> tuple[list[bytes], Float32]:
    V, d = _read_header(path, file, bytes_per_number=2)
    words, matrix = [], np.empty((V, d), dtype=np.float32)
    for i in range(V):
        line = file.readline()
        if not line.endswith(b"\n"):  # without it, nobody knows whether the last digit is there
            raise FormatError(f"{path}: cut short in word {i + 1} of {V}")
        word, *numbers = line.rstrip().split(b" ")
        if len(numbers) != d:
            raise FormatError(f"{path}: line {i + 2} must have {d} numbers, got {len(numbers)}")
        try:
            with np.errstate(over="raise"):
                matrix[i] = list(map(float, numbers))
        except (ValueError, FloatingPointError) as error:
            raise FormatError(
                f"{path}: line {i + 2} is not all float32 numbers: {error}"
            ) from error
        words.append(word)
    if file.read(1):
        raise FormatError(f"{path}: more lines than the {V} words of the header")
    return words, matrix


_Writer: TypeAlias = Callable[[BinaryIO, list[bytes], Float32], None]
_Reader: TypeAlias = Callable[[StrPath, BinaryIO], tuple[list[bytes], Float32]]


def _read_header(path: StrPath, file: BinaryIO, bytes_per_number: int) -> tuple[int, int]:
    """Read the line "V d"; refuse one that promises more than the file has room for."""
    line = file.readline(80)
    try:
        V, d = map(int, line.split())
    except ValueError:
        V, d = -1, -1
    if V < 0 or d < 1 or not line.endswith(b"\n"):
        raise FormatError(f"{path}: the first line must be 'words dimensions', got {line!r}")
    size = os.fstat(file.fileno()).st_size
    if V * (1 + bytes_per_number * d) > size - len(line):
        raise FormatError(f"{path}: cut short: {size} bytes cannot hold {V} words of {d} numbers")
    return V, d
