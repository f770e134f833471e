"""Models to show, from files, and better maps of them while they are looked at.

In: paths. Out: `Shown`, laid out by PCA, at once; later by another method.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wordkin.system.errors import WordkinError
from wordkin.views import projection
from wordkin.views.page.shown import MAPPED, Shown

if TYPE_CHECKING:
    from wordkin.training.model import Word2Vec
    from wordkin.vectors.words import WordVectors


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return what to call models: as short as tells them apart, and each something else."""
    from wordkin.vectors.formats import FORMATS

    known = {suffix for format in FORMATS.values() for suffix in format.suffixes}
    short = [path.stem if path.suffix.lower() in known else path.name for path in paths]
    with_folders = [f"{path.absolute().parent.name}/{path.name}" for path in paths]
    for names in (short, [path.name for path in paths], with_folders):
        if len(set(names)) == len(paths):
            return names
    return [f"{name} ({number})" for number, name in enumerate(short, 1)]


def shown_from(
    path: Path, *, name: str | None = None, corpus: Sequence[Path] = (), limit: int | None = None
) -> Shown:
    """Read a file of vectors; of a model, also what it predicts.

    Parameters
    ----------
    path : Path
        Of any format that `wordkin.load` reads.
    name : str, optional
        What to call it; else as `names_of` does.
    corpus : sequence of Path
        Its text, where that is at hand.
    limit : int, optional
        Read only so many words, the first; a model that has more does not predict then.

    Raises
    ------
    FormatError, CorpusError, OSError
    """
    model, vectors = _read(path, limit)
    return Shown(
        name or names_of([path])[0],
        vectors,
        projection.layout(vectors.matrix[:MAPPED]),
        model=model,
        corpus=tuple(corpus),
    )


def _read(path: Path, limit: int | None) -> tuple[Word2Vec | None, WordVectors]:
    from wordkin.training.model import Word2Vec
    from wordkin.vectors import formats
    from wordkin.vectors.formats.model import is_model
    from wordkin.vectors.loading import load

    format = formats.sniff(path)
    if format == "safetensors" and is_model(path):
        model = Word2Vec.load(path)
        if limit is None or len(model.vectors) <= limit:
            return model, model.vectors
        return None, model.vectors.take(limit)
    return None, load(path, format=format, limit=limit)


def lay_out_later(shown: list[Shown], method: str, say: Callable[[str], None]) -> None:
    """Replace the models' maps, each when its better one is ready, in a thread.

    Parameters
    ----------
    shown : list of Shown
        Its items are replaced, at once by those that say what is pending.
    method : str
        One of `projection.LAYOUTS`; models with too few words for it keep theirs.
    say : callable
        Told in a line if it fails; the maps are then as they were.
    """
    methods = [projection.method_for(len(one.points), method) for one in shown]
    shown[:] = [
        dataclasses.replace(one, pending=None if better == one.layout else better)
        for one, better in zip(shown, methods, strict=True)
    ]

    def lay_out() -> None:
        for number, one in enumerate(shown):
            if one.pending is None:
                continue
            try:
                points = projection.layout(one.vectors.matrix[: len(one.points)], one.pending)
                done = dataclasses.replace(one, points=points, layout=one.pending, pending=None)
            except (WordkinError, MemoryError) as error:
                say(f"note: no {one.pending} map of {one.name}: {error}")
                done = dataclasses.replace(one, pending=None)
            shown[number] = done

    threading.Thread(target=lay_out, name="layout", daemon=True).start()
