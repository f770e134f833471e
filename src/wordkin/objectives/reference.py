"""The reference trainer: stochastic gradient descent as a plain loop, to test kernels against.

Sentences of word ids in; center vectors, outside vectors and the loss of each epoch out. It takes
one window at a time with dense gradients, so it is for small corpora only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from wordkin.objectives.conventions import (
    FINAL_RATE,
    Array,
    Window,
    keep_probability,
    noise_distribution,
)
from wordkin.objectives.pairs import PairObjective, naive_softmax, negative_sampling, skipgram

PairsOf: TypeAlias = Callable[[np.random.Generator, Array, int], PairObjective]
"""``objective(rng, noise, negatives) -> PairObjective``: makes the loss of a pair from a generator,
the noise distribution ``(V,)``, and the number of negatives per pair."""


class EpochCounts(NamedTuple):
    """The totals of one pass over the corpus."""

    loss: float
    """In nats, summed over the pairs."""
    pairs: int
    trained: int
    """Tokens that were centers: those that subsampling kept."""


def softmax_pairs(rng: np.random.Generator, noise: Array, negatives: int) -> PairObjective:
    """Return `naive_softmax`, which draws no random numbers."""
    return naive_softmax


def sampled_pairs(rng: np.random.Generator, noise: Array, negatives: int) -> PairObjective:
    """Return `negative_sampling` with new negatives for each pair.

    Raises ValueError if the noise has a single word, which leaves no negative to draw.
    """
    if np.count_nonzero(noise) < 2:
        raise ValueError("negative sampling needs at least 2 different words, got 1")

    def with_draws(v_c: Array, o: int, U: Array) -> tuple[float, Array, Array]:
        return negative_sampling(v_c, o, draw_negatives(rng, noise, o, negatives), U)

    return with_draws


def draw_negatives(rng: np.random.Generator, noise: Array, o: int, number: int) -> Array:
    """Draw ``number`` words from ``noise``, with repeats; a word equal to ``o`` is drawn again."""
    drawn = rng.choice(len(noise), size=number, p=noise)
    while (again := drawn == o).any():
        drawn[again] = rng.choice(len(noise), size=np.count_nonzero(again), p=noise)
    return drawn


def train(
    sentences: Sequence[Sequence[int]],
    vocabulary_size: int,
    *,
    dim: int,
    window: Window,
    objective: PairsOf,
    epochs: int,
    learning_rate: float,
    negatives: int = 1,
    subsample: float = 0.0,
    seed: int = 0,
    after_epoch: Callable[[EpochCounts, Array, Array], bool] = lambda *_: False,
) -> tuple[Array, Array, list[float]]:
    """Train word vectors by stochastic gradient descent on the windows of a corpus.

    Parameters
    ----------
    sentences
        Words as ids in ``0..vocabulary_size-1``; no window crosses the end of a sentence.
    vocabulary_size, dim
        The shape of both matrices.
    window
        The largest radius; at each position it is uniform in ``1..window``. "line" for the whole
        sentence at each position.
    objective
        `softmax_pairs`, `sampled_pairs`, or another function that makes the loss of a pair.
    negatives
        Number of negative samples per pair; for negative sampling only.
    subsample
        Threshold of `objectives.keep_probability`; 0 keeps all tokens.
    epochs
        Number of passes over the corpus.
    learning_rate
        Its initial value; it falls linearly to `objectives.FINAL_RATE` of this.
    seed
        The same seed gives the same result.
    after_epoch
        Called with the totals of each epoch and both matrices; True stops training.

    Returns
    -------
    V, U, history
        Center and outside vectors, ``(vocabulary_size, dim)`` each, and the mean loss per pair in
        nats of each epoch; NaN for an epoch without a pair.

    Raises
    ------
    ValueError
        For a setting below its minimum, an id out of range, or a corpus without any pair.
    FloatingPointError
        If the loss stops being finite.
    """
    at_least_one = {"dim": dim, "negatives": negatives, "epochs": epochs}
    if window != "line":
        at_least_one["window"] = window
    for name, value in at_least_one.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if not any(len(sentence) > 1 for sentence in sentences):
        raise ValueError(
            f"no sentence has two words, so there is no pair: got {len(sentences)} sentences"
        )
    counts = np.bincount([word for sentence in sentences for word in sentence])
    if len(counts) > vocabulary_size:
        raise ValueError(f"ids must be in 0..{vocabulary_size - 1}, got {len(counts) - 1}")

    rng = np.random.default_rng(seed)
    noise = noise_distribution(np.pad(counts, (0, vocabulary_size - len(counts))))
    pair_objective = objective(rng, noise, negatives)
    V = rng.uniform(-0.5, 0.5, (vocabulary_size, dim)) / dim
    U = np.zeros((vocabulary_size, dim))
    frequency = np.maximum(counts, 1) / counts.sum()
    keep = keep_probability(frequency, subsample)
    history, steps, all_steps = [], 0, epochs * sum(map(len, sentences))
    for epoch in range(1, epochs + 1):
        total, pairs, trained = 0.0, 0, 0
        for whole in sentences:
            kept = rng.random(len(whole)) < keep[np.asarray(whole, dtype=int)]
            sentence = np.asarray(whole, dtype=int)[kept].tolist()
            trained += len(sentence)
            steps += len(whole) - len(sentence)
            for t, c in enumerate(sentence):
                radius = (
                    len(sentence)
                    if window == "line"
                    else int(rng.integers(1, window, endpoint=True))
                )
                outside = [*sentence[max(0, t - radius) : t], *sentence[t + 1 : t + 1 + radius]]
                rate = learning_rate * max(FINAL_RATE, 1 - steps / all_steps)
                loss, grad_V, grad_U = skipgram(c, outside, V, U, pair_objective)
                V -= rate * grad_V
                U -= rate * grad_U
                total, pairs, steps = total + loss, pairs + len(outside), steps + 1
        if not np.isfinite(total):
            raise FloatingPointError(
                f"the loss became {total} in epoch {epoch}: set learning_rate below {learning_rate}"
            )
        history.append(float(total / pairs) if pairs else float("nan"))
        if after_epoch(EpochCounts(total, pairs, trained), V, U):
            break
    return V, U, history
