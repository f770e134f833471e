"""Only the person who started the explorer may use it; all answers have protective headers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import re
from typing import Any

import pytest

from support.asking import (
    COOKIE,
    HOST,
    HOSTS,
    PORT,
    TOKEN,
    Answered,
    app_of,
    ask,
    page_model,
    stand_in_page,
)
from support.headers import HEADERS
from wordkin.views.server.guard import LONGEST_ADDRESS, App, Guard

WORDS = ["the", "of", "seoul", "서울"]
NAMES = [
    "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example#127.0.0.1",
    "127.0.0.2", "127.1", "127.0.1", "0.0.0.0", "0", "2130706433", "0x7f000001", "0177.0.0.1",
    "127.0.0.1.", "localhost.", "LOCALHOST", "Localhost", "localhost.localdomain", "[::1]", "::1",
    "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "192.168.0.1", "169.254.169.254", "10.0.0.1",
    "user@127.0.0.1", "127.0.0.1@evil.example", "user:pass@localhost", "xn--localhost", "null",
    "127.0.0.1%00", "127.0.0.1%2eevil", "１２７.0.0.1".encode().decode("latin-1"), "*", "",
]  # fmt: skip
PORTS = ["", ":", ":80", ":443", f":{PORT + 1}", f":0{PORT}", f":{PORT}0", f":{PORT}/", f":{PORT} "]
FOREIGN_HOSTS = sorted(
    {
        *(f"{name}:{PORT}" for name in NAMES),
        *(name + port for name in ("127.0.0.1", "localhost") for port in PORTS),
        *(f"{name}{port}" for name in NAMES[:12] for port in PORTS[:4]),
        f"{HOST},evil.example", f"evil.example,{HOST}", f" {HOST}", f"http://{HOST}",
    }
)  # fmt: skip
FOREIGN_ORIGINS = sorted(
    {
        "null", "", "*", "file://", "about:blank", "data:", HOST, f"//{HOST}", f"HTTP://{HOST}",
        f"http:{HOST}", f"http://{HOST}/", f"http://{HOST} ", f"http://{HOST},http://evil.example",
        *(f"{scheme}://{HOST}" for scheme in ("https", "ws", "wss", "ftp", "file", "blob:http")),
        *(f"http://{name}:{PORT}" for name in NAMES),
        *(f"http://{name}{port}" for name in ("127.0.0.1", "localhost") for port in PORTS),
        *(f"https://{name}" for name in NAMES[:20]),
    }
)  # fmt: skip


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    stand_in_page(monkeypatch)
    return app_of(page_model(WORDS))


def variants() -> list[list[tuple[str, str]]]:
    """Return the headers of requests that other sites could cause."""
    hosts = [[("host", host), COOKIE] for host in FOREIGN_HOSTS]
    origins = [[("host", HOST), ("origin", origin), COOKIE] for origin in FOREIGN_ORIGINS]
    return [
        *hosts,
        *origins,
        [COOKIE],
        [("host", HOST), ("host", HOST), COOKIE],
        [("host", HOST), ("host", "evil.example"), COOKIE],
        [("host", HOST), ("origin", f"http://{HOST}"), ("origin", "null"), COOKIE],
        [("host", HOST), ("sec-fetch-site", "cross-site"), COOKIE],
        [("host", HOST), ("sec-fetch-site", "same-site"), COOKIE],
        [("host", HOST), ("sec-fetch-site", "Same-Origin"), COOKIE],
        [("host", HOST), ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site"), COOKIE],
    ]


# ---- where a request is for, and comes from ------------------------------------------------------


def test_two_hundred_foreign_hosts_and_origins_are_refused_everywhere(app: App) -> None:
    foreign = variants()
    assert len(foreign) >= 200
    assert len({tuple(headers) for headers in foreign}) == len(foreign)
    for address in ("/", "/api/about", f"/?token={TOKEN}"):
        for headers in foreign:
            answered = ask(app, address, headers)
            assert answered.status == 403, (address, headers)
            assert answered.header("set-cookie") is None
            assert b"seoul" not in answered.body


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_the_servers_own_names_are_answered(app: App, host: str) -> None:
    for origin in sorted(HOSTS):
        headers = [("host", host), ("origin", f"http://{origin}"), COOKIE]
        assert ask(app, "/api/about", headers).status == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_and_its_person_may_ask(app: App, site: str) -> None:
    headers = [("host", HOST), ("sec-fetch-site", site), COOKIE]
    assert ask(app, "/api/about", headers).status == 200


def test_another_site_may_lead_to_the_whole_address_and_no_further(app: App) -> None:
    leads = [
        ("host", HOST),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ]
    assert ask(app, f"/?token={TOKEN}", leads).status == 200
    assert ask(app, "/", [*leads, COOKIE]).status == 403
    assert ask(app, "/api/about", [*leads, COOKIE]).status == 403
    framed = [*leads[:3], ("sec-fetch-dest", "iframe")]
    assert ask(app, f"/?token={TOKEN}", framed).status == 403


# ---- the token -----------------------------------------------------------------------------------


def test_the_token_moves_from_the_address_to_a_cookie_that_scripts_cannot_read(app: App) -> None:
    answered = ask(app, f"/?token={TOKEN}", [("host", HOST)])
    assert (answered.status, answered.header("location")) == (200, None)
    assert b'href="./"' in answered.body
    cookie = f"wordkin-{PORT}={TOKEN}; HttpOnly; SameSite=Strict; Path=/"
    assert answered.header("set-cookie") == cookie
    assert TOKEN.encode() not in answered.body


def test_the_page_that_leads_on_may_run_its_own_line_and_nothing_else(app: App) -> None:
    answered = ask(app, f"/?token={TOKEN}", [("host", HOST)])
    (script,) = re.findall(rb"<script>(.*)</script>", answered.body)
    allowed = f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
    usual = HEADERS["content-security-policy"]
    assert answered.header("content-security-policy") == usual.replace(
        "script-src 'self'", f"script-src {allowed}"
    )


@pytest.mark.parametrize(
    "address",
    [
        "/", "/?token=", "/?token=x", f"/?token={TOKEN}x", f"/?token={TOKEN[:-1]}",
        f"/?token={TOKEN.upper()}", f"/?token={TOKEN}&token={TOKEN}", f"/?token={TOKEN}&a=b",
        f"/?a=b&token={TOKEN}", f"/?TOKEN={TOKEN}", f"/?token=%FF{TOKEN}", "/?token=서울",
        f"/page.js?token={TOKEN}", f"/api/about?token={TOKEN}", f"//?token={TOKEN}",
        "/api/about", "/api/words?model=0", "/page.js", "/page.css", "/nothing",
    ],
)  # fmt: skip
def test_without_the_token_nothing_is_shown_but_where_to_find_it(app: App, address: str) -> None:
    answered = ask(app, address, [("host", HOST)])
    assert answered.status == 403
    assert b"terminal" in answered.body
    assert answered.header("set-cookie") is None


@pytest.mark.parametrize(
    "cookie",
    [
        "", "=", ";", f"wordkin-{PORT}=", f"wordkin-{PORT}=x", f"wordkin-{PORT}={TOKEN}x",
        f"wordkin-{PORT + 1}={TOKEN}", f"wordkin={TOKEN}", f"x={TOKEN}", TOKEN,
        f"wordkin-{PORT}={TOKEN.upper()}", f'wordkin-{PORT}="', "\x00=\x01", "a=b; ; c", "é" * 99,
    ],
)  # fmt: skip
def test_another_cookie_opens_nothing(app: App, cookie: str) -> None:
    assert ask(app, "/api/about", [("host", HOST), ("cookie", cookie)]).status == 403


def test_cookies_of_other_servers_on_the_machine_do_no_harm(app: App) -> None:
    cookies = f"wordkin-1=other; {COOKIE[1]}; theme=dark"
    assert ask(app, "/api/about", [("host", HOST), ("cookie", cookies)]).status == 200
    for odd in ('a={"b": [1]}', "a b=c", "c", "path=/", "a@b=\xfc", '"', "=", "e=;;"):
        cookies = f"{odd}; {COOKIE[1]}; {odd}"
        assert ask(app, "/api/about", [("host", HOST), ("cookie", cookies)]).status == 200, odd
    planted = [("cookie", f"wordkin-{PORT}=planted"), COOKIE]
    assert ask(app, "/api/about", [("host", HOST), *planted]).status == 200


# ---- what every answer says ----------------------------------------------------------------------


def every_kind(app: App) -> list[Answered]:
    """Return an answer of each status there is."""
    responses = [
        ask(app, "/"),
        ask(app, "/page.js"),
        ask(app, "/api/about"),
        ask(app, "/api/map?model=0"),
        ask(app, "/api/export?view=m%3D0"),
        ask(app, f"/?token={TOKEN}", [("host", HOST)]),
        ask(app, "/api/words"),
        ask(app, "/", [("host", HOST)]),
        ask(app, "/nothing"),
        ask(app, "/api/words?model=9"),
        ask(app, "/", method="POST"),
        ask(app, "/", [("host", HOST), COOKIE, ("content-length", "9")]),
        ask(app, "/?" + "a" * LONGEST_ADDRESS),
    ]
    statuses = [200, 200, 200, 200, 200, 200, 400, 403, 404, 404, 405, 413, 414]
    assert [answered.status for answered in responses] == statuses
    return responses


def test_every_kind_of_answer_has_the_headers_once_and_none_that_opens_it(app: App) -> None:
    for answered in every_kind(app):
        headers = {name: answered.header(name) for name in HEADERS}
        policy = headers.pop("content-security-policy")
        assert policy
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'; ")
        assert headers.items() <= HEADERS.items()
        names = [name for name, _ in answered.headers]
        assert not [name for name in names if name.startswith("access-control")]
        assert "server" not in names
        assert answered.header("content-type")


class Broken:
    """A feed that fails."""

    def since(self, seen: int) -> dict[str, Any]:
        raise RuntimeError("broken")


def test_a_mistake_of_the_server_has_the_headers_too_and_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in_page(monkeypatch)
    app = app_of(feed=Broken())
    sent: list[Any] = []

    async def fail() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(key.encode(), value.encode()) for key, value in (("host", HOST), COOKIE)]
        scope = {"type": "http", "method": "GET", "path": "/api/live", "query_string": b"since=0"}
        with pytest.raises(RuntimeError):
            await app({**scope, "headers": headers}, receive, send)

    asyncio.run(fail())
    assert sent[0]["status"] == 500
    headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    assert headers.items() >= HEADERS.items()
    assert b"broken" not in sent[1]["body"]


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "X"]
)
def test_only_get_and_head_are_answered(app: App, method: str) -> None:
    answered = ask(app, "/api/about", method=method)
    assert (answered.status, answered.header("allow")) == (405, "GET, HEAD")


def test_head_is_answered_as_get_is(app: App) -> None:
    for address in ("/", "/api/about", "/api/map?model=0"):
        got, head = ask(app, address), ask(app, address, method="HEAD")
        assert (head.status, head.headers) == (got.status, got.headers)


def test_what_is_too_much_at_once_is_refused_and_then_answered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wordkin.views.server.guard.AT_ONCE", 2)

    async def crowd() -> list[int]:
        gate, statuses = asyncio.Event(), []

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def one(guard: Guard) -> None:
            async def send(message: Any) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])

            headers = [(key.encode(), value.encode()) for key, value in (("host", HOST), COOKIE)]
            scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
            await guard({**scope, "headers": headers}, gate.wait, send)  # type: ignore[arg-type]

        guard = Guard(slow, token=TOKEN, hosts=HOSTS, cookie=f"wordkin-{PORT}")
        responses = [asyncio.create_task(one(guard)) for _ in range(3)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*responses)
        await one(guard)
        return statuses

    assert asyncio.run(crowd()) == [503, 200, 200, 200]


def test_web_sockets_are_refused(app: App) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"type": "websocket", "path": "/", "headers": []}, receive, send))  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    "address",
    [
        "/../page.js", "/..%2fpage.js", "/page/../page.js", "/%2e%2e/etc/passwd", "/etc/passwd",
        "/index.html/", "/page.js/", "/page.map", "/__init__.py", "/app.py", "//page.js",
        "/page.js%00", "/api/", "/api", "/api/about/", "/api/../page.js", "/API/about",
    ],
)  # fmt: skip
def test_addresses_are_names_never_paths(app: App, address: str) -> None:
    assert ask(app, address).status == 404


def test_the_files_of_the_page_are_what_they_are_said_to_be(app: App) -> None:
    kinds = {
        "/": "text/html", "/index.html": "text/html", "/page.js": "text/javascript",
        "/page.css": "text/css", "/licenses.txt": "text/plain",
    }  # fmt: skip
    for address, kind in kinds.items():
        assert ask(app, address).header("content-type") == f"{kind}; charset=utf-8"


def test_nothing_is_logged_of_refusals(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ask(app, f"/?token={TOKEN}x", [("host", HOST)])
    assert TOKEN not in caplog.text
