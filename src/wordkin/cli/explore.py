"""The verb that shows models in a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wordkin.cli.app import app
from wordkin.system import terminal


@app.command(epilog="Example:  wordkin explore model.safetensors --corpus text.txt")
def explore(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="A model, or any other file of vectors."),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL2", help="Another, to look at side by side."),
    ] = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="The text of the models, plain: shows sentences that make words neighbours. May"
            " be given several times.",
        ),
    ] = None,
    layout: Annotated[
        str, typer.Option(metavar="NAME", help="pca, or tsne (later, keeps more neighbours).")
    ] = "pca",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    host: Annotated[
        str, typer.Option(help="The address to listen at: by default, this machine's own.")
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser, only print the address.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Read only so many words, the first.")
    ] = None,
) -> None:
    """Look at vectors in the browser: neighbours, a map, analogies, two models side by side."""
    from wordkin.views.page.sentences import check
    from wordkin.views.projection import require_layout
    from wordkin.views.server.models import display_names, lay_out_later, load_page_model
    from wordkin.views.server.server import Server, is_loopback, open_in_browser

    require_layout(layout)  # before a large file is read
    paths = [model] if other is None else [model, other]
    shown = [
        load_page_model(path, name=name, corpus=corpus or (), limit=limit)
        for path, name in zip(paths, display_names(paths), strict=True)
    ]
    for note in (note for one in shown for note in check(one.corpus, one)):
        terminal.say(f"note: {note}")
    server = Server(shown, host=host, port=port)
    if not is_loopback(host):
        terminal.say(
            f"note: whoever reaches {host} and knows the address below can look at these models;"
            " what is sent is not encrypted"
        )
    if layout != "pca":
        lay_out_later(shown, layout, terminal.say)
    terminal.put(server.url)
    sys.stdout.flush()
    terminal.say("Ctrl-C ends it.")
    if not no_browser:
        open_in_browser(server.url)
    server.run()
