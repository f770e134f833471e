"""Words reach a terminal or a pipe unchanged, but never as control characters."""

from __future__ import annotations

import json

import pytest

from wordkin.system import terminal


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("서울", "서울"),
        ("[red]", "[red]"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("\x07\x7f\x9b31m\n\t", r"\x07\x7f\x9b31m\x0a\x09"),
        ("caf\udce9", "caf\udce9"),
    ],
)
def test_control_characters_are_spelled_out_and_nothing_else(word: str, shown: str) -> None:
    assert terminal.printable(word) == shown


def test_json_is_valid_utf8_and_gives_every_word_back(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    words = ["서울", "caf\udce9", "\x1b[31m", "\x9b31m", "\x7f", '"\\']
    terminal.put_json(words)
    out, _ = capsysbinary.readouterr()
    assert "서울" in out.decode("utf-8")
    assert json.loads(out) == words
    assert not any(control in out.decode("utf-8") for control in "\x1b\x9b\x7f")


def test_json_has_no_number_that_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="JSON"):
        terminal.put_json(float("nan"))


def test_columns_of_a_table_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.put_table(["word", "count"], [["a", "1,234"], ["longer", "5"]], align="<>")
    out, _ = capsys.readouterr()
    assert out.splitlines() == ["word    count", "a       1,234", "longer      5"]


def test_a_table_may_have_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.put_table(["word"], [], align="<")
    assert capsys.readouterr().out == "word\n"
