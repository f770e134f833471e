"""Parquet and Arrow IPC tables, through pyarrow.

In: a `VectorFile`, or a path. Out: a complete file, or a `VectorFile`. A written table has one row
per word with the columns `word` (string), `count` (int64, optional) and `vector` (list of d
float32); `table_columns` knows those of other programs.

Rows are written and read in groups, so that memory holds one group besides the matrix.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError, WordkinError
from wordkin.system.files import atomic_write, damaged, require_file
from wordkin.system.spelling import describe_duplicate, spell_words
from wordkin.system.types import StrPath
from wordkin.vectors.formats.obstacles import not_utf8, require_words
from wordkin.vectors.formats.table_columns import Columns, floats_of, select, stored, words_of
from wordkin.vectors.formats.vector_file import VectorFile, checked

FORMAT_VERSION = 1  # stored under "wordkin" in the metadata of the schema

_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
_ARROW_FILE = b"ARROW1"  # a stream begins with the size of its schema instead
_GROUP_BYTES = 1 << 26  # bytes of vectors per group of rows
_BATCH_ROWS = 1 << 12  # rows decoded at a time


_Table: TypeAlias = "tuple[Any, Callable[[Columns], Iterable[Any]]]"  # a schema and its batches


def write_parquet(path: StrPath, vectors: VectorFile) -> None:
    """Write a Parquet file. Raises as `write_arrow`."""

    def write(file: BinaryIO, schema: Any, groups: Iterator[Any]) -> None:
        from pyarrow import parquet

        # Neither words nor numbers repeat, so dictionary encoding would gain nothing.
        with parquet.ParquetWriter(file, schema, use_dictionary=False) as writer:
            for group in groups:
                writer.write_batch(group, row_group_size=len(group))

    _write(path, vectors, write)


def write_arrow(path: StrPath, vectors: VectorFile) -> None:
    """Write an Arrow IPC file, also known as Feather (version 2).

    A contiguous float32 matrix is not copied.

    Raises
    ------
    FormatError
        For a word that is not UTF-8, before anything is written.
    WordkinError
        If pyarrow is not installed.
    OSError
        If the file cannot be written.
    """

    def write(file: BinaryIO, schema: Any, groups: Iterator[Any]) -> None:
        from pyarrow import ipc

        with ipc.new_file(file, schema) as writer:
            for group in groups:
                writer.write_batch(group)

    _write(path, vectors, write)


def read_parquet(
    path: StrPath,
    limit: int | None = None,
    *,
    word_column: str | None = None,
    vector_column: str | None = None,
    skip_bad: bool = False,
) -> VectorFile:
    """Read a Parquet file with a column of words, one or more of vectors, and perhaps `count`.

    `table_columns` says which columns these are, if they are not named.

    Raises
    ------
    FormatError
        If the file is damaged, lacks a column, or has a column of another type.
    WordkinError
        If pyarrow is not installed.
    OSError
        If the file cannot be opened.
    """

    def open_table(file: BinaryIO) -> _Table:
        from pyarrow import parquet

        table = parquet.ParquetFile(file, pre_buffer=False)  # keep one row group in memory, not all

        def groups(columns: Columns) -> Iterable[Any]:
            return table.iter_batches(_BATCH_ROWS, columns=columns.names)  # type: ignore[no-any-return]

        return table.schema_arrow, groups

    return _read(path, limit, open_table, (word_column, vector_column), skip_bad)


def read_arrow(
    path: StrPath,
    limit: int | None = None,
    *,
    word_column: str | None = None,
    vector_column: str | None = None,
    skip_bad: bool = False,
) -> VectorFile:
    """Read an Arrow IPC file or stream as `read_parquet` does, with the same errors."""

    def open_table(file: BinaryIO) -> _Table:
        from pyarrow import ipc

        if file.read(len(_ARROW_FILE)) == _ARROW_FILE:
            table = ipc.open_file(file)
            return table.schema, lambda _: map(table.get_batch, range(table.num_record_batches))
        # Mapped, a size in it cannot take memory that the file does not have.
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if data[-len(_END_OF_STREAM) :] != _END_OF_STREAM:
            raise damaged(path, len(data), "cut short: a stream of Arrow without its end")
        stream = ipc.open_stream(data)
        return stream.schema, lambda _: stream

    return _read(path, limit, open_table, (word_column, vector_column), skip_bad)


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise WordkinError(
            "Parquet and Arrow need pyarrow, which is not installed: pip install 'wordkin[arrow]'"
        ) from None
    return pyarrow


def _write(
    path: StrPath, vectors: VectorFile, write: Callable[[BinaryIO, Any, Iterator[Any]], None]
) -> None:
    arrow = _pyarrow()
    spell_words(path, vectors.words)
    require_words(path, vectors.words, not_utf8)
    rows = checked(path, "matrix", vectors.matrix, np.float32, (len(vectors.words), -1))
    fields = [
        arrow.field("word", arrow.string(), nullable=False),
        arrow.field("vector", arrow.list_(arrow.float32(), rows.shape[1]), nullable=False),
    ]
    if vectors.counts is not None:
        checked(path, "counts", vectors.counts, np.int64, (len(rows),))
        fields.insert(1, arrow.field("count", arrow.int64(), nullable=False))
    schema = arrow.schema(fields, {"wordkin": json.dumps({"format": FORMAT_VERSION})})
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        write(file, schema, _groups(arrow, schema, vectors, rows))


def _groups(arrow: Any, schema: Any, vectors: VectorFile, rows: Any) -> Iterator[Any]:
    """Yield the table as record batches, one per group of rows."""
    step = max(1, _GROUP_BYTES // (4 * rows.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        numbers = arrow.array(np.ascontiguousarray(rows[part]).reshape(-1))
        columns = {
            "word": arrow.array(vectors.words[part], arrow.string()),
            "vector": arrow.FixedSizeListArray.from_arrays(numbers, rows.shape[1]),
        }
        if vectors.counts is not None:
            columns["count"] = arrow.array(np.asarray(vectors.counts[part], np.int64))
        yield arrow.record_batch([columns[name] for name in schema.names], schema=schema)


def _read(
    path: StrPath,
    limit: int | None,
    open_table: Callable[[BinaryIO], _Table],
    named: tuple[str | None, str | None],
    skip_bad: bool,
) -> VectorFile:
    arrow = _pyarrow()
    require_file(path)
    with open(path, "rb") as file, _pyarrow_errors(path, arrow):
        schema, groups = open_table(file)
        columns = select(str(path), schema, *named)
        table = _TableReader(path, columns, schema)
        bad: list[int] = []
        seen = 0
        for group in groups(columns):
            group.validate(full=True)  # offsets outside the file, words that are not UTF-8
            if skip_bad:
                good = table.good(group)
                if limit is not None:  # what is behind it does not matter
                    last = np.flatnonzero(good)[: limit - len(table)][-1:]
                    if len(last) and np.count_nonzero(good) >= limit - len(table):
                        group = group.slice(0, last[0] + 1)
                        good = good[: last[0] + 1]
                bad += (seen + np.flatnonzero(~good)).tolist()
                seen += len(group)
                group = group.filter(arrow.array(good))
            table.add(group if limit is None else group.slice(0, limit - len(table)))
            if len(table) == limit:
                break
    if len(bad) > len(table):
        raise FormatError(f"{path}: {len(bad):,} bad rows, and {len(table):,} good ones")
    found = table.finish()
    return replace(found, notes=(describe_rows(bad),)) if bad else found


@contextmanager
def _pyarrow_errors(path: StrPath, arrow: Any) -> Iterator[None]:
    """Convert the errors that pyarrow raises for a damaged file to FormatError."""
    try:
        yield
    except (FormatError, MemoryError):
        raise
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"{os.fspath(path)}: cannot be read: {error}") from error


class _TableReader:
    """Collects the rows of a table. Its arrays grow in place: it trusts no size in a header."""

    def __init__(self, path: StrPath, columns: Columns, schema: Any) -> None:
        self._path, self._columns = str(path), columns
        self._words: list[str] = []
        self._counts = None if columns.count is None else np.empty(0, np.int64)
        # -1: unknown yet
        self._d = (
            len(columns.vector)
            if columns.spread
            else getattr(stored(schema.field(columns.vector[0]).type), "list_size", -1)
        )
        self._numbers = np.empty(0, np.float32)

    def __len__(self) -> int:
        return len(self._words)

    def add(self, group: Any) -> None:
        """Append the rows of a record batch."""
        if not len(group):
            return
        words = group.column(self._columns.word)
        vectors = [group.column(name) for name in self._columns.vector]
        counts = None if self._counts is None else group.column(self._columns.count)
        self._require_no_nulls(words, counts, *vectors)
        numbers = self._spread(vectors) if self._columns.spread else self._flat(vectors[0])
        self._words += words_of(words)
        _append(self._numbers, numbers)
        if self._counts is not None and counts is not None:
            _append(self._counts, counts.cast("int64").to_numpy(zero_copy_only=True))

    def good(self, group: Any) -> npt.NDArray[np.bool_]:
        """Return which rows have a word and as many finite numbers as the first that has some."""
        columns = [group.column(name) for name in self._columns.names]
        good = np.ones(len(group), bool)
        for column in columns:
            good &= column.is_valid().to_numpy(zero_copy_only=False)
        vectors = columns[1 : 1 + len(self._columns.vector)]
        for row in np.flatnonzero(good).tolist():
            numbers = [column[row].as_py() for column in vectors]
            numbers = numbers if self._columns.spread else numbers[0]
            if self._d < 0:
                self._d = len(numbers)
            good[row] = len(numbers) == self._d and None not in numbers
            if good[row]:
                with np.errstate(over="ignore"):
                    good[row] = np.isfinite(np.array(numbers, np.float64).astype(np.float32)).all()
        return good

    def _flat(self, lists: Any) -> npt.NDArray[np.float32]:
        """Return the numbers of lists, which all have the length of the first."""
        lists = getattr(lists, "storage", lists)
        numbers = lists.flatten()
        self._require_no_nulls(numbers)
        if self._d < 0:
            self._d = len(lists[0])
        if not hasattr(lists.type, "list_size") and not _are_all(lists, self._d):
            other = max({len(entry) for entry in lists} - {self._d})
            raise FormatError(
                f"{self._path}: all vectors must have {self._d} numbers like the first, got {other}"
            )
        return floats_of(numbers)

    def _spread(self, columns: list[Any]) -> npt.NDArray[np.float32]:
        """Return the numbers of one column for each dimension, row by row."""
        return np.stack([floats_of(column) for column in columns], axis=1).reshape(-1)

    def _require_no_nulls(self, *columns: Any) -> None:
        if any(column is not None and column.null_count for column in columns):
            raise FormatError(f"{self._path}: a null in row {len(self) + 1:,} or after it")

    def finish(self) -> VectorFile:
        """Return the content of the table."""
        d = max(self._d, 0)
        if d < 1:
            raise FormatError(f"{self._path}: vectors must have at least 1 number, got {d}")
        if what := describe_duplicate(self._words):
            raise FormatError(f"{self._path}: {what}")
        return VectorFile(self._words, self._numbers.reshape(-1, d), self._counts)


def describe_rows(rows: list[int]) -> str:
    """Return a note on the rows that were skipped, counted from 0."""
    some = ", ".join(f"{row + 1:,}" for row in rows[:3]) + ", …" * (len(rows) > 3)
    return f"skipped {len(rows):,} bad rows, which lack a word or finite numbers: {some}"


def _are_all(lists: Any, length: int) -> bool:
    """Return whether all lists have this length."""
    if hasattr(lists, "sizes"):  # a list view
        return bool((lists.sizes.to_numpy(zero_copy_only=True) == length).all())
    offsets = lists.offsets.to_numpy(zero_copy_only=True)
    return bool((np.diff(offsets) == length).all())


def _append(array: npt.NDArray[Any], numbers: npt.NDArray[Any]) -> None:
    """Append to the array in place: the system remaps a large array instead of copying it."""
    start = len(array)
    array.resize(start + len(numbers), refcheck=False)
    array[start:] = numbers
