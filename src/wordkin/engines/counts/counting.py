"""Ids in, co-occurrence counts out: in memory, or in a file where memory is too small."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from wordkin._core import Counter
from wordkin.corpus.splitting import split_lines
from wordkin.engines.counts.matrix import NEGLIGIBLE, Cooccurrence, Counted
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings
from wordkin.objectives.conventions import keep_probability
from wordkin.system.machine import available_memory
from wordkin.system.tensors import write_array
from wordkin.system.types import Int32, Int64, StrPath

PROBE = 0.05
"""The share of lines that a ridge is chosen by."""


def count_pairs(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    *,
    probe: bool = True,
    held_out: npt.NDArray[np.int32] | None = None,
    memory: int | None = None,
    run: Run,
) -> Counted:
    """Count all pairs of a text, and again those of the lines that a ridge is chosen by.

    Parameters
    ----------
    probe : bool
        Whether the latter are wanted.
    held_out : (M,) int32, optional
        Lines that are not part of the text.
    memory : int or None
        Bytes that counts may take in memory before they go to files; None: half of what there is.
    """
    if memory is None and (free := available_memory()) is not None:
        memory = free // 2

    def counted(part: npt.NDArray[np.int32], run: Run) -> Cooccurrence:
        return count_with(part, counts, settings, memory, run)

    apart = Run(run.progress)  # of small parts nothing is kept
    return Counted(
        counted(ids, run),
        counted(split_lines(ids, PROBE)[1], apart) if probe else None,
        None if held_out is None or not len(held_out) else counted(held_out, apart),
    )


def count_with(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    memory: int | None,
    run: Run,
) -> Cooccurrence:
    """Count the pairs of some lines as the settings say."""
    return count(
        ids,
        counts,
        window=settings.window,
        subsample=settings.subsample,
        threads=settings.threads,
        dtype=np.float64 if settings.precision == "float64" else np.float32,
        memory=memory,
        run=run,
    )


_ENTRIES = 1 << 21  # of a block, for each thread
_WAITING = 1 << 28  # bytes of counted rows that wait to be kept, at most
_ROWS = ("lengths", "indices", "values")  # of what is kept while counting


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
        counter = Counter(
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
