"""How long the page's map takes to draw a frame, while it is moved and zoomed.

A cloud of points is explored in headless Chromium without a GPU, at 1440 × 900. Drawing is the time
inside the callbacks of an animation frame; an interval, the time from one frame to the next.

    python benchmarks/map_frames.py [--points 100000 --frames 150]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page, sync_playwright

import wordkin

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from support.browsing import WIDE, flags, installed_browser, serving

# Times every callback of an animation frame that is asked for from here on.
TIMED = """
window.frames_ = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) => ask((now) => {
  const began = performance.now();
  callback(now);
  window.frames_.push([now, performance.now() - began]);
});
"""
# Draws once a frame until there are enough of them; `step` moves the map.
RUN = """
async ([frames, step]) => {
  const map = document.querySelector(".map canvas");
  const { left, top, width, height } = map.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const send = (type, at) => (type === "mousedown" ? map : window).dispatchEvent(
    new MouseEvent(type, { clientX: x + at, clientY: y, bubbles: true, view: window }));
  const steps = {
    pan: (i) => send("mousemove", 120 * Math.sin(i / 8)),
    zoom: (i) => map.dispatchEvent(new WheelEvent("wheel", {
      clientX: x, clientY: y, bubbles: true, cancelable: true,
      deltaY: (i % 80 < 40 ? -1 : 1) * 40 })),
  };
  if (step === "pan") send("mousedown", 0);
  window.frames_.length = 0;
  for (let i = 0; i < frames; i++) {
    steps[step](i);
    await new Promise((done) => setTimeout(() => requestAnimationFrame(done)));
  }
  if (step === "pan") send("mouseup", 0);
  return window.frames_;
}
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=150)
    told = parser.parse_args()
    matrix = np.random.default_rng(1).standard_normal((told.points, 4)).astype(np.float32)
    words = [f"word{i}" for i in range(told.points)]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "cloud.bin"
        wordkin.save(path, wordkin.WordVectors(words, matrix))
        chromium = playwright.chromium
        browser = chromium.launch(
            executable_path=installed_browser(chromium.executable_path), args=flags()
        )
        page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
        page.add_init_script(TIMED)
        with serving("explore", path, "--no-browser") as served:
            page.goto(served.address)
            page.locator(".map canvas").wait_for()
            print("moved   zoom   drawing ms: median    95 %   interval ms: median    95 %")
            for zoom in (0, 4, 8):
                for step in ("pan", "zoom"):
                    print(_line(page, zoom, step, told.frames), flush=True)
        browser.close()


def _line(page: Page, zoom: int, step: str, frames: int) -> str:
    """Measure one way to move, from a zoom by so many keys on."""
    canvas = page.locator(".map canvas")
    canvas.press("0")
    for _ in range(zoom):
        canvas.press("+")
    page.wait_for_timeout(1500)
    timed = np.array(page.evaluate(RUN, [frames, step]))
    began, index = np.unique(timed[:, 0], return_inverse=True)
    drawing = np.bincount(index, timed[:, 1]).astype(np.float64)
    intervals = np.diff(began)
    return f"{step:5} {1.6**zoom:6.1f} {'':8} {_middle(drawing)} {'':9} {_middle(intervals)}"


def _middle(times: npt.NDArray[np.float64]) -> str:
    return f"{np.median(times):13.1f} {np.percentile(times, 95):7.1f}"


if __name__ == "__main__":
    main()
