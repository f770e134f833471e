"""Check the scores that the docs give for the exact engine's defaults: train again and compare.

    python benchmarks/figures.py CORPUS --eval DIR [--rows 1MB,3MB,10MB,10000,30000] [--points 1]

CORPUS is the text of 100 MB that the tables in docs/notes/exact-engine.md are of, DIR as for
compare.py. Each row is trained by `wordkin train`, at its defaults, and asked by `wordkin evaluate`
among the 30,000 most frequent words, as the docs have it. A score that differs by more than
`--points` is marked, and makes the exit code 1: then either the engine has changed, or the docs are
wrong. This takes minutes, so it is no test; run it before giving figures, and after a change of the
engine or of a default.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent / "docs" / "notes" / "exact-engine.md"
COLUMNS = ("analogies", "semantic", "syntactic", "WordSim-353", "MEN", "SimLex-999")
SIMILARITIES = ("EN-WS-353-ALL.txt", "EN-MEN-TR-3k.txt", "EN-SIMLEX-999.txt")
ROWS = {
    "1MB": ("1 MB", "exact, naive-softmax, subwords"),
    "3MB": ("3 MB", "exact, naive-softmax, subwords"),
    "10MB": ("10 MB", "exact, naive-softmax, subwords"),
    "10000": ("10,000", "subwords"),
    "30000": ("30,000", "subwords"),
    "all": ("79,768, asked among 30,000", "subwords"),
}
"""The first cell of a row of the docs, and the one that says how it was trained."""


def main() -> int:
    """Train and print each row, with what the docs say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--eval", type=Path, required=True)
    parser.add_argument("--rows", default="1MB,3MB,10MB,10000,30000")
    parser.add_argument("--points", type=float, default=1.0)
    told = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in told.rows.split(","):
            given = figures_in(DOCS.read_text(), *ROWS[name])
            found = trained(told.corpus, name, told.eval, Path(folder))
            for column in COLUMNS:
                far = abs(found[column] - given[column]) > told.points
                wrong += far
                print(
                    f"{name:>6}  {column:<12} docs {given[column]:5.1f}  here {found[column]:5.1f}"
                    f"{'  differs' if far else ''}",
                    flush=True,
                )
    return int(wrong > 0)


def figures_in(text: str, first: str, trained_by: str) -> dict[str, float]:
    """Return the scores in the row of a table of the docs, by the names of its columns."""
    header: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            header = []
        elif not header:
            header = cells
        elif cells[0] == first and trained_by in cells[1:3]:
            row = dict(zip(header, cells, strict=True))
            return {column: float(row[column]) for column in COLUMNS}
    raise SystemExit(f"{DOCS.name} has no row {first} | {trained_by}")


def trained(corpus: Path, name: str, questions: Path, folder: Path) -> dict[str, float]:
    """Return the scores of a model of the first megabytes, or of the most frequent words."""
    words: list[str] = []
    if megabytes := re.fullmatch(r"(\d+)MB", name):
        text = folder / "text.txt"
        with corpus.open("rb") as file:
            text.write_bytes(file.read(int(megabytes[1]) * 1_000_000))
        corpus = text
    elif name != "all":
        words = ["--max-vocab", name]
    model = str(folder / "model.safetensors")
    run("train", str(corpus), "-o", model, "--engine", "exact", "--quiet", *words)
    asked = ["--analogies", str(questions / "questions-words.txt"), "--sections"]
    for file_name in SIMILARITIES:
        asked += ["--similarity", str(questions / file_name)]
    output = run("evaluate", model, "--most-frequent", "30000", "--json", *asked)
    analogies, *similarities = json.loads(output)["models"][0]["results"]
    scores: list[Any] = [analogies["score"]]
    scores += [analogies["kinds"][kind]["score"] for kind in ("semantic", "syntactic")]
    scores += [result["spearman"] for result in similarities]
    return {column: 100 * score for column, score in zip(COLUMNS, scores, strict=True)}


def run(*arguments: str) -> str:
    """Run wordkin, and return what it prints."""
    command = [sys.executable, "-m", "wordkin", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
