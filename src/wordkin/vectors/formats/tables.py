"""Tables that data tools read: Parquet and Arrow's IPC file, through pyarrow.

In: words and a matrix, or a path. Out: a table of a row for each word with the columns `word`
(string), `count` (int64, where counts are known) and `vector` (a list of d float32); or what is in
one, also of another program. Groups of rows are written and read one after the other: besides the
matrix, memory is taken for one of them.
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

FORMAT_VERSION = 1  # under "wordkin" in the metadata of the schema

_COLUMNS = ("word", "count", "vector")
_GROUP = 1 << 26  # bytes of vectors in a group of rows
_BATCH = 1 << 12  # rows that are decoded at a time


def write_parquet(path: StrPath, vectors: VectorFile) -> None:
    """Write a Parquet file. Raises what `write_arrow` does."""

    def write(file: BinaryIO, schema: Any, groups: Iterator[Any]) -> None:
        from pyarrow import parquet

        # Words differ, and vectors hardly ever repeat a number: a dictionary gains nothing.
        with parquet.ParquetWriter(file, schema, use_dictionary=False) as writer:
            for group in groups:
                writer.write_batch(group, row_group_size=len(group))

    _write(path, vectors, write)


def write_arrow(path: StrPath, vectors: VectorFile) -> None:
    """Write an Arrow IPC file, which is also what is called Feather (version 2).

    The vectors are not copied if the matrix is contiguous float32.

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
        If it is damaged, or its columns are not what they should be.
    WordkinError
        If pyarrow is not installed.
    """

    def open_table(file: BinaryIO) -> tuple[Any, Iterable[Any]]:
        from pyarrow import parquet

        table = parquet.ParquetFile(file, pre_buffer=False)  # one group of rows in memory, not all
        columns = [name for name in _COLUMNS if name in table.schema_arrow.names]
        return table.schema_arrow, table.iter_batches(_BATCH, columns=columns)

    return _read(path, limit, open_table)


def read_arrow(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read an Arrow IPC file, as `read_parquet` does with Parquet."""

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
    """Yield the table in groups of rows."""
    step = max(1, _GROUP // (4 * rows.shape[1]))
    for begin in range(0, len(rows), step):
        part = slice(begin, begin + step)
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
    with open(path, "rb") as file, _said_of(path, arrow):
        schema, groups = open_table(file)
        _check_columns(path, arrow, schema)
        table = _Table(path, schema)
        for group in groups:
            group.validate(full=True)  # offsets that lead outside the file, words not UTF-8
            table.add(group if limit is None else group.slice(0, limit - len(table)))
            if len(table) == limit:
                break
    return table.finish()


@contextmanager
def _said_of(path: StrPath, arrow: Any) -> Iterator[None]:
    """Turn what pyarrow raises for a damaged file into a FormatError."""
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
    wanted = {"word": "string", "vector": "list of float32", "count": "an integer"}
    for name, fit in fits.items():
        found = schema.get_all_field_indices(name)
        if name == "count" and not found:
            continue
        if len(found) != 1:
            raise FormatError(
                f"{os.fspath(path)}: there must be 1 column {name!r}, got {len(found)}"
                f" among {', '.join(schema.names)}"
            )
        if not fit(kind := schema.field(name).type):
            raise FormatError(
                f"{os.fspath(path)}: the column {name!r} must be {wanted[name]}, got {kind}"
            )


class _Table:
    """What has been read of a table; it grows in place, whatever a header may promise."""

    def __init__(self, path: StrPath, schema: Any) -> None:
        self._path = os.fspath(path)
        self._words: list[str] = []
        self._counts = np.empty(0, np.int64) if "count" in schema.names else None
        self._d = getattr(schema.field("vector").type, "list_size", 0)  # 0: not known
        self._numbers = np.empty(0, np.float32)

    def __len__(self) -> int:
        return len(self._words)

    def add(self, group: Any) -> None:
        """Add the rows of a record batch, after those that are there."""
        if not len(group):
            return
        words, lists = group.column("word"), group.column("vector")
        numbers = lists.flatten()
        counts = group.column("count") if self._counts is not None else None
        nulls = words.null_count + lists.null_count + numbers.null_count
        if nulls or (counts is not None and counts.null_count):
            raise FormatError(f"{self._path}: row {len(self) + 1:,} or one after it has a null")
        self._d = self._d or len(lists[0])
        lengths = (
            {self._d}
            if hasattr(lists.type, "list_size")
            else set(lists.value_lengths().to_pylist())
        )
        if lengths != {self._d}:
            other = max(lengths - {self._d})
            raise FormatError(
                f"{self._path}: all vectors must have {self._d} numbers as the first, got {other}"
            )
        self._words += words.to_pylist()
        _append(self._numbers, numbers)
        if self._counts is not None and counts is not None:
            _append(self._counts, counts.cast("int64"))

    def finish(self) -> VectorFile:
        """Return what was read."""
        if self._d < 1:
            raise FormatError(f"{self._path}: vectors must have 1 number or more, got {self._d}")
        if what := describe_duplicate(self._words):
            raise FormatError(f"{self._path}: {what}")
        return VectorFile(self._words, self._numbers.reshape(-1, self._d), self._counts)


def _append(array: npt.NDArray[Any], numbers: Any) -> None:
    """Make the array longer where it is: large ones are moved by the system, and not copied."""
    begin = len(array)
    array.resize(begin + len(numbers), refcheck=False)
    array[begin:] = numbers.to_numpy(zero_copy_only=True)
