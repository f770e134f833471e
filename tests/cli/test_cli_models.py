"""The verbs about files of vectors: info and convert."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import wordkin
from support.commands import fails, run
from wordkin.system.errors import FormatWarning
from wordkin.vectors import formats, loading
from wordkin.vectors.formats import FORMATS
from wordkin.vectors.formats.vector_file import VectorFile

WORDS = ["the", "é", "New\u3000York"]
MATRIX = np.array([[3, 4], [0, 0], [0.1, -1e-20]], dtype=np.float32)
COUNTS = np.array([1000, 20, 3])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "v.parquet"
    formats.write(path, VectorFile(WORDS, MATRIX, COUNTS))
    return path


# ---- info ----------------------------------------------------------------------------------------


def test_info_of_any_file_shows_format_words_lengths_and_counts(table: Path) -> None:
    assert run("info", table).out == (
        f"{table}\n"
        "  format       parquet\n"
        "  vectors      3 words of 2 dimensions\n"
        "  first words  the  é  New\u3000York\n"
        "  lengths      0 to 5\n"
        "  counts       3 to 1,000; 1,023 in all\n"
    )
    assert run("info", table, "--json").json == {
        "model": str(table),
        "format": "parquet",
        "vocabulary": 3,
        "dim": 2,
        "first_words": WORDS,
        "lengths": {"least": 0.0, "greatest": 5.0},
        "counts": {"least": 3, "greatest": 1000},
        "counted": 1023,
    }


def test_info_of_a_file_without_counts_says_nothing_of_them(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("2 2\na 1 0\nb 0 2\n")
    assert "counts" not in run("info", path).out
    report = run("info", path, "--json").json
    assert (report["counts"], report["counted"]) == (None, None)
    assert report["lengths"] == {"least": 1.0, "greatest": 2.0}


def test_info_of_a_file_without_words_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "v.arrow"
    formats.write(path, VectorFile([], np.empty((0, 3), np.float32), np.empty(0, np.int64)))
    assert "0 words of 3 dimensions" in run("info", path).out
    report = run("info", path, "--json").json
    assert (report["lengths"], report["counts"], report["counted"]) == (None, None, 0)


# ---- convert -------------------------------------------------------------------------------------


def test_the_help_of_convert_names_every_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("convert", "--help").out
    listed = shown.partition("Formats:\n")[2]
    for format in FORMATS.values():
        assert f"\n  {format.name} " in f"\n{listed}"
        assert all(suffix in listed for suffix in format.suffixes)
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("name", ["w.arrow", "w.feather", "w.parquet"])
def test_convert_keeps_all_that_both_formats_hold(table: Path, tmp_path: Path, name: str) -> None:
    ran = run("convert", table, target := tmp_path / name)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"saved 3 vectors of 2 dimensions: {target}\n"
    found = wordkin.load(target)
    assert list(found.words) == WORDS
    assert found.matrix.tobytes() == MATRIX.tobytes()
    assert found.counts is not None
    assert found.counts.tolist() == COUNTS.tolist()


def test_convert_says_that_counts_are_lost(table: Path, tmp_path: Path) -> None:
    target = tmp_path / "v.bin"
    ran = run("convert", table, target)
    note = "word2vec-binary cannot hold counts: not written"
    assert ran.err == f"note: {note}\nsaved 3 vectors of 2 dimensions: {target}\n"
    report = run("convert", table, target, "--json").json
    assert report == {
        "input": str(table),
        "output": str(target),
        "from": "parquet",
        "to": "word2vec-binary",
        "vocabulary": 3,
        "dim": 2,
        "lost": ["counts"],
    }


def test_what_a_reader_warns_of_is_a_note(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = loading.load

    def warn(*arguments: Any, **options: Any) -> Any:
        warnings.warn("the file is old", FormatWarning, stacklevel=2)
        return load(*arguments, **options)

    monkeypatch.setattr(loading, "load", warn)
    ran = run("convert", table, tmp_path / "v.arrow")
    assert ran.err.startswith("note: the file is old\nsaved ")
    assert run("info", table).err == "note: the file is old\n"


def test_convert_writes_a_folder_and_takes_its_own_for_an_old_one(
    table: Path, tmp_path: Path
) -> None:
    target = tmp_path / "folder"
    for limit in (2, 3):
        options = ["--to", "sentence-transformers", "--limit", limit]
        assert run("convert", table, target, *options).code == 0
        weights = load_file(target / "model.safetensors")["embedding.weight"]
        assert weights.tobytes() == MATRIX[:limit].tobytes()
    (target / "mine").touch()
    assert "contains other files" in fails(
        "convert", table, target, "--to", "sentence-transformers"
    )


def test_convert_writes_the_two_files_of_the_projector(table: Path, tmp_path: Path) -> None:
    assert run("convert", table, tmp_path / "x.tsv").code == 0
    lines = (tmp_path / "x.metadata.tsv").read_text(encoding="utf-8").split("\n")
    assert lines == ["word\tcount", "the\t1000", "é\t20", "New\u3000York\t3", ""]


def test_convert_refuses_to_replace_what_it_reads(table: Path, tmp_path: Path) -> None:
    before = table.read_bytes()
    (tmp_path / "link.parquet").symlink_to(table)
    for target in (table, tmp_path / "link.parquet", tmp_path / "." / "v.parquet"):
        message = fails("convert", table, target, code=2)
        assert message == f"{target}: the output would overwrite the input"
    assert table.read_bytes() == before


def test_convert_refuses_unknown_names_and_suffixes(table: Path, tmp_path: Path) -> None:
    assert "got '.npz'; or name the format" in fails("convert", table, tmp_path / "v.npz")
    assert "the format must be one of" in fails(
        "convert", table, tmp_path / "v", "--to", "pickle", code=2
    )
    assert "the format must be one of" in fails(
        "convert", table, tmp_path / "v.bin", "--from", "x", code=2
    )
    assert list(tmp_path.iterdir()) == [table]
