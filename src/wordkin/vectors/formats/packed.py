"""Sequential reading of a file that gzip, bzip2, xz or zip may have compressed.

In: a path. Out: a `Stream` of its decompressed bytes. The content of the file, not its name,
determines the compression. A zip archive counts as compressed if it holds exactly one file.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged
from wordkin.system.types import StrPath

# Names, signatures and openers. The signature of bzip2 is long, as "BZh9" could be a word.
_COMPRESSIONS: tuple[tuple[str, re.Pattern[bytes], Callable[[Any], Any]], ...] = (
    ("gzip", re.compile(rb"\x1f\x8b\x08"), lambda file: gzip.GzipFile(fileobj=file)),
    ("bzip2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.BZ2File),
    ("xz", re.compile(rb"\xfd7zXZ\0"), lzma.LZMAFile),
)
_ZIP = re.compile(rb"PK\x03\x04|PK\x05\x06")  # the second: an empty archive
_DAMAGED = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)


@dataclass
class Stream:
    """The decompressed bytes of an open file.

    Attributes
    ----------
    path : path
    compression : str
        "gzip", "bzip2", "xz" or "zip"; empty if the file is not compressed.
    member : str
        The name of the file inside a zip archive; else empty.
    """

    path: StrPath
    compression: str
    file: IO[bytes] = field(repr=False)
    member: str = ""
    _at: int = 0

    def read_into(self, buffer: memoryview) -> int:
        """Fill the buffer up to the end of the file; return the number of bytes read.

        Raises
        ------
        FormatError
            If a compressed file is damaged or cut short.
        """
        size = 0
        try:
            while size < len(buffer):
                count: int = self.file.readinto(buffer[size:])  # type: ignore[attr-defined]
                if not count:
                    break
                size += count
        except _DAMAGED as error:
            if not self.compression or getattr(error, "errno", None) is not None:
                raise
            what = f"cannot be unpacked: {error}"
            raise damaged(self.path, self._at + size, what) from error
        self._at += size
        return size


@contextmanager
def decompressed(path: StrPath) -> Iterator[Stream]:
    """Open a file to read its decompressed bytes.

    Raises
    ------
    FormatError
        If it is a zip archive that is damaged, or holds more or less than one file. An archive of
        .npy files alone is an .npz file, and is not unpacked.
    """
    with open(path, "rb", buffering=0) as file:
        head = file.read(16)
        file.seek(0)
        if _ZIP.match(head):
            with _unzipped(path, file) as stream:
                yield stream
            return
        for name, signature, opener in _COMPRESSIONS:
            if signature.match(head):
                with opener(file) as content:
                    yield Stream(path, name, content)
                return
        yield Stream(path, "", file)


@contextmanager
def _unzipped(path: StrPath, file: IO[bytes]) -> Iterator[Stream]:
    with ExitStack() as opened:
        with archive_errors(path):
            archive = opened.enter_context(zipfile.ZipFile(file))
            names = [name for name in archive.namelist() if not _is_clutter(name)]
            content = opened.enter_context(archive.open(names[0])) if len(names) == 1 else None
        if names and all(name.endswith(".npy") for name in names):
            file.seek(0)
            yield Stream(path, "", file)
        elif content is None:
            raise damaged(path, 0, _describe(names))
        else:
            yield Stream(path, "zip", content, names[0])


@contextmanager
def archive_errors(path: StrPath) -> Iterator[None]:
    """Convert the errors that zipfile raises for a damaged archive to FormatError."""
    try:
        yield
    except FormatError:
        raise
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # the latter of a place outside the file
            raise
        raise damaged(path, 0, f"a zip archive that cannot be unpacked: {error}") from error
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error),
        *(ValueError, KeyError, OverflowError, RuntimeError),  # also of passwords and methods
    ) as error:
        raise damaged(path, 0, f"a zip archive that cannot be unpacked: {error}") from error


def _is_clutter(name: str) -> bool:
    """Return whether a member of an archive is a folder, or what a file manager adds."""
    parts = PurePosixPath(name).parts
    return name.endswith("/") or "__MACOSX" in parts or parts[-1:] == (".DS_Store",)


def _describe(names: list[str]) -> str:
    if any(PurePosixPath(name).name == "data.pkl" for name in names):
        return "a file of PyTorch: save its matrix as .npy, with its words in a text file beside it"
    if "[Content_Types].xml" in names:
        return "a document of an office program: save it as text"
    some = ", ".join(names[:4]) + ", …" * (len(names) > 4)
    holds = f"{len(names):,} files ({some})" if names else "no file"
    return f"a zip archive of {holds}, which must be one: unpack it first"
