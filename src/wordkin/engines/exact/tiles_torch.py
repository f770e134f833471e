"""Tiles of the exact engine on a PyTorch device: a GPU, for vocabularies of 100,000 words and more.

In and out as in `wordkin.engines.exact.tiles`, which computes tiles on the CPU; the formulas are
those of `src/core/kernels/tile.hpp`. A tile here has as many rows as fit the device's memory, and
computes them all at once.

Losses of a row are summed in the tile's precision, in the order that PyTorch uses, and stored as
float64. No sum has an order that the device is free to choose, so repeated runs on one device give
the same vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import PairRows
from wordkin.engines.exact.line_search_torch import (
    Line,
    LogisticLine,
    PoissonLine,
    SoftmaxLine,
    largest_exponent,
    row_sums,
    search_line,
    softplus,
)
from wordkin.engines.exact.pytorch import torch
from wordkin.engines.exact.sample import Sample
from wordkin.engines.exact.tiles import Link, LinkName, Tile
from wordkin.engines.settings import Precision
from wordkin.system.errors import SettingsError

_ROWS = 8192  # the most in a tile: more make no product faster
_ELEMENTS = (1 << 31) - 1  # the most in a tile: some kernels index with 32 bits
_BUFFERS = 7  # of a tile's size that are in use at once
_ENTRY = 32  # bytes per counted pair: position, count, summand
_MEMORY = _BUFFERS << 28  # for a tile, if the device does not report its free memory


class TorchTiles:
    """Tiles on a PyTorch device, one after the other.

    With precision "bfloat16", vectors, logits and sums are float32, and only the factors of the
    large matrix products are rounded to bfloat16, which has 8 bits. The products are float32. Where
    PyTorch cannot return them in float32, on CPUs and before version 2.8, it multiplies the rounded
    factors in float32, which is no faster. Rounding changes logits by up to about 0.4 % of |a| |b|.

    Parameters
    ----------
    device : torch.device
    precision : {"float32", "float64", "bfloat16"}
    rows : int or None
        Rows of a tile; None for as many as fit half of the memory that is free now. It affects
        results by rounding only.
    """

    def __init__(self, device: torch.device, precision: Precision, rows: int | None = None) -> None:
        self.device = device
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        self._rows = rows
        self._memory = _free(device) // 2 or _MEMORY
        self._rounds = precision == "bfloat16"
        self._widens = self._rounds and _widens(device)

    @classmethod
    @contextmanager
    def opened(
        cls, device: str, precision: Precision, rows: int | None = None
    ) -> Iterator[TorchTiles]:
        """Open tiles on a PyTorch device, given by name, with or without the prefix "torch:".

        "torch:cpu" is the CPU by way of PyTorch, since "cpu" alone selects `NativeTiles`.

        Raises
        ------
        SettingsError
            If there is no such device, or PyTorch was built without support for it.
        """
        try:
            found = torch.device(device.removeprefix("torch:"))
        except RuntimeError as error:
            raise SettingsError(
                f"device must be cpu or a PyTorch device such as cuda, got {device!r}"
            ) from error
        try:
            torch.zeros(1, dtype=torch.float64, device=found).item()
        # Each backend raises another of these, or a subclass.
        except (RuntimeError, AssertionError, TypeError, ImportError) as error:
            cause = (str(error).splitlines() or [""])[0].rstrip(".")
            if not 0 < len(cause) < 200:  # PyTorch listed everything it knows
                cause = "this PyTorch does not support it, or not with float64"
            raise SettingsError(
                f"device {device} cannot be used: {cause}; it needs a PyTorch built for it:"
                " pip install 'wordkin[gpu]'"
            ) from error
        with torch.no_grad():
            yield cls(found, precision, rows)

    def array(self, x: npt.NDArray[Any]) -> torch.Tensor:
        """Return a copy in the engine's precision, on the device."""
        return torch.tensor(x, dtype=self.dtype, device=self.device)

    def numpy(self, x: torch.Tensor) -> npt.NDArray[Any]:
        """Return a NumPy array; on the CPU it shares the tensor's memory."""
        found: npt.NDArray[Any] = x.cpu().numpy()
        return found

    def samples(self, link: Link) -> bool:
        """Return False: on a GPU, products with all rows take less time than picking rows."""
        return False

    def each(
        self,
        A: torch.Tensor,
        B: torch.Tensor,
        pairs: PairRows,
        n: npt.NDArray[np.float64],
        link: Link,
        work: Callable[[Tile, slice], None],
        sample: Sample | None = None,
    ) -> Iterator[int]:
        """Call `work` for each tile; see `Tiles.each`. There are no samples."""
        parts = _Parts(
            link.name,
            torch.tensor(n, dtype=torch.float64, device=self.device),
            *(
                self.array(np.empty(0) if x is None else x)
                for x in (link.column, link.row, link.row_hit, link.column_hit)
            ),
        )
        factor = self._factor(B)
        step = self._rows or self._tile_rows(len(B))
        for first in range(0, len(A), step):
            rows = slice(first, min(first + step, len(A)))
            work(TorchTile(self, A[rows], factor, pairs, parts, rows), rows)
            yield rows.stop

    def product(self, a: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """Multiply a matrix by one that `_factor` returned."""
        a = self._factor(a)
        return torch.mm(a, factor, out_dtype=torch.float32) if self._widens else torch.mm(a, factor)

    def _factor(self, a: torch.Tensor) -> torch.Tensor:
        if not self._rounds:
            return a
        rounded = a.to(torch.bfloat16)
        return rounded if self._widens else rounded.to(torch.float32)

    def _tile_rows(self, columns: int) -> int:
        """Return a power of two: free memory varies from run to run, and results should not."""
        row: int = columns * (_BUFFERS * self.dtype.itemsize + _ENTRY)
        rows = min(_ROWS, _ELEMENTS // columns, self._memory // row)
        return 1 << max(0, rows.bit_length() - 1)


def _free(device: torch.device) -> int:
    """Return the bytes that can be allocated on a GPU; 0 for other devices."""
    if device.type != "cuda":
        return 0
    free: int = torch.cuda.mem_get_info(device)[0]
    cached: int = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + cached  # in PyTorch's allocator


def _widens(device: torch.device) -> bool:
    """Whether PyTorch can multiply bfloat16 matrices into float32 here."""
    one = torch.ones(8, 8, dtype=torch.bfloat16, device=device)
    try:
        torch.mm(one, one, out_dtype=torch.float32)
    except (TypeError, RuntimeError):
        return False
    return True


class _Parts(NamedTuple):
    """The parameters of a link on the device, for all rows or columns; empty if it has none."""

    link: LinkName
    n: torch.Tensor
    column: torch.Tensor
    row: torch.Tensor
    row_hit: torch.Tensor
    column_hit: torch.Tensor


class TorchTile:
    """A tile on the device; see `Tile`. It computes in place: one `gradient`, then one `search`.

    x are the logits a B^T, f the counts of each row divided by their sum n. The logistic loss of
    the native kernel is sum_w W s+(x) - sum_o f x here, with W = m + f (1 - h): the term of the
    counted pairs is then linear in x for all links, and a line search need not gather them again.
    """

    def __init__(
        self,
        tiles: TorchTiles,
        a: torch.Tensor,
        factor: torch.Tensor,
        pairs: PairRows,
        parts: _Parts,
        rows: slice,
    ) -> None:
        self._tiles = tiles
        self._factor = factor
        self._link = parts.link
        self._column = parts.column
        self._x = tiles.product(a, factor.T)
        indptr, indices, values = pairs.rows(rows.start, rows.stop)
        size, columns, device = len(a), len(factor), a.device
        self._n = parts.n[rows]
        self._live = self._n > 0
        self._lengths = torch.tensor(np.diff(indptr), device=device)
        row = torch.repeat_interleave(
            torch.arange(size, device=device), self._lengths, output_size=len(indices)
        )
        column = torch.tensor(indices, device=device)
        self._f = torch.tensor(values, device=device).double() / self._n[row]
        self._entries = row * columns + column  # of the flattened tile, all different
        if parts.link == "logistic":
            share = torch.where(self._live, parts.row[rows] / self._n, 0).to(a.dtype)
            self._weight = share[:, None] * parts.column
            hits = 1 - (parts.row_hit[rows][row] * parts.column_hit[column]).double()
            self._weight.view(-1)[self._entries] += (self._f * hits).to(a.dtype)
        self._log_z = torch.zeros(size, dtype=torch.float64, device=device)
        self.loss = np.zeros(size)
        self.log_z = np.zeros(size)

    def measure(self) -> None:
        """Compute the loss, and the gradient with it."""
        self.gradient()

    def gradient(self) -> torch.Tensor:
        """Return the gradient of the loss per pair with respect to a, (rows, d)."""
        x = self._x
        if self._link == "softmax":
            # J = log sum_w e^x_w - sum_o f_o x_o       dJ/dx = softmax(x) - f
            top = x.amax(1, keepdim=True)
            residual = torch.sub(x, top).exp_()
            z = row_sums(residual)
            residual *= (1 / z).to(x.dtype)[:, None]
            self._log_z = torch.where(self._live, top[:, 0].double() + z.log(), 0)
            loss = self._log_z
        elif self._link == "poisson":
            # J = sum_w e^(x_w + column_w) / n - sum_o f_o x_o       dJ/dx = e^(x + column) / n - f
            residual = torch.add(x, self._column).clamp_(max=largest_exponent(x.dtype)).exp_()
            residual *= (1 / self._n).to(x.dtype)[:, None]
            loss = None  # of the bound, before the step: not used
        else:
            # J = sum_w W_w s+(x_w) - sum_o f_o x_o       dJ/dx = W s(x) - f
            loss = row_sums(softplus(x).mul_(self._weight))
            residual = torch.sigmoid(x).mul_(self._weight)
        if loss is not None:
            self._set_loss(loss - self._hit(x))
        residual.view(-1)[self._entries] -= self._f.to(x.dtype)
        self.log_z = self._tiles.numpy(self._log_z)
        return torch.where(self._live[:, None], self._tiles.product(residual, self._factor), 0)

    def search(
        self, d: torch.Tensor, linear: torch.Tensor, quadratic: torch.Tensor
    ) -> torch.Tensor:
        """Return an approximate minimiser alpha, (rows,), of the penalised loss at a - alpha d."""
        y = self._tiles.product(d, self._factor.T)
        hit, hit_slope = self._hit(self._x), self._hit(y)
        line: Line
        if self._link == "softmax":
            line = SoftmaxLine(self._x, y, self._log_z)
        elif self._link == "poisson":
            line = PoissonLine(self._x.add_(self._column), y, self._n)
        else:
            line = LogisticLine(self._x, y, self._weight)
        slope = linear.double() - hit_slope
        alpha, loss = search_line(line, slope, quadratic.double(), self._live)
        if self._link == "softmax":
            self.log_z = self._tiles.numpy(torch.where(self._live, loss, 0))
        self._set_loss(loss - hit + alpha * hit_slope)
        return alpha.to(d.dtype)

    def _hit(self, x: torch.Tensor) -> torch.Tensor:
        """Return the sum of f x over the counted pairs of each row, (rows,) float64."""
        products = self._f * x.view(-1)[self._entries]
        return torch.segment_reduce(products, "sum", lengths=self._lengths, initial=0, unsafe=True)

    def _set_loss(self, loss: torch.Tensor) -> None:
        self.loss = self._tiles.numpy(torch.where(self._live, self._n * loss, 0))
