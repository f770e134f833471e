"""A note is made at one place, and reaches the logger, the account, and Python or the terminal."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pytest

import wordkin
from support.commands import run
from wordkin.system import notes
from wordkin.system.errors import CorpusWarning, WordkinWarning


def test_a_note_is_a_warning_with_the_line_of_the_caller() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        notes.note("half of it", CorpusWarning)
    (warning,) = caught
    assert (warning.category, str(warning.message)) == (CorpusWarning, "half of it")
    assert warning.filename == __file__


def test_advice_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    with notes.collected() as found:
        notes.note("do it otherwise", None)
    assert found == ["do it otherwise"]
    assert caplog.record_tuples == [("wordkin", logging.WARNING, "do it otherwise")]


def test_a_printer_takes_the_place_of_warnings() -> None:
    printed: list[str] = []
    with notes.printed(printed.append), notes.collected() as outer, notes.collected() as inner:
        notes.note("100 % lost")
        notes.note("advice", None)
        with notes.printed(printed.append, advice=False):
            notes.note("not wanted", None)
            notes.note("wanted")
    assert printed == ["100 % lost", "advice", "wanted"]
    assert outer == inner == ["100 % lost", "advice", "not wanted", "wanted"]


def test_all_warnings_are_of_one_kind() -> None:
    kinds = [wordkin.CorpusWarning, wordkin.FormatWarning, wordkin.TrainingWarning]
    assert all(issubclass(kind, WordkinWarning) for kind in kinds)


def test_the_logger_is_quiet_by_default() -> None:
    code = "import logging, wordkin.system.notes as n; n.note('x', None); print(n.log.handlers)"
    from subprocess import run as call
    from sys import executable

    done = call([executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "NullHandler" in done.stdout


def test_python_and_the_command_line_get_the_same_advice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("a rose is a rose\n" * 100)
    model = wordkin.Word2Vec(dim=2, epochs=1, subsample=0, threads=64).fit(text)
    threads, engine = model.account.notes
    assert threads.startswith("64 threads on ")
    assert engine == "engine exact learns more from a text this small"
    assert [record.getMessage() for record in caplog.records][:2] == [threads, engine]
    output = tmp_path / "model.safetensors"
    ran = run(
        "train", text, "-o", output, "--dim", 2, "--epochs", 1, "--subsample", 0, "--threads", 64
    )
    assert f"note: {threads}\n" in ran.err
    assert f"note: {engine}\n" in ran.err
    assert wordkin.Word2Vec.load(output).account.notes == (threads, engine)
    chosen = wordkin.Word2Vec(dim=2, epochs=1, subsample=0, threads=1, engine="stochastic").fit(
        text
    )
    assert chosen.account.notes == ()
