"""Atomic writes: a file appears complete or not at all.

In: a path to write to. Out: a temporary path to write to instead. A process that is killed leaves
its temporary file behind but loses the lock on it; that is how stale files are recognised.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wordkin.system.errors import FormatError

if TYPE_CHECKING:  # which loads NumPy
    from wordkin.system.types import StrPath

_TEMPORARY = re.compile(r"\.wordkin-[0-9a-f]{16}\.tmp")
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path next to `path`; on exit, rename that file to `path`.

    The content is on disk before the file is renamed, and the new name before this returns. On any
    error the temporary file is removed and the old file at `path` stays. The new file gets the
    permissions of the one it replaces, or those that the umask gives a new file. A symbolic link
    is kept: the file it points to is replaced.

    Write to the temporary path by name and close it before leaving the block. Do not replace the
    file itself: it is locked while it exists, so that `remove_stale_temporaries` skips it.

    Parameters
    ----------
    path : path

    Yields
    ------
    Path
        An empty file to write to.

    Raises
    ------
    OSError
        With the subclass and errno of the cause, naming `path`: no such folder, a folder or a
        device at the path, no permission, no space. An OSError from inside the block is converted
        in the same way.
    """
    require_path(path)
    try:
        target = Path(os.path.realpath(path))
        with ExitStack() as undo:
            folder = _open_folder(target.parent)
            undo.callback(os.close, folder)
            old = _mode_of_file(target)
            # The replacement of a private file must never be readable by others.
            temporary, new = _create(target.parent, 0o666 if old is None else 0o600, undo)
            yield temporary
            _set_mode_and_sync(temporary, new if old is None else old)
            os.replace(temporary, target)
            _sync_folder(folder)
    except OSError as error:
        raise _with_path(error, "cannot write", path) from error


def remove_stale_temporaries(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove temporary files that killed processes left behind.

    Files that cannot be opened, locked or removed stay: those that another process is writing, and
    all files on a file system without locks. If other machines do not see the locks (a network
    folder mounted with `nolock`), they must not write to the folder at the same time.

    Returns
    -------
    list of Path
        The files that were removed.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    removed = []
    for name in filter(_TEMPORARY.fullmatch, os.listdir(folder)):
        path = Path(folder, name)
        with suppress(OSError), ExitStack() as undo:
            file = os.open(path, os.O_RDWR)  # some file systems lock only writable files
            undo.callback(os.close, file)
            if lock(file):
                os.unlink(path)
                removed.append(path)
    return removed


def lock(file: int) -> bool:
    """Lock an open file until it is closed or the process ends.

    Parameters
    ----------
    file : int
        File descriptor.

    Returns
    -------
    bool
        False if the file system does not support locks.

    Raises
    ------
    BlockingIOError
        If the file is already locked.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


def make_folder(folder: str | os.PathLike[str]) -> bool:
    """Make a folder, unless it exists; its name is on disk when this returns.

    Returns
    -------
    bool
        False if the folder existed.

    Raises
    ------
    OSError
        As from `atomic_write`, naming `folder`.
    """
    try:
        with ExitStack() as undo:
            parent = _open_folder(Path(folder).parent)
            undo.callback(os.close, parent)
            try:
                os.mkdir(folder)
            except FileExistsError:
                if not os.path.isdir(folder):
                    raise
                return False
            _sync_folder(parent)
            return True
    except OSError as error:
        raise _with_path(error, "cannot be made", folder) from error


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise the OSError that `atomic_write` would raise, before the work instead of after it.

    Permissions alone do not decide this, so a temporary file is created and removed.
    """
    with suppress(_TriedError), atomic_write(path):
        raise _TriedError


class _TriedError(Exception):
    """Leaves `atomic_write` before anything is replaced."""


def _with_path(error: OSError, what: str, path: str | os.PathLike[str]) -> OSError:
    """Return the same error, naming the path and what failed."""
    cause = error.strerror or str(error)
    return OSError(error.errno or errno.EIO, f"{what}: {cause}", os.fspath(path))


def _open_folder(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise OSError(error.errno, f"there is no folder {folder}") from error


def _mode_of_file(target: Path) -> int | None:
    """Return the permissions of a regular file, or None if there is none; else raise OSError."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):  # renaming over /dev/null would replace the device
        raise OSError(errno.EINVAL, "not a regular file")
    return stat.S_IMODE(mode)


def _create(folder: Path, mode: int, undo: ExitStack) -> tuple[Path, int]:
    """Create an empty, locked file; return its path and its permissions under the umask."""
    while True:
        path = folder / f".wordkin-{secrets.token_hex(8)}.tmp"
        undo.callback(path.unlink, missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        undo.callback(os.close, file)
        with suppress(BlockingIOError):
            lock(file)
            if path.exists():  # not removed as stale before it was locked
                return path, stat.S_IMODE(os.fstat(file).st_mode)


def _set_mode_and_sync(path: Path, mode: int) -> None:
    """Set the permissions of a file and wait until its content is on disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        if stat.S_IMODE(os.fstat(file).st_mode) != mode:
            os.fchmod(file, mode)
        os.fsync(file)
    finally:
        os.close(file)


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # CIFS, for one, cannot sync folders
            raise


MODEL_SUFFIX = ".safetensors"


def require_path(path: object, name: str = "path") -> None:
    """Raise TypeError for what is no path; Python would take a number for an open file."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{name} must be a str or a pathlib.Path, got {type(path).__name__}")
    if not os.fspath(path):
        raise FormatError(f"{name} must have a name, got ''")


def require_model_suffix(path: StrPath) -> None:
    """Raise FormatError unless a model can have this path."""
    require_path(path)
    suffix = Path(path).suffix
    if suffix != MODEL_SUFFIX:
        raise FormatError(f"{path}: a model's suffix must be {MODEL_SUFFIX}, got {suffix!r}")


def damaged(path: StrPath, at: int, what: str) -> FormatError:
    """Return the error for a file that is damaged at byte `at`."""
    return FormatError(f"{os.fspath(path)}: {what} (at byte {at:,})")


def require_file(path: StrPath) -> None:
    """Raise FormatError for anything but a regular file, and OSError if it cannot be opened."""
    require_path(path)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise FormatError(f"{path}: not a file")
    with open(path, "rb"):
        pass
