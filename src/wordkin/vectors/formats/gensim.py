"""gensim's files: KeyedVectors, and the models that have them inside.

In: a path. Out: a `VectorFile`. Such a file is a pickle, a program that could call anything. It is
read for its data alone: an interpreter of our own keeps what would be called as a record with a
name, and calls nothing. Arrays are mapped into memory, those in files beside it, too: nobody may
change these files in place as long as they are in use.
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
from wordkin.vectors.formats.npy import FLOATS, _is_size, inline_array, map_npy, state_of
from wordkin.vectors.formats.pickles import Record, read_pickle
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngrams import Subwords

_LONGEST_NGRAM = 64  # characters; each one of a word costs as many steps
_INTEGERS = {f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (4, 8)}


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read words, vectors and counts; of a FastText model the subwords, too.

    The file is what `save` of gensim's KeyedVectors, Word2Vec, FastText or Doc2Vec wrote, not what
    `save_word2vec_format` did. Files of gensim before 4.0 are read where they are small.

    Raises
    ------
    FormatError
        If it is not such a file, is cut short or damaged; or if a file beside it is.
    OSError
        If it, or the file beside it, cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        if not file.read(1):
            raise damaged(path, 0, "not a pickle, but empty")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        root = read_pickle(path, data)
    keyed = _KeyedVectors.found(path, root)
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


# ---- what it is of -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _KeyedVectors:
    """What a pickle says of a KeyedVectors, and how the files beside it are called."""

    path: StrPath
    state: dict[Any, Any]
    beside: str  # what the files' names begin with
    keys: list[Any]

    @classmethod
    def found(cls, path: StrPath, root: Any) -> _KeyedVectors:
        """Find the words in what the pickle is of, or in its `wv`."""
        state, beside = state_of(root), os.fspath(path)
        if "index_to_key" not in state and "index2word" not in state and "wv" in state:
            state, beside = state_of(state["wv"]), f"{os.fspath(path)}.wv"
        for name in ("index_to_key", "index2word"):
            keys = state.get(name)
            if isinstance(keys, list):
                return cls(path, state, beside, keys)
        raise damaged(path, 0, "a pickle, but not of gensim's vectors: it has no list of words")

    @property
    def V(self) -> int:
        return len(self.keys)

    def words(self, limit: int | None) -> list[str]:
        """Give the words, the first so many."""
        words = self.keys[:limit]
        for i, word in enumerate(words):
            if not isinstance(word, str):
                raise damaged(self.path, 0, f"word {i} is no text, but {type(word).__name__}")
            if spell_word(word) is None:
                raise damaged(self.path, 0, f"bytes cannot hold the word {word!r:.80}")
        if what := describe_duplicate(words):
            raise damaged(self.path, 0, what)
        return words

    def counts(self, size: int) -> npt.NDArray[np.int64] | None:
        """Give the counts of so many words, if the file tells them."""
        expandos = self.state.get("expandos")
        if not isinstance(expandos, dict) or not isinstance(expandos.get("count"), Record):
            return None
        counts = inline_array(self.path, "count", expandos["count"], _INTEGERS)
        if counts.shape != (self.V,):
            raise damaged(self.path, 0, f"{self.V} words, but counts of the shape {counts.shape}")
        return counts[:size].astype(np.int64)

    def subwords(self) -> Subwords | None:
        """Give what words are composed of, in a FastText model."""
        state = self.state
        if not {"bucket", "min_n", "max_n"} <= state.keys():
            return None
        own, ngrams = self.floats("vectors_vocab"), self.floats("vectors_ngrams")
        buckets, shortest, longest = (state[name] for name in ("bucket", "min_n", "max_n"))
        if not all(_is_size(n) for n in (buckets, shortest, longest)) or longest > _LONGEST_NGRAM:
            raise damaged(self.path, 0, "bucket, min_n or max_n is no number that it can be")
        if (longest and not len(ngrams) == buckets > 0) or ngrams.shape[1] != own.shape[1]:
            raise damaged(
                self.path,
                0,
                f"n-grams in {buckets} buckets, but vectors of the shapes {own.shape} and"
                f" {ngrams.shape}",
            )
        return Subwords(own, ngrams, shortest, longest, whole_end=False)

    def floats(self, *names: str) -> Float32:
        """Give a matrix by its name, or by that of older files, from here or a file beside."""
        for name in names:
            if isinstance(self.state.get(name), Record):
                array = inline_array(self.path, name, self.state[name], FLOATS)
                break
            if os.path.isfile(f"{self.beside}.{name}.npy"):
                array = map_npy(f"{self.beside}.{name}.npy")
                break
        else:
            raise damaged(
                self.path,
                0,
                f"the array {names[0]} is not in it, nor in a file {self.beside}.{names[0]}.npy",
            )
        if array.ndim != 2 or not array.shape[1]:
            raise damaged(self.path, 0, f"{names[0]} must have the shape (V, d), got {array.shape}")
        with np.errstate(over="ignore"):  # what is too big becomes infinite, and is refused as such
            return np.require(array, np.float32, ["C", "A"])
