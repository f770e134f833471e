"""Maps of words have the right content and can be read."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import sys
import warnings
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import matplotlib
from hypothesis import given, settings
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.patches import FancyArrowPatch

import wordkin
from support.strategies import any_words
from wordkin.system.errors import FormatWarning, SettingsError, UnknownWordError, WordkinError
from wordkin.views.maps import label_text
from wordkin.views.maps.map import Map

SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]


def _vectors(number: int, dim: int = 10, seed: int = 0) -> wordkin.WordVectors:
    """Return words of one to five syllables, in clusters of which some are tight."""
    rng = np.random.default_rng(seed)
    words: dict[str, None] = {}
    while len(words) < number:
        words["".join(rng.choice(SYLLABLES, rng.integers(1, 6)))] = None
    centres = rng.normal(size=(6, dim))[rng.integers(0, 6, number)]
    noise = rng.normal(size=(number, dim)) * rng.choice([0.05, 0.6], (number, 1))
    return wordkin.WordVectors(list(words), centres + noise)


def _boxes(word_map: Map) -> dict[str, np.ndarray]:
    """Return (left, bottom, right, top) in pixels of each name that is drawn."""
    figure = word_map.drawing.figure
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()  # type: ignore[no-untyped-call]
    return {
        word_map.words[row]: np.array(text.get_window_extent().extents)
        for row, text in word_map.drawing.names.items()
    }


def _check(word_map: Map) -> None:
    """Assert that names overlap neither each other nor a point that is named, and none is cut."""
    boxes = _boxes(word_map)
    width, height = word_map.drawing.figure.bbox.size
    (axes,) = word_map.drawing.figure.axes
    named = axes.transData.transform(word_map.points[list(word_map.drawing.names)])
    for a, b in combinations(boxes.values(), 2):
        assert not ((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())
    for box in boxes.values():
        assert (box[:2] >= 0).all()
        assert box[2] <= width
        assert box[3] <= height
        assert not ((named > box[:2]) & (named < box[2:])).all(axis=1).any()


def _png_size(raw: bytes) -> tuple[int, int]:
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", raw[16:24])
    return width, height


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 3, 5, 30, 100, 200])
def test_requested_names_are_all_there_and_never_overlap(number: int) -> None:
    vectors = _vectors(number)
    word_map = vectors.map(vectors.words)
    assert word_map.unnamed == ()
    assert set(_boxes(word_map)) == set(vectors.words)
    _check(word_map)


def test_words_with_equal_vectors_are_all_named() -> None:
    words = [f"same{i}" for i in range(12)] + ["other", "another"]
    vectors = wordkin.WordVectors(words, np.vstack([np.ones((12, 3)), np.eye(3)[:2]]))
    word_map = vectors.map(words)
    assert word_map.unnamed == ()
    _check(word_map)


LONG_AND_KOREAN = ["w" * 39 + str(i) for i in range(6)] + [
    "서울특별시",
    "부산광역시",
    "대구",
    "인천",
]


def test_long_and_korean_words_do_not_overlap() -> None:
    vectors = wordkin.WordVectors(LONG_AND_KOREAN, np.random.default_rng(1).normal(size=(10, 4)))
    word_map = vectors.map(LONG_AND_KOREAN, title="지도")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)  # where no font for Korean is installed
        _check(word_map)
    assert word_map.unnamed == ()


def test_boxes_for_words_that_no_font_has_do_not_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_text, "_installed", lambda: ())
    vectors = wordkin.WordVectors(LONG_AND_KOREAN, np.random.default_rng(1).normal(size=(10, 4)))
    word_map = vectors.map(LONG_AND_KOREAN, title="지도")
    with pytest.warns(FormatWarning, match="no installed font has all characters"):
        _check(word_map)
    assert word_map.unnamed == ()
    assert {text.get_text() for text in word_map.drawing.names.values()} >= {"□□", "□□□□□"}


def test_names_that_do_not_fit_a_given_size_are_listed() -> None:
    vectors = _vectors(150)
    word_map = vectors.map(vectors.words, size=(2, 2))
    assert 0 < len(word_map.unnamed) < 150
    assert set(word_map.unnamed) | set(_boxes(word_map)) == set(vectors.words)
    _check(word_map)


def test_of_many_words_the_first_that_have_room_are_named() -> None:
    vectors = _vectors(3000)
    word_map = vectors.map(topn=40)
    assert word_map.words == vectors.words
    assert vectors.words[0] in _boxes(word_map)
    assert 20 <= len(_boxes(word_map)) <= 40
    assert word_map.unnamed == ()
    _check(word_map)


def test_few_words_are_all_named() -> None:
    vectors = _vectors(50)
    assert set(_boxes(vectors.map())) == set(vectors.words)


def test_nothing_is_named_if_that_is_requested() -> None:
    assert _boxes(_vectors(50).map(topn=0)) == {}


@settings(max_examples=25, deadline=None)
@given(any_words)
def test_any_word_can_be_drawn(words: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)  # of fonts that are not installed here
        vectors = wordkin.WordVectors(words, np.random.default_rng(0).normal(size=(len(words), 3)))
        word_map = vectors.map(title="".join(words) or None)
        assert _png_size(word_map.drawing.png()) > (0, 0)
        word_map.drawing.svg().decode()


# ---- points and arrows ---------------------------------------------------------------------------


def test_words_requested_are_laid_out_among_themselves() -> None:
    vectors = _vectors(500)
    requested = vectors.words[100:120]
    word_map = vectors.map([*requested, requested[3]])
    assert word_map.words == requested
    assert word_map.points.tobytes() == vectors.take(requested).map().points.tobytes()


def test_with_the_rest_they_stand_among_all_words() -> None:
    vectors = _vectors(300)
    word_map = vectors.map(["".join(vectors.words[250])], rest=True, first=100)
    assert word_map.words == (*vectors.words[:100], vectors.words[250])
    assert set(_boxes(word_map)) == {vectors.words[250]}


def test_arrows_go_from_the_first_word_of_a_pair_to_the_second() -> None:
    vectors = wordkin.WordVectors(list("abcdefghij"), np.eye(10))
    pairs = list(zip(vectors.words[:5], vectors.words[5:10], strict=True))
    word_map = vectors.map(pairs=pairs)
    assert set(word_map.words) == set(vectors.words[:10])
    (axes,) = word_map.drawing.figure.axes
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == 5
    for (a, b), arrow in zip(pairs, arrows, strict=True):
        start, end = arrow._posA_posB  # type: ignore[attr-defined]
        assert tuple(start) == tuple(word_map.points[word_map.words.index(a)])
        assert tuple(end) == tuple(word_map.points[word_map.words.index(b)])
    _check(word_map)


def test_no_name_is_on_an_arrow() -> None:
    vectors = _vectors(40)
    word_map = vectors.map(pairs=list(zip(vectors.words[:12], vectors.words[12:24], strict=True)))
    boxes = _boxes(word_map)
    (axes,) = word_map.drawing.figure.axes
    for a, b in word_map.arrows:
        start, end = axes.transData.transform(word_map.points[[a, b]])
        along = start + np.linspace(0, 1, 500)[:, np.newaxis] * (end - start)
        for box in boxes.values():
            assert not ((along > box[:2]) & (along < box[2:])).all(axis=1).any()


def test_an_arrow_to_the_same_place_is_left_out() -> None:
    vectors = wordkin.WordVectors(["a", "b", "c"], np.array([[1.0, 0], [2, 0], [0, 1]]))
    word_map = vectors.map(pairs=[("a", "b"), ("a", "a"), ("a", "c")])
    (axes,) = word_map.drawing.figure.axes
    assert len(axes.patches) == 1
    assert set(_boxes(word_map)) == {"a", "b", "c"}


def test_the_caption_says_how_much_of_the_variance_is_seen() -> None:
    vectors = wordkin.WordVectors(
        list("abcd"), np.array([[1, 0, 0], [-1, 0, 0], [0, 0.6, 0.8], [0, 0.6, -0.8]])
    )
    # 2 along the first axis, 1.28 along the third, 0.36 along the second.
    assert vectors.map().caption == "PCA of 4 words: 55% of the variance across, 35% up"


def test_too_few_words_for_a_layout_are_laid_out_by_pca_and_that_is_said() -> None:
    word_map = _vectors(20).map(layout="tsne")
    assert word_map.layout == "pca"
    assert word_map.caption.endswith("(too few for t-SNE)")


def test_another_layout_is_named() -> None:
    pytest.importorskip("openTSNE")
    word_map = _vectors(150).map(layout="tsne")
    assert word_map.layout == "tsne"
    assert word_map.caption.startswith("t-SNE of 150 words")


def test_a_map_of_no_words_is_an_empty_sheet() -> None:
    word_map = wordkin.WordVectors([], np.empty((0, 3))).map()
    assert word_map.points.shape == (0, 2)
    assert _png_size(word_map.drawing.png()) > (0, 0)


# ---- files ---------------------------------------------------------------------------------------


def test_a_png_has_the_size_requested(tmp_path: Path) -> None:
    _vectors(20).map(size=(4, 3)).save(tmp_path / "a.PNG")
    assert _png_size((tmp_path / "a.PNG").read_bytes()) == (800, 600)


def test_an_svg_names_each_word(tmp_path: Path) -> None:
    vectors = wordkin.WordVectors(["rain", "<b>&", "a--b", "$x$"], np.eye(4))
    vectors.map(title="Weather").save(tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    titles = re.findall("<title>(.*?)</title>", svg)
    assert titles == ["Weather", "rain", "&lt;b&gt;&amp;", "a--b", "$x$"]


@pytest.mark.parametrize("suffix", [".png", ".svg"])
@pytest.mark.parametrize("number", [30, 3000])
def test_equal_maps_have_equal_bytes(suffix: str, number: int, tmp_path: Path) -> None:
    for name in "ab":
        _vectors(number).map(title="Equal").save(tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_what_the_user_has_set_in_matplotlib_does_not_matter_and_stays() -> None:
    usual = _vectors(20).map().drawing.png()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.bbox": "tight"}):
        assert _vectors(20).map().drawing.png() == usual
        assert matplotlib.rcParams["font.size"] == 30


def test_a_notebook_shows_the_map() -> None:
    word_map = _vectors(20).map()
    assert word_map._repr_png_() == word_map.drawing.png()


@pytest.mark.parametrize(("theme", "bright"), [("light", True), ("dark", False)])
def test_a_theme_has_its_ground(theme: str, bright: bool) -> None:
    pixels = imread(io.BytesIO(_vectors(5).map(theme=theme).drawing.png()))  # type: ignore[arg-type]
    assert (np.median(pixels[..., :3]) > 0.9) == bright
    assert (pixels[0, 0, :3] == np.median(pixels[..., :3], axis=(0, 1))).all()


def test_an_older_file_stays_if_a_map_cannot_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_text("older")
    monkeypatch.setitem(sys.modules, "wordkin.views.maps.drawing", None)
    with pytest.raises(ImportError):
        _vectors(5).map().save(path)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


# ---- errors --------------------------------------------------------------------------------------


def test_an_unknown_word_is_named_before_anything_is_drawn() -> None:
    vectors = wordkin.WordVectors(["queen", "king"], np.eye(2))
    with pytest.raises(UnknownWordError, match=r"'quen' is not among the 2 words; .*'queen'"):
        vectors.map(["king", "quen"])
    with pytest.raises(UnknownWordError, match="'quen'"):
        vectors.map(pairs=[("king", "quen")])


def test_settings_that_cannot_be_used_are_named() -> None:
    vectors = _vectors(5)
    word = vectors.words[0]
    calls: dict[str, Callable[[], Any]] = {
        "a map needs at least 1 word, got 0": lambda: vectors.map([]),
        "a map without the rest needs words": lambda: vectors.map(rest=False),
        "layout must be one of pca, tsne, got 'x'": lambda: vectors.map(layout="x"),
        "theme must be light or dark, got 'x'": lambda: vectors.map(theme="x"),  # type: ignore[arg-type]
        "first must be at least 1, got 0": lambda: vectors.map(first=0),
        "topn must be at least 0, got -1": lambda: vectors.map(topn=-1),
        "size must be 1 to 100 inches a side, got 0.5 by 3": lambda: vectors.map(size=(0.5, 3)),
        "a pair must be two words, got ": lambda: vectors.map(pairs=[(word,)]),  # type: ignore[list-item]
        "a map must end in .png, .svg, .html, got 'a.gif'": lambda: vectors.map().save("a.gif"),
    }
    for message, call in calls.items():
        with pytest.raises(SettingsError, match=re.escape(message)):
            call()


def test_missing_packages_are_named_with_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "wordkin.views.maps.drawing", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(WordkinError, match=r"pip install 'wordkin\[map\]'"):
        _vectors(5).map().drawing  # noqa: B018


# ---- pages ---------------------------------------------------------------------------------------


def _data(path: Path) -> dict[str, Any]:
    """Return the data of a page."""
    found = re.search(
        r'<script type="application/json" id="snapshot">(.*?)</script>', path.read_text("utf-8")
    )
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_a_page_has_the_words_requested_their_places_and_arrows(tmp_path: Path) -> None:
    vectors = _vectors(30)
    a, b, c = vectors.words[7], vectors.words[3], vectors.words[20]
    word_map = vectors.map([c], pairs=[(a, b)], title="<b>Some</b>")
    word_map.save(tmp_path / "map.html")
    data = _data(tmp_path / "map.html")
    [model] = data["about"]["models"]
    assert (model["name"], model["words"], model["mapped"]) == ("<b>Some</b>", 3, 3)
    assert data["answers"]["api/words?model=0"] == list(word_map.words) == [c, a, b]
    assert (model["named"], model["arrows"]) == ([0, 1, 2], [[1, 2]])
    assert model["origin"] == word_map.caption
    points = np.frombuffer(base64.b64decode(data["points"][0]), "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(points, word_map.points)


def test_a_page_of_a_vocabulary_knows_neighbours_and_counts(tmp_path: Path) -> None:
    plain = _vectors(300)
    vectors = wordkin.WordVectors(plain.words, plain.matrix, range(300, 0, -1))
    vectors.map(first=200).save(tmp_path / "map.html")
    data = _data(tmp_path / "map.html")
    near = data["near"][0]
    among = vectors.take(200)
    word = among.words[5]
    assert [among.words[i] for i in near["ids"][5]] == [
        w for w, _ in among.most_similar(word, topn=20)
    ]
    assert near["counts"][5] == 295


def test_a_page_takes_no_package_that_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "wordkin.views.maps.drawing", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    _vectors(5).map().save(tmp_path / "map.html")
    assert (tmp_path / "map.html").stat().st_size > 10_000
