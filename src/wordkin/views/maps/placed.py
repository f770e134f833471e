"""The record of a map: words with their points, and how to show them.

`map` makes it, as its subclass `Map`; `drawing` draws it.
"""

from __future__ import annotations

import dataclasses
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.vectors.words import WordVectors

Theme: TypeAlias = Literal["light", "dark"]
Size: TypeAlias = tuple[float, float]

DOTS_PER_INCH = 200
"""Resolution of PNG files, and of everything that is measured in pixels."""
NAMED = 120
"""Most words to name on a map where no words were requested."""


@dataclasses.dataclass(frozen=True, eq=False)
class Placed:
    """Words with their points in the plane.

    Attributes
    ----------
    vectors : WordVectors
        The n words on the map.
    points : (n, 2) float32 array
        Their positions.
    named : tuple of int
        The rows of the requested words. If empty, as many words are named as fit.
    arrows : tuple of (int, int)
        Rows of the words that each arrow connects.
    layout : str
        The method that made the points, a name of `projection.LAYOUTS`.
    caption : str
        One line on what the axes show.
    theme : {"light", "dark"}
    title : str or None
    size : (width, height) or None
        In inches; None for a size that fits the requested words.
    topn : int
        Most words to name if none were requested.
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
