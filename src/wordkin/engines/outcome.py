"""What an engine gives: two matrices, and a record of each epoch or pass."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, TypeAlias

import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What one pass over the text did.

    Attributes
    ----------
    loss : float
        Mean loss of a pair in nats, in float64, at the weights of the moment.
    pairs : float
        Pairs of a center and an outside word, each as much as its window weight.
    trained, subsampled : int
        Tokens of the vocabulary that were centers, and that subsampling left out.
    seconds : float
    held_out : float or None
        Mean loss of a pair of the lines held out, after the epoch; None if there are none.
    """

    loss: float
    pairs: float
    trained: int
    subsampled: int
    seconds: float
    held_out: float | None = None


@dataclasses.dataclass(frozen=True)
class Trained:
    """The result of an engine.

    Attributes
    ----------
    center, outside : (V, d) arrays
        Or as many rows as the objective's `Rows` say.
    history : list
        An account of each epoch, or of each pass of the exact engine.
    counting : float
        Seconds of the training that went into counting.
    """

    center: npt.NDArray[Any]
    outside: npt.NDArray[Any]
    history: list[Any]
    counting: float = 0.0


@dataclasses.dataclass(frozen=True)
class Pass:
    """What one pass over the counts did.

    Attributes
    ----------
    words : int
        The vocabulary of the pass: the most frequent words, all of them in the end.
    loss : float
        Mean loss of a pair in nats, exact, in float64, after the pass.
    penalty : float
        What the ridge adds to it.
    ridge : float
        The ridge's weight.
    gradient : float
        Squared norm of the gradient before the steps, measured by the shared curvature: in nats a
        pair, about twice what undamped Newton steps would lower the loss by.
    seconds : float
    held_out : float or None
        Mean loss of a pair of the lines held out, after the pass; None if there are none, or not
        all words are in training yet.
    """

    words: int
    loss: float
    penalty: float
    ridge: float
    gradient: float
    seconds: float
    held_out: float | None = None


def perplexity(loss: float) -> float:
    """E to the loss: for naive softmax, among how many words the model seems to guess."""
    return math.exp(loss) if loss < 700 else math.inf


History: TypeAlias = list[Epoch] | list[Pass]
