"""What a question may be asked with: names and values from an address, each of them checked.

In: the items of a query. Out: numbers and text within their bounds, or an error in one line. Knows
nothing of the web but that items are text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wordkin.system.errors import WordkinError

LONGEST_QUERY = 200  # characters searched for
MOST_ANSWERS = 100
MOST_COMPARED = 12

_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")  # ASCII digits; int() takes more than that


class ParameterError(WordkinError):
    """A question is asked wrongly."""


class NotThereError(ParameterError):
    """There is no such word or model."""


class Parameters:
    """The items of a query, each of which must be asked for by its name.

    Raises
    ------
    ParameterError
        If they are not exactly those `names`, each once.
    """

    def __init__(self, items: Sequence[tuple[str, str]], names: Sequence[str]) -> None:
        given = [name for name, _ in items]
        for name in given:
            if name not in names:
                raise ParameterError(f"{name!r:.80} is no parameter here: {_listed(names)}")
            if given.count(name) > 1:
                raise ParameterError(f"{name} is given {given.count(name)} times")
        for name in names:
            if name not in given:
                raise ParameterError(f"{name} is missing")
        self._values = dict(items)

    def text(self, name: str, longest: int = LONGEST_QUERY) -> str:
        """Return text of at most so many characters."""
        value = self._values[name]
        if len(value) > longest:
            raise ParameterError(f"{name} must have {longest} characters or less, got {len(value)}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of several values."""
        value = self._values[name]
        if value not in choices:
            raise ParameterError(f"{name} must be one of {_listed(choices)}, got {value!r:.80}")
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        number = _whole(name, self._values[name])
        if not least <= number <= most:
            raise ParameterError(f"{name} must be {least} to {most}, got {number}")
        return number

    def row(self, name: str, of: int, what: str = "word") -> int:
        """Return the number of one of so many things."""
        return _row(name, _whole(name, self._values[name]), of, what)

    def rows(self, name: str, of: int) -> list[int]:
        """Return 2 to `MOST_COMPARED` different numbers of words, separated by commas."""
        parts = self._values[name].split(",", MOST_COMPARED)
        rows = [_row(name, _whole(name, part), of, "word") for part in parts]
        if not 2 <= len(set(rows)) == len(rows) <= MOST_COMPARED:
            raise ParameterError(f"{name} must be 2 to {MOST_COMPARED} different words")
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
    return ", ".join(names) or "there are none"
