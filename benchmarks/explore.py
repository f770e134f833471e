"""How soon the explorer answers: ``explore.py MODEL [MODEL2] [--corpus FILE] [--rounds N]``.

Comes in: models, and their text. Goes out: seconds from the start of `wordkin explore` to its
address, to the page's first byte, and to all that the first picture takes; then milliseconds and
bytes of each question over a connection that is kept, medians and worst cases over random words;
and what memory the server has at the end.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--corpus")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    corpus = ["--corpus", arguments.corpus] if arguments.corpus else []
    command = [sys.executable, "-m", "wordkin", "explore", *arguments.models, *corpus]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--no-browser"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = urlsplit(process.stdout.readline().strip())
        print(f"{time.perf_counter() - began:8.2f} s to the address")
        browser = Browser(url.netloc, url.query)
        first_picture(browser, began)
        questions(browser, arguments.rounds, bool(corpus))
        print(f"{memory(process.pid) / 1e6:8.0f} MB of memory at the end")
    finally:
        process.terminate()
        process.wait()


class Browser:
    """One connection, and the cookie."""

    def __init__(self, netloc: str, query: str) -> None:
        self._connection = http.client.HTTPConnection(netloc)
        self._headers: dict[str, str] = {}
        self._connection.request("GET", f"/?{query}")
        with self._connection.getresponse() as response:
            response.read()
            self._headers["Cookie"] = str(response.headers["Set-Cookie"]).partition(";")[0]

    def get(self, address: str) -> bytes:
        """Return the body of an answer."""
        self._connection.request("GET", address, headers=self._headers)
        with self._connection.getresponse() as response:
            body = response.read()
        if response.status != 200:
            raise SystemExit(f"{address}: {response.status} {body[:200]!r}")
        return body

    def ask(self, name: str, **params: object) -> bytes:
        """Return the answer to a question."""
        return self.get(f"/api/{name}?{urlencode(params)}")


def first_picture(browser: Browser, began: float) -> None:
    """Print when the page and what it needs for its first picture are there."""
    asked = time.perf_counter()
    size = len(browser.get("/"))
    print(f"{time.perf_counter() - began:8.2f} s to the page's first byte")
    for address in (
        "/page.js",
        "/page.css",
        "/api/about",
        "/api/words?model=0",
        "/api/map?model=0",
    ):
        size += len(browser.get(address))
    print(f"{(time.perf_counter() - asked) * 1000:8.0f} ms for the first picture, {size:,} bytes")


def questions(browser: Browser, rounds: int, corpus: bool) -> None:
    """Print how long each question takes."""
    rng = random.Random(1)
    about = json.loads(browser.ask("about"))
    model = about["models"][0]
    words = json.loads(browser.ask("words", model=0))

    def row() -> int:
        """Return a row; people ask for frequent words."""
        return min(int(rng.paretovariate(0.3)), int(model["words"])) - 1

    asked: dict[str, Any] = {
        "words": lambda: {},
        "map": lambda: {},
        "search": lambda: {"q": (word := words[row()])[: rng.randint(1, len(word))], "n": 10},
        "neighbours": lambda: {"id": row(), "n": 20},
        "analogy": lambda: {"a": row(), "b": row(), "c": row(), "n": 10, "method": "add"},
        "compare": lambda: {"ids": ",".join(map(str, {row() for _ in range(9)} | {0, 1})), "n": 10},
    }
    if model["predicts"]:
        asked["predict"] = lambda: {"id": row(), "n": 10}
    if len(about["models"]) > 1:
        asked["same"] = lambda: {"id": row(), "other": 1}
    if corpus:
        asked["sentences"] = lambda: dict(zip("ab", rng.sample(range(2000), 2), strict=True))
    print(f"{'':12}{'median ms':>10}{'worst ms':>10}{'bytes':>12}")
    for name, params in asked.items():
        took, size = [], 0
        for _ in range(rounds):
            began = time.perf_counter()
            size = len(browser.ask(name, model=0, **params()))
            took.append((time.perf_counter() - began) * 1000)
        print(f"{name:12}{statistics.median(took):10.1f}{max(took):10.1f}{size:12,}")
    began = time.perf_counter()
    size = len(browser.ask("export", view="m=0&tab=word&id=0"))
    print(f"{'export':12}{(time.perf_counter() - began) * 1000:10.1f}{'':10}{size:12,}")


def memory(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
