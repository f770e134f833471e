"""A run that records checkpoints, counts and reports in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines.run import Checkpoint, Matrices, Run
from wordkin.system.progress import Progress

Tensors = Mapping[str, npt.NDArray[Any]]


def copied(checkpoint: Checkpoint) -> Checkpoint:
    """Return a copy as it would be read from a file: own arrays, and facts from JSON."""
    tensors = {name: np.array(tensor) for name, tensor in checkpoint.tensors.items()}
    return Checkpoint(tensors, json.loads(json.dumps(checkpoint.facts, allow_nan=False)))


class RecordingRun(Run):
    """Records checkpoints, counts, and the record and matrices of each report.

    Parameters
    ----------
    state : Checkpoint, optional
        The checkpoint to resume from.
    pieces : iterable of Checkpoint
        The saved parts of the counts to resume from.
    every : int
        A checkpoint is due at every such call of `checkpoint_due`.
    last : int, optional
        The number of the report that stops training, from 1 on.
    """

    saves_checkpoints = True

    def __init__(
        self,
        state: Checkpoint | None = None,
        pieces: Iterable[Checkpoint] = (),
        *,
        every: int = 1,
        last: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(progress)
        self.states: list[Checkpoint] = []
        self.pieces: list[Checkpoint] = []
        self.records: list[Any] = []
        self.matrices: list[Matrices] = []
        self._state = state
        self._earlier = list(pieces)
        self._every = every
        self._calls = 0
        self._last = last

    def load_checkpoint(self) -> Checkpoint | None:
        return None if self._state is None else copied(self._state)

    def checkpoint_due(self) -> bool:
        self._calls += 1
        return self._calls % self._every == 0

    def save_checkpoint(self, tensors: Tensors, facts: dict[str, Any]) -> None:
        self.states.append(copied(Checkpoint(tensors, facts)))

    def load_counts(self) -> Iterator[Checkpoint]:
        return map(copied, self._earlier)

    def save_counts(self, tensors: Tensors) -> None:
        self.pieces.append(copied(Checkpoint(tensors, {})))

    def report(self, done: Any, matrices: Callable[[], Matrices]) -> bool:
        self.records.append(done)
        self.matrices.append(Matrices(*(matrix.copy() for matrix in matrices())))
        return len(self.records) == self._last
