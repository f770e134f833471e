"""Export a view of the page as one HTML document that needs no server and no network.

In: models and a view. Out: HTML that contains the page's script and style, and the answers that the
view needs. Its content security policy allows nothing else to run or load. No extra is required.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import numpy as np

from wordkin.system.errors import SettingsError
from wordkin.system.files import atomic_write
from wordkin.vectors import search
from wordkin.vectors.words import WordVectors
from wordkin.views.page import answers, built
from wordkin.views.page.model import PageModel
from wordkin.views.page.sentences import sentences
from wordkin.views.page.view import View

# The same as `NUMBERS` in page/src/contract/questions.ts.
_NUMBERS = {"neighbours": 20, "analogy": 10, "compare": 10, "predict": 10}
_WITH_NEIGHBOURS = 2_000  # most frequent words, whose neighbours are included
_MOST_NUMBERS = 600_000  # of a model's vectors: 1.2 MB in float16, a third more as base64
_TEN_THOUSANDTHS = 10_000
_STYLE = '<link rel="stylesheet" href="page.css">'
_SCRIPT = '<script src="page.js" defer></script>'
_FIRST = '<meta charset="utf-8">'


def write(path: str | Path, models: Sequence[PageModel], *, view: View | None = None) -> None:
    """Write a document to a file, atomically.

    Raises
    ------
    SettingsError, WordkinError
        As from `document`.
    OSError
        If the file cannot be written.
    """
    text = document(models, view=view or View())
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def document(models: Sequence[PageModel], *, view: View) -> str:
    """Return a document with the maps of the models and the answers that a view needs.

    Parameters
    ----------
    models : sequence of PageModel
    view : View

    Returns
    -------
    str
        HTML.

    Raises
    ------
    SettingsError
        If the view has a model or word that does not exist.
    WordkinError
        If the package was built without the page.
    OSError
        If the view shows sentences and the text cannot be read.
    """
    _check(models, view)
    page, script, style = (
        built.read(name).decode() for name in ("index.html", "page.js", "page.css")
    )
    script, style = _inside("script", script), _inside("style", style)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(_data(models, view), separators=(",", ":"), allow_nan=False)
    # Escape the data, so that no word can look like markup.
    data = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    for old, new in (
        (_FIRST, f'{_FIRST}\n    <meta http-equiv="Content-Security-Policy" content="{policy}">'),
        (_STYLE, f"<style>{style}</style>"),
        (_SCRIPT, f'<script type="application/json" id="snapshot">{data}</script>\n'
                  f"    <script>{script}</script>"),
    ):  # fmt: skip
        if page.count(old) != 1:
            raise ValueError(f"index.html must contain exactly once: {old}")
        page = page.replace(old, new)
    return page


def _check(models: Sequence[PageModel], view: View) -> None:
    if view.model >= len(models):
        raise SettingsError(f"view: there is no model {view.model}, only {len(models)}")
    words = len(models[view.model].vectors)
    for row in [*view.rows, *([] if view.beside is None else [view.beside])]:
        if row >= words:
            raise SettingsError(f"view: there is no word {row}, only {words}")


def _inside(tag: str, text: str) -> str:
    """Escape a script or style so that it keeps its meaning inside its HTML tags."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # In both languages this only occurs in strings and the like, where the backslash has no effect.
    return re.sub(f"<(/{tag}|!--|script)", r"<\\\1", text, flags=re.IGNORECASE)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(models: Sequence[PageModel], view: View) -> dict[str, Any]:
    """Return the data of the document, `Exported` of page/src/contract/exported.ts."""
    answers_by_address, near, vectors = dict(_words(models)), [], []
    for number, (model, own) in enumerate(zip(models, _in_each(models, view), strict=True)):
        of_view = dict(_answers(model, number, own))
        visible = [*own.rows, *_rows_in(of_view.values())]
        near.append(_near(model, visible))
        vectors.append(_vectors(model, visible))
        answers_by_address |= of_view
    answers_by_address |= _same(models, view)
    points = (model.points.astype("<f4").tobytes() for model in models)
    return {
        "about": answers.about(models, exported=True),
        "answers": answers_by_address,
        "points": [base64.b64encode(data).decode() for data in points],
        "near": near,
        "vectors": vectors,
        "view": view.text,
    }


def address(name: str, **params: str | int) -> str:
    """Return the address of a request, like `address` in page/src/contract/questions.ts."""
    return f"api/{name}?{urlencode(sorted(params.items()), safe='*')}"


def _words(models: Sequence[PageModel]) -> Iterator[tuple[str, Any]]:
    for number, model in enumerate(models):
        yield address("words", model=number), answers.words(model)


def _same(models: Sequence[PageModel], view: View) -> dict[str, Any]:
    """Return the words of the view in the other models."""
    return {
        address("same", model=view.model, id=row, other=number): answers.same(
            models[view.model], row, other
        )
        for number, other in enumerate(models)
        for row in view.rows
        if number != view.model
    }


def _in_each(models: Sequence[PageModel], view: View) -> list[View]:
    """Return the view translated to the rows of each model, without the words that it lacks."""
    source, views = models[view.model], []
    for number, model in enumerate(models):
        if number == view.model:
            views.append(view)
            continue
        words = (None if row is None else answers.same(source, row, model) for row in view.ids)
        ids = tuple(None if word is None else word["id"] for word in words)
        if view.tab == "compare":
            ids = tuple(row for row in ids if row is not None)
        views.append(dataclasses.replace(view, model=number, ids=ids, beside=None))
    return views


def _answers(model: PageModel, number: int, view: View) -> Iterator[tuple[str, Any]]:
    """Yield the addresses and answers of what a view requests from model `number`."""
    for row in view.rows:
        if row >= len(model.points):  # the page needs its spelling
            where = address("neighbours", model=number, id=row, n=1)
            yield where, answers.neighbours(model, row, 1)
    if view.tab == "word" and view.rows:
        yield from _of_word(model, number, view.rows[0], view.beside)
    elif view.tab == "analogy" and len(view.rows) == 3:
        (a, b, c), n = view.rows, _NUMBERS["analogy"]
        where = address("analogy", model=number, a=a, b=b, c=c, n=n, method=view.method)
        yield where, answers.analogy(model, a, b, c, n, view.method)
    elif view.tab == "compare" and len(view.rows) >= 2:
        n, ids = _NUMBERS["compare"], ",".join(map(str, view.rows))
        yield address("compare", model=number, ids=ids, n=n), answers.compare(model, view.rows, n)


def _of_word(
    model: PageModel, number: int, row: int, beside: int | None
) -> Iterator[tuple[str, Any]]:
    n = _NUMBERS["neighbours"]
    yield address("neighbours", model=number, id=row, n=n), answers.neighbours(model, row, n)
    if model.word2vec is not None:
        n = _NUMBERS["predict"]
        yield address("predict", model=number, id=row, n=n), answers.predict(model, row, n)
    if beside is not None and beside != row and model.corpus:
        yield address("sentences", model=number, a=row, b=beside), sentences(model, row, beside)


def _rows_in(given: Iterable[Any]) -> Iterator[int]:
    """Yield the rows of the words in answers, on which the reader can click."""
    for answer in given:
        for listed in answer.values() if isinstance(answer, dict) else [answer]:
            if isinstance(listed, list):
                yield from (
                    word["id"] for word in listed if isinstance(word, dict) and "id" in word
                )


def _near(model: PageModel, visible: Iterable[int]) -> dict[str, Any]:
    """Return the neighbours of the most frequent and the visible words, both on the map."""
    mapped = len(model.points)
    frequent = range(min(_WITH_NEIGHBOURS, mapped))
    more = sorted({row for row in visible if row < mapped}.difference(frequent))
    ids, cosines = _near_frequent(model.vectors, frequent, mapped)
    more_ids, more_cosines = _near_rows(model.vectors, more, mapped)
    rows = [*frequent, *more]
    return {
        "of": rows,
        "counts": None if model.vectors.counts is None else model.vectors.counts[rows].tolist(),
        "ids": ids + more_ids,
        "cosines": cosines + more_cosines,
    }


def _vectors(model: PageModel, visible: Iterable[int]) -> dict[str, Any]:
    """Return unit vectors of the visible and the most frequent words, as many as fit."""
    mapped = len(model.points)
    wanted = [row for row in visible if row < mapped] + list(range(min(_WITH_NEIGHBOURS, mapped)))
    rows = sorted(list(dict.fromkeys(wanted))[: _MOST_NUMBERS // model.vectors.dim])
    units = search.units(model.vectors.matrix[rows]).astype("<f2")
    return {"of": rows, "units": base64.b64encode(units.tobytes()).decode()}


_Near: TypeAlias = tuple[list[list[int]], list[list[int]]]

_cache: weakref.WeakKeyDictionary[WordVectors, tuple[range, int, _Near]] = (
    weakref.WeakKeyDictionary()
)
_cache_lock = threading.Lock()


def _near_frequent(vectors: WordVectors, rows: range, mapped: int) -> _Near:
    """Return the same as `_near_rows`, cached as long as the vectors exist."""
    with _cache_lock:
        entry = _cache.get(vectors)
        if entry is None or entry[:2] != (rows, mapped):
            entry = _cache[vectors] = rows, mapped, _near_rows(vectors, rows, mapped)
    return entry[2]


def _near_rows(vectors: WordVectors, rows: Sequence[int], mapped: int) -> _Near:
    """Return the neighbours of rows that are on the map, and their cosines in ten-thousandths."""
    ids, cosines = vectors.neighbour_rows(
        np.array(rows, dtype=np.intp), _NUMBERS["neighbours"], within=mapped or None
    )
    whole = np.rint(cosines * _TEN_THOUSANDTHS).astype(int)
    real = ids >= 0
    return (
        [row[kept].tolist() for row, kept in zip(ids, real, strict=True)],
        [row[kept].tolist() for row, kept in zip(whole, real, strict=True)],
    )
