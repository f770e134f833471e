"""Counting of pairs: ids in, co-occurrence counts out, in memory or in files if memory is short.

`count` does the work on the native counter; `count_pairs` counts all that training needs.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from wordkin._core import Counter
from wordkin.engines.counts.by_side import CooccurrenceBySide
from wordkin.engines.counts.matrix import NEGLIGIBLE, Cooccurrence, Counted
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings
from wordkin.engines.subsampling import threshold_of
from wordkin.objectives.conventions import Window, keep_probability
from wordkin.system.machine import available_memory
from wordkin.system.mapping import map_array
from wordkin.system.tensors import write_array
from wordkin.system.types import Int32, Int64, StrPath

_ENTRIES_PER_THREAD = 1 << 21  # of one block of rows
_MAX_UNSAVED_BYTES = 1 << 28  # of counted rows that wait for the next checkpoint
_SAVED = ("lengths", "indices", "values")  # the tensors of a checkpoint
_BOTH, _RIGHT, _LEFT = 0, 1, -1  # sides of a center, as the native counter has them


def count_pairs(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    *,
    held_out: npt.NDArray[np.int32] | None = None,
    memory: int | None = None,
    run: Run,
) -> Counted:
    """Count the pairs of a text, and of the held-out lines.

    Parameters
    ----------
    ids : (N,) int32
        The training lines, with `corpus.LINE_END` between them.
    counts : (V,) int64
        How often each word occurs, in training and held-out lines.
    settings : ExactSettings
    held_out : (M,) int32, optional
        The held-out lines, which are not part of `ids`.
    memory : int or None
        Bytes that the counts may take in memory; more go to files. None: half of what the run may
        take.
    run : Run
        Receives progress, and saves the counted rows of the training lines.

    Raises
    ------
    OSError
        If counts cannot be written to the folder for temporary files; the error names it.
    """
    free = available_memory() if run.memory is None else run.memory
    if memory is None and free is not None:
        memory = free // 2

    def count_part(what: str, part: npt.NDArray[np.int32], run: Run) -> Cooccurrence:
        run.progress.counts(what)
        return count_lines(part, counts, settings, memory, run)

    pairs = count_part("pairs", ids, run)
    if held_out is None or not len(held_out):
        return Counted(pairs)
    # The held-out lines are few, not worth a checkpoint.
    return Counted(pairs, count_part("held-out pairs", held_out, Run(run.progress)))


def count_lines(
    ids: npt.NDArray[np.int32],
    counts: npt.NDArray[np.int64],
    settings: ExactSettings,
    memory: int | None,
    run: Run,
) -> Cooccurrence:
    """Count the pairs of some lines with the given settings; parameters as in `count_pairs`."""
    return count(
        ids,
        counts,
        window=settings.window,
        subsample=threshold_of(settings, counts),
        threads=settings.threads,
        dtype=np.float64 if settings.precision == "float64" else np.float32,
        memory=memory,
        folder=run.scratch,
        run=run,
        sides=settings.sides,
    )


def count(
    ids: Int32,
    counts: Int64,
    *,
    window: Window,
    subsample: float,
    threads: int,
    dtype: npt.DTypeLike = np.float32,
    memory: int | None = None,
    folder: StrPath | None = None,
    run: Run | None = None,
    sides: bool = False,
) -> Cooccurrence:
    """Count all pairs of a corpus: how often stochastic training would see each, in expectation.

    Stochastic training keeps a token of word ``w`` with `keep_probability` and removes the others
    before it forms windows; two kept tokens of a line then weigh `window_weight` at their remaining
    distance. With X the number of kept tokens between them, a pair adds ``keep_c keep_o
    E[max(0, m - X)] / m``. Nothing is drawn. Sums are in float64, and bitwise equal for any number
    of threads.

    Parameters
    ----------
    ids : (N,) int32
        The corpus, with `corpus.LINE_END` between lines.
    counts : (V,) array of integers
        Word counts that determine the keep probabilities. They may be those of a larger corpus, of
        which `ids` is a part.
    window, subsample
        As in `Settings`.
    threads : int
    dtype : float32 or float64
        The type of the result's values.
    memory : int, optional
        Bytes that the result may take in memory; a larger result is mapped from files. Counting
        itself takes 128 MB or a quarter of the size of `ids`, whichever is more, and 50 MB per
        thread; checkpoints take another 600 MB.
    folder : path, optional
        The folder of these files, which have no name and disappear with the arrays; by default the
        system's folder for temporary files.
    run : Run, optional
        Receives progress, saves counted rows, and returns those that an interrupted run saved.
    sides : bool
        Whether an outside word at the left of a center differs from one at the right.

    Returns
    -------
    Cooccurrence
        With sides a `CooccurrenceBySide`, whose two blocks sum to what there is without, up to
        rounding.

    Raises
    ------
    ValueError
        For a setting or an id out of range.
    OSError
        If the folder cannot be written to or is full; the error names it.
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    window_size = 0 if window == "line" else window
    if window_size < (window != "line") or threads < 1:
        raise ValueError(
            f"window and threads must be at least 1, got window {window} and threads {threads}"
        )
    run = run or Run()
    frequency = counts / max(1, int(counts.sum()))
    V, passes = len(counts), (_RIGHT, _LEFT) if sides else (_BOTH,)
    lengths = np.zeros(V * len(passes), np.int64)
    with _Entries(np.dtype(dtype), memory, folder) as entries:
        row = 0
        for part in run.load_counts():
            some, indices, values = (part.tensors[name] for name in _SAVED)
            lengths[row : row + len(some)] = some
            for target, array in zip(entries.grow(len(values)), (indices, values), strict=True):
                target[:] = array
            entries.flush()
            row += len(some)
        keep = keep_probability(frequency, subsample)
        unsaved: list[tuple[npt.NDArray[Any], ...]] = []

        def save() -> None:
            pieces = (np.concatenate(arrays) for arrays in zip(*unsaved, strict=True))
            run.save_counts(dict(zip(_SAVED, pieces, strict=True)))
            unsaved.clear()

        for number, side in enumerate(passes):
            counter = Counter(
                ids=ids,
                keep=keep,
                window=window_size,
                negligible=NEGLIGIBLE,
                threads=threads,
                first=min(max(row - number * V, 0), V),
                side=side,
            )
            before, total = number * counter.tokens, len(passes) * counter.tokens

            def tick(done: int, before: int = before, total: int = total) -> None:
                run.progress.counting(before + done, total)

            while True:
                rows, size, done = counter.count(_ENTRIES_PER_THREAD * threads, tick)
                if not rows:
                    break
                some = lengths[row : row + rows]
                indices, values = entries.grow(size)
                counter.take(some, indices, values)
                entries.flush()
                row += rows
                tick(done)
                if run.saves_checkpoints:
                    unsaved.append((some, indices.copy(), values.copy()))
                    if (
                        run.checkpoint_due()
                        or sum(a.nbytes for block in unsaved for a in block) > _MAX_UNSAVED_BYTES
                    ):
                        save()
        if unsaved:
            save()
        indptr = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=indptr[1:])
        kind = CooccurrenceBySide if sides else Cooccurrence
        return kind(indptr, *entries.arrays())


class _Entries:
    """The growing indices and values of the matrix: first in memory, then in two files.

    Whole rows arrive in order, so appending them builds the matrix, and nothing needs merging. The
    files are deleted as soon as they are opened, so that none remains however the process ends.
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
        self._open.close()  # arrays that are mapped from the files keep them alive

    def grow(self, size: int) -> list[npt.NDArray[Any]]:
        """Return arrays for `size` further entries; arrays from earlier calls become invalid."""
        wanted = (self._filled + size) * sum(array.itemsize for array in self._arrays)
        if not self._files and self._memory is not None and wanted > self._memory:
            self._spill()
        begin = 0 if self._files else self._filled
        for array in self._arrays:
            array.resize(begin + size, refcheck=False)  # large arrays move without a copy
        self._filled += size
        return [array[begin:] for array in self._arrays]

    def flush(self) -> None:
        """Write the entries that the last arrays were filled with, if they belong in files."""
        if self._files:
            for file, array in zip(self._files, self._arrays, strict=True):
                self._write(file, array)

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Return all indices and all values."""
        if not self._files:
            return self._arrays
        return [
            map_array(file, array.dtype, shape=(self._filled,))
            for file, array in zip(self._files, self._arrays, strict=True)
        ]

    def _spill(self) -> None:
        try:
            for _ in self._arrays:
                file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
                self._files.append(self._open.enter_context(file))
        except OSError as error:
            raise self._failed(error) from error
        self.flush()

    def _write(self, file: BinaryIO, array: npt.NDArray[Any]) -> None:
        try:
            write_array(file, array)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OSError:
        cause = error.strerror or str(error)
        return OSError(error.errno, f"cannot write the counts: {cause}", os.fspath(self._folder))
