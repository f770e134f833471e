"""word2vec's text and binary formats, and GloVe's text format: one word and vector after another.

In: a path, or a `VectorFile`. Out: a `VectorFile`, or a complete file.

fastText's `.vec` is word2vec's text format, and GloVe's is the same without its first line. Fields
of text may be separated by several spaces and tabs. Files can be compressed by gzip, bzip2 or xz.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from wordkin._core import (
    ALL,
    LONGEST_LINE,
    BinaryVectors,
    TextVectors,
    VectorReader,
    binary_rows,
    text_dim,
    text_rows,
)
from wordkin.system.errors import FormatError
from wordkin.system.files import atomic_write, damaged, require_file
from wordkin.system.machine import cores
from wordkin.system.spelling import spell_words
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.system.wording import quantity
from wordkin.vectors.formats.decoding import HEAD_BYTES, Bytes, Decoder, decode_words
from wordkin.vectors.formats.obstacles import (
    SKIP_HINT,
    begins_with_mark,
    not_in_a_text,
    not_utf8,
    require_words,
    skipped_rows,
)
from wordkin.vectors.formats.packed import decompressed
from wordkin.vectors.formats.vector_file import VectorFile, checked, infinite_rows

CHUNK_BYTES = 1 << 22
"""The number of bytes read at a time, and the approximate number written at a time."""
TEXT_THREADS = cores()
"""The number of threads that parse and format text. The results do not depend on it."""

_LINES = 50  # of GloVe's format that decide the dimensions
_LONGEST_NUMBER = 20  # bytes, with the blank before it
_BAD_ROW = re.compile(r"(line|word) \d+")

_NewReader: TypeAlias = Callable[[int, bytes], VectorReader]
"""Makes a reader from the limit and the first bytes of the file."""
_FormatRows: TypeAlias = Callable[[bytes, Int64, Float32], list[bytes]]


def read_binary(
    path: StrPath,
    limit: int | None = None,
    *,
    skip_bad: bool = False,
    encoding: str | None = None,
) -> VectorFile:
    """Read word2vec's binary format. The newline after each vector may be missing.

    A word that is empty and a vector that is not finite are refused, or skipped with a note. The
    file may end before the number of words in its header, but not within a word.

    Parameters
    ----------
    path : path
    limit : int, optional
        Read only the first `limit` words.
    skip_bad : bool, optional
        Skip bad rows.
    encoding : str, optional
        The encoding of the words.

    Raises
    ------
    FormatError
        If the file is damaged. The error names the position of the damage.
    OSError
        If it cannot be opened or read.
    """
    file = _read(path, limit, lambda limit, _: BinaryVectors(limit=limit, skip_bad=skip_bad))
    if encoding is not None:
        file = replace(file, words=decode_words(path, file.words, encoding))
    return file


def read_text(
    path: StrPath,
    limit: int | None = None,
    *,
    skip_bad: bool = False,
    encoding: str | None = None,
) -> VectorFile:
    """Read word2vec's text format, also fastText's .vec.

    The file may have more or fewer rows than its header counts, blank lines, and no newline behind
    its last row, each with a note. Parameters and errors are those of `read_binary`.
    """

    def reader(limit: int, head: bytes) -> VectorReader:
        return TextVectors(header=True, limit=limit, skip_bad=skip_bad, dim=0, threads=TEXT_THREADS)

    return _read(path, limit, reader, Decoder(path, encoding))


def read_glove(
    path: StrPath,
    limit: int | None = None,
    *,
    skip_bad: bool = False,
    encoding: str | None = None,
) -> VectorFile:
    """Read GloVe's text format. Parameters, errors and notes are those of `read_text`.

    Most of the first lines decide the number of dimensions.
    """

    def reader(limit: int, head: bytes) -> VectorReader:
        lines = b"".join(head.splitlines(keepends=True)[:_LINES])  # whole ones
        dim = text_dim(lines[: lines.rfind(b"\n") + 1])
        return TextVectors(
            header=False, limit=limit, skip_bad=skip_bad, dim=dim, threads=TEXT_THREADS
        )

    return _read(path, limit, reader, Decoder(path, encoding))


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


def _read(
    path: StrPath, limit: int | None, new_reader: _NewReader, decoder: Decoder | None = None
) -> VectorFile:
    require_file(path)
    reader: VectorReader | None = None
    with decompressed(path) as stream:
        buffer = np.empty(max(CHUNK_BYTES, HEAD_BYTES), np.uint8)
        more = True
        while more and (size := stream.read_into(buffer.data)):
            piece = buffer[:size]
            if decoder is not None:
                piece = decoder.decode(piece)
            if reader is None:
                head = piece[: 1 << 22].tobytes() if decoder is not None else b""
                reader = new_reader(ALL if limit is None else limit, head)
            more = _feed(reader, piece)
        if reader is None:
            reader = new_reader(ALL, b"")
        if more and decoder is not None:
            more = _feed(reader, decoder.decode(buffer[:0], final=True))
        if more:
            reader.end()
    before = decoder.dropped if decoder is not None else 0
    if reader.damage is not None:
        raise _damage(path, reader, before)
    return _finished(path, reader, limit)


def _feed(reader: VectorReader, piece: Bytes) -> bool:
    """Give the reader a piece of the file; return whether it wants more."""
    return all(
        reader.feed(piece[start : start + CHUNK_BYTES])
        for start in range(0, len(piece), CHUNK_BYTES)
    )


def _damage(path: StrPath, reader: VectorReader, before: int) -> FormatError:
    """Return the error for damage, with what could be done about it."""
    assert reader.damage is not None
    at, what, arguments = reader.damage
    what = what.format(*map(_quoted, arguments))
    if what.startswith("more bytes than"):
        what += f"; limit={reader.declared} (--limit {reader.declared}) reads these"
    elif _BAD_ROW.match(what):
        what += SKIP_HINT
    return damaged(path, at + before, what)


def _finished(path: StrPath, reader: VectorReader, limit: int | None) -> VectorFile:
    """Return what was read, with notes of what was left out or taken for granted."""
    skipped, first = reader.skipped
    blank, declared, unended = reader.blank_lines, reader.declared, reader.unended
    words, matrix, in_other_bytes = reader.take()
    some = [what.format(*map(_quoted, arguments)) for _, what, arguments in first]
    if skipped > len(words):
        raise FormatError(
            f"{path}: {skipped:,} of {skipped + len(words):,} rows are bad, too many for skip_bad:"
            f" {'; '.join(some)}"
        )
    notes = []
    if skipped:
        notes.append(skipped_rows(skipped, some))
    if blank:
        notes.append(f"skipped {quantity(blank, 'blank line')}")
    rows = len(words) + skipped
    if declared not in (-1, rows) and limit != len(words):
        notes.append(
            f"the header counts {quantity(declared, 'word')}, and the file has {rows:,}: read these"
        )
    if unended:
        notes.append(
            "no line end follows the last row: if the file was cut short, its last number may lack"
            " digits"
        )
    if in_other_bytes:
        word = next(filter(not_utf8, words))
        notes.append(
            f"{quantity(in_other_bytes, 'word')} not in UTF-8, such as {word!r:.80}: if the file"
            " has another encoding, encoding='latin-1' (--encoding latin-1) names it"
        )
    words, matrix, repeated = _drop_repeated(words, matrix)
    return VectorFile(words, matrix, notes=(*notes, *repeated))


def _quoted(raw: bytes) -> str:
    return f"{raw.decode('utf-8', 'surrogateescape')!r:.80}"


def _drop_repeated(words: list[str], matrix: Float32) -> tuple[list[str], Float32, list[str]]:
    """Keep the first row of each word, moving rows in place; note repeated words."""
    if len(set(words)) == len(words):
        return words, matrix, []
    first: dict[str, int] = {}
    repeated = [word for i, word in enumerate(words) if first.setdefault(word, i) != i]
    rows = np.fromiter(first.values(), np.int64, len(first))  # rows only move towards the start
    step = max(1, CHUNK_BYTES // (4 * matrix.shape[1]))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        matrix[start : start + len(block)] = matrix[block]
    note = (
        f"{quantity(len(repeated), 'repeated word')}, such as {repeated[0]!r:.80}; the first vector"
        " of each is kept"
    )
    return list(first), matrix[: len(rows)], [note]


def _text_rows(words: bytes, offsets: Int64, rows: Float32) -> list[bytes]:
    return text_rows(words, offsets, rows, TEXT_THREADS)


def _too_long(format_rows: _FormatRows, dim: int) -> Callable[[str], str]:
    """Return what says why a reader would refuse a word: it, or its line, would be too long."""
    numbers = _LONGEST_NUMBER * dim if format_rows is _text_rows else 0
    longest = LONGEST_LINE - numbers

    def obstacle(word: str) -> str:
        if 4 * len(word) <= longest or len(word.encode("utf-8", "surrogateescape")) <= longest:
            return ""
        return f"is longer than {max(longest, 0):,} bytes"

    return obstacle


def _write(
    path: StrPath, vectors: VectorFile, format_rows: _FormatRows, header: bool = True
) -> None:
    encoded = spell_words(path, vectors.words)
    require_words(path, vectors.words, not_in_a_text)
    matrix = checked(path, "matrix", vectors.matrix, np.float32, (len(encoded), -1))
    require_words(path, vectors.words, _too_long(format_rows, matrix.shape[1]))
    if not header:
        require_words(path, vectors.words[:1], begins_with_mark)
    step = max(1, CHUNK_BYTES // (12 * matrix.shape[1]))  # a number takes about 12 bytes
    starts = range(0, len(encoded), step)
    infinite = infinite_rows(matrix)
    if infinite:
        word = vectors.words[infinite[0]]
        raise FormatError(f"{path}: vectors must be finite, that of {word!r:.80} is not")
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=1 << 20) as file:
        if header:
            file.write(b"%d %d\n" % matrix.shape)
        for start in starts:
            block = encoded[start : start + step]
            offsets = np.cumsum([0, *map(len, block)], dtype=np.int64)
            rows = np.ascontiguousarray(matrix[start : start + step])
            file.writelines(format_rows(b"".join(block), offsets, rows))
