"""Commands run in this process, and what they leave behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from wordkin.cli import app


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*arguments: object, stdin: bytes = b"") -> Ran:
    """Run a command in this process."""
    result = CliRunner().invoke(
        app, [str(a) for a in arguments], input=stdin, catch_exceptions=False, prog_name="wordkin"
    )
    out, err = (
        raw.decode("utf-8", "surrogateescape") for raw in (result.stdout_bytes, result.stderr_bytes)
    )
    return Ran(result.exit_code, out, err)


def fails(*arguments: object, code: int = 1, stdin: bytes = b"") -> str:
    """Run a command that must fail, with one line on stderr and no other; return the line."""
    ran = run(*arguments, stdin=stdin)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("wordkin: ")
    assert ran.err.count("\n") == 1
    return ran.err.removeprefix("wordkin: ").rstrip("\n")
