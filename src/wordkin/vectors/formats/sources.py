"""Local files for readers: what is not a plain file is copied to a temporary one first.

In: a path, or an open file; or the path of a compressed file. Out: a path that a reader can open,
seek and map into memory. Errors name what the caller gave, not the copy.

Copies are in the folder for temporary files, which TMPDIR can change. They are removed when the
reader is done; what it mapped into memory stays until nobody uses it.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.types import StrPath
from wordkin.vectors.formats.packed import decompressed

Source: TypeAlias = StrPath | IO[bytes] | IO[str]
"""A path, or an open file of bytes or of text."""

_PIECE = 1 << 22


@dataclass(frozen=True)
class Copy(os.PathLike[str]):
    """A temporary copy of a file: its path for readers; as a string, what the caller gave.

    Attributes
    ----------
    path : str
    given : str
        The name of the original, for messages.
    original : path or None
        The file that was decompressed; None for an open file.
    """

    path: str
    given: str
    original: StrPath | None = None

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.given


def original(path: StrPath) -> str:
    """Return the path that the caller gave: that of a copy may have no files beside it."""
    if isinstance(path, Copy) and path.original is not None:
        return os.fspath(path.original)
    return os.fspath(path)


def name_of(source: Source) -> str:
    """Return the path, or the name of an open file, for messages."""
    if isinstance(source, (str, os.PathLike)):
        return str(source) if isinstance(source, Copy) else os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) and name else f"<{type(source).__name__}>"


@contextmanager
def local_file(source: Source, encoding: str | None = None) -> Iterator[StrPath]:
    """Give an open file as a path, from its current position on; a path is given as it is.

    Raises
    ------
    TypeError
        If it is neither a path nor an open file.
    SettingsError
        If there is an encoding, and the file was opened as text.
    FormatError
        If a file opened as text cannot be decoded.
    """
    if isinstance(source, (str, os.PathLike)):
        yield source
        return
    read = getattr(source, "read", None)
    if read is None:
        raise TypeError(
            f"path must be a str, a pathlib.Path or an open file, got {type(source).__name__}"
        )
    path = _path_of(source)
    if path is not None:
        yield path
        return
    with _copied(lambda: _bytes_of(source, read, encoding), name_of(source)) as copy:
        yield copy


@contextmanager
def unpacked(path: StrPath) -> Iterator[StrPath]:
    """Give a decompressed copy of a compressed file; any other is given as it is.

    Raises
    ------
    FormatError
        If the compressed file is damaged or cut short.
    OSError
        If it cannot be opened, or there is no room for the copy.
    """
    if os.path.isdir(path):
        yield path
        return
    with decompressed(path) as stream:
        if not stream.compression:
            yield path
            return
        buffer = memoryview(bytearray(_PIECE))

        def piece() -> bytes | memoryview:
            return buffer[: stream.read_into(buffer)]

        with _copied(piece, name_of(path), path) as copy:
            yield copy


def _path_of(source: Any) -> str | None:
    """Return the path of a plain file that was opened for reading bytes and not read yet."""
    if type(source) not in (io.BufferedReader, io.FileIO):
        return None
    try:
        opened, path = os.fstat(source.fileno()), source.name
        same = isinstance(path, str) and os.path.samestat(opened, os.stat(path))
        return path if same and stat.S_ISREG(opened.st_mode) and source.tell() == 0 else None
    except OSError:
        return None


def _bytes_of(source: Any, read: Callable[[int], Any], encoding: str | None) -> bytes:
    try:
        piece = read(_PIECE)
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{name_of(source)}: cannot be decoded as {error.encoding}: open it as bytes (mode"
            ' "rb"), or as text with its encoding'
        ) from None
    if isinstance(piece, str):
        if encoding is not None:
            raise SettingsError(
                f"{name_of(source)}: a file opened as text is decoded already: open it as bytes"
                f' (mode "rb"), or leave out encoding={encoding!r}'
            )
        return piece.encode("utf-8", "surrogateescape")
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise TypeError(f"{name_of(source)}: read must return bytes or str, got {type(piece).__name__}")


@contextmanager
def _copied(
    piece: Callable[[], bytes | memoryview], given: str, source: StrPath | None = None
) -> Iterator[Copy]:
    """Write all pieces to a temporary file; name the original in errors about it."""
    import tempfile  # slow to import, and seldom needed

    with tempfile.NamedTemporaryFile(prefix="wordkin-") as file:
        while data := piece():
            _append(file, data, given)
        try:
            yield Copy(file.name, given, source)
        except FormatError as error:
            raise FormatError(str(error).replace(file.name, given)) from error


def _append(file: IO[bytes], data: bytes | memoryview, given: str) -> None:
    try:
        file.write(data)
        file.flush()
    except OSError as error:
        folder = os.path.dirname(file.name)
        what = f"cannot be copied to {folder}, which TMPDIR can change: {error.strerror}"
        raise OSError(error.errno, what, given) from error
