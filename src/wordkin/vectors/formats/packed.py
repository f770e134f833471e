"""Sequential reading of a file that gzip, bzip2 or xz may have compressed.

In: a path. Out: a `Stream` of its decompressed bytes. The content of the file, not its name,
determines the compression.
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

# Names, signatures and openers. The signature of bzip2 is long, as "BZh9" could be a word.
_COMPRESSIONS: tuple[tuple[str, re.Pattern[bytes], Callable[[Any], Any]], ...] = (
    ("gzip", re.compile(rb"\x1f\x8b\x08"), lambda file: gzip.GzipFile(fileobj=file)),
    ("bzip2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.BZ2File),
    ("xz", re.compile(rb"\xfd7zXZ\0"), lzma.LZMAFile),
)


@dataclass
class Stream:
    """The decompressed bytes of an open file.

    Attributes
    ----------
    path : path
    compression : str
        "gzip", "bzip2" or "xz"; empty if the file is not compressed.
    size : int or None
        The size in bytes; None if the file is compressed, as it is unknown before the end.
    """

    path: StrPath
    compression: str
    size: int | None
    file: IO[bytes] = field(repr=False)
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
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            if not self.compression or getattr(error, "errno", None) is not None:
                raise
            what = f"cannot be unpacked: {error}"
            raise damaged(self.path, self._at + size, what) from error
        self._at += size
        return size


@contextmanager
def decompressed(path: StrPath) -> Iterator[Stream]:
    """Open a file to read its decompressed bytes."""
    with open(path, "rb", buffering=0) as file:
        head = file.read(16)
        file.seek(0)
        for name, signature, opener in _COMPRESSIONS:
            if signature.match(head):
                with opener(file) as content:
                    yield Stream(path, name, None, content)
                return
        yield Stream(path, "", os.fstat(file.fileno()).st_size, file)
