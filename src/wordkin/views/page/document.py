"""A view of the page as one document, which needs no server and no network.

In: models and a view. Out: HTML with the page's script and style inside, and the answers to what
the view asks. Its policy lets nothing else run or load. Takes no extra.
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
from wordkin.views.page.sentences import sentences
from wordkin.views.page.shown import Shown
from wordkin.views.page.view import View

# As `NUMBERS` of page/src/contract/questions.ts says.
_NUMBERS = {"neighbours": 20, "analogy": 10, "compare": 10, "predict": 10}
_WITH_NEIGHBOURS = 2_000  # words, the most frequent
_MOST_NUMBERS = 600_000  # of a model's vectors: 1.2 MB, and a third more as base64
_TEN_THOUSANDTHS = 10_000
_STYLE = '<link rel="stylesheet" href="page.css">'
_SCRIPT = '<script src="page.js" defer></script>'
_FIRST = '<meta charset="utf-8">'


def write(path: str | Path, shown: Sequence[Shown], *, view: View | None = None) -> None:
    """Write a document, whole or not at all.

    Raises
    ------
    SettingsError, WordkinError, OSError
        As `document`; or where it cannot be written.
    """
    text = document(shown, view=view or View())
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def document(shown: Sequence[Shown], *, view: View) -> str:
    """Return a document with the models' maps and what the view asks of them.

    Raises
    ------
    SettingsError
        If there is no such model or word.
    WordkinError
        If the package was built without the page.
    """
    _check(shown, view)
    page, script, style = (
        built.read(name).decode() for name in ("index.html", "page.js", "page.css")
    )
    script, style = _inside("script", script), _inside("style", style)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(_data(shown, view), separators=(",", ":"), allow_nan=False)
    # Nothing in the data looks like markup, whatever the words are.
    data = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    for old, new in (
        (_FIRST, f'{_FIRST}\n    <meta http-equiv="Content-Security-Policy" content="{policy}">'),
        (_STYLE, f"<style>{style}</style>"),
        (_SCRIPT, f'<script type="application/json" id="snapshot">{data}</script>\n'
                  f"    <script>{script}</script>"),
    ):  # fmt: skip
        if page.count(old) != 1:
            raise ValueError(f"index.html must have once: {old}")
        page = page.replace(old, new)
    return page


def _check(shown: Sequence[Shown], view: View) -> None:
    if view.model >= len(shown):
        raise SettingsError(f"view: there is no model {view.model}, only {len(shown)}")
    of = len(shown[view.model].vectors)
    for row in [*view.rows, *([] if view.beside is None else [view.beside])]:
        if row >= of:
            raise SettingsError(f"view: there is no word {row}, only {of}")


def _inside(tag: str, text: str) -> str:
    """Return a script or style that can stand inside its tags, and be read as the same there."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # In both languages this can only be in a string or the like, where the backslash says nothing.
    return re.sub(f"<(/{tag}|!--|script)", r"<\\\1", text, flags=re.IGNORECASE)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(shown: Sequence[Shown], view: View) -> dict[str, Any]:
    answered, near, vectors = dict(_words(shown)), [], []
    for number, (one, here) in enumerate(zip(shown, _in_each(shown, view), strict=True)):
        asked = dict(_asked(one, number, here))
        seen = [*here.rows, *_rows_in(asked.values())]
        near.append(_near(one, seen))
        vectors.append(_vectors(one, seen))
        answered |= asked
    answered |= _same(shown, view)
    return {
        "about": answers.about(shown, exported=True),
        "answers": answered,
        "points": [base64.b64encode(one.points.astype("<f4").tobytes()).decode() for one in shown],
        "near": near,
        "vectors": vectors,
        "view": view.text,
    }


def address(name: str, **params: str | int) -> str:
    """Return the address of a question, as `address` of page/src/contract/questions.ts makes it."""
    return f"api/{name}?{urlencode(sorted(params.items()), safe='*')}"


def _words(shown: Sequence[Shown]) -> Iterator[tuple[str, Any]]:
    for number, one in enumerate(shown):
        yield address("words", model=number), answers.words(one)


def _same(shown: Sequence[Shown], view: View) -> dict[str, Any]:
    """Return what the view's words are in the other models."""
    return {
        address("same", model=view.model, id=row, other=number): answers.same(
            shown[view.model], row, one
        )
        for number, one in enumerate(shown)
        for row in view.rows
        if number != view.model
    }


def _in_each(shown: Sequence[Shown], view: View) -> list[View]:
    """Return the view of each model, in its rows; without words that it does not have."""
    here, views = shown[view.model], []
    for number, one in enumerate(shown):
        if number == view.model:
            views.append(view)
            continue
        words = (None if row is None else answers.same(here, row, one) for row in view.ids)
        ids = tuple(None if word is None else word["id"] for word in words)
        if view.tab == "compare":  # of those that are there
            ids = tuple(row for row in ids if row is not None)
        views.append(dataclasses.replace(view, model=number, ids=ids, beside=None))
    return views


def _asked(one: Shown, model: int, view: View) -> Iterator[tuple[str, Any]]:
    """Give what a view asks of its model."""
    for row in view.rows:
        if row >= len(one.points):  # its spelling is asked for
            yield address("neighbours", model=model, id=row, n=1), answers.neighbours(one, row, 1)
    if view.tab == "word" and view.rows:
        yield from _of_word(one, model, view.rows[0], view.beside)
    elif view.tab == "analogy" and len(view.rows) == 3:
        (a, b, c), n = view.rows, _NUMBERS["analogy"]
        where = address("analogy", model=model, a=a, b=b, c=c, n=n, method=view.method)
        yield where, answers.analogy(one, a, b, c, n, view.method)
    elif view.tab == "compare" and len(view.rows) >= 2:
        n, ids = _NUMBERS["compare"], ",".join(map(str, view.rows))
        yield address("compare", model=model, ids=ids, n=n), answers.compare(one, view.rows, n)


def _of_word(one: Shown, model: int, row: int, beside: int | None) -> Iterator[tuple[str, Any]]:
    n = _NUMBERS["neighbours"]
    yield address("neighbours", model=model, id=row, n=n), answers.neighbours(one, row, n)
    if one.model is not None:
        n = _NUMBERS["predict"]
        yield address("predict", model=model, id=row, n=n), answers.predict(one, row, n)
    if beside is not None and beside != row and one.corpus:
        yield address("sentences", model=model, a=row, b=beside), sentences(one, row, beside)


def _rows_in(asked: Iterable[Any]) -> Iterator[int]:
    """Give the words in answers, which somebody who sees them may click on."""
    for answer in asked:
        for listed in answer.values() if isinstance(answer, dict) else [answer]:
            if isinstance(listed, list):
                yield from (
                    word["id"] for word in listed if isinstance(word, dict) and "id" in word
                )


def _near(one: Shown, seen: Iterable[int]) -> dict[str, Any]:
    """Return the neighbours, on the map, of its most frequent words and of those seen, briefly."""
    mapped = len(one.points)
    frequent = range(min(_WITH_NEIGHBOURS, mapped))
    more = sorted({row for row in seen if row < mapped}.difference(frequent))
    ids, cosines = _near_frequent(one.vectors, frequent, mapped)
    more_ids, more_cosines = _near_rows(one.vectors, more, mapped)
    rows = [*frequent, *more]
    return {
        "of": rows,
        "counts": None if one.vectors.counts is None else one.vectors.counts[rows].tolist(),
        "ids": ids + more_ids,
        "cosines": cosines + more_cosines,
    }


def _vectors(one: Shown, seen: Iterable[int]) -> dict[str, Any]:
    """Return the directions of the words seen and of the most frequent ones, as many as fit."""
    mapped = len(one.points)
    wanted = [row for row in seen if row < mapped] + list(range(min(_WITH_NEIGHBOURS, mapped)))
    rows = sorted(list(dict.fromkeys(wanted))[: _MOST_NUMBERS // one.vectors.dim])
    units = search.units(one.vectors.matrix[rows]).astype("<f2")
    return {"of": rows, "units": base64.b64encode(units.tobytes()).decode()}


_Near: TypeAlias = tuple[list[list[int]], list[list[int]]]

_found: weakref.WeakKeyDictionary[WordVectors, tuple[range, int, _Near]] = (
    weakref.WeakKeyDictionary()
)
_finding = threading.Lock()


def _near_frequent(vectors: WordVectors, rows: range, mapped: int) -> _Near:
    """Return the same as `_near_rows`: found when first asked for, forgotten with the model."""
    with _finding:
        known = _found.get(vectors)
        if known is None or known[:2] != (rows, mapped):
            known = _found[vectors] = rows, mapped, _near_rows(vectors, rows, mapped)
    return known[2]


def _near_rows(vectors: WordVectors, rows: Sequence[int], mapped: int) -> _Near:
    """Return the neighbours of rows, on the map, and their cosines in whole numbers."""
    ids, cosines = vectors.neighbour_rows(
        np.array(rows, dtype=np.intp), _NUMBERS["neighbours"], within=mapped or None
    )
    whole = np.rint(cosines * _TEN_THOUSANDTHS).astype(int)
    there = ids >= 0
    return (
        [found[kept].tolist() for found, kept in zip(ids, there, strict=True)],
        [found[kept].tolist() for found, kept in zip(whole, there, strict=True)],
    )
