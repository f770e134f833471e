"""Words become texts that can be drawn, in fonts that have their characters."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("matplotlib")

from matplotlib import font_manager

from wordkin.system.errors import FormatWarning
from wordkin.views.maps import label_text as fonts_module
from wordkin.views.maps.label_text import FONT, choose_fonts, display_text


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("queen", "queen"),
        ("서울", "서울"),
        ("a\nb", "a\\x0ab"),
        ("\x1b[2J", "\\x1b[2J"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud83d", "\\ud83d"),
        ("\u202eabc", "\\u202eabc"),
        ("", "“”"),
        ("　", "“　”"),
        ("$x$", "$x$"),
        ("w" * 50, "w" * 40 + "…"),
    ],
)
def test_what_is_invisible_is_escaped(word: str, text: str) -> None:
    assert display_text(word) == text


@given(st.text(st.characters(), max_size=50))
def test_what_is_drawn_is_valid_and_one_line(word: str) -> None:
    text = display_text(word)
    text.encode()
    assert text.strip()
    assert len(text.splitlines()) == 1


def test_the_font_that_comes_with_matplotlib_is_first_and_enough_for_latin() -> None:
    assert choose_fonts(["queen", "Žižek"]) == (["queen", "Žižek"], [FONT])


def test_another_font_is_taken_for_what_the_first_lacks() -> None:
    # STIXGeneral has this letter and comes with matplotlib: no other font needs to be installed.
    (text,), fonts = choose_fonts(["ᶁ"])
    assert text == "ᶁ"
    assert fonts[0] == FONT
    assert len(fonts) == 2


def test_what_no_font_has_is_reported_once_and_drawn_as_boxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fonts_module, "_installed", lambda: ())
    with pytest.warns(FormatWarning, match="no installed font has all .* of '서울'") as caught:
        texts, fonts = choose_fonts(["rain", "서울", "부산역"])
    assert len(caught) == 1
    assert texts == ["rain", "□□", "□□□"]
    assert fonts == [FONT]


def test_a_font_installed_after_matplotlib_listed_them_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # STIXGeneral has this letter. It is taken off the list, and lies where new fonts are found.
    manager = font_manager.fontManager
    (listed,) = (entry for entry in manager.ttflist if entry.fname.endswith("STIXGeneral.ttf"))
    new = shutil.copy(listed.fname, tmp_path)
    others = [entry for entry in manager.ttflist if "STIX" not in entry.name]
    monkeypatch.setattr(manager, "ttflist", [e for e in others if e.name == FONT])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    with pytest.warns(FormatWarning, match="are found as soon as they are installed"):
        assert choose_fonts(["ᶁ"]) == (["□"], [FONT])
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(broken), str(new)])
    assert choose_fonts(["ᶁ"]) == (["ᶁ"], [FONT, "STIXGeneral"])
