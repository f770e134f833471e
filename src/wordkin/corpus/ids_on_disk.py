"""Ids that would not fit in memory: how much memory reading may take, and the files beyond it.

In: a number of bytes and a folder. Out: open files without a name, which disappear with the process
however it ends, and the ids mapped from one.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import ExitStack
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from wordkin._core import TextReader
from wordkin.system.errors import SettingsError
from wordkin.system.machine import available_memory, format_bytes
from wordkin.system.mapping import map_array
from wordkin.system.types import Int32, StrPath

_BLOCK = 8 << 20
"""Bytes that each thread takes for a piece of the text and its ids, twice over."""
_ID = np.dtype(np.int32).itemsize


def least_memory(threads: int) -> int:
    """Return the bytes that a text of any size can be read in, beside its vocabulary."""
    return _BLOCK * (threads + 1)


class Limits(NamedTuple):
    """The bytes that a run may take in memory, and the folder for what is more; None as below."""

    memory: int | None = None
    folder: StrPath | None = None


class IdsOnDisk:
    """What reading may keep in memory, and the files for more; close it when reading is done.

    Parameters
    ----------
    memory : int or None
        Bytes; ids may take half of them. None: what is available.
    folder : path or None
        Of the files; by default the system's folder for temporary files.
    threads : int

    Attributes
    ----------
    most_in_memory : int
        Ids.

    Raises
    ------
    SettingsError
        If `memory` is less than a block for each thread.
    """

    def __init__(self, memory: int | None, folder: StrPath | None, threads: int) -> None:
        least = least_memory(threads)
        if memory is not None and memory < least:
            raise SettingsError(
                f"memory must be at least {format_bytes(least)} to read a text with"
                f" {threads} threads, got {format_bytes(memory)}: give more, or set fewer threads"
            )
        self._may_be_exceeded = memory is None
        if memory is None and (memory := available_memory()) is not None:
            memory = max(memory, least)
        self.memory = memory
        self.most_in_memory = 0 if memory is None else memory // 2 // _ID
        self._folder = folder
        self._open = ExitStack()

    def close(self) -> None:
        """Close the files; arrays that are mapped from one keep it."""
        self._open.close()

    def reader(self, threads: int, size: int | None) -> TextReader:
        """Return a reader for a text of so many bytes; None: that is not known."""
        ids = None if size is None else size // 2 + 1  # at most: a byte a word, and one between
        if self.memory is None or (ids is not None and ids <= self.most_in_memory):
            return TextReader(threads)
        try:
            file = self.open()
        except OSError:
            if self._may_be_exceeded:  # nobody asked for it, and the ids may well fit
                return TextReader(threads)
            raise
        return TextReader(threads, file.fileno(), self.most_in_memory)

    def finish(self, reader: TextReader, limits: tuple[int, int, float, int]) -> Any:
        """Return what `TextReader.finish` does, the ids mapped if they are in a file."""
        if not reader.spilled:
            return reader.finish(*limits)
        file = self.open()
        try:
            words, offsets, counts, size, *held_out = reader.finish(*limits, file.fileno())
        except BlockingIOError:  # no more threads
            raise
        except OSError as error:
            raise self.failed(error) from error
        return words, offsets, counts, self.map(file, size), *held_out

    def open(self) -> BinaryIO:
        """Open a file without a name.

        Raises
        ------
        OSError
            If the folder cannot be written to; the error names it.
        """
        try:
            folder = tempfile.gettempdir() if self._folder is None else self._folder
            file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self.failed(error) from error
        return self._open.enter_context(file)

    def map(self, file: BinaryIO, size: int) -> Int32:
        """Return the ids that are in a file, mapped."""
        return map_array(file, np.int32, shape=(size,)) if size else np.empty(0, np.int32)

    def failed(self, error: OSError) -> OSError:
        """Return the error for one of writing a file."""
        cause = error.strerror or str(error)
        folder = self._folder or tempfile.tempdir or error.filename or "."
        what = f"cannot write the ids: {cause}"
        return OSError(error.errno or errno.EIO, what, os.fspath(folder))
