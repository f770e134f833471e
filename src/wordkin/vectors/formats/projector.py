"""The two files that TensorBoard's Embedding Projector loads: vectors and their labels.

In: a `VectorFile`. Out: `x.tsv`, with a line of tab-separated numbers per vector and no header,
and `x.metadata.tsv`, with a line for each word. The projector reads the first line of the latter as
column names if it contains a tab. Therefore words alone have no header, and words with counts have
one. wordkin cannot read these files.
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
from wordkin.vectors.formats.obstacles import begins_with_mark, not_utf8, require_words
from wordkin.vectors.formats.vector_file import VectorFile, checked

# The characters that JavaScript trims. The projector skips lines of nothing else, which would shift
# the labels.
_BLANK = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def metadata_path(path: StrPath) -> Path:
    """Return the path of the labels of the vectors at `path`: `x.metadata.tsv` for `x.tsv`."""
    return Path(path).with_suffix(".metadata" + Path(path).suffix)


def write(path: StrPath, vectors: VectorFile) -> None:
    """Write the vectors to `path`, and the words and counts to `metadata_path(path)`.

    Existing files are replaced only when both new ones are complete. Numbers are written as the
    shortest decimals that restore the same float32.

    Raises
    ------
    FormatError
        If the vectors have fewer than 2 dimensions, which the projector refuses, or if it would not
        display a word unchanged: an empty or blank word, one with a tab or a newline, or one that
        is not UTF-8.
    OSError
        If a file cannot be written.
    """
    encoded = spell_words(path, vectors.words)
    rows = checked(path, "matrix", vectors.matrix, np.float32, (len(encoded), -1))
    if rows.shape[1] < 2:
        raise FormatError(f"{os.fspath(path)}: the projector needs at least 2 dimensions, got 1")
    counts = vectors.counts
    if counts is not None:
        counts = checked(path, "counts", counts, np.int64, (len(encoded),))
    require_words(path, vectors.words, _blank if counts is None else _empty)
    require_words(path, vectors.words, lambda word: _separator(word) or not_utf8(word))
    if counts is None:
        require_words(path, vectors.words[:1], begins_with_mark)
    with (
        atomic_write(metadata_path(path)) as labels,
        atomic_write(path) as numbers,
        open(labels, "wb") as label_file,
        open(numbers, "wb", buffering=1 << 20) as number_file,
    ):
        _write_labels(label_file, encoded, counts)
        number_file.writelines(_lines(rows))


def _empty(word: str) -> str:
    return "" if word else "is empty"


def _blank(word: str) -> str:
    return "" if word.strip(_BLANK) else "is blank"


def _separator(word: str) -> str:
    return "contains a tab or a newline" if "\t" in word or "\n" in word else ""


def _write_labels(file: BinaryIO, encoded: list[bytes], counts: Int64 | None) -> None:
    if counts is None:
        file.writelines(b"%b\n" % raw for raw in encoded)
        return
    file.write(b"word\tcount\n")
    file.writelines(
        b"%b\t%d\n" % (raw, count) for raw, count in zip(encoded, counts.tolist(), strict=True)
    )


def _lines(rows: Float32) -> Iterator[bytes]:
    for row in rows:
        yield b"\t".join(row.astype("S").tolist()) + b"\n"
