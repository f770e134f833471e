"""Random tiles of the exact engine, and what a good step along a line is."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin import _core
from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.tiles import Link, LinkName
from wordkin.objectives import Array, log_sigmoid, sigmoid

LINKS: list[LinkName] = ["softmax", "poisson", "logistic"]


FARTHEST = 4.0  # kFarthest and kFlat of tile.cpp: where a search ends at the latest, and how flat


FLAT = 0.2


@dataclasses.dataclass
class Tile:
    """Logits, dense counts and what the links take beside them; all of it in float64."""

    link: LinkName
    x: Array  # (rows, columns)
    N: Array
    n: Array  # of each row, and above the sum of its counts where it has pairs with other columns
    column: Array
    row: Array
    row_hit: Array
    column_hit: Array

    def __post_init__(self) -> None:
        self.share = np.divide(1.0, self.n, out=np.zeros(len(self.n)), where=self.n > 0)
        self.f = self.N * self.share[:, None]
        self.m = (self.row * self.share)[:, None] * self.column
        self.h = self.row_hit[:, None] * self.column_hit

    def loss(self, x: Array) -> Array:
        """J of each row, a pair."""
        if self.link == "softmax":
            return np.asarray(self.log_z(x) * (self.n > 0) - (self.f * x).sum(axis=1))
        if self.link == "poisson":
            total = np.exp(x + self.column).sum(axis=1)
            return np.asarray(total * self.share - (self.f * x).sum(axis=1))
        plus = -log_sigmoid(-x)
        return np.asarray(
            (self.m * plus).sum(axis=1) + (self.f * (-log_sigmoid(x) - self.h * plus)).sum(axis=1)
        )

    def log_z(self, x: Array) -> Array:
        top = x.max(axis=1)
        return np.asarray(top + np.log(np.exp(x - top[:, None]).sum(axis=1)))

    def model(self, x: Array) -> Array:
        if self.link == "softmax":
            e = np.exp(x - x.max(axis=1, keepdims=True))
            return np.asarray(e / e.sum(axis=1, keepdims=True) * (self.n > 0)[:, None])
        if self.link == "poisson":
            return np.asarray(np.exp(x + self.column) * self.share[:, None])
        return np.asarray(self.m * sigmoid(x))

    def observed(self, x: Array) -> Array:
        if self.link == "logistic":
            return np.asarray(self.f * (sigmoid(-x) + self.h * sigmoid(x)))
        return self.f

    def residual(self, x: Array) -> Array:
        return self.model(x) - self.observed(x)

    def native(self, dtype: type, indices: npt.NDArray[np.int32] | None = None) -> Any:
        kernel = _core.Tile32 if dtype is np.float32 else _core.Tile64
        filled = self.N > 0
        return kernel(
            self.x.astype(dtype),
            np.concatenate([[0], np.cumsum(filled.sum(axis=1))]),
            np.nonzero(filled)[1].astype(np.int32) if indices is None else indices,
            self.N[filled].astype(dtype),
            self.n.astype(dtype),
            self.column.astype(dtype),
            self.row.astype(dtype),
            self.row_hit.astype(dtype),
            self.column_hit.astype(dtype),
            np.empty(0, np.int64),
        )


def random_tile(
    link: LinkName, columns: int, dtype: type = np.float64, rows: int = 5, size: float = 2.0
) -> Tile:
    """Rows of different densities, the second without counts; numbers that `dtype` can hold."""
    rng = np.random.default_rng(columns)
    density = np.resize([0.5, 0.0, 1.0, 0.02, 0.1], rows)[:, None]
    N = rng.gamma(0.5, 4, (rows, columns)) * (rng.random((rows, columns)) < density)
    for r in np.flatnonzero(density[:, 0]):
        N[r, rng.integers(columns)] += 1
    n = N.sum(axis=1)
    if link == "poisson":
        column = rng.normal(-3, 2, columns)
        row = row_hit = np.zeros(rows)
        column_hit = np.zeros(columns)
    else:
        # As in negative sampling: noise q, hits K q / (1 - q), and K Σ_o N_co / (1 - q_o).
        q = rng.dirichlet(np.ones(columns + 1))[1:]
        column, column_hit, row_hit = q, 3 * q / (1 - q), np.ones(rows)
        row = 3 * (N / (1 - q)).sum(axis=1)
    x = rng.normal(0, size, (rows, columns))
    parts = (x, N, n, column, row, row_hit, column_hit)
    return Tile(link, *(part.astype(dtype).astype(np.float64) for part in parts))


def epsilon(dtype: type) -> float:
    return float(np.finfo(dtype).eps)


@dataclasses.dataclass
class Line:
    """Where each row of a tile may go: along x - alpha y, with a part linear and one quadratic."""

    tile: Tile
    y: Array
    linear: Array
    quadratic: Array

    def value(self, alpha: Array) -> Array:
        x = self.tile.x - alpha[:, None] * self.y
        rest = alpha * self.linear - alpha**2 * self.quadratic / 2
        return np.asarray(self.tile.loss(x) - rest)

    def slope(self, alpha: Array) -> Array:
        """What there is still to go down: above 0 before the minimum."""
        x = self.tile.x - alpha[:, None] * self.y
        down = (self.tile.residual(x) * self.y).sum(axis=1)
        return np.asarray(down + self.linear - alpha * self.quadratic)

    def search(self, dtype: type, level: str) -> tuple[Array, Array, Array, int]:
        rows = len(self.y)
        alpha: Array = np.full(rows, np.nan, dtype)
        loss, log_z = np.full(rows, np.nan), np.zeros(rows)
        y: Array = self.y.astype(dtype)
        native = self.tile.native(dtype)
        native.residual(level, self.tile.link, np.empty_like(y), loss, log_z)
        points = native.search(
            level, self.tile.link, y, self.linear, self.quadratic, alpha, loss, log_z
        )
        return alpha.astype(np.float64), loss, log_z, points


def random_line(
    tile: Tile, dtype: type, *, seed: int = 0, size: float = 1.0, ridge: float = 0.1
) -> Line:
    """About what a Newton step is: along the gradient, with some noise, and a ridge."""
    rng = np.random.default_rng(seed)
    rows = len(tile.x)
    residual = tile.residual(tile.x)
    scale = np.abs(residual).max(axis=1, keepdims=True)
    y = residual / np.where(scale > 0, scale, 1) + 0.2 * rng.normal(size=tile.x.shape)
    y = (size * y).astype(dtype).astype(np.float64)
    return Line(tile, y, ridge * rng.normal(size=rows), ridge * rng.random(rows))


def assert_good(
    line: Line, dtype: type, level: str, *, flat: bool = True, digits: float = 200
) -> Array:
    """Say that each row went down, to about the least, and that what is reported holds there."""
    tile = line.tile
    alpha, loss, log_z, points = line.search(dtype, level)
    assert points <= 9 * len(alpha)
    assert ((alpha >= 0) & (alpha <= FARTHEST)).all()
    counted, zero = tile.n > 0, np.zeros(len(alpha))
    first = line.slope(zero)
    reach = np.abs(tile.x).max(axis=1) + alpha * np.abs(line.y).max(axis=1)
    weight = 1 + tile.model(tile.x).sum(axis=1)
    rounding = digits * epsilon(dtype) * weight * (1 + reach)
    down = first > rounding * np.abs(line.y).max(axis=1)
    assert (line.value(alpha) <= line.value(zero) + rounding)[counted].all()
    assert (alpha[first < -rounding] == 0).all()
    if flat:
        now = line.slope(alpha)
        least = np.abs(now) <= FLAT * first + rounding * np.abs(line.y).max(axis=1)
        far = (alpha == FARTHEST) & (now > 0)
        assert (least | far | ~down | ~counted).all()
    at = tile.x - alpha[:, None] * line.y
    error = np.abs(loss - tile.n * tile.loss(at))
    assert (error <= rounding * (1 + tile.n))[counted].all()
    if tile.link == "softmax":
        assert (np.abs(log_z - tile.log_z(at)) <= rounding)[counted].all()
    return alpha


def tile_of(link: LinkName, x: list[float], f: list[float], column: list[float]) -> Tile:
    """One row, with a pair in all."""
    rest = np.ones(1), np.zeros(1), np.zeros(len(x))
    return Tile(link, np.array([x]), np.array([f]), np.ones(1), np.array(column), *rest)


def line_of(tile: Tile, y: list[float], linear: float = 0.0, quadratic: float = 0.0) -> Line:
    return Line(tile, np.array([y]), np.array([linear]), np.array([quadratic]))


# Directions in which the curvature at the beginning tells little of what comes.
STEEP = {
    # e^50 and more behind the minimum after a Newton step
    "softmax": line_of(tile_of("softmax", [0, 0], [0.3, 0.7], []), [60.0, -60.0]),
    "softmax, rare": line_of(
        tile_of("softmax", [0, -20, 3], [0.9, 1e-3, 0.099], []), [1.0, -80.0, 1.0]
    ),
    "poisson": line_of(tile_of("poisson", [-5], [1], [0]), [-20.0]),
    "poisson, far": line_of(tile_of("poisson", [-30], [1], [0]), [-30.0]),
    "poisson, farther": line_of(tile_of("poisson", [-1, -1], [1, 1], [0, -9]), [-300.0, -100.0]),
    # a sigmoid that turns soon, behind which the slope stays nearly flat, or quite so
    "logistic": line_of(
        tile_of("logistic", [-8, 0], [0, 0.5], [0.03, 0]), [-40.0, 0.0], linear=1.0
    ),
    "logistic, flat": line_of(
        tile_of("logistic", [-8, 0], [0, 0.5], [0.0295, 0]), [-40.0, 0.0], linear=1.0
    ),
    # as sure as a row can be, and wrong
    "softmax, sure": line_of(tile_of("softmax", [300, 0], [0, 1], []), [90.0, -90.0]),
    "logistic, sure": line_of(tile_of("logistic", [0, -70], [0, 1], [0, 0]), [0.0, -40.0]),
    # two words in balance, and logits that leave the range of exponentials
    "softmax, balanced": line_of(tile_of("softmax", [0, 1, 9], [0.5, 0.5, 0], []), [-90, -70, 9]),
}


def matrices(
    rows: int, columns: int, d: int, dtype: type
) -> tuple[Any, Any, Cooccurrence, Array, dict[LinkName, Link]]:
    """Two matrices, the counts of the rows, and links; numbers about as in training."""
    rng = np.random.default_rng(rows)
    A, B = (rng.normal(size=(size, d)).astype(dtype) / d**0.25 for size in (rows, columns))
    N = rng.gamma(0.5, 4, (rows, columns)) * (rng.random((rows, columns)) < 0.05)
    N[:, 0] += 0.1
    N[1] = 0
    filled = N > 0
    indptr = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
    pairs = Cooccurrence(indptr, np.nonzero(filled)[1].astype(np.int32), N[filled].astype(dtype))
    q = rng.dirichlet(np.full(columns, 2.0))
    links: dict[LinkName, Link] = {
        "softmax": Link("softmax"),
        "poisson": Link("poisson", rng.normal(-3, 1, columns)),
        "logistic": Link(
            "logistic", q, 5 * (N / (1 - q)).sum(axis=1), np.ones(rows), 5 * q / (1 - q)
        ),
    }
    return A, B, pairs, N.astype(dtype).sum(axis=1, dtype=np.float64), links
