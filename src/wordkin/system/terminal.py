"""What reaches a terminal or a pipe: results on standard output, talk on standard error.

Words are bytes from somebody's text. They go out as the bytes that came in, except that control
characters are spelled out: no word moves the cursor, rings the bell or forges a line of results.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


# Besides what JSON escapes anyway: what is no valid UTF-8, and what a terminal might obey.
_NOT_FOR_JSON = re.compile(r"[\x7f-\x9f\ud800-\udfff]")


def begin() -> None:
    """Let both streams write text as UTF-8, and bytes that are none as they were."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def printable(text: str) -> str:
    r"""Spell out control characters, as in ``\x1b``; all else stays."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def say(message: str) -> None:
    """Write a line of talk."""
    print(printable(message), file=sys.stderr)


def put(line: str = "") -> None:
    """Write a line of results."""
    print(printable(line))


def put_heading(line: str) -> None:
    """Write a line of results, bold where that can be seen."""
    bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(f"\x1b[1m{printable(line)}\x1b[0m" if bold else printable(line))


def put_json(value: Any) -> None:
    """Write plain data as one line of JSON that is always valid UTF-8."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    print(_NOT_FOR_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def put_table(heading: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> None:
    """Write columns of text that takes one place a character; `align` is a < or > for each."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        fitted = (f"{c:{a}{w}}" for c, a, w in zip(cells, align, widths, strict=True))
        return "  ".join(fitted).rstrip()

    put_heading(line(heading))
    for row in rows:
        put(line(row))


def end() -> None:
    """Send out what is buffered; if that fails, do not try once more when Python ends."""
    try:
        sys.stdout.flush()
    except OSError:
        abandon()
        raise


def abandon() -> None:
    """Give up standard output: what is left in the buffer goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
