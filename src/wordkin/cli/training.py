"""Verbs that read a text: train, count, reproduce."""

from __future__ import annotations

import math
import os
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from wordkin import terminal
from wordkin.cli.accounts import counting_of, history_of, losses_of, say_read, seconds_of, tokens_of
from wordkin.cli.app import MODEL_SUFFIX, Json, Quiet, Trained, app, number
from wordkin.errors import FormatError, SettingsError
from wordkin.settings import (
    EngineName,
    ExactSettings,
    Objective,
    Precision,
    StochasticSettings,
    settings_for,
)

if TYPE_CHECKING:
    from wordkin.live import Live
    from wordkin.progress import Progress
    from wordkin.training import Word2Vec

_DEFAULT = StochasticSettings()
_SMALL = 3_000_000  # words; docs/exact.md has what each engine learns from 1, 3 and 10 MB
_EXACT = ExactSettings()
_PATIENCE = 30.0  # seconds for a person to open the page of a run that is over


_CORPUS = typer.Argument(
    metavar="CORPUS",
    help="Text files: words between white space, a sentence a line. .gz, .bz2 and .xz are"
    " unpacked; - is standard input.",
)
_Window = Annotated[
    int | None,
    typer.Option(
        help="How many words away an outside word may be.", show_default=str(_DEFAULT.window)
    ),
]
_MinCount = Annotated[
    int | None,
    typer.Option(
        help="Leave out words seen fewer times than this.", show_default=str(_DEFAULT.min_count)
    ),
]
_MaxVocab = Annotated[int | None, typer.Option(help="Keep only so many words, the most frequent.")]
_Subsample = Annotated[
    float | None,
    typer.Option(
        help="Leave out words more frequent than this now and then; 0: none.",
        show_default=str(_DEFAULT.subsample),
    ),
]
_HeldOut = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of the lines that is not trained on, for an honest loss; 0: none.",
        show_default=str(_DEFAULT.held_out),
    ),
]
_Every = Annotated[
    str | None,
    typer.Option(
        "--checkpoint-every",
        metavar="TIME",
        help="Keep a state to --resume from every so often, as 90s, 5m or 1h, in a folder beside"
        " the output.",
        show_default="never",
    ),
]
_Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on from the state that an interrupted run kept, if any."),
]
_Threads = Annotated[
    int | None, typer.Option(help="How many threads.", show_default="the cores at hand")
]


def _of(engine: str, default: object) -> str:
    return f"{default}; {engine} engine"


Ridge = Annotated[
    str | None,
    typer.Option(
        metavar="WEIGHT",
        help="Weight of the penalty on long vectors: a number, or auto for the one with the"
        " least loss on lines held out.",
        show_default=_of("exact", "auto"),
    ),
]


@app.command(epilog="Example:  wordkin train corpus.txt --output model.safetensors --dim 300")
def train(
    output: Annotated[
        Path, typer.Option("--output", "-o", help=f"The model file to write, {MODEL_SUFFIX}.")
    ],
    corpus: Annotated[list[str] | None, _CORPUS] = None,
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
            show_default=f"{_DEFAULT.objective}; naive-softmax with --engine exact",
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
        int | None, typer.Option(help="Numbers in a vector.", show_default=str(_DEFAULT.dim))
    ] = None,
    window: _Window = None,
    negatives: Annotated[
        int | None,
        typer.Option(
            help="Samples of each pair, for negative-sampling.",
            show_default=str(_DEFAULT.negatives),
        ),
    ] = None,
    min_count: _MinCount = None,
    max_vocab: _MaxVocab = None,
    subsample: _Subsample = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Passes over the text.", show_default=_of("stochastic", _DEFAULT.epochs)),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="The first step's size; it falls in a straight line.",
            show_default=_of("stochastic", _DEFAULT.learning_rate),
        ),
    ] = None,
    ridge: Ridge = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Stop when a pass lowers the loss by less than this share of it.",
            show_default=_of("exact", _EXACT.tolerance),
        ),
    ] = None,
    max_passes: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many passes at the latest, at each size that the vocabulary grows"
            " through.",
            show_default=_of("exact", _EXACT.max_passes),
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Of all vectors: {', '.join(get_args(Precision))} (GPU only).",
            show_default=_of("exact", _EXACT.precision),
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="cpu, or a device of PyTorch's, such as cuda.",
            show_default=_of("exact", _EXACT.device),
        ),
    ] = None,
    deterministic: Annotated[
        bool | None,
        typer.Option(
            "--deterministic/--no-deterministic",
            help="The same bytes for any number of threads; without, several threads are faster.",
            show_default=_of("stochastic", "deterministic"),
        ),
    ] = None,
    threads: _Threads = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of all random numbers.", show_default=str(_DEFAULT.seed)),
    ] = None,
    held_out: _HeldOut = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop when the loss on the lines held out has not fallen for so many epochs or"
            " passes.",
            show_default="never",
        ),
    ] = None,
    checkpoint_every: _Every = None,
    resume: _Resume = False,
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
    keeping = _keeping(output, checkpoint_every, resume)
    from wordkin.training import Word2Vec

    _say_if_too_many(threads, quiet)
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
        options = keeping | {
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
    from wordkin.live import Live

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


def _keeping(output: Path, every: str | None, resume: bool) -> dict[str, Any]:
    """Return the options of a run that keep states in a folder beside the output."""
    folder = output.with_name(output.name + ".checkpoint")
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


def _say_if_too_many(threads: int | None, quiet: bool) -> None:
    if threads is not None and threads > _DEFAULT.threads and not quiet:
        terminal.say(f"note: {threads} threads on {_DEFAULT.threads} cores gain nothing")


@app.command(epilog="Example:  wordkin count corpus.txt --output corpus.counts")
def count(
    corpus: Annotated[list[str], _CORPUS],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file of counts to write.")],
    window: _Window = None,
    min_count: _MinCount = None,
    max_vocab: _MaxVocab = None,
    subsample: _Subsample = None,
    memory: Annotated[
        float | None,
        typer.Option(
            metavar="GB",
            help="Memory for counts; what is more goes to temporary files.",
            show_default="half of what there is",
        ),
    ] = None,
    threads: _Threads = None,
    held_out: _HeldOut = None,
    checkpoint_every: _Every = None,
    resume: _Resume = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Count pairs of words, for `wordkin train --counts`."""
    given: dict[str, Any] = {
        "window": window,
        "min_count": min_count,
        "max_vocab": max_vocab,
        "subsample": subsample,
        "threads": threads,
        "held_out": held_out,
    }
    settings = settings_for(
        engine="exact", **{name: value for name, value in given.items() if value is not None}
    )
    assert isinstance(settings, ExactSettings)
    if memory is not None and not 0 < memory < 1e9:
        raise SettingsError(f"memory must be a number of GB above 0, got {memory}")
    require_output(output, corpus)
    keeping = _keeping(output, checkpoint_every, resume)
    from wordkin.training import count_to_file

    _say_if_too_many(threads, quiet)
    began = time.perf_counter()
    counted = count_to_file(
        corpus,
        output,
        settings,
        memory=None if memory is None else int(memory * 1e9),
        progress=False if quiet else None,
        **keeping,
    )
    seconds = time.perf_counter() - began
    facts, pairs = counted.metadata, counted.counted.pairs
    if not quiet:
        say_read(facts["tokens"], facts["lines"], facts["invalid_utf8"])
        terminal.say(f"kept    {number(len(counted.words), 'different word')}")
        terminal.say(f"counted {number(len(pairs.values), 'different pair')} in {seconds:.1f} s")
        terminal.say(f"saved   {output}, {output.stat().st_size / 1e6:,.0f} MB")
    if json:
        terminal.put_json(
            {
                "output": str(output),
                "vocabulary": len(counted.words),
                "pairs": len(pairs.values),
                "seconds": seconds,
                **facts,
            }
        )


def require_output(path: Path, inputs: Sequence[str]) -> None:
    """Raise now what would keep the result from being saved after hours of work."""
    from wordkin.files import require_writable

    require_other(path, inputs)
    require_writable(path)


def require_other(path: Path, names: Sequence[str]) -> None:
    """Refuse to write a file that is another one of the same run."""
    for name in names:
        if path.exists() and os.path.exists(name) and os.path.samefile(path, name):
            raise SettingsError(f"{path}: the output would replace what is read")


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


@app.command(epilog="Example:  wordkin reproduce model.safetensors --corpus corpus.txt")
def reproduce(
    model: Trained,
    corpus: Annotated[
        list[str],
        typer.Option(
            metavar="FILE", help="The text that it was trained on; once more for each file."
        ),
    ],
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many threads.", show_default="as then")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a model again and compare the two."""
    from wordkin.training import Word2Vec
    from wordkin.training import reproduce as train_again

    again = train_again(
        Word2Vec.load(model), corpus, threads=threads, progress=False if quiet else None
    )
    if json:
        terminal.put_json(
            {
                "equal": again.equal,
                "was": again.was,
                "now": again.now,
                "differences": again.differences,
            }
        )
    elif again.equal:
        terminal.put(f"equal: SHA-256 {again.was}")
    else:
        terminal.put("different: the SHA-256 of what was learned")
        terminal.put(f"  was  {again.was}")
        terminal.put(f"  is   {again.now}")
        for difference in again.differences:
            terminal.put(f"  {difference}")
    if not again.equal:
        raise typer.Exit(1)
