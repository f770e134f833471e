"""Tiles: every native kernel is the formulas at the head of `tile.cpp`, in float64 and plain NumPy.

`Tile.model` and `Tile.observed` are the two parts of a residual dJ/dx, what a row's model expects
and what was counted; all else follows from them and from `Tile.loss`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from support.tiles import (
    FARTHEST,
    LINKS,
    STEEP,
    Line,
    Tile,
    assert_good,
    epsilon,
    matrices,
    random_line,
    random_tile,
)
from wordkin import _core
from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.tiles import Link, LinkName
from wordkin.engines.exact.tiles import Tile as EngineTile
from wordkin.engines.exact.tiles_native import NativeTiles, tile_rows
from wordkin.objectives import Array

COLUMNS = [1, 2, 3, 15, 16, 17, 100, 4095, 4096, 4097, 9000]

every_link = pytest.mark.parametrize("link", LINKS)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])
every_level = pytest.mark.parametrize("level", _core.levels())


# --------------------------------------------------------------------------------------- residuals


@every_link
def test_the_residual_that_kernels_answer_to_is_the_derivative_of_the_loss(link: LinkName) -> None:
    tile, h = random_tile(link, 7), 1e-5
    for w in range(7):
        step = h * np.eye(7)[w]
        slope = (tile.loss(tile.x + step) - tile.loss(tile.x - step)) / (2 * h)
        np.testing.assert_allclose(tile.residual(tile.x)[:, w], slope, rtol=1e-6, atol=1e-9)


def native_residual(tile: Tile, dtype: type, level: str) -> tuple[Array, Array, Array]:
    out: Array = np.full(tile.x.shape, np.nan, dtype)
    loss, log_z = (np.full(len(tile.x), np.nan) for _ in range(2))
    tile.native(dtype).residual(level, tile.link, out, loss, log_z)
    return out, loss, log_z


def assert_residual(tile: Tile, dtype: type, level: str, digits: float) -> None:
    """Compare each number, in units of what it is the difference of; `digits` times epsilon."""
    out, loss, log_z = native_residual(tile, dtype, level)
    model, observed = tile.model(tile.x), tile.observed(tile.x)
    allowed = digits * epsilon(dtype)
    least = 1e-35 if dtype is np.float32 else 1e-290  # e^x stays above 0
    assert (np.abs(out - (model - observed)) <= allowed * (model + tile.f) + least).all()
    counted = tile.n > 0
    np.testing.assert_array_equal(out[~counted], 0)
    np.testing.assert_array_equal(loss[~counted], 0)
    if tile.link == "softmax":
        wanted = tile.log_z(tile.x)
        np.testing.assert_allclose(log_z[counted], wanted[counted], rtol=allowed, atol=allowed)
    if tile.link != "poisson":
        terms = 1 + np.abs(tile.x).max(axis=1)
        error = np.abs(loss - tile.n * tile.loss(tile.x))
        assert (error <= allowed * tile.n * terms).all()


@every_dtype
@every_level
@every_link
def test_residuals_and_losses_are_the_formulas_for_any_number_of_columns(
    link: LinkName, level: str, dtype: type
) -> None:
    for columns in COLUMNS:
        assert_residual(random_tile(link, columns, dtype), dtype, level, 60)


@every_dtype
@every_level
def test_a_softmax_is_exact_at_huge_logits(level: str, dtype: type) -> None:
    tile = random_tile("softmax", 100, dtype)
    tile.x = np.where(tile.x > 0, 1e4, -1e4)
    tile.x[0] = -1e4  # and where all are far below 0
    tile.x[3, 7:] = 0
    assert_residual(tile, dtype, level, 60)


@every_dtype
@every_level
@pytest.mark.parametrize("link", ["poisson", "logistic"])
def test_large_logits_of_the_other_links_are_exact(link: LinkName, level: str, dtype: type) -> None:
    tile = random_tile(link, 100, dtype)
    tile.x = np.where(tile.x > 0, 80.0, -80.0)
    assert_residual(tile, dtype, level, 400)


@every_dtype
@every_level
@every_link
def test_a_logit_that_is_not_a_number_shows_in_its_row_alone(
    link: LinkName, level: str, dtype: type
) -> None:
    tile = random_tile(link, 40, dtype)
    clean, clean_loss, _ = native_residual(tile, dtype, level)
    tile.x[2, 33] = np.nan
    out, loss, _ = native_residual(tile, dtype, level)
    assert np.isnan(out[2]).any()
    assert link == "poisson" or np.isnan(loss[2])
    others = np.arange(5) != 2
    np.testing.assert_array_equal(out[others], clean[others])
    np.testing.assert_array_equal(loss[others], clean_loss[others])


# ------------------------------------------------------------------------------------- line search


@every_dtype
@every_level
@every_link
def test_a_search_finds_about_the_least_for_any_number_of_columns(
    link: LinkName, level: str, dtype: type
) -> None:
    moved = 0
    for columns in COLUMNS:
        tile = random_tile(link, columns, dtype)
        for size in (0.05, 1.0, 20.0):
            line = random_line(tile, dtype, seed=columns, size=size)
            moved += int((assert_good(line, dtype, level) > 0).sum())
    assert moved > 2 * len(COLUMNS) * 3


@every_dtype
@every_level
@pytest.mark.parametrize("name", STEEP)
def test_a_search_ends_well_where_a_newton_step_would_not(
    name: str, level: str, dtype: type
) -> None:
    assert assert_good(STEEP[name], dtype, level)[0] > 0


def test_those_steps_do_overshoot() -> None:
    line, h = STEEP["poisson"], 1e-4
    zero = np.zeros(1)
    curvature = (line.slope(zero) - line.slope(zero + h)) / h
    newton = np.minimum(line.slope(zero) / curvature, FARTHEST)
    x = line.tile.x - newton[:, None] * line.y
    assert (x > 50).all()


@every_dtype
@every_level
@every_link
def test_random_searches_end_well(link: LinkName, level: str, dtype: type) -> None:
    for seed in range(8):
        tile = random_tile(link, 33, dtype, rows=40, size=(0.3, 3.0)[seed % 2])
        size = (0.1, 1.0, 5.0, 30.0)[seed // 2]
        assert_good(random_line(tile, dtype, seed=seed, size=size), dtype, level)


@every_dtype
@every_level
@every_link
def test_there_is_no_step_where_nothing_is_to_be_gained(
    link: LinkName, level: str, dtype: type
) -> None:
    tile = random_tile(link, 50, dtype)
    uphill = random_line(tile, dtype)
    uphill.y *= -1
    uphill.linear[:] = 0
    assert (uphill.slope(np.zeros(5)) <= 0).all()
    assert not assert_good(uphill, dtype, level).any()
    nowhere = Line(tile, np.zeros_like(tile.x), np.zeros(5), np.zeros(5))
    assert not assert_good(nowhere, dtype, level).any()


@every_dtype
@every_level
@every_link
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_a_direction_that_is_not_finite_is_not_gone(
    value: float, link: LinkName, level: str, dtype: type
) -> None:
    tile = random_tile(link, 50, dtype)
    line = random_line(tile, dtype)
    clean = line.search(dtype, level)
    line.y[2, 41] = value
    alpha, loss, log_z, _ = line.search(dtype, level)
    assert alpha[2] == 0 or (value == 3e38 and 0 < alpha[2] < 1e-30)
    others = np.arange(5) != 2
    for found, wanted in zip((alpha, loss, log_z), clean[:3], strict=True):
        np.testing.assert_array_equal(found[others], wanted[others])


@every_dtype
@every_level
@every_link
def test_a_ridge_alone_is_gone_down_to_its_least(link: LinkName, level: str, dtype: type) -> None:
    tile = random_tile(link, 20, dtype)
    still = Line(tile, np.zeros_like(tile.x), np.full(5, 0.3), np.full(5, 0.2))
    alpha = assert_good(still, dtype, level)
    np.testing.assert_allclose(alpha, np.where(tile.n > 0, 1.5, 0), rtol=1e-6)


# ---------------------------------------------------------------------------------- what is refused


def arguments(dtype: type = np.float64) -> dict[str, npt.NDArray[Any]]:
    """Of a tile of 2 rows and 3 columns."""
    return {
        "x": np.zeros((2, 3), dtype),
        "indptr": np.array([0, 1, 3]),
        "indices": np.array([2, 0, 1], np.int32),
        "counts": np.ones(3, dtype),
        "n": np.array([1, 2], dtype),
        "column": np.ones(3, dtype),
        "row": np.ones(2, dtype),
        "row_hit": np.ones(2, dtype),
        "column_hit": np.ones(3, dtype),
        "lengths": np.empty(0, np.int64),
    }


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("x", np.zeros((3, 3))),
        ("x", np.zeros((2, 0))),
        ("indptr", np.array([0, 3])),
        ("indptr", np.array([0, 1, 4])),
        ("indptr", np.array([0, 3, 1])),
        ("indptr", np.array([-1, 1, 3])),
        ("indices", np.array([2, 0], np.int32)),
        ("indices", np.array([2, 0, 3], np.int32)),
        ("indices", np.array([2, 0, -1], np.int32)),
        ("counts", np.ones(4)),
        ("n", np.ones(3)),
        ("lengths", np.array([3])),
        ("lengths", np.array([3, 4])),
        ("lengths", np.array([2, 3])),
        ("lengths", np.array([0, 3])),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, wrong: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="arrays of a tile do not fit each other"):
        _core.Tile64(**{**arguments(), name: wrong})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("x", np.zeros((2, 3), np.float32)),
        ("x", np.zeros(3)),
        ("x", np.zeros((3, 2)).T),
        ("x", [[0.0]]),
        ("indptr", np.array([0, 1, 3], np.int32)),
        ("indices", np.array([2, 0, 1])),
        ("n", np.ones(2, np.float32)),
        ("column", None),
    ],
)
def test_arrays_of_another_type_or_layout_are_refused(name: str, wrong: Any) -> None:
    with pytest.raises(TypeError):
        _core.Tile64(**{**arguments(), name: wrong})


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("poisson", "column"),
        ("logistic", "column"),
        ("logistic", "row"),
        ("logistic", "row_hit"),
        ("logistic", "column_hit"),
    ],
)
def test_what_a_link_takes_is_checked_when_it_is_named(link: str, name: str) -> None:
    tile = _core.Tile64(**{**arguments(), name: np.empty(0)})
    out, loss, log_z = np.zeros((2, 3)), np.zeros(2), np.zeros(2)
    with pytest.raises(ValueError, match="do not fit its link"):
        tile.residual(_core.levels()[0], link, out, loss, log_z)
    with pytest.raises(ValueError, match="do not fit its link"):
        tile.search(_core.levels()[0], link, out, loss, loss, np.zeros(2), loss, log_z)
    tile.residual(_core.levels()[0], "softmax", out, loss, log_z)
    np.testing.assert_allclose(loss, np.log(3) * np.array([1, 2]))


def test_results_have_to_fit_the_tile() -> None:
    tile: Any = _core.Tile64(**arguments())
    level = _core.levels()[0]
    right: list[Any] = [np.zeros((2, 3)), np.zeros(2), np.zeros(2)]
    for i, wrong in enumerate((np.zeros((3, 2)), np.zeros(3), np.zeros(1))):
        with pytest.raises(ValueError, match="must fit x"):
            tile.residual(level, "softmax", *right[:i], wrong, *right[i + 1 :])
    right = [np.zeros((2, 3)), *np.zeros((5, 2))]
    for i in range(6):
        wrong = np.zeros((2, 2)) if i == 0 else np.zeros(3)
        with pytest.raises(ValueError, match="must fit x"):
            tile.search(level, "softmax", *right[:i], wrong, *right[i + 1 :])
    with pytest.raises(TypeError):  # what is written to is never a copy
        tile.residual(level, "softmax", np.zeros((2, 3), np.float32), *np.zeros((2, 2)))


def test_names_that_there_are_not_are_refused() -> None:
    tile, results = _core.Tile64(**arguments()), (np.zeros((2, 3)), *np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no such link: 'probit'"):
        tile.residual(_core.levels()[0], "probit", *results)
    with pytest.raises(ValueError, match="no instruction set 'avx1024'"):
        tile.residual("avx1024", "softmax", *results)


# ------------------------------------------------------------------------------- tiles, all of them


def step_with_each(
    A: Any,
    B: Any,
    pairs: Cooccurrence,
    n: Array,
    link: Link,
    *,
    rows: int | None = None,
    threads: int = 1,
) -> list[Any]:
    """Gradients, and what a search along them finds."""
    found: list[Any] = [np.full(A.shape, np.nan, A.dtype), *np.full((5, len(A)), np.nan)]

    def work(tile: EngineTile, at: slice) -> None:
        g = tile.gradient()
        before = tile.loss.copy(), tile.log_z.copy()
        alpha = tile.search(g, 0.1 * (A[at] * g).sum(1), 0.1 * (g * g).sum(1))
        for into, part in zip(found, (g, *before, alpha, tile.loss, tile.log_z), strict=True):
            into[at] = part

    with NativeTiles.opened(threads, A.dtype.type, rows) as tiles:
        done = list(tiles.each(A, B, pairs, n, link, work))
    assert done == sorted(done)
    assert done[-1] == len(A)
    return found


@every_dtype
@every_link
@pytest.mark.parametrize(("rows", "columns", "d"), [(22, 22, 7), (513, 300, 31), (129, 1500, 100)])
def test_results_are_the_same_bits_for_any_threads_and_nearly_so_for_any_tiles(
    rows: int, columns: int, d: int, link: LinkName, dtype: type
) -> None:
    A, B, pairs, n, links = matrices(rows, columns, d, dtype)
    whole = step_with_each(A, B, pairs, n, links[link])
    assert all(np.isfinite(part).all() for part in whole)
    for of_a_tile in (16, 48, 64, 512):
        once, *others = (
            step_with_each(A, B, pairs, n, links[link], rows=of_a_tile, threads=threads)
            for threads in (1, 2, 3)
        )
        for other in others:
            assert all(a.tobytes() == b.tobytes() for a, b in zip(once, other, strict=True))
        for a, b in zip(whole, once, strict=True):
            rtol = 2e3 * epsilon(dtype)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.abs(a).max())


@every_link
def test_gradients_and_losses_of_all_tiles_are_the_formulas(link: LinkName) -> None:
    A, B, pairs, n, links = matrices(65, 40, 6, np.float64)  # 65: one row more than four tiles
    found = step_with_each(A, B, pairs, n, links[link], rows=16, threads=2)
    N = np.zeros((65, 40))
    N[np.repeat(np.arange(65), np.diff(pairs.indptr)), pairs.indices] = pairs.values
    of = links[link]
    tile = Tile(
        link,
        A @ B.T,
        N,
        n,
        *(
            np.zeros(size) if part is None else part
            for part, size in ((of.column, 40), (of.row, 65), (of.row_hit, 65), (of.column_hit, 40))
        ),
    )
    np.testing.assert_allclose(found[0], tile.residual(tile.x) @ B, rtol=1e-9, atol=1e-12)
    at = tile.x - found[3][:, None] * (found[0] @ B.T)
    np.testing.assert_allclose(found[4], n * tile.loss(at), rtol=1e-9, atol=1e-12)
    if link != "poisson":
        np.testing.assert_allclose(found[1], n * tile.loss(tile.x), rtol=1e-9, atol=1e-12)
    if link == "softmax":
        counted = n > 0
        np.testing.assert_allclose(found[2][counted], tile.log_z(tile.x)[counted], rtol=1e-12)
        np.testing.assert_allclose(found[5][counted], tile.log_z(at)[counted], rtol=1e-12)
    assert (found[3] > 0).sum() > 50
    assert found[3][1] == 0  # a row without counts
    assert not found[0][1].any()


@pytest.mark.parametrize("rows", [1, 2, 16, 17, 33])
def test_a_last_tile_of_one_row_is_not_left_over(rows: int) -> None:
    A, B, pairs, n, links = matrices(max(rows, 2), 30, 4, np.float64)
    A, n, sizes = A[:rows], n[:rows], []

    def work(tile: EngineTile, at: slice) -> None:
        sizes.append(at.stop - at.start)

    with NativeTiles.opened(1, np.float64, 16) as tiles:
        done = list(tiles.each(A, B, pairs, n, links["softmax"], work))
    assert sum(sizes) == rows == done[-1]
    assert rows == 1 or min(sizes) > 1
    assert max(sizes) <= 16


def test_what_work_raises_ends_it() -> None:
    A, B, pairs, n, links = matrices(100, 30, 4, np.float64)

    def work(tile: EngineTile, at: slice) -> None:
        raise KeyboardInterrupt(at.start)

    with (
        pytest.raises(KeyboardInterrupt, match="0"),
        NativeTiles.opened(2, np.float64, 16) as tiles,
    ):
        list(tiles.each(A, B, pairs, n, links["softmax"], work))


def test_tiles_stay_within_their_memory_and_are_never_too_low() -> None:
    for columns, itemsize, rows in [(10, 4, 512), (10**5, 4, 320), (10**5, 8, 160), (10**7, 8, 16)]:
        assert tile_rows(columns, itemsize) == rows
    assert all(tile_rows(columns, 4) % 16 == 0 for columns in range(1, 10**6, 997))
