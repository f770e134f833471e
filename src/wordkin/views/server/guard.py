"""Who may ask: the person who started the server, from the page that it serves, and nobody else.

In: requests, before the app sees them. Out: a refusal, or the app's answer, both with headers that
let a browser do nothing else with them.

The address printed in the terminal carries a token. It is moved at once to a cookie that scripts
cannot read and other sites cannot send: not even on a redirect of a link of theirs, which is why a
small page of ours leads on to the address without the token. Other sites' pages could still make a
browser ask: so the names that the request is for and comes from, Host and Origin, must be the
server's own, to the letter: no other spelling of them is ever sent by a browser that shows this
page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_ADDRESS = 4096  # bytes of a path and its query
AT_ONCE = 64  # requests; a browser asks 6 at once

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""What every response says, whatever is in it; the one that leads on has a policy of its own."""


# Takes the place of the address with the token in the history, and keeps what is looked at.
_GO_ON = 'onload = () => location.replace("./" + location.hash)'

_GOING_ON = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>wordkin</title>
<script>{_GO_ON}</script>
<a href="./">Go on to the page</a>
"""

_GOING_ON_POLICY = POLICY.replace(
    "script-src 'self'",
    f"script-src 'sha256-{base64.b64encode(hashlib.sha256(_GO_ON.encode()).digest()).decode()}'",
)

_OPEN_THE_ADDRESS = (
    "This page is for the person who started it.\n\n"
    "Open the address that `wordkin explore` printed in the terminal.\n"
)


class Guard:
    """An app that lets through to another what may be asked.

    Parameters
    ----------
    app : ASGI app
    token : str
        What the first request must carry, and all others as a cookie.
    hosts : set of str
        What `Host` may be, to the letter, as in "127.0.0.1:8000".
    cookie : str
        The cookie's name: servers on other ports of the machine share a browser's cookies.
    """

    def __init__(self, app: App, *, token: str, hosts: frozenset[str], cookie: str) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = hosts
        self._origins = frozenset(f"http://{host}" for host in hosts)
        self._cookie = cookie
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the app do it."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            return
        send = _with_headers(send)
        if self._running >= AT_ONCE:
            await _say(send, 503, "Too much is asked at once.\n")
            return
        self._running += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _Headers(scope)
        given = self._given_token(scope)
        if refusal := _malformed(scope, headers):
            await _say(send, *refusal)
        elif not self._of_this_site(headers) or not _from_this_page(scope, headers, given):
            await _say(send, 403, "Refused: this was asked for by another site.\n")
        elif given is not None and hmac.compare_digest(given, self._token):
            await _move_on(send, self._cookie, self._token)
        elif not self._knows_token(headers):
            await _say(send, 403, _OPEN_THE_ADDRESS)
        else:
            await self._app(scope, receive, send)

    def _given_token(self, scope: Scope) -> bytes | None:
        """Return the token that the address carries: that of the page itself, and nothing else."""
        query = scope["query_string"]
        if scope["path"] != "/" or not query.startswith(b"token="):
            return None
        items = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        return items[0][1].encode("utf-8", "replace") if len(items) == 1 else None

    def _of_this_site(self, headers: _Headers) -> bool:
        hosts, origins = headers.all(b"host"), headers.all(b"origin")
        return (
            len(hosts) == 1
            and hosts[0] in self._hosts
            and len(origins) <= 1
            and self._origins.issuperset(origins)
        )

    def _knows_token(self, headers: _Headers) -> bool:
        return any(
            hmac.compare_digest(value, self._token)
            for line in headers.all(b"cookie")
            for value in _cookies(line, self._cookie)
        )


class _Headers:
    """The headers of a request, by name in small letters."""

    def __init__(self, scope: Scope) -> None:
        self._items: list[tuple[bytes, bytes]] = scope["headers"]

    def all(self, name: bytes) -> list[str]:
        """Return all values of a header, in the order in which they came."""
        return [value.decode("latin-1") for key, value in self._items if key.lower() == name]


def _malformed(scope: Scope, headers: _Headers) -> tuple[int, str] | None:
    """Return what is wrong with a request as such: a status and a line."""
    if scope["method"] not in ("GET", "HEAD"):
        return 405, "Only GET and HEAD are answered.\n"
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        return 414, f"The address is longer than {LONGEST_ADDRESS} bytes.\n"
    if headers.all(b"transfer-encoding") or any(v != "0" for v in headers.all(b"content-length")):
        return 413, "A question has no body.\n"
    return None


def _from_this_page(scope: Scope, headers: _Headers, given: bytes | None) -> bool:
    """Tell whether the browser says that its person or this page asks, not another site.

    Another site may only lead to the page itself: one of another port, which the browser takes for
    the same site, by any link; any other by the whole address, token included.
    """
    sites = set(headers.all(b"sec-fetch-site"))
    if sites <= {"same-origin", "none"}:
        return True
    leads_here = (
        scope["path"] == "/"
        and headers.all(b"sec-fetch-mode") == ["navigate"]
        and headers.all(b"sec-fetch-dest") == ["document"]
    )
    return leads_here and (given is not None or sites == {"same-site"})


def _cookies(line: str, name: str) -> list[bytes]:
    """Return the values of a cookie in a header of cookies, whatever the others hold."""
    pairs = (pair.strip(" \t").partition("=") for pair in line.split(";"))
    return [value.encode("utf-8", "replace") for key, _, value in pairs if key == name]


async def _move_on(send: Send, cookie: str, token: bytes) -> None:
    """Move the token from the address to a cookie, and the browser to the page."""
    value = f"{cookie}={token.decode()}; HttpOnly; SameSite=Strict; Path=/"
    more = [
        (b"set-cookie", value.encode()),
        (b"content-security-policy", _GOING_ON_POLICY.encode()),
    ]
    await _say(send, 200, _GOING_ON, *more, kind="text/html")


async def _say(
    send: Send, status: int, text: str, *more: tuple[bytes, bytes], kind: str = "text/plain"
) -> None:
    body = text.encode()
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    if status == 503:
        headers.append((b"retry-after", b"1"))
    if status == 413:
        headers.append((b"connection", b"close"))  # whatever the body is, it is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds the headers every response has."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            given = {name for name, _ in headers}
            message["headers"] = [*headers, *(one for one in HEADERS if one[0] not in given)]
        await send(message)

    return sending
