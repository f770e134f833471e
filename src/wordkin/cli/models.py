"""Verbs about files of vectors: what is in them, and other formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordkin import terminal
from wordkin.cli.accounts import counting_of, history_of, history_table, seconds_of, tokens_of
from wordkin.cli.app import MODEL_SUFFIX, Json, Model, app, number

if TYPE_CHECKING:
    from wordkin.training import Word2Vec
    from wordkin.vectors import WordVectors


@app.command(epilog="Example:  wordkin info model.safetensors")
def info(model: Model, json: Json = False) -> None:
    """Show settings, vocabulary, tokens and losses."""
    from dataclasses import asdict

    from wordkin import Word2Vec, load

    if model.suffix.lower() != MODEL_SUFFIX:
        vectors = load(model)
        if json:
            terminal.put_json({"model": str(model), "vocabulary": len(vectors), "dim": vectors.dim})
        else:
            _put_vectors(model, vectors)
        return
    trained = Word2Vec.load(model)
    if json:
        terminal.put_json(
            {
                "model": str(model),
                "vocabulary": len(trained.vectors),
                "dim": trained.vectors.dim,
                "settings": trained.get_params(),
                "tokens": tokens_of(trained),
                "words_per_second": trained.account.words_per_second,
                "seconds": seconds_of(trained),
                "history": history_of(trained),
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
    terminal.put(f"  vectors      {number(len(vectors), 'word')} of {vectors.dim} dimensions")
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
        f"  seconds      {account.reading:.1f} of reading,{counting_of(account)}"
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
    read = f"read: {account.tokens:,} in {number(account.lines, 'line')}"
    if model.settings.engine == "stochastic":
        read += f", {number(len(model.history), 'epoch')}"
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
    terminal.put_table(*history_table(model))


def _ridge_of(model: Word2Vec) -> float:
    from wordkin.exact import Pass

    last = model.history[-1]
    return last.ridge if isinstance(last, Pass) else 0.0


@app.command(epilog="Example:  wordkin convert glove.6B.100d.txt glove.safetensors")
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The vectors to read.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write; its suffix is its format.")
    ],
    source_format: Annotated[
        str | None,
        typer.Option("--from", metavar="FORMAT", help="Of IN.", show_default="by what is in it"),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help="Of OUT.", show_default="by its suffix"),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Only so many words, the first.", show_default="all"),
    ] = None,
) -> None:
    """Write vectors in another format."""
    from wordkin import load, save
    from wordkin.files import require_writable

    require_writable(target)
    vectors = load(source, format=source_format, limit=limit)
    save(target, vectors, format=format)
    terminal.say(f"saved {number(len(vectors), 'vector')} of {vectors.dim} dimensions: {target}")
