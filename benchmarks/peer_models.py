"""Whether files of fastText, gensim and word2vec.c give here what they give there, and ours there.

    python benchmarks/peer_models.py CORPUS [--dim 100]

Comes in: a text. Goes out: a line for each kind of file, with how many vectors were compared, how
many differ in a bit, by how much at most, and how long reading took here and there. Trains with
all peers in a temporary folder.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peers import Word2vecC

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
            word2vec_files(given.corpus, given.dim, Path(folder)),
            our_files(given.corpus, given.dim, Path(folder)),
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


def word2vec_files(corpus: Path, dim: int, folder: Path) -> float:
    """Compare what word2vec.c writes, binary and text, with what gensim reads of it."""
    from gensim.models import KeyedVectors

    worst = 0.0
    for binary, format in ((1, "word2vec-binary"), (0, "word2vec-text")):
        path = folder / format
        # fmt: off
        command = [
            Word2vecC.executable(), "-train", str(corpus), "-output", str(path),
            "-size", str(dim), "-iter", "1", "-binary", str(binary), "-cbow", "0", "-threads", "2",
        ]
        # fmt: on
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        begin = time.perf_counter()
        peer = KeyedVectors.load_word2vec_format(str(path), binary=bool(binary))
        there = time.perf_counter() - begin
        known: Known = peer.__getitem__
        worst = max(worst, compare(f"word2vec.c, {format}", path, format, [], known, there))
    return worst


def our_files(corpus: Path, dim: int, folder: Path) -> float:
    """Let gensim and fastText read what wordkin writes; return the largest difference."""
    import fasttext
    from gensim.models import KeyedVectors

    vectors = wordkin.Word2Vec(dim=dim, epochs=1).fit(str(corpus), progress=False).vectors
    found = {}
    for format in ("word2vec-binary", "word2vec-text", "glove"):
        path = folder / f"ours-{format}"
        wordkin.save(path, vectors, format=format)
        peer = KeyedVectors.load_word2vec_format(
            str(path), binary=format == "word2vec-binary", no_header=format == "glove"
        )
        assert peer.index_to_key == list(vectors.words)
        found[f"gensim, {format}"] = peer.vectors
    # fastText reads vectors to begin a classifier with: at rate 0 they stay as they are.
    labels = folder / "labels.txt"
    labels.write_text("__label__a " + " ".join(vectors.words) + "\n", errors="surrogateescape")
    path = folder / "ours.vec"
    wordkin.save(path, vectors)
    model = fasttext.train_supervised(
        str(labels), dim=dim, epoch=1, lr=0.0, minCount=1, pretrainedVectors=str(path), verbose=0
    )
    found["fastText, .vec"] = np.stack([model.get_word_vector(word) for word in vectors.words])
    worst = 0.0
    for name, matrix in found.items():
        worst = max(worst, difference := float(np.abs(matrix - vectors.matrix).max()))
        print(f"ours read by {name}: {len(vectors):,} words, differ by at most {difference:.1g}")
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
