"""Compare `wordkin evaluate` with gensim's evaluation: the same scores, and how long they take.

``scores.py VECTORS FOLDER [--rounds N]``: vectors in any format that wordkin reads, and the folder
of the question files that `evaluate` names. Every word is a candidate and case does not count, for
both. Ours also draw the intervals, 2,000 resamples a file. Exits with 1 where a score differs in a
digit that is printed. Takes gensim and wordkin.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from evaluate import ANALOGIES, SIMILARITIES, kind_of, missing_files, vectors_of

import wordkin
from wordkin import evaluation

T = TypeVar("T")


def timed(rounds: int, work: Callable[[], T]) -> tuple[T, float]:
    """Return what the work gave, and the median of the seconds that it took."""
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return result, median(seconds)


def gensim_analogies(vectors: Any, path: Path) -> dict[str, str]:
    """Return the right and the known questions of each section and kind."""
    _, sections = vectors.evaluate_word_analogies(str(path), restrict_vocab=len(vectors))
    counted: dict[str, list[int]] = {}
    for section in sections[:-1]:
        right = len(section["correct"])
        known = right + len(section["incorrect"])
        for name in ("total", kind_of(section["section"]), section["section"]):
            count = counted.setdefault(name, [0, 0])
            count[0] += right
            count[1] += known
    return {name: f"{right} of {known}" for name, (right, known) in counted.items()}


def our_analogies(vectors: wordkin.WordVectors, path: Path) -> dict[str, str]:
    """Return the same of ours."""
    found = evaluation.evaluate_analogies(vectors, evaluation.read_analogies(path))
    parts = {"total": found.total, **found.kinds, **dict(found.sections)}
    return {name: f"{part.right} of {part.known}" for name, part in parts.items()}


def gensim_similarity(vectors: Any, path: Path) -> dict[str, str]:
    """Return both correlations to four digits, as gensim logs them."""
    pearson, spearman, _ = vectors.evaluate_word_pairs(str(path), restrict_vocab=len(vectors))
    return {"Spearman": f"{spearman[0]:.4f}", "Pearson": f"{pearson[0]:.4f}"}


def our_similarity(vectors: wordkin.WordVectors, path: Path) -> dict[str, str]:
    """Return the same of ours, which has an interval besides."""
    found = evaluation.evaluate_similarity(vectors, evaluation.read_similarity(path))
    return {"Spearman": f"{found.spearman:.4f}", "Pearson": f"{found.pearson:.4f}"}


def main() -> None:
    """Run both on every file, and print what differs and the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="of ours; gensim runs once")
    arguments = parser.parse_args()
    if missing := missing_files(arguments.folder):
        sys.exit(f"{arguments.folder}: no {', '.join(missing)}")
    ours = wordkin.load(arguments.vectors)
    theirs = vectors_of(ours.words, ours.matrix)
    print(f"{len(ours):,} words × {ours.dim}")
    different = 0
    for name in (ANALOGIES, *SIMILARITIES.values()):
        path = arguments.folder / name
        score, rival = (
            (our_analogies, gensim_analogies)
            if name == ANALOGIES
            else (our_similarity, gensim_similarity)
        )
        found, seconds = timed(arguments.rounds, partial(score, ours, path))
        expected, rival_seconds = timed(1, partial(rival, theirs, path))
        print(
            f"{name:<22} wordkin {seconds:7.2f} s   gensim {rival_seconds:7.2f} s"
            f"   {rival_seconds / seconds:5.1f} ×"
        )
        for part in expected.keys() | found.keys():
            if found.get(part) != expected.get(part):
                different += 1
                print(f"  {part}: wordkin {found.get(part)}, gensim {expected.get(part)}")
    print("every score is the same" if not different else f"{different} scores differ")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
