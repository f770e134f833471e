"""One span's step of descent as the equations define it: what the native kernels answer to.

Not a test, but what tests compare with: `wordkin.objectives` summed over the windows of a span,
in float64, with the weights that the top of `kernels/negative_sampling.cpp` states.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin import _core
from wordkin.objectives import Array, negative_sampling, skipgram, window_weight
from wordkin.objectives.conventions import Window

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]


@dataclasses.dataclass(frozen=True)
class Span:
    """Consecutive centers that share one pool of negatives and one state of the weights."""

    tokens: Int32
    first: int  # centers are tokens[first], tokens[first + 1], ...
    begin: Int32  # for each center, its window tokens[begin:end], itself included
    end: Int32
    window: Window
    pool: Int32
    negative_weight: float  # K / len(pool)
    reach: int = 0  # how far a window reaches; 0: as far as the window
    steps: int = 1


class Gradient(NamedTuple):
    """What a span's loss is, and its gradients."""

    loss: float
    pairs: float
    grad_V: Array  # noqa: N815
    grad_U: Array  # noqa: N815


def windows(line_lengths: Sequence[int], window: int) -> tuple[Int32, Int32]:
    """Give begin and end of each token's window, which no line end is inside of."""
    last = np.cumsum(line_lengths)
    first, last = np.repeat(last - line_lengths, line_lengths), np.repeat(last, line_lengths)
    place = np.arange(len(last))
    begin, end = np.maximum(place - window, first), np.minimum(place + window + 1, last)
    return begin.astype(np.int32), end.astype(np.int32)


def span_gradient(V: Array, U: Array, redraw: Float32, span: Span) -> Gradient:
    """Sum equation (e) over the windows of a span (f), all at the same V and U."""
    V, U = V.astype(np.float64), U.astype(np.float64)
    loss = pairs = 0.0
    grad_V, grad_U = np.zeros_like(V), np.zeros_like(U)
    for t, (begin, end) in enumerate(zip(span.begin, span.end, strict=True), start=span.first):
        for j in range(begin, end):
            if j == t:
                continue
            o = int(span.tokens[j])
            negatives = span.pool[span.pool != o]
            weights = np.full(len(negatives), span.negative_weight * float(redraw[o]))
            pair_objective = partial(_pair, negatives, weights)
            J, dV, dU = skipgram(int(span.tokens[t]), [o], V, U, pair_objective)
            p = float(window_weight(abs(j - t), span.window))
            loss, pairs = loss + p * J, pairs + p
            grad_V += p * dV
            grad_U += p * dU
    return Gradient(loss, pairs, grad_V, grad_U)


def _pair(
    negatives: Int32, weights: Array, v_c: Array, o: int, U: Array
) -> tuple[float, Array, Array]:
    return negative_sampling(v_c, o, negatives, U, weights)


def native_step(
    level: str, V: Float32, U: Float32, d: int, redraw: Float32, span: Span, rate: float
) -> tuple[float, float]:
    """Let a native kernel take the step, in place; loss and pairs."""
    loss, pairs = _core.step(
        level,
        V,
        U,
        d,
        redraw,
        span.tokens,
        span.first,
        span.begin,
        span.end,
        0 if span.window == "line" else span.window,
        span.pool,
        span.negative_weight,
        rate,
        span.reach or int(span.window),
    )
    return float(loss), float(pairs)
