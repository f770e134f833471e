"""The verb that scores vectors on analogies, similarities and odd-one-out questions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordkin.cli.app import Json, Model, app, decode_argument
from wordkin.cli.evaluation_report import as_json, known, notes, put_comparisons, put_scores
from wordkin.cli.shared_options import Loading, with_option_groups
from wordkin.system import terminal
from wordkin.system.errors import FormatError

if TYPE_CHECKING:
    from wordkin.cli.evaluation_report import Scores
    from wordkin.evaluation.builtin_probes import OddFile
    from wordkin.evaluation.paired import Comparison
    from wordkin.evaluation.question_files import AnalogyFile, SimilarityFile
    from wordkin.vectors.words import WordVectors


class _Method(str, Enum):
    add = "add"
    mul = "mul"
    both = "both"


class _Case(str, Enum):
    EXACT = "exact"
    LOWER = "lower"
    FOLD = "fold"


@dataclass(frozen=True)
class QuestionFiles:
    """The files of questions, and how to read them."""

    analogies: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Analogies: lines of 4 words, in sections or not; or a file or folder of BATS. May"
            " be repeated.",
        ),
    ] = None
    similarity: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Similarities: a table with 2 words and a human score in each line. May be"
            " repeated.",
        ),
    ] = None
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="WORD,WORD,SCORE",
            help="The columns of the words and the score in files of similarities, by heading or"
            " by number from 1 on.",
            show_default="found by heading or content",
        ),
    ] = None
    questions_encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Encoding of all files of questions.", show_default="utf-8"
        ),
    ] = None


@dataclass(frozen=True)
class _Questions:
    """All questions of an evaluation."""

    analogies: list[AnalogyFile]
    similarity: list[SimilarityFile]
    odd: list[OddFile]
    own: bool  # whether they are the probes of the package


@app.command(epilog="Example:  wordkin evaluate model.safetensors --analogies questions-words.txt")
@with_option_groups
def evaluate(
    model: Model,
    files: QuestionFiles,
    other: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL2", help="A second model, to compare on the same items."),
    ] = None,
    most_frequent: Annotated[
        int | None,
        typer.Option(min=1, help="Use only this many words of the models, the first ones."),
    ] = None,
    case: Annotated[
        _Case,
        typer.Option(
            help="Which words are the same. exact: those of the same spelling; lower: in lower"
            " case, as London and london; fold: also STRASSE and straße, if only one is known."
        ),
    ] = _Case.LOWER,
    case_sensitive: Annotated[
        bool, typer.Option("--case-sensitive", help="The same as --case exact.")
    ] = False,
    method: Annotated[
        _Method, typer.Option(help="Answer analogies by 3CosAdd, 3CosMul, or both.")
    ] = _Method.add,
    sections: Annotated[
        bool, typer.Option("--sections", help="Show the score of each section as well.")
    ] = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Score vectors on analogies and word similarities."""
    questions = _read(files)
    how = {"most_frequent": most_frequent, "case": "exact" if case_sensitive else case.value}
    methods = ["add", "mul"] if method is _Method.both else [method.value]
    paths = [model] if other is None else [model, other]
    loaded = [_load(path, loading) for path in paths]  # before the first is scored
    results = [_scores(vectors, questions, methods, how) for vectors in loaded]
    compared = [_compared(*pair) for pair in zip(*results, strict=True)] if other else []
    for path, found in zip(paths, results, strict=True):
        for note in notes(path, found, own=questions.own):
            terminal.say(note)
    if json:
        terminal.put_json(as_json(paths, results, compared))
        return
    shown = [
        [scores for scores in found if known(scores) or not questions.own] for found in results
    ]
    if not any(shown):
        return  # the notes say why
    for which, path, found in zip(("first", "second"), paths, shown, strict=False):
        if other:
            terminal.put_heading(f"{which}: {path}")
        put_scores(found, sections)
        if other:
            terminal.put()
    if other:
        terminal.put_heading("second against first, on items whose words both have")
        put_comparisons(results[0], compared)


def _load(path: Path, loading: Loading) -> WordVectors:
    try:
        return loading.load(path)
    except FormatError as error:
        raise FormatError(
            f"{error}; if it is a file of questions, give it as --analogies or --similarity"
        ) from None


def _read(files: QuestionFiles) -> _Questions:
    """Read the files of questions; without any, return the probes of the package."""
    from wordkin.evaluation import probes, question_files

    if not files.analogies and not files.similarity:
        own = probes()
        terminal.say(
            "no files of questions: using wordkin's own probes about everyday English,"
            f" {len(own.analogies):,} analogies and {len(own.odd):,} odd ones out"
        )
        return _Questions([own.analogies], [], [own.odd], own=True)
    columns = None
    if files.columns is not None:
        columns = [column.strip() for column in decode_argument(files.columns).split(",")]
    encoding = files.questions_encoding
    judged = [
        question_files.read_similarity(path, columns=columns, encoding=encoding)
        for path in files.similarity or ()
    ]
    asked = [
        question_files.read_analogies(path, encoding=encoding) for path in files.analogies or ()
    ]
    for path, pairs in zip(files.similarity or (), judged, strict=True):
        if pairs.header is not None:
            terminal.say(f"{path}: skipped the first line, a header: {pairs.header:.60}")
    read = [(file.name, file.notes) for file in asked] + [
        (file.name, file.notes) for file in judged
    ]
    for name, found in read:
        for note in found:
            terminal.say(f"note: {name}: {note}")
    return _Questions(asked, judged, [], own=False)


def _scores(
    vectors: WordVectors, questions: _Questions, methods: list[Any], how: dict[str, Any]
) -> list[Scores]:
    from wordkin.evaluation import analogy_scores
    from wordkin.evaluation import scores as scores_module

    found: list[Scores] = []
    for file in questions.analogies:
        found += analogy_scores.evaluate_analogies_by(vectors, file, methods, **how)
    found += [scores_module.evaluate_odd(vectors, file, **how) for file in questions.odd]
    found += [
        scores_module.evaluate_similarity(vectors, file, **how) for file in questions.similarity
    ]
    return found


def _compared(first: Any, second: Any) -> Comparison:
    from wordkin.evaluation import paired
    from wordkin.evaluation import scores as scores_module

    if isinstance(first, scores_module.SimilarityScores):
        return paired.compare_similarity(first, second)
    return paired.compare_accuracy(first, second)
