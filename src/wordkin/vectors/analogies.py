"""The row that answers "a is to b as c is to ?", for many questions about plain arrays at once.

In: a matrix, the rows of words that are asked about, questions. Out: a row number for each.

A file of twenty thousand questions asks about a thousand words. So one matrix product, taken tile
of rows by tile of rows, has all cosines that any question needs; the native core reads the answers
off.
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

_TILE = 1 << 22  # cosines taken at a time


def solve(
    matrix: types.Float32,
    asked: npt.NDArray[np.integer],
    questions: npt.NDArray[np.integer],
    same_word: npt.NDArray[np.int32],
    *,
    methods: Sequence[Method] = ("add",),
    threads: int = 1,
) -> dict[Method, Int64]:
    """Answer analogies by the row with the highest score, the first of equals.

    The answers are those of float64 scores, on any number of threads and whatever the BLAS at hand
    rounds: float32 only rules out what cannot be the best.

    Parameters
    ----------
    matrix : (V, d) float32 array
        Finite numbers; a row of zeros has the cosine 0 with anything.
    asked : (m,) array of row numbers
        The words that questions are about.
    questions : (n, 3) array of numbers of words, in [0, m)
        a, b and c of each.
    same_word : (V,) int32 array
        For each row the number of the word that it is, or -1. A row that is one of the question's
        own words is no answer; there may be several for one word, such as two spellings.
    methods : sequence of "add" and "mul"
        Which scores decide; each has answers of its own, from the same cosines.
    threads : int
        At least 1.

    Returns
    -------
    dict of method to (n,) int64 array
        Row numbers; -1 where every row is one of the question's own words.
    """
    rows = {method: np.full(len(questions), -1, dtype=np.int64) for method in methods}
    if not len(questions):
        return rows
    searched = search.Searched(np.ascontiguousarray(matrix))
    directions = search.units(matrix[asked])
    as_float32 = directions.astype(np.float32)
    scores = {method: np.full(len(questions), -np.inf) for method in methods}
    triples = np.ascontiguousarray(questions, dtype=np.int32)
    for numbers, tile, scale in searched.tiles(None, max(256, _TILE // len(asked))):
        cosines = search.rough_products(as_float32, tile)
        cosines *= scale
        these = slice(numbers[0], numbers[-1] + 1)
        for method in methods:
            improve_analogies(
                method=method,
                directions=directions,
                questions=triples,
                cosines=np.ascontiguousarray(cosines),
                slack=searched.error,
                candidates=searched.matrix[these],
                inverse=searched.inverse[these],
                same_word=np.ascontiguousarray(same_word[these]),
                first=int(numbers[0]),
                scores=scores[method],
                rows=rows[method],
                threads=threads,
            )
    return rows
