"""The verb that shows what is in a model, or in any file of vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordkin.cli.app import Json, Model, app
from wordkin.cli.shared_options import Loading, with_option_groups
from wordkin.cli.training_report import (
    finite,
    format_counting_time,
    format_subsampling,
    history_as_json,
    history_table,
    seconds_as_json,
    tokens_as_json,
)
from wordkin.engines import ENGINES
from wordkin.system import terminal
from wordkin.system.wording import quantity

if TYPE_CHECKING:
    import numpy.typing as npt

    from wordkin.training.model import Word2Vec
    from wordkin.vectors.words import WordVectors


@app.command(epilog="Example:  wordkin info model.safetensors")
@with_option_groups
def info(model: Model, loading: Loading = Loading(), json: Json = False) -> None:
    """Show the content of a model, or of any file of vectors."""
    from dataclasses import asdict, replace

    from wordkin.training.model import Word2Vec
    from wordkin.vectors import formats
    from wordkin.vectors.formats.model import is_model

    format = loading.source_format or formats.sniff(model, loading.encoding)
    if loading.limit or format != "safetensors" or not is_model(model):
        vectors = replace(loading, source_format=format).load(model)
        if json:
            terminal.put_json(_as_json(model, format, vectors))
        else:
            _put_vectors(model, format, vectors)
        return
    trained = Word2Vec.load(model)
    if json:
        terminal.put_json(
            {
                **_as_json(model, format, trained.vectors),
                "settings": trained.get_params(),
                "tokens": tokens_as_json(trained),
                "words_per_second": finite(trained.account.words_per_second),
                "seconds": seconds_as_json(trained),
                "history": history_as_json(trained),
                **asdict(trained.origin),
                "corpus": trained.corpus and asdict(trained.corpus),
                "sha256": trained.sha256,
            }
        )
    else:
        _put_vectors(model, format, trained.vectors)
        _put_model(trained)


def _range(numbers: npt.NDArray[Any]) -> dict[str, Any] | None:
    """Return the least and the greatest number; None if there are none."""
    return (
        {"least": numbers.min().item(), "greatest": numbers.max().item()} if len(numbers) else None
    )


def _as_json(path: Path, format: str, vectors: WordVectors) -> dict[str, Any]:
    """Return the facts about any file of vectors as plain data."""
    counts = vectors.counts
    return {
        "model": str(path),
        "format": format,
        "vocabulary": len(vectors),
        "dim": vectors.dim,
        "first_words": vectors.words[:8],
        "lengths": _range(vectors.lengths),
        "counts": None if counts is None else _range(counts),
        "counted": None if counts is None else int(counts.sum()),
        **_ngrams_of(vectors),
    }


def _ngrams_of(vectors: WordVectors) -> dict[str, Any]:
    """Return how many n-grams have a row of their own, and their lengths; nothing without them."""
    from wordkin.vectors.ngram_sums import NgramSums
    from wordkin.vectors.subwords import SubwordVectors

    if not isinstance(vectors, SubwordVectors) or not isinstance(vectors.subwords, NgramSums):
        return {}
    table = vectors.subwords.table
    return {"ngrams": len(table.rows), "ngram_lengths": [table.shortest, table.longest]}


def _put_vectors(path: Path, format: str, vectors: WordVectors) -> None:
    facts = _as_json(path, format, vectors)
    first = "  ".join(w if len(w) <= 16 else f"{w[:15]}…" for w in facts["first_words"])
    terminal.put_heading(str(path))
    terminal.put(f"  format       {format}")
    terminal.put(f"  vectors      {quantity(len(vectors), 'word')} of {vectors.dim} dimensions")
    terminal.put(f"  first words  {first}")
    if lengths := facts["lengths"]:
        terminal.put(f"  lengths      {lengths['least']:.4g} to {lengths['greatest']:.4g}")
    if counts := facts["counts"]:
        terminal.put(
            f"  counts       {counts['least']:,} to {counts['greatest']:,};"
            f" {facts['counted']:,} in all"
        )
    if ngrams := facts.get("ngrams"):
        least, most = facts["ngram_lengths"]
        terminal.put(f"  subwords     {quantity(ngrams, 'n-gram')} of {least} to {most} characters")


def _put_model(model: Word2Vec) -> None:
    statistics, origin = model.account, model.origin
    numpy = f", NumPy {origin.numpy}" if origin.numpy else ""
    terminal.put(f"  trained by   wordkin {origin.wordkin}, {origin.instruction_set}{numpy}")
    if text := model.corpus:
        terminal.put(f"  trained on   {text.bytes:,} bytes with the SHA-256")
        terminal.put(f"               {text.sha256}")
    terminal.put("  learned      words, counts and vectors with the SHA-256")
    terminal.put(f"               {model.sha256}")
    terminal.put(
        f"  seconds      {statistics.reading:.1f} of reading,{format_counting_time(statistics)}"
        f" {statistics.training:.1f} of training"
    )
    speed = statistics.words_per_second
    terminal.put(f"  words/s      {'too short to measure' if speed != speed else f'{speed:,.0f}'}")
    terminal.put()
    terminal.put_heading("settings")
    for name, value in model.get_params().items():
        shown = value
        if value is None:
            shown = {"max_vocab": "no limit", "patience": "never"}.get(name, "")
            shown = shown or f"auto: {_ridge_of(model):g}"
        terminal.put(f"  {name:<14} {shown}")
    terminal.put()
    terminal.put_heading("tokens")
    places = len(f"{statistics.read:,}")
    read = f"read: {statistics.tokens:,} in {quantity(statistics.lines, 'line')}"
    engine = ENGINES[model.settings.engine]
    if engine.rereads:
        read += f", {len(model.history):,} {engine.units(len(model.history))}"
    for sign, count, what in (
        (" ", statistics.read, read),
        ("=", statistics.trained, "trained on"),
        ("+", statistics.subsampled, "subsampled away"),
        ("+", statistics.out_of_vocabulary, "out of vocabulary"),
        ("+", statistics.held_out, "held out"),
    ):
        terminal.put(f"  {sign} {count:>{places},}  {what}")
    dropped = format_subsampling(statistics.subsample, statistics.dropped, auto=False)
    terminal.put(f"  dropped {dropped}")
    if statistics.invalid_utf8:
        terminal.put(f"  {statistics.invalid_utf8:,} words of the text are not UTF-8")
    if statistics.only_held_out:
        terminal.put(
            f"  {quantity(statistics.only_held_out, 'different word')} in held-out lines alone:"
            " not trained"
        )
    terminal.put()
    terminal.put_table(*history_table(model))


def _ridge_of(model: Word2Vec) -> float:
    from wordkin.engines.outcome import Pass

    last = model.history[-1]
    return last.ridge if isinstance(last, Pass) else 0.0
