"""finalfusion's .fifu files: words, vectors, and n-grams for other words.

In: a path. Out: a `VectorFile`. Rows stay in the file, mapped into memory: do not modify the file
in place while they are in use.

After the magic bytes and the version comes the list of chunks, and then these: their kind, their
length in bytes, and their content. There is one vocabulary and one storage, whose rows are those of
the words and then those of n-grams. The kind of vocabulary says which row an n-gram has:

- **simple**: there are no n-grams.
- **fastText**: fastText's hash of its bytes, modulo the number of buckets.
- **buckets**: the last bits of a hash of 64 bits, FNV-1a, of its length and characters.
- **explicit**: the row that stands beside it.

The rows of words have length 1; the chunk of norms has the lengths that they had before.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from wordkin.system.files import damaged, require_file
from wordkin.system.mapping import map_array
from wordkin.system.types import Float32, StrPath
from wordkin.vectors.formats.finalfusion_storage import Bytes, Reader, read_dense, read_quantised
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngrams import LONGEST_NGRAM, LookedUpSubwords, Rows, hash_bytes, ngrams_of

_MAGIC = b"FiFu"
_SIMPLE, _DENSE, _BUCKETS, _QUANTISED, _NORMS, _FASTTEXT, _EXPLICIT = 1, 2, 3, 4, 6, 7, 8
_FLORET = 9
_VOCABULARIES = (_SIMPLE, _BUCKETS, _FASTTEXT, _EXPLICIT)
_STORAGES = (_DENSE, _QUANTISED)
_FLOAT32 = 10  # the number of the type

_Lookup = Callable[[str], Iterable[int]]


@dataclass(frozen=True)
class _Vocabulary:
    """The words, the number of rows of n-grams, and the rows of a word's n-grams, if any."""

    words: list[str]
    ngrams: int
    rows_of: _Lookup | None


@dataclass(frozen=True, eq=False)
class _Directions:
    """Composes vectors of length 1 of the rows of n-grams, as finalfusion does."""

    subwords: LookedUpSubwords

    needs_ngrams: ClassVar[bool] = False

    def number_of_ngrams(self, word: str) -> int:
        """Return how many n-grams of a word have a row."""
        return self.subwords.number_of_ngrams(word)

    def compose(self, words: Sequence[str], known: int = 0) -> Float32:
        """Return the mean of the rows of each word, scaled to length 1, unless it is zero."""
        found = self.subwords.compose(words, known)
        with np.errstate(over="ignore", invalid="ignore"):
            lengths = np.sqrt(np.square(found).sum(axis=1, keepdims=True))
            found /= np.where(lengths > 0, lengths, 1).astype(np.float32)
        return found


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read words and vectors with the lengths that they had before they were stored.

    Raises
    ------
    FormatError
        If it is not a file of finalfusion, is cut short or damaged, or has hashes of floret.
    OSError
        If it cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        # An empty file cannot be mapped.
        data: Bytes = map_array(file) if file.read(1) else np.empty(0, np.uint8)
    chunks = _chunks(path, data)
    named = _one(path, chunks, _VOCABULARIES, "vocabulary")
    storage = _storage(_one(path, chunks, _STORAGES, "storage"))
    vocabulary = _vocabulary(named, storage.shape[0])
    V = len(vocabulary.words)
    if storage.shape[0] != V + vocabulary.ngrams:
        raise damaged(
            path,
            0,
            f"{V} words and {vocabulary.ngrams} rows of n-grams, but {storage.shape[0]} rows",
        )
    kept = V if limit is None else min(limit, V)
    matrix: Float32 = storage[:kept].astype(np.float32, copy=False)
    for kind, norms in chunks:
        if kind == _NORMS:
            with np.errstate(over="ignore", invalid="ignore"):
                matrix = np.multiply(matrix, _norms(norms, V)[:kept, np.newaxis])
    subwords = None
    if vocabulary.rows_of:
        subwords = _Directions(LookedUpSubwords(None, storage, vocabulary.rows_of))
    return VectorFile(vocabulary.words[:kept], matrix, None, subwords)


def _chunks(path: StrPath, data: Bytes) -> list[tuple[int, Reader]]:
    """Return the kind and the content of each chunk."""
    reader = Reader(path, data, 0, len(data))
    if reader.bytes(4, "magic bytes").tobytes() != _MAGIC:
        raise damaged(path, 0, "not a file of finalfusion")
    version, count = reader.numbers("<II", "header")
    if version != 0:
        raise damaged(path, 4, f"the version must be 0, got {version}")
    listed = reader.bytes(4 * count, "list of chunks").tobytes()
    found = []
    while reader.left:
        kind, size = reader.numbers("<IQ", "chunk")
        at = reader.at
        if kind == _EXPLICIT:
            size = _explicit_size(Reader(path, data, at, len(data)), size)
        reader.bytes(size, f"chunk of {size:,} bytes")
        if kind == _FLORET:
            raise damaged(path, at, "a vocabulary of floret, whose hashes wordkin does not compute")
        found.append((kind, Reader(path, data, at, at + size)))
    missing = Counter(np.frombuffer(listed, "<u4").tolist()) - Counter(kind for kind, _ in found)
    if missing:  # norms may be there without being listed
        raise damaged(path, len(data), f"cut short: no chunk of the kind {min(missing)}")
    return found


def _explicit_size(reader: Reader, size: int) -> int:
    """Return the size of a chunk of explicit n-grams.

    finalfusion's Python package leaves out the rows, of 8 bytes each, when it counts the bytes.
    """
    begin = reader.at
    words, ngrams, _, _ = reader.numbers("<QQII", "vocabulary")
    if 4 * words + 12 * ngrams > reader.left:
        raise reader.damaged(f"cut short: {words:,} words and {ngrams:,} n-grams")
    for i in range(words + ngrams):
        (length,) = reader.numbers("<I", "word")
        reader.bytes(length + (0 if i < words else 8), "word")
    real = reader.at - begin
    return real if real == size + 8 * ngrams else size


def _one(
    path: StrPath, chunks: list[tuple[int, Reader]], kinds: tuple[int, ...], what: str
) -> tuple[int, Reader]:
    found = [chunk for chunk in chunks if chunk[0] in kinds]
    if len(found) != 1:
        raise damaged(path, 0, f"there must be 1 {what}, got {len(found)}")
    return found[0]


def _vocabulary(chunk: tuple[int, Reader], rows: int) -> _Vocabulary:
    """Return the words, which cannot be more than the rows, and the rule of their n-grams."""
    kind, reader = chunk
    (size,) = Reader(reader.path, reader.data, reader.at, reader.end).numbers("<Q", "vocabulary")
    if size > rows:
        raise reader.damaged(f"{size:,} words, but {rows:,} rows")
    if kind == _SIMPLE:
        (size,) = reader.numbers("<Q", "vocabulary")
        return _Vocabulary(_words(reader, size), 0, None)
    if kind == _EXPLICIT:
        size, ngrams, shortest, longest = reader.numbers("<QQII", "vocabulary")
        _require_lengths(reader, shortest, longest)
        words = _words(reader, size)
        table = _ngrams(reader, ngrams)
        count = len(set(table.values()))
        return _Vocabulary(words, count, partial(_explicit, table, len(words), shortest, longest))
    size, shortest, longest, buckets = reader.numbers("<QIII", "vocabulary")
    _require_lengths(reader, shortest, longest)
    if kind == _BUCKETS and buckets > 40:
        raise reader.damaged(f"2^{buckets} buckets are too many")
    count = 1 << buckets if kind == _BUCKETS else buckets
    if count < 1:
        raise reader.damaged("n-grams need buckets, got 0")
    words = _words(reader, size)
    hashed = _hash_of_characters if kind == _BUCKETS else _hash_of_fasttext
    return _Vocabulary(words, count, partial(_hashed, hashed, count, len(words), shortest, longest))


def _require_lengths(reader: Reader, shortest: int, longest: int) -> None:
    if not 1 <= shortest <= longest <= LONGEST_NGRAM:
        raise reader.damaged(
            f"n-grams must have 1 to {LONGEST_NGRAM} characters, got {shortest} to {longest}"
        )


def _words(reader: Reader, size: int) -> list[str]:
    at = reader.at
    if 4 * size > reader.left:
        raise reader.damaged(f"cut short: {size:,} words in {reader.left:,} bytes")
    words: dict[str, None] = {}
    for _ in range(size):
        (length,) = reader.numbers("<I", "word")
        word = reader.bytes(length, "word").tobytes().decode("utf-8", "surrogateescape")
        if word in words:
            raise damaged(reader.path, at, f"the word {word!r:.80} comes twice")
        words[word] = None
    return list(words)


def _ngrams(reader: Reader, size: int) -> dict[str, int]:
    """Return the rows of explicit n-grams, counted after the words: 0 to their number."""
    if 12 * size > reader.left:
        raise reader.damaged(f"cut short: {size:,} n-grams in {reader.left:,} bytes")
    table: dict[str, int] = {}
    for _ in range(size):
        (length,) = reader.numbers("<I", "n-gram")
        ngram = reader.bytes(length, "n-gram").tobytes().decode("utf-8", "surrogateescape")
        (table[ngram],) = reader.numbers("<Q", "n-gram")
    if table and max(table.values()) >= len(set(table.values())):
        raise reader.damaged(f"an n-gram has the row {max(table.values())}, but not all below have")
    return table


# The rules: functions that `partial` binds to a file, as closures could not be pickled.


def _explicit(
    table: dict[str, int], V: int, shortest: int, longest: int, word: str
) -> Iterable[int]:
    return (V + table[n] for n in ngrams_of(word, shortest, longest) if n in table)


def _hashed(
    hashed: Callable[[str], int], count: int, V: int, shortest: int, longest: int, word: str
) -> Iterable[int]:
    return (V + hashed(ngram) % count for ngram in ngrams_of(word, shortest, longest))


def _hash_of_fasttext(ngram: str) -> int:
    return hash_bytes(ngram.encode("utf-8", "surrogateescape"))


def _hash_of_characters(ngram: str) -> int:
    h = 0xCBF29CE484222325
    raw = struct.pack("<Q", len(ngram)) + ngram.encode("utf-32-le", "surrogatepass")
    for byte in raw:
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def _storage(chunk: tuple[int, Reader]) -> Rows:
    kind, reader = chunk
    return read_dense(reader) if kind == _DENSE else read_quantised(reader)


def _norms(reader: Reader, V: int) -> Float32:
    size, kind = reader.numbers("<QI", "norms")
    if size != V or kind != _FLOAT32:
        raise reader.damaged(f"there must be float32 norms of {V} words, got {size} of type {kind}")
    return reader.floats_at_end((V,))
