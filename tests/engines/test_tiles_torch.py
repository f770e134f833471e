"""Tiles on a PyTorch device: the native ones' results, from the same formulas.

Without PyTorch only what is said then is tested; what needs a GPU, only where there is one.
"""

from __future__ import annotations

import dataclasses
import sys
import warnings
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import toy
from support.runs import RecordingRun
from support.tiles import (
    LINKS,
    STEEP,
    Line,
    Tile,
    assert_good,
    matrices,
    random_line,
    random_tile,
)
from wordkin.engines.counts.matrix import Cooccurrence
from wordkin.engines.exact import devices, start
from wordkin.engines.exact import engine as exact_engine
from wordkin.engines.exact.tiles import Link, LinkName, Tiles
from wordkin.engines.exact.tiles import Tile as EngineTile
from wordkin.engines.exact.tiles_native import NativeTiles
from wordkin.engines.outcome import Trained
from wordkin.engines.run import Run
from wordkin.engines.settings import ExactSettings, Precision
from wordkin.objectives import Array
from wordkin.system.errors import SettingsError

every_link = pytest.mark.parametrize("link", LINKS)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["single", "double"])
every_device = pytest.mark.parametrize("device", ["torch:cpu", "cuda"])
both_objectives = pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])


def opened(
    device: str, precision: Precision, rows: int | None = None
) -> AbstractContextManager[Tiles]:
    """Give tiles, or skip the test where there is no such device."""
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a driver, for one
        if device == "cuda" and not torch.cuda.is_available():
            pytest.skip("no GPU")
    from wordkin.engines.exact.tiles_torch import TorchTiles

    return TorchTiles.opened(device, precision, rows)


def precision_of(dtype: type) -> Precision:
    return "float32" if dtype is np.float32 else "float64"


# ----------------------------------------------------------------------------------- as native ones


def step_with_each(
    opened: AbstractContextManager[Tiles],
    A: Array,
    B: Array,
    pairs: Cooccurrence,
    n: Array,
    link: Link,
) -> list[Array]:
    """Gradients, losses and log Z before, alpha along twice the gradient, losses and log Z then."""
    found: list[Array] = [np.full(A.shape, np.nan), *np.full((5, len(A)), np.nan)]

    def work(tile: EngineTile, at: slice) -> None:
        g = tile.gradient()
        before = tile.loss.copy(), tile.log_z.copy()
        d = 2 * g
        alpha = tile.search(d, 0.1 * (a[at] * d).sum(1), 0.1 * (d * d).sum(1))
        results = (tiles.numpy(g), *before, tiles.numpy(alpha), tile.loss, tile.log_z)
        for into, part in zip(found, results, strict=True):
            into[at] = part

    with opened as tiles:
        a, b = tiles.array(A), tiles.array(B)
        done = list(tiles.each(a, b, pairs, n, link, work))
    assert done == sorted(done)
    assert done[-1] == len(A)
    return found


@every_device
@every_link
@pytest.mark.parametrize("of_a_tile", [16, None])
def test_everything_is_as_from_native_tiles(
    of_a_tile: int | None, link: LinkName, device: str
) -> None:
    A, B, pairs, n, links = matrices(65, 300, 12, np.float64)
    native = step_with_each(NativeTiles.opened(1, np.float64), A, B, pairs, n, links[link])
    found = step_with_each(opened(device, "float64", of_a_tile), A, B, pairs, n, links[link])
    for one, other in zip(found, native, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    assert (found[3] > 0).sum() > 50


@every_device
@every_link
def test_in_single_precision_it_is_so_to_its_last_digits(link: LinkName, device: str) -> None:
    A, B, pairs, n, links = matrices(65, 300, 12, np.float32)
    of = links[link]
    exactly = step_with_each(
        NativeTiles.opened(1, np.float64), A.astype(float), B.astype(float), pairs, n, of
    )
    found = step_with_each(opened(device, "float32"), A, B, pairs, n, of)
    for one, other, digits in zip(
        found, exactly, (1e-5, 1e-6, 1e-6, 1e-4, 1e-6, 1e-6), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=digits, atol=digits * np.abs(other).max())


@every_device
@every_link
def test_a_row_without_counts_stays_where_it_is(link: LinkName, device: str) -> None:
    A, B, pairs, n, links = matrices(20, 30, 4, np.float32)
    A[1] = 1e4  # wherever that is
    found = step_with_each(opened(device, "float32"), A, B, pairs, n, links[link])
    assert not any(np.any(part[1]) for part in found)
    none = Cooccurrence(np.zeros(21, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    found = step_with_each(opened(device, "float32"), A, B, none, np.zeros(20), links[link])
    assert not any(np.any(part) for part in found)


def test_counts_may_lie_in_files(tmp_path: Path) -> None:
    A, B, pairs, n, links = matrices(20, 30, 4, np.float32)
    parts = []
    for name in ("indices", "values"):
        np.save(tmp_path / name, getattr(pairs, name))
        parts.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    lying = Cooccurrence(pairs.indptr, *parts)
    wanted = step_with_each(opened("torch:cpu", "float32"), A, B, pairs, n, links["softmax"])
    found = step_with_each(opened("torch:cpu", "float32"), A, B, lying, n, links["softmax"])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


# ----------------------------------------------------------- what native kernels answer to, as well


class TorchLine(Line):
    """A line along which PyTorch searches: with B the identity, x and y are what they are made."""

    device = "torch:cpu"

    def search(self, dtype: type, level: str) -> tuple[Array, Array, Array, int]:
        tile, rows, columns = self.tile, *self.tile.x.shape
        link = Link(tile.link, tile.column, tile.row, tile.row_hit, tile.column_hit)
        if tile.link == "softmax":
            link = Link("softmax")
        found: list[Array] = []

        def work(engine: EngineTile, at: slice) -> None:
            engine.gradient()
            y = tiles.array(self.y)
            linear, quadratic = tiles.array(self.linear), tiles.array(self.quadratic)
            alpha = tiles.numpy(engine.search(y, linear, quadratic))
            found.extend([alpha.astype(np.float64), engine.loss, engine.log_z])

        with opened(self.device, precision_of(dtype)) as tiles:
            a, b = tiles.array(tile.x), tiles.array(np.eye(columns))
            assert list(tiles.each(a, b, counted(tile), tile.n, link, work)) == [rows]
        return found[0], found[1], found[2], 0


def counted(tile: Tile) -> Cooccurrence:
    filled = tile.N > 0
    indptr = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
    return Cooccurrence(indptr, np.nonzero(filled)[1].astype(np.int32), tile.N[filled])


def by_torch(line: Line) -> TorchLine:
    return TorchLine(line.tile, line.y, line.linear, line.quadratic)


@every_dtype
@every_link
def test_random_searches_end_well(link: LinkName, dtype: type) -> None:
    moved = 0
    for seed in range(8):
        tile = random_tile(link, (33, 1000)[seed % 2], dtype, rows=40, size=(0.3, 3.0)[seed % 2])
        line = random_line(tile, dtype, seed=seed, size=(0.1, 1.0, 5.0, 30.0)[seed // 2])
        moved += int((assert_good(by_torch(line), dtype, "") > 0).sum())
    assert moved > 100


@every_dtype
@pytest.mark.parametrize("name", STEEP)
def test_a_search_ends_well_where_a_newton_step_would_not(name: str, dtype: type) -> None:
    assert assert_good(by_torch(STEEP[name]), dtype, "")[0] > 0


@every_dtype
@every_link
def test_there_is_no_step_where_nothing_is_to_be_gained(link: LinkName, dtype: type) -> None:
    tile = random_tile(link, 50, dtype)
    uphill = by_torch(random_line(tile, dtype))
    uphill.y *= -1
    uphill.linear[:] = 0
    assert not assert_good(uphill, dtype, "").any()
    nowhere = TorchLine(tile, np.zeros_like(tile.x), np.zeros(5), np.zeros(5))
    assert not assert_good(nowhere, dtype, "").any()


@every_dtype
@every_link
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_row(value: float, link: LinkName, dtype: type) -> None:
    line = by_torch(random_line(random_tile(link, 50, dtype), dtype))
    # Some of the rows end early: what is left is looked at without them.
    clean = line.search(dtype, "")[:3]
    line.linear[2] = value
    found = line.search(dtype, "")[:3]
    assert found[0][2] == 0
    others = np.arange(5) != 2
    for one, other in zip(found, clean, strict=True):
        np.testing.assert_allclose(one[others], other[others], rtol=1e-5)


# ---------------------------------------------------------------------------------- all of training


def trained(device: str, run: Run | None = None, **values: Any) -> Trained:
    """Train on the toy text, in lines of 8 words."""
    if device != "cpu":
        opened(device, "float32")
    text = toy.sentences()
    counts = Counter(word for line in text for word in line)
    ids = {word: i for i, (word, _) in enumerate(counts.most_common())}
    corpus = np.array([i for line in text for i in [*(ids[word] for word in line), -1]], np.int32)
    settings = ExactSettings(
        **{"dim": 8, "window": 4, "subsample": 0.0, "threads": 1, "device": device, **values}
    )
    return exact_engine.train(corpus, np.array(sorted(counts.values())[::-1]), settings, run)


@every_device
@both_objectives
def test_training_ends_where_it_does_with_native_tiles(objective: str, device: str) -> None:
    native = trained("cpu", objective=objective, precision="float64")
    found = trained(device, objective=objective, precision="float64")
    assert len(found.history) == len(native.history)
    for one, other in zip(found.history, native.history, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-6)
    np.testing.assert_allclose(
        found.center @ found.outside.T, native.center @ native.outside.T, atol=1e-4
    )


@every_device
@both_objectives
def test_of_single_precision_the_loss_hardly_takes_notice(objective: str, device: str) -> None:
    native = trained("cpu", objective=objective, ridge=1.0, precision="float64")
    found = trained(device, objective=objective, ridge=1.0)
    assert found.center.dtype == np.float32
    assert found.history[-1].loss == pytest.approx(native.history[-1].loss, rel=1e-3)


@every_device
@both_objectives
def test_with_rounded_factors_it_comes_near(objective: str, device: str) -> None:
    native = trained("cpu", objective=objective, ridge=1.0)
    found = trained(device, objective=objective, ridge=1.0, precision="bfloat16")
    assert found.center.dtype == np.float32
    assert found.history[-1].loss == pytest.approx(native.history[-1].loss, rel=0.02)
    assert found.history[-1].loss != native.history[-1].loss


@every_device
def test_training_again_gives_the_same_bits(device: str) -> None:
    once, again = (trained(device, objective="naive-softmax", ridge=1.0) for _ in range(2))
    assert once.center.tobytes() == again.center.tobytes()
    assert once.outside.tobytes() == again.outside.tobytes()


@every_device
@both_objectives
def test_from_a_state_that_was_kept_training_goes_on_to_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, objective: str, device: str
) -> None:
    monkeypatch.setattr(start, "INITIAL_WORDS", 8)
    values: dict[str, Any] = {"objective": objective, "ridge": 1.0, "max_passes": 3}
    run = RecordingRun()
    whole = trained(device, run, **values)
    assert len(run.states) == len(whole.history) > 4
    for state in run.states:
        found = trained(device, RecordingRun(state), **values)
        assert found.center.tobytes() == whole.center.tobytes()
        assert found.outside.tobytes() == whole.outside.tobytes()
        for one, other in zip(found.history, whole.history, strict=True):
            assert dataclasses.replace(one, seconds=other.seconds) == other


def test_training_leaves_pytorch_as_it_was() -> None:
    torch = pytest.importorskip("torch")

    def state() -> list[Any]:
        return [
            torch.is_grad_enabled(),
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.get_float32_matmul_precision(),
            torch.are_deterministic_algorithms_enabled(),
            torch.get_rng_state().tolist(),
        ]

    before = state()
    trained("torch:cpu", objective="naive-softmax", ridge=1.0)
    assert state() == before


# ------------------------------------------------------------------------------- memory and devices


def test_a_tile_fits_into_the_memory() -> None:
    with opened("torch:cpu", "float32") as tiles:
        rows = {columns: tiles._tile_rows(columns) for columns in (10, 10**4, 10**5, 10**6)}  # type: ignore[attr-defined]
        assert rows == {10: 8192, 10**4: 2048, 10**5: 256, 10**6: 16}
        assert tiles._tile_rows(10**9) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("device", ["gpu0", "torch:", "torch:nothing:1"])
def test_a_device_that_there_is_none_of_is_refused(device: str) -> None:
    pytest.importorskip("torch")
    settings = ExactSettings(device=device)
    with pytest.raises(SettingsError, match=r"^device must be cpu or .* such as cuda, got '.*'$"):
        devices.open_tiles(settings).__enter__()


def test_a_device_that_pytorch_was_built_without_is_refused() -> None:
    torch = pytest.importorskip("torch")
    names = [name for name in ("cuda", "xpu", "mps") if not getattr(torch, name).is_available()]
    for name in [*names, "meta"]:
        with pytest.raises(SettingsError) as caught:
            devices.open_tiles(ExactSettings(device=name)).__enter__()
        said = str(caught.value)
        assert said.startswith(f"device {name} cannot be used: ")
        assert "pip install 'wordkin[gpu]'" in said
        assert "\n" not in said
        assert len(said) < 300


def test_without_pytorch_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("pytorch", "line_search_torch", "tiles_torch"):
        monkeypatch.delitem(sys.modules, f"wordkin.engines.exact.{name}", raising=False)
    with pytest.raises(SettingsError) as caught:
        devices.open_tiles(ExactSettings(device="cuda"))
    said = str(caught.value)
    assert said.startswith("a device other than cpu needs PyTorch, which cannot be imported")
    assert said.endswith("pip install 'wordkin[gpu]'")
    assert "\n" not in said
