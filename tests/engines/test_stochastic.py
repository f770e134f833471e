"""The stochastic engine: what it draws, what it trains on, that its mean step is the exact one.

`Job.blocks` repeats in Python all that an epoch decides (sampling.hpp, stochastic.cpp): which
tokens subsampling keeps, the windows, the spans, their pools and learning rates. Steps taken span
by span, by the equations or by the kernel, must then come to what `train_epoch` comes to; those of
the blocks of a batch are brought together as `merged` does. Windows here know nothing of blocks, so
the comparison shows that the engine cuts none at a block's edge.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from support.jobs import (
    BEST,
    BLOCK,
    MASK,
    MOST_STEPS,
    NOTHING,
    STREAMS,
    Job,
    Layout,
)
from support.span_reference import Float32, Int32, Span, native_step, span_gradient
from wordkin import _core
from wordkin.corpus.encoded import LINE_END
from wordkin.engines import outcome as outcome_module
from wordkin.engines.outcome import as_plain
from wordkin.engines.run import Checkpoint, Matrices, Run
from wordkin.engines.settings import StochasticSettings
from wordkin.engines.stochastic import engine as stochastic_engine
from wordkin.engines.stochastic import plan
from wordkin.engines.stochastic.engine import aligned_rows
from wordkin.engines.windows import Windows
from wordkin.objectives import (
    Array,
    keep_probability,
    negative_sampling,
    noise_distribution,
    window_weight,
)
from wordkin.system import machine
from wordkin.system.errors import DivergenceError, SettingsError
from wordkin.system.progress import Progress

# ------------------------------------------------------------------- what an epoch draws, in Python


def random_job(size: int, vocabulary: int, line: int, seed: int = 1, **changes: Any) -> Job:
    """A text of random words, the first ones frequent, in lines of about `line` words."""
    rng = np.random.default_rng(seed)
    ids = np.minimum(rng.geometric(min(0.5, 3 / vocabulary), size), vocabulary).astype(np.int32) - 1
    ids[rng.random(size) < 1 / line] = LINE_END
    counts = np.bincount(ids[ids != LINE_END], minlength=vocabulary) + 1
    return Job(ids, counts.astype(np.int64), seed=seed, **changes)


def assert_close(found: Float32, wanted: Array, rtol: float) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * np.abs(wanted).max())


def assert_tally(job: Job, tally: dict[str, Any], spans: list[Span]) -> None:
    centers = sum(len(span.begin) for span in spans)
    assert tally["positions"] == len(job.ids)
    assert tally["trained"] == centers
    assert tally["trained"] + tally["subsampled"] == np.count_nonzero(job.ids != LINE_END)
    assert tally["diverged"] is False


# ---------------------------------------------------------- an epoch, step by step, is the engine's

GENTLE = (1e-3, 1e-4)  # rates for wide windows, on random vectors of a few words


@pytest.mark.parametrize(
    ("size", "d", "changes"),
    [
        (300, 5, {}),
        (400, 17, {"subsample": 0.02, "window": 5, "negatives": 2, "epoch": 3}),
        (60, 3, {"window": 100, "span": 3, "pool_size": 5}),
        (300, 5, {"window": 9_999_999}),
        (300, 5, {"window": (1 << 63) - 1, "subsample": 0.02}),
        (300, 17, {"window": "line", "negatives": 2, "rates": (0.01, 0.001)}),
        (3 * BLOCK - 5, 4, {"window": "line", "subsample": 1e-4, "rates": GENTLE, "negatives": 1}),
        (300, 5, {"steps": 4, "rates": (0.4, 0.1)}),
        (40, 3, {"steps": MOST_STEPS, "rates": (2.0, 1.0)}),
        (40, 3, {"steps": 3 * MOST_STEPS, "rates": (6.0, 3.0)}),
        # Three blocks, of which subsampling leaves little: windows reach far over their edges.
        (3 * BLOCK - 5, 4, {"subsample": 1e-4, "window": 2, "negatives": 1}),
    ],
)
def test_an_epoch_is_the_equations_applied_to_each_span(
    size: int, d: int, changes: dict[str, Any]
) -> None:
    job = random_job(size, vocabulary=30, line=200 if size > BLOCK else 12, **changes)
    start = job.weights(d)
    V, U = (M[:, :d].astype(np.float64) for M in start)
    spans, loss, pairs = [], 0.0, 0.0
    for span, rate in job.spans():
        for part in range(min(span.steps, MOST_STEPS)):
            J = span_gradient(V, U, job.redraw, span)
            V -= rate / span.steps * J.grad_V
            U -= rate / span.steps * J.grad_U
            if part == 0:  # the loss is that at the weights that the span found
                loss, pairs = loss + J.loss, pairs + J.pairs
        spans.append(span)

    tally = job.run(*start, d)
    assert_tally(job, tally, spans)
    assert tally["pairs"] == pytest.approx(pairs, rel=1e-6)
    assert tally["loss"] == pytest.approx(loss, rel=1e-5)
    assert_close(start[0][:, :d], V, rtol=1e-4)
    assert_close(start[1][:, :d], U, rtol=1e-4)


CURVATURE = 0.2  # kCurvature: what a unit of weight pulls


class Use(NamedTuple):
    """What a block has made of a matrix, how often it uses each row, and its pull on them."""

    M: Float32
    times: npt.NDArray[np.int64]
    pull: Array


def merged(M: Float32, uses: list[Use]) -> Float32:
    """Bring the changes of several blocks to the same rows together, as `Copies` says.

    A block under the pull p takes a row p / (1 + p) of the way. All of them one after the other
    would take it as far as one under the sum of their pulls.
    """
    users = sum((use.times > 0).astype(int) for use in uses)
    pull = sum(use.pull for use in uses)
    moved = sum(use.pull / (1 + use.pull) for use in uses)
    scale = np.ones(len(M))
    np.divide(pull / (1 + pull), moved, out=scale, where=(users > 1) & (moved > 0))
    result = copied(M)
    result += scale[:, None] * sum((use.M - M.astype(np.float64)) for use in uses)
    return result


def descended(
    job: Job, d: int, level: str = BEST
) -> tuple[Float32, Float32, float, float, list[Span]]:
    """Take the steps of an epoch one by one: V, U, loss, pairs, and the spans."""
    V, U = job.weights(d)
    loss, pairs, spans = 0.0, 0.0, []
    blocks = job.blocks()
    while batch := list(itertools.islice(blocks, max(job.batch, 1))):
        uses_V, uses_U = [], []
        for block in batch:
            if not block.spans:
                continue
            block_V, block_U = copied(V), copied(U)
            for span, rate in block.spans:
                for part in range(min(span.steps, MOST_STEPS)):
                    step_rate = rate / span.steps
                    done = native_step(level, block_V, block_U, d, job.redraw, span, step_rate)
                    if part == 0:  # the loss is that at the weights that the span found
                        loss, pairs = loss + done[0], pairs + done[1]
                spans.append(span)
            positive = CURVATURE * job.rate_at(block.at) * block.layout.weight
            negative = positive * job.negatives
            centers, seen, drawn = (
                np.bincount(words, minlength=len(V))
                for words in (
                    block.centers,
                    np.concatenate([block.centers, block.around]),
                    np.concatenate([span.pool for span, _ in block.spans]),
                )
            )
            pull = positive * seen + negative * block.layout.span / block.layout.pool_size * drawn
            uses_V.append(Use(block_V, centers, (positive + negative) * centers))
            uses_U.append(Use(block_U, seen + drawn, pull))
        if uses_V:
            V, U = merged(V, uses_V), merged(U, uses_U)
    return V, U, loss, pairs, spans


def copied(M: Float32) -> Float32:
    copy = aligned_rows(*M.shape)
    copy[:] = M
    return copy


def assert_is_a_chain_of_native_steps(
    job: Job, d: int, level: str = BEST, rtol: float = 1e-5
) -> None:
    start = job.weights(d)
    V, U, loss, pairs, spans = descended(job, d, level)
    tally = job.run(*start, d, level)
    assert_tally(job, tally, spans)
    assert tally["pairs"] == pytest.approx(pairs, rel=1e-6)
    assert tally["loss"] == pytest.approx(loss, rel=1e-5)
    assert_close(start[0], V, rtol)
    assert_close(start[1], U, rtol)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    vocabulary, batch = draw(st.integers(2, 20)), draw(st.integers(0, 5))
    words = st.one_of(st.integers(0, vocabulary - 1), st.just(LINE_END))
    ids = np.array(draw(st.lists(words, min_size=1, max_size=120)), np.int32)
    counts = np.bincount(ids[ids != LINE_END], minlength=vocabulary) + 1
    return Job(
        ids,
        counts.astype(np.int64),
        window=draw(st.integers(1, 10) | st.sampled_from([10**7, "line"])),
        negatives=draw(st.integers(1, 20)),
        pool_size=draw(st.integers(1, 40)),
        span=draw(st.integers(1, 12)),
        drawn=draw(st.sampled_from([64, 128])),
        subsample=draw(st.sampled_from([0.0, 0.001, 0.1])),
        seed=draw(st.integers(0, MASK)),
        epoch=draw(st.integers(0, 1000)),
        first_position=draw(st.integers(0, 2**50)),
        threads=draw(st.integers(1, 3)) if batch else 1,
        block=draw(st.integers(1, 130)),
        batch=batch,
    )


@given(job=jobs(), d=st.integers(1, 40))
@hypothesis_settings(max_examples=100, deadline=None)
def test_an_epoch_on_any_text_is_a_chain_of_steps(job: Job, d: int) -> None:
    assert_is_a_chain_of_native_steps(job, d)


@pytest.mark.parametrize("line", [20, 10**9])
@pytest.mark.parametrize("level", _core.levels())
def test_windows_are_not_cut_at_the_edges_of_blocks(level: str, line: int) -> None:
    job = random_job(
        2 * BLOCK + 100,
        vocabulary=50,
        line=line,
        subsample=1e-3,
        window=9,
        negatives=20,
        rates=GENTLE,
    )
    assert_is_a_chain_of_native_steps(job, 6, level)


def test_a_window_may_reach_over_more_than_a_whole_block() -> None:
    # So few tokens are kept that 150 of them fill more than a block.
    job = random_job(
        3 * BLOCK,
        vocabulary=4,
        line=10**9,
        subsample=2e-5,
        window=150,
        span=5,
        pool_size=3,
        rates=GENTLE,
    )
    (span, _), *_ = job.spans()
    assert job.layout.reach == 150 < len(span.tokens) < 3 * 150
    assert_is_a_chain_of_native_steps(job, 3)


@pytest.mark.parametrize("level", _core.levels())
@pytest.mark.parametrize(("batch", "threads"), [(0, 1), (4, 1), (4, 3)])
def test_blocks_of_short_lines_are_laid_out_as_such_beside_a_long_one(
    level: str, batch: int, threads: int
) -> None:
    short = random_job(1500, vocabulary=40, line=6)
    long = random_job(150, vocabulary=40, line=10**9, seed=7)
    ids = np.concatenate([short.ids[:700], [LINE_END], long.ids, [LINE_END], short.ids[700:]])
    job = dataclasses.replace(
        short,
        ids=ids.astype(np.int32),
        window="line",
        block=32,
        batch=batch,
        threads=threads,
        pool_size=40,
        span=2,
        steps=3,
        rates=GENTLE,
        shorter=(Layout(16, 16, 8, 1, 16, 16.0), Layout(64, 32, 3, 2, 128, 64.0)),
    )
    used = {block.layout.reach for block in job.blocks()}
    assert {16, job.layout.reach} <= used
    if threads == 1 or batch:
        assert_is_a_chain_of_native_steps(job, 7, level)


@pytest.mark.parametrize("position", [2**31 - 50, 2**33 + 5, 2**53 + 1])
def test_positions_beyond_31_and_33_bits_draw_numbers_of_their_own(position: int) -> None:
    near = random_job(200, vocabulary=10, line=20, subsample=0.05)
    far = dataclasses.replace(near, first_position=position)
    assert_is_a_chain_of_native_steps(far, 8)
    results = []
    for job in (near, far, dataclasses.replace(far, first_position=position - 2**31 + 50)):
        V, U = job.weights(8)
        job.run(V, U, 8)
        results.append(V.tobytes())
    assert len(set(results)) == (2 if position == 2**31 - 50 else 3)


# ------------------------------------------------------------------- batches, and all their threads


@pytest.mark.parametrize("level", _core.levels())
@pytest.mark.parametrize(
    ("size", "changes"),
    [
        # Of five batches of four blocks of 30, the last one has two blocks and a part of one.
        (555, {"block": 30, "batch": 4}),
        (555, {"block": 30, "batch": 4, "steps": 3, "window": 9, "span": 7, "pool_size": 20}),
        (700, {"block": 50, "batch": 3, "subsample": 0.01, "epoch": 2, "negatives": 11}),
        # Most blocks have no center, and what is behind their edges is far away.
        (4000, {"block": 20, "batch": 16, "subsample": 1e-5, "window": 10}),
        # Nothing but blocks, one batch and a half.
        (192, {"block": 8, "batch": 16, "span": 8, "window": 2}),
    ],
)
def test_the_changes_of_a_batch_go_into_a_row_all_at_once(
    level: str, size: int, changes: dict[str, Any]
) -> None:
    job = random_job(size, vocabulary=60, line=25, threads=2, **changes)
    assert_is_a_chain_of_native_steps(job, 9, level, rtol=2e-6)
    # It is none of the simpler ways.
    (V, *_), (one_by_one, *_) = descended(job, 9), descended(dataclasses.replace(job, batch=1), 9)
    assert np.abs(V - one_by_one).max() > 1e-3 * np.abs(V).max()


def test_some_blocks_of_the_batches_above_have_no_center_and_some_lines_end_at_their_edges() -> (
    None
):
    sparse = random_job(4000, vocabulary=60, line=25, block=20, subsample=1e-5, window=10)
    empty = [not len(block.centers) for block in sparse.blocks()]
    assert 0.2 < np.mean(empty) < 0.98
    dense = random_job(555, vocabulary=60, line=25, block=30)
    ends = [dense.ids[block.at - 1] == LINE_END for block in dense.blocks()]
    assert 0 < sum(ends[1:]) < len(ends) - 1


def test_words_of_a_line_that_no_center_reaches_pull_as_well() -> None:
    # The second block begins with a line end: words before it are read, and weighed, in vain.
    ids = np.array([0, 1, 2, 3, LINE_END, 3, 1, 0, 2, LINE_END, 1, 1], np.int32)
    job = Job(ids, np.array([2, 4, 2, 2]), block=4, batch=3, window=3, span=2)
    assert [block.around.tolist() for block in job.blocks()] == [[], [1, 2, 3, 2], [3, 1, 0]]
    assert_is_a_chain_of_native_steps(job, 5, rtol=2e-6)


def bits(job: Job, d: int, level: str = BEST) -> tuple[bytes, bytes, dict[str, Any]]:
    V, U = job.weights(d)
    tally = job.run(V, U, d, level)
    return V.tobytes(), U.tobytes(), tally


@pytest.mark.parametrize("level", _core.levels())
@pytest.mark.parametrize("changes", [{}, {"steps": 2, "window": 20, "subsample": 1e-2}])
@pytest.mark.parametrize("block", [1, 100, 128])
def test_batches_of_one_block_are_training_without_locks_on_one_thread(
    level: str, changes: dict[str, Any], block: int
) -> None:
    job = random_job(3000, vocabulary=100, line=30, block=block, **changes)
    batched = dataclasses.replace(job, batch=1)
    assert bits(batched, 20, level) == bits(job, 20, level)


THREADS = [thread for thread in (1, 2, 3, 8, 32) for _ in range(3)]


@pytest.mark.long
@pytest.mark.parametrize("level", _core.levels())
@pytest.mark.parametrize("batch", [1, 3, 16, 32])
def test_batches_are_the_same_bits_for_any_number_of_threads(level: str, batch: int) -> None:
    job = random_job(
        9000, vocabulary=400, line=40, subsample=1e-2, window=5, block=32, batch=batch, steps=2
    )
    results = {
        repr(bits(dataclasses.replace(job, threads=threads), 20, level)) for threads in THREADS
    }
    assert len(results) == 1


def zipf_text(tokens: int, words: int = 500, seed: int = 3) -> tuple[Int32, npt.NDArray[np.int64]]:
    """Words of Zipf's frequencies, in lines of about 20."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, words + 1)
    ids = rng.choice(words, tokens, p=share / share.sum()).astype(np.int32)
    ids[rng.random(tokens) < 1 / 20] = LINE_END
    return ids, np.bincount(ids[ids != LINE_END], minlength=words) + 1


def outcome(trained: outcome_module.Trained) -> tuple[bytes, bytes, list[outcome_module.Epoch]]:
    """All of a training run but its seconds."""
    history = [dataclasses.replace(epoch, seconds=0.0) for epoch in trained.history]
    return trained.center.tobytes(), trained.outside.tobytes(), history


@pytest.mark.parametrize("level", _core.levels())
@pytest.mark.parametrize(("epoch_batches", "batch"), [(2000, 1), (40, 4), (10, 16)])
def test_training_comes_to_the_same_bits_for_any_number_of_threads(
    level: str, epoch_batches: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORDKIN_LEVEL", level)
    monkeypatch.setattr(plan, "BATCHES", epoch_batches)
    ids, counts = zipf_text(25_000)
    settings = StochasticSettings(subsample=1e-3)
    layout = Windows.of(settings.window, ids)
    assert plan.blocks(settings, layout, noise_distribution(counts), len(ids))[1] == batch
    first, *others = (
        outcome(fit(ids, counts, epochs=2, subsample=1e-3, threads=threads)) for threads in THREADS
    )
    assert all(other == first for other in others)


# ------------------------------------------------------------------------- stopping, and going on


@pytest.mark.long
@pytest.mark.parametrize(("batch", "threads"), [(0, 1), (1, 1), (3, 2), (16, 3)])
def test_an_epoch_that_is_stopped_goes_on_as_if_it_had_not_been(batch: int, threads: int) -> None:
    job = random_job(
        200_000, 400, line=200, window=1, negatives=1, pool_size=2, span=1, rates=GENTLE
    )
    job = dataclasses.replace(job, block=100, batch=batch, threads=threads)
    d, rng, stops = 800, np.random.default_rng(batch), 0
    for epoch in range(100):  # there is a tick every tenth of a second: a fast machine sees few
        job = dataclasses.replace(job, epoch=epoch)
        weights = job.weights(d)
        for M in weights:
            M *= 8  # losses of all sizes, so that each order of summing them has its own rounding
        copies = copied(weights[0]), copied(weights[1])
        whole = job.run(*weights, d, "plain")
        tally: Mapping[str, Any] = NOTHING
        while tally["positions"] < len(job.ids):
            tally = job.run(
                *copies, d, "plain", tick=lambda _: bool(rng.random() < 0.3), before=tally
            )
            if tally["positions"] < len(job.ids):
                stops += 1
                assert tally["positions"] % (job.block * max(batch, 1)) == 0
        assert tally == whole
        assert np.array_equal(copies[0], weights[0])
        assert np.array_equal(copies[1], weights[1])
        if stops >= 2:
            return
    raise AssertionError("the clock never ticked")


@pytest.mark.parametrize(("batch", "threads"), [(0, 1), (0, 2), (4, 2)])
def test_a_loss_above_the_limit_ends_training_within_so_many_positions(
    batch: int, threads: int
) -> None:
    job = random_job(200_000, 400, line=200, rates=GENTLE)
    job = dataclasses.replace(job, block=100, batch=batch, threads=threads)
    free = job.run(*job.weights(5), 5)
    mean = free["loss"] / free["pairs"]
    assert not job.run(*job.weights(5), 5, limit=1.1 * mean)["diverged"]
    tally = job.run(*job.weights(5), 5, limit=0.9 * mean)
    assert tally["diverged"]
    assert 2**16 <= tally["positions"] < 2**16 + 100 * max(batch, threads, 1) + 100


@pytest.mark.parametrize("batch", [0, 4])
def test_the_loss_of_a_stopped_part_is_not_held_against_the_limit_but_a_nan_is(batch: int) -> None:
    # Less than what is looked at on the way; where the clock does not tick, the epoch ends.
    job = random_job(60_000, 400, line=200, window=1, negatives=1, pool_size=2, span=1)
    job = dataclasses.replace(job, block=100, batch=batch, rates=GENTLE)
    weights = job.weights(1000)
    part = job.run(*weights, 1000, "plain", tick=lambda _: False, limit=0.0)
    assert part["diverged"] == (part["positions"] == len(job.ids))
    assert job.run(*weights, 1000, limit=0.0, before=part)["diverged"]
    weights[0][:, 0] = np.nan
    part = job.run(*weights, 1000, "plain", tick=lambda _: False)
    assert part["diverged"]


class Keeping(Run):
    """Saves a checkpoint at a random share of all calls."""

    saves_checkpoints = True

    def __init__(self, often: float = 0.0, begin: Checkpoint | None = None) -> None:
        super().__init__()
        self.begin, self.often, self.rng = begin, often, np.random.default_rng(1)
        self.states: list[tuple[dict[str, npt.NDArray[Any]], str]] = []

    def load_checkpoint(self) -> Checkpoint | None:
        return self.begin

    def checkpoint_due(self) -> bool:
        return bool(self.rng.random() < self.often)

    def save_checkpoint(
        self, tensors: Mapping[str, npt.NDArray[Any]], facts: dict[str, Any]
    ) -> None:
        self.states.append(({name: M.copy() for name, M in tensors.items()}, json.dumps(facts)))


@pytest.mark.long
def test_training_goes_on_from_each_state_that_was_kept_as_if_it_had_never_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORDKIN_LEVEL", "plain")  # slow, so that the clock ticks
    held_out = zipf_text(500, seed=4)[0]
    settings = StochasticSettings(
        dim=400, window=10, negatives=60, epochs=2, subsample=1e-2, learning_rate=0.01, threads=1
    )
    for tokens in (6_000, 24_000, 96_000):
        ids, counts = zipf_text(tokens)
        whole = outcome(stochastic_engine.train(ids, counts, settings, Run(), held_out))
        keeping = Keeping(0.9)
        assert outcome(stochastic_engine.train(ids, counts, settings, keeping, held_out)) == whole
        facts = [json.loads(kept) for _, kept in keeping.states]
        if sum(fact["tally"]["positions"] > 0 for fact in facts) >= 2:  # within an epoch
            break
    else:
        raise AssertionError("the clock never ticked")
    for threads, (tensors, kept) in zip(itertools.cycle([1, 2, 3]), keeping.states, strict=False):
        again = Keeping(begin=Checkpoint(tensors, json.loads(kept)))
        others = dataclasses.replace(settings, threads=threads)
        assert outcome(stochastic_engine.train(ids, counts, others, again, held_out)) == whole


# ------------------------------------------------------------------------------------ the loss told


def loss_of(job: Job, V: Float32, U: Float32) -> tuple[float, float]:
    """Sum the objective over the windows of all spans, at the same weights: loss, pairs."""
    steps = [span_gradient(V, U, job.redraw, span) for span, _ in job.spans()]
    return math.fsum(J.loss for J in steps), math.fsum(J.pairs for J in steps)


@pytest.mark.parametrize("level", _core.levels())
@pytest.mark.parametrize("batch", [0, 3])
def test_the_loss_of_an_epoch_is_the_objectives(level: str, batch: int) -> None:
    job = random_job(400, 30, line=12, block=50, batch=batch, rates=(0.0, 0.0), subsample=0.05)
    V, U = job.weights(20)
    loss, pairs = loss_of(job, V[:, :20], U[:, :20])
    tally = job.run(V, U, 20, level)
    assert tally["loss"] == pytest.approx(loss, rel=1e-6)
    assert tally["pairs"] == pytest.approx(pairs, rel=1e-6)
    assert all(map(np.array_equal, (V, U), job.weights(20)))


@pytest.mark.long
@pytest.mark.parametrize(("batch", "threads"), [(0, 1), (0, 2), (4, 2)])
def test_the_loss_of_ten_million_pairs_keeps_its_digits(batch: int, threads: int) -> None:
    chunk, chunks, d = 8192, 122, 4
    few = dataclasses.replace(
        random_job(chunk, 30, line=100, rates=(0.0, 0.0), window=10, negatives=1),
        block=64,
        batch=batch,
        threads=threads,
    )
    few.ids[-1] = LINE_END
    many = dataclasses.replace(few, ids=np.tile(few.ids, chunks))
    weights = few.weights(d)
    found = many.run(*weights, d)
    parts = [
        dataclasses.replace(few, first_position=chunk * i, threads=1).run(*weights, d)
        for i in range(chunks)
    ]
    assert found["pairs"] > 1e7
    for name in ("loss", "pairs"):
        assert found[name] == pytest.approx(math.fsum(part[name] for part in parts), rel=1e-9)


UNSEEN: dict[str, Any] = {"seed": 1, "epoch": 2**64 - 1}  # what the lines held out are drawn with


@pytest.mark.long
@pytest.mark.parametrize("changes", [{}, {"deterministic": False}, {"window": 30, "negatives": 20}])
def test_the_loss_on_lines_held_out_is_the_objectives_with_draws_of_its_own(
    changes: dict[str, Any],
) -> None:
    ids, counts = zipf_text(6_000, words=50)
    held_out = zipf_text(300, words=50, seed=8)[0]
    told = {"dim": 12, "window": 4, "epochs": 2, "learning_rate": 0.1, "seed": 5, "threads": 1}
    settings = StochasticSettings(**{**told, "subsample": 1e-2, **changes})
    trained = stochastic_engine.train(ids, counts, settings, held_out=held_out)
    noise, layout = noise_distribution(counts), Windows.of(settings.window, held_out)
    of_lines = (array.tolist() for array in plan.layouts(settings, layout, noise))
    job = Job(
        held_out,
        counts,
        window=settings.window,
        negatives=settings.negatives,
        pool_size=plan.pool_size(settings, layout),
        span=plan.span_size(settings, layout, noise),
        drawn=plan.drawn(settings, layout),
        shorter=tuple(
            Layout(row[0], row[1], row[2], 1, row[4], weight)
            for row, weight in zip(*of_lines, strict=True)
        )[:-1],
        subsample=float(settings.subsample),
        block=plan.blocks(dataclasses.replace(settings, deterministic=True), layout, noise, 300)[0],
        **UNSEEN,
    )
    loss, pairs = loss_of(job, trained.center, trained.outside)
    assert trained.history[-1].held_out == pytest.approx(loss / pairs, rel=1e-6)
    first, last = (epoch.held_out for epoch in trained.history)
    assert first != last
    # To have looked at them changed nothing.
    without = stochastic_engine.train(ids, counts, settings)
    assert np.array_equal(without.center, trained.center)
    assert np.array_equal(without.outside, trained.outside)
    assert [epoch.held_out for epoch in without.history] == [None, None]


@pytest.mark.parametrize("line", [[], [LINE_END], [0, LINE_END, 1, LINE_END, 0, LINE_END]])
def test_lines_held_out_that_have_no_pair_have_no_loss(line: list[int]) -> None:
    settings = StochasticSettings(dim=3, epochs=1, threads=2, subsample=0.0)
    trained = stochastic_engine.train(
        *groups_text(100), settings, held_out=np.array(line, dtype=np.int32)
    )
    assert trained.history[0].held_out is None


def test_the_loss_on_lines_held_out_is_the_same_for_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "BATCHES", 4)  # so that these lines have many blocks
    text, held_out = zipf_text(2000), zipf_text(12_000, seed=9)[0]
    losses = set()
    for threads in THREADS:
        settings = StochasticSettings(dim=5, epochs=1, subsample=1e-2, threads=threads)
        losses.add(stochastic_engine.train(*text, settings, held_out=held_out).history[0].held_out)
    (loss,) = losses
    assert 0 < loss < 7


# ----------------------------------------------------------------------- the mean is the exact step


@pytest.mark.long
def test_the_mean_stochastic_gradient_is_the_exact_one() -> None:
    """With a span as long as the text, an epoch is one step at one state of the weights.

    The exact expectation for a pair (c, o), whose negatives are drawn again until none is o: each
    other word w counts K q_w / (1 - q_o) times; and the pair counts as its window weight says.
    """
    lines = [[0, 1, 2, 0, 3, 1], [4, 0], [2], [1, 1, 0, 2, 5, 0, 3]]
    ids = np.array([id for line in lines for id in (*line, LINE_END)], np.int32)
    counts = np.bincount(ids[ids != LINE_END]).astype(np.int64)
    job = Job(ids, counts, window=2, negatives=3, pool_size=4, span=len(ids), rates=(1.0, 1.0))
    d, q = 3, job.noise
    start = job.weights(d)
    V0, U0 = (M[:, :d].astype(np.float64) for M in start)

    exact_V, exact_U, exact_loss = np.zeros_like(V0), np.zeros_like(U0), 0.0
    for line in lines:
        for t, c in enumerate(line):
            for j, o in enumerate(line):
                if j == t or abs(j - t) > job.layout.reach:
                    continue
                p = float(window_weight(abs(j - t), job.window))
                others = np.delete(np.arange(len(q)), o)
                weights = job.negatives * q[others] / (1 - q[o])
                J, grad_v_c, grad_U = negative_sampling(V0[c], o, others, U0, weights)
                exact_loss += p * J
                exact_V[c] += p * grad_v_c
                exact_U += p * grad_U

    draws = 8000
    found = np.empty((draws, 1 + 2 * V0.size))
    for epoch in range(draws):
        V, U = (aligned_rows(*V0.shape) for _ in range(2))
        V[:], U[:] = start
        tally = dataclasses.replace(job, epoch=epoch).run(V, U, d)
        steps = ((V0 - V[:, :d]).ravel(), (U0 - U[:, :d]).ravel())
        found[epoch] = np.concatenate([[tally["loss"]], *steps])
    exact = np.concatenate([[exact_loss], exact_V.ravel(), exact_U.ravel()])
    error = found.std(axis=0) / np.sqrt(draws)
    assert error.max() < 0.02 * np.abs(exact).max()  # sharp enough to tell
    z = (found.mean(axis=0) - exact) / error
    assert np.abs(z).max() < 4.5
    assert 0.3 < np.mean(z**2) < 2


# ---------------------------------------------------------------------------- the engine's promises


def groups_text(tokens: int, seed: int = 0) -> tuple[Int32, npt.NDArray[np.int64]]:
    """Sentences of four words, all from one of five groups of four words."""
    rng = np.random.default_rng(seed)
    lines = tokens // 4
    words = 4 * rng.integers(0, 5, (lines, 1)) + rng.integers(0, 4, (lines, 4))
    ids = np.hstack([words, np.full((lines, 1), LINE_END)]).astype(np.int32).ravel()
    return ids, np.bincount(words.ravel(), minlength=20).astype(np.int64)


def fit(
    ids: Int32,
    counts: npt.NDArray[np.int64],
    progress: Progress | None = None,
    run: Run | None = None,
    **changes: Any,
) -> outcome_module.Trained:
    """Train with small settings."""
    defaults = {"dim": 10, "window": 3, "epochs": 3, "subsample": 0.0, "threads": 1}
    settings = StochasticSettings(**{**defaults, **changes})
    return stochastic_engine.train(ids, counts, settings, run or Run(progress))


@pytest.mark.parametrize("deterministic", [True, False])
def test_words_that_share_sentences_become_neighbours(deterministic: bool) -> None:
    # Long enough that the negatives that an epoch draws do not decide whether its loss falls.
    trained = fit(*groups_text(60_000), epochs=5, deterministic=deterministic)
    v = trained.center / np.linalg.norm(trained.center, axis=1, keepdims=True)
    cosines = v @ v.T - 2 * np.eye(20)
    nearest = np.argsort(-cosines, axis=1)[:, :3]
    assert (nearest // 4 == np.arange(20)[:, None] // 4).all()
    losses = [epoch.loss for epoch in trained.history]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("deterministic", [True, False])
def test_one_thread_and_one_seed_give_the_same_bytes_and_another_seed_others(
    deterministic: bool,
) -> None:
    text = groups_text(BLOCK * 3)
    once, twice, other = (fit(*text, seed=seed, deterministic=deterministic) for seed in (7, 7, 8))
    assert once.center.tobytes() == twice.center.tobytes()
    assert once.outside.tobytes() == twice.outside.tobytes()
    assert [e.loss for e in once.history] == [e.loss for e in twice.history]
    assert once.center.tobytes() != other.center.tobytes()
    assert once.outside.tobytes() != other.outside.tobytes()


@pytest.mark.parametrize("threads", [2, 4])
def test_several_threads_without_locks_come_to_about_the_same(threads: int) -> None:
    text = groups_text(BLOCK * 4)
    one, several = (fit(*text, threads=n, deterministic=False) for n in (1, threads))
    assert np.isfinite(several.center).all()
    assert np.isfinite(several.outside).all()
    for a, b in zip(one.history, several.history, strict=True):
        assert (a.trained, a.subsampled) == (b.trained, b.subsampled)
        assert a.pairs == pytest.approx(b.pairs)
    assert several.history[-1].loss == pytest.approx(one.history[-1].loss, rel=0.02)


def test_every_token_is_trained_or_subsampled() -> None:
    ids, counts = groups_text(BLOCK * 2 + 40)
    for subsample in (0.0, 1e-3):
        for epoch in fit(ids, counts, subsample=subsample).history:
            assert epoch.trained + epoch.subsampled == counts.sum()
            assert (epoch.subsampled == 0) == (subsample == 0)


def test_subsampling_keeps_as_many_tokens_as_it_says() -> None:
    ids, counts = groups_text(40_000)
    kept = [epoch.trained for epoch in fit(ids, counts, subsample=1e-3, epochs=5).history]
    n, p = int(counts.sum()), float(keep_probability(1 / 20, 1e-3))
    assert np.mean(kept) == pytest.approx(n * p, abs=4 * np.sqrt(n * p / 5))
    assert len(set(kept)) > 1  # each epoch draws anew


def test_a_text_without_a_pair_trains_nothing_and_says_so() -> None:
    ids = np.array([0, LINE_END, 1, LINE_END, 0, LINE_END], np.int32)
    trained = fit(ids, np.array([2, 1]), epochs=1)
    (epoch,) = trained.history
    assert math.isnan(epoch.loss)
    assert (epoch.pairs, epoch.trained) == (0, 3)
    assert as_plain(epoch)["loss"] is None
    assert math.isnan(type(epoch)(**as_plain(epoch)).loss)
    assert not trained.outside.any()


def test_the_matrices_have_no_padding_and_start_as_they_should() -> None:
    ids = np.array([0, LINE_END, 1, LINE_END], np.int32)
    trained = fit(ids, np.array([1, 1]), dim=19)
    assert trained.center.shape == trained.outside.shape == (2, 19)
    assert trained.center.dtype == trained.outside.dtype == np.float32
    assert 0.2 / 19 < np.abs(trained.center).max() <= 0.5 / 19


class Watching(Keeping):
    """Saves many checkpoints, and checks them."""

    def __init__(self) -> None:
        super().__init__(0.5)

    def save_checkpoint(
        self, tensors: Mapping[str, npt.NDArray[Any]], facts: dict[str, Any]
    ) -> None:
        assert all(np.isfinite(M).all() for M in tensors.values())
        super().save_checkpoint(tensors, facts)


TEXTS = {"long": groups_text(1_200_000), "short": groups_text(2_000), "zipf": zipf_text(1_200_000)}


@pytest.mark.long
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("rate", [10.0, 30.0, 100.0, 300.0, 1000.0, 1e4, 1e20, 1e38])
@pytest.mark.parametrize("text", TEXTS)
def test_a_learning_rate_that_diverges_is_named_soon(
    text: str, rate: float, deterministic: bool, threads: int
) -> None:
    ids, counts = TEXTS[text]
    settings = StochasticSettings(
        dim=10,
        window=3,
        epochs=20,
        subsample=0.0,
        learning_rate=rate,
        deterministic=deterministic,
        threads=threads,
    )
    run = Watching()
    with pytest.raises(DivergenceError) as caught:
        stochastic_engine.train(ids, counts, settings, run)
    told = re.search(
        r"in epoch (\d+), after ([\d,]+) words: .* learning_rate below (\S+);", str(caught.value)
    )
    assert told, caught.value
    epochs, words = int(told[1]) - 1, int(told[2].replace(",", ""))
    assert words <= counts.sum()
    assert counts.sum() * epochs + words <= 10**6
    assert float(told[3]) == rate


@pytest.mark.parametrize(
    ("value", "loss", "diverged", "why"),
    [
        (0.0, 9.0, True, "the mean loss per pair rose above 8.318, from 4.159 at the start"),
        (np.inf, 9.0, False, "a loss or a vector is no longer finite"),
        (np.nan, 9.0, True, "a loss or a vector is no longer finite"),
        (0.0, np.nan, True, "a loss or a vector is no longer finite"),
    ],
)
@pytest.mark.parametrize("matrix", ["V", "U"])
def test_what_diverged_is_told_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
    matrix: str,
    value: float,
    loss: float,
    diverged: bool,
    why: str,
) -> None:
    def stopped(**arguments: Any) -> dict[str, Any]:
        arguments[matrix][3, 4] = value
        done = {"positions": 50, "trained": 30, "subsampled": 10, "pairs": 10.0, "loss": loss}
        return done | {"diverged": diverged}

    monkeypatch.setattr(stochastic_engine, "train_epoch", stopped)
    run = Keeping(1.0)
    with pytest.raises(DivergenceError) as caught:
        stochastic_engine.train(*groups_text(100), StochasticSettings(learning_rate=0.5), run)
    assert str(caught.value) == (
        f"training diverged in epoch 1, after 40 words: {why}; set learning_rate below 0.5;"
        " 0.025 is the default"
    )
    assert not run.states


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("rate", [0.025, 0.05, 0.1, 0.2])
def test_a_learning_rate_that_does_not_diverge_is_let_be(rate: float, deterministic: bool) -> None:
    for text, (ids, counts) in TEXTS.items():
        few = slice(200_000)
        trained = fit(
            ids[few],
            counts,
            epochs=20 if text == "short" else 2,
            learning_rate=rate,
            deterministic=deterministic,
            threads=2,
        )
        assert trained.history[-1].loss < 1.05 * 6 * math.log(2)


def test_a_vocabulary_of_one_word_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least 2 different words, got 1"):
        fit(np.array([0, 0, LINE_END], np.int32), np.array([2]))


# ---------------------------------------------------------------------------- what the core is told


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect the arguments of the core, epoch by epoch."""
    calls: list[dict[str, Any]] = []
    train_epoch = _core.train_epoch

    def recording(**arguments: Any) -> dict[str, Any]:
        calls.append(arguments)
        tally: dict[str, Any] = train_epoch(**arguments)
        return tally

    monkeypatch.setattr(stochastic_engine, "train_epoch", recording)
    return calls


def test_the_learning_rate_falls_in_a_straight_line_to_a_250th(told: list[dict[str, Any]]) -> None:
    fit(*groups_text(400), epochs=4, learning_rate=0.5)
    ends = np.linspace(0.5, 0.5 / 250, 5)
    assert [call["rate_begin"] for call in told] == pytest.approx(ends[:-1])
    assert [call["rate_end"] for call in told] == pytest.approx(ends[1:])


def test_epochs_are_numbered_and_draw_anew(told: list[dict[str, Any]]) -> None:
    fit(*groups_text(400), epochs=3, seed=9)
    assert [(call["seed"], call["epoch"]) for call in told] == [(9, 0), (9, 1), (9, 2)]


@pytest.mark.parametrize("subsample", [0.0, 1e-3])
def test_counts_beyond_31_bits_are_counted_right(
    told: list[dict[str, Any]], subsample: float
) -> None:
    # The counters of a text of a million million words, preset; of it, only a few lines are here.
    counts = np.array([2**40, 2**33, 5])
    ids = np.array([0, 1, 2, 0, LINE_END] * 50, np.int32)
    trained = fit(ids, counts, epochs=1, subsample=subsample)
    (call,) = told
    q = counts**0.75 / np.sum(counts**0.75)
    assert call["redraw"] == pytest.approx(1 / (1 - q), rel=1e-6)
    threshold, alias = call["alias_threshold"] / 2.0**32, call["alias"]
    drawn = [sum(threshold[w : w + 1]) + (1 - threshold)[alias == w].sum() for w in range(3)]
    assert np.array(drawn) / 3 == pytest.approx(q, abs=1e-9)
    keep = keep_probability(counts / counts.sum(), subsample)
    assert (call["keep"] + 1.0) / 2**32 == pytest.approx(keep, rel=1e-6)
    assert np.isfinite(trained.center).all()
    assert trained.history[0].trained + trained.history[0].subsampled == 200


@pytest.mark.parametrize("negatives", [1, 5, 15, 500])
@pytest.mark.parametrize("window", [1, 5, 100, 10_000])
@pytest.mark.parametrize("rate", [1e-6, 0.025, 1.0, 1e6])
def test_pool_and_span_have_a_size_that_the_core_can_take(
    window: int, negatives: int, rate: float
) -> None:
    told = StochasticSettings(window=window, negatives=negatives, learning_rate=rate)
    layout = Windows(window, window, window + 1, window)
    pool = plan.pool_size(told, layout)
    weight = (window + 1) * negatives / pool  # of a negative, for one center
    drawn = plan.drawn(told, layout)
    assert 1 <= pool <= drawn < STREAMS
    assert drawn.bit_count() == 1
    assert drawn == 512 or drawn >= 4 * pool
    assert weight <= 3.75 or pool == 512
    for counts in ([1, 1], [10**9, 1], [1] * 10_000):
        span = plan.span_size(told, layout, noise_distribution(counts))
        assert span >= 1
        assert span == 1 or span * weight * rate / plan.steps(told, layout) <= 0.9


@pytest.mark.parametrize("positions", [0, 1, 10**5, 10**6, 10**7, 10**9, 10**12])
@pytest.mark.parametrize(("window", "negatives"), [(1, 1), (5, 5), (5, 500), (10_000, 500)])
@pytest.mark.parametrize("counts", [[1, 1], [10**9, 1], [1] * 10_000])
def test_a_block_uses_few_rows_and_a_batch_is_a_small_part_of_a_long_text(
    window: int, negatives: int, positions: int, counts: list[int]
) -> None:
    settings = StochasticSettings(window=window, negatives=negatives)
    noise, layout = noise_distribution(counts), Windows(window, window, window + 1, window)
    drawn, span = plan.drawn(settings, layout), plan.span_size(settings, layout, noise)
    block, batch = plan.blocks(settings, layout, noise, positions)
    assert 1 <= batch <= plan.BATCH
    assert block >= span
    assert block + drawn <= 1024 + span  # tokens and negatives
    few = max(128, span) * plan.BATCHES
    assert block * batch * plan.BATCHES <= max(positions, few)
    if positions < few:
        assert batch == 1
    free = dataclasses.replace(settings, deterministic=False)
    block, batch = plan.blocks(free, layout, noise, positions)
    assert batch == 0
    assert block >= span
    assert block + drawn <= 1024 + span


@pytest.mark.long
@pytest.mark.parametrize(
    ("window", "negatives"), [(5, 5), (20, 15), (100, 5), (5, 100), (100, 100)]
)
def test_wide_windows_and_many_negatives_train_at_the_default_rate(
    window: int, negatives: int
) -> None:
    rng = np.random.default_rng(0)
    ids = np.minimum(rng.zipf(1.3, 5_000), 2000).astype(np.int32) - 1
    counts = np.bincount(ids, minlength=2000).astype(np.int64) + 1
    trained = fit(ids, counts, window=window, negatives=negatives, epochs=1, subsample=1e-3)
    knowing_nothing = (1 + negatives) * np.log(2)
    assert trained.history[0].loss < 1.05 * knowing_nothing
    assert np.abs(trained.center).max() < 10


# ------------------------------------------------------------------------------ the instruction set


def test_the_best_instruction_set_is_taken_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WORDKIN_LEVEL", raising=False)
    assert machine.level() == _core.levels()[-1]
    for name in _core.levels():
        monkeypatch.setenv("WORDKIN_LEVEL", name)
        assert machine.level() == name


def test_every_instruction_set_trains_to_the_same(
    monkeypatch: pytest.MonkeyPatch, told: list[dict[str, Any]]
) -> None:
    results = []
    for name in _core.levels():
        monkeypatch.setenv("WORDKIN_LEVEL", name)
        results.append(fit(*groups_text(2000), epochs=1))
    assert [call["level"] for call in told] == _core.levels()
    for result in results[1:]:
        assert_close(result.center, results[0].center, rtol=1e-4)
        assert_close(result.outside, results[0].outside, rtol=1e-4)


def test_an_unknown_instruction_set_is_refused_with_those_at_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORDKIN_LEVEL", "avx1024")
    with pytest.raises(SettingsError) as caught:
        fit(*groups_text(40))
    assert all(name in str(caught.value) for name in ("avx1024", *_core.levels()))


# ------------------------------------------------------------------------- ticks, and being stopped


class Listener(Progress):
    """Records all reports; raises `error` at the first one of training."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.words: list[int] = []
        self.totals: set[int] = set()

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        self.words.append(words)
        self.totals.add(total)
        if self.error:
            raise self.error


class Exposed(Run):
    """A run that keeps the matrices of training, and the centers that it began with."""

    def expose(
        self,
        matrices: Callable[[], Matrices],
        rows: npt.NDArray[np.intp] | None = None,
        share: float | None = None,
    ) -> None:
        self.matrices = matrices()
        self.first_centers = self.matrices.center.copy()

    def changed(self, word: int) -> bool:
        """Whether a word was a center, and so has another center row than at the start."""
        return bool((self.matrices.center[word] != self.first_centers[word]).any())


LATE = 20  # a word that only the second half of a text has


def text_with_a_late_word(tokens: int) -> tuple[Int32, npt.NDArray[np.int64]]:
    """One line of groups, with `LATE` as every fourth word of its second half."""
    ids, _ = groups_text(tokens)
    ids = ids[ids != LINE_END]
    ids[tokens // 2 :: 4] = LATE
    return ids, np.bincount(ids).astype(np.int64)


# Enough work for some looks at the clock.
SLOW: dict[str, Any] = {"dim": 1000, "window": 20, "negatives": 15, "learning_rate": 1e-5}


def test_progress_is_told_of_more_and_more_words() -> None:
    ids, counts = groups_text(BLOCK * 4)
    listener = Listener()
    ids = ids[ids != LINE_END]  # one line, for wide windows
    fit(ids, counts, listener, epochs=2, **SLOW)
    assert len(listener.words) >= 3
    assert listener.words == sorted(listener.words)
    assert listener.totals == {2 * counts.sum()}
    assert 0 <= listener.words[0] <= listener.words[-1] <= 2 * counts.sum()


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no bar")])
def test_what_a_tick_raises_stops_training_and_is_raised_again(
    error: BaseException, threads: int, deterministic: bool
) -> None:
    listener = Listener(error)
    run = Exposed(listener)
    with pytest.raises(type(error)) as caught:
        fit(
            *text_with_a_late_word(BLOCK * 20),
            run=run,
            epochs=1000,
            threads=threads,
            deterministic=deterministic,
            **SLOW,
        )
    assert caught.value is error
    assert len(listener.words) == 1
    assert not run.changed(LATE)  # stopped in the first half of the first of a thousand epochs


@pytest.mark.long
@pytest.mark.parametrize("deterministic", [True, False])
def test_training_answers_a_tick_however_much_work_a_block_is(
    deterministic: bool,
) -> None:
    most: dict[str, Any] = {"dim": 1000, "window": 1000, "negatives": 500, "learning_rate": 1e-7}
    run = Exposed(Listener(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        fit(*text_with_a_late_word(BLOCK), run=run, deterministic=deterministic, **most)
    assert not run.changed(LATE)  # stopped within the first half of what is otherwise one block
