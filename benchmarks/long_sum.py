"""Add up the loss of very many pairs, and see how much is lost to rounding.

    python benchmarks/long_sum.py --pairs 1e10

One call sums the loss of a long text at a learning rate of 0; then the same is summed in pieces of
a few blocks, whose sums are added without any rounding (math.fsum).
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

from wordkin import _core
from wordkin.corpus.encoded import LINE_END
from wordkin.engines.stochastic import engine as stochastic_engine
from wordkin.objectives import noise_distribution
from wordkin.system import machine

WORDS, DIM, WINDOW = 1000, 16, 100
NOTHING = dict.fromkeys(("positions", "trained", "subsampled", "pairs", "loss"), 0)
LINE, LINES = 1000, 8  # words of a line, lines of a block


def main() -> None:
    """Print the relative error."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pairs", type=float, default=1e9)
    arguments.add_argument("--threads", type=int, default=2)
    given = arguments.parse_args()
    rng = np.random.default_rng(1)
    lines = math.ceil(given.pairs / (WINDOW + 1) / LINE / LINES / 16) * LINES * 16
    ids = rng.integers(0, WORDS, (lines, LINE + 1), dtype=np.int32)
    ids[:, -1] = LINE_END
    V, U = (stochastic_engine.aligned_rows(WORDS, DIM) for _ in range(2))
    V[:, :DIM], U[:, :DIM] = rng.normal(size=(2, WORDS, DIM))
    noise = noise_distribution(np.ones(WORDS, np.int64))
    threshold, alias = _core.alias_table(noise)
    block = (LINE + 1) * LINES

    def loss_of(part: Any, first: int) -> dict[str, Any]:
        return _core.train_epoch(
            level=machine.level(),
            V=V,
            U=U,
            d=DIM,
            redraw=(1 / (1 - noise)).astype(np.float32),
            ids=part,
            keep=np.full(WORDS, 2**32 - 1, np.uint32),
            alias_threshold=threshold,
            alias=alias,
            window=WINDOW,
            negatives=5,
            layouts=np.array([[WINDOW, 16, 16, 1, 64]], np.int32),
            weights=np.array([WINDOW + 1], np.float32),
            rate_begin=0.0,
            rate_end=0.0,
            seed=1,
            epoch=0,
            threads=given.threads,
            first_position=first,
            block=block,
            batch=16,
            before=NOTHING,
            limit=1e300,
            tick=lambda _: True,
        )

    text = ids.reshape(-1)
    whole = loss_of(text, 0)
    pieces = [loss_of(text[at : at + 16 * block], at) for at in range(0, len(text), 16 * block)]
    exact = math.fsum(piece["loss"] for piece in pieces)
    print(f"pairs           {whole['pairs']:.3e} in one sum, {len(pieces):,} pieces beside it")
    print(f"loss a pair     {whole['loss'] / whole['pairs']:.12f}")
    print(f"relative error  {abs(whole['loss'] - exact) / exact:.1e}")


if __name__ == "__main__":
    main()
