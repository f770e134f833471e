"""The checkpoint files of a run, which survive a crash or a power failure.

Arrays and plain data in, files in a folder of their own out; and the newest intact one back in.

A file begins with a line of ASCII: "wordkin checkpoint", the version of the format, and a checksum.
The rest is in the safetensors format. The checksum is the SHA-256 of the whole file, with zeros in
place of the checksum itself. All future versions keep this line, so that a newer file can be told
from a damaged one.
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

FORMAT_VERSION = 1  # raise it when older versions of wordkin cannot read the new format

_STATES_KEPT = 2  # the newest, and one in case it is damaged
_HEADER_SIZE = 96  # a multiple of 8, the alignment of arrays
_HEADER = re.compile(rb"wordkin checkpoint ([0-9]+) ([0-9a-f]{64}) *\n")
_NO_CHECKSUM = b"0" * 64
_NAME = re.compile(r"(state|part)-([0-9]{8}|[1-9][0-9]{8,})")


@dataclass(frozen=True, eq=False)
class State:
    """The content of one file: its number, writable arrays, and plain data."""

    number: int
    tensors: dict[str, npt.NDArray[Any]]
    metadata: dict[str, Any]


class Checkpoints:
    """The folder with the checkpoints of one run, a context manager that locks it.

    There are two kinds of files: a state replaces all states before it; parts, such as those of the
    counts, together form a whole. A file appears complete or not at all. Entering creates the
    folder if it does not exist; leaving removes it again if nothing was saved.

    Parameters
    ----------
    folder : path
        Its parent must exist.
    say : function of a str
        Receives a message about each file that is skipped or removed.

    Raises
    ------
    CheckpointError
        On entering, if another run uses the folder.
    OSError
        On entering, if the folder cannot be created or read.
    """

    def __init__(self, folder: str | os.PathLike[str], say: Callable[[str], None] = say) -> None:
        self.folder = Path(folder)
        self._lock = self.folder / "lock"
        self._say = say
        self._made = False
        self._damaged: set[int] = set()  # numbers of states
        self._file: int | None = None  # the descriptor of the lock

    def __enter__(self) -> Checkpoints:
        while not self._enter():
            pass
        return self

    def __exit__(self, *_: object) -> None:
        self._leave(self._made)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to resume from."""
        return not (self._numbers("state") or self._numbers("part"))

    def save(self, tensors: Tensors, metadata: Mapping[str, Any]) -> None:
        """Write the next state; once it is on disk, remove all but it and the one before.

        Parameters
        ----------
        tensors : mapping of arrays
            As in `write_tensors`.
        metadata : mapping
            Data that JSON can hold; floats are restored exactly.

        Raises
        ------
        FormatError
            If the file cannot hold an array or the metadata; nothing is written.
        OSError
            If the file cannot be written; earlier states are unchanged.
        """
        number = max(self._numbers("state"), default=0) + 1
        _write(self._path("state", number), tensors, metadata)
        try:
            numbers = self._numbers("state")
            intact = [number for number in numbers if number not in self._damaged]
            for old in set(numbers).difference(intact[-_STATES_KEPT:]):
                os.unlink(self._path("state", old))
        except OSError as error:  # harmless: the new state is there
            self._say(f"{self.folder}: cannot remove an older checkpoint: {error}")

    def latest(self) -> State | None:
        """Return the newest intact state, or None; report damaged ones.

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
        """Write the next part, after the parts that exist without a gap; otherwise like `save`."""
        number = self._first_gap()
        self._cut_parts(number)
        _write(self._path("part", number), tensors, metadata)

    def parts(self) -> Iterator[State]:
        """Yield the parts in order, up to the first that is missing or damaged.

        That one and all after it are removed and reported, since they must be appended again.

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
        """Remove all states and parts, and the folder unless it has other files; unlock it."""
        for kind in ("part", "state"):
            for number in self._numbers(kind):
                os.unlink(self._path(kind, number))
        self._leave(True)

    def _enter(self) -> bool:
        """Create and lock the folder; return False if another run, on leaving, just removed it."""
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
                    f"{self.folder}: cannot lock files there: make sure that no other run uses"
                    " these checkpoints"
                )
            for path in remove_stale_temporaries(self.folder):
                self._say(f"{path}: removed, left over from a run that was killed")
            undo.pop_all()
        self._file = file
        return True

    def _leave(self, with_folder: bool) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            with suppress(OSError):
                os.unlink(self._lock)  # from here on, another run may use the folder
                if with_folder:
                    os.rmdir(self.folder)
        finally:
            os.close(file)

    def _path(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number:08d}"

    def _numbers(self, kind: str) -> list[int]:
        """Return the numbers of all files of a kind, ascending."""
        found = (_NAME.fullmatch(name) for name in os.listdir(self.folder))
        numbers = (int(name[2]) for name in found if name and name[1] == kind)
        return sorted(number for number in numbers if number)

    def _first_gap(self) -> int:
        numbers = set(self._numbers("part"))
        return next(number for number in count(1) if number not in numbers)

    def _cut_parts(self, first: int) -> None:
        """Remove the parts from a number on, from the last one backwards, so that no gap arises."""
        for number in reversed(self._numbers("part")):
            if number >= first:
                path = self._path("part", number)
                os.unlink(path)
                self._say(f"{path}: removed, as it or an earlier part is missing or damaged")

    def _state(self, number: int) -> State | None:
        """Read a state; report it and return None if it is damaged."""
        path = self._path("state", number)
        try:
            return _read(path, number)
        except FormatError as error:
            cause = str(error)
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: the disk is damaged there
                raise
            cause = f"{path}: {error.strerror}"
        self._damaged.add(number)
        self._say(f"{cause}; skipping this checkpoint")
        return None


class _HashedFile(io.FileIO):
    """A file that hashes all bytes that are written to it, or read from it into buffers."""

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path, mode)
        self.hash = hashlib.sha256()

    def write(self, data: Any) -> int:
        written = super().write(data)
        self.hash.update(memoryview(data)[:written])
        return written

    def readinto(self, buffer: Any) -> int:
        read = super().readinto(buffer)
        self.hash.update(memoryview(buffer)[:read])
        return read


def _header(checksum: bytes) -> bytes:
    return (b"wordkin checkpoint %d %b" % (FORMAT_VERSION, checksum)).ljust(
        _HEADER_SIZE - 1
    ) + b"\n"


def _write(path: Path, tensors: Tensors, metadata: Mapping[str, Any]) -> None:
    try:
        text = json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{path}: the metadata cannot be written as JSON: {error}") from error
    with atomic_write(path) as temporary, _HashedFile(temporary, "wb") as file:
        write_bytes(file, _header(_NO_CHECKSUM))
        write_tensors(file, tensors, {"wordkin-checkpoint": text})
        checksum = file.hash.hexdigest().encode()
        file.seek(0)
        write_bytes(file, _header(checksum))


def _read(path: Path, number: int) -> State:
    """Read a file; use its content only once the checksum of all of it is verified."""
    try:
        with _HashedFile(path, "rb") as file:
            line = file.read(_HEADER_SIZE)
            found = _HEADER.fullmatch(line)
            if not found:
                raise FormatError("not a checkpoint")
            version, checksum = int(found[1]), found[2]
            file.hash.update(line.replace(checksum, _NO_CHECKSUM))
            if version == FORMAT_VERSION:
                size = os.fstat(file.fileno()).st_size
                tensors, texts = read_tensors(file, size - len(line))
            else:
                rest = bytearray(1 << 20)
                while file.readinto(rest):
                    pass
            if file.hash.hexdigest().encode() != checksum:
                raise FormatError("its checksum does not match its content")
            if version != FORMAT_VERSION:
                raise CheckpointError(
                    f"{path}: written by a newer wordkin: it has format {version}, and this version"
                    f" reads {FORMAT_VERSION}"
                )
        metadata = json.loads(texts["wordkin-checkpoint"])
        if not isinstance(metadata, dict):
            raise FormatError("its metadata is not a JSON object")
    except (FormatError, ValueError, KeyError, RecursionError) as error:
        raise FormatError(f"{path}: damaged: {error}") from error
    except OSError as error:
        raise OSError(error.errno, f"cannot read: {error.strerror}", os.fspath(path)) from error
    return State(number, tensors, metadata)
