"""Requests to the explorer's app, in this process and without a network, and models to show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

import numpy as np
import pytest

from wordkin.vectors import WordVectors
from wordkin.views import projection
from wordkin.views.page import built
from wordkin.views.page.model import PageModel
from wordkin.views.server.app import application
from wordkin.views.server.guard import App

PORT = 8765
HOST = f"127.0.0.1:{PORT}"
HOSTS = frozenset({HOST, f"localhost:{PORT}"})
TOKEN = "a-token_of-some-length"
COOKIE = ("cookie", f"wordkin-{PORT}={TOKEN}")

_PAGE = {
    "index.html": """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <link rel="stylesheet" href="page.css">
  </head>
  <body>
    <div id="page"></div>
    <script src="page.js" defer></script>
  </body>
</html>
""",
    "page.js": 'document.title = "</script><!-- 서울";\n',
    "page.css": 'body { --a: "</style>"; }\n',
    "licenses.txt": "a licence\n",
}


@dataclass(frozen=True)
class Answered:
    """A response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} comes {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> Any:
        assert self.header("content-type") == "application/json"
        return json.loads(self.body)


def ask(
    app: App,
    address: str,
    headers: Iterable[tuple[str, str]] = (("host", HOST), COOKIE),
    *,
    method: str = "GET",
) -> Answered:
    """Ask an app for an address, its query included, with exactly these headers."""
    return asyncio.run(ask_async(app, address, headers, method=method))


async def ask_async(
    app: App,
    address: str,
    headers: Iterable[tuple[str, str]] = (("host", HOST), COOKIE),
    *,
    method: str = "GET",
) -> Answered:
    """Ask as `ask` does, in a running event loop."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", PORT),
        "root_path": "",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(key.encode(), value.encode("latin-1")) for key, value in headers],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Answered(
        start["status"],
        [(key.decode(), value.decode("latin-1")) for key, value in start["headers"]],
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


def question(app: App, name: str, **params: object) -> Answered:
    """Ask a question as the page does."""
    return ask(app, f"/api/{name}?{urlencode(params)}")


def stand_in_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the page, which a build may leave out, by a small one."""
    monkeypatch.setattr(built, "read", lambda name: _PAGE[name].encode())


def page_model(words: Sequence[str], dim: int = 8, name: str = "a model", **more: Any) -> PageModel:
    """Return a model of these words, the first the most frequent, with random vectors."""
    matrix = np.random.default_rng(len(words)).standard_normal((len(words), dim))
    vectors = WordVectors(words, matrix.astype(np.float32), np.arange(len(words), 0, -1) * 10)
    return PageModel(name, vectors, projection.layout(vectors.matrix), **more)


def app_of(*models: PageModel, **more: Any) -> App:
    return application(list(models), token=TOKEN, hosts=HOSTS, **more)
