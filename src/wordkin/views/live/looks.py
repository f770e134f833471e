"""Samples of vectors in training, within a budget of time."""

from __future__ import annotations

import base64
import dataclasses
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from wordkin.system.progress import InTraining
from wordkin.vectors.words import WordVectors
from wordkin.views.live.glance import Glance, Glances

Clock: TypeAlias = Callable[[], float]
Facts: TypeAlias = dict[str, Any]

SHARE = 0.005
"""Of the time of training, what may be spent on looking at vectors."""
ADVANCE = 0.2
"""Seconds that may be spent before: in the first seconds of a run most is to be seen."""
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
        return readable(self._words[number])


def readable(text: str) -> str:
    """Return text with a mark where bytes are no UTF-8: JSON holds nothing else."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
