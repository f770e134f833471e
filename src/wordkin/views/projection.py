"""Project vectors to two dimensions.

In: a matrix. Out: two coordinates per row. Methods other than PCA come from optional packages,
which are imported on first use.

Every row is first scaled to length 1, since neighbours are the words with the nearest direction.
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

_BLOCK = 1024  # rows converted to float64 at once
_TSNE_THREADS = 4  # on every machine, since the last digits depend on it
_ROUNDING = 1e-13  # variance per row that rounding of float32 can leave


def layout(matrix: npt.NDArray[Any], method: str = "pca") -> Float32:
    """Return the positions of the rows of a matrix in the plane.

    Parameters
    ----------
    matrix : (n, d) array
        Finite numbers.
    method : str
        One of `LAYOUTS`; PCA is used instead if there are too few rows for it (see `method_for`).
        Equal matrices give equal points, to the last digit, on any number of threads.

    Returns
    -------
    (n, 2) float32 array

    Raises
    ------
    SettingsError
        If there is no such method.
    WordkinError
        If the package of the method is not installed.
    """
    return LAYOUTS[method_for(len(matrix), method)].place(matrix)


def method_for(rows: int, method: str) -> str:
    """Return the method to use for this many rows: `method`, or "pca" if there are too few.

    Raises
    ------
    SettingsError
        If there is no such method.
    """
    return method if rows >= _method(method).fewest else "pca"


def require_layout(method: str) -> ModuleType:
    """Import the package of a method and return it.

    Raises
    ------
    SettingsError
        If there is no such method.
    WordkinError
        If the package is not installed.
    """
    package = _method(method).package
    try:
        return import_module(package)
    except ImportError as error:
        raise WordkinError(
            f"the layout {method} needs its package ({error}): pip install 'wordkin[{method}]'"
        ) from None


def _method(method: str) -> Method:
    if method not in LAYOUTS:
        raise SettingsError(f"layout must be one of {', '.join(LAYOUTS)}, got {method!r}")
    return LAYOUTS[method]


class Axes(NamedTuple):
    """The two principal axes of rows that were scaled to length 1.

    Attributes
    ----------
    origin : (d,) float64 array
        The mean of the rows.
    directions : (d, 2) float64 array
        One axis per column, of length 1, the largest component positive; zero if the rows do not
        vary along that many axes.
    shares : (2,) float64 array
        The share of the total variance along each axis; 0 if nothing varies.
    """

    origin: Float64
    directions: Float64
    shares: Float64

    def points(self, matrix: npt.NDArray[Any]) -> Float32:
        """Return the coordinates of rows along the axes, (n, 2)."""
        points = np.zeros((len(matrix), 2), np.float32)
        with _pool() as pool:
            placed = pool.map(
                lambda rows: (units(rows) - self.origin) @ self.directions, _blocks(matrix)
            )
            for start, block in zip(range(0, len(matrix), _BLOCK), placed, strict=True):
                points[start : start + _BLOCK] = block
        return points


def principal_axes(matrix: npt.NDArray[Any]) -> Axes:
    """Return the axes of PCA, which do not depend on the number of threads.

    Parameters
    ----------
    matrix : (n, d) array
        Converted to float64 in blocks, without a copy of the whole.
    """
    n, d = matrix.shape
    total, products = np.zeros(d), np.zeros((d, d))
    with _pool() as pool:
        for part, square in pool.map(_moments, _blocks(matrix)):  # in row order
            total += part
            products += square
        origin = total / max(n, 1)
        products -= n * np.outer(origin, origin)
        variances, directions = np.linalg.eigh(products)
    axes, along = np.zeros((d, 2)), np.zeros(2)
    found = min(d, 2)
    axes[:, :found] = directions[:, ::-1][:, :found]
    along[:found] = variances[::-1][:found]
    along[along <= n * _ROUNDING] = 0.0
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]]) * (along > 0)
    return Axes(origin, axes, along / (np.trace(products) if along.any() else 1.0))


def pca(matrix: npt.NDArray[Any]) -> Float32:
    """Project the rows of a matrix, scaled to length 1, to their two principal axes."""
    return principal_axes(matrix).points(matrix)


def _moments(rows: npt.NDArray[Any]) -> tuple[Float64, Float64]:
    """Return the sum of the unit rows, (d,), and of their outer products, (d, d)."""
    directions = units(rows)
    return directions.sum(axis=0), directions.T @ directions


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Yield a thread pool with single-threaded BLAS, so that sums have a fixed order."""
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        yield pool


def _blocks(matrix: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    return (matrix[i : i + _BLOCK] for i in range(0, len(matrix), _BLOCK))


def tsne(matrix: npt.NDArray[Any]) -> Float32:
    """Lay out by openTSNE's t-SNE (van der Maaten and Hinton 2008), initialised by PCA."""
    opentsne = require_layout("tsne")
    start = pca(matrix).astype(np.float64)
    spread = start[:, 0].std()
    if not spread:
        return start.astype(np.float32)  # all rows are equal
    # For unit vectors Euclidean and cosine neighbours agree; openTSNE recommends this scale.
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
        Its name in captions.
    place : callable
        Takes an (n, d) array, returns (n, 2) points.
    fewest : int
        The fewest rows that it can lay out; PCA is used for fewer.
    package : str
        The package that it imports; beyond NumPy, the extra of the method's name installs it.
    """

    title: str
    place: Callable[[npt.NDArray[Any]], Float32]
    fewest: int = 0
    package: str = "numpy"


LAYOUTS: dict[str, Method] = {
    "pca": Method("PCA", pca),
    # It needs the 90 nearest neighbours of every row.
    "tsne": Method("t-SNE", tsne, fewest=100, package="openTSNE"),
}
"""The methods by name."""
