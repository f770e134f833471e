"""A browser for the tests of the page, what it complains of, and servers for it to look at.

`python tests/browsing.py` says which browser there is, and fails where there is none.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, sync_playwright

WIDE = (1440, 900)
PHONE = (390, 844)
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"

# Headless and without a GPU; the rest keeps the browser from calling its maker.
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_ADDRESS = re.compile(r"https?://[^\s\x1b]+")
_PATIENCE = 120  # seconds until a server must have said where it is


def installed_browser(playwrights: str) -> str | None:
    """Return the browser on the path, else Playwright's own if it is there, else None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    on_path = next(filter(None, map(shutil.which, names)), None)
    return on_path or (playwrights if os.path.exists(playwrights) else None)


def flags() -> list[str]:
    """Return the browser's flags; its sandbox does not work for root."""
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS


def screenshot(page: Page, name: str) -> Path:
    """Keep a picture of what the window shows, under `screenshots/`."""
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    return path


@dataclass
class Troubles:
    """What went wrong in the pages of a context: nothing may, but for what a test expects.

    Attributes
    ----------
    expected : tuple of str
        Regular expressions; what one of them is found in may happen.
    seen : list of str
        Everything that happened and was not expected.
    """

    expected: tuple[str, ...] = ()
    seen: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Listen to all pages of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"uncaught: {error.error}"))
        context.on("requestfailed", self._failed)
        context.on("request", self._request)

    def _note(self, what: str) -> None:
        if not any(re.search(pattern, what) for pattern in self.expected):
            self.seen.append(what)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        self._note(f"failed: {request.method} {request.url} ({request.failure})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self._note(f"went elsewhere: {request.method} {request.url}")


@dataclass(frozen=True)
class Served:
    """A command that serves a page.

    Attributes
    ----------
    address : str
        What it said to open.
    process : Popen
    said : list of str
        Its lines so far, of stdout and stderr.
    """

    address: str
    process: subprocess.Popen[str]
    said: list[str]


@contextlib.contextmanager
def serving(*arguments: object) -> Iterator[Served]:
    """Run a command line of wordkin until the block ends; it must say where its page is."""
    command = [sys.executable, "-m", "wordkin", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        said: list[str] = []
        addresses: queue.Queue[str | None] = queue.Queue()
        assert process.stdout is not None
        listener = threading.Thread(target=_listen, args=(process.stdout, said, addresses))
        listener.start()
        try:
            address = addresses.get(timeout=_PATIENCE)
            assert address is not None, f"{command} ended without an address: {''.join(said)}"
            yield Served(address, process, said)
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
            listener.join()


def _listen(stream: IO[str], said: list[str], addresses: queue.Queue[str | None]) -> None:
    """Keep the lines of a command, and pass on the addresses in them; None once it has ended."""
    for line in stream:
        said.append(line)
        for address in _ADDRESS.findall(line):
            addresses.put(address)
    addresses.put(None)


if __name__ == "__main__":
    with sync_playwright() as playwright:
        found = installed_browser(playwright.chromium.executable_path)
    print(found or "no browser for the tests of the page")
    sys.exit(found is None)
