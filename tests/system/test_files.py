"""A file appears whole or not at all, whatever fails on the way."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wordkin.system.files import (
    atomic_write,
    make_folder,
    remove_stale_temporaries,
    require_writable,
)
from wordkin.vectors.formats.model import read_model, write_model


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the path of a file that is already there, alone in its folder."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def write(path: str | Path, content: bytes = b"new") -> None:
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def only_the_old_file(path: Path) -> bool:
    return path.read_bytes() == b"old" and list(path.parent.iterdir()) == [path]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_write(path) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_old_file_is_there_until_the_end(target: Path) -> None:
    with atomic_write(target) as temporary:
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


def test_a_plain_name_is_a_file_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write("file")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_the_content_is_on_disk_before_the_name_and_the_name_before_the_return(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace

    def logged_fsync(file: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "content")
        fsync(file)

    def logged_replace(a: Path, b: Path) -> None:
        calls.append("name")
        replace(a, b)

    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(os, "replace", logged_replace)
    write(target)
    assert calls == ["content", "name", "folder"]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(tmp_path / "file")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o666 & ~umask


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o444])
def test_a_replaced_file_keeps_its_permissions_and_was_never_more_open(
    target: Path, permissions: int
) -> None:
    target.chmod(permissions)
    with atomic_write(target) as temporary:
        assert mode(temporary) & 0o077 == 0
        temporary.write_bytes(b"new")
    assert mode(target) == permissions
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("dangling", [False, True])
def test_a_symbolic_link_stays_one(tmp_path: Path, dangling: bool) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "link", tmp_path / "elsewhere" / "file"
    link.symlink_to(Path("elsewhere") / "file")
    if not dangling:
        target.write_bytes(b"old")
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_step_leaves_the_old_file_and_nothing_else(
    target: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="cannot write: Input/output error") as error:
        write(target)
    assert error.value.errno == errno.EIO
    assert error.value.filename == str(target)
    assert only_the_old_file(target)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(target: Path) -> None:
    with (
        pytest.raises(OSError, match=f"No space left on device: '{target}'") as error,
        atomic_write(target),
        open("/dev/full", "wb") as file,
    ):
        file.write(b"new")
    assert error.value.errno == errno.ENOSPC
    assert only_the_old_file(target)


@pytest.mark.parametrize("failure", [KeyError("x"), KeyboardInterrupt()])
def test_any_other_failure_inside_passes_through_unchanged(
    target: Path, failure: BaseException
) -> None:
    def fail_half_way() -> None:
        with atomic_write(target) as temporary:
            temporary.write_bytes(b"half")
            raise failure

    with pytest.raises(type(failure)) as error:
        fail_half_way()
    assert error.value is failure
    assert only_the_old_file(target)


def test_a_folder_that_cannot_be_synced_is_no_failure_but_a_failing_disk_is(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync
    number = errno.EINVAL

    def only_files(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(file)

    monkeypatch.setattr(os, "fsync", only_files)
    write(target)
    number = errno.EIO
    with pytest.raises(OSError, match="Input/output error"):
        write(target)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "file"
    with pytest.raises(FileNotFoundError, match=f"no folder {path.parent}: '{path}'"):
        write(path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_named(target: Path) -> None:
    with pytest.raises(NotADirectoryError, match=f"cannot write.*'{target}/file'"):
        write(target / "file")
    assert only_the_old_file(target)


def test_a_folder_at_the_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match=r"Is a directory: '.*folder'"):
        write(tmp_path / "folder")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_what_is_not_a_regular_file_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match=r"not a regular file: '.*pipe'"):
        write(pipe)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="cannot write"):
        write(tmp_path / "a")
    assert (tmp_path / "a").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="cannot write: Permission denied"):
            write(tmp_path / "file")
    finally:
        tmp_path.chmod(0o700)


def test_what_could_be_written_is_found_without_a_trace(target: Path) -> None:
    require_writable(target)
    require_writable(target.with_name("new"))
    assert only_the_old_file(target)


@pytest.mark.parametrize("name", ["missing/file", ".", "file/below"])
def test_what_could_not_be_written_is_found_before_the_work(target: Path, name: str) -> None:
    with pytest.raises(OSError, match="cannot write") as early:
        require_writable(target.parent / name)
    with pytest.raises(OSError, match="cannot write") as late:
        write(target.parent / name)
    assert str(early.value) == str(late.value)
    assert only_the_old_file(target)


# ------------------------------------------------------------------------------ what is left behind


STALE = ".wordkin-0123456789abcdef.tmp"


def test_a_temporary_file_that_nobody_writes_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / STALE).write_bytes(b"half")
    others = ["model", ".wordkin-1.tmp", STALE + "x", "x" + STALE, STALE.upper()]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / STALE.replace("0", "f")).mkdir()
    assert remove_stale_temporaries(tmp_path) == [tmp_path / STALE]
    assert sorted(os.listdir(tmp_path)) == sorted([*others, STALE.replace("0", "f")])
    assert remove_stale_temporaries(str(tmp_path)) == []


def test_a_temporary_file_that_is_being_written_stays(target: Path) -> None:
    with atomic_write(target) as temporary:
        assert remove_stale_temporaries(target.parent) == []
        temporary.write_bytes(b"new")
        assert remove_stale_temporaries(target.parent) == []
        assert temporary.exists()
    assert target.read_bytes() == b"new"


def test_a_model_that_is_being_written_keeps_its_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = []
    replace = os.replace

    def look(a: Path, b: Path) -> None:
        removed.extend(remove_stale_temporaries(tmp_path))
        replace(a, b)

    monkeypatch.setattr(os, "replace", look)
    ones = np.ones((1, 2), np.float32)
    write_model(
        tmp_path / "m", words=["a"], center=ones, outside=ones, counts=np.ones(1, int), metadata={}
    )
    assert read_model(tmp_path / "m").words == ["a"]
    assert removed == []


def test_the_temporary_file_of_a_process_that_was_killed_is_removed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from wordkin.system.files import atomic_write\n"
        "with atomic_write(sys.argv[1]) as path: print(path, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "file"], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        path = Path(child.stdout.readline().rstrip())
        assert remove_stale_temporaries(tmp_path) == []
        child.kill()
    assert remove_stale_temporaries(tmp_path) == [path]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["locked", "removed"])
def test_a_temporary_file_that_was_taken_for_a_stale_one_is_made_anew(
    target: Path, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    flock = fcntl.flock
    calls = []

    def interfere(file: int, how: int) -> None:
        calls.append(file)
        if len(calls) < 3:
            (found,) = target.parent.glob(".wordkin-*") if taken == "removed" else [None]
            if found is None:
                raise BlockingIOError
            found.unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", interfere)
    write(target)
    assert len(calls) == 3
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_without_locks_files_are_written_and_nothing_counts_as_stale(
    target: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    write(target)
    assert target.read_bytes() == b"new"
    (target.parent / STALE).touch()
    assert remove_stale_temporaries(target.parent) == []
    assert (target.parent / STALE).exists()


def test_a_folder_is_made_once_and_what_is_in_its_way_is_named(target: Path) -> None:
    folder = target.parent / "folder"
    assert make_folder(folder)
    assert not make_folder(folder)
    with pytest.raises(FileExistsError, match=f"cannot be made: File exists: '{target}'"):
        make_folder(target)
    missing = target.parent / "missing" / "folder"
    with pytest.raises(FileNotFoundError, match=f"no folder {missing.parent}: '{missing}'"):
        make_folder(missing)
