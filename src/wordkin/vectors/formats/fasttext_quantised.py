"""The quantised input matrix of fastText's .ftz models.

In: the bytes of a file, and where the matrix begins. Out: what composes vectors of its rows.

A row is cut into parts of some numbers each. A byte for each part selects one of 256 centroids, and
a further byte, if the matrix has norms, one of 256 lengths to multiply the row by.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from wordkin._core import ngram_buckets
from wordkin.system.files import damaged
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.vectors.ngrams import LookedUpSubwords

_CENTROIDS = 256
_MATRIX = struct.Struct("<?qqi")  # whether there are norms, rows, numbers in a row, bytes of codes
_QUANTISER = struct.Struct("<iiii")  # numbers in a row, parts, numbers in a part, in the last part

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Quantiser:
    """The centroids of the parts of a row."""

    dim: int
    width: int  # numbers in a part; the last may have fewer
    centroids: Float32

    @property
    def parts(self) -> int:
        return -(-self.dim // self.width)

    def decode(self, codes: Bytes) -> Float32:
        """Return the rows of these codes, (n, parts), as (n, dim)."""
        found = np.empty((len(codes), self.dim), np.float32)
        for part in range(self.parts):
            begin, end = part * self.width, min((part + 1) * self.width, self.dim)
            centroids = self.centroids[_CENTROIDS * begin : _CENTROIDS * end]
            found[:, begin:end] = centroids.reshape(_CENTROIDS, end - begin)[codes[:, part]]
        return found


@dataclass(frozen=True, eq=False)
class QuantisedRows:
    """Rows that are decoded when they are selected: ``rows[[3, 5]]`` is a (2, d) array."""

    quantiser: _Quantiser
    codes: Bytes  # (rows, parts)
    norms: tuple[_Quantiser, Bytes] | None  # of lengths, and the code of each row

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows, and of numbers in each."""
        return len(self.codes), self.quantiser.dim

    def __getitem__(self, rows: Sequence[int]) -> Float32:
        decoded = self.quantiser.decode(self.codes[rows])
        if self.norms:
            quantiser, codes = self.norms
            with np.errstate(over="ignore", invalid="ignore"):  # callers check what is finite
                decoded *= quantiser.decode(codes[rows][:, np.newaxis])
        return decoded


@dataclass(frozen=True, eq=False)
class PrunedRows:
    """The rows, counted after the words, of the buckets that were kept, which are sorted."""

    buckets: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]

    def of(self, buckets: Int64) -> Int64:
        """Return the rows of the buckets that have one."""
        if not len(self.buckets):
            return buckets[:0]
        # The last of equal buckets, as fastText's table has it.
        at = np.searchsorted(self.buckets, buckets, "right") - 1
        kept = self.buckets[at] == buckets
        rows: Int64 = self.rows[at[kept]].astype(np.int64)
        return rows


def pruned_table(
    path: StrPath, data: Bytes, at: int, size: int
) -> tuple[npt.NDArray[np.int32] | None, int]:
    """Return the buckets that were kept and the row of each, (n, 2), and the table's end.

    The rows are counted after the words. The table is None if all buckets were kept.
    """
    if size < 0:
        return None, at
    if size > (len(data) - at) // 8:
        raise damaged(path, at, f"cut short in the table of {size:,} n-grams")
    return np.frombuffer(data, "<i4", 2 * size, at).reshape(-1, 2), at + 8 * size


def read_quantised(
    path: StrPath,
    data: Bytes,
    at: int,
    dim: int,
    V: int,
    rules: tuple[int, int, int],
    table: npt.NDArray[np.int32] | None,
) -> LookedUpSubwords:
    """Return what composes vectors of the rows of a quantised matrix, those of V words first.

    Parameters
    ----------
    rules : tuple of int
        The shortest and longest n-grams, and the number of buckets.
    table : (n, 2) int32 array or None
        As from `pruned_table`.
    """
    rows = _read_rows(path, data, at, dim)
    ngrams = len(rows.codes) - V
    buckets = rules[2]
    if ngrams < 0 or (table is None and ngrams != buckets):
        raise damaged(
            path, at, f"{len(rows.codes)} rows cannot be those of {V} words and {buckets} buckets"
        )
    pruned = None
    if table is not None:
        if len(table) > ngrams:
            raise damaged(path, at, f"{len(table):,} n-grams were kept, but {ngrams:,} have a row")
        if len(table) and not 0 <= table[:, 1].min() <= table[:, 1].max() < ngrams:
            raise damaged(path, at, f"an n-gram has a row beyond the {ngrams} that there are")
        order = np.argsort(table[:, 0], kind="stable")
        pruned = PrunedRows(table[order, 0], table[order, 1])
    return LookedUpSubwords(rows, rows, partial(_rows_of, V, rules, pruned))


def _read_rows(path: StrPath, data: Bytes, at: int, dim: int) -> QuantisedRows:
    if len(data) - at < _MATRIX.size:
        raise damaged(path, len(data), "cut short in the input matrix")
    has_norms, rows, columns, size = _MATRIX.unpack_from(data.data, at)
    begin = at + _MATRIX.size
    if columns != dim or rows < 0 or not 0 <= size <= len(data) - begin:
        raise damaged(
            path,
            at,
            f"the quantised matrix must have rows of {dim} numbers, and its codes fit the file, got"
            f" {rows:,} rows of {columns} in {size:,} bytes",
        )
    quantiser, end = _read_quantiser(path, data, begin + size, dim)
    if size != rows * quantiser.parts:
        raise damaged(
            path, at, f"{size:,} bytes of codes for {rows:,} rows of {quantiser.parts} parts"
        )
    codes = data[begin : begin + size].view(np.ndarray).reshape(rows, quantiser.parts)
    if not has_norms:
        return QuantisedRows(quantiser, codes, None)
    if len(data) - end < rows:
        raise damaged(path, end, f"cut short in the lengths of {rows:,} rows")
    lengths, _ = _read_quantiser(path, data, end + rows, 1)
    return QuantisedRows(quantiser, codes, (lengths, data[end : end + rows].view(np.ndarray)))


def _read_quantiser(path: StrPath, data: Bytes, at: int, dim: int) -> tuple[_Quantiser, int]:
    if len(data) - at < _QUANTISER.size:
        raise damaged(path, len(data), "cut short in the centroids")
    columns, parts, width, last = _QUANTISER.unpack_from(data.data, at)
    fits = columns == dim and width >= 1 and parts == -(-dim // width)
    if not fits or last != dim - (parts - 1) * width:
        raise damaged(
            path,
            at,
            f"{dim} numbers cannot be {parts} parts of {width}, the last of {last}, for {columns}",
        )
    begin, size = at + _QUANTISER.size, _CENTROIDS * dim
    if (len(data) - begin) // 4 < size:
        raise damaged(path, begin, f"cut short in the {size:,} numbers of centroids")
    centroids = np.frombuffer(data, "<f4", size, begin)
    return _Quantiser(dim, width, centroids), begin + 4 * size


def _rows_of(
    V: int, rules: tuple[int, int, int], pruned: PrunedRows | None, word: str
) -> list[int]:
    shortest, longest, buckets = rules
    if longest < 1:
        return []
    raw = np.frombuffer(word.encode("utf-8", "surrogateescape"), np.uint8)
    found: Int64 = ngram_buckets(
        raw, np.array([0, len(raw)], np.int64), shortest, longest, buckets, True
    )[0]
    rows: list[int] = (V + (found if pruned is None else pruned.of(found))).tolist()
    return rows
