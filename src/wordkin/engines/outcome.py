"""What an engine returns: both matrices, and a record of each epoch or pass.

The stochastic engine records an `Epoch`, the exact engine a `Pass`. Losses are in nats, as Python
floats.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, TypeAlias

import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Epoch:
    """The record of one pass over the text.

    Attributes
    ----------
    loss : float
        Mean loss per pair in nats, summed in float64 during the epoch, while the weights changed;
        NaN if the epoch had no pair.
    pairs : float
        Pairs of a center and an outside word, each counted with its window weight.
    trained : int
        Tokens of the vocabulary that were centers.
    subsampled : int
        Tokens of the vocabulary that subsampling dropped.
    seconds : float
    held_out : float or None
        Mean loss per pair on the held-out lines, after the epoch; None if there are none.
    """

    loss: float
    pairs: float
    trained: int
    subsampled: int
    seconds: float
    held_out: float | None = None

    def __post_init__(self) -> None:
        if self.loss is None:  # as `as_plain` has it
            object.__setattr__(self, "loss", math.nan)


@dataclasses.dataclass(frozen=True)
class Pass:
    """The record of one pass over the counts.

    Attributes
    ----------
    words : int
        Size of the vocabulary in this pass. It starts with the most frequent words and grows to
        the full vocabulary.
    loss : float
        Mean loss per pair in nats, in float64, after the pass: exact, unless `sampled`.
    penalty : float
        What the ridge adds to the loss.
    ridge : float
        Weight of the ridge.
    gradient : float
        Squared norm of the gradient before the steps, in the metric of the shared inverse
        curvature, in nats per pair: about twice the decrease of the loss that undamped Newton
        steps would bring.
    seconds : float
    held_out : float or None
        Mean loss per pair on the held-out lines, after the pass; None if there are none, or as
        long as the vocabulary still grows.
    sampled : bool
        Whether the losses are estimates, from a sample of the outside words.
    """

    words: int
    loss: float
    penalty: float
    ridge: float
    gradient: float
    seconds: float
    held_out: float | None = None
    sampled: bool = False


History: TypeAlias = list[Epoch] | list[Pass]


@dataclasses.dataclass(frozen=True)
class Trained:
    """The result of an engine.

    Attributes
    ----------
    center, outside : (V, d) arrays
        Or with as many rows as the objective's `Rows` say.
    history : list of Epoch, or list of Pass
    counting : float
        Seconds of the training that went into counting.
    prior : object or None
        The fitted `exact.priors.Prior` of the center rows, for the engine that has one.
    share : float or None
        The share of outside vectors in the model's vectors, if these are the canonical form of both
        matrices (`exact.gauge`); None if they are the center vectors.
    """

    center: npt.NDArray[Any]
    outside: npt.NDArray[Any]
    history: list[Any]
    counting: float = 0.0
    prior: Any = None
    share: float | None = None


def as_plain(done: Epoch | Pass) -> dict[str, Any]:
    """Return a record as plain data for JSON, which has no NaN: None for a mean of no pair.

    The record's class takes it back.
    """
    facts = dataclasses.asdict(done)
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in facts.items()
    }


def perplexity(loss: float) -> float:
    """Return e to the loss: for naive softmax, how many words the model seems to choose among."""
    return math.exp(loss) if not loss >= 700 else math.inf
