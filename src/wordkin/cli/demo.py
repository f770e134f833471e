"""The verb that trains on the documentation inside Python."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from wordkin.cli.app import MODEL_SUFFIX, Json, app
from wordkin.cli.ask import scores_as_json
from wordkin.cli.shared_options import require_model_path
from wordkin.system import terminal
from wordkin.system.errors import CorpusError


@app.command(epilog="Example:  wordkin demo")
def demo(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=f"Save the model, {MODEL_SUFFIX}."),
    ] = None,
    json: Json = False,
) -> None:
    """Train on Python's documentation, and show neighbours."""
    if output is not None:
        require_model_path(output)
    from wordkin.corpus import demo as documentation
    from wordkin.training.model import Word2Vec

    terminal.say("reading   the documentation inside this Python: its topics and docstrings")
    text = documentation.sentences()
    if not text:
        raise CorpusError(
            "this Python has no documentation inside: it was installed without its sources"
        )
    terminal.say(f"training  on {sum(map(len, text)):,} words in {len(text):,} paragraphs")
    model = Word2Vec(**documentation.SETTINGS).fit(text)
    statistics, vectors = model.account, model.vectors
    terminal.say(
        f"learned   {len(vectors):,} vectors in {statistics.training:.1f} s on one thread"
        f" ({statistics.words_per_second:,.0f} words/s)"
    )
    if output is not None:
        model.save(output)
    answers = {
        word: vectors.most_similar(word, topn=5) for word in documentation.WORDS if word in vectors
    }
    if json:
        terminal.put_json(
            [{"word": word, "neighbours": scores_as_json(a)} for word, a in answers.items()]
        )
        return
    terminal.say("")
    columns = [[near for near, _ in answer] for answer in answers.values()]
    terminal.put_table(list(answers), list(zip(*columns, strict=True)), align="<" * len(answers))
    terminal.say("")
    if output is not None:
        terminal.say(f"Ask the model:          wordkin neighbours {shlex.quote(str(output))} WORD")
    terminal.say("Train on your own text: wordkin train corpus.txt --output model.safetensors")
