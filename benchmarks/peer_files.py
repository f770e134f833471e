"""Whether the files of fastText and gensim give here what they give there, word by word.

    python benchmarks/peer_files.py CORPUS [--dim 100]

Comes in: a text. Goes out: a line for each kind of file, with how many vectors were compared, how
many differ in a bit, by how much at most, and how long reading took here and there. Trains with
both peers in a temporary folder.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import wordkin

Known = Callable[[str], Any]  # the vector that the peer gives of a word


def main() -> int:
    """Compare every kind of file; 1 if a vector differs by more than rounding."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--dim", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        worst = max(
            fasttext_files(given.corpus, given.dim, Path(folder)),
            gensim_files(given.corpus, given.dim, Path(folder)),
        )
    return int(worst > 1e-6)


def fasttext_files(corpus: Path, dim: int, folder: Path) -> float:
    """Compare fastText's models, with n-grams of several lengths and without."""
    import fasttext

    worst = 0.0
    for minn, maxn in ((3, 6), (1, 3), (0, 0)):
        path = folder / f"{minn}-{maxn}.bin"
        settings = {"dim": dim, "minn": minn, "maxn": maxn, "epoch": 1, "bucket": 200_000}
        fasttext.train_unsupervised(str(corpus), verbose=0, **settings).save_model(str(path))
        begin = time.perf_counter()
        model = fasttext.load_model(str(path))
        there = time.perf_counter() - begin
        others = unknown(model) if maxn else []
        name = f"fastText, {minn} to {maxn}"
        worst = max(worst, compare(name, path, "fasttext", others, model.get_word_vector, there))
    return worst


def gensim_files(corpus: Path, dim: int, folder: Path) -> float:
    """Compare gensim's models and KeyedVectors, in one file and with arrays beside it."""
    from gensim.models import FastText, Word2Vec

    worst = 0.0
    for kind, settings in ((Word2Vec, {}), (FastText, {"bucket": 200_000})):
        model = kind(corpus_file=str(corpus), vector_size=dim, epochs=1, **settings)
        others = unknown(model.wv) if settings else []
        for limit in (1, 1 << 40):  # of numbers in an array that is not kept beside
            for of, thing in (("model", model), ("vectors", model.wv)):
                path = folder / f"{kind.__name__}-{of}-{limit}"
                thing.save(str(path), sep_limit=limit)
                begin = time.perf_counter()
                type(thing).load(str(path))
                there = time.perf_counter() - begin
                name = f"gensim, {kind.__name__}, {of}, {'beside' if limit == 1 else 'inside'}"
                known: Known = model.wv.__getitem__
                worst = max(worst, compare(name, path, "gensim", others, known, there))
    return worst


def unknown(model: Any) -> list[str]:
    """Give words that the model has not seen."""
    rng = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz가나다라마바사é👩"
    words = ["".join(rng.choices(letters, k=rng.randint(3, 15))) for _ in range(1000)]
    known = getattr(model, "key_to_index", model)  # gensim has any word "in" a FastText model
    return [word for word in words if word not in known]


def compare(
    name: str, path: Path, format: str, others: list[str], known: Known, there: float
) -> float:
    """Print a line, and return the largest difference."""
    begin = time.perf_counter()
    vectors = wordkin.load(path, format=format)
    here = time.perf_counter() - begin
    # The peers' own interface gives no word that is not UTF-8.
    words = [word for word in vectors.words if word.isascii() or max(word) < "\udc80"] + others
    mine, theirs = (np.stack([of(word) for word in words]) for of in (vectors.__getitem__, known))
    unlike = int((mine.view(np.uint32) != theirs.view(np.uint32)).any(axis=1).sum())
    worst = float(np.abs(mine - theirs).max())
    print(
        f"{name}: {len(words):,} words, {len(others):,} of them unknown; {unlike:,} differ in a"
        f" bit, by at most {worst:.1g}; read in {here:.2f} s, there in {there:.2f} s"
    )
    return worst


if __name__ == "__main__":
    sys.exit(main())
