"""Options that several verbs share: those of settings, made from their declarations, and others.

A verb takes groups of options as one parameter each; `grouped` gives it an option for each member.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NewType, get_args, get_origin

import typer

from wordkin.engines import ENGINES, load
from wordkin.engines.settings import AnySettings, declared
from wordkin.system import terminal
from wordkin.system.errors import SettingsError
from wordkin.system.machine import cores

Given = NewType("Given", dict[str, Any])
"""The settings that somebody chose, by name."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Settings that a verb takes: marks a parameter of the type `Given`."""

    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Checkpointing:
    """When to keep states, and whether to go on from one."""

    checkpoint_every: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Keep a state to --resume from every so often, as 90s, 5m or 1h, in a folder"
            " beside the output.",
            show_default="never",
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from the state that an interrupted run kept, if any."),
    ] = False


CORPUS = typer.Argument(
    metavar="CORPUS",
    help="Text files: words between white space, a sentence a line. .gz, .bz2 and .xz are"
    " unpacked; - is standard input.",
)


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb one option for each setting of a `Group`, and each field of a dataclass."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[Callable[..., Any], list[str]]] = {}
    for parameter in inspect.signature(verb, eval_str=True).parameters.values():
        made = _members(parameter.annotation)
        if made is None:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
        else:
            make, members = made
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
    """Return what makes the value of a group, and its options; None for any other parameter."""
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        hints = inspect.get_annotations(annotation, eval_str=True)
        return annotation, [
            _parameter(field.name, hints[field.name], field.default)
            for field in dataclasses.fields(annotation)
        ]
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, Group):
                options = _setting_options()
                return _given, [options[name] for name in mark.names]
    return None


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _given(**values: Any) -> dict[str, Any]:
    """Return the settings that somebody chose."""
    chosen = {name: value for name, value in values.items() if value is not None}
    if "ridge" in chosen:
        chosen["ridge"] = ridge_of(chosen["ridge"])
    return chosen


def _setting_options() -> dict[str, inspect.Parameter]:
    """Return an option for each setting, with help, default and engine as they are declared."""
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
            default = "the cores at hand"
        shown: str | bool = False if default is None else str(default)
        if shown and len(owners[name]) == 1:
            shown = f"{shown}; {owners[name][0]} engine"
        types = {"int": int, "float": float, "bool": bool}
        option = typer.Option(*flags, help=about.help, show_default=shown, metavar=about.metavar)
        kind_of = str if about.unset == "auto" else types.get(kind, str)
        found[name] = _parameter(name, Annotated[kind_of | None, option], None)
    return found


ALL_SETTINGS = Group(tuple(field.name for field, _ in declared(AnySettings)))


def checkpoint_options(output: Path, chosen: Checkpointing) -> dict[str, Any]:
    """Return the options of a run that keep states in a folder beside the output."""
    folder = output.with_name(output.name + ".checkpoint")
    every, resume = chosen.checkpoint_every, chosen.resume
    if every is None and not resume:
        if folder.exists():
            terminal.say(f"note: {folder} is of an interrupted run: --resume would go on from it")
        return {}
    return {
        "checkpoint": folder,
        "every": 60.0 if every is None else _seconds_of(every),
        "resume": resume,
    }


def _seconds_of(text: str) -> float:
    """Return the seconds of a time such as 90s, 5m or 1h."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SettingsError(f"checkpoint-every must be a time such as 90s, 5m or 1h, got {text!r}")
    return seconds


def ridge_of(text: str | None) -> float | None:
    """Return the number of an option, None for auto."""
    if text is None or text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"ridge must be auto or a number, got {text!r}") from None


def say_if_too_many_threads(settings: Mapping[str, Any], quiet: bool) -> None:
    """Say that more threads than cores gain nothing."""
    threads = settings.get("threads")
    if threads is not None and threads > cores() and not quiet:
        terminal.say(f"note: {threads} threads on {cores()} cores gain nothing")


def require_output(path: Path, inputs: Sequence[str]) -> None:
    """Raise now what would keep the result from being saved after hours of work."""
    from wordkin.system.files import require_writable

    require_other(path, inputs)
    require_writable(path)


def require_other(path: Path, names: Iterable[str]) -> None:
    """Refuse to write a file that is another one of the same run."""
    for name in names:
        if path.exists() and os.path.exists(name) and os.path.samefile(path, name):
            raise SettingsError(f"{path}: the output would replace what is read")
