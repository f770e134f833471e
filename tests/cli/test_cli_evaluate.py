"""`wordkin evaluate`: tables and JSON of what vectors score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import wordkin
from wordkin import evaluation
from wordkin.cli import app


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models and two files of questions."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(40)]
    first = rng.normal(size=(20, 12))
    matrix = np.concatenate([first, first + 3 * rng.normal(size=12)])
    wordkin.save(tmp_path / "good.bin", wordkin.WordVectors(words, matrix))
    noisy = matrix + rng.normal(size=matrix.shape)
    wordkin.save(tmp_path / "bad.bin", wordkin.WordVectors(words[1:], noisy[1:]))
    lines = [
        f"{': kinship' if not i and j == 1 else ''}\n{': gram' if i == 9 and j == 0 else ''}\n"
        f"w{i} w{i + 20} w{j} W{j + 20}"
        for i in range(20)
        for j in range(20)
        if i != j
    ]
    (tmp_path / "questions.txt").write_text("\n".join(lines))
    pairs = [
        f"w{i},w{j},{matrix[i] @ matrix[j] / np.linalg.norm(matrix[i]) / np.linalg.norm(matrix[j])}"
        for i in range(15)
        for j in range(i)
    ]
    (tmp_path / "pairs.csv").write_text("one,other,people\n" + "\n".join([*pairs, "w1,moon,3"]))
    return tmp_path


def asked(folder: Path) -> list[object]:
    return ["--analogies", folder / "questions.txt", "--similarity", folder / "pairs.csv"]


def test_a_model_is_scored_on_every_file(folder: Path) -> None:
    ran = run(folder / "good.bin", *asked(folder))
    assert ran.exit_code == 0
    heading, *rows = ran.stdout.splitlines()
    assert heading.split("  ")[0] == "case: lower"
    assert [row.split("  ")[0] or row.strip().split("  ")[0] for row in rows] == [
        "questions.txt",
        "semantic",
        "syntactic",
        "pairs.csv",
        "Pearson",
    ]
    found = evaluation.evaluate_analogies(
        wordkin.load(folder / "good.bin"), evaluation.read_analogies(folder / "questions.txt")
    )
    assert found.total.score is not None
    assert f"{100 * found.total.score:.1f} %" in rows[0]
    assert "380" in rows[0]
    assert "106    105" in rows[3]
    assert "1.000" in rows[3]
    assert "header" in ran.stderr
    assert "kinship" not in ran.stdout


def test_sections_are_shown_when_asked_for(folder: Path) -> None:
    ran = run(folder / "good.bin", *asked(folder), "--sections", "--method", "both")
    assert ran.stdout.count("\n  kinship ") == ran.stdout.count("\n  gram ") == 2
    assert "3CosAdd" in ran.stdout
    assert "3CosMul" in ran.stdout


def test_json_holds_the_plain_numbers(folder: Path) -> None:
    ran = run(folder / "good.bin", *asked(folder), "--method", "both", "--json")
    (model,) = json.loads(ran.stdout)["models"]
    add, mul, pairs = model["results"]
    assert (add["measure"], mul["measure"], pairs["measure"]) == ("3CosAdd", "3CosMul", "Spearman")
    vectors = wordkin.load(folder / "good.bin")
    questions = evaluation.read_analogies(folder / "questions.txt")
    for found, method in zip((add, mul), evaluation.METHODS, strict=True):
        total = evaluation.evaluate_analogies(vectors, questions, method=method).total
        assert found["right"] == total.right
        assert found["score"] == total.score
        assert found["interval"]["low"] <= found["score"] <= found["interval"]["high"]
        assert sum(section["right"] for section in found["sections"]) == total.right
    assert (pairs["asked"], pairs["known"]) == (106, 105)
    assert pairs["spearman"] == pytest.approx(1.0)


def test_two_models_are_compared(folder: Path) -> None:
    ran = run(folder / "good.bin", folder / "bad.bin", *asked(folder))
    assert ran.exit_code == 0
    comparison = ran.stdout.split("second against first")[1]
    assert "first: " in ran.stdout
    assert "< 0.001" in comparison
    found = json.loads(
        run(folder / "good.bin", folder / "bad.bin", *asked(folder), "--json").stdout
    )
    analogies, similarity = found["comparisons"]
    assert analogies["both"] == 19 * 18
    assert similarity["both"] == 14 * 13 / 2
    for compared in (analogies, similarity):
        difference = compared["difference"]
        assert difference["difference"] == pytest.approx(compared["second"] - compared["first"])
        assert difference["interval"]["low"] < difference["difference"] < 0
        assert difference["p"] < 0.01


def test_without_a_file_the_probes_are_asked_and_that_is_said(folder: Path) -> None:
    wordkin.save(
        folder / "colours.bin",
        wordkin.WordVectors(
            ["red", "green", "blue", "yellow", "dog"], [[9, 1], [9, 2], [9, 3], [9, 4], [-1, 5]]
        ),
    )
    ran = run(folder / "colours.bin")
    assert "probes" in ran.stderr
    lines = ran.stdout.splitlines()
    assert len(lines) == 2  # no row of dashes for the analogies
    assert lines[1].startswith("odd-one-out  chance: 20.0 %  100.0 %")
    assert "colours.bin knows the words of " in ran.stderr


def test_a_model_that_knows_nothing_has_no_score(folder: Path) -> None:
    wordkin.save(folder / "none.bin", wordkin.WordVectors(["x"], [[1.0]]))
    for models in ([folder / "none.bin"], [folder / "none.bin", folder / "good.bin"]):
        ran = run(*models, *asked(folder))
        assert ran.exit_code == 0
        assert "nan" not in ran.stdout
        assert "questions.txt  3CosAdd       –" in ran.stdout
        found = json.loads(run(*models, *asked(folder), "--json").stdout)
        assert found["models"][0]["results"][0]["score"] is None


def test_on_another_language_the_probes_say_what_to_do_instead(folder: Path) -> None:
    wordkin.save(folder / "ko.bin", wordkin.WordVectors(["서울", "부산"], [[1.0, 2.0], [2.0, 1.0]]))
    ran = run(folder / "ko.bin")
    assert (ran.exit_code, ran.stdout) == (0, "")
    assert "ko.bin knows the words of none of them: they are about everyday English" in ran.stderr
    for instead in ("wordkin info", "wordkin stability", "--similarity FILE"):
        assert instead in ran.stderr
    (model,) = json.loads(run(folder / "ko.bin", "--json").stdout)["models"]
    assert [(one["known"], one["score"]) for one in model["results"]] == [(0, None)] * 2


def test_a_file_of_which_nothing_is_known_is_named(folder: Path) -> None:
    (folder / "ko.txt").write_text("서울 부산 5\n")
    ran = run(folder / "good.bin", "--similarity", folder / "ko.txt")
    assert "no item of ko.txt has words that are all known" in ran.stderr


def test_every_score_stands_beside_its_coverage(folder: Path) -> None:
    wordkin.save(folder / "some.bin", wordkin.load(folder / "good.bin").take(30))
    models = [folder / "some.bin", folder / "good.bin"]
    ran = run(*models, *asked(folder))
    first, _, comparison = ran.stdout.split("\n\n")
    analogies, *_, spearman, pearson = first.splitlines()[2:]
    for row, items, known in ((analogies, 380, 90), (spearman, 106, 105), (pearson, 106, 105)):
        assert f"{items}" in row
        assert f"{known}" in row
    assert "90 of 380" in comparison
    assert "105 of 106" in comparison
    found = json.loads(run(*models, *asked(folder), "--json").stdout)
    for one in found["models"][0]["results"]:
        assert one["case"] == "lower"
        assert one["known"] < one["asked"]
    accuracy, correlation = found["models"][0]["results"]
    assert accuracy["score_of_asked"] == pytest.approx(accuracy["score"] * 90 / 380)
    assert correlation["spearman_of_asked"] < correlation["spearman"]
    assert [one["asked"] for one in found["comparisons"]] == [380, 106]


def test_case_is_chosen_and_named(folder: Path) -> None:
    (folder / "q.txt").write_text("Maße W1 5\nw1 w2 3\nw3 w4 1\n")
    words = [*wordkin.load(folder / "good.bin").words[:5], "MASSE"]
    wordkin.save(folder / "m.bin", wordkin.WordVectors(words, np.eye(6)))
    for case, known in (("exact", 2), ("lower", 2), ("fold", 3)):
        ran = run(folder / "m.bin", "--similarity", folder / "q.txt", "--case", case)
        assert ran.stdout.startswith(f"case: {case}")
        assert f"3      {known}" in ran.stdout
    ran = run(folder / "m.bin", "--similarity", folder / "q.txt", "--case-sensitive", "--json")
    assert json.loads(ran.stdout)["models"][0]["results"][0]["case"] == "exact"


def test_columns_and_encoding_are_options(folder: Path) -> None:
    (folder / "t.csv").write_bytes(
        "w1,w2,3,9\nw3,w4,1,7\nw5,w6,2,8\nw7,w\xe9,2,8\n".encode("latin-1")
    )
    base = [folder / "good.bin", "--similarity", folder / "t.csv"]
    ran = run(*base)
    assert ran.exit_code == 1
    assert "--columns WORD,WORD,SCORE" in ran.stderr
    ran = run(*base, "--columns", "1,2,4")
    assert ran.exit_code == 0
    assert "note: t.csv: line 4: not UTF-8" in ran.stderr
    assert "columns 1, 2 and 4" in ran.stderr
    assert "UTF-8" not in run(*base, "--columns", "1,2,4", "--questions-encoding", "latin1").stderr


def test_case_and_the_most_frequent_words_can_be_asked_for(folder: Path) -> None:
    base = [folder / "good.bin", *asked(folder), "--json"]
    for option, known in (["--case-sensitive"], 0), (["--most-frequent", 30], 90):
        (model,) = json.loads(run(*base, *option).stdout)["models"]
        assert model["results"][0]["known"] == known
        assert model["results"][0]["asked"] == 380


def test_a_damaged_file_is_said_in_a_line(folder: Path) -> None:
    (folder / "questions.txt").write_text(": s\na b c\n")
    ran = run(folder / "good.bin", *asked(folder))
    assert ran.exit_code == 1
    assert ran.stdout == ""
    assert f"{folder / 'questions.txt'}, line 2: a question must be 4 words, got 3" in ran.stderr
