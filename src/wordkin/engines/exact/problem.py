"""The loss of a corpus over its counts, split into two convex problems.

Counts and settings in; a `Problem` out, which gives the link (the loss of a row from its logits)
of all centers at fixed outside vectors, and of all outside words at fixed centers. There is one
subclass per objective.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from wordkin.engines import OBJECTIVES, load
from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.tiles import Link
from wordkin.engines.settings import ExactSettings
from wordkin.objectives.conventions import noise_distribution
from wordkin.system.errors import SettingsError
from wordkin.system.types import Float64

LEAST_PAIRS = 1.0
"""The fewest pairs that an outside word counts as having on a side: it may have none on one."""


class Problem(ABC):
    """The loss of a corpus over its most frequent words, as two convex problems.

    Each of V words is a center. An outside word is a word or, with sides, a word at the left or at
    the right of the center: V words at the left, then the same words at the right.

    Parameters
    ----------
    counted : Cooccurrence
    counts : (V,) int64
        How often each word occurs.
    settings : ExactSettings

    Attributes
    ----------
    pairs, outside_pairs : PairRows
        A row for each center, and for each outside word. Without sides they are the same, as N is
        symmetric.
    n, outside_n : (V,), (outside words,) float64
        The pairs of each row.
    total : float
        The number of all pairs.
    """

    def __init__(
        self, counted: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
    ) -> None:
        self.counted = counted
        self.pairs, self.outside_pairs = counted.centers, counted.outside
        self.n = self.outside_n = self.pairs.row_sums
        if counted.sides > 1:
            self.outside_n = np.maximum(self.outside_pairs.row_sums, LEAST_PAIRS)
        self.total = float(self.n.sum())
        self._counts = counts
        self._settings = settings

    def __len__(self) -> int:
        return len(self.n)

    def leading(self, words: int) -> Problem:
        """Return the problem of the `words` most frequent words."""
        if words == len(self):
            return self
        return type(self)(self.counted.leading(words), self._counts[:words], self._settings)

    @property
    @abstractmethod
    def biases(self) -> Float64:
        """The logit of each outside word if it were independent of the center, (outside words,)."""

    @abstractmethod
    def center_link(self) -> Link:
        """Return the link of the centers, at fixed outside vectors."""

    @abstractmethod
    def outside_link(self, log_z: Float64) -> Link:
        """Return the link of the outside words, at fixed centers with these log Z, (V,)."""

    def ridge(self, weight: float) -> Float64:
        """Return the ridge of each center per pair, weight / √n: stronger for rare words, (V,)."""
        return _ridge(self.n, weight)

    def outside_ridge(self, weight: float) -> Float64:
        """Return the same of each outside word.

        The two rows that a word has with sides cost as much together as its one row has without,
        if they agree.
        """
        return _ridge(self.outside_n, weight / math.sqrt(self.counted.sides))

    def _share(self) -> Float64:
        return np.asarray(np.maximum(self.outside_n, 1e-30) / self.total)


class NaiveSoftmax(Problem):
    """Softmax regressions for the centers, Poisson regressions for the outside words.

    As log Z ≤ log Z' + Z / Z' - 1 for any Z', with equality at Z' = Z, the sum over the centers c
    of n_c e^(u_w·v_c) / Z_c bounds the softmax loss from above, with the same gradient. In this
    bound, no term couples two outside words.
    """

    @property
    def biases(self) -> Float64:
        """The log-probabilities of the outside words."""
        return np.asarray(np.log(self._share()))

    def center_link(self) -> Link:
        """Return the link of a softmax over all outside words."""
        return Link("softmax")

    def outside_link(self, log_z: Float64) -> Link:
        """Return the link of a Poisson regression on the centers."""
        return Link("poisson", np.log(np.maximum(self.n, 1e-30)) - log_z)


class NegativeSampling(Problem):
    """Logistic regressions for both, on the pairs and on the expected negatives.

    A pair (c, o) has K negatives, each of them w ≠ o with probability q_w / (1 - q_o). Summed over
    the pairs of c, with s_c = Σ_o N_co / (1 - q_o), word w is a negative
    K q_w (s_c - N_cw / (1 - q_w)) times in expectation.

    With sides, a negative is any word at either side, as o is: the noise of a word is halved.
    """

    def __init__(
        self, counted: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
    ) -> None:
        super().__init__(counted, counts, settings)
        q = noise_distribution(counts)
        if counted.sides > 1:
            q = np.tile(q / counted.sides, counted.sides)
        self._noise = q
        self._hits = settings.negatives * q / (1 - q)
        self._pairs_drawn = settings.negatives * self.pairs.times(1 / (1 - q))

    @property
    def biases(self) -> Float64:
        """The log-odds of a pair against a negative."""
        return np.asarray(np.log(self._share() / (self._noise * self._settings.negatives)))

    def center_link(self) -> Link:
        """Return the link of a logistic regression on pairs and expected negatives."""
        return Link("logistic", self._noise, self._pairs_drawn, np.ones(len(self)), self._hits)

    def outside_link(self, log_z: Float64) -> Link:
        """Return the same link with the roles of centers and outside words exchanged."""
        return Link("logistic", self._pairs_drawn, self._noise, self._hits, np.ones(len(self)))


def _ridge(n: Float64, weight: float) -> Float64:
    return np.where(n > 0, weight / np.sqrt(np.maximum(n, 1e-30)), 0)


def problem_of(
    counted: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
) -> Problem:
    """Return the problem of the objective that the settings name.

    Raises
    ------
    SettingsError
        If the objective has no loss over counts.
    """
    code = OBJECTIVES[settings.objective].problem
    if code is None:
        raise SettingsError(f"the exact engine cannot train {settings.objective}")
    problem: Problem = load(code)(counted, counts, settings)
    return problem
