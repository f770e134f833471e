"""Where the exact engine starts: a growing vocabulary, and first matrices from an SVD."""

from __future__ import annotations

import math

import numpy as np

from wordkin.engines.exact.problem import Problem
from wordkin.engines.settings import ExactSettings
from wordkin.system.types import Float64

CORE = 4096
"""The words that training begins with: the most frequent. More are taken in by and by."""
GROWTH = 3.0
"""At most so many times more words are taken in at a time."""


def stages(words: int) -> list[int]:
    """Return the vocabularies to descend on, one after the other: `CORE` words, and more."""
    if words <= CORE:
        return [words]
    steps = math.ceil(math.log(words / CORE) / math.log(GROWTH))
    return [round(CORE * (words / CORE) ** (i / steps)) for i in range(steps)] + [words]


# ---- where to begin ------------------------------------------------------------------------------


def start(problem: Problem, settings: ExactSettings) -> tuple[Float64, Float64]:
    """Return matrices to begin with: the logits of an independent model, and what is above them.

    One axis holds the outside words' biases; the others a truncated SVD of the positive pointwise
    mutual information, by a randomised range finder (Halko, Martinsson and Tropp 2011). It is
    dense: for the few words that training begins with.
    """
    V, d, n = len(problem), settings.dim, problem.n
    rows = np.repeat(np.arange(V), np.diff(problem.pairs.indptr))
    columns = problem.pairs.indices
    information = np.zeros((V, V), np.float32)
    with np.errstate(divide="ignore"):
        information[rows, columns] = np.log(
            np.maximum(problem.pairs.values * problem.total / (n[rows] * n[columns]), 1)
        )
    rank = min(d - 1, V)
    rng = np.random.default_rng(settings.seed)
    span = information @ rng.standard_normal((V, min(rank + 20, V)), dtype=np.float32)
    for _ in range(2):
        span = information @ (information @ np.linalg.qr(span)[0])
    basis = np.linalg.qr(span)[0]
    left, s, right = np.linalg.svd(basis.T @ information, full_matrices=False)
    scale = np.sqrt(s[:rank])
    center, outside = np.zeros((V, d)), np.zeros((V, d))
    center[:, :rank] = basis @ left[:, :rank] * scale
    outside[:, :rank] = right[:rank].T * scale
    biases = np.where(n > 0, problem.biases, 0)
    size = math.sqrt(np.abs(biases).mean()) or 1.0
    center[:, -1], outside[:, -1] = size, biases / size
    return center, outside
