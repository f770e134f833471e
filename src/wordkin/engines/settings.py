"""The settings of a training run, each declared once: type, default, bounds and help.

The checks, the options of the command line and the docstrings are made from these declarations.
The engines read settings and never change them.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Collection, Iterator
from typing import Any, Concatenate, Literal, ParamSpec, TypeAlias, TypeVar, get_args

from wordkin.engines import ENGINES, OBJECTIVES, load
from wordkin.system.errors import SettingsError
from wordkin.system.machine import cores

Precision: TypeAlias = Literal["float32", "float64", "bfloat16"]

P = ParamSpec("P")
C = TypeVar("C", bound=type)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declared:
    """What is declared of a setting beside its name, type and default.

    Attributes
    ----------
    help : str
        One or two sentences, for the command line and the docstring.
    least, most : number
        Bounds, both allowed.
    above, below : number or None
        Bounds that are not allowed themselves.
    choices : collection of str
        All values there are, now or once more rows are added; empty: any.
    unset : str
        What help shows instead of None.
    metavar : str or None
        What help shows for the value.
    """

    help: str
    least: float = 0
    most: float = math.inf
    above: float | None = None
    below: float | None = None
    choices: Collection[str] = ()
    unset: str = ""
    metavar: str | None = None


def setting(default: Any = dataclasses.MISSING, *, factory: Any = None, **declared: Any) -> Any:
    """Declare a setting: a field of a dataclass, with a `Declared` in its metadata."""
    metadata = {"declared": Declared(**declared)}
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def documented(kind: C) -> C:
    """Add the settings that a class declares to its docstring."""
    lines = ["", "", "    Attributes", "    ----------"]
    for field in dataclasses.fields(kind):
        if field.name in vars(kind).get("__annotations__", {}):
            declared: Declared = field.metadata["declared"]
            of = f"{{{', '.join(declared.choices)}}}" if declared.choices else field.type
            lines += [f"    {field.name} : {of}", f"        {declared.help}"]
    kind.__doc__ = (kind.__doc__ or "").rstrip() + "\n".join(lines) + "\n    "
    return kind


def default_engine(objective: str | None) -> str:
    """Name the engine that trains an objective unless another is asked for."""
    row = OBJECTIVES[objective or next(iter(OBJECTIVES))]
    return next(iter(row.trainers))


def default_objective(engine: str) -> str:
    """Name the objective that an engine trains unless another is asked for."""
    trained = [row for row in OBJECTIVES.values() if engine in row.trainers]
    own = [row for row in trained if next(iter(row.trainers)) == engine]
    return (own or trained)[0].name


def _defaults() -> tuple[str, str]:
    """Return what help shows as the default engine, and as the default objective."""
    engine, objective = default_engine(None), next(iter(OBJECTIVES))
    others = [(name, default_engine(name)) for name in OBJECTIVES]
    own = [(name, default_objective(name)) for name in ENGINES]
    engines = [f"{suits} for {name}" for name, suits in others if suits != engine]
    objectives = [f"{suits} with --engine {name}" for name, suits in own if suits != objective]
    return ", ".join([*engines, f"else {engine}"]), "; ".join([objective, *objectives])


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """What every engine is told: `StochasticSettings` and `ExactSettings` add their own.

    Together with the text, they decide the outcome of a training run. A value that cannot be used
    raises a SettingsError that names it.
    """

    engine: str = setting(
        None,
        help="; ".join(f"{row.name}: {row.help}" for row in ENGINES.values()) + ".",
        choices=ENGINES,
        unset=_defaults()[0],
        metavar="NAME",
    )
    objective: str = setting(
        None,
        help=f"Loss of a pair: {' or '.join([*OBJECTIVES][::-1])}.",
        choices=OBJECTIVES,
        unset=_defaults()[1],
        metavar="NAME",
    )
    dim: int = setting(100, help="Numbers in a vector.", least=1, most=1 << 20)
    window: int = setting(
        5, help="How many words away an outside word may be.", least=1, most=10_000
    )
    negatives: int = setting(
        5, help="Samples of each pair, for negative-sampling.", least=1, most=500
    )
    min_count: int = setting(
        5, help="Leave out words seen fewer times than this.", least=1, most=(1 << 63) - 1
    )
    max_vocab: int | None = setting(
        None, help="Keep only so many words, the most frequent.", least=1, most=(1 << 31) - 2
    )
    subsample: float = setting(
        1e-4, help="Leave out words more frequent than this now and then; 0: none."
    )
    held_out: float = setting(
        0.01,
        help="Share of the lines that is not trained on, for an honest loss; 0: none.",
        below=1,
        metavar="SHARE",
    )
    patience: int | None = setting(
        None,
        help="Stop when the loss on the lines held out has not fallen for so many epochs or"
        " passes.",
        least=1,
        most=1 << 30,
        unset="never",
    )
    threads: int = setting(factory=cores, help="How many threads.", least=1, most=4096)
    seed: int = setting(1, help="Seed of all random numbers.", most=(1 << 64) - 1)

    def __post_init__(self) -> None:
        engine = _engine_of(type(self))
        if self.engine is None:
            object.__setattr__(self, "engine", engine)
        elif self.engine != engine:
            raise SettingsError(f"engine must be {engine} for its settings, got {self.engine!r}")
        if self.objective is None:
            object.__setattr__(self, "objective", default_objective(engine))
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))
        if self.patience is not None and not self.held_out:
            raise SettingsError("patience needs lines held out, and held_out is 0")

    def as_dict(self) -> dict[str, Any]:
        """Names and values, as a model file keeps them; `settings_for` takes them back."""
        return dataclasses.asdict(self)


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class StochasticSettings(Settings):
    """What the stochastic engine is told, beside what every engine is.

    In deterministic training the vectors are the same, byte for byte, for any number of threads.
    Else threads change shared rows without waiting for each other.
    """

    epochs: int = setting(5, help="Passes over the text.", least=1, most=1 << 30)
    learning_rate: float = setting(
        0.025, help="The first step's size; it falls in a straight line.", above=0
    )
    deterministic: bool = setting(
        True,
        help="The same bytes for any number of threads; without, several threads are faster.",
    )


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class ExactSettings(Settings):
    """What the exact engine is told, beside what every engine is.

    The same vectors for any number of threads.
    """

    ridge: float | None = setting(
        None,
        help="Weight of the penalty on long vectors: a number, or auto for the one with the"
        " least loss on lines held out.",
        unset="auto",
        metavar="WEIGHT",
    )
    tolerance: float = setting(
        1.2e-3, help="Stop when a pass lowers the loss by less than this share of it."
    )
    max_passes: int = setting(
        50,
        help="Stop after so many passes at the latest, at each size that the vocabulary grows"
        " through.",
        least=1,
        most=1 << 30,
    )
    precision: Precision = setting(
        "float32",
        help=f"Of all vectors: {', '.join(get_args(Precision))} (GPU only).",
        choices=get_args(Precision),
        metavar="NAME",
    )
    device: str = setting(
        "cpu", help="cpu, or a device of PyTorch's, such as cuda.", metavar="NAME"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.device:
            raise SettingsError(f"device must be a name such as cpu or cuda, got {self.device!r}")
        if self.precision == "bfloat16" and self.device == "cpu":
            raise SettingsError("precision bfloat16 takes a device of PyTorch's, such as cuda")


@dataclasses.dataclass(frozen=True, kw_only=True)
class AnySettings(ExactSettings, StochasticSettings):
    """The settings of all engines: what `Word2Vec` takes, as editors and notebooks show it."""


EngineSettings: TypeAlias = StochasticSettings | ExactSettings

COUNTED = ("window", "subsample", "min_count", "max_vocab", "held_out")
"""The settings that counts are made with."""


def takes(
    kind: Callable[P, object],
) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, P], None]]:
    """Give a method that takes keywords the signature of what these are for."""

    def decorate(method: Callable[..., None]) -> Callable[Concatenate[Any, P], None]:
        own = next(iter(inspect.signature(method).parameters.values()))
        given = inspect.signature(kind).parameters.values()
        method.__signature__ = inspect.Signature([own, *given])  # type: ignore[attr-defined]
        return method

    return decorate


def declared(
    kind: type[Settings] = AnySettings,
) -> Iterator[tuple[dataclasses.Field[Any], Declared]]:
    """Yield the fields of settings with what is declared of them."""
    for field in dataclasses.fields(kind):
        yield field, field.metadata["declared"]


def settings_for(
    *, engine: str | None = None, objective: str | None = None, **values: Any
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
        _require_choice("objective", objective, OBJECTIVES)
        values["objective"] = objective
    engine = default_engine(objective) if engine is None else engine
    _require_choice("engine", engine, ENGINES)
    kinds: dict[str, type[EngineSettings]] = {
        name: load(row.settings) for name, row in ENGINES.items()
    }
    known = [field.name for field in dataclasses.fields(kinds[engine])]
    for name in values:
        if name in known:
            continue
        for other, kind in kinds.items():
            if name in (field.name for field in dataclasses.fields(kind)):
                raise SettingsError(f"{name} is a setting of the {other} engine, not of {engine}")
        raise TypeError(f"no such setting: {name}; there are: {', '.join(known)}")
    return kinds[engine](**values)


def _engine_of(kind: type[Settings]) -> str:
    return next(name for name, row in ENGINES.items() if row.settings.endswith(f":{kind.__name__}"))


def _check(field: dataclasses.Field[Any], value: object) -> None:
    """Refuse a value of another type or outside its bounds."""
    name, declared = field.name, field.metadata["declared"]
    kind, *optional = str(field.type).split(" | ")
    if declared.choices:
        _require_choice(name, value, declared.choices)
    elif kind == "bool" and not isinstance(value, bool):
        raise SettingsError(f"{name} must be True or False, got {value!r}")
    elif kind == "str" and not isinstance(value, str):
        raise SettingsError(f"{name} must be a name such as cpu or cuda, got {value!r}")
    elif kind in ("int", "float") and not (optional and value is None):
        _require_number(name, value, kind, declared)


def _require_choice(name: str, value: object, choices: Collection[str]) -> None:
    if value not in choices:
        raise SettingsError(f"{name} must be {' or '.join(choices)}, got {value!r}")


def _require_number(name: str, value: object, kind: str, declared: Declared) -> None:
    whole = kind == "int"
    fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not fits:
        raise SettingsError(f"{name} must be a {'whole ' * whole}number, got {value!r}")
    assert isinstance(value, int | float)
    if not whole and not math.isfinite(value):
        raise SettingsError(f"{name} must be finite, got {value}")
    if value < declared.least:
        raise SettingsError(f"{name} must be at least {declared.least}, got {value}")
    if value > declared.most:
        raise SettingsError(f"{name} must be at most {declared.most}, got {value}")
    if declared.above is not None and not value > declared.above:
        raise SettingsError(f"{name} must be above {declared.above}, got {value}")
    if declared.below is not None and not value < declared.below:
        raise SettingsError(f"{name} must be below {declared.below}, got {value}")
