"""Tiles of the exact engine: the logits of some rows of one matrix against rows of the other.

Rows, the other matrix and the counts of these rows in; losses, gradients and step lengths out. The
rows meet all rows of the other matrix, or a sample of them. This is what the engine asks of tiles:
`tiles_native` computes them on the CPU, `tiles_torch` on a PyTorch device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.engines.counts.matrix import PairRows
from wordkin.engines.exact.sample import Sample

Array: TypeAlias = Any
"""A NumPy array or PyTorch tensor; the engine uses only operations that both have."""
LinkName: TypeAlias = Literal["softmax", "poisson", "logistic"]


class Link(NamedTuple):
    """The loss of a row as a function of its logits, with the parameters of the formula.

    `column` and `column_hit` have a float64 number for each column, `row` and `row_hit` for each
    row of the matrix.
    """

    name: LinkName
    column: npt.NDArray[np.float64] | None = None
    row: npt.NDArray[np.float64] | None = None
    row_hit: npt.NDArray[np.float64] | None = None
    column_hit: npt.NDArray[np.float64] | None = None

    def of_rows(self, rows: npt.NDArray[np.intp] | slice) -> Link:
        """Return the link with the parameters of the given rows only."""
        if self.row is None or self.row_hit is None:
            return self
        return self._replace(row=self.row[rows], row_hit=self.row_hit[rows])


class Tile(Protocol):
    """Some rows a of one matrix against all rows B of the other, or a sample of them.

    With a sample, losses, log Z and gradients are estimates, in which a row's own pairs are exact.

    Attributes
    ----------
    loss : (rows,) float64
        The loss of each row, summed over its pairs: at a after `measure` or `gradient`, and at the
        new point after `search`.
    log_z : (rows,) float64
        The log normaliser of each row, likewise; softmax only.
    """

    loss: npt.NDArray[np.float64]
    log_z: npt.NDArray[np.float64]

    def measure(self) -> None:
        """Compute the loss alone."""

    def gradient(self) -> Array:
        """Return the gradient of the loss per pair with respect to a, (rows, d)."""

    def search(self, d: Array, linear: Array, quadratic: Array) -> Array:
        """Return an approximate minimiser alpha, (rows,), of the penalised loss at a - alpha d.

        The penalty contributes - alpha linear + alpha² quadratic / 2; all three have a number per
        row.
        """


class Tiles(Protocol):
    """A device that computes tiles, with its arrays."""

    def array(self, x: npt.NDArray[Any]) -> Array:
        """Return a copy or view in the engine's precision, on the device."""

    def numpy(self, x: Array) -> npt.NDArray[Any]:
        """Return a NumPy array."""

    def each(
        self,
        A: Array,
        B: Array,
        pairs: PairRows,
        n: npt.NDArray[np.float64],
        link: Link,
        work: Callable[[Tile, slice], None],
        sample: Sample | None = None,
    ) -> Iterator[int]:
        """Call `work` for each tile of A against B; yield the number of rows done so far.

        Parameters
        ----------
        A, B : (rows, d), (V, d) arrays
        pairs : PairRows
            The counts of the rows of A.
        n : (rows,) float64
            Their sums.
        link : Link
        work : function
            Called with each tile, and the slice of its rows. `NativeTiles` call it in threads.
        sample : Sample, optional
            What stands for all rows of B, if the tiles and the link take samples.
        """

    def samples(self, link: Link) -> bool:
        """Whether tiles with this link take samples."""
