"""Answers to many analogies "a is to b as c is to ?" at once, on arrays without words.

In: a matrix, the rows of the words in the questions, and the questions. Out: a row number for each.

Twenty thousand questions typically contain only a thousand different words. One matrix product,
computed in tiles of rows, therefore yields all the cosines that the questions need; the native core
combines them into scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin._core import improve_analogies
from wordkin.system import types
from wordkin.system.types import Int64
from wordkin.vectors import search

Method: TypeAlias = Literal["add", "mul"]

METHODS: tuple[Method, ...] = ("add", "mul")
"""3CosAdd: cos(b) - cos(a) + cos(c). 3CosMul: s(b) s(c) / (s(a) + 1e-6), s = (1 + cos) / 2."""

_TILE = 1 << 22  # cosines per tile


def solve(
    matrix: types.Float32,
    words: npt.NDArray[np.integer],
    questions: npt.NDArray[np.integer],
    same_word: npt.NDArray[np.int32],
    *,
    methods: Sequence[Method] = ("add",),
    threads: int = 1,
) -> dict[Method, Int64]:
    """Answer each analogy by the row with the highest score; of ties, the first.

    float64 scores decide; float32 products only rule out rows that cannot be the best. The answers
    therefore depend neither on the number of threads nor on the BLAS library.

    Parameters
    ----------
    matrix : (V, d) float32 array
        Finite numbers; the cosine of a zero row with any vector is 0.
    words : (m,) array of row numbers
        The rows of the words in the questions.
    questions : (n, 3) array of int, in [0, m)
        a, b and c of each question, as positions in `words`.
    same_word : (V,) int32 array
        For each row, the position in `words` of the word that it spells, or -1. Several rows can
        spell one word, such as "cat" and "Cat". The rows of a question's own words are excluded.
    methods : sequence of "add" and "mul"
        The scores to use. All are computed from the same cosines.
    threads : int
        At least 1.

    Returns
    -------
    dict of method to (n,) int64 array
        Row numbers; -1 if all rows are excluded.
    """
    rows = {method: np.full(len(questions), -1, dtype=np.int64) for method in methods}
    if not len(questions):
        return rows
    index = search.ExactIndex(np.ascontiguousarray(matrix))
    directions = search.units(matrix[words])
    as_float32 = directions.astype(np.float32)
    scores = {method: np.full(len(questions), -np.inf) for method in methods}
    triples = np.ascontiguousarray(questions, dtype=np.int32)
    for numbers, tile, scale in index.tiles(None, max(256, _TILE // len(words))):
        cosines = search.rough_products(as_float32, tile)
        cosines *= scale
        span = slice(numbers[0], numbers[-1] + 1)
        for method in methods:
            improve_analogies(
                method=method,
                directions=directions,
                questions=triples,
                cosines=np.ascontiguousarray(cosines),
                slack=index.error,
                candidates=index.matrix[span],
                inverse=index.inverse[span],
                same_word=np.ascontiguousarray(same_word[span]),
                first=int(numbers[0]),
                scores=scores[method],
                rows=rows[method],
                threads=threads,
            )
    return rows
