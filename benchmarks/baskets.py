"""Baskets of products, and windows wider than the lines: right neighbours and seconds.

``baskets.py [--gensim PYTHON] [--rounds 5] [--texts FILE ...]``: PYTHON is an interpreter that has
gensim; without it, wordkin stands alone. Three tables:

- the share of each item's nearest neighbours that are of its group, in baskets of 25, 400 and
  20,000 items, by the threshold of subsampling, of which `auto` is the default;
- seconds of training by window, on 20,000 lines of 3 to 8 items, in turns with gensim: medians,
  the least and the most;
- for each text, the threshold that `auto` chooses, and the share of words that it keeps.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import wordkin
from wordkin.corpus.reading import read_corpus
from wordkin.engines.subsampling import chosen_threshold, kept_share

HERE = Path(__file__).resolve().parent
CASES = {
    "25 items": (5, 5, 20_000),
    "400 items": (40, 10, 20_000),
    "20,000 items": (2000, 10, 200_000),
}
WINDOWS: list[Any] = [5, 7, 50, 100, 200, 9_999_999, "line"]
GENSIM: dict[str, Any] = {
    "dim": 100,
    "window": 5,
    "negatives": 5,
    "min_count": 5,
    "subsample": 1e-3,
    "threads": 1,
    "learning_rate": 0.025,
    "seed": 1,
    "epochs": 5,
}


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gensim", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--texts", nargs="*", default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _neighbours(Path(folder), given.gensim)
        _windows(Path(folder), given.gensim, given.rounds)
    for text in given.texts:
        for min_count in (1, 5):
            counts = read_corpus(text, min_count=min_count).vocabulary.counts
            threshold = chosen_threshold(counts)
            print(
                f"{Path(text).name}, min_count {min_count}: {len(counts):,} words, auto"
                f" {threshold:g}, keeps {kept_share(counts, threshold):.1%}"
            )


def baskets(groups: int, size: int, number: int, noise: float = 0.3) -> list[list[str]]:
    """Return baskets of 3 to 8 items of one group, of which some are replaced by any item."""
    rng = random.Random(1)
    found = []
    for _ in range(number):
        group = rng.randrange(groups) * size
        own = rng.sample(range(group, group + size), min(rng.randint(3, 8), size))
        found.append(
            [f"{rng.randrange(groups * size) if rng.random() < noise else item}" for item in own]
        )
    return found


def right(vectors: wordkin.WordVectors, size: int) -> float:
    """Return the share of the nearest neighbours that are of the item's group."""
    words = random.Random(2).sample(vectors.words, min(1000, len(vectors)))
    near = vectors.most_similar_batch(words, topn=min(size - 1, 5))
    hits = [
        int(other) // size == int(word) // size
        for word, others in zip(words, near, strict=True)
        for other, _ in others
    ]
    return statistics.mean(hits)


def _neighbours(folder: Path, gensim: str | None) -> None:
    print("share of right neighbours\n")
    for name, (groups, size, number) in CASES.items():
        lines = baskets(groups, size, number)
        for settings in (
            {},
            {"subsample": 1e-4},
            {"subsample": 1e-3},
            {"subsample": 0},
            {"engine": "exact"},
        ):
            model = wordkin.Word2Vec(**settings, threads=1).fit(lines, progress=False)
            print(
                f"{name}, {settings or 'defaults'}: threshold {model.settings.subsample:g},"
                f" dropped {model.account.dropped:.1%}, right {right(model.vectors, size):.3f}",
                flush=True,
            )
        if gensim:
            vectors = _gensim(gensim, folder, lines, {})[1]
            print(f"{name}, gensim's defaults: right {right(vectors, size):.3f}", flush=True)


def _windows(folder: Path, gensim: str | None, rounds: int) -> None:
    lines = baskets(40, 10, 20_000)
    print(f"\nseconds of training on 20,000 lines of 3 to 8 items, medians of {rounds} rounds\n")
    seconds: dict[str, dict[Any, list[float]]] = {}
    for _ in range(rounds):
        for window in WINDOWS:
            for engine in ("stochastic", "exact"):
                model = wordkin.Word2Vec(engine=engine, window=window, threads=1, subsample=1e-3)
                account = model.fit(lines, progress=False).account
                spent = account.counting + account.training
                seconds.setdefault(engine, {}).setdefault(window, []).append(spent)
            if gensim and window != "line":
                spent = _gensim(gensim, folder, lines, {"window": window})[0]
                seconds.setdefault("gensim", {}).setdefault(window, []).append(spent)
    for tool, by_window in seconds.items():
        print(f"{tool}: {', '.join(f'{w}: {_spread(all)}' for w, all in by_window.items())}")


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def _gensim(
    python: str, folder: Path, lines: list[list[str]], changes: dict[str, Any]
) -> tuple[float, wordkin.WordVectors]:
    """Train gensim in a process of its own: seconds of training, and its vectors."""
    text, model = folder / "text", folder / "model.bin"
    text.write_text("".join(" ".join(line) + "\n" for line in lines))
    options = json.dumps(GENSIM | changes)
    command = [python, str(HERE / "train_gensim.py"), str(text), str(model), options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["seconds"]["training"], wordkin.load(model)


if __name__ == "__main__":
    main()
