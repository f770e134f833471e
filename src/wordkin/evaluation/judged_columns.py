"""Which columns of a table of word pairs are the two words, and which is people's judgement.

In: the rows of a table, as fields. Out: three column numbers, or an error that says what is
ambiguous. A column is known by its heading, or else by its content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Row: TypeAlias = Sequence[str]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf(inity)?)", re.IGNORECASE)
_WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
_TAGS = frozenset(
    ("n", "v", "a", "r", "j", "s", "adj", "adv", "nn", "vb", "jj", "rb", "noun", "verb", "pos")
)  # parts of speech, in lower case
_ASIDE = re.compile(r"pos|tag|context|sentence|id|index|relation|category|type|lang")
_SCORES = re.compile(
    r"(human|gold|mean|average|avg)?(score|rating|similarity|sim|relatedness|judge?ment|mean|value)s?"
    r"(human|mean|average|avg)?|gold|mean|average|avg|human|humanmean|simlex(999)?|simverb(3500)?"
    r"|(average|avg|mean)(score|rating|similarity|relatedness)s?"
)
_ENDS = (("1", "2"), ("a", "b"), ("one", "two"), ("i", "ii"))


class AmbiguousError(Exception):
    """The columns cannot be told; the message says why."""


@dataclass(frozen=True)
class Columns:
    """The positions of the two words and of the judgement, and whether row 0 has the headings."""

    first: int
    second: int
    score: int
    header: bool


def number(text: str, *, comma: bool = False) -> float | None:
    """Return the number that a field is, with a decimal comma if that is the column's; or None."""
    if comma and _WITH_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def has_decimal_commas(column: Sequence[str]) -> bool:
    """Return whether the numbers of a column are written as 7,35: some are, and none as 7.35."""
    return any(map(_WITH_COMMA.fullmatch, column)) and not any("." in field for field in column)


def find_columns(rows: Sequence[Row], chosen: Sequence[str | int] | None) -> Columns:
    """Tell the columns of a table whose rows, one or more, all have the same number of fields.

    Raises
    ------
    AmbiguousError
        If they cannot be told.
    """
    names = [_simplified(field) for field in rows[0]]
    body = rows[1:]
    width = len(rows[0])
    numeric_below = [_is_numeric([row[i] for row in body]) for i in range(width)]
    header = (
        any(numeric_below[i] and number_of(rows[0][i]) is None for i in range(width))
        if any(numeric_below)
        else not any(number_of(field) is not None for field in rows[0])
    )
    if header and not body:  # headings, and nothing below
        return Columns(0, 1, 2, header)
    if chosen is not None:
        return _chosen(rows, names, chosen)
    if not header:
        names = []
    numeric = [i for i in range(width) if _is_numeric([row[i] for row in rows[header:]])]
    if width == 3 and (not numeric or numeric == [2]):  # two words and a number, or not yet one
        return Columns(0, 1, 2, header)
    numeric = _without_index(numeric, [row[0] for row in rows[header:]], names)
    words = _word_columns(rows[header:], names, numeric)
    return Columns(*words, _score_column(rows[header:], names, numeric), header)


def number_of(field: str) -> float | None:
    """Return the number that a field is, with a decimal point or comma; or None."""
    return number(field, comma=True)


def _chosen(rows: Sequence[Row], names: Sequence[str], chosen: Sequence[str | int]) -> Columns:
    if len(chosen) != 3:
        raise AmbiguousError(f"columns must be 3: two words and the score, got {len(chosen)}")
    width, places, named = len(rows[0]), [], False
    for column in chosen:
        name = str(column).strip()
        if _simplified(name) in names and not name.isdecimal():
            places.append(names.index(_simplified(name)))
            named = True
        elif name.isdecimal() and 1 <= int(name) <= width:
            places.append(int(name) - 1)
        else:
            headings = ", ".join(rows[0])
            raise AmbiguousError(f"there is no column {name!r} among 1 to {width}: {headings:.120}")
    if len(set(places)) < 3:
        raise AmbiguousError(f"columns must be 3 different ones, got {', '.join(map(str, chosen))}")
    header = named or number_of(rows[0][places[2]]) is None
    return Columns(places[0], places[1], places[2], header)


def _is_numeric(column: Sequence[str]) -> bool:
    """Return whether a column has numbers alone; empty fields do not count."""
    fields = [field for field in column if field]
    return bool(fields) and all(number_of(field) is not None for field in fields)


def _without_index(numeric: list[int], first: Sequence[str], names: Sequence[str]) -> list[int]:
    """Leave out a first column that only numbers the rows."""
    if numeric[:1] != [0]:
        return numeric
    values = [number_of(field) for field in first]
    start = values[0]
    counts = start in (0, 1) and all(
        value is not None and value == start + i for i, value in enumerate(values)
    )
    if names and (not names[0] or _ASIDE.match(names[0])):
        counts = True
    if not counts:
        return numeric
    if len(numeric) == 1:
        raise AmbiguousError("the only column of numbers counts the rows, and may be no score")
    return numeric[1:]


def _word_columns(
    rows: Sequence[Row], names: Sequence[str], numeric: Sequence[int]
) -> tuple[int, int]:
    width = len(rows[0])
    index = {0} if names and not names[0] else set()
    numeric_columns = {i for i in range(width) if _is_numeric([row[i] for row in rows])} | index
    text = [i for i in range(width) if i not in numeric_columns]
    if names:
        text = [i for i in text if not _ASIDE.match(names[i])]
        paired = [
            (i, j)
            for i in text
            for j in text
            for one, two in _ENDS
            if names[i].endswith(one)
            and names[j].endswith(two)
            and names[i].removesuffix(one) == names[j].removesuffix(two)
        ]
        if len(paired) == 1:
            return paired[0]
        if len(paired) > 1:
            raise AmbiguousError("several pairs of columns may be the words")
    text = [i for i in text if not {row[i].lower() for row in rows} <= {*_TAGS, ""}]
    text = [i for i in text if not _are_sentences([row[i] for row in rows])]
    if len(text) == 2:
        return text[0], text[1]
    before = [i for i in text if i < numeric[0]] if numeric else text
    if len(before) == 2:
        return before[0], before[1]
    raise AmbiguousError(f"{len(text)} columns of text may be the words")


def _are_sentences(column: Sequence[str]) -> bool:
    """Return whether most fields have more than three blanks, as the contexts of SCWS have."""
    return 2 * sum(field.count(" ") > 3 for field in column) > len(column)


def _score_column(rows: Sequence[Row], names: Sequence[str], numeric: Sequence[int]) -> int:
    if len(numeric) == 1:
        return numeric[0]
    if not numeric:
        raise AmbiguousError("no column has numbers alone")
    if names:
        named = [i for i in numeric if _SCORES.fullmatch(names[i])]
        if len(named) == 1:
            return named[0]
        if len(named) > 1:
            raise AmbiguousError("several columns may be the score")
    if len(numeric) > 2 and (mean := _mean_column(rows, numeric)) is not None:
        return mean
    raise AmbiguousError(f"{len(numeric)} columns of numbers may be the score")


def _mean_column(rows: Sequence[Row], numeric: Sequence[int]) -> int | None:
    """Return the column that is an average of all others, the judgements of single people."""
    found = []
    values = {i: [number_of(row[i]) for row in rows] for i in numeric}
    for i in numeric:
        others = zip(*(values[j] for j in numeric if j != i), strict=True)
        given = [[value for value in row if value is not None] for row in others]
        if all(
            mine is not None and rest and min(rest) <= mine <= max(rest)
            for mine, rest in zip(values[i], given, strict=True)
        ):
            found.append(i)
    if len(found) > 1:  # an average has fractions, single judgements mostly are whole
        found = [i for i in found if any(value and value % 1 for value in values[i])]
    return found[0] if len(found) == 1 else None


def _simplified(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower().lstrip("#"))
