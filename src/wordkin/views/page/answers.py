"""Answer the page's requests.

In: a `PageModel` and valid rows. Out: plain data for JSON, as page/src/contract/answers.ts defines
it. An exported page holds the same answers as the server gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from wordkin.engines import OBJECTIVES
from wordkin.system.errors import UnknownWordError
from wordkin.system.machine import version
from wordkin.vectors import search
from wordkin.vectors.subwords import SubwordVectors
from wordkin.vectors.words import Answer, WordVectors
from wordkin.views.page.model import PageModel
from wordkin.views.projection import LAYOUTS

_DIGITS = 7  # significant digits of a score: the precision of float32


def about(
    models: Sequence[PageModel], *, live: bool = False, exported: bool = False
) -> dict[str, Any]:
    """Return the models, and what kind of page this is."""
    return {
        "version": version(),
        "models": [_about_model(model, exported) for model in models],
        "live": live,
        "exported": exported,
    }


def _about_model(model: PageModel, exported: bool) -> dict[str, Any]:
    return {
        "name": model.name,
        "words": len(model.vectors),
        "mapped": len(model.points),
        "dim": model.vectors.dim,
        "layout": LAYOUTS[model.layout].title,
        "pending": model.pending and LAYOUTS[model.pending].title,
        "named": model.named,
        "arrows": model.arrows,
        "origin": model.caption or _origin(model),
        "predicts": model.word2vec is not None,
        "composes": isinstance(model.vectors, SubwordVectors) and not exported,
        "sentences": bool(model.corpus),
    }


def _origin(model: PageModel) -> str:
    """Return one line on how a model was trained, or "" if that is unknown."""
    if model.word2vec is None:
        return ""
    settings, made_by = model.word2vec.settings, model.word2vec.origin.wordkin
    prediction = "P(outside | center) " + (
        "is what was trained" if OBJECTIVES[settings.objective].normalised else "is implied"
    )
    objective = settings.objective.replace("-", " ")
    return (
        f"{objective}, {settings.engine}, window {settings.window}; {prediction}; wordkin {made_by}"
    )


def words(model: PageModel) -> list[str]:
    """Return the words on the map, in the order of the points."""
    return list(model.vectors.words[: len(model.points)])


def neighbours(model: PageModel, id: int, n: int) -> dict[str, Any]:
    """Return a word with its count and its n nearest neighbours."""
    vectors = model.vectors
    rows, cosines = vectors.neighbour_rows([id], n)
    near = [
        _scored(vectors, row, score)
        for row, score in zip(rows[0], cosines[0], strict=True)
        if row >= 0
    ]
    return {
        "id": id,
        "word": vectors.words[id],
        "count": None if vectors.counts is None else int(vectors.counts[id]),
        "neighbours": near,
    }


def composed(model: PageModel, word: str, n: int) -> dict[str, Any] | None:
    """Return the n words nearest to a word outside the vocabulary, composed of its n-grams.

    None if it is in the vocabulary, or none of its n-grams is known.
    """
    vectors = model.vectors
    if not isinstance(vectors, SubwordVectors) or not (ngrams := vectors.number_of_ngrams(word)):
        return None
    try:
        near = vectors.most_similar(word, topn=n)
    except UnknownWordError:  # an n-gram that is not finite
        return None
    return {"word": word, "ngrams": ngrams, "neighbours": _answer(vectors, near)}


def analogy(
    model: PageModel, a: int, b: int, c: int, n: int, method: Literal["add", "mul"]
) -> list[dict[str, Any]]:
    """Return the n best answers to the analogy "a is to b as c is to ?"."""
    vectors = model.vectors
    words = vectors.words
    return _answer(vectors, vectors.analogy(words[a], words[b], words[c], n, method))


def compare(model: PageModel, ids: Sequence[int], n: int) -> dict[str, Any]:
    """Return the cosines of all pairs of words, and the n words nearest to their mean."""
    vectors = model.vectors
    rows = vectors.matrix[list(ids)].astype(np.float64)
    cosines = search.cosines(rows, rows)
    return {
        "words": [{"id": id, "word": vectors.words[id]} for id in ids],
        "cosines": [[figure(x) for x in row] for row in cosines.tolist()],
        "near": _answer(vectors, vectors.most_similar([vectors.words[i] for i in ids], topn=n)),
    }


def predict(model: PageModel, id: int, n: int) -> list[dict[str, Any]]:
    """Return the n most probable words around a word; empty if the model cannot predict."""
    if model.word2vec is None:
        return []
    try:
        probable = model.word2vec.predict(model.vectors.words[id], n)
    except UnknownWordError:  # it never occurred next to another word
        return []
    return _answer(model.vectors, probable)


def same(model: PageModel, id: int, other: PageModel) -> dict[str, Any] | None:
    """Return the same word in another model, or None if it is not there."""
    word = model.vectors.words[id]
    return {"id": other.vectors.index(word), "word": word} if word in other.vectors else None


def figure(score: float) -> float:
    """Return a score rounded to the digits that are significant."""
    return float(f"{score:.{_DIGITS}g}")


def _answer(vectors: WordVectors, answer: Answer) -> list[dict[str, Any]]:
    return [_scored(vectors, vectors.index(word), score) for word, score in answer]


def _scored(vectors: WordVectors, row: int, score: float) -> dict[str, Any]:
    return {"id": int(row), "word": vectors.words[row], "score": figure(float(score))}


def found(vectors: WordVectors, rows: Iterable[int]) -> list[dict[str, Any]]:
    """Return the words of some rows."""
    return [{"id": row, "word": vectors.words[row]} for row in rows]
