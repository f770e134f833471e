"""The command line on texts that are no prose: whole lines, chosen thresholds, notes."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from support import toy
from support.commands import fails, run
from wordkin import Word2Vec, read_counts
from wordkin.cli.training_report import (
    finite,
    format_loss,
    format_subsampling,
    history_table,
    perplexities,
)
from wordkin.engines.outcome import Epoch

QUICK = ("--dim", 4, "--min-count", 1)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return toy.write(tmp_path / "text", 200)


@pytest.mark.parametrize("engine", ["stochastic", "exact"])
def test_a_whole_line_is_a_window(text: Path, tmp_path: Path, engine: str) -> None:
    output = tmp_path / "m.safetensors"
    ran = run("train", text, "-o", output, *QUICK, "--engine", engine, "--window", "line", "--json")
    assert ran.code == 0
    assert ran.json["settings"]["window"] == "line"
    assert re.search(r"^  window +line$", run("info", output).out, re.M)
    assert run("reproduce", output, "--corpus", text).code == 0


def test_counts_of_whole_lines_are_trained_on(text: Path, tmp_path: Path) -> None:
    counts, output = tmp_path / "counts", tmp_path / "m.safetensors"
    assert run("count", text, "-o", counts, "--min-count", 1, "--window", "line").code == 0
    assert read_counts(counts).metadata["window"] == "line"
    assert run("train", "--counts", counts, "-o", output, "--dim", 4).code == 0
    assert Word2Vec.load(output).settings.window == "line"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("window", "abc", "window must be line or a whole number, got 'abc'"),
        ("window", "1.5", "window must be line or a whole number, got '1.5'"),
        ("window", "0", "window must be at least 1, got 0"),
        ("subsample", "some", "subsample must be auto or a number, got 'some'"),
        ("ridge", "some", "ridge must be auto or a number, got 'some'"),
    ],
)
def test_numbers_or_words_are_checked(
    text: Path, tmp_path: Path, name: str, value: str, message: str
) -> None:
    output = tmp_path / "m.safetensors"
    assert fails("train", text, "-o", output, f"--{name}", value, code=2) == message


def test_the_summary_says_what_was_dropped(text: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    ran = run("train", text, "-o", output, *QUICK)
    dropped = r"dropped (\d+\.\d) % of the words by subsampling above 0\.0\d+"
    found = re.search(rf"{dropped} \(auto\)", ran.err)
    assert found
    model = Word2Vec.load(output)
    assert float(found[1]) == pytest.approx(100 * model.account.dropped, abs=0.06)
    shown = run("info", output).out
    assert re.search(dropped, shown)
    assert "(auto)" not in shown
    tokens = run("info", output, "--json").json["tokens"]
    assert tokens["subsample"] == model.settings.subsample
    assert tokens["dropped"] == model.account.dropped
    ran = run("train", text, "-o", output, *QUICK, "--subsample", 0)
    assert "dropped no words: subsampling is off" in ran.err
    counts = tmp_path / "counts"
    assert "(auto)" in run("count", text, "-o", counts, "--min-count", 1).err


def test_replacing_a_file_is_said(text: Path, tmp_path: Path) -> None:
    for verb, output in (("train", tmp_path / "m.safetensors"), ("count", tmp_path / "counts")):
        options = ["--min-count", 1]
        note = f"note: {output} exists: this run will replace it\n"
        assert note not in run(verb, text, "-o", output, *options).err
        assert note in run(verb, text, "-o", output, *options).err
        assert note not in run(verb, text, "-o", output, *options, "-q").err


def test_a_mean_of_no_pair_is_shown_as_such(text: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.safetensors"
    run("train", text, "-o", output, *QUICK)
    model = Word2Vec.load(output)
    history: list[Any] = model.history
    history[:] = [Epoch(math.nan, 0.0, 0, 9, 0.1)]
    assert format_loss(model.history[0].loss) == "no pairs"
    assert history_table(model)[1][0][1] == "no pairs"
    assert perplexities(model.history[0]) == "no pairs"
    assert format_subsampling(1e-4, math.nan, auto=False).startswith("no words")
    model.save(output)
    shown = run("info", output)
    assert "no pairs" in shown.out
    assert "0.0000" not in shown.out
    assert run("info", output, "--json").json["history"][0]["loss"] is None
    assert finite(math.nan) is None
