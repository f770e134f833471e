"""Losses and gradients of the exact engine, tile by tile, at given matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines import OBJECTIVES
from wordkin.engines.counts.counting import count_with
from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.descent import Side
from wordkin.engines.exact.devices import open_tiles
from wordkin.engines.exact.problem import Problem, problem_of
from wordkin.engines.exact.tiles import Array, Link, Tile, Tiles
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings


def loss_of_lines(
    lines: npt.NDArray[np.int32] | None, counts: npt.NDArray[np.int64], settings: ExactSettings
) -> Callable[[npt.NDArray[Any], npt.NDArray[Any]], float | None]:
    """Give a function of center and outside vectors: the mean loss of a pair of some lines.

    It returns None where the lines have no pair, or the objective no loss over counts.
    """
    pairs = None
    trainable = OBJECTIVES[settings.objective].problem is not None
    if trainable and lines is not None and len(lines):
        pairs = count_with(lines, counts, settings, None, Run())

    def loss_of(V: npt.NDArray[Any], U: npt.NDArray[Any]) -> float | None:
        if pairs is None or not pairs.total:
            return None
        with open_tiles(settings) as tiles:
            problem = problem_of(pairs, counts, settings)
            return mean_loss(tiles, problem, tiles.array(V), tiles.array(U))

    return loss_of


def loss_and_gradients(
    pairs: Cooccurrence,
    counts: npt.NDArray[np.int64],
    V: npt.NDArray[Any],
    U: npt.NDArray[Any],
    settings: ExactSettings,
) -> tuple[float, npt.NDArray[Any], npt.NDArray[Any]]:
    """Compute the loss of a corpus and its gradients as the engine does, tile by tile.

    What `objectives.corpus_naive_softmax` and `objectives.corpus_negative_sampling` (with negatives
    drawn again) say, in the memory of a few tiles, with whatever `settings` name: objective,
    negatives, precision, threads, device. No penalty.

    Returns
    -------
    loss, grad_V, grad_U
        In nats, summed over the pairs; (V, d) each.
    """
    problem = problem_of(pairs, counts, settings)
    n = problem.n[:, None]

    def gradient(A: Array, B: Array, link: Link) -> tuple[Side, npt.NDArray[Any]]:
        side, found = Side.of(A), np.zeros(V.shape, tiles.numpy(A).dtype)

        def work(tile: Tile, rows: slice) -> None:
            found[rows] = tiles.numpy(tile.gradient())
            side.loss[rows] = tile.loss
            side.log_z[rows] = tile.log_z

        for _ in tiles.each(A, B, pairs, problem.n, link, work):
            pass
        return side, found * n

    with open_tiles(settings) as tiles:
        center, outside = tiles.array(V), tiles.array(U)
        at, grad_V = gradient(center, outside, problem.center_link())
        _, grad_U = gradient(outside, center, problem.outside_link(at.log_z))
    return float(at.loss.sum()), grad_V, grad_U


def mean_loss(tiles: Tiles, problem: Problem, V: Array, U: Array) -> float:
    """Return the mean loss of a pair."""
    losses = []

    def work(tile: Tile, _: slice) -> None:
        tile.gradient()
        losses.append(tile.loss.sum())

    rows = np.flatnonzero(problem.n)  # of few lines, many words have no pair
    link, pairs = problem.center_link().of_rows(rows), problem.pairs.some_rows(rows)
    for _ in tiles.each(V[rows], U, pairs, problem.n[rows], link, work):
        pass
    return math.fsum(losses) / problem.total
