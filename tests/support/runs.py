"""A run that keeps all there is to keep in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines.run import Kept, Matrices, Run
from wordkin.system.progress import Progress

Tensors = Mapping[str, npt.NDArray[Any]]


def copied(kept: Kept) -> Kept:
    """As it would come back from a file: arrays of their own, and facts out of JSON."""
    tensors = {name: np.array(tensor) for name, tensor in kept.tensors.items()}
    return Kept(tensors, json.loads(json.dumps(kept.facts, allow_nan=False)))


class Remembering(Run):
    """Keeps all there is to keep, in memory.

    Parameters
    ----------
    state : Kept, optional
        To begin from.
    pieces : iterable of Kept
        Of what an earlier run has counted.
    every : int
        Something is kept each time that this was asked so often.
    last : int, optional
        The account that ends training, counted from 1 on.
    """

    keeps = True

    def __init__(
        self,
        state: Kept | None = None,
        pieces: Iterable[Kept] = (),
        *,
        every: int = 1,
        last: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(progress)
        self.states: list[Kept] = []
        self.pieces: list[Kept] = []
        self.accounts: list[Any] = []
        self.matrices: list[Matrices] = []
        self._state = state
        self._earlier = list(pieces)
        self._every = every
        self._asked = 0
        self._last = last

    def begin_from(self) -> Kept | None:
        return None if self._state is None else copied(self._state)

    def due(self) -> bool:
        self._asked += 1
        return self._asked % self._every == 0

    def keep(self, tensors: Tensors, facts: dict[str, Any]) -> None:
        self.states.append(copied(Kept(tensors, facts)))

    def counted(self) -> Iterator[Kept]:
        return map(copied, self._earlier)

    def keep_counted(self, tensors: Tensors) -> None:
        self.pieces.append(copied(Kept(tensors, {})))

    def after(self, done: Any, matrices: Callable[[], Matrices]) -> bool:
        self.accounts.append(done)
        self.matrices.append(Matrices(*(matrix.copy() for matrix in matrices())))
        return len(self.accounts) == self._last
