"""Samples of the words that rows meet, and tiles of them, against sums over all words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wordkin import _core
from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact.sample import Sample, Sampler, draw
from wordkin.engines.exact.tiles import Link, Tile
from wordkin.engines.exact.tiles_native import NativeTiles
from wordkin.objectives import Array

V, ROWS, D = 60, 37, 19


def zipf(words: int) -> Array:
    return 1e5 / np.arange(1, words + 1)


# ------------------------------------------------------------------------------------- the drawing


@pytest.mark.parametrize("size", [1, 2, 20, 59])
def test_a_sample_has_its_size_and_every_word_its_probability(size: int) -> None:
    n, rng, drawn = zipf(V), np.random.default_rng(size), np.zeros((4000, V))
    for row in drawn:
        sample = draw(n, size, rng)
        assert len(sample.words) in (size - 1, size, size + 1)
        assert (np.diff(sample.words) > 0).all()
        row[sample.words] = 1
    weights = np.exp(draw(n, V, rng).log_weight)
    np.testing.assert_array_equal(weights, 1)
    # p is in proportion to n, up to 1, and the frequencies of 4,000 draws are near it.
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        total = np.minimum(1, middle * n).sum()
        low, high = (middle, high) if total < size else (low, middle)
    p = np.minimum(1, low * n)
    assert np.abs(drawn.mean(axis=0) - p).max() < 4 * 0.5 / np.sqrt(4000)
    assert (drawn[:, p > 1 - 1e-9] == 1).all()


def test_weights_make_sums_over_a_sample_right_on_average() -> None:
    rng, n = np.random.default_rng(0), zipf(300)
    terms = rng.exponential(1, 300)
    sums = []
    for _ in range(3000):
        words, log_weight = draw(n, 40, rng)
        sums.append((terms[words] * np.exp(log_weight)).sum())
    error = np.std(sums) / np.sqrt(len(sums))
    assert abs(np.mean(sums) - terms.sum()) < 4 * error


def test_equal_words_come_in_equal_distances() -> None:
    words = draw(np.ones(100), 10, np.random.default_rng(5)).words
    np.testing.assert_array_equal(np.diff(words), 10)


def test_samples_depend_on_the_seed_and_the_pass_alone() -> None:
    n, one, other = zipf(1000), Sampler(100, 7), Sampler(100, 7)
    one.begin(1000, 3)
    first = [one.draw(n), one.draw(n)]
    other.begin(1000, 1)
    other.draw(n)
    other.begin(1000, 3)
    for sample, again in zip(first, [other.draw(n), other.draw(n)], strict=True):
        assert sample is not None
        assert again is not None
        np.testing.assert_array_equal(sample.words, again.words)
    assert first[0] is not None
    assert first[1] is not None
    assert list(first[0].words) != list(first[1].words)


@pytest.mark.parametrize(("size", "words"), [(0, 10**6), (100, 149), (100, 100), (100, 3)])
def test_where_a_sample_would_save_little_all_words_are_met(size: int, words: int) -> None:
    sampler = Sampler(size, 1)
    assert not sampler.samples(words)
    assert sampler.draw(np.ones(words)) is None
    assert Sampler(100, 1).samples(150)


# --------------------------------------------------------------------------------------- the tiles


def random_problem(dtype: type) -> tuple[Array, Array, Array]:
    """Rows, the other matrix, and dense counts: the second row has none, the third all."""
    rng = np.random.default_rng(3)
    density = np.resize([0.5, 0.0, 1.0, 0.02, 0.1], ROWS)[:, None]
    N = rng.gamma(0.5, 4, (ROWS, V)) * (rng.random((ROWS, V)) < density)
    N[3, 50] = 2.0
    A, B = rng.normal(0, 0.4, (ROWS, D)), rng.normal(0, 0.4, (V, D))
    return tuple(x.astype(dtype).astype(float) for x in (A, B, N))  # type: ignore[return-value]


def sparse(N: Array, dtype: type) -> Cooccurrence:
    filled = N > 0
    indptr = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
    return Cooccurrence(indptr, np.nonzero(filled)[1].astype(np.int32), N[filled].astype(dtype))


def links() -> dict[str, Link]:
    return {
        "softmax": Link("softmax"),
        "poisson": Link("poisson", np.random.default_rng(4).normal(-2, 1, V)),
    }


def weights_of(sample: Sample, N: Array) -> Array:
    """How often each row counts each word: the sample by its weights, and its own pairs once."""
    weights = np.zeros(V)
    weights[sample.words] = np.exp(sample.log_weight)
    return np.where(N > 0, 1.0, weights)


def loss_of(link: Link, A: Array, B: Array, N: Array, weights: Array) -> Array:
    """The loss of each row, a pair."""
    x, n = A @ B.T, N.sum(axis=1)
    f = N / np.where(n > 0, n, 1)[:, None]
    if link.name == "softmax":
        total = np.log((weights * np.exp(x)).sum(axis=1)) * (n > 0)
    else:
        column = link.column
        assert column is not None
        total = (weights * np.exp(x + column)).sum(axis=1) / np.where(n > 0, n, np.inf)
    return np.asarray(total - (f * x).sum(axis=1))


def with_tiles(
    link: Link,
    dtype: type,
    sample: Sample | None,
    level: str | None = None,
    rows: int | None = None,
    threads: int = 1,
) -> list[Any]:
    """Gradients, losses and log Z before, steps along the gradients, losses and log Z after."""
    A, B, N = random_problem(dtype)
    found: list[Any] = [np.full((ROWS, D), np.nan), *np.full((5, ROWS), np.nan)]
    with NativeTiles.opened(threads, dtype, rows) as tiles:
        tiles.level = level or tiles.level

        def work(tile: Tile, at: slice) -> None:
            g = tile.gradient()
            before = tile.loss.copy(), tile.log_z.copy()
            alpha = tile.search(g, np.zeros(len(g)), np.full(len(g), 0.1))
            for into, part in zip(found, (g, *before, alpha, tile.loss, tile.log_z), strict=True):
                into[at] = part

        arrays = tiles.array(A), tiles.array(B)
        for _ in tiles.each(*arrays, sparse(N, dtype), N.sum(axis=1), link, work, sample):
            pass
    return found


@pytest.mark.parametrize("level", _core.levels())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["softmax", "poisson"])
@pytest.mark.parametrize("size", [1, 17, 59])
def test_a_tile_sums_its_own_pairs_and_the_sample(
    size: int, name: str, dtype: type, level: str
) -> None:
    A, B, N = random_problem(dtype)
    link, sample = links()[name], draw(zipf(V), size, np.random.default_rng(2))
    weights, n = weights_of(sample, N), N.sum(axis=1)
    g, loss, log_z, alpha, loss_after, log_z_after = with_tiles(link, dtype, sample, level)
    close: dict[str, Any] = (
        {"rtol": 1e-4, "atol": 1e-4} if dtype is np.float32 else {"rtol": 1e-9, "atol": 1e-9}
    )

    step = 1e-20  # complex steps: the derivative without a difference
    for column in range(D):
        moved = A.astype(complex)
        moved[:, column] += 1j * step
        slope = loss_of(link, moved, B, N, weights).imag / step
        np.testing.assert_allclose(g[:, column], np.where(n > 0, slope, 0), **close)
    at = A - alpha[:, None] * g
    if name == "softmax":
        np.testing.assert_allclose(loss, n * loss_of(link, A, B, N, weights), **close)
        z = np.log((weights * np.exp(A @ B.T)).sum(axis=1))
        np.testing.assert_allclose(log_z[n > 0], z[n > 0], **close)
        z = np.log((weights * np.exp(at @ B.T)).sum(axis=1))
        np.testing.assert_allclose(log_z_after[n > 0], z[n > 0], **close)
        np.testing.assert_allclose(loss_after, n * loss_of(link, at, B, N, weights), **close)

    # A step goes to where the slope is at most a fifth of what it was, or as far as it may.
    def value(alpha: Array) -> Array:
        rest = alpha**2 * 0.1 / 2
        return loss_of(link, A - alpha[:, None] * g, B, N, weights) + rest

    live = (n > 0) & (np.abs(g).sum(axis=1) > 0)
    assert (alpha[n == 0] == 0).all()
    slope = value(alpha + 1e-20j).imag / 1e-20
    first = value(np.zeros(ROWS) + 1e-20j).imag / 1e-20
    limited = alpha[live] >= 4
    assert (limited | (np.abs(slope[live]) <= 0.2001 * np.abs(first[live]) + 1e-4)).all()


@pytest.mark.parametrize("name", ["softmax", "poisson"])
def test_a_sample_of_all_words_gives_what_all_words_give(name: str) -> None:
    everything = Sample(np.arange(V), np.zeros(V))
    got = with_tiles(links()[name], np.float64, everything)
    expected = with_tiles(links()[name], np.float64, None)
    if name == "poisson":  # its loss is not used, and lacks what does not depend on the rows
        del got[4], expected[4]
    for part, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(part, other, rtol=1e-9, atol=1e-9)


def test_estimates_are_right_on_average() -> None:
    A, B, N = random_problem(np.float64)
    rng, total, square, rounds = np.random.default_rng(0), 0.0, 0.0, 400
    for _ in range(rounds):
        z = np.exp(with_tiles(Link("softmax"), np.float64, draw(zipf(V), 15, rng))[2])
        total, square = total + z, square + z**2
    mean = total / rounds
    error = np.sqrt(np.maximum(square / rounds - mean**2, 0) / rounds)
    exact = np.exp(A @ B.T).sum(axis=1)
    live = N.sum(axis=1) > 0
    assert (np.abs(mean - exact)[live] <= 5 * error[live] + 1e-9).all()
    assert error[2] < 1e-7 * exact[2]  # a row that has pairs with all words has no error


@pytest.mark.parametrize("name", ["softmax", "poisson"])
def test_tiles_of_samples_are_the_same_for_any_number_of_threads(name: str) -> None:
    sample = draw(zipf(V), 20, np.random.default_rng(1))
    one = with_tiles(links()[name], np.float32, sample, rows=16)
    for threads in (2, 3):
        other = with_tiles(links()[name], np.float32, sample, rows=16, threads=threads)
        for got, expected in zip(other, one, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_a_row_that_met_none_of_its_pairs_by_chance_does_not_run_away() -> None:
    # Only the frequent words are drawn; the rows' pairs are with rare ones, all of them.
    A, B, N = random_problem(np.float64)
    N[:, :30] = 0
    sample = Sample(np.arange(10), np.zeros(10))
    weights = weights_of(sample, N)
    assert (loss_of(Link("softmax"), A, B, N, weights)[N.sum(axis=1) > 0] > 0).all()


# ------------------------------------------------------------------- arrays that do not fit


def pairs(**changed: Any) -> Any:
    arguments = {
        "indptr": np.array([0, 1, 3]),
        "words": np.array([2, 0, 4], np.int32),
        "place": np.array([0, -1, 1, -1, -1], np.int32),
        "log_weights": np.zeros(2),
    }
    return _core.SampledPairs64(**arguments | changed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"indptr": np.empty(0, np.int64)},
        {"indptr": np.array([0, 1, 4])},
        {"indptr": np.array([0, 4, 3])},
        {"indptr": np.array([1, 1, 3])},
        {"words": np.array([2, 0, 5], np.int32)},
        {"words": np.array([2, 0, -1], np.int32)},
        {"place": np.array([0, -1, 2, -1, -1], np.int32)},
        {"log_weights": np.zeros(1)},
    ],
)
def test_pairs_that_do_not_fit_the_sample_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="do not fit each other"):
        pairs(**wrong)


def test_logits_have_to_fit_the_pairs() -> None:
    level, A, B, none = _core.levels()[0], np.zeros((2, 4)), np.zeros((5, 4)), np.empty(0)
    found = pairs()
    with pytest.raises(ValueError, match="placed first"):
        found.multiply(level, A, B, none, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="no room"):
        found.place(level, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="a row for each row"):
        found.place(level, np.zeros((3, 3)))
    at, lengths = found.place(level, np.zeros((2, 3)))
    assert list(at) == [1, 0, 2]
    assert list(lengths) == [2, 3]
    for wrong in (
        (np.zeros((3, 4)), B, none, np.zeros((2, 3))),
        (A, np.zeros((5, 3)), none, np.zeros((2, 3))),
        (A, np.zeros((4, 4)), none, np.zeros((2, 3))),
        (A, B, none, np.zeros((2, 2))),
        (A, B, np.zeros(4), np.zeros((2, 3))),
    ):
        with pytest.raises(ValueError, match="fit"):
            found.multiply(level, *wrong)
    with pytest.raises(ValueError, match="fit"):
        found.add(level, np.zeros((2, 3)), B, np.zeros((3, 4)))
