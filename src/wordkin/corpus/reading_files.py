"""Read files on several threads: one reads the next piece while others make ids of theirs.

In: files, and a native reader of text. Out: nothing but what the reader and the digest received,
which is the same for any number of threads. Pieces are cut where the system cuts them; the native
reader joins the tokens and lines that go over a cut.

Pieces of a file are read one after the other, by whichever thread is free, and so is their digest
computed. Of packed files several are unpacked at a time: a file behind the first waits for its
digest, so what is unpacked ahead stays in memory, which `_AHEAD` bounds.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from wordkin._core import TextReader
from wordkin.corpus import files
from wordkin.corpus.ids_on_disk import IdsOnDisk
from wordkin.system.progress import Progress

_AHEAD = 32
"""Pieces for each thread that may wait for their digest."""
_MOST_THREADS = 64
"""More would wait for the digest, which one thread at a time computes."""
_FAR = 1 << 44
"""Between the positions of files that begin before others have ended: 16 TB."""
_MOST_FILES = 1 << 19
"""Of which the positions fit in 64 bits; of more no two are read at a time."""


@dataclasses.dataclass
class _Piece:
    bytes: files.Piece
    uses: int = 2  # its digest and its ids


@dataclasses.dataclass
class _Source:
    """A file that is being read."""

    file: files.TextFile
    position: int  # of its next byte
    pieces: Iterator[files.Piece]
    begun: bool = False
    busy: bool = False
    ended: bool = False
    error: Exception | None = None
    waiting: deque[_Piece] = dataclasses.field(default_factory=deque)

    @property
    def by_caller(self) -> bool:
        """Whether only the calling thread reads it: what is no file on disk may wait for ever."""
        return self.file.size is None


class FilesReader:
    """Reads files once; see the module.

    Parameters
    ----------
    reader : TextReader
        For as many threads as `threads_for` says.
    digest : function of bytes
        Receives all bytes in order.
    named : list of TextFile
    progress : Progress
        Called from the calling thread.
    threads : int
    disk : IdsOnDisk
    """

    def __init__(
        self,
        reader: TextReader,
        digest: Callable[[memoryview], None],
        named: Sequence[files.TextFile],
        progress: Progress,
        threads: int,
        disk: IdsOnDisk,
    ) -> None:
        self._disk = disk
        self._most_held = _AHEAD * threads
        if disk.memory is not None:
            self._most_held = min(self._most_held, files.pieces_in(disk.memory // 8))
        self._reader, self._digest, self._progress = reader, digest, progress
        self._threads = threads
        self._files = deque(named)
        self._total = files.total_size(named)
        self._done = self._shown = 0
        packed = sum(bool(file.packed) for file in named)
        self._ahead = threads > 1 and packed > 1 and len(named) <= _MOST_FILES
        self._sources: deque[_Source] = deque()  # whose digest is not complete
        self._position = 0  # of the next file
        self._ends: list[int] = []
        self._held = 0  # pieces that wait for their digest
        self._ready: deque[tuple[int, _Piece, files.Piece]] = deque()
        self._free: list[files.Piece] = []
        self._changed = threading.Condition()
        self._digesting = False
        self._failure: BaseException | None = None
        self._stopped = False

    def read(self) -> None:
        """Read all files.

        Raises
        ------
        CorpusError, OSError
            As `files.pieces`; of several errors that of the first file.
        """
        workers = [
            threading.Thread(target=self._work, args=(i,), name=f"reading-{i}", daemon=True)
            for i in range(1, self._threads)
        ]
        started = []
        try:
            for worker in workers:
                worker.start()
                started.append(worker)
            self._work(0)
        finally:
            self._stop()
            for worker in started:
                worker.join()
            for source in self._sources:
                source.pieces.close()  # type: ignore[attr-defined]
        if self._failure is not None:
            raise self._failure
        for position in self._ends:
            self._reader.end_file(position)
        self._show()

    def _stop(self, failure: BaseException | None = None) -> None:
        with self._changed:
            self._failure = self._failure or failure
            self._stopped = True
            self._changed.notify_all()

    def _work(self, thread: int) -> None:
        try:
            while (task := self._next(thread)) is not None:
                position, piece, text = task
                try:
                    self._reader.read(thread, position, text)
                except OSError as error:
                    raise self._disk.failed(error) from error
                self._used(piece)
                if thread == 0:
                    self._show()
        except Exception as error:
            self._stop(error)
        # The calling thread's own interruption, which is no Exception, goes on from `read`.

    def _next(self, thread: int) -> tuple[int, _Piece, files.Piece] | None:
        """Return a piece to make ids of, with its position; None where there are no more."""
        while True:
            with self._changed:
                while True:
                    if self._stopped:
                        return None
                    if self._ready:
                        return self._ready.popleft()
                    if (source := self._pick(thread)) is not None:
                        source.busy = True
                        break
                    if not self._sources and not self._files:
                        return None
                    self._changed.wait()
            task = self._read(source)
            self._compute_digest()
            if task is None:
                continue
            if source.by_caller:
                with self._changed:
                    if len(self._ready) < self._threads - 1:
                        self._ready.append(task)
                        self._changed.notify_all()
                        task = None
                self._show()
            if task is not None:
                return task

    def _pick(self, thread: int) -> _Source | None:
        """Return a file of which this thread may read the next piece now."""
        for source in self._sources:
            if source.ended:
                continue
            if not source.busy:
                break
            if not (self._ahead and source.file.packed):
                return None
        else:
            if not self._files:
                return None
            file = self._files.popleft()
            source = _Source(file, self._position, files.pieces(file, self._buffer))
            if self._ahead:
                self._position += _FAR
            self._sources.append(source)
        if source.by_caller and thread:
            return None
        first = source is self._sources[0]
        if self._held >= self._most_held and (self._digesting or not first):
            return None
        return source

    def _read(self, source: _Source) -> tuple[int, _Piece, files.Piece] | None:
        """Read the next piece of a file; return it, with its position. None at its end."""
        try:
            read = next(source.pieces, None)
        except Exception as error:  # raised when all files before it are read
            read, source.error = None, error
        with self._changed:
            source.busy = False
            self._changed.notify_all()
            if read is None:
                source.ended = True
                if not self._ahead:
                    self._position = source.position + 1
                return None
            piece, position = _Piece(read), source.position
            source.waiting.append(piece)
            source.position += len(read)
            self._held += 1
            self._done += len(read)
        if source.begun:
            return position, piece, read
        source.begun = True
        return position, piece, files.without_mark(read)

    def _compute_digest(self) -> None:
        """Compute the digest as far as there are pieces in order, unless another thread does."""
        with self._changed:
            if self._digesting:
                return
            self._digesting = True
        piece = None
        while True:
            if piece is not None:
                self._digest(piece.bytes.data)
                self._used(piece)
            with self._changed:
                self._held -= piece is not None
                self._changed.notify_all()
                piece = self._next_for_digest()
                if piece is None:
                    self._digesting = False
                    return

    def _next_for_digest(self) -> _Piece | None:
        while self._sources and not self._stopped:
            source = self._sources[0]
            if source.waiting:
                return source.waiting.popleft()
            if not source.ended:
                return None
            if source.error is not None:
                self._failure = self._failure or source.error
                self._stopped = True
                return None
            self._ends.append(source.position)
            self._sources.popleft()
        return None

    def _buffer(self) -> files.Piece:
        with self._changed:
            return self._free.pop() if self._free else files.new_buffer()

    def _used(self, piece: _Piece) -> None:
        with self._changed:
            piece.uses -= 1
            memory = piece.bytes.base
            if not piece.uses and isinstance(memory, np.ndarray):
                self._free.append(memory)

    def _show(self) -> None:
        if self._done != self._shown or not self._done:
            self._shown = self._done
            self._progress.reading(self._done, self._total, "bytes")


def threads_for(named: Sequence[files.TextFile], threads: int) -> int:
    """Return how many threads are of use for reading files."""
    size = files.total_size(named)
    if size is not None:
        threads = min(threads, files.pieces_in(size))
    return max(1, min(threads, _MOST_THREADS))
