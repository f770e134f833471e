"""How often each word is met around each other one: all that the exact engine reads of a corpus.

In: ids, and the counts of their words. Out: a sparse matrix in memory or, where that is too small,
in a file; and the file format that keeps it. May import `errors`, `files`, `formats`, `objectives`,
`run` and `tensors` of ours.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin import _core
from wordkin.errors import FormatError
from wordkin.files import atomic_write
from wordkin.formats.model import decode_metadata
from wordkin.formats.vector_file import StrPath, cut_words, spell_words
from wordkin.objectives import keep_probability
from wordkin.run import Run
from wordkin.tensors import TYPES, map_tensors, write_array, write_tensors

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Values: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]

FORMAT_VERSION = 1  # of the file of counts; raise it when an older wordkin could not read the file
NEGLIGIBLE = 1e-9
"""What lies in a line beyond a pair of less weight than this is not counted: with subsampling there
is no distance that no pair could bridge, but this is the billionth part of seeing one once."""

_ENTRIES = 1 << 21  # of a block, for each thread
_WAITING = 1 << 28  # bytes of counted rows that wait to be kept, at most
_MOST = 1e15  # no text has so many words; sums of counts stay exact in float64
_PIECE = 1 << 24  # entries that are looked at at a time

# The tensors of a file of counts: types as safetensors spells them, what fits them being the number
# of words V, of entries, or of bytes.
_WORDS = {"words": ("U8",), "offsets": ("I64",), "counts": ("I64",)}
_PREFIXES = {"": "pairs", "held_": "probe", "unseen_": "held_out"}  # of the names of these tensors
_ROWS = ("lengths", "indices", "values")  # of what is kept while counting
_MATRIX = {"indptr": ("I64",), "indices": ("I32",), "values": ("F32", "F64")}


@dataclass(frozen=True, eq=False)
class Cooccurrence:
    """The weight ``N_co`` of all pairs of a center ``c`` and an outside word ``o``, by rows.

    Row ``c`` has the entries ``indptr[c]`` up to ``indptr[c + 1]``. Symmetric, but for rounding and
    for what is about as light as `NEGLIGIBLE`.

    Attributes
    ----------
    indptr : (V + 1,) int64
    indices : (nnz,) int32
        The outside words, ascending in each row.
    values : (nnz,) float32 or float64
        Their weights, all above 0.
    """

    indptr: Int64
    indices: Int32
    values: Values

    @property
    def size(self) -> int:
        """``V``, the number of words."""
        return len(self.indptr) - 1

    @property
    def nnz(self) -> int:
        """The number of pairs that were met."""
        return int(self.indptr[-1])

    @cached_property
    def row_sums(self) -> npt.NDArray[np.float64]:
        """``n_c``, the weight of all pairs with the center ``c``, summed in float64."""
        return self._sum_rows(lambda _, values: values)

    @property
    def total(self) -> float:
        """The weight of all pairs."""
        return float(self.row_sums.sum())

    def rows(self, first: int, last: int) -> tuple[Int64, Int32, Values]:
        """Give views of the rows ``first`` up to ``last``: their indptr, indices and values.

        The `indptr` is a part of the whole one: entries are numbered from the first row of all.
        """
        indptr = self.indptr[first : last + 1]
        entries = slice(indptr[0], indptr[-1])
        return indptr, self.indices[entries], self.values[entries]

    def block(self, first: int, last: int, columns: int) -> Cooccurrence:
        """Copy the rows ``first`` up to ``last``, and of these the first columns."""
        indptr, indices, values = self.rows(first, last)
        return _where(indices < columns, indptr - indptr[0], indices, values)

    def some_rows(self, rows: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy some rows."""
        begins, lengths = self.indptr[rows], np.diff(self.indptr)[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        entries = np.repeat(begins - indptr[:-1], lengths) + np.arange(indptr[-1])
        return Cooccurrence(indptr, self.indices[entries], self.values[entries])

    def among(self, words: npt.NDArray[np.intp]) -> Cooccurrence:
        """Copy the counts of some words, ascending, with each other."""
        number = np.full(self.size, -1, np.int32)
        number[words] = np.arange(len(words))
        some = self.some_rows(words)
        columns = number[some.indices]
        return _where(columns >= 0, some.indptr, columns, some.values)

    def without(self, part: Cooccurrence) -> Cooccurrence:
        """Take a part of the text off the counts of all of it."""
        mine, theirs = self._places(), part._places()
        found = np.minimum(np.searchsorted(mine, theirs), max(len(mine) - 1, 0))
        same = mine[found] == theirs
        values = self.values.copy()
        values[found[same]] -= part.values[same]
        # What is left of a pair that was in this part alone is rounding.
        return _where(values > 1e-6 * self.values, self.indptr, self.indices, values)

    def times(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Multiply the matrix by a vector, in float64."""
        return self._sum_rows(lambda indices, values: values * x[indices])

    def _sum_rows(self, of: Callable[[Int32, Values], npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        sums = np.zeros(self.size)
        for first in range(0, self.size, 1024):
            indptr, indices, values = self.rows(first, first + 1024)
            filled = np.flatnonzero(np.diff(indptr))
            if len(filled):
                begins = indptr[filled] - indptr[0]
                sums[first + filled] = np.add.reduceat(
                    of(indices, values), begins, dtype=np.float64
                )
        return sums

    def _places(self) -> npt.NDArray[np.int64]:
        """Give each entry a number that rises through the rows and columns."""
        return np.repeat(np.arange(self.size), np.diff(self.indptr)) * self.size + self.indices

    def as_scipy(self) -> Any:
        """Give the matrix as a `scipy.sparse.csr_matrix`; needs SciPy."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, self.indices, self.indptr), (self.size, self.size))


@dataclass(frozen=True, eq=False)
class Counted:
    """What the exact engine reads of a corpus.

    Attributes
    ----------
    pairs : Cooccurrence
        Of all lines that are trained on.
    probe : Cooccurrence or None
        Of a share of these lines: those that a ridge is chosen by.
    held_out : Cooccurrence or None
        Of lines that are not trained on.
    """

    pairs: Cooccurrence
    probe: Cooccurrence | None = None
    held_out: Cooccurrence | None = None

    def among(self, words: npt.NDArray[np.intp]) -> Counted:
        """Copy the counts of some words, ascending, with each other."""
        parts = (self.pairs, self.probe, self.held_out)
        return Counted(*(None if part is None else part.among(words) for part in parts))  # type: ignore[arg-type]


def _where(
    kept: npt.NDArray[np.bool_], indptr: Int64, indices: Int32, values: Values
) -> Cooccurrence:
    """Copy some of the entries."""
    ends = np.concatenate([[0], np.cumsum(kept)])[indptr]
    return Cooccurrence(ends.astype(np.int64), indices[kept], values[kept])


# ----------------------------------------------------------------------------------------- counting


def count(
    ids: Int32,
    counts: Int64,
    *,
    window: int,
    subsample: float,
    threads: int,
    dtype: npt.DTypeLike = np.float32,
    memory: int | None = None,
    folder: StrPath | None = None,
    run: Run | None = None,
) -> Cooccurrence:
    """Count all pairs of a corpus as stochastic training meets them, in expectation.

    There a token of word ``w`` is kept with `keep_probability`, those dropped vanish before windows
    are formed, and two kept tokens of a line weigh `window_weight` at the distance that is left
    between them. With X the number of kept ones between them, a pair adds ``keep_c keep_o
    E[max(0, m - X)] / m``; nothing is drawn. The sums are in float64, and the same bits for any
    number of threads.

    Parameters
    ----------
    ids : (N,) int32
        The corpus, with `LINE_END` between lines.
    counts : (V,) array of integers
        How often each word is in the corpus whose frequencies decide what is kept; `ids` may be a
        part of that one.
    window, subsample
        As in training.
    threads : int
    dtype : float32 or float64
        Of the result's values.
    memory : int, optional
        Bytes that the result may take in memory; a larger one comes as arrays that lie in files.
        Counting takes some more: 128 MB or a quarter of the size of `ids`, and 50 MB a thread;
        where rows are kept, another 600 MB.
    folder : path, optional
        For these files, which have no name and go away with the arrays; by default the system's
        folder for temporary files.
    run : Run, optional
        Told of what is done; keeps rows that are counted, and gives those that an earlier run kept.

    Raises
    ------
    ValueError
        For a setting or an id that is out of range.
    OSError
        If the folder cannot be written to or is full; it names the folder.
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    if window < 1 or threads < 1:
        raise ValueError(
            f"window and threads must be at least 1, got window {window} and threads {threads}"
        )
    run = run or Run()
    frequency = counts / max(1, int(counts.sum()))
    lengths = np.zeros(len(counts), np.int64)
    with _Entries(np.dtype(dtype), memory, folder) as entries:
        row = 0
        for kept in run.counted():
            some, indices, values = (kept.tensors[name] for name in _ROWS)
            lengths[row : row + len(some)] = some
            for room, array in zip(entries.room(len(values)), (indices, values), strict=True):
                room[:] = array
            entries.keep()
            row += len(some)
        counter = _core.Counter(
            ids=ids,
            keep=keep_probability(frequency, subsample),
            window=window,
            negligible=NEGLIGIBLE,
            threads=threads,
            first=row,
        )
        total = counter.tokens
        unkept: list[tuple[npt.NDArray[Any], ...]] = []

        def keep() -> None:
            pieces = (np.concatenate(arrays) for arrays in zip(*unkept, strict=True))
            run.keep_counted(dict(zip(_ROWS, pieces, strict=True)))
            unkept.clear()

        while True:
            rows, size, done = counter.count(
                _ENTRIES * threads, lambda done: run.progress.counting(done, total)
            )
            if not rows:
                break
            some = lengths[row : row + rows]
            indices, values = entries.room(size)
            counter.take(some, indices, values)
            entries.keep()
            row += rows
            run.progress.counting(done, total)
            if run.keeps:
                unkept.append((some, indices.copy(), values.copy()))
                if run.due() or sum(a.nbytes for block in unkept for a in block) > _WAITING:
                    keep()
        if unkept:
            keep()
        indptr = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(lengths, out=indptr[1:])
        return Cooccurrence(indptr, *entries.arrays())


class _Entries:
    """Indices and values that grow: in memory, then in two files.

    Rows come in order and whole, each from one thread: what is written behind what is there is the
    matrix, and nothing is left to merge. A file loses its name as soon as it is opened, so that
    nothing of it remains however the process ends.
    """

    def __init__(self, dtype: np.dtype[Any], memory: int | None, folder: StrPath | None) -> None:
        self._memory = memory
        self._folder = Path(tempfile.gettempdir() if folder is None else folder)
        self._arrays: list[npt.NDArray[Any]] = [np.empty(0, np.int32), np.empty(0, dtype)]
        self._files: list[BinaryIO] = []
        self._filled = 0
        self._open = ExitStack()

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()  # arrays that lie in the files keep them

    def room(self, size: int) -> list[npt.NDArray[Any]]:
        """Give arrays for so many further entries; those given before must be used no more."""
        wanted = (self._filled + size) * sum(array.itemsize for array in self._arrays)
        if not self._files and self._memory is not None and wanted > self._memory:
            self._spill()
        begin = 0 if self._files else self._filled
        for array in self._arrays:
            array.resize(begin + size, refcheck=False)  # large arrays move without a copy
        self._filled += size
        return [array[begin:] for array in self._arrays]

    def keep(self) -> None:
        """Keep what has been filled."""
        if self._files:
            for file, array in zip(self._files, self._arrays, strict=True):
                self._write(file, array)

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Give all of them."""
        if not self._files:
            return self._arrays
        return [
            np.memmap(file, array.dtype, "r", shape=(self._filled,))
            for file, array in zip(self._files, self._arrays, strict=True)
        ]

    def _spill(self) -> None:
        try:
            for _ in self._arrays:
                file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
                self._files.append(self._open.enter_context(file))
        except OSError as error:
            raise self._failed(error) from error
        self.keep()

    def _write(self, file: BinaryIO, array: npt.NDArray[Any]) -> None:
        try:
            write_array(file, array)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OSError:
        cause = error.strerror or str(error)
        return OSError(error.errno, f"cannot write the counts: {cause}", os.fspath(self._folder))


def split_lines(ids: Int32, share: float, seed: int = 1) -> tuple[Int32, Int32]:
    """Split a corpus into lines to train on and lines that are held out.

    Each line goes whole, with its `LINE_END`, to where a hash of its number and the seed puts it:
    `share` is the probability to be held out, so that a part can be empty.

    Returns
    -------
    train, held_out : int32 arrays
        Copies, the lines of each in their order.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be in 0..1, got {share}")
    ends = np.flatnonzero(ids < 0) + 1
    if len(ids) and ids[-1] >= 0:
        ends = np.append(ends, len(ids))
    with np.errstate(over="ignore"):
        key = _mix(np.array([seed % 2**64], np.uint64) + _GAMMA)
        random = _mix(key + np.arange(len(ends), dtype=np.uint64) * _GAMMA)
    held = (random >> np.uint64(11)) * 2.0**-53 < share
    where = np.repeat(held, np.diff(ends, prepend=0))
    return ids[~where], ids[where]


_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hash by the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


# ------------------------------------------------------------------------------- the file of counts


@dataclass(frozen=True, eq=False)
class CountsFile:
    """What a file of counts holds: V words, their counts, up to three matrices, and plain data."""

    words: list[str]
    counts: Int64
    counted: Counted
    metadata: dict[str, Any]


def write_counts(
    path: StrPath,
    *,
    words: Sequence[str],
    counts: npt.NDArray[Any],
    counted: Counted,
    metadata: Mapping[str, Any],
) -> None:
    """Write counts as a file in the layout of safetensors, whatever its name.

    Tensors: `words`, `offsets` and `counts` as in a model file; `indptr`, `indices` and `values` of
    `pairs`; with "held_" before their names those of `probe`, with "unseen_" those of `held_out`.
    Metadata: the text under "wordkin-counts" is JSON, as in a model file.

    Parameters
    ----------
    path : path
        An older file there is replaced only once the new one is complete.
    words : sequence of V different str
    counts : (V,) array of integers
    counted : Counted
        May lie in files, and be larger than the memory.
    metadata : mapping
        Anything that JSON can hold.

    Raises
    ------
    FormatError
        If sizes do not fit, or a word or the metadata cannot be held by the file.
    OSError
        If the file cannot be written; it names the path and the cause.
    """
    spelled = spell_words(path, words)
    V = len(spelled)
    sizes = {"counts": len(counts)}
    matrices = {prefix: getattr(counted, name) for prefix, name in _PREFIXES.items()}
    for prefix, matrix in matrices.items():
        if matrix is not None:
            sizes[_PREFIXES[prefix]] = matrix.size
    for name, size in sizes.items():
        if size != V:
            raise FormatError(f"{path}: {name} must be of {V} words, got {size}")
    tensors: dict[str, npt.NDArray[Any]] = {
        "words": np.frombuffer(b"".join(spelled), np.uint8),
        "offsets": np.cumsum([0, *map(len, spelled)], dtype=np.int64),
        "counts": np.asarray(counts).astype(np.int64, casting="same_kind", copy=False),
    }
    for prefix, matrix in matrices.items():
        if matrix is not None:
            tensors |= {prefix + name: getattr(matrix, name) for name in _MATRIX}
    try:
        settings = json.dumps(
            {"format": FORMAT_VERSION, "metadata": dict(metadata)}, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path}: the metadata cannot be written as JSON: {error}") from error
    with atomic_write(path) as temporary, open(temporary, "wb", buffering=0) as file:
        write_tensors(file, tensors, {"wordkin-counts": settings})


def read_counts(path: StrPath) -> CountsFile:
    """Read a file of counts that `write_counts` wrote; indices and values stay in the file.

    Raises
    ------
    FormatError
        If it is not a file of counts, is cut short, does not fit together, or is of a newer format.
    OSError
        If it cannot be opened.
    """
    tensors, texts = map_tensors(path, "a file of counts")
    metadata = _metadata(path, texts)
    wanted = _WORDS | _MATRIX
    there = [p for p in _PREFIXES if not p or any(name.startswith(p) for name in tensors)]
    for prefix in there:
        wanted |= {prefix + name: types for name, types in _MATRIX.items()}
    missing = wanted.keys() - tensors.keys()
    if missing:
        raise FormatError(f"{path}: no tensor {', '.join(sorted(missing))}")
    for name, types in wanted.items():
        _check_kind(path, name, tensors[name], types)
    at = getattr(tensors["offsets"], "offset", 0)
    words = cut_words(path, tensors["words"], tensors["offsets"], at)
    counts = np.array(tensors["counts"])
    if len(counts) != len(words):
        raise FormatError(f"{path}: {len(counts)} counts of {len(words)} words")
    if len(counts) and counts.min() < 1:
        raise FormatError(f"{path}: counts must be at least 1, got {counts.min()}")
    return CountsFile(
        words,
        counts,
        Counted(**{_PREFIXES[p]: _matrix(path, tensors, p, len(words)) for p in there}),
        metadata,
    )


def _metadata(path: StrPath, found: Mapping[str, str]) -> dict[str, Any]:
    if "wordkin" in found:
        raise FormatError(f"{path}: a model, not counts")
    if "wordkin-counts" not in found:
        raise FormatError(f"{path}: a safetensors file, but not counts of wordkin")
    return decode_metadata(path, found["wordkin-counts"], FORMAT_VERSION)[1]


def _check_kind(path: StrPath, name: str, tensor: npt.NDArray[Any], types: tuple[str, ...]) -> None:
    if tensor.ndim != 1 or tensor.dtype not in [TYPES[dtype] for dtype in types]:
        raise FormatError(
            f"{path}: {name} must be {' or '.join(types)} with 1 axis,"
            f" got {tensor.dtype} of {tensor.shape}"
        )


def _matrix(
    path: StrPath, tensors: Mapping[str, npt.NDArray[Any]], prefix: str, V: int
) -> Cooccurrence:
    """Check what an engine relies on: rows that lie one after the other, words that there are."""
    indptr, indices, values = (tensors[prefix + name] for name in _MATRIX)
    if len(indptr) != V + 1 or len(indices) != len(values):
        raise FormatError(
            f"{path}: {prefix}indptr must have {V + 1} numbers and {prefix}values as many as"
            f" {prefix}indices, got {len(indptr)}, {len(values)} and {len(indices)}"
        )
    if indptr[0] != 0 or indptr[-1] != len(indices) or (indptr[1:] < indptr[:-1]).any():
        raise FormatError(f"{path}: {prefix}indptr does not cut the entries into rows")
    for first in range(0, len(indices), _PIECE):
        piece = slice(first, first + _PIECE)
        low, high = indices[piece].min(), indices[piece].max()
        if low < 0 or high >= V:
            raise FormatError(
                f"{path}: {prefix}indices must be in 0..{V - 1}, got {low if low < 0 else high}"
            )
        least, most = values[piece].min(), values[piece].max()
        if not (least > 0 and most < _MOST):
            raise FormatError(
                f"{path}: {prefix}values must be above 0 and below {_MOST:g}, got {least}, {most}"
            )
    return Cooccurrence(np.array(indptr), indices, values)
