"""Draw maps: points, arrows, names that do not overlap.

In: a `Placed` map. Out: a figure, as bytes of PNG or SVG. This module and `fonts` are the only ones
that import matplotlib; they use its object interface, so the caller's settings stay as they are.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import WordkinError
from wordkin.views.maps.label_text import choose_fonts, display_text
from wordkin.views.maps.placed import DOTS_PER_INCH, Placed, Size
from wordkin.views.maps.placement import place

try:
    import matplotlib
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.patheffects import withStroke
    from matplotlib.text import Text
except ImportError as error:
    raise WordkinError(f"a map needs its packages ({error}): pip install 'wordkin[map]'") from None

_WIDTH = 9.0  # inches, by default
_SHAPES = (0.6, 0.85)  # least and greatest ratio of height to width
_WORDS = 60  # that fit a sheet of that width well
_GROWTHS = (1.0, 1.4)  # sizes of the sheet to try for the requested words
_FONT_SIZES = (11.0, 9.5, 8.0)  # points, tried in turn
_NAME_SIZE = 8.0  # points, where no words were requested
_EDGE = 0.2  # inches around everything
_LINE = 0.3  # inches for a title or a caption
_MARGIN = 0.08  # of a side, around the points, for names
_POINTS_PER_INCH = 72.0
_GAP = 5.0  # points from a name, or an arrow's end, to its point
_PADDING = 1.5  # points around a name
_REACH = 0.35  # largest distance from a point to its name, by the sheet's shorter side
_SPREAD = (44.0, 15.0)  # points between names that were not requested, across and up
_TITLE = 120  # most characters of a title
_NAMED = re.compile(r'<g id="word-(\d+)">')  # the group of a name in SVG
_CANDIDATES = 20_000  # most frequent words, from which those to name are chosen


class Theme(NamedTuple):
    """The colours of a map."""

    ground: str
    ink: str
    quiet: str
    dot: str
    arrow: str
    line: str


THEMES = {
    "light": Theme("#fbfbfa", "#1c2024", "#6b7280", "#2f6fde", "#d9622b", "#b6bcc6"),
    "dark": Theme("#14171c", "#eceef1", "#98a1ae", "#6ea8fe", "#ff9d66", "#4b5563"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Drawing:
    """A drawn map.

    Attributes
    ----------
    placed : Placed
    figure : matplotlib.figure.Figure
    names : dict of int to matplotlib.text.Text
        The names on the figure, by the row of the word.
    unnamed : tuple of str
        The requested words whose names did not fit.
    """

    placed: Placed
    figure: Figure
    names: dict[int, Text]
    unnamed: tuple[str, ...]

    def png(self) -> bytes:
        """Return the figure as PNG."""
        return self._render("png", {"Software": None})

    def svg(self) -> bytes:
        """Return the figure as SVG.

        Letters are outlines, which look the same everywhere; each has its word as title.
        """
        metadata: dict[str, str | None] = {"Date": None, "Creator": None}
        if self.placed.title:
            metadata["Title"] = display_text(self.placed.title, _TITLE)
        return re.sub(_NAMED, self._with_title, self._render("svg", metadata).decode()).encode()

    def _with_title(self, group: re.Match[str]) -> str:
        word = self.placed.words[int(group[1])]
        return f"{group[0]}<title>{escape(display_text(word))}</title>"

    def _render(self, format: str, metadata: dict[str, Any]) -> bytes:
        file = io.BytesIO()
        with _style():
            self.figure.savefig(file, format=format, dpi=DOTS_PER_INCH, metadata=metadata)
        return file.getvalue()


def draw(placed: Placed) -> Drawing:
    """Draw a map, with names that do not overlap."""
    with _style():
        if not placed.named:
            return _Sheet(placed, placed.size or _size_for(placed)).draw_fitting_names()
        return _draw_requested_names(placed)


@contextmanager
def _style() -> Iterator[None]:
    """Use matplotlib's own defaults, and make equal maps have equal bytes."""
    settings: dict[Any, Any] = {
        "svg.fonttype": "path",
        "svg.hashsalt": "wordkin",
        "text.parse_math": False,
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def _draw_requested_names(placed: Placed) -> Drawing:
    """Draw with all requested names, in smaller print or on a larger sheet if necessary."""
    size = placed.size or _size_for(placed)
    for growth in _GROWTHS if placed.size is None else (1.0,):
        grown = size[0] * growth, size[1] * growth
        for points in _FONT_SIZES:
            drawing = _Sheet(placed, grown).draw_requested_names(points)
            if not drawing.unnamed:
                return drawing
    return _Sheet(placed, grown).draw_requested_names(points, behind=True)


def _size_for(placed: Placed) -> Size:
    """Return a size in inches that fits the names, of about the shape of the map."""
    low, high = _extent(placed.points)
    across, up = high - low
    shape = float(np.clip(up / across if across else 0.0, *_SHAPES))
    width = _WIDTH * max(1.0, (len(placed.named) / _WORDS) ** 0.5)
    return width, width * shape


class _Sheet:
    """A figure with the points and arrows of a map, to which names are added."""

    def __init__(self, placed: Placed, size: Size) -> None:
        self.placed = placed
        self.colours = THEMES[placed.theme]
        self.figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor=self.colours.ground)
        FigureCanvasAgg(self.figure)
        self.axes = self._make_axes(size)
        self._put_margins()
        self._put_points()
        self._put_arrows()

    def _make_axes(self, size: Size) -> Axes:
        """Return axes that fill the sheet, with the same unit across and up."""
        width, height = size
        top = _EDGE + _LINE * bool(self.placed.title)
        bottom = _EDGE + _LINE * bool(self.placed.caption)
        inner = width - 2 * _EDGE, height - top - bottom
        axes = self.figure.add_axes(
            (_EDGE / width, bottom / height, inner[0] / width, inner[1] / height)
        )
        axes.set_axis_off()
        low, high = _extent(self.placed.points)
        unit = max((high - low) / np.array(inner)) / (1 - 2 * _MARGIN) or 1.0
        middle = (low + high) / 2
        axes.set_xlim(*(middle[0] + unit * inner[0] * np.array([-0.5, 0.5])))
        axes.set_ylim(*(middle[1] + unit * inner[1] * np.array([-0.5, 0.5])))
        return axes

    def _put_margins(self) -> None:
        placed, colours = self.placed, self.colours
        width, height = self.figure.get_size_inches()
        place: dict[str, Any] = {"parse_math": False, "ha": "left"}
        edge = _EDGE / width
        if placed.title:
            (title,), fonts = choose_fonts([display_text(placed.title, _TITLE)])
            self._fit(
                self.figure.text(
                    edge, 1 - _EDGE / height, title, va="top", size=14, weight="bold",
                    color=colours.ink, family=fonts, **place,
                )
            )  # fmt: skip
        if placed.caption:
            self._fit(
                self.figure.text(
                    edge, _EDGE / height, placed.caption, va="bottom", size=8,
                    color=colours.quiet, **place,
                )
            )  # fmt: skip

    def _fit(self, text: Text) -> None:
        """Shrink a line of text to the width of the sheet."""
        available = (self.figure.get_size_inches()[0] - 2 * _EDGE) * DOTS_PER_INCH
        width = text.get_window_extent().width
        if width > available:
            text.set_fontsize(text.get_fontsize() * available / width * 0.99)

    def _put_points(self) -> None:
        placed, colours = self.placed, self.colours
        named = np.array(placed.named, dtype=np.intp)
        others = np.delete(placed.points, named, axis=0)
        if len(others):
            self._put_density(others)
        if len(named):
            x, y = placed.points[named].T
            self.axes.scatter(
                x, y, s=20, color=colours.dot, linewidths=0.8, edgecolors=colours.ground, zorder=4
            )

    def _put_density(self, points: npt.NDArray[np.float32]) -> None:
        """Draw many points, the smaller and paler the more there are."""
        inches = float(np.prod(self.figure.get_size_inches()))
        crowd = len(points) / inches  # points per square inch
        x, y = points.T
        self.axes.scatter(
            x,
            y,
            s=np.clip(60 / max(crowd, 1e-9), 1.2, 14),
            alpha=float(np.clip(4 / max(crowd, 1e-9) ** 0.5, 0.12, 0.55)),
            color=self.colours.dot,
            linewidths=0,
            rasterized=True,
            zorder=1,
        )

    def _put_arrows(self) -> None:
        for a, b in self.placed.arrows:
            ends = self.placed.points[[a, b]]
            far = np.diff(self._on_sheet(ends), axis=0)[0]
            if np.hypot(*far) <= 3 * _GAP:
                continue  # too short to be seen
            arrow = FancyArrowPatch(
                tuple(ends[0]), tuple(ends[1]), arrowstyle="-|>", mutation_scale=11,
                linewidth=1.3, shrinkA=_GAP, shrinkB=_GAP, color=self.colours.arrow, zorder=3,
            )  # fmt: skip
            self.axes.add_patch(arrow)

    def draw_requested_names(self, size: float, *, behind: bool = False) -> Drawing:
        """Name the requested words, with a leader line if a name is far from its point."""
        rows = list(self.placed.named)
        reach = _REACH * min(self.figure.get_size_inches()) * _POINTS_PER_INCH
        names = self._put_names(rows, size, reach, behind=behind)
        unnamed = tuple(self.placed.words[row] for row in rows if row not in names)
        return Drawing(self.placed, self.figure, names, unnamed)

    def draw_fitting_names(self) -> Drawing:
        """Name the most frequent words that fit right beside their points."""
        names = self._put_names(self._spread(), _NAME_SIZE, reach=0.0)
        x, y = self.placed.points[list(names)].T
        self.axes.scatter(x, y, s=7, color=self.colours.ink, linewidths=0, zorder=4)
        return Drawing(self.placed, self.figure, names, ())

    def _spread(self) -> list[int]:
        """Return the rows of the most frequent words that are far enough apart."""
        places = self._on_sheet(self.placed.points[:_CANDIDATES]) / np.array(_SPREAD)
        free = np.ones(len(places), dtype=bool)
        chosen: list[int] = []
        while free.any() and len(chosen) < self.placed.topn:
            row = int(free.argmax())
            chosen.append(row)
            free &= np.hypot(*(places - places[row]).T) > 1.0
        return chosen

    def _put_names(
        self, rows: Sequence[int], size: float, reach: float, *, behind: bool = False
    ) -> dict[int, Text]:
        """Add names where they overlap nothing; return those that fit, by row."""
        texts, fonts = choose_fonts([display_text(self.placed.words[row]) for row in rows])
        halo = [withStroke(linewidth=2.4, foreground=self.colours.ground)]
        names = [
            self.figure.text(
                0, 0, text, size=size, family=fonts, color=self.colours.ink, va="bottom",
                ha="left", parse_math=False, path_effects=halo, zorder=5, gid=f"word-{row}",
            )
            for row, text in zip(rows, texts, strict=True)
        ]  # fmt: skip
        places = place(
            self._on_sheet(self.placed.points[list(rows)]),
            np.array([_measured(name) for name in names]).reshape(-1, 2) + 2 * _PADDING,
            self._bounds(),
            np.array([self._on_sheet(self.placed.points[[a, b]]) for a, b in self.placed.arrows]),
            gap=_GAP,
            reach=reach,
            behind=behind,
        )
        fitting = {}
        for row, name, taken in zip(rows, names, places, strict=True):
            if taken is None:
                name.remove()
                continue
            name.set_position(self._fraction(taken.box[:2] + _PADDING))
            fitting[row] = name
            if taken.line is not None:
                self._put_leader(taken.line)
        return fitting

    def _put_leader(self, line: npt.NDArray[np.float64]) -> None:
        ends = np.array([self._fraction(line[:2]), self._fraction(line[2:])])
        self.figure.add_artist(Line2D(*ends.T, color=self.colours.line, linewidth=0.7, zorder=-1))

    def _on_sheet(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the positions of points on the sheet, in points of 1/72 inch."""
        pixels = self.axes.transData.transform(points.reshape(-1, 2))
        return np.asarray(pixels) / DOTS_PER_INCH * _POINTS_PER_INCH

    def _fraction(self, place: npt.NDArray[np.float64]) -> tuple[float, float]:
        """Convert a position in points to fractions of the figure."""
        x, y = place / _POINTS_PER_INCH / self.figure.get_size_inches()
        return float(x), float(y)

    def _bounds(self) -> npt.NDArray[np.float64]:
        """Return the box of the axes, in which names must be, in points."""
        box = self.axes.get_position().get_points() * self.figure.get_size_inches()
        return np.asarray(box).reshape(-1) * _POINTS_PER_INCH


def _measured(text: Text) -> tuple[float, float]:
    """Return width and height of a text, in points of 1/72 inch."""
    box = text.get_window_extent()
    scale = _POINTS_PER_INCH / DOTS_PER_INCH
    return box.width * scale, box.height * scale


def _extent(points: npt.NDArray[np.float32]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the least and the greatest coordinates, (2,) each."""
    if not len(points):
        return np.zeros(2), np.zeros(2)
    return points.min(axis=0).astype(float), points.max(axis=0).astype(float)
