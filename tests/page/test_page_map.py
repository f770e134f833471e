"""The map of the page, in a browser."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Page

import wordkin
from support.browsing import PHONE, WIDE, screenshot
from support.pages import Explorer, OpenPage
from wordkin import WordVectors

Addressed = Callable[[str, Sequence[str], npt.NDArray[np.float32]], str]

MANY = 100_000
PIXELS = """(() => {
    const copy = new OffscreenCanvas(map.width, map.height);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(map, 0, 0);
    return context.getImageData(0, 0, map.width, map.height);
})()"""

ARROW = (122, 81, 149)  # its colour in light
# Every pixel from x, y to toX, toY, with those beside it.
ALONG = """
    const steps = Math.ceil(Math.hypot(toX - x, toY - y));
    return Array.from({ length: steps }, (_, i) => {
        const column = Math.round(x + (toX - x) * i / steps);
        const row = Math.round(y + (toY - y) * i / steps);
        return [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]].map(([right, down]) => {
            const at = 4 * ((row + down) * width + column + right);
            return [...data.slice(at, at + 3)];
        });
    });
"""


@pytest.fixture(scope="module")
def explore(explorer: Explorer, tmp_path_factory: pytest.TempPathFactory) -> Addressed:
    """The address of an explorer of words and vectors."""
    folder = tmp_path_factory.mktemp("models")

    def explore(name: str, words: Sequence[str], matrix: npt.NDArray[np.float32]) -> str:
        path = folder / f"{name}.bin"
        if not path.exists():
            wordkin.save(path, WordVectors(words, matrix))
        return explorer(path)

    return explore


@pytest.fixture(scope="module")
def crowd(explore: Addressed) -> str:
    """3,000 words in a cloud; in scripts of all widths, some too long to be shown whole."""
    kinds = (
        "word{}",
        "낱말{}",
        "слово{}",
        "كلمة{}",
        "言葉{}",
        "<b>{}</b>",
        "l{}" + "o" * 40 + "ng",
    )
    words = [kinds[i % len(kinds)].format(i) for i in range(3000)]
    return explore("crowd", words, vectors(3000))


def vectors(count: int, dim: int = 8) -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal((count, dim)).astype(np.float32)


def evaluate(page: Page, what: str) -> Any:
    """Evaluate JavaScript with the map, once nothing on it moves any more."""
    page.wait_for_function("() => document.querySelector('.map canvas')?.scene?.report().still")
    return page.evaluate(f"() => {{ const map = document.querySelector('.map canvas'); {what} }}")


def labels(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = evaluate(page, "return map.scene.report().labels")
    return found


def ids(page: Page) -> set[int]:
    return {label["id"] for label in labels(page)}


def zoomed(page: Page) -> float:
    return float(evaluate(page, "return map.scene.report().zoom"))


def where(page: Page, id: int) -> tuple[float, float]:
    """Where a word's point is in the window of the browser."""
    x, y = evaluate(
        page,
        "const { left, top } = map.getBoundingClientRect();"
        f"const [x, y] = map.scene.where({id}); return [left + x, top + y]",
    )
    return x, y


def middle(page: Page) -> tuple[float, float]:
    box = page.locator(".map canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def assert_apart(page: Page) -> None:
    """Labels lie in the map and on no other, nor under the map's buttons."""
    placed = labels(page)
    width, height = evaluate(page, "return [map.clientWidth, map.clientHeight]")
    buttons = evaluate(
        page,
        "const map_ = map.getBoundingClientRect();"
        "const { left, top } = document.querySelector('.map-buttons').getBoundingClientRect();"
        "return { left: left - map_.left, top: top - map_.top, right: 1e9, bottom: 1e9 }",
    )
    assert placed
    for i, a in enumerate(placed):
        assert 0 <= a["left"] < a["right"] <= width
        assert 0 <= a["top"] < a["bottom"] <= height
        for b in [*placed[:i], buttons]:
            apart = a["right"] <= b["left"] or b["right"] <= a["left"]
            assert apart or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]


def assert_readable(page: Page) -> None:
    """Labels beside their points are nearer to these than to other points that have labels."""
    placed = evaluate(
        page, "return map.scene.report().labels.map((one) => [one, map.scene.where(one.id)])"
    )

    def away(label: dict[str, float], x: float, y: float) -> float:
        across = max(label["left"] - x, 0, x - label["right"])
        return math.hypot(across, max(label["top"] - y, 0, y - label["bottom"]))

    assert placed
    for label, (x, y) in placed:
        if label["marked"]:
            continue  # it may have a line to its point
        for other, (px, py) in placed:
            if other is not label and math.hypot(px - x, py - y) > 2:
                assert away(label, px, py) > away(label, x, y)


@pytest.mark.parametrize("size", [WIDE, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_label_is_over_another_at_any_zoom(
    open_page: OpenPage, crowd: str, size: tuple[int, int], theme: str
) -> None:
    page = open_page(crowd, size=size, theme=theme)
    assert_apart(page)
    screenshot(page, f"map-{size[0]}-{theme}")
    for keys in ("+", "+", "ArrowLeft", "+", "+", "ArrowUp", "ArrowRight", "-", "0"):
        page.locator(".map canvas").press(keys)
        assert_apart(page)
        assert_readable(page)


def test_the_wheel_shows_fewer_words_of_which_more_have_labels(
    open_page: OpenPage, crowd: str
) -> None:
    page = open_page(crowd)
    before, count = zoomed(page), len(labels(page))
    page.mouse.move(*middle(page))
    for _ in range(10):
        page.mouse.wheel(0, -200)
    page.wait_for_function("() => document.querySelector('.map canvas').scene.report().zoom > 4")
    assert before == pytest.approx(1)
    assert max(ids(page)) > 1000  # rare words, too
    assert count > 30
    page.get_by_role("button", name="Whole map").click()
    assert zoomed(page) == pytest.approx(1)


def test_keys_zoom_and_pan_and_bring_back_the_whole_map(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    whole = ids(page)
    canvas = page.locator(".map canvas")
    canvas.press("+")
    canvas.press("+")
    assert zoomed(page) == pytest.approx(1.6**2)
    near = ids(page)
    x, y = where(page, 0)
    canvas.press("ArrowRight")
    canvas.press("ArrowDown")
    assert where(page, 0) == pytest.approx((x - 90, y - 90), abs=1)
    assert len({frozenset(whole), frozenset(near), frozenset(ids(page))}) == 3
    canvas.press("0")
    assert zoomed(page) == pytest.approx(1)
    assert len(ids(page) & whole) > 0.8 * len(whole)


def test_labels_that_stay_in_the_window_stay_while_it_moves(
    open_page: OpenPage, crowd: str
) -> None:
    page = open_page(crowd)
    for _ in range(5):
        page.locator(".map canvas").press("+")
    before = {label["id"]: label for label in labels(page)}
    page.locator(".map canvas").press("ArrowRight")
    after = {label["id"]: label for label in labels(page)}
    for id, label in before.items():
        if label["left"] > 200:
            assert after[id]["left"] == pytest.approx(label["left"] - 90, abs=1)


def test_a_click_on_a_point_picks_its_word_and_marks_it(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    id = next(iter(ids(page)))
    page.mouse.click(*where(page, id))
    page.wait_for_url(f"**id={id}")
    page.wait_for_function(
        "id => document.querySelector('.map canvas').scene.report().labels"
        ".some((label) => label.id === id && label.marked)",
        arg=id,
    )
    assert_apart(page)


def test_a_click_on_a_label_picks_its_word(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    label = labels(page)[0]
    page.locator(".map canvas").click(position={"x": label["right"] - 3, "y": label["top"] + 8})
    page.wait_for_url(f"**id={label['id']}")


def test_a_word_pointed_at_shows(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    unlabelled = next(i for i in range(3000) if i not in ids(page))
    x, y = where(page, unlabelled)
    page.mouse.move(x + 1, y)
    page.wait_for_function(
        "() => document.querySelector('.map canvas').scene.report().hovered !== null"
    )
    cursor = "return getComputedStyle(map).cursor"
    assert evaluate(page, cursor) == "pointer"
    page.mouse.move(*(round(c) for c in corner(page)))
    assert evaluate(page, "return map.scene.report().hovered") is None
    assert evaluate(page, cursor) == "grab"


def corner(page: Page) -> tuple[float, float]:
    box = page.locator(".map canvas").bounding_box()
    assert box is not None
    return box["x"] + 3, box["y"] + 3


def test_a_drag_moves_the_map_and_picks_nothing(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    for _ in range(3):
        page.locator(".map canvas").press("+")
    address = page.url
    id = next(iter(ids(page)))
    x, y = where(page, id)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y - 20, steps=3)
    page.mouse.up()
    assert where(page, id) == pytest.approx((x + 30, y - 20), abs=1)
    assert page.url == address


def test_a_double_click_beside_the_words_zooms(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    page.mouse.dblclick(*corner(page))
    page.wait_for_function("() => document.querySelector('.map canvas').scene.report().zoom > 1.9")


def test_enter_picks_the_word_in_the_middle_which_is_said(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    for _ in range(6):
        page.locator(".map canvas").press("+")
    x, y = middle(page)
    points = evaluate(page, "return Array.from({ length: 3000 }, (_, id) => map.scene.where(id))")
    left, top = np.array(where(page, 0)) - points[0]
    apart = [np.hypot(left + px - x, top + py - y) for px, py in points]
    nearest = int(np.argmin(apart))
    said = page.locator(".map-said")
    said.filter(has_text=str(nearest)).wait_for(state="attached")
    page.locator(".map canvas").press("Enter")
    page.wait_for_url(f"**id={nearest}")


def test_a_flight_ends_where_a_jump_does(open_page: OpenPage, crowd: str) -> None:
    still, moving = open_page(crowd), open_page(crowd, still=False)
    for page in (still, moving):
        page.evaluate("() => { location.hash = 'm=0&tab=word&id=5' }")
        page.wait_for_function(
            "() => document.querySelector('.map canvas')?.scene?.report().labels"
            ".some((label) => label.id === 5 && label.marked)"
        )
    assert zoomed(moving) == pytest.approx(zoomed(still))
    assert where(moving, 5) == pytest.approx(where(still, 5), abs=0.5)
    assert ids(moving) >= {5}


@pytest.mark.parametrize("still", [True, False])
def test_points_go_where_new_ones_are(open_page: OpenPage, crowd: str, still: bool) -> None:
    page = open_page(crowd, still=still)
    x, y = where(page, 0)
    mid = middle(page)
    evaluate(
        page,
        "const { shown } = map.scene;"
        "map.scene.show({ ...shown, points: shown.points.map((value) => -value) })",
    )
    mirrored = (2 * mid[0] - x, 2 * mid[1] - y)
    assert where(page, 0) == pytest.approx(mirrored, abs=1)


def test_100_000_points_are_drawn_and_moved(open_page: OpenPage, explore: Addressed) -> None:
    address = explore("many", [f"word{i}" for i in range(MANY)], vectors(MANY, 4))
    page = open_page(address)
    assert_apart(page)
    assert drawn(page) > 50_000
    screenshot(page, "map-100000")
    page.locator(".map canvas").press("+")
    assert_apart(page)
    assert drawn(page) > 50_000


def test_arrows_are_straight_so_that_like_differences_are_parallel(
    open_page: OpenPage, tmp_path: Path
) -> None:
    words = ["man", "woman", "king", "queen", "father", "mother"]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    WordVectors(words, vectors(6)).map(pairs=pairs).save(tmp_path / "map.html")
    page = open_page((tmp_path / "map.html").as_uri())
    for a in range(0, 6, 2):
        ends = f"const [x, y] = map.scene.where({a}), [toX, toY] = map.scene.where({a + 1});"
        colours = evaluate(page, f"{ends} const {{ data, width }} = {PIXELS}; {ALONG}")
        length, seen = len(colours), np.abs(np.array(colours) - ARROW).max(axis=2).min(axis=1)
        inner = slice(length // 5, -(length // 5))
        assert (seen[inner] < 90).mean() > 0.95


def drawn(page: Page) -> int:
    """Pixels that are not the background's."""
    count = evaluate(
        page,
        f"const pixels = new Uint32Array({PIXELS}.data.buffer);"
        "return pixels.reduce((sum, pixel) => sum + (pixel !== pixels[0]), 0)",
    )
    return int(count)


@pytest.mark.parametrize(
    "matrix",
    [vectors(1), vectors(2), np.ones((5, 3), np.float32), np.zeros((2, 2), np.float32)],
    ids=["one", "two", "equal", "zero"],
)
def test_few_or_equal_points_make_a_map(
    open_page: OpenPage, explore: Addressed, matrix: npt.NDArray[np.float32]
) -> None:
    name = f"few{matrix.shape}"
    page = open_page(explore(name, [f"w{i}" for i in range(len(matrix))], matrix))
    assert_apart(page)
    for key in ("+", "ArrowLeft", "-", "0", "Enter"):
        page.locator(".map canvas").press(key)
    assert drawn(page) > 0


def test_an_empty_map_is_empty(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    evaluate(page, "map.scene.show({ ...map.scene.shown, words: [], points: new Float32Array(0) })")
    for key in ("+", "ArrowLeft", "-", "Enter", "0"):
        page.locator(".map canvas").press(key)
    assert labels(page) == []


def test_the_map_follows_the_window_and_the_theme(open_page: OpenPage, crowd: str) -> None:
    page = open_page(crowd)
    assert evaluate(page, f"return {PIXELS}.data[0]") > 200
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "() => { const map = document.querySelector('.map canvas');"
        f" return {PIXELS}.data[0] < 60 }}"
    )
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.wait_for_function(
        "() => { const map = document.querySelector('.map canvas');"
        " return map.width === map.clientWidth && map.width <= 390 }"
    )
    assert_apart(page)
