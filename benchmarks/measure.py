"""Run one child process and measure it: lines with their times, wall time, peak memory.

Comes in: a command. Goes out: an ``Outcome``. Standard library only, on purpose: Linux counts the
memory that a process had before ``exec`` in its peak, so whatever this parent holds is the least
that any child can show.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LINE_END = re.compile(rb"([\r\n])")


@dataclass(frozen=True)
class Line:
    """A line that a child printed, and when its first byte came, in seconds from the start."""

    seconds: float
    text: str


@dataclass(frozen=True)
class Outcome:
    """What a child process that ended well left behind."""

    wall_seconds: float
    peak_bytes: int
    stdout: list[Line]
    stderr: list[Line]


class ToolError(Exception):
    """A tool that could not be run, or whose output says nothing usable."""


def run_child(command: Sequence[str], folder: Path) -> Outcome:
    """Run a command in a folder until it ends; on any exception here, kill it and what it started.

    Raises
    ------
    ToolError
        If it ends with another code than 0; the message has the end of what it said.
    """
    stdout: list[Line] = []
    stderr: list[Line] = []
    started = time.perf_counter()
    try:
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a group of its own, so that killpg reaches its children too
        )
    except OSError as error:
        raise ToolError(f"cannot start {command[0]}: {error.strerror}") from None
    try:
        assert child.stdout is not None
        assert child.stderr is not None
        readers = [
            threading.Thread(target=_collect, args=(child.stdout, started, stdout), daemon=True),
            threading.Thread(target=_collect, args=(child.stderr, started, stderr), daemon=True),
        ]
        for reader in readers:
            reader.start()
        _, status, usage = os.wait4(child.pid, 0)  # the one call that tells this child's own peak
        wall_seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    for reader in readers:
        reader.join()
    child.stdout.close()
    child.stderr.close()
    if child.returncode != 0:
        raise ToolError(_failure(command, child.returncode, stderr or stdout))
    return Outcome(wall_seconds, usage.ru_maxrss * 1024, stdout, stderr)


def _collect(stream: IO[bytes], started: float, lines: list[Line]) -> None:
    r"""Append the lines of a stream as they come; progress reports end with ``\r``."""
    pending, began = b"", 0.0
    while chunk := os.read(stream.fileno(), 1 << 16):
        now = time.perf_counter() - started
        for piece in LINE_END.split(chunk):
            if piece in (b"\r", b"\n"):
                if pending:
                    lines.append(Line(began, pending.decode(errors="replace")))
                pending = b""
            elif piece:
                began = began if pending else now
                pending += piece
    if pending:
        lines.append(Line(began, pending.decode(errors="replace")))


def _failure(command: Sequence[str], exit_code: int, said: list[Line], tail: int = 15) -> str:
    how = f"killed by signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
    shown = "\n".join(f"    {line.text}" for line in said[-tail:])
    return f"{how}: {' '.join(command)}\n{shown or '    (it said nothing)'}"
