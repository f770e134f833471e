"""Verbs that query a model: neighbours, analogies, similarities, distances, predictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import chain
from typing import Annotated, Any

import typer

from wordkin.cli.app import (
    MODEL_SUFFIX,
    Json,
    Model,
    TopN,
    TrainedModel,
    app,
    decode_argument,
)
from wordkin.cli.shared_options import Loading, with_option_groups
from wordkin.cli.words import KnownWords, SkipUnknown, questions_of, words_of
from wordkin.system import terminal
from wordkin.system.errors import FormatError, SettingsError

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="WORD", help="Words; read from standard input if none are given."),
]

Groups = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="WORD",
        help="At least 3 words. If none are given, each line of standard input is one question.",
    ),
]

Within = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Consider only this many words, the first of the vocabulary; usually these are the"
        " most frequent ones.",
    ),
]


class Method(str, Enum):
    """How to answer an analogy."""

    add = "add"
    mul = "mul"


def _question_argument(metavar: str) -> Any:
    return typer.Argument(
        metavar=metavar,
        help="Words. If none are given, each line of standard input is one question.",
    )


@app.command(epilog="Example:  wordkin neighbours model.safetensors seoul --topn 5")
@with_option_groups
def neighbours(
    model: Model,
    words: Words = None,
    topn: TopN = 10,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD", help="Subtract this word, to move away from it; may be repeated."
        ),
    ] = None,
    together: Annotated[
        bool,
        typer.Option("--together", help="Find neighbours of the mean of all words, not of each."),
    ] = False,
    within: Within = None,
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Show the nearest neighbours of words, by cosine."""
    chosen = words_of(words)
    unwanted = [decode_argument(word) for word in without or []]
    if together and not chosen:
        raise SettingsError("--together needs at least 1 word, got 0")
    vectors = loading.load(model)
    known = KnownWords(vectors, [*chosen, *unwanted], skip=skip_unknown)
    chosen, unwanted = known.among(chosen), known.among(unwanted)
    together = together and bool(chosen)
    if together or unwanted:
        questions = [chosen] if together else [[word] for word in chosen]
        answers = [vectors.most_similar(q, unwanted, topn, within=within) for q in questions]
    else:
        answers = vectors.most_similar_batch(chosen, topn, within=within)
    if json:
        heads: list[dict[str, Any]] = (
            [{"words": chosen} | known.composed([*chosen, *unwanted])]
            if together
            else [{"word": word} | known.composed([word, *unwanted]) for word in chosen]
        )
        far = {"without": unwanted} if unwanted else {}
        terminal.put_json(
            [
                h | far | {"neighbours": scores_as_json(a)}
                for h, a in zip(heads, answers, strict=True)
            ]
        )
        return
    headings = [" + ".join(chosen)] if together else chosen
    minus = "".join(f" - {word}" for word in unwanted)
    _put_tables((h + minus, answer) for h, answer in zip(headings, answers, strict=True))


@app.command(epilog="Example:  wordkin analogy model.safetensors man king woman")
@with_option_groups
def analogy(
    model: Model,
    words: Annotated[list[str] | None, _question_argument("A B C")] = None,
    topn: TopN = 10,
    method: Annotated[
        Method,
        typer.Option(
            help="add: nearest to B - A + C (3CosAdd); mul: best ratio of cosines (3CosMul)."
        ),
    ] = Method.add,
    within: Within = None,
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Find the word that is to C as B is to A."""
    questions = questions_of(words, 3)
    vectors = loading.load(model)
    known = KnownWords(vectors, chain(*questions), skip=skip_unknown)
    questions = known.answerable(questions)
    answers = [vectors.analogy(a, b, c, topn, method.value, within=within) for a, b, c in questions]
    if json:
        name = "cosine" if method is Method.add else "score"
        _put_reports(
            words,
            [
                {"a": a, "b": b, "c": c, "answers": scores_as_json(answer, name)}
                | known.composed([a, b, c])
                for (a, b, c), answer in zip(questions, answers, strict=True)
            ],
        )
        return
    _put_tables(
        (f"{a} is to {b} as {c} is to", answer)
        for (a, b, c), answer in zip(questions, answers, strict=True)
    )


@app.command(epilog="Example:  wordkin similarity model.safetensors seoul tokyo")
@with_option_groups
def similarity(
    model: Model,
    words: Annotated[list[str] | None, _question_argument("WORD WORD")] = None,
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Show the cosine similarity of two words."""
    pairs = questions_of(words, 2)
    vectors = loading.load(model)
    known = KnownWords(vectors, chain(*pairs), skip=skip_unknown)
    pairs = known.answerable(pairs)
    cosines = [vectors.similarity(a, b) for a, b in pairs]
    if json:
        reports = zip(pairs, cosines, strict=True)
        _put_reports(
            words,
            [
                {"a": a, "b": b, "cosine": cosine} | known.composed([a, b])
                for (a, b), cosine in reports
            ],
        )
        return
    for (a, b), cosine in zip(pairs, cosines, strict=True):
        terminal.put(f"{cosine:7.4f}  {a}  {b}")


@app.command(epilog="Example:  wordkin rank model.safetensors seoul tokyo")
@with_option_groups
def rank(
    model: Model,
    words: Annotated[list[str] | None, _question_argument("WORD OTHER")] = None,
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Show the rank of OTHER among the neighbours of WORD."""
    pairs = questions_of(words, 2)
    vectors = loading.load(model)
    known = KnownWords(vectors, chain(*pairs), skip=skip_unknown)
    pairs = known.answerable(pairs)
    ranks = [vectors.rank(word, other) for word, other in pairs]
    if json:
        _put_reports(
            words,
            [
                {"word": word, "other": other, "rank": rank} | known.composed([word])
                for (word, other), rank in zip(pairs, ranks, strict=True)
            ],
        )
        return
    width = max((len(f"{rank:,}") for rank in ranks), default=0)
    for (word, other), rank in zip(pairs, ranks, strict=True):
        terminal.put(f"{rank:{width},}  {word}  {other}")


@app.command(epilog="Example:  wordkin odd model.safetensors breakfast lunch engine dinner")
@with_option_groups
def odd(
    model: Model,
    words: Groups = None,
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Show which word does not fit the others."""
    groups = questions_of(words, None)
    vectors = loading.load(model)
    known = KnownWords(vectors, chain(*groups), skip=skip_unknown)
    if skip_unknown:  # a group needs 3 words; fewer were none from the beginning are an error
        groups = [
            known.among(group) for group in groups if len(group) < 3 or len(known.among(group)) >= 3
        ]
    found = [vectors.doesnt_match(group) for group in groups]
    if json:
        reports = zip(groups, found, strict=True)
        _put_reports(
            words,
            [{"words": group, "odd": word} | known.composed(group) for group, word in reports],
        )
        return
    for word in found:
        terminal.put(word)


@app.command(epilog="Example:  wordkin distances model.safetensors seoul tokyo paris")
@with_option_groups
def distances(
    model: Model,
    words: Words = None,
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Show the cosine distances between all given words."""
    chosen = words_of(words)
    vectors = loading.load(model)
    known = KnownWords(vectors, chosen, skip=skip_unknown)
    chosen = known.among(chosen)
    far = vectors.distances(chosen).tolist()
    if json:
        terminal.put_json({"words": chosen, "distances": far} | known.composed(chosen))
        return
    # Columns have numbers as headings; words come last, as their display width varies.
    places = [str(i) for i in range(1, len(chosen) + 1)]
    rows = [
        [*(f"{x:.4f}" for x in row), place, word]
        for row, place, word in zip(far, places, chosen, strict=True)
    ]
    terminal.put_table([*places, "", ""], rows, ">" * (len(chosen) + 1) + "<")


@app.command(epilog="Example:  wordkin predict model.safetensors seoul --topn 5")
def predict(
    model: TrainedModel,
    words: Words = None,
    topn: TopN = 10,
    side: Annotated[
        str | None,
        typer.Option(
            metavar="left|right",
            help="Only at this side of the word, for a model trained with --sides.",
            show_default="both",
        ),
    ] = None,
    skip_unknown: SkipUnknown = False,
    json: Json = False,
) -> None:
    """Show the most probable words in the window of a word."""
    chosen = words_of(words)
    from wordkin.training.model import Word2Vec

    if model.suffix.lower() != MODEL_SUFFIX:
        raise FormatError(f"{model}: predict needs a {MODEL_SUFFIX} model, not vectors alone")
    trained = Word2Vec.load(model)
    known = KnownWords(trained.center, chosen, skip=skip_unknown)
    chosen = known.among(chosen)
    answers = ((word, trained.predict(word, topn, side)) for word in chosen)
    if json:
        at = {} if side is None else {"side": side}
        terminal.put_json(
            [
                {"word": word, **at, "outside": scores_as_json(a, "probability")}
                | known.composed([word])
                for word, a in answers
            ]
        )
        return
    _put_tables(answers)


def scores_as_json(
    answer: Iterable[tuple[str, float]], name: str = "cosine"
) -> list[dict[str, Any]]:
    """Return words and their scores as plain data, with this name for the score."""
    return [{"word": word, name: score} for word, score in answer]


def _put_reports(arguments: Sequence[str] | None, reports: list[dict[str, Any]]) -> None:
    """Print one object for a question from the arguments, a list for those from standard input."""
    single = reports[0] if reports else None  # a question with an unknown word was left out
    terminal.put_json(single if arguments else reports)


def _put_tables(answers: Iterable[tuple[str, Iterable[tuple[str, float]]]]) -> None:
    for i, (heading, answer) in enumerate(answers):
        if i:
            terminal.put()
        # The score comes first, as the display width of words varies.
        terminal.put_heading(heading)
        for word, score in answer:
            terminal.put(f"  {score:7.4f}  {word}")
