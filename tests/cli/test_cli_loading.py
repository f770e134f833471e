"""The options of loading, which all verbs share that read files of vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.commands import fails, run

ROWS = b"tea 0.1 0.2\nrain 0.3 0.4\nsnow 0.5 0.1\nice 0.4 0.1\n"
BAD = b" 0.5 0.5\nhail nan 1\n"
VERBS: dict[str, tuple[str, ...]] = {
    "neighbours": ("tea",),
    "analogy": ("tea", "rain", "snow"),
    "similarity": ("tea", "rain"),
    "rank": ("tea", "rain"),
    "odd": ("tea", "rain", "snow"),
    "distances": ("tea", "rain"),
    "info": (),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_skips_bad_rows_and_counts_them(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(b"6 2\n" + ROWS + BAD)
    ran = run(verb, path, *VERBS[verb], "--skip-bad-rows")
    assert f"note: {path}: skipped 2 bad rows: line 6 begins with a blank" in ran.err
    assert "--skip-bad-rows" in fails(verb, path, *VERBS[verb])


@pytest.mark.parametrize("verb", VERBS)
def test_with_a_limit_the_rest_of_a_file_does_not_matter(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(b"999 2\n" + ROWS + BAD)
    ran = run(verb, path, *VERBS[verb], "--limit", "4")
    assert "skipped" not in ran.err
    assert "header" not in ran.err
    if verb == "info":
        assert "vectors      4 words" in ran.out


def test_evaluate_compare_and_map_take_the_options_too(tmp_path: Path) -> None:
    path, other = tmp_path / "v.txt", tmp_path / "w.txt"
    path.write_bytes(ROWS + BAD)
    other.write_bytes(ROWS)
    (tmp_path / "pairs.txt").write_text("tea rain 5\nsnow ice 9\ntea ice 1\n")
    ran = run("evaluate", path, "--similarity", tmp_path / "pairs.txt", "--skip-bad-rows")
    assert "skipped 2 bad rows" in ran.err
    ran = run("evaluate", path, "--similarity", tmp_path / "pairs.txt", "--limit", "4")
    assert "skipped" not in ran.err
    ran = run("compare", path, other, "--k", "2", "--skip-bad-rows")
    assert "skipped 2 bad rows" in ran.err
    run("map", path, "-o", tmp_path / "m.html", "--limit", "4")
    assert (tmp_path / "m.html").is_file()


def test_encoding_word_list_and_format_are_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.txt"
    latin.write_bytes("café 0.1 0.2\nthé 0.3 0.4\n".encode("latin-1"))
    assert "café" in run("neighbours", latin, "thé", "--encoding", "latin-1").out
    ran = run("info", latin)
    assert "2 words not in UTF-8" in ran.err
    assert "--encoding latin-1" in ran.err
    np.save(tmp_path / "v.npy", np.eye(3, dtype=np.float32))
    (tmp_path / "list").write_text("tea\nrain\nsnow\n")
    assert "--word-list" in fails("neighbours", tmp_path / "v.npy", "tea")
    ran = run("neighbours", tmp_path / "v.npy", "tea", "--word-list", tmp_path / "list")
    assert "snow" in ran.out
    (tmp_path / "counts.txt").write_text("the 100\nof 90\n")
    assert "--from glove" in fails("info", tmp_path / "counts.txt")
    assert "of 1 dimension" in run("info", tmp_path / "counts.txt", "--from", "glove").out


def test_convert_leaves_out_what_a_format_cannot_hold(tmp_path: Path) -> None:
    source, target = tmp_path / "glove.txt", tmp_path / "v.bin"
    source.write_bytes(b". . . 0.1 0.2\ntea 0.3 0.4\n")
    failed = fails("convert", source, target)
    assert "'. . .': it contains white space" in failed
    assert "--skip-unwritable" in failed
    assert not target.exists()
    ran = run("convert", source, target, "--skip-unwritable")
    assert f"note: {target}: left out 1 of 2 words, which word2vec-binary cannot" in ran.err
    assert "'. . .' contains white space" in ran.err
    assert target.read_bytes().startswith(b"1 2\ntea ")


def test_convert_reads_and_writes_with_all_options(tmp_path: Path) -> None:
    source, target = tmp_path / "v.txt", tmp_path / "v.safetensors"
    source.write_bytes("café 0.1 0.2\n x 1\nthé 0.3 0.4\nlait 0.1 0.1\n".encode("latin-1"))
    report = run(
        *("convert", source, target, "--encoding", "latin-1", "--skip-bad-rows", "--limit", "2"),
        "--json",
    ).json
    assert report["vocabulary"] == 2
    assert run("info", target, "--json").json["first_words"] == ["café", "thé"]
