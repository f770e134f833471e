"""What a row of a matrix is pulled to: nothing, a line in log n, given rows, or sums of rows.

Rows and their numbers of pairs in; predicted rows out. The ridge of the exact engine pulls each row
to its prediction, and new rows begin there. This module knows nothing of words: what two rows have
in common comes as a matrix of zeros and ones.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from wordkin._core import fit_sums, sum_rows
from wordkin.engines.exact import gauge
from wordkin.system.types import Float64, Int32, Int64

RIDGE = 1.0
"""The ridge of rows that are pulled to zero, or to a line."""
SHARED_RIDGE = 2.0
"""The ridge of rows that are pulled to sums of rows of groups, which predict more."""
FIT_STEPS = 8
"""Steps of conjugate gradients in a fit; the next one starts from its result."""
TRIAL_STRENGTH = 10.0
"""Times τ, in the trial of a prior: it has half of the words, and first estimates of their rows."""
_KNEE = 5.0  # log n below which rare rows have a slope of their own
_MIDDLE = 8.0  # log n where the first slope is zero


class Prior(Protocol):
    """A prediction of the rows of a matrix, fitted to these rows.

    Rows are numbered from the most frequent word on, so that the first rows of a larger vocabulary
    are those of a smaller one. `state` and `restore` are for checkpoints.

    Attributes
    ----------
    ridge : float
        The weight of the ridge that pulls rows to this prediction, unless the user sets one.
    share : float
        The share of outside vectors in canonical vectors (`gauge`) that suits such rows.
    """

    ridge: float
    share: float

    def among(self, rows: npt.NDArray[np.intp]) -> Prior:
        """Return the prior, not fitted, of some of the rows, in ascending order."""

    def holds(self, rows: npt.NDArray[Any], n: Float64) -> bool:
        """Whether to use it, to judge by first estimates of the first R rows, (R, d)."""

    def fit(self, rows: npt.NDArray[Any], n: Float64) -> None:
        """Fit the prediction to the first R rows, (R, d), with their numbers of pairs, (R,)."""

    def predict(self, n: Float64) -> npt.NDArray[Any] | None:
        """Return what the first R rows are expected to be, (R, d); None for zeros."""

    def penalty(self) -> float:
        """Return what the parameters of the prediction cost, in the units of `weights`."""

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the fitted parameters."""

    def restore(self, state: dict[str, npt.NDArray[Any]]) -> None:
        """Take the parameters that `state` returned."""


class ZeroPrior:
    """No expectation: the ridge pulls each row to zero."""

    ridge = RIDGE
    share = gauge.SHARE

    def among(self, rows: npt.NDArray[np.intp]) -> ZeroPrior:
        """Return the prior itself."""
        return self

    def holds(self, rows: npt.NDArray[Any], n: Float64) -> bool:
        """Return True."""
        return True

    def fit(self, rows: npt.NDArray[Any], n: Float64) -> None:
        """Do nothing."""

    def predict(self, n: Float64) -> None:
        """Return None, for zeros."""

    def penalty(self) -> float:
        """Return 0."""
        return 0.0

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return no parameters."""
        return {}

    def restore(self, state: dict[str, npt.NDArray[Any]]) -> None:
        """Do nothing."""


@dataclasses.dataclass
class GivenRows:
    """Rows that are known beforehand, (V, d), such as those of an earlier model."""

    rows: npt.NDArray[Any]
    ridge: float = RIDGE
    share: float = gauge.SHARE

    def among(self, rows: npt.NDArray[np.intp]) -> GivenRows:
        """Return the prior of these rows."""
        return GivenRows(self.rows[rows], self.ridge, self.share)

    def holds(self, rows: npt.NDArray[Any], n: Float64) -> bool:
        """Return True."""
        return True

    def fit(self, rows: npt.NDArray[Any], n: Float64) -> None:
        """Do nothing."""

    def predict(self, n: Float64) -> npt.NDArray[Any]:
        """Return the first rows."""
        return self.rows[: len(n)]

    def penalty(self) -> float:
        """Return 0."""
        return 0.0

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return no parameters."""
        return {}

    def restore(self, state: dict[str, npt.NDArray[Any]]) -> None:
        """Do nothing."""


class FrequencyLine:
    """A line in log n, with another slope for rare rows: ``f(n) B``, fitted by weighted squares."""

    ridge = RIDGE
    share = gauge.SHARE

    def __init__(self) -> None:
        self._B: Float64 | None = None

    def among(self, rows: npt.NDArray[np.intp]) -> FrequencyLine:
        """Return another line."""
        return FrequencyLine()

    def holds(self, rows: npt.NDArray[Any], n: Float64) -> bool:
        """Return True."""
        return True

    def fit(self, rows: npt.NDArray[Any], n: Float64) -> None:
        """Fit B, (3, d), to the rows, weighted by ``√n``."""
        self._B = fit_line(rows, n)

    def predict(self, n: Float64) -> Float64 | None:
        """Return the line at each n."""
        return None if self._B is None else features(n) @ self._B

    def penalty(self) -> float:
        """Return 0."""
        return 0.0

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return B, once it is fitted."""
        return {} if self._B is None else {"line": self._B}

    def restore(self, state: dict[str, npt.NDArray[Any]]) -> None:
        """Take B."""
        self._B = state.get("line")


@dataclasses.dataclass(frozen=True, eq=False)
class Members:
    """Which groups each row belongs to: a matrix of zeros and ones, ``S``, (V, G).

    Attributes
    ----------
    ends : (V + 1,) int64
    columns : (ones,) int32
        Row r belongs to the groups ``columns[ends[r]:ends[r + 1]]``, to each once.
    groups : int
        G.
    """

    ends: Int64
    columns: Int32
    groups: int

    def first(self, rows: int) -> Members:
        """Return the groups of the first rows."""
        if rows == len(self.ends) - 1:
            return self
        return Members(self.ends[: rows + 1], self.columns[: self.ends[rows]], self.groups)

    def among(self, rows: npt.NDArray[np.intp]) -> Members:
        """Return the groups of the given rows, in ascending order."""
        sizes = np.diff(self.ends)
        kept = np.zeros(len(sizes), bool)
        kept[rows] = True
        ends = np.concatenate([[0], np.cumsum(sizes[rows])]).astype(np.int64)
        return Members(ends, self.columns[np.repeat(kept, sizes)], self.groups)

    def transposed(self) -> Members:
        """Return the rows of each group."""
        rows = np.repeat(np.arange(len(self.ends) - 1, dtype=np.int32), np.diff(self.ends))
        order = np.argsort(self.columns, kind="stable")
        sizes = np.bincount(self.columns, minlength=self.groups)
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return Members(ends, rows[order], len(self.ends) - 1)

    def sums(self, G: npt.NDArray[Any], threads: int) -> npt.NDArray[Any]:
        """Return ``S G``, (V, d), for the rows G of the groups, (groups, d)."""
        out = np.empty((len(self.ends) - 1, G.shape[1]), G.dtype)
        sum_rows(self.ends, self.columns, G, out, threads)
        return out


class SharedRows:
    """A line in log n, and the sum of a row for each group that a word belongs to.

    ``p_r = f(n_r) B + s_r G``. B and G have the least ``Σ √n_r |a_r - p_r|² + τ |G|²``, G after a
    few steps of conjugate gradients.

    Parameters
    ----------
    members : Members
        The groups of all rows, such as the n-grams of words.
    strength : float
        τ, what keeps the rows of groups small.
    dtype : type
        The precision of G.
    threads : int
    tried : bool
        Whether to use it only if it predicts rows that it was not fitted to.

    Attributes
    ----------
    B : (3, d) float64, or None before a fit
        The line.
    G : (groups, d) array, or None before a fit
        The rows of the groups.
    """

    ridge = SHARED_RIDGE
    share = gauge.SHARE_WITH_SUBWORDS

    def __init__(
        self,
        members: Members,
        strength: float,
        dtype: Any,
        threads: int,
        tried: bool = False,
    ) -> None:
        self._members = members
        self._strength = strength
        self._dtype = np.dtype(dtype)
        self._threads = threads
        self._tried = tried
        self.B: Float64 | None = None
        self.G: npt.NDArray[Any] | None = None
        self._least_n = 1.0
        self._fitted: tuple[Members, Members] | None = None  # of as many rows as were last fitted

    def among(self, rows: npt.NDArray[np.intp]) -> SharedRows:
        """Return the prior, not fitted, of some of the rows, in ascending order."""
        members = self._members.among(rows)
        return SharedRows(members, self._strength, self._dtype, self._threads, self._tried)

    def holds(self, rows: npt.NDArray[Any], n: Float64) -> bool:
        """Whether groups predict rows that were left out, and do so better than the line alone.

        Every second row is predicted from the others, and these from it. The gain must be above
        twice its standard error.
        """
        if not self._tried:
            return True
        members, gains = self._members.first(len(n)), np.zeros(len(n))
        for first in (0, 1):
            fitted, left_out = (np.arange(part, len(n), 2) for part in (first, 1 - first))
            prior = SharedRows(
                members.among(fitted), TRIAL_STRENGTH * self._strength, self._dtype, self._threads
            )
            prior.fit(rows[fitted], n[fitted])
            if prior.B is None or prior.G is None or not len(left_out):
                return False
            F, truth = features(n[left_out]), rows[left_out]
            line = F @ fit_line(rows[fitted], n[fitted])
            shared = F @ prior.B + members.among(left_out).sums(prior.G, self._threads)
            gain = np.square(truth - line).sum(axis=1) - np.square(truth - shared).sum(axis=1)
            gains[left_out] = weights(n[left_out]) * gain
        error = gains.std(ddof=1) / np.sqrt(len(n)) if len(n) > 1 else np.inf
        return bool(gains.mean() > 2 * error)

    def fit(self, rows: npt.NDArray[Any], n: Float64) -> None:
        """Fit the line and the rows of the groups."""
        members, transposed = self._of_first(len(n))
        if self.G is None:
            self.G = np.zeros((members.groups, rows.shape[1]), self._dtype)
        fit_sums(
            members.ends,
            members.columns,
            transposed.ends,
            transposed.columns,
            _orthonormal(features(n), weights(n)),
            weights(n),
            self._strength,
            np.ascontiguousarray(rows, self._dtype),
            self.G,
            FIT_STEPS,
            self._threads,
        )
        self.B = fit_line(rows - members.sums(self.G, self._threads), n)
        self._least_n = float(n.min())

    def predict(self, n: Float64) -> npt.NDArray[Any] | None:
        """Return the predictions of the first rows; None before a fit."""
        if self.B is None or self.G is None:
            return None
        sums = self._members.first(len(n)).sums(self.G, self._threads)
        return np.asarray(features(n) @ self.B + sums)

    @property
    def least(self) -> Float64 | None:
        """The line at the fewest pairs that it was fitted to, (d,)."""
        return None if self.B is None else features(np.array([self._least_n]))[0] @ self.B

    def penalty(self) -> float:
        """Return ``τ |G|²``."""
        if self.G is None:
            return 0.0
        return self._strength * float(np.square(self.G, dtype=np.float64).sum())

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return B and G, once they are fitted."""
        if self.B is None or self.G is None:
            return {}
        return {"line": self.B, "groups": self.G, "least": np.array([self._least_n])}

    def restore(self, state: dict[str, npt.NDArray[Any]]) -> None:
        """Take B and G."""
        self.B, self.G = state.get("line"), state.get("groups")
        if "least" in state:
            self._least_n = float(state["least"][0])

    def _of_first(self, rows: int) -> tuple[Members, Members]:
        if self._fitted is None or len(self._fitted[0].ends) != rows + 1:
            first = self._members.first(rows)
            self._fitted = first, first.transposed()
        return self._fitted


def features(n: Float64) -> Float64:
    """Return what the line is a line in, (R, 3): 1, log n, and log n where it is small."""
    x = np.log(np.maximum(n, 1e-3))
    return np.stack([np.ones_like(x), x - _MIDDLE, np.minimum(x - _KNEE, 0)], axis=1)


def weights(n: Float64) -> Float64:
    """Return how much each row counts in a fit, (R,): as much as the ridge makes of it."""
    return np.sqrt(np.maximum(n, 1e-9))


def fit_line(rows: npt.NDArray[Any], n: Float64) -> Float64:
    """Return B, (3, d), with the least ``Σ √n_r |a_r - f(n_r) B|²``."""
    F = features(n)
    weighted = (F * weights(n)[:, None]).T
    solution: Float64 = np.linalg.lstsq(weighted @ F, weighted @ rows, rcond=None)[0]
    return solution


def _orthonormal(F: Float64, w: Float64) -> Float64:
    """Return columns that span those of F, and are orthonormal under the weights w."""
    size, axes = np.linalg.eigh((F * w[:, None]).T @ F)
    kept = size > 1e-12 * size[-1]
    return np.ascontiguousarray(F @ (axes[:, kept] / np.sqrt(size[kept])))
