"""Neighbours in a graph: nearly always the right ones, of millions of words, in much less time.

In: word vectors. Out: the answers of `WordVectors`, from the words that an HNSW index finds; their
cosines are exact, and only a near word may be missing. The only module that imports usearch, when
an index is made.

A file of an index is laid out as safetensors: usearch's own bytes as the tensor `index`, and who
they belong to as metadata. They are checked before usearch sees them, which trusts what it reads.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from importlib import import_module
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from wordkin.system.checks import at_least
from wordkin.system.errors import FormatError, WordkinError
from wordkin.system.files import atomic_write
from wordkin.system.machine import cores
from wordkin.system.tensors import parse_json, read_tensors, write_tensors
from wordkin.system.types import StrPath
from wordkin.vectors import search
from wordkin.vectors.table import WordOrVector
from wordkin.vectors.words import Answer, WordVectors

FORMAT_VERSION = 1  # of the file of an index

_BLOCK = 4096  # rows scaled to length 1 at a time
_METADATA = "wordkin-index"


class ApproximateVectors:
    """Word vectors whose neighbours are looked up in an HNSW index (Malkov and Yashunin, 2016).

    The index holds a copy of the vectors. What it has no answer to, ask of `vectors`.

    Parameters
    ----------
    vectors : WordVectors
    connectivity : int
        How many neighbours a word has in the graph: more find better, and take more memory.
    expansion_add, expansion_search : int
        How many candidates are kept while the graph is made, and while it is searched: more find
        better, and take longer.
    threads : int, optional
        Threads that make the index; else as many as can run at once. 1: the same index every time.
    index : path, optional
        A file that `save_index` wrote for these vectors, instead of making an index anew. The
        `connectivity` and `expansion_add` are then those of the file.

    Raises
    ------
    WordkinError
        If usearch is not installed.
    SettingsError
        If a setting is less than 1.
    FormatError
        If the file is no index, is damaged, or belongs to other vectors.
    OSError
        If the file cannot be read.
    """

    def __init__(
        self,
        vectors: WordVectors,
        *,
        connectivity: int = 16,
        expansion_add: int = 128,
        expansion_search: int = 64,
        threads: int | None = None,
        index: StrPath | None = None,
    ) -> None:
        settings = {
            "connectivity": connectivity,
            "expansion_add": expansion_add,
            "expansion_search": expansion_search,
            "threads": cores() if threads is None else threads,
        }
        for name, value in settings.items():
            at_least(1, name, value)
        self._vectors = vectors
        self._threads = settings.pop("threads")
        self._index = _usearch().Index(ndim=vectors.dim, metric="ip", dtype="f32", **settings)
        if index is None:
            self._add_rows()
        else:
            self._index.load(_read_index(index, _fingerprint(vectors)))
            self._index.expansion_search = expansion_search

    @property
    def vectors(self) -> WordVectors:
        """The vectors themselves, which answer exactly."""
        return self._vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def __repr__(self) -> str:
        return f"<ApproximateVectors of {self._vectors!r}>"

    def most_similar(
        self,
        positive: WordOrVector | Iterable[WordOrVector],
        negative: WordOrVector | Iterable[WordOrVector] = (),
        topn: SupportsIndex = 10,
    ) -> Answer:
        """Find words whose vectors have a high cosine with a mean of directions.

        All is as in `WordVectors.most_similar`, but that one of the nearest may be missing.
        """
        k = min(at_least(1, "topn", topn), len(self))
        query, exclude = self._vectors.question(positive, negative)
        ((rows, cosines),) = self._nearest(query[np.newaxis], k, [exclude])
        return self._answer(rows, cosines)

    def most_similar_batch(
        self, queries: Iterable[str] | npt.NDArray[np.floating[Any]], topn: SupportsIndex = 10
    ) -> list[Answer]:
        """Ask `most_similar` about many words or vectors at once: the same answers, sooner."""
        k = min(at_least(1, "topn", topn), len(self))
        asked, exclude = self._vectors.questions(queries)
        return [self._answer(*found) for found in self._nearest(asked, k, exclude)]

    def analogy(
        self, a: WordOrVector, b: WordOrVector, c: WordOrVector, topn: SupportsIndex = 10
    ) -> Answer:
        """Answer "a is to b as c is to ?": it is most_similar([b, c], [a])."""
        return self.most_similar([b, c], [a], topn)

    def recall(self, k: SupportsIndex = 10, sample: SupportsIndex = 1000, seed: int = 0) -> float:
        """Measure which share of the k nearest words is found.

        Parameters
        ----------
        k : int
            How many neighbours of a word count.
        sample : int
            How many words are asked about, drawn without replacement; all if there are fewer.
        seed : int
            Of the draw.

        Returns
        -------
        float
            In [0, 1]. A word as near as the last of the k nearest is as good as that one; 1 where
            no word has a neighbour.
        """
        wanted = min(at_least(1, "k", k), len(self) - 1)
        drawn = min(at_least(1, "sample", sample), len(self))
        if wanted < 1:
            return 1.0
        rows = np.random.default_rng(seed).choice(len(self), drawn, replace=False)
        _, exact = self._vectors.neighbour_rows(rows, wanted)
        found = self._nearest_of_rows(rows, wanted)
        hits = sum(
            np.count_nonzero(cosines >= border)
            for (_, cosines), border in zip(found, exact[:, -1], strict=True)
        )
        return float(hits / exact.size)

    def save_index(self, path: StrPath) -> None:
        """Write the index to a file, from which `ApproximateVectors(vectors, index=path)` is made.

        Parameters
        ----------
        path : path
            An older file there is replaced only once the new one is complete.

        Raises
        ------
        OSError
            If the file cannot be written; it names the path and the cause.
        """
        data = np.frombuffer(self._index.save(), dtype=np.uint8)
        metadata = {
            "format": FORMAT_VERSION,
            "vectors": _fingerprint(self._vectors),
            "index": hashlib.sha256(data.data).hexdigest(),
        }
        with atomic_write(path) as temporary, open(temporary, "wb", buffering=0) as file:
            write_tensors(file, {"index": data}, {_METADATA: json.dumps(metadata)})

    def _add_rows(self) -> None:
        matrix = self._vectors.matrix
        for start in range(0, len(matrix), _BLOCK):
            unit = search.units(matrix[start : start + _BLOCK]).astype(np.float32)
            self._index.add(np.arange(start, start + len(unit)), unit, threads=self._threads)

    def _nearest_of_rows(
        self, rows: npt.NDArray[np.intp], k: int
    ) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
        """Return the neighbours of words, each not its own."""
        matrix = self._vectors.matrix
        return [
            found
            for block in (rows[i : i + _BLOCK] for i in range(0, len(rows), _BLOCK))
            for found in self._nearest(search.units(matrix[block]), k, [[r] for r in block])
        ]

    def _nearest(
        self, queries: npt.NDArray[np.float64], k: int, exclude: list[list[int]]
    ) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
        """Return row numbers and exact cosines for each query: at most k, the highest first."""
        count = min(k + max(map(len, exclude), default=0), len(self))
        if count < 1:
            return [(np.empty(0, dtype=np.intp), np.empty(0)) for _ in queries]
        found = self._index.search(queries.astype(np.float32), count, threads=self._threads)
        matches = [found] if len(queries) == 1 else [found[i] for i in range(len(queries))]
        searched = self._vectors.searched
        answers = []
        for query, match, without in zip(queries, matches, exclude, strict=True):
            # Rising, so that of equal cosines the first word comes first.
            rows = np.setdiff1d(match.keys.astype(np.intp), without)
            cosines = searched.cosines(rows, query)
            best = search.top_k(cosines, k)
            answers.append((rows[best], cosines[best]))
        return answers

    def _answer(self, rows: npt.NDArray[np.intp], cosines: npt.NDArray[np.float64]) -> Answer:
        words = self._vectors.words
        return [(words[i], c) for i, c in zip(rows.tolist(), cosines.tolist(), strict=True)]


def _usearch() -> Any:
    try:
        return import_module("usearch.index")
    except ImportError as error:
        raise WordkinError(
            f"an approximate index needs its package ({error}): pip install 'wordkin[ann]'"
        ) from error


def _fingerprint(vectors: WordVectors) -> str:
    """Return the SHA-256 of words and vectors: an index is of no use to others."""
    sum_ = hashlib.sha256(repr(vectors.matrix.shape).encode())
    for word in vectors.words:
        raw = word.encode("utf-8", "surrogatepass")
        sum_.update(len(raw).to_bytes(8, "little") + raw)
    if vectors.matrix.size:
        sum_.update(vectors.matrix.reshape(-1).view(np.uint8).data)
    return sum_.hexdigest()


def _read_index(path: StrPath, fingerprint: str) -> bytes:
    """Return the bytes of an index that belongs to these vectors, exactly as they were written."""
    try:
        with open(path, "rb", buffering=0) as file:
            tensors, texts = read_tensors(file, os.fstat(file.fileno()).st_size)
        metadata = parse_json(texts[_METADATA].encode())
        version, owner, sum_ = (metadata[name] for name in ("format", "vectors", "index"))
        data = tensors["index"].tobytes()
    except FormatError as error:
        raise FormatError(f"{os.fspath(path)}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{os.fspath(path)}: not an index of wordkin: {error!r}") from None
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{os.fspath(path)}: format {version}, this wordkin reads {FORMAT_VERSION}"
        )
    if hashlib.sha256(data).hexdigest() != sum_:
        raise FormatError(f"{os.fspath(path)}: damaged: the index is not what was written")
    if owner != fingerprint:
        raise FormatError(f"{os.fspath(path)}: the index of other vectors")
    return data
