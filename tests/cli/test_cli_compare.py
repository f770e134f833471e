"""The verbs that compare models: compare and stability."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import wordkin
from support import toy
from support.commands import fails, run
from wordkin.evaluation.comparing import compare
from wordkin.system import terminal

TRAINING = ["--dim", 10, "--min-count", 1, "--subsample", 0, "--epochs", 5, "--threads", 1]
WORDS = [f"{group}{i}" for group in "abcde" for i in range(6)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two models of words in five groups; in the second, a0 and b0 have changed places."""
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    matrix = np.repeat(np.eye(5), 6, axis=0) * 5 + rng.normal(scale=0.3, size=(30, 5))
    paths = folder / "a.arrow", folder / "b.txt"
    wordkin.save(paths[0], wordkin.WordVectors(WORDS, matrix))
    matrix[[0, 6]] = matrix[[6, 0]]
    wordkin.save(paths[1], wordkin.WordVectors(WORDS, matrix))
    return paths


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.write(tmp_path_factory.mktemp("text") / "text.txt", lines=300)


# ---- compare -------------------------------------------------------------------------------------


def test_compare_shows_figures_and_what_changed_most(models: tuple[Path, Path]) -> None:
    ran = run("compare", *models, "--k", 4, "-n", 3)
    assert (ran.code, ran.err) == (0, "")
    found = compare(wordkin.load(models[0]), wordkin.load(models[1]), k=4)
    assert "  in common       30 words of 30\n" in ran.out
    assert f"{found.mean_overlap:.4f} of 4 neighbours, on average; by chance 0.1379" in ran.out
    assert f"  aligned cosine  {found.mean_cosine:.4f} on average\n" in ran.out
    table = ran.out[ran.out.index("changed most") :].splitlines()
    assert len(table) == 4
    assert {line.split()[2] for line in table[1:3]} == {"a0", "b0"}
    assert max(map(len, ran.out.splitlines()[1:])) <= 80


def test_the_distribution_of_compare_counts_every_word_once(models: tuple[Path, Path]) -> None:
    lines = run("compare", *models, "--k", 4).out.split("\n\n")[1].splitlines()
    assert lines[0].split() == ["overlap", "words", "share"]
    assert [line.split()[0] for line in lines[1:]] == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert sum(int(line.split()[1]) for line in lines[1:]) == 30


def test_compare_of_words_shows_their_neighbours_side_by_side(models: tuple[Path, Path]) -> None:
    out = run("compare", *models, "a0", "c0", "--k", 5).out
    first, second = out.split("\n\n")
    assert first.splitlines()[:2] == [
        "a0",
        f"  0 of 5 neighbours in both (=); aligned cosine {_aligned(models, 'a0'):.4f}",
    ]
    for line in first.splitlines()[3:]:
        _, in_a, _, in_b = line.split()
        assert (in_a[0], in_b[0]) == ("a", "b")
    assert "5 of 5 neighbours in both (=)" in second
    assert all(line.count("=") == 2 for line in second.splitlines()[3:])


def _aligned(models: tuple[Path, Path], word: str) -> float:
    return compare(wordkin.load(models[0]), wordkin.load(models[1]), k=5).of(word).cosine


def test_compare_as_json(models: tuple[Path, Path]) -> None:
    report = run("compare", *models, "--k", 4, "-n", 2, "--most-frequent", 12, "--json").json
    found = compare(wordkin.load(models[0]), wordkin.load(models[1]), k=4, most_frequent=12)
    assert report["common"] == 30
    assert report["compared"] == 12
    assert report["overlap"] == found.mean_overlap
    assert report["aligned_cosine"] == found.mean_cosine
    assert report["shared"] == found.shared.tolist()
    assert sum(report["shared"]) == 12
    assert {word["word"] for word in report["words"]} == {"a0", "b0"}
    for word in report["words"]:
        assert word["overlap"] == 0
        assert [near["word"] for near in word["in_a"]] == [
            near for near, _ in wordkin.load(models[0]).most_similar(word["word"], topn=4)
        ]


def test_compare_names_an_unknown_word(models: tuple[Path, Path]) -> None:
    assert "'x' is not among the 30 words" in fails("compare", *models, "a0", "x")
    message = fails("compare", *models, "a0", "x", "a9")
    assert message.startswith(
        "model A: 2 words are not among the 30 words: 'x', 'a9'; --skip-unknown"
    )
    kept = run("compare", *models, "a0", "x", "a9", "--skip-unknown")
    assert kept.out == run("compare", *models, "a0").out


def test_columns_of_compare_line_up_whatever_the_letters(tmp_path: Path) -> None:
    words = ["서울특별시", "부산", "東京", "queen", "cafe\u0301", "カナダ"]
    for name, seed in (("a.arrow", 0), ("b.arrow", 1)):
        matrix = np.random.default_rng(seed).normal(size=(6, 4))
        wordkin.save(tmp_path / name, wordkin.WordVectors(words, matrix))
    ran = run("compare", tmp_path / "a.arrow", tmp_path / "b.arrow", "--k", 2)
    _, *rows = ran.out[ran.out.index("overlap  cosine") :].splitlines()
    heading = ran.out[ran.out.index("overlap  cosine") :].splitlines()[0]
    column = heading.index("in B")
    for row in rows:
        at = next(i for i in range(len(row)) if terminal.width(row[:i]) == column)
        assert row[at - 1] == " "
        assert row[at] != " "


def test_compare_refuses_models_without_common_words(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "v.txt").write_text("2 1\nx 1\ny 1\n")
    message = fails("compare", models[0], tmp_path / "v.txt", code=2)
    assert message == "the models must have at least 2 words in common, got 0"


# ---- stability -----------------------------------------------------------------------------------


def test_stability_trains_a_model_a_seed_and_shows_bands(text: Path, tmp_path: Path) -> None:
    output = tmp_path / "words.tsv"
    ran = run("stability", text, "--seeds", 3, "--k", 4, "-n", 5, "-o", output, *TRAINING)
    assert ran.code == 0
    assert [line.split(":")[0] for line in ran.err.splitlines()] == [
        "note", "model   1 of 3", "model   2 of 3", "model   3 of 3", "saved   22 words"
    ]  # fmt: skip
    assert "3 models: same text, different seeds\n  in common  22 words of 22\n" in ran.out
    assert "\n1 to 22       " in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    header, *rows = (line.split("\t") for line in output.read_text().splitlines())
    assert header == ["word", "count", "overlap", "agreed"]
    assert {row[0] for row in rows} == {*chain(*toy.TOPICS.values()), *toy.EVERYWHERE}
    counts = [int(row[1]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    for _, _, overlap, agreed in rows:
        assert len(agreed.split()) <= 4 * float(overlap) + 1e-3


def test_stability_is_that_of_the_models_that_train_makes(text: Path, tmp_path: Path) -> None:
    report = run("stability", text, "--seeds", 2, "--k", 4, "--json", "--quiet", *TRAINING).json
    paths = [tmp_path / f"{seed}.safetensors" for seed in (1, 2)]
    for seed, path in enumerate(paths, 1):
        assert run("train", text, "-o", path, "--seed", seed, *TRAINING).code == 0
    found = compare(wordkin.load(paths[0]), wordkin.load(paths[1]), k=4)
    assert report["overlap"] == found.mean_overlap
    assert report["bands"] == [{"first": 1, "last": 22, "overlap": found.mean_overlap}]
    assert (report["models"], report["resampled"], report["k"]) == (2, False, 4)
    assert len(report["least_stable"]) == 20


def test_stability_of_lines_drawn_anew_reads_the_text_once(text: Path) -> None:
    options = ["--seeds", 2, "--k", 4, "--json", "--quiet", "--resample", *TRAINING]
    report = run("stability", text, *options).json
    assert report["resampled"] is True
    assert report["common"] == 22
    assert run("stability", "-", *options, stdin=text.read_bytes()).json == report
    plain = [option for option in options if option != "--resample"]
    assert report != run("stability", text, *plain).json | {"resampled": True}


def test_stability_refuses_what_cannot_work_before_it_trains(text: Path, tmp_path: Path) -> None:
    assert "standard input can be read only once" in fails("stability", "-", code=2)
    assert "dim must be at least 1, got 0" in fails("stability", text, "--dim", 0, code=2)
    assert "there is no folder" in fails("stability", text, "-o", tmp_path / "no" / "x.tsv")
    assert "would overwrite the input" in fails("stability", text, "-o", text, code=2)
    assert run("stability", text, "--seeds", 1).code == 2
