"""The command line: one function a verb. Results on standard output, talk on standard error.

Exit codes: 0 done, 1 it could not be done, 2 it was asked for wrongly, 130 interrupted. What is
known to go wrong says so in one line. NumPy and all that needs it is imported inside the verbs, so
that `--help` and a mistyped option answer at once.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, get_args

import typer
from typer.core import TyperGroup

from wordkin import terminal
from wordkin.errors import CorpusError, FormatError, SettingsError, WordkinError
from wordkin.settings import (
    EngineName,
    ExactSettings,
    Objective,
    Precision,
    StochasticSettings,
    settings_for,
)

if TYPE_CHECKING:
    from wordkin.exact import Pass
    from wordkin.stochastic import Epoch
    from wordkin.training import Account, Word2Vec
    from wordkin.vectors import WordVectors

_DEFAULT = StochasticSettings()
_EXACT = ExactSettings()
_MODEL_SUFFIX = ".safetensors"


class _Verbs(TyperGroup):
    """The verbs, and what becomes of their errors."""

    def invoke(self, ctx: Any) -> Any:
        """Run a verb; turn the errors that are known into a line and an exit code."""
        terminal.begin()
        try:
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


# ---- what verbs have in common -------------------------------------------------------------------

_Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
_Model = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="A .safetensors model, or a .bin, .txt or .vec file."),
]
_Trained = Annotated[
    Path, typer.Argument(metavar="MODEL", help=f"A {_MODEL_SUFFIX} model of this program.")
]
_TopN = Annotated[int, typer.Option("--topn", "-n", min=1, help="How many words.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from wordkin import __version__

        typer.echo(f"wordkin {__version__}")
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


# ---- train ---------------------------------------------------------------------------------------


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
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what goes wrong.")]


def _of(engine: str, default: object) -> str:
    return f"{default}; {engine} engine"


@app.command(epilog="Example:  wordkin train corpus.txt --output model.safetensors --dim 300")
def train(
    output: Annotated[
        Path, typer.Option("--output", "-o", help=f"The model file to write, {_MODEL_SUFFIX}.")
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
    ridge: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHT",
            help="Weight of the penalty on long vectors: a number, or auto for the one with the"
            " least loss on lines held out.",
            show_default=_of("exact", "auto"),
        ),
    ] = None,
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
            help="Stop after so many passes at the latest.",
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
    quiet: _Quiet = False,
    json: _Json = False,
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
        "ridge": _ridge(ridge),
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
    if output.suffix != _MODEL_SUFFIX:
        raise FormatError(
            f"{output}: a model's suffix must be {_MODEL_SUFFIX}, got {output.suffix!r}"
        )
    inputs = corpus or [str(counts)]
    _require_output(output, inputs)
    if history is not None:
        _require_other(history, [*inputs, str(output)])
    keeping = _keeping(output, checkpoint_every, resume)
    from wordkin.training import Word2Vec

    _say_if_too_many(threads, quiet)
    model = Word2Vec(**settings)
    options = keeping | {
        "progress": False if quiet else None,
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
    if not quiet:
        _say_summary(model, output, saving)
    if json:
        terminal.put_json(
            {
                "output": str(output),
                "sha256": model.sha256,
                "settings": model.get_params(),
                "vocabulary": len(model.vectors),
                "tokens": _tokens(model),
                "words_per_second": model.account.words_per_second,
                "seconds": _seconds(model) | {"saving": saving},
                "history": _history(model),
            }
        )


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


def _ridge(text: str | None) -> float | None:
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
    quiet: _Quiet = False,
    json: _Json = False,
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
    _require_output(output, corpus)
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
        _say_read(facts["tokens"], facts["lines"], facts["invalid_utf8"])
        terminal.say(f"kept    {_number(len(counted.words), 'different word')}")
        terminal.say(f"counted {_number(len(pairs.values), 'different pair')} in {seconds:.1f} s")
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


def _require_output(path: Path, inputs: Sequence[str]) -> None:
    """Raise now what would keep the result from being saved after hours of work."""
    from wordkin.files import require_writable

    _require_other(path, inputs)
    require_writable(path)


def _require_other(path: Path, names: Sequence[str]) -> None:
    """Refuse to write a file that is another one of the same run."""
    for name in names:
        if path.exists() and os.path.exists(name) and os.path.samefile(path, name):
            raise SettingsError(f"{path}: the output would replace what is read")


def _say_summary(model: Word2Vec, output: Path, saving: float) -> None:
    account = model.account
    _say_read(account.tokens, account.lines, account.invalid_utf8)
    terminal.say(f"kept    {_number(len(model.vectors), 'different word')}")
    terminal.say(f"loss    {_losses(model)}")
    terminal.say(
        f"speed   {account.words_per_second:,.0f} words/s:{_counting(account, ' s')}"
        f" {account.training:.1f} s of"
        f" training, {account.reading:.1f} s of reading, {saving:.1f} s of saving"
    )
    terminal.say(f"saved   {output}")


def _counting(account: Account, unit: str = "") -> str:
    return f" {account.counting:.1f}{unit} of counting," if account.counting else ""


def _losses(model: Word2Vec) -> str:
    from wordkin.stochastic import Epoch

    history = model.history
    last = history[-1]
    losses = f"{last.loss:.4f} a pair"
    if isinstance(last, Epoch) and len(history) > 1:
        losses = f"{history[0].loss:.4f} → {losses}"
    if last.held_out is not None:
        losses += f", {last.held_out:.4f} on unseen lines"
    if model.settings.objective == "naive-softmax":
        losses += f"; perplexity {_perplexities(last)}"
    if isinstance(last, Epoch):
        return f"{losses}; {_number(len(history), 'epoch')}"
    passes = "1 pass" if len(history) == 1 else f"{len(history)} passes"
    return f"{losses}; {passes}, ridge {last.ridge:g}"


def _perplexities(done: Epoch | Pass) -> str:
    from wordkin.exact import perplexity

    losses = [done.loss] if done.held_out is None else [done.loss, done.held_out]
    numbers = (perplexity(loss) for loss in losses)
    return " / ".join(f"{number:,.{1 if number < 1000 else 0}f}" for number in numbers)


def _say_read(tokens: int, lines: int, invalid_utf8: int) -> None:
    terminal.say(f"read    {tokens:,} words in {_number(lines, 'line')}")
    if invalid_utf8:
        terminal.say(f"        {invalid_utf8:,} words are not UTF-8: kept as they are")


def _tokens(model: Word2Vec) -> dict[str, int]:
    """Where every token went: `read` for one pass, the three that follow over all passes."""
    account = model.account
    return {
        "read": account.tokens,
        "lines": account.lines,
        "invalid_utf8": account.invalid_utf8,
        "passes": len(model.history) if model.settings.engine == "stochastic" else 1,
        "trained": account.trained,
        "subsampled": account.subsampled,
        "out_of_vocabulary": account.out_of_vocabulary,
        "held_out": account.held_out,
    }


def _seconds(model: Word2Vec) -> dict[str, float]:
    account = model.account
    counting = {"counting": account.counting} if account.counting else {}
    return {"reading": account.reading, **counting, "training": account.training}


def _history(model: Word2Vec) -> list[dict[str, Any]]:
    from dataclasses import asdict

    return [asdict(done) for done in model.history]


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# ---- neighbours and analogy ----------------------------------------------------------------------


@app.command(epilog="Example:  wordkin neighbours model.safetensors seoul --topn 5")
def neighbours(
    model: _Model,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD", help="Words; from standard input if none are given."),
    ] = None,
    topn: _TopN = 10,
    json: _Json = False,
) -> None:
    """Show the words nearest to a word, by cosine."""
    asked = [_as_in_text(word) for word in words] if words else _words_from_stdin()
    from wordkin import load_vectors

    vectors = load_vectors(model)
    for word in asked:
        vectors.index(word)  # of several words, an unknown one is said before the first answer
    answers = ((word, vectors.most_similar(word, topn=topn)) for word in asked)
    if json:
        terminal.put_json([{"word": word, "neighbours": _scored(a)} for word, a in answers])
        return
    for i, (word, answer) in enumerate(answers):
        if i:
            terminal.put()
        _put_scored(word, answer)


@app.command(epilog="Example:  wordkin analogy model.safetensors man king woman")
def analogy(
    model: _Model,
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    c: Annotated[str, typer.Argument(metavar="C")],
    topn: _TopN = 10,
    json: _Json = False,
) -> None:
    """Answer what C is to, as A is to B."""
    from wordkin import load_vectors

    a, b, c = map(_as_in_text, (a, b, c))
    answer = load_vectors(model).analogy(a, b, c, topn)
    if json:
        terminal.put_json({"a": a, "b": b, "c": c, "answers": _scored(answer)})
    else:
        _put_scored(f"{a} is to {b} as {c} is to", answer)


def _as_in_text(argument: str) -> str:
    """Return a word from the shell with its bytes decoded as those of a text are."""
    return os.fsencode(argument).decode("utf-8", "surrogateescape")


def _words_from_stdin() -> list[str]:
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError("no word is given: name one, or write words to standard input")
    return [word.decode("utf-8", "surrogateescape") for word in sys.stdin.buffer.read().split()]


def _scored(answer: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"word": word, "cosine": cosine} for word, cosine in answer]


def _put_scored(heading: str, answer: Sequence[tuple[str, float]]) -> None:
    # The number comes first: it lines up whatever width a terminal gives to a word.
    terminal.put_heading(heading)
    for word, cosine in answer:
        terminal.put(f"  {cosine:7.4f}  {word}")


@app.command(epilog="Example:  wordkin predict model.safetensors seoul --topn 5")
def predict(
    model: _Trained,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD", help="Words; from standard input if none are given."),
    ] = None,
    topn: _TopN = 10,
    json: _Json = False,
) -> None:
    """Show the most probable words around a word."""
    asked = [_as_in_text(word) for word in words] if words else _words_from_stdin()
    from wordkin import load

    if model.suffix.lower() != _MODEL_SUFFIX:
        raise FormatError(f"{model}: probabilities take a {_MODEL_SUFFIX} model, not vectors alone")
    trained = load(model)
    for word in asked:
        trained.center.index(word)
    answers = ((word, trained.predict(word, topn)) for word in asked)
    if json:
        terminal.put_json(
            [
                {
                    "word": word,
                    "outside": [{"word": o, "probability": p} for o, p in answer],
                }
                for word, answer in answers
            ]
        )
        return
    for i, (word, answer) in enumerate(answers):
        if i:
            terminal.put()
        _put_scored(word, answer)


# ---- info and export -----------------------------------------------------------------------------


@app.command(epilog="Example:  wordkin info model.safetensors")
def info(model: _Model, json: _Json = False) -> None:
    """Show settings, vocabulary, tokens and losses."""
    from dataclasses import asdict

    from wordkin import load, load_vectors

    if model.suffix.lower() != _MODEL_SUFFIX:
        vectors = load_vectors(model)
        if json:
            terminal.put_json({"model": str(model), "vocabulary": len(vectors), "dim": vectors.dim})
        else:
            _put_vectors(model, vectors)
        return
    trained = load(model)
    if json:
        terminal.put_json(
            {
                "model": str(model),
                "vocabulary": len(trained.vectors),
                "dim": trained.vectors.dim,
                "settings": trained.get_params(),
                "tokens": _tokens(trained),
                "words_per_second": trained.account.words_per_second,
                "seconds": _seconds(trained),
                "history": _history(trained),
                **asdict(trained.origin),
                "corpus": trained.corpus and asdict(trained.corpus),
                "sha256": trained.sha256,
            }
        )
    else:
        _put_model(model, trained)


def _put_vectors(path: Path, vectors: WordVectors) -> None:
    first = "  ".join(w if len(w) <= 16 else f"{w[:15]}…" for w in vectors.words[:8])
    terminal.put_heading(str(path))
    terminal.put(f"  vectors      {_number(len(vectors), 'word')} of {vectors.dim} dimensions")
    terminal.put(f"  first words  {first}")


def _put_model(path: Path, model: Word2Vec) -> None:
    account, origin = model.account, model.origin
    _put_vectors(path, model.vectors)
    numpy = f", NumPy {origin.numpy}" if origin.numpy else ""
    terminal.put(f"  trained by   wordkin {origin.wordkin}, {origin.instruction_set}{numpy}")
    if text := model.corpus:
        terminal.put(f"  trained on   {text.bytes:,} bytes with the SHA-256")
        terminal.put(f"               {text.sha256}")
    terminal.put("  learned      words, counts and vectors with the SHA-256")
    terminal.put(f"               {model.sha256}")
    terminal.put(
        f"  seconds      {account.reading:.1f} of reading,{_counting(account)}"
        f" {account.training:.1f} of training"
    )
    terminal.put(f"  words/s      {account.words_per_second:,.0f}")
    terminal.put()
    terminal.put_heading("settings")
    for name, value in model.get_params().items():
        shown = value
        if value is None:
            shown = {"max_vocab": "all", "patience": "endless"}.get(name, "")
            shown = shown or f"auto: {_ridge_of(model):g}"
        terminal.put(f"  {name:<14} {shown}")
    terminal.put()
    terminal.put_heading("tokens")
    places = len(f"{account.read:,}")
    read = f"read: {account.tokens:,} in {_number(account.lines, 'line')}"
    if model.settings.engine == "stochastic":
        read += f", {_number(len(model.history), 'epoch')}"
    for sign, count, what in (
        (" ", account.read, read),
        ("=", account.trained, "trained on"),
        ("+", account.subsampled, "subsampled away"),
        ("+", account.out_of_vocabulary, "out of vocabulary"),
        ("+", account.held_out, "held out"),
    ):
        terminal.put(f"  {sign} {count:>{places},}  {what}")
    if account.invalid_utf8:
        terminal.put(f"  {account.invalid_utf8:,} words of the text are not UTF-8")
    terminal.put()
    terminal.put_table(*_history_table(model))


def _ridge_of(model: Word2Vec) -> float:
    from wordkin.exact import Pass

    last = model.history[-1]
    return last.ridge if isinstance(last, Pass) else 0.0


def _history_table(model: Word2Vec) -> tuple[list[str], list[list[str]], str]:
    from wordkin.stochastic import Epoch

    rows = []
    history: Sequence[Epoch | Pass] = model.history
    any_held_out = any(done.held_out is not None for done in history)
    for i, done in enumerate(history, 1):
        losses = [f"{done.loss:.6f}"]
        if any_held_out:
            losses.append("" if done.held_out is None else f"{done.held_out:.6f}")
        if model.settings.objective == "naive-softmax":
            losses.append(_perplexities(done))
        if isinstance(done, Epoch):
            numbers = [f"{done.pairs:,.0f}", f"{done.trained:,}", f"{done.subsampled:,}"]
        else:
            numbers = [f"{done.penalty:.6f}", f"{done.gradient:.1e}", f"{done.words:,}"]
        rows.append([f"{i}", *losses, *numbers, f"{done.seconds:.2f}"])
    losses = ["loss", "held out"] if any_held_out else ["loss"]
    if model.settings.objective == "naive-softmax":
        losses.append("perplexity")
    if model.settings.engine == "stochastic":
        names = ["epoch", *losses, "pairs", "trained", "subsampled", "seconds"]
    else:
        names = ["pass", *losses, "penalty", "gradient", "words", "seconds"]
    return names, rows, ">" * len(names)


# ---- reproduce -----------------------------------------------------------------------------------


@app.command(epilog="Example:  wordkin reproduce model.safetensors --corpus corpus.txt")
def reproduce(
    model: _Trained,
    corpus: Annotated[
        list[str],
        typer.Option(
            metavar="FILE", help="The text that it was trained on; once more for each file."
        ),
    ],
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many threads.", show_default="as then")
    ] = None,
    quiet: _Quiet = False,
    json: _Json = False,
) -> None:
    """Train a model again, and say whether it comes out the same."""
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


@app.command(epilog="Example:  wordkin export model.safetensors vectors.bin")
def export(
    model: _Model,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="To write: .bin (word2vec's binary format), .txt or .vec (its text format).",
        ),
    ],
) -> None:
    """Write the vectors for other programs."""
    from wordkin import load_vectors
    from wordkin.files import require_writable
    from wordkin.formats import export as write

    require_writable(file)
    vectors = load_vectors(model)
    write(file, vectors.words, vectors.matrix)
    terminal.say(f"saved {_number(len(vectors), 'vector')} of {vectors.dim} dimensions: {file}")


# ---- check-gradients and demo --------------------------------------------------------------------


@app.command(epilog="Example:  wordkin check-gradients --seed 7")
def check_gradients(
    seed: Annotated[int, typer.Option(min=0, help="Of the random problems.")] = 0,
    json: _Json = False,
) -> None:
    """Check every gradient numerically, in two ways."""
    from dataclasses import asdict

    from wordkin import gradients

    checks = gradients.check_gradients(seed=seed)
    if json:
        terminal.put_json(
            {
                "tolerance": gradients.TOLERANCE,
                "passed": all(check.passed for check in checks),
                "checks": [asdict(check) | {"passed": check.passed} for check in checks],
            }
        )
    else:
        terminal.put_table(
            ["part", "equation", "by", "central", "complex step", ""],
            [
                [
                    check.part,
                    check.name,
                    check.with_respect_to,
                    f"{check.central_difference:.1e}",
                    f"{check.complex_step:.1e}",
                    "" if check.passed else "WRONG",
                ]
                for check in checks
            ],
            align="<<<>><",
        )
    wrong = sum(not check.passed for check in checks)
    if wrong:
        raise WordkinError(
            f"{wrong} of {len(checks)} gradients are off by {gradients.TOLERANCE:g} or more"
        )
    terminal.say(f"all {len(checks)} gradients are within {gradients.TOLERANCE:g}, relatively")


@app.command(epilog="Example:  wordkin demo")
def demo(json: _Json = False) -> None:
    """Learn word vectors of this Python's own documentation."""
    from wordkin import demo as documentation
    from wordkin.training import Word2Vec

    terminal.say("reading   the documentation inside this Python: its topics and docstrings")
    text = documentation.sentences()
    if not text:
        raise CorpusError("this Python has no documentation inside: its sources were left out")
    terminal.say(f"training  on {sum(map(len, text)):,} words in {len(text):,} paragraphs")
    model = Word2Vec(**documentation.SETTINGS).fit(text)
    account, vectors = model.account, model.vectors
    terminal.say(
        f"learned   {len(vectors):,} vectors in {account.training:.1f} s on one thread"
        f" ({account.words_per_second:,.0f} words/s)"
    )
    answers = {
        word: vectors.most_similar(word, topn=5) for word in documentation.WORDS if word in vectors
    }
    if json:
        terminal.put_json([{"word": word, "neighbours": _scored(a)} for word, a in answers.items()])
        return
    terminal.say("")
    columns = [[near for near, _ in answer] for answer in answers.values()]
    terminal.put_table(list(answers), list(zip(*columns, strict=True)), align="<" * len(answers))
    terminal.say("")
    terminal.say("With text of your own:  wordkin train corpus.txt --output model.safetensors")
    terminal.say("and then:               wordkin neighbours model.safetensors WORD")
