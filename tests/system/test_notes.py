"""A note is made at one place, and reaches the logger, the account, and Python or the terminal."""

from __future__ import annotations

import logging
import re
import warnings
from pathlib import Path

import pytest

import wordkin
from support.commands import run
from wordkin.system import notes
from wordkin.system.errors import CorpusWarning, WordkinWarning
from wordkin.system.progress import Progress


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


def test_a_run_is_logged_as_the_command_line_reports_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="wordkin")
    text = [["pear", "plum", "fig"], ["plum", "kiwi"]] * 50
    model = wordkin.Word2Vec(dim=2, min_count=1, epochs=2, subsample=0, threads=1).fit(text)
    model.save(tmp_path / "model.safetensors")
    wordkin.save(tmp_path / "vectors.txt", model.vectors)
    wordkin.load(tmp_path / "vectors.txt")
    wordkin.reproduce(model, text)
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    for message in (
        r"epoch 1: loss \d\.\d{4} per pair; \d+\.\d s",
        r"epoch 2: loss \d\.\d{4} per pair; \d+\.\d s",
        "read 250 words in 100 lines",
        "kept 4 different words",
        r"trained negative-sampling in 2 epochs by the stochastic engine: .* s of training",
        r"saved the model: .*model\.safetensors",
        r"saved 4 vectors of 2 dimensions: .*vectors\.txt",
        r"read 4 vectors: .*vectors\.txt",
        "trained again: equal",
    ):
        assert any(re.fullmatch(message, line) for line in logged), message
    progress = [r.getMessage() for r in caplog.records if r.levelno == logging.DEBUG]
    assert progress[0] == "reading: 0 sentences"
    assert any(re.match(r"epoch 1 of 2: [\d,]+ of [\d,]+ words, loss", line) for line in progress)
    levels = {record.levelno for record in caplog.records}
    assert levels == {logging.DEBUG, logging.INFO, logging.WARNING}


def test_events_of_a_run_are_logged_besides_where_they_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="wordkin")
    said: list[str] = []
    text = [["pear", "plum", "fig"], ["plum", "kiwi"]] * 50
    model = wordkin.Word2Vec(dim=2, min_count=1, subsample=0, threads=1)
    model.fit(text, say=said.append, checkpoint=tmp_path / "folder", resume=True)
    assert said
    assert set(said) <= {record.getMessage() for record in caplog.records}


def test_logging_hides_nothing_from_a_progress_of_ones_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Own(Progress):
        def __init__(self) -> None:
            self.called: list[str] = []

        def reading(self, done: int, total: int | None, unit: str) -> None:
            self.called.append("reading")

        def passed(self, number: int, done: object) -> None:
            self.called.append("passed")

        def fitted(self, vectors: object) -> None:
            self.called.append("fitted")

    text = [["pear", "plum", "fig"]] * 50
    model = wordkin.Word2Vec(dim=2, min_count=1, epochs=2, subsample=0, engine="stochastic")
    calls = []
    for level in (logging.DEBUG, logging.INFO):
        caplog.set_level(level, logger="wordkin")
        own = Own()
        model.fit(text, progress=own)
        calls.append(own.called)
    assert calls[0] == calls[1] == ["reading", "passed", "passed", "fitted"]
