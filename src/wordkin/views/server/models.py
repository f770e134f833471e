"""Load models for the page, and improve their maps in the background.

In: paths. Out: `PageModel` with a map by PCA, which another layout may replace later.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordkin.system.errors import WordkinError
from wordkin.views import projection
from wordkin.views.page.model import MAPPED, PageModel

if TYPE_CHECKING:
    from wordkin.training.model import Word2Vec
    from wordkin.vectors.words import WordVectors


def display_names(paths: Sequence[Path]) -> list[str]:
    """Return a display name for each model, all different and as short as possible."""
    from wordkin.vectors.formats import FORMATS

    suffixes = {suffix for format in FORMATS.values() for suffix in format.suffixes}
    short = [path.stem if path.suffix.lower() in suffixes else path.name for path in paths]
    with_folders = [f"{path.absolute().parent.name}/{path.name}" for path in paths]
    for names in (short, [path.name for path in paths], with_folders):
        if len(set(names)) == len(paths):
            return names
    return [f"{name} ({number})" for number, name in enumerate(short, 1)]


def load_page_model(
    path: Path,
    *,
    name: str | None = None,
    corpus: Sequence[Path] = (),
    options: Mapping[str, Any] | None = None,
) -> PageModel:
    """Load a file of vectors; if it is a model, the page can also show its predictions.

    Parameters
    ----------
    path : Path
        A file in any format that `wordkin.load` reads.
    name : str, optional
        Display name; by default, that of `display_names`.
    corpus : sequence of Path
        Files of the text that it was trained on, if they are available.
    options : mapping, optional
        Keywords of `wordkin.load`. With a `limit` a model with more words cannot predict.

    Raises
    ------
    FormatError
        If the file is damaged or has an unknown format.
    OSError
        If the file cannot be read.
    """
    model, vectors = _read(path, options or {})
    return PageModel(
        name or display_names([path])[0],
        vectors,
        projection.layout(vectors.matrix[:MAPPED]),
        word2vec=model,
        corpus=tuple(corpus),
    )


def _read(path: Path, options: Mapping[str, Any]) -> tuple[Word2Vec | None, WordVectors]:
    from wordkin.training.model import Word2Vec
    from wordkin.vectors import formats
    from wordkin.vectors.formats.model import is_model
    from wordkin.vectors.loading import load

    limit = options.get("limit")
    format = options.get("format") or formats.sniff(path, options.get("encoding"))
    if format == "safetensors" and is_model(path):
        model = Word2Vec.load(path)
        if limit is None or len(model.vectors) <= limit:
            return model, model.vectors
        return None, model.vectors.take(limit)
    return None, load(path, **{**options, "format": format})


def lay_out_later(models: list[PageModel], method: str, say: Callable[[str], None]) -> None:
    """Compute another layout of the models in a thread, and replace each map when it is ready.

    Parameters
    ----------
    models : list of PageModel
        Its items are replaced: at once to mark the layout as pending, then with the new map.
    method : str
        One of `projection.LAYOUTS`; models with too few words for it keep their map.
    say : callable
        Prints a line if it fails; the map then stays as it was.
    """
    methods = [projection.method_for(len(model.points), method) for model in models]
    models[:] = [
        dataclasses.replace(model, pending=None if better == model.layout else better)
        for model, better in zip(models, methods, strict=True)
    ]

    def lay_out() -> None:
        for number, model in enumerate(models):
            if model.pending is None:
                continue
            try:
                points = projection.layout(model.vectors.matrix[: len(model.points)], model.pending)
                done = dataclasses.replace(model, points=points, layout=model.pending, pending=None)
            except (WordkinError, MemoryError) as error:
                say(f"note: no {model.pending} map of {model.name}: {error}")
                done = dataclasses.replace(model, pending=None)
            models[number] = done

    threading.Thread(target=lay_out, name="layout", daemon=True).start()
