"""The page's questions, answered: from models and plain parameters to plain data.

In: a `Shown` and row numbers that exist. Out: the types of `page/src/contract/answers.ts`, ready
for JSON. Knows nothing of the web, so that an exported page holds the answers that a server gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from wordkin.engines import OBJECTIVES
from wordkin.system.errors import UnknownWordError
from wordkin.system.machine import version
from wordkin.vectors import search as search_of_rows
from wordkin.vectors.words import Answer, WordVectors
from wordkin.views.page.shown import Shown
from wordkin.views.projection import LAYOUTS

_DIGITS = 7  # of a score: what float32 vectors have to tell


def about(shown: Sequence[Shown], *, live: bool = False, exported: bool = False) -> dict[str, Any]:
    """Return what there is to look at."""
    return {
        "version": version(),
        "models": [_model(one) for one in shown],
        "live": live,
        "exported": exported,
    }


def _model(shown: Shown) -> dict[str, Any]:
    return {
        "name": shown.name,
        "words": len(shown.vectors),
        "mapped": len(shown.points),
        "dim": shown.vectors.dim,
        "layout": LAYOUTS[shown.layout].title,
        "pending": shown.pending and LAYOUTS[shown.pending].title,
        "named": shown.named,
        "arrows": shown.arrows,
        "origin": shown.caption or _origin(shown),
        "predicts": shown.model is not None,
        "sentences": bool(shown.corpus),
    }


def _origin(shown: Shown) -> str:
    """Return one line on how a model was trained; nothing, where that is not known."""
    if shown.model is None:
        return ""
    settings, made_by = shown.model.settings, shown.model.origin.wordkin
    told = "P(outside | center) " + (
        "is what was trained" if OBJECTIVES[settings.objective].normalised else "is implied"
    )
    objective = settings.objective.replace("-", " ")
    return f"{objective}, {settings.engine}, window {settings.window}; {told}; wordkin {made_by}"


def words(shown: Shown) -> list[str]:
    """Return the words on the map, in the order of its points."""
    return list(shown.vectors.words[: len(shown.points)])


def neighbours(shown: Shown, id: int, n: int) -> dict[str, Any]:
    """Return the n words nearest to a word, and what is known of it."""
    vectors = shown.vectors
    rows, cosines = vectors.neighbour_rows([id], n)
    near = [
        _scored(vectors, row, s) for row, s in zip(rows[0], cosines[0], strict=True) if row >= 0
    ]
    return {
        "id": id,
        "word": vectors.words[id],
        "count": None if vectors.counts is None else int(vectors.counts[id]),
        "neighbours": near,
    }


def analogy(
    shown: Shown, a: int, b: int, c: int, n: int, method: Literal["add", "mul"]
) -> list[dict[str, Any]]:
    """Return the n words that best answer: a is to b as c is to what."""
    spelled = shown.vectors.words
    return _answer(
        shown.vectors, shown.vectors.analogy(spelled[a], spelled[b], spelled[c], n, method)
    )


def compare(shown: Shown, ids: Sequence[int], n: int) -> dict[str, Any]:
    """Return the cosines of all pairs of some words, and the n words nearest to all together."""
    vectors = shown.vectors
    rows = vectors.matrix[list(ids)].astype(np.float64)
    cosines = search_of_rows.cosines(rows, rows)
    return {
        "words": [{"id": id, "word": vectors.words[id]} for id in ids],
        "cosines": [[figure(x) for x in row] for row in cosines.tolist()],
        "near": _answer(vectors, vectors.most_similar([vectors.words[i] for i in ids], topn=n)),
    }


def predict(shown: Shown, id: int, n: int) -> list[dict[str, Any]]:
    """Return the n most probable words around a word; none, where nothing is known of it."""
    if shown.model is None:
        return []
    try:
        probable = shown.model.predict(shown.vectors.words[id], n)
    except UnknownWordError:  # it was never seen next to another word
        return []
    return _answer(shown.vectors, probable)


def same(shown: Shown, id: int, other: Shown) -> dict[str, Any] | None:
    """Return the same word of another model, if that has it."""
    word = shown.vectors.words[id]
    return {"id": other.vectors.index(word), "word": word} if word in other.vectors else None


def figure(score: float) -> float:
    """Return a score without digits that say nothing."""
    return float(f"{score:.{_DIGITS}g}")


def _answer(vectors: WordVectors, answer: Answer) -> list[dict[str, Any]]:
    return [_scored(vectors, vectors.index(word), score) for word, score in answer]


def _scored(vectors: WordVectors, row: int, score: float) -> dict[str, Any]:
    return {"id": int(row), "word": vectors.words[row], "score": figure(float(score))}


def found(vectors: WordVectors, rows: Iterable[int]) -> list[dict[str, Any]]:
    """Return words by their rows."""
    return [{"id": row, "word": vectors.words[row]} for row in rows]
