"""The app that verbs belong to, what becomes of their errors, and what their arguments share."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from wordkin.system import terminal
from wordkin.system.errors import FormatWarning, SettingsError, WordkinError

MODEL_SUFFIX = ".safetensors"


class _Verbs(TyperGroup):
    """The verbs, and what becomes of their errors."""

    def invoke(self, ctx: Any) -> Any:
        """Run a verb; turn the errors that are known into a line and an exit code."""
        terminal.begin()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", FormatWarning)
                warnings.showwarning = _note
                result = super().invoke(ctx)
            terminal.end()
        except KeyboardInterrupt:
            _fail("interrupted", 130)
        except BrokenPipeError:  # whoever reads has read enough, as `head` does
            terminal.abandon()
            raise typer.Exit(1) from None
        except SettingsError as error:
            _fail(str(error), 2)
        except WordkinError as error:
            _fail(str(error), 1)
        except OSError as error:
            _fail(_what_failed(error), 1)
        except MemoryError as error:
            _fail(f"not enough memory: {error}", 1)
        return result


def _fail(message: str, code: int) -> NoReturn:
    terminal.say(f"wordkin: {message}")
    raise typer.Exit(code) from None


def _note(message: Warning | str, *_: Any, **__: Any) -> None:
    terminal.say(f"note: {message}")


def _what_failed(error: OSError) -> str:
    cause = error.strerror or str(error)
    return cause if error.filename is None else f"{os.fsdecode(error.filename)}: {cause}"


app = typer.Typer(
    name="wordkin",
    cls=_Verbs,
    help="Word vectors, exact and fast.",
    epilog="Start with:  wordkin demo",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except OSError as error:  # not even the help could be written
        terminal.abandon()
        sys.exit(f"wordkin: {_what_failed(error)}")


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]

Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A file of vectors: of this program, word2vec, GloVe, fastText, gensim and others.",
    ),
]

Trained = Annotated[
    Path, typer.Argument(metavar="MODEL", help=f"A {MODEL_SUFFIX} model of this program.")
]
TopN = Annotated[int, typer.Option("--topn", "-n", min=1, help="How many words.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from wordkin.system.machine import version

        typer.echo(f"wordkin {version()}")
        raise typer.Exit


@app.callback()
def _wordkin(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what goes wrong.")]


def number(count: int, noun: str) -> str:
    """Return a number of things, with the noun in singular or plural."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def as_in_text(argument: str) -> str:
    """Return a word from the shell with its bytes decoded as those of a text are."""
    return os.fsencode(argument).decode("utf-8", "surrogateescape")
