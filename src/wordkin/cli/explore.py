"""The verb that shows one or two models in the browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from wordkin.cli.app import app
from wordkin.cli.shared_options import Loading, with_option_groups
from wordkin.system import terminal


@app.command(epilog="Example:  wordkin explore model.safetensors --corpus text.txt")
@with_option_groups
def explore(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="A model, or any file of vectors."),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL2", help="A second model, to show beside the first."),
    ] = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A plain text that the models were trained on, to show the sentences that make"
            " words neighbours; may be repeated.",
        ),
    ] = None,
    layout: Annotated[
        str,
        typer.Option(metavar="NAME", help="pca, or tsne (ready later, preserves more neighbours)."),
    ] = "pca",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the server; 0 chooses a free one.")
    ] = 0,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on; the default is reachable from this machine only."),
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, but do not open a browser.")
    ] = False,
    loading: Loading = Loading(),
) -> None:
    """Explore one or two models in the browser.

    Shows neighbours, a map, analogies, and two models side by side.
    """
    from wordkin.views.page.sentences import check
    from wordkin.views.projection import require_layout
    from wordkin.views.server.models import display_names, lay_out_later, load_page_model
    from wordkin.views.server.server import Server, is_loopback, open_in_browser

    require_layout(layout)  # before a large file is read
    paths = [model] if other is None else [model, other]
    shown = [
        load_page_model(path, name=name, corpus=corpus or (), options=loading.options())
        for path, name in zip(paths, display_names(paths), strict=True)
    ]
    for note in (note for one in shown for note in check(one.corpus, one)):
        terminal.say(f"note: {note}")
    server = Server(shown, host=host, port=port)
    if not is_loopback(host):
        terminal.say(
            f"note: anyone who can reach {host} and knows the address below can see these models;"
            " the connection is not encrypted"
        )
    if layout != "pca":
        lay_out_later(shown, layout, terminal.say)
    terminal.put(server.url)
    sys.stdout.flush()
    terminal.say("Press Ctrl-C to stop.")
    if not no_browser:
        open_in_browser(server.url)
    server.run()
