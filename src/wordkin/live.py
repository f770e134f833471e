"""A run that is followed on a page while it goes on.

In: what a run tells its `Progress`. Out: plain data that JSON can hold, for a page that asks what
is new. Vectors are looked at while a page asks and never else, in the thread of the one who asks,
and all looks together take no more than `SHARE` of the time. May import `progress`, `glance`,
`terminal`, `vectors`, and the server of `explorer` when it is started.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeAlias

from wordkin import terminal
from wordkin.glance import Glance, Glances, default_probes
from wordkin.progress import InTraining, Progress, progress_for
from wordkin.vectors import WordVectors

Clock: TypeAlias = Callable[[], float]
Facts: TypeAlias = dict[str, Any]

SHARE = 0.005
"""Of the time of training, what may be spent on looking at vectors."""
ADVANCE = 0.2
"""Seconds that may be spent before: in the first seconds of a run most is to be seen."""
POINTS = 2000
"""Points of a curve, and accounts of epochs, at most; of more, every other is forgotten."""
RECENT = 3.0
"""Seconds by which the speed of the moment is taken."""
PRESENT = 6.0
"""A page that has not asked for so many seconds is gone, or hidden."""
LINGER = 4.0
"""Seconds to wait at the end, at most, until a page that is there has heard of it."""
APART = 5.0
"""Seconds between two looks: a quarter of the time so far, until it is so many."""
RARER = 0.005
"""Of the time so far: looks of a long run are so far apart."""


class Budget:
    """How often vectors may be looked at: no more is spent than `ADVANCE` and `SHARE` of the time.

    By the clock and not the processor's time, as a look may also keep a thread of training waiting:
    so training loses no more, but for what the last look took longer. Looks also grow apart, as a
    browser on the same cores draws each of them, and the longer a run the less changes in a second.
    """

    def __init__(self, clock: Clock, share: float = SHARE) -> None:
        self._clock, self._share = clock, share
        self._began = clock()
        self._last = -math.inf
        self._spent = 0.0

    def due(self) -> bool:
        """Whether there is time for a look."""
        now = self._clock()
        age = now - self._began
        apart = max(min(age / 4, APART), RARER * age)
        return now - self._last >= apart and self._spent <= ADVANCE + self._share * age

    def take(self, look: Callable[[], Glance]) -> Glance:
        """Look, and count the time."""
        began = self._last = self._clock()
        try:
            return look()
        finally:
            self._spent += self._clock() - began


class Curve:
    """Points (x, y) as they come, of which a bounded number is kept."""

    def __init__(self, limit: int = POINTS) -> None:
        self._limit = limit
        self._points: list[tuple[int, float, float]] = []
        self._gap = 0.0
        self._thinned = 0

    def add(self, at: int, x: float, y: float) -> None:
        """Add a point, at a moment; what is not finite has no place on a curve."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return
        points = self._points
        if points and 0 <= x - points[-1][1] < self._gap:
            return
        points.append((at, x, y))
        if len(points) > self._limit:
            del points[1::2]
            self._gap = (points[-1][1] - points[0][1]) / len(points)
            self._thinned = at

    def since(self, seen: int) -> tuple[bool, list[tuple[float, float]]]:
        """Return what came after a moment, or all and True where the older ones have changed."""
        anew = seen < self._thinned or not seen
        return anew, [(x, y) for at, x, y in self._points if anew or at > seen]


class Speed:
    """Things done in a second: of late, and from the first time that it was told."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque()
        self._first: tuple[float, float] | None = None

    def add(self, now: float, done: float) -> None:
        """Say how much is done."""
        self._first = self._first or (now, done)
        self._recent.append((now, done))
        while len(self._recent) > 2 and now - self._recent[1][0] >= RECENT:
            self._recent.popleft()

    def recent(self) -> float | None:
        """Return the speed of the last seconds; None: it is too early to say."""
        return self._between(self._recent[0]) if self._recent else None

    def mean(self) -> float | None:
        """Return the speed of all the time."""
        return self._between(self._first) if self._first else None

    def _between(self, start: tuple[float, float]) -> float | None:
        seconds, done = (end - begin for end, begin in zip(self._recent[-1], start, strict=True))
        return done / seconds if seconds > 0.05 and done > 0 else None


@dataclasses.dataclass(frozen=True)
class Looked:
    """What a look gives a page.

    Attributes
    ----------
    frame : dict
        Neighbours and points, as plain data.
    words : list of str or None
        Those of the points; None: they are the same as before.
    """

    frame: Facts
    words: list[str] | None


class Looks:
    """One look after the other at the vectors of a run, whenever somebody asks and it is time.

    Parameters
    ----------
    words : sequence of str
        The vocabulary.
    probes : sequence of int
        The words whose neighbours are wanted.
    clock : function
        Gives seconds.

    Attributes
    ----------
    training : InTraining or None
        What can be looked at now.
    vectors : WordVectors or None
        Those of the model once it is trained; they are looked at once, wholly.
    """

    def __init__(self, words: Sequence[str], probes: Sequence[int], clock: Clock) -> None:
        self.training: InTraining | None = None
        self.vectors: WordVectors | None = None
        self._words = words
        self._glances = Glances(probes)
        self._budget = Budget(clock)
        self._lock = threading.Lock()
        self._over = False
        self._before: Glance | None = None
        self._first: Glance | None = None
        self._mapped: list[int] = []

    def look(self) -> Looked | None:
        """Look, unless it is too early, somebody else does, or there is nothing to be seen."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            glance = self._glance()
            return None if glance is None else self._told(glance)
        finally:
            self._lock.release()

    def _glance(self) -> Glance | None:
        training, vectors = self.training, self.vectors
        if self._over:
            return None
        if vectors is not None:
            self._over = True
            return self._glances.last(vectors)
        if training is None or not self._budget.due():
            return None
        return self._budget.take(lambda: self._glances.take(training))

    def _told(self, glance: Glance) -> Looked:
        frame = {
            "searched": None if glance.searched == len(self._words) else glance.searched,
            "probes": self._probes(glance),
            "points": base64.b64encode(glance.points.astype("<f4").tobytes()).decode(),
        }
        mapped = glance.mapped.tolist()
        words = None if mapped == self._mapped else [self._word(number) for number in mapped]
        self._mapped, self._before, self._first = mapped, glance, self._first or glance
        return Looked(frame, words)

    def _probes(self, glance: Glance) -> list[Facts]:
        """Return the probes with their neighbours, and how many of those were there before."""
        places = {number: place for place, number in enumerate(glance.mapped.tolist())}
        told = []
        for i, probe in enumerate(glance.probes):
            last, first = (
                set(earlier.probes[i].neighbours) if earlier else set()
                for earlier in (self._before, self._first)
            )
            neighbours = [
                {
                    "at": places.get(number),
                    "word": self._word(number),
                    "score": cosine,
                    "fresh": bool(last) and number not in last,
                }
                for number, cosine in zip(probe.neighbours, probe.cosines, strict=True)
            ]
            told.append(
                {
                    "at": places.get(probe.number),
                    "word": self._word(probe.number),
                    "neighbours": neighbours,
                    "stayed": len(last & set(probe.neighbours)) if last else None,
                    "from_first": len(first & set(probe.neighbours)) if first else None,
                }
            )
        return told

    def _word(self, number: int) -> str:
        return _readable(self._words[number])


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
            from wordkin.explorer.server import Server, open_in_browser

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

    def fitted(self, vectors: WordVectors) -> None:
        """Note the vectors that came of it."""
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
        self._end({"how": how, "facts": [_readable(str(error))] if str(error) else []})

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
                "title": _readable(self._title),
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


def _readable(text: str) -> str:
    """Return text with a mark where bytes are no UTF-8: JSON holds nothing else."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
