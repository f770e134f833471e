"""The text of a question file: its lines without comments, and the fields of a line.

In: a path. Out: numbered lines, and tuples of fields without quote marks. Bytes that are not UTF-8
are kept with "surrogateescape", like those of vectors, unless an encoding is given.
"""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.types import StrPath

SEPARATORS = ("\t", ";", ",", None)
"""What may stand between fields, in the order in which they are tried; None: white space."""

_BLANK = " \t\r\n\v\f"
_BLANK_BUT_TAB = _BLANK.replace("\t", "")
_BLANKS = re.compile(f"[{_BLANK}]+")
_WORD_OR_QUOTED = re.compile(rf'"(?:[^"]|"")*"(?=[{_BLANK}]|$)|[^{_BLANK}]+')
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("«", "»"), ("„", "“"), ("「", "」"))
_NOT_TEXT = (
    (b"\xff\xfe", "is UTF-16: give that as its encoding (--questions-encoding utf-16)"),
    (b"\xfe\xff", "is UTF-16: give that as its encoding (--questions-encoding utf-16)"),
    (b"PK\x03\x04", "is a zip archive or a spreadsheet: unpack it, or export it as CSV"),
    (b"%pdf", "is a PDF, not a file of questions"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet: export it as CSV"),
    (b"\x1f\x8b", "is compressed: unpack it"),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file: run `git lfs pull`"),
    (b"<!doctype html", "is a page of HTML, not a file of questions: download the file itself"),
    (b"<html", "is a page of HTML, not a file of questions: download the file itself"),
)


def read_lines(path: StrPath, encoding: str | None = None) -> list[tuple[int, str]]:
    """Return the lines that are not blank, with their numbers; comments are among them.

    Tabs at their ends stay, as they are between columns.

    Parameters
    ----------
    path : path
    encoding : str, optional
        The name of an encoding that Python knows. By default UTF-8, with or without a mark of byte
        order.

    Raises
    ------
    SettingsError
        If there is no such encoding.
    FormatError
        If the file is empty or no text, or not in the given encoding.
    OSError
        If the file cannot be read.
    """
    return text_lines(decoded(path, Path(path).read_bytes(), encoding))


def text_lines(text: str) -> list[tuple[int, str]]:
    """Return the lines of a text that are not blank, without blanks around, with their numbers."""
    # A text without a single line feed is one of an old Macintosh, or one line.
    lines = text.split("\n") if "\n" in text else text.split("\r")
    numbered = ((number, line.strip(_BLANK_BUT_TAB)) for number, line in enumerate(lines, 1))
    return [(number, line) for number, line in numbered if line.strip(_BLANK)]


def is_comment(line: str) -> bool:
    """Return whether a line is a comment."""
    return line.lstrip(_BLANK).startswith("#")


def decoded(path: StrPath, data: bytes, encoding: str | None) -> str:
    """Return the text in the bytes of a file. Errors are those of `read_lines`."""
    if not data.strip():
        raise FormatError(f"{os.fspath(path)}: the file is empty")
    if encoding is not None:
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except LookupError:
            raise SettingsError(f"there is no encoding {encoding!r}") from None
        except UnicodeDecodeError as error:
            raise FormatError(f"{os.fspath(path)}: is not {encoding}: {error.reason}") from None
    start = data[:64].lower().lstrip()
    for mark, what in _NOT_TEXT:
        if start.startswith(mark.lower()):
            raise FormatError(f"{os.fspath(path)}: {what}")
    if b"\0" in data:
        raise FormatError(f"{os.fspath(path)}: is no text in UTF-8: it has bytes of value 0")
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def note_on_encoding(lines: list[tuple[int, str]]) -> list[str]:
    """Return a note if some lines are not UTF-8."""
    wrong = [number for number, line in lines if any("\udc80" <= c <= "\udcff" for c in line)]
    if not wrong:
        return []
    which = f"line {wrong[0]:,}" + f" and {len(wrong) - 1:,} others" * (len(wrong) > 1)
    return [
        f"{which}: not UTF-8, so only words of the same bytes match; if the file is latin-1, give"
        " that as its encoding (--questions-encoding latin-1)"
    ]


def split_fields(line: str, separator: str | None) -> list[str]:
    """Split a line at a separator, or at white space; a field may stand in double quotes."""
    if separator is None:
        line = line.strip(_BLANK)
        if '"' not in line:
            return _BLANKS.split(line)
        return [_unquoted(field) for field in _WORD_OR_QUOTED.findall(line)]
    if '"' in line:
        try:
            (fields,) = csv.reader(
                [line], delimiter=separator, skipinitialspace=separator != "\t", strict=True
            )
        except (csv.Error, ValueError):  # a quote mark that quotes nothing
            fields = line.split(separator)
    else:
        fields = line.split(separator)
    return [field.strip() for field in fields]


def _unquoted(field: str) -> str:
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"').strip()
    return field


def without_quotes(words: list[str]) -> list[str]:
    """Return the words without quote marks, if all of them stand in marks of one kind."""
    for left, right in _QUOTES:
        if words and all(len(w) > 2 and w[0] == left and w[-1] == right for w in words):
            return [word[1:-1].strip() for word in words]
    return words


def line_error(path: StrPath, number: int, what: str) -> FormatError:
    """Return an error that names a wrong line."""
    return FormatError(f"{os.fspath(path)}, line {number:,}: {what}")
