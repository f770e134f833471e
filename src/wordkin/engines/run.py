"""A run as an engine sees it: whom to tell, what to go on from, when to keep a state, when to stop.

The runs that keep and stop are those of `training`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.system.progress import Progress


class Kept(NamedTuple):
    """What an engine gave to be kept: arrays, and plain data that JSON can hold."""

    tensors: Mapping[str, npt.NDArray[Any]]
    facts: dict[str, Any]


class Matrices(NamedTuple):
    """Both matrices at some moment, (V, d) each; views of what training goes on to change."""

    center: npt.NDArray[Any]
    outside: npt.NDArray[Any]


class Run:
    """Shows nothing, keeps nothing, and never stops.

    Attributes
    ----------
    keeps : bool
        Whether states are kept at all.
    progress : Progress
        Told about ten times a second.
    """

    keeps = False

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress or Progress()

    def begin_from(self) -> Kept | None:
        """Return the state to go on from; None: begin at the beginning."""
        return None

    def due(self) -> bool:
        """Whether it is time to keep a state."""
        return False

    def keep(self, tensors: Mapping[str, npt.NDArray[Any]], facts: dict[str, Any]) -> None:
        """Keep a state, from which training can go on as if it had never stopped."""

    def counted(self) -> Iterator[Kept]:
        """Give what was kept of counting, piece by piece."""
        return iter(())

    def keep_counted(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep the next piece of what is counted."""

    def watch(
        self, matrices: Callable[[], Matrices], rows: npt.NDArray[np.intp] | None = None
    ) -> None:
        """Hear where the matrices are, at the start and whenever they are other arrays.

        What is there may be read at any time. `rows` are the words that its rows are of, where
        those are not the first of the vocabulary.
        """

    def after(self, done: Any, matrices: Callable[[], Matrices]) -> bool:
        """Hear the account of an epoch or pass; return whether training shall end here."""
        return False


def finite(*matrices: npt.NDArray[np.floating[Any]]) -> bool:
    """Whether all numbers are finite, in one pass without a temporary.

    A sum of squares beyond the type's range is no trained matrix either.
    """
    return all(bool(np.isfinite(np.vdot(matrix, matrix))) for matrix in matrices)
