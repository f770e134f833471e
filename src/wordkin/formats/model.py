"""Our own model file, in the layout of safetensors.

In: words, arrays, settings as plain data; or a path. Out: a file, whole or not at all; or what is
in one. Knows nothing of training.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from wordkin.errors import FormatError
from wordkin.files import atomic_write
from wordkin.formats.vector_file import (
    Float32,
    Int64,
    StrPath,
    VectorFile,
    checked,
    cut_words,
    require_file,
    spell_words,
)
from wordkin.tensors import write_tensors

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


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read the words, the vectors to ask for neighbours, and the counts of a model."""
    file = read_model(path)
    matrix = file.center if file.vectors is None else file.vectors
    return VectorFile(file.words[:limit], matrix[:limit], file.counts[:limit])


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
        "center": checked(path, "center", center, np.float32, (V, -1)),
        "outside": checked(path, "outside", outside, np.float32, np.shape(center)),
        "counts": checked(path, "counts", counts, np.int64, (V,)),
        "words": np.frombuffer(b"".join(spelled), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, spelled)], dtype=np.int64),
    }
    if vectors is not None:
        tensors["vectors"] = checked(path, "vectors", vectors, np.float32, (V, -1))
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
