"""Verbs that ask a model: neighbours, analogies, probabilities."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from wordkin import terminal
from wordkin.cli.app import MODEL_SUFFIX, Json, Model, TopN, Trained, app, as_in_text
from wordkin.errors import FormatError, SettingsError


@app.command(epilog="Example:  wordkin neighbours model.safetensors seoul --topn 5")
def neighbours(
    model: Model,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD", help="Words; from standard input if none are given."),
    ] = None,
    topn: TopN = 10,
    json: Json = False,
) -> None:
    """Show the words nearest to a word, by cosine."""
    asked = [as_in_text(word) for word in words] if words else _words_from_stdin()
    from wordkin import load

    vectors = load(model)
    for word in asked:
        vectors.index(word)  # of several words, an unknown one is said before the first answer
    answers = ((word, vectors.most_similar(word, topn=topn)) for word in asked)
    if json:
        terminal.put_json([{"word": word, "neighbours": scored(a)} for word, a in answers])
        return
    for i, (word, answer) in enumerate(answers):
        if i:
            terminal.put()
        _put_scored(word, answer)


@app.command(epilog="Example:  wordkin analogy model.safetensors man king woman")
def analogy(
    model: Model,
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    c: Annotated[str, typer.Argument(metavar="C")],
    topn: TopN = 10,
    json: Json = False,
) -> None:
    """Answer what C is to, as A is to B."""
    from wordkin import load

    a, b, c = map(as_in_text, (a, b, c))
    answer = load(model).analogy(a, b, c, topn)
    if json:
        terminal.put_json({"a": a, "b": b, "c": c, "answers": scored(answer)})
    else:
        _put_scored(f"{a} is to {b} as {c} is to", answer)


def _words_from_stdin() -> list[str]:
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError("no word is given: name one, or write words to standard input")
    return [word.decode("utf-8", "surrogateescape") for word in sys.stdin.buffer.read().split()]


def scored(answer: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    """Return words and cosines as plain data."""
    return [{"word": word, "cosine": cosine} for word, cosine in answer]


def _put_scored(heading: str, answer: Sequence[tuple[str, float]]) -> None:
    # The number comes first: it lines up whatever width a terminal gives to a word.
    terminal.put_heading(heading)
    for word, cosine in answer:
        terminal.put(f"  {cosine:7.4f}  {word}")


@app.command(epilog="Example:  wordkin predict model.safetensors seoul --topn 5")
def predict(
    model: Trained,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD", help="Words; from standard input if none are given."),
    ] = None,
    topn: TopN = 10,
    json: Json = False,
) -> None:
    """Show the most probable words around a word."""
    asked = [as_in_text(word) for word in words] if words else _words_from_stdin()
    from wordkin import Word2Vec

    if model.suffix.lower() != MODEL_SUFFIX:
        raise FormatError(f"{model}: probabilities take a {MODEL_SUFFIX} model, not vectors alone")
    trained = Word2Vec.load(model)
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
