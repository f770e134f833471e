"""What deterministic training costs, and whether its vectors are as good as those without locks.

    python benchmarks/deterministic.py CORPUS [--eval DIR --runs 3 --epochs 5 --threads 2]

Both train in turns on the same ids; seconds are those of the epochs alone. With `--eval`, scores
are gensim's own (`evaluate.py`), among the 30,000 most frequent words.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from evaluate import QUALITIES, scores_of, vectors_of

from wordkin.corpus.reading import read_corpus
from wordkin.engines.settings import StochasticSettings
from wordkin.engines.stochastic import engine as stochastic_engine

AMONG = 30_000


def main() -> None:
    """Print a line for each run, then the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--eval", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    told = parser.parse_args()
    corpus = read_corpus(told.corpus, min_count=5, held_out=0.01)
    words = corpus.vocabulary.words[:AMONG]
    seconds: dict[bool, list[float]] = {True: [], False: []}
    scores: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    print("deterministic  seconds  loss    unseen  " + "  ".join(QUALITIES))
    for seed in range(1, told.runs + 1):
        for deterministic in (True, False):
            settings = StochasticSettings(
                epochs=told.epochs, threads=told.threads, seed=seed, deterministic=deterministic
            )
            trained = stochastic_engine.train(
                corpus.ids, corpus.vocabulary.counts, settings, held_out=corpus.held_out
            )
            last = trained.history[-1]
            seconds[deterministic].append(sum(epoch.seconds for epoch in trained.history))
            found = {}
            if told.eval:
                vectors = vectors_of(words, trained.center[:AMONG])
                found = {n: s["score"] for n, s in scores_of(vectors, told.eval).items()}
            scores[deterministic].append(found)
            shown = "  ".join(f"{found[name]:{len(name)}.1f}" for name in QUALITIES if found)
            print(
                f"{deterministic!s:<13}  {seconds[deterministic][-1]:7.2f}  {last.loss:.4f} "
                f" {last.held_out or 0:.4f}  {shown}",
                flush=True,
            )
    ratios = [a / b for a, b in zip(seconds[True], seconds[False], strict=True)]
    print(f"cost of being deterministic: {statistics.median(ratios):.2f} times", end=" ")
    print(f"({min(ratios):.2f} to {max(ratios):.2f})")
    for name in QUALITIES if told.eval else ():
        mean = {d: statistics.mean(found[name] for found in scores[d]) for d in scores}
        print(f"{name}: {mean[True]:.1f}, without locks {mean[False]:.1f}")


if __name__ == "__main__":
    main()
