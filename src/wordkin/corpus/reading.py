"""Read a corpus in one pass.

In: files, or sentences as lists of words. Out: a `Corpus` with ids, vocabulary and counts. Text is
bytes, split on ASCII white space, one sentence per line; nothing is lower-cased, normalised, cut or
skipped. The native core does the work; `files` finds and opens the files, and `sentences` says what
is no list of words.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import Any, TypeAlias, cast

import numpy as np

from wordkin._core import TextReader
from wordkin.corpus import files, sentences
from wordkin.corpus.encoded import Corpus, Fingerprint
from wordkin.corpus.ids_on_disk import IdsOnDisk
from wordkin.corpus.pieces import FEW_LINES, piece_length
from wordkin.corpus.reading_files import FilesReader, threads_for
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.system.errors import CorpusError, CorpusWarning
from wordkin.system.notes import note
from wordkin.system.progress import Progress
from wordkin.system.types import StrPath

Text: TypeAlias = (
    StrPath | files.Readable | Iterable[StrPath | files.Readable] | Iterable[Iterable[str]]
)
"""A path (`-` is standard input), an open file, several of them, or sentences as lists of words."""

HELD_OUT_FROM = FEW_LINES
"""Non-empty lines, or pieces of long ones, that a text needs before any are held out; fewer make a
useless sample."""

_SENTENCES = 1 << 12  # between two progress reports


def read_corpus(
    text: Text,
    *,
    min_count: int = 1,
    max_vocab: int | None = None,
    held_out: float = 0.0,
    window: int | str = "line",
    threads: int = 1,
    memory: int | None = None,
    folder: StrPath | None = None,
    progress: Progress | None = None,
) -> Corpus:
    """Read a text once, for its vocabulary, ids, token statistics and fingerprint.

    The fingerprint covers the decompressed bytes of the files. For sentences it covers the bytes
    that a UTF-8 file of them would have: words separated by one space, a newline after each
    sentence.

    Parameters
    ----------
    text
        A path (files compressed by gzip, bzip2, xz or Zstandard are decompressed, `-` is standard
        input); a folder or a pattern such as ``texts/*.txt``, for all its files in the order of
        their names; an open file, which is read from where it stands; several of these; or an
        iterable of sentences, each a list of words. Of the words of a list, empty ones are left
        out, with a note; others are kept as they are.
    min_count
        Drop words that occur less often than this.
    max_vocab
        Keep at most this many words, the most frequent; of equally frequent words, those that
        occur first. None for no limit.
    held_out
        Share of the lines to set aside; their words are counted, but not in `ids`. A hash of its
        number decides for each whole line, so the same text is always split the same way. If fewer
        than `HELD_OUT_FROM` lines have a word, nothing is held out, unless lines are so long that
        pieces of them can be (`corpus.pieces`).
    window
        The window of the training, for the length of pieces; "line" holds out whole lines only.
    threads
        Number of threads that read files; the result is the same for any.
    memory
        Bytes that reading may take, beside the vocabulary. If the ids would take more than half of
        them, they are mapped from a file without a name. None for what is available.
    folder
        The folder of this file; by default the system's folder for temporary files.
    progress
        Receives the number of bytes or sentences read.

    Raises
    ------
    CorpusError
        If the text is empty or binary, no word occurs `min_count` times, or an item is neither a
        file nor a list of words. The message has the type and the place of the item.
    OSError
        If a file cannot be opened or read, or the ids cannot be written to the folder.
    SettingsError
        If `memory` is too little for a piece of the text for each thread.
    ValueError
        If `held_out` is negative, or 1 or more.

    Warns
    -----
    CorpusWarning
        If empty words were left out, or words have white space inside.
    """
    if not 0 <= held_out < 1:
        raise ValueError(f"held_out must be at least 0 and below 1, got {held_out}")
    digest = _Digest()
    progress = progress or Progress()
    sentences.require_corpus(text)
    first, items = _peek([text] if _is_file(text) else text)
    with closing(IdsOnDisk(memory, folder, threads)) as disk:
        if _is_file(first):
            named = files.text_files(items, sentences.type_of(text))
            threads = threads_for(named, threads)
            reader = disk.reader(threads, files.total_size(named))
            FilesReader(reader, digest.add, named, progress, threads, disk).read()
        else:
            reader = disk.reader(1, None)
            _read_sentences(reader, digest, items, progress, disk)
        if not reader.tokens:
            raise CorpusError("the corpus is empty: it has no words")
        _note_words(reader)
        limits = (min_count, max_vocab or 0)
        return _finished(reader, limits, held_out, window, disk, digest.fingerprint())


def _finished(
    reader: TextReader,
    limits: tuple[int, int],
    held_out: float,
    window: int | str,
    disk: IdsOnDisk,
    fingerprint: Fingerprint,
) -> Corpus:
    """Return what was read."""
    tokens, lines, types = reader.tokens, reader.lines, reader.types
    invalid_utf8 = reader.invalid_utf8_tokens
    piece = piece_length(window, tokens, reader.lines_with_words) if held_out else 0
    if (tokens // piece if piece else reader.lines_with_words) < HELD_OUT_FROM:
        held_out, piece = 0.0, 0
    spelled, offsets, counts, ids, held_ids, held_counts, held_tokens = disk.finish(
        reader, (*limits, held_out, piece)
    )
    if held_tokens == tokens:
        raise CorpusError(f"all lines with words are held out: lower held_out = {held_out}")
    vocabulary = Vocabulary.from_bytes(spelled, offsets, counts)
    if not len(vocabulary):
        raise CorpusError(
            f"none of the {types:,} distinct words occurs min_count = {limits[0]} times:"
            " lower min_count, or give more text"
        )
    return Corpus(
        vocabulary,
        ids,
        tokens,
        lines,
        invalid_utf8,
        held_ids,
        held_tokens,
        fingerprint,
        held_counts if held_tokens else np.empty(0, np.int64),
        piece,
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


def _is_file(item: object) -> bool:
    return isinstance(item, str | os.PathLike) or files.is_open_file(item)


def _peek(text: Any) -> tuple[Any, Iterator[Any]]:
    """Return the first item, and all of them, the first included."""
    try:
        items: Iterator[Any] = iter(text)
    except TypeError:
        raise CorpusError(
            f"a corpus is a path, paths, or lists of words, got {sentences.type_of(text)}"
        ) from None
    for first in items:
        return first, chain([first], items)
    once = " (a generator gives its items only once)" if items is text else ""
    raise CorpusError(f"the corpus is empty: no file and no sentence was given{once}")


def _read_sentences(
    reader: TextReader,
    digest: _Digest,
    items: Iterable[Any],
    progress: Progress,
    disk: IdsOnDisk,
) -> None:
    for i, sentence in enumerate(items):
        usual = type(sentence) in (list, tuple)  # no named tuple, which is a row of a table
        if not usual and (wrong := sentences.wrong_sentence(i, sentence)):
            raise wrong
        try:
            line = reader.add_line(sentence)
        except OSError as error:
            raise disk.failed(error) if reader.spilled else error from None
        if isinstance(line, tuple):
            raise sentences.wrong_word(i, sentence, *line)
        digest.add(cast(bytes, line))
        if i % _SENTENCES == 0:
            progress.reading(i, None, "sentences")


def _note_words(reader: TextReader) -> None:
    """Note words that were left out, and words that may not be what was meant."""
    if reader.empty_words:
        note(
            f"left out empty words (''), {reader.empty_words:,} in all: text that is split by"
            " line.split() has none",
            CorpusWarning,
        )
    for ascii, remedy in (
        (True, "no text format can hold it: join its parts, as in new_york"),
        (False, "words end at ASCII white space alone: replace it if it should part words"),
    ):
        number, example = reader.spaced_tokens(ascii)
        if number:
            shown = repr(example.decode("utf-8", "surrogateescape"))
            kind = "" if ascii else " that is not ASCII"
            note(
                f"words have white space inside{kind}, {number:,} in all, such as {shown:.60};"
                f" {remedy}",
                CorpusWarning,
            )
