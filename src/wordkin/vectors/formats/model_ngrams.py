"""The n-grams in wordkin's own files: the tensors in which they are stored.

In: the n-grams of a composer or a model. Out: tensors by name; or, from those of a file, n-grams
again, checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged
from wordkin.system.tensors import HEADER
from wordkin.system.types import StrPath, Tensors
from wordkin.vectors.formats.vector_file import checked
from wordkin.vectors.ngram_sums import NgramRows, NgramSums, SubwordRows
from wordkin.vectors.ngrams import LONGEST_NGRAM

TENSORS = {
    "ngrams": ("U8", 1),
    "ngram_offsets": ("I64", 1),
    "ngram_rows": ("F32", 2),
    "ngram_line": ("F64", 1),
    "ngram_projection": ("F64", 2),
}
"""Their types in safetensors' notation, and their numbers of axes. All are optional."""

_ALWAYS = {"ngrams", "ngram_offsets", "ngram_rows"}
LENGTHS = "ngrams"
"""The key of the metadata that has the least and the greatest length of n-grams.

A third element, `JAMO`, says that they are lengths in the letters of Korean syllables.
"""
JAMO = "jamo"


def as_tensors(path: StrPath, stored: SubwordRows | NgramSums, dim: int) -> dict[str, Any]:
    """Return the tensors of n-grams, for vectors of `dim` dimensions.

    Raises
    ------
    FormatError
        If the shapes do not match; it names `path`.
    """
    table = stored.table
    G, k = len(table.rows), table.rows.shape[1]
    tensors: dict[str, Any] = {
        "ngrams": checked(path, "ngrams", table.ngrams, np.uint8, (len(table.ngrams),)),
        "ngram_offsets": checked(path, "ngram_offsets", table.offsets, np.int64, (G + 1,)),
        "ngram_rows": checked(path, "ngram_rows", table.rows, np.float32, (G, -1)),
    }
    if stored.line is not None:
        tensors["ngram_line"] = checked(path, "ngram_line", stored.line, np.float64, (k,))
    if stored.projection is not None:
        tensors["ngram_projection"] = checked(
            path, "ngram_projection", stored.projection, np.float64, (k, dim)
        )
    if fault := _fault(tensors, dim):
        raise FormatError(f"{path}: {fault}")
    return tensors


def lengths_of(stored: SubwordRows | NgramSums | None) -> dict[str, Any]:
    """Return what the metadata say of the n-grams: nothing if there are none."""
    if stored is None:
        return {}
    table = stored.table
    return {LENGTHS: [table.shortest, table.longest, *([JAMO] if table.jamo else [])]}


def sums_in(
    path: StrPath, tensors: Tensors, metadata: Mapping[str, Any], dim: int
) -> NgramSums | None:
    """Return the n-grams in a file of vectors of `dim` dimensions, None if there are none.

    Raises
    ------
    FormatError
        If tensors are missing, or do not match.
    """
    found = {name: tensors[name].view(np.ndarray) for name in TENSORS if name in tensors}
    if not found:
        return None
    if missing := _ALWAYS - found.keys():
        raise damaged(path, HEADER, f"n-grams without {', '.join(sorted(missing))}")
    lengths = metadata.get(LENGTHS)
    jamo = False
    if isinstance(lengths, list) and lengths[2:] == [JAMO]:
        jamo, lengths = True, lengths[:2]
    if (
        not isinstance(lengths, list)
        or [type(length) for length in lengths] != [int, int]
        or not 1 <= lengths[0] <= lengths[1] <= LONGEST_NGRAM
    ):
        raise damaged(
            path,
            HEADER,
            f"n-grams must have lengths in 1..{LONGEST_NGRAM}, least and greatest, got"
            f" {lengths!r:.80}",
        )
    if fault := _fault(found, dim):
        raise damaged(path, HEADER, fault)
    ngrams, offsets, rows = (found[name] for name in ("ngrams", "ngram_offsets", "ngram_rows"))
    table = NgramRows(ngrams, offsets, rows, lengths[0], lengths[1], jamo)
    return NgramSums(table, found.get("ngram_line"), found.get("ngram_projection"))


def rows_in(
    path: StrPath, tensors: Tensors, metadata: Mapping[str, Any], dims: tuple[int, int | None]
) -> SubwordRows | None:
    """Return the n-grams of a model, None if there are none.

    Parameters
    ----------
    path, tensors, metadata
        As in `sums_in`, with the same errors.
    dims : (d, r)
        The dimensions of center vectors and of canonical ones, None if it has none.
    """
    d, r = dims
    sums = sums_in(path, tensors, metadata, d if r is None else r)
    if sums is None:
        return None
    if sums.table.rows.shape[1] != d:
        got = sums.table.rows.shape
        raise damaged(path, HEADER, f"ngram_rows must have {d} numbers in each row, got {got}")
    if sums.line is None or (sums.projection is None) != (r is None):
        wanted = "ngram_line" if r is None else "ngram_line and ngram_projection"
        raise damaged(path, HEADER, f"the n-grams of this model need {wanted}, and no more")
    return SubwordRows(sums.table, sums.line, sums.projection)


def _fault(tensors: Tensors, dim: int) -> str:
    """Return what is wrong with the tensors of n-grams, for vectors of `dim` dimensions, or ""."""
    G, k = tensors["ngram_rows"].shape
    width = dim if "ngram_projection" in tensors else k
    shapes = {"ngram_offsets": (G + 1,), "ngram_line": (k,), "ngram_projection": (k, width)}
    for name, shape in shapes.items():
        if name in tensors and tensors[name].shape != shape:
            return f"{name} must have the shape {shape}, got {tensors[name].shape}"
    if width != dim:
        return f"ngram_rows must have {dim} numbers in each row, got {k}"
    offsets, size = tensors["ngram_offsets"], len(tensors["ngrams"])
    if offsets[0] != 0 or offsets[-1] != size or (offsets[1:] <= offsets[:-1]).any():
        return "ngram_offsets do not cut the bytes into n-grams"
    return ""
