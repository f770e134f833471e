"""Detection of a file's format by its first bytes, decompressed if necessary.

In: a path. Out: the name of a format, or an error that says why the format is unknown.
"""

from __future__ import annotations

import os
import re
from codecs import getincrementaldecoder
from pathlib import Path

from wordkin.system.files import damaged, require_file
from wordkin.system.types import StrPath
from wordkin.vectors.formats import fasttext, spacy, token_folder
from wordkin.vectors.formats.packed import decompressed

HEAD_BYTES = 1 << 16
"""The number of bytes to read from the beginning of a file."""

_FOLDERS = (("spacy", spacy.is_folder), ("sentence-transformers", token_folder.is_folder))

_SIGNATURES = (
    # The length of the header, below 2**40, then JSON.
    ("safetensors", re.compile(rb".{5}\0{3}\{", re.DOTALL)),
    ("fasttext", re.compile(re.escape((793712314).to_bytes(4, "little")))),
    ("gensim", re.compile(rb"\x80[\x00-\x05]")),  # a pickle
    ("finalfusion", re.compile(rb"FiFu")),
    ("parquet", re.compile(rb"PAR1")),
    ("arrow", re.compile(rb"ARROW1")),
    ("arrow", re.compile(rb"\xff{4}.{3}\0.{3}\0", re.DOTALL)),  # a stream
    ("npy", re.compile(rb"\x93NUMPY")),
)

_UNSUPPORTED = (
    (re.compile(rb"PK\x03\x04"), "a zip archive: unpack it first"),
    (
        re.compile(rb"\xef\xbb\xbf\d+ \d+[ \r]*\n"),
        "begins with a byte order mark: save the file without it",
    ),
    (
        re.compile(rb"-?\d*\.\d+(e-?\d+)?(\t-?\d+(\.\d+)?(e-?\d+)?)+\r?\n"),
        "numbers without words, as in a .tsv for the Embedding Projector, which cannot be read",
    ),
)

_HEADER = re.compile(rb"[ \t]*[+-]?\d+[ \t]+[+-]?(\d+)[ \t\r]*(\n|$)")

_NUMBER = re.compile(
    rb"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE
)
_COMPRESSIBLE = ("word2vec-text", "word2vec-binary", "glove")


def sniff(path: StrPath) -> str:
    """Return the name of a file's format, as `wordkin.vectors.formats.sniff`, with its errors."""
    if os.path.isdir(path):
        for format, is_folder in _FOLDERS:
            if is_folder(path):
                return format
    require_file(path)
    with decompressed(path) as stream:
        head = bytearray(HEAD_BYTES)
        size = stream.read_into(memoryview(head))
        compression = stream.compression
    if not size:
        raise damaged(path, 0, "is empty")
    for signature, what in _UNSUPPORTED:
        if signature.match(head):
            raise damaged(path, 0, what)
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    name = _by_content(bytes(head[:size]), size < HEAD_BYTES, ".bin" in suffixes[-2:])
    if not name:
        raise damaged(
            path,
            0,
            "not a known format of vectors: begins neither with 'words dimensions', nor with a word"
            " and its numbers, nor with the signature of a binary format",
        )
    if compression and name not in _COMPRESSIBLE:
        raise damaged(
            path, 0, f"a file in the format {name} packed by {compression}: unpack it first"
        )
    return name


def _by_content(head: bytes, whole: bool, bin_suffix: bool) -> str | None:
    for name, signature in _SIGNATURES:
        if signature.match(head):
            return name
    if fasttext.is_old(head):
        return "fasttext"
    if header := _HEADER.match(head):
        d, rows = int(header[1][:18]), head[header.end() :]
        binary = _is_binary(rows, d, whole, bin_suffix)
        return "word2vec-binary" if binary else "word2vec-text"
    line, newline, _ = head.partition(b"\n")
    fields = line.split()
    if not newline and not whole:
        del fields[-1:]  # may be incomplete
    numbers = len(fields) > 1 and bool(_NUMBER.fullmatch(fields[-1]))
    # Two words and a number are a line of a similarity file.
    return "glove" if numbers and (len(fields) == 2 or _NUMBER.fullmatch(fields[-2])) else None


def _is_binary(rows: bytes, d: int, whole: bool, bin_suffix: bool) -> bool:
    """Return whether the rows after a header are binary: the first word, then d float32 numbers."""
    line, newline, _ = rows.partition(b"\n")
    fields = line.split()[1:]
    complete = bool(newline) or whole
    if not complete:
        del fields[-1:]  # may be incomplete
    numbers = [field for field in fields[-d:] if _NUMBER.fullmatch(field)]
    start = rows.find(b" ") + 1
    end = start + 4 * d  # of the first vector, if it is binary
    if numbers and len(numbers) >= (d if complete else len(fields)):
        return bin_suffix and len(rows) >= end and rows[end : end + 1] in (b"", b"\n")
    return bin_suffix or not _is_text(rows[start:end])  # damaged text is still text


def _is_text(raw: bytes) -> bool:
    try:
        text = getincrementaldecoder("utf-8")().decode(raw)  # the last character may be incomplete
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\0-\x08\x0b\x0c\x0e-\x1f]", text)
