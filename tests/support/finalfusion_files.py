"""Files in finalfusion's layout, made from its description."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

SIMPLE, DENSE, BUCKETS, QUANTISED, METADATA, NORMS, FASTTEXT, EXPLICIT, FLORET = range(1, 10)


def text(words: list[str]) -> bytes:
    raw = [word.encode() for word in words]
    return b"".join(struct.pack("<I", len(word)) + word for word in raw)


def simple(words: list[str]) -> tuple[int, bytes]:
    return SIMPLE, struct.pack("<Q", len(words)) + text(words)


def hashed(
    kind: int, words: list[str], buckets: int, shortest: int = 2, longest: int = 3
) -> tuple[int, bytes]:
    return kind, struct.pack("<QIII", len(words), shortest, longest, buckets) + text(words)


def explicit(words: list[str], ngrams: dict[str, int]) -> tuple[int, bytes]:
    table = b"".join(text([ngram]) + struct.pack("<Q", row) for ngram, row in ngrams.items())
    return EXPLICIT, struct.pack("<QQII", len(words), len(ngrams), 2, 3) + text(words) + table


def dense(matrix: Any, padding: int = 3) -> tuple[int, bytes]:
    matrix = np.asarray(matrix, "<f4")
    return DENSE, struct.pack("<QII", *matrix.shape, 10) + bytes(padding) + matrix.tobytes()


def norms(lengths: Any, padding: int = 1) -> tuple[int, bytes]:
    lengths = np.asarray(lengths, "<f4")
    return NORMS, struct.pack("<QI", len(lengths), 10) + bytes(padding) + lengths.tobytes()


def quantised(
    codes: Any, centroids: Any, projection: Any = None, lengths: Any = None
) -> tuple[int, bytes]:
    parts, count, width = centroids.shape
    head = struct.pack(
        "<IIIIIQII", projection is not None, lengths is not None, parts, parts * width, count,
        len(codes), 1, 10,
    )  # fmt: skip
    arrays = [projection, centroids, lengths]
    floats = b"".join(np.asarray(a, "<f4").tobytes() for a in arrays if a is not None)
    return QUANTISED, head + floats + codes.astype(np.uint8).tobytes()


def fifu(*chunks: tuple[int, bytes], version: int = 0, short: int = 0) -> bytes:
    """Return a file of these chunks; the length of the first is too small by `short`."""
    kinds = [kind for kind, _ in chunks]
    data = b"FiFu" + struct.pack(f"<II{len(kinds)}I", version, len(kinds), *kinds)
    for i, (kind, content) in enumerate(chunks):
        data += struct.pack("<IQ", kind, len(content) - (0 if i else short)) + content
    return data
