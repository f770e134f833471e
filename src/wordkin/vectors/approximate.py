"""`ApproximateVectors`: approximate nearest neighbours of millions of words, by an HNSW index.

In: a `WordVectors`. Out: answers as from `WordVectors`, in much less time. The cosines are exact,
but some of the nearest words can be missing. The index needs the package usearch, which is
imported when an index is created.

An index file is a safetensors file: the tensor `index` holds the bytes that usearch wrote, and the
metadata hold their checksum and that of the vectors. Both are verified before usearch, which trusts
its input, reads the bytes.
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
from wordkin.system.files import atomic_write, require_path
from wordkin.system.foreign_names import VECTORS, did_you_mean
from wordkin.system.machine import cores
from wordkin.system.tensors import parse_json, read_tensors, write_tensors
from wordkin.system.types import StrPath
from wordkin.vectors import search
from wordkin.vectors.items import Items, WordOrVector
from wordkin.vectors.words import Answer, WordVectors

FORMAT_VERSION = 1  # of index files

_BLOCK = 4096  # rows scaled to length 1 at a time
_METADATA = "wordkin-index"


class ApproximateVectors:
    """Word vectors with an HNSW index of their neighbours (Malkov and Yashunin 2016).

    The index contains a copy of the vectors. For queries that it does not offer, use `vectors`.

    Parameters
    ----------
    vectors : WordVectors
    connectivity : int
        The number of neighbours of each word in the graph. More give a higher recall and take more
        memory.
    expansion_add, expansion_search : int
        The number of candidates kept while building and while searching the graph. More give a
        higher recall and take more time.
    threads : int, optional
        Threads for building and searching the index; by default, one per core. One thread always
        builds the same index.
    index : path, optional
        A file that `save_index` wrote for these vectors, to be loaded instead of building an index.
        It determines `connectivity` and `expansion_add`.

    Raises
    ------
    WordkinError
        If usearch is not installed.
    SettingsError
        If a setting is below 1.
    FormatError
        If the file is not an index, is damaged, or belongs to other vectors.
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
        """The word vectors, for exact answers."""
        return self._vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def __repr__(self) -> str:
        return f"<ApproximateVectors of {self._vectors!r}>"

    def most_similar(
        self,
        positive: Items | None = (),
        negative: Items | None = (),
        topn: SupportsIndex | None = 10,
    ) -> Answer:
        """Find words whose vectors have a high cosine with a query direction.

        As `WordVectors.most_similar`, with the same parameters and errors, but some of the nearest
        words can be missing.
        """
        k = self._number(topn)
        query, exclude = self._vectors.question(positive, negative)
        ((rows, cosines),) = self._nearest(query[np.newaxis], k, [exclude])
        return self._answer(rows, cosines)

    def most_similar_batch(
        self,
        queries: Iterable[str] | npt.NDArray[np.floating[Any]],
        topn: SupportsIndex | None = 10,
    ) -> list[Answer]:
        """Run `most_similar` for each of many words or vectors: the same answers, in less time.

        Parameters and errors are those of `WordVectors.most_similar_batch`.
        """
        k = self._number(topn)
        directions, exclude = self._vectors.questions(queries)
        return [self._answer(*found) for found in self._nearest(directions, k, exclude)]

    def analogy(
        self, a: WordOrVector, b: WordOrVector, c: WordOrVector, topn: SupportsIndex | None = 10
    ) -> Answer:
        """Answer "a is to b as c is to ?" by 3CosAdd, as most_similar([b, c], [a])."""
        return self.most_similar([b, c], [a], topn)

    def recall(self, k: SupportsIndex = 10, sample: SupportsIndex = 1000, seed: int = 0) -> float:
        """Measure the recall: the share of the k nearest words that the index finds.

        Parameters
        ----------
        k : int
            The number of neighbours of each word, at least 1.
        sample : int
            The number of words to query, at least 1, drawn without replacement.
        seed : int
            The seed of the random sample.

        Returns
        -------
        float
            In [0, 1]. A word tied with the k-th nearest counts as found in its place. 1 if no word
            has a neighbour.

        Raises
        ------
        SettingsError
            If `k` or `sample` is below 1.
        """
        k = min(at_least(1, "k", k), len(self) - 1)
        size = min(at_least(1, "sample", sample), len(self))
        if k < 1:
            return 1.0
        rows = np.random.default_rng(seed).choice(len(self), size, replace=False)
        _, exact = self._vectors.neighbour_rows(rows, k)
        found = self._nearest_of_rows(rows, k)
        hits = sum(
            np.count_nonzero(cosines >= threshold)
            for (_, cosines), threshold in zip(found, exact[:, -1], strict=True)
        )
        return float(hits / exact.size)

    def save_index(self, path: StrPath) -> None:
        """Write the index to a file, for `ApproximateVectors(vectors, index=path)` to load.

        Parameters
        ----------
        path : path
            The file to write. An existing file is replaced only when the new one is complete.

        Raises
        ------
        OSError
            If the file cannot be written. The error names the path and the cause.
        """
        data = np.frombuffer(self._index.save(), dtype=np.uint8)
        metadata = {
            "format": FORMAT_VERSION,
            "vectors": _fingerprint(self._vectors),
            "index": hashlib.sha256(data.data).hexdigest(),
        }
        with atomic_write(path) as temporary, open(temporary, "wb", buffering=0) as file:
            write_tensors(file, {"index": data}, {_METADATA: json.dumps(metadata)})

    def __copy__(self) -> ApproximateVectors:
        return self  # it never changes

    def __deepcopy__(self, memo: object) -> ApproximateVectors:
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return what pickle stores: the vectors, and the index as the bytes of its file."""
        return {
            "vectors": self._vectors,
            "threads": self._threads,
            "expansion_search": self._index.expansion_search,
            "index": bytes(self._index.save()),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._vectors, self._threads = state["vectors"], state["threads"]
        self._index = _usearch().Index(ndim=self._vectors.dim, metric="ip", dtype="f32")
        self._index.load(state["index"])
        self._index.expansion_search = state["expansion_search"]

    def __getattr__(self, name: str) -> Any:
        hint = "" if name.startswith("_") else did_you_mean(name, VECTORS, dir(type(self)))
        if not hint and not name.startswith("_") and hasattr(WordVectors, name):
            hint = f"did you mean .vectors.{name}, which is exact?"
        raise AttributeError(
            f"ApproximateVectors has no {name!r}" + (f"; {hint}" if hint else ""),
            name=name,
            obj=self,
        )

    def _number(self, topn: SupportsIndex | None) -> int:
        return len(self) if topn is None else min(at_least(1, "topn", topn), len(self))

    def _add_rows(self) -> None:
        matrix = self._vectors.matrix
        for start in range(0, len(matrix), _BLOCK):
            unit = search.units(matrix[start : start + _BLOCK]).astype(np.float32)
            self._index.add(np.arange(start, start + len(unit)), unit, threads=self._threads)

    def _nearest_of_rows(
        self, rows: npt.NDArray[np.intp], k: int
    ) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
        """Return row numbers and exact cosines of each row's neighbours, without the row itself."""
        matrix = self._vectors.matrix
        return [
            found
            for block in (rows[i : i + _BLOCK] for i in range(0, len(rows), _BLOCK))
            for found in self._nearest(search.units(matrix[block]), k, [[r] for r in block])
        ]

    def _nearest(
        self, queries: npt.NDArray[np.float64], k: int, exclude: list[list[int]]
    ) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]:
        """Return at most k row numbers and exact cosines for each query, the highest first."""
        count = min(k + max(map(len, exclude), default=0), len(self))
        if count < 1:
            return [(np.empty(0, dtype=np.intp), np.empty(0)) for _ in queries]
        found = self._index.search(queries.astype(np.float32), count, threads=self._threads)
        matches = [found] if len(queries) == 1 else [found[i] for i in range(len(queries))]
        exact_index = self._vectors.searched
        answers = []
        for query, match, excluded in zip(queries, matches, exclude, strict=True):
            # setdiff1d sorts the rows, so that ties come in vocabulary order.
            rows = np.setdiff1d(match.keys.astype(np.intp), excluded)
            cosines = exact_index.cosines(rows, query)
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
            f"an approximate index needs usearch ({error}): pip install 'wordkin[ann]'"
        ) from error


def _fingerprint(vectors: WordVectors) -> str:
    """Return the SHA-256 of words and vectors, which identifies the owner of an index."""
    digest = hashlib.sha256(repr(vectors.matrix.shape).encode())
    for word in vectors.words:
        raw = word.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    if vectors.matrix.size:
        digest.update(vectors.matrix.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _read_index(path: StrPath, fingerprint: str) -> bytes:
    """Return the verified bytes of an index that belongs to the vectors of this fingerprint."""
    require_path(path, "index")
    try:
        with open(path, "rb", buffering=0) as file:
            tensors, texts = read_tensors(file, os.fstat(file.fileno()).st_size)
        metadata = parse_json(texts[_METADATA].encode())
        version, owner, checksum = (metadata[name] for name in ("format", "vectors", "index"))
        data = tensors["index"].tobytes()
    except FormatError as error:
        raise FormatError(f"{os.fspath(path)}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{os.fspath(path)}: not a wordkin index: {error!r}") from None
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{os.fspath(path)}: the format must be {FORMAT_VERSION}, got {version}:"
            " save the index again"
        )
    if hashlib.sha256(data).hexdigest() != checksum:
        raise FormatError(f"{os.fspath(path)}: damaged: the checksum of the index does not match")
    if owner != fingerprint:
        raise FormatError(f"{os.fspath(path)}: the index belongs to other vectors")
    return data
