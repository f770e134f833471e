"""Detection of a file's format by its first bytes, decompressed if necessary.

In: a path. Out: the name of a format, or an error that says why the file is none of vectors.
"""

from __future__ import annotations

import os
import re
from codecs import getincrementaldecoder
from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np

from wordkin.system.files import damaged, require_file
from wordkin.system.types import StrPath
from wordkin.vectors.formats.decoding import HEAD_BYTES, Decoder
from wordkin.vectors.formats.mistaken import describe_content, describe_table
from wordkin.vectors.formats.packed import decompressed
from wordkin.vectors.formats.sources import original

_FOLDERS = (("spacy", "spacy"), ("sentence-transformers", "token_folder"))
"""The formats that are folders, and the module whose `is_folder` knows them."""

_SIGNATURES = (
    # The length of the header, below 2**40, then JSON.
    ("safetensors", re.compile(rb".{5}\0{3}\{", re.DOTALL)),
    ("fasttext", re.compile(re.escape((793712314).to_bytes(4, "little")))),
    ("gensim", re.compile(rb"\x80[\x00-\x05]")),  # a pickle
    ("finalfusion", re.compile(rb"FiFu")),
    ("parquet", re.compile(rb"PAR1")),
    ("arrow", re.compile(rb"ARROW1")),
    ("arrow", re.compile(rb"\xff{4}.{3}\0.{3}\0", re.DOTALL)),  # a stream
    ("npy", re.compile(rb"\x93NUMPY|PK\x03\x04")),  # an archive of arrays is not unpacked
)

_MAY_BE_OLD_FASTTEXT = re.compile(rb"..\0\0", re.DOTALL)  # dimensions below 2**16 as an int32

_HEADER = re.compile(rb"[ \t]*[+-]?\d+[ \t]+[+-]?(\d+)[ \t\r]*(\n|$)")

_NUMBER = re.compile(
    rb"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE
)
_WHOLE = re.compile(rb"[+-]?\d+")
_QUOTED = re.compile(rb"\"[^\"]+\"|'[^']+'")
_LINES = 50  # to look at

_UNKNOWN = (
    "not a known format of vectors: begins neither with 'words dimensions', nor with a word and its"
    " numbers, nor with the signature of a binary format"
)
_GLOVE = "; format='glove' (--from glove) reads it as vectors all the same"


def sniff(path: StrPath, encoding: str | None = None) -> str:
    """Return the name of a file's format, as `wordkin.vectors.formats.sniff`, with its errors."""
    if os.path.isdir(path):
        for format, module in _FOLDERS:
            if import_module(f"wordkin.vectors.formats.{module}").is_folder(path):
                return format
    require_file(path)
    with decompressed(path) as stream:
        raw = bytearray(HEAD_BYTES)
        size = stream.read_into(memoryview(raw))
        names = [original(path), stream.member]
    if not size:
        raise damaged(path, 0, "is empty")
    head, whole = bytes(raw[:size]), size < HEAD_BYTES
    for name, signature in _SIGNATURES:
        if signature.match(head):
            return name
    if _MAY_BE_OLD_FASTTEXT.match(head):
        from wordkin.vectors.formats import fasttext

        if fasttext.is_old(head):
            return "fasttext"
    bin_suffix = any(
        suffix.lower() == ".bin" for name in names for suffix in Path(name).suffixes[-2:]
    )
    if header := _HEADER.match(head):
        d, rows = int(header[1][:18]), head[header.end() :]
        if _is_binary(rows, d, whole, bin_suffix):
            return "word2vec-binary"
    text = Decoder(path, encoding).decode(np.frombuffer(raw, np.uint8)[:size], whole).tobytes()
    if _HEADER.match(text):
        return "word2vec-text"
    obstacle = describe_table(text) or _obstacle_to_glove(text, whole)
    if obstacle is None:
        return "glove"
    raise damaged(path, 0, obstacle or describe_content(head, text) or _UNKNOWN)


def _obstacle_to_glove(text: bytes, whole: bool) -> str | None:
    """Return None for lines of a word and its numbers; else what they are, or "" if unknown."""
    *lines, last = text.split(b"\n")
    if whole or not lines:
        lines.append(last if whole else last.rpartition(b" ")[0])  # may be cut in a number
    rows = [fields for line in lines[:_LINES] if (fields := line.split())]
    counts = Counter(map(_count_numbers, rows))
    without_numbers = counts.pop(0, 0)
    if not counts or without_numbers > len(rows) / 2:
        return ""
    numbers = [fields for fields in rows if all(map(_NUMBER.fullmatch, fields))]
    if len(numbers) == len(rows):
        first = all(_WHOLE.fullmatch(fields[0]) for fields in rows)
        rest = all(_WHOLE.fullmatch(field) for fields in rows for field in fields[1:])
        if not first or (rest and len(rows) > 1):  # one line of whole numbers may be a word's
            return (
                "not a known format of vectors: numbers without words, as np.savetxt writes"
                f" them; save the matrix as .npy, with its words in a text file beside it{_GLOVE}"
            )
    d = max(counts, key=lambda count: (counts[count], count))
    if d == 1:
        return describe_content(b"", text) or (
            "not a known format of vectors: one number in a line, as in a list of counts"
            f" (GloVe's vocab.txt) or of similarities{_GLOVE}"
        )
    if len(rows) > 1 and all(_QUOTED.fullmatch(fields[0]) for fields in rows):
        return (
            "not a known format of vectors: all words are in quotes, which would be part of them;"
            f" write the table without quotes{_GLOVE}"
        )
    indexed = all(_WHOLE.fullmatch(fields[0]) for fields in rows)
    if len(rows) > 1 and (d < 10 or indexed) and all(len(fields) > d + 1 for fields in rows):
        return (
            "not a known format of vectors: several words in each line, as in a table of"
            f" similarities, or of rows with their numbers{_GLOVE}"
        )
    return None


def _count_numbers(fields: list[bytes]) -> int:
    """Return how many numbers a line ends with, besides its first field."""
    count = 0
    for field in reversed(fields[1:]):
        if not _NUMBER.fullmatch(field):
            break
        count += 1
    return count


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
