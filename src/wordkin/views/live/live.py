"""A run that is followed on a page while it goes on.

In: what a run tells its `Progress`. Out: plain data that JSON can hold, for a page that asks what
is new. Vectors are looked at while a page asks and never else, in the thread of the one who asks,
and all looks together take no more than `SHARE` of the time.
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
from wordkin.training.bar import progress_for
from wordkin.vectors.words import WordVectors
from wordkin.views.live.curves import POINTS, Curve, Speed
from wordkin.views.live.glance import default_probes
from wordkin.views.live.looks import Clock, Facts, Looks, readable

PRESENT = 6.0
"""A page that has not asked for so many seconds is gone, or hidden."""
LINGER = 4.0
"""Seconds to wait at the end, at most, until a page that is there has heard of it."""


class Live(Progress):
    """Serves a page on this machine that shows one run: losses, speed, neighbours, the map.

    Give it to `fit` as its `progress`. The page is there from then on, until `close` or the end of
    the process. It is for one run.

    Parameters
    ----------
    words : sequence of str
        Those whose neighbours are shown; none: some frequent ones of the vocabulary.
    title : str
        What is trained, in words for people.
    beside : bool, Progress or None
        What else shows the run: True, False, or None for a bar if there is a terminal.
    port : int
        Of the server, on the loopback interface; 0: any that is free.
    browser : bool
        Whether to open the page in a browser, where there is a display.
    patience : float
        Seconds for which `close` waits, after a run that went well, for a page that nobody has
        opened yet.
    say : function of a str
        Told the address, and of words that are not in the vocabulary.
    clock : function
        Gives seconds.

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
        self._looks: Looks | None = None
        # What is recorded, under one lock that is never held for long.
        self._lock = threading.Lock()
        self._moment = 1
        self._stage: Facts = {"name": "starting"}
        self._began = self._entered = clock()
        self._speed = Speed()
        self._loss = Curve()
        self._accounts: list[tuple[int, Facts]] = []
        self._trained = 0  # words, in the epochs that are over
        self._frame: tuple[int, Facts] | None = None
        self._map: tuple[int, list[str]] | None = None
        self._ended: Facts | None = None
        self._asked = -math.inf
        self._has_all = threading.Event()

    # ---- the server ------------------------------------------------------------------------------

    def __enter__(self) -> Progress:
        """Start the server, unless it is there; say where."""
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
        if self._looks is not None:
            self._looks.training = None  # the matrices have an owner again
        if error is not None:
            self.failed(error)

    def close(self) -> None:
        """Stop the server, once a page that is there has heard how the run ended."""
        if self._server is None:
            return
        if self._ended is not None and (seconds := self._reader_comes_within(self._ended)):
            self._has_all.wait(seconds)
        self._server.stop()
        self._server = None

    def _reader_comes_within(self, ended: Facts) -> float:
        """Return the seconds in which a page may still ask how the run ended."""
        if self._clock() - self._asked < PRESENT:
            return LINGER
        if self._asked == -math.inf and ended["how"] == "saved" and self._patience:
            self._say(
                f"live    the run is over; its page can be opened for {self._patience:.0f} s more,"
                " Ctrl-C ends that"
            )
            return self._patience
        return 0.0

    # ---- what the run tells ----------------------------------------------------------------------

    def reading(self, done: int, total: int | None, unit: str) -> None:
        """Record bytes or sentences read."""
        self._beside.reading(done, total, unit)
        self._record({"name": "reading"}, done, total, unit)

    def counting(self, done: int, total: int) -> None:
        """Record words whose pairs are counted."""
        self._beside.counting(done, total)
        self._record({"name": "counting"}, done, total, "words")

    def choosing(self, done: int, total: int) -> None:
        """Record ridges tried."""
        self._beside.choosing(done, total)
        self._record({"name": "choosing"}, done, total, "ridges")

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        """Record words trained on."""
        self._beside.training(epoch, epochs, words, total, loss)
        stage = {"name": "training", "number": epoch, "of": epochs, "loss": _finite(loss)}
        self._record(stage, words, total, "words", (words, loss))

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Record a share of a pass."""
        self._beside.descending(words, number, done, loss)
        stage = {"name": "descending", "number": number, "words": words, "loss": _finite(loss)}
        self._record(stage, done, 1.0, "pass")

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
        """Record the account of an epoch or pass."""
        self._beside.passed(number, done)
        with self._lock:
            self._moment += 1
            words = getattr(done, "words", None)  # of a pass: its vocabulary
            if words is None:
                self._trained += done.trained + done.subsampled
            account = {
                "number": number,
                "x": self._trained if words is None else number,
                "loss": _finite(done.loss),
                "held_out": _finite(done.held_out),
                "words": words,
                "seconds": done.seconds,
            }
            self._accounts.append((self._moment, account))
            if len(self._accounts) > POINTS:
                del self._accounts[1::2]

    def watch(self, training: InTraining) -> None:
        """Note where the vectors are."""
        self._beside.watch(training)
        if self._looks is None:
            self._looks = Looks(training.words, self._probes(training.words), self._clock)
        self._looks.training = training

    def _probes(self, words: Sequence[str]) -> list[int]:
        """Return the numbers of the words that are wanted, and say which there are not."""
        places = dict.fromkeys(self._wanted, -1)
        if places:
            places.update((word, i) for i, word in enumerate(words) if word in places)
        for word in (word for word, i in places.items() if i < 0):
            self._say(f"live    not in the vocabulary: {word}")
        return [i for i in places.values() if i >= 0] or default_probes(words)

    def fitted(self, vectors: FittedVectors) -> None:
        """Note the vectors that came of it."""
        assert isinstance(vectors, WordVectors)
        self._beside.fitted(vectors)
        if self._looks is not None:
            self._looks.vectors = vectors
        with self._lock:
            self._moment += 1
            self._stage = {"name": "fitted"}

    def saved(self, facts: Sequence[str], command: str) -> None:
        """Record the end: what to say of the model, and what to do with it next."""
        self._end({"how": "saved", "facts": list(facts), "command": command})

    def failed(self, error: BaseException) -> None:
        """Record an end that nobody wanted."""
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit))
        how = "interrupted" if stopped else "failed"
        self._end({"how": how, "facts": [readable(str(error))] if str(error) else []})

    def _end(self, ended: Facts) -> None:
        with self._lock:
            if self._ended is None:
                self._moment += 1
                self._ended = {"command": None} | ended

    # ---- what a page is told ---------------------------------------------------------------------

    def since(self, seen: int) -> Facts:
        """Return what is new to a page that has seen all up to a moment; 0: nothing.

        A look at the vectors is part of it, where one is due.
        """
        self._asked = now = self._clock()
        looked = self._looks.look() if self._looks is not None else None
        with self._lock:
            if looked is not None:
                self._moment += 1
                self._frame = self._moment, looked.frame
                if looked.words is not None:
                    self._map = self._moment, looked.words
            if self._ended is not None and seen == self._moment:
                self._has_all.set()
            if seen > self._moment:  # of another run
                seen = 0
            anew, loss = self._loss.since(seen)
            stage, speed = self._stage, self._speed
            left = _left(stage, speed)
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
                "accounts": [account for at, account in self._accounts if at > seen],
                "map": _after(self._map, seen),
                "frame": _after(self._frame, seen),
                "ended": self._ended,
            }


def _after(told: tuple[int, Any] | None, seen: int) -> Any:
    return told[1] if told is not None and told[0] > seen else None


def _left(stage: Facts, speed: Speed) -> float | None:
    """Return the seconds until the stage is over, where that can be told."""
    total, recent = stage.get("total"), speed.recent()
    if not total or not recent or stage["name"] not in ("reading", "counting", "training"):
        return None
    left: float = (total - stage["done"]) / recent
    return max(0.0, left)


def _finite(value: float | None) -> float | None:
    """Return a number that JSON can hold; None stands for all others."""
    return value if value is not None and math.isfinite(value) else None
