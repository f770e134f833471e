"""All arguments of one call of the stochastic kernel, but for the weights."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from support.span_reference import Float32, Int32, Span, windows
from wordkin import _core
from wordkin.corpus.encoded import LINE_END
from wordkin.engines.stochastic.engine import aligned_rows
from wordkin.engines.windows import Windows
from wordkin.objectives import (
    Array,
    keep_probability,
    noise_distribution,
)
from wordkin.objectives.conventions import Window

BLOCK = 8192  # positions of a block, unless a test says otherwise; spans end with them


BEST = _core.levels()[-1]


NOTHING = {"positions": 0, "trained": 0, "subsampled": 0, "pairs": 0.0, "loss": 0.0}


MASK = (1 << 64) - 1


GAMMA = 0x9E3779B97F4A7C15


STREAMS = 1024


MOST_STEPS = 64  # kMostSteps


KEPT, STRIDE, FIRST_WORD = range(3)  # streams: a token is kept; a span's way; a block's words


def mix(z: int) -> int:
    """Finish as SplitMix64 does."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


@functools.cache
def key_of(seed: int, epoch: int) -> int:
    return mix(mix(seed + GAMMA & MASK) + epoch * GAMMA & MASK)


def random_number(seed: int, epoch: int, position: int, stream: int) -> int:
    """64 bits that hang on these four alone."""
    key = key_of(seed, epoch)
    return mix(key + (position * STREAMS + stream) * GAMMA & MASK)


def draw(number: int, threshold: npt.NDArray[np.uint32], alias: Int32) -> int:
    """Take a word out of an alias table."""
    index, fraction = number * len(alias) >> 64, (number * len(alias) & MASK) >> 32
    return index if fraction < threshold[index] else int(alias[index])


class Layout(NamedTuple):
    """How the spans of blocks are laid out whose windows reach no farther than this."""

    reach: int
    pool_size: int
    span: int
    steps: int
    drawn: int  # words that a block draws, of which a span takes its pool
    weight: float  # the most that the pairs of one center weigh together


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of positions that are trained together, and the context that they see."""

    at: int
    centers: Int32  # words
    around: Int32  # words of its last line and its first, on either side of it, that are in reach
    spans: list[tuple[Span, float]]  # and their learning rates
    layout: Layout


@dataclasses.dataclass(frozen=True)
class Job:
    """All arguments of `_core.train_epoch`, except the weights."""

    ids: Int32
    counts: npt.NDArray[np.int64]
    window: Window = 3
    negatives: int = 5
    pool_size: int = 12
    span: int = 8
    steps: int = 1
    drawn: int = 64
    subsample: float = 0.0
    rates: tuple[float, float] = (0.05, 0.02)
    seed: int = 1
    epoch: int = 0
    threads: int = 1
    first_position: int = 0
    block: int = BLOCK
    batch: int = 0
    shorter: tuple[Layout, ...] = ()  # layouts of blocks whose windows reach less

    @property
    def layout(self) -> Windows:
        return Windows.of(self.window, self.ids)

    @property
    def layouts(self) -> list[Layout]:
        of_all = self.layout
        steps, drawn = self.steps, self.drawn
        own = Layout(of_all.reach, self.pool_size, self.span, steps, drawn, of_all.weight)
        return [*self.shorter, own]

    @property
    def noise(self) -> Array:
        return noise_distribution(self.counts)

    @property
    def redraw(self) -> Float32:
        return np.asarray(1 / (1 - self.noise), np.float32)

    @property
    def keep(self) -> npt.NDArray[np.uint32]:
        keep = keep_probability(self.counts / self.counts.sum(), self.subsample)
        return np.asarray(keep * 2.0**32 - 1, np.uint32)

    def weights(self, d: int, seed: int = 5) -> tuple[Float32, Float32]:
        rng, size = np.random.default_rng(seed), len(self.counts)
        V, U = aligned_rows(size, d), aligned_rows(size, d)
        for M in (V, U):
            M[:, :d] = rng.normal(size=(size, d)) / d**0.25
        return V, U

    def run(
        self,
        V: Float32,
        U: Float32,
        d: int,
        level: str = BEST,
        tick: Any = lambda _: True,
        before: Mapping[str, Any] = NOTHING,
        limit: float = sys.float_info.max,
    ) -> dict[str, Any]:
        """Let the engine run one epoch, in place."""
        threshold, alias = _core.alias_table(self.noise)
        tally: dict[str, Any] = _core.train_epoch(
            level=level,
            V=V,
            U=U,
            d=d,
            redraw=self.redraw,
            ids=self.ids,
            keep=self.keep,
            alias_threshold=threshold,
            alias=alias,
            window=self.layout.size,
            negatives=self.negatives,
            layouts=np.array([layout[:5] for layout in self.layouts], np.int32),
            weights=np.array([layout.weight for layout in self.layouts], np.float32),
            rate_begin=self.rates[0],
            rate_end=self.rates[1],
            seed=self.seed,
            epoch=self.epoch,
            threads=self.threads,
            first_position=self.first_position,
            block=self.block,
            batch=self.batch,
            before=dict(before),
            limit=limit,
            tick=tick,
        )
        return tally

    def blocks(self) -> Iterator[Block]:
        """Give what the epoch trains on, in order, block by block."""
        keep, (threshold, alias) = self.keep, _core.alias_table(self.noise)
        at = np.array(
            [
                i
                for i in np.flatnonzero(self.ids != LINE_END).tolist()
                if self._random(i, KEPT) >> 32 <= keep[self.ids[i]]
            ],
            np.int64,
        )
        tokens = self.ids[at]
        lines = np.cumsum(self.ids == LINE_END)
        line = lines[at]
        reach = self.layout.reach
        begin, end = windows(np.unique(line, return_counts=True)[1].tolist(), reach)
        for block_begin in range(0, len(self.ids), self.block):
            block_end = min(block_begin + self.block, len(self.ids))
            first, last = np.searchsorted(at, (block_begin, block_end)).tolist()
            spans = []
            centered = np.arange(first, last)
            farthest = max(
                (centered - begin[first:last]).max(initial=0),
                (end[first:last] - 1 - centered).max(initial=0),
            )
            layout = next(each for each in self.layouts if each.reach >= farthest)
            words = [
                draw(self._random(block_begin, FIRST_WORD + k), threshold, alias)
                for k in range(layout.drawn if first < last else 0)
            ]
            for span_first in range(first, last, layout.span):
                centers = slice(span_first, min(span_first + layout.span, last))
                position = int(at[span_first])
                way = self._random(position, STRIDE)
                start, stride = way >> 32, way & 0xFFFFFFFF | 1
                places = (start + k * stride for k in range(layout.pool_size))
                span = Span(
                    tokens=tokens,
                    first=span_first,
                    begin=begin[centers],
                    end=end[centers],
                    window=self.window,
                    reach=layout.reach,
                    steps=layout.steps,
                    pool=np.array([words[at % layout.drawn] for at in places], np.int32),
                    negative_weight=float(np.float32(self.negatives / layout.pool_size)),
                )
                spans.append((span, self.rate_at(position)))
            before = slice(max(first - reach, 0), first)
            behind = slice(last, last + reach)
            around = [
                tokens[before][line[before] == lines[block_begin - 1]],
                tokens[behind][line[behind] == lines[block_end - 1]],
            ]
            yield Block(block_begin, tokens[first:last], np.concatenate(around), spans, layout)

    def spans(self) -> Iterator[tuple[Span, float]]:
        """Give the spans of all blocks, in order, and their learning rates."""
        return itertools.chain.from_iterable(block.spans for block in self.blocks())

    def rate_at(self, position: int) -> float:
        rate_begin, rate_end = self.rates
        return rate_begin + (rate_end - rate_begin) * position / len(self.ids)

    def _random(self, position: int, stream: int) -> int:
        return random_number(self.seed, self.epoch, self.first_position + position, stream)
