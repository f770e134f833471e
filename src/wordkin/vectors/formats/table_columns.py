"""Which columns of a table hold words, vectors and counts, and their content as arrays.

In: the schema of an Arrow table, and its record batches. Out: `Columns`, and lists and arrays.

Other programs have their own names. Without a name from the caller, words are in the column `word`,
in the index that pandas stored, or in the only column of text; vectors are in the column `vector`,
in the only column of lists of numbers, or in one column of numbers for each dimension.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError
from wordkin.system.types import Float32

_NUMBERED = re.compile(r"(.*?)(\d{1,9})")


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read.

    Attributes
    ----------
    word : str
    vector : tuple of str
        One column of lists, or one for each dimension.
    count : str or None
    spread : bool
        Whether there is a column for each dimension.
    """

    word: str
    vector: tuple[str, ...]
    count: str | None
    spread: bool

    @property
    def names(self) -> list[str]:
        """All names."""
        return [self.word, *self.vector, *([self.count] if self.count is not None else [])]


def select(
    path: str, schema: Any, word_column: str | None = None, vector_column: str | None = None
) -> Columns:
    """Select the columns of a table.

    Parameters
    ----------
    path : str
        For errors.
    schema : pyarrow.Schema
    word_column, vector_column : str, optional
        Their names. A name that ends in ``*`` selects all columns that begin so, one for each
        dimension.

    Raises
    ------
    FormatError
        If a column is missing, has another type, or nothing tells which one is meant.
    """
    return _Selection(path, schema).columns(word_column, vector_column)


class _Selection:
    def __init__(self, path: str, schema: Any) -> None:
        import pyarrow

        self._path, self._schema, self._types = path, schema, pyarrow.types

    def columns(self, word_column: str | None, vector_column: str | None) -> Columns:
        word = self._word(word_column)
        count = "count" if "count" in self._schema.names and word != "count" else None
        if count and (vector_column != count):
            self._require(count, self._types.is_integer, "an integer")
        vector, spread = self._vector(vector_column, word, count)
        return Columns(word, tuple(vector), count, spread)

    def _word(self, given: str | None) -> str:
        if given is not None or "word" in self._schema.names:
            return self._require(given or "word", self._is_text, "string")
        index = [name for name in self._pandas_index() if self._is_text(self._type(name))]
        texts = [name for name in self._schema.names if self._is_text(self._type(name))]
        for candidates in (index, texts):
            if len(candidates) == 1:
                return self._require(candidates[0], self._is_text, "string")
        raise self._missing("word", texts)

    def _vector(self, given: str | None, word: str, count: str | None) -> tuple[list[str], bool]:
        expected = "list of float32"
        if given is not None and given.endswith("*") and given not in self._schema.names:
            return self._spread([n for n in self._schema.names if n.startswith(given[:-1])]), True
        if given is not None or "vector" in self._schema.names:
            return [self._require(given or "vector", self._is_list, expected)], False
        lists = [name for name in self._schema.names if self._is_list(self._type(name))]
        if len(lists) == 1:
            return [self._require(lists[0], self._is_list, expected)], False
        others = [n for n in self._schema.names if n not in (word, count, *self._pandas_index())]
        numbers = [name for name in others if self._is_float(self._type(name))]
        # A score beside v0, v1, … may be anything, but x, y and z alone are dimensions.
        plain = numbers == others and not any(map(_NUMBERED.fullmatch, numbers))
        if lists or not numbers or not (plain or _are_numbered(numbers)):
            raise self._missing("word" if "word" not in self._schema.names else "vector", lists)
        return self._spread(numbers), True

    def _spread(self, names: list[str]) -> list[str]:
        for name in names:
            self._require(name, self._is_float, "a column of floats")
        return sorted(names, key=_number) if _are_numbered(names) else names

    def _require(self, name: str, fits: Any, expected: str) -> str:
        found = self._schema.get_all_field_indices(name)
        if len(found) != 1:
            raise FormatError(
                f"{self._path}: there must be 1 column {name!r}, got {len(found)} among"
                f" {', '.join(self._schema.names)}"
            )
        if not fits(actual := self._schema.field(name).type):
            raise FormatError(f"{self._path}: the column {name!r} must be {expected}, got {actual}")
        return name

    def _missing(self, name: str, candidates: list[str]) -> FormatError:
        which = f"; it could be {', '.join(candidates)}" if len(candidates) > 1 else ""
        return FormatError(
            f"{self._path}: there must be 1 column {name!r}, got 0 among"
            f" {', '.join(self._schema.names)}{which}; name it as word_column or vector_column"
        )

    def _pandas_index(self) -> list[str]:
        """Return the columns that pandas took from the index of a DataFrame."""
        try:
            entries = json.loads((self._schema.metadata or {})[b"pandas"])["index_columns"]
            return [name for name in entries if name in self._schema.names]
        except (KeyError, TypeError, ValueError, RecursionError):
            return []

    def _type(self, name: str) -> Any:
        """Return the type of a column; that of the first, if several have the name."""
        return self._schema.field(self._schema.get_all_field_indices(name)[0]).type

    def _is_text(self, type_: Any) -> bool:
        types = self._types
        if types.is_dictionary(type_):
            return self._is_text(type_.value_type)
        return bool(
            types.is_string(type_)
            or types.is_large_string(type_)
            or getattr(types, "is_string_view", lambda _: False)(type_)
        )

    def _is_list(self, type_: Any) -> bool:
        return is_list(type_) and self._is_float(stored(type_).value_type)

    def _is_float(self, type_: Any) -> bool:
        return bool(self._types.is_floating(type_))


def stored(type_: Any) -> Any:
    """Return the type in which an extension type is stored; any other as it is."""
    return getattr(type_, "storage_type", type_)


def is_list(type_: Any) -> bool:
    """Return whether a type is one of lists, of any layout."""
    from pyarrow import types

    names = ("list", "large_list", "fixed_size_list", "list_view", "large_list_view")
    checks = (getattr(types, f"is_{name}", lambda _: False) for name in names)
    return any(check(stored(type_)) for check in checks)


def words_of(column: Any) -> list[str]:
    """Return the words of a column without nulls."""
    if hasattr(column, "dictionary"):  # a word that comes often is in memory once
        values = column.dictionary.to_pylist()
        return [values[i] for i in column.indices.to_pylist()]
    words: list[str] = column.to_pylist()
    return words


def floats_of(numbers: Any) -> Float32:
    """Return a column of floats as float32; too large a number becomes infinite."""
    array: npt.NDArray[Any] = numbers.to_numpy(zero_copy_only=True)
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def _are_numbered(names: list[str]) -> bool:
    """Return whether the names count from 0 or 1, with one prefix, as in dim_0, dim_1."""
    parts = [_NUMBERED.fullmatch(name) for name in names]
    if len({part[1] if part else None for part in parts}) != 1 or None in parts:
        return False
    numbers = sorted(map(_number, names))
    return numbers[:1] in ([0], [1]) and numbers == list(
        range(numbers[0], numbers[0] + len(numbers))
    )


def _number(name: str) -> int:
    part = _NUMBERED.fullmatch(name)
    return int(part[2]) if part else -1
