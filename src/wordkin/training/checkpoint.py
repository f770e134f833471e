"""The states of a run that is under way, so that none is lost with the process or the power.

In: arrays and plain data. Out: files in a folder of their own; or what the newest intact one holds.

A file begins with a line of ASCII, "wordkin checkpoint", its format and a checksum; the layout of
safetensors follows. The checksum is the SHA-256 of the whole file, with zeros in its own place. It
will be so in each format, so that one that is newer is told from one that is damaged.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy.typing as npt

from wordkin.system.errors import CheckpointError, FormatError
from wordkin.system.files import atomic_write, lock, make_folder, remove_stale_temporaries
from wordkin.system.tensors import read_tensors, write_bytes, write_tensors
from wordkin.system.terminal import say
from wordkin.system.types import Tensors

FORMAT_VERSION = 1  # of a file; raise it when an older wordkin could not read the file

_STATES_KEPT = 2  # the newest, and one for the case that it is damaged on the disk
_LINE_SIZE = 96  # a multiple of eight, as the arrays are aligned to
_LINE = re.compile(rb"wordkin checkpoint ([0-9]+) ([0-9a-f]{64}) *\n")
_NO_SUM = b"0" * 64
_NAME = re.compile(r"(state|part)-([0-9]{8}|[1-9][0-9]{8,})")


@dataclass(frozen=True, eq=False)
class State:
    """What one file holds: its number, arrays that may be changed, and plain data."""

    number: int
    tensors: dict[str, npt.NDArray[Any]]
    metadata: dict[str, Any]


class Checkpoints:
    """A folder with the states of one run, for which it is locked from `with` to its end.

    There are states, of which each stands for all before it, and parts, which make up a whole. A
    file appears whole or not at all. The folder is made if there is none, and goes away again if
    nothing has been saved in it.

    Parameters
    ----------
    folder : path
        The folder around it must be there.
    say : function of a str
        Told of each file that is passed over or removed for a reason, in a sentence.

    Raises
    ------
    CheckpointError
        On entering, if another run is using the folder.
    OSError
        On entering, if the folder cannot be made or read.
    """

    def __init__(self, folder: str | os.PathLike[str], say: Callable[[str], None] = say) -> None:
        self.folder = Path(folder)
        self._lock = self.folder / "lock"
        self._say = say
        self._made = False
        self._damaged: set[int] = set()  # of the states
        self._file: int | None = None  # that is locked

    def __enter__(self) -> Checkpoints:
        while not self._enter():
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self._leave(self._made)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to go on from."""
        return not (self._numbers("state") or self._numbers("part"))

    def save(self, tensors: Tensors, metadata: Mapping[str, Any]) -> None:
        """Write the next state; when it is on the disk, remove all but it and the one before.

        Parameters
        ----------
        tensors : mapping of arrays
            As `write_tensors` takes them.
        metadata : mapping
            Anything that JSON can hold; floats come back exactly.

        Raises
        ------
        FormatError
            If an array or the metadata cannot be held by the file; nothing is written.
        OSError
            If the file cannot be written; the states before it are as they were.
        """
        number = max(self._numbers("state"), default=0) + 1
        _write(self._path("state", number), tensors, metadata)
        try:
            numbers = self._numbers("state")
            intact = [number for number in numbers if number not in self._damaged]
            for old in set(numbers).difference(intact[-_STATES_KEPT:]):
                os.unlink(self._path("state", old))
        except OSError as error:  # the new one is there: that is what counts
            self._say(f"{self.folder}: an older state cannot be removed: {error}")

    def latest(self) -> State | None:
        """Read the newest state that is intact; say which ones are not; None if there is none.

        Raises
        ------
        CheckpointError
            If a newer wordkin wrote it.
        OSError
            If a file cannot be opened.
        """
        found = map(self._state, reversed(self._numbers("state")))
        return next(filter(None, found), None)

    def append(self, tensors: Tensors, metadata: Mapping[str, Any]) -> None:
        """Write the next part, after those that are there without a gap; as `save`."""
        number = self._first_gap()
        self._cut_parts(number)
        _write(self._path("part", number), tensors, metadata)

    def parts(self) -> Iterator[State]:
        """Read the parts, from the first up to the first that is missing or damaged.

        That one and those behind it are removed, and this is said: they are to be appended anew.

        Raises
        ------
        CheckpointError
            If a newer wordkin wrote one.
        OSError
            If a file cannot be read.
        """
        for number in range(1, self._first_gap()):
            try:
                part = _read(self._path("part", number), number)
            except FormatError as error:
                self._say(str(error))
                self._cut_parts(number)
                return
            yield part
        self._cut_parts(self._first_gap())

    def remove(self) -> None:
        """Remove all that is ours, then the folder, unless there is more in it; and leave it."""
        for kind in ("part", "state"):
            for number in self._numbers(kind):
                os.unlink(self._path(kind, number))
        self._leave(True)

    # The folder.

    def _enter(self) -> bool:
        """Make and lock the folder; False if a run that was just leaving has removed it."""
        self._made = make_folder(self.folder)
        with ExitStack() as undo:
            try:
                file = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o666)
                undo.callback(os.close, file)
                locked = lock(file)
                if not os.path.samestat(os.fstat(file), os.stat(self._lock)):
                    return False
            except FileNotFoundError:
                return False
            except BlockingIOError:
                raise CheckpointError(
                    f"{self.folder}: another run is using these checkpoints"
                ) from None
            if not locked:
                self._say(
                    f"{self.folder}: files cannot be locked there: no other run may use these"
                    " checkpoints, which is not checked"
                )
            for path in remove_stale_temporaries(self.folder):
                self._say(f"{path}: removed, left by a run that was killed")
            undo.pop_all()
        self._file = file
        return True

    def _leave(self, with_folder: bool) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            with suppress(OSError):
                os.unlink(self._lock)  # from here on, the folder may be another run's
                if with_folder:
                    os.rmdir(self.folder)
        finally:
            os.close(file)

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number:08d}"

    def _numbers(self, kind: str) -> list[int]:
        """Return the numbers of the files of a kind, ascending."""
        found = (_NAME.fullmatch(name) for name in os.listdir(self.folder))
        numbers = (int(name[2]) for name in found if name and name[1] == kind)
        return sorted(number for number in numbers if number)

    def _first_gap(self) -> int:
        numbers = set(self._numbers("part"))
        return next(number for number in count(1) if number not in numbers)

    def _cut_parts(self, first: int) -> None:
        """Remove the parts from there on, the last one first, so that no gap comes of it."""
        for number in reversed(self._numbers("part")):
            if number >= first:
                path = self._path("part", number)
                os.unlink(path)
                self._say(f"{path}: removed, for it or a part before it is missing or damaged")

    def _state(self, number: int) -> State | None:
        """Read a state; say it if that cannot be done."""
        path = self._path("state", number)
        try:
            return _read(path, number)
        except FormatError as error:
            cause = str(error)
        except OSError as error:
            if error.errno != errno.EIO:  # the disk's way to say that it is damaged
                raise
            cause = f"{path}: {error.strerror}"
        self._damaged.add(number)
        self._say(f"{cause}; it is passed over")
        return None


# One file.


class _Summed(io.FileIO):
    """A file that sums up what is written to it, or read from it into arrays."""

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path, mode)
        self.sum = hashlib.sha256()

    def write(self, data: Any) -> int:
        written = super().write(data)
        self.sum.update(memoryview(data)[:written])
        return written

    def readinto(self, buffer: Any) -> int:
        read = super().readinto(buffer)
        self.sum.update(memoryview(buffer)[:read])
        return read


def _line(checksum: bytes) -> bytes:
    return (b"wordkin checkpoint %d %b" % (FORMAT_VERSION, checksum)).ljust(_LINE_SIZE - 1) + b"\n"


def _write(path: Path, tensors: Tensors, metadata: Mapping[str, Any]) -> None:
    try:
        text = json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{path}: the metadata cannot be written as JSON: {error}") from error
    with atomic_write(path) as temporary, _Summed(temporary, "wb") as file:
        write_bytes(file, _line(_NO_SUM))
        write_tensors(file, tensors, {"wordkin-checkpoint": text})
        checksum = file.sum.hexdigest().encode()
        file.seek(0)
        write_bytes(file, _line(checksum))


def _read(path: Path, number: int) -> State:
    """Read a file; nothing of it is believed before all of it has been summed up."""
    try:
        with _Summed(path, "rb") as file:
            line = file.read(_LINE_SIZE)
            found = _LINE.fullmatch(line)
            if not found:
                raise FormatError("not a checkpoint")
            version, checksum = int(found[1]), found[2]
            file.sum.update(line.replace(checksum, _NO_SUM))
            if version == FORMAT_VERSION:
                size = os.fstat(file.fileno()).st_size
                tensors, texts = read_tensors(file, size - len(line))
            else:
                rest = bytearray(1 << 20)
                while file.readinto(rest):
                    pass
            if file.sum.hexdigest().encode() != checksum:
                raise FormatError("its checksum is not that of its content")
            if version != FORMAT_VERSION:
                raise CheckpointError(
                    f"{path}: written by a newer wordkin: format {version}, this one reads"
                    f" {FORMAT_VERSION}"
                )
        metadata = json.loads(texts["wordkin-checkpoint"])
        if not isinstance(metadata, dict):
            raise FormatError("its metadata are none")
    except (FormatError, ValueError, KeyError, RecursionError) as error:
        raise FormatError(f"{path}: damaged: {error}") from error
    except OSError as error:
        raise OSError(error.errno, f"cannot read: {error.strerror}", os.fspath(path)) from error
    return State(number, tensors, metadata)
