"""Verbs that ask a model, of vectors whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import wordkin
from support.commands import Ran, fails, run
from support.samples import FASTTEXT
from wordkin.vectors import WordVectors

WORDS = ["king", "queen", "man", "woman", "apple", "서울"]
MATRIX = np.array(
    [[2, 1, 0], [2, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 3], [0.1, 0, 1]], dtype=np.float32
)
VERBS = ["neighbours", "analogy", "similarity", "rank", "odd", "distances", "predict"]


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return WordVectors(WORDS, MATRIX)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, vectors: WordVectors) -> Path:
    path = tmp_path_factory.mktemp("model") / "v.bin"
    wordkin.save(path, vectors)
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_help_fits_80_columns_and_has_an_example(
    verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = run(verb, "--help").out
    assert max(map(len, text.splitlines())) <= 80
    assert f"Example:  wordkin {verb}" in text
    (summary,) = [line for line in run("--help").out.splitlines() if line.startswith(f"  {verb} ")]
    assert not summary.endswith("...")


# ---- neighbours ----------------------------------------------------------------------------------


def test_neighbours_of_many_words_are_those_of_each(model: Path) -> None:
    both = run("neighbours", model, "king", "apple", "-n", 2)
    alone = [run("neighbours", model, word, "-n", 2).out for word in ("king", "apple")]
    assert both == Ran(0, "\n".join(alone), "")
    assert alone[0] == "king\n   0.6000  queen\n   0.4472  man\n"


def test_unknown_words_are_passed_over_where_that_is_asked_for(model: Path) -> None:
    ran = run("neighbours", model, "--skip-unknown", "-n", 1, stdin=b"x king \xff y z")
    assert ran.out == "king\n   0.6000  queen\n"
    assert ran.err == "note: skipped 4 words without a vector: 'x', '\\udcff', 'y', …\n"
    assert run("neighbours", model, "king", "--skip-unknown").err == ""
    assert run("neighbours", model, "x", "--skip-unknown", "--json").json == []


def test_words_together_are_one_question(model: Path, vectors: WordVectors) -> None:
    ran = run("neighbours", model, "king", "woman", "--without", "man", "--together", "-n", 1)
    heading, row = ran.out.splitlines()
    assert heading == "king + woman - man"
    ((word, cosine),) = vectors.most_similar(["king", "woman"], ["man"], 1)
    assert row == f"  {cosine:7.4f}  {word}"
    (report,) = run(
        "neighbours", model, "king", "woman", "--together", "--without", "man", "--json"
    ).json
    assert (report["words"], report["without"]) == (["king", "woman"], ["man"])
    answer = [(n["word"], n["cosine"]) for n in report["neighbours"]]
    assert answer == vectors.most_similar(["king", "woman"], ["man"])


def test_words_without_are_taken_from_each_question(model: Path, vectors: WordVectors) -> None:
    ran = run(
        "neighbours", model, "king", "queen", "--without", "man", "--without", "apple", "--json"
    )
    for word, report in zip(("king", "queen"), ran.json, strict=True):
        assert (report["word"], report["without"]) == (word, ["man", "apple"])
        answer = [(n["word"], n["cosine"]) for n in report["neighbours"]]
        assert answer == vectors.most_similar(word, ["man", "apple"])


def test_neighbours_within_the_first_words(model: Path) -> None:
    assert run("neighbours", model, "apple", "--within", 3).out.split()[2::2] == [
        "king",
        "queen",
        "man",
    ]
    assert run("neighbours", model, "apple", "--within", 0).code == 2


def test_nothing_together_is_refused(model: Path) -> None:
    assert fails("neighbours", model, "--together", code=2) == (
        "--together needs at least 1 word, got 0"
    )


# ---- analogies, pairs and groups -----------------------------------------------------------------


def test_an_analogy_is_answered_by_sum_or_by_product(model: Path, vectors: WordVectors) -> None:
    question = ("man", "king", "woman")
    ran = run("analogy", model, *question, "-n", 1)
    assert ran.out.splitlines()[0] == "man is to king as woman is to"
    assert ran.out.splitlines()[1].split()[1] == "queen"
    report = run("analogy", model, *question, "--method", "mul", "--json").json
    assert [report[name] for name in "abc"] == list(question)
    answer = [(one["word"], one["score"]) for one in report["answers"]]
    assert answer == vectors.analogy(*question, method="mul")
    assert run("analogy", model, *question, "--method", "div").code == 2
    assert len(run("analogy", model, *question, "--within", 5, "--json").json["answers"]) == 2


def test_analogies_come_from_lines(model: Path) -> None:
    read = run("analogy", model, "-n", 1, stdin="man king woman\n\nking man 서울\r\n".encode())
    asked = [
        run("analogy", model, *question, "-n", 1).out
        for question in (("man", "king", "woman"), ("king", "man", "서울"))
    ]
    assert read == Ran(0, "\n".join(asked), "")
    reports = run("analogy", model, "--json", stdin=b"man king woman\n").json
    assert reports == [run("analogy", model, "man", "king", "woman", "--json").json]
    assert run("analogy", model, "--json", stdin=b"").json == []


def test_the_similarity_of_a_pair_is_its_cosine(model: Path) -> None:
    assert run("similarity", model, "king", "queen") == Ran(0, " 0.6000  king  queen\n", "")
    read = run("similarity", model, stdin="king queen\nman woman\nking 서울".encode())
    assert read.out == " 0.6000  king  queen\n-1.0000  man  woman\n 0.0890  king  서울\n"
    report = run("similarity", model, "man", "woman", "--json").json
    assert report == {"a": "man", "b": "woman", "cosine": -1.0}


def test_a_rank_is_a_place_among_the_neighbours(model: Path) -> None:
    assert run("rank", model, "king", "man") == Ran(0, "2  king  man\n", "")
    read = run("rank", model, "--json", stdin=b"king queen\nking woman")
    assert [(r["word"], r["other"], r["rank"]) for r in read.json] == [
        ("king", "queen", 1),
        ("king", "woman", 5),
    ]
    assert fails("rank", model, "king", "king", code=2) == (
        "rank needs two different words, got 'king' twice"
    )


def test_ranks_stand_under_each_other(tmp_path: Path) -> None:
    words = [f"w{i}" for i in range(20)]
    angles = np.arange(20) / 20
    wordkin.save(
        tmp_path / "v.bin", WordVectors(words, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    )
    ran = run("rank", tmp_path / "v.bin", stdin=b"w0 w9\nw0 w10\n")
    assert ran.out == " 9  w0  w9\n10  w0  w10\n"


def test_the_odd_word_is_named(model: Path) -> None:
    assert run("odd", model, "king", "queen", "apple", "man") == Ran(0, "apple\n", "")
    assert (
        run("odd", model, stdin="apple 서울 king\nking queen apple".encode()).out == "king\napple\n"
    )
    report = run("odd", model, "king", "queen", "apple", "--json").json
    assert report == {"words": ["king", "queen", "apple"], "odd": "apple"}
    assert "at least 3 words, got 2" in fails("odd", model, "king", "queen", code=2)


def test_distances_stand_in_a_table_of_numbered_words(model: Path) -> None:
    ran = run("distances", model, "king", "queen", "서울")
    assert ran == Ran(
        0,
        "     1       2       3\n"
        "0.0000  0.4000  0.9110  1  king\n"
        "0.4000  0.0000  0.9110  2  queen\n"
        "0.9110  0.9110  0.0000  3  서울\n",
        "",
    )
    report = run("distances", model, "--json", stdin=b"man woman").json
    assert report == {"words": ["man", "woman"], "distances": [[0.0, 2.0], [2.0, 0.0]]}


@pytest.mark.parametrize(
    ("verb", "words", "size"),
    [("analogy", 2, 3), ("analogy", 4, 3), ("similarity", 1, 2), ("rank", 3, 2)],
)
def test_a_question_of_another_number_of_words_is_refused(
    verb: str, words: int, size: int, model: Path
) -> None:
    asked = ["king"] * words
    message = fails(verb, model, *asked, code=2)
    assert message == f"this verb needs {size} words, got {words}"
    lines = b"\n" + b" ".join([b"king"] * words)
    assert fails(verb, model, stdin=lines, code=2) == (
        f"line 2 must have {size} words, got {words}"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["neighbours", "king", "--without", "Man"],
        ["analogy", "king", "queen", "Man"],
        ["similarity", "king", "Man"],
        ["rank", "king", "Man"],
        ["odd", "king", "queen", "Man"],
        ["distances", "king", "Man"],
    ],
)
def test_an_unknown_word_brings_close_ones_and_no_half_answer(
    arguments: list[str], model: Path
) -> None:
    verb, *words = arguments
    known = "king queen apple\n" if verb == "odd" else ""
    expected = "'Man' is not among the 6 words; close ones: 'man'; --skip-unknown leaves it out"
    assert fails(verb, model, *words) == expected
    if "--without" not in words:
        assert fails(verb, model, stdin=(known + " ".join(words)).encode()) == expected


UNKNOWN = {
    "neighbours": ["king", "Man", "zzz", "quean"],
    "analogy": ["Man", "zzz", "quean"],
    "odd": ["king", "Man", "zzz", "quean", "apple"],
    "distances": ["Man", "king", "zzz", "quean"],
}


@pytest.mark.parametrize("verb", UNKNOWN)
def test_all_unknown_words_are_named_at_once(verb: str, model: Path) -> None:
    assert fails(verb, model, *UNKNOWN[verb]) == (
        "3 words are not among the 6 words: 'Man' (close: 'man'), 'zzz', 'quean' (close: 'queen');"
        " --skip-unknown leaves them out"
    )


def test_all_unknown_words_of_lines_are_named_at_once(model: Path) -> None:
    lines = "king Man\nzzz queen\nking Man\n"
    for verb in ("similarity", "rank"):
        assert fails(verb, model, stdin=lines.encode()).startswith(
            "2 words are not among the 6 words: 'Man' (close: 'man'), 'zzz'; --skip-unknown"
        )
    many = " ".join(f"x{i}" for i in range(12))
    message = fails("neighbours", model, stdin=many.encode())
    assert "12 words are not among" in message
    assert "'x9' and 2 more; --skip" in message


@pytest.mark.parametrize(
    ("verb", "lines", "kept"),
    [
        (
            "analogy",
            "man king woman\nman king zzz\nking man woman",
            "man king woman\nking man woman",
        ),
        ("similarity", "king queen\nking zzz\nman woman", "king queen\nman woman"),
        ("rank", "king queen\nzzz king\nking man", "king queen\nking man"),
        ("odd", "king queen zzz apple\nking man zzz\nking apple zzz yyy", "king queen apple"),
        ("distances", "king zzz queen", "king queen"),
    ],
)
def test_every_verb_leaves_out_unknown_words(verb: str, lines: str, kept: str, model: Path) -> None:
    ran = run(verb, model, "--skip-unknown", stdin=lines.encode())
    assert (ran.code, ran.out) == (0, run(verb, model, stdin=kept.encode()).out)
    assert ran.err.startswith("note: skipped ")
    assert "without a vector: 'zzz'" in ran.err


def test_a_single_question_that_is_left_out_has_no_answer(model: Path) -> None:
    for verb, words in (("analogy", "abc"), ("similarity", "ab"), ("odd", "abcd")):
        assert run(verb, model, *words, "--skip-unknown").out == ""
        assert run(verb, model, *words, "--skip-unknown", "--json").json is None
    ran = run("neighbours", model, "zzz", "--together", "--skip-unknown")
    assert (ran.code, ran.out) == (0, "")
    assert "at least 3 words, got 2" in fails(
        "odd", model, "king", "queen", "--skip-unknown", code=2
    )


def test_neighbors_is_another_name_of_the_verb(model: Path) -> None:
    assert run("neighbors", model, "king") == run("neighbours", model, "king")


def test_words_of_pairs_command_no_terminal(tmp_path: Path) -> None:
    words = ["a", "\x1b[31mred", "caf\udce9"]
    wordkin.save(tmp_path / "v.bin", WordVectors(words, np.eye(3) + 1))
    ran = run("similarity", tmp_path / "v.bin", stdin=b"a \x1b[31mred\na caf\xe9")
    assert [line.split("  ")[2] for line in ran.out.splitlines()] == ["\\x1b[31mred", "caf\udce9"]
    for verb, line in (("odd", b"a a \x1b[31mred"), ("distances", b"\x1b[31mred caf\xe9")):
        out = run(verb, tmp_path / "v.bin", stdin=line).out
        assert "\\x1b[31mred" in out
        assert "\x1b" not in out


# ---- words without a vocabulary ------------------------------------------------------------------


def test_every_verb_takes_words_that_are_composed_of_ngrams(tmp_path: Path) -> None:
    path = tmp_path / "ft.bin"
    path.write_bytes(FASTTEXT)
    v = wordkin.load(path)
    assert "cats" not in v
    ((nearest, _),) = v.most_similar("cats", topn=1)
    assert run("neighbours", path, "cats", "-n", 1).out.split()[-1] == nearest
    assert run("neighbours", path, "cats", "--without", "dogs", "-n", 1).code == 0
    assert run("analogy", path, "cat", "cats", "dog", "-n", 1).code == 0
    assert run("similarity", path, "cats", "cat").out.startswith(
        f"{v.similarity('cats', 'cat'):7.4f}"
    )
    assert run("rank", path, "cats", "dog").out.split()[0] == str(v.rank("cats", "dog"))
    assert run("odd", path, "cats", "cat", "dog").out.strip() in {"cats", "cat", "dog"}
