"""Write to a terminal or a pipe: results to standard output, messages to standard error.

In: text, tables, plain data. Words are bytes from an arbitrary text. They are written as the bytes
that were read, except that control characters are escaped: no word can move the cursor, ring the
bell or forge a line of results.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Beyond what JSON escapes anyway: invalid UTF-8, and what a terminal might interpret.
_NOT_FOR_JSON = re.compile(r"[\x7f-\x9f\ud800-\udfff]")


def begin() -> None:
    """Make both streams write UTF-8, and bytes that are not valid UTF-8 unchanged."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the parent process
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def printable(text: str) -> str:
    r"""Return the text with control characters escaped, as in ``\x1b``."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def say(message: str) -> None:
    """Write a message line to standard error."""
    print(printable(message), file=sys.stderr)


def put(line: str = "") -> None:
    """Write a line of results to standard output."""
    print(printable(line))


def put_heading(line: str) -> None:
    """Write a line of results, in bold on a terminal unless NO_COLOR is set."""
    bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(f"\x1b[1m{printable(line)}\x1b[0m" if bold else printable(line))


def put_json(value: Any) -> None:
    """Write plain data as one line of JSON, always valid UTF-8."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    print(_NOT_FOR_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def width(text: str) -> int:
    """Return how many cells of a terminal a printable text takes.

    Hangul, Han and kana take two, combining marks none.
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, most: int) -> str:
    """Return a text that takes at most so many cells, with … for what was cut off."""
    text = printable(text)
    if width(text) <= most:
        return text
    kept = ""
    for character in text:
        if width(kept + character) > most - 1:
            break
        kept += character
    return f"{kept}…"


def put_table(heading: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> None:
    """Write a table; `align` has a < or > for each column.

    On a terminal that is too narrow for it, each row becomes lines of headings and cells.
    """
    heading = [printable(cell) for cell in heading]
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(heading, *rows, strict=True)]
    if sum(widths) + 2 * len(widths) - 2 > columns():
        _put_stacked(heading, rows)
        return

    def padded(cell: str, side: str, most: int) -> str:
        blanks = " " * (most - width(cell))
        return blanks + cell if side == ">" else cell + blanks

    def line(cells: Sequence[str]) -> str:
        return "  ".join(map(padded, cells, align, widths)).rstrip()

    put_heading(line(heading))
    for row in rows:
        put(line(row))


def columns() -> int:
    """Return how many cells a line of results may take: those of the terminal, if it is one."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def _put_stacked(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write each row as a block of lines: the cells without a heading, then the others."""
    most = max(map(width, heading))
    for i, row in enumerate(rows):
        if i:
            put()
        named = [(name, cell) for name, cell in zip(heading, row, strict=True) if name and cell]
        if alone := "  ".join(c for n, c in zip(heading, row, strict=True) if c and not n):
            put_heading(alone.strip())
        for name, cell in named:
            put(f"  {name}{' ' * (most - width(name))}  {cell}")


def end() -> None:
    """Flush standard output; if that fails, keep Python from trying again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        abandon()
        raise


def abandon() -> None:
    """Redirect standard output to nowhere, and with it what is still buffered."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
