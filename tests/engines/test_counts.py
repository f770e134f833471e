"""Counts are the weights with which training meets each pair, in expectation, to the last digits.

Three references answer for them: all patterns of what may be dropped from a short line, the
distribution of the number of kept tokens between any two of a long one, and actual dropping.
"""

from __future__ import annotations

import dataclasses
import errno
import itertools
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from support import toy
from support.runs import RecordingRun
from wordkin import _core
from wordkin.corpus.encoded import LINE_END
from wordkin.corpus.reading import read_corpus
from wordkin.engines.counts import counting as counting_module
from wordkin.engines.counts import file
from wordkin.engines.counts.counting import count
from wordkin.engines.counts.file import CountsFile, read_counts, write_counts
from wordkin.engines.counts.matrix import NEGLIGIBLE, Cooccurrence, Counted
from wordkin.engines.run import Checkpoint, Run
from wordkin.engines.settings import ExactSettings
from wordkin.objectives import Array, keep_probability, window_weight
from wordkin.objectives.conventions import Window
from wordkin.system import tensors as tensors_module
from wordkin.system.errors import FormatError
from wordkin.system.progress import Progress
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.log import Log
from wordkin.training.managed_run import ManagedRun
from wordkin.vectors.formats.model import write_model

WINDOWS = (1, 2, 5, 17, 100)
Int32 = npt.NDArray[np.int32]


def joined(lines: list[list[int]]) -> Int32:
    return np.array([i for line in lines for i in (*line, LINE_END)], np.int32)


def random_corpus(
    size: int, words: int, line: int, seed: int = 1
) -> tuple[Int32, npt.NDArray[np.int64]]:
    """Words of Zipf's frequencies in lines of random lengths, and the counts of the words."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, words + 1)
    ids = rng.choice(words, size, p=share / share.sum()).astype(np.int32)
    counts = np.bincount(ids, minlength=words)
    return np.insert(ids, np.flatnonzero(rng.random(size) < 1 / line), LINE_END), counts


def counted(
    ids: Int32,
    keep: npt.ArrayLike,
    window: Window,
    *,
    negligible: float = 0.0,
    threads: int = 1,
    entries: int = 1 << 20,
    first: int = 0,
) -> tuple[Array, Array, Array]:
    """Let the native counter count, with any probabilities, in blocks of about so many entries."""
    keep = np.asarray(keep, np.float64)
    counter = _core.Counter(
        ids=ids,
        keep=keep,
        window=0 if window == "line" else window,
        negligible=negligible,
        threads=threads,
        first=first,
    )
    none = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0)
    blocks = [none]
    while (block := counter.count(entries, lambda done: None))[0]:
        rows, size, _ = block
        arrays = np.empty(rows, np.int64), np.empty(size, np.int32), np.empty(size)
        counter.take(*arrays)
        blocks.append(arrays)
    lengths, indices, values = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    assert len(lengths) == len(keep) - first
    assert lengths.sum() == len(indices)
    return lengths, indices, values


def dense(lengths: Array, indices: Array, values: Array) -> Array:
    matrix = np.zeros((len(lengths), len(lengths)))
    matrix[np.repeat(np.arange(len(lengths)), lengths), indices] = values
    return matrix


def lines_of(ids: Int32) -> list[list[int]]:
    lines: list[list[int]] = [[]]
    for i in ids.tolist():
        if i == LINE_END:
            lines.append([])
        else:
            lines[-1].append(i)
    return lines


def by_patterns(ids: Int32, keep: Array, window: Window) -> Array:
    """Sum over all patterns of what is kept of a line, each with its probability."""
    N = np.zeros((len(keep), len(keep)))
    for line in filter(None, lines_of(ids)):
        k = keep[line]
        kept = np.array(list(itertools.product([False, True], repeat=len(line))))
        probability = np.where(kept, k, 1 - k).prod(axis=1)
        place = kept.cumsum(axis=1)
        for s, t in itertools.combinations(range(len(line)), 2):
            distance = np.maximum(place[:, t] - place[:, s], 1)
            met = kept[:, s] & kept[:, t]
            weight = probability[met] @ window_weight(distance[met], window)
            N[line[s], line[t]] += weight
            N[line[t], line[s]] += weight
    return N


def by_distributions(ids: Int32, keep: Array, window: int) -> Array:
    """Sum over all pairs of a line, with P(X = k) of the number X of kept tokens in between."""
    N = np.zeros((len(keep), len(keep)))
    weights = window_weight(np.arange(1, window + 1), window)
    for line in filter(None, lines_of(ids)):
        k = keep[line]
        for s in range(len(line)):
            p = np.zeros(window)
            p[0] = 1
            for t in range(s + 1, len(line)):
                weight = k[s] * k[t] * (p @ weights)
                N[line[s], line[t]] += weight
                N[line[t], line[s]] += weight
                p[1:] = p[1:] * (1 - k[t]) + p[:-1] * k[t]
                p[0] *= 1 - k[t]
    return N


# -------------------------------------------------------------------------------- what is counted


@st.composite
def short_lines(draw: st.DrawFn) -> tuple[Int32, Array]:
    words = draw(st.integers(1, 5))
    lines = draw(st.lists(st.lists(st.integers(0, words - 1), max_size=10), min_size=1, max_size=3))
    keep = draw(
        st.lists(st.floats(0.01, 1) | st.just(1.0), min_size=words, max_size=words).map(np.array)
    )
    return joined(lines)[: -1 if draw(st.booleans()) else None], keep


@given(
    corpus=short_lines(),
    window=st.integers(1, 12) | st.sampled_from([10**7, (1 << 63) - 1, "line"]),
)
@settings(max_examples=150, deadline=None)
def test_counts_are_the_expectation_over_all_that_may_be_dropped(
    corpus: tuple[Int32, Array], window: Window
) -> None:
    ids, keep = corpus
    found = dense(*counted(ids, keep, window))
    np.testing.assert_allclose(found, by_patterns(ids, keep, window), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("line", [3, 40, 200])
@pytest.mark.parametrize("subsample", [3e-3, 3e-2])
def test_windows_of_any_width_reach_over_what_is_dropped(
    window: int, line: int, subsample: float
) -> None:
    ids, counts = random_corpus(600, 30, line)
    keep = keep_probability(counts / counts.sum(), subsample)
    found, wanted = dense(*counted(ids, keep, window)), by_distributions(ids, keep, window)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)


@pytest.mark.parametrize("window", [*WINDOWS, 8, 64, 1 << 20, "line"])
@pytest.mark.parametrize("line", [3, 40, 400])
def test_without_subsampling_counts_are_sums_of_window_weights(window: Window, line: int) -> None:
    ids, counts = random_corpus(900, 30, line)
    wanted = np.zeros((30, 30))
    for words in lines_of(ids):
        for s, w in enumerate(words[:-1]):
            after = words[s + 1 :]
            weights = window_weight(np.arange(1, len(after) + 1), window)
            np.add.at(wanted[w], after, weights)
            np.add.at(wanted[:, w], after, weights)
    pairs = count(ids, counts, window=window, subsample=0, threads=1, dtype=np.float64)
    found = pairs.as_scipy().toarray()
    if window != "line" and window & (window - 1):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    else:
        np.testing.assert_array_equal(found, wanted)  # bit for bit
    np.testing.assert_array_equal(found, found.T)


def test_probabilities_of_any_order_and_size_will_do() -> None:
    # Words that are always kept stand before others that hardly are; G_1 falls below 1e-308.
    rng = np.random.default_rng(5)
    ids = rng.integers(0, 6, 250).astype(np.int32)
    for keep in ([1, 0.999, 1, 1e-3, 0.5, 1], [0.999] * 6, [1e-6] * 6, [1, 1, 1, 1, 1, 0.1]):
        found = dense(*counted(ids, keep, 120))
        np.testing.assert_allclose(
            found, by_distributions(ids, np.array(keep), 120), rtol=1e-11, atol=0
        )


def test_actual_dropping_has_these_counts_on_average() -> None:
    ids, counts = random_corpus(400, 8, 30, seed=2)
    keep = keep_probability(counts / counts.sum(), 0.01)
    window, draws = 3, 1500
    rng = np.random.default_rng(3)
    line = np.cumsum(ids == LINE_END)[ids != LINE_END]
    tokens = ids[ids != LINE_END]
    drawn = np.zeros((draws, 8, 8))
    for N in drawn:
        kept = rng.random(len(tokens)) < keep[tokens]
        w, at = tokens[kept], line[kept]
        for j in range(1, window + 1):
            same = at[j:] == at[:-j]
            np.add.at(N, (w[:-j][same], w[j:][same]), window_weight(j, window))
        N += N.T.copy()
    found = dense(*counted(ids, keep, window))
    error = drawn.std(axis=0) / np.sqrt(draws)
    assert np.all(np.abs(drawn.mean(axis=0) - found) < 4.5 * error)


def test_what_is_negligible_is_left_out_and_nothing_else() -> None:
    ids, counts = random_corpus(3000, 20, 1000)
    keep = keep_probability(counts / counts.sum(), 0.01)
    whole, found = (
        dense(*counted(ids, keep, 2, negligible=negligible)) for negligible in (0, NEGLIGIBLE)
    )
    assert np.abs(whole - found).max() < 1e-6 * NEGLIGIBLE * len(ids) ** 2
    pairs = count(ids, counts, window=2, subsample=0.01, threads=1, dtype=np.float64)
    np.testing.assert_array_equal(pairs.as_scipy().toarray(), found)


def test_a_word_beside_itself_counts_from_both_sides() -> None:
    for line, twice in (([0, 0], 2.0), ([0, 0, 0], 4 + 1.0)):
        found = dense(*counted(joined([line]), [1.0], 2))
        assert found == [[twice]]
    half = dense(*counted(joined([[0, 0]]), [0.5], 2))
    assert half == [[2 * 0.5 * 0.5]]


def test_no_window_reaches_across_the_end_of_a_line() -> None:
    found = dense(*counted(joined([[0], [1, 2], [], [3]]), np.ones(4), 5))
    assert np.argwhere(found).tolist() == [[1, 2], [2, 1]]


def test_words_that_are_nowhere_or_alone_have_empty_rows() -> None:
    pairs = count(
        joined([[0, 1], [2]]), np.array([1, 1, 1, 0, 0]), window=3, subsample=0, threads=2
    )
    assert pairs.size == 5
    assert np.diff(pairs.indptr).tolist() == [1, 1, 0, 0, 0]
    assert pairs.row_sums.tolist() == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("ids", [[], [LINE_END], [LINE_END] * 5, [3], [3, LINE_END, 3]])
def test_a_corpus_without_pairs_has_no_counts(ids: list[int]) -> None:
    for memory in (None, 0):
        pairs = count(
            np.array(ids, np.int32),
            np.bincount([i for i in ids if i >= 0], minlength=4),
            window=5,
            subsample=1e-3,
            threads=2,
            memory=memory,
        )
        assert (pairs.size, pairs.nnz, pairs.total) == (4, 0, 0)
        assert pairs.indices.dtype == np.int32


def test_an_empty_vocabulary_has_no_rows() -> None:
    pairs = count(np.array([], np.int32), np.array([], np.int64), window=5, subsample=0, threads=1)
    assert (pairs.size, pairs.nnz, pairs.total) == (0, 0, 0)


def test_positions_of_more_words_than_fit_at_a_time_are_sorted_in_turns() -> None:
    each = 1 << 23  # two words fill what is held at a time
    ids = np.tile(np.arange(3, dtype=np.int32), each)
    found = dense(*counted(ids, np.ones(3), 1, threads=2))
    assert found.tolist() == [[0, each, each - 1], [each, 0, each], [each - 1, each, 0]]


def test_topics_are_met_with_their_own(tmp_path: Path) -> None:
    corpus = read_corpus(toy.write(tmp_path / "toy.txt", lines=50))
    vocabulary = corpus.vocabulary
    pairs = count(corpus.ids, vocabulary.counts, window=5, subsample=0.1, threads=1)
    N = pairs.as_scipy().toarray()
    for i, word in enumerate(vocabulary.words):
        met = {vocabulary.words[j] for j in np.flatnonzero(N[i])}
        if word not in toy.EVERYWHERE:
            (topic,) = (words for words in toy.TOPICS.values() if word in words)
            assert met <= {*topic, *toy.EVERYWHERE}


# ------------------------------------------------------------------- threads, blocks, memory, types


def middling() -> tuple[Int32, npt.NDArray[np.int64]]:
    """Rows of many words, some of which stand in few places, some in thousands."""
    return random_corpus(30_000, 2000, 50)


def assert_identical(found: Cooccurrence, wanted: Cooccurrence) -> None:
    for name in ("indptr", "indices", "values"):
        a, b = getattr(found, name), getattr(wanted, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("subsample", [0, 1e-3])
def test_counts_are_the_same_bits_for_any_threads_and_blocks(subsample: float) -> None:
    ids, counts = middling()
    keep = keep_probability(counts / counts.sum(), subsample)
    wanted = counted(ids, keep, 5)
    for threads, entries in ((2, 1 << 20), (3, 1 << 20), (8, 1 << 14), (1, 1), (2, 5000)):
        found = counted(ids, keep, 5, threads=threads, entries=entries)
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("memory", [0, 10_000, 1_000_000, 10**12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_that_lie_in_files_are_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int, dtype: type[Any]
) -> None:
    ids, counts = middling()
    given: dict[str, Any] = {"window": 5, "subsample": 1e-3, "threads": 2, "dtype": dtype}
    wanted = count(ids, counts, **given)
    monkeypatch.setattr(counting_module, "_ENTRIES_PER_THREAD", 10_000)
    found = count(ids, counts, **given, memory=memory, folder=tmp_path)
    assert isinstance(found.values, np.memmap) == (memory < 10**12)
    assert not list(tmp_path.iterdir())  # they have no names
    assert_identical(found, wanted)
    np.testing.assert_array_equal(found.row_sums, wanted.row_sums)


def test_values_are_rounded_once_to_float32() -> None:
    ids, counts = middling()
    wide, narrow = (
        count(ids, counts, window=5, subsample=1e-3, threads=2, dtype=dtype)
        for dtype in (np.float64, np.float32)
    )
    assert wide.values.dtype == np.float64
    assert narrow.values.dtype == np.float32
    np.testing.assert_array_equal(narrow.values, wide.values.astype(np.float32))
    np.testing.assert_array_equal(narrow.indices, wide.indices)


def test_rows_are_whole_ascending_and_positive() -> None:
    ids, counts = middling()
    pairs = count(ids, counts, window=5, subsample=1e-3, threads=2)
    assert pairs.indptr[0] == 0
    assert pairs.indptr[-1] == pairs.nnz == len(pairs.indices) == len(pairs.values)
    assert pairs.values.min() > 0
    ascending = np.diff(pairs.indices) > 0
    ascending[pairs.indptr[1:-1][np.diff(pairs.indptr[1:]) > 0] - 1] = True  # a new row
    assert ascending.all()
    matrix = pairs.as_scipy()
    assert matrix.shape == (2000, 2000)
    assert abs(matrix - matrix.T).max() <= 1e-6 * matrix.max()
    indptr, indices, values = pairs.rows(10, 13)
    np.testing.assert_array_equal(indices, matrix[10:13].indices)
    np.testing.assert_array_equal(values, matrix[10:13].data)
    assert (indptr - indptr[0]).tolist() == matrix[10:13].indptr.tolist()
    assert values.base is not None  # a view


def test_row_sums_are_the_sums_of_the_rows() -> None:
    ids, counts = random_corpus(20_000, 5000, 20)  # among them words that are nowhere
    pairs = count(ids, counts, window=5, subsample=0, threads=2)
    np.testing.assert_allclose(
        pairs.row_sums, pairs.as_scipy().astype(np.float64).sum(axis=1).A1, rtol=1e-12
    )
    np.testing.assert_array_equal(pairs.row_sums == 0, np.diff(pairs.indptr) == 0)
    assert pairs.row_sums.dtype == np.float64
    assert pairs.total == pytest.approx(pairs.row_sums.sum(), rel=1e-12)


class Told(Progress):
    """Keeps what it is told; an interruption is thrown from within, if one is wanted."""

    def __init__(self, interrupt: bool = False) -> None:
        self.done: list[int] = []
        self.total = 0
        self.interrupt = interrupt

    def counting(self, done: int, total: int) -> None:
        self.done.append(done)
        self.total = total
        if self.interrupt:
            raise KeyboardInterrupt


def test_progress_is_told_of_all_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, counts = middling()
    monkeypatch.setattr(counting_module, "_ENTRIES_PER_THREAD", 3_000)
    told = Told()
    count(ids, counts, window=5, subsample=0, threads=1, run=Run(told))
    assert told.total == told.done[-1] == counts.sum()
    assert told.done == sorted(told.done)
    assert len(told.done) > 3


@pytest.mark.parametrize("memory", [None, 0])
def test_interrupted_counting_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int | None
) -> None:
    ids, counts = middling()
    monkeypatch.setattr(counting_module, "_ENTRIES_PER_THREAD", 1000)
    open_before = os.listdir("/proc/self/fd")
    with pytest.raises(KeyboardInterrupt):
        count(
            ids,
            counts,
            window=5,
            subsample=0,
            threads=2,
            memory=memory,
            folder=tmp_path,
            run=Run(Told(interrupt=True)),
        )
    assert not list(tmp_path.iterdir())
    assert len(os.listdir("/proc/self/fd")) == len(open_before)


def test_an_interruption_stops_the_counting_of_a_single_block() -> None:
    ids = np.zeros(300_000, np.int32)  # hours, if all of it were done
    with pytest.raises(KeyboardInterrupt):
        count(
            ids,
            np.array([len(ids)]),
            window=10_000,
            subsample=1e-3,
            threads=2,
            run=Run(Told(interrupt=True)),
        )


# ------------------------------------------------------------------------------------- resuming


def put_together(pieces: list[Checkpoint]) -> list[Array]:
    names = ("lengths", "indices", "values")
    return [np.concatenate([piece.tensors[name] for piece in pieces]) for name in names]


@pytest.mark.parametrize("memory", [None, 0])
@pytest.mark.parametrize(("every", "dtype"), [(1, np.float32), (1, np.float64), (3, np.float32)])
def test_from_any_pieces_that_were_kept_counting_goes_on_to_the_same_counts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    every: int,
    dtype: type[Any],
    memory: int | None,
) -> None:
    ids, counts = middling()
    monkeypatch.setattr(counting_module, "_ENTRIES_PER_THREAD", 1000)
    given: dict[str, Any] = {"window": 5, "subsample": 1e-3, "dtype": dtype}
    given |= {"memory": memory, "folder": tmp_path}
    wanted = count(ids, counts, threads=1, **given)
    whole = RecordingRun(every=every)
    assert_identical(count(ids, counts, threads=1, run=whole, **given), wanted)
    lengths, indices, values = put_together(whole.pieces)
    np.testing.assert_array_equal(lengths, np.diff(wanted.indptr))
    np.testing.assert_array_equal(indices, wanted.indices)
    np.testing.assert_array_equal(values, wanted.values)
    assert len(whole.pieces) > 6 / every
    for k in range(len(whole.pieces) + 1):
        first = whole.pieces[:k]
        rows = sum(len(piece.tensors["lengths"]) for piece in first)
        for threads in (1, 2, 3):
            told = Told()
            run = RecordingRun(pieces=first, every=every, progress=told)
            assert_identical(count(ids, counts, threads=threads, run=run, **given), wanted)
            # What is kept then goes on from there, for another time.
            for one, other in zip(
                put_together([*first, *run.pieces]), (lengths, indices, values), strict=True
            ):
                assert one.dtype == other.dtype
                np.testing.assert_array_equal(one, other)
            if rows < len(counts):
                assert counts[:rows].sum() <= told.done[0]
                assert told.done == sorted(told.done)
                assert told.total == told.done[-1] == counts.sum()
    assert not list(tmp_path.iterdir())


def test_what_waits_to_be_kept_takes_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting_module, "_ENTRIES_PER_THREAD", 1000)
    monkeypatch.setattr(counting_module, "_MAX_UNSAVED_BYTES", 100_000)
    ids, counts = middling()
    run = RecordingRun(every=10**9)
    pairs = count(ids, counts, window=5, subsample=0, threads=1, run=run)
    sizes = [sum(tensor.nbytes for tensor in piece.tensors.values()) for piece in run.pieces]
    assert len(sizes) > 4
    assert min(sizes[:-1]) > 100_000
    assert sum(sizes) == pairs.indices.nbytes + pairs.values.nbytes + 8 * len(counts)


def test_a_piece_that_cannot_be_kept_leaves_no_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting_module, "_ENTRIES_PER_THREAD", 1000)
    ids, counts = middling()
    said: list[str] = []

    def keeper(checkpoints: Checkpoints) -> ManagedRun:
        return ManagedRun(
            Progress(),
            ExactSettings(),
            [f"w{i}" for i in range(2000)],
            {},
            checkpoints=checkpoints,
            every=0,
            log=Log(None, None, said.append),
            callback=None,
            say=said.append,
        )

    given: dict[str, Any] = {"window": 5, "subsample": 0, "threads": 1}
    wanted = count(ids, counts, **given)
    with Checkpoints(tmp_path / "kept", said.append) as checkpoints:
        append, calls = checkpoints.append, itertools.count()

        def once_full(*what: Any) -> None:
            if next(calls) == 2:
                raise OSError(errno.ENOSPC, "No space left on device")
            append(*what)

        monkeypatch.setattr(checkpoints, "append", once_full)
        assert_identical(count(ids, counts, run=keeper(checkpoints), **given), wanted)
        assert [line for line in said if "no checkpoint was saved" in line] == said
        assert len(said) == 1
    with Checkpoints(tmp_path / "kept", said.append) as checkpoints:
        assert_identical(count(ids, counts, run=keeper(checkpoints), **given), wanted)
        kept = sum(len(part.tensors["lengths"]) for part in checkpoints.parts())
        assert kept == len(counts)


def test_a_run_that_keeps_nothing_is_given_nothing_to_keep() -> None:
    class Plain(RecordingRun):
        saves_checkpoints = False

    run = Plain()
    count(*middling(), window=5, subsample=0, threads=1, run=run)
    assert not run.pieces


@pytest.mark.parametrize("subsample", [0, 1e-3])
@pytest.mark.parametrize("first", [0, 1, 7, 1200, 1999, 2000])
def test_rows_from_any_one_on_are_rows_of_the_whole(first: int, subsample: float) -> None:
    ids, counts = middling()
    keep = keep_probability(counts / counts.sum(), subsample)
    lengths, indices, values = counted(ids, keep, 5)
    begin = lengths[:first].sum()
    for threads in (1, 2, 3):
        found = counted(ids, keep, 5, threads=threads, entries=20_000, first=first)
        wanted = (lengths[first:], indices[begin:], values[begin:])
        for one, other in zip(found, wanted, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("first", [-1, 6])
def test_a_first_row_that_is_no_word_is_refused(first: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        counted(np.array([0, 1], np.int32), np.ones(5), 2, first=first)


# -------------------------------------------------------------------------------- what goes wrong


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Make files stop growing, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    ids, counts = middling()
    with pytest.raises(OSError, match="cannot write the counts") as raised, files_up_to(10_000):
        count(ids, counts, window=5, subsample=0, threads=2, memory=0, folder=tmp_path)
    assert raised.value.filename == str(tmp_path)
    assert raised.value.errno
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    ids, counts = middling()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        count(ids, counts, window=5, subsample=0, threads=1, memory=0, folder=tmp_path / "nowhere")


@pytest.mark.parametrize("wrong", [{"window": 0}, {"threads": 0}, {"subsample": -1.0}])
def test_a_setting_out_of_range_is_refused_by_its_value(wrong: dict[str, Any]) -> None:
    ids, counts = random_corpus(50, 5, 10)
    given: dict[str, Any] = {"window": 2, "subsample": 0, "threads": 1} | wrong
    (value,) = wrong.values()
    with pytest.raises(ValueError, match=str(value)):
        count(ids, counts, **given)


def test_a_type_of_values_that_there_is_not_is_refused() -> None:
    ids, counts = random_corpus(50, 5, 10)
    with pytest.raises(ValueError, match="got int32"):
        count(ids, counts, window=2, subsample=0, threads=1, dtype=np.int32)


@pytest.mark.parametrize("wrong", [5, -2, 2**31 - 1])
def test_an_id_that_is_no_word_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        counted(np.array([0, wrong, 1], np.int32), np.ones(5), 2)


def test_arrays_that_do_not_fit_the_block_are_refused() -> None:
    counter = _core.Counter(
        ids=joined([[0, 1]]), keep=np.ones(2), window=1, negligible=0, threads=1
    )
    assert counter.count(100, lambda done: None) == (2, 2, 2)
    with pytest.raises(ValueError, match="sizes of the block"):
        counter.take(np.empty(2, np.int64), np.empty(3, np.int32), np.empty(2, np.float32))
    with pytest.raises(TypeError):
        counter.take(np.empty(2, np.int64), np.empty(2, np.int64), np.empty(2, np.float32))


# --------------------------------------------------------------------------------- lines held out


# ------------------------------------------------------------------------------------------ files


PARTS = {"": "pairs", "unseen_": "held_out"}  # what begins their tensors' names


def small_counts(held_out: bool = True, dtype: type[Any] = np.float32) -> dict[str, Any]:
    """Return the arguments of write_counts."""
    ids, counts = random_corpus(500, 7, 10)
    cut = 1 + np.flatnonzero(ids == LINE_END)[30]
    train, unseen = ids[:cut], ids[cut:]

    def pairs(part: Int32) -> Cooccurrence:
        return count(part, counts, window=3, subsample=1e-2, threads=1, dtype=dtype)

    return {
        "words": ["der", "서울", "", "a b", "\udcff", "\n", "w6"],
        "counts": counts + 2**33,
        "counted": Counted(
            pairs(train),
            pairs(unseen) if held_out else None,
        ),
        "metadata": {"window": 3, "subsample": 1e-2, "note": "서울 \udcff"},
    }


def assert_same_file(found: CountsFile, given: dict[str, Any]) -> None:
    assert found.words == given["words"]
    assert found.metadata == given["metadata"]
    assert found.counts.dtype == np.int64
    np.testing.assert_array_equal(found.counts, given["counts"])
    for part in PARTS.values():
        one, other = getattr(found.counted, part), getattr(given["counted"], part)
        assert (one is None) == (other is None)
        if one is not None:
            assert_identical(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("held_out", [True, False])
@pytest.mark.parametrize("name", ["c.safetensors", "c", "c.counts"])
def test_counts_come_back_as_they_were(
    tmp_path: Path, name: str, held_out: bool, dtype: type[Any]
) -> None:
    given = small_counts(held_out, dtype)
    write_counts(tmp_path / name, **given)
    found = read_counts(tmp_path / name)
    assert_same_file(found, given)
    for part in PARTS.values():
        if (pairs := getattr(found.counted, part)) is not None:
            assert isinstance(pairs.values, np.memmap)
            assert pairs.values.flags.aligned
    wanted = {"words", "offsets", "counts"}
    for prefix, there in (("", True), ("unseen_", held_out)):
        wanted |= {prefix + of for of in ("indptr", "indices", "values") if there}
    assert load_file(tmp_path / name).keys() == wanted  # as others read it
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_counts_that_lie_in_files_are_written_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, counts = middling()
    pairs = count(ids, counts, window=5, subsample=0, threads=2, memory=0, folder=tmp_path)
    monkeypatch.setattr(file, "_ENTRIES_PER_CHECK", 1000)
    monkeypatch.setattr(tensors_module, "_PIECE", 1000)
    given: dict[str, Any] = {
        "words": [f"w{i}" for i in range(2000)],
        "counts": np.maximum(counts, 1),
        "counted": Counted(pairs),
        "metadata": {},
    }
    write_counts(tmp_path / "c", **given)
    found = read_counts(tmp_path / "c")
    assert_same_file(found, given)
    write_counts(tmp_path / "c", **given | {"counted": found.counted})  # over what it is read from
    assert_same_file(found, given)
    assert_same_file(read_counts(tmp_path / "c"), given)


def test_counts_of_nothing_come_back(tmp_path: Path) -> None:
    none = count(np.array([], np.int32), np.array([], np.int64), window=1, subsample=0, threads=1)
    given: dict[str, Any] = {"words": [], "counts": np.array([], np.int64), "metadata": {}}
    given["counted"] = Counted(none, none)
    write_counts(tmp_path / "c", **given)
    assert_same_file(read_counts(tmp_path / "c"), given)


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "c"
    write_counts(path, **small_counts())
    before = path.read_bytes()
    with pytest.raises(OSError, match="cannot write"), files_up_to(100):
        write_counts(path, **small_counts())
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"words": ["a", "b"]}, "must be of 2 words, got 7"),
        ({"words": ["a"] * 7}, "'a' comes twice"),
        ({"words": [*"abcdef", "\ud800"]}, "bytes cannot hold the word"),
        ({"counts": np.arange(6)}, "counts must be of 7 words, got 6"),
        ({"metadata": {"x": float("nan")}}, "cannot be written as JSON"),
        ({"metadata": {"x": object()}}, "cannot be written as JSON"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_written(
    tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        write_counts(tmp_path / "c", **small_counts() | wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", PARTS.values())
def test_a_part_of_other_words_is_refused(tmp_path: Path, part: str) -> None:
    none = count(np.array([], np.int32), np.array([], np.int64), window=1, subsample=0, threads=1)
    given = small_counts()
    given["counted"] = dataclasses.replace(given["counted"], **{part: none})
    with pytest.raises(FormatError, match=f"{part} must be of 7 words, got 0"):
        write_counts(tmp_path / "c", **given)


@given(cut=st.integers(0, 10**6))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "c"
    if not path.exists():
        write_counts(path, **small_counts())
    data = path.read_bytes()
    (tmp_path / "cut").write_bytes(data[: cut % len(data)])
    with pytest.raises(FormatError, match="not a file of counts, or cut short"):
        read_counts(tmp_path / "cut")


@given(at=st.integers(0, 10**6), value=st.integers(0, 255))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_changed_byte_is_refused_or_harmless(tmp_path: Path, at: int, value: int) -> None:
    path = tmp_path / "c"
    if not path.exists():
        write_counts(path, **small_counts())
    data = bytearray(path.read_bytes())
    data[at % min(len(data), 1200)] = value  # mostly in the header
    (tmp_path / "changed").write_bytes(data)
    with suppress(FormatError):  # and nothing else
        found = read_counts(tmp_path / "changed")
        for part in PARTS.values():
            if (pairs := getattr(found.counted, part)) is not None:
                assert pairs.as_scipy().shape == (7, 7)


def replaced(path: Path, tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
    """Write a file of counts anew, with these tensors instead (None: without) and metadata."""
    write_counts(path, **small_counts())
    kept = {k: v for k, v in (load_file(path) | tensors).items() if v is not None}
    settings = json.dumps({"format": 1, "metadata": {}})
    save_file(kept, path, {"wordkin-counts": settings} if metadata is None else metadata)


def with_first(name: str, value: float) -> dict[str, Any]:
    prefix, _, of = name.rpartition("_")
    part = PARTS[prefix and f"{prefix}_"]
    array = getattr(getattr(small_counts()["counted"], part), of).copy()
    array[0] = value
    return {name: array}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"indices": None}, "no tensor indices"),
        ({"unseen_values": None}, "no tensor unseen_values"),
        ({"unseen_indptr": None, "unseen_values": None}, "no tensor unseen_indptr, unseen_values"),
        ({"indptr": np.zeros(8, np.int32)}, r"indptr must be I64 with 1 axis, got int32 of \(8,\)"),
        ({"values": np.zeros((2, 2), np.float32)}, "values must be F32 or F64 with 1 axis"),
        ({"indptr": np.zeros(5, np.int64)}, "indptr must have 8 numbers"),
        ({"values": np.ones(1, np.float32)}, "values as many as indices"),
        ({"counts": np.ones(3, np.int64)}, "3 counts of 7 words"),
        ({"offsets": np.zeros(0, np.int64)}, "offsets do not cut"),
        (with_first("indptr", 1), "indptr does not cut"),
        (with_first("unseen_indptr", -1), "unseen_indptr does not cut"),
        (with_first("unseen_indptr", 1), "unseen_indptr does not cut"),
        ({"indptr": np.array([0, 5, 3, 5, 6, 7, 8, 9])}, "indptr does not cut"),
        (with_first("indices", -1), r"indices must be in 0\.\.6, got -1"),
        (with_first("unseen_indices", 7), r"unseen_indices must be in 0\.\.6, got 7"),
        (with_first("unseen_indices", 8), r"unseen_indices must be in 0\.\.6, got 8"),
        (with_first("values", 0), "values must be above 0"),
        (with_first("values", np.nan), "values must be above 0"),
        (with_first("unseen_values", np.inf), "unseen_values must be above 0"),
        (with_first("unseen_values", -1), "unseen_values must be above 0"),
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(
    tmp_path: Path, tensors: dict[str, Any], message: str
) -> None:
    path = tmp_path / "c"
    replaced(path, {})
    read_counts(path)
    replaced(path, tensors)
    with pytest.raises(FormatError, match=message) as raised:
        read_counts(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "not counts of wordkin"),
        ({"wordkin-counts": "{"}, "metadata are damaged"),
        ({"wordkin-counts": "[]"}, "metadata are damaged"),
        ({"wordkin-counts": '{"format": "1", "metadata": {}}'}, "metadata are damaged"),
        ({"wordkin-counts": '{"format": 1, "metadata": 2}'}, "metadata are damaged"),
        ({"wordkin-counts": '{"format": 3, "metadata": {}}'}, "newer wordkin: format 3"),
    ],
)
def test_metadata_that_say_something_else_are_refused(
    tmp_path: Path, metadata: dict[str, str], message: str
) -> None:
    replaced(tmp_path / "c", {}, metadata)
    with pytest.raises(FormatError, match=message):
        read_counts(tmp_path / "c")


def test_a_model_is_no_counts(tmp_path: Path) -> None:
    matrix = np.ones((1, 2), np.float32)
    write_model(
        tmp_path / "m", words=["a"], center=matrix, outside=matrix, counts=np.ones(1, int),
        metadata={},
    )  # fmt: skip
    with pytest.raises(FormatError, match="a model, not counts"):
        read_counts(tmp_path / "m")


def test_other_files_are_no_counts(tmp_path: Path) -> None:
    for name, data in (("empty", b""), ("text", b"the quick brown fox\n" * 9), ("zero", bytes(99))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FormatError, match=name):
            read_counts(tmp_path / name)
    with pytest.raises(FormatError, match="not a file"):
        read_counts(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_counts(tmp_path / "nowhere")
