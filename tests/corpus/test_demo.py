"""The demo text exists in every Python, and training on it gives sensible neighbours."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import wordkin
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


def test_the_table_shows_words_over_their_neighbours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "sentences", toy.sentences)
    monkeypatch.setattr(demo, "WORDS", ("fish0", "unheard", "tree1"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    for title, heading, *rows in (lines[:7], lines[8:]):
        assert title.endswith(" engine")
        assert heading.split() == ["fish0", "tree1"]
        assert len(rows) == 5
        columns = list(zip(*(row.split() for row in rows[:4]), strict=True))
        assert set(columns[0]) == {"fish1", "fish2", "fish3", "fish4"}
        assert set(columns[1]) == {"tree0", "tree2", "tree3", "tree4"}


def test_a_model_of_the_exact_engine_is_left_to_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "sentences", toy.sentences)
    monkeypatch.setattr(demo, "WORDS", ("fish0",))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    chosen = tmp_path / "my model.safetensors"
    for options in ([], ["--output", str(chosen)]):
        result = CliRunner().invoke(app, ["demo", *options])
        (asked,) = [line for line in result.stderr.splitlines() if "wordkin neighbours" in line]
        _, verb, path, *_ = shlex.split(asked.split(":", 1)[1])
        assert verb == "neighbours"
        assert Path(path).is_relative_to(tmp_path)
        assert (Path(path) == chosen) == bool(options)
        assert wordkin.Word2Vec.load(path).settings.engine == "exact"


def test_words_of_this_python_find_their_kin(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["demo", "--json", "-o", str(tmp_path / "m.safetensors")])
    assert result.exit_code == 0
    answers = json.loads(result.stdout)
    for objective in ("negative-sampling", "naive-softmax"):
        near = {
            answer["word"]: {one["word"] for one in answer["neighbours"]}
            for answer in answers
            if answer["objective"] == objective
        }
        assert tuple(near) == demo.WORDS
        assert near["month"] & {"year", "day", "days", "week", "weekday"}
        assert near["file"] & {"files", "filename", "open", "opened", "reading", "disk", "path"}
        assert near["exception"] & {"raised", "raise", "exceptions", "error", "clause", "except"}
