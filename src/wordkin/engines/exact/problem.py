"""The loss of a corpus over its counts, as two convex problems: centers, and outside words."""

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

# ---- the two convex problems ---------------------------------------------------------------------


class Problem(ABC):
    """The loss of a corpus over its most frequent words, as two convex problems.

    N is symmetric, so that its rows serve both: those of the centers and those of the outside
    words, and n is the same for both. A subclass is one objective.
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
        """The logits' mean at each outside word, were centers and outside words independent."""

    @abstractmethod
    def center_link(self) -> Link:
        """Return the loss of a center's row at fixed outside vectors."""

    @abstractmethod
    def outside_link(self, log_z: Float64) -> Link:
        """Return the loss of an outside word's row, given log Z of each center."""

    def ridge(self, weight: float) -> Float64:
        """Return each row's ridge a pair: weight / √n, so that rare rows are held more."""
        return np.where(self.n > 0, weight / np.sqrt(np.maximum(self.n, 1e-30)), 0)

    def _share(self) -> Float64:
        return np.asarray(np.maximum(self.n, 1e-30) / self.total)


class NaiveSoftmax(Problem):
    """A center's row is a softmax over all outside words, an outside word's a Poisson regression.

    As log Z ≤ log Z' + Z / Z' - 1 wherever Z' is, with equality at Z, the sum over the centers c of
    n_c e^(u_w·v_c) / Z_c bounds the softmax loss from above and has its gradient. This bound has no
    term in which two outside words meet.
    """

    @property
    def biases(self) -> Float64:
        """The log-probabilities of the outside words."""
        return np.asarray(np.log(self._share()))

    def center_link(self) -> Link:
        """Return a softmax over all outside words."""
        return Link("softmax")

    def outside_link(self, log_z: Float64) -> Link:
        """Return a Poisson regression on the centers."""
        return Link("poisson", np.log(np.maximum(self.n, 1e-30)) - log_z)


class NegativeSampling(Problem):
    """Both rows are logistic regressions, on the pairs and on the expected negatives.

    In expectation a pair (c, o) has K negatives w, each with q_w / (1 - q_o): none is o. Summed
    over the pairs of c, with s_c = Σ_o N_co / (1 - q_o), word w is a negative
    K q_w (s_c - N_cw / (1 - q_w)) times.
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
        """The logits of pairs against negatives."""
        return np.asarray(np.log(self._share() / (self._noise * self._settings.negatives)))

    def center_link(self) -> Link:
        """Return the sigmoids of pairs and of expected negatives."""
        return Link("logistic", self._noise, self._pairs_drawn, np.ones(len(self)), self._hits)

    def outside_link(self, log_z: Float64) -> Link:
        """Return the same sigmoids, seen from the outside word."""
        return Link("logistic", self._pairs_drawn, self._noise, self._hits, np.ones(len(self)))


def problem_of(
    pairs: Cooccurrence, counts: npt.NDArray[np.int64], settings: ExactSettings
) -> Problem:
    """Return the problem of the objective that the settings name."""
    code = OBJECTIVES[settings.objective].problem
    if code is None:
        raise SettingsError(f"the exact engine cannot train {settings.objective}")
    problem: Problem = load(code)(pairs, counts, settings)
    return problem
