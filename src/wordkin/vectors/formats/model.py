"""wordkin's own files, in the safetensors layout: models, and vectors without a model.

In: words, arrays, and settings as plain data, or a path. Out: a complete file, or the content of
one, with its arrays mapped into memory.
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
from wordkin.system.spelling import join_words, spell_words, split_words
from wordkin.system.tensors import HEADER, TYPES, decode_metadata, map_tensors, write_tensors
from wordkin.system.types import Float32, Int64, StrPath, Tensors
from wordkin.vectors.formats import model_ngrams
from wordkin.vectors.formats.model_ngrams import LENGTHS
from wordkin.vectors.formats.vector_file import VectorFile, checked
from wordkin.vectors.ngram_sums import NgramSums, SubwordRows

# Increment the newest version for files that an older wordkin could not read.
MODEL_VERSION = 2
VECTORS_VERSION = 3  # vectors without a model
SIDES_VERSION = 4  # a model whose outside vectors at the left differ from those at the right
FORMAT_VERSION = SIDES_VERSION

# Tensors: their type in safetensors' notation, and their number of axes. In a model, "vectors" are
# optional; the exact engine stores its gauged center vectors there.
_WORDS = {"words": ("U8", 1), "offsets": ("I64", 1)}
_MODEL = {"center": ("F32", 2), "outside": ("F32", 2), "counts": ("I64", 1), **_WORDS}
_VECTORS = {"vectors": ("F32", 2), **_WORDS}
_OPTIONAL = {"vectors": ("F32", 2), "counts": ("I64", 1), **model_ngrams.TENSORS}


@dataclass(frozen=True, eq=False)
class ModelFile:
    """The content of a model file: V words, two (V, d) matrices, V counts, and plain data.

    With sides, the outside matrix is (2 V, d), all words at the left of a center first. Neighbours
    are searched among `vectors`, (V, r); if None, among the center vectors. `subwords` are the
    n-grams that compose the vectors of unknown words, if the model has any.
    """

    words: list[str]
    center: Float32
    outside: Float32
    vectors: Float32 | None
    counts: Int64
    metadata: dict[str, Any]
    subwords: SubwordRows | None = None


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read words, the vectors among which neighbours are searched, and counts if there are any.

    Only the first `limit` words are read. The file may contain a model or vectors alone.

    Raises
    ------
    FormatError
        If it is not a file of wordkin, is cut short, inconsistent, or of a newer format.
    OSError
        If it cannot be opened.
    """
    version, tensors, metadata = _open(path)
    matrix = tensors["vectors"] if "vectors" in tensors else tensors["center"]
    counts = tensors.get("counts")
    subwords: NgramSums | None
    if version == VECTORS_VERSION:
        subwords = model_ngrams.sums_in(path, tensors, metadata, matrix.shape[1])
    else:
        rows = _subwords(path, tensors, metadata)
        subwords = None if rows is None else rows.of_vectors
    words = _words(path, tensors, len(matrix) if limit is None else limit)
    return VectorFile(
        words,
        matrix[:limit].view(np.ndarray),
        None if counts is None else counts[:limit].view(np.ndarray),
        subwords,
    )


def write(path: StrPath, file: VectorFile) -> None:
    """Write vectors without a model.

    Tensors: `vectors` (V, d) float32; `counts` (V,) int64, if there are counts; `words` and
    `offsets` as in a model file. Metadata: the value of "wordkin" is JSON,
    {"format": VECTORS_VERSION, "metadata": {}}. If the n-grams of unknown words are summed, not
    hashed, the file has them as a model file does; `ngram_line` and `ngram_projection` may lack.

    Raises
    ------
    FormatError
        If the shapes do not match, or the file cannot store a word.
    OSError
        If the file cannot be written. The error names the path and the cause.
    """
    tensors = _words_as_tensors(path, file.words)
    V = len(file.words)
    tensors["vectors"] = checked(path, "vectors", file.matrix, np.float32, (V, -1))
    if file.counts is not None:
        tensors["counts"] = checked(path, "counts", file.counts, np.int64, (V,))
    ngrams = file.subwords if isinstance(file.subwords, NgramSums) else None
    if ngrams is not None:
        tensors |= model_ngrams.as_tensors(path, ngrams, tensors["vectors"].shape[1])
    _write(path, tensors, VECTORS_VERSION, model_ngrams.lengths_of(ngrams))


def digest(
    words: Sequence[str],
    counts: npt.NDArray[Any],
    matrices: Mapping[str, npt.NDArray[Any]],
    subwords: SubwordRows | None = None,
) -> str:
    """Return the SHA-256 of words, counts, matrices and n-grams, the result of training.

    It does not depend on how the model was trained, such as the time or the number of threads.
    """
    sha256 = hashlib.sha256()
    joined = b"".join(raw + b"\0" for raw in (w.encode("utf-8", "surrogateescape") for w in words))
    parts: dict[str, npt.NDArray[Any]] = {
        "words": np.frombuffer(joined, np.uint8),
        "counts": np.asarray(counts, "<i8"),
        **{name: np.asarray(matrix, "<f4") for name, matrix in matrices.items()},
    }
    if subwords is not None:
        parts |= model_ngrams.as_tensors("", subwords, subwords.of_vectors.dim)
        parts["ngram_lengths"] = np.array([subwords.table.shortest, subwords.table.longest], "<i8")
    for name, array in parts.items():
        sha256.update(f"{name}{array.shape}".encode())
        for start in range(0, len(array), 1 << 14):  # copy strided rows in blocks
            sha256.update(np.ascontiguousarray(array[start : start + (1 << 14)]).data)
    return sha256.hexdigest()


def write_model(
    path: StrPath,
    *,
    words: Sequence[str],
    center: npt.NDArray[Any],
    outside: npt.NDArray[Any],
    counts: npt.NDArray[Any],
    metadata: Mapping[str, Any],
    vectors: npt.NDArray[Any] | None = None,
    subwords: SubwordRows | None = None,
) -> None:
    """Write a model.

    Tensors: `center` and `outside` (V, d) float32; `vectors` (V, r) float32, if they differ from
    the center vectors; `counts` (V,) int64; `words` uint8, the concatenated bytes of all words;
    `offsets` (V + 1,) int64: word i is the bytes offsets[i] to offsets[i + 1]. Metadata: the value
    of "wordkin" is JSON, {"format": MODEL_VERSION, "metadata": metadata}.

    With sides, `outside` is (2 V, d): first the vectors of all words at the left of a center, then
    of all at the right; and the format is SIDES_VERSION.

    With subwords, also `ngrams` uint8, the concatenated bytes of G n-grams; `ngram_offsets`
    (G + 1,) int64, which cut them; `ngram_rows` (G, d) float32; `ngram_line` (d,) float64;
    `ngram_projection` (d, r) float64, if there are `vectors`; and in the metadata "ngrams", the
    least and the greatest number of characters of an n-gram.

    Parameters
    ----------
    path : path
        The file to write. An existing file is replaced only when the new one is complete.
    words : sequence of V different str
    center, outside : (V, d) arrays
        The latter (2 V, d) with sides. Strided views are allowed; contiguous float32 arrays are not
        copied.
    counts : (V,) array of integers
    metadata : mapping
        Any JSON data.
    vectors : (V, r) array or None
    subwords : SubwordRows or None

    Raises
    ------
    FormatError
        If the shapes do not match, or the file cannot store a word or the metadata.
    OSError
        If the file cannot be written. The error names the path and the cause.
    """
    tensors = _words_as_tensors(path, words)
    V = len(words)
    tensors["center"] = checked(path, "center", center, np.float32, (V, -1))
    by_side = V > 0 and len(outside) == 2 * V
    shape = ((1 + by_side) * V, *np.shape(center)[1:])
    tensors["outside"] = checked(path, "outside", outside, np.float32, shape)
    tensors["counts"] = checked(path, "counts", counts, np.int64, (V,))
    if vectors is not None:
        tensors["vectors"] = checked(path, "vectors", vectors, np.float32, (V, -1))
    if subwords is not None:
        searched = tensors["center" if vectors is None else "vectors"]
        tensors |= model_ngrams.as_tensors(path, subwords, searched.shape[1])
    version = SIDES_VERSION if by_side else MODEL_VERSION
    _write(path, tensors, version, {**metadata, **model_ngrams.lengths_of(subwords)})


def read_model(path: StrPath) -> ModelFile:
    """Read a file that `write_model` wrote. Its arrays are mapped into memory, read-only.

    Raises
    ------
    FormatError
        If it is not a model file, is cut short, inconsistent, or of a newer format.
    OSError
        If it cannot be opened.
    """
    version, tensors, metadata = _open(path)
    if version == VECTORS_VERSION:
        raise damaged(path, HEADER, "it contains vectors alone, not a model")
    arrays = {name: tensor.view(np.ndarray) for name, tensor in tensors.items()}
    subwords = _subwords(path, tensors, metadata)
    return ModelFile(
        _words(path, tensors, len(tensors["center"])),
        arrays["center"],
        arrays["outside"],
        arrays.get("vectors"),
        arrays["counts"],
        {key: value for key, value in metadata.items() if subwords is None or key != LENGTHS},
        subwords,
    )


def is_model(path: StrPath) -> bool:
    """Return whether a wordkin file contains a model, not vectors alone. Raises as `read`."""
    version, _, _ = _open(path)
    return version != VECTORS_VERSION


def _words_as_tensors(path: StrPath, words: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    joined, offsets = join_words(spell_words(path, words))
    return {"words": joined, "offsets": offsets}


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
    """Map a wordkin file; return its version, its consistent tensors, and its metadata."""
    tensors, texts = map_tensors(path)
    if "wordkin-counts" in texts:
        raise damaged(path, HEADER, "counts, not vectors: use `wordkin train --counts`")
    if "wordkin" not in texts:
        raise damaged(path, HEADER, "a safetensors file, but not written by wordkin")
    version, metadata = decode_metadata(path, texts["wordkin"], FORMAT_VERSION)
    required = _VECTORS if version == VECTORS_VERSION else _MODEL
    missing = required.keys() - tensors.keys()
    if missing:
        raise damaged(path, HEADER, f"no tensor {', '.join(sorted(missing))}")
    tensors = {name: tensors[name] for name in tensors if name in required or name in _OPTIONAL}
    for name, tensor in tensors.items():
        dtype, axes = (required | _OPTIONAL)[name]
        if tensor.dtype != TYPES[dtype] or tensor.ndim != axes:
            raise damaged(
                path,
                HEADER,
                f"{name} must be {dtype} with {axes} axes, got {tensor.dtype} of {tensor.shape}",
            )
    main = next(iter(required))  # determines the shapes of the others
    V, d = tensors[main].shape
    outside = 2 * V if version == SIDES_VERSION else V
    shapes: dict[str, tuple[int, ...]] = {
        "outside": (outside, d),
        "counts": (V,),
        "offsets": (V + 1,),
    }
    for name, shape in shapes.items():
        if name in tensors and tensors[name].shape != shape:
            raise damaged(
                path, HEADER, f"{name} must have the shape {shape}, got {tensors[name].shape}"
            )
    if "vectors" in tensors and len(tensors["vectors"]) != V:
        raise damaged(path, HEADER, f"vectors must have {V} rows, got {tensors['vectors'].shape}")
    return version, tensors, metadata


def _subwords(path: StrPath, tensors: Tensors, metadata: dict[str, Any]) -> SubwordRows | None:
    r = tensors["vectors"].shape[1] if "vectors" in tensors else None
    return model_ngrams.rows_in(path, tensors, metadata, (tensors["center"].shape[1], r))


def _words(path: StrPath, tensors: Mapping[str, npt.NDArray[Any]], limit: int) -> list[str]:
    """Return the first `limit` words, or all if there are fewer."""
    offsets = tensors["offsets"][: limit + 1]
    complete = len(offsets) == len(tensors["offsets"])
    joined = tensors["words"] if complete else tensors["words"][: offsets[-1]]
    return split_words(path, joined, offsets, getattr(tensors["offsets"], "offset", HEADER))
