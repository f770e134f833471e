"""A state that was saved is there, whatever happens next: to the disk, the process or the file."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import random
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load

from support.states import content
from wordkin.system import files
from wordkin.system.errors import CheckpointError, FormatError
from wordkin.system.tensors import write_tensors
from wordkin.training import checkpoint
from wordkin.training.checkpoint import Checkpoints, State

Said = list[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors.checkpoint"


def is_of(found: State | None, value: int) -> bool:
    """Whether a state is complete and has this number's content."""
    expected = content(value)
    return (
        found is not None
        and found.metadata == expected["metadata"]
        and found.tensors.keys() == expected["tensors"].keys()
        and all(
            array.dtype == found.tensors[name].dtype
            and array.shape == found.tensors[name].shape
            and array.tobytes() == found.tensors[name].tobytes()
            for name, array in expected["tensors"].items()
        )
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "lock")


def saved(folder: Path, *values: int) -> None:
    with Checkpoints(folder) as states:
        for value in values:
            states.save(**content(value))


def latest(folder: Path, said: Said | None = None) -> State | None:
    with Checkpoints(folder, (said if said is not None else []).append) as states:
        return states.latest()


def found_parts(folder: Path, said: Said | None = None) -> list[State]:
    with Checkpoints(folder, (said if said is not None else []).append) as states:
        return list(states.parts())


# ---------------------------------------------------------------------------------- what comes back


def test_the_newest_state_comes_back_as_it_was_and_may_be_changed(folder: Path) -> None:
    with Checkpoints(folder) as states:
        assert states.latest() is None
        for value in range(1, 5):
            states.save(**content(value))
            found = states.latest()
            assert found
            assert found.number == value
            assert is_of(found, value)
    found = latest(folder)
    assert is_of(found, 4)
    assert found
    for array in found.tensors.values():
        array += 1
    assert names(folder) == ["state-00000003", "state-00000004"]
    saved(folder, 5)
    assert names(folder) == ["state-00000004", "state-00000005"]


def test_floats_of_the_metadata_come_back_exactly(folder: Path) -> None:
    rng = random.Random(1)
    floats = [
        5e-324,
        -0.0,
        0.1,
        1e308,
        *(rng.random() * 10.0 ** rng.randint(-300, 300) for _ in "x" * 500),
    ]
    large = np.random.PCG64(1).state  # whole numbers of 128 bits
    with Checkpoints(folder) as states:
        states.save({}, {"floats": floats, "large": large})
        found = states.latest()
    assert found
    assert list(map(float.hex, found.metadata["floats"])) == list(map(float.hex, floats))
    assert found.metadata["large"] == large
    assert found.tensors == {}


def test_mapped_files_and_views_are_saved_as_what_they_show(folder: Path, tmp_path: Path) -> None:
    base = np.arange(60.0).reshape(6, 10)
    base.tofile(tmp_path / "x")
    mapped = np.memmap(tmp_path / "x", np.float64, "r", shape=(6, 10))
    with Checkpoints(folder) as states:
        states.save({"mapped": mapped, "view": mapped[::2, ::-3]}, {})
        found = states.latest()
    assert found
    np.testing.assert_array_equal(found.tensors["mapped"], base)
    np.testing.assert_array_equal(found.tensors["view"], base[::2, ::-3])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metadata": {"x": float("nan")}}, "cannot be written as JSON"),
        ({"metadata": {"x": [float("-inf")]}}, "cannot be written as JSON"),
        ({"metadata": {"x": np.float32(1)}}, "cannot be written as JSON"),
        ({"tensors": {"half": np.ones(2, np.float16)}}, "the array half must be one of"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_and_nothing_written(
    folder: Path, wrong: dict[str, Any], message: str
) -> None:
    with Checkpoints(folder) as states:
        for write in (states.save, states.append):
            with pytest.raises(FormatError, match=message):
                write(**content(1) | wrong)
        assert names(folder) == []
    assert not folder.exists()


def test_a_file_is_a_line_with_its_checksum_and_then_safetensors(folder: Path) -> None:
    saved(folder, 1)
    data = (folder / "state-00000001").read_bytes()
    start, version, checksum = data[:96].split()[:2], data.split()[2], data.split()[3]
    assert (start, version, data[95:96]) == ([b"wordkin", b"checkpoint"], b"1", b"\n")
    assert hashlib.sha256(data.replace(checksum, b"0" * 64)).hexdigest() == checksum.decode()
    assert load(data[96:]).keys() == content(1)["tensors"].keys()


# -------------------------------------------------------------------------------------------- parts


def written(path: Path) -> tuple[int, int]:
    """Return which file it is, and when it was written: not when it was read."""
    return path.stat().st_ino, path.stat().st_mtime_ns


def test_parts_come_back_in_their_order_and_are_never_replaced(folder: Path) -> None:
    with Checkpoints(folder) as states:
        assert list(states.parts()) == []
        for value in range(1, 4):
            states.append(**content(value))
        states.save(**content(9))
    before = written(folder / "part-00000002")
    with Checkpoints(folder) as states:
        states.append(**content(4))
    found = found_parts(folder)
    assert [part.number for part in found] == [1, 2, 3, 4]
    assert all(is_of(part, part.number) for part in found)
    assert written(folder / "part-00000002") == before
    assert is_of(latest(folder), 9)


@pytest.mark.parametrize("damage", ["gap", "bit", "cut"])
@pytest.mark.parametrize("at", [1, 3, 5])
def test_parts_end_at_the_first_that_is_missing_or_damaged(
    folder: Path, at: int, damage: str
) -> None:
    with Checkpoints(folder) as states:
        for value in range(1, 6):
            states.append(**content(value))
    path = folder / f"part-{at:08d}"
    if damage == "gap":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        flip(path, 5000)
    said: Said = []
    with Checkpoints(folder, said.append) as states:
        assert [part.number for part in states.parts()] == list(range(1, at))
        assert names(folder) == [f"part-{i:08d}" for i in range(1, at)]
        states.append(**content(at))
        assert is_of(list(states.parts())[-1], at)
    removed = [message for message in said if "removed" in message]
    assert len(removed) == 6 - at - (damage == "gap")
    assert all(str(folder) in message for message in said)
    assert any(f"{path}: damaged" in message for message in said) == (damage != "gap")


def test_a_part_is_never_written_behind_a_gap(folder: Path) -> None:
    with Checkpoints(folder) as states:
        for value in range(1, 5):
            states.append(**content(value))
    (folder / "part-00000002").unlink()
    said: Said = []
    with Checkpoints(folder, said.append) as states:
        states.append(**content(2))
        assert [part.number for part in states.parts()] == [1, 2]
    assert len(said) == 2


def test_a_part_that_the_disk_cannot_read_is_not_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Checkpoints(folder) as states:
        states.append(**content(1))
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint._HashedFile, "readinto", failing(errno.EIO))
            with pytest.raises(OSError, match=r"cannot read: .*part-00000001"):
                list(states.parts())
        assert is_of(next(states.parts()), 1)


# ------------------------------------------------------------------------------------------- damage


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def damaged(folder: Path, cases: Iterator[bytes]) -> None:
    """Put each of these in place of the second state; expect the first one, and a warning."""
    saved(folder, 1, 2)
    newest = folder / "state-00000002"
    said: Said = []
    with Checkpoints(folder, said.append) as states:
        for data in cases:
            newest.write_bytes(data)
            assert is_of(states.latest(), 1)
            (message,) = said
            assert message.startswith(f"{newest}: damaged: ")
            said.clear()


def whole(folder: Path) -> bytes:
    saved(folder, 2)
    data = (folder / "state-00000001").read_bytes()
    (folder / "state-00000001").unlink()
    return data


def test_each_flipped_bit_is_noticed(folder: Path) -> None:
    data = whole(folder)
    rng = random.Random(1)
    header = 96 + 8 + int.from_bytes(data[96:104], "little")
    bits = [*range(96 * 8), *rng.sample(range(96 * 8, header * 8), 600)]
    bits += rng.sample(range(header * 8, len(data) * 8), 1000)

    def flipped() -> Iterator[bytes]:
        for bit in bits:
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            yield bytes(changed)

    damaged(folder, flipped())


def test_each_cut_and_each_byte_too_many_is_noticed(folder: Path) -> None:
    data = whole(folder)
    rng = random.Random(1)
    ends = [0, 1, 95, 96, 97, 104, len(data) - 1, *rng.sample(range(len(data)), 300)]
    longer = [data + tail for tail in (b"\0", b"\n", data, bytes(4096))]
    damaged(folder, iter([data[:end] for end in ends] + longer + [bytes(len(data))]))


def test_a_state_that_the_disk_cannot_read_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(folder, 1, 2)
    real = checkpoint._HashedFile.readinto

    def fail(file: checkpoint._HashedFile, buffer: Any) -> int:
        if str(file.name).endswith("2"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(file, buffer)

    monkeypatch.setattr(checkpoint._HashedFile, "readinto", fail)
    said: Said = []
    assert is_of(latest(folder, said), 1)
    assert said == [
        f"{folder}/state-00000002: cannot read: Input/output error; skipping this checkpoint"
    ]


def test_no_intact_state_at_all_is_none_and_each_is_named(folder: Path) -> None:
    saved(folder, 1, 2)
    for name in names(folder):
        flip(folder / name, 4321)
    said: Said = []
    assert latest(folder, said) is None
    assert len(said) == 2


def test_a_damaged_state_does_not_count_as_the_one_that_is_kept(folder: Path) -> None:
    saved(folder, 1, 2)
    flip(folder / "state-00000002", 4321)
    said: Said = []
    with Checkpoints(folder, said.append) as states:
        assert is_of(states.latest(), 1)
        states.save(**content(3))
        assert names(folder) == ["state-00000001", "state-00000003"]
        states.save(**content(4))
        assert names(folder) == ["state-00000003", "state-00000004"]


def in_format(data: bytes, version: bytes) -> bytes:
    """Return a file as another wordkin would have written it."""
    line = b"wordkin checkpoint %b %b" % (version, b"0" * 64)
    data = line.ljust(95) + b"\n" + data[96:]
    return data.replace(b"0" * 64, hashlib.sha256(data).hexdigest().encode(), 1)


def test_a_state_of_a_newer_wordkin_is_not_taken_for_damaged(folder: Path) -> None:
    saved(folder, 1, 2)
    newest = folder / "state-00000002"
    data = newest.read_bytes()
    assert in_format(data, b"1") == data
    newest.write_bytes(in_format(data[:96] + b"something else", b"12"))
    with pytest.raises(
        CheckpointError, match=f"{newest}: written by a newer wordkin: it has format 12"
    ):
        latest(folder)
    assert names(folder) == ["state-00000001", "state-00000002"]


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_metadata_that_are_none_are_damage_even_under_their_checksum(
    folder: Path, text: str
) -> None:
    saved(folder, 1, 2)
    file = io.BytesIO()
    write_tensors(file, {}, {"wordkin-checkpoint": text} if text else {})
    data = in_format(bytes(96) + file.getvalue(), b"1")
    (folder / "state-00000002").write_bytes(data)
    said: Said = []
    assert is_of(latest(folder, said), 1)
    assert len(said) == 1


# ------------------------------------------------------------------------------------ what can fail


def failing(number: int) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


class Faults:
    """Counts the calls that reach the disk, and lets one of them fail."""

    CALLS = (
        *(
            (os, name)
            for name in ("open", "fsync", "replace", "unlink", "listdir", "fstat", "close")
        ),
        *((checkpoint._HashedFile, name) for name in ("__init__", "write", "seek")),
        (fcntl, "flock"),
        (files, "_mode_of_file"),
    )

    def __init__(self, at: int = -1, failure: BaseException | None = None) -> None:
        self.calls: Said = []
        self._at = at
        self._failure = failure

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for where, name in self.CALLS:
                patch.setattr(where, name, self._wrapped(getattr(where, name), name))
            yield

    def _wrapped(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 == self._at and self._failure is not None:
                if name == "close":
                    real(*args)  # a descriptor is gone even if that is told
                raise self._failure
            return real(*args, **kwargs)

        return call


FAILURES = [
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.ENOSPC, "No space left on device"),
    KeyboardInterrupt(),
]


@pytest.mark.parametrize("kind", ["state", "part"])
@pytest.mark.parametrize("failure", FAILURES, ids=["EIO", "ENOSPC", "interrupt"])
def test_whichever_call_fails_a_whole_state_is_there(
    folder: Path, failure: BaseException, kind: str
) -> None:
    def write(states: Checkpoints, value: int) -> None:
        (states.save if kind == "state" else states.append)(**content(value))

    def newest(states: Checkpoints) -> State | None:
        return states.latest() if kind == "state" else [None, *states.parts()][-1]

    at = 0
    said: Said = []
    with Checkpoints(folder, said.append) as states:
        for value in (1, 2):
            write(states, value)
        value = 2
        while True:
            faults = Faults(at, failure)
            raised: BaseException | None = None
            try:
                with faults():
                    write(states, value + 1)
            except (OSError, KeyboardInterrupt) as error:
                raised = error
            if raised:
                assert type(raised) is type(failure)
                assert getattr(raised, "errno", None) == getattr(failure, "errno", None)
            renamed = "replace" in faults.calls[:at]
            found = newest(states)
            assert is_of(found, value + 1 if renamed else value)
            assert not any(name.endswith(".tmp") for name in names(folder))
            if len(faults.calls) <= at:
                break
            if not renamed:
                assert raised
            elif kind == "state" and not raised:  # a generation too many is no failure
                assert faults.calls[at] in ("listdir", "unlink")
                assert len(said) == 1
                assert "cannot remove an older checkpoint" in said.pop()
            value += renamed
            at += 1
    assert at > 15
    assert set(faults.calls) >= {"open", "fsync", "replace", "flock", "write", "seek"}
    assert not said
    if kind == "state":
        assert len(names(folder)) == 2


def test_a_file_that_takes_little_at_a_time_is_written_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checkpoint._HashedFile.write
    monkeypatch.setattr(
        checkpoint._HashedFile, "write", lambda file, data: real(file, memoryview(data)[:13])
    )
    saved(folder, 1)
    monkeypatch.undo()
    assert is_of(latest(folder), 1)


@pytest.mark.parametrize("size", [0, 50, 96, 500, 3000])
def test_a_full_disk_leaves_the_states_that_were_there(folder: Path, size: int) -> None:
    saved(folder, 1, 2)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Checkpoints(folder) as states:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            with pytest.raises(OSError, match=r"cannot write: .*state-00000003"):
                states.save(**content(3))
            with pytest.raises(OSError, match=r"cannot write: .*part-00000001"):
                states.append(**content(3))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert names(folder) == ["state-00000001", "state-00000002"]
        assert is_of(states.latest(), 2)


CHILD = """
import sys
sys.path.insert(0, {tests!r})
from support.states import content
from wordkin.training.checkpoint import Checkpoints
with Checkpoints({folder!r}) as states:
    found = states.latest()
    value = found.metadata["value"] if found else 0
    while True:
        value += 1
        states.save(**content(value))
        print(value, flush=True)
"""


def test_a_run_that_is_killed_at_any_moment_has_lost_nothing_that_was_saved(folder: Path) -> None:
    code = CHILD.format(tests=str(Path(__file__).parents[1]), folder=str(folder))
    rng = random.Random(1)
    value = 0
    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
            assert child.stdout
            told = [int(child.stdout.readline()) for _ in range(rng.randint(1, 5))]
            for _ in range(rng.randint(0, 30_000)):  # some moment of the next save
                pass
            child.kill()
            told += map(int, child.stdout.read().split())
        assert told[0] in (value + 1, value + 2)
        said: Said = []
        found = latest(folder, said)
        assert found
        value = found.metadata["value"]
        assert is_of(found, value)
        assert value in (told[-1], told[-1] + 1)
        assert all(name.startswith("state-") for name in names(folder))
        assert 1 <= len(names(folder)) <= 3
        assert all("left over from a run that was killed" in message for message in said)


# --------------------------------------------------------------------------------------- the folder


def test_a_folder_in_which_nothing_was_saved_goes_away_only_if_it_was_made(folder: Path) -> None:
    with Checkpoints(folder):
        assert stat.S_ISDIR(folder.stat().st_mode)
    assert not folder.exists()
    folder.mkdir()
    with Checkpoints(folder):
        pass
    assert list(folder.iterdir()) == []


def test_a_folder_in_which_something_was_saved_stays_when_the_run_fails(folder: Path) -> None:
    def run() -> None:
        with Checkpoints(folder) as states:
            states.save(**content(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert os.listdir(folder) == ["state-00000001"]


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"), Checkpoints(folder / "x"):
        pass
    folder.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=str(folder)), Checkpoints(folder):
        pass
    assert folder.read_bytes() == b"mine"


def test_the_folder_goes_away_with_all_that_is_ours(folder: Path) -> None:
    with Checkpoints(folder) as states:
        for value in range(3):
            states.save(**content(value))
            states.append(**content(value))
        states.remove()
        assert not folder.exists()
    assert not folder.exists()


def test_what_is_not_ours_stays_and_so_does_its_folder(folder: Path) -> None:
    folder.mkdir()
    foreign = ["notes.txt", "state-1", "state-00000001.bak", "state-000000012", "part-", ".x.tmp"]
    for name in foreign:
        (folder / name).touch()
    with Checkpoints(folder) as states:
        states.save(**content(1))
        states.append(**content(1))
        assert is_of(states.latest(), 1)
        states.remove()
    assert sorted(os.listdir(folder)) == sorted(foreign)


def test_after_leaving_the_folder_another_run_has_it(folder: Path) -> None:
    first = Checkpoints(folder)
    with first:
        first.save(**content(1))
        first.remove()
        with Checkpoints(folder) as second:
            second.save(**content(2))
            first.__exit__()
            with pytest.raises(CheckpointError), Checkpoints(folder):
                pass
            assert is_of(second.latest(), 2)


def test_a_second_run_is_refused_until_the_first_has_ended_or_is_killed(folder: Path) -> None:
    message = f"{folder}: another run is using these checkpoints"
    with Checkpoints(folder), pytest.raises(CheckpointError, match=message), Checkpoints(folder):
        pass
    assert not folder.exists()
    code = CHILD.format(tests=str(Path(__file__).parents[1]), folder=str(folder))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        with pytest.raises(CheckpointError, match=message), Checkpoints(folder):
            pass
        child.kill()
    assert latest(folder)


@pytest.mark.parametrize("gone", ["lock", "folder"])
def test_a_folder_that_was_just_given_back_is_made_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    calls: list[Any] = []
    flock, opened = fcntl.flock, os.open

    def remove_folder(path: Any, *args: Any) -> int:
        if gone == "folder" and path == folder / "lock" and not calls:
            calls.append(path)
            folder.rmdir()
        return opened(path, *args)

    def remove_lock(file: int, how: int) -> None:
        flock(file, how)
        if gone == "lock" and not calls:
            calls.append(file)
            (folder / "lock").unlink()
            folder.rmdir()

    monkeypatch.setattr(os, "open", remove_folder)
    monkeypatch.setattr(fcntl, "flock", remove_lock)
    open_before = os.listdir("/proc/self/fd")
    with Checkpoints(folder) as states:
        states.save(**content(1))
        assert (folder / "lock").exists()
        with pytest.raises(CheckpointError), Checkpoints(folder):
            pass
    assert len(calls) == 1
    assert len(os.listdir("/proc/self/fd")) == len(open_before)


def test_without_locks_it_is_said_that_they_are_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    said: Said = []
    with Checkpoints(folder, said.append) as states:
        states.save(**content(1))
        assert is_of(states.latest(), 1)
    assert len(said) == 1
    assert said[0].startswith(f"{folder}: cannot lock files there")


def test_a_temporary_file_that_was_left_is_removed_with_a_word(folder: Path) -> None:
    folder.mkdir()
    stale = folder / ".wordkin-0123456789abcdef.tmp"
    stale.touch()
    said: Said = []
    with Checkpoints(folder, said.append):
        assert not stale.exists()
    assert said == [f"{stale}: removed, left over from a run that was killed"]
