"""The demo text exists in every Python, and training on it gives sensible neighbours."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support import toy
from wordkin.cli import app
from wordkin.corpus import demo


def test_docstrings_are_found_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        '''"""Of the module."""
import nowhere_to_be_found
"""Not at the top."""
class Thing:
    """Of the class."""
    def method(self):
        r"""Of the method."""
        def inner():
            "Of the function inside."
    async def later(self):
        """Of the coroutine."""
        text = """Of a variable."""
def bytes_are_none():
    b"""Bytes."""
def silent():
    return 1
'''
    )
    assert sorted(demo.docstrings_of(path)) == [
        "Of the class.",
        "Of the coroutine.",
        "Of the function inside.",
        "Of the method.",
        "Of the module.",
    ]


@pytest.mark.parametrize(
    "source", [b"", b'"""Cut short', b'"""\xff"""', b'"""\0"""', b"def f():\n    'No docstring'\n"]
)
def test_a_file_that_cannot_be_parsed_has_none(tmp_path: Path, source: bytes) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(source)
    assert list(demo.docstrings_of(path)) == []
    assert list(demo.docstrings_of(tmp_path / "missing.py")) == []


def test_paragraphs_become_lower_case_words_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        demo, "_topics", lambda: ["The `str.join()` METHOD\nof 3.\n \nOne\n\nx = 2"]
    )
    monkeypatch.setattr(
        demo, "_docstrings", lambda: iter(["Two words, max_vocab.", "", "Two, two"] * 2)
    )
    assert demo.sentences() == [
        ["the", "str", "join", "method", "of"],
        ["two", "words", "max_vocab"],
        ["two", "two"],
    ]


def test_a_python_without_topics_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data", None)
    assert demo._topics() == []


def test_a_python_without_documentation_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "sentences", list)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert "wordkin: this Python has no documentation inside" in result.stderr


def test_the_table_shows_words_over_their_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "sentences", toy.sentences)
    monkeypatch.setattr(demo, "WORDS", ("fish0", "unheard", "tree1"))
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 0
    heading, *rows = (line.split() for line in result.stdout.splitlines())
    assert heading == ["fish0", "tree1"]
    assert len(rows) == 5
    assert {row[0] for row in rows[:4]} == {"fish1", "fish2", "fish3", "fish4"}
    assert {row[1] for row in rows[:4]} == {"tree0", "tree2", "tree3", "tree4"}


def test_words_of_this_python_find_their_kin() -> None:
    result = CliRunner().invoke(app, ["demo", "--json"])
    assert result.exit_code == 0
    near = {a["word"]: {n["word"] for n in a["neighbours"]} for a in json.loads(result.stdout)}
    assert tuple(near) == demo.WORDS
    assert near["month"] & {"year", "day", "days", "week", "weekday"}
    assert near["file"] & {"files", "filename", "open", "opened", "reading", "disk", "path"}
    assert near["exception"] & {"raised", "raise", "exceptions", "error", "clause", "except"}
