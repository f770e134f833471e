"""Where the exact engine starts: the sizes of the growing vocabulary, and the initial matrices.

`stages` turns a vocabulary size into sizes; `start` turns the problem of the first size into
matrices, by a truncated SVD.
"""

from __future__ import annotations

import math

import numpy as np

from wordkin.engines.exact.problem import Problem
from wordkin.engines.settings import ExactSettings
from wordkin.system.types import Float64

INITIAL_WORDS = 4096
"""The number of words that training starts with, the most frequent ones."""
MAX_GROWTH = 3.0
"""A stage has at most this many times as many words as the one before."""


def stages(words: int) -> list[int]:
    """Return the vocabulary size of each stage: from `INITIAL_WORDS` to `words`."""
    if words <= INITIAL_WORDS:
        return [words]
    steps = math.ceil(math.log(words / INITIAL_WORDS) / math.log(MAX_GROWTH))
    return [round(INITIAL_WORDS * (words / INITIAL_WORDS) ** (i / steps)) for i in range(steps)] + [
        words
    ]


def start(problem: Problem, settings: ExactSettings) -> tuple[Float64, Float64]:
    """Return the initial center and outside matrix, (V, d) and (outside words, d).

    One axis holds the biases of the outside words, as if centers and outside words were
    independent. The others hold a truncated SVD of the positive pointwise mutual information, by a
    randomised range finder (Halko, Martinsson and Tropp 2011). It takes a dense matrix of centers
    by outside words, which fits for the words of the first stage.
    """
    V, W, d, n = len(problem), len(problem.outside_n), settings.dim, problem.outside_n
    _, columns, values = problem.pairs.rows(0, V)
    rows = np.repeat(np.arange(V), problem.pairs.lengths)
    pmi = np.zeros((V, W), np.float32)
    with np.errstate(divide="ignore"):
        pmi[rows, columns] = np.log(
            np.maximum(values * problem.total / (problem.n[rows] * n[columns]), 1)
        )
    rank = min(d - 1, V)
    rng = np.random.default_rng(settings.seed)
    span = pmi @ rng.standard_normal((W, min(rank + 20, V)), dtype=np.float32)
    back = pmi if V == W else pmi.T  # without sides it is symmetric
    for _ in range(2):
        span = pmi @ (back @ np.linalg.qr(span)[0])
    basis = np.linalg.qr(span)[0]
    left, s, right = np.linalg.svd(basis.T @ pmi, full_matrices=False)
    scale = np.sqrt(s[:rank])
    center, outside = np.zeros((V, d)), np.zeros((W, d))
    center[:, :rank] = basis @ left[:, :rank] * scale
    outside[:, :rank] = right[:rank].T * scale
    biases = np.where(n > 0, problem.biases, 0)
    size = math.sqrt(np.abs(biases).mean()) or 1.0
    center[:, -1], outside[:, -1] = size, biases / size
    return center, outside
