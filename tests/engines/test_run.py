"""The plain run, which ignores everything, and the check for finite matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wordkin.engines.run import Matrices, Run, all_finite
from wordkin.system.progress import Progress


def test_a_plain_run_saves_nothing_and_never_stops() -> None:
    run = Run()
    assert type(run.progress) is Progress
    assert not run.saves_checkpoints
    assert run.load_checkpoint() is None
    assert not run.checkpoint_due()
    assert list(run.load_counts()) == []
    run.save_checkpoint({}, {})
    run.save_counts({})

    def matrices() -> Matrices:
        raise AssertionError("not needed")

    assert run.report(None, matrices) is False
    progress = Progress()
    assert Run(progress).progress is progress


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_number_that_is_not_finite_is_found_in_any_matrix(
    dtype: type[Any], wrong: float
) -> None:
    center, outside = np.ones((2, 5, 3), dtype)
    assert all_finite()
    assert all_finite(center, outside)
    assert all_finite(center[:, :2], np.zeros((0, 3), dtype))  # a view of padded rows, and no rows
    outside[4, 2] = wrong
    assert all_finite(center)
    assert not all_finite(center, outside)
    assert not all_finite(outside, center)


def test_numbers_whose_squares_are_beyond_the_type_are_not_finite() -> None:
    assert not all_finite(np.full((1, 1), 1e30, np.float32))
    assert all_finite(np.full((1, 1), 1e30, np.float64))
