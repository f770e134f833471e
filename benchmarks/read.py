"""How fast a text is read, by the number of threads: all in turns, in one process.

    python benchmarks/read.py FILE [FILE ...] [--threads 1 2] [--rounds 5] [--json FILE]

Each round reads the text once with each number of threads, with the settings that `wordkin train`
has by default. What is read must be the same each time: vocabulary, ids, held-out lines,
fingerprint. Megabytes are those of the text, unpacked. The speed-up is that over the first number
of threads in the same round: the median of the rounds, and the lowest and highest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from statistics import median

from wordkin.corpus.encoded import Corpus
from wordkin.corpus.reading import read_corpus


def main() -> None:
    """Read in turns, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    seconds: dict[int, list[float]] = {threads: [] for threads in told.threads}
    digests = set()
    megabytes = 0.0
    for number in range(told.rounds + 1):
        for threads in told.threads:
            began = time.perf_counter()
            corpus = read_corpus(told.files, min_count=5, held_out=0.01, window=5, threads=threads)
            if number:  # the first round brings the files into memory
                seconds[threads].append(time.perf_counter() - began)
            digests.add(_digest(corpus))
            assert corpus.fingerprint is not None
            megabytes = corpus.fingerprint.bytes / 1e6
            del corpus
    first = seconds[told.threads[0]]
    print(f"{megabytes:,.0f} MB, medians of {told.rounds} rounds")
    print("threads  seconds             MB/s  speed-up")
    for threads, taken in seconds.items():
        ratios = [a / b for a, b in zip(first, taken, strict=True)]
        print(
            f"{threads:7}  {median(taken):.3f} ({min(taken):.3f} to {max(taken):.3f})"
            f"  {megabytes / median(taken):4.0f}"
            f"  {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    print("the same each time" if len(digests) == 1 else "WHAT WAS READ DIFFERS")
    if told.json:
        told.json.write_text(json.dumps({"MB": megabytes, "seconds": seconds}, indent=1))


def _digest(corpus: Corpus) -> str:
    digest = hashlib.sha256("\n".join(corpus.vocabulary.words).encode("utf-8", "surrogateescape"))
    for array in (corpus.vocabulary.counts, corpus.ids, corpus.held_out, corpus.held_out_counts):
        digest.update(array.tobytes())
    digest.update(repr((corpus.tokens, corpus.lines, corpus.fingerprint)).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
