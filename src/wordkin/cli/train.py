"""The verb that trains a model on a text or its counts."""

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

from wordkin.cli.app import MODEL_SUFFIX, Json, Quiet, app, print_note
from wordkin.cli.shared_options import (
    ALL_SETTINGS,
    CORPUS,
    Checkpointing,
    ChosenSettings,
    Memory,
    checkpoint_options,
    memory_options,
    note_replacement,
    refuse_overwriting,
    require_model_path,
    with_option_groups,
)
from wordkin.cli.training_report import (
    finite,
    format_counting_time,
    format_losses,
    format_subsampling,
    format_words_per_second,
    history_as_json,
    report_text,
    seconds_as_json,
    tokens_as_json,
)
from wordkin.engines import ENGINES
from wordkin.engines.settings import settings_for
from wordkin.system import notes, terminal
from wordkin.system.errors import SettingsError
from wordkin.system.wording import quantity

if TYPE_CHECKING:
    from wordkin.system.progress import Progress
    from wordkin.training.model import Word2Vec
    from wordkin.views.live.live import Live

_PAGE_SECONDS = 30.0  # how long the page of a finished run stays, for a person to open it


@dataclasses.dataclass(frozen=True)
class Logging:
    """Where to write the history of a run."""

    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the record of each epoch or pass to this file, one JSON object per line.",
        ),
    ] = None
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write the same records to this folder as TensorBoard events."
        ),
    ] = None


@dataclasses.dataclass(frozen=True)
class LivePage:
    """Whether to show the run on a page, and how."""

    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Show the run in the browser while it trains: losses, neighbours and a map.",
        ),
    ] = False
    live_words: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            help="Words whose neighbours the page shows, separated by commas.",
            show_default="some frequent ones",
        ),
    ] = None
    live_port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Port of the page.", show_default="a free one"),
    ] = None
    no_browser: Annotated[
        bool,
        typer.Option("--no-browser", help="Print the address of the page, but do not open it."),
    ] = False

    def check(self) -> None:
        """Raise a SettingsError for options of the page without --live."""
        if not self.live and (self.live_words, self.live_port, self.no_browser) != (
            None,
            None,
            False,
        ):
            raise SettingsError("--live-words, --live-port and --no-browser need --live")


@app.command(epilog="Example:  wordkin train corpus.txt --output model.safetensors --dim 300")
@with_option_groups
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
            help="Train on this file from `wordkin count`, with its window, vocabulary and"
            " subsampling, instead of on CORPUS.",
        ),
    ] = None,
    settings: Annotated[ChosenSettings, ALL_SETTINGS],
    checkpointing: Checkpointing,
    memory: Memory,
    logging: Logging,
    page: LivePage,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train word vectors on a text, or on its counts."""
    if counts is not None:
        takers = [name for name, row in ENGINES.items() if row.descend]
        settings.setdefault("engine", takers[0])
    # Errors in options are reported before NumPy is imported.
    chosen = settings_for(**settings).engine
    if (counts is None) == (not corpus):
        raise SettingsError("give either a CORPUS or --counts")
    if counts is not None and ENGINES[chosen].descend is None:
        raise SettingsError(f"--counts is for the {' or '.join(takers)} engine, not for {chosen}")
    page.check()
    inputs = corpus or [str(counts)]
    require_model_path(output, inputs)
    if logging.history is not None:
        refuse_overwriting(logging.history, [*inputs, str(output)])
    checkpoints = checkpoint_options(output, checkpointing) | memory_options(output, memory)
    note_replacement(output, quiet)
    from wordkin.training.model import Word2Vec

    model = Word2Vec(**settings)
    progress: bool | Progress | None = False if quiet else None
    with ExitStack() as stack:
        stack.enter_context(notes.printed(print_note, advice=not quiet))
        live = None
        if page.live:
            live = stack.enter_context(_live(page, _title(model, inputs), progress))
        options: Any = checkpoints | dataclasses.asdict(logging) | {"progress": live or progress}
        if counts is None:
            assert corpus is not None
            model.fit(map(Path, corpus), **options)
        else:
            model.fit_counts(counts, **options)
        began = time.perf_counter()
        model.save(output)
        saving = time.perf_counter() - began
        auto = settings.get("subsample", "auto") == "auto" and counts is None
        summary = _summary(model, output, saving, auto)
        if not quiet:
            report_text(model.account.tokens, model.account.lines, model.account.invalid_utf8)
            for line in summary:
                terminal.say(line)
        if live is not None:
            noted = [f"note: {each}" for each in model.account.notes]
            live.saved([*noted, *summary], f"wordkin explore {shlex.quote(str(output))}")
    if json:
        terminal.put_json(
            {
                "output": str(output),
                "sha256": model.sha256,
                "settings": model.get_params(),
                "vocabulary": len(model.vectors),
                "tokens": tokens_as_json(model),
                "words_per_second": finite(model.account.words_per_second),
                "seconds": seconds_as_json(model) | {"saving": saving},
                "history": history_as_json(model),
            }
        )


@contextmanager
def _live(page: LivePage, title: str, beside: bool | Progress | None) -> Iterator[Live]:
    """Open the page of a run, and show on it how the run ends."""
    from wordkin.views.live.live import Live

    live = Live(
        words=(page.live_words or "").split(",") if page.live_words else (),
        title=title,
        beside=beside,
        port=page.live_port or 0,
        browser=not page.no_browser,
        patience=_PAGE_SECONDS if sys.stderr.isatty() else 0.0,
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


def _summary(model: Word2Vec, output: Path, saving: float, auto: bool) -> list[str]:
    """Return the lines that sum up training."""
    statistics = model.account
    lines = [
        f"kept    {quantity(len(model.vectors), 'different word')}",
        f"dropped {format_subsampling(statistics.subsample, statistics.dropped, auto=auto)}",
        f"loss    {format_losses(model)}",
        f"speed   {format_words_per_second(statistics)}:"
        f"{format_counting_time(statistics, ' s')} {statistics.training:.1f} s of training,"
        f" {statistics.reading:.1f} s of reading, {saving:.1f} s of saving",
    ]
    return [*lines, f"saved   {output}"]
