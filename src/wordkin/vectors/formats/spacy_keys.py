"""The keys of spaCy's words, and the table from keys to rows.

In: a word, or the path of `key2row`. Out: its key; or a dictionary from keys to rows.

A key is MurmurHash64A of the word's UTF-8 with the seed 1. Words that are names of spaCy's own
symbols, such as "DATE", have the number of the symbol instead.
"""

from __future__ import annotations

import struct
from pathlib import Path

from wordkin.system.files import damaged
from wordkin.vectors.formats.spacy_symbols import SYMBOLS

_WORD = 0xFFFFFFFFFFFFFFFF
_MULTIPLIER = 0xC6A4A7935BD1E995
_SHIFT = 47

# MessagePack: the formats of unsigned integers, and of maps, by their first byte.
_INTEGERS = {0xCC: struct.Struct(">B"), 0xCD: struct.Struct(">H"), 0xCE: struct.Struct(">I")} | {
    0xCF: struct.Struct(">Q"), 0xD0: struct.Struct(">b"), 0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"), 0xD3: struct.Struct(">q"),
}  # fmt: skip
_MAPS = {0xDE: struct.Struct(">H"), 0xDF: struct.Struct(">I")}


def key_of(word: str) -> int:
    """Return the key of a word."""
    number = SYMBOLS.get(word)
    return murmurhash(word.encode("utf-8", "surrogatepass")) if number is None else number


def murmurhash(raw: bytes, seed: int = 1) -> int:
    """Return MurmurHash64A."""
    h = seed ^ (len(raw) * _MULTIPLIER & _WORD)
    whole = len(raw) & ~7
    for (k,) in struct.iter_unpack("<Q", raw[:whole]):
        k = k * _MULTIPLIER & _WORD
        k = (k ^ k >> _SHIFT) * _MULTIPLIER & _WORD
        h = (h ^ k) * _MULTIPLIER & _WORD
    if len(raw) > whole:
        h = (h ^ int.from_bytes(raw[whole:], "little")) * _MULTIPLIER & _WORD
    h = (h ^ h >> _SHIFT) * _MULTIPLIER & _WORD
    return h ^ h >> _SHIFT


def read_rows(path: Path) -> dict[int, int]:
    """Return the row of each key. Keys without a row are left out.

    Raises
    ------
    FormatError
        If the file is not a map of integers in MessagePack, or is cut short.
    """
    data = memoryview(path.read_bytes())
    size, at = _map_header(path, data)
    if 2 * size > len(data) - at:  # a number has at least one byte
        raise damaged(path, 0, f"cut short: {size:,} keys in {len(data):,} bytes")
    rows: dict[int, int] = {}
    for _ in range(size):
        key, at = _integer(path, data, at)
        row, at = _integer(path, data, at)
        if row >= 0:
            rows[key & _WORD] = row
    if at != len(data):
        raise damaged(path, at, "bytes after the table of rows")
    return rows


def _map_header(path: Path, data: memoryview) -> tuple[int, int]:
    """Return the number of keys, and the position of the first."""
    first = data[0] if data else 0
    layout = _MAPS.get(first)
    if 0x80 <= first < 0x90:
        return first & 0x0F, 1
    if layout is None or len(data) < 1 + layout.size:
        raise damaged(path, 0, "not a table of rows, or cut short")
    return int(layout.unpack_from(data, 1)[0]), 1 + layout.size


def _integer(path: Path, data: memoryview, at: int) -> tuple[int, int]:
    """Return a number, and the position after it."""
    if at < len(data):
        first = data[at]
        if first < 0x80:
            return first, at + 1
        if first >= 0xE0:
            return first - 0x100, at + 1
        layout = _INTEGERS.get(first)
        if layout and len(data) - at > layout.size:
            return int(layout.unpack_from(data, at + 1)[0]), at + 1 + layout.size
    raise damaged(path, at, "not a number, or cut short")
