"""Verbs that read a text: train, count, reproduce."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from wordkin.cli.app import MODEL_SUFFIX, Json, Quiet, app, number
from wordkin.cli.options import (
    CORPUS,
    DEFAULT,
    EXACT,
    Every,
    HeldOut,
    MaxVocab,
    MinCount,
    Resume,
    Ridge,
    Subsample,
    Threads,
    Window,
    keeping,
    of_engine,
    require_other,
    require_output,
    ridge_of,
    say_if_too_many,
)
from wordkin.cli.report import counting_of, history_of, losses_of, say_read, seconds_of, tokens_of
from wordkin.engines.settings import (
    EngineName,
    Objective,
    Precision,
    settings_for,
)
from wordkin.system import terminal
from wordkin.system.errors import FormatError, SettingsError

if TYPE_CHECKING:
    from wordkin.system.progress import Progress
    from wordkin.training.model import Word2Vec
    from wordkin.views.live.live import Live


_SMALL = 3_000_000  # words; docs/exact.md has what each engine learns from 1, 3 and 10 MB
_PATIENCE = 30.0  # seconds for a person to open the page of a run that is over


@app.command(epilog="Example:  wordkin train corpus.txt --output model.safetensors --dim 300")
def train(
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
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Loss of a pair: {' or '.join(get_args(Objective)[::-1])}.",
            show_default=f"{DEFAULT.objective}; naive-softmax with --engine exact",
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="stochastic: descent on one window after the other; exact: on the counts of all"
            " pairs at once.",
            show_default="exact for naive-softmax, else stochastic",
        ),
    ] = None,
    dim: Annotated[
        int | None, typer.Option(help="Numbers in a vector.", show_default=str(DEFAULT.dim))
    ] = None,
    window: Window = None,
    negatives: Annotated[
        int | None,
        typer.Option(
            help="Samples of each pair, for negative-sampling.",
            show_default=str(DEFAULT.negatives),
        ),
    ] = None,
    min_count: MinCount = None,
    max_vocab: MaxVocab = None,
    subsample: Subsample = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Passes over the text.", show_default=of_engine("stochastic", DEFAULT.epochs)
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="The first step's size; it falls in a straight line.",
            show_default=of_engine("stochastic", DEFAULT.learning_rate),
        ),
    ] = None,
    ridge: Ridge = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Stop when a pass lowers the loss by less than this share of it.",
            show_default=of_engine("exact", EXACT.tolerance),
        ),
    ] = None,
    max_passes: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many passes at the latest, at each size that the vocabulary grows"
            " through.",
            show_default=of_engine("exact", EXACT.max_passes),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Of all vectors: {', '.join(get_args(Precision))} (GPU only).",
            show_default=of_engine("exact", EXACT.precision),
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="cpu, or a device of PyTorch's, such as cuda.",
            show_default=of_engine("exact", EXACT.device),
        ),
    ] = None,
    deterministic: Annotated[
        bool | None,
        typer.Option(
            "--deterministic/--no-deterministic",
            help="The same bytes for any number of threads; without, several threads are faster.",
            show_default=of_engine("stochastic", "deterministic"),
        ),
    ] = None,
    threads: Threads = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of all random numbers.", show_default=str(DEFAULT.seed)),
    ] = None,
    held_out: HeldOut = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop when the loss on the lines held out has not fallen for so many epochs or"
            " passes.",
            show_default="never",
        ),
    ] = None,
    checkpoint_every: Every = None,
    resume: Resume = False,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the history as it comes, a line of JSON each."),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the history as events for TensorBoard."),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Show the run on a page, on this machine: losses, neighbours as they settle, a"
            " map.",
        ),
    ] = False,
    live_words: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            help="Whose neighbours to show there, with commas between.",
            show_default="some frequent ones",
        ),
    ] = None,
    live_port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Where it is.", show_default="any free one")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Say where it is, but do not open it.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Learn word vectors from text, or from its counts."""
    given = {
        "objective": objective,
        "engine": engine,
        "dim": dim,
        "window": window,
        "negatives": negatives,
        "min_count": min_count,
        "max_vocab": max_vocab,
        "subsample": subsample,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "ridge": ridge_of(ridge),
        "tolerance": tolerance,
        "max_passes": max_passes,
        "precision": precision,
        "device": device,
        "deterministic": deterministic,
        "threads": threads,
        "seed": seed,
        "held_out": held_out,
        "patience": patience,
    }
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if counts is not None:
        settings.setdefault("engine", "exact")
    # Before NumPy is imported: what is wrong is said at once.
    chosen: EngineName = settings_for(**settings).engine
    if (counts is None) == (not corpus):
        raise SettingsError("give a CORPUS or --counts, and not both")
    if counts is not None and chosen != "exact":
        raise SettingsError(f"--counts is for the exact engine, not for {chosen}")
    if output.suffix != MODEL_SUFFIX:
        raise FormatError(
            f"{output}: a model's suffix must be {MODEL_SUFFIX}, got {output.suffix!r}"
        )
    if not live and (live_words is not None or live_port is not None or no_browser):
        raise SettingsError("--live-words, --live-port and --no-browser go with --live")
    inputs = corpus or [str(counts)]
    require_output(output, inputs)
    if history is not None:
        require_other(history, [*inputs, str(output)])
    kept = keeping(output, checkpoint_every, resume)
    from wordkin.training.model import Word2Vec

    say_if_too_many(threads, quiet)
    model = Word2Vec(**settings)
    shown: bool | Progress | None = False if quiet else None
    with ExitStack() as stack:
        page = None
        if live:
            page = stack.enter_context(
                _page(
                    words=(live_words or "").split(",") if live_words else (),
                    title=_title(model, inputs),
                    beside=shown,
                    port=live_port or 0,
                    browser=not no_browser,
                    patience=_PATIENCE if sys.stderr.isatty() else 0.0,
                )
            )
        options = kept | {
            "progress": page or shown,
            "history": history,
            "tensorboard": tensorboard,
        }
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
        if page is not None:
            page.saved(summary, f"wordkin explore {shlex.quote(str(output))}")
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
def _page(**options: Any) -> Iterator[Live]:
    """Give the page of a run, which hears how the run ends."""
    from wordkin.views.live.live import Live

    page = Live(**options)
    try:
        yield page
    except BaseException as error:
        page.failed(error)
        raise
    finally:
        page.close()


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
    if model.settings.engine == "stochastic" and account.tokens < _SMALL:
        lines.append("note: of a text this small, --engine exact learns more")
    return [*lines, f"saved   {output}"]
