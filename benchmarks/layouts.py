"""How long each layout takes, and how many neighbours stay near in the plane.

    python benchmarks/layouts.py MODEL [--words 100000] [--asked 2000] [--layouts pca tsne]

Of words drawn from the first ones, the 10 nearest by cosine are compared with the 10 nearest in the
plane: the share that is in both, on average. By chance it would be 10 / words.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

import wordkin
from wordkin.views.projection import LAYOUTS, layout

K = 10


def main() -> None:
    """Lay out the words by each method, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--asked", type=int, default=2000, help="words whose neighbours are asked")
    parser.add_argument("--layouts", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    told = parser.parse_args()
    vectors = wordkin.load(told.model, limit=told.words)
    print(f"{len(vectors):,} words of {vectors.dim} dimensions")
    print("layout   seconds  neighbours kept")
    for method in told.layouts:
        begun = time.perf_counter()
        points = layout(vectors.matrix, method)
        seconds = time.perf_counter() - begun
        print(f"{method:<8} {seconds:7.1f}  {_kept(vectors, points, told.asked):.3f}")


def _kept(vectors: wordkin.WordVectors, points: np.ndarray, asked: int) -> float:
    rng = np.random.default_rng(0)
    rows = rng.choice(len(vectors), min(asked, len(vectors)), replace=False)
    near, _ = vectors.neighbour_rows(rows, K)
    _, in_plane = cKDTree(points).query(points[rows], K + 1)
    shared = [
        len(set(a) & set(b) - {row}) / K for row, a, b in zip(rows, near, in_plane, strict=True)
    ]
    return float(np.mean(shared))


if __name__ == "__main__":
    main()
