"""A moment of training, given to callbacks: its record, and the vectors as they are then."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wordkin.engines.outcome import Epoch, Pass
from wordkin.engines.run import Matrices
from wordkin.vectors.words import WordVectors


class Moment:
    """Training, stopped for a look: after an epoch, or a pass of the exact engine.

    Attributes
    ----------
    number : int
        Of the epoch or pass, from 1 on.
    done : Epoch or Pass
        Its account, with the loss of a pair.
    """

    def __init__(
        self,
        number: int,
        done: Epoch | Pass,
        words: Sequence[str],
        matrices: Callable[[], Matrices],
    ) -> None:
        self.number = number
        self.done = done
        self._words = words
        self._matrices = matrices

    @property
    def center(self) -> WordVectors:
        """A copy of the center vectors as they are now."""
        return WordVectors(self._words, self._matrices().center)

    @property
    def outside(self) -> WordVectors:
        """A copy of the outside vectors as they are now."""
        return WordVectors(self._words, self._matrices().outside)


Callback = Callable[[Moment], bool | None]
