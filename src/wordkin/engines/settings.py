"""The settings of a training run, each declared once: type, default, bounds and help.

Names and values in, a checked and immutable `StochasticSettings` or `ExactSettings` out. The
checks, the command-line options and the docstrings are generated from the declarations.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, Literal, ParamSpec, TypeAlias, get_args

from wordkin.engines import ENGINES, OBJECTIVES, load
from wordkin.engines.declarations import (
    Declared,
    check,
    documented,
    plain,
    require_choice,
    setting,
)
from wordkin.system.errors import SettingsError
from wordkin.system.foreign_names import SETTINGS, did_you_mean
from wordkin.system.machine import cores

Precision: TypeAlias = Literal["float32", "float64", "bfloat16"]

AUTO_SUBWORDS = "3-6"
JAMO = "jamo:"
"""What stands before the lengths of n-grams of jamo, the letters of Korean syllables."""
"""The lengths of n-grams if none are given: those of fastText."""
LONGEST_SUBWORD = 64

P = ParamSpec("P")


def default_engine(objective: str | None) -> str:
    """Return the default engine of an objective; of the default objective for None."""
    row = OBJECTIVES[objective or next(iter(OBJECTIVES))]
    return next(iter(row.trainers))


def default_objective(engine: str) -> str:
    """Return the default objective of an engine."""
    trained = [row for row in OBJECTIVES.values() if engine in row.trainers]
    own = [row for row in trained if next(iter(row.trainers)) == engine]
    return (own or trained)[0].name


def _defaults() -> tuple[str, str]:
    """Return the defaults of engine and objective as help shows them."""
    engine, objective = default_engine(None), next(iter(OBJECTIVES))
    of_objectives = [(name, default_engine(name)) for name in OBJECTIVES]
    of_engines = [(name, default_objective(name)) for name in ENGINES]
    engines = [f"{own} for {name}" for name, own in of_objectives if own != engine]
    objectives = [f"{own} with --engine {name}" for name, own in of_engines if own != objective]
    return ", ".join([*engines, f"otherwise {engine}"]), "; ".join([objective, *objectives])


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings that all engines share; `StochasticSettings` and `ExactSettings` add their own.

    Together with the text, they determine the model. An invalid value raises a SettingsError that
    names the setting and the value.
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
        help=f"Loss function: {' or '.join([*OBJECTIVES][::-1])}.",
        choices=OBJECTIVES,
        unset=_defaults()[1],
        metavar="NAME",
    )
    dim: int = setting(100, help="Number of dimensions of the vectors.", least=1, most=1 << 20)
    window: int | Literal["line"] = setting(
        5,
        help="Largest distance, in words, between a center word and its outside words; nearer"
        " words weigh more. line: all words of a line, with equal weights.",
        least=1,
        most=(1 << 63) - 1,
        words=("line",),
        metavar="WORDS",
    )
    negatives: int = setting(
        5,
        help="Number of negative samples per pair; used by negative-sampling only.",
        least=1,
        most=500,
    )
    min_count: int = setting(
        5, help="Ignore words that occur fewer times than this.", least=1, most=(1 << 63) - 1
    )
    max_vocab: int | None = setting(
        None,
        help="Keep at most this many words, the most frequent ones.",
        least=1,
        most=(1 << 31) - 2,
        unset="no limit",
    )
    subsample: float | Literal["auto"] = setting(
        "auto",
        help="Randomly drop occurrences of words more frequent than this share of the text; 0"
        " disables. auto: 1e-4, or more for a text of few different words.",
        words=("auto",),
        metavar="SHARE",
    )
    held_out: float = setting(
        0.01,
        help="Share of the lines to hold out of training, to measure the loss on unseen text; 0"
        " disables.",
        below=1,
        metavar="SHARE",
    )
    patience: int | None = setting(
        None,
        help="Stop when the loss on the held-out lines has not fallen for this many epochs or"
        " passes.",
        least=1,
        most=1 << 30,
        unset="never",
    )
    threads: int = setting(factory=cores, help="Number of threads.", least=1, most=4096)
    seed: int = setting(1, help="Seed of the random numbers.", most=(1 << 64) - 1)

    def __post_init__(self) -> None:
        engine = _engine_of(type(self))
        if self.engine is None:
            object.__setattr__(self, "engine", engine)
        elif self.engine != engine:
            raise SettingsError(f"engine must be {engine} for its settings, got {self.engine!r}")
        if self.objective is None:
            object.__setattr__(self, "objective", default_objective(engine))
        for field in dataclasses.fields(self):
            value = plain(getattr(self, field.name))
            if (read := field.metadata["declared"].read) is not None:
                value = read(value)
            object.__setattr__(self, field.name, value)
            check(field, value)
        if self.patience is not None and not self.held_out:
            raise SettingsError("patience needs held-out lines, and held_out is 0: set it above 0")

    def as_dict(self) -> dict[str, Any]:
        """Return names and values as model files store them; `settings_for` reads them back."""
        return dataclasses.asdict(self)


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class StochasticSettings(Settings):
    """The settings of the stochastic engine, besides those that all engines share.

    Deterministic training gives the same vectors, byte for byte, for any number of threads. With
    `deterministic` off, threads update shared rows without locks.
    """

    epochs: int = setting(5, help="Number of passes over the text.", least=1, most=1 << 30)
    learning_rate: float = setting(
        0.025, help="Initial learning rate; it falls linearly to 1/250 of this.", above=0
    )
    deterministic: bool = setting(
        True,
        help="Give the same bytes for any number of threads. Turning it off makes several threads"
        " faster, but runs then differ.",
    )


def read_subwords(value: object) -> str:
    """Return auto, none, or two lengths such as 3-6, or jamo:3-6.

    True, False, None, (3, 6) and jamo mean these too.

    Raises
    ------
    SettingsError
        For anything else, or lengths that do not rise.
    """
    if isinstance(value, bool | None):
        return AUTO_SUBWORDS if value else "none"
    if isinstance(value, str) and value in ("auto", "none"):
        return value
    of, lengths = "", value
    if isinstance(value, str):
        if value == JAMO.rstrip(":") or value.startswith(JAMO):
            of = JAMO
        lengths = (value[len(of) :] or AUTO_SUBWORDS).split("-") if of else value.split("-")
    try:
        shortest, longest = (int(length) for length in lengths)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise SettingsError(
            f"subwords must be two lengths such as 3-6 or jamo:3-6, auto or none, got {value!r:.80}"
        ) from None
    if not 1 <= shortest <= longest <= LONGEST_SUBWORD:
        raise SettingsError(
            f"subwords must be two lengths from 1 to {LONGEST_SUBWORD}, the smaller one first, got"
            f" {value!r:.80}"
        )
    return f"{of}{shortest}-{longest}"


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class ExactSettings(Settings):
    """The settings of the exact engine, besides those that all engines share.

    The vectors are the same, byte for byte, for any number of threads.
    """

    ridge: float | None = setting(
        None,
        help="Weight of the L2 penalty on the vectors: a number, or auto for 1, or 2 where"
        " subwords are used.",
        unset="auto",
        metavar="WEIGHT",
    )
    sides: bool = setting(
        False,
        help="Tell outside words at the left of a center word from those at its right: each word"
        " has an outside vector for either side.",
    )
    subwords: str | tuple[int, int] | bool | None = setting(
        "auto",
        help="Lengths of the n-grams of characters that words share, such as 3-6: the penalty pulls"
        " a word to the sum of its n-grams' vectors, and unknown words get vectors. auto: 3-6 where"
        " n-grams predict the vectors of words that they are not fitted to; none: no n-grams;"
        " jamo:3-6: of the letters of Korean syllables.",
        metavar="LENGTHS",
        read=read_subwords,
    )
    subword_ridge: float = setting(
        100.0,
        help="Weight of the L2 penalty on the vectors of n-grams, as a multiple of the ridge.",
        above=0,
        metavar="WEIGHT",
    )
    tolerance: float = setting(
        1.2e-3,
        help="Stop when a pass lowers the loss and penalty by less than this share of the loss.",
    )
    max_passes: int = setting(
        50,
        help="Largest number of passes over the full vocabulary. Before that, each smaller size of"
        " the growing vocabulary gets at most 3.",
        least=1,
        most=1 << 30,
    )
    columns: int = setting(
        3000,
        help="How many words of the other side each row meets in a pass, drawn anew by frequency"
        " and beside its own pairs; the last loss is over all. 0: all, always.",
        least=0,
        metavar="WORDS",
    )
    precision: Precision = setting(
        "float32",
        help="Floating-point precision: float32, float64, or bfloat16, which trains in float32 but"
        " rounds the factors of matrix products (needs a PyTorch device).",
        choices=get_args(Precision),
        metavar="NAME",
    )
    device: str = setting(
        "cpu", help="Where to compute: cpu, or a PyTorch device such as cuda.", metavar="NAME"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.device:
            raise SettingsError(f"device must be a name such as cpu or cuda, got {self.device!r}")
        if self.precision == "bfloat16" and self.device == "cpu":
            raise SettingsError(
                "precision bfloat16 needs a PyTorch device such as cuda, got device 'cpu'"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class AnySettings(ExactSettings, StochasticSettings):
    """The settings of all engines together: the signature of `Word2Vec`."""


EngineSettings: TypeAlias = StochasticSettings | ExactSettings

IN_OLD_FILES: dict[str, dict[str, Any]] = {
    "stochastic": {},
    "exact": {"sides": False, "subwords": "none", "columns": 0},
}
"""The values of settings that files of earlier versions do not have, by engine."""
COUNTED = ("window", "subsample", "min_count", "max_vocab", "held_out")
"""The settings that determine counts, besides `sides`."""


def takes(
    kind: Callable[P, object],
) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, P], None]]:
    """Give a method with ``**keywords`` the signature of the callable that receives them."""

    def decorate(method: Callable[..., None]) -> Callable[Concatenate[Any, P], None]:
        own = next(iter(inspect.signature(method).parameters.values()))
        given = inspect.signature(kind).parameters.values()
        method.__signature__ = inspect.Signature([own, *given])  # type: ignore[attr-defined]
        return method

    return decorate


def declared(
    kind: type[Settings] = AnySettings,
) -> Iterator[tuple[dataclasses.Field[Any], Declared]]:
    """Yield the fields of a settings class with their declarations."""
    for field in dataclasses.fields(kind):
        yield field, field.metadata["declared"]


def settings_for(
    *, engine: str | None = None, objective: str | None = None, **values: Any
) -> EngineSettings:
    """Return the settings of an engine, by default the objective's own.

    Raises
    ------
    SettingsError
        For an invalid value, or a setting of another engine.
    TypeError
        For a name that is not a setting of any engine.
    """
    if objective is not None:
        require_choice("objective", objective, OBJECTIVES)
        values["objective"] = objective
    engine = default_engine(objective) if engine is None else engine
    require_choice("engine", engine, ENGINES)
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
        hint = did_you_mean(name, SETTINGS, known)
        listed = f"no such setting: {name}; the settings are: {', '.join(known)}"
        raise TypeError(f"{listed}: {hint}" if hint else listed)
    return kinds[engine](**values)


def _engine_of(kind: type[Settings]) -> str:
    return next(name for name, row in ENGINES.items() if row.settings.endswith(f":{kind.__name__}"))
