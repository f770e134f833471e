"""fastText's .bin and .ftz models: words, and vectors composed of those of subwords.

In: a path. Out: a `VectorFile` with subwords. The trained vectors stay in the file, mapped into
memory: do not modify the file in place while they are in use.

The file is little-endian and contains the magic number and version, the settings, the dictionary, a
byte that flags quantisation, the input matrix, and the output matrix, which is not read. Files from
before May 2017 lack the magic number and version, the number of pruned n-grams at the end of the
dictionary's sizes, and the byte that flags quantisation. floret's files have two more settings.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin._core import fasttext_dictionary
from wordkin.system.files import damaged, require_file
from wordkin.system.mapping import map_array
from wordkin.system.spelling import split_words
from wordkin.system.types import Float32, Int64, StrPath
from wordkin.vectors.formats.fasttext_quantised import pruned_table, read_quantised
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngrams import LONGEST_NGRAM, LookedUpSubwords, Subwords

_MAGIC = 793712314
_VERSIONS = (11, 12)
_MODELS, _SUPERVISED = (1, 2, 3), 3  # CBOW, skip-gram, classifier
_LOSSES = (1, 2, 3, 4)
_HEAD = struct.Struct("<ii")
_SETTINGS = struct.Struct("<12id")
_FLORET = struct.Struct("<14id")
_SIZES = struct.Struct("<iiiqq")  # entries, words, labels, tokens, pruned n-grams
_OLD_SIZES = struct.Struct("<iiiq")
_SHAPE = struct.Struct("<qq")
_FASTTEXT_MODE = 1  # of floret, which then hashes as fastText does

Bytes = npt.NDArray[np.uint8]


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


class _Head(NamedTuple):
    """The settings, and the position of the dictionary and the layout of its sizes."""

    settings: _Settings
    at: int
    sizes: struct.Struct

    @property
    def old(self) -> bool:
        """Whether the file is from before the magic number."""
        return self.sizes is _OLD_SIZES


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read the words of a .bin or .ftz file, their composed vectors and counts, and the subwords.

    The labels of a classifier are skipped. The vectors equal those of fastText's `getWordVector`.

    Raises
    ------
    FormatError
        If it is not a fastText model, is cut short or damaged, or is a model of floret.
    OSError
        If it cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        # An empty file cannot be mapped.
        data: Bytes = map_array(file) if file.read(1) else np.empty(0, np.uint8)
    head = _read_head(path, data)
    V, labels, pruned = _read_sizes(path, data, head)
    begin = head.at + head.sizes.size
    # The first pass keeps no words: it verifies that each word has a vector.
    _, _, _, end = _read_dictionary(path, data, begin, V, labels, 0)
    subwords = _read_subwords(path, data, end, head, V, pruned)
    kept = V if limit is None else min(limit, V)
    joined, offsets, counts, _ = _read_dictionary(path, data, begin, V, labels, kept)
    words = split_words(path, np.frombuffer(joined, np.uint8), offsets, begin)
    matrix = subwords.compose(words, known=len(words))
    return VectorFile(words, matrix, counts, subwords if head.settings.longest else None)


def is_old(head: bytes) -> bool:
    """Return whether a file begins like a model from before the magic number."""
    if len(head) < _SETTINGS.size + _OLD_SIZES.size:
        return False
    settings = _Settings(*_SETTINGS.unpack_from(head))
    size, words, labels, _ = _OLD_SIZES.unpack_from(head, _SETTINGS.size)
    return (
        settings.model in _MODELS
        and settings.loss in _LOSSES
        and 0 < settings.dim < 1 << 16
        and 0 <= settings.longest <= LONGEST_NGRAM
        and settings.buckets >= 0
        and size == words + labels
        and min(words, labels) >= 0
    )


def _read_head(path: StrPath, data: Bytes) -> _Head:
    if len(data) < _HEAD.size:
        raise damaged(path, len(data), "not a fastText model: cut short in the first line")
    magic, version = _HEAD.unpack_from(data.data)
    if magic != _MAGIC:
        if not is_old(data[: _SETTINGS.size + _OLD_SIZES.size].tobytes()):
            raise damaged(path, 0, "not a fastText model")
        settings = _Settings(*_SETTINGS.unpack_from(data.data))
        return _checked(path, _Head(settings, _SETTINGS.size, _OLD_SIZES), 0, version=0)
    if version not in _VERSIONS:
        raise damaged(path, 4, f"the version must be 11 or 12, got {version}")
    settings = _Settings(*_unpack(path, data, _HEAD.size, _SETTINGS, "settings"))
    at = _HEAD.size + _SETTINGS.size
    if not _has_sizes(data, at) and _has_sizes(data, _HEAD.size + _FLORET.size):
        *first, mode, hashes, rate, subsample = _FLORET.unpack_from(data.data, _HEAD.size)
        if mode != _FASTTEXT_MODE:
            raise damaged(
                path,
                at - 12,
                f"a model of floret, with {hashes} hashes for each n-gram, which wordkin does not"
                " compute: use the .vec file, which has the words of the text",
            )
        settings = _Settings._make([*first, rate, subsample])
        at = _HEAD.size + _FLORET.size
    return _checked(path, _Head(settings, at, _SIZES), _HEAD.size, version)


def _has_sizes(data: Bytes, at: int) -> bool:
    """Return whether the sizes of a dictionary can be at this position."""
    if len(data) < at + _SIZES.size:
        return False
    size, words, labels, _, pruned = _SIZES.unpack_from(data.data, at)
    return bool(size == words + labels and min(words, labels) >= 0 and pruned >= -1)


def _checked(path: StrPath, head: _Head, at: int, version: int) -> _Head:
    settings = head.settings
    if settings.model not in _MODELS or settings.loss not in _LOSSES:
        raise damaged(
            path,
            at + 4 * _Settings._fields.index("loss"),
            f"the loss must be 1 to 4 and the model 1 to 3, got {settings.loss}, {settings.model}",
        )
    if version < 12 and settings.model == _SUPERVISED:  # its classifiers had no n-grams
        settings = settings._replace(longest=0)
    if settings.longest > 0 and settings.buckets < 1:
        raise damaged(path, at, f"n-grams need buckets, got {settings.buckets}")
    if settings.dim < 1 or settings.buckets < 0 or not 0 <= settings.longest <= LONGEST_NGRAM:
        raise damaged(
            path,
            at,
            f"dim must be at least 1, buckets at least 0 and maxn in 0..{LONGEST_NGRAM},"
            f" got {settings.dim}, {settings.buckets} and {settings.longest}",
        )
    if head.old and settings.longest and settings.shortest < 2:
        raise damaged(
            path,
            at + 4 * _Settings._fields.index("shortest"),
            "n-grams of one character, in a file from before May 2017: whether they include the"
            " marks of a word's ends depends on when it was written",
        )
    return head._replace(settings=settings)


def _read_sizes(path: StrPath, data: Bytes, head: _Head) -> tuple[int, int, int]:
    """Return the numbers of words, labels and pruned n-grams, -1 if none are pruned."""
    size, words, labels, _, *pruned = _unpack(path, data, head.at, head.sizes, "dictionary")
    if words < 0 or labels < 0 or size != words + labels:
        raise damaged(path, head.at, f"{size} entries cannot be {words} words and {labels} labels")
    if pruned and pruned[0] < -1:
        raise damaged(path, head.at, f"the number of pruned n-grams is {pruned[0]}")
    return words, labels, pruned[0] if pruned else -1


def _read_dictionary(
    path: StrPath, data: Bytes, begin: int, words: int, labels: int, kept: int
) -> tuple[bytes, Int64, Int64, int]:
    """Return the bytes, offsets and counts of the first `kept` words, and the dictionary's end."""
    joined, offsets, counts, end, damage = fasttext_dictionary(data, begin, words, labels, kept)
    if damage:
        raise damaged(path, end, f"the dictionary is damaged: {damage}")
    return joined, offsets, counts, end


def _read_subwords(
    path: StrPath, data: Bytes, at: int, head: _Head, V: int, pruned: int
) -> Subwords | LookedUpSubwords:
    """Return the input matrix, the rows of the words, then those of the n-grams."""
    settings = head.settings
    if head.old:
        input_ = _read_input(path, data, at, settings, V)
        # A line's end had n-grams then, as any word has.
        return Subwords(
            input_[:V], input_[V:], settings.shortest, settings.longest, whole_end=False
        )
    table, at = pruned_table(path, data, at, pruned)
    if at >= len(data):
        raise damaged(path, at, "cut short before the input matrix")
    if data[at]:
        rules = (settings.shortest, settings.longest, settings.buckets)
        return read_quantised(path, data, at + 1, settings.dim, V, rules, table)
    if table is not None:
        raise damaged(path, at, f"{pruned} pruned n-grams, but the model is not quantised")
    input_ = _read_input(path, data, at + 1, settings, V)
    return Subwords(input_[:V], input_[V:], settings.shortest, settings.longest)


def _read_input(path: StrPath, data: Bytes, at: int, settings: _Settings, V: int) -> Float32:
    """Return the input matrix, mapped: the rows of the words, then those of the n-grams."""
    rows, dim = _unpack(path, data, at, _SHAPE, "input matrix")
    if dim != settings.dim or rows != V + settings.buckets:
        raise damaged(
            path,
            at,
            f"the input matrix must have the shape {(V + settings.buckets, settings.dim)},"
            f" got {(rows, dim)}",
        )
    begin = at + _SHAPE.size
    size = len(data) - begin
    if size < 4 * rows * dim:
        raise damaged(path, begin, f"cut short: {size:,} bytes for {rows:,} rows of {dim} numbers")
    matrix: Float32 = data[begin : begin + 4 * rows * dim].view(np.ndarray).view("<f4")
    return matrix.reshape(rows, dim)


def _unpack(
    path: StrPath, data: Bytes, at: int, layout: struct.Struct, what: str
) -> tuple[int, ...]:
    if len(data) - at < layout.size:
        raise damaged(path, len(data), f"cut short in the {what}")
    return layout.unpack_from(data.data, at)
