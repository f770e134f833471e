"""The line search of the exact engine in PyTorch, the same as `src/core/kernels/line_search.cpp`.

Logits x and their change y, one row per word, in; step lengths and losses out. One class per link.
"""

from __future__ import annotations

from typing import NamedTuple

from wordkin.engines.exact.pytorch import torch

TRIALS = 8
"""The largest number of points to try; the constants are those of the native line search."""
FLAT = 0.2
"""A search ends where the slope has fallen to this share."""
FARTHEST = 4.0
"""The largest step length, in Newton steps."""


def row_sums(x: torch.Tensor) -> torch.Tensor:
    """Return the sum of each row, computed in its own precision, as float64."""
    return x.sum(1).double()


def softplus(x: torch.Tensor) -> torch.Tensor:
    """Return log(1 + e^x); above 40 this equals x in float64."""
    return torch.nn.functional.softplus(x, threshold=40)


def largest_exponent(dtype: torch.dtype) -> float:
    """Return a bound on x up to which e^x is finite."""
    return 709 if dtype == torch.float64 else 88


class Point(NamedTuple):
    """J, -dJ/dalpha and d²J/dalpha² of some rows, (rows,) float64 each."""

    loss: torch.Tensor
    slope: torch.Tensor
    curvature: torch.Tensor


class Line:
    """J along x - alpha y for some rows, without its terms linear and quadratic in alpha.

    The line owns its tensors, which all have a row per row, and may overwrite them.
    """

    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.x = x
        self.y = y

    def begin(self) -> Point:
        """Return J and its derivatives at alpha = 0."""
        return self.at(torch.zeros(len(self.x), dtype=torch.float64, device=self.x.device))

    def at(self, alpha: torch.Tensor) -> Point:
        """Return J and its derivatives at the alpha of each row."""
        raise NotImplementedError

    def keep(self, rows: torch.Tensor) -> None:
        """Drop all rows but these."""
        for name, tensor in vars(self).items():
            setattr(self, name, tensor[rows])

    def _logits(self, alpha: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(self.x, self.y, alpha.to(self.x.dtype)[:, None], value=-1)

    def _exponentials(self, x: torch.Tensor) -> Point:
        e = x.exp_()
        return Point(row_sums(e), row_sums(e.mul_(self.y)), row_sums(e.mul_(self.y)))


class SoftmaxLine(Line):
    """J of a softmax over all outside words."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, log_z: torch.Tensor) -> None:
        shift = log_z.to(x.dtype)
        super().__init__(x.sub_(shift[:, None]), y)
        self._shift = shift.double()
        self._center = torch.zeros_like(log_z)

    def begin(self) -> Point:
        """Evaluate at 0 and center y by its mean, for the reason given in the native kernel."""
        point = super().begin()
        center = point.slope.to(self.y.dtype)
        self.y -= center[:, None]
        self._center = center.double()
        return point

    def at(self, alpha: torch.Tensor) -> Point:
        """Return J and its derivatives at the alpha of each row."""
        s = self._exponentials(self._logits(alpha))  # on overflow, no slope is finite
        mean = s.slope / s.loss
        loss = self._shift - alpha * self._center + s.loss.log()
        return Point(loss, self._center + mean, s.curvature / s.loss - mean * mean)


class PoissonLine(Line):
    """J of a Poisson regression."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, n: torch.Tensor) -> None:
        super().__init__(x, y)
        self._n = n

    def at(self, alpha: torch.Tensor) -> Point:
        """Return J and its derivatives at the alpha of each row."""
        x = self._logits(alpha).clamp_(max=largest_exponent(self.x.dtype))
        return Point(*(s / self._n for s in self._exponentials(x)))


class LogisticLine(Line):
    """J of logistic regressions, with a weight for each logit."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor) -> None:
        super().__init__(x, y)
        self._weight = weight

    def at(self, alpha: torch.Tensor) -> Point:
        """Return J and its derivatives at the alpha of each row."""
        x = self._logits(alpha)
        term = softplus(x).mul_(self._weight)
        loss = row_sums(term)
        x.sigmoid_()
        torch.mul(self._weight, self.y, out=term)
        slope = row_sums(term.mul_(x))
        return Point(loss, slope, row_sums(term.mul_(x.neg_().add_(1)).mul_(self.y)))


def search_line(
    line: Line, linear: torch.Tensor, quadratic: torch.Tensor, live: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the alpha of each row and the line's J there: the native search, on all rows at once.

    Rows finish after different numbers of trials. Whenever a quarter of them have finished, the
    others are compacted.

    Parameters
    ----------
    line : Line
    linear, quadratic : (rows,) float64
        The other terms of J: - alpha linear + alpha² quadratic / 2.
    live : (rows,) bool
        The rows that have pairs; the others keep alpha = 0.

    Returns
    -------
    alpha, loss : (rows,) float64
    """
    where, rounding = torch.where, 1e-14 if line.x.dtype == torch.float64 else 4e-6
    begin, slope, curvature = line.begin()
    slope, curvature = slope + linear, curvature + quadratic
    rows = torch.arange(len(slope), device=slope.device)
    active = live & (slope > 0) & slope.isfinite()
    found_at, found = torch.zeros_like(slope), begin.clone()
    low_at, low_loss, low_slope = torch.zeros_like(slope), begin, slope
    high_at, high_slope, behind = (torch.zeros_like(slope) for _ in range(3))
    flat = FLAT * slope
    alpha = where(curvature > 0, slope / curvature, FARTHEST)
    for _ in range(TRIALS):
        left = int(active.sum())
        if not left:
            break
        if left <= 0.75 * len(active):
            found_at[rows], found[rows] = low_at, low_loss
            kept = active.nonzero()[:, 0]
            line.keep(kept)
            rows, active, linear, quadratic, begin, flat, alpha = (
                x[kept] for x in (rows, active, linear, quadratic, begin, flat, alpha)
            )
            low_at, low_loss, low_slope, high_at, high_slope, behind = (
                x[kept] for x in (low_at, low_loss, low_slope, high_at, high_slope, behind)
            )
        alpha = where(alpha < FARTHEST, alpha, FARTHEST)  # a NaN goes there, too
        loss, slope, curvature = line.at(alpha)
        slope, curvature = slope + linear - alpha * quadratic, curvature + quadratic
        good = slope.isfinite() & curvature.isfinite()
        # Behind the minimum the slope may have been this flat for long, and J have risen.
        there = good & (slope.abs() <= flat)
        moved = alpha * linear - alpha * alpha * quadratic / 2
        fell = (slope >= 0) | (loss - moved <= begin + rounding * (loss.abs() + moved.abs()))
        good &= fell | ~there
        there &= fell
        before = good & (slope >= 0)
        lower = active & (there | before)
        low_at, low_loss = where(lower, alpha, low_at), where(lower, loss, low_loss)
        low_slope = where(lower, slope, low_slope)
        high_at = where(lower, high_at, alpha)
        high_slope = where(lower, high_slope, where(good, slope, -1e300))
        behind = where(lower, 0, behind + 1)
        active = active & ~there & ~(before & (alpha == FARTHEST))
        # A Newton step, or from far behind the minimum one for a slope that is exponential.
        fallen = low_slope - slope
        newton = (
            alpha
            + where(slope < -2 * low_slope, -fallen * (fallen / low_slope).log(), slope) / curvature
        )
        inside = good & (newton > low_at) & ((high_at == 0) | (newton < high_at))
        # A secant, unless secants have come from one side again and again.
        secant = low_slope / (low_slope - high_slope)
        least = where(behind > 0, 0.1, torch.full_like(secant, 0.5))
        share = where((behind > 1) | (secant < least), least, secant)
        between = where(high_at == 0, 2 * low_at, low_at + (high_at - low_at) * share)
        alpha = where(inside, newton, between)
    found_at[rows], found[rows] = low_at, low_loss
    return found_at, found
