"""The verb that learns word vectors from a text or its counts."""

from __future__ import annotations

import dataclasses
import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordkin.cli.app import MODEL_SUFFIX, Json, Quiet, app, number
from wordkin.cli.options import (
    ALL_SETTINGS,
    CORPUS,
    Checkpointing,
    Given,
    checkpoint_options,
    grouped,
    require_other,
    require_output,
    say_if_too_many_threads,
)
from wordkin.cli.report import (
    counting_of,
    history_of,
    losses_of,
    say_read,
    seconds_of,
    tokens_of,
)
from wordkin.engines import ENGINES
from wordkin.engines.settings import settings_for
from wordkin.system import terminal
from wordkin.system.errors import FormatError, SettingsError

if TYPE_CHECKING:
    from wordkin.system.progress import Progress
    from wordkin.training.model import Word2Vec
    from wordkin.views.live.live import Live

_SMALL = 3_000_000  # words; docs/notes has what each engine learns from 1, 3 and 10 MB
_PATIENCE = 30.0  # seconds for a person to open the page of a run that is over


@dataclasses.dataclass(frozen=True)
class Logging:
    """Where the history of a run goes."""

    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the history as it comes, a line of JSON each."),
    ] = None
    tensorboard: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the history as events for TensorBoard."),
    ] = None


@dataclasses.dataclass(frozen=True)
class LivePage:
    """Whether a page shows the run, and how."""

    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Show the run on a page, on this machine: losses, neighbours as they settle, a"
            " map.",
        ),
    ] = False
    live_words: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            help="Whose neighbours to show there, with commas between.",
            show_default="some frequent ones",
        ),
    ] = None
    live_port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Where it is.", show_default="any free one")
    ] = None
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Say where it is, but do not open it.")
    ] = False

    def check(self) -> None:
        """Refuse options of a page that is not wanted."""
        if not self.live and (self.live_words, self.live_port, self.no_browser) != (
            None,
            None,
            False,
        ):
            raise SettingsError("--live-words, --live-port and --no-browser go with --live")


@app.command(epilog="Example:  wordkin train corpus.txt --output model.safetensors --dim 300")
@grouped
def train(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help=f"The model file to write, {MODEL_SUFFIX}.")
    ],
    corpus: Annotated[list[str] | None, CORPUS] = None,
    counts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Instead of CORPUS, what `wordkin count` wrote: with its window, vocabulary and"
            " subsampling.",
        ),
    ] = None,
    settings: Annotated[Given, ALL_SETTINGS],
    checkpointing: Checkpointing,
    logging: Logging,
    page: LivePage,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Learn word vectors from text, or from its counts."""
    if counts is not None:
        takers = [name for name, row in ENGINES.items() if row.descend]
        settings.setdefault("engine", takers[0])
    # Before NumPy is imported: what is wrong is said at once.
    chosen = settings_for(**settings).engine
    if (counts is None) == (not corpus):
        raise SettingsError("give a CORPUS or --counts, and not both")
    if counts is not None and ENGINES[chosen].descend is None:
        raise SettingsError(f"--counts is for the {' or '.join(takers)} engine, not for {chosen}")
    if output.suffix != MODEL_SUFFIX:
        raise FormatError(
            f"{output}: a model's suffix must be {MODEL_SUFFIX}, got {output.suffix!r}"
        )
    page.check()
    inputs = corpus or [str(counts)]
    require_output(output, inputs)
    if logging.history is not None:
        require_other(logging.history, [*inputs, str(output)])
    kept = checkpoint_options(output, checkpointing)
    from wordkin.training.model import Word2Vec

    say_if_too_many_threads(settings, quiet)
    model = Word2Vec(**settings)
    shown: bool | Progress | None = False if quiet else None
    with ExitStack() as stack:
        live = None
        if page.live:
            live = stack.enter_context(_live(page, _title(model, inputs), shown))
        options: Any = kept | dataclasses.asdict(logging) | {"progress": live or shown}
        if counts is None:
            assert corpus is not None
            model.fit(corpus, **options)
        else:
            model.fit_counts(counts, **options)
        began = time.perf_counter()
        model.save(output)
        saving = time.perf_counter() - began
        summary = _summary(model, output, saving)
        if not quiet:
            say_read(model.account.tokens, model.account.lines, model.account.invalid_utf8)
            for line in summary:
                terminal.say(line)
        if live is not None:
            live.saved(summary, f"wordkin explore {shlex.quote(str(output))}")
    if json:
        terminal.put_json(
            {
                "output": str(output),
                "sha256": model.sha256,
                "settings": model.get_params(),
                "vocabulary": len(model.vectors),
                "tokens": tokens_of(model),
                "words_per_second": model.account.words_per_second,
                "seconds": seconds_of(model) | {"saving": saving},
                "history": history_of(model),
            }
        )


@contextmanager
def _live(page: LivePage, title: str, beside: bool | Progress | None) -> Iterator[Live]:
    """Give the page of a run, which hears how the run ends."""
    from wordkin.views.live.live import Live

    live = Live(
        words=(page.live_words or "").split(",") if page.live_words else (),
        title=title,
        beside=beside,
        port=page.live_port or 0,
        browser=not page.no_browser,
        patience=_PATIENCE if sys.stderr.isatty() else 0.0,
    )
    try:
        yield live
    except BaseException as error:
        live.failed(error)
        raise
    finally:
        live.close()


def _title(model: Word2Vec, inputs: Sequence[str]) -> str:
    settings = model.settings
    names = ", ".join(os.path.basename(name) for name in inputs)
    return f"{names} · {settings.objective}, {settings.engine}, {settings.dim} dimensions"


def _summary(model: Word2Vec, output: Path, saving: float) -> list[str]:
    """Return lines on what came of training."""
    account = model.account
    lines = [
        f"kept    {number(len(model.vectors), 'different word')}",
        f"loss    {losses_of(model)}",
        f"speed   {account.words_per_second:,.0f} words/s:{counting_of(account, ' s')}"
        f" {account.training:.1f} s of"
        f" training, {account.reading:.1f} s of reading, {saving:.1f} s of saving",
    ]
    if ENGINES[model.settings.engine].rereads and account.tokens < _SMALL:
        lines.append("note: of a text this small, --engine exact learns more")
    return [*lines, f"saved   {output}"]
