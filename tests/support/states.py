"""States of training with arrays and plain data."""

from __future__ import annotations

from typing import Any

import numpy as np


def content(value: int) -> dict[str, Any]:
    """Return the arguments of `save` that stand for a number, of a few KB."""
    rng = np.random.default_rng(value)
    arrays = {
        "vectors": rng.random((40, 7), np.float32),
        "sums": rng.random(100),
        "ids": rng.integers(0, 99, (3, 5, 7), np.int32),
        "seed": np.array(value, np.uint64),
        "none": np.empty((0, 3), np.int64),
        "words": rng.integers(0, 256, 101).astype(np.uint8),
    }
    return {
        "tensors": arrays,
        "metadata": {"value": value, "loss": value / 7, "note": "서울 \udcff"},
    }
