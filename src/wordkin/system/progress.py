"""The interface through which a run reports its progress.

A run calls the methods of a `Progress`; subclasses show the progress: a bar on the terminal, a live
page. The base class ignores every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from wordkin.system.types import Floats


class InTraining(NamedTuple):
    """Vectors in training, for a `Progress` that samples them.

    Attributes
    ----------
    words : sequence of str
        The vocabulary, most frequent first.
    matrices : callable
        Returns the center and outside matrices, (n, d) each. They are not copied: training changes
        them while they are read, so rows may be from different moments.
    rows : (at least n,) array of int, or None
        The word id of each row; None if row i is word i.
    share : float or None
        The share of outside vectors in the model's vectors, if `gauge` makes them; None if they are
        the center vectors.
    """

    words: Sequence[str]
    matrices: Callable[[], tuple[npt.NDArray[Any], npt.NDArray[Any]]]
    rows: npt.NDArray[np.intp] | None
    share: float | None = None


class FittedVectors(Protocol):
    """The result of training, words with vectors: `wordkin.WordVectors`."""

    @property
    def words(self) -> Sequence[str]:
        """The V words, most frequent first."""

    @property
    def matrix(self) -> Floats:
        """Their vectors, (V, d)."""


class Progress:
    """Ignores all progress. Derive from it to show progress in another way."""

    def reading(self, done: int, total: int | None, unit: str) -> None:
        """Report the bytes or sentences (`unit`) read, of `total` if that is known."""

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        """Report the words trained on, of `total` in all epochs, and the running loss per pair."""

    def counting(self, done: int, total: int) -> None:
        """Report the words whose pairs have been counted, of `total`."""

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Report the share `done` of a pass over `words` words, and the last loss per pair."""

    def overall(self, done: float, left: float, words: int) -> None:
        """Report the share `done` of all passes, the seconds `left` or NaN, and all `words`.

        Called before `descending`. It is an estimate: the number of passes is not known.
        """

    def counts(self, what: str) -> None:
        """Receive what the next calls of `counting` count, such as "pairs"."""

    def watch(self, training: InTraining) -> None:
        """Receive the vectors in training; they stay valid until the next call."""

    def passed(self, number: int, done: Any) -> None:
        """Receive the statistics of an `Epoch` or `Pass` (exact engine), numbered from 1."""

    def fitted(self, vectors: FittedVectors) -> None:
        """Receive the vectors of the trained model: the last call, after the `with` block."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass
