"""What it costs training to be followed: the speed of one run, with a page that asks and without.

    python benchmarks/live.py CORPUS [--epochs 20] [--seconds 3] [--page]

A run of the stochastic engine is left alone for so many seconds, then followed for as many, and so
on to its end: windows of one run can be compared where whole runs, on a shared machine, drift apart
by more than is looked for. Without `--page`, a client asks as often as the page does and draws
nothing; with it, a headless Chromium shows the page (`pip install playwright`), on the same cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.cookiejar import CookieJar
from urllib.parse import urljoin

import numpy as np

from wordkin import Word2Vec
from wordkin.live import Live

PERIOD = 1.0  # seconds between two questions, as in the page
Follow = Callable[[float], None]  # for so many seconds


class Timed(Live):
    """A run that is followed, and what was done of it at each tick."""

    def __init__(self) -> None:
        super().__init__(browser=False, beside=False, say=self._hear)
        self.ticks: list[tuple[float, float]] = []
        self.address = ""

    def _hear(self, line: str) -> None:
        self.address = line.split()[-1]

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        """Note the time."""
        self.ticks.append((time.perf_counter(), words))
        super().training(epoch, epochs, words, total, loss)

    def speed(self, begin: float, end: float) -> float:
        """Return words/s between two times."""
        at, words = np.array(self.ticks).T
        a, b = np.interp([begin, end], at, words)
        return float((b - a) / (end - begin))


def main() -> None:
    """Print the speed of each pair of windows, then the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--page", action="store_true")
    told = parser.parse_args()
    run = Timed()
    windows: list[tuple[float, float, float]] = []
    watcher = threading.Thread(
        target=watch, args=(run, told.seconds, browser if told.page else client, windows)
    )
    watcher.start()
    Word2Vec(epochs=told.epochs).fit(told.corpus, progress=run)
    ended = time.perf_counter()
    watcher.join()
    run.close()
    print(f"{'alone, words/s':>16} {'followed':>12}   cost")
    pairs = [
        (run.speed(a, b), run.speed(b, c))
        for a, b, c in windows
        if a > run.ticks[0][0] and c < ended
    ]
    for pair in [*pairs, tuple(map(statistics.median, zip(*pairs, strict=True)))]:
        print(f"{pair[0]:16,.0f} {pair[1]:12,.0f} {pair[0] / pair[1] - 1:6.1%}")
    cost = statistics.median(alone / followed for alone, followed in pairs) - 1
    print(f"the last line has the medians; the median of the costs is {cost:.1%}")


def watch(
    run: Timed,
    seconds: float,
    follower: Callable[[str], AbstractContextManager[Follow]],
    windows: list[tuple[float, float, float]],
) -> None:
    """Leave a run alone and follow it, in turns, until it is over."""
    while not run.ticks:
        time.sleep(0.1)
    with follower(run.address) as follow:
        while time.perf_counter() - run.ticks[-1][0] < seconds:
            began = time.perf_counter()
            time.sleep(seconds)
            between = time.perf_counter()
            follow(seconds)
            windows.append((began, between, time.perf_counter()))


@contextmanager
def client(address: str) -> Iterator[Follow]:
    """Give what asks as the page does."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    opener.open(address).close()
    seen = 0

    def follow(seconds: float) -> None:
        nonlocal seen
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            with opener.open(urljoin(address, f"/api/live?since={seen}")) as answer:
                seen = json.load(answer)["moment"]
            time.sleep(min(left, PERIOD))

    yield follow


@contextmanager
def browser(address: str) -> Iterator[Follow]:
    """Give a headless browser that shows the page, and else an empty one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--disable-gpu", "--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)

        def follow(seconds: float) -> None:
            page.goto(urljoin(address, "/"))
            page.wait_for_timeout(seconds * 1000)
            page.goto("about:blank")

        page.goto("about:blank")
        yield follow
        chromium.close()


if __name__ == "__main__":
    main()
