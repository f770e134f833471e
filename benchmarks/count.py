"""How long counting takes: a line for each window and subsampling threshold.

The text is read once, which is not in the times; each time is the least of a few. Pairs are the
entries of the result, both (c, o) and (o, c); MB is what they take.

    python benchmarks/count.py CORPUS [--windows 5 10 --subsample 0 1e-3 1e-4 --runs 3]
"""

from __future__ import annotations

import argparse
import os
import time

from wordkin.corpus.encoded import Corpus
from wordkin.corpus.reading import read_corpus
from wordkin.engines.counts.counting import count
from wordkin.objectives import keep_probability


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    parser.add_argument("--windows", type=int, nargs="+", default=[5, 10])
    parser.add_argument("--subsample", type=float, nargs="+", default=[0, 1e-3, 1e-4])
    parser.add_argument("--min-count", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--runs", type=int, default=3)
    told = parser.parse_args()
    corpus = read_corpus(told.corpus, min_count=told.min_count)
    counts = corpus.vocabulary.counts
    print(f"{counts.sum():,} words, {len(counts):,} different ones, {told.threads} threads")
    print("window  subsample  kept  seconds  M words/s  M pairs     MB")
    frequency = counts / counts.sum()
    for window in told.windows:
        for subsample in told.subsample:
            runs = [_run(corpus, window, subsample, told.threads) for _ in range(told.runs)]
            seconds, entries, size = min(runs)
            kept = frequency @ keep_probability(frequency, subsample)
            print(
                f"{window:6}  {subsample:9g}  {kept:4.0%}  {seconds:7.2f}"
                f"  {counts.sum() / seconds / 1e6:9.1f}  {entries / 1e6:7.1f}  {size / 1e6:5.0f}",
                flush=True,
            )


def _run(corpus: Corpus, window: int, subsample: float, threads: int) -> tuple[float, int, int]:
    """Seconds, entries, and bytes of the entries."""
    began = time.perf_counter()
    pairs = count(
        corpus.ids, corpus.vocabulary.counts, window=window, subsample=subsample, threads=threads
    )
    seconds = time.perf_counter() - began
    return seconds, pairs.nnz, pairs.indices.nbytes + pairs.values.nbytes


if __name__ == "__main__":
    main()
