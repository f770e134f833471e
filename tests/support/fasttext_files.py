"""Files in fastText's layouts, made from the description of each."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import numpy as np

SETTINGS = (4, 5, 1, 1, 5, 1, 2, 2, 10, 2, 3, 100, 1e-4)  # dim … minn, maxn, …, t
NAMES = (
    "dim", "ws", "epoch", "min_count", "neg", "word_ngrams", "loss", "model", "bucket", "minn",
    "maxn", "update_rate", "t",
)  # fmt: skip
WORDS = {b"the": 3, b"</s>": 3, "서울".encode(): 2, b"caf\xe9": 1}


def settings(**change: int) -> bytes:
    """Return the settings."""
    return struct.pack("<12id", *(dict(zip(NAMES, SETTINGS, strict=True)) | change).values())


def entries(words: dict[bytes, int]) -> bytes:
    """Return the words in the dictionary."""
    return b"".join(word + struct.pack("<Bqb", 0, n, 0) for word, n in words.items())


def quantiser(centroids: Any, width: int) -> bytes:
    """Return a product quantiser with these centroids, (256, d)."""
    d = centroids.shape[1]
    cuts = [*range(0, d, width), d]
    parts = [centroids[:, a:b] for a, b in pairwise(cuts)]
    header = struct.pack("<iiii", d, len(parts), width, parts[-1].shape[1])
    return header + b"".join(np.ascontiguousarray(part, "<f4").tobytes() for part in parts)


def quantised(
    words: dict[bytes, int] = WORDS,
    *,
    d: int = 5,
    width: int = 2,
    bucket: int = 12,
    pruned: dict[int, int] | None = None,
    norms: bool = True,
    **change: int,
) -> tuple[bytes, Any]:
    """Return an .ftz file and the rows that it stands for, of words and then of n-grams."""
    rng = np.random.default_rng(7)
    rows = len(words) + (bucket if pruned is None else len(pruned))
    centroids = rng.normal(size=(256, d)).astype(np.float32)
    codes = rng.integers(0, 256, (rows, -(-d // width)), dtype=np.uint8)
    lengths = rng.normal(size=(256, 1)).astype(np.float32)
    length_codes = rng.integers(0, 256, rows, dtype=np.uint8)
    table = [] if pruned is None else [*pruned.items()]
    sizes = (len(words), len(words), 0, 9, -1 if pruned is None else len(table))
    data = b"".join(
        [
            struct.pack("<ii", 793712314, 12),
            settings(**{"dim": d, "bucket": bucket} | change),
            struct.pack("<iiiqq", *sizes),
            entries(words),
            *(struct.pack("<ii", *pair) for pair in table),
            struct.pack("<b?qqi", 1, norms, rows, d, codes.size),
            codes.tobytes(),
            quantiser(centroids, width),
            length_codes.tobytes() + quantiser(lengths, 1) if norms else b"",
            struct.pack("<b?qqi", 1, False, 0, d, 0),
        ]
    )  # fmt: skip
    part = np.arange(d) // width
    found = centroids[codes[:, part], np.arange(d)]
    return data, found * lengths[length_codes] if norms else found


def before_the_magic_number(words: dict[bytes, int], matrix: Any, **change: int) -> bytes:
    """Return a file as fastText wrote it before May 2017."""
    matrix = np.asarray(matrix, "<f4")
    sizes = {"dim": matrix.shape[1], "bucket": len(matrix) - len(words)} | change
    return b"".join(
        [
            settings(**sizes),
            struct.pack("<iiiq", len(words), len(words), 0, 9),
            entries(words),
            struct.pack("<qq", *matrix.shape),
            matrix.tobytes(),
            struct.pack("<qq", 0, matrix.shape[1]),
        ]
    )


def of_floret(words: dict[bytes, int], matrix: Any, mode: int, hashes: int = 1) -> bytes:
    """Return a file of floret, which has two more settings."""
    matrix = np.asarray(matrix, "<f4")
    head = settings(dim=matrix.shape[1], bucket=len(matrix) - len(words))
    return b"".join(
        [
            struct.pack("<ii", 793712314, 12),
            head[: 4 * 11],
            struct.pack("<ii", mode, hashes),
            head[4 * 11 :],
            struct.pack("<iiiqq", len(words), len(words), 0, 9, -1),
            entries(words),
            struct.pack("<bqq", 0, *matrix.shape),
            matrix.tobytes(),
            struct.pack("<bqq", 0, 0, matrix.shape[1]),
        ]
    )
