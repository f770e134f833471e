"""Make maps of words: choose the words, place them in the plane, and save the result.

In: word vectors. Out: a `Map`, which displays itself in a notebook and saves itself to a file.
`drawing`, which needs the extra `map`, is imported only when a map is drawn.
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
from wordkin.system.wording import quantity
from wordkin.vectors.words import WordVectors
from wordkin.views import projection
from wordkin.views.maps.placed import NAMED, Placed, Size, Theme

if TYPE_CHECKING:
    from wordkin.views.maps.drawing import Drawing

MAPPED = 100_000
"""Most words of a whole vocabulary on a map: the first ones, usually the most frequent."""

_SIZES = (1.0, 100.0)  # least and greatest length of a side, in inches


class Map(Placed):
    """Words in the plane, to be drawn or saved."""

    @cached_property
    def drawing(self) -> Drawing:
        """The figure and the words that did not fit on it; drawn on first access.

        Raises
        ------
        WordkinError
            If the packages for drawing are not installed.
        """
        from wordkin.views.maps.drawing import draw

        return draw(self)

    @property
    def unnamed(self) -> tuple[str, ...]:
        """The requested words whose names did not fit; their points are on the map."""
        return self.drawing.unnamed

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the map to a file; an existing file is replaced once the new one is complete.

        Parameters
        ----------
        path : path
            Its suffix is the format: .png with 200 dots per inch, .svg, or .html, a page to search
            and explore, which needs no packages for drawing.

        Raises
        ------
        SettingsError
            If the suffix is not one of these.
        WordkinError
            If the packages for drawing are not installed, or the page was not built.
        OSError
            If the file cannot be written.
        """
        writer = writer_of(path)
        with atomic_write(path) as temporary:
            writer.write(self, temporary)

    def _repr_png_(self) -> bytes:
        """Display the map in a notebook."""
        return self.drawing.png()

    def __repr__(self) -> str:
        method = projection.LAYOUTS[self.layout].title
        return (
            f"<Map: {quantity(len(self.words), 'word')} by {method}, {len(self.arrows):,} arrows>"
        )


def _write_png(word_map: Map, path: Path) -> None:
    path.write_bytes(word_map.drawing.png())


def _write_svg(word_map: Map, path: Path) -> None:
    path.write_bytes(word_map.drawing.svg())


def _write_html(word_map: Map, path: Path) -> None:
    from wordkin.views.page.document import document
    from wordkin.views.page.model import PageModel
    from wordkin.views.page.view import View

    model = PageModel(
        word_map.title or quantity(len(word_map.points), "word"),
        word_map.vectors,
        word_map.points,
        word_map.layout,
        named=word_map.named,
        arrows=word_map.arrows,
        caption=word_map.caption,
    )
    path.write_text(document([model], view=View()), encoding="utf-8")


class Writer(NamedTuple):
    """A file format of maps.

    Attributes
    ----------
    write : callable
        Writes a map to a path.
    draws : bool
        Whether it needs the packages for drawing.
    """

    write: Callable[[Map, Path], None]
    draws: bool


WRITERS = {
    ".png": Writer(_write_png, True),
    ".svg": Writer(_write_svg, True),
    ".html": Writer(_write_html, False),
}
"""The file formats by suffix."""


def writer_of(path: str | os.PathLike[str]) -> Writer:
    """Return the file format for a path.

    Raises
    ------
    SettingsError
        If its suffix is not in `WRITERS`.
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
    """Make a map of words: see `WordVectors.map` for parameters and errors."""
    theme = check_appearance(theme, size)
    number, most = at_least(1, "first", first), at_least(0, "topn", topn)
    joined = [_pair(pair) for pair in pairs]
    requested = list(dict.fromkeys(_listed(words) + [word for pair in joined for word in pair]))
    if words is not None and not requested:
        raise SettingsError("a map needs at least 1 word, got 0")
    for word in requested:
        vectors[word]  # raises UnknownWordError before the work begins
    whole = not requested if rest is None else rest
    if not whole and not requested:
        raise SettingsError("a map without the rest needs words, got none")
    chosen = _chosen(vectors, requested, number if whole else 0)
    method = projection.method_for(len(chosen), layout)
    points, caption = _laid_out(chosen.matrix, method, layout)
    named = requested or (chosen.words if len(chosen) <= most else ())
    return Map(
        vectors=chosen,
        points=points,
        named=tuple(map(chosen.index, named)),
        arrows=tuple((chosen.index(a), chosen.index(b)) for a, b in joined),
        layout=method,
        caption=caption,
        theme=theme,
        title=title,
        size=size,
        topn=most,
    )


def check_appearance(theme: str, size: Size | None) -> Theme:
    """Check theme and size; return the theme.

    Raises
    ------
    SettingsError
        If there is no such theme, or a side is too short or too long.
    """
    if size is not None and not all(_SIZES[0] <= side <= _SIZES[1] for side in size):
        least, most = _SIZES
        raise SettingsError(
            f"size must be {least:g} to {most:g} inches a side, got {size[0]:g} by {size[1]:g}"
        )
    for name in get_args(Theme):
        if theme == name:
            return name  # type: ignore[no-any-return]
    raise SettingsError(f"theme must be {' or '.join(get_args(Theme))}, got {theme!r}")


def require_drawing() -> None:
    """Check, before the work, that the packages for drawing are installed.

    Raises
    ------
    WordkinError
        If they are not.
    """
    import_module("wordkin.views.maps.drawing")


def _listed(words: Iterable[str] | None) -> list[str]:
    if words is None:
        return []
    return [words] if isinstance(words, str) else list(words)


def _pair(pair: Sequence[str]) -> tuple[str, str]:
    if isinstance(pair, str) or len(pair) != 2:
        raise SettingsError(f"a pair must be two words, got {pair!r}")
    return pair[0], pair[1]


def _chosen(vectors: WordVectors, requested: Sequence[str], first: int) -> WordVectors:
    """Return the first `first` words, and the requested words that are not among them."""
    words = vectors.words[:first]
    included = set(words)
    others = [word for word in requested if word not in included]
    if len(words) == len(vectors) and not others:
        return vectors
    matrix, counts = vectors.matrix[:first], vectors.counts
    if others:
        matrix = np.concatenate([matrix, np.stack([vectors[word] for word in others])])
    if counts is not None:  # words composed of n-grams have no count
        rows = [vectors.index(word) for word in others if word in vectors]
        have_counts = len(rows) == len(others)
        counts = np.concatenate([counts[:first], counts[rows]]) if have_counts else None
    return WordVectors((*words, *others), matrix, counts)


def _laid_out(matrix: npt.NDArray[Any], method: str, requested: str) -> tuple[types.Float32, str]:
    """Return the points and a caption; `method` may replace the requested one."""
    number = quantity(len(matrix), "word")
    if method != "pca":
        title = projection.LAYOUTS[method].title
        caption = f"{title} of {number}: neighbours are alike, long distances mean little"
        return projection.layout(matrix, method), caption
    axes = projection.principal_axes(matrix)
    across, up = axes.shares
    caption = f"PCA of {number}: {across:.0%} of the variance across, {up:.0%} up"
    if requested != method:
        caption += f" (too few for {projection.LAYOUTS[requested].title})"
    return axes.points(matrix), caption
