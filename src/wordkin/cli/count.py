"""Verbs beside training: count a text, and train a model again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from wordkin.cli.app import Json, Quiet, Trained, app, number
from wordkin.cli.options import (
    CORPUS,
    Checkpointing,
    Given,
    Group,
    checkpoint_options,
    grouped,
    require_output,
    say_if_too_many_threads,
)
from wordkin.cli.report import say_read
from wordkin.engines.settings import COUNTED, ExactSettings, settings_for
from wordkin.system import terminal
from wordkin.system.errors import SettingsError


@app.command(epilog="Example:  wordkin count corpus.txt --output corpus.counts")
@grouped
def count(
    corpus: Annotated[list[str], CORPUS],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file of counts to write.")],
    settings: Annotated[Given, Group((*COUNTED, "threads"))],
    checkpointing: Checkpointing,
    memory: Annotated[
        float | None,
        typer.Option(
            metavar="GB",
            help="Memory for counts; what is more goes to temporary files.",
            show_default="half of what there is",
        ),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Count pairs of words, for `wordkin train --counts`."""
    chosen = settings_for(engine="exact", **settings)
    assert isinstance(chosen, ExactSettings)
    if memory is not None and not 0 < memory < 1e9:
        raise SettingsError(f"memory must be a number of GB above 0, got {memory}")
    require_output(output, corpus)
    kept: Any = checkpoint_options(output, checkpointing)
    from wordkin.training.counting_run import count_to_file

    say_if_too_many_threads(settings, quiet)
    began = time.perf_counter()
    counted = count_to_file(
        corpus,
        output,
        chosen,
        memory=None if memory is None else int(memory * 1e9),
        progress=False if quiet else None,
        **kept,
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
    from wordkin.training.model import Word2Vec
    from wordkin.training.reproducing import reproduce as train_again

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
