"""fastText's .bin models: words, and vectors composed of those of subwords.

In: a path. Out: a `VectorFile` with subwords. The trained vectors stay in the file, mapped into
memory: do not modify the file in place while they are in use.

The file is little-endian and contains the magic number and version, the settings, the dictionary, a
byte that flags quantisation, the input matrix, and the output matrix, which is not read.
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
_LONGEST = 64  # characters of an n-gram: limits the work for each character of a word
_HEAD = struct.Struct("<ii")
_SETTINGS = struct.Struct("<12id")
_DICTIONARY = struct.Struct("<iiiqq")  # counts: entries, words, labels, tokens, pruned n-grams
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

    The labels of a classifier are skipped. The vectors equal those of fastText's `getWordVector`.

    Raises
    ------
    FormatError
        If it is not a fastText model, is quantised, cut short or damaged.
    OSError
        If it cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        # An empty file cannot be mapped.
        data: npt.NDArray[np.uint8] = (
            np.memmap(file, np.uint8, "r") if file.read(1) else np.empty(0, np.uint8)
        )
    settings, at = _read_settings(path, data)
    V, labels = _read_sizes(path, data, at)
    # The first pass keeps no words: it verifies that each word has a vector.
    _, _, _, end = _read_dictionary(path, data, at, V, labels, 0)
    input_ = _read_input(path, data, end, settings, V)
    own, ngrams = input_[:V], input_[V:]
    kept = V if limit is None else min(limit, V)
    joined, offsets, counts, _ = _read_dictionary(path, data, at, V, labels, kept)
    words = split_words(path, np.frombuffer(joined, np.uint8), offsets, at + _DICTIONARY.size)
    subwords = Subwords(own, ngrams, settings.shortest, settings.longest)
    matrix = subwords.compose(words, known=len(words))
    return VectorFile(words, matrix, counts, subwords if settings.longest else None)


def _read_settings(path: StrPath, data: npt.NDArray[np.uint8]) -> tuple[_Settings, int]:
    if len(data) < _HEAD.size:
        raise damaged(path, len(data), "not a fastText model: cut short in the first line")
    magic, version = _HEAD.unpack_from(data.data)
    if magic != _MAGIC:
        raise damaged(path, 0, "not a fastText model, or one of a version before 11")
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
    """Return the number of words and the number of labels."""
    size, words, labels, _, pruned = _unpack(path, data, at, _DICTIONARY, "dictionary")
    if words < 0 or labels < 0 or size != words + labels:
        raise damaged(path, at, f"{size} entries cannot be {words} words and {labels} labels")
    if pruned != -1:
        raise damaged(
            path, at, f"{pruned} pruned n-grams, as in a quantised model: use the .bin instead"
        )
    return words, labels


def _read_dictionary(
    path: StrPath, data: npt.NDArray[np.uint8], at: int, words: int, labels: int, kept: int
) -> tuple[bytes, Int64, Int64, int]:
    """Return the bytes, offsets and counts of the first `kept` words, and the dictionary's end."""
    joined, offsets, counts, end, damage = fasttext_dictionary(
        data, at + _DICTIONARY.size, words, labels, kept
    )
    if damage:
        raise damaged(path, end, f"the dictionary is damaged: {damage}")
    return joined, offsets, counts, end


def _read_input(
    path: StrPath, data: npt.NDArray[np.uint8], at: int, settings: _Settings, V: int
) -> Float32:
    """Return the input matrix, mapped: the rows of the words, then those of the n-grams."""
    if at >= len(data):
        raise damaged(path, at, "cut short before the input matrix")
    if data[at]:
        raise damaged(path, at, "a quantised model (.ftz) cannot be read: use the .bin instead")
    rows, dim = _unpack(path, data, at + 1, _SHAPE, "input matrix")
    if dim != settings.dim or rows != V + settings.buckets:
        raise damaged(
            path,
            at + 1,
            f"the input matrix must have the shape {(V + settings.buckets, settings.dim)},"
            f" got {(rows, dim)}",
        )
    begin = at + 1 + _SHAPE.size
    size = len(data) - begin
    if size < 4 * rows * dim:
        raise damaged(path, begin, f"cut short: {size:,} bytes for {rows:,} rows of {dim} numbers")
    matrix: Float32 = data[begin : begin + 4 * rows * dim].view(np.ndarray).view("<f4")
    return matrix.reshape(rows, dim)


def _unpack(
    path: StrPath, data: npt.NDArray[np.uint8], at: int, layout: struct.Struct, what: str
) -> tuple[int, ...]:
    if len(data) - at < layout.size:
        raise damaged(path, len(data), f"cut short in the {what}")
    return layout.unpack_from(data.data, at)
