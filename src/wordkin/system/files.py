"""Files that appear whole or not at all.

In: a path to write to. Out: a temporary path to write to instead. A process that is killed leaves
its temporary file behind, but not the lock on it: by that it is found.
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

from wordkin.system.errors import FormatError
from wordkin.system.types import StrPath

_TEMPORARY = re.compile(r"\.wordkin-[0-9a-f]{16}\.tmp")
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; on leaving, make it the file at `path`.

    The content is on the disk before the name changes, and the name before this returns. On any
    error the temporary file goes away and what was at `path` stays. The new file has the
    permissions of the one it replaces, or those that the umask gives a new file. A symbolic link
    stays one: the file it leads to is replaced.

    Write to the temporary path by name and close it before leaving. Do not replace the file there:
    it is locked for as long as it lives, so that `remove_stale_temporaries` leaves it alone.

    Raises
    ------
    OSError
        Of the subclass and errno of the cause, naming `path`: no such folder, a folder or a
        device at the path, no permission, no space. Also for an OSError from inside the block.
    """
    try:
        target = Path(os.path.realpath(path))
        with ExitStack() as undo:
            folder = _open_folder(target.parent)
            undo.callback(os.close, folder)
            old = _mode_of_file(target)
            # What replaces a private file must not be readable by others even for a moment.
            temporary, new = _create(target.parent, 0o666 if old is None else 0o600, undo)
            yield temporary
            _settle(temporary, new if old is None else old)
            os.replace(temporary, target)
            _sync_folder(folder)
    except OSError as error:
        raise _told(error, "cannot write", path) from error


def remove_stale_temporaries(folder: str | os.PathLike[str]) -> list[Path]:
    """Remove the temporary files of `atomic_write` that nobody writes any more; return them.

    Such are left by a process that was killed. What cannot be opened, locked or removed stays: what
    another process is writing, and everything on a file system without locks. Where locks are not
    seen by other machines (a network folder mounted with `nolock`), none of these may write there.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    removed = []
    for name in filter(_TEMPORARY.fullmatch, os.listdir(folder)):
        path = Path(folder, name)
        with suppress(OSError), ExitStack() as undo:
            file = os.open(path, os.O_RDWR)  # some file systems lock only what may be written
            undo.callback(os.close, file)
            if lock(file):
                os.unlink(path)
                removed.append(path)
    return removed


def lock(file: int) -> bool:
    """Lock an open file until it is closed, be it by the end of the process.

    Returns
    -------
    bool
        False if the file system has no locks.

    Raises
    ------
    BlockingIOError
        If it is locked already.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


def make_folder(folder: str | os.PathLike[str]) -> bool:
    """Make a folder, whose name is on the disk when this returns; False if it was there.

    Raises
    ------
    OSError
        As `atomic_write`, naming `folder`.
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
        raise _told(error, "cannot be made", folder) from error


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise now what `atomic_write` would raise later: before the work, not after it.

    Tries it, for permissions alone do not tell: a file comes and goes beside `path`.
    """
    with suppress(_TriedError), atomic_write(path):
        raise _TriedError


class _TriedError(Exception):
    pass


def _told(error: OSError, what: str, path: str | os.PathLike[str]) -> OSError:
    cause = error.strerror or str(error)
    return OSError(error.errno or errno.EIO, f"{what}: {cause}", os.fspath(path))


def _open_folder(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise OSError(error.errno, f"there is no folder {folder}") from error


def _mode_of_file(target: Path) -> int | None:
    """Return the permissions of the file there, None if there is none; refuse anything else."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):  # renaming over /dev/null would put an end to it
        raise OSError(errno.EINVAL, "not a regular file")
    return stat.S_IMODE(mode)


def _create(folder: Path, mode: int, undo: ExitStack) -> tuple[Path, int]:
    """Create an empty file, locked; return it and the permissions that the umask has left it."""
    while True:
        path = folder / f".wordkin-{secrets.token_hex(8)}.tmp"
        undo.callback(path.unlink, missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        undo.callback(os.close, file)
        with suppress(BlockingIOError):
            lock(file)
            if path.exists():  # and was not taken for a stale one before it was locked
                return path, stat.S_IMODE(os.fstat(file).st_mode)


def _settle(path: Path, mode: int) -> None:
    """Give the file its permissions and wait until its content is on the disk."""
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
        if error.errno != errno.EINVAL:  # a file system, such as CIFS, that has no such thing
            raise


def damaged(path: StrPath, at: int, what: str) -> FormatError:
    """Return the error of a file that is not as it should be, from byte `at` on."""
    return FormatError(f"{os.fspath(path)}: {what} (at byte {at:,})")


def require_file(path: StrPath) -> None:
    """Refuse what is not a file; what cannot be opened raises the OSError that says so."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise FormatError(f"{path}: not a file")
    with open(path, "rb"):
        pass
