"""Truncated, mutated and made-up files of vectors load consistently, or are refused."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from support.mutations import MUTATIONS
from wordkin.system.errors import FormatError, FormatWarning
from wordkin.vectors import formats
from wordkin.vectors.formats import vector_file, word2vec

FORMATS = ["word2vec-text", "word2vec-binary", "glove"]
INTERESTING = [
    b" ",
    b"\n",
    b"\t",
    b"\r",
    b"\0",
    b"\xff",
    b"-",
    b"e",
    b".",
    b"9" * 30,
    b"nan",
    b"1e99",
]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read 4 KB at a time, so that files take several chunks and buffers are small."""
    monkeypatch.setattr(word2vec, "CHUNK_BYTES", 1 << 12)
    monkeypatch.setattr(word2vec, "TEXT_THREADS", 1)


def some_file(path: Path, name: str, words: int, dim: int) -> bytes:
    """Return the bytes of a file in this format."""
    rng = np.random.default_rng(words)
    spelled = [f"wörd{i}" for i in range(words)]
    matrix = rng.normal(size=(words, dim)).astype(np.float32)
    formats.write(path, vector_file.VectorFile(spelled, matrix), format=name)
    return path.read_bytes()


def loads(path: Path, content: bytes, name: str | None, skip_bad: bool = False) -> bool:
    """Return whether the file loads; check its consistency, or that the error names a byte."""
    with open(path, "wb", buffering=0) as file:
        file.write(content)
    try:
        found = formats.read(path, format=name, skip_bad=skip_bad)
    except FormatError as error:
        assert "byte" in str(error) or "too many for skip_bad" in str(error)  # noqa: PT017
        return False
    assert found.matrix.ndim == 2
    assert found.matrix.shape[0] == len(found.words) == len(set(found.words))
    assert found.matrix.shape[1] >= 1
    assert np.isfinite(found.matrix).all()
    return True


@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_is_refused_or_gives_its_first_rows_with_a_note(
    tmp_path: Path, name: str, skip_bad: bool
) -> None:
    content = some_file(tmp_path / "v", name, *(32, 30) if name == "word2vec-binary" else (35, 10))
    assert 3900 < len(content) < 4400
    whole = formats.read(tmp_path / "v", format=name)
    for size in range(len(content)):
        rows, notes = read_part(tmp_path / "v", content[:size], name, skip_bad)
        if rows is None:
            continue
        assert notes or name == "glove" or size == len(content) - 1
        n = len(rows.words)
        # Without a line end, digits of the last number may be missing, which the note says; in
        # GloVe's format more numbers, if there is no other row.
        if notes and "no line end" in notes[-1]:
            n -= 1
        elif name == "glove" and not content[:size].endswith(b"\n"):
            assert skip_bad
        assert rows.words[:n] == whole.words[:n]
        assert rows.matrix[:n].tobytes() == whole.matrix[:n].tobytes()


def read_part(
    path: Path, content: bytes, name: str | None, skip_bad: bool
) -> tuple[vector_file.VectorFile | None, list[str]]:
    """Return what is read of the content, and the notes; None if it is refused."""
    with open(path, "wb", buffering=0) as file:
        file.write(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            rows = formats.read(path, format=name, skip_bad=skip_bad)
        except FormatError as error:
            assert "byte" in str(error) or skip_bad  # noqa: PT017
            return None, []
    return rows, [str(each.message) for each in caught]


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Change, insert or remove bytes, or move parts of the file."""
    mutant = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(mutant) + 1)
        size = rng.choice((1, 1, 2, 8, 40))
        match rng.randrange(5):
            case 0:
                mutant[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                mutant[at:at] = rng.choice(INTERESTING)
            case 2:
                del mutant[at : at + size]
            case 3:
                start = rng.randrange(len(content))
                mutant[at : at + size] = content[start : start + size]
            case _:
                mutant[at : at + 1] = rng.choice(INTERESTING)
    return bytes(mutant)


@pytest.mark.parametrize("name", FORMATS)
def test_mutated_files_are_consistent_or_refused(tmp_path: Path, name: str) -> None:
    content = some_file(tmp_path / "v", name, 4, 3)
    rng = random.Random(7)
    loaded = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FormatWarning)
        for i in range(MUTATIONS):
            mutant = mutate(content, rng)
            loaded += loads(tmp_path / "v", mutant, name if i % 4 else None, skip_bad=i % 2 == 0)
    assert MUTATIONS // 100 < loaded < MUTATIONS  # else one of the two is not tested


HEADERS = [
    b"9223372036854775808 1\n",
    b"1 9223372036854775807\n",
    b"4611686018427387904 4\n",  # 2**62 times 4: a product that wraps to 0
    b"4294967296 4294967296\n",
    b"0 9223372036854775807\n",
    b"-1 1\n",
    b"1 -1\n",
    b"1 0\n",
    b"1\n",
    b"1 1 1\n",
    b"0x10 1\n",
    b"1e3 1\n",
    b"\xd9\xa1 1\n",  # an Arabic-Indic digit
    b"9" * 500 + b" 1\n",
    b"1 " + b"9" * 500 + b"\n",
    b" " * 500 + b"1 1\n",
    b"1 1" + b" " * 500 + b"\n",
]


@pytest.mark.parametrize("name", ["word2vec-text", "word2vec-binary"])
@pytest.mark.parametrize("header", HEADERS)
def test_hostile_headers_are_refused(tmp_path: Path, name: str, header: bytes) -> None:
    assert not loads(tmp_path / "v", header + b"a 1\n" * 100, name)


# A subprocess measures the memory that it takes beyond its imports.
IN_LITTLE_MEMORY = """
import re, sys
from pathlib import Path
from wordkin.vectors import formats
from wordkin.system.errors import FormatError
from wordkin.vectors.formats import packed, sniffing, word2vec
path, name, most = sys.argv[1], sys.argv[2] or None, int(sys.argv[3])

def peak():  # KB; `resource` would begin with the peak of the parent
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

before = peak()
try:
    formats.read(path, format=name)
except FormatError as error:
    print(error)
else:
    sys.exit("was not refused")
grown = peak() - before
if grown > most:
    sys.exit(f"took {grown} KB")
"""


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("word2vec-text", b"1000000 90\n"),  # the sparse file is large enough for all
        ("word2vec-text", b"90 1000000\na 1"),
        ("word2vec-binary", b"1000000 40\n"),
        ("word2vec-binary", b"10 4000000\na"),
        ("glove", b"a 1 2 3\nb"),
        ("glove", b""),
        ("", b""),
        ("", b"1000000 40\n"),
    ],
)
def test_a_refused_file_of_200_mb_takes_little_memory(
    tmp_path: Path, name: str, begins: bytes
) -> None:
    path = tmp_path / "v"
    path.write_bytes(begins)
    os.truncate(path, 200_000_000)
    most = 80_000  # KB: a line may have 16 MB, and is copied several times
    command = [sys.executable, "-c", IN_LITTLE_MEMORY, str(path), name, str(most)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "at byte" in ran.stdout
