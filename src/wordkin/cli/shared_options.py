"""Options that several verbs share: settings, made from their declarations, checkpoints, loading.

A verb takes a group of options as one parameter; `with_option_groups` turns it into one option per
member. The rest of the module parses and checks values.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NewType, get_args, get_origin

import typer

from wordkin.engines import ENGINES, load
from wordkin.engines.declarations import Declared
from wordkin.engines.settings import AnySettings, declared
from wordkin.system import terminal
from wordkin.system.errors import SettingsError
from wordkin.system.machine import cores

if TYPE_CHECKING:
    from wordkin.vectors.words import WordVectors

ChosenSettings = NewType("ChosenSettings", dict[str, Any])
"""The settings that the user chose, by name."""


@dataclasses.dataclass(frozen=True)
class SettingGroup:
    """The settings that a verb takes: annotates a parameter of the type `ChosenSettings`."""

    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Checkpointing:
    """How often to save checkpoints, and whether to resume from one."""

    checkpoint_every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Save a checkpoint for --resume this often, such as 90s, 5m or 1h, in a folder"
            " beside the output.",
            show_default="never",
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Resume from the checkpoint of an interrupted run, if there is one."
        ),
    ] = False


@dataclasses.dataclass(frozen=True)
class Memory:
    """How much memory a run may take."""

    memory: Annotated[
        float | None,
        typer.Option(
            metavar="GB",
            help="Memory for reading, ids and counts, beside the model; more of them goes to"
            " temporary files beside the output, or in TMPDIR if it is set.",
            show_default="what is available",
        ),
    ] = None


@dataclasses.dataclass(frozen=True)
class Loading:
    """How to read files of vectors: a group of options of every verb that loads any."""

    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Read only this many vectors, the first ones.", show_default="all"
        ),
    ] = None
    skip_bad_rows: Annotated[
        bool,
        typer.Option(
            "--skip-bad-rows", help="Skip rows that are no word with numbers, and count them."
        ),
    ] = False
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Encoding of the words, such as latin-1.", show_default="utf-8"
        ),
    ] = None
    word_list: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The words of an .npy or .npz matrix, one per line.",
            show_default="a file beside it",
        ),
    ] = None
    word_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The column of a table with the words.", show_default="found"
        ),
    ] = None
    vector_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The column of a table with the vectors.", show_default="found"
        ),
    ] = None
    source_format: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help="Format of the vectors; `wordkin convert --help` lists them.",
            show_default="from the content",
        ),
    ] = None

    def options(self) -> dict[str, Any]:
        """Return the keywords of `wordkin.load`."""
        return {
            "limit": self.limit,
            "skip_bad": self.skip_bad_rows,
            "encoding": self.encoding,
            "words": self.word_list,
            "word_column": self.word_column,
            "vector_column": self.vector_column,
            "format": self.source_format,
        }

    def load(self, path: Path) -> WordVectors:
        """Load a file of vectors."""
        from wordkin.vectors.loading import load

        return load(path, **self.options())


CORPUS = typer.Argument(
    metavar="CORPUS",
    help="Text files with one sentence per line and white space between words. .gz, .bz2, .xz"
    " and .zst files are decompressed; - is standard input.",
)


def with_option_groups(verb: Callable[..., None]) -> Callable[..., None]:
    """Decorate a verb: give it an option per setting of a group, and per field of a dataclass."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[Callable[..., Any], list[str]]] = {}
    for parameter in inspect.signature(verb, eval_str=True).parameters.values():
        group = _members(parameter.annotation)
        if group is None:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        else:
            make, members = group
            groups[parameter.name] = make, [member.name for member in members]
            parameters += members

    @functools.wraps(verb)
    def with_options(**values: Any) -> None:
        for name, (make, members) in groups.items():
            values[name] = make(**{member: values.pop(member) for member in members})
        verb(**values)

    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_options


def _members(annotation: Any) -> tuple[Callable[..., Any], list[inspect.Parameter]] | None:
    """Return the constructor of a group and its options; None for any other parameter."""
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        hints = inspect.get_annotations(annotation, eval_str=True)
        return annotation, [
            _parameter(field.name, hints[field.name], field.default)
            for field in dataclasses.fields(annotation)
        ]
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, SettingGroup):
                options = _setting_options()
                return _chosen_settings, [options[name] for name in mark.names]
    return None


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _chosen_settings(**values: Any) -> dict[str, Any]:
    """Return the settings that the user chose."""
    chosen = {name: value for name, value in values.items() if value is not None}
    for field, about in declared():
        if field.name in chosen and (about.words or about.unset == "auto"):
            chosen[field.name] = _number_or_word(field, about, chosen[field.name])
    return chosen


def _setting_options() -> dict[str, inspect.Parameter]:
    """Return an option for each setting, with its declared help, default and engine."""
    fields = {
        name: [field.name for field, _ in declared(load(row.settings))]
        for name, row in ENGINES.items()
    }
    owners = {
        field.name: [name for name, names in fields.items() if field.name in names]
        for field, _ in declared()
    }
    found = {}
    for field, about in declared():
        name, kind = field.name, str(field.type).split(" | ")[0]
        default = about.unset or field.default
        flags: tuple[str, ...] = ()
        if kind == "bool":
            flags = (f"--{name}/--no-{name}",)
            default = name if field.default else f"no-{name}"
        elif field.default_factory is cores:
            default = "all available cores"
        shown: str | bool = False if default is None else str(default)
        if shown and len(owners[name]) == 1:
            shown = f"{shown}; {owners[name][0]} engine"
        types = {"int": int, "float": float, "bool": bool}
        option = typer.Option(*flags, help=about.help, show_default=shown, metavar=about.metavar)
        by_word = about.words or about.unset == "auto"
        kind_of = str if by_word else types.get(kind, str)
        found[name] = _parameter(name, Annotated[kind_of | None, option], None)
    return found


ALL_SETTINGS = SettingGroup(tuple(field.name for field, _ in declared(AnySettings)))


def checkpoint_options(output: Path, chosen: Checkpointing) -> dict[str, Any]:
    """Return the `RunOptions` that save checkpoints in a folder beside the output."""
    folder = output.with_name(output.name + ".checkpoint")
    every, resume = chosen.checkpoint_every, chosen.resume
    if every is None and not resume:
        if folder.exists():
            terminal.say(f"note: {folder} is from an interrupted run: continue it with --resume")
        return {}
    return {
        "checkpoint": folder,
        "every": 60.0 if every is None else _parse_duration(every),
        "resume": resume,
    }


def memory_options(output: Path, chosen: Memory) -> dict[str, Any]:
    """Return the `RunOptions` that bound the memory of a run."""
    memory = chosen.memory
    if memory is not None and not 0 < memory < 1e9:
        raise SettingsError(f"memory must be a number of GB above 0, got {memory}")
    return {
        "memory": None if memory is None else max(1, int(memory * 1e9)),
        "scratch": None if os.environ.get("TMPDIR") else output.parent,
    }


def _parse_duration(text: str) -> float:
    """Return a time such as 90s, 5m or 1h in seconds."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SettingsError(f"checkpoint-every must be a time such as 90s, 5m or 1h, got {text!r}")
    return seconds


def _number_or_word(field: dataclasses.Field[Any], about: Declared, text: str) -> Any:
    """Return the value of a setting that is a number or one of a few words."""
    if text in about.words:
        return text
    if text == about.unset:
        return None
    whole = str(field.type).startswith("int")
    try:
        return int(text) if whole else float(text)
    except ValueError:
        words = " or ".join(about.words or (about.unset,))
        kind = "a whole number" if whole else "a number"
        raise SettingsError(f"{field.name} must be {words} or {kind}, got {text!r}") from None


def note_replacement(path: Path, quiet: bool) -> None:
    """Print a note if the output exists already."""
    if path.is_file() and not quiet:
        terminal.say(f"note: {path} exists: this run will replace it")


def require_output(path: Path, inputs: Sequence[str]) -> None:
    """Check that the output can be written, before hours of work."""
    from wordkin.system.files import require_writable

    refuse_overwriting(path, inputs)
    require_writable(path)


def refuse_overwriting(path: Path, names: Iterable[str]) -> None:
    """Raise a SettingsError if the output is one of the other files of the run."""
    for name in names:
        if path.exists() and os.path.exists(name) and os.path.samefile(path, name):
            raise SettingsError(f"{path}: the output would overwrite the input")


def require_model_path(path: Path, inputs: Sequence[str] = ()) -> None:
    """Raise now the error that would prevent saving a model after hours of work."""
    from wordkin.system.files import require_model_suffix

    require_model_suffix(path)
    require_output(path, inputs)
