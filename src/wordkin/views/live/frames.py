"""Turn samples of vectors in training into frames for the live page, within a time budget.

In: the vectors of a run, and a request for the next frame. Out: neighbours and map points as plain
data, or None if no sample is due.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from wordkin.system.progress import InTraining
from wordkin.vectors.words import WordVectors
from wordkin.views.live.sampler import Probe, Sample, Sampler

Clock: TypeAlias = Callable[[], float]
Facts: TypeAlias = dict[str, Any]

SHARE = 0.005
"""Share of the training time that samples may take."""
ADVANCE = 0.2
"""Seconds that samples may take beyond that share: the start of a run shows the most."""
APART = 5.0
"""Seconds between two samples grow with a quarter of the run's age, up to this many."""
RARER = 0.005
"""Share of the run's age that lies at least between two samples of a long run."""


class Budget:
    """Limits how often vectors are sampled: to `ADVANCE` seconds and `SHARE` of the time.

    It measures wall-clock time, since a sample may also block a training thread. So training loses
    no more than that, plus the overrun of the last sample. Samples also become rarer: a browser on
    the same cores has to draw each of them, and a long run changes less per second.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock()
        self._last = -math.inf
        self._spent = 0.0

    def due(self) -> bool:
        """Return whether a sample may be taken now."""
        now = self._clock()
        age = now - self._began
        apart = max(min(age / 4, APART), RARER * age)
        return now - self._last >= apart and self._spent <= ADVANCE + SHARE * age

    def spend(self, sample: Callable[[], Sample]) -> Sample:
        """Take a sample and charge its time to the budget."""
        began = self._last = self._clock()
        try:
            return sample()
        finally:
            self._spent += self._clock() - began


@dataclasses.dataclass(frozen=True)
class Frame:
    """What one sample shows on the page.

    Attributes
    ----------
    data : dict
        Neighbours and points, as `Frame` of page/src/contract/live.ts describes them.
    words : list of str or None
        The words of the points; None if they have not changed.
    """

    data: Facts
    words: list[str] | None


class Frames:
    """Makes frames of a run, on request and within the time budget.

    Parameters
    ----------
    words : sequence of str
        The vocabulary.
    probes : sequence of int
        The ids of the words whose neighbours are shown.
    clock : callable
        Returns seconds.

    Attributes
    ----------
    training : InTraining or None
        The vectors to sample now.
    vectors : WordVectors or None
        The vectors of the model once it is trained; they are sampled once.
    """

    def __init__(self, words: Sequence[str], probes: Sequence[int], clock: Clock) -> None:
        self.training: InTraining | None = None
        self.vectors: WordVectors | None = None
        self._words = words
        self._sampler = Sampler(probes)
        self._budget = Budget(clock)
        self._lock = threading.Lock()
        self._done = False
        self._previous: Sample | None = None
        self._first: Sample | None = None
        self._mapped: list[int] = []

    def next(self) -> Frame | None:
        """Return a new frame; None if none is due, or another thread is making one."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            sample = self._sample()
            return None if sample is None else self._frame(sample)
        finally:
            self._lock.release()

    def _sample(self) -> Sample | None:
        training, vectors = self.training, self.vectors
        if self._done:
            return None
        if vectors is not None:
            self._done = True
            return self._sampler.sample_trained(vectors)
        if training is None or not self._budget.due():
            return None
        return self._budget.spend(lambda: self._sampler.sample(training))

    def _frame(self, sample: Sample) -> Frame:
        points_of = {id: point for point, id in enumerate(sample.mapped.tolist())}
        data = {
            "searched": None if sample.searched == len(self._words) else sample.searched,
            "probes": [self._probe(i, probe, points_of) for i, probe in enumerate(sample.probes)],
            "points": base64.b64encode(sample.points.astype("<f4").tobytes()).decode(),
        }
        mapped = sample.mapped.tolist()
        words = None if mapped == self._mapped else [self._word(id) for id in mapped]
        self._mapped, self._previous, self._first = mapped, sample, self._first or sample
        return Frame(data, words)

    def _probe(self, i: int, probe: Probe, points_of: dict[int, int]) -> Facts:
        """Return a probe with its neighbours, and how many of them earlier samples had."""
        previous, first = (
            set(earlier.probes[i].neighbours) if earlier else set()
            for earlier in (self._previous, self._first)
        )
        neighbours = [
            {
                "at": points_of.get(id),
                "word": self._word(id),
                "score": cosine,
                "fresh": bool(previous) and id not in previous,
            }
            for id, cosine in zip(probe.neighbours, probe.cosines, strict=True)
        ]
        return {
            "at": points_of.get(probe.id),
            "word": self._word(probe.id),
            "neighbours": neighbours,
            "stayed": len(previous & set(probe.neighbours)) if previous else None,
            "from_first": len(first & set(probe.neighbours)) if first else None,
        }

    def _word(self, id: int) -> str:
        return readable(self._words[id])


def readable(text: str) -> str:
    """Return text as valid Unicode for JSON: invalid bytes become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
