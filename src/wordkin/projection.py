"""Vectors laid out in the plane.

In: a matrix. Out: two numbers a row. Knows nothing of words; the methods beyond PCA are those of
other packages, imported when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.errors import SettingsError

Points = npt.NDArray[np.float32]  # (n, 2)


def layout(matrix: npt.NDArray[Any], method: str = "pca") -> Points:
    """Return where the rows of a matrix, (n, d), stand in the plane, (n, 2) float32.

    Parameters
    ----------
    matrix : (n, d) array
        Vectors; their directions are laid out, as neighbours are those of the nearest direction.
    method : str
        One of `LAYOUTS`.

    Raises
    ------
    SettingsError
        If there is no such method.
    WordkinError
        If its package is not installed.
    """
    if method not in LAYOUTS:
        raise SettingsError(f"layout must be one of {', '.join(LAYOUTS)}, got {method!r}")
    return LAYOUTS[method](matrix)


def pca(matrix: npt.NDArray[Any]) -> Points:
    """Project directions on the two axes along which they vary most.

    The largest number of an axis is positive, so that equal rows give equal points.
    """
    rows = matrix.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, lengths, out=rows, where=lengths > 0)
    rows -= rows.mean(axis=0)
    axes = np.linalg.eigh(rows.T @ rows)[1][:, ::-1][:, :2]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    points = np.zeros((len(rows), 2), np.float32)
    points[:, : axes.shape[1]] = rows @ axes
    return points


LAYOUTS: dict[str, Callable[[npt.NDArray[Any]], Points]] = {"pca": pca}
"""Names of methods, and what they call."""
