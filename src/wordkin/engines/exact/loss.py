"""Losses and gradients at given matrices, computed tile by tile as the exact engine does.

Counts and matrices in; losses in nats out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines import OBJECTIVES
from wordkin.engines.counts.counting import count_lines
from wordkin.engines.counts.matrix import Cooccurrence, PairRows
from wordkin.engines.exact.devices import open_tiles
from wordkin.engines.exact.problem import Problem, problem_of
from wordkin.engines.exact.sample import Sample
from wordkin.engines.exact.steps import Factor
from wordkin.engines.exact.tiles import Array, Link, Tile, Tiles
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings
from wordkin.system.types import Float64


def loss_of_lines(
    lines: npt.NDArray[np.int32] | None, counts: npt.NDArray[np.int64], settings: ExactSettings
) -> Callable[[npt.NDArray[Any], npt.NDArray[Any]], float | None]:
    """Return a function of both matrices: the mean loss per pair on some lines.

    The function returns None if the lines have no pair, or the objective has no loss over counts.
    """
    pairs = None
    trainable = OBJECTIVES[settings.objective].problem is not None
    if trainable and lines is not None and len(lines):
        pairs = count_lines(lines, counts, settings, None, Run())

    def loss_of(V: npt.NDArray[Any], U: npt.NDArray[Any]) -> float | None:
        if pairs is None or not pairs.total:
            return None
        with open_tiles(settings) as tiles:
            problem = problem_of(pairs, counts, settings)
            return mean_pair_loss(tiles, problem, tiles.array(V), tiles.array(U))

    return loss_of


def loss_and_gradients(
    counted: Cooccurrence,
    counts: npt.NDArray[np.int64],
    V: npt.NDArray[Any],
    U: npt.NDArray[Any],
    settings: ExactSettings,
) -> tuple[float, npt.NDArray[Any], npt.NDArray[Any]]:
    """Compute the loss of a corpus and its gradients, tile by tile.

    Equals `objectives.corpus_naive_softmax` or `objectives.corpus_negative_sampling` (with
    ``drawn_again``), but takes the memory of a few tiles only. Uses the objective, negatives,
    precision, threads and device of the settings, and no penalty.

    Parameters
    ----------
    counted : Cooccurrence
    counts : (V,) int64
        How often each word occurs.
    V, U : (V, d) arrays
        Center and outside vectors; with sides U is (2 V, d), the words at the left first.
    settings : ExactSettings

    Returns
    -------
    loss, grad_V, grad_U
        In nats, summed over the pairs; the gradients have the shapes of V and U.
    """
    problem = problem_of(counted, counts, settings)

    def gradient(
        A: Array, B: Array, pairs: PairRows, n: Float64, link: Link
    ) -> tuple[Factor, npt.NDArray[Any]]:
        factor, found = Factor.of(A), np.zeros(A.shape, tiles.numpy(A).dtype)

        def work(tile: Tile, rows: slice) -> None:
            found[rows] = tiles.numpy(tile.gradient())
            factor.loss[rows] = tile.loss
            factor.log_z[rows] = tile.log_z

        for _ in tiles.each(A, B, pairs, n, link, work):
            pass
        return factor, found * n[:, None]

    with open_tiles(settings) as tiles:
        center, outside = tiles.array(V), tiles.array(U)
        at, grad_V = gradient(center, outside, problem.pairs, problem.n, problem.center_link())
        link = problem.outside_link(at.log_z)
        _, grad_U = gradient(outside, center, problem.outside_pairs, problem.outside_n, link)
    return float(at.loss.sum()), grad_V, grad_U


def mean_pair_loss(
    tiles: Tiles, problem: Problem, V: Array, U: Array, sample: Sample | None = None
) -> float:
    """Return the mean loss per pair, in nats; with a sample of U, an estimate."""
    losses = []

    def work(tile: Tile, _: slice) -> None:
        tile.measure()
        losses.append(tile.loss.sum())

    rows = np.flatnonzero(problem.n)  # in few lines, many words have no pair
    link, pairs = problem.center_link().of_rows(rows), problem.pairs.some_rows(rows)
    for _ in tiles.each(V[rows], U, pairs, problem.n[rows], link, work, sample):
        pass
    return math.fsum(losses) / problem.total
