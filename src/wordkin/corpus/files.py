"""The files of a corpus: which files a path names, whether they hold text, and their bytes.

In: paths of files, folders and patterns, or open files. Out: their bytes in pieces. What is no text
(an archive, a picture, a path that is a text itself) is refused by name, before anything is read.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias

import numpy as np

from wordkin._core import find_zero
from wordkin.corpus import packed as packing
from wordkin.system.errors import CorpusError
from wordkin.system.notes import note
from wordkin.system.types import StrPath

Piece: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint8]]

_NOTHING: Piece = np.empty(0, np.uint8)

_PIECE = 1 << 20  # bytes read at once: small enough for the cache, and for many threads
_HEAD = 1 << 16  # bytes of each file that are checked before the first is read
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MAGIC = "*?["  # what makes a name a pattern

_ORDERS: tuple[Callable[[str], Any], ...] = (str, str.casefold, lambda name: (len(name), name))
"""How names are put in order: as bytes, as most shells do, or numbered ones by their numbers."""

_NO_TEXT = {
    b"\x28\xb5\x2f\xfd": "a Zstandard archive: unpack it first, with zstd -d",
    b"\x04\x22\x4d\x18": "an LZ4 archive: unpack it first, with lz4 -d",
    b"\x1f\x9d": "an archive by compress: unpack it first, with uncompress",
    b"PK\x03\x04": "a ZIP archive, or an office document: unpack it first, or save it as text",
    b"PK\x05\x06": "an empty ZIP archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it first",
    b"Rar!\x1a": "a RAR archive: unpack it first",
    b"%PDF-": "a PDF document: save it as text first, for instance with pdftotext",
    b"\xd0\xcf\x11\xe0": "an office document: save it as text first",
    b"{\\rtf1": "an RTF document: save it as text first",
    b"\x89PNG\r\n": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PAR1\x15": "a Parquet table: read its text column, and give lists of words",
    b"ARROW1\0": "an Arrow table: read its text column, and give lists of words",
    b"SQLite format 3\0": "a database: read its text, and give lists of words",
    b"version https://git-lfs": "a pointer of Git LFS: get the file itself with git lfs pull",
    b"\xff\xfe": "UTF-16 (or UTF-32): convert it first, with iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "UTF-16: convert it first, with iconv -f UTF-16 -t UTF-8",
}
"""How files begin that are no text, and what to do about each."""


class Readable(Protocol):
    """An open file, of text or of bytes."""

    def read(self, size: int, /) -> Any:
        """Return at most `size` characters or bytes; none at the end."""


@dataclass(frozen=True)
class TextFile:
    """A file to read: by its path, or one that is open already.

    Attributes
    ----------
    name : str
        For messages.
    path : Path or None
        None for an open file.
    stream : file object or None
        None for a path.
    size : int or None
        Bytes of a regular file.
    packed : str
        The suffix of its compression; empty if there is none.
    """

    name: str
    path: Path | None = None
    stream: IO[Any] | None = None
    size: int | None = None
    packed: str = ""

    @property
    def bytes_to_read(self) -> int | None:
        """How many bytes it holds, unpacked; None if that is not known before it is read."""
        return None if self.packed else self.size


def is_open_file(item: object) -> bool:
    """Return whether an item is a file object, of text or of bytes."""
    return callable(getattr(item, "read", None))


def text_files(items: Iterable[Any], given: str) -> list[TextFile]:
    """Return the files that the items of a corpus name; check each before the first is read.

    A folder stands for all files in it and in its folders, a pattern such as ``texts/*.txt`` for
    all files that match. These are in the order of their names; hidden files are left out. Files
    that are named one by one keep their order, with a note if it is not that of their names, as
    after an unsorted glob.

    Parameters
    ----------
    items : iterable of paths and open files
    given : str
        What the caller gave, for messages: "str", "list", "pandas Series".

    Raises
    ------
    CorpusError
        If an item is neither, if there is no file, or if a file holds no text.
    OSError
        If a file cannot be opened.
    """
    files: list[TextFile] = []
    named: list[str] = []
    for i, item in enumerate(items):
        if is_open_file(item):
            files.append(TextFile(str(getattr(item, "name", type(item).__name__)), stream=item))
        elif isinstance(item, str | os.PathLike):
            named.append(os.fspath(item))
            files += [_described(path) for path in _named_by(item, given)]
        else:
            raise CorpusError(
                f"item {i} must be a path like the items before it, got {type(item).__name__}"
            )
    if not any(named == sorted(named, key=key) for key in _ORDERS):
        note("the files are read in the order given, which is not that of their names", None)
    _require_text([file for file in files if file.size is not None])
    return files


def _described(path: Path) -> TextFile:
    if path == Path("-") or not path.is_file():  # a pipe, which can be opened only once
        packed = path.suffix if path.suffix in packing.SUFFIXES else ""
        return TextFile(str(path), path, packed=packed)
    with path.open("rb") as file:
        head = file.read(16)
    return TextFile(str(path), path, size=path.stat().st_size, packed=packing.packed_by(path, head))


def _named_by(item: StrPath, given: str) -> list[Path]:
    """Return the file of this name, or those of the folder or the pattern, in order."""
    name, path = str(os.fspath(item)), Path(item)
    if not name.strip():
        raise CorpusError(f"a path must have a name, got {name!r}")
    try:
        exists = name == "-" or path.exists()
    except (ValueError, OSError):  # a NUL inside, or longer than a name can be
        exists = False
    if exists:
        return _files_in(path) if path.is_dir() else [path]
    is_pattern = any(mark in name for mark in _MAGIC) and "\0" not in name
    if is_pattern and (matches := sorted(map(Path, glob.glob(name, recursive=True)))):
        return [file for each in matches for file in _named_by(each, given)]
    if isinstance(item, str) and _is_like_text(name, given):
        raise CorpusError(
            f"there is no file {_short(name)}, in a {given}: a str names a file. To train on text"
            " in memory, give lists of words: [line.split() for line in lines]"
        )
    if is_pattern:
        raise CorpusError(f"no file matches the pattern: {name}")
    path.stat()  # raises the error of the system
    return [path]


def _is_like_text(name: str, given: str) -> bool:
    """Return whether a name of no file is a line of text or a word, rather than a path."""
    if any(character.isspace() or character == "\0" for character in name) or len(name) > 255:
        return True
    return given != "str" and os.sep not in name and "." not in name


def _short(name: str) -> str:
    return repr(name) if len(name) <= 60 else f"{name[:60]!r}…"


def _files_in(folder: Path) -> list[Path]:
    """Return all files of a folder and its folders, in order, without hidden ones."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(parent, name) for name in names if not name.startswith(".")]
        found += [path for path in paths if path.is_file()]
    if not found:
        raise CorpusError(f"there is no file in the folder: {folder}")
    return sorted(found)


def _require_text(files: Sequence[TextFile]) -> None:
    """Raise CorpusError, naming all files whose beginning is no text; OSError if one is closed."""
    refused = []
    for file in files:
        try:
            head = next(_read_pieces(file, lambda: np.empty(_HEAD, np.uint8)), _NOTHING)
        except CorpusError as error:  # cannot be unpacked
            refused.append(str(error))
            continue
        if why := why_no_text(head):
            refused.append(f"not a text: {why}: {file.name}")
    if not refused:
        return
    if len(refused) == len(files) == 1:
        raise CorpusError(refused[0])
    listed = "; ".join(each.removeprefix("not a text: ") for each in refused[:5])
    listed += f"; and {len(refused) - 5:,} more" * (len(refused) > 5)
    raise CorpusError(
        f"{len(refused):,} of {len(files):,} files are no text, so leave them out: {listed}"
    )


def why_no_text(data: Piece, at: int = 0) -> str | None:
    """Return what bytes are that are no text; None for text.

    Parameters
    ----------
    data : (n,) uint8
    at : int
        Where in the file they are.
    """
    if at == 0:
        head = data[:512].tobytes()
        for magic, what in _NO_TEXT.items():
            if head.startswith(magic):
                return what
        if head[257:262] == b"ustar":
            return "a tar archive: unpack it first, and give its files"
    zero = find_zero(data)
    if zero >= 0:
        return f"byte {at + zero:,} is NUL (a binary, compressed or UTF-16 file?)"
    return None


def total_size(files: Sequence[TextFile]) -> int | None:
    """Return how many bytes files hold, unpacked; None if that is not known."""
    sizes = [file.bytes_to_read for file in files]
    return None if None in sizes else sum(size or 0 for size in sizes)


def pieces_in(size: int) -> int:
    """Return the number of pieces of which the last ends so many bytes."""
    return -(-size // _PIECE)


def new_buffer() -> Piece:
    """Return memory for a piece of a file."""
    return np.empty(_PIECE, np.uint8)


def pieces(file: TextFile, buffer: Callable[[], Piece] = new_buffer) -> Iterator[Piece]:
    """Yield the bytes of a file, unpacked. Any thread may take the next ones, one at a time.

    Parameters
    ----------
    file : TextFile
    buffer : function
        Returns memory for the next piece, of which the piece is the beginning.

    Raises
    ------
    CorpusError
        If the bytes are no text, cannot be unpacked, or change while they are read.
    OSError
        If the file cannot be opened or read.
    """
    at = 0
    for piece in _read_pieces(file, buffer):
        if why := why_no_text(piece, at):
            raise CorpusError(f"not a text: {why}: {file.name}")
        at += len(piece)
        yield piece


def without_mark(first: Piece) -> Piece:
    """Return the first piece of a file without the byte-order mark."""
    size = len(_BYTE_ORDER_MARK)
    return first[size:] if first[:size].tobytes() == _BYTE_ORDER_MARK else first


def _read_pieces(file: TextFile, buffer: Callable[[], Piece]) -> Iterator[Piece]:
    """Yield the bytes of a file as they are, at most as many as a buffer holds at a time."""
    with _open(file) as (opened, packed):
        try:
            if packing.can_fill(opened):
                before = _state(opened, file)
                while got := _fill(opened, into := buffer()):
                    yield into[:got]
                if _state(opened, file) != before:
                    raise CorpusError(f"the file changed while it was read: {file.name}")
            else:
                while data := opened.read(len(buffer())):
                    raw = _encoded(data, file) if isinstance(data, str) else data
                    yield np.frombuffer(raw, np.uint8)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"cannot be decoded ({error}): open it as 'rb': {file.name}"
            ) from None
        except Exception as error:
            if not packing.is_damage(error) or (not packed and isinstance(error, OSError)):
                raise
            raise CorpusError(f"cannot be unpacked ({error}): {file.name}") from None


def _state(opened: Any, file: TextFile) -> tuple[int, int] | None:
    """Return what changes when a file is written to; None for what is no regular file."""
    if file.size is None:
        return None
    status = os.fstat(opened.fileno())
    return status.st_size, status.st_mtime_ns


def _encoded(text: str, file: TextFile) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise CorpusError(f"cannot be encoded as UTF-8 ({error}): {file.name}") from None


@contextmanager
def _open(file: TextFile) -> Iterator[tuple[Any, bool]]:
    """Open a file, unpacked by its name or its content; yield it, and whether it is packed."""
    if file.stream is not None:
        if getattr(file.stream, "closed", False):
            raise CorpusError(f"the file is closed: {file.name}")
        yield file.stream, packing.is_unpacking(file.stream)
    elif file.path == Path("-"):
        if sys.stdin is None:
            raise CorpusError("standard input is closed: -")
        yield sys.stdin.buffer, False
    else:
        assert file.path is not None
        with packing.open_file(file.path, file.packed) as opened:
            yield opened, bool(file.packed)


def _fill(file: IO[Any], buffer: Piece) -> int:
    """Fill the buffer, or read to the end of the file; a pipe returns less per call."""
    view, size = buffer.data, 0
    while size < len(view):
        got: int = file.readinto(view[size:])  # type: ignore[attr-defined]
        if not got:
            break
        size += got
    return size
