"""word2vec's text and binary formats, and GloVe's text format: one word and vector after another.

In: a path, or a `VectorFile`. Out: a `VectorFile`, or a complete file.

fastText's `.vec` is word2vec's text format, and GloVe's is the same without its first line. Fields
of text may be separated by several spaces and tabs. Files can be compressed by gzip, bzip2 or xz.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from wordkin._core import ALL, BinaryVectors, TextVectors, VectorReader, binary_rows, text_rows
from wordkin.system.errors import FormatError, FormatWarning
from wordkin.system.files import atomic_write, damaged, require_file
from wordkin.system.machine import cores
from wordkin.system.notes import note
from wordkin.system.spelling import spell_words
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.vectors.formats.obstacles import not_in_a_text, require_words
from wordkin.vectors.formats.packed import decompressed
from wordkin.vectors.formats.vector_file import VectorFile, checked

CHUNK_BYTES = 1 << 22
"""The number of bytes read at a time, and the approximate number written at a time."""
TEXT_THREADS = cores()
"""The number of threads that parse and format text. The results do not depend on it."""

_NewReader: TypeAlias = Callable[..., VectorReader]
_FormatRows: TypeAlias = Callable[[bytes, Int64, Float32], list[bytes]]


def read_binary(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read word2vec's binary format. The newline after each vector may be missing.

    Raises
    ------
    FormatError
        If the file is damaged. The error names the position of the damage.
    OSError
        If it cannot be opened or read.

    Warns
    -----
    FormatWarning
        If words are repeated. The first vector of each word is kept.
    """
    return _read(path, limit, BinaryVectors)


def read_text(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read word2vec's text format, also fastText's .vec. Raises and warns as `read_binary`."""

    def reader(*, limit: int, room: int) -> VectorReader:
        return TextVectors(header=True, limit=limit, room=room, threads=TEXT_THREADS)

    return _read(path, limit, reader)


def read_glove(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read GloVe's text format. Raises and warns as `read_binary`.

    The last line may end without a newline, so a file that was cut short can go unnoticed.
    """

    def reader(*, limit: int, room: int) -> VectorReader:
        return TextVectors(header=False, limit=limit, room=room, threads=TEXT_THREADS)

    return _read(path, limit, reader)


def write_binary(path: StrPath, vectors: VectorFile) -> None:
    """Write a line "V d", then for each word its bytes, a space, d float32 numbers and a newline.

    Raises
    ------
    FormatError
        If a word is empty or contains white space, or a vector is not finite. Nothing is written.
    OSError
        If the file cannot be written.
    """
    _write(path, vectors, binary_rows)


def write_text(path: StrPath, vectors: VectorFile) -> None:
    """Write a line "V d", then a line per word with d decimals. Raises as `write_binary`."""
    _write(path, vectors, _text_rows)


def write_glove(path: StrPath, vectors: VectorFile) -> None:
    """Write a line per word, at least one, with d shortest decimals. Raises as `write_binary`."""
    if not vectors.words:
        raise FormatError(f"{path}: the format cannot hold 0 words: dim would be lost")
    _write(path, vectors, _text_rows, header=False)


def _read(path: StrPath, limit: int | None, new_reader: _NewReader) -> VectorFile:
    require_file(path)
    with decompressed(path) as stream:
        reader = new_reader(
            limit=ALL if limit is None else limit,
            room=ALL if stream.size is None else stream.size,
        )
        chunk = np.empty(CHUNK_BYTES, np.uint8)
        while size := stream.read_into(chunk.data):
            if not reader.feed(chunk[:size]):
                break
        else:
            reader.end()
    if reader.damage is not None:
        at, what, arguments = reader.damage
        raise damaged(path, at, what.format(*map(_quoted, arguments)))
    words, matrix = reader.take()
    return VectorFile(*_drop_repeated(path, words, matrix))


def _quoted(raw: bytes) -> str:
    return f"{raw.decode('utf-8', 'surrogateescape')!r:.80}"


def _drop_repeated(path: StrPath, words: list[str], matrix: Float32) -> tuple[list[str], Float32]:
    """Keep the first row of each word, moving rows in place; warn of repeated words."""
    if len(set(words)) == len(words):
        return words, matrix
    first: dict[str, int] = {}
    repeated = [word for i, word in enumerate(words) if first.setdefault(word, i) != i]
    rows = np.fromiter(first.values(), np.int64, len(first))  # rows only move towards the start
    step = max(1, CHUNK_BYTES // (4 * matrix.shape[1]))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        matrix[start : start + len(block)] = matrix[block]
    note(
        f"{os.fspath(path)}: {len(repeated):,} repeated words, such as {repeated[0]!r:.80};"
        " the first vector of each is kept",
        FormatWarning,
    )
    return list(first), matrix[: len(rows)]


def _text_rows(words: bytes, offsets: Int64, rows: Float32) -> list[bytes]:
    return text_rows(words, offsets, rows, TEXT_THREADS)


def _write(
    path: StrPath, vectors: VectorFile, format_rows: _FormatRows, header: bool = True
) -> None:
    encoded = spell_words(path, vectors.words)
    require_words(path, vectors.words, not_in_a_text)
    matrix = checked(path, "matrix", vectors.matrix, np.float32, (len(encoded), -1))
    step = max(1, CHUNK_BYTES // (12 * matrix.shape[1]))  # a number takes about 12 bytes
    starts = range(0, len(encoded), step)
    for start in starts:
        finite = np.isfinite(matrix[start : start + step]).all(axis=1)
        if not finite.all():
            word = vectors.words[start + int(np.argmin(finite))]
            raise FormatError(f"{path}: vectors must be finite, that of {word!r:.80} is not")
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=1 << 20) as file:
        if header:
            file.write(b"%d %d\n" % matrix.shape)
        for start in starts:
            block = encoded[start : start + step]
            offsets = np.cumsum([0, *map(len, block)], dtype=np.int64)
            rows = np.ascontiguousarray(matrix[start : start + step])
            file.writelines(format_rows(b"".join(block), offsets, rows))
