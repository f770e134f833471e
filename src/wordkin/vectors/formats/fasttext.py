"""fastText's .bin: words, and vectors that are composed of those of subwords.

In: a path. Out: a `VectorFile` with subwords. The vectors that fastText trained stay in the file,
mapped into memory: nobody may change it in place as long as they are in use.

The file, all of it little-endian: magic number and version, the settings, the dictionary, a byte
that tells whether it is quantised, the input matrix, and then the output matrix, which is not read.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin._core import fasttext_dictionary
from wordkin.system.files import damaged, require_file
from wordkin.system.spelling import split_words
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngrams import Subwords

_MAGIC = 793712314
_VERSIONS = (11, 12)
_SUPERVISED = 3
_LONGEST = 64  # characters of an n-gram; each one of a word costs as many steps
_HEAD = struct.Struct("<ii")
_SETTINGS = struct.Struct("<12id")
_SIZES = struct.Struct("<iiiqq")  # of the dictionary
_SHAPE = struct.Struct("<qq")


class _Settings(NamedTuple):
    dim: int
    window: int
    epochs: int
    min_count: int
    negatives: int
    word_ngrams: int
    loss: int
    model: int
    buckets: int
    shortest: int
    longest: int
    update_rate: int
    subsample: float


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read the words of a .bin file, their composed vectors and counts, and the subwords.

    Labels of a classifier are left out. Vectors are what fastText's `getWordVector` gives.

    Raises
    ------
    FormatError
        If it is not such a file, is quantised, cut short or damaged.
    OSError
        If it cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        # Of an empty file nothing can be mapped.
        data: npt.NDArray[np.uint8] = (
            np.memmap(file, np.uint8, "r") if file.read(1) else np.empty(0, np.uint8)
        )
    settings, at = _read_settings(path, data)
    V, labels = _read_sizes(path, data, at)
    # Nothing is kept of the words until it is known that each has its vector.
    _, _, _, end = _read_dictionary(path, data, at, V, labels, 0)
    input_ = _read_input(path, data, end, settings, V)
    own, ngrams = input_[:V], input_[V:]
    keep = V if limit is None else min(limit, V)
    spelled, offsets, counts, _ = _read_dictionary(path, data, at, V, labels, keep)
    words = split_words(path, np.frombuffer(spelled, np.uint8), offsets, at + _SIZES.size)
    subwords = Subwords(own, ngrams, settings.shortest, settings.longest)
    matrix = subwords.compose(words, known=len(words))
    return VectorFile(words, matrix, counts, subwords if settings.longest else None)


def _read_settings(path: StrPath, data: npt.NDArray[np.uint8]) -> tuple[_Settings, int]:
    if len(data) < _HEAD.size:
        raise damaged(path, len(data), "not a fastText model: cut short in the first line")
    magic, version = _HEAD.unpack_from(data.data)
    if magic != _MAGIC:
        raise damaged(path, 0, "not a fastText model, or of a version before 11")
    if version not in _VERSIONS:
        raise damaged(path, 4, f"the version must be 11 or 12, got {version}")
    settings = _Settings(*_unpack(path, data, _HEAD.size, _SETTINGS, "settings"))
    at = _HEAD.size
    if version == 11 and settings.model == _SUPERVISED:  # its classifiers had no n-grams
        settings = settings._replace(longest=0)
    if settings.longest > 0 and settings.buckets < 1:
        raise damaged(path, at, f"n-grams need buckets, got {settings.buckets}")
    if settings.dim < 1 or settings.buckets < 0 or not 0 <= settings.longest <= _LONGEST:
        raise damaged(
            path,
            at,
            f"dim must be at least 1, buckets at least 0 and maxn in 0..{_LONGEST},"
            f" got {settings.dim}, {settings.buckets} and {settings.longest}",
        )
    return settings, at + _SETTINGS.size


def _read_sizes(path: StrPath, data: npt.NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Give the number of words and that of labels."""
    size, words, labels, _, pruned = _unpack(path, data, at, _SIZES, "dictionary")
    if words < 0 or labels < 0 or size != words + labels:
        raise damaged(path, at, f"{size} entries cannot be {words} words and {labels} labels")
    if pruned != -1:
        raise damaged(path, at, f"{pruned} n-grams are kept, as in a quantised model (.ftz)")
    return words, labels


def _read_dictionary(
    path: StrPath, data: npt.NDArray[np.uint8], at: int, words: int, labels: int, keep: int
) -> tuple[bytes, Int64, Int64, int]:
    """Give the bytes of so many words, where each begins, their counts, and the byte after all."""
    spelled, offsets, counts, end, damage = fasttext_dictionary(
        data, at + _SIZES.size, words, labels, keep
    )
    if damage:
        raise damaged(path, end, f"the dictionary is damaged: {damage}")
    return spelled, offsets, counts, end


def _read_input(
    path: StrPath, data: npt.NDArray[np.uint8], at: int, settings: _Settings, V: int
) -> Float32:
    """Give the input matrix where it lies: rows of words, then rows of n-grams."""
    if at >= len(data):
        raise damaged(path, at, "cut short before the input matrix")
    if data[at]:
        raise damaged(path, at, "quantised (.ftz), which cannot be read; take the .bin instead")
    rows, dim = _unpack(path, data, at + 1, _SHAPE, "input matrix")
    if dim != settings.dim or rows != V + settings.buckets:
        raise damaged(
            path,
            at + 1,
            f"the input matrix must have the shape {(V + settings.buckets, settings.dim)},"
            f" got {(rows, dim)}",
        )
    begin = at + 1 + _SHAPE.size
    left = len(data) - begin
    if left < 4 * rows * dim:
        raise damaged(path, begin, f"cut short: {left:,} bytes for {rows:,} rows of {dim} numbers")
    matrix: Float32 = data[begin : begin + 4 * rows * dim].view(np.ndarray).view("<f4")
    return matrix.reshape(rows, dim)


def _unpack(
    path: StrPath, data: npt.NDArray[np.uint8], at: int, layout: struct.Struct, what: str
) -> tuple[int, ...]:
    if len(data) - at < layout.size:
        raise damaged(path, len(data), f"cut short in the {what}")
    return layout.unpack_from(data.data, at)
