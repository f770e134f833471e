"""What n-grams know: neighbours of unknown words, and of forms of the same stem.

    python benchmarks/subwords.py unknown SMALLER LARGER [--words 2000 --least 5 --most 50]
    python benchmarks/subwords.py stems MODEL ... [--words 500 --characters 2]
    python benchmarks/subwords.py unseen CORPUS MODEL OTHER

`unknown`: of words that only the larger of two models knows, the overlap of the ten neighbours of
the vector that the smaller model composes with those of the vector that the larger one has trained,
among the words of the smaller one. `stems`: of long words of middling frequency, the share of ten
neighbours that begin with the same characters. `unseen`: the loss of naive softmax on the lines
that both models held out of this text, and its difference, with standard errors over lines.
"""

from __future__ import annotations

import argparse

import numpy as np

import wordkin
from wordkin.corpus.encoded import LINE_END
from wordkin.engines.counts.counting import count_lines
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings
from wordkin.system.progress import Progress
from wordkin.system.types import Float64
from wordkin.training.source import read_text
from wordkin.vectors.subwords import SubwordVectors

NEIGHBOURS = 10


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(required=True)
    kind = kinds.add_parser("unknown")
    kind.add_argument("smaller")
    kind.add_argument("larger")
    kind.add_argument("--words", type=int, default=2000)
    kind.add_argument("--least", type=int, default=5)
    kind.add_argument("--most", type=int, default=50)
    kind.set_defaults(run=unknown)
    kind = kinds.add_parser("stems")
    kind.add_argument("models", nargs="+")
    kind.add_argument("--words", type=int, default=500)
    kind.add_argument("--characters", type=int, default=2)
    kind.set_defaults(run=stems)
    kind = kinds.add_parser("unseen")
    kind.add_argument("corpus")
    kind.add_argument("models", nargs=2)
    kind.set_defaults(run=unseen)
    told = parser.parse_args()
    told.run(told)


def unknown(told: argparse.Namespace) -> None:
    """Print the mean overlap and its standard error."""
    smaller, larger = wordkin.load(told.smaller), wordkin.load(told.larger)
    assert isinstance(smaller, SubwordVectors)
    counts = larger.counts
    assert counts is not None
    rare = [
        word
        for word, count in zip(larger.words, counts, strict=True)
        if told.least <= count <= told.most and word not in smaller
    ]
    rng = np.random.default_rng(1)
    asked = [rare[i] for i in rng.permutation(len(rare))[: told.words]]
    among = larger.take([word for word in smaller.words if word in larger])
    overlaps, nothing = [], 0
    for word in asked:
        try:
            composed = smaller.most_similar(smaller[word], topn=NEIGHBOURS)
        except wordkin.UnknownWordError:
            nothing += 1
            continue
        trained = among.most_similar(larger[word], topn=NEIGHBOURS)
        both = {near for near, _ in composed} & {near for near, _ in trained}
        overlaps.append(len(both) / NEIGHBOURS)
    error = np.std(overlaps) / np.sqrt(len(overlaps))
    print(
        f"{len(overlaps):,} words, {nothing} more without a known n-gram:"
        f" overlap {np.mean(overlaps):.3f} ± {error:.3f}"
    )


def stems(told: argparse.Namespace) -> None:
    """Print the share of neighbours with the same first characters, for each model."""
    for path in told.models:
        vectors = wordkin.load(path)
        middling = vectors.words[len(vectors) // 10 : len(vectors) // 2]
        long = [w for w in middling if w.isalpha() and len(w) > told.characters]
        rng = np.random.default_rng(1)
        asked = [long[i] for i in rng.permutation(len(long))[: told.words]]
        near = vectors.most_similar_batch(asked, topn=NEIGHBOURS)
        k = told.characters
        same = sum(n[:k] == w[:k] for w, of in zip(asked, near, strict=True) for n, _ in of)
        print(f"{path}: {same / NEIGHBOURS / len(asked):.3f} of {len(asked)} words")


def unseen(told: argparse.Namespace) -> None:
    """Print the mean losses per pair, and their difference."""
    models = [wordkin.Word2Vec.load(path) for path in told.models]
    settings = models[0].settings
    assert isinstance(settings, ExactSettings)
    corpus = read_text(told.corpus, settings, Progress())
    ends = np.flatnonzero(corpus.held_out == LINE_END)
    begins = np.concatenate([[0], ends[:-1] + 1])
    per_line, pairs = [], []
    log_z = [normalisers(model) for model in models]
    for begin, end in zip(begins, ends, strict=True):
        line = np.ascontiguousarray(corpus.held_out[begin : end + 1])
        N = count_lines(line, corpus.vocabulary.counts, settings, None, Run())
        c, o = np.repeat(np.arange(N.size), np.diff(N.indptr)), N.indices
        pairs.append(float(N.values.sum()))
        per_line.append(
            [
                N.values @ (z[c] - (m.center.matrix[c] * m.outside.matrix[o]).sum(axis=1))
                for m, z in zip(models, log_z, strict=True)
            ]
        )
    n, losses = np.array(pairs), np.array(per_line)
    for what, x in (
        (told.models[0], losses[:, 0]),
        (told.models[1], losses[:, 1]),
        ("difference", losses[:, 0] - losses[:, 1]),
    ):
        mean = x.sum() / n.sum()
        error = np.sqrt(np.square(x - mean * n).sum()) / n.sum()
        print(f"{what}: {mean:.4f} ± {error:.4f} over {len(n):,} lines")


def normalisers(model: wordkin.Word2Vec) -> Float64:
    """Return log Z of each center, over the outside words that have a pair."""
    V, U = model.center.matrix, model.outside.matrix
    found = np.empty(len(V))
    for first in range(0, len(V), 512):
        logits = V[first : first + 512] @ U.T
        logits[:, ~U.any(axis=1)] = -np.inf
        top = logits.max(axis=1)
        sums = np.exp(logits - top[:, None]).sum(axis=1, dtype=np.float64)
        found[first : first + 512] = np.log(sums) + top
    return found


if __name__ == "__main__":
    main()
