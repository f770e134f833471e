"""Read a corpus in one pass.

In: files, or sentences as lists of words. Out: a `Corpus` with ids, vocabulary and counts. Text is
bytes, split on ASCII white space, one sentence per line; nothing is lower-cased, normalised, cut or
skipped. The native core does the work; this module opens the files and reports what is wrong with
them.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import numpy as np

from wordkin._core import TextReader
from wordkin.corpus.encoded import Corpus, Fingerprint
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.system.errors import CorpusError
from wordkin.system.progress import Progress
from wordkin.system.types import StrPath

Text: TypeAlias = StrPath | Iterable[StrPath] | Iterable[Sequence[str]]
"""A path (`-` is standard input), several paths, or an iterable of sentences as lists of words."""

HELD_OUT_FROM = 1_000
"""Non-empty lines that a text needs before lines are held out; fewer make a useless sample."""

_PIECE = 1 << 22  # bytes read at once: large enough to be fast, small enough for a quick Ctrl-C
_SENTENCES = 1 << 12  # between two progress reports
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_DAMAGED = (OSError, EOFError, lzma.LZMAError, zlib.error)  # raised for damaged archives


def read_corpus(
    text: Text,
    *,
    min_count: int = 1,
    max_vocab: int | None = None,
    held_out: float = 0.0,
    progress: Progress | None = None,
) -> Corpus:
    """Read a text once, for its vocabulary, ids, token statistics and fingerprint.

    The fingerprint covers the decompressed bytes of the files. For sentences it covers the bytes
    that a UTF-8 file of them would have: words separated by one space, a newline after each
    sentence.

    Parameters
    ----------
    text
        A path (`.gz`, `.bz2` and `.xz` files are decompressed, `-` is standard input), several
        paths, or an iterable of sentences, each a list of words.
    min_count
        Drop words that occur less often than this.
    max_vocab
        Keep at most this many words, the most frequent; of equally frequent words, those that
        occur first. None for no limit.
    held_out
        Share of the lines to set aside; their words are neither counted nor in `ids`. A hash of
        its number decides for each whole line, so the same text is always split the same way. If
        fewer than `HELD_OUT_FROM` lines have a word, nothing is held out.
    progress
        Receives the number of bytes or sentences read.

    Raises
    ------
    CorpusError
        If the text is empty or binary, or no word occurs `min_count` times.
    OSError
        If a file cannot be opened or read.
    ValueError
        If `held_out` is negative, or 1 or more.
    """
    if not 0 <= held_out < 1:
        raise ValueError(f"held_out must be at least 0 and below 1, got {held_out}")
    reader, digest = TextReader(), _Digest()
    progress = progress or Progress()
    if isinstance(text, (str, os.PathLike)):
        text = [text]
    first, items = _peek(text)
    if isinstance(first, (str, os.PathLike)):
        _read_files(reader, digest, _paths(items), progress)
    else:
        _read_sentences(reader, digest, cast("Iterable[Sequence[str]]", items), progress)
    tokens, lines, types = reader.tokens, reader.lines, reader.types
    if not tokens:
        raise CorpusError("the corpus is empty: it has no words")
    invalid_utf8 = reader.invalid_utf8_tokens
    if reader.lines_with_words < HELD_OUT_FROM:
        held_out = 0.0
    spelled, offsets, counts, ids, held_ids, held_tokens = reader.finish(
        min_count, max_vocab or 0, held_out
    )
    if held_tokens == tokens:
        raise CorpusError(f"all lines with words are held out: lower held_out = {held_out}")
    vocabulary = Vocabulary.from_bytes(spelled, offsets, counts)
    if not len(vocabulary):
        where, remedy = ("", "min_count")
        if held_tokens:
            where, remedy = (" outside the held-out lines", "min_count or held_out")
        raise CorpusError(
            f"none of the {types:,} distinct words occurs min_count = {min_count} times{where}:"
            f" lower {remedy}, or give more text"
        )
    return Corpus(
        vocabulary, ids, tokens, lines, invalid_utf8, held_ids, held_tokens, digest.fingerprint()
    )


class _Digest:
    """Computes the fingerprint of the bytes added to it."""

    def __init__(self) -> None:
        self._bytes = 0
        self._sha256 = hashlib.sha256()

    def add(self, data: bytes | memoryview) -> None:
        self._bytes += len(data)
        self._sha256.update(data)

    def fingerprint(self) -> Fingerprint:
        return Fingerprint(self._bytes, self._sha256.hexdigest())


def _peek(
    text: Iterable[StrPath] | Iterable[Sequence[str]],
) -> tuple[StrPath | Sequence[str], Iterable[StrPath | Sequence[str]]]:
    """Return the first item, and all of them, the first included."""
    try:
        items: Iterator[StrPath | Sequence[str]] = iter(text)
    except TypeError:
        raise CorpusError(
            f"a corpus is a path, paths, or lists of words, got {type(text).__name__}"
        ) from None
    for first in items:
        return first, chain([first], items)
    raise CorpusError("the corpus is empty: no file and no sentence was given")


def _paths(items: Iterable[StrPath | Sequence[str]]) -> list[Path]:
    paths = []
    for i, item in enumerate(items):
        if not isinstance(item, (str, os.PathLike)):
            raise CorpusError(
                f"item {i} must be a path like the items before it, got {type(item).__name__}"
            )
        paths.append(Path(item))
    return paths


def _read_sentences(
    reader: TextReader,
    digest: _Digest,
    sentences: Iterable[Sequence[str]],
    progress: Progress,
) -> None:
    for i, sentence in enumerate(sentences):
        if isinstance(sentence, (str, bytes)) or not hasattr(sentence, "__iter__"):
            raise CorpusError(
                f"sentence {i} must be a list of words, got {type(sentence).__name__}"
            )
        try:
            digest.add(reader.add_line(sentence))
        except (TypeError, UnicodeEncodeError) as error:
            raise CorpusError(f"sentence {i}: {error}") from None
        if i % _SENTENCES == 0:
            progress.reading(i, None, "sentences")


def _read_files(reader: TextReader, digest: _Digest, paths: list[Path], progress: Progress) -> None:
    total: int | None = 0
    for path in paths:  # check all files before reading the first
        if path.is_dir():
            raise CorpusError(f"a corpus must be files, got a folder: {path}")
        if path == Path("-"):
            total = None
            continue
        size = path.stat().st_size
        if not path.is_file():  # a pipe, which can be opened only once
            total = None
            continue
        with path.open("rb"):
            pass
        total = None if total is None or path.suffix in _OPENERS else total + size
    done = 0
    for path in paths:
        for piece in _pieces(path, digest):
            reader.feed(piece)
            done += len(piece)
            progress.reading(done, total, "bytes")
        reader.end_file()


def _pieces(path: Path, digest: _Digest) -> Iterator[np.ndarray[tuple[int], np.dtype[np.uint8]]]:
    """Yield the bytes of a file without its byte-order mark; raise CorpusError for a NUL byte.

    The digest receives all bytes, the mark included.
    """
    buffer = np.empty(_PIECE, np.uint8)
    at = 0
    with _open(path) as file:
        while True:
            size = _read(file, buffer, path)
            if not size:
                return
            piece = buffer[:size]
            if (zero := bytes(piece.data).find(0)) >= 0:
                raise CorpusError(
                    f"not a text: byte {at + zero:,} is NUL (a binary, compressed or UTF-16 file?):"
                    f" {path}"
                )
            digest.add(piece.data)
            skip = len(_BYTE_ORDER_MARK) if at == 0 and _starts_with_mark(piece) else 0
            at += size
            yield piece[skip:]


def _starts_with_mark(piece: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> bool:
    return piece[: len(_BYTE_ORDER_MARK)].tobytes() == _BYTE_ORDER_MARK


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    if path == Path("-"):
        if sys.stdin is None:
            raise CorpusError("standard input is closed: -")
        yield sys.stdin.buffer
        return
    with _OPENERS.get(path.suffix, open)(path, "rb") as file:
        yield file


def _read(file: IO[bytes], buffer: np.ndarray[tuple[int], np.dtype[np.uint8]], path: Path) -> int:
    """Fill the buffer, or read to the end of the file; a pipe returns less per call."""
    view, size = buffer.data, 0
    try:
        while size < len(view):
            got: int = file.readinto(view[size:])  # type: ignore[attr-defined]
            if not got:
                break
            size += got
    except _DAMAGED as error:
        if path.suffix not in _OPENERS:
            raise
        raise CorpusError(f"cannot be unpacked ({error}): {path}") from None
    return size
