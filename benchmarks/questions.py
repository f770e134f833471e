"""How long questions take, side by side with gensim: ``questions.py [--size VxD ...]``.

Comes in: sizes. Goes out: a table for each, of medians in milliseconds over rounds in which every
question is asked once, wordkin and gensim in turns, and the median of the ratios. Vectors are
random, and so are the words asked about; both must answer alike. `read` is the time to read the
matrix once (NumPy's sum), `product` that of the float32 matrix product of a batch with all vectors:
no exact answer takes less.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.vectors import WordVectors

Float32 = npt.NDArray[np.float32]
Ask = Callable[[], Any]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--size", nargs="+", default=["80000x100"], metavar="VxD")
    parser.add_argument("--batch", type=int, default=1000, help="words asked about at once")
    parser.add_argument("--topn", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for size in arguments.size:
        V, d = map(int, size.split("x"))
        compare(V, d, min(arguments.batch, V), arguments.topn, arguments.rounds)


def compare(V: int, d: int, batch: int, topn: int, rounds: int) -> None:
    """Print what each question takes on (V, d) random vectors."""
    rng = np.random.default_rng(1)
    words = [f"word{i}" for i in range(V)]
    matrix = rng.standard_normal((V, d), dtype=np.float32)
    matrix.setflags(write=False)
    asked = [words[i] for i in rng.choice(V, batch, replace=False)]
    took, vectors = timed(lambda: WordVectors(words, matrix))
    print(f"{V:,} x {d}, {batch:,} words in a batch, {topn} neighbours, {rounds} rounds")
    print(f"vectors made in {took * 1000:.0f} ms")
    pairs = questions(vectors, asked, topn)
    peer = of_gensim(words, matrix, asked, topn)
    check(pairs["one word"](), peer["one word"]() if peer else None)
    seconds: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, ask in pairs.items():
            seconds.setdefault(name, []).append(timed(ask)[0])
            if name in peer:
                seconds.setdefault(f"{name}, gensim", []).append(timed(peer[name])[0])
    print(f"{'':22}{'wordkin':>12}{'gensim':>12}{'ratio':>9}")
    for name in pairs:
        own, other = seconds[name], seconds.get(f"{name}, gensim")
        line = f"{name:22}{statistics.median(own) * 1000:12.2f}"
        if other:
            ratio = statistics.median(b / a for a, b in zip(own, other, strict=True))
            line += f"{statistics.median(other) * 1000:12.2f}{ratio:8.1f}x"
        print(line)


def questions(vectors: WordVectors, asked: list[str], topn: int) -> dict[str, Ask]:
    """Return the questions by name, and what they cannot be faster than."""
    batch = np.stack([vectors[word] for word in asked])
    one, two, three = asked[:3]
    return {
        "read": lambda: vectors.matrix.sum(),
        "one word": lambda: vectors.most_similar(one, topn=topn),
        "analogy": lambda: vectors.analogy(one, two, three, topn),
        "analogy, product": lambda: vectors.analogy(one, two, three, topn, "mul"),
        "rank": lambda: vectors.rank(one, two),
        "product": lambda: in_tiles(batch, vectors.matrix),
        "batch": lambda: vectors.most_similar_batch(asked, topn),
    }


def of_gensim(words: list[str], matrix: Float32, asked: list[str], topn: int) -> dict[str, Ask]:
    """Return the same questions to gensim, which asks a batch word by word; none without gensim."""
    try:
        models: Any = import_module("gensim.models")
    except ImportError:
        print("gensim is not installed: skipped")
        return {}
    vectors = models.KeyedVectors(matrix.shape[1])
    vectors.add_vectors(words, matrix)
    vectors.fill_norms()
    one, two, three = asked[:3]
    return {
        "one word": lambda: vectors.most_similar(one, topn=topn),
        "analogy": lambda: vectors.most_similar([two, three], [one], topn=topn),
        "analogy, product": lambda: vectors.most_similar_cosmul([two, three], [one], topn=topn),
        "rank": lambda: vectors.rank(one, two),
        "batch": lambda: [vectors.most_similar(word, topn=topn) for word in asked],
    }


def in_tiles(queries: Float32, matrix: Float32, columns: int = 1024) -> None:
    """Multiply as a batch does, without keeping or looking at the products."""
    for start in range(0, len(matrix), columns):
        queries @ matrix[start : start + columns].T


def check(own: Any, other: Any) -> None:
    """Stop if the tools find different words."""
    if other is not None and [w for w, _ in own] != [w for w, _ in other]:
        raise SystemExit(f"the answers differ:\n{own}\n{other}")


def timed(ask: Ask) -> tuple[float, Any]:
    """Return the seconds that a question takes, and the answer."""
    start = time.perf_counter()
    answer = ask()
    return time.perf_counter() - start, answer


if __name__ == "__main__":
    main()
