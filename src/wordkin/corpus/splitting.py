"""Split a corpus into lines to train on and lines that are held out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wordkin.system.types import Int32


def split_lines(ids: Int32, share: float, seed: int = 1) -> tuple[Int32, Int32]:
    """Split a corpus into lines to train on and lines that are held out.

    Each line goes whole, with its `LINE_END`, to where a hash of its number and the seed puts it:
    `share` is the probability to be held out, so that a part can be empty.

    Returns
    -------
    train, held_out : int32 arrays
        Copies, the lines of each in their order.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be in 0..1, got {share}")
    ends = np.flatnonzero(ids < 0) + 1
    if len(ids) and ids[-1] >= 0:
        ends = np.append(ends, len(ids))
    with np.errstate(over="ignore"):
        key = _mix(np.array([seed % 2**64], np.uint64) + _GAMMA)
        random = _mix(key + np.arange(len(ends), dtype=np.uint64) * _GAMMA)
    held = (random >> np.uint64(11)) * 2.0**-53 < share
    where = np.repeat(held, np.diff(ends, prepend=0))
    return ids[~where], ids[where]


_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hash by the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
