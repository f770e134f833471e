"""The verb that draws a map of words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from wordkin.cli.app import Model, Quiet, app, decode_argument
from wordkin.cli.shared_options import Loading, with_option_groups
from wordkin.cli.words import KnownWords, SkipUnknown
from wordkin.system import terminal
from wordkin.system.errors import SettingsError
from wordkin.system.wording import quantity

_SIZE = re.compile(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(px|in)?")


class Theme(str, Enum):
    """The colours of a map."""

    light = "light"
    dark = "dark"


@dataclass(frozen=True)
class Look:
    """How a map looks."""

    title: Annotated[str | None, typer.Option(help="Title above the map.")] = None
    theme: Annotated[
        Theme | None, typer.Option(help="Colours of a .png or .svg.", show_default="light")
    ] = None
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH",
            help="Size of a .png or .svg in inches, such as 9x7, or in pixels, such as"
            " 1600x1200px.",
            show_default="to fit the words",
        ),
    ] = None


@app.command(
    "map", epilog="Example:  wordkin map model.safetensors -o map.png --words tea,rain,snow"
)
@with_option_groups
def draw(
    model: Model,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The map to write: .png, .svg or .html."
        ),
    ],
    words: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,...",
            help="Draw only these words; may be repeated.",
            show_default="the whole vocabulary",
        ),
    ] = None,
    words_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw only the words in this file, one per line; they may contain commas.",
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A:B,C:D,...",
            help="Draw arrows from A to B and from C to D; may be repeated.",
        ),
    ] = None,
    rest: Annotated[
        bool, typer.Option("--rest", help="Show the rest of the vocabulary in the background.")
    ] = False,
    layout: Annotated[
        str, typer.Option(metavar="NAME", help="pca, or tsne (slower, preserves more neighbours).")
    ] = "pca",
    first: Annotated[
        int,
        typer.Option(
            min=1, help="Of the whole vocabulary, draw only this many words, the first ones."
        ),
    ] = 100_000,
    topn: Annotated[
        int,
        typer.Option(
            "--topn", "-n", min=0, help="Of the whole vocabulary, label at most this many words."
        ),
    ] = 120,
    look: Look = Look(),
    skip_unknown: SkipUnknown = False,
    loading: Loading = Loading(),
    quiet: Quiet = False,
) -> None:
    """Draw a map of the vocabulary, or of some words."""
    from wordkin.system.files import require_writable
    from wordkin.views.maps.map import check_appearance, require_drawing, writer_of
    from wordkin.views.projection import method_for, require_layout

    writer = writer_of(output)
    inches = _inches(look.size)
    theme = check_appearance((look.theme or Theme.light).value, inches)
    selected, arrows = _words(words, words_file), _pairs(pairs)
    if rest and not (selected or arrows):
        raise SettingsError("--rest needs a selection of words: --words, --words-file or --pairs")
    if not writer.draws and (look.theme or look.size):
        raise SettingsError(
            "--theme and --size are for .png and .svg: an .html map adapts to its reader"
        )
    alone = {*selected, *(word for pair in arrows for word in pair)}
    require_layout(layout if rest or not alone else method_for(len(alone), layout))
    if writer.draws:
        require_drawing()
    require_writable(output)
    vectors = loading.load(model)
    known = KnownWords(vectors, [*selected, *chain(*arrows)], skip=skip_unknown)
    if alone and not known.among(alone):
        raise SettingsError("a map needs at least 1 word that has a vector, got 0")
    selected = known.among(selected)
    arrows = known.answerable(arrows)
    drawn = vectors.map(
        selected or None, arrows, layout=layout, rest=rest or None, first=first, topn=topn,
        theme=theme, size=inches,
        title=None if look.title is None else decode_argument(look.title),
    )  # fmt: skip
    drawn.save(output)
    if writer.draws and drawn.unnamed:
        left = ", ".join(map(repr, drawn.unnamed[:3])) + ", …" * (len(drawn.unnamed) > 3)
        terminal.say(f"note: no room for {quantity(len(drawn.unnamed), 'name')}: {left}")
    if not quiet:
        terminal.say(f"saved a map of {quantity(len(drawn.words), 'word')}: {output}")


def _words(given: list[str] | None, file: Path | None) -> list[str]:
    """Return the words of the options and of the file."""
    words = [word for text in given or [] for word in _split(text)]
    if file is not None:
        lines = file.read_bytes().decode("utf-8", "surrogateescape").split("\n")
        words += [line.rstrip("\r") for line in lines if line.strip()]
    if not words and (given or file):
        raise SettingsError("a map needs at least 1 word, got 0")
    return words


def _pairs(given: list[str] | None) -> list[tuple[str, str]]:
    return [_pair(text) for arrows in given or [] for text in _split(arrows)]


def _pair(text: str) -> tuple[str, str]:
    a, colon, b = text.partition(":")
    if not (a and colon and b) or ":" in b:
        raise SettingsError(f"--pairs must be A:B,C:D and so on, got {text!r}")
    return a, b


def _split(text: str) -> Iterator[str]:
    """Yield the parts between commas, without surrounding white space."""
    return (part.strip() for part in decode_argument(text).split(",") if part.strip())


def _inches(size: str | None) -> tuple[float, float] | None:
    from wordkin.views.maps.placed import DOTS_PER_INCH

    if size is None:
        return None
    found = _SIZE.fullmatch(size)
    if found is None:
        raise SettingsError(f"--size must be like 9x7 or 1600x1200px, got {size!r}")
    unit = DOTS_PER_INCH if found[3] == "px" else 1
    return float(found[1]) / unit, float(found[2]) / unit
