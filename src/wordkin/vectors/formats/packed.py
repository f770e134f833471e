"""The bytes of a file, unpacked on the way if gzip, bzip2 or xz packed it.

In: a path. Out: its bytes from the first on, as they are asked for, and whether they were packed.
What is in the file tells, not its name.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from wordkin.system.files import damaged
from wordkin.system.types import StrPath

# What such files begin with; "BZh9" alone could be a word.
_PACKED: tuple[tuple[str, re.Pattern[bytes], Callable[[Any], Any]], ...] = (
    ("gzip", re.compile(rb"\x1f\x8b\x08"), lambda file: gzip.GzipFile(fileobj=file)),
    ("bzip2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.BZ2File),
    ("xz", re.compile(rb"\xfd7zXZ\0"), lzma.LZMAFile),
)


@dataclass
class Stream:
    """The bytes of an open file.

    Attributes
    ----------
    path : path
    packed : str
        "gzip", "bzip2" or "xz"; empty if the file is as it is.
    size : int or None
        Of the file in bytes; None if it is packed, for nobody knows it before the end.
    """

    path: StrPath
    packed: str
    size: int | None
    file: IO[bytes] = field(repr=False)
    _at: int = 0

    def read_into(self, buffer: memoryview) -> int:
        """Fill the buffer as far as the file goes, and return how far.

        Raises
        ------
        FormatError
            If a packed file is damaged or cut short.
        """
        size = 0
        try:
            while size < len(buffer):
                got: int = self.file.readinto(buffer[size:])  # type: ignore[attr-defined]
                if not got:
                    break
                size += got
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            if not self.packed or getattr(error, "errno", None) is not None:
                raise
            what = f"cannot be unpacked: {error}"
            raise damaged(self.path, self._at + size, what) from error
        self._at += size
        return size


@contextmanager
def unpacked(path: StrPath) -> Iterator[Stream]:
    """Open a file to read what is in it."""
    with open(path, "rb", buffering=0) as file:
        head = file.read(16)
        file.seek(0)
        for name, begins, open_packed in _PACKED:
            if begins.match(head):
                with open_packed(file) as inside:
                    yield Stream(path, name, None, inside)
                return
        yield Stream(path, "", os.fstat(file.fileno()).st_size, file)
