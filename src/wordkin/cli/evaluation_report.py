"""How `wordkin evaluate` shows scores: tables, plain data, and notes on what they are of.

In: the scores of one model or two. Out: results and messages. Every score stands beside its
coverage: how many items there are, how many were scored, and the score of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from wordkin.system import terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from wordkin.evaluation.intervals import Difference, Interval
    from wordkin.evaluation.paired import Comparison
    from wordkin.evaluation.scores import Accuracy, AnalogyScores, OddScores, SimilarityScores

    Scores: TypeAlias = AnalogyScores | SimilarityScores | OddScores
    _Format: TypeAlias = Callable[..., str]


_NAMES = {"add": "3CosAdd", "mul": "3CosMul"}
_FEW = 0.2  # share of the own probes below which a model may be of another language
_INSTEAD = """\
What shows how good vectors of another language or of a special text are:
  the loss on held-out lines    wordkin info MODEL
  the stability of neighbours   wordkin stability CORPUS
  questions in its language     wordkin evaluate MODEL --similarity FILE --analogies FILE"""


def known(scores: Scores) -> int:
    """Return how many items have words that are all known."""
    return int(scores.known.sum())


def notes(path: Path, found: Sequence[Scores], *, own: bool) -> list[str]:
    """Return messages on questions of which a model knows few or none."""
    asked, answered = sum(len(scores.known) for scores in found), sum(map(known, found))
    if own and answered < _FEW * asked:
        share = f"{answered:,} of these {asked:,} questions" if answered else "none of them"
        return [
            f"note: {path} knows the words of {share}: they are about everyday English words",
            *_INSTEAD.split("\n"),
        ]
    if own:
        return []
    return [
        f"note: {path}: no item of {name} has words that are all known"
        for name in dict.fromkeys(scores.name for scores in found if not known(scores))
    ]


def _measure(scores: Scores) -> str:
    from wordkin.evaluation import scores as scores_module

    if isinstance(scores, scores_module.SimilarityScores):
        return "Spearman"
    if isinstance(scores, scores_module.AnalogyScores):
        return _NAMES[scores.method]
    return f"chance: {_percent(scores.chance)}"


def put_scores(found: Sequence[Scores], sections: bool) -> None:
    """Print a table of the scores of one model."""
    from wordkin.evaluation.scores import SimilarityScores

    rows = []
    for scores in found:
        if isinstance(scores, SimilarityScores):
            interval = _interval(scores.interval, _plain)
            of_all = _plain(scores.spearman_of_asked if known(scores) else None)
            counts = [f"{scores.asked:,}", f"{known(scores):,}"]
            rows += [
                [scores.name, "Spearman", _plain(scores.spearman), interval, *counts, of_all],
                ["", "Pearson", _plain(scores.pearson), "", *counts, ""],
            ]
        else:
            rows.append([scores.name, _measure(scores), *_accuracy_cells(scores.total)])
            rows += [[f"  {name}", "", *_accuracy_cells(a)] for name, a in _parts(scores, sections)]
    case = f"case: {found[0].case}" if found else ""
    heading = [case, "measure", "score", "95 % interval", "items", "known", "of all"]
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


def put_comparisons(found: Sequence[Scores], compared: Sequence[Comparison]) -> None:
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
                f"{comparison.both:,} of {len(scores.known):,}",
                show(comparison.first),
                show(comparison.second),
                *(_difference_cells(difference, show) if difference else ["–"] * 3),
            ]
        )
    heading = [
        "",
        "measure",
        "known to both",
        "first",
        "second",
        "difference",
        "95 % interval",
        "p",
    ]
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


def as_json(
    paths: Sequence[Path], results: Sequence[Sequence[Scores]], compared: Sequence[Comparison]
) -> dict[str, Any]:
    """Return the scores of all models, and their comparisons, as plain data."""
    return {
        "models": [
            {"model": str(path), "results": [_as_json(scores) for scores in found]}
            for path, found in zip(paths, results, strict=True)
        ],
        "comparisons": [
            _labels(scores) | {"asked": len(scores.known)} | asdict(comparison)
            for scores, comparison in zip(results[0], compared, strict=False)
        ],
    }


def _labels(scores: Scores) -> dict[str, str]:
    from wordkin.evaluation.scores import AnalogyScores, SimilarityScores

    if isinstance(scores, AnalogyScores):
        measure = _NAMES[scores.method]
        return {"questions": scores.name, "measure": measure, "case": scores.case}
    measure = "Spearman" if isinstance(scores, SimilarityScores) else "accuracy"
    return {"questions": scores.name, "measure": measure, "case": scores.case}


def _as_json(scores: Scores) -> dict[str, Any]:
    from wordkin.evaluation.scores import AnalogyScores, SimilarityScores

    if isinstance(scores, SimilarityScores):
        return _labels(scores) | {
            "asked": scores.asked,
            "known": known(scores),
            "spearman": scores.spearman,
            "spearman_of_asked": scores.spearman_of_asked,
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
