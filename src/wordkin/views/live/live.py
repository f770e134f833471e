"""Serve a live page of a training run.

In: what a run reports to its `Progress`. Out: plain data for JSON, for a page that polls for news.
Vectors are sampled only on such a request, in the thread that serves it, and within the time budget
of `frames`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from wordkin.system import terminal
from wordkin.system.progress import FittedVectors, InTraining, Progress
from wordkin.training.progress_bar import progress_for
from wordkin.vectors.words import WordVectors
from wordkin.views.live.curves import POINTS, Curve, Speed
from wordkin.views.live.frames import Clock, Facts, Frames, readable
from wordkin.views.live.sampler import default_probes

PRESENT = 6.0
"""Seconds without a request after which a page counts as closed or hidden."""
LINGER = 4.0
"""Most seconds to wait at the end until an open page has received the result."""


class Live(Progress):
    """Serves a live page of one run on this machine: losses, speed, neighbours, the map.

    Pass it to `fit` as `progress`. The page is available from then until `close` or the end of the
    process. Use a new one for each run.

    Parameters
    ----------
    words : sequence of str
        Words whose neighbours are shown; if empty, some frequent words of the vocabulary.
    title : str
        Title of the run on the page.
    beside : bool, Progress or None
        How to show progress besides the page: True for a bar, False for nothing, None for a bar if
        there is a terminal, or another `Progress`.
    port : int
        Port of the server on the loopback interface; 0 for any free port.
    browser : bool
        Whether to open the page in a browser, if there is a display.
    patience : float
        After a successful run, seconds that `close` waits for a page that nobody has opened yet.
    say : callable
        Prints a line: the address, and words that are not in the vocabulary.
    clock : callable
        Returns seconds.

    Raises
    ------
    WordkinError
        On entering, if the packages of the extra `explore` are missing, the page was not built, or
        the port is taken.

    Examples
    --------
    >>> model = Word2Vec().fit("corpus.txt", progress=Live())  # doctest: +SKIP
    """

    def __init__(
        self,
        words: Sequence[str] = (),
        *,
        title: str = "",
        beside: bool | Progress | None = None,
        port: int = 0,
        browser: bool = True,
        patience: float = 0.0,
        say: Callable[[str], None] = terminal.say,
        clock: Clock = time.monotonic,
    ) -> None:
        self._wanted = tuple(words)
        self._title = title
        self._beside = beside if isinstance(beside, Progress) else progress_for(beside)
        self._port, self._browser, self._patience = port, browser, patience
        self._say, self._clock = say, clock
        self._server: Any = None
        self._frames: Frames | None = None
        # The record of the run, under one lock that is only held briefly.
        self._lock = threading.Lock()
        self._moment = 1
        self._stage: Facts = {"name": "starting"}
        self._began = self._entered = clock()
        self._speed = Speed()
        self._loss = Curve()
        self._passes_left: float | None = None
        self._statistics: list[tuple[int, Facts]] = []  # of the epochs or passes that are over
        self._trained = 0  # words, in the epochs that are over
        self._frame: tuple[int, Facts] | None = None
        self._map: tuple[int, list[str]] | None = None
        self._ended: Facts | None = None
        self._last_request = -math.inf
        self._has_all = threading.Event()

    # ---- the server

    def __enter__(self) -> Progress:
        """Start the server, unless it runs already, and print its address."""
        if self._server is None:
            from wordkin.views.server.server import Server, open_in_browser

            self._server = Server((), port=self._port, feed=self)
            self._server.start()
            self._say(f"live    {self._server.url}")
            if self._browser:
                open_in_browser(self._server.url)
        self._beside.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beside.__exit__(kind, error, trace)
        if self._frames is not None:
            self._frames.training = None  # training may free or replace the matrices now
        if error is not None:
            self.failed(error)

    def close(self) -> None:
        """Stop the server, after an open page has received the result of the run."""
        if self._server is None:
            return
        if self._ended is not None and (seconds := self._seconds_to_wait(self._ended)):
            self._has_all.wait(seconds)
        self._server.stop()
        self._server = None

    def _seconds_to_wait(self, ended: Facts) -> float:
        """Return how long to wait for a page to request the result of the run."""
        if self._clock() - self._last_request < PRESENT:
            return LINGER
        if self._last_request == -math.inf and ended["how"] == "saved" and self._patience:
            self._say(
                f"live    the run is over; its page can be opened for {self._patience:.0f} s more;"
                " press Ctrl-C to stop now"
            )
            return self._patience
        return 0.0

    # ---- reports from the run

    def reading(self, done: int, total: int | None, unit: str) -> None:
        """Record the bytes or sentences read."""
        self._beside.reading(done, total, unit)
        self._record({"name": "reading"}, done, total, unit)

    def counting(self, done: int, total: int) -> None:
        """Record the words whose pairs have been counted."""
        self._beside.counting(done, total)
        self._record({"name": "counting"}, done, total, "words")

    def counts(self, what: str) -> None:
        """Pass on what is counted."""
        self._beside.counts(what)

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        """Record the words trained on, and the running loss."""
        self._beside.training(epoch, epochs, words, total, loss)
        stage = {"name": "training", "number": epoch, "of": epochs, "loss": _finite(loss)}
        self._record(stage, words, total, "words", (words, loss))

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Record the share of a pass that is done."""
        self._beside.descending(words, number, done, loss)
        stage = {"name": "descending", "number": number, "words": words, "loss": _finite(loss)}
        self._record(stage, done, 1.0, "pass")

    def overall(self, done: float, left: float, words: int) -> None:
        """Record the seconds that all passes will take."""
        self._beside.overall(done, left, words)
        self._passes_left = _finite(left)

    def _record(
        self,
        stage: Facts,
        done: float,
        total: float | None,
        unit: str,
        point: tuple[float, float] | None = None,
    ) -> None:
        now = self._clock()
        with self._lock:
            self._moment += 1
            if stage["name"] != self._stage["name"]:
                self._entered, self._speed = now, Speed()
            self._speed.add(now, done)
            self._stage = stage | {"done": done, "total": total, "unit": unit}
            if point is not None:
                self._loss.add(self._moment, *point)

    def passed(self, number: int, done: Any) -> None:
        """Record the statistics of an epoch or pass."""
        self._beside.passed(number, done)
        with self._lock:
            self._moment += 1
            words = getattr(done, "words", None)  # a pass has the size of its vocabulary
            if words is None:
                self._trained += done.trained + done.subsampled
            statistics = {
                "number": number,
                "x": self._trained if words is None else number,
                "loss": _finite(done.loss),
                "held_out": _finite(done.held_out),
                "words": words,
                "seconds": done.seconds,
            }
            self._statistics.append((self._moment, statistics))
            if len(self._statistics) > POINTS:
                del self._statistics[1::2]

    def watch(self, training: InTraining) -> None:
        """Remember the vectors in training, for samples."""
        self._beside.watch(training)
        if self._frames is None:
            self._frames = Frames(training.words, self._probes(training.words), self._clock)
        self._frames.training = training

    def _probes(self, words: Sequence[str]) -> list[int]:
        """Return the ids of the words to show, and report those not in the vocabulary."""
        ids = dict.fromkeys(self._wanted, -1)
        if ids:
            ids.update((word, i) for i, word in enumerate(words) if word in ids)
        for word in (word for word, i in ids.items() if i < 0):
            self._say(f"live    not in the vocabulary: {word}")
        return [i for i in ids.values() if i >= 0] or default_probes(words)

    def fitted(self, vectors: FittedVectors) -> None:
        """Remember the vectors of the trained model, for the last sample."""
        assert isinstance(vectors, WordVectors)
        self._beside.fitted(vectors)
        if self._frames is not None:
            self._frames.vectors = vectors
        with self._lock:
            self._moment += 1
            self._stage = {"name": "fitted"}

    def saved(self, facts: Sequence[str], command: str) -> None:
        """Record success: lines about the model, and the command to run next."""
        self._end({"how": "saved", "facts": list(facts), "command": command})

    def failed(self, error: BaseException) -> None:
        """Record that the run failed or was interrupted."""
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit))
        how = "interrupted" if stopped else "failed"
        self._end({"how": how, "facts": [readable(str(error))] if str(error) else []})

    def _end(self, ended: Facts) -> None:
        with self._lock:
            if self._ended is None:
                self._moment += 1
                self._ended = {"command": None} | ended

    # ---- answers to the page

    def since(self, seen: int) -> Facts:
        """Return what is new since a moment, with a sample of the vectors if one is due.

        Parameters
        ----------
        seen : int
            The moment of the last answer that the page has; 0 if it has none.

        Returns
        -------
        dict
            Plain data, `News` of page/src/contract/live.ts.
        """
        self._last_request = now = self._clock()
        frame = self._frames.next() if self._frames is not None else None
        with self._lock:
            if frame is not None:
                self._moment += 1
                self._frame = self._moment, frame.data
                if frame.words is not None:
                    self._map = self._moment, frame.words
            if self._ended is not None and seen == self._moment:
                self._has_all.set()
            if seen > self._moment:  # a moment of another run
                seen = 0
            anew, loss = self._loss.since(seen)
            stage, speed = self._stage, self._speed
            left = _left(stage, speed)
            if stage["name"] == "descending":
                left = self._passes_left
            return {
                "moment": self._moment,
                "title": readable(self._title),
                "stage": stage,
                "elapsed": now - self._began,
                "in_stage": now - self._entered,
                "left": left,
                "speed": {"recent": speed.recent(), "mean": speed.mean()},
                "anew": anew,
                "loss": loss,
                "accounts": [statistics for at, statistics in self._statistics if at > seen],
                "map": _after(self._map, seen),
                "frame": _after(self._frame, seen),
                "ended": self._ended,
            }


def _after(dated: tuple[int, Any] | None, seen: int) -> Any:
    """Return a value if its moment is later than `seen`, else None."""
    return dated[1] if dated is not None and dated[0] > seen else None


def _left(stage: Facts, speed: Speed) -> float | None:
    """Return the estimated seconds until the stage is over, or None if that is unknown."""
    total, recent = stage.get("total"), speed.recent()
    if not total or not recent or stage["name"] not in ("reading", "counting", "training"):
        return None
    left: float = (total - stage["done"]) / recent
    return max(0.0, left)


def _finite(value: float | None) -> float | None:
    """Return a finite number, or None: JSON has no others."""
    return value if value is not None and math.isfinite(value) else None
