"""Maps of words: which stand on one, where, and which of them are named.

In: word vectors. Out: a `Map`, which shows itself in a notebook and writes itself to a file. May
import `errors`, `files`, `projection` and `vectors`; `drawing`, which needs the extra `map`, only
when a map is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex, get_args

import numpy as np
import numpy.typing as npt

from wordkin.system import types
from wordkin.system.checks import at_least
from wordkin.system.errors import SettingsError
from wordkin.system.files import atomic_write
from wordkin.vectors.words import WordVectors
from wordkin.views import projection
from wordkin.views.maps.placed import NAMED, Placed, Size, Theme

if TYPE_CHECKING:
    from wordkin.views.maps.drawing import Drawing


MAPPED = 100_000  # words of a whole vocabulary at most: the first, usually the most frequent

_SIZES = (1.0, 100.0)  # inches that a side may have


class Map(Placed):
    """Words in the plane, to be drawn or saved."""

    @cached_property
    def drawing(self) -> Drawing:
        """The figure, and which words found no room on it; drawn when first asked for.

        Raises
        ------
        WordkinError
            If the packages that draw are not installed.
        """
        from wordkin.views.maps.drawing import draw

        return draw(self)

    @property
    def unnamed(self) -> tuple[str, ...]:
        """The words asked for whose names found no room; their points are on the map."""
        return self.drawing.unnamed

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the map; an older file there is replaced only once the new one is complete.

        Parameters
        ----------
        path : path
            Its suffix is the format: .png with 200 dots to the inch, .svg, or .html, a page of
            its own to search and wander in, which needs no package that draws.

        Raises
        ------
        SettingsError
            If the suffix is another.
        WordkinError
            If the packages that draw are not installed.
        OSError
            If the file cannot be written.
        """
        writer = writer_of(path)
        with atomic_write(path) as temporary:
            writer.write(self, temporary)

    def _repr_png_(self) -> bytes:
        """Show the map in a notebook."""
        return self.drawing.png()

    def __repr__(self) -> str:
        method = projection.LAYOUTS[self.layout].title
        return f"<Map: {_words(len(self.words))} by {method}, {len(self.arrows):,} arrows>"


def _write_png(shown: Map, path: Path) -> None:
    path.write_bytes(shown.drawing.png())


def _write_svg(shown: Map, path: Path) -> None:
    path.write_bytes(shown.drawing.svg())


def _write_html(shown: Map, path: Path) -> None:
    from wordkin.views.page.document import document
    from wordkin.views.page.shown import Shown
    from wordkin.views.page.view import View

    one = Shown(
        shown.title or _words(len(shown.points)), shown.vectors, shown.points, shown.layout,
        named=shown.named, arrows=shown.arrows, caption=shown.caption,
    )  # fmt: skip
    path.write_text(document([one], view=View()), encoding="utf-8")


class Writer(NamedTuple):
    """What writes a map, and whether it takes the packages that draw."""

    write: Callable[[Map, Path], None]
    draws: bool


WRITERS = {
    ".png": Writer(_write_png, True),
    ".svg": Writer(_write_svg, True),
    ".html": Writer(_write_html, False),
}
"""What writes a map, by the suffix of its file."""


def writer_of(path: str | os.PathLike[str]) -> Writer:
    """Return what writes a map to such a file.

    Raises
    ------
    SettingsError
        If its suffix is none of `WRITERS`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise SettingsError(f"a map must end in {', '.join(WRITERS)}, got {os.fspath(path)!r}")
    return WRITERS[suffix]


def map_of(
    vectors: WordVectors,
    words: Iterable[str] | None = None,
    pairs: Iterable[tuple[str, str]] = (),
    *,
    layout: str = "pca",
    rest: bool | None = None,
    first: SupportsIndex = MAPPED,
    topn: SupportsIndex = NAMED,
    theme: Theme = "light",
    title: str | None = None,
    size: Size | None = None,
) -> Map:
    """Lay words out: see `WordVectors.map`."""
    look = check_look(theme, size)
    number, most = at_least(1, "first", first), at_least(0, "topn", topn)
    joined = [_pair(pair) for pair in pairs]
    asked = list(dict.fromkeys(_asked(words) + [word for pair in joined for word in pair]))
    if words is not None and not asked:
        raise SettingsError("a map needs at least 1 word, got 0")
    for word in asked:
        vectors[word]  # known, before the work begins
    whole = not asked if rest is None else rest
    if not whole and not asked:
        raise SettingsError("a map without the rest needs words, got none")
    shown = _chosen(vectors, asked, number if whole else 0)
    method = projection.method_for(len(shown), layout)
    points, caption = _placed(shown.matrix, method, layout)
    named = asked or (shown.words if len(shown) <= most else ())
    return Map(
        vectors=shown,
        points=points,
        named=tuple(map(shown.index, named)),
        arrows=tuple((shown.index(a), shown.index(b)) for a, b in joined),
        layout=method,
        caption=caption,
        theme=look,
        title=title,
        size=size,
        topn=most,
    )


def check_look(theme: str, size: Size | None) -> Theme:
    """Return the theme, if there is one of that name and the size can be drawn.

    Raises
    ------
    SettingsError
    """
    if size is not None and not all(_SIZES[0] <= side <= _SIZES[1] for side in size):
        least, most = _SIZES
        raise SettingsError(
            f"size must be {least:g} to {most:g} inches a side, got {size[0]:g} by {size[1]:g}"
        )
    for known in get_args(Theme):
        if theme == known:
            return known  # type: ignore[no-any-return]
    raise SettingsError(f"theme must be {' or '.join(get_args(Theme))}, got {theme!r}")


def require_drawing() -> None:
    """Raise what drawing would raise later if its packages are not installed.

    Raises
    ------
    WordkinError
    """
    import_module("wordkin.views.maps.drawing")


def _asked(words: Iterable[str] | None) -> list[str]:
    if words is None:
        return []
    return [words] if isinstance(words, str) else list(words)


def _words(number: int) -> str:
    return f"{number:,} word{'' if number == 1 else 's'}"


def _pair(pair: Sequence[str]) -> tuple[str, str]:
    if isinstance(pair, str) or len(pair) != 2:
        raise SettingsError(f"a pair must be two words, got {pair!r}")
    return pair[0], pair[1]


def _chosen(vectors: WordVectors, asked: Sequence[str], first: int) -> WordVectors:
    """Return the first so many words, and those asked for that are not among them."""
    known = vectors.words[:first]
    among = set(known)
    others = [word for word in asked if word not in among]
    if len(known) == len(vectors) and not others:
        return vectors
    matrix, counts = vectors.matrix[:first], vectors.counts
    if others:
        matrix = np.concatenate([matrix, np.stack([vectors[word] for word in others])])
    if counts is not None:  # of words composed of their n-grams it is not known
        rows = [vectors.index(word) for word in others if word in vectors]
        there = len(rows) == len(others)
        counts = np.concatenate([counts[:first], counts[rows]]) if there else None
    return WordVectors((*known, *others), matrix, counts)


def _placed(matrix: npt.NDArray[Any], method: str, asked: str) -> tuple[types.Float32, str]:
    """Return the points, and what the plane shows."""
    number = _words(len(matrix))
    if method != "pca":
        title = projection.LAYOUTS[method].title
        told = f"{title} of {number}: neighbours are alike, long distances mean little"
        return projection.layout(matrix, method), told
    axes = projection.principal_axes(matrix)
    told = f"PCA of {number}: {axes.shares[0]:.0%} of the variance across, {axes.shares[1]:.0%} up"
    if asked != method:
        told += f" (too few for {projection.LAYOUTS[asked].title})"
    return axes.points(matrix), told
