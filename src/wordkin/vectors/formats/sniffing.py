"""Which format a file has, told by what it begins with.

In: a path. Out: the name of a format. Reads a little of the file; packed ones are looked into. May
import `errors` of ours, and the rooms of formats that know none of them.
"""

from __future__ import annotations

import os
import re
from codecs import getincrementaldecoder
from pathlib import Path

from wordkin.system.files import damaged, require_file
from wordkin.system.types import StrPath
from wordkin.vectors.formats.packed import unpacked

HEAD = 1 << 16
"""Bytes of a file that are looked at."""

_FOLDERS = (("modules.json",), ("model.safetensors", "tokenizer.json"))

_BEGINNINGS = (
    ("safetensors", re.compile(rb".{5}\0{3}\{", re.DOTALL)),  # its length, below 2**40, then JSON
    ("fasttext", re.compile(re.escape((793712314).to_bytes(4, "little")))),
    ("gensim", re.compile(rb"\x80[\x00-\x05]")),  # a pickle
    ("parquet", re.compile(rb"PAR1")),
    ("arrow", re.compile(rb"ARROW1")),
    ("npy", re.compile(rb"\x93NUMPY")),
)

_UNWANTED = (
    (re.compile(rb"PK\x03\x04"), "a zip archive: unpack it first"),
    (re.compile(rb"\xef\xbb\xbf\d+ \d+[ \r]*\n"), "begins with a byte order mark: save it without"),
    (
        re.compile(rb"-?\d*\.\d+(e-?\d+)?(\t-?\d+(\.\d+)?(e-?\d+)?)+\r?\n"),
        "numbers without words, as in a .tsv for the Embedding Projector, which cannot be read",
    ),
)

_HEADER = re.compile(rb"[ \t]*[+-]?\d+[ \t]+[+-]?(\d+)[ \t\r]*(\n|$)")

_NUMBER = re.compile(
    rb"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE
)
_FROM_PACKED = ("word2vec-text", "word2vec-binary", "glove")


def sniff(path: StrPath) -> str:
    """Return the name of the format of a file; `wordkin.formats.sniff` says more."""
    if os.path.isdir(path) and any(_holds(path, names) for names in _FOLDERS):
        return "sentence-transformers"
    require_file(path)
    with unpacked(path) as stream:
        head = bytearray(HEAD)
        size = stream.read_into(memoryview(head))
        packed = stream.packed
    if not size:
        raise damaged(path, 0, "is empty")
    for begins, what in _UNWANTED:
        if begins.match(head):
            raise damaged(path, 0, what)
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    name = _of_content(bytes(head[:size]), size < HEAD, ".bin" in suffixes[-2:])
    if not name:
        raise damaged(
            path,
            0,
            "begins like no known format of vectors: neither with 'words dimensions', nor with a"
            " word and its numbers, nor as a binary format does",
        )
    if packed and name not in _FROM_PACKED:
        raise damaged(path, 0, f"a file in the format {name} packed by {packed}: unpack it first")
    return name


def _holds(folder: StrPath, names: tuple[str, ...]) -> bool:
    return all(Path(folder, name).is_file() for name in names)


def _of_content(head: bytes, whole: bool, named_binary: bool) -> str | None:
    for name, begins in _BEGINNINGS:
        if begins.match(head):
            return name
    if header := _HEADER.match(head):
        d, rows = int(header[1][:18]), head[header.end() :]
        binary = _is_binary(rows, d, whole, named_binary)
        return "word2vec-binary" if binary else "word2vec-text"
    line, newline, _ = head.partition(b"\n")
    fields = line.split()
    if not newline and not whole:
        del fields[-1:]  # it may be cut
    numbers = len(fields) > 1 and bool(_NUMBER.fullmatch(fields[-1]))
    # Two words and a number are a pair of a file of questions.
    return "glove" if numbers and (len(fields) == 2 or _NUMBER.fullmatch(fields[-2])) else None


def _is_binary(rows: bytes, d: int, whole: bool, named_binary: bool) -> bool:
    """Tell what stands behind a header: d float32 behind the first word, or d numbers."""
    line, newline, _ = rows.partition(b"\n")
    fields = line.split()[1:]
    complete = bool(newline) or whole
    if not complete:
        del fields[-1:]  # it may be cut
    numbers = [field for field in fields[-d:] if _NUMBER.fullmatch(field)]
    start = rows.find(b" ") + 1
    end = start + 4 * d  # of the first vector, if these are float32
    if numbers and len(numbers) >= (d if complete else len(fields)):
        return named_binary and len(rows) >= end and rows[end : end + 1] in (b"", b"\n")
    return named_binary or not _is_text(
        rows[start:end]
    )  # text that is damaged is text nevertheless


def _is_text(raw: bytes) -> bool:
    try:
        text = getincrementaldecoder("utf-8")().decode(raw)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\0-\x08\x0b\x0c\x0e-\x1f]", text)
