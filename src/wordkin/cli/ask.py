"""Verbs that ask a model: neighbours, analogies, distances, probabilities."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordkin.cli.app import MODEL_SUFFIX, Json, Model, TopN, Trained, app, as_in_text, number
from wordkin.system import terminal
from wordkin.system.errors import FormatError, SettingsError

if TYPE_CHECKING:
    from wordkin.vectors.words import WordVectors


Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="WORD", help="Words; from standard input if none are given."),
]

Groups = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="WORD", help="At least 3 words; from standard input, as many questions as lines."
    ),
]

Within = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Answer only with so many words, the first, which usually are the most frequent.",
    ),
]


class Method(str, Enum):
    """How an analogy is answered."""

    add = "add"
    mul = "mul"


def _words_of_a_line(metavar: str) -> Any:
    return typer.Argument(
        metavar=metavar, help="Words; from standard input, as many questions as lines."
    )


# ---- neighbours ----------------------------------------------------------------------------------


@app.command(epilog="Example:  wordkin neighbours model.safetensors seoul --topn 5")
def neighbours(
    model: Model,
    words: Words = None,
    topn: TopN = 10,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="Far from this word, too; may be given several times."),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="Near to the mean of all words, not to each.")
    ] = False,
    within: Within = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Pass over words without a vector.")
    ] = False,
    json: Json = False,
) -> None:
    """Show the words nearest to a word, by cosine."""
    asked = _words(words)
    unwanted = [as_in_text(word) for word in without or []]
    if together and not asked:
        raise SettingsError("--together needs at least 1 word, got 0")
    from wordkin.vectors.loading import load

    vectors = load(model)
    if skip_unknown:
        asked = _known(vectors, asked)
    if together or unwanted:
        questions = [asked] if together else [[word] for word in asked]
        answers = [vectors.most_similar(q, unwanted, topn, within=within) for q in questions]
    else:
        answers = vectors.most_similar_batch(asked, topn, within=within)
    if json:
        heads: list[dict[str, Any]] = (
            [{"words": asked}] if together else [{"word": word} for word in asked]
        )
        far = {"without": unwanted} if unwanted else {}
        terminal.put_json(
            [h | far | {"neighbours": scored(a)} for h, a in zip(heads, answers, strict=True)]
        )
        return
    headings = [" + ".join(asked)] if together else asked
    minus = "".join(f" - {word}" for word in unwanted)
    _put_tables((h + minus, answer) for h, answer in zip(headings, answers, strict=True))


def _known(vectors: WordVectors, words: list[str]) -> list[str]:
    """Return the words that have a vector, and say how many have none."""
    from wordkin.vectors.subwords import SubwordVectors

    if isinstance(vectors, SubwordVectors):
        return words
    unknown = [word for word in words if word not in vectors]
    if unknown:
        terminal.say(
            f"note: {number(len(unknown), 'word')} passed over, without a vector:"
            f" {', '.join(map(repr, unknown[:3]))}{', …' * (len(unknown) > 3)}"
        )
    return [word for word in words if word in vectors]


# ---- analogies, pairs and groups -----------------------------------------------------------------


@app.command(epilog="Example:  wordkin analogy model.safetensors man king woman")
def analogy(
    model: Model,
    words: Annotated[list[str] | None, _words_of_a_line("A B C")] = None,
    topn: TopN = 10,
    method: Annotated[
        Method,
        typer.Option(
            help="add: nearest to B - A + C; mul: by the product of their cosines, 3CosMul."
        ),
    ] = Method.add,
    within: Within = None,
    json: Json = False,
) -> None:
    """Answer what C is to, as A is to B."""
    questions = _questions(words, 3)
    from wordkin.vectors.loading import load

    vectors = load(model)
    answers = [vectors.analogy(a, b, c, topn, method.value, within=within) for a, b, c in questions]
    if json:
        name = "cosine" if method is Method.add else "score"
        _put_reports(
            words,
            [
                {"a": a, "b": b, "c": c, "answers": scored(answer, name)}
                for (a, b, c), answer in zip(questions, answers, strict=True)
            ],
        )
        return
    _put_tables(
        (f"{a} is to {b} as {c} is to", answer)
        for (a, b, c), answer in zip(questions, answers, strict=True)
    )


@app.command(epilog="Example:  wordkin similarity model.safetensors seoul tokyo")
def similarity(
    model: Model,
    words: Annotated[list[str] | None, _words_of_a_line("WORD WORD")] = None,
    json: Json = False,
) -> None:
    """Show the cosine of two words."""
    pairs = _questions(words, 2)
    from wordkin.vectors.loading import load

    vectors = load(model)
    cosines = [vectors.similarity(a, b) for a, b in pairs]
    if json:
        reports = zip(pairs, cosines, strict=True)
        _put_reports(words, [{"a": a, "b": b, "cosine": cosine} for (a, b), cosine in reports])
        return
    for (a, b), cosine in zip(pairs, cosines, strict=True):
        terminal.put(f"{cosine:7.4f}  {a}  {b}")


@app.command(epilog="Example:  wordkin rank model.safetensors seoul tokyo")
def rank(
    model: Model,
    words: Annotated[list[str] | None, _words_of_a_line("WORD OTHER")] = None,
    json: Json = False,
) -> None:
    """Show the place of OTHER among WORD's neighbours."""
    pairs = _questions(words, 2)
    from wordkin.vectors.loading import load

    vectors = load(model)
    places = [vectors.rank(word, other) for word, other in pairs]
    if json:
        _put_reports(
            words,
            [
                {"word": word, "other": other, "rank": place}
                for (word, other), place in zip(pairs, places, strict=True)
            ],
        )
        return
    width = max((len(f"{place:,}") for place in places), default=0)
    for (word, other), place in zip(pairs, places, strict=True):
        terminal.put(f"{place:{width},}  {word}  {other}")


@app.command(epilog="Example:  wordkin odd model.safetensors breakfast lunch engine dinner")
def odd(model: Model, words: Groups = None, json: Json = False) -> None:
    """Show which of some words does not match the others."""
    groups = _questions(words, None)
    from wordkin.vectors.loading import load

    vectors = load(model)
    found = [vectors.doesnt_match(group) for group in groups]
    if json:
        reports = zip(groups, found, strict=True)
        _put_reports(words, [{"words": group, "odd": word} for group, word in reports])
        return
    for word in found:
        terminal.put(word)


@app.command(epilog="Example:  wordkin distances model.safetensors seoul tokyo paris")
def distances(model: Model, words: Words = None, json: Json = False) -> None:
    """Show 1 - cosine for all pairs of some words."""
    asked = _words(words)
    from wordkin.vectors.loading import load

    far = load(model).distances(asked).tolist()
    if json:
        terminal.put_json({"words": asked, "distances": far})
        return
    # Columns have numbers, not words: these stand at the end, whatever width a terminal gives them.
    places = [str(i) for i in range(1, len(asked) + 1)]
    rows = [
        [*(f"{x:.4f}" for x in row), place, word]
        for row, place, word in zip(far, places, asked, strict=True)
    ]
    terminal.put_table([*places, "", ""], rows, ">" * (len(asked) + 1) + "<")


# ---- predict -------------------------------------------------------------------------------------


@app.command(epilog="Example:  wordkin predict model.safetensors seoul --topn 5")
def predict(model: Trained, words: Words = None, topn: TopN = 10, json: Json = False) -> None:
    """Show the most probable words around a word."""
    asked = _words(words)
    from wordkin.training.model import Word2Vec

    if model.suffix.lower() != MODEL_SUFFIX:
        raise FormatError(f"{model}: probabilities take a {MODEL_SUFFIX} model, not vectors alone")
    trained = Word2Vec.load(model)
    for word in asked:  # an unknown one is said before the first answer
        trained.center.index(word)
    answers = ((word, trained.predict(word, topn)) for word in asked)
    if json:
        terminal.put_json(
            [{"word": word, "outside": scored(a, "probability")} for word, a in answers]
        )
        return
    _put_tables(answers)


# ---- words in, answers out -----------------------------------------------------------------------


def scored(answer: Iterable[tuple[str, float]], name: str = "cosine") -> list[dict[str, Any]]:
    """Return words and their scores, under that name, as plain data."""
    return [{"word": word, name: score} for word, score in answer]


def _words(arguments: Sequence[str] | None) -> list[str]:
    """Return the words given, or those on standard input."""
    if arguments:
        return [as_in_text(word) for word in arguments]
    return [word for line in _lines_of_stdin() for word in line]


def _questions(arguments: Sequence[str] | None, size: int | None) -> list[list[str]]:
    """Return the words given as one question, or a question for each line of standard input."""
    if arguments:
        if size is not None and len(arguments) != size:
            raise typer.BadParameter(f"{size} words are needed, got {len(arguments)}")
        return [[as_in_text(word) for word in arguments]]
    questions = _lines_of_stdin()
    for line, words in enumerate(questions, 1):
        if words and size is not None and len(words) != size:
            raise SettingsError(f"line {line} must have {size} words, got {len(words)}")
    return [words for words in questions if words]


def _lines_of_stdin() -> list[list[str]]:
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError("no word is given: name one, or write words to standard input")
    lines = sys.stdin.buffer.read().split(b"\n")
    return [[word.decode("utf-8", "surrogateescape") for word in line.split()] for line in lines]


def _put_reports(arguments: Sequence[str] | None, reports: list[dict[str, Any]]) -> None:
    """Write one object for the question that was given, a list of them for those that were read."""
    terminal.put_json(reports[0] if arguments else reports)


def _put_tables(answers: Iterable[tuple[str, Iterable[tuple[str, float]]]]) -> None:
    for i, (heading, answer) in enumerate(answers):
        if i:
            terminal.put()
        # The number comes first: it lines up whatever width a terminal gives to a word.
        terminal.put_heading(heading)
        for word, score in answer:
            terminal.put(f"  {score:7.4f}  {word}")
