"""Files that appear whole or not at all.

In: a path to write to. Out: a temporary path to write to instead. Imports nothing of ours.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; on leaving, make it the file at `path`.

    The content is on the disk before the name changes, and the name before this returns. On any
    error the temporary file goes away and what was at `path` stays. The new file has the
    permissions of the one it replaces, or those that the umask gives a new file. A symbolic link
    stays one: the file it leads to is replaced.

    Write to the temporary path by name, or replace it, and close it before leaving.

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
            temporary = target.with_name(f".wordkin-{secrets.token_hex(8)}.tmp")
            undo.callback(temporary.unlink, missing_ok=True)
            # What replaces a private file must not be readable by others even for a moment.
            new = _create(temporary, 0o666 if old is None else 0o600)
            yield temporary
            _settle(temporary, new if old is None else old)
            os.replace(temporary, target)
            _sync_folder(folder)
    except OSError as error:
        cause = error.strerror or str(error)
        raise OSError(
            error.errno or errno.EIO, f"cannot write: {cause}", os.fspath(path)
        ) from error


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise now what `atomic_write` would raise later: before the work, not after it.

    Tries it, for permissions alone do not tell: a file comes and goes beside `path`.
    """
    with suppress(_TriedError), atomic_write(path):
        raise _TriedError


class _TriedError(Exception):
    pass


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


def _create(path: Path, mode: int) -> int:
    """Create an empty file and return the permissions that the umask has left it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        return stat.S_IMODE(os.fstat(file).st_mode)
    finally:
        os.close(file)


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
