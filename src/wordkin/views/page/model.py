"""The record of a model on the page: its vectors with a name, a map, and what else is available."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wordkin.vectors.words import WordVectors

if TYPE_CHECKING:
    from wordkin.training.model import Word2Vec

MAPPED = 100_000
"""Most words on a map: the first ones, usually the most frequent."""


@dataclasses.dataclass(frozen=True)
class PageModel:
    """A model as the page shows it.

    Attributes
    ----------
    name : str
        Its display name, unique on the page.
    vectors : WordVectors
    points : (n, 2) float32 array
        Positions of the first n words on the map.
    layout : str
        The method that made the points, a name of `projection.LAYOUTS`.
    named : tuple of int
        Rows of the words that are always labelled.
    arrows : tuple of (int, int)
        Rows of the words that each arrow on the map connects.
    caption : str
        Shown in place of the line on how the model was trained.
    pending : str or None
        The layout that is being computed to replace this one.
    word2vec : Word2Vec or None
        The trained model, if it is available: it predicts, and has its training settings.
    corpus : tuple of Path
        Files of the text that it was trained on, if they are available.
    """

    name: str
    vectors: WordVectors
    points: npt.NDArray[np.float32]
    layout: str = "pca"
    word2vec: Word2Vec | None = None
    corpus: tuple[Path, ...] = ()
    named: tuple[int, ...] = ()
    arrows: tuple[tuple[int, int], ...] = ()
    caption: str = ""
    pending: str | None = None
