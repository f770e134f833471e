"""Words reach a terminal or a pipe unchanged, but never as control characters."""

from __future__ import annotations

import json
import sys
import unicodedata

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


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("queen", 5),
        ("서울", 4),
        (unicodedata.normalize("NFD", "서울"), 4),
        ("東京", 4),
        ("カナ", 4),
        ("ｶﾅ", 2),
        ("cafe\u0301", 4),
        ("caf\udce9", 4),
    ],
)
def test_the_width_of_a_text_is_that_of_its_cells(text: str, width: int) -> None:
    assert terminal.width(text) == width


def test_columns_line_up_by_cells_whatever_the_letters(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["queen", "서울", "東京", "cafe\u0301", "\x1b[2J"]
    terminal.put_table(["word", "n"], [[word, "7"] for word in words], align="<>")
    lines = capsys.readouterr().out.splitlines()
    assert {terminal.width(line) for line in lines} == {10}
    assert all(line.endswith("7") for line in lines[1:])


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("queen", 5, "queen"),
        ("queens", 5, "quee…"),
        ("서울특별시", 6, "서울…"),
        ("\x1b[2Jabc", 5, "\\x1b…"),
    ],
)
def test_a_text_is_cut_to_cells(text: str, most: int, shown: str) -> None:
    assert terminal.cut(text, most) == shown


def test_a_table_wider_than_the_terminal_is_written_as_blocks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    rows = [["questions-words.txt", "3CosAdd", "5.3 %"], ["EN-MEN-TR-3k.txt", "Spearman", ""]]
    table = ["", "measure", "score"], rows, "<<>"
    monkeypatch.setenv("COLUMNS", "20")
    terminal.put_table(*table)
    assert capsys.readouterr().out == (
        "questions-words.txt\n  measure  3CosAdd\n  score    5.3 %\n\n"
        "EN-MEN-TR-3k.txt\n  measure  Spearman\n"
    )
    monkeypatch.setenv("COLUMNS", "80")
    terminal.put_table(*table)
    assert len(capsys.readouterr().out.splitlines()) == 3
