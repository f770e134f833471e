"""The live page in a browser, from the first words read to the saved model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from support.browsing import PHONE, WIDE, screenshot, serving
from support.pages import OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 180_000  # milliseconds, for what takes some seconds
WORDS = 2000
LONG = ["--epochs", 100, "--dim", 100, "--subsample", 0, "--threads", 1]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a text of words of a hundred topics, common ones and rare ones."""
    rng = np.random.default_rng(1)
    topics = rng.integers(0, 100, 20_000)
    places = np.minimum(rng.geometric(0.15, (20_000, 8)) - 1, WORDS // 100 - 1)
    lines = (
        " ".join(f"{'abcdefghij'[t // 10]}{'aeiou'[t % 5]}word{chr(97 + p)}{t}" for p in line)
        for t, line in zip(topics.tolist(), places.tolist(), strict=True)
    )
    path = tmp_path_factory.mktemp("live") / "topics.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def check_layout(page: Page, name: str) -> None:
    """Take pictures in both sizes and both themes; nothing may overflow."""
    for size, width in (("wide", WIDE), ("phone", PHONE)):
        page.set_viewport_size({"width": width[0], "height": width[1]})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            screenshot(page, f"live-{name}-{size}-{theme}")
            inside, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert inside <= window


def test_a_run_is_followed_to_its_end(open_page: OpenPage, text: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    with serving("train", text, "-o", model, *LONG, "--live", "--no-browser") as served:
        page = open_page(served.address)
        page.get_by_text(re.compile(r"Epoch \d+ of 100")).first.wait_for(timeout=PATIENCE)
        page.locator(".live-probe li").first.wait_for(timeout=PATIENCE)
        assert page.locator(".live-probe").count() == 12
        assert page.locator(".live-chart canvas").count() == 1
        assert page.locator(".live-map canvas").count() == 1
        assert page.get_by_role("img", name=re.compile("Chart of the loss")).count() == 1
        probe = page.locator(".live-probe button").first
        probe.focus()
        page.keyboard.press("Enter")
        assert probe.get_attribute("aria-pressed") == "true"
        check_layout(page, "training")
        page.get_by_text("Trained and saved").first.wait_for(timeout=PATIENCE)
        assert page.locator(".live-end code").inner_text() == f"wordkin explore {model}"
        assert served.process.wait(timeout=60) == 0
        check_layout(page, "end")
    settled = page.locator(".live-settled").all_inner_texts()
    assert all(re.fullmatch(r"settled \d+/10", mark) for mark in settled)


def test_a_page_says_that_the_process_is_gone_and_keeps_what_it_has(
    open_page: OpenPage, text: Path, tmp_path: Path
) -> None:
    refused = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "^failed: ")
    options = [*LONG, "--epochs", 10_000, "--live", "--no-browser"]
    with serving("train", text, "-o", tmp_path / "m.safetensors", *options) as served:
        page = open_page(served.address, expected=refused)
        page.locator(".live-probe li").first.wait_for(timeout=PATIENCE)
        served.process.kill()
        served.process.wait()
        page.get_by_text("the process has stopped").first.wait_for(timeout=PATIENCE)
        assert page.locator(".live-probe").count() == 12
        check_layout(page, "gone")
