"""Words become texts that can be drawn, in fonts that have their characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("matplotlib")

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
