"""The device that the exact engine runs on, and the memory that it needs there."""

from __future__ import annotations

import bisect
from contextlib import AbstractContextManager

import numpy as np

from wordkin.engines.exact.start import CORE
from wordkin.engines.exact.tiles import NativeTiles, Tiles, tile_rows
from wordkin.engines.settings import ExactSettings
from wordkin.system.errors import SettingsError
from wordkin.system.machine import available_memory, format_bytes


def require_memory(words: int, settings: ExactSettings) -> None:
    """Refuse a vocabulary that does not fit the memory at hand, before any work.

    Raises
    ------
    SettingsError
        With the estimate, and the largest vocabulary that fits.
    """
    free = available_memory()
    if settings.device != "cpu" or free is None or memory_needed(words, settings) <= free:
        return
    fits = bisect.bisect_right(range(words), free, key=lambda w: memory_needed(w, settings)) - 1
    advice = f"max_vocab to {fits:,} or less, or fewer threads" if fits > 1 else "fewer threads"
    raise SettingsError(
        f"{words:,} words of {settings.dim} dimensions take about"
        f" {format_bytes(memory_needed(words, settings))} of memory,"
        f" and {format_bytes(free)} are at hand: set {advice}"
    )


def memory_needed(words: int, settings: ExactSettings) -> int:
    """Estimate the bytes that training takes beside the counts: matrices, tiles, the start."""
    itemsize = 8 if settings.precision == "float64" else 4
    matrices = words * settings.dim * (4 * itemsize + 2 * 8)  # and copies in float64
    tiles = 2 * settings.threads * tile_rows(max(words, 1), itemsize) * words * itemsize
    return matrices + tiles + 8 * 4 * min(words, CORE) ** 2


def open_tiles(settings: ExactSettings) -> AbstractContextManager[Tiles]:
    """Give the tiles of the device that the settings name."""
    if settings.device == "cpu":
        dtype = np.float64 if settings.precision == "float64" else np.float32
        return NativeTiles.opened(settings.threads, dtype)
    from wordkin.engines.exact.tiles_torch import TorchTiles

    return TorchTiles.opened(settings.device, settings.precision)
