"""A run as engines are given it; and the one that tests of engines hand in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wordkin.engines.run import Matrices, Run, finite
from wordkin.system.progress import Progress


def test_a_plain_run_keeps_nothing_and_never_stops() -> None:
    run = Run()
    assert type(run.progress) is Progress
    assert not run.keeps
    assert run.begin_from() is None
    assert not run.due()
    assert list(run.counted()) == []
    run.keep({}, {})
    run.keep_counted({})

    def matrices() -> Matrices:
        raise AssertionError("nobody asked for them")

    assert run.after(None, matrices) is False
    told = Progress()
    assert Run(told).progress is told


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_number_that_is_not_finite_is_found_in_any_matrix(
    dtype: type[Any], wrong: float
) -> None:
    center, outside = np.ones((2, 5, 3), dtype)
    assert finite()
    assert finite(center, outside)
    assert finite(center[:, :2], np.zeros((0, 3), dtype))  # a view of padded rows, and no rows
    outside[4, 2] = wrong
    assert finite(center)
    assert not finite(center, outside)
    assert not finite(outside, center)


def test_numbers_whose_squares_are_beyond_the_type_are_not_finite() -> None:
    assert not finite(np.full((1, 1), 1e30, np.float32))
    assert finite(np.full((1, 1), 1e30, np.float64))
