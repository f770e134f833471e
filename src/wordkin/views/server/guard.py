"""Protect the server: only the person who started it may use it, and only from its own page.

In: requests, before the app sees them. Out: a refusal, or the app's answer, both with headers that
restrict what a browser does with them.

The address printed in the terminal carries a token. The first request moves it to a cookie that
scripts cannot read and other sites cannot send. The browser would not send it either after a
redirect from another site's link, so a small page of ours, not a redirect, leads to the address
without the token. Pages of other sites could still trigger requests, so the headers Host and Origin
must match the server's own names exactly; a browser that shows this page never sends others.
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
AT_ONCE = 64  # concurrent requests; a browser sends 6

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
"""Headers of every response; the page that leads on has its own content security policy."""

# Replaces the address with the token in the history, and keeps the view in its hash.
_REDIRECT = 'onload = () => location.replace("./" + location.hash)'

_REDIRECT_PAGE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>wordkin</title>
<script>{_REDIRECT}</script>
<a href="./">Continue to the page</a>
"""

_REDIRECT_POLICY = POLICY.replace(
    "script-src 'self'",
    f"script-src 'sha256-{base64.b64encode(hashlib.sha256(_REDIRECT.encode()).digest()).decode()}'",
)

_OPEN_THE_ADDRESS = (
    "This page is for the person who started it.\n\n"
    "Open the address that `wordkin explore` printed in the terminal.\n"
)


class Guard:
    """An app that passes legitimate requests to another app.

    Parameters
    ----------
    app : ASGI app
    token : str
        The secret that the first request must carry in its address, and all others as a cookie.
    hosts : set of str
        The accepted values of the `Host` header, such as "127.0.0.1:8000".
    cookie : str
        Name of the cookie; servers on other ports of the machine share the browser's cookies.
    """

    def __init__(self, app: App, *, token: str, hosts: frozenset[str], cookie: str) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = hosts
        self._origins = frozenset(f"http://{host}" for host in hosts)
        self._cookie = cookie
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it to the app."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            return
        send = _with_headers(send)
        if self._running >= AT_ONCE:
            await _respond(send, 503, "Too many requests at once.\n")
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
            await _respond(send, *refusal)
        elif not self._of_this_site(headers) or not _from_this_page(scope, headers, given):
            await _respond(send, 403, "Refused: the request came from another site.\n")
        elif given is not None and hmac.compare_digest(given, self._token):
            await _move_on(send, self._cookie, self._token)
        elif not self._knows_token(headers):
            await _respond(send, 403, _OPEN_THE_ADDRESS)
        else:
            await self._app(scope, receive, send)

    def _given_token(self, scope: Scope) -> bytes | None:
        """Return the token in the address, which must be that of the page itself."""
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
    """The headers of a request, by lower-case name."""

    def __init__(self, scope: Scope) -> None:
        self._items: list[tuple[bytes, bytes]] = scope["headers"]

    def all(self, name: bytes) -> list[str]:
        """Return all values of a header, in the order of the request."""
        return [value.decode("latin-1") for key, value in self._items if key.lower() == name]


def _malformed(scope: Scope, headers: _Headers) -> tuple[int, str] | None:
    """Return the status and message for an invalid request, or None."""
    if scope["method"] not in ("GET", "HEAD"):
        return 405, "Only GET and HEAD are allowed.\n"
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        return 414, f"The address is longer than {LONGEST_ADDRESS} bytes.\n"
    if headers.all(b"transfer-encoding") or any(v != "0" for v in headers.all(b"content-length")):
        return 413, "A request must not have a body.\n"
    return None


def _from_this_page(scope: Scope, headers: _Headers, given: bytes | None) -> bool:
    """Return whether, by the browser's word, the user or this page made the request.

    Other sites may only link to the page itself: a server on another port of this machine, which
    the browser considers the same site, with any link; all others with the token in the address.
    """
    sites = set(headers.all(b"sec-fetch-site"))
    if sites <= {"same-origin", "none"}:
        return True
    links_here = (
        scope["path"] == "/"
        and headers.all(b"sec-fetch-mode") == ["navigate"]
        and headers.all(b"sec-fetch-dest") == ["document"]
    )
    return links_here and (given is not None or sites == {"same-site"})


def _cookies(line: str, name: str) -> list[bytes]:
    """Return the values of one cookie in a `Cookie` header."""
    pairs = (pair.strip(" \t").partition("=") for pair in line.split(";"))
    return [value.encode("utf-8", "replace") for key, _, value in pairs if key == name]


async def _move_on(send: Send, cookie: str, token: bytes) -> None:
    """Move the token from the address to a cookie, and send the browser to the page."""
    value = f"{cookie}={token.decode()}; HttpOnly; SameSite=Strict; Path=/"
    more = [
        (b"set-cookie", value.encode()),
        (b"content-security-policy", _REDIRECT_POLICY.encode()),
    ]
    await _respond(send, 200, _REDIRECT_PAGE, *more, kind="text/html")


async def _respond(
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
        headers.append((b"connection", b"close"))  # the body is not read
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds `HEADERS` to the response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            given = {name for name, _ in headers}
            message["headers"] = [*headers, *(one for one in HEADERS if one[0] not in given)]
        await send(message)

    return sending
