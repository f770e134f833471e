"""The run that an engine works for: it receives progress, checkpoints and matrices, and may stop.

`Run` itself ignores all of them. `wordkin.training` derives the run that shows progress, writes
checkpoints and stops early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.system.progress import Progress
from wordkin.system.types import StrPath


class Checkpoint(NamedTuple):
    """The state of an engine: arrays, and plain data that JSON can hold."""

    tensors: Mapping[str, npt.NDArray[Any]]
    facts: dict[str, Any]


class Matrices(NamedTuple):
    """Both matrices at some moment, (V, d) each: views, which training goes on to change.

    Where left and right differ, the outside matrix is (2 V, d): all words at the left come first.
    """

    center: npt.NDArray[Any]
    outside: npt.NDArray[Any]


class Run:
    """A run that shows nothing, saves nothing and never stops.

    Attributes
    ----------
    saves_checkpoints : bool
        Whether the run saves checkpoints at all.
    progress : Progress
        Updated about ten times a second.
    memory : int or None
        Bytes that the run may take beside the model; None for what is available.
    scratch : path or None
        The folder for what takes more; None for the system's.
    """

    saves_checkpoints = False
    memory: int | None = None
    scratch: StrPath | None = None

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress or Progress()

    def load_checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint to resume from; None to start from the beginning."""
        return None

    def checkpoint_due(self) -> bool:
        """Whether the engine should save a checkpoint now."""
        return False

    def save_checkpoint(
        self, tensors: Mapping[str, npt.NDArray[Any]], facts: dict[str, Any]
    ) -> None:
        """Save a checkpoint, from which training continues as if it had never stopped."""

    def load_counts(self) -> Iterator[Checkpoint]:
        """Yield the counted rows that an interrupted run saved, part by part."""
        return iter(())

    def save_counts(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        """Save the next part of the counted rows."""

    def expose(
        self,
        matrices: Callable[[], Matrices],
        rows: npt.NDArray[np.intp] | None = None,
        share: float | None = None,
    ) -> None:
        """Receive access to the matrices, at the start and whenever the engine allocates new ones.

        Parameters
        ----------
        matrices : function
            Returns both matrices as they are; it may be called at any time.
        rows : (n,) array of int, or None
            The words that the matrices' rows belong to; None for the n most frequent ones.
        share : float or None
            As in `outcome.Trained`.
        """

    def report(self, done: Any, matrices: Callable[[], Matrices]) -> bool:
        """Receive the record of an epoch or pass; return whether training should stop here."""
        return False


def all_finite(*matrices: npt.NDArray[np.floating[Any]]) -> bool:
    """Whether all numbers are finite, checked in one pass without a temporary array.

    A matrix whose sum of squares overflows counts as not finite.
    """
    return all(bool(np.isfinite(np.vdot(matrix, matrix))) for matrix in matrices)
