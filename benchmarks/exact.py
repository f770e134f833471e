"""The exact engine: its cost, its quality by settings, and what to choose for a small text.

    python benchmarks/exact.py cost CORPUS [--max-vocab N --runs 5]
    python benchmarks/exact.py settings CORPUS --eval DIR [--max-vocab N] [--tried SETTINGS ...]
    python benchmarks/exact.py small CORPUS --eval DIR [--megabytes 1,3,10 --epochs 5,20,50,100]

`cost`: the time of a pass over that of its matrix products alone, made by the same threads in tiles
of the same size, in turns. `settings`: a line of scores for each set of settings, such as
``window=7,subsample=1e-3`` or ``ridge=1``; without any, for the defaults. `small`: the first
megabytes of the text by the exact engine, by wordkin's stochastic engine and by gensim (with each
number of epochs). Scores are gensim's own (`evaluate.py`), every word a candidate.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from evaluate import DETAILED, scores_of, vectors_of

from wordkin import Word2Vec
from wordkin.corpus.reading import read_corpus
from wordkin.engines import outcome
from wordkin.engines.counts import counting
from wordkin.engines.exact import descent as descent_module
from wordkin.engines.exact import engine as exact_engine
from wordkin.engines.exact import problem as problem_module
from wordkin.engines.exact.tiles import Tile
from wordkin.engines.exact.tiles_native import NativeTiles
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings
from wordkin.system.progress import Progress


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(required=True)
    for name, run in (("cost", cost), ("settings", by_settings), ("small", small)):
        kind = kinds.add_parser(name)
        kind.add_argument("corpus", type=Path)
        kind.set_defaults(run=run)
        if name != "cost":
            kind.add_argument("--eval", type=Path, required=True)
        if name != "small":
            kind.add_argument("--max-vocab", type=int)
        if name == "cost":
            kind.add_argument("--runs", type=int, default=5)
        if name == "settings":
            kind.add_argument("--tried", nargs="+", default=[""])
        if name == "small":
            kind.add_argument("--megabytes", default="1,3,10")
            kind.add_argument("--epochs", default="5,20,50,100")
    told = parser.parse_args()
    told.run(told)


def cost(told: argparse.Namespace) -> None:
    """Print medians of the seconds of a pass and of its products, and of their ratio."""
    settings = ExactSettings(max_vocab=told.max_vocab, ridge=0.3)
    corpus = read_corpus(told.corpus, min_count=5, max_vocab=told.max_vocab)
    counts = corpus.vocabulary.counts
    began = time.perf_counter()
    counted = counting.count_pairs(corpus.ids, counts, settings, run=Run())
    pairs = counted.pairs
    print(f"counted {pairs.nnz:,} pairs in {time.perf_counter() - began:.2f} s")
    problem = problem_module.problem_of(pairs, counts, settings)
    descent_module.FOCUSED_SWEEPS = 0  # a pass over all rows, and nothing else
    trained = exact_engine.descend(counted, counts, ExactSettings(ridge=0.3, max_passes=1))
    passes, products = [], []
    with NativeTiles.opened(settings.threads, np.float32) as tiles:
        V, U = tiles.array(trained.center), tiles.array(trained.outside)
        descent = descent_module.Descent.from_matrices(
            tiles, problem, V.copy(), U.copy(), 0.3, Progress()
        )
        for _ in range(told.runs):
            passes.append(seconds(descent.run_pass))
            products.append(seconds(lambda: products_alone(tiles, problem, V, U)))
    ratio = statistics.median(a / b for a, b in zip(passes, products, strict=True))
    print(
        f"{len(problem):,} words: a pass {statistics.median(passes):.2f} s, its products"
        f" {statistics.median(products):.2f} s, ratio {ratio:.2f}"
    )


def products_alone(tiles: NativeTiles, problem: problem_module.Problem, V: Any, U: Any) -> None:
    """Make the six products of a pass, and nothing else."""
    for A, B in ((V, U), (U, V)):

        def work(tile: Any, rows: slice, A: Any = A, B: Any = B) -> None:
            # A tile has made its first product, the logits; these are as large as the others.
            np.matmul(A[rows], B.T, out=tile._other)
            tile._other @ B

        run: Callable[[Tile, slice], None] = work
        for _ in tiles.each(A, B, problem.pairs, problem.n, problem.center_link(), run):
            pass


def seconds(run: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def by_settings(told: argparse.Namespace) -> None:
    """Print a line of scores for each set of settings."""
    print("| settings | " + " | ".join(DETAILED) + " | loss | ridge | counting | training |")
    print("|---|" + "---|" * (len(DETAILED) + 4))
    for tried in told.tried:
        given = dict(part.split("=", 1) for part in tried.split(",") if part)
        values: dict[str, Any] = {name: number(value) for name, value in given.items()}
        values = {"engine": "exact", "max_vocab": told.max_vocab, **values}
        model = Word2Vec(**values).fit(told.corpus)
        last, account = model.history[-1], model.account
        ridge = last.ridge if isinstance(last, outcome.Pass) else float("nan")
        print(
            f"| {tried or 'defaults'} | {scored(model, told.eval)} | {last.loss:.4f} | {ridge:g}"
            f" | {account.counting:.1f} s | {account.training:.1f} s |",
            flush=True,
        )


def number(text: str) -> Any:
    """Return a setting's value."""
    whole = text.isdigit()
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def scored(model: Word2Vec, folder: Path) -> str:
    """Return the scores of a model as cells of a table."""
    return cells(vectors_of(model.vectors.words, model.vectors.matrix), folder)


def cells(vectors: Any, folder: Path) -> str:
    """Return the scores of vectors as cells of a table."""
    found = scores_of(vectors, folder)
    return " | ".join(f"{found[name]['score']:.1f}" for name in DETAILED if name in found)


def small(told: argparse.Namespace) -> None:
    """Print a table for the first megabytes of a text."""
    print("| text | words | trained by | " + " | ".join(DETAILED) + " | seconds |")
    print("|---|---|---|" + "---|" * (len(DETAILED) + 1))
    opener: Any = gzip.open if told.corpus.suffix == ".gz" else open
    with tempfile.TemporaryDirectory() as folder:
        for megabytes in map(int, told.megabytes.split(",")):
            part = Path(folder, "part.txt")
            with opener(told.corpus, "rb") as text:
                part.write_bytes(text.read(megabytes * 1_000_000))
            small_part(part, megabytes, told)


def small_part(part: Path, megabytes: int, told: argparse.Namespace) -> None:
    """Print the lines of one text."""

    def line(words: int, name: str, found: str, spent: float) -> None:
        print(f"| {megabytes} MB | {words:,} | {name} | {found} | {spent:.1f} |", flush=True)

    for objective in ("naive-softmax", "negative-sampling"):
        model = Word2Vec(engine="exact", objective=objective)
        spent = seconds(lambda model=model: model.fit(part))  # type: ignore[misc]
        line(len(model.vectors), f"exact, {objective}", scored(model, told.eval), spent)
    for epochs in map(int, told.epochs.split(",")):
        model = Word2Vec(epochs=epochs)
        spent = seconds(lambda model=model: model.fit(part))  # type: ignore[misc]
        line(len(model.vectors), f"stochastic, {epochs} epochs", scored(model, told.eval), spent)
    try:
        word2vec: Any = import_module("gensim.models.word2vec")
    except ImportError:
        return
    for epochs in map(int, told.epochs.split(",")):
        began = time.perf_counter()
        other = word2vec.Word2Vec(
            corpus_file=str(part), sg=1, vector_size=100, window=5, negative=5, sample=1e-4,
            min_count=5, epochs=epochs, workers=ExactSettings().threads,
        )  # fmt: skip
        spent = time.perf_counter() - began
        line(len(other.wv), f"gensim, {epochs} epochs", cells(other.wv, told.eval), spent)


if __name__ == "__main__":
    main()
