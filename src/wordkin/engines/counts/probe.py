"""The probe: lines by whose loss the ridge is chosen, apart from those that `held_out` sets aside.

In: word ids, a share and a seed. Out: the ids of the other lines, and of the probe.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wordkin.system.types import Int32

PROBE_SHARE = 0.05
"""The share of lines that the ridge is chosen by."""
_GAMMA = np.uint64(0x9E3779B97F4A7C15)  # the increment of SplitMix64


def split_probe(ids: Int32, share: float, seed: int = 1) -> tuple[Int32, Int32]:
    """Split a corpus into training lines and held-out lines.

    A hash of its number and the seed decides for each whole line, its `LINE_END` included. Lines
    are held out independently of each other, so that a part can be empty.

    Parameters
    ----------
    ids : (N,) int32 array
        Word ids, with `LINE_END` after each line.
    share : float
        The probability that a line is held out, 0 to 1.
    seed : int

    Returns
    -------
    train, held_out : int32 arrays
        Copies; each keeps the order of the lines.

    Raises
    ------
    ValueError
        If `share` is outside 0..1.
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


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Apply the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
