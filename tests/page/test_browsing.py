from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser

from support import browsing
from support.browsing import Troubles
from support.pages import OpenPage


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of an empty page in a folder."""
    (tmp_path / "index.html").write_text('<!doctype html><link rel="icon" href="data:,">')
    (tmp_path / "more.txt").write_text("more")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("script", "event", "trouble"),
    [
        ("console.error('no good')", "console", "console error: no good"),
        ("setTimeout(() => { throw new Error('thrown') })", "weberror", "uncaught: thrown"),
        ("fetch('missing.txt')", "console", "404"),
        (
            "fetch('http://127.0.0.2:9/').catch(() => 0)",
            "request",
            "elsewhere: GET http://127.0.0.2",
        ),
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "requestfailed", "failed: GET http://127"),
    ],
)
def test_what_goes_wrong_in_a_page_is_seen(
    browser: Browser, address: str, script: str, event: Any, trouble: str
) -> None:
    with browser.new_context() as context:
        troubles, tolerant = Troubles(), Troubles((".",))
        troubles.watch(context)
        tolerant.watch(context)
        page = context.new_page()
        page.goto(address)
        assert not troubles.seen
        with context.expect_event(event):
            page.evaluate(f"() => {{ {script} }}")
        assert any(trouble in seen for seen in troubles.seen)
        assert not tolerant.seen


def test_a_page_has_the_size_theme_and_language_requested(
    open_page: OpenPage, address: str
) -> None:
    page = open_page(address, size=browsing.PHONE, theme="dark", locale="ko-KR")
    seen = page.evaluate(
        "() => [innerWidth, innerHeight, navigator.language,"
        " matchMedia('(prefers-color-scheme: dark)').matches]"
    )
    assert seen == [*browsing.PHONE, "ko-KR", True]


def test_a_command_that_ends_without_an_address_is_reported() -> None:
    with (
        pytest.raises(AssertionError, match="no verb nonsense"),
        browsing.serving("nonsense"),
    ):
        pass


def test_the_browser_found_is_reported() -> None:
    finished = subprocess.run(
        [sys.executable, browsing.__file__], capture_output=True, text=True, check=False
    )
    assert (finished.returncode == 0) == Path(finished.stdout.strip()).is_file()
