"""The Typer app, the handling of errors, and the arguments and helpers that verbs share."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from wordkin.cli import usage
from wordkin.system import notes, terminal
from wordkin.system.errors import SettingsError, WordkinError, WordkinWarning
from wordkin.system.files import MODEL_SUFFIX as MODEL_SUFFIX


class _Verbs(TyperGroup):
    """The group of all verbs, which handles their errors."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Parse what stands before the verb; turn errors into one line and an exit code."""
        try:
            return super().make_context(*arguments, **more)
        except usage.UsageError as error:
            _refuse(error)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a verb by its name, or by another that means the same."""
        return super().get_command(ctx, usage.ALIASES.get(cmd_name, cmd_name))

    def invoke(self, ctx: Any) -> Any:
        """Run a verb; turn expected errors into one line and an exit code."""
        terminal.begin()
        try:
            with warnings.catch_warnings(), notes.printed(print_note):
                warnings.simplefilter("always", WordkinWarning)
                warnings.showwarning = print_note
                result = super().invoke(ctx)
            terminal.end()
        except KeyboardInterrupt:
            _fail("interrupted", 130)
        except BrokenPipeError:  # the reader has closed the pipe, as `head` does
            terminal.abandon()
            raise typer.Exit(1) from None
        except usage.UsageError as error:
            _refuse(error)
        except SettingsError as error:
            _fail(str(error), 2)
        except WordkinError as error:
            _fail(str(error), 1)
        except OSError as error:
            _fail(_describe(error), 1)
        except MemoryError as error:
            _fail(f"not enough memory: {error}", 1)
        return result


def _fail(message: str, code: int) -> NoReturn:
    terminal.say(f"wordkin: {message}")
    raise typer.Exit(code) from None


def _refuse(error: Exception) -> NoReturn:
    if usage.is_help(error):
        raise error
    terminal.begin()
    _fail(usage.describe(error), 2)


def print_note(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a note or a warning as one line on standard error."""
    terminal.say(f"note: {message}")


def _describe(error: OSError) -> str:
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
    except OSError as error:  # the help could not be written
        terminal.abandon()
        sys.exit(f"wordkin: {_describe(error)}")


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary.")]

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A file of vectors: wordkin, word2vec, GloVe, fastText, gensim or another format.",
    ),
]

TrainedModel = Annotated[
    Path, typer.Argument(metavar="MODEL", help=f"A {MODEL_SUFFIX} model that wordkin trained.")
]
TopN = Annotated[int, typer.Option("--topn", "-n", min=1, help="How many words to show.")]


def _show_version(flag: bool) -> None:
    if flag:
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


def decode_argument(argument: str) -> str:
    """Return an argument of the shell, decoded as text files are: UTF-8 with surrogate escapes."""
    return os.fsencode(argument).decode("utf-8", "surrogateescape")
