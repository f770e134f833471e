"""The verb that draws words in the plane."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from wordkin.cli.app import Model, Quiet, app, as_in_text, number
from wordkin.system import terminal
from wordkin.system.errors import SettingsError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(px|in)?")


class Theme(str, Enum):
    """Colours of a map."""

    light = "light"
    dark = "dark"


@app.command(
    "map", epilog="Example:  wordkin map model.safetensors -o map.png --words tea,rain,snow"
)
def draw(
    model: Model,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The map: .png, .svg or .html."),
    ],
    words: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,...",
            help="Only these words; may be given several times.",
            show_default="the whole vocabulary",
        ),
    ] = None,
    words_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Only the words in this file, one a line; they may hold commas."
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A:B,C:D,...", help="Arrows from A to B and C to D; may be given several times."
        ),
    ] = None,
    rest: Annotated[
        bool, typer.Option("--rest", help="With the rest of the vocabulary as a background.")
    ] = False,
    layout: Annotated[
        str, typer.Option(metavar="NAME", help="pca, or tsne (slower, keeps more neighbours).")
    ] = "pca",
    first: Annotated[
        int, typer.Option(min=1, help="Of the whole vocabulary only so many words, the first.")
    ] = 100_000,
    topn: Annotated[
        int,
        typer.Option("--topn", "-n", min=0, help="Of the whole vocabulary, name at most so many."),
    ] = 120,
    title: Annotated[str | None, typer.Option(help="A line above the map.")] = None,
    theme: Annotated[
        Theme | None, typer.Option(help="Colours of a picture.", show_default="light")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH",
            help="Of a picture, in inches, as 9x7; or in pixels of the .png, as 1600x1200px.",
            show_default="as the words need",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Draw words in the plane: some, or all of them."""
    from wordkin.system.files import require_writable
    from wordkin.vectors.loading import load
    from wordkin.views.maps.map import check_appearance, require_drawing, writer_of
    from wordkin.views.projection import method_for, require_layout

    writer = writer_of(output)
    inches = _inches(size)
    look = check_appearance((theme or Theme.light).value, inches)
    asked, joined = _words(words, words_file), _pairs(pairs)
    if rest and not (asked or joined):
        raise SettingsError("--rest needs words in front of it: --words, --words-file or --pairs")
    if not writer.draws and (theme or size):
        raise SettingsError("--theme and --size are for pictures: a page has those of its reader")
    alone = {*asked, *(word for pair in joined for word in pair)}
    require_layout(layout if rest or not alone else method_for(len(alone), layout))
    if writer.draws:
        require_drawing()
    require_writable(output)
    shown = load(model).map(
        asked or None, joined, layout=layout, rest=rest or None, first=first, topn=topn,
        theme=look, title=None if title is None else as_in_text(title), size=inches,
    )  # fmt: skip
    shown.save(output)
    if writer.draws and shown.unnamed:
        left = ", ".join(map(repr, shown.unnamed[:3])) + ", …" * (len(shown.unnamed) > 3)
        terminal.say(f"note: no room for {number(len(shown.unnamed), 'name')}: {left}")
    if not quiet:
        terminal.say(f"saved a map of {number(len(shown.words), 'word')}: {output}")


def _words(given: list[str] | None, file: Path | None) -> list[str]:
    """Return the words from options and from a file."""
    words = [word for text in given or [] for word in _split(text)]
    if file is not None:
        lines = file.read_bytes().decode("utf-8", "surrogateescape").split("\n")
        words += [line.rstrip("\r") for line in lines if line.strip()]
    if not words and (given or file):
        raise SettingsError("a map needs at least 1 word, got 0")
    return words


def _pairs(given: list[str] | None) -> list[tuple[str, str]]:
    return [_pair(text) for joined in given or [] for text in _split(joined)]


def _pair(text: str) -> tuple[str, str]:
    a, colon, b = text.partition(":")
    if not (a and colon and b) or ":" in b:
        raise SettingsError(f"--pairs must be A:B,C:D and so on, got {text!r}")
    return a, b


def _split(text: str) -> Iterator[str]:
    """Yield what is between commas, without white space around it."""
    return (part.strip() for part in as_in_text(text).split(",") if part.strip())


def _inches(size: str | None) -> tuple[float, float] | None:
    from wordkin.views.maps.placed import DOTS_PER_INCH

    if size is None:
        return None
    found = _SIZE.fullmatch(size)
    if found is None:
        raise SettingsError(f"--size must be as 9x7 or 1600x1200px, got {size!r}")
    unit = DOTS_PER_INCH if found[3] == "px" else 1
    return float(found[1]) / unit, float(found[2]) / unit
