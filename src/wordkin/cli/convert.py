"""The verb that converts vectors to another format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from wordkin.cli.app import Json, app
from wordkin.cli.shared_options import Loading, with_option_groups
from wordkin.system import terminal
from wordkin.system.errors import SettingsError
from wordkin.system.wording import quantity

if TYPE_CHECKING:
    from wordkin.vectors.formats import Format
    from wordkin.vectors.words import WordVectors


class _WithFormats(TyperCommand):
    """A verb whose help lists the formats, which it imports only then."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        from wordkin.vectors.formats import FORMATS

        with formatter.section("Formats"):
            formatter.write_dl(
                [
                    (f.name, f"{f.what}{_suffixes(f.suffixes)}{_one_way(f)}")
                    for f in FORMATS.values()
                ]
            )
        super().format_epilog(ctx, formatter)


def _one_way(format: Format) -> str:
    if format.reader and format.writer:
        return ""
    return "; IN only" if format.reader else "; OUT only"


def _suffixes(suffixes: tuple[str, ...]) -> str:
    return f" ({', '.join(suffixes)})" if suffixes else ""


@app.command(
    cls=_WithFormats, epilog="Example:  wordkin convert glove.6B.100d.txt glove.safetensors"
)
@with_option_groups
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The file of vectors to read.")],
    target: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="The file to write; its suffix determines the format."),
    ],
    format: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="FORMAT", help="Format of OUT.", show_default="from its suffix"
        ),
    ] = None,
    skip_unwritable: Annotated[
        bool,
        typer.Option(
            "--skip-unwritable", help="Leave out words that the format of OUT cannot hold."
        ),
    ] = False,
    loading: Loading = Loading(),
    json: Json = False,
) -> None:
    """Convert vectors to another format."""
    from wordkin.system.files import require_writable
    from wordkin.vectors import formats
    from wordkin.vectors.loading import save

    for path in (source, target):
        if str(path) == "-":
            raise SettingsError("IN and OUT must be files, got - (./- is a file of that name)")
    if source.exists() and target.exists() and source.samefile(target):
        raise SettingsError(f"{target}: the output would overwrite the input")
    written = formats.format_to_write(target, format)
    if not target.is_dir():
        require_writable(target)
    read = loading.source_format or formats.sniff(source, loading.encoding)
    vectors = replace(loading, source_format=read).load(source)
    save(target, vectors, format=written.name, skip_unwritable=skip_unwritable)
    lost = _not_written(vectors, written)
    if "counts" in lost:  # `save` says what else is lost
        terminal.say(f"note: {written.name} cannot hold counts: not written")
    terminal.say(f"saved {quantity(len(vectors), 'vector')} of {vectors.dim} dimensions: {target}")
    if json:
        terminal.put_json(
            {
                "input": str(source),
                "output": str(target),
                "from": read,
                "to": written.name,
                "vocabulary": len(vectors),
                "dim": vectors.dim,
                "lost": lost,
            }
        )


def _not_written(vectors: WordVectors, written: Format) -> list[str]:
    """Return what the format cannot hold."""
    from wordkin.vectors.subwords import SubwordVectors

    lost = [] if vectors.counts is None or written.keeps_counts else ["counts"]
    if isinstance(vectors, SubwordVectors) and written.loses_subwords(vectors.subwords):
        lost.append("subwords")
    return lost
