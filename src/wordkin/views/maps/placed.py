"""Words placed in the plane: the record that drawings and pages are made from."""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.vectors.words import WordVectors

Theme: TypeAlias = Literal["light", "dark"]
Size: TypeAlias = tuple[float, float]

DOTS_PER_INCH = 200
NAMED = 120  # of those, at most so many are named


@dataclasses.dataclass(frozen=True, eq=False)
class Placed:
    """Words in the plane.

    Attributes
    ----------
    vectors : WordVectors
        The n words on the map.
    points : (n, 2) float32 array
        Where they stand.
    named : tuple of int
        The rows of the words that were asked for; empty: as many as there is room for are named.
    arrows : tuple of (int, int)
        From a row to a row.
    layout : str
        How the points were made, a name of `projection.LAYOUTS`.
    caption : str
        What the plane shows.
    theme : {"light", "dark"}
    title : str or None
    size : (width, height) or None
        In inches; None: as large as the words that were asked for need.
    topn : int
        Where no words were asked for, at most so many are named.
    """

    vectors: WordVectors
    points: npt.NDArray[np.float32]
    named: tuple[int, ...] = ()
    arrows: tuple[tuple[int, int], ...] = ()
    layout: str = "pca"
    caption: str = ""
    theme: Theme = "light"
    title: str | None = None
    size: Size | None = None
    topn: int = NAMED

    @property
    def words(self) -> tuple[str, ...]:
        """The n words on the map."""
        return self.vectors.words
