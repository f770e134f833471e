"""The web app: the page, and answers to its questions.

In: models to show, a token, the names that the server goes by. Out: an ASGI app. Takes the extra
`explore`. A request names a question and carries numbers and words; never a path.
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
from wordkin.views.page.parameters import MOST_ANSWERS, NotThereError, ParameterError, Parameters
from wordkin.views.page.sentences import sentences as sentences_of
from wordkin.views.page.shown import Shown
from wordkin.views.page.view import LONGEST_VIEW, View
from wordkin.views.server.completion import completion_of
from wordkin.views.server.guard import App, Guard

# Who answers what: how many at once, and how many more may wait for that. What takes long keeps
# nobody else waiting, and what would wait long is told to come back.
_CREWS = {"sentences": (1, 1), "export": (1, 2)}
_OTHERS = (2, 64)
_COME_BACK = 1  # seconds
_LAST_SEEN = 2**31

Question: TypeAlias = Callable[[Parameters], Any]


class Feed(Protocol):
    """What a run tells while it goes on."""

    def since(self, seen: int) -> dict[str, Any]:
        """Return what is new after so many events, as plain data; called in a worker thread."""
        ...


def application(
    shown: Sequence[Shown],
    *,
    token: str,
    hosts: frozenset[str],
    feed: Feed | None = None,
) -> App:
    """Return the app.

    Parameters
    ----------
    shown : sequence of Shown
        Looked at anew for each request: an item of a list may be replaced, as by a better map.
    token : str
        What opens it.
    hosts : set of str
        What `Host` may be, as in "127.0.0.1:8000".
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
    crews = {name: _Crew(name, *sizes) for name, sizes in _CREWS.items()}
    others = _Crew("question", *_OTHERS)
    for name, (names, question) in _questions(shown, feed).items():
        routes.append(_asked(name, names, question, crews.get(name, others)))
    app = Starlette(routes=routes, exception_handlers={404: _not_there, 500: _mistake})
    app.router.redirect_slashes = False
    return Guard(app, token=token, hosts=hosts, cookie=f"wordkin-{port}")


def _file(address: str, name: str, data: bytes) -> Route:
    async def send(_: Request) -> Response:
        return Response(data, headers={"content-type": built.TYPES[name]})

    return Route(address, send)


class _Crew:
    """Threads that answer questions, and how many of these may wait for one of them."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, name)
        self._most = threads + waiting
        self._taken = 0

    async def answer(self, work: Callable[[], Response]) -> Response:
        """Return what the work returns, or that there is too much of it."""
        if self._taken >= self._most:
            headers = {"retry-after": str(_COME_BACK)}
            return _json({"error": "too much is asked at once"}, 503, headers)
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._taken -= 1


def _asked(name: str, names: Sequence[str], question: Question, crew: _Crew) -> Route:
    def answer(items: Sequence[tuple[str, str]]) -> Response:
        try:
            answered = question(Parameters(items, names))
        except ParameterError as error:
            return _json({"error": str(error)}, 404 if isinstance(error, NotThereError) else 400)
        return answered if isinstance(answered, Response) else _json(answered)

    async def send(request: Request) -> Response:
        items = request.query_params.multi_items()
        return await crew.answer(lambda: answer(items))

    return Route(f"/api/{name}", send)


def _questions(
    shown: Sequence[Shown], feed: Feed | None
) -> dict[str, tuple[tuple[str, ...], Question]]:
    """Return what can be asked: names of parameters, and what answers."""

    def model(given: Parameters, name: str = "model") -> Shown:
        return shown[given.row(name, len(shown), "model")]

    def number(given: Parameters) -> int:
        return given.whole("n", 1, MOST_ANSWERS)

    def about(_: Parameters) -> Any:
        return answers.about(shown, live=feed is not None)

    def words(given: Parameters) -> Any:
        return answers.words(model(given))

    def points(given: Parameters) -> Any:
        data = model(given).points.astype("<f4").tobytes()
        return Response(data, headers={"content-type": "application/octet-stream"})

    def search(given: Parameters) -> Any:
        vectors = model(given).vectors
        rows = completion_of(vectors).rows(given.text("q"), number(given))
        return answers.found(vectors, rows)

    def neighbours(given: Parameters) -> Any:
        one = model(given)
        return answers.neighbours(one, given.row("id", len(one.vectors)), number(given))

    def analogy(given: Parameters) -> Any:
        one = model(given)
        a, b, c = (given.row(name, len(one.vectors)) for name in "abc")
        method = given.choice("method", ("add", "mul"))
        return answers.analogy(one, a, b, c, number(given), "add" if method == "add" else "mul")

    def compare(given: Parameters) -> Any:
        one = model(given)
        return answers.compare(one, given.rows("ids", len(one.vectors)), number(given))

    def predict(given: Parameters) -> Any:
        one = model(given)
        return answers.predict(one, given.row("id", len(one.vectors)), number(given))

    def sentences(given: Parameters) -> Any:
        one = model(given)
        a, b = (given.row(name, len(one.vectors)) for name in "ab")
        if a == b:
            raise ParameterError(f"a and b must be two words, got {a} twice")
        if not one.corpus:
            raise NotThereError(f"the text of {one.name} is not at hand: wordkin explore --corpus")
        try:
            return sentences_of(one, a, b)
        except OSError as error:
            raise _unreadable(error) from None

    def export(given: Parameters) -> Any:
        try:
            text = document(shown, view=View.parse(given.text("view", LONGEST_VIEW)))
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
        one = model(given)
        return answers.same(one, given.row("id", len(one.vectors)), model(given, "other"))

    asked: dict[str, tuple[tuple[str, ...], Question]] = {
        "about": ((), about),
        "words": (("model",), words),
        "map": (("model",), points),
        "search": (("model", "q", "n"), search),
        "neighbours": (("model", "id", "n"), neighbours),
        "analogy": (("model", "a", "b", "c", "n", "method"), analogy),
        "compare": (("model", "ids", "n"), compare),
        "predict": (("model", "id", "n"), predict),
        "same": (("model", "id", "other"), same),
        "sentences": (("model", "a", "b"), sentences),
        "export": (("view",), export),
    }
    if feed is not None:
        asked["live"] = ("since",), lambda given: feed.since(given.whole("since", 0, _LAST_SEEN))
    return asked


def _unreadable(error: OSError) -> NotThereError:
    return NotThereError(f"the text cannot be read: {error.strerror}")


def _json(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return JSON in ASCII: words may hold what is no valid UTF-8."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Response(text, status, {"content-type": "application/json", **(headers or {})})


def _not_there(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": "there is nothing at this address"}, 404)


def _mistake(_: Request, __: Exception) -> Response:
    return _json({"error": "the server made a mistake; the terminal says which"}, 500)
