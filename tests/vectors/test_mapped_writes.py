"""Whoever writes through the pointer of a loaded matrix changes its own memory, never the file."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wordkin
from support.gensim_pickles import VECTORS, KeyedVectors, attributes
from support.samples import FASTTEXT
from wordkin.vectors.formats import FORMATS

WRITE = """
import ctypes, sys
import numpy as np
import wordkin

vectors = wordkin.load(sys.argv[1], format=sys.argv[2])
arrays = [vectors.matrix]
if subwords := getattr(vectors, "_subwords", None):
    arrays += [subwords.own, subwords.ngrams]
for array in arrays:
    assert not array.flags.writeable
    try:
        array[0, 0] = 7
    except ValueError:
        pass
    else:
        raise AssertionError("NumPy wrote")
    ctypes.memset(array.ctypes.data, 0, array.nbytes)
    assert not array.any()
print("survived")
"""


def write_through_the_pointer(path: Path, format: str) -> None:
    before = {p: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()}
    done = subprocess.run(
        [sys.executable, "-c", WRITE, path, format], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr
    assert {p: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "name", [name for name, row in FORMATS.items() if row.reader and row.writer]
)
def test_native_writes_leave_every_format_unchanged(tmp_path: Path, name: str) -> None:
    row = FORMATS[name]
    matrix = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    path = tmp_path / f"vectors{row.suffixes[0] if row.suffixes else ''}"
    words = [f"w{i}" for i in range(40)]
    wordkin.save(path, wordkin.WordVectors(words, matrix, np.arange(40, 0, -1)), format=name)
    write_through_the_pointer(path, name)


def test_native_writes_leave_a_fasttext_model_unchanged(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(FASTTEXT)
    write_through_the_pointer(tmp_path / "model.bin", "fasttext")


def test_native_writes_leave_gensims_arrays_unchanged(tmp_path: Path) -> None:
    given = attributes(index_to_key=list("abcd"))
    del given["vectors"]
    np.save(tmp_path / "kv.vectors.npy", VECTORS)
    (tmp_path / "kv").write_bytes(pickle.dumps(KeyedVectors(**given), 4))
    write_through_the_pointer(tmp_path / "kv", "gensim")


def test_native_writes_leave_counts_unchanged(tmp_path: Path) -> None:
    from wordkin.engines.settings import ExactSettings
    from wordkin.training.counting_run import count_to_file

    lines = [["a", "b", "c"]] * 20
    count_to_file(lines, tmp_path / "counts", ExactSettings(min_count=1), progress=False)
    before = (tmp_path / "counts").read_bytes()
    code = """
import ctypes, sys
import wordkin
pairs = wordkin.read_counts(sys.argv[1]).counted.pairs
ctypes.memset(pairs.values.ctypes.data, 0, pairs.values.nbytes)
print(pairs.values.any())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "counts"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    assert (tmp_path / "counts").read_bytes() == before
