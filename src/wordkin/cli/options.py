"""Options that several verbs share."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from wordkin.engines.settings import (
    ExactSettings,
    StochasticSettings,
)
from wordkin.system import terminal
from wordkin.system.errors import SettingsError

DEFAULT = StochasticSettings()
EXACT = ExactSettings()

CORPUS = typer.Argument(
    metavar="CORPUS",
    help="Text files: words between white space, a sentence a line. .gz, .bz2 and .xz are"
    " unpacked; - is standard input.",
)

Window = Annotated[
    int | None,
    typer.Option(
        help="How many words away an outside word may be.", show_default=str(DEFAULT.window)
    ),
]

MinCount = Annotated[
    int | None,
    typer.Option(
        help="Leave out words seen fewer times than this.", show_default=str(DEFAULT.min_count)
    ),
]

MaxVocab = Annotated[int | None, typer.Option(help="Keep only so many words, the most frequent.")]

Subsample = Annotated[
    float | None,
    typer.Option(
        help="Leave out words more frequent than this now and then; 0: none.",
        show_default=str(DEFAULT.subsample),
    ),
]

HeldOut = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of the lines that is not trained on, for an honest loss; 0: none.",
        show_default=str(DEFAULT.held_out),
    ),
]

Every = Annotated[
    str | None,
    typer.Option(
        "--checkpoint-every",
        metavar="TIME",
        help="Keep a state to --resume from every so often, as 90s, 5m or 1h, in a folder beside"
        " the output.",
        show_default="never",
    ),
]

Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on from the state that an interrupted run kept, if any."),
]

Threads = Annotated[
    int | None, typer.Option(help="How many threads.", show_default="the cores at hand")
]


def of_engine(engine: str, default: object) -> str:
    """Return a default as help shows it, with the engine whose setting it is."""
    return f"{default}; {engine} engine"


Ridge = Annotated[
    str | None,
    typer.Option(
        metavar="WEIGHT",
        help="Weight of the penalty on long vectors: a number, or auto for the one with the"
        " least loss on lines held out.",
        show_default=of_engine("exact", "auto"),
    ),
]


def keeping(output: Path, every: str | None, resume: bool) -> dict[str, Any]:
    """Return the options of a run that keep states in a folder beside the output."""
    folder = output.with_name(output.name + ".checkpoint")
    if every is None and not resume:
        if folder.exists():
            terminal.say(f"note: {folder} is of an interrupted run: --resume would go on from it")
        return {}
    return {
        "checkpoint": folder,
        "every": 60.0 if every is None else seconds_of_time(every),
        "resume": resume,
    }


def seconds_of_time(text: str) -> float:
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


def say_if_too_many(threads: int | None, quiet: bool) -> None:
    """Say that more threads than cores gain nothing."""
    if threads is not None and threads > DEFAULT.threads and not quiet:
        terminal.say(f"note: {threads} threads on {DEFAULT.threads} cores gain nothing")


def require_output(path: Path, inputs: Sequence[str]) -> None:
    """Raise now what would keep the result from being saved after hours of work."""
    from wordkin.system.files import require_writable

    require_other(path, inputs)
    require_writable(path)


def require_other(path: Path, names: Sequence[str]) -> None:
    """Refuse to write a file that is another one of the same run."""
    for name in names:
        if path.exists() and os.path.exists(name) and os.path.samefile(path, name):
            raise SettingsError(f"{path}: the output would replace what is read")
