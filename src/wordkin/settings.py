"""What a training run is told: names, defaults, and what each value may be.

Imports `errors` alone. The engines read settings and never change them.
"""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any, Literal, TypeAlias, get_args

from wordkin.errors import SettingsError

Objective: TypeAlias = Literal["negative-sampling", "naive-softmax"]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that decides the outcome of a training run, but for the text.

    Attributes
    ----------
    objective : {"negative-sampling", "naive-softmax"}
        The loss of a pair, `wordkin.objectives.negative_sampling` or `naive_softmax`.
    dim : int
        Dimension d of a vector.
    window : int
        Radius m: outside words are at most this many words away, nearer ones count more.
    negatives : int
        Negative samples K of each pair.
    epochs : int
        Passes over the text.
    min_count : int
        Words seen fewer times are left out.
    max_vocab : int or None
        Keep only this many words, the most frequent.
    subsample : float
        Threshold t: a token of a word with frequency f is kept with probability
        min(1, sqrt(t / f) + t / f). 0 keeps all.
    learning_rate : float
        Size of the first step; it falls in a straight line to almost nothing.
    threads : int
        Default: the cores at hand.
    seed : int
        One seed and one thread: the same vectors, byte for byte.

    Raises
    ------
    SettingsError
        For a value that cannot be used, naming it.
    """

    objective: Objective = "negative-sampling"
    dim: int = 100
    window: int = 5
    negatives: int = 5
    epochs: int = 5
    min_count: int = 5
    max_vocab: int | None = None
    subsample: float = 1e-4
    learning_rate: float = 0.025
    threads: int = dataclasses.field(default_factory=_cores)
    seed: int = 1

    def __post_init__(self) -> None:
        if self.objective not in get_args(Objective):
            known = " or ".join(get_args(Objective))
            raise SettingsError(f"objective must be {known}, got {self.objective!r}")
        for name, most in _WHOLE_NUMBERS.items():
            value = getattr(self, name)
            if name == "max_vocab" and value is None:
                continue
            least = 0 if name == "seed" else 1
            if not isinstance(value, int) or isinstance(value, bool):
                raise SettingsError(f"{name} must be a whole number, got {value!r}")
            if value < least:
                raise SettingsError(f"{name} must be at least {least}, got {value}")
            if value > most:
                raise SettingsError(f"{name} must be at most {most}, got {value}")
        for name in ("subsample", "learning_rate"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                raise SettingsError(f"{name} must be a number, got {value!r}")
            if not math.isfinite(value):
                raise SettingsError(f"{name} must be finite, got {value}")
        if self.subsample < 0:
            raise SettingsError(f"subsample must be at least 0, got {self.subsample}")
        if self.learning_rate <= 0:
            raise SettingsError(f"learning_rate must be above 0, got {self.learning_rate}")

    def as_dict(self) -> dict[str, Any]:
        """Names and values, as a model file keeps them."""
        return dataclasses.asdict(self)


# The largest values that the native core can count with.
_WHOLE_NUMBERS = {
    "dim": 1 << 20,
    "window": 10_000,
    "negatives": 500,
    "epochs": 1 << 30,
    "min_count": (1 << 63) - 1,
    "max_vocab": (1 << 31) - 2,
    "threads": 4096,
    "seed": (1 << 64) - 1,
}
