"""Vectors on disk: our model file, and the word2vec files that other tools read and write.

In: words, arrays, settings as plain data; or a path. Out: a file, whole or not at all; or what is
in one. Knows nothing of training or of `WordVectors`; may import `errors`, `files` and
`tensors` of ours.

Words are bytes to all these formats. Here they are str decoded from UTF-8 with "surrogateescape",
which keeps bytes that are not UTF-8 exactly. What a format cannot give back as it was is refused
before the first byte is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from wordkin.errors import FormatError
from wordkin.files import atomic_write
from wordkin.tensors import write_tensors

StrPath: TypeAlias = str | os.PathLike[str]
Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

FORMAT_VERSION = 2  # of the model file; raise it when an older wordkin could not read the file

# The tensors of a model file: type as safetensors spells it, number of axes.
_TENSORS = {
    "center": ("F32", 2),
    "outside": ("F32", 2),
    "counts": ("I64", 1),
    "words": ("U8", 1),
    "offsets": ("I64", 1),
}
_VECTORS = {"vectors": ("F32", 2)}  # those of the exact engine: center vectors in their gauge


@dataclass(frozen=True, eq=False)
class ModelFile:
    """What a model file holds: V words, two matrices of (V, d), V counts, and plain data.

    `vectors`, (V, r), are those to ask for neighbours; None: the center vectors themselves.
    """

    words: list[str]
    center: Float32
    outside: Float32
    vectors: Float32 | None
    counts: Int64
    metadata: dict[str, Any]


def digest(
    words: Sequence[str],
    counts: npt.NDArray[Any],
    matrices: Mapping[str, npt.NDArray[Any]],
) -> str:
    """Return the SHA-256 of what was learned: equal for equal words, counts and matrices.

    How long it took, and on how many threads, is no part of it.
    """
    sum_ = hashlib.sha256()
    joined = b"".join(raw + b"\0" for raw in (w.encode("utf-8", "surrogateescape") for w in words))
    parts: dict[str, npt.NDArray[Any]] = {
        "words": np.frombuffer(joined, np.uint8),
        "counts": np.asarray(counts, "<i8"),
        **{name: np.asarray(matrix, "<f4") for name, matrix in matrices.items()},
    }
    for name, array in parts.items():
        sum_.update(f"{name}{array.shape}".encode())
        for at in range(0, len(array), 1 << 14):  # strided rows are copied, but not all at once
            sum_.update(np.ascontiguousarray(array[at : at + (1 << 14)]).data)
    return sum_.hexdigest()


def write_model(
    path: StrPath,
    *,
    words: Sequence[str],
    center: npt.NDArray[Any],
    outside: npt.NDArray[Any],
    counts: npt.NDArray[Any],
    metadata: Mapping[str, Any],
    vectors: npt.NDArray[Any] | None = None,
) -> None:
    """Write a model as a `.safetensors` file.

    Tensors: `center` and `outside` (V, d) float32; `vectors` (V, r) float32, if these are others
    than the center vectors; `counts` (V,) int64; `words` uint8, the bytes
    of all words without gaps; `offsets` (V + 1,) int64, word i being bytes offsets[i] up to
    offsets[i + 1]. Metadata: the text under "wordkin" is JSON,
    {"format": FORMAT_VERSION, "metadata": metadata}.

    Parameters
    ----------
    path : path
        An older file there is replaced only once the new one is complete.
    words : sequence of V different str
    center, outside : (V, d) arrays
        May be strided views; contiguous float32 is not copied.
    counts : (V,) array of integers
    metadata : mapping
        Anything that JSON can hold.
    vectors : (V, r) array or None

    Raises
    ------
    FormatError
        If shapes do not fit, or a word or the metadata cannot be held by the file.
    OSError
        If the file cannot be written; it names the path and the cause.
    """
    spelled = spell_words(path, words)
    V = len(spelled)
    tensors = {
        "center": _checked(path, "center", center, np.float32, (V, -1)),
        "outside": _checked(path, "outside", outside, np.float32, np.shape(center)),
        "counts": _checked(path, "counts", counts, np.int64, (V,)),
        "words": np.frombuffer(b"".join(spelled), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, spelled)], dtype=np.int64),
    }
    if vectors is not None:
        tensors["vectors"] = _checked(path, "vectors", vectors, np.float32, (V, -1))
    try:
        settings = json.dumps(
            {"format": FORMAT_VERSION, "metadata": dict(metadata)}, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path}: the metadata cannot be written as JSON: {error}") from error
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=0) as file:
        write_tensors(file, tensors, {"wordkin": settings})


def read_model(path: StrPath) -> ModelFile:
    """Read a model file that `write_model` wrote.

    Raises
    ------
    FormatError
        If it is not a model file, is cut short, does not fit together, or is of a newer format.
    OSError
        If it cannot be opened.
    """
    require_file(path)
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            text = (file.metadata() or {}).get("wordkin")
            if text is None:
                raise FormatError(f"{path}: a safetensors file, but not a model of wordkin")
            metadata = decode_metadata(path, text, FORMAT_VERSION)
            _check_layout(path, file)
            center, outside, counts, joined, offsets = map(file.get_tensor, _TENSORS)
            vectors = file.get_tensor("vectors") if "vectors" in file.keys() else None  # noqa: SIM118
    except SafetensorError as error:
        raise FormatError(f"{path}: not a safetensors file, or cut short: {error}") from error
    words = cut_words(path, joined, offsets)
    return ModelFile(words, center, outside, vectors, counts, metadata)


def export(path: StrPath, words: Sequence[str], matrix: npt.NDArray[Any]) -> None:
    """Write words and vectors as other tools read them; the suffix of the path decides.

    `.bin` is word2vec's binary format: a line "V d", then for each word its bytes, a space, d
    little-endian float32 and a newline. `.txt` and `.vec` are its text format: a line "V d", then
    a line for each word with d numbers, the shortest decimals that give the same float32 back.

    Parameters
    ----------
    path : path
        An older file there is replaced only once the new one is complete.
    words : sequence of V different str
        These formats put white space between words: a word that is empty or has ASCII white space
        in it is refused.
    matrix : (V, d) array
        Written as float32.

    Raises
    ------
    FormatError
        If the suffix is unknown, shapes do not fit, or the format cannot hold a word.
    OSError
        If the file cannot be written; it names the path and the cause.
    """
    write, _ = _format_of(path)
    spelled = spell_words(path, words)
    for word, raw in zip(words, spelled, strict=True):
        if raw.split() != [raw]:
            what = "has white space in it" if raw else "is empty"
            raise FormatError(f"{path}: the format cannot hold the word {word!r:.80}: it {what}")
    rows = _checked(path, "matrix", matrix, np.float32, (len(spelled), -1))
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=1 << 20) as file:
        file.write(b"%d %d\n" % rows.shape)
        write(file, spelled, rows)


def read_vectors(path: StrPath) -> tuple[list[str], Float32]:
    """Read words and vectors from a file as `export` writes them; the suffix decides.

    The newline after each vector of a `.bin` file may be missing, as in those of some tools.

    Returns
    -------
    words : list of V str
    matrix : (V, d) float32 array

    Raises
    ------
    FormatError
        If the suffix is unknown, or the file is cut short or not of that format.
    OSError
        If it cannot be opened.
    """
    _, read = _format_of(path)
    require_file(path)
    with open(path, "rb") as file:
        raw, matrix = read(path, file)
    return decode_words(path, raw), matrix


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
_FORMATS: dict[str, tuple[_Writer, _Reader]] = {
    ".bin": (_write_binary, _read_binary),
    ".txt": (_write_text, _read_text),
    ".vec": (_write_text, _read_text),
}
SUFFIXES = tuple(_FORMATS)
"""Of the word2vec files that `export` writes and `read_vectors` reads."""


def _format_of(path: StrPath) -> tuple[_Writer, _Reader]:
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise FormatError(f"{path}: the suffix must be one of {known}, got {suffix!r}")
    return _FORMATS[suffix]


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


# Checks, and words to bytes and back.


def spell_words(path: StrPath, words: Sequence[str]) -> list[bytes]:
    """Return the bytes of different words; refuse a word that would not come back as it is."""
    spelled = []
    for word in words:
        try:
            raw = word.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # a surrogate that stands for no byte
            raw = b""
        if raw.decode("utf-8", "surrogateescape") != word:
            raise FormatError(f"{path}: bytes cannot hold the word {word!r:.80}")
        spelled.append(raw)
    _check_different(path, words)
    return spelled


def decode_words(path: StrPath, spelled: list[bytes]) -> list[str]:
    """Give the words of a file as str; raise FormatError where one comes twice."""
    words = [raw.decode("utf-8", "surrogateescape") for raw in spelled]
    _check_different(path, words)
    return words


def _check_different(path: StrPath, words: Sequence[str]) -> None:
    if len(set(words)) < len(words):
        twice, _ = Counter(words).most_common(1)[0]
        raise FormatError(f"{path}: the word {twice!r:.80} comes twice")


def _checked(
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


def require_file(path: StrPath) -> None:
    """Refuse what is not a file; what cannot be opened raises the OSError that says so."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise FormatError(f"{path}: not a file")
    with open(path, "rb"):
        pass


def cut_words(path: StrPath, joined: npt.NDArray[np.uint8], offsets: Int64) -> list[str]:
    """Give the words whose bytes lie one behind the other, cut at the offsets."""
    if (
        not len(offsets)
        or offsets[0] != 0
        or offsets[-1] != len(joined)
        or (offsets[1:] < offsets[:-1]).any()
    ):
        raise FormatError(f"{path}: the offsets do not cut the bytes of the words into words")
    data, cuts = joined.tobytes(), offsets.tolist()
    return decode_words(path, [data[a:b] for a, b in pairwise(cuts)])


def decode_metadata(path: StrPath, text: str, newest: int) -> dict[str, Any]:
    """Give the plain data of a file, of whose formats the newest is known."""
    try:
        found = json.loads(text)
        version, metadata = found["format"], found["metadata"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise FormatError(f"{path}: the metadata are damaged: {error!r}") from error
    if not isinstance(version, int) or not isinstance(metadata, dict):
        raise FormatError(f"{path}: the metadata are damaged: format {version!r}")
    if version > newest:
        raise FormatError(
            f"{path}: written by a newer wordkin: format {version}, this one reads {newest}"
        )
    return metadata


def _check_layout(path: StrPath, file: Any) -> None:
    """Refuse tensors that are missing, or whose types and shapes do not fit together."""
    missing = _TENSORS.keys() - set(file.keys())
    if missing:
        raise FormatError(f"{path}: no tensor {', '.join(sorted(missing))}")
    shapes = {}
    optional = _VECTORS if "vectors" in file.keys() else {}  # noqa: SIM118
    for name, (dtype, axes) in (_TENSORS | optional).items():
        tensor = file.get_slice(name)
        shapes[name] = tuple(tensor.get_shape())
        if tensor.get_dtype() != dtype or len(shapes[name]) != axes:
            raise FormatError(
                f"{path}: {name} must be {dtype} with {axes} axes, "
                f"got {tensor.get_dtype()} of {shapes[name]}"
            )
    V, d = shapes["center"]
    for name, wanted in {"outside": (V, d), "counts": (V,), "offsets": (V + 1,)}.items():
        if shapes[name] != wanted:
            raise FormatError(f"{path}: {name} must have the shape {wanted}, got {shapes[name]}")
    if shapes.get("vectors", (V,))[0] != V:
        raise FormatError(f"{path}: vectors must have {V} rows, got {shapes['vectors']}")
