"""A model as the page shows it: vectors with a name, a map, and what else is at hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wordkin.vectors.words import WordVectors

if TYPE_CHECKING:
    from wordkin.training.model import Word2Vec


MAPPED = 100_000  # words on a map at most: the first, which usually are the most frequent


@dataclasses.dataclass(frozen=True)
class Shown:
    """A model to look at.

    Attributes
    ----------
    name : str
        What people call it; no two models of a page share it.
    vectors : WordVectors
    points : (n, 2) float32 array
        Where the first n words stand on the map.
    layout : str
        How it was made, a name of `projection.LAYOUTS`.
    named : tuple of int
        Words of the map that are always labelled.
    arrows : tuple of (int, int)
        Drawn on the map, from a word to a word.
    caption : str
        A line to show instead of where the model comes from.
    pending : str or None
        The name of another layout that is being made.
    model : Word2Vec or None
        Where it was trained by this program: it predicts, and says where it comes from.
    corpus : tuple of Path
        Its text, where that is at hand.
    """

    name: str
    vectors: WordVectors
    points: npt.NDArray[np.float32]
    layout: str = "pca"
    model: Word2Vec | None = None
    corpus: tuple[Path, ...] = ()
    named: tuple[int, ...] = ()
    arrows: tuple[tuple[int, int], ...] = ()
    caption: str = ""
    pending: str | None = None
