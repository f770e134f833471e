"""The verb that trains on the documentation inside Python."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordkin.cli.app import MODEL_SUFFIX, Json, app
from wordkin.cli.ask import scores_as_json
from wordkin.cli.shared_options import require_model_path
from wordkin.system import terminal
from wordkin.system.errors import CorpusError

if TYPE_CHECKING:
    from wordkin.training.model import Word2Vec


@app.command(epilog="Example:  wordkin demo --output demo.safetensors")
def demo(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"Save the model of the exact engine, {MODEL_SUFFIX}.",
            show_default="a temporary folder",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Train on Python's documentation, and show neighbours."""
    if output is not None:
        require_model_path(output)
    from wordkin.corpus import demo as documentation

    terminal.say("reading   the documentation inside this Python: its topics and docstrings")
    text = documentation.sentences()
    if not text:
        raise CorpusError(
            "this Python has no documentation inside: it was installed without its sources"
        )
    terminal.say(f"training  on {sum(map(len, text)):,} words in {len(text):,} paragraphs, twice")
    models = {
        "negative sampling, by the stochastic engine": _train(text, documentation.SETTINGS),
        "the full softmax, by the exact engine": _train(text, documentation.EXACT_SETTINGS),
    }
    saved = output or Path(tempfile.mkdtemp(prefix="wordkin-demo-")) / f"demo{MODEL_SUFFIX}"
    _, exact = models.values()
    exact.save(saved)
    answers = {
        title: {
            word: model.vectors.most_similar(word, topn=5)
            for word in documentation.WORDS
            if word in model.vectors
        }
        for title, model in models.items()
    }
    if json:
        terminal.put_json(
            [
                {
                    "word": word,
                    "objective": model.settings.objective,
                    "neighbours": scores_as_json(near),
                }
                for model, found in zip(models.values(), answers.values(), strict=True)
                for word, near in found.items()
            ]
        )
        return
    terminal.say("")
    for i, (title, found) in enumerate(answers.items()):
        if i:
            terminal.put()
        terminal.put_heading(title)
        columns = [[near for near, _ in answer] for answer in found.values()]
        terminal.put_table(list(found), list(zip(*columns, strict=True)), align="<" * len(found))
    path = shlex.quote(str(saved))
    terminal.say("")
    terminal.say(f"The model of the exact engine is {saved}")
    terminal.say(f"  Ask it:               wordkin neighbours {path} string list")
    terminal.say(f"  Predict with it:      wordkin predict {path} file --topn 5")
    terminal.say(f"  Draw it:              wordkin map {path} --output words.html")
    terminal.say("Train on your own text: wordkin train corpus.txt --output model.safetensors")


def _train(text: list[list[str]], settings: dict[str, Any]) -> Word2Vec:
    """Train a model on the demo text, and report what it took."""
    from wordkin.training.model import Word2Vec

    model = Word2Vec(**settings).fit(text)
    terminal.say(
        f"learned   {len(model.vectors):,} vectors in {model.account.training:.1f} s by the"
        f" {model.settings.engine} engine"
    )
    return model
