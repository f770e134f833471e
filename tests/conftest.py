"""Fixtures of the tests in a browser: the browser, its pages, and explorers to look at.

Playwright is imported only where a test asks for a browser.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from support.pages import Explorer, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; of a module, for while it runs no test may have an event loop of its own.

    Without a browser the test is skipped, and fails where CI is set.
    """
    from playwright.sync_api import sync_playwright

    from support.browsing import flags, installed_browser

    with sync_playwright() as playwright:
        path = installed_browser(playwright.chromium.executable_path)
        if path is None:
            missing = "no browser: `make browser` installs one"
            pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
        browser = playwright.chromium.launch(executable_path=path, args=flags())
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Pages without an error, a warning, a failed request, or one to another host."""
    from support.browsing import WIDE, Troubles

    with contextlib.ExitStack() as closing:
        watched: list[Troubles] = []

        def open_page(
            address: str,
            *,
            size: tuple[int, int] = WIDE,
            theme: str = "light",
            locale: str = "en-US",
            touch: bool = False,
            still: bool = True,
            expected: tuple[str, ...] = (),
        ) -> Page:
            context = browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if theme == "dark" else "light",
                locale=locale,
                has_touch=touch,
                reduced_motion="reduce" if still else "no-preference",
            )
            closing.callback(context.close)
            watched.append(Troubles(expected))
            watched[-1].watch(context)
            page = context.new_page()
            page.goto(address)
            page.wait_for_url(lambda url: "?token=" not in url)  # that page leads on
            return page

        yield open_page
        seen = [trouble for troubles in watched for trouble in troubles.seen]
    assert not seen


@pytest.fixture(scope="module")
def explorer() -> Iterator[Explorer]:
    """Explorers of models, stopped when the module ends; the same arguments share one."""
    from support.browsing import serving

    with contextlib.ExitStack() as running:
        addresses: dict[tuple[object, ...], str] = {}

        def explorer(*arguments: object) -> str:
            if arguments not in addresses:
                served = serving("explore", *arguments, "--no-browser", "--port", 0)
                addresses[arguments] = running.enter_context(served).address
            return addresses[arguments]

        yield explorer
