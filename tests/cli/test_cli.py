"""The command line: results on stdout, talk on stderr, a line and a code for what goes wrong."""

from __future__ import annotations

import bz2
import errno
import gzip
import hashlib
import json
import lzma
import math
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import wordkin
from support import toy
from support.commands import Ran, fails, run
from wordkin.engines import outcome
from wordkin.engines.counts import counting
from wordkin.engines.counts.file import read_counts
from wordkin.engines.exact import devices
from wordkin.engines.settings import ExactSettings, StochasticSettings
from wordkin.engines.stochastic import engine as stochastic_engine
from wordkin.objectives import gradients
from wordkin.training import counting_run
from wordkin.vectors.formats.model import read_model, write_model

WORDKIN = [sys.executable, "-m", "wordkin"]
VERBS = [
    "train",
    "count",
    "reproduce",
    "neighbours",
    "similarity",
    "distances",
    "analogy",
    "odd",
    "rank",
    "predict",
    "evaluate",
    "compare",
    "stability",
    "info",
    "convert",
    "check-gradients",
    "demo",
]
EXACT = ["--engine", "exact", "--dim", 8, "--max-passes", 4, "--threads", 1]
COUNTING = ["--window", 3, "--min-count", 1, "--subsample", 1e-2, "--threads", 1]
OBJECTIVES = ["negative-sampling", "naive-softmax"]
REFERENCE = ["--objective", "naive-softmax", "--engine", "stochastic"]
QUICK = ["--dim", 10, "--min-count", 1, "--epochs", 2, "--subsample", 1e-2, "--threads", 1]
DEADLINE = 60  # seconds, for what should take one


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the model of a toy text; nobody changes it."""
    folder = tmp_path_factory.mktemp("model")
    path = folder / "m.safetensors"
    settings = [*QUICK, "--epochs", 20, "--learning-rate", 0.1, "--subsample", 0]
    assert run("train", toy.write(folder / "text.txt"), "-o", path, *settings).code == 0
    return path


@pytest.fixture(scope="module")
def exactly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model of a toy text by the exact engine; nobody changes it."""
    folder = tmp_path_factory.mktemp("exactly")
    path = folder / "m.safetensors"
    settings = [*EXACT, *COUNTING, "--subsample", 0, "--subwords", "none"]
    assert run("train", toy.write(folder / "text.txt"), "-o", path, *settings).code == 0
    return path


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the counts of the text that `text` gives; nobody changes them."""
    folder = tmp_path_factory.mktemp("counts")
    text = toy.write(folder / "text.txt", lines=100)
    assert run("count", text, "-o", folder / "toy.counts", *COUNTING).code == 0
    return folder / "toy.counts"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return toy.write(tmp_path / "text.txt", lines=100)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Return a path for a model in a folder of its own, so that what is left there can be seen."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "m.safetensors"


def closed(tokens: dict[str, int]) -> int:
    """Return the sum of all that became of tokens."""
    return sum(tokens[what] for what in ("trained", "subsampled", "out_of_vocabulary", "held_out"))


def nothing_in(folder: Path) -> bool:
    return not list(folder.iterdir())


# ---- help and usage ------------------------------------------------------------------------------


def test_help_is_everywhere_and_has_an_example() -> None:
    assert all(verb in run("--help").out for verb in VERBS)
    for verb in VERBS:
        for flag in ("--help", "-h"):
            ran = run(verb, flag)
            assert ran.code == 0
            assert f"Example:  wordkin {verb}" in ran.out


def test_help_of_train_shows_the_defaults_of_settings() -> None:
    shown = " ".join(run("train", "--help").out.split())
    for name, value in (ExactSettings().as_dict() | StochasticSettings().as_dict()).items():
        assert f"--{name.replace('_', '-')} " in shown
        known = {"patience": "never", "deterministic": "deterministic", "sides": "no-sides"}
        if name not in ("threads", "max_vocab", "engine", "ridge"):
            assert re.search(rf"\[default: \({known.get(name, value)}[;)]", shown)
    assert "all available cores" in shown


@pytest.mark.parametrize("verb", [[], *([verb] for verb in VERBS)])
def test_help_fits_80_columns(verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(*verb, "--help").out.splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 80


def test_the_version_is_shown() -> None:
    ran = run("--version")
    assert (ran.code, ran.out) == (0, f"wordkin {wordkin.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [["wander"], ["train"], ["train", "x.txt"], ["neighbours"], ["analogy", "m", "a", "b"],
     ["train", "x", "-o", "m.safetensors", "--dim", "many"], ["info", "m", "--colour"],
     ["neighbours", "m", "a", "--topn", "0"], ["predict"], ["predict", "m", "a", "--topn", "0"],
     ["count"], ["count", "x.txt"], ["count", "-o", "x"], ["train", "--counts", "x"],
     ["count", "x.txt", "-o", "x", "--memory", "much"], ["reproduce", "m"],
     ["reproduce", "m", "--corpus", "x", "--threads", "0"]],
)  # fmt: skip
def test_what_is_asked_wrongly_exits_with_2(arguments: list[str]) -> None:
    assert fails(*arguments, code=2)


# ---- train ---------------------------------------------------------------------------------------


def test_train_says_what_it_did_on_stderr(text: Path, output: Path) -> None:
    ran = run("train", text, "--output", output, *QUICK)
    assert (ran.code, ran.out) == (0, "")
    assert re.search(r"read +800 words in 100 lines\n", ran.err)
    assert re.search(r"kept +22 different words\n", ran.err)
    assert re.search(r"loss +\d\.\d{4} → \d\.\d{4} per pair; 2 epochs\n", ran.err)
    assert re.search(r"speed +[\d,]+ words/s: .* training, .* reading, .* saving\n", ran.err)
    assert "note: engine exact learns more from a text this small\n" in ran.err
    assert ran.err.endswith(f"{output}\n")
    assert "UTF-8" not in ran.err
    assert "cores" not in ran.err
    assert list(output.parent.iterdir()) == [output]
    assert len(wordkin.Word2Vec.load(output).vectors) == 22


def test_train_gives_one_json_object_on_stdout(text: Path, output: Path) -> None:
    arguments = [*QUICK, "--max-vocab", 20, "--seed", 7, "--window", 2, "--negatives", 3]
    ran = run("train", text, "-o", output, *arguments, "--quiet", "--json")
    assert (ran.code, ran.err) == (0, "")
    report = ran.json
    assert report["output"] == str(output)
    assert report["vocabulary"] == 20
    assert report["settings"] == wordkin.Word2Vec.load(output).get_params()
    assert report["settings"] | {"max_vocab": 20, "seed": 7, "dim": 10} == report["settings"]
    tokens = report["tokens"]
    assert (tokens["read"], tokens["lines"], tokens["passes"]) == (800, 100, 2)
    assert tokens["read"] * tokens["passes"] == closed(tokens)
    assert tokens["held_out"] == 0  # of a short text
    assert min(tokens[part] for part in ("trained", "subsampled", "out_of_vocabulary")) > 0
    assert report["sha256"] == wordkin.Word2Vec.load(output).sha256
    assert report["words_per_second"] > 0
    assert set(report["seconds"]) == {"reading", "training", "saving"}
    assert [set(epoch) for epoch in report["history"]] == [
        {"loss", "pairs", "trained", "subsampled", "seconds", "held_out"}
    ] * 2


def test_settings_reach_the_model_whatever_the_objective(text: Path, output: Path) -> None:
    arguments = [*QUICK, *REFERENCE, "--learning-rate", 0.5]
    assert run("train", text, "-o", output, *arguments).code == 0
    settings = wordkin.Word2Vec.load(output).settings
    assert isinstance(settings, StochasticSettings)
    assert (settings.objective, settings.learning_rate) == ("naive-softmax", 0.5)


def test_quiet_says_nothing(text: Path, output: Path) -> None:
    ran = run("train", text, "-o", output, *QUICK, "--threads", 64, "--quiet")
    assert ran == Ran(0, "", "")


def test_more_threads_than_cores_are_noted(text: Path, output: Path) -> None:
    ran = run("train", text, "-o", output, *QUICK, "--threads", 64)
    assert ran.code == 0
    assert re.match(r"note: 64 threads on \d+ cores gain nothing\n", ran.err)


def test_text_comes_from_files_packed_files_a_pipe_and_standard_input(
    text: Path, tmp_path: Path, output: Path
) -> None:
    raw = text.read_bytes()
    for pack, suffix in ((gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz")):
        (tmp_path / f"packed.{suffix}").write_bytes(pack(raw))
    os.mkfifo(pipe := tmp_path / "pipe")
    writer = threading.Thread(target=pipe.write_bytes, args=[raw], daemon=True)
    writer.start()
    models = []
    for source in (text, "packed.gz", "packed.bz2", "packed.xz", "pipe", "-"):
        path = tmp_path / source if source != "-" else source
        ran = run("train", path, "-o", output, *QUICK, stdin=raw)
        assert ran.code == 0, ran.err
        models.append(wordkin.Word2Vec.load(output).vectors)
    writer.join(DEADLINE)
    assert all(m.words == models[0].words for m in models)
    assert all((m.matrix == models[0].matrix).all() for m in models)


# ---- the exact engine, and counts ----------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_exact_engine_says_what_it_did_on_stderr(
    objective: str, text: Path, output: Path
) -> None:
    arguments = [*EXACT, *COUNTING, "--objective", objective, "--ridge", 0.5]
    ran = run("train", text, "-o", output, *arguments)
    assert (ran.code, ran.out) == (0, "")
    read, kept, dropped, loss, speed, saved = ran.err.splitlines()
    assert read == "read    800 words in 100 lines"
    assert kept == "kept    22 different words"
    assert re.fullmatch(r"dropped [\d.]+ % of the words by subsampling above 0\.01", dropped)
    perplexity = r"; perplexity \d+\.\d" if objective == "naive-softmax" else ""
    assert re.fullmatch(
        rf"loss    \d\.\d{{4}} per pair{perplexity}; [1-4] pass(es)?, ridge 0\.5", loss
    )
    assert re.fullmatch(
        r"speed   [\d,]+ words/s: .* s of counting, .* training, .* reading, .* saving", speed
    )
    assert saved == f"saved   {output}"
    assert list(output.parent.iterdir()) == [output]


def test_naive_softmax_takes_the_exact_engine_unless_told_otherwise(
    text: Path, output: Path
) -> None:
    arguments = ["--objective", "naive-softmax", "--dim", 4, "--min-count", 1, "--quiet", "--json"]
    ran = run("train", text, "-o", output, *arguments)
    assert (ran.code, ran.err) == (0, "")
    report = ran.json
    settings = report["settings"]
    assert (settings["engine"], settings["ridge"]) == ("exact", None)
    assert settings == wordkin.Word2Vec.load(output).get_params()
    tokens = report["tokens"]
    assert (tokens["read"], tokens["passes"]) == (800, 1)
    assert tokens["read"] == closed(tokens)
    assert set(report["seconds"]) == {"reading", "counting", "training", "saving"}
    for done in report["history"]:
        assert set(done) == {f.name for f in fields(outcome.Pass)}
    assert run("train", text, "-o", output, *QUICK, *REFERENCE).code == 0
    assert wordkin.Word2Vec.load(output).settings.engine == "stochastic"


def test_ridge_is_a_number_or_auto(text: Path, output: Path) -> None:
    def trained(ridge: object) -> Any:
        return run("train", text, "-o", output, *EXACT, *COUNTING, "--ridge", ridge, "--json").json

    assert trained("0.25")["settings"]["ridge"] == 0.25
    assert {done["ridge"] for done in trained("0.25")["history"]} == {0.25}
    assert trained("auto")["settings"]["ridge"] is None
    assert {done["ridge"] for done in trained("auto")["history"]} in ({1.0}, {2.0})


def test_count_says_what_it_did_on_stderr(text: Path, output: Path) -> None:
    ran = run("count", text, "-o", output.with_suffix(".counts"), *COUNTING)
    assert (ran.code, ran.out) == (0, "")
    read, kept, dropped, counted, saved = ran.err.splitlines()
    assert read == "read    800 words in 100 lines"
    assert kept == "kept    22 different words"
    assert re.fullmatch(r"dropped [\d.]+ % of the words by subsampling above 0\.01", dropped)
    assert re.fullmatch(r"counted \d+ different pairs in \d+\.\d s", counted)
    assert saved == f"saved   {output.with_suffix('.counts')}, 0 MB"
    assert list(output.parent.iterdir()) == [output.with_suffix(".counts")]


def test_count_gives_one_json_object_on_stdout(text: Path, output: Path, counts: Path) -> None:
    ran = run("count", text, "-o", output, *COUNTING, "--max-vocab", 21, "--quiet", "--json")
    assert (ran.code, ran.err) == (0, "")
    report, file = ran.json, read_counts(output)
    assert report.pop("seconds") > 0
    assert report == {
        "output": str(output),
        "vocabulary": 21,
        "pairs": len(file.counted.pairs.values),
        "sides": False,
        "wordkin": wordkin.__version__,
        "tokens": 800,
        "lines": 100,
        "invalid_utf8": 0,
        "held_out_tokens": 0,  # of a short text
        "piece": 0,
        "parted": 0,
        "corpus": {
            "bytes": text.stat().st_size,
            "sha256": hashlib.sha256(text.read_bytes()).hexdigest(),
        },
        "window": 3,
        "subsample": 1e-2,
        "min_count": 1,
        "max_vocab": 21,
        "held_out": 0.01,
    }
    assert run("count", text, "-o", output, *COUNTING, "--threads", 64, "-q") == Ran(0, "", "")
    assert output.read_bytes() == counts.read_bytes()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_counts_train_the_model_that_their_text_does(
    objective: str, text: Path, counts: Path, output: Path
) -> None:
    settings = [*EXACT, "--objective", objective]
    assert run("train", text, "-o", output, *settings, *COUNTING).code == 0
    whole = wordkin.Word2Vec.load(output)
    settings.remove("--engine")  # counts are for no other
    settings.remove("exact")
    ran = run("train", "--counts", counts, "-o", output, *settings)
    assert (ran.code, ran.out) == (0, "")
    assert "read    800 words in 100 lines\n" in ran.err
    assert "counting" not in ran.err
    model = wordkin.Word2Vec.load(output)
    assert model.settings == whole.settings
    assert model.vectors.words == whole.vectors.words
    for name in ("vectors", "center", "outside"):
        assert (getattr(model, name).matrix == getattr(whole, name).matrix).all()


def test_text_to_count_comes_from_standard_input_too(
    text: Path, counts: Path, output: Path
) -> None:
    assert run("count", "-", "-o", output, *COUNTING, stdin=text.read_bytes()).code == 0
    assert output.read_bytes() == counts.read_bytes()


def test_little_memory_gives_the_same_counts(
    text: Path, counts: Path, tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    spilled: list[object] = []
    spill = counting._Entries._spill

    def recorded(entries: counting._Entries) -> None:
        spilled.append(entries)
        spill(entries)

    monkeypatch.setattr(counting._Entries, "_spill", recorded)
    assert run("count", text, "-o", output, *COUNTING, "--memory", 1e-7).code == 0
    assert spilled
    found, wanted = load_file(output), load_file(counts)
    assert found.keys() == wanted.keys()
    assert all((found[name] == wanted[name]).all() for name in wanted)
    assert nothing_in(tmp_path / "temporary")
    assert list(output.parent.iterdir()) == [output]


def test_a_folder_for_temporary_files_that_is_full_is_named(
    text: Path, tmp_path: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))  # else it is that of the output
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    message = fails("count", text, "-o", output, *COUNTING, "--memory", 1e-7, "-q")
    assert message.startswith(f"{tmp_path / 'missing'}: cannot write the counts: No such file")
    assert nothing_in(output.parent)


def test_a_corpus_or_counts_but_not_both(text: Path, counts: Path, output: Path) -> None:
    message = "give either a CORPUS or --counts"
    assert fails("train", "-o", output, code=2) == message
    assert fails("train", text, "--counts", counts, "-o", output, code=2) == message
    assert nothing_in(output.parent)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "stochastic"], "--counts is for the exact engine, not for stochastic"),
        (["--epochs", 3], "epochs is a setting of the stochastic engine, not of exact"),
        (["--window", 4], "toy.counts: counted with window 3, but window is 4: leave out window"),
        (
            ["--subsample", 0],
            "toy.counts: counted with subsample 0.01, but subsample is 0.0: leave out subsample",
        ),
        (
            ["--min-count", 2],
            "toy.counts: counted with min_count 1, but min_count is 2: leave out min_count",
        ),
        (
            ["--max-vocab", 9],
            "toy.counts: counted with max_vocab None, but max_vocab is 9: leave out max_vocab",
        ),
    ],
)
def test_settings_that_differ_from_those_of_the_counts_exit_with_2(
    arguments: list[object], message: str, counts: Path, output: Path
) -> None:
    assert message in fails("train", "--counts", counts, "-o", output, *arguments, code=2)
    assert nothing_in(output.parent)


def test_what_holds_no_counts_is_refused(
    text: Path, counts: Path, exactly: Path, tmp_path: Path, output: Path
) -> None:
    (cut := tmp_path / "cut").write_bytes(counts.read_bytes()[:-1])
    for path, message in (
        (exactly, "a model, not counts"),
        (text, "not a file of counts, or cut short"),
        (cut, "not a file of counts, or cut short"),
        (tmp_path, "not a file"),
        (tmp_path / "missing", "No such file or directory"),
    ):
        found = fails("train", "--counts", path, "-o", output)
        assert found.startswith(f"{path}: {message}")
    assert str(counts) in fails("info", counts)
    assert str(counts) in fails("neighbours", counts, "the")
    assert nothing_in(output.parent)


def test_a_text_with_nothing_to_count_is_refused(tmp_path: Path, output: Path) -> None:
    (empty := tmp_path / "empty.txt").write_bytes(b"")
    (alone := tmp_path / "alone.txt").write_bytes(b"a\nb\n")
    assert "the corpus is empty" in fails("count", empty, "-o", output)
    assert "no line has two words" in fails("count", alone, "-o", output, "--min-count", 1)
    missing = tmp_path / "missing.txt"
    assert fails("count", missing, "-o", output) == f"{missing}: No such file or directory"
    assert nothing_in(output.parent)


@pytest.mark.parametrize("memory", [0, -1, "nan", "inf"])
def test_memory_that_is_no_amount_exits_with_2(memory: object, text: Path, output: Path) -> None:
    message = fails("count", text, "-o", output, "--memory", memory, code=2)
    assert message == f"memory must be a number of GB above 0, got {float(str(memory))}"


def test_words_too_many_for_the_memory_are_refused(
    text: Path, counts: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "available_memory", lambda: 5_000)
    for source in ([text, *COUNTING], ["--counts", counts]):
        message = fails("train", *source, "-o", output, *EXACT, code=2)
        assert re.match(
            r"22 words of 8 dimensions take about .*: set (max_vocab to \d+ or|fewer)", message
        )
    assert nothing_in(output.parent)


def test_every_word_is_counted_and_predicted_whatever_its_letters(
    tmp_path: Path, output: Path
) -> None:
    (tmp_path / "text.txt").write_bytes(
        "서울 🙂 caf\udce9\n".encode("utf-8", "surrogateescape") * 9
    )
    counts = tmp_path / "말뭉치 😀.counts"
    ran = run("count", tmp_path / "text.txt", "-o", counts, *COUNTING, "--subsample", 0)
    assert "9 words are not UTF-8: kept as they are" in ran.err
    settings = ["--ridge", 0.01, "--max-passes", 50]
    assert run("train", "--counts", counts, "-o", output, *EXACT, *settings).code == 0
    for word, others in (("서울", {"🙂", "caf\udce9"}), ("🙂", {"서울", "caf\udce9"})):
        heading, *rows = run("predict", output, word, "-n", 2).out.splitlines()
        assert heading == word
        assert {row.split()[1] for row in rows} == others
    assert run("predict", output, stdin="서울 🙂".encode()) == run("predict", output, "서울", "🙂")
    assert run("predict", output, stdin=b"caf\xe9").out.startswith("caf\udce9\n")
    assert run("predict", output, "caf\udce9", "--json").json[0]["word"] == "caf\udce9"


# ---- texts that are not as they should be --------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the corpus is empty: it has no word"),
        (b" \n\r\n\t", "the corpus is empty: it has no word"),
        (b"\xef\xbb\xbf", "the corpus is empty: it has no word"),
        (b"a b\0c\n", "not a text: byte 3 is NUL"),
        (b"\x7fELF\x02\x01\x01\0\0", "not a text: byte 7 is NUL"),
        ("a b\n".encode("utf-16"), "not a text: UTF-16 (or UTF-32): convert it first"),
        (b"a\nb\na\n", "no line has two words of the vocabulary, in 3 lines"),
        (b"a a a\n", "the vocabulary has one word, 'a'"),
    ],
)
def test_a_text_with_nothing_to_learn_from_is_refused(
    content: bytes, message: str, tmp_path: Path, output: Path
) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    assert message in fails("train", tmp_path / "bad.txt", "-o", output, *QUICK)
    assert nothing_in(output.parent)


def test_nothing_above_min_count_is_refused(text: Path, output: Path) -> None:
    message = fails("train", text, "-o", output, "--min-count", 5000)
    assert "none of the 22 distinct words occurs min_count = 5000 times" in message


def test_a_missing_text_is_named_before_any_is_read(
    text: Path, tmp_path: Path, output: Path
) -> None:
    missing = tmp_path / "missing.txt"
    message = fails("train", text, missing, "-o", output)
    assert message == f"{missing}: No such file or directory"


def test_a_folder_without_a_file_is_no_text(tmp_path: Path, output: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert fails("train", folder, "-o", output) == f"there is no file in the folder: {folder}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_text_that_may_not_be_read_is_named(text: Path, output: Path) -> None:
    text.chmod(0)
    assert fails("train", text, "-o", output) == f"{text}: Permission denied"


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
@pytest.mark.parametrize("damage", ["cut", "changed", "not packed"])
def test_a_damaged_packed_text_is_refused(
    suffix: str, pack: Any, damage: str, text: Path, tmp_path: Path, output: Path
) -> None:
    raw = pack(text.read_bytes())
    changed = raw[: len(raw) // 2] + bytes(255 - b for b in raw[len(raw) // 2 :])
    bad = tmp_path / f"bad.{suffix}"
    bad.write_bytes(
        {"cut": raw[: len(raw) // 2], "changed": changed, "not packed": b"a b\n"}[damage]
    )
    message = fails("train", bad, "-o", output, *QUICK)
    assert message.startswith("cannot be unpacked")
    assert message.endswith(str(bad))
    assert nothing_in(output.parent)


def test_invalid_utf8_is_kept_and_reported_once_with_a_count(tmp_path: Path, output: Path) -> None:
    (tmp_path / "latin1.txt").write_bytes("café noir café\n".encode("latin-1") * 10)
    ran = run("train", tmp_path / "latin1.txt", "-o", output, *QUICK, "--json")
    assert ran.err.count("UTF-8") == 1
    assert "20 words are not UTF-8: kept as they are" in ran.err
    assert ran.json["tokens"]["invalid_utf8"] == 20
    assert "caf\udce9" in wordkin.Word2Vec.load(output).vectors


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa b c\nb a\n",
        b"a b c\r\nb a\r\n",
        b"a b c\nb a",
        b"\n a\tb\x0bc \n\n\x0cb a\n",
    ],
    ids=["mark", "CRLF", "no newline", "white space"],
)
def test_the_edges_of_a_text_are_no_part_of_its_words(
    content: bytes, tmp_path: Path, output: Path
) -> None:
    (tmp_path / "text.txt").write_bytes(content)
    ran = run("train", tmp_path / "text.txt", "-o", output, *QUICK, "--subsample", 0, "--json")
    assert ran.json["tokens"]["read"] == 5
    assert wordkin.Word2Vec.load(output).vectors.words == ("a", "b", "c")


def test_a_word_of_a_megabyte_is_a_word(tmp_path: Path, output: Path) -> None:
    long = "x" * 1_000_000
    (tmp_path / "text.txt").write_text(f"a {long} b\n" * 5)
    assert run("train", tmp_path / "text.txt", "-o", output, *QUICK, "--subsample", 0).code == 0
    assert long in wordkin.Word2Vec.load(output).vectors
    assert len(run("info", output).out) < 3000
    assert f"  {long}\n" in run("neighbours", output, "a").out
    assert len(fails("neighbours", output, long + "y")) < 1000


# ---- outputs that cannot be written --------------------------------------------------------------


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail if a text is read: errors of the output must come before that."""

    def fit(*_: object, **__: object) -> None:
        pytest.fail("training began")

    monkeypatch.setattr(wordkin.Word2Vec, "fit", fit)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/m.safetensors", "cannot write: there is no folder"),
        ("text.txt/m.safetensors", "cannot write: Not a directory"),
        ("folder.safetensors", "cannot write: Is a directory"),
        ("m.bin", "a model's suffix must be .safetensors, got '.bin'"),
        ("m", "a model's suffix must be .safetensors, got ''"),
    ],
)
def test_a_bad_output_is_refused_before_training(
    name: str, message: str, text: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.safetensors").mkdir()
    before = sorted(tmp_path.iterdir())
    assert fails("train", text, "-o", tmp_path / name).startswith(f"{tmp_path / name}: {message}")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/toy.counts", "cannot write: there is no folder"),
        ("text.txt/toy.counts", "cannot write: Not a directory"),
        ("folder", "cannot write: Is a directory"),
    ],
)
def test_counts_that_cannot_be_written_are_refused_before_counting(
    name: str, message: str, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        counting_run, "count_to_file", lambda *_, **__: pytest.fail("counting began")
    )
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    assert fails("count", text, "-o", tmp_path / name).startswith(f"{tmp_path / name}: {message}")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.usefixtures("no_training")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_refused_before_training(
    text: Path, output: Path
) -> None:
    output.parent.chmod(0o500)
    assert "Permission denied" in fails("train", text, "-o", output)


def test_a_full_disk_is_said_and_leaves_nothing(
    text: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for command in (["train", *QUICK], ["train", *EXACT, *COUNTING], ["count", *COUNTING]):
        message = fails(*command, text, "-o", output, "--quiet")
        assert message == f"{output}: cannot write: No space left on device"
    assert nothing_in(output.parent)


# ---- settings that cannot be used ----------------------------------------------------------------


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--dim", 0, "dim must be at least 1, got 0"),
        ("--window", 0, "window must be at least 1, got 0"),
        ("--negatives", -1, "negatives must be at least 1, got -1"),
        ("--epochs", 0, "epochs must be at least 1, got 0"),
        ("--learning-rate", -0.5, "learning_rate must be at least 0, got -0.5"),
        ("--learning-rate", "nan", "learning_rate must be finite, got nan"),
        ("--subsample", -1, "subsample must be at least 0, got -1.0"),
        ("--threads", 0, "threads must be at least 1, got 0"),
        ("--max-vocab", 0, "max_vocab must be at least 1, got 0"),
        ("--objective", "cbow", "objective must be negative-sampling or naive-softmax, got 'cbow'"),
    ],
)
def test_a_setting_that_cannot_be_used_exits_with_2(
    option: str, value: object, message: str, text: Path, output: Path
) -> None:
    assert fails("train", text, "-o", output, option, value, code=2) == message


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ridge", "much"], "ridge must be auto or a number, got 'much'"),
        (["--ridge", ""], "ridge must be auto or a number, got ''"),
        (["--ridge", "nan"], "ridge must be finite, got nan"),
        (["--ridge", -1], "ridge must be at least 0, got -1.0"),
        (["--epochs", 3], "epochs is a setting of the stochastic engine, not of exact"),
        (["--learning-rate", 1], "learning_rate is a setting of the stochastic engine, not of exa"),
        (["--tolerance", -1], "tolerance must be at least 0, got -1.0"),
        (["--max-passes", 0], "max_passes must be at least 1, got 0"),
        (["--precision", "half"], "precision must be float32 or float64 or bfloat16, got 'half'"),
        (["--precision", "bfloat16"], "precision bfloat16 needs a PyTorch device"),
        (["--device", ""], "device must be a name such as cpu or cuda, got ''"),
        (["--engine", "fast"], "engine must be stochastic or exact, got 'fast'"),
        (["--engine", "stochastic", "--ridge", 1], "ridge is a setting of the exact engine, not o"),
    ],
)
def test_a_setting_that_the_engine_cannot_use_exits_with_2(
    arguments: list[object], message: str, text: Path, output: Path
) -> None:
    command = ["train", text, "-o", output, "--objective", "naive-softmax", *arguments]
    assert fails(*command, code=2).startswith(message)


def test_a_diverging_run_says_what_to_change_and_saves_nothing(text: Path, output: Path) -> None:
    arguments = [*QUICK, "--learning-rate", 1e6, "--epochs", 20, "--subsample", 0]
    assert "set learning_rate below 1e+06" in fails("train", text, "-o", output, *arguments)
    assert nothing_in(output.parent)


def test_not_enough_memory_is_said(
    text: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 4 TiB")

    monkeypatch.setattr(wordkin.Word2Vec, "fit", empty)
    assert fails("train", text, "-o", output) == "not enough memory: Unable to allocate 4 TiB"


# ---- lines held out, and a run's record ----------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("settings", [QUICK, [*EXACT, *COUNTING]], ids=["stochastic", "exact"])
def test_losses_on_lines_held_out_are_shown(
    settings: list[object], objective: str, tmp_path: Path, output: Path
) -> None:
    text = toy.write(tmp_path / "long.txt")
    engine = [] if "--engine" in settings else ["--engine", "stochastic"]
    options = [*settings, *engine, "--objective", objective, "--json"]
    ran = run("train", text, "-o", output, *options)
    assert ran.code == 0
    tokens, history = ran.json["tokens"], ran.json["history"]
    assert tokens["held_out"] > 0
    assert tokens["read"] * tokens["passes"] == closed(tokens)
    assert all(done["held_out"] > 0 for done in history)
    softmax = objective == "naive-softmax"
    number = r"\d+\.\d"
    perplexity = rf"; perplexity {number} / {number}; " if softmax else "; "
    loss = r"loss    (\d\.\d{4} → )?\d\.\d{4} per pair, \d\.\d{4} on held-out lines"
    assert re.search(rf"{loss}{perplexity}[2-4] (epochs|pass)", ran.err)
    assert max(map(len, ran.err.splitlines()[:-1])) <= 100
    shown = run("info", output).out
    assert ("perplexity" in shown, "held out  " in shown) == (softmax, True)
    for done in history:
        losses = f" {done['loss']:.6f}  {done['held_out']:.6f} "
        both = (done["loss"], done["held_out"])
        perplexities = " / ".join(f"{math.exp(loss):.1f}" for loss in both)
        assert re.search(rf"{losses} +{perplexities} " if softmax else losses, shown)
    assert max(map(len, shown.splitlines()[1:])) <= 80


def test_without_lines_held_out_nothing_is_said_of_them(text: Path, output: Path) -> None:
    assert "held-out lines" not in run("train", text, "-o", output, *QUICK).err
    shown = run("info", output).out
    assert re.search(r"\nepoch +loss +pairs ", shown)
    assert max(map(len, shown.splitlines()[1:])) <= 80


@pytest.mark.parametrize("kind", ["epoch", "pass"])
def test_large_numbers_of_a_history_fit_80_columns(
    kind: str, model: Path, exactly: Path, tmp_path: Path
) -> None:
    path, file = tmp_path / "m.safetensors", read_model(model if kind == "epoch" else exactly)
    done = {"loss": 7.123456, "seconds": 12345.67, "held_out": 8.123456}
    if kind == "epoch":
        done |= {"pairs": 9_876_543_210.0, "trained": 876_543_210, "subsampled": 765_432_109}
    else:
        done |= {"words": 1_234_567, "penalty": 0.123456, "gradient": 1.2e-3, "ridge": 0.1}
    file.metadata["history"] = [done] * 12
    write_model(path, **{f.name: getattr(file, f.name) for f in fields(file)})
    shown = run("info", path).out
    assert f"{done['seconds']:.2f}\n" in shown
    assert max(map(len, shown.splitlines()[1:])) <= 80


def test_patience_and_the_share_held_out_are_options(tmp_path: Path, output: Path) -> None:
    text = toy.write(tmp_path / "long.txt")
    options = [*QUICK, "--held-out", 0.2, "--patience", 3, "--no-deterministic", "--json"]
    report = run("train", text, "-o", output, *options).json
    told = {"held_out": 0.2, "patience": 3, "deterministic": False}
    assert report["settings"] | told == report["settings"]
    assert 0.15 < report["tokens"]["held_out"] / (2 * report["tokens"]["read"]) < 0.25
    counts = tmp_path / "toy.counts"
    assert run("count", text, "-o", counts, *COUNTING, "--held-out", 0.2, "-q").code == 0
    assert read_counts(counts).metadata["held_out"] == 0.2
    message = "patience needs held-out lines, and held_out is 0: set it above 0"
    arguments = ["--held-out", 0, "--patience", 3]
    assert fails("train", text, "-o", output, *arguments, code=2) == message
    message = "held_out must be below 1, got 1.0"
    assert fails("count", text, "-o", output, "--held-out", 1, code=2) == message


def test_that_training_ends_early_is_said(
    text: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stochastic_engine._Kernel, "loss_of", lambda *_: 1.0)
    ran = run("train", text, "-o", output, *QUICK, "--epochs", 9, "--patience", 2)
    assert ran.code == 0
    first, *_ = ran.err.splitlines()
    assert first == "stopping early: the loss on the held-out lines has not fallen for 2 epochs"
    assert len(wordkin.Word2Vec.load(output).history) == 3


def test_a_history_is_written(text: Path, output: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert run("train", text, "-o", output, *QUICK, "--history", path).code == 0
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.pop("epoch") for line in lines] == [1, 2]
    assert lines == [asdict(done) for done in wordkin.Word2Vec.load(output).history]


@pytest.mark.usefixtures("no_training")
def test_a_history_that_cannot_be_written_ends_it_at_once(
    text: Path, output: Path, tmp_path: Path
) -> None:
    message = f"{text}: the output would overwrite the input"
    before = text.read_bytes()
    assert fails("train", text, "-o", output, "--history", text, code=2) == message
    assert text.read_bytes() == before
    output.write_bytes(b"old")
    message = f"{output}: the output would overwrite the input"
    assert fails("train", text, "-o", output, "--history", output, code=2) == message
    assert output.read_bytes() == b"old"


def test_a_history_that_cannot_be_opened_is_named(text: Path, output: Path, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "history.jsonl"
    message = fails("train", text, "-o", output, "--history", path)
    assert message == f"{path}: No such file or directory"
    assert nothing_in(output.parent)


@pytest.mark.filterwarnings("ignore")  # of tensorboard's own
def test_events_are_written_for_tensorboard(text: Path, output: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    folder = tmp_path / "events"
    assert run("train", text, "-o", output, *QUICK, "--tensorboard", folder).code == 0
    assert [path.name[:10] for path in folder.iterdir()] == ["events.out"]
    output.unlink()  # a note says that it will be replaced
    message = fails("train", text, "-o", output, *QUICK, "--tensorboard", text / "events")
    assert "Not a directory" in message


# ---- checkpoints ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("verb", ["train", "count"])
@pytest.mark.parametrize("duration", ["0", "-1", "soon", "", "s", "nan", "infs", "1d", "5 minutes"])
def test_a_time_that_is_none_exits_with_2(
    duration: str, verb: str, text: Path, output: Path
) -> None:
    message = f"checkpoint-every must be a time such as 90s, 5m or 1h, got {duration!r}"
    assert fails(verb, text, "-o", output, "--checkpoint-every", duration, code=2) == message


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("90s", 90), ("90", 90), ("5m", 300), ("1h", 3600), ("0.5s", 0.5), ("1.5h", 5400)],
)
@pytest.mark.parametrize("verb", ["train", "count"])
def test_times_are_seconds_minutes_or_hours(
    verb: str,
    duration: str,
    seconds: float,
    text: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def ends(*_: object, **options: Any) -> None:
        asked.append((options["checkpoint"], options["every"], options["resume"]))
        raise KeyboardInterrupt

    monkeypatch.setattr(wordkin.Word2Vec, "fit", ends)
    monkeypatch.setattr(counting_run, "count_to_file", ends)
    run(verb, text, "-o", output, "--checkpoint-every", duration)
    run(verb, text, "-o", output, "--resume")
    folder = output.with_name("m.safetensors.checkpoint")
    assert asked == [(folder, seconds, False), (folder, 60, True)]


def test_no_states_are_kept_of_softmax_by_the_stochastic_engine(text: Path, output: Path) -> None:
    message = fails("train", text, "-o", output, *REFERENCE, "--checkpoint-every", "1s", code=2)
    assert message.startswith("the stochastic engine saves no checkpoints of naive-softmax")
    assert nothing_in(output.parent)


# Ends its own process when a function is called for so many times: no moment is worse.
KILLED = """
import importlib, os, signal, sys
from wordkin.engines.counts import counting
from wordkin.training import managed_run
from wordkin.cli import main

where, name, number = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
owner = {"os": os, "ManagedRun": managed_run.ManagedRun}[where]
real, calls = getattr(owner, name), []

def killing(*arguments, **options):
    calls.append(name)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **options)

setattr(owner, name, killing)
counting._ENTRIES_PER_THREAD = 50
main()
"""
MOMENTS = [
    ("os", "fsync", 1),
    ("os", "replace", 1),
    ("os", "fsync", 4),
    ("ManagedRun", "checkpoint_due", 3),
]
LONG = ["--dim", 8, "--seed", 3, "--quiet"]
LONG_STOCHASTIC = ["train", *COUNTING, *LONG, "--epochs", 9]
LONG_EXACT = ["train", *LONG, "--engine", "exact", "--tolerance", 0, "--max-passes", 9]


@pytest.mark.parametrize(
    ("arguments", "from_counts"),
    [
        (LONG_STOCHASTIC, False),
        ([*LONG_EXACT, *COUNTING], False),
        ([*LONG_EXACT, "--threads", 1, "--objective", "negative-sampling"], True),
        (["count", *COUNTING, "--quiet"], False),
    ],
    ids=["stochastic", "exact", "counts", "count"],
)
def test_a_killed_run_is_gone_on_with_to_the_same_bytes(
    arguments: list[object], from_counts: bool, tmp_path: Path, output: Path
) -> None:
    words = np.random.default_rng(1).integers(500, size=(2800, 8)).astype(str)
    text, counts = tmp_path / "varied.txt", tmp_path / "varied.counts"
    text.write_text("".join(" ".join(line) + "\n" for line in words))
    if from_counts:
        assert run("count", text, "-o", counts, *COUNTING, "-q").code == 0
    source = ["--counts", counts] if from_counts else [text]
    whole = tmp_path / "whole.safetensors"
    assert run(*arguments, *source, "-o", whole) == Ran(0, "", "")
    command = [*arguments, *source, "-o", output, "--checkpoint-every", "1e-9s"]
    folder = output.with_name("m.safetensors.checkpoint")
    for i, moment in enumerate(MOMENTS):
        child = [sys.executable, "-c", KILLED, *moment, *command, *(["--resume"] if i else [])]
        killed = subprocess.run(
            [str(a) for a in child], capture_output=True, timeout=DEADLINE, check=False
        )
        assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, b"")
        assert not output.exists()
    left = {path: path.read_bytes() for path in folder.glob("*-*[0-9]")}  # states and parts
    assert left
    checkpoint = "the checkpoint of an interrupted run"
    message = f"{folder}: has {checkpoint}: resume it (--resume), or remove the folder"
    ran = run(*command)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1] == f"wordkin: {message} to start over"
    assert {path: path.read_bytes() for path in folder.iterdir()} == left
    ran = run(*command, "--resume")
    assert (ran.code, ran.out) == (0, "")
    assert "resuming " in ran.err
    assert list(output.parent.iterdir()) == [output]
    if arguments[0] == "count":
        assert output.read_bytes() == whole.read_bytes()
    else:
        assert wordkin.Word2Vec.load(output).sha256 == wordkin.Word2Vec.load(whole).sha256


def test_without_a_checkpoint_a_resumed_run_starts_from_the_beginning(
    text: Path, output: Path
) -> None:
    ran = run("train", text, "-o", output, *QUICK, "--resume", "--quiet")
    assert ran == Ran(
        0, "", f"{output}.checkpoint: no checkpoint to resume from: starting from the beginning\n"
    )
    assert list(output.parent.iterdir()) == [output]


# ---- neighbours and analogy ----------------------------------------------------------------------


def test_neighbours_of_each_word_stand_in_a_table(model: Path) -> None:
    ran = run("neighbours", model, "fish0", "tree3", "--topn", 4)
    assert (ran.code, ran.err) == (0, "")
    tables = [table.splitlines() for table in ran.out.split("\n\n")]
    assert [table[0] for table in tables] == ["fish0", "tree3"]
    for (_, *rows), topic in zip(tables, ("fish", "tree"), strict=True):
        assert len(rows) == 4
        assert all(re.fullmatch(rf"   0\.\d{{4}}  {topic}\d", row) for row in rows)


def test_neighbours_as_json(model: Path) -> None:
    (found,) = run("neighbours", model, "fish0", "-n", 2, "--json").json
    assert found["word"] == "fish0"
    expected = wordkin.Word2Vec.load(model).vectors.most_similar("fish0", topn=2)
    assert [(n["word"], n["cosine"]) for n in found["neighbours"]] == expected


def test_words_come_from_standard_input_if_none_are_given(model: Path) -> None:
    asked = run("neighbours", model, stdin=b"fish0\n tree3\r\n")
    assert asked == run("neighbours", model, "fish0", "tree3")
    assert run("neighbours", model, "--json", stdin=b"").json == []


def test_at_a_terminal_words_are_asked_for(model: Path) -> None:
    leader, terminal = pty.openpty()
    try:
        ran = subprocess.run(
            [*WORDKIN, "neighbours", model], stdin=terminal, capture_output=True,
            timeout=DEADLINE, check=False,
        )  # fmt: skip
    finally:
        os.close(leader)
        os.close(terminal)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr.startswith(b"wordkin: no words: give some")


def test_an_unknown_word_brings_close_ones_and_no_half_answer(model: Path) -> None:
    message = fails("neighbours", model, "fish0", "Fish1")
    assert (
        message
        == "'Fish1' is not among the 22 words; close ones: 'fish1'; --skip-unknown leaves it out"
    )
    assert "close ones" in fails("analogy", model, "fish0", "fish1", "trea2")


def test_analogy_answers(model: Path) -> None:
    ran = run("analogy", model, "fish0", "fish1", "tree0", "-n", 3)
    heading, *rows = ran.out.splitlines()
    assert heading == "fish0 is to fish1 as tree0 is to"
    assert len(rows) == 3
    report = run("analogy", model, "fish0", "fish1", "tree0", "-n", 3, "--json").json
    assert (report["a"], report["b"], report["c"]) == ("fish0", "fish1", "tree0")
    expected = wordkin.Word2Vec.load(model).vectors.analogy("fish0", "fish1", "tree0", topn=3)
    assert [(n["word"], n["cosine"]) for n in report["answers"]] == expected


def test_words_are_printed_as_their_bytes_and_command_no_terminal(tmp_path: Path) -> None:
    words = ["a", "서울", "[red]", "\x1b[31mred", "caf\udce9"]
    wordkin.save(tmp_path / "v.bin", wordkin.WordVectors(words, np.eye(5) + 1))
    ran = run("neighbours", tmp_path / "v.bin", "a")
    shown = [line.split()[1] for line in ran.out.splitlines()[1:]]
    assert shown == ["서울", "[red]", "\\x1b[31mred", "caf\udce9"]
    report = run("neighbours", tmp_path / "v.bin", "a", "--json").json
    assert [n["word"] for n in report[0]["neighbours"]] == words[1:]
    assert run("neighbours", tmp_path / "v.bin", "caf\udce9").code == 0
    assert run("neighbours", tmp_path / "v.bin", stdin=b"caf\xe9").code == 0


# ---- predict -------------------------------------------------------------------------------------


def test_predictions_of_each_word_stand_in_a_table(exactly: Path) -> None:
    ran = run("predict", exactly, "fish0", "tree3", "--topn", 6)
    assert (ran.code, ran.err) == (0, "")
    tables = [table.splitlines() for table in ran.out.split("\n\n")]
    assert [table[0] for table in tables] == ["fish0", "tree3"]
    for (_, *rows), topic in zip(tables, ("fish", "tree"), strict=True):
        assert len(rows) == 6
        assert all(re.fullmatch(rf"   0\.\d{{4}}  ({topic}\d|the|of)", row) for row in rows)


def test_predictions_as_json(exactly: Path) -> None:
    (found,) = run("predict", exactly, "fish0", "-n", 22, "--json").json
    assert found["word"] == "fish0"
    answer = [(one["word"], one["probability"]) for one in found["outside"]]
    assert answer == wordkin.Word2Vec.load(exactly).predict("fish0", topn=22)
    assert sum(p for _, p in answer) == pytest.approx(1)


def test_words_to_predict_around_come_from_standard_input_if_none_are_given(exactly: Path) -> None:
    asked = run("predict", exactly, stdin=b"fish0\n tree3\r\n")
    assert asked == run("predict", exactly, "fish0", "tree3")
    assert run("predict", exactly, "--json", stdin=b"").json == []


def test_an_unknown_word_is_not_predicted_around(exactly: Path) -> None:
    message = fails("predict", exactly, "fish0", "Fish1")
    assert (
        message
        == "'Fish1' is not among the 22 words; close ones: 'fish1'; --skip-unknown leaves it out"
    )


def test_models_of_the_stochastic_engine_predict(model: Path) -> None:
    assert len(run("predict", model, "fish0").out.splitlines()) == 11


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".vec"])
def test_vectors_alone_do_not_predict(suffix: str, exactly: Path, tmp_path: Path) -> None:
    vectors = tmp_path / f"v{suffix}"
    assert run("convert", exactly, vectors).code == 0
    message = fails("predict", vectors, "fish0")
    assert message == f"{vectors}: predict needs a .safetensors model, not vectors alone"
    missing = tmp_path / "missing.safetensors"
    assert fails("predict", missing, "fish0") == f"{missing}: No such file or directory"


# ---- info and export -----------------------------------------------------------------------------


def test_info_shows_what_is_in_a_model_of_the_exact_engine(exactly: Path) -> None:
    shown, saved = run("info", exactly).out, wordkin.Word2Vec.load(exactly)
    for name, value in saved.get_params().items():
        last = saved.history[-1]
        assert isinstance(last, outcome.Pass)
        known = {"max_vocab": "no limit", "ridge": f"auto: {last.ridge:g}", "patience": "never"}
        text = known[name] if value is None else value
        assert re.search(rf"{name} +{text}\n", shown)
    assert "22 words of 8 dimensions" in shown
    assert re.search(r"\b8,000  read: 8,000 in 1,000 lines\n", shown)
    assert saved.account.held_out > 0
    assert re.search(rf"= {8000 - saved.account.held_out:,}  trained on\n", shown)
    assert re.search(rf"\+ +{saved.account.held_out:,}  held out\n", shown)
    for done in saved.history:
        assert isinstance(done, outcome.Pass)
        assert re.search(
            rf"{done.loss:.6f} +{done.held_out:.6f} .* {done.penalty:.6f} .* 22 ", shown
        )
    assert max(map(len, shown.splitlines()[1:])) <= 80
    report = run("info", exactly, "--json").json
    assert report["settings"] == saved.get_params()
    assert len(report["history"]) == len(saved.history)
    assert set(report["seconds"]) == {"reading", "counting", "training"}


def test_neighbours_and_exports_of_the_exact_engine_are_of_the_gauge(
    exactly: Path, tmp_path: Path
) -> None:
    saved = wordkin.Word2Vec.load(exactly)
    (found,) = run("neighbours", exactly, "fish0", "--json").json
    expected = saved.vectors.most_similar("fish0")
    assert [(n["word"], n["cosine"]) for n in found["neighbours"]] == expected
    assert run("convert", exactly, tmp_path / "v.bin").code == 0
    exported = wordkin.load(tmp_path / "v.bin").matrix
    assert (exported == saved.vectors.matrix).all()


def test_info_shows_what_is_in_a_model(model: Path) -> None:
    shown, saved = run("info", model).out, wordkin.Word2Vec.load(model)
    for name, value in saved.get_params().items():
        known = {"max_vocab": "no limit", "patience": "never"}
        assert re.search(rf"{name} +{known[name] if value is None else value}\n", shown)
    account = saved.account
    assert f"{account.read:,}  read: {account.tokens:,} in 1,000 lines, 20 epochs" in shown
    assert f"= {account.trained:,}  trained on" in shown
    assert re.search(r"\+ +0  subsampled away", shown)
    assert re.search(r"\+ +0  out of vocabulary", shown)
    assert account.held_out > 0
    assert re.search(rf"\+ +{account.held_out:,}  held out", shown)
    assert f"wordkin {wordkin.__version__}, {saved.origin.instruction_set}" in shown
    for epoch in saved.history:
        assert f" {epoch.loss:.6f}  {epoch.held_out:.6f} " in shown
    assert max(map(len, shown.splitlines()[1:])) <= 80


def test_info_as_json(model: Path) -> None:
    report, saved = run("info", model, "--json").json, wordkin.Word2Vec.load(model)
    assert report["settings"] == saved.get_params()
    assert (report["vocabulary"], report["dim"]) == (22, 10)
    tokens = report["tokens"]
    assert tokens["read"] * tokens["passes"] == closed(tokens)
    assert tokens["held_out"] > 0
    assert len(report["history"]) == 20
    assert report["wordkin"] == wordkin.__version__
    assert report["instruction_set"] == saved.origin.instruction_set


@pytest.mark.parametrize("suffix", [".bin", ".txt", ".vec"])
def test_exported_vectors_answer_as_the_model_does(
    suffix: str, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"v{suffix}"
    ran = run("convert", model, file)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith(f"saved 22 vectors of 10 dimensions: {file}\n")
    assert run("neighbours", file, "fish0") == run("neighbours", model, "fish0")
    assert "22 words of 10 dimensions" in run("info", file).out
    report = run("info", file, "--json").json
    assert (report["model"], report["vocabulary"], report["dim"]) == (str(file), 22, 10)


def test_convert_refuses_what_it_cannot_write(model: Path, tmp_path: Path) -> None:
    assert "the suffix must be one of .safetensors, .bin, .txt, .vec" in fails(
        "convert", model, tmp_path / "v.npz"
    )
    assert "there is no folder" in fails("convert", model, tmp_path / "missing" / "v.bin")
    assert nothing_in(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])  # the last number of a text may be cut
@pytest.mark.parametrize("suffix", [".safetensors", ".bin", ".txt"])
def test_a_model_cut_short_is_refused(
    share: float, suffix: str, model: Path, tmp_path: Path
) -> None:
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    if suffix == ".safetensors":
        whole = model
    else:
        run("convert", model, whole)
    raw = whole.read_bytes()
    cut.write_bytes(raw[: int(share * (len(raw) - 1))])
    for verb in (["info", cut], ["neighbours", cut, "fish0"], ["convert", cut, tmp_path / "v.vec"]):
        assert str(cut) in fails(*verb)
    assert not (tmp_path / "v.vec").exists()


def test_what_is_no_model_is_refused(tmp_path: Path, text: Path) -> None:
    (tmp_path / "folder.safetensors").mkdir()
    missing = tmp_path / "missing.safetensors"
    assert fails("info", missing) == f"{missing}: No such file or directory"
    assert fails("info", tmp_path / "folder.safetensors").endswith("not a file")
    assert "not a known format" in fails("info", text)
    assert "No such file" in fails("info", tmp_path / "m.pickle")


# ---- check-gradients -----------------------------------------------------------------------------


def test_check_gradients_shows_every_equation_and_passes() -> None:
    ran = run("check-gradients")
    assert ran.code == 0
    assert "central" in ran.out
    assert "complex step" in ran.out
    for name in ("naive softmax", "sigmoid", "negative sampling", "skip-gram", "corpus"):
        assert name in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert ran.err.startswith("all 1")


def test_check_gradients_fails_where_one_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [
        gradients.GradientCheck("d", "sigmoid", "x", 1e-12, 1e-16),
        gradients.GradientCheck("b", "naive softmax", "v_c", 2e-8, 1e-16),
    ]
    monkeypatch.setattr(gradients, "check_gradients", lambda seed: checks)
    ran = run("check-gradients")
    assert ran.code == 1
    assert re.search(r"naive softmax .* WRONG\n", ran.out)
    assert ran.err == "wordkin: 1 of 2 gradients have a relative error of 1e-08 or more\n"
    ran = run("check-gradients", "--json")
    assert ran.code == 1
    assert [check["passed"] for check in ran.json["checks"]] == [True, False]


# ---- as a process: signals, pipes, closed streams ------------------------------------------------


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let children be interrupted, even if the tests were started with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# Each takes a while, some of them for ever.
STOCHASTIC = ["--engine", "stochastic", "--epochs", 100_000, "--dim", 10]
PASSES = ["--engine", "exact", "--ridge", 1, "--tolerance", 0, "--max-passes", 1000]
PAIRS = ["--window", 10_000, "--subsample", 0]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a text of many words in a few long lines; nobody changes it."""
    path, rng = tmp_path_factory.mktemp("large") / "text.txt", np.random.default_rng(1)
    lines = rng.integers(4000, size=(10, 40_000)).astype(str)
    path.write_text("\n".join(map(" ".join, lines)))
    return path


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("arguments", "stage"),
    [
        (["train", *STOCHASTIC, "--objective", "negative-sampling"], b"epoch"),
        (["train", *STOCHASTIC, "--objective", "naive-softmax"], b"epoch"),
        (["train", *PASSES, "--objective", "negative-sampling"], b"pass"),
        (["train", *PASSES, "--objective", "naive-softmax"], b"pass"),
        (["train", *PAIRS, "--engine", "exact"], b"counting"),
        (["count", *PAIRS], b"counting"),
        (["count", *PAIRS, "--memory", 1e-6], b"counting"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value.decode(),
)
def test_an_interrupt_is_answered_at_once_and_leaves_the_old_file(
    arguments: list[object], stage: bytes, text: Path, large: Path, output: Path
) -> None:
    output.write_bytes(b"old")
    source = text if stage == b"epoch" else large
    command = [*WORDKIN, *map(str, arguments), str(source), "-o", str(output), "--threads", "2"]
    leader, terminal = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal) as process:
        os.close(terminal)
        read_until(leader, stage)  # the bar that is shown at a terminal
        process.send_signal(signal.SIGINT)
        said = read_until(leader, b"interrupted")
        assert process.wait(DEADLINE) == 130  # training itself would take many minutes
        assert process.stdout is not None
        assert process.stdout.read() == b""
    os.close(leader)
    assert b"Traceback" not in said
    assert list(output.parent.iterdir()) == [output]
    assert output.read_bytes() == b"old"


def read_until(file: int, expected: bytes) -> bytes:
    """Read from a terminal until something is there, for so long and no longer."""
    seen, end = b"", time.monotonic() + DEADLINE
    while expected not in seen:
        ready, _, _ = select.select([file], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{expected!r} did not come, but {seen!r}"
        try:
            seen += os.read(file, 4096)
        except OSError:  # nobody writes any more
            pytest.fail(f"{expected!r} did not come, but {seen!r}")
    return seen


def test_a_reader_that_has_read_enough_ends_it_silently(tmp_path: Path) -> None:
    words = [f"word{i}" for i in range(20_000)]
    wordkin.save(
        tmp_path / "v.bin",
        wordkin.WordVectors(words, np.random.default_rng(1).random((len(words), 2))),
    )
    with subprocess.Popen(
        [*WORDKIN, "neighbours", tmp_path / "v.bin", "word1", "--topn", "20000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"word1\n"
        process.stdout.close()
        assert process.wait(DEADLINE) == 1
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device at hand")
@pytest.mark.parametrize("arguments", [["info"], ["--help"]])
def test_results_that_cannot_be_written_are_an_error(arguments: list[str], model: Path) -> None:
    if arguments == ["info"]:
        arguments = ["info", str(model)]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [*WORDKIN, *arguments], stdout=full, stderr=subprocess.PIPE,
            timeout=DEADLINE, check=False,
        )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (1, b"wordkin: No space left on device\n")


def test_closed_streams_are_no_trouble(text: Path, output: Path) -> None:
    command = '"$@" <&- >&- 2>&-'
    arguments = ["train", str(text), "-o", str(output), *map(str, QUICK), "--json"]
    ran = subprocess.run(
        ["sh", "-c", command, "sh", *WORDKIN, *arguments], timeout=DEADLINE, check=False
    )
    assert ran.returncode == 0
    assert output.exists()


def test_words_are_bytes_in_every_locale(tmp_path: Path) -> None:
    wordkin.save(tmp_path / "v.bin", wordkin.WordVectors(["서울", "caf\udce9"], np.eye(2) + 1))
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    ran = subprocess.run(
        [*WORDKIN, "neighbours", tmp_path / "v.bin", "서울"], capture_output=True,
        env=environment, timeout=DEADLINE, check=False,
    )  # fmt: skip
    assert ran.returncode == 0
    assert re.fullmatch(rb"note: [^\n]*: 1 word not in UTF-8, [^\n]*\n", ran.stderr)
    assert ran.stdout.splitlines()[0] == "서울".encode()
    assert ran.stdout.endswith(b"  caf\xe9\n")


def test_an_output_that_would_replace_what_is_read_is_refused(text: Path, tmp_path: Path) -> None:
    before = text.read_bytes()
    ran = run("count", text, "-o", text)
    assert ran.code == 2
    assert ran.err == f"wordkin: {text}: the output would overwrite the input\n"
    counts = tmp_path / "c.safetensors"
    assert run("count", text, "-o", counts, "--min-count", 1).code == 0
    assert run("train", "--counts", counts, "-o", counts).code == 2
    assert text.read_bytes() == before
