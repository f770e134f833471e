"""What it costs training to be followed: the speed of one run, with a page that asks and without.

    python benchmarks/live.py CORPUS [--epochs 20] [--seconds 3] [--page]

A run of the stochastic engine is left alone for so many seconds, then followed for as many, and so
on to its end: windows of one run can be compared where whole runs, on a shared machine, drift apart
by more than is looked for. Without `--page`, a client asks as often as the page does at most and
draws nothing; with it, a headless Chromium shows the page (`pip install playwright`), on the same
cores, and is stopped while the run is left alone. What processors spend on it, as Linux counts, is
a figure that what else the machine does hardly changes; it takes `--seconds 10` or more, as a page
draws new vectors every 5 seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urljoin

import numpy as np

from wordkin import Word2Vec
from wordkin.views.live.live import Live

PERIOD = 1.0  # seconds between two questions, as in the page at first
WARM = 20.0  # seconds until the page asks and draws as seldom as it will
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
    """Give a headless browser that shows the page, and else is stopped; print what it spends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--disable-gpu", "--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.wait_for_timeout(WARM * 1000)
        spent = passed = 0.0

        def follow(seconds: float) -> None:
            nonlocal spent, passed
            began, before = time.perf_counter(), spending()
            send(signal.SIGCONT)
            time.sleep(seconds)
            spent += spending() - before
            passed += time.perf_counter() - began
            send(signal.SIGSTOP)

        send(signal.SIGSTOP)
        yield follow
        send(signal.SIGCONT)
        chromium.close()
    if passed:
        print(f"the browser takes {1000 * spent / passed:.0f} ms of the processors in a second")


def browser_processes() -> Iterator[tuple[int, float]]:
    """Find the browser's processes under this one: their numbers, and seconds of processors."""
    parents, spent = {os.getpid(): 0}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, numbers = path.read_text().split("(", 1)[1].rsplit(")", 1)
        except OSError:  # it has ended since
            continue
        process, fields = int(path.parent.name), numbers.split()
        parents[process] = int(fields[1])
        if name.startswith("chrom"):
            spent[process] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    for process, seconds in spent.items():
        above = process
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid():
            yield process, seconds


def spending() -> float:
    """Return the seconds of processors that the browser has taken so far."""
    return sum(seconds for _, seconds in browser_processes())


def send(what: signal.Signals) -> None:
    """Stop the browser's processes, or have them go on."""
    for process, _ in browser_processes():
        os.kill(process, what)


if __name__ == "__main__":
    main()
