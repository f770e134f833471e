"""Whether sentence-transformers gives a text the mean of its known words' vectors.

    python benchmarks/load_static_embedding.py MODEL [TEXTS]

Takes sentence-transformers, in an environment with it and wordkin. Writes MODEL as a folder for it,
loads that, and compares so many random texts, with unknown words and odd white space in them.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

import wordkin


def main(model: str, texts: int = 2000) -> None:
    """Print the largest difference of a number."""
    vectors = wordkin.load(model)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model")
        wordkin.save(target, vectors, format="sentence-transformers")
        transformer = SentenceTransformer(str(target), device="cpu")
        rng = random.Random(1)
        drawn = [_text(rng, vectors.words) for _ in range(texts)]
        found = transformer.encode(drawn)
    expected = np.stack([_mean(text, vectors) for text in drawn])
    print(f"{texts} texts: they differ by {np.abs(found - expected).max():.1e} at most")


def _text(rng: random.Random, words: tuple[str, ...]) -> str:
    """Return some words of the vocabulary, of which some are spoiled."""
    some = rng.choices(words, k=rng.randrange(12))
    some = [word + rng.choice(words) if rng.random() < 0.2 else word for word in some]
    return "".join(rng.choice([" ", "  ", "\t", "\n", "\r\n"]) + word for word in some)


def _mean(text: str, vectors: wordkin.WordVectors) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    words = (raw.decode() for raw in text.encode().split())
    known = [vectors[word].astype(np.float64) for word in words if word in vectors]
    return np.mean(known, axis=0) if known else np.zeros(vectors.dim)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
