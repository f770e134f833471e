"""Files of a word and its numbers, row after row: word2vec's text and binary, and GloVe's.

In: a path; or words and a matrix. Out: a `VectorFile`; or a file, whole or not at all.

Text is parsed with any blanks between fields. fastText's `.vec` is word2vec's text format, GloVe's
is that without its first line. Packed files (gzip, bzip2, xz) are unpacked on the way.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from wordkin._core import ALL, BinaryVectors, TextVectors, VectorReader, binary_rows, text_rows
from wordkin.system.errors import FormatError, FormatWarning
from wordkin.system.files import atomic_write, damaged, require_file
from wordkin.system.machine import cores
from wordkin.system.spelling import spell_words
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.vectors.formats.obstacles import not_in_a_text, require_words
from wordkin.vectors.formats.packed import unpacked
from wordkin.vectors.formats.vector_file import VectorFile, checked

PIECE = 1 << 22
"""Bytes that are read, and about as many that are written, at a time."""
THREADS = cores()
"""Threads that parse and format text; they change nothing of what comes out."""


def read_binary(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read word2vec's binary format. The newline after each vector may be missing.

    Raises
    ------
    FormatError
        If the file is damaged; it names the first byte that is not as it should be.
    OSError
        If it cannot be opened or read.

    Warns
    -----
    FormatWarning
        If words come twice: the first of each is kept.
    """
    return _read(path, limit, BinaryVectors)


def read_text(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read word2vec's text format, also fastText's .vec. Raises and warns as `read_binary`."""

    def lines(*, limit: int, room: int) -> VectorReader:
        return TextVectors(header=True, limit=limit, room=room, threads=THREADS)

    return _read(path, limit, lines)


def read_glove(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read GloVe's text format. Raises and warns as `read_binary`.

    The last line need not have an end. That numbers or lines behind it are missing, nobody can see.
    """

    def lines(*, limit: int, room: int) -> VectorReader:
        return TextVectors(header=False, limit=limit, room=room, threads=THREADS)

    return _read(path, limit, lines)


def write_binary(path: StrPath, vectors: VectorFile) -> None:
    """Write a line "V d", then for each word its bytes, a space, d float32 and a newline."""
    _write(path, vectors, binary_rows)


def write_text(path: StrPath, vectors: VectorFile) -> None:
    """Write a line "V d", then a line for each word with d shortest decimals."""
    _write(path, vectors, _text_rows)


def write_glove(path: StrPath, vectors: VectorFile) -> None:
    """Write a line for each word, at least one, with d shortest decimals."""
    if not vectors.words:
        raise FormatError(f"{path}: the format cannot hold 0 words: nothing would tell dim")
    _write(path, vectors, _text_rows, header=False)


_NewReader: TypeAlias = Callable[..., VectorReader]
_Rows: TypeAlias = Callable[[bytes, Int64, Float32], list[bytes]]


def _read(path: StrPath, limit: int | None, new_reader: _NewReader) -> VectorFile:
    require_file(path)
    with unpacked(path) as stream:
        reader = new_reader(
            limit=ALL if limit is None else limit,
            room=ALL if stream.size is None else stream.size,
        )
        piece = np.empty(PIECE, np.uint8)
        while size := stream.read_into(piece.data):
            if not reader.feed(piece[:size]):
                break
        else:
            reader.end()
    if reader.damage is not None:
        at, what, quoted = reader.damage
        raise damaged(path, at, what.format(*map(_shown, quoted)))
    words, matrix = reader.take()
    return VectorFile(*_first_of_each(path, words, matrix))


def _shown(raw: bytes) -> str:
    return f"{raw.decode('utf-8', 'surrogateescape')!r:.80}"


def _first_of_each(path: StrPath, words: list[str], matrix: Float32) -> tuple[list[str], Float32]:
    """Drop the later rows of words that come twice, in place, and warn of them."""
    if len(set(words)) == len(words):
        return words, matrix
    first: dict[str, int] = {}
    later = [word for i, word in enumerate(words) if first.setdefault(word, i) != i]
    rows = np.fromiter(first.values(), np.int64, len(first))  # none lies before its new place
    step = max(1, PIECE // (4 * matrix.shape[1]))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        matrix[start : start + len(some)] = matrix[some]
    warnings.warn(
        FormatWarning(
            f"{os.fspath(path)}: words that come again: {len(later):,}, the first is "
            f"{later[0]!r:.80}; the first vector of each is kept"
        ),
        stacklevel=6,  # whoever called `wordkin.load`
    )
    return list(first), matrix[: len(rows)]


def _text_rows(words: bytes, offsets: Int64, rows: Float32) -> list[bytes]:
    return text_rows(words, offsets, rows, THREADS)


def _write(path: StrPath, vectors: VectorFile, lay_out: _Rows, header: bool = True) -> None:
    spelled = spell_words(path, vectors.words)
    require_words(path, vectors.words, not_in_a_text)
    matrix = checked(path, "matrix", vectors.matrix, np.float32, (len(spelled), -1))
    step = max(1, PIECE // (12 * matrix.shape[1]))  # a number takes about so many bytes
    starts = range(0, len(spelled), step)
    for start in starts:
        finite = np.isfinite(matrix[start : start + step]).all(axis=1)
        if not finite.all():
            word = vectors.words[start + int(np.argmin(finite))]
            raise FormatError(f"{path}: vectors must be finite, the one of {word!r:.80} is not")
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=1 << 20) as file:
        if header:
            file.write(b"%d %d\n" % matrix.shape)
        for start in starts:
            some = spelled[start : start + step]
            offsets = np.cumsum([0, *map(len, some)], dtype=np.int64)
            rows = np.ascontiguousarray(matrix[start : start + step])
            file.writelines(lay_out(b"".join(some), offsets, rows))
