"""Vectors laid out in the plane.

In: a matrix. Out: two numbers a row. Knows nothing of words; the methods beyond PCA are those of
other packages, imported when they are asked for.

Directions are laid out, as neighbours are those of the nearest direction: every row is first scaled
to length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from wordkin.system.errors import SettingsError, WordkinError
from wordkin.system.machine import cores
from wordkin.system.types import Float32, Float64
from wordkin.vectors.search import units

_BLOCK = 1024  # rows widened to float64 at a time
_TSNE_THREADS = 4  # on any machine: the last digits depend on it
_NOTHING = 1e-13  # variance of a row that rounding can leave: numbers have 7 digits


def layout(matrix: npt.NDArray[Any], method: str = "pca") -> Float32:
    """Return where the rows of a matrix stand in the plane.

    Parameters
    ----------
    matrix : (n, d) array
        Finite numbers.
    method : str
        One of `LAYOUTS`. So few rows that it cannot lay them out are laid out by PCA, as
        `method_for` tells. Equal matrices give equal points, to the last digit, on any number of
        threads.

    Returns
    -------
    (n, 2) float32 array

    Raises
    ------
    SettingsError
        If there is no such method.
    WordkinError
        If its package is not installed.
    """
    return LAYOUTS[method_for(len(matrix), method)].place(matrix)


def method_for(rows: int, method: str) -> str:
    """Return the method that lays out so many rows: the one asked for, or "pca" for too few.

    Raises
    ------
    SettingsError
        If there is no such method.
    """
    return method if rows >= _known(method).fewest else "pca"


def require_layout(method: str) -> ModuleType:
    """Return the package of a method.

    Raises
    ------
    SettingsError
        If there is no such method.
    WordkinError
        If it is not installed.
    """
    package = _known(method).package
    try:
        return import_module(package)
    except ImportError as error:
        raise WordkinError(
            f"the layout {method} needs its package ({error}): pip install 'wordkin[{method}]'"
        ) from None


def _known(method: str) -> Method:
    if method not in LAYOUTS:
        raise SettingsError(f"layout must be one of {', '.join(LAYOUTS)}, got {method!r}")
    return LAYOUTS[method]


class Axes(NamedTuple):
    """The two directions along which rows of length 1 vary most.

    Attributes
    ----------
    origin : (d,) float64 array
        The mean of the rows.
    directions : (d, 2) float64 array
        Of length 1, the first axis first; the largest number of each is positive. Zero where the
        rows do not vary along so many axes.
    shares : (2,) float64 array
        The share of all variance that is along each; 0 where nothing varies.
    """

    origin: Float64
    directions: Float64
    shares: Float64

    def points(self, matrix: npt.NDArray[Any]) -> Float32:
        """Return where rows stand along the axes, (n, 2)."""
        points = np.zeros((len(matrix), 2), np.float32)
        with _pool() as pool:
            placed = pool.map(
                lambda rows: (units(rows) - self.origin) @ self.directions, _blocks(matrix)
            )
            for start, block in zip(range(0, len(matrix), _BLOCK), placed, strict=True):
                points[start : start + _BLOCK] = block
        return points


def principal_axes(matrix: npt.NDArray[Any]) -> Axes:
    """Find the axes of PCA, which do not depend on the number of threads.

    Parameters
    ----------
    matrix : (n, d) array
        It is widened in blocks: no copy of the whole is made.
    """
    n, d = matrix.shape
    total, products = np.zeros(d), np.zeros((d, d))
    with _pool() as pool:
        for part, square in pool.map(_moments, _blocks(matrix)):  # in the order of the rows
            total += part
            products += square
        origin = total / max(n, 1)
        products -= n * np.outer(origin, origin)
        variances, directions = np.linalg.eigh(products)
    axes, along = np.zeros((d, 2)), np.zeros(2)
    found = min(d, 2)
    axes[:, :found] = directions[:, ::-1][:, :found]
    along[:found] = variances[::-1][:found]
    along[along <= n * _NOTHING] = 0.0
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]]) * (along > 0)
    return Axes(origin, axes, along / (np.trace(products) if along.any() else 1.0))


def pca(matrix: npt.NDArray[Any]) -> Float32:
    """Project directions on the two axes along which they vary most."""
    return principal_axes(matrix).points(matrix)


def _moments(rows: npt.NDArray[Any]) -> tuple[Float64, Float64]:
    """Return the sum of the directions, (d,), and of their outer products, (d, d)."""
    directions = units(rows)
    return directions.sum(axis=0), directions.T @ directions


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Give threads, and BLAS but one of them: a product's sums then have one order."""
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        yield pool


def _blocks(matrix: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    return (matrix[i : i + _BLOCK] for i in range(0, len(matrix), _BLOCK))


def tsne(matrix: npt.NDArray[Any]) -> Float32:
    """Lay out by t-SNE (van der Maaten and Hinton 2008), as openTSNE does it, from PCA on."""
    opentsne = require_layout("tsne")
    start = pca(matrix).astype(np.float64)
    spread = start[:, 0].std()
    if not spread:
        return start.astype(np.float32)  # all rows are equal
    # Of unit vectors the nearest are those of the highest cosine. openTSNE asks for such a start.
    tsne = opentsne.TSNE(
        metric="euclidean", neighbors="annoy", initialization=start / spread * 1e-4,
        n_jobs=_TSNE_THREADS, random_state=1,
    )  # fmt: skip
    return np.asarray(tsne.fit(units(matrix).astype(np.float32)), dtype=np.float32)


class Method(NamedTuple):
    """A way to lay out vectors.

    Attributes
    ----------
    title : str
        What people call it.
    place : callable
        Takes an (n, d) array, returns (n, 2) points.
    fewest : int
        Of fewer rows it makes nothing; they are laid out by PCA.
    package : str
        What it imports: "numpy", or what the extra of its name installs.
    """

    title: str
    place: Callable[[npt.NDArray[Any]], Float32]
    fewest: int = 0
    package: str = "numpy"


LAYOUTS: dict[str, Method] = {
    "pca": Method("PCA", pca),
    # It asks for the 90 nearest of every row.
    "tsne": Method("t-SNE", tsne, fewest=100, package="openTSNE"),
}
"""Names of methods, and what they are."""
