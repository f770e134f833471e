"""Our own files, in the layout of safetensors: models, and vectors alone.

In: words, arrays, settings as plain data; or a path. Out: a file, whole or not at all; or what is
in one, its arrays mapped into memory. Knows nothing of training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.files import atomic_write, damaged
from wordkin.system.spelling import spell_words, split_words
from wordkin.system.tensors import HEADER, TYPES, decode_metadata, map_tensors, write_tensors
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.vectors.formats.vector_file import VectorFile, checked

# Of a file; the newest is the one to raise when an older wordkin could not read the file.
MODEL_VERSION = 2
VECTORS_VERSION = 3  # vectors without a model
FORMAT_VERSION = VECTORS_VERSION


# The tensors: type as safetensors spells it, number of axes. "vectors" are optional in a model: of
# the exact engine, center vectors in their gauge.
_WORDS = {"words": ("U8", 1), "offsets": ("I64", 1)}
_MODEL = {"center": ("F32", 2), "outside": ("F32", 2), "counts": ("I64", 1), **_WORDS}
_VECTORS = {"vectors": ("F32", 2), **_WORDS}
_MAYBE = {"vectors": ("F32", 2), "counts": ("I64", 1)}


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
    """Read the words, the vectors to ask for neighbours, and the counts, if there are any.

    Of more words than `limit` nothing is read.

    Raises
    ------
    FormatError, OSError
        As `read_model`, but for vectors without a model, which are read.
    """
    _, tensors, _ = _open(path)
    matrix = tensors["vectors"] if "vectors" in tensors else tensors["center"]
    counts = tensors.get("counts")
    words = _words(path, tensors, len(matrix) if limit is None else limit)
    return VectorFile(
        words,
        matrix[:limit].view(np.ndarray),
        None if counts is None else counts[:limit].view(np.ndarray),
    )


def write(path: StrPath, file: VectorFile) -> None:
    """Write vectors without a model.

    Tensors: `vectors` (V, d) float32; `counts` (V,) int64, if they are known; `words` and `offsets`
    as in a model file. Metadata: the text under "wordkin" is JSON,
    {"format": VECTORS_VERSION, "metadata": {}}.

    Raises
    ------
    FormatError
        If shapes do not fit, or a word cannot be held by the file.
    OSError
        If the file cannot be written; it names the path and the cause.
    """
    tensors = _words_as_tensors(path, file.words)
    V = len(file.words)
    tensors["vectors"] = checked(path, "vectors", file.matrix, np.float32, (V, -1))
    if file.counts is not None:
        tensors["counts"] = checked(path, "counts", file.counts, np.int64, (V,))
    _write(path, tensors, VECTORS_VERSION, {})


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
    """Write a model.

    Tensors: `center` and `outside` (V, d) float32; `vectors` (V, r) float32, if these are others
    than the center vectors; `counts` (V,) int64; `words` uint8, the bytes
    of all words without gaps; `offsets` (V + 1,) int64, word i being bytes offsets[i] up to
    offsets[i + 1]. Metadata: the text under "wordkin" is JSON,
    {"format": MODEL_VERSION, "metadata": metadata}.

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
    tensors = _words_as_tensors(path, words)
    V = len(words)
    tensors["center"] = checked(path, "center", center, np.float32, (V, -1))
    tensors["outside"] = checked(path, "outside", outside, np.float32, np.shape(center))
    tensors["counts"] = checked(path, "counts", counts, np.int64, (V,))
    if vectors is not None:
        tensors["vectors"] = checked(path, "vectors", vectors, np.float32, (V, -1))
    _write(path, tensors, MODEL_VERSION, metadata)


def read_model(path: StrPath) -> ModelFile:
    """Read a model file that `write_model` wrote; its arrays are mapped, and read-only.

    Raises
    ------
    FormatError
        If it is not a model file, is cut short, does not fit together, or is of a newer format.
    OSError
        If it cannot be opened.
    """
    version, tensors, metadata = _open(path)
    if version == VECTORS_VERSION:
        raise damaged(path, HEADER, "it holds vectors alone, not a model")
    arrays = {name: tensor.view(np.ndarray) for name, tensor in tensors.items()}
    return ModelFile(
        _words(path, tensors, len(tensors["center"])),
        arrays["center"],
        arrays["outside"],
        arrays.get("vectors"),
        arrays["counts"],
        metadata,
    )


def is_model(path: StrPath) -> bool:
    """Return whether a file of ours holds a model, or vectors alone. Raises as `read_model`."""
    version, _, _ = _open(path)
    return version != VECTORS_VERSION


def _words_as_tensors(path: StrPath, words: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    spelled = spell_words(path, words)
    return {
        "words": np.frombuffer(b"".join(spelled), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, spelled)], dtype=np.int64),
    }


def _write(
    path: StrPath,
    tensors: Mapping[str, npt.NDArray[Any]],
    version: int,
    metadata: Mapping[str, Any],
) -> None:
    try:
        text = json.dumps({"format": version, "metadata": dict(metadata)}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path}: the metadata cannot be written as JSON: {error}") from error
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=0) as file:
        write_tensors(file, tensors, {"wordkin": text})


def _open(path: StrPath) -> tuple[int, dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Map a file of ours; give its format, its tensors, which fit together, and its plain data."""
    tensors, texts = map_tensors(path)
    if "wordkin-counts" in texts:
        raise damaged(path, HEADER, "counts, not vectors: `wordkin train --counts` takes them")
    if "wordkin" not in texts:
        raise damaged(path, HEADER, "a safetensors file, but not a model of wordkin")
    version, metadata = decode_metadata(path, texts["wordkin"], FORMAT_VERSION)
    needed = _VECTORS if version == VECTORS_VERSION else _MODEL
    missing = needed.keys() - tensors.keys()
    if missing:
        raise damaged(path, HEADER, f"no tensor {', '.join(sorted(missing))}")
    tensors = {name: tensors[name] for name in tensors if name in needed or name in _MAYBE}
    for name, tensor in tensors.items():
        dtype, axes = (needed | _MAYBE)[name]
        if tensor.dtype != TYPES[dtype] or tensor.ndim != axes:
            raise damaged(
                path,
                HEADER,
                f"{name} must be {dtype} with {axes} axes, got {tensor.dtype} of {tensor.shape}",
            )
    main = next(iter(needed))  # the tensor that the others have to fit
    V, d = tensors[main].shape
    shapes: dict[str, tuple[int, ...]] = {"outside": (V, d), "counts": (V,), "offsets": (V + 1,)}
    for name, wanted in shapes.items():
        if name in tensors and tensors[name].shape != wanted:
            raise damaged(
                path, HEADER, f"{name} must have the shape {wanted}, got {tensors[name].shape}"
            )
    if "vectors" in tensors and len(tensors["vectors"]) != V:
        raise damaged(path, HEADER, f"vectors must have {V} rows, got {tensors['vectors'].shape}")
    return version, tensors, metadata


def _words(path: StrPath, tensors: Mapping[str, npt.NDArray[Any]], limit: int) -> list[str]:
    """Give so many words, the first, or all that there are."""
    offsets = tensors["offsets"][: limit + 1]
    whole = len(offsets) == len(tensors["offsets"])
    joined = tensors["words"] if whole else tensors["words"][: offsets[-1]]
    return split_words(path, joined, offsets, getattr(tensors["offsets"], "offset", HEADER))
