"""What `import wordkin` gives, and how little it takes."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import wordkin


def test_every_public_name_is_there() -> None:
    for name in wordkin.__all__:
        assert getattr(wordkin, name) is not None
    assert set(wordkin.__all__) <= set(dir(wordkin))
    assert wordkin.__version__ == version("wordkin")


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="module 'wordkin' has no attribute 'word3vec'"):
        _ = wordkin.word3vec


@pytest.mark.parametrize("module", ["wordkin", "wordkin.cli"])
def test_numpy_waits_until_it_is_needed(module: str) -> None:
    code = f"import sys, {module}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
