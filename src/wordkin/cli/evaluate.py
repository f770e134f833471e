"""The verb that scores vectors on analogies, similarities and odd-one-out questions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from wordkin.cli.app import Json, Model, app
from wordkin.system import terminal
from wordkin.system.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wordkin.evaluation.builtin_probes import OddFile
    from wordkin.evaluation.intervals import Difference, Interval
    from wordkin.evaluation.paired import Comparison
    from wordkin.evaluation.question_files import AnalogyFile, SimilarityFile
    from wordkin.evaluation.scores import Accuracy, AnalogyScores, OddScores, SimilarityScores
    from wordkin.vectors.words import WordVectors

    Scores: TypeAlias = AnalogyScores | SimilarityScores | OddScores
    _Format: TypeAlias = Callable[..., str]


_NAMES = {"add": "3CosAdd", "mul": "3CosMul"}


class _Method(str, Enum):
    add = "add"
    mul = "mul"
    both = "both"


@dataclass(frozen=True)
class _Questions:
    """All questions of an evaluation."""

    analogies: list[AnalogyFile]
    similarity: list[SimilarityFile]
    odd: list[OddFile]


@app.command(epilog="Example:  wordkin evaluate model.safetensors --analogies questions-words.txt")
def evaluate(
    model: Model,
    other: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL2", help="A second model, to compare on the same items."),
    ] = None,
    analogies: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Analogies: lines of 4 words, in sections; may be repeated."
        ),
    ] = None,
    similarity: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Similarities: lines of 2 words and a human score; may be repeated.",
        ),
    ] = None,
    most_frequent: Annotated[
        int | None,
        typer.Option(min=1, help="Use only this many words of the models, the first ones."),
    ] = None,
    case_sensitive: Annotated[
        bool, typer.Option("--case-sensitive", help="Distinguish upper and lower case.")
    ] = False,
    method: Annotated[
        _Method, typer.Option(help="Answer analogies by 3CosAdd, 3CosMul, or both.")
    ] = _Method.add,
    sections: Annotated[
        bool, typer.Option("--sections", help="Show the score of each section as well.")
    ] = False,
    json: Json = False,
) -> None:
    """Score vectors on analogies and word similarities."""
    questions = _questions(analogies or [], similarity or [])
    how = {"most_frequent": most_frequent, "case_insensitive": not case_sensitive}
    methods = ["add", "mul"] if method is _Method.both else [method.value]
    paths = [model] if other is None else [model, other]
    loaded = [_load(path) for path in paths]  # before the first is scores_as_json
    results = [_scores(vectors, questions, methods, how) for vectors in loaded]
    compared = [_compared(*pair) for pair in zip(*results, strict=True)] if other else []
    if json:
        terminal.put_json(
            {
                "models": [
                    {"model": str(path), "results": [_as_json(scores) for scores in found]}
                    for path, found in zip(paths, results, strict=True)
                ],
                "comparisons": [
                    _labels(scores) | asdict(comparison)
                    for scores, comparison in zip(results[0], compared, strict=False)
                ],
            }
        )
        return
    for which, path, found in zip(("first", "second"), paths, results, strict=False):
        if other:
            terminal.put_heading(f"{which}: {path}")
        _put_scores(found, sections)
        if other:
            terminal.put()
    if other:
        terminal.put_heading("second against first, on items whose words both have")
        _put_comparisons(results[0], compared)


def _load(path: Path) -> WordVectors:
    from wordkin.vectors.loading import load

    try:
        return load(path)
    except FormatError as error:
        raise FormatError(
            f"{error}; if it is a file of questions, give it as --analogies or --similarity"
        ) from None


def _questions(analogies: list[Path], similarity: list[Path]) -> _Questions:
    """Read the files of questions; without any, return the probes of the package."""
    from wordkin.evaluation import probes, question_files

    if not analogies and not similarity:
        own = probes()
        terminal.say(
            f"no files of questions: using wordkin's own probes, {len(own.analogies):,} analogies"
            f" and {len(own.odd):,} odd ones out"
        )
        return _Questions([own.analogies], [], [own.odd])
    judged = [question_files.read_similarity(path) for path in similarity]
    for path, pairs in zip(similarity, judged, strict=True):
        if pairs.header is not None:
            terminal.say(f"{path}: skipped the first line, a header: {pairs.header:.60}")
    return _Questions([question_files.read_analogies(path) for path in analogies], judged, [])


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


def _measure(scores: Scores) -> str:
    from wordkin.evaluation import scores as scores_module

    if isinstance(scores, scores_module.SimilarityScores):
        return "Spearman"
    if isinstance(scores, scores_module.AnalogyScores):
        return _NAMES[scores.method]
    return f"chance: {_percent(scores.chance)}"


def _put_scores(found: list[Scores], sections: bool) -> None:
    """Print a table of the scores of one model."""
    from wordkin.evaluation.scores import SimilarityScores

    rows = []
    for scores in found:
        if isinstance(scores, SimilarityScores):
            known = int(scores.known.sum())
            interval = _interval(scores.interval, _plain)
            counts = [f"{scores.asked:,}", f"{known:,}"]
            rows.append([scores.name, "Spearman", _plain(scores.spearman), interval, *counts, ""])
            rows.append(["", "Pearson", _plain(scores.pearson), "", "", "", ""])
        else:
            rows.append([scores.name, _measure(scores), *_accuracy_cells(scores.total)])
            rows += [[f"  {name}", "", *_accuracy_cells(a)] for name, a in _parts(scores, sections)]
    heading = ["", "measure", "score", "95 % interval", "items", "known", "unknown = wrong"]
    terminal.put_table(heading, rows, "<<>>>>>")


def _parts(scores: AnalogyScores | OddScores, sections: bool) -> list[tuple[str, Accuracy]]:
    from wordkin.evaluation.scores import AnalogyScores

    if not isinstance(scores, AnalogyScores):
        return []
    return [*scores.kinds.items(), *(scores.sections if sections else ())]


def _accuracy_cells(accuracy: Accuracy) -> list[str]:
    return [
        _percent(accuracy.score),
        _interval(accuracy.interval, _percent),
        f"{accuracy.asked:,}",
        f"{accuracy.known:,}",
        _percent(accuracy.score_of_asked),
    ]


def _put_comparisons(found: list[Scores], compared: list[Comparison]) -> None:
    """Print a table of the differences of the second model from the first."""
    from wordkin.evaluation.scores import SimilarityScores

    rows = []
    for scores, comparison in zip(found, compared, strict=True):
        show = _plain if isinstance(scores, SimilarityScores) else _percent
        difference = comparison.difference
        rows.append(
            [
                scores.name,
                _measure(scores),
                f"{comparison.both:,}",
                show(comparison.first),
                show(comparison.second),
                *(_difference_cells(difference, show) if difference else ["–"] * 3),
            ]
        )
    heading = ["", "measure", "items", "first", "second", "difference", "95 % interval", "p"]
    terminal.put_table(heading, rows, "<<>>>>>>")


def _difference_cells(difference: Difference, show: _Format) -> list[str]:
    ends = (difference.difference, difference.interval.low, difference.interval.high)
    by, low, high = (show(end, "+").removesuffix(" %") for end in ends)  # in percentage points
    p = "< 0.001" if difference.p < 0.001 else f"{difference.p:.3f}"
    return [by, f"{low} to {high}", p]


def _percent(share: float | None, sign: str = "") -> str:
    return "–" if share is None else f"{100 * share:{sign}.1f} %"


def _plain(value: float | None, sign: str = "") -> str:
    return "–" if value is None else f"{value:{sign}.3f}"


def _interval(interval: Interval | None, show: _Format) -> str:
    if interval is None:
        return "–"
    return f"{show(interval.low).removesuffix(' %')} to {show(interval.high)}"


def _labels(scores: Scores) -> dict[str, str]:
    from wordkin.evaluation.scores import AnalogyScores, SimilarityScores

    if isinstance(scores, AnalogyScores):
        return {"questions": scores.name, "measure": _NAMES[scores.method]}
    measure = "Spearman" if isinstance(scores, SimilarityScores) else "accuracy"
    return {"questions": scores.name, "measure": measure}


def _as_json(scores: Scores) -> dict[str, Any]:
    from wordkin.evaluation.scores import AnalogyScores, SimilarityScores

    if isinstance(scores, SimilarityScores):
        return _labels(scores) | {
            "asked": scores.asked,
            "known": int(scores.known.sum()),
            "spearman": scores.spearman,
            "pearson": scores.pearson,
            "interval": scores.interval and asdict(scores.interval),
        }
    found = _labels(scores) | _accuracy_as_json(scores.total)
    if isinstance(scores, AnalogyScores):
        found["kinds"] = {name: _accuracy_as_json(part) for name, part in scores.kinds.items()}
        found["sections"] = [
            {"section": name} | _accuracy_as_json(part) for name, part in scores.sections
        ]
    else:
        found["chance"] = scores.chance
    return found


def _accuracy_as_json(accuracy: Accuracy) -> dict[str, Any]:
    return asdict(accuracy) | {"score": accuracy.score, "score_of_asked": accuracy.score_of_asked}
