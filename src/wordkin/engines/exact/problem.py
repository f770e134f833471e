"""The loss of a corpus over its counts, split into two convex problems.

Counts and settings in; a `Problem` out, which gives the link (the loss of a row from its logits)
of all centers at fixed outside vectors, and of all outside words at fixed centers. There is one
subclass per objective.
"""

from __future__ import annotations

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


class Problem(ABC):
    """The loss of a corpus over its most frequent words, as two convex problems.

    N is symmetric, so its rows and their sums n serve centers and outside words alike.
    """

    def __init__(
        self, pairs: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
    ) -> None:
        self.pairs = pairs
        self.n = pairs.row_sums
        self.total = float(self.n.sum())
        self._counts = counts
        self._settings = settings

    def __len__(self) -> int:
        return len(self.n)

    def leading(self, words: int) -> Problem:
        """Return the problem of the `words` most frequent words."""
        if words == len(self):
            return self
        pairs, counts = self.pairs.block(0, words, words), self._counts[:words]
        return type(self)(pairs, counts, self._settings)

    @property
    @abstractmethod
    def biases(self) -> Float64:
        """The logit of each outside word if centers and outside words were independent, (V,)."""

    @abstractmethod
    def center_link(self) -> Link:
        """Return the link of the centers, at fixed outside vectors."""

    @abstractmethod
    def outside_link(self, log_z: Float64) -> Link:
        """Return the link of the outside words, at fixed centers with these log Z, (V,)."""

    def ridge(self, weight: float) -> Float64:
        """Return the ridge of each row per pair, weight / √n: stronger for rare words, (V,)."""
        return np.where(self.n > 0, weight / np.sqrt(np.maximum(self.n, 1e-30)), 0)

    def _share(self) -> Float64:
        return np.asarray(np.maximum(self.n, 1e-30) / self.total)


class NaiveSoftmax(Problem):
    """Softmax regressions for the centers, Poisson regressions for the outside words.

    As log Z ≤ log Z' + Z / Z' - 1 for any Z', with equality at Z' = Z, the sum over the centers c
    of n_c e^(u_w·v_c) / Z_c bounds the softmax loss from above, with the same gradient. In this
    bound, no term couples two outside words.
    """

    @property
    def biases(self) -> Float64:
        """The log-probabilities of the outside words, (V,)."""
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
    """

    def __init__(
        self, pairs: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
    ) -> None:
        super().__init__(pairs, counts, settings)
        q = noise_distribution(counts)
        self._noise = q
        self._hits = settings.negatives * q / (1 - q)
        self._pairs_drawn = settings.negatives * pairs.times(1 / (1 - q))

    @property
    def biases(self) -> Float64:
        """The log-odds of a pair against a negative, (V,)."""
        return np.asarray(np.log(self._share() / (self._noise * self._settings.negatives)))

    def center_link(self) -> Link:
        """Return the link of a logistic regression on pairs and expected negatives."""
        return Link("logistic", self._noise, self._pairs_drawn, np.ones(len(self)), self._hits)

    def outside_link(self, log_z: Float64) -> Link:
        """Return the same link with the roles of centers and outside words exchanged."""
        return Link("logistic", self._pairs_drawn, self._noise, self._hits, np.ones(len(self)))


def problem_of(
    pairs: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
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
    problem: Problem = load(code)(pairs, counts, settings)
    return problem
