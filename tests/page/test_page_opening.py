"""How a browser comes to the page: by the address with the token, wherever that is a link."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import wordkin
from support.pages import Explorer, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

WORDS = ["cod", "herring", "salmon", "trout", "carp"]
ELSEWHERE = "http://elsewhere.example/"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "fish.txt"
    matrix = np.random.default_rng(4).normal(size=(len(WORDS), 4)).astype(np.float32)
    wordkin.save(path, wordkin.WordVectors(WORDS, matrix))
    return path


def linking(address: str) -> str:
    return (
        f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><a href="{address}">'
    )


def shows_a_word(page: Page, address: str) -> None:
    """Wait until the page is about a word, and see that the token is left behind."""
    page.locator("h2.title", has_text="salmon").wait_for()
    base = address.partition("?")[0]
    assert page.url == f"{base}#m=0&tab=word&id=2"
    assert page.evaluate("document.referrer") == ""


def test_a_link_in_a_file_opens_the_page_and_leaves_no_token_in_the_history(
    explorer: Explorer, open_page: OpenPage, vectors: Path, tmp_path: Path
) -> None:
    address = explorer(vectors)
    note = tmp_path / "note.html"
    note.write_text(linking(f"{address}#m=0&tab=word&id=2") + "the vectors</a>")
    page = open_page(note.as_uri())
    page.get_by_role("link").click()
    shows_a_word(page, address)
    page.reload()
    shows_a_word(page, address)
    page.go_back()
    assert page.url == note.as_uri()
    page.go_forward()
    shows_a_word(page, address)


@pytest.mark.parametrize("target", ["_self", "_blank"])
def test_a_link_of_another_site_opens_the_page(
    explorer: Explorer, open_page: OpenPage, vectors: Path, target: str
) -> None:
    address = explorer(vectors)
    page = open_page("about:blank", expected=(re.escape(f"GET {ELSEWHERE}"),))
    link = linking(f'{address}#m=0&tab=word&id=2" target="{target}') + "the vectors</a>"
    page.route(ELSEWHERE, lambda route: route.fulfill(content_type="text/html", body=link))
    page.goto(ELSEWHERE)
    if target == "_blank":
        with page.expect_popup() as opened:
            page.get_by_role("link").click()
        shows_a_word(opened.value, address)
    else:
        page.get_by_role("link").click()
        shows_a_word(page, address)


def test_a_page_of_another_port_is_refused_although_the_cookie_comes_along(
    explorer: Explorer, open_page: OpenPage, vectors: Path
) -> None:
    address = explorer(vectors)
    base = address.partition("?")[0]
    neighbour = "http://127.0.0.1:9999/"
    page = open_page(address, expected=("403", "ERR_ABORTED"))
    page.get_by_role("combobox").wait_for()
    # A browser takes another port for the same site.
    neighbour = "http://127.0.0.1:9999/"
    page.route(neighbour, lambda route: route.fulfill(content_type="text/html", body="<p>"))
    page.goto(neighbour)
    with page.expect_response(f"{base}api/about") as answered:
        page.evaluate("url => { location.href = url }", f"{base}api/about")
    assert answered.value.request.all_headers()["cookie"].startswith("wordkin-")
    assert answered.value.status == 403
