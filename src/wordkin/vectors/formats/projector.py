"""The two files that TensorBoard's Embedding Projector loads: vectors and their labels.

In: words and a matrix. Out: `x.tsv`, for each vector a line of numbers with tabs between them, and
no header; `x.metadata.tsv`, a line for each word. The projector takes the first line of the latter
for names of columns if there is a tab in it: words alone stand without a header, and words with
counts below one. It cannot be read back: use another format to keep vectors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from wordkin.system.errors import FormatError
from wordkin.system.files import atomic_write
from wordkin.system.spelling import spell_words
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.vectors.formats.obstacles import not_utf8, require_words
from wordkin.vectors.formats.vector_file import VectorFile, checked

# What JavaScript trims: the projector passes over lines with nothing else, and shifts the labels.
_BLANK = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def metadata_path(path: StrPath) -> Path:
    """Return where the words of the vectors at `path` are written: `x.metadata.tsv` for `x.tsv`."""
    return Path(path).with_suffix(".metadata" + Path(path).suffix)


def write(path: StrPath, vectors: VectorFile) -> None:
    """Write `path` with the vectors, and `metadata_path(path)` with words, and counts if known.

    Neither is replaced before both are complete. A number is the shortest decimals that give the
    same float32 back.

    Raises
    ------
    FormatError
        If vectors have fewer than 2 numbers, which the projector refuses; for a word that it would
        not show as it is: empty or blank, with a tab or a newline, or not UTF-8.
    OSError
        If a file cannot be written.
    """
    spelled = spell_words(path, vectors.words)
    rows = checked(path, "matrix", vectors.matrix, np.float32, (len(spelled), -1))
    if rows.shape[1] < 2:
        raise FormatError(f"{os.fspath(path)}: the projector takes 2 dimensions or more, got 1")
    counts = vectors.counts
    if counts is not None:
        counts = checked(path, "counts", counts, np.int64, (len(spelled),))
    require_words(path, vectors.words, _blank if counts is None else _empty)
    require_words(path, vectors.words, lambda word: _split(word) or not_utf8(word))
    if counts is None:
        require_words(path, vectors.words[:1], _marked)
    with (
        atomic_write(metadata_path(path)) as labels,
        atomic_write(path) as numbers,
        open(labels, "wb") as label_file,
        open(numbers, "wb", buffering=1 << 20) as number_file,
    ):
        _write_labels(label_file, spelled, counts)
        number_file.writelines(_lines(rows))


def _empty(word: str) -> str:
    return "" if word else "is empty"


def _blank(word: str) -> str:
    return "" if word.strip(_BLANK) else "is blank"


def _split(word: str) -> str:
    return "has a tab or a newline in it" if "\t" in word or "\n" in word else ""


def _marked(word: str) -> str:
    """Of the first word of a file, whose byte order mark is taken away."""
    return "begins with a byte order mark" if word.startswith("\ufeff") else ""


def _write_labels(file: BinaryIO, spelled: list[bytes], counts: Int64 | None) -> None:
    if counts is None:
        file.writelines(b"%b\n" % raw for raw in spelled)
        return
    file.write(b"word\tcount\n")
    file.writelines(
        b"%b\t%d\n" % (raw, count) for raw, count in zip(spelled, counts.tolist(), strict=True)
    )


def _lines(rows: Float32) -> Iterator[bytes]:
    for row in rows:
        yield b"\t".join(row.astype("S").tolist()) + b"\n"
