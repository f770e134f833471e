"""A run as engines are given it; and the one that tests of engines hand in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from wordkin.progress import Progress
from wordkin.run import Kept, Matrices, Run, finite

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


def test_a_plain_run_keeps_nothing_and_never_stops() -> None:
    run = Run()
    assert type(run.progress) is Progress
    assert not run.keeps
    assert run.begin_from() is None
    assert not run.due()
    assert list(run.counted()) == []
    run.keep({}, {})
    run.keep_counted({})

    def matrices() -> Matrices:
        raise AssertionError("nobody asked for them")

    assert run.after(None, matrices) is False
    told = Progress()
    assert Run(told).progress is told


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_number_that_is_not_finite_is_found_in_any_matrix(
    dtype: type[Any], wrong: float
) -> None:
    center, outside = np.ones((2, 5, 3), dtype)
    assert finite()
    assert finite(center, outside)
    assert finite(center[:, :2], np.zeros((0, 3), dtype))  # a view of padded rows, and no rows
    outside[4, 2] = wrong
    assert finite(center)
    assert not finite(center, outside)
    assert not finite(outside, center)


def test_numbers_whose_squares_are_beyond_the_type_are_not_finite() -> None:
    assert not finite(np.full((1, 1), 1e30, np.float32))
    assert finite(np.full((1, 1), 1e30, np.float64))
