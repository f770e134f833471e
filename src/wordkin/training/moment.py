"""A moment of training, which callbacks receive: a record, and the vectors at that moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wordkin.engines.exact import gauge
from wordkin.engines.outcome import Epoch, Pass
from wordkin.engines.run import Matrices
from wordkin.vectors.words import WordVectors


class Moment:
    """A moment between two epochs, or passes of the exact engine.

    Attributes
    ----------
    number : int
        The number of the epoch or pass, from 1 on.
    done : Epoch or Pass
        Its record, with the mean loss per pair.
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
        """A copy of the center vectors at this moment."""
        return WordVectors(self._words, self._matrices().center)

    @property
    def outside(self) -> WordVectors:
        """A copy of the outside vectors at this moment, as in `Word2Vec.outside`."""
        halves = gauge.sides_of(self._matrices().outside, len(self._words))
        return WordVectors(self._words, np.concatenate(halves, axis=1))


Callback = Callable[[Moment], bool | None]
"""A function that is called after each epoch or pass; it returns True to stop training."""
