"""gensim's files: KeyedVectors, and the models that contain them.

In: a path. Out: a `VectorFile`. The file is a pickle, which could run any code when unpickled.
`pickles` therefore reads it as plain data. Arrays, inside it or in .npy files beside it, are mapped
into memory: do not modify these files in place while they are in use.

What a field means depends on the version that wrote it. gensim 4 has `index_to_key`; gensim 1 to 3
have `index2word`, and an object with the index and count of each word in `vocab`; before gensim 1,
models have these themselves. `gensim_subwords` does the same for n-grams.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.files import damaged, require_file
from wordkin.system.spelling import describe_duplicate, spell_word
from wordkin.system.types import Float32, StrPath
from wordkin.vectors.formats.gensim_arrays import Arrays, class_of
from wordkin.vectors.formats.gensim_subwords import read_subwords
from wordkin.vectors.formats.npy import attributes_of, inline_array
from wordkin.vectors.formats.pickles import Record, read_pickle
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngrams import Composer

_INTEGERS = {f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (4, 8)}
_KEYS = ("index_to_key", "index2word", "index2entity")
_PARTS = ("wv", "kv")  # attributes of models that are KeyedVectors


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read words, vectors and counts, and the subwords of a FastText model.

    The file is one that the `save` method of gensim's KeyedVectors, Word2Vec, FastText or Doc2Vec
    wrote, not `save_word2vec_format`, in any version of gensim.

    Raises
    ------
    FormatError
        If it or an .npy file beside it has another format, is cut short or damaged, or if two of
        its fields contradict each other.
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
    rows = keyed.rows(limit)
    words = keyed.words(rows)
    counts = keyed.counts(rows)
    matrix, subwords = keyed.matrix(rows, words)
    return VectorFile(words, matrix, counts, subwords)


@dataclass(frozen=True)
class _KeyedVectors:
    """The attributes of a pickled KeyedVectors, those of its model or the same, and its arrays."""

    path: StrPath
    state: dict[Any, Any]
    model: dict[Any, Any]
    arrays: Arrays
    keys: list[Any]

    @classmethod
    def from_pickle(cls, path: StrPath, root: Any) -> _KeyedVectors:
        """Find the KeyedVectors: the pickled object itself, or one of its attributes."""
        # A file that was decompressed elsewhere has its .npy files beside the original.
        prefix = os.fspath(getattr(path, "original", None) or path)
        model = state = attributes_of(root)
        found, part = root, ""
        if not any(name in state for name in _KEYS):
            part = next((name for name in _PARTS if name in state), "")
            found = state.get(part)
            state = attributes_of(found)
        if "Poincare" in class_of(found):
            raise damaged(
                path,
                0,
                f"{class_of(found):.80}: its distances are hyperbolic, and wordkin's are not",
            )
        for name in _KEYS:
            keys = state.get(name)
            if isinstance(keys, list):
                arrays = Arrays(path, f"{prefix}.{part}" if part else prefix, state)
                return cls(path, state, model, arrays, keys)
        kind = class_of(root)
        what = f"{kind:.80}" if kind else "a pickle"
        raise damaged(path, 0, f"{what}, but not of gensim's vectors: it has no list of words")

    @property
    def V(self) -> int:
        return len(self.keys)

    def rows(self, limit: int | None) -> npt.NDArray[np.intp]:
        """Return the rows of the first `limit` words. Rows set aside for later have no word."""
        if not any(word is None for word in self.keys):
            return np.arange(self.V if limit is None else min(limit, self.V), dtype=np.intp)
        used = [i for i, word in enumerate(self.keys) if word is not None]
        return np.array(used[:limit], dtype=np.intp)

    def words(self, rows: npt.NDArray[np.intp]) -> list[str]:
        """Return the words of these rows."""
        words = [self.keys[i] for i in rows]
        for i, word in enumerate(words):
            if not isinstance(word, str):
                raise damaged(
                    self.path,
                    0,
                    f"word {i} must be a str, got {type(word).__name__}: in gensim, make a"
                    " KeyedVectors whose keys are text",
                )
            if spell_word(word) is None:
                raise damaged(self.path, 0, f"bytes cannot hold the word {word!r:.80}")
        if what := describe_duplicate(words):
            raise damaged(self.path, 0, what)
        self._require_same_rows(rows, words)
        return words

    def _require_same_rows(self, rows: npt.NDArray[np.intp], words: list[str]) -> None:
        """Refuse a file whose other index gives a word another row: gensim looks words up there."""
        index = self.state.get("key_to_index")
        if not isinstance(index, dict):
            index = {word: entry.get("index") for word, entry in self.vocab.items()}
        if index.keys() != {word for word in self.keys if isinstance(word, str)}:
            return  # not an index of these words
        for row, word in zip(rows.tolist(), words, strict=True):
            if type(index[word]) is int and index[word] != row:
                raise damaged(
                    self.path,
                    0,
                    f"the word {word!r:.80} has the row {row} in one index, and {index[word]} in"
                    " the other",
                )

    @cached_property
    def vocab(self) -> dict[Any, dict[Any, Any]]:
        """Return the attributes of the object of each word, which gensim before 4 has."""
        vocab = self.state.get("vocab")
        if not isinstance(vocab, dict):
            return {}
        return {word: attributes_of(entry) for word, entry in vocab.items()}

    def counts(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64] | None:
        """Return the counts of the words of these rows; None if the file does not contain them."""
        expandos = self.state.get("expandos")
        if not isinstance(expandos, dict) or not isinstance(expandos.get("count"), Record):
            found = [self.vocab.get(self.keys[row], {}).get("count") for row in rows]
            if not found or not all(type(n) is int and 0 <= n < 1 << 63 for n in found):
                return None
            return np.array(found, np.int64)
        counts = inline_array(self.path, "count", expandos["count"], _INTEGERS)
        if counts.shape != (self.V,):
            raise damaged(self.path, 0, f"{self.V} words, but counts of the shape {counts.shape}")
        return counts[rows].astype(np.int64)

    def matrix(
        self, rows: npt.NDArray[np.intp], words: list[str]
    ) -> tuple[Float32, Composer | None]:
        """Return the vectors of these rows, and what composes those of other words, if anything."""
        # A slice keeps the matrix mapped.
        contiguous = not len(rows) or rows[-1] == len(rows) - 1
        at: Any = slice(len(rows)) if contiguous else rows
        found = read_subwords(self.path, self.state, self.model, self.V, self.arrays)
        if found is None or self.arrays.has("vectors", "syn0"):
            matrix = self.arrays.floats("vectors", "syn0")
            if len(matrix) != self.V:
                raise damaged(self.path, 0, f"{self.V} words, but {len(matrix)} vectors")
            return matrix[at], found.composer if found else None
        # gensim leaves out the vectors that it can compose again.
        own = found.own[at]
        if found.composer is None:
            return own, None
        composer = replace(found.composer, own=own)
        return composer.compose(words, known=len(words)), found.composer
