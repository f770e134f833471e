"""The stochastic engine: what it draws, what it trains on, and that its mean step is the exact one.

`Job.spans` repeats in Python all that an epoch decides (sampling.hpp, stochastic.cpp): which tokens
subsampling keeps, the windows, the spans, their pools and learning rates. Steps taken span by span,
by the equations or by the kernel, must then come to what `train_epoch` comes to. Windows here know
nothing of blocks, so the comparison shows that the engine cuts none at a block's edge.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from span_reference import Float32, Int32, Span, native_step, span_gradient, windows
from wordkin import _core, stochastic
from wordkin.corpus import LINE_END
from wordkin.errors import DivergenceError, SettingsError
from wordkin.objectives import (
    Array,
    keep_probability,
    negative_sampling,
    noise_distribution,
    window_weight,
)
from wordkin.progress import Progress
from wordkin.settings import StochasticSettings
from wordkin.stochastic import aligned_rows

BLOCK = 8192  # kBlockPositions: a thread takes so many positions at a time; spans end with them
BEST = _core.levels()[-1]

# ------------------------------------------------------------------- what an epoch draws, in Python

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
STREAMS = 1024


def mix(z: int) -> int:
    """Finish as SplitMix64 does."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def random_number(seed: int, epoch: int, position: int, stream: int) -> int:
    """64 bits that hang on these four alone."""
    key = mix(mix(seed + GAMMA & MASK) + epoch * GAMMA & MASK)
    return mix(key + (position * STREAMS + stream) * GAMMA & MASK)


def draw(number: int, threshold: npt.NDArray[np.uint32], alias: Int32) -> int:
    """Take a word out of an alias table."""
    index, fraction = number * len(alias) >> 64, (number * len(alias) & MASK) >> 32
    return index if fraction < threshold[index] else int(alias[index])


@dataclasses.dataclass(frozen=True)
class Job:
    """All that `_core.train_epoch` is told, but for the weights."""

    ids: Int32
    counts: npt.NDArray[np.int64]
    window: int = 3
    negatives: int = 5
    pool_size: int = 12
    span: int = 8
    steps: int = 1
    subsample: float = 0.0
    rates: tuple[float, float] = (0.05, 0.02)
    seed: int = 1
    epoch: int = 0
    threads: int = 1
    first_position: int = 0

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
        self, V: Float32, U: Float32, d: int, level: str = BEST, tick: Any = lambda _: None
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
            window=self.window,
            negatives=self.negatives,
            pool_size=self.pool_size,
            span=self.span,
            steps=self.steps,
            rate_begin=self.rates[0],
            rate_end=self.rates[1],
            seed=self.seed,
            epoch=self.epoch,
            threads=self.threads,
            first_position=self.first_position,
            tick=tick,
        )
        return tally

    def spans(self) -> Iterator[tuple[Span, float]]:
        """Give what the epoch trains on, in order: each span, and its learning rate."""
        keep, (threshold, alias) = self.keep, _core.alias_table(self.noise)
        at = [
            i
            for i in np.flatnonzero(self.ids != LINE_END).tolist()
            if self._random(i, 0) >> 32 <= keep[self.ids[i]]
        ]
        if not at:
            return
        positions = np.array(at)
        tokens = self.ids[positions]
        line = np.cumsum(self.ids == LINE_END)[positions]
        begin, end = windows(np.unique(line, return_counts=True)[1].tolist(), self.window)
        block_begins = np.flatnonzero(np.diff(positions // BLOCK, prepend=-1))
        for block, block_end in zip(block_begins, [*block_begins[1:], len(at)], strict=True):
            for first in range(block, block_end, self.span):
                centers = slice(first, min(first + self.span, block_end))
                drawn = (self._random(at[first], 1 + k) for k in range(self.pool_size))
                pool = np.array([draw(x, threshold, alias) for x in drawn], np.int32)
                rate_begin, rate_end = self.rates
                rate = rate_begin + (rate_end - rate_begin) * at[first] / len(self.ids)
                yield (
                    Span(
                        tokens=tokens,
                        first=first,
                        begin=begin[centers],
                        end=end[centers],
                        window=self.window,
                        pool=pool,
                        negative_weight=float(np.float32(self.negatives / self.pool_size)),
                    ),
                    rate,
                )

    def _random(self, position: int, stream: int) -> int:
        return random_number(self.seed, self.epoch, self.first_position + position, stream)


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
    assert tally["finite"] is True


# ---------------------------------------------------------- an epoch, step by step, is the engine's

GENTLE = (1e-3, 1e-4)  # rates for wide windows, on random vectors of a few words


@pytest.mark.parametrize(
    ("size", "d", "changes"),
    [
        (300, 5, {}),
        (400, 17, {"subsample": 0.02, "window": 5, "negatives": 2, "epoch": 3}),
        (60, 3, {"window": 100, "span": 3, "pool_size": 5}),
        (300, 5, {"steps": 4, "rates": (0.4, 0.1)}),
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
        for part in range(job.steps):
            J = span_gradient(V, U, job.redraw, span)
            V -= rate / job.steps * J.grad_V
            U -= rate / job.steps * J.grad_U
            if part == 0:  # the loss is that at the weights that the span found
                loss, pairs = loss + J.loss, pairs + J.pairs
        spans.append(span)

    tally = job.run(*start, d)
    assert_tally(job, tally, spans)
    assert tally["pairs"] == pytest.approx(pairs, rel=1e-6)
    assert tally["loss"] == pytest.approx(loss, rel=1e-5)
    assert_close(start[0][:, :d], V, rtol=1e-4)
    assert_close(start[1][:, :d], U, rtol=1e-4)


def assert_is_a_chain_of_native_steps(job: Job, d: int, level: str = BEST) -> None:
    start = job.weights(d)
    V, U = job.weights(d)
    spans, loss, pairs = [], 0.0, 0.0
    for span, rate in job.spans():
        span_loss, span_pairs = native_step(level, V, U, d, job.redraw, span, rate)
        loss, pairs = loss + span_loss, pairs + span_pairs
        spans.append(span)
    tally = job.run(*start, d, level)
    assert_tally(job, tally, spans)
    assert tally["pairs"] == pytest.approx(pairs, rel=1e-6)
    assert tally["loss"] == pytest.approx(loss, rel=1e-5)
    assert_close(start[0], V, rtol=1e-5)
    assert_close(start[1], U, rtol=1e-5)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    vocabulary = draw(st.integers(2, 20))
    words = st.one_of(st.integers(0, vocabulary - 1), st.just(LINE_END))
    ids = np.array(draw(st.lists(words, min_size=1, max_size=120)), np.int32)
    counts = np.bincount(ids[ids != LINE_END], minlength=vocabulary) + 1
    return Job(
        ids,
        counts.astype(np.int64),
        window=draw(st.integers(1, 10)),
        negatives=draw(st.integers(1, 20)),
        pool_size=draw(st.integers(1, 40)),
        span=draw(st.integers(1, 12)),
        subsample=draw(st.sampled_from([0.0, 0.001, 0.1])),
        seed=draw(st.integers(0, MASK)),
        epoch=draw(st.integers(0, 1000)),
        first_position=draw(st.integers(0, 2**50)),
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
    assert job.window < len(span.tokens) < 3 * job.window
    assert_is_a_chain_of_native_steps(job, 3)


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


# ----------------------------------------------------------------------- the mean is the exact step


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
                if j == t or abs(j - t) > job.window:
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
    ids: Int32, counts: npt.NDArray[np.int64], progress: Progress | None = None, **changes: Any
) -> stochastic.Trained:
    """Train with small settings."""
    defaults = {"dim": 10, "window": 3, "epochs": 3, "subsample": 0.0, "threads": 1}
    settings = StochasticSettings(**{**defaults, **changes})
    return stochastic.train(ids, counts, settings, progress or Progress())


def test_words_that_share_sentences_become_neighbours() -> None:
    trained = fit(*groups_text(20_000), epochs=5)
    v = trained.center / np.linalg.norm(trained.center, axis=1, keepdims=True)
    cosines = v @ v.T - 2 * np.eye(20)
    nearest = np.argsort(-cosines, axis=1)[:, :3]
    assert (nearest // 4 == np.arange(20)[:, None] // 4).all()
    losses = [epoch.loss for epoch in trained.history]
    assert losses == sorted(losses, reverse=True)


def test_one_thread_and_one_seed_give_the_same_bytes_and_another_seed_others() -> None:
    text = groups_text(BLOCK * 3)
    once, twice, other = (fit(*text, seed=seed) for seed in (7, 7, 8))
    assert once.center.tobytes() == twice.center.tobytes()
    assert once.outside.tobytes() == twice.outside.tobytes()
    assert [e.loss for e in once.history] == [e.loss for e in twice.history]
    assert once.center.tobytes() != other.center.tobytes()
    assert once.outside.tobytes() != other.outside.tobytes()


@pytest.mark.parametrize("threads", [2, 4])
def test_several_threads_come_to_about_the_same(threads: int) -> None:
    text = groups_text(BLOCK * 4)
    one, several = fit(*text), fit(*text, threads=threads)
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
    assert (epoch.loss, epoch.pairs, epoch.trained) == (0, 0, 3)
    assert not trained.outside.any()


def test_the_matrices_have_no_padding_and_start_as_they_should() -> None:
    ids = np.array([0, LINE_END, 1, LINE_END], np.int32)
    trained = fit(ids, np.array([1, 1]), dim=19)
    assert trained.center.shape == trained.outside.shape == (2, 19)
    assert trained.center.dtype == trained.outside.dtype == np.float32
    assert 0.2 / 19 < np.abs(trained.center).max() <= 0.5 / 19


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("rate", [1e4, 1e20, 1e38])
def test_a_learning_rate_that_diverges_is_named(threads: int, rate: float) -> None:
    with pytest.raises(DivergenceError, match=r"epoch 1: .*learning_rate below 1e\+\d\d|10000"):
        fit(*groups_text(BLOCK * 2), learning_rate=rate, epochs=30, threads=threads)


def test_a_vocabulary_of_one_word_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least 2 different words, got 1"):
        fit(np.array([0, 0, LINE_END], np.int32), np.array([2]))


# ---------------------------------------------------------------------------- what the core is told


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect what the core is told, epoch by epoch."""
    calls: list[dict[str, Any]] = []
    train_epoch = _core.train_epoch

    def recording(**arguments: Any) -> dict[str, Any]:
        calls.append(arguments)
        tally: dict[str, Any] = train_epoch(**arguments)
        return tally

    monkeypatch.setattr(_core, "train_epoch", recording)
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
    pool = stochastic.pool_size(told)
    weight = (window + 1) * negatives / pool  # of a negative, for one center
    assert 1 <= pool < STREAMS
    assert weight <= 3.75 or pool == 512
    for counts in ([1, 1], [10**9, 1], [1] * 10_000):
        span = stochastic.span_size(told, noise_distribution(counts))
        assert span >= 1
        assert span == 1 or span * weight * rate / stochastic.steps(told) <= 0.9


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
    assert stochastic.level() == _core.levels()[-1]
    for name in _core.levels():
        monkeypatch.setenv("WORDKIN_LEVEL", name)
        assert stochastic.level() == name


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
    """Keeps what it is told; raises `error` when first told of training."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.words: list[int] = []
        self.totals: set[int] = set()

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        self.words.append(words)
        self.totals.add(total)
        if self.error:
            raise self.error


# Enough work for some looks at the clock.
SLOW = {"dim": 1000, "window": 20, "negatives": 15, "learning_rate": 1e-5}


def test_progress_is_told_of_more_and_more_words() -> None:
    ids, counts = groups_text(BLOCK * 4)
    listener = Listener()
    ids = ids[ids != LINE_END]  # one line, for wide windows
    fit(ids, counts, listener, epochs=2, **SLOW)
    assert len(listener.words) >= 3
    assert listener.words == sorted(listener.words)
    assert listener.totals == {2 * counts.sum()}
    assert 0 <= listener.words[0] <= listener.words[-1] <= 2 * counts.sum()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no bar")])
def test_what_a_tick_raises_stops_training_and_is_raised_again(
    error: BaseException, threads: int
) -> None:
    ids, counts = groups_text(BLOCK * 20)
    ids = ids[ids != LINE_END]
    began = time.perf_counter()
    with pytest.raises(type(error)) as caught:
        fit(ids, counts, Listener(error), epochs=1000, threads=threads, **SLOW)
    assert caught.value is error
    assert time.perf_counter() - began < 5  # of many minutes


def test_training_answers_a_tick_within_a_second_however_much_work_a_block_is() -> None:
    ids, counts = groups_text(BLOCK * 2)
    ids = ids[ids != LINE_END]
    most = {"dim": 1000, "window": 1000, "negatives": 500, "learning_rate": 1e-7}
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        fit(ids, counts, Listener(KeyboardInterrupt()), **most)
    assert time.perf_counter() - began < 1.5
