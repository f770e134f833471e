"""Projections to the plane: variance, neighbours, determinism."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest

from wordkin.system.errors import SettingsError, WordkinError
from wordkin.views import projection
from wordkin.views.projection import LAYOUTS, layout, method_for, pca, principal_axes

rng = np.random.default_rng(0)


def _available(method: str) -> str:
    pytest.importorskip(LAYOUTS[method].package)
    return method


def _matrix(rows: int, dim: int) -> np.ndarray:
    """Return rows that vary along some axes more than along others."""
    return (rng.normal(size=(rows, dim)) * np.geomspace(3, 0.3, dim) + 0.5).astype(np.float32)


@pytest.mark.parametrize(("rows", "dim"), [(5, 20), (24, 100), (2500, 7), (2049, 2)])
def test_pca_is_the_singular_value_decomposition(rows: int, dim: int) -> None:
    matrix = _matrix(rows, dim)
    directions = matrix / np.linalg.norm(matrix.astype(float), axis=1, keepdims=True)
    u, s, _ = np.linalg.svd(directions - directions.mean(axis=0), full_matrices=False)
    axes = principal_axes(matrix)
    assert np.abs(axes.points(matrix)) == pytest.approx(np.abs(u * s)[:, :2], abs=1e-5)
    assert axes.shares == pytest.approx((s**2 / (s**2).sum())[:2])
    assert np.take_along_axis(axes.directions, abs(axes.directions).argmax(0)[None], 0).min() > 0


def test_pca_of_four_directions() -> None:
    points = pca(np.array([[5.0, 0, 0], [-1, 0, 0], [0, 0.6, 0.8], [0, 0.6, -0.8]]))
    # Along the first axis they vary by 2, along the third by 1.28, along the second by 0.36.
    assert points == pytest.approx(np.array([[1, 0], [-1, 0], [0, 0.8], [0, -0.8]]), abs=1e-6)


def test_the_lengths_of_vectors_do_not_matter() -> None:
    matrix = _matrix(100, 10)
    lengths = rng.uniform(0.1, 9, size=(100, 1)).astype(np.float32)
    assert pca(matrix * lengths) == pytest.approx(pca(matrix), abs=1e-5)


def test_pca_is_the_same_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = _matrix(5000, 60)
    placed = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(projection, "cores", lambda threads=threads: threads)
        placed.append(hashlib.sha256(pca(matrix).tobytes()).hexdigest())
    assert len(set(placed)) == 1


SMALL = {
    "nothing": np.zeros((0, 3)),
    "one": np.ones((1, 3)),
    "two": np.array([[1.0, 0], [0, 1]]),
    "three": np.eye(3),
    "one dimension": np.array([[1.0], [-2], [3]]),
    "zeros": np.zeros((120, 4)),
    "equal rows": np.tile([1.0, 2, 3], (120, 1)),
    "equal rows of one dimension": np.ones((120, 1)),
    "two rows, often": np.tile([[1.0], [-1]], (60, 1)),
    "zeros among others": np.vstack([np.zeros((60, 3)), np.tile(np.eye(3), (20, 1))]),
}


@pytest.mark.parametrize("matrix", SMALL.values(), ids=SMALL)
@pytest.mark.parametrize("method", LAYOUTS)
def test_every_layout_takes_little_and_equal_rows(method: str, matrix: np.ndarray) -> None:
    points = layout(matrix.astype(np.float32), _available(method))
    assert points.shape == (len(matrix), 2)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    if len(np.unique(matrix, axis=0)) == 1:
        assert not points.any()


@pytest.mark.parametrize("method", LAYOUTS)
def test_every_layout_keeps_groups_together(method: str) -> None:
    groups = np.repeat(np.arange(3), 50)
    matrix = np.eye(6)[groups] + rng.normal(scale=0.05, size=(150, 6))
    points = layout(matrix.astype(np.float32), _available(method)).astype(float)
    apart = np.linalg.norm(points[:, None] - points, axis=2) + np.diag(np.full(150, np.inf))
    assert (groups[apart.argsort(axis=1)[:, :10]] == groups[:, None]).all()


@pytest.mark.parametrize("method", LAYOUTS)
def test_equal_matrices_are_laid_out_equally(method: str) -> None:
    matrix = _matrix(200, 8)
    first, again = (layout(matrix.copy(), _available(method)) for _ in range(2))
    assert first.tobytes() == again.tobytes()


def test_too_few_rows_are_laid_out_by_pca() -> None:
    fewest = LAYOUTS["tsne"].fewest
    assert method_for(fewest - 1, "tsne") == "pca"
    assert method_for(fewest, "tsne") == "tsne"
    matrix = _matrix(fewest - 1, 4)
    assert layout(matrix, "tsne").tobytes() == pca(matrix).tobytes()


def test_an_unknown_layout_is_named() -> None:
    with pytest.raises(SettingsError, match="layout must be one of pca, tsne, got 'som'"):
        layout(np.eye(3), "som")


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(WordkinError, match=r"pip install 'wordkin\[tsne\]'"):
        layout(_matrix(150, 4), "tsne")
