"""Samples of a matrix's rows: the words that the rows of the other matrix meet, in place of all.

How often each word is met in the text in; a `Sample` out, which `NativeTiles` takes.

A sum over all words, such as Z = Σ_w e^(u_w·v_c), becomes one over the words drawn, each divided by
its probability of being drawn. A row's own pairs are never left to chance: they are summed one by
one, and the sample stands for the other words alone. So an estimate of Z has Z as its expectation,
and differs from it by what the words have that a row does not occur with.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.system.types import Float64


class Sample(NamedTuple):
    """Some words of all.

    Attributes
    ----------
    words : (M,) intp
        Ascending.
    log_weight : (M,) float64
        Minus the logarithm of the probability that the word is drawn: 0 for one that always is.
    """

    words: npt.NDArray[np.intp]
    log_weight: Float64


def draw(n: Float64, size: int, rng: np.random.Generator) -> Sample:
    """Draw about `size` different words, each with a probability in proportion to n, at most 1.

    By systematic sampling (Madow 1949): words of one frequency, which stand next to each other,
    come in equal distances.

    Parameters
    ----------
    n : (V,) float64
        Above 0.
    size : int
        Above 0; with V or more, all words are drawn.
    rng : numpy.random.Generator
    """
    V = len(n)
    if size >= V:
        return Sample(np.arange(V), np.zeros(V))
    # The `always` largest n have a probability of 1, the others one of n / rest * (size - always).
    descending = np.sort(n)[::-1]
    rest = np.cumsum(descending[::-1])[::-1]
    always = int(np.argmin(descending[:size] * (size - np.arange(size)) >= rest[:size]))
    probability = np.minimum(1.0, n * ((size - always) / rest[always]))
    ends = np.floor(np.cumsum(probability) + rng.random())
    words = np.flatnonzero(np.diff(ends, prepend=0.0))
    return Sample(words, -np.log(probability[words]))


class Sampler:
    """Draws the samples of a training, each one anew.

    Parameters
    ----------
    size : int
        The words of a sample; 0 for all words, always.
    seed : int
    """

    LEAST_GAIN = 1.5
    """All words are met where they are less than so many times those of a sample."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._rng = np.random.default_rng(seed)

    def begin(self, words: int, number: int) -> None:
        """Begin a pass: its samples follow from its number, whatever was drawn before."""
        self._rng = np.random.default_rng([self._seed, words, number])

    def samples(self, words: int) -> bool:
        """Whether so many words are met by a sample."""
        return 0 < self._size * self.LEAST_GAIN <= words

    def draw(self, n: Float64) -> Sample | None:
        """Draw a sample of words that are met n times each, (V,); None if all are to be met."""
        return draw(n, self._size, self._rng) if self.samples(len(n)) else None
