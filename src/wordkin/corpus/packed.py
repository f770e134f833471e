"""Packed files of a corpus: how each kind is known, and opened.

In: how a file begins, or its name. Out: the suffix of the kind, or an open file of what is in it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

from wordkin.system.errors import CorpusError


class _Kind(NamedTuple):
    begins: re.Pattern[bytes]
    open: Callable[..., Any]


def _zstd() -> Any:
    """Return the module for Zstandard, Python's own since 3.14, or its backport; or None."""
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            return import_module(name)
    return None


def _open_zstd(path: Path, mode: str) -> IO[bytes]:
    if (zstd := _zstd()) is None:
        raise CorpusError(
            "Zstandard needs a package: pip install 'wordkin[zstd]', or unpack it first, with"
            f" zstd -d: {path}"
        )
    opened: IO[bytes] = zstd.open(path, mode)
    return opened


_KINDS: dict[str, _Kind] = {
    ".gz": _Kind(re.compile(rb"\x1f\x8b\x08"), gzip.open),
    ".bz2": _Kind(re.compile(rb"BZh[1-9]1AY&SY"), bz2.open),
    ".xz": _Kind(re.compile(rb"\xfd7zXZ\0"), lzma.open),
    # A frame, or one of those that hold no text and may come first.
    ".zst": _Kind(re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _open_zstd),
}

SUFFIXES = tuple(_KINDS)
"""Of files that are unpacked as they are read."""


def packed_by(path: Path, head: bytes) -> str:
    """Return the suffix of the kind of a packed file, by its name or else by how it begins."""
    if path.suffix in _KINDS:
        return path.suffix
    return next((suffix for suffix, kind in _KINDS.items() if kind.begins.match(head)), "")


def open_file(path: Path, packed: str) -> IO[bytes]:
    """Open a file of bytes; `packed` is the suffix of its kind, or empty.

    Raises
    ------
    CorpusError
        If a package is missing that unpacks it.
    OSError
        If it cannot be opened.
    """
    opened: IO[bytes] = _KINDS[packed].open(path, "rb") if packed else path.open("rb")
    return opened


def is_unpacking(opened: object) -> bool:
    """Return whether an open file is one of a packed file."""
    kinds: tuple[type, ...] = (gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile)
    if (zstd := _zstd()) is not None:
        kinds += (zstd.ZstdFile,)
    return isinstance(opened, kinds)


def is_damage(error: Exception) -> bool:
    """Return whether an error of reading a packed file says that it is damaged."""
    damaged: tuple[type[Exception], ...] = (OSError, EOFError, lzma.LZMAError, zlib.error)
    if (zstd := _zstd()) is not None:
        damaged += (zstd.ZstdError,)
    return isinstance(error, damaged)


def can_fill(opened: Any) -> bool:
    """Return whether an open file of bytes reads into memory that it is given."""
    return isinstance(opened, io.RawIOBase | io.BufferedIOBase)
