"""The verb that trains a model again, and compares the two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wordkin.cli.app import Json, Quiet, TrainedModel, app
from wordkin.system import terminal


@app.command(epilog="Example:  wordkin reproduce model.safetensors --corpus corpus.txt")
def reproduce(
    model: TrainedModel,
    corpus: Annotated[
        list[str],
        typer.Option(
            metavar="FILE",
            help="The text that the model was trained on; repeat for several files.",
        ),
    ],
    threads: Annotated[
        int | None, typer.Option(min=1, help="Number of threads.", show_default="as for the model")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a model again, and check that it is the same."""
    from wordkin.training.model import Word2Vec
    from wordkin.training.reproducing import reproduce as train_again

    texts = map(Path, corpus)
    again = train_again(
        Word2Vec.load(model), texts, threads=threads, progress=False if quiet else None
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
        terminal.put("different: the SHA-256 of the models")
        terminal.put(f"  was  {again.was}")
        terminal.put(f"  is   {again.now}")
        for difference in again.differences:
            terminal.put(f"  {difference}")
    if not again.equal:
        raise typer.Exit(1)
