"""Tiles of the exact engine on a device of PyTorch's: a GPU, for 100,000 words and more.

What `wordkin.engines.exact.tiles` does on the processor; the only module that imports PyTorch. A
tile here has as many rows as fit into the device's memory, and all of them are worked on at a time.
The formulas are those of `src/core/kernels/tile.hpp`.

A row's losses are summed within the tile's precision, pairwise or in a tree as PyTorch does it, and
kept in float64. Nothing is added up in an order that the device is free to choose: on one device a
run gives the same vectors again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import Cooccurrence
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
from wordkin.engines.exact.tiles import Link, LinkName, Tile
from wordkin.engines.settings import Precision
from wordkin.system.errors import SettingsError

_ROWS = 8192  # of a tile, at most: more make no product faster
_ELEMENTS = (1 << 31) - 1  # of a tile, at most: not every kernel counts farther
_BUFFERS = 7  # of a tile's size that are in use at a time
_ENTRY = 32  # bytes that a counted pair takes: where it is, how often it was met, what is summed
_MEMORY = _BUFFERS << 28  # of a tile where the device does not say what is free


class TorchTiles:
    """Tiles on a device of PyTorch's, one after the other.

    With precision "bfloat16" vectors, logits and sums are float32, and only the factors of the
    large products are rounded to 8 bits. The product is not: where PyTorch cannot give it in
    float32, on processors and before version 2.8, rounded factors are multiplied in float32, which
    is no faster. Logits then are off by up to about 0.4 % of |a| |b|, and losses with them.

    Parameters
    ----------
    device : torch.device
    precision : {"float32", "float64", "bfloat16"}
    rows : int or None
        Rows of a tile; None: as many as fit into half of the memory that is free now. The result
        depends on it by rounding alone.
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
        """Give tiles on the device that a name says: PyTorch's, with or without "torch:" before it.

        So "torch:cpu" is the processor as PyTorch uses it, as "cpu" means `NativeTiles` elsewhere.

        Raises
        ------
        SettingsError
            If there is no such device, or PyTorch has been built without it.
        """
        try:
            found = torch.device(device.removeprefix("torch:"))
        except RuntimeError as error:
            raise SettingsError(
                f"device must be cpu, or one of PyTorch's such as cuda, got {device!r}"
            ) from error
        try:
            torch.zeros(1, dtype=torch.float64, device=found).item()
        # What is raised is a matter of the device: one of these, or derived from one.
        except (RuntimeError, AssertionError, TypeError, ImportError) as error:
            cause = (str(error).splitlines() or [""])[0].rstrip(".")
            if not 0 < len(cause) < 200:  # all that PyTorch does know
                cause = "this PyTorch cannot, or not with float64"
            raise SettingsError(
                f"device {device} cannot be used: {cause}; it takes a PyTorch built for it:"
                " pip install 'wordkin[gpu]'"
            ) from error
        with torch.no_grad():
            yield cls(found, precision, rows)

    def array(self, x: npt.NDArray[Any]) -> torch.Tensor:
        """Return a copy with the engine's precision, on the device."""
        return torch.tensor(x, dtype=self.dtype, device=self.device)

    def numpy(self, x: torch.Tensor) -> npt.NDArray[Any]:
        """Return an array of NumPy's; on the processor it shares the tensor's memory."""
        found: npt.NDArray[Any] = x.cpu().numpy()
        return found

    def each(
        self,
        A: torch.Tensor,
        B: torch.Tensor,
        pairs: Cooccurrence,
        n: npt.NDArray[np.float64],
        link: Link,
        work: Callable[[Tile, slice], None],
    ) -> Iterator[int]:
        """Call `work` for each tile of A against B; yield the rows done so far."""
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
        """Multiply a matrix and what `_factor` has made of another one."""
        a = self._factor(a)
        return torch.mm(a, factor, out_dtype=torch.float32) if self._widens else torch.mm(a, factor)

    def _factor(self, a: torch.Tensor) -> torch.Tensor:
        if not self._rounds:
            return a
        rounded = a.to(torch.bfloat16)
        return rounded if self._widens else rounded.to(torch.float32)

    def _tile_rows(self, columns: int) -> int:
        """Return a power of two: what is free differs from run to run, results should not."""
        row: int = columns * (_BUFFERS * self.dtype.itemsize + _ENTRY)
        rows = min(_ROWS, _ELEMENTS // columns, self._memory // row)
        return 1 << max(0, rows.bit_length() - 1)


def _free(device: torch.device) -> int:
    """Return the bytes that can be had on a GPU; 0 for what is none."""
    if device.type != "cuda":
        return 0
    free: int = torch.cuda.mem_get_info(device)[0]
    kept: int = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + kept  # by PyTorch, for what it allocates next


def _widens(device: torch.device) -> bool:
    """Tell whether matrices of bfloat16 have a product in float32."""
    one = torch.ones(8, 8, dtype=torch.bfloat16, device=device)
    try:
        torch.mm(one, one, out_dtype=torch.float32)
    except (TypeError, RuntimeError):
        return False
    return True


class _Parts(NamedTuple):
    """What a link's formula takes beside the logits, of all rows or columns; empty if nothing."""

    link: LinkName
    n: torch.Tensor
    column: torch.Tensor
    row: torch.Tensor
    row_hit: torch.Tensor
    column_hit: torch.Tensor


class TorchTile:
    """A tile on the device; see `Tile`. It works in place: `gradient` first, then one `search`.

    x are the logits a b^T, f the counts of each row over their sum n. The logistic loss of tile.cpp
    is sum_w W s+(x) - sum_o f x here, with W = m + f (1 - h): what hangs on the counted pairs is
    linear in x for all links, and needs no look at these pairs along a line.
    """

    def __init__(
        self,
        tiles: TorchTiles,
        a: torch.Tensor,
        factor: torch.Tensor,
        pairs: Cooccurrence,
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
        self._entries = row * columns + column  # of the flattened tile; none comes twice
        if parts.link == "logistic":
            share = torch.where(self._live, parts.row[rows] / self._n, 0).to(a.dtype)
            self._weight = share[:, None] * parts.column
            hits = 1 - (parts.row_hit[rows][row] * parts.column_hit[column]).double()
            self._weight.view(-1)[self._entries] += (self._f * hits).to(a.dtype)
        self._log_z = torch.zeros(size, dtype=torch.float64, device=device)
        self.loss = np.zeros(size)
        self.log_z = np.zeros(size)

    def gradient(self) -> torch.Tensor:
        """Return the gradient of the loss a pair with respect to a, (rows, d)."""
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
            loss = None  # of the bound, before the step: nobody asks for it
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
        """Return about the alpha, (rows,), that makes the loss at a - alpha d least."""
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
        """Sum f x over each row's counted pairs, (rows,) float64."""
        products = self._f * x.view(-1)[self._entries]
        return torch.segment_reduce(products, "sum", lengths=self._lengths, initial=0, unsafe=True)

    def _set_loss(self, loss: torch.Tensor) -> None:
        self.loss = self._tiles.numpy(torch.where(self._live, self._n * loss, 0))
