"""The device of the exact engine, and the memory that it needs.

Settings in; out come the tiles on that device, an estimate in bytes, or an error before any work.
"""

from __future__ import annotations

import bisect
from contextlib import AbstractContextManager

import numpy as np

from wordkin.engines.exact.start import INITIAL_WORDS
from wordkin.engines.exact.tiles import Tiles
from wordkin.engines.exact.tiles_native import NativeTiles, tile_rows
from wordkin.engines.settings import ExactSettings
from wordkin.system.errors import SettingsError
from wordkin.system.machine import available_memory, format_bytes


def require_memory(words: int, settings: ExactSettings) -> None:
    """Check that a vocabulary fits the available memory.

    Raises
    ------
    SettingsError
        If it does not; the message has the estimate, and the largest vocabulary that fits.
    """
    free = available_memory()
    if settings.device != "cpu" or free is None or memory_needed(words, settings) <= free:
        return
    fits = bisect.bisect_right(range(words), free, key=lambda w: memory_needed(w, settings)) - 1
    advice = f"max_vocab to {fits:,} or less, or fewer threads" if fits > 1 else "fewer threads"
    raise SettingsError(
        f"{words:,} words of {settings.dim} dimensions take about"
        f" {format_bytes(memory_needed(words, settings))} of memory,"
        f" and {format_bytes(free)} are available: set {advice}"
    )


def memory_needed(words: int, settings: ExactSettings) -> int:
    """Estimate the bytes that training takes besides the counts: matrices, tiles, the first SVD."""
    itemsize = 8 if settings.precision == "float64" else 4
    sides = 2 if settings.sides else 1
    outside = sides * words
    matrices = (words + outside) * settings.dim * (2 * itemsize + 8)  # and float64 copies
    tiles = 2 * settings.threads * tile_rows(max(outside, 1), itemsize) * outside * itemsize
    return matrices + tiles + 8 * 4 * sides * min(words, INITIAL_WORDS) ** 2


def open_tiles(settings: ExactSettings) -> AbstractContextManager[Tiles]:
    """Open the tiles on the device that the settings name, as a context manager."""
    if settings.device == "cpu":
        dtype = np.float64 if settings.precision == "float64" else np.float32
        return NativeTiles.opened(settings.threads, dtype)
    from wordkin.engines.exact.tiles_torch import TorchTiles

    return TorchTiles.opened(settings.device, settings.precision)
