"""The verb that draws words in the plane."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import wordkin
from support.commands import fails, run

WORDS = ["king", "queen", "man", "woman", "a,b", "rain", "caf\udce9"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "v.safetensors"
    matrix = np.random.default_rng(0).normal(size=(len(WORDS), 5))
    wordkin.save(path, wordkin.WordVectors(WORDS, matrix))
    return path


def _drawn(path: Path) -> list[str]:
    """Return the words in an SVG, in order."""
    lines = path.read_text().split("<title>")[1:]
    return [line.split("</title>")[0] for line in lines]


def test_words_at_commas_and_of_several_options_are_drawn(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    ran = run("map", model, "-o", path, "--words", "king, queen", "--words", "rain")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"saved a map of 3 words: {path}\n"
    assert _drawn(path) == ["king", "queen", "rain"]


def test_words_of_a_file_may_hold_commas(model: Path, tmp_path: Path) -> None:
    (tmp_path / "words").write_bytes(b"a,b\r\nking\n\ncaf\xe9\n")
    path = tmp_path / "a.svg"
    ran = run("map", model, "-o", path, "--words-file", tmp_path / "words", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert _drawn(path) == ["a,b", "king", "caf\\xe9"]


def test_pairs_are_drawn_with_the_words_of_the_pairs(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    assert run("map", model, "-o", path, "--pairs", "man:woman,king:queen").code == 0
    assert _drawn(path) == ["man", "woman", "king", "queen"]


def test_without_words_all_are_drawn(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    ran = run("map", model, "-o", path, "--title", "All & more", "--theme", "dark", "--first", 4)
    assert ran.err == f"saved a map of 4 words: {path}\n"
    assert _drawn(path) == ["All &amp; more", *WORDS[:4]]


@pytest.mark.parametrize(
    ("size", "pixels"), [("4x3", (800, 600)), ("4.5x3in", (900, 600)), ("640x480px", (640, 480))]
)
def test_a_size_is_in_inches_or_pixels(
    size: str, pixels: tuple[int, int], model: Path, tmp_path: Path
) -> None:
    assert run("map", model, "-o", tmp_path / "a.png", "--size", size).code == 0
    assert struct.unpack(">II", (tmp_path / "a.png").read_bytes()[16:24]) == pixels


def test_names_without_room_are_told(tmp_path: Path) -> None:
    words = [f"word{'x' * 20}{i}" for i in range(60)]
    wordkin.save(tmp_path / "v.safetensors", wordkin.WordVectors(words, np.ones((60, 2))))
    arguments = ["-o", tmp_path / "a.png", "--words", ",".join(words), "--size", "2x2"]
    ran = run("map", tmp_path / "v.safetensors", *arguments)
    assert ran.code == 0
    assert ran.err.startswith("note: no room for ")
    assert "names: 'word" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "a.gif"], "a map must end in .png, .svg, .html, got 'a.gif'"),
        (["-o", "a.png", "--layout", "som"], "layout must be one of pca, tsne, got 'som'"),
        (["-o", "a.png", "--size", "4"], "--size must be like 9x7 or 1600x1200px, got '4'"),
        (["-o", "a.png", "--size", "10x10px"], "size must be 1 to 100 inches a side"),
        (["-o", "a.png", "--pairs", "a:b:c"], "--pairs must be A:B,C:D and so on, got 'a:b:c'"),
        (["-o", "a.png", "--pairs", "a"], "--pairs must be A:B,C:D and so on, got 'a'"),
        (["-o", "a.png", "--words", ","], "a map needs at least 1 word, got 0"),
        (["-o", "a.png", "--rest"], "--rest needs a selection of words"),
    ],
)
def test_mistakes_are_told_before_the_model_is_read(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    assert message in fails("map", tmp_path / "no such model", *arguments, code=2)


def test_a_folder_that_is_not_there_is_told_before_the_model_is_read(tmp_path: Path) -> None:
    path = tmp_path / "no" / "a.png"
    assert "there is no folder" in fails("map", tmp_path / "no such model", "-o", path)


def test_an_unknown_word_is_told_and_nothing_is_written(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert "'quean' is not among" in fails("map", model, "-o", path, "--words", "king,quean")
    assert not path.exists()


def test_unknown_words_are_named_at_once_or_left_out(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    asked = ["-o", path, "--words", "king,quean,zzz", "--pairs", "man:woman,man:xyz"]
    message = fails("map", model, *asked)
    assert message.startswith("3 words are not among the 7 words: 'quean' (close: 'queen'), 'zzz',")
    assert message.endswith("'xyz'; --skip-unknown leaves them out")
    ran = run("map", model, *asked, "--skip-unknown")
    assert ran.err.startswith("note: skipped 3 words without a vector: 'quean', 'zzz', 'xyz'\n")
    assert _drawn(path) == ["king", "man", "woman"]
    ran = run("map", model, "-o", path, "--words", "zzz", "--skip-unknown")
    assert ran.code == 2
    assert "a map needs at least 1 word that has a vector, got 0" in ran.err


def test_a_missing_package_is_told_before_the_model_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    message = fails("map", tmp_path / "v", "-o", tmp_path / "a.png", "--layout", "tsne")
    assert "pip install 'wordkin[tsne]'" in message


def test_a_map_can_be_a_page(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "map.html"
    ran = run("map", model, "-o", path, "--pairs", f"{WORDS[0]}:{WORDS[1]}")
    assert (ran.code, ran.err) == (0, f"saved a map of 2 words: {path}\n")
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_a_page_has_no_colours_or_size_of_its_own(tmp_path: Path) -> None:
    for option in (["--theme", "dark"], ["--size", "4x3"]):
        ran = fails("map", tmp_path / "no such model", "-o", "a.html", *option, code=2)
        assert "--theme and --size are for .png and .svg" in ran


def test_few_words_take_no_package_of_a_layout(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    few = ["-o", tmp_path / "a.html", "--layout", "tsne", "--words", ",".join(WORDS[:3])]
    assert run("map", model, *few).code == 0
    assert "wordkin[tsne]" in fails("map", model, *few, "--rest")
