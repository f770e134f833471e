"""Documents whose examples are run: the fenced blocks of a Markdown file, in order.

Lines of a console block that begin with ``$ `` are commands; what stands below each is what it may
print, which is not compared. A block of sh, bash or shell is one script. The Python blocks of a
document share their names. The comment ``<!-- not run: WHY -->`` before a block leaves it out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"(`{3,}|~{3,})\s*(\S*)")
_NOT_RUN = re.compile(r"<!--\s*not run\b.*-->")
_SCRIPTS = ("sh", "bash", "shell")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    language : str
        As its fence names it, in lower case.
    text : str
    path : Path
    line : int
        Where its text begins, counted from 1.
    run : bool
        Whether it is an example to be run.
    """

    language: str
    text: str
    path: Path
    line: int
    run: bool

    def commands(self) -> Iterator[tuple[int, str]]:
        """Give each command of a console block or a script, with its line."""
        if self.language in _SCRIPTS:
            yield self.line, self.text
        if self.language != "console":
            return
        lines = self.text.split("\n")
        for i, line in enumerate(lines):
            if line.startswith("$ "):
                command = [line[2:]]
                while command[-1].endswith("\\") and i + len(command) < len(lines):
                    command.append(lines[i + len(command)].removeprefix("> "))
                yield self.line + i, "\n".join(command)


def blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a Markdown file."""
    found: list[Block] = []
    lines = path.read_text("utf-8").split("\n")
    fence, language, begin, run, before = "", "", 0, True, ""
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence, language, begin = mark[1], mark[2].lower(), number + 1
            run = not _NOT_RUN.search(before)
        elif fence and line.startswith(fence) and not line.strip(fence[0] + " "):
            found.append(
                Block(language, "\n".join(lines[begin - 1 : number - 1]), path, begin, run)
            )
            fence = ""
        if line.strip():
            before = line
    assert not fence, f"{path}:{begin}: a block without an end"
    return found


def prose(path: Path) -> str:
    """Return a Markdown file with its blocks and code made blank, each line where it was."""
    text = path.read_text("utf-8").split("\n")
    for block in blocks(path):
        end = block.line - 1 + block.text.count("\n") + 1
        text[block.line - 2 : end + 1] = [""] * (end + 1 - (block.line - 2))
    return re.sub(r"(`+)[^`]+\1", "", "\n".join(text))


def run_examples(path: Path, folder: Path, *, skip: Sequence[str] = ()) -> int:
    """Run the examples of a document in a folder, and return how many there were.

    Commands are those installed beside this Python. A command fails the test if its exit code is
    not 0; commands that begin with one of `skip` are left out.
    """
    path_of_commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path_of_commands, "NO_COLOR": "1", "COLUMNS": "100"}
    names: dict[str, Any] = {"__name__": "__main__"}
    ran = 0
    here = Path.cwd()
    os.chdir(folder)
    try:
        for block in blocks(path):
            if not block.run:
                continue
            if block.language == "python":
                source = "\n" * (block.line - 1) + block.text
                exec(compile(source, str(path), "exec"), names)
                ran += 1
            for line, command in block.commands():
                if not command.startswith(tuple(skip)):
                    _run(command, f"{path}:{line}", environment)
                    ran += 1
    finally:
        os.chdir(here)
    return ran


def _run(command: str, where: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )
    assert done.returncode == 0, f"{where}: {command}\n{done.stdout}{done.stderr}"
