"""Parse and validate the parameters of a request.

In: the items of a query string, as text. Out: numbers and text within bounds, or a one-line error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wordkin.system.errors import WordkinError

LONGEST_QUERY = 200  # characters of a search
MOST_ANSWERS = 100
MOST_COMPARED = 12

_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")  # ASCII digits only; int() accepts more


class ParameterError(WordkinError):
    """A request has invalid parameters."""


class NotThereError(ParameterError):
    """A requested word or model does not exist."""


class Parameters:
    """The parameters of a request, by name.

    All methods raise ParameterError, naming the parameter, if its value is invalid.

    Parameters
    ----------
    items : sequence of (str, str)
        Names and values from the query string.
    names : sequence of str
        The names that must occur, each once.

    Raises
    ------
    ParameterError
        If a name is unknown, missing or repeated.
    """

    def __init__(self, items: Sequence[tuple[str, str]], names: Sequence[str]) -> None:
        given = [name for name, _ in items]
        for name in given:
            if name not in names:
                raise ParameterError(f"unknown parameter {name!r:.80}, expected {_listed(names)}")
            if given.count(name) > 1:
                raise ParameterError(f"{name} is given {given.count(name)} times")
        for name in names:
            if name not in given:
                raise ParameterError(f"{name} is missing")
        self._values = dict(items)

    def text(self, name: str, longest: int = LONGEST_QUERY) -> str:
        """Return text of at most `longest` characters."""
        value = self._values[name]
        if len(value) > longest:
            raise ParameterError(f"{name} must have at most {longest} characters, got {len(value)}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return a value, which must be one of `choices`."""
        value = self._values[name]
        if value not in choices:
            raise ParameterError(f"{name} must be one of {_listed(choices)}, got {value!r:.80}")
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        number = _whole(name, self._values[name])
        if not least <= number <= most:
            raise ParameterError(f"{name} must be {least} to {most}, got {number}")
        return number

    def row(self, name: str, of: int, what: str = "word") -> int:
        """Return a row below `of`; raise NotThereError if it is not."""
        return _row(name, _whole(name, self._values[name]), of, what)

    def rows(self, name: str, of: int) -> list[int]:
        """Return 2 to `MOST_COMPARED` distinct rows, given with commas between them."""
        parts = self._values[name].split(",", MOST_COMPARED)
        rows = [_row(name, _whole(name, part), of, "word") for part in parts]
        if not 2 <= len(set(rows)) == len(rows) <= MOST_COMPARED:
            raise ParameterError(f"{name} must be 2 to {MOST_COMPARED} distinct words")
        return rows


def _whole(name: str, value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise ParameterError(f"{name} must be a whole number, got {value!r:.80}")
    return int(value)


def _row(name: str, number: int, of: int, what: str) -> int:
    if number >= of:
        raise NotThereError(f"{name}: there is no {what} {number}, only {of}")
    return number


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
