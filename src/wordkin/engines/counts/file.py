"""The file format of counts, which `wordkin count` writes and `wordkin train --counts` reads.

Words, counts, matrices and metadata in, a safetensors file out, and back. Reading maps the file, so
that the matrices may be larger than memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.by_side import CooccurrenceBySide
from wordkin.engines.counts.matrix import Cooccurrence, Counted
from wordkin.system.errors import FormatError
from wordkin.system.files import atomic_write
from wordkin.system.spelling import join_words, spell_words, split_words
from wordkin.system.tensors import TYPES, decode_metadata, map_tensors, write_tensors
from wordkin.system.types import Int64, StrPath

VERSIONS = {1: Cooccurrence, 2: CooccurrenceBySide}  # of files with these matrices
FORMAT_VERSION = max(VERSIONS)  # raise it when older versions cannot read the new format

_MAX_VALUE = 1e15  # more than any text has; sums of counts stay exact in float64
_ENTRIES_PER_CHECK = 1 << 24

# The tensors of a file, with their types in the spelling of safetensors.
_WORDS = {"words": ("U8",), "offsets": ("I64",), "counts": ("I64",)}
_HELD_OUT = "counts_held_out"  # of each word, in the held-out lines; not in all files
_PREFIXES = {"": "pairs", "unseen_": "held_out"}  # of names
_MATRIX = {"indptr": ("I64",), "indices": ("I32",), "values": ("F32", "F64")}


@dataclass(frozen=True, eq=False)
class CountsFile:
    """The content of a file of counts: V words, their counts, one or two matrices, metadata.

    `held_out_counts` are the counts in the held-out lines alone, (V,), or (0,) if none are.
    """

    words: list[str]
    counts: Int64
    counted: Counted
    metadata: dict[str, Any]
    path: StrPath
    held_out_counts: Int64 = field(default_factory=lambda: np.empty(0, np.int64))


def write_counts(
    path: StrPath,
    *,
    words: Sequence[str],
    counts: npt.NDArray[Any],
    counted: Counted,
    metadata: Mapping[str, Any],
    held_out_counts: Int64 | None = None,
) -> None:
    """Write counts to a file in the safetensors format, whatever its suffix.

    The tensors are `words`, `offsets` and `counts`, as in a model file; `indptr`, `indices` and
    `values` of `pairs`; and, prefixed with "unseen_", those of `held_out`. `counts_held_out` is
    there if lines are held out. The metadata entry "wordkin-counts" is JSON, as in a model file;
    its format is 2 for counts by side, whose `indptr` cut 2 V rows, and 1 for others.

    Parameters
    ----------
    path : path
        An existing file is replaced only when the new one is complete.
    words : sequence of V different str
    counts : (V,) array of integers
    counted : Counted
        May be mapped from files and larger than memory.
    metadata : mapping
        Data that JSON can hold.
    held_out_counts : (V,) int64, optional
        The counts in the held-out lines; none if it is None or empty.

    Raises
    ------
    FormatError
        If sizes do not match, or the file cannot hold a word or the metadata.
    OSError
        If the file cannot be written; the error names path and cause.
    """
    spelled = spell_words(path, words)
    V = len(spelled)
    sizes = {"counts": len(counts)}
    matrices = {prefix: getattr(counted, name) for prefix, name in _PREFIXES.items()}
    for prefix, matrix in matrices.items():
        if matrix is not None:
            sizes[_PREFIXES[prefix]] = matrix.words
    for name, size in sizes.items():
        if size != V:
            raise FormatError(f"{path}: {name} must be of {V} words, got {size}")
    joined, offsets = join_words(spelled)
    tensors: dict[str, npt.NDArray[Any]] = {
        "words": joined,
        "offsets": offsets,
        "counts": np.asarray(counts).astype(np.int64, casting="same_kind", copy=False),
    }
    for prefix, matrix in matrices.items():
        if matrix is not None:
            tensors |= {prefix + name: getattr(matrix, name) for name in _MATRIX}
    if held_out_counts is not None and len(held_out_counts):
        tensors[_HELD_OUT] = held_out_counts
    version = next(version for version, kind in VERSIONS.items() if kind is type(counted.pairs))
    try:
        settings = json.dumps({"format": version, "metadata": dict(metadata)}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path}: the metadata cannot be written as JSON: {error}") from error
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=0) as file:
        write_tensors(file, tensors, {"wordkin-counts": settings})


def read_counts(path: StrPath) -> CountsFile:
    """Read a file of counts that `write_counts` wrote; indices and values are mapped from it.

    Parameters
    ----------
    path : path

    Returns
    -------
    CountsFile

    Raises
    ------
    FormatError
        If it is not a file of counts, is truncated or inconsistent, or has a newer format.
    OSError
        If it cannot be opened.
    """
    tensors, texts = map_tensors(path, "a file of counts")
    version, metadata = _metadata(path, texts)
    types_of = _WORDS | _MATRIX
    prefixes = [p for p in _PREFIXES if not p or any(name.startswith(p) for name in tensors)]
    for prefix in prefixes:
        types_of |= {prefix + name: types for name, types in _MATRIX.items()}
    missing = types_of.keys() - tensors.keys()
    if missing:
        raise FormatError(f"{path}: no tensor {', '.join(sorted(missing))}")
    for name, types in types_of.items():
        _check_kind(path, name, tensors[name], types)
    at = getattr(tensors["offsets"], "offset", 0)
    words = split_words(path, tensors["words"], tensors["offsets"], at)
    counts = np.array(tensors["counts"])
    if len(counts) != len(words):
        raise FormatError(f"{path}: {len(counts)} counts of {len(words)} words")
    if len(counts) and counts.min() < 1:
        raise FormatError(f"{path}: counts must be at least 1, got {counts.min()}")
    held_out_counts = np.empty(0, np.int64)
    if _HELD_OUT in tensors:
        _check_kind(path, _HELD_OUT, tensors[_HELD_OUT], ("I64",))
        held_out_counts = np.array(tensors[_HELD_OUT])
        if (
            len(held_out_counts) != len(words)
            or not ((held_out_counts >= 0) & (held_out_counts <= counts)).all()
        ):
            raise FormatError(f"{path}: {_HELD_OUT} must be in 0..count of each word")
    return CountsFile(
        words,
        counts,
        Counted(
            **{
                _PREFIXES[p]: _matrix(path, tensors, p, len(words), VERSIONS[version])
                for p in prefixes
            }
        ),
        metadata,
        path,
        held_out_counts,
    )


def _metadata(path: StrPath, found: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    if "wordkin" in found:
        raise FormatError(f"{path}: a model, not counts")
    if "wordkin-counts" not in found:
        raise FormatError(f"{path}: a safetensors file, but not counts of wordkin")
    return decode_metadata(path, found["wordkin-counts"], FORMAT_VERSION)


def _check_kind(path: StrPath, name: str, tensor: npt.NDArray[Any], types: tuple[str, ...]) -> None:
    if tensor.ndim != 1 or tensor.dtype not in [TYPES[dtype] for dtype in types]:
        raise FormatError(
            f"{path}: {name} must be {' or '.join(types)} with 1 axis,"
            f" got {tensor.dtype} of {tensor.shape}"
        )


def _matrix(
    path: StrPath,
    tensors: Mapping[str, npt.NDArray[Any]],
    prefix: str,
    V: int,
    kind: type[Cooccurrence],
) -> Cooccurrence:
    """Return a matrix; check what engines rely on: ordered rows, valid indices and values."""
    indptr, indices, values = (tensors[prefix + name] for name in _MATRIX)
    rows = kind.sides * V
    if len(indptr) != rows + 1 or len(indices) != len(values):
        raise FormatError(
            f"{path}: {prefix}indptr must have {rows + 1} numbers and {prefix}values as many as"
            f" {prefix}indices, got {len(indptr)}, {len(values)} and {len(indices)}"
        )
    if indptr[0] != 0 or indptr[-1] != len(indices) or (indptr[1:] < indptr[:-1]).any():
        raise FormatError(f"{path}: {prefix}indptr does not cut the entries into rows")
    for first in range(0, len(indices), _ENTRIES_PER_CHECK):
        piece = slice(first, first + _ENTRIES_PER_CHECK)
        low, high = indices[piece].min(), indices[piece].max()
        if low < 0 or high >= V:
            raise FormatError(
                f"{path}: {prefix}indices must be in 0..{V - 1}, got {low if low < 0 else high}"
            )
        least, most = values[piece].min(), values[piece].max()
        if not (least > 0 and most < _MAX_VALUE):
            raise FormatError(
                f"{path}: {prefix}values must be above 0 and below {_MAX_VALUE:g},"
                f" got {least}, {most}"
            )
    return kind(np.array(indptr), indices, values)
