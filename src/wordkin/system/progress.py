"""What a run tells of itself while it lasts: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from wordkin.system.types import Floats


class InTraining(NamedTuple):
    """Vectors that are being trained, for whoever wants to look at them.

    Attributes
    ----------
    words : sequence of str
        The vocabulary, the most frequent first.
    matrices : function
        Gives center and outside matrix, (n, d) each, as training changes them: nothing is copied,
        and a look may find rows of this moment beside rows of the next.
    rows : (at least n,) array of int, or None
        The words that the n rows are of; None: the first ones.
    gauged : bool
        Whether the model's vectors are those of `gauge`, or the center vectors.
    """

    words: Sequence[str]
    matrices: Callable[[], tuple[npt.NDArray[Any], npt.NDArray[Any]]]
    rows: npt.NDArray[np.intp] | None
    gauged: bool


class FittedVectors(Protocol):
    """Words with their vectors, the result of training: `wordkin.WordVectors`."""

    @property
    def words(self) -> Sequence[str]:
        """The V words, the most frequent first."""

    @property
    def matrix(self) -> Floats:
        """Their vectors, (V, d)."""


class Progress:
    """Says nothing. The class to derive from for another way to show progress."""

    def reading(self, done: int, total: int | None, unit: str) -> None:
        """Bytes or sentences (`unit`) read so far, of `total` where that is known."""

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        """Words trained on so far, of the `total` over all epochs; the running loss of a pair."""

    def counting(self, done: int, total: int) -> None:
        """Words of the text whose pairs are counted, of the `total`."""

    def choosing(self, done: int, total: int) -> None:
        """Ridges tried, of the `total` that there are at most."""

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        """Share `done` of a pass over the counts of `words` words; the last loss of a pair."""

    def watch(self, training: InTraining) -> None:
        """Hear what is in training, from now on until this is called again."""

    def passed(self, number: int, done: Any) -> None:
        """Hear the account of an `Epoch`, or `Pass` of the exact engine; the first has number 1."""

    def fitted(self, vectors: FittedVectors) -> None:
        """Hear that the model is trained: comes last, outside of the `with`."""

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass
