"""How soon the explorer's page is there: ``first_paint.py MODEL [--rounds N]``.

In: a model. Out: milliseconds from going to the page, in a headless Chromium that never saw it,
to its first paint with content, and to the map with its labels; medians and worst cases.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from support.browsing import WIDE, flags, installed_browser, serving

MAPPED = """() => {
  const scene = document.querySelector(".map canvas")?.scene;
  return scene?.report().labels.length > 0 ? performance.now() : 0;
}"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=9)
    told = parser.parse_args()
    with sync_playwright() as playwright, serving("explore", told.model, "--no-browser") as served:
        path = installed_browser(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=path, args=flags())
        times = [opened(browser, served.address) for _ in range(told.rounds)]
        browser.close()
    for name, column in zip(("first paint", "the map"), zip(*times, strict=True), strict=True):
        print(f"{name:12} {statistics.median(column):6.0f} ms, at worst {max(column):.0f}")


def opened(browser: Browser, address: str) -> tuple[float, float]:
    """Return the milliseconds to the first paint and to the map."""
    context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    page = context.new_page()
    page.goto(address)
    mapped = page.wait_for_function(MAPPED, polling="raf").json_value()
    painted = page.evaluate(PAINTED)
    context.close()
    return float(painted), float(mapped)


if __name__ == "__main__":
    main()
