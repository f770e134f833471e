"""What a training run is told: names, defaults, and what each value may be; cores at hand.

The engines read settings and never change them.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from wordkin.system.errors import SettingsError
from wordkin.system.machine import cores

Objective: TypeAlias = Literal["negative-sampling", "naive-softmax"]
EngineName: TypeAlias = Literal["stochastic", "exact"]
Precision: TypeAlias = Literal["float32", "float64", "bfloat16"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What every engine is told: `StochasticSettings` and `ExactSettings` add their own.

    Together with the text, they decide the outcome of a training run.

    Attributes
    ----------
    objective : {"negative-sampling", "naive-softmax"}
        The loss of a pair, `wordkin.objectives.pairs.negative_sampling` or `naive_softmax`.
    dim : int
        Dimension d of a vector.
    window : int
        Radius m: outside words are at most this many words away, nearer ones count more.
    negatives : int
        Negative samples K of each pair.
    min_count : int
        Words seen fewer times are left out.
    max_vocab : int or None
        Keep only this many words, the most frequent.
    subsample : float
        Threshold t: a token of a word with frequency f is kept with probability
        min(1, sqrt(t / f) + t / f). 0 keeps all.
    held_out : float
        Share of the text's lines that is never trained on: their loss is that of unseen text.
        Always the same lines; none of a text of fewer than 1,000.
    patience : int or None
        Training ends when the loss on these lines has not fallen for so many epochs or passes;
        None: it is only reported.
    threads : int
        Default: the cores at hand.
    seed : int

    Raises
    ------
    SettingsError
        For a value that cannot be used, naming it.
    """

    engine: ClassVar[EngineName]

    objective: Objective
    dim: int = 100
    window: int = 5
    negatives: int = 5
    min_count: int = 5
    max_vocab: int | None = None
    subsample: float = 1e-4
    held_out: float = 0.01
    patience: int | None = None
    threads: int = dataclasses.field(default_factory=cores)
    seed: int = 1

    def __post_init__(self) -> None:
        _require_one_of("objective", self.objective, get_args(Objective))
        names = [field.name for field in dataclasses.fields(self)]
        for name in names:
            value = getattr(self, name)
            if value is None and name in ("max_vocab", "ridge", "patience"):
                continue
            if name in _WHOLE_NUMBERS:
                _require_whole(name, value)
            elif name in _NUMBERS:
                _require_number(name, value)
        if self.held_out >= 1:
            raise SettingsError(f"held_out must be below 1, got {self.held_out}")
        if self.patience is not None and not self.held_out:
            raise SettingsError("patience needs lines held out, and held_out is 0")

    def as_dict(self) -> dict[str, Any]:
        """Names and values, as a model file keeps them; `settings_for` takes them back."""
        return {"engine": self.engine, **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class StochasticSettings(Settings):
    """What the stochastic engine is told, beside what every engine is.

    Attributes
    ----------
    epochs : int
        Passes over the text.
    learning_rate : float
        Size of the first step; it falls in a straight line to almost nothing.
    deterministic : bool
        The same vectors, byte for byte, for any number of threads. False: threads change shared
        rows without waiting for each other, which is faster and comes out a little different each
        time, unless there is one thread.
    """

    engine: ClassVar[EngineName] = "stochastic"

    objective: Objective = "negative-sampling"
    epochs: int = 5
    learning_rate: float = 0.025
    deterministic: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.deterministic, bool):
            raise SettingsError(f"deterministic must be True or False, got {self.deterministic!r}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExactSettings(Settings):
    """What the exact engine is told, beside what every engine is.

    The same vectors for any number of threads.

    Attributes
    ----------
    ridge : float or None
        Weight of the penalty on long vectors; None: chosen by the loss on lines held out.
    tolerance : float
        Training ends when a pass lowers the loss by less than this share of it.
    max_passes : int
        Or after so many passes over all words.
    precision : {"float32", "float64", "bfloat16"}
        Of vectors and logits; bfloat16 is for the factors of matrix products alone, on a GPU.
    device : str
        "cpu", or a device of PyTorch's, such as "cuda".
    """

    engine: ClassVar[EngineName] = "exact"

    objective: Objective = "naive-softmax"
    ridge: float | None = None
    tolerance: float = 1.2e-3
    max_passes: int = 50
    precision: Precision = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_one_of("precision", self.precision, get_args(Precision))
        if not isinstance(self.device, str) or not self.device:
            raise SettingsError(f"device must be a name such as cpu or cuda, got {self.device!r}")
        if self.precision == "bfloat16" and self.device == "cpu":
            raise SettingsError("precision bfloat16 takes a device of PyTorch's, such as cuda")


EngineSettings: TypeAlias = StochasticSettings | ExactSettings

_ENGINES: dict[EngineName, type[EngineSettings]] = {
    "stochastic": StochasticSettings,
    "exact": ExactSettings,
}


def default_engine(objective: Objective | None) -> EngineName:
    """Name the engine that an objective is trained with unless another is asked for."""
    return "exact" if objective == "naive-softmax" else "stochastic"


def settings_for(
    *, engine: EngineName | None = None, objective: Objective | None = None, **values: Any
) -> EngineSettings:
    """Give the settings of an engine; by default the one that suits the objective.

    Raises
    ------
    SettingsError
        For another engine's setting, or a value that cannot be used.
    TypeError
        For a name that no engine knows.
    """
    if objective is not None:
        _require_one_of("objective", objective, get_args(Objective))
        values["objective"] = objective
    engine = default_engine(objective) if engine is None else engine
    _require_one_of("engine", engine, get_args(EngineName))
    chosen = _ENGINES[engine]
    known = [field.name for field in dataclasses.fields(chosen)]
    for name in values:
        if name in known:
            continue
        for other, settings in _ENGINES.items():
            if name in (field.name for field in dataclasses.fields(settings)):
                raise SettingsError(f"{name} is a setting of the {other} engine, not of {engine}")
        raise TypeError(f"no such setting: {name}; there are: engine, {', '.join(known)}")
    return chosen(**values)


def _require_one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingsError(f"{name} must be {' or '.join(known)}, got {value!r}")


def _require_whole(name: str, value: object) -> None:
    least, most = (0 if name == "seed" else 1), _WHOLE_NUMBERS[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise SettingsError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise SettingsError(f"{name} must be at least {least}, got {value}")
    if value > most:
        raise SettingsError(f"{name} must be at most {most}, got {value}")


def _require_number(name: str, value: object) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise SettingsError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise SettingsError(f"{name} must be finite, got {value}")
    if value < 0:
        raise SettingsError(f"{name} must be at least 0, got {value}")
    if value == 0 and name == "learning_rate":
        raise SettingsError(f"{name} must be above 0, got {value}")


_NUMBERS = ("subsample", "learning_rate", "ridge", "tolerance", "held_out")


# The largest values that the native core can count with.
_WHOLE_NUMBERS = {
    "dim": 1 << 20,
    "window": 10_000,
    "negatives": 500,
    "epochs": 1 << 30,
    "max_passes": 1 << 30,
    "patience": 1 << 30,
    "min_count": (1 << 63) - 1,
    "max_vocab": (1 << 31) - 2,
    "threads": 4096,
    "seed": (1 << 64) - 1,
}
