"""gensim's files: KeyedVectors, and the models that contain them.

In: a path. Out: a `VectorFile`. The file is a pickle, which could run any code when unpickled.
`pickles` therefore reads it as plain data. Arrays, inside it or in .npy files beside it, are mapped
into memory: do not modify these files in place while they are in use.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.files import damaged, require_file
from wordkin.system.spelling import describe_duplicate, spell_word
from wordkin.system.types import Float32, StrPath
from wordkin.vectors.formats.npy import FLOATS, attributes_of, inline_array, is_size, map_npy
from wordkin.vectors.formats.pickles import Record, read_pickle
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngrams import Subwords

_LONGEST_NGRAM = 64  # characters: limits the work for each character of a word
_INTEGERS = {f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (4, 8)}


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read words, vectors and counts, and the subwords of a FastText model.

    The file is one that the `save` method of gensim's KeyedVectors, Word2Vec, FastText or Doc2Vec
    wrote, not `save_word2vec_format`. Small files of gensim before 4.0 can be read, too.

    Raises
    ------
    FormatError
        If it or an .npy file beside it has another format, is cut short or damaged.
    OSError
        If it or an .npy file beside it cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        if not file.read(1):
            raise damaged(path, 0, "not a pickle: the file is empty")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        root = read_pickle(path, data)
    keyed = _KeyedVectors.from_pickle(path, root)
    words = keyed.words(limit)
    counts = keyed.counts(len(words))
    subwords = keyed.subwords()
    rows = keyed.floats("vectors", "syn0") if subwords is None else subwords.own
    if len(rows) != keyed.V:
        raise damaged(path, 0, f"{keyed.V} words, but {len(rows)} vectors")
    if subwords is None:
        return VectorFile(words, rows[: len(words)], counts)
    matrix = subwords.compose(words, known=len(words))
    return VectorFile(words, matrix, counts, subwords if subwords.longest else None)


@dataclass(frozen=True)
class _KeyedVectors:
    """The attributes of a pickled KeyedVectors, and the path prefix of its .npy files."""

    path: StrPath
    state: dict[Any, Any]
    prefix: str
    keys: list[Any]

    @classmethod
    def from_pickle(cls, path: StrPath, root: Any) -> _KeyedVectors:
        """Find the KeyedVectors: the pickled object itself, or its attribute `wv`."""
        state, prefix = attributes_of(root), os.fspath(path)
        if "index_to_key" not in state and "index2word" not in state and "wv" in state:
            state, prefix = attributes_of(state["wv"]), f"{os.fspath(path)}.wv"
        for name in ("index_to_key", "index2word"):
            keys = state.get(name)
            if isinstance(keys, list):
                return cls(path, state, prefix, keys)
        raise damaged(path, 0, "a pickle, but not of gensim's vectors: it has no list of words")

    @property
    def V(self) -> int:
        return len(self.keys)

    def words(self, limit: int | None) -> list[str]:
        """Return the first `limit` words."""
        words = self.keys[:limit]
        for i, word in enumerate(words):
            if not isinstance(word, str):
                raise damaged(self.path, 0, f"word {i} must be a str, got {type(word).__name__}")
            if spell_word(word) is None:
                raise damaged(self.path, 0, f"bytes cannot hold the word {word!r:.80}")
        if what := describe_duplicate(words):
            raise damaged(self.path, 0, what)
        return words

    def counts(self, size: int) -> npt.NDArray[np.int64] | None:
        """Return the counts of the first `size` words; None if the file does not contain them."""
        expandos = self.state.get("expandos")
        if not isinstance(expandos, dict) or not isinstance(expandos.get("count"), Record):
            return None
        counts = inline_array(self.path, "count", expandos["count"], _INTEGERS)
        if counts.shape != (self.V,):
            raise damaged(self.path, 0, f"{self.V} words, but counts of the shape {counts.shape}")
        return counts[:size].astype(np.int64)

    def subwords(self) -> Subwords | None:
        """Return the subwords of a FastText model; None if it is another model."""
        state = self.state
        if not {"bucket", "min_n", "max_n"} <= state.keys():
            return None
        own, ngrams = self.floats("vectors_vocab"), self.floats("vectors_ngrams")
        buckets, shortest, longest = (state[name] for name in ("bucket", "min_n", "max_n"))
        if not all(is_size(n) for n in (buckets, shortest, longest)) or longest > _LONGEST_NGRAM:
            # Do not format the values: their repr can be exponentially long.
            raise damaged(
                self.path,
                0,
                "bucket, min_n and max_n must be integers of at least 0, max_n at most"
                f" {_LONGEST_NGRAM}",
            )
        if (longest and not len(ngrams) == buckets > 0) or ngrams.shape[1] != own.shape[1]:
            raise damaged(
                self.path,
                0,
                f"n-grams in {buckets} buckets, but vectors of the shapes {own.shape} and"
                f" {ngrams.shape}",
            )
        return Subwords(own, ngrams, shortest, longest, whole_end=False)

    def floats(self, *names: str) -> Float32:
        """Return the matrix with the first name that exists, in the pickle or in an .npy file."""
        for name in names:
            if isinstance(self.state.get(name), Record):
                array = inline_array(self.path, name, self.state[name], FLOATS)
                break
            if os.path.isfile(f"{self.prefix}.{name}.npy"):
                array = map_npy(f"{self.prefix}.{name}.npy")
                break
        else:
            raise damaged(
                self.path,
                0,
                f"the array {names[0]} is missing, also from {self.prefix}.{names[0]}.npy",
            )
        if array.ndim != 2 or not array.shape[1]:
            raise damaged(self.path, 0, f"{names[0]} must have the shape (V, d), got {array.shape}")
        with np.errstate(over="ignore"):  # overflow gives infinity, which `WordVectors` refuses
            return np.require(array, np.float32, ["C", "A"])
