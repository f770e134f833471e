"""Composition of word vectors by sums over the n-grams that words share, each with its own row.

In: n-grams as bytes, and their rows. Out: composed vectors. The exact engine trains such rows; no
n-gram is hashed, so that none shares a row with another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import islice, pairwise
from typing import Any, ClassVar

import numpy as np

from wordkin.system.spelling import in_jamo
from wordkin.system.types import Float32, Float64, Int64, UInt8

_CHARACTER = re.compile(rb"[^\x80-\xbf][\x80-\xbf]*", re.DOTALL)
_ROWS_AT_A_TIME = 1 << 12


@dataclass(frozen=True, eq=False)
class NgramRows:
    """N-grams with a row each.

    The n-grams of a word are the substrings of `shortest` to `longest` characters of "<word>", but
    for the whole of it. A character is a byte and the UTF-8 continuation bytes after it, as for
    `wordkin._core.shared_ngrams`.

    Attributes
    ----------
    ngrams : (bytes,) uint8 array
        The G n-grams, one after the other.
    offsets : (G + 1,) int64 array
        N-gram g is ``ngrams[offsets[g]:offsets[g + 1]]``.
    rows : (G, k) float32 array
    shortest, longest : int
        The lengths of n-grams in characters.
    jamo : bool
        Whether Korean syllables are spelled in their letters.
    """

    ngrams: UInt8
    offsets: Int64
    rows: Float32
    shortest: int
    longest: int
    jamo: bool = False

    @cached_property
    def _numbers(self) -> dict[bytes, int]:
        data = self.ngrams.tobytes()
        numbers: dict[bytes, int] = {}
        for g, (begin, end) in enumerate(pairwise(self.offsets.tolist())):
            numbers.setdefault(data[begin:end], g)
        return numbers

    def __getstate__(self) -> dict[str, Any]:
        """Return what pickle stores: nothing that can be computed again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def numbers_of(self, word: str) -> list[int]:
        """Return the rows of a word's n-grams, each once, in the order in which they appear."""
        found = map(self._numbers.get, self._ngrams_of(word))
        return [*dict.fromkeys(g for g in found if g is not None)]

    def sum_of(self, word: str) -> Float32:
        """Return the sum of the rows of a word's n-grams, (k,): zeros if none has a row."""
        total = np.zeros((1, self.rows.shape[1]), np.float32)
        numbers = iter(self.numbers_of(word))
        while piece := list(islice(numbers, _ROWS_AT_A_TIME)):
            with np.errstate(over="ignore", invalid="ignore"):  # callers check what is finite
                total = np.concatenate([total, self.rows[piece]]).sum(
                    axis=0, dtype=np.float32, keepdims=True
                )
        row: Float32 = total[0]
        return row

    def _ngrams_of(self, word: str) -> Iterator[bytes]:
        spelling = in_jamo(word) if self.jamo else word
        marked = b"<%b>" % spelling.encode("utf-8", "surrogateescape")
        ends = [match.end() for match in _CHARACTER.finditer(marked)]
        begins = [0, *ends[:-1]]
        for i, begin in enumerate(begins):
            for end in ends[i + self.shortest - 1 : i + self.longest]:
                if end - begin < len(marked):
                    yield marked[begin:end]


@dataclass(frozen=True, eq=False)
class NgramSums:
    """Composes the vector of a word from the sum s of its n-grams' rows: ``(line + s) projection``.

    Attributes
    ----------
    table : NgramRows
        With rows of k numbers.
    line : (k,) float64 array or None
        What every word has besides its n-grams; None for zeros.
    projection : (k, d) float64 array or None
        None if the sums are the vectors, which then have k dimensions.
    """

    table: NgramRows
    line: Float64 | None = None
    projection: Float64 | None = None

    needs_ngrams: ClassVar[bool] = True

    @property
    def dim(self) -> int:
        """The dimension d of the vectors."""
        matrix = self.table.rows if self.projection is None else self.projection
        return int(matrix.shape[1])

    def number_of_ngrams(self, word: str) -> int:
        """Return how many different n-grams of a word have a row."""
        return len(self.table.numbers_of(word))

    def rows(self, begin: int, end: int) -> Float32:
        """Return what n-grams `begin` to `end` add to a vector, (n, d).

        The line is in the n-grams of `shortest` characters that begin a word: a word has one.
        """
        rows = self.table.rows[begin:end].astype(np.float64)
        if self.line is not None:
            rows[[self._begins(g) for g in range(begin, min(end, len(self.table.rows)))]] += (
                self.line
            )
        return np.asarray(rows if self.projection is None else rows @ self.projection, np.float32)

    def _begins(self, g: int) -> bool:
        table = self.table
        ngram = table.ngrams[table.offsets[g] : table.offsets[g + 1]].tobytes()
        return ngram[:1] == b"<" and len(_CHARACTER.findall(ngram)) == table.shortest

    def compose(self, words: Sequence[str], known: int = 0) -> Float32:
        """Return the vectors of n words, (n, d). No word has a row of its own, known or not."""
        sums: Any = np.array([self.table.sum_of(word) for word in words], np.float32)
        sums = sums.reshape(len(words), self.table.rows.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # callers check what is finite
            if self.line is not None:
                sums = sums + self.line
            if self.projection is not None:
                sums = np.array([row @ self.projection for row in sums]).reshape(-1, self.dim)
            return np.asarray(sums, np.float32)


@dataclass(frozen=True, eq=False)
class SubwordRows:
    """The n-grams of a model, from which it composes both vectors of an unknown word.

    Attributes
    ----------
    table : NgramRows
        With rows in the space of the center vectors, (G, d).
    line : (d,) float64 array
        What the center vector of every unknown word has besides its n-grams.
    projection : (d, r) float64 array or None
        Makes canonical vectors of center vectors. None if the model has no others.
    """

    table: NgramRows
    line: Float64
    projection: Float64 | None = None

    @property
    def of_center(self) -> NgramSums:
        """What composes center vectors."""
        return NgramSums(self.table, self.line)

    @property
    def of_vectors(self) -> NgramSums:
        """What composes the vectors among which neighbours are searched."""
        if self.projection is None:
            return self.of_center
        return NgramSums(self.table, None, self.projection)
