"""Counts with left and right apart are those of a plain loop over the text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from support.runs import RecordingRun
from wordkin.corpus.encoded import LINE_END
from wordkin.engines.counts import counting as counting_module
from wordkin.engines.counts.by_side import CooccurrenceBySide
from wordkin.engines.counts.counting import count, count_pairs
from wordkin.engines.counts.file import read_counts, write_counts
from wordkin.engines.counts.matrix import Cooccurrence, Counted
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings
from wordkin.objectives import Array, keep_probability, window_weight
from wordkin.objectives.conventions import Window
from wordkin.system.errors import FormatError

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


def text(words: int = 40, size: int = 3000, line: int = 12, seed: int = 1) -> tuple[Int32, Int64]:
    """Words of Zipf's frequencies in lines of random lengths, some of one word; and the counts."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, words + 1)
    ids = rng.choice(words, size, p=share / share.sum()).astype(np.int32)
    counts = np.bincount(ids, minlength=words)
    return np.insert(ids, np.flatnonzero(rng.random(size) < 1 / line), LINE_END), counts


def by_side(ids: Int32, counts: Int64, **options: Any) -> CooccurrenceBySide:
    given: dict[str, Any] = {"window": 5, "subsample": 1e-2, "threads": 1, "dtype": np.float64}
    found = count(ids, counts, **given | options, sides=True)
    assert isinstance(found, CooccurrenceBySide)
    return found


def plain_right(ids: Int32, keep: Array, window: Window) -> Array:
    """Return N_right by two loops: over centers, and over the words of its line at the right."""
    N = np.zeros((len(keep), len(keep)))
    for at, c in enumerate(ids.tolist()):
        m = len(ids) if window == "line" else window
        kept = np.zeros(m)  # P(X = k): so many words in between were kept
        kept[0] = 1
        for o in ids[at + 1 :].tolist():
            if LINE_END in (c, o):
                break
            weights = window_weight(np.arange(1, m + 1), window)
            N[c, o] += keep[c] * keep[o] * (kept @ weights)
            kept[1:] = kept[1:] * (1 - keep[o]) + kept[:-1] * keep[o]
            kept[0] *= 1 - keep[o]
    return N


@pytest.mark.parametrize("window", [1, 2, 5, 1 << 40, "line"])
@pytest.mark.parametrize("subsample", [0, 3e-2])
def test_counts_by_side_are_those_of_a_plain_loop(window: Window, subsample: float) -> None:
    ids, counts = text(words=12, size=300)
    keep = keep_probability(counts / counts.sum(), subsample)
    found = by_side(ids, counts, window=window, subsample=subsample)
    # The widest window is so wide that all weights are 1, but for rounding.
    wanted = plain_right(ids, keep, "line" if window == 1 << 40 else window)
    np.testing.assert_allclose(found.right.as_scipy().toarray(), wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.left.as_scipy().toarray(), wanted.T, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("window", [2, 5, "line"])
@pytest.mark.parametrize("subsample", [0, 1e-2])
def test_both_sides_sum_to_the_counts_without_sides(window: Window, subsample: float) -> None:
    ids, counts = text()
    whole = count(
        ids, counts, window=window, subsample=subsample, threads=1, dtype=np.float64
    ).as_scipy()
    found = by_side(ids, counts, window=window, subsample=subsample)
    both = (found.left.as_scipy() + found.right.as_scipy()).toarray()
    np.testing.assert_allclose(both, whole.toarray(), rtol=1e-12, atol=1e-12)
    assert found.total == pytest.approx(whole.sum(), rel=1e-12)
    assert found.words == len(counts)


def test_a_line_of_one_word_has_no_pairs_and_two_words_one_on_each_side() -> None:
    ids = np.array([0, LINE_END, 1, 2, LINE_END, 3, 3, LINE_END], np.int32)
    found = by_side(ids, np.array([1, 1, 1, 2]), subsample=0)
    assert np.argwhere(found.right.as_scipy().toarray()).tolist() == [[1, 2], [3, 3]]
    assert np.argwhere(found.left.as_scipy().toarray()).tolist() == [[2, 1], [3, 3]]
    assert found.centers.row_sums.tolist() == [0, 1, 1, 2]
    # At the left of others stand 1 and 3, at their right 2 and 3.
    assert found.outside.row_sums.tolist() == [0, 1, 0, 1, 0, 0, 1, 1]


def test_centers_and_outside_words_have_one_matrix_and_its_transpose() -> None:
    ids, counts = text()
    found = by_side(ids, counts)
    V = len(counts)
    outside = found.outside.as_scipy().toarray()
    assert outside.shape == (2 * V, V)
    indptr, indices, values = found.centers.rows(0, V)
    centers = np.zeros((V, 2 * V))
    centers[np.repeat(np.arange(V), np.diff(indptr)), indices] = values
    np.testing.assert_allclose(centers, outside.T, rtol=1e-10, atol=1e-12)
    left, right = found.left.as_scipy().toarray(), found.right.as_scipy().toarray()
    np.testing.assert_array_equal(centers, np.hstack([left, right]))
    ascending = np.diff(indices) > 0
    ascending[indptr[1:-1] - 1] = True  # a new row
    assert ascending.all()
    x = np.random.default_rng(3).random(2 * V)
    np.testing.assert_allclose(found.centers.times(x), centers @ x, rtol=1e-12)
    some = np.array([3, 7, 20])
    part = found.centers.some_rows(some)
    for i, row in enumerate(some):
        _, columns, weights = part.rows(i, i + 1)
        np.testing.assert_array_equal(columns, np.flatnonzero(centers[row]))
        np.testing.assert_array_equal(weights, centers[row][columns])


def test_parts_of_the_vocabulary_are_parts_of_both_blocks() -> None:
    ids, counts = text()
    found = by_side(ids, counts)
    left, right = found.left.as_scipy().toarray(), found.right.as_scipy().toarray()
    some = np.array([1, 2, 5, 11])
    for part, rows in ((found.among(some), some), (found.leading(9), np.arange(9))):
        assert part.words == len(rows)
        square = np.ix_(rows, rows)
        np.testing.assert_array_equal(part.left.as_scipy().toarray(), left[square])
        np.testing.assert_array_equal(part.right.as_scipy().toarray(), right[square])
    centers, outside = found.between(30)
    new, old = slice(30, None), slice(30)
    for matrix, wanted in (
        (centers, np.hstack([left[new, old], right[new, old]])),
        (outside, np.vstack([right[new, old], left[new, old]])),
    ):
        dense = np.zeros(wanted.shape)
        dense[np.repeat(np.arange(len(wanted)), np.diff(matrix.indptr)), matrix.indices] = (
            matrix.values
        )
        np.testing.assert_array_equal(dense, wanted)


def assert_identical(found: Cooccurrence, wanted: Cooccurrence) -> None:
    assert type(found) is type(wanted)
    for name in ("indptr", "indices", "values"):
        a, b = getattr(found, name), getattr(wanted, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_counts_by_side_are_the_same_bits_for_any_threads_memory_and_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, counts = text(words=600, size=30_000)
    options: dict[str, Any] = {"subsample": 1e-3, "dtype": np.float32}
    wanted = by_side(ids, counts, **options)
    monkeypatch.setattr(counting_module, "_ENTRIES_PER_THREAD", 1500)
    for threads in (1, 2, 3):
        assert_identical(by_side(ids, counts, **options, threads=threads), wanted)
        mapped = by_side(ids, counts, **options, threads=threads, memory=0, folder=tmp_path)
        assert isinstance(mapped.values, np.memmap)
        assert_identical(mapped, wanted)
        np.testing.assert_array_equal(mapped.centers.row_sums, wanted.centers.row_sums)
    run = RecordingRun()
    assert_identical(by_side(ids, counts, **options, run=run), wanted)
    assert len(run.pieces) > 10
    for k in range(len(run.pieces) + 1):
        again = by_side(ids, counts, **options, run=RecordingRun(pieces=run.pieces[:k]))
        assert_identical(again, wanted)


def test_held_out_lines_are_counted_by_side_too() -> None:
    ids, counts = text()
    settings = ExactSettings(sides=True, window=3, subsample=0.0, threads=1, precision="float64")
    found = count_pairs(ids, counts, settings, held_out=ids[:500], run=Run())
    for pairs, part in ((found.pairs, ids), (found.held_out, ids[:500])):
        assert pairs is not None
        assert_identical(pairs, by_side(part, counts, window=3, subsample=0))
    some = found.among(np.array([0, 1, 2]))
    assert some.held_out is not None
    assert some.held_out.sides == some.pairs.sides == 2


# --------------------------------------------------------------------------------------- the file


def written(path: Path, **options: Any) -> tuple[Path, CooccurrenceBySide]:
    ids, counts = text()
    pairs = by_side(ids, counts, **options)
    held_out = by_side(ids[:500], counts, **options)
    words = [f"w{i}" for i in range(len(counts))]
    counted = Counted(pairs, held_out)
    write_counts(path, words=words, counts=counts, counted=counted, metadata={"a": 1})
    return path, pairs


def test_a_file_returns_the_counts_of_both_sides(tmp_path: Path) -> None:
    path, pairs = written(tmp_path / "c")
    found = read_counts(path)
    assert_identical(found.counted.pairs, pairs)
    assert found.counted.held_out is not None
    assert found.counted.held_out.sides == 2
    tensors = load_file(path)
    assert len(tensors["indptr"]) == 2 * len(found.words) + 1


def test_files_without_sides_are_as_they_were(tmp_path: Path) -> None:
    ids, counts = text()
    pairs = count(ids, counts, window=5, subsample=0, threads=1)
    words = [f"w{i}" for i in range(len(counts))]
    write_counts(
        tmp_path / "c", words=words, counts=counts, counted=Counted(pairs), metadata={"a": 1}
    )
    head = (tmp_path / "c").read_bytes()[8:].split(b"}}", 1)[0].decode()
    assert '\\"format\\": 1' in head
    assert_identical(read_counts(tmp_path / "c").counted.pairs, pairs)


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_whose_rows_are_not_those_of_its_format_is_refused(
    tmp_path: Path, version: int
) -> None:
    path, _ = written(tmp_path / "c")
    tensors = load_file(path)
    if version == 2:
        tensors["indptr"] = tensors["indptr"][::2].copy()
    text_of = json.dumps({"format": version, "metadata": {}})
    save_file(tensors, path, {"wordkin-counts": text_of})
    with pytest.raises(FormatError, match="indptr must have"):
        read_counts(path)
