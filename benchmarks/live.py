"""What it costs training to be followed: `wordkin train` with a page that asks, and without.

    python benchmarks/live.py CORPUS [--pairs 5] [--page] [-- OPTIONS OF TRAIN]

Both are trained in turns, the first of a pair changing; words/s are those of training alone, as the
command tells them. Without `--page`, a client asks as often as the page does and draws nothing;
with it, a headless Chromium shows the page (`pip install playwright`), on the same cores.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urljoin

PERIOD = 1.0  # seconds between two questions, as in the page
Follow = Callable[[str], None]


def main() -> None:
    """Print a line for each pair, then the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--page", action="store_true")
    told, options = parser.parse_known_args()
    options = [option for option in options if option != "--"]
    speeds: dict[bool, list[float]] = {True: [], False: []}
    print("  alone, words/s   followed   cost")
    with browser() if told.page else asking() as follow:
        for pair in range(told.pairs):
            for followed in (pair % 2 == 0, pair % 2 == 1):
                speed = train([str(told.corpus), *options], follow if followed else None)
                speeds[followed].append(speed)
            print(line(speeds[False][-1], speeds[True][-1]), flush=True)
    ratios = [a / f for a, f in zip(speeds[False], speeds[True], strict=True)]
    print("median of the speeds, and of the pairs' costs:")
    print(line(*(statistics.median(speeds[followed]) for followed in (False, True))))
    print(f"{cost(statistics.median(ratios)):>34}", end=" ")
    print(f"({cost(min(ratios))} to {cost(max(ratios))})")


def line(alone: float, followed: float) -> str:
    """Return a row of the table."""
    return f"{alone:16,.0f} {followed:10,.0f} {cost(alone / followed):>6}"


def cost(ratio: float) -> str:
    """Return by how much longer it took."""
    return f"{ratio - 1:.1%}"


def train(options: Sequence[str], follow: Follow | None) -> float:
    """Train a model that is thrown away; return the words a second."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "wordkin", "train", *options, "--json"]
        command += ["--output", str(Path(folder) / "m.safetensors")]
        live = ["--live", "--no-browser"] if follow else ["--quiet"]
        with subprocess.Popen(
            [*command, *live], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        ) as process:
            if follow:
                assert process.stderr is not None
                address = re.search(r"http\S+", process.stderr.readline())
                assert address is not None
                follow(address[0])
            out, said = process.communicate()
        if process.returncode:
            raise SystemExit(said)
        return float(json.loads(out)["words_per_second"])


@contextmanager
def asking() -> Iterator[Follow]:
    """Give what asks as the page does, in a thread, until the server is gone."""
    threads: list[threading.Thread] = []

    def follow(address: str) -> None:
        threads.append(threading.Thread(target=_ask, args=(address,), daemon=True))
        threads[-1].start()

    yield follow
    for thread in threads:
        thread.join()


def _ask(address: str) -> None:
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    client.open(address).close()
    seen, over = 0, False
    while not over:
        try:
            with client.open(urljoin(address, f"/api/live?since={seen}")) as answer:
                news = json.load(answer)
        except OSError:
            return
        over = news["ended"] is not None and news["moment"] == seen
        seen = news["moment"]
        if news["ended"] is None:
            threading.Event().wait(PERIOD)


@contextmanager
def browser() -> Iterator[Follow]:
    """Give a headless browser that shows an address, one after the other."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--disable-gpu", "--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": 1440, "height": 900})

        def follow(address: str) -> None:
            page.goto(address)

        yield follow
        chromium.close()


if __name__ == "__main__":
    main()
