"""The web app: it serves the page and answers its requests.

In: models, a token, and the host names of the server. Out: an ASGI app. Requires the extra
`explore`. A request names a question and carries numbers and words, never a file path.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wordkin.system.errors import SettingsError
from wordkin.views.page import answers, built
from wordkin.views.page.document import document
from wordkin.views.page.model import PageModel
from wordkin.views.page.parameters import MOST_ANSWERS, NotThereError, ParameterError, Parameters
from wordkin.views.page.sentences import sentences as find_sentences
from wordkin.views.page.view import LONGEST_VIEW, View
from wordkin.views.server.completion import completion_of
from wordkin.views.server.guard import App, Guard

# Threads, and requests that may wait for them. Slow questions have their own pool, so that they do
# not delay others; a request that finds the queue full is refused, with a time to retry.
_POOLS = {"sentences": (1, 1), "export": (1, 2)}
_OTHERS = (2, 64)
_RETRY_AFTER = 1  # seconds
_LAST_MOMENT = 2**31

Question: TypeAlias = Callable[[Parameters], Any]


class Feed(Protocol):
    """The news of a run in progress."""

    def since(self, seen: int) -> dict[str, Any]:
        """Return what is new since the moment `seen`, as plain data; called in a worker thread."""
        ...


def application(
    models: Sequence[PageModel],
    *,
    token: str,
    hosts: frozenset[str],
    feed: Feed | None = None,
) -> App:
    """Return the ASGI app.

    Parameters
    ----------
    models : sequence of PageModel
        Read anew for each request, so that items of a list may be replaced, as by a better map.
    token : str
        The secret that the first request must carry.
    hosts : set of str
        The accepted values of the `Host` header, such as "127.0.0.1:8000".
    feed : Feed, optional
        A run to follow.

    Raises
    ------
    WordkinError
        If the package was built without the page.
    """
    pages = {name: built.read(name) for name in built.TYPES}
    port = min(hosts).rpartition(":")[2]
    routes = [_file("/", "index.html", pages["index.html"])]
    routes += [_file(f"/{name}", name, data) for name, data in pages.items()]
    pools = {name: _Pool(name, *sizes) for name, sizes in _POOLS.items()}
    others = _Pool("question", *_OTHERS)
    for name, (names, question) in _questions(models, feed).items():
        routes.append(_question(name, names, question, pools.get(name, others)))
    app = Starlette(routes=routes, exception_handlers={404: _not_found, 500: _internal_error})
    app.router.redirect_slashes = False
    return Guard(app, token=token, hosts=hosts, cookie=f"wordkin-{port}")


def _file(address: str, name: str, data: bytes) -> Route:
    async def send(_: Request) -> Response:
        return Response(data, headers={"content-type": built.TYPES[name]})

    return Route(address, send)


class _Pool:
    """A thread pool with a limited queue."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, name)
        self._limit = threads + waiting
        self._accepted = 0

    async def answer(self, work: Callable[[], Response]) -> Response:
        """Run the work and return its response, or refuse it if the queue is full."""
        if self._accepted >= self._limit:
            headers = {"retry-after": str(_RETRY_AFTER)}
            return _json({"error": "too many requests at once"}, 503, headers)
        self._accepted += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._accepted -= 1


def _question(name: str, names: Sequence[str], question: Question, pool: _Pool) -> Route:
    """Return the route of a question, whose parameters have these names."""

    def answer(items: Sequence[tuple[str, str]]) -> Response:
        try:
            result = question(Parameters(items, names))
        except ParameterError as error:
            return _json({"error": str(error)}, 404 if isinstance(error, NotThereError) else 400)
        return result if isinstance(result, Response) else _json(result)

    async def send(request: Request) -> Response:
        items = request.query_params.multi_items()
        return await pool.answer(lambda: answer(items))

    return Route(f"/api/{name}", send)


def _questions(
    models: Sequence[PageModel], feed: Feed | None
) -> dict[str, tuple[tuple[str, ...], Question]]:
    """Return the questions by name: the names of their parameters, and a function."""

    def model(given: Parameters, name: str = "model") -> PageModel:
        return models[given.row(name, len(models), "model")]

    def number(given: Parameters) -> int:
        return given.whole("n", 1, MOST_ANSWERS)

    def about(_: Parameters) -> Any:
        return answers.about(models, live=feed is not None)

    def words(given: Parameters) -> Any:
        return answers.words(model(given))

    def points(given: Parameters) -> Any:
        data = model(given).points.astype("<f4").tobytes()
        return Response(data, headers={"content-type": "application/octet-stream"})

    def search(given: Parameters) -> Any:
        vectors = model(given).vectors
        rows = completion_of(vectors).rows(given.text("q"), number(given))
        return answers.found(vectors, rows)

    def composed(given: Parameters) -> Any:
        return answers.composed(model(given), given.text("q").strip(), number(given))

    def neighbours(given: Parameters) -> Any:
        chosen = model(given)
        return answers.neighbours(chosen, given.row("id", len(chosen.vectors)), number(given))

    def analogy(given: Parameters) -> Any:
        chosen = model(given)
        a, b, c = (given.row(name, len(chosen.vectors)) for name in "abc")
        method = given.choice("method", ("add", "mul"))
        return answers.analogy(chosen, a, b, c, number(given), "add" if method == "add" else "mul")

    def compare(given: Parameters) -> Any:
        chosen = model(given)
        return answers.compare(chosen, given.rows("ids", len(chosen.vectors)), number(given))

    def predict(given: Parameters) -> Any:
        chosen = model(given)
        return answers.predict(chosen, given.row("id", len(chosen.vectors)), number(given))

    def sentences(given: Parameters) -> Any:
        chosen = model(given)
        a, b = (given.row(name, len(chosen.vectors)) for name in "ab")
        if a == b:
            raise ParameterError(f"a and b must be two words, got {a} twice")
        if not chosen.corpus:
            raise NotThereError(
                f"there is no text for {chosen.name}: start wordkin explore with --corpus"
            )
        try:
            return find_sentences(chosen, a, b)
        except OSError as error:
            raise _unreadable(error) from None

    def export(given: Parameters) -> Any:
        try:
            text = document(models, view=View.parse(given.text("view", LONGEST_VIEW)))
        except SettingsError as error:
            raise ParameterError(str(error)) from None
        except OSError as error:
            raise _unreadable(error) from None
        return Response(
            text,
            headers={
                "content-type": "text/html; charset=utf-8",
                "content-disposition": 'attachment; filename="wordkin.html"',
            },
        )

    def same(given: Parameters) -> Any:
        chosen = model(given)
        return answers.same(chosen, given.row("id", len(chosen.vectors)), model(given, "other"))

    questions: dict[str, tuple[tuple[str, ...], Question]] = {
        "about": ((), about),
        "words": (("model",), words),
        "map": (("model",), points),
        "search": (("model", "q", "n"), search),
        "composed": (("model", "q", "n"), composed),
        "neighbours": (("model", "id", "n"), neighbours),
        "analogy": (("model", "a", "b", "c", "n", "method"), analogy),
        "compare": (("model", "ids", "n"), compare),
        "predict": (("model", "id", "n"), predict),
        "same": (("model", "id", "other"), same),
        "sentences": (("model", "a", "b"), sentences),
        "export": (("view",), export),
    }
    if feed is not None:
        questions["live"] = (
            ("since",),
            lambda given: feed.since(given.whole("since", 0, _LAST_MOMENT)),
        )
    return questions


def _unreadable(error: OSError) -> NotThereError:
    return NotThereError(f"the text cannot be read: {error.strerror}")


def _json(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response in ASCII, since words may contain invalid UTF-8."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Response(text, status, {"content-type": "application/json", **(headers or {})})


def _not_found(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": "there is nothing at this address"}, 404)


def _internal_error(_: Request, __: Exception) -> Response:
    return _json({"error": "internal error; see the terminal for details"}, 500)
