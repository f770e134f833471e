"""The probe: lines, or pieces of long ones, by whose loss the ridge is chosen.

They are apart from those that `held_out` sets aside.

In: word ids, a share and a seed. Out: the ids of the other lines, and of the probe.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wordkin.corpus.encoded import LINE_END
from wordkin.corpus.pieces import line_lengths, piece_length, sample_units
from wordkin.objectives.conventions import Window
from wordkin.system.types import Int32

PROBE_SHARE = 0.05
"""The share of lines that the ridge is chosen by."""
_GAMMA = np.uint64(0x9E3779B97F4A7C15)  # the increment of SplitMix64


def split_probe(
    ids: Int32, share: float, seed: int = 1, window: Window = "line"
) -> tuple[Int32, Int32]:
    """Split a corpus into training lines and held-out lines.

    A hash of its number and the seed decides for each whole line, its `LINE_END` included. Lines
    are held out independently of each other, so that a part can be empty. Of a text on one line or
    on few long ones, pieces of lines are held out (`corpus.pieces`); then a line ends on either
    side of each.

    Parameters
    ----------
    ids : (N,) int32 array
        Word ids, with `LINE_END` after each line.
    share : float
        The probability that a line is held out, 0 to 1.
    seed : int
    window : int or "line"
        The window, for the length of pieces; "line" holds out whole lines only.

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
    lengths = line_lengths(ids)
    piece = piece_length(window, int(lengths.sum()), len(lengths))
    _, ends = sample_units(ids, piece)
    with np.errstate(over="ignore"):
        key = _mix(np.array([seed % 2**64], np.uint64) + _GAMMA)
        random = _mix(key + np.arange(len(ends), dtype=np.uint64) * _GAMMA)
    held = (random >> np.uint64(11)) * 2.0**-53 < share
    # A line end belongs to the unit before it.
    limits = np.minimum(ends + (ids[np.minimum(ends, len(ids) - 1)] == LINE_END), len(ids))
    where = np.repeat(held, np.diff(limits, prepend=0))
    if piece:
        return _picked(ids, ~where), _picked(ids, where)
    return ids[~where], ids[where]


def _picked(ids: Int32, where: npt.NDArray[np.bool_]) -> Int32:
    """Return the ids picked, with a line end after each run of them."""
    picked = np.flatnonzero(where)
    gaps = np.flatnonzero(np.diff(picked) > 1)
    gaps = gaps[ids[picked[gaps]] != LINE_END] + 1
    found = np.insert(ids[picked], gaps, LINE_END)
    if len(found) and found[-1] != LINE_END:
        found = np.append(found, np.int32(LINE_END))
    return found


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Apply the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
