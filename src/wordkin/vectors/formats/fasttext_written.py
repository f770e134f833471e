"""Write vectors, with or without n-grams, as a model of fastText.

In: a path and a `VectorFile`. Out: a complete .bin file of version 12. Its layout is that of
`fasttext`, which reads it.

fastText's vector of a word is the mean of the word's own row and of one row for each of its
n-grams, which a hash selects. Therefore a word of the vocabulary gets the own row that makes the
mean its vector. N-grams with rows of their own go to the rows that their hashes select; those that
meet there share the mean. The mean of an unknown word has the direction of the sum, which is what
cosines and neighbours depend on, but not its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np

from wordkin._core import ngram_buckets
from wordkin.system.errors import FormatError, FormatWarning
from wordkin.system.files import atomic_write
from wordkin.system.notes import note
from wordkin.system.spelling import join_words, spell_words
from wordkin.system.tensors import write_array, write_bytes
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.system.wording import quantity
from wordkin.vectors.formats.obstacles import require_words
from wordkin.vectors.formats.vector_file import VectorFile, checked, infinite_rows
from wordkin.vectors.ngram_sums import NgramSums
from wordkin.vectors.ngrams import Subwords

MOST_BUCKETS = 2_000_000  # fastText's own default
_BUCKETS_PER_NGRAM = 20  # about one n-gram of twenty then meets another
_HEAD = struct.pack("<ii", 793712314, 12)
_SKIP_GRAM, _SOFTMAX = 2, 3
_BLOCK = 1 << 13  # rows at a time
_MOST_WORDS = 2**31 - 1


@dataclass(frozen=True)
class _Buckets:
    """Which rows n-grams have, of `size` rows: `rows[i]` is row `numbers[i]`, the others are 0."""

    size: int
    shortest: int
    longest: int
    numbers: Int64  # ascending
    rows: Float32

    def of(self, words: list[bytes]) -> tuple[Int64, Int64]:
        """Return the buckets of the words' n-grams, and where those of each word end."""
        found, ends = ngram_buckets(
            *join_words(words), self.shortest, self.longest, max(self.size, 1), True
        )
        return found, ends

    def blocks(self) -> Iterator[Float32]:
        """Yield all rows in order, a block at a time."""
        for start in range(0, self.size, _BLOCK):
            block = np.zeros((min(_BLOCK, self.size - start), self.rows.shape[1]), np.float32)
            a, b = np.searchsorted(self.numbers, [start, start + len(block)])
            block[self.numbers[a:b] - start] = self.rows[a:b]
            yield block


def write(path: StrPath, file: VectorFile) -> None:
    """Write a skip-gram model that gives the words these vectors, up to rounding.

    Counts that are not known are 1. The output matrix is zero.

    Raises
    ------
    FormatError
        If a word contains a zero byte, or a vector is not finite or too large for the file's sums.
        Nothing is written then.
    OSError
        If the file cannot be written.

    Warns
    -----
    FormatWarning
        If n-grams with rows of their own become hashed ones, with how many share a row; if n-grams
        are left out.
    """
    words = spell_words(path, file.words)
    matrix = checked(path, "matrix", file.matrix, np.float32, (len(words), -1))
    require_words(path, file.words, lambda word: "contains a zero byte" if "\0" in word else "")
    if len(words) > _MOST_WORDS:
        raise FormatError(f"{path}: the format holds {_MOST_WORDS:,} words, got {len(words):,}")
    if rows := infinite_rows(matrix):
        raise FormatError(f"{path}: the vector of {file.words[rows[0]]!r:.80} is not finite")
    counts = np.ones(len(words), np.int64) if file.counts is None else file.counts
    buckets = _buckets_of(path, file.subwords, matrix.shape[1])
    own = _own_rows(path, file.words, words, matrix, buckets)
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=0) as out:
        _write_head(out, matrix.shape[1], counts, buckets)
        _write_words(out, words, counts)
        write_bytes(out, b"\0" + struct.pack("<qq", len(words) + buckets.size, matrix.shape[1]))
        write_array(out, own)
        for block in buckets.blocks():
            write_array(out, block)
        write_bytes(out, b"\0" + struct.pack("<qq", *matrix.shape))
        write_array(out, np.broadcast_to(np.float32(0), matrix.shape))


def _buckets_of(path: StrPath, subwords: object, d: int) -> _Buckets:
    if isinstance(subwords, Subwords):
        rows = np.ascontiguousarray(subwords.ngrams, np.float32)
        numbers = np.arange(len(rows))
        return _Buckets(len(rows), subwords.shortest, subwords.longest, numbers, rows)
    if isinstance(subwords, NgramSums) and subwords.table.jamo:
        note("fasttext knows no n-grams of jamo: not written", FormatWarning)
    elif isinstance(subwords, NgramSums) and len(subwords.table.rows):
        return _hashed(path, subwords)
    return _Buckets(0, 0, 0, np.empty(0, np.int64), np.empty((0, d), np.float32))


def _hashed(path: StrPath, sums: NgramSums) -> _Buckets:
    """Give n-grams the rows that their hashes select: the mean of those that meet there."""
    table = sums.table
    G = len(table.rows)
    size = min(MOST_BUCKETS, _BUCKETS_PER_NGRAM * G)
    hashes = ngram_hashes(table.ngrams, table.offsets)
    numbers, which, sharing = np.unique(hashes % size, return_inverse=True, return_counts=True)
    rows = np.zeros((len(numbers), sums.dim), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # a vector that is not finite is refused
        for start in range(0, G, _BLOCK):
            end = min(start + _BLOCK, G)
            np.add.at(rows, which[start:end], sums.rows(start, end))
        rows /= sharing[:, np.newaxis].astype(np.float32)
    if not np.isfinite(rows).all():
        raise FormatError(f"{path}: the row of an n-gram is not finite")
    meet = int((sharing[which] > 1).sum())
    note(
        f"fasttext takes means of n-grams by their hashes: {meet:,} of {quantity(G, 'n-gram')}"
        f" share one of {size:,} rows with others, and unknown words have other lengths",
        FormatWarning,
    )
    return _Buckets(size, table.shortest, table.longest, numbers.astype(np.int64), rows)


def ngram_hashes(ngrams: Any, offsets: Int64) -> Int64:
    """Return fastText's hash of each n-gram: FNV-1a of its bytes, those from 128 on as negative."""
    sizes = np.diff(offsets)
    hashes = np.full(len(sizes), 2166136261, np.uint32)
    signed = ngrams.view(np.int8).astype(np.int32).view(np.uint32)
    for at in range(int(sizes.max(initial=0))):
        longer = np.flatnonzero(sizes > at)
        hashes[longer] = (hashes[longer] ^ signed[offsets[longer] + at]) * np.uint32(16777619)
    return hashes.astype(np.int64)


def _own_rows(
    path: StrPath, words: list[str], spelled: list[bytes], matrix: Float32, buckets: _Buckets
) -> Float32:
    """Return the rows that, with those of the n-grams, have the vectors as their mean."""
    if not buckets.size:
        return matrix
    own = np.empty(matrix.shape, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(words), _BLOCK):
            block = slice(start, start + _BLOCK)
            found, ends = buckets.of(spelled[block])
            at = np.searchsorted(buckets.numbers, found)
            there = np.minimum(at, len(buckets.numbers) - 1)
            kept = buckets.numbers[there] == found
            for i, (a, b) in enumerate(pairwise(ends), start):
                rows = buckets.rows[there[a:b][kept[a:b]]]
                own[i] = matrix[i] * np.float64(b - a + 1) - rows.sum(axis=0, dtype=np.float64)
    finite = np.isfinite(own).all(axis=1)
    if not finite.all():
        word = words[int(np.argmin(finite))]
        raise FormatError(f"{path}: the vector of {word!r:.80} is too large for a sum of n-grams")
    return own


def _write_head(out: BinaryIO, d: int, counts: Int64, buckets: _Buckets) -> None:
    least = max(1, int(counts.min())) if len(counts) else 1
    settings = (d, 5, 5, least, 5, 1, _SOFTMAX, _SKIP_GRAM, buckets.size)
    lengths = (buckets.shortest, buckets.longest) if buckets.size else (0, 0)
    write_bytes(out, _HEAD + struct.pack("<12id", *settings, *lengths, 100, 1e-4))
    V = len(counts)
    write_bytes(out, struct.pack("<iiiqq", V, V, 0, int(counts.sum()), -1))


def _write_words(out: BinaryIO, words: list[bytes], counts: Int64) -> None:
    for start in range(0, len(words), _BLOCK):
        block = slice(start, start + _BLOCK)
        pairs = zip(words[block], counts[block].tolist(), strict=True)
        write_bytes(out, b"".join(word + struct.pack("<Bqb", 0, count, 0) for word, count in pairs))
