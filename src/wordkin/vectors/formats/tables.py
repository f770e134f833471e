"""Parquet and Arrow IPC tables, through pyarrow.

In: a `VectorFile`, or a path. Out: a complete file, or a `VectorFile`. A table has one row per word
with the columns `word` (string), `count` (int64, optional) and `vector` (list of d float32).

Rows are written and read in groups, so that memory holds one group besides the matrix.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError, WordkinError
from wordkin.system.files import atomic_write, require_file
from wordkin.system.spelling import describe_duplicate, spell_words
from wordkin.system.types import StrPath
from wordkin.vectors.formats.obstacles import not_utf8, require_words
from wordkin.vectors.formats.vector_file import VectorFile, checked

FORMAT_VERSION = 1  # stored under "wordkin" in the metadata of the schema

_COLUMNS = ("word", "count", "vector")
_GROUP_BYTES = 1 << 26  # bytes of vectors per group of rows
_BATCH_ROWS = 1 << 12  # rows decoded at a time


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


def read_parquet(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read a Parquet file with the columns `word`, `vector` and perhaps `count`.

    Raises
    ------
    FormatError
        If the file is damaged, lacks a column, or has a column of another type.
    WordkinError
        If pyarrow is not installed.
    OSError
        If the file cannot be opened.
    """

    def open_table(file: BinaryIO) -> tuple[Any, Iterable[Any]]:
        from pyarrow import parquet

        table = parquet.ParquetFile(file, pre_buffer=False)  # keep one row group in memory, not all
        columns = [name for name in _COLUMNS if name in table.schema_arrow.names]
        return table.schema_arrow, table.iter_batches(_BATCH_ROWS, columns=columns)

    return _read(path, limit, open_table)


def read_arrow(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read an Arrow IPC file with the same columns as `read_parquet`, and the same errors."""

    def open_table(file: BinaryIO) -> tuple[Any, Iterable[Any]]:
        from pyarrow import ipc

        table = ipc.open_file(file)
        return table.schema, map(table.get_batch, range(table.num_record_batches))

    return _read(path, limit, open_table)


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
    open_table: Callable[[BinaryIO], tuple[Any, Iterable[Any]]],
) -> VectorFile:
    arrow = _pyarrow()
    require_file(path)
    with open(path, "rb") as file, _pyarrow_errors(path, arrow):
        schema, groups = open_table(file)
        _check_columns(path, arrow, schema)
        table = _TableReader(path, schema)
        for group in groups:
            group.validate(full=True)  # offsets outside the file, words that are not UTF-8
            table.add(group if limit is None else group.slice(0, limit - len(table)))
            if len(table) == limit:
                break
    return table.finish()


@contextmanager
def _pyarrow_errors(path: StrPath, arrow: Any) -> Iterator[None]:
    """Convert the errors that pyarrow raises for a damaged file to FormatError."""
    try:
        yield
    except (FormatError, MemoryError):
        raise
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"{os.fspath(path)}: cannot be read: {error}") from error


def _check_columns(path: StrPath, arrow: Any, schema: Any) -> None:
    types = arrow.types
    fits: dict[str, Callable[[Any], bool]] = {
        "word": lambda t: types.is_string(t) or types.is_large_string(t),
        "vector": lambda t: (
            (types.is_fixed_size_list(t) or types.is_list(t) or types.is_large_list(t))
            and types.is_float32(t.value_type)
        ),
        "count": types.is_integer,
    }
    expected = {"word": "string", "vector": "list of float32", "count": "an integer"}
    for name, fit in fits.items():
        columns = schema.get_all_field_indices(name)
        if name == "count" and not columns:
            continue
        if len(columns) != 1:
            raise FormatError(
                f"{os.fspath(path)}: there must be 1 column {name!r}, got {len(columns)}"
                f" among {', '.join(schema.names)}"
            )
        if not fit(actual := schema.field(name).type):
            raise FormatError(
                f"{os.fspath(path)}: the column {name!r} must be {expected[name]}, got {actual}"
            )


class _TableReader:
    """Collects the rows of a table. Its arrays grow in place: it trusts no size in a header."""

    def __init__(self, path: StrPath, schema: Any) -> None:
        self._path = os.fspath(path)
        self._words: list[str] = []
        self._counts = np.empty(0, np.int64) if "count" in schema.names else None
        self._d = getattr(schema.field("vector").type, "list_size", 0)  # 0: unknown yet
        self._numbers = np.empty(0, np.float32)

    def __len__(self) -> int:
        return len(self._words)

    def add(self, group: Any) -> None:
        """Append the rows of a record batch."""
        if not len(group):
            return
        words, lists = group.column("word"), group.column("vector")
        numbers = lists.flatten()
        counts = group.column("count") if self._counts is not None else None
        nulls = words.null_count + lists.null_count + numbers.null_count
        if nulls or (counts is not None and counts.null_count):
            raise FormatError(f"{self._path}: a null in row {len(self) + 1:,} or after it")
        self._d = self._d or len(lists[0])
        lengths = (
            {self._d}
            if hasattr(lists.type, "list_size")
            else set(lists.value_lengths().to_pylist())
        )
        if lengths != {self._d}:
            other = max(lengths - {self._d})
            raise FormatError(
                f"{self._path}: all vectors must have {self._d} numbers like the first, got {other}"
            )
        self._words += words.to_pylist()
        _append(self._numbers, numbers)
        if self._counts is not None and counts is not None:
            _append(self._counts, counts.cast("int64"))

    def finish(self) -> VectorFile:
        """Return the content of the table."""
        if self._d < 1:
            raise FormatError(f"{self._path}: vectors must have at least 1 number, got {self._d}")
        if what := describe_duplicate(self._words):
            raise FormatError(f"{self._path}: {what}")
        return VectorFile(self._words, self._numbers.reshape(-1, self._d), self._counts)


def _append(array: npt.NDArray[Any], numbers: Any) -> None:
    """Append to the array in place: the system remaps a large array instead of copying it."""
    start = len(array)
    array.resize(start + len(numbers), refcheck=False)
    array[start:] = numbers.to_numpy(zero_copy_only=True)
