"""What bounds the kernel: words a second for each number of threads, and the share of the peak.

The peak is what this machine's BLAS reaches in a product of large float32 matrices on as many
threads, in the same run. The kernel's own work is counted as the three products of a step, without
what it spends on padding, exponentials, random numbers and moving rows. Instruction sets below the
best one are measured on one thread.

    python benchmarks/kernel.py CORPUS [--dim 100 --window 5 --negatives 5 --runs 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: one product a thread, as many as are asked

import numpy as np

from wordkin import _core
from wordkin.corpus.encoded import Corpus
from wordkin.corpus.reading import read_corpus
from wordkin.engines.settings import StochasticSettings
from wordkin.engines.stochastic import engine as stochastic_engine
from wordkin.engines.stochastic import plan
from wordkin.engines.windows import Windows

_SIZE = 1536


def main() -> None:
    """Print a line for each number of threads, then one for each instruction set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus")
    for name, default in (("dim", 100), ("window", 5), ("negatives", 5), ("runs", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    told = parser.parse_args()
    began = time.perf_counter()
    corpus = read_corpus(told.corpus, min_count=5)
    seconds = time.perf_counter() - began
    size = os.path.getsize(told.corpus)
    print(f"read {corpus.tokens:,} words, {size / seconds / 1e6:.0f} MB/s on one core")

    def settings(threads: int) -> StochasticSettings:
        return StochasticSettings(
            dim=told.dim,
            window=told.window,
            negatives=told.negatives,
            epochs=1,
            threads=threads,
        )

    cores = StochasticSettings().threads
    first = 0.0
    for threads in sorted({1, 2, 4, 8, 16, 32, 64, cores}):
        if threads > cores:
            break
        runs = [_run(corpus, settings(threads)) for _ in range(told.runs)]
        speed, flops = (statistics.median(column) for column in zip(*runs, strict=True))
        peak = _peak(threads)
        first = first or speed
        print(
            f"{threads} threads: {speed / 1e6:6.2f} M words/s ({speed / first:.2f} x),"
            f" {flops / 1e9:6.1f} of {peak / 1e9:6.1f} GFLOP/s ({flops / peak:.0%} of BLAS)"
        )
    for level in _core.levels():
        os.environ["WORDKIN_LEVEL"] = level
        speed = statistics.median(_run(corpus, settings(1))[0] for _ in range(told.runs))
        print(f"{level:>10}, 1 thread: {speed / 1e6:6.2f} M words/s")


def _run(corpus: Corpus, settings: StochasticSettings) -> tuple[float, float]:
    """Words of the text a second, and floating-point operations a second."""
    counts = corpus.vocabulary.counts
    (epoch,) = stochastic_engine.train(corpus.ids, counts, settings).history
    # Of a full window's 2m words, as many as the pairs' weights say were not cut by a line's end.
    windows = Windows.of(settings.window, corpus.ids)
    outside = 2 * windows.reach * (epoch.pairs / epoch.trained) / windows.weight
    rows = epoch.trained * (plan.pool_size(settings, windows) + outside)
    operations = 3 * 2 * settings.dim * rows
    return corpus.tokens / epoch.seconds, operations / epoch.seconds


def _peak(threads: int, seconds: float = 1.0) -> float:
    """Floating-point operations a second of matrix products, one on each thread."""

    def multiply(_: int) -> float:
        a = np.full((_SIZE, _SIZE), 0.5, np.float32)
        a @ a
        began, products = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            a @ a
            products += 1
        return products * 2 * _SIZE**3 / (time.perf_counter() - began)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(multiply, range(threads)))


if __name__ == "__main__":
    main()
