"""The n-grams of gensim's FastText models, as the version that wrote the file looks them up.

In: the attributes of FastText's KeyedVectors. Out: the rows of words, and a `Composer`.

- **gensim 4**, and 3.7.1 to 3.8: an n-gram has the row `hash % bucket` of `vectors_ngrams`.
- **gensim 3.4 to 3.7.0**: its row is `hash2index[hash % bucket]`. Only the n-grams of the
  vocabulary have rows; others are left out.
- **gensim 2.3 to 3.3**: its row is `ngrams[n-gram]`.

The hash is fastText's if `compatible_hash` is true. Before gensim 3.7 there was no such field, and
the hash was that of code points instead of bytes: the same for ASCII alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged
from wordkin.system.types import Float32, StrPath
from wordkin.vectors.formats.gensim_arrays import Arrays
from wordkin.vectors.formats.npy import attributes_of, is_size
from wordkin.vectors.ngrams import (
    LONGEST_NGRAM,
    LookedUpSubwords,
    Subwords,
    hash_bytes,
    hash_characters,
    ngrams_of,
)

_OWN = ("vectors_vocab", "syn0_vocab")
_NGRAMS = ("vectors_ngrams", "syn0_ngrams", "syn0_all")


@dataclass(frozen=True, eq=False)
class GensimSubwords:
    """The row of each word before its n-grams are added, (V, d), and what adds them, if any."""

    own: Float32
    composer: Subwords | LookedUpSubwords | None


def read_subwords(
    path: StrPath, state: dict[Any, Any], model: dict[Any, Any], V: int, arrays: Arrays
) -> GensimSubwords | None:
    """Return the subwords of a FastText model of V words; None if it is another model.

    Raises
    ------
    FormatError
        If a field is missing, has an impossible value or contradicts another.
    """
    if not {"min_n", "max_n"} <= state.keys():
        return None
    return _Reader(path, state, model, V, arrays).read()


@dataclass(frozen=True)
class _Reader:
    path: StrPath
    state: dict[Any, Any]
    model: dict[Any, Any]
    V: int
    arrays: Arrays

    def read(self) -> GensimSubwords:
        explicit = self._table("ngrams", str)
        hashed = self._table("hash2index", int)
        # Before 3.0 the rows of words were dropped after the vectors had been composed.
        lost = explicit is not None and not self.arrays.has(*_OWN)
        own = self.arrays.floats("vectors", "syn0") if lost else self.arrays.floats(*_OWN)
        if len(own) != self.V:
            raise self._damage(f"{self.V} words, but {len(own)} vectors of words")
        shortest, longest = self._size("min_n"), self._size("max_n")
        if longest > LONGEST_NGRAM:
            raise self._damage(f"max_n must be at most {LONGEST_NGRAM}")
        bucket = self._bucket() if explicit is None else 0
        if not longest or (explicit is None and not bucket):
            return GensimSubwords(own, None)
        ngrams = self.arrays.floats(*_NGRAMS)
        if ngrams.shape[1] != own.shape[1]:
            raise self._damage(f"the vectors have the shapes {own.shape} and {ngrams.shape}")
        compatible = self._compatible_hash()
        if shortest < 1 and not (explicit is None and hashed is None and compatible):
            raise self._damage("min_n must be at least 1 in files of this version")
        if explicit is not None:
            self._require_rows(explicit, len(ngrams))
            rows_of = partial(_by_text, explicit, shortest, longest)
            return GensimSubwords(own, LookedUpSubwords(None if lost else own, ngrams, rows_of))
        if hashed is not None:
            self._require_rows(hashed, len(ngrams))
        elif len(ngrams) != bucket:
            raise self._damage(f"{bucket} buckets, but {len(ngrams)} vectors of n-grams")
        elif compatible:
            composer = Subwords(own, ngrams, shortest, longest, whole_end=False)
            return GensimSubwords(own, composer)
        by_hash = partial(_by_hash, hashed, bucket, compatible, shortest, longest)
        return GensimSubwords(own, LookedUpSubwords(own, ngrams, by_hash))

    def _compatible_hash(self) -> bool:
        """Return whether the hash is fastText's. gensim 4 has no other."""
        compatible = self.state.get("compatible_hash", "index_to_key" in self.state)
        if not isinstance(compatible, bool):
            raise self._damage("compatible_hash must be True or False")
        return compatible

    def _bucket(self) -> int:
        """Return the number of buckets, which some versions keep in the model."""
        holders = (self.state, self.model, attributes_of(self.model.get("trainables")))
        given = [holder["bucket"] for holder in holders if "bucket" in holder]
        if not given or not all(map(is_size, given)):
            raise self._damage("bucket must be an integer of at least 0")
        if min(given) != max(given):
            raise self._damage(f"bucket is {min(given)} and {max(given)}")
        return int(given[0])

    def _size(self, name: str) -> int:
        size = self.state[name]
        if not is_size(size):
            # Do not format the value: its repr can be exponentially long.
            raise self._damage(f"{name} must be an integer of at least 0")
        return int(size)

    def _table(self, name: str, kind: type[Any]) -> dict[Any, int] | None:
        """Return a table from n-grams or hashes to rows; None if there is none, or an empty one."""
        table = self.state.get(name)
        if not table:
            return None
        if not isinstance(table, dict) or not all(
            type(key) is kind and is_size(row) for key, row in table.items()
        ):
            raise self._damage(f"{name} must map {kind.__name__} to rows")
        return table

    def _require_rows(self, table: dict[Any, int], rows: int) -> None:
        if max(table.values()) >= rows:
            raise self._damage(
                f"an n-gram has the row {max(table.values())}, but there are {rows} rows"
            )

    def _damage(self, what: str) -> FormatError:
        return damaged(self.path, 0, what)


# The rules: functions that `partial` binds to a file, as closures could not be pickled.


def _by_text(table: dict[str, int], shortest: int, longest: int, word: str) -> Iterable[int]:
    return (table[n] for n in ngrams_of(word, shortest, longest) if n in table)


def _by_hash(
    table: dict[int, int] | None,
    buckets: int,
    compatible: bool,
    shortest: int,
    longest: int,
    word: str,
) -> Iterable[int]:
    for ngram in ngrams_of(word, shortest, longest):
        if compatible:
            hashed = hash_bytes(ngram.encode("utf-8", "surrogateescape"))
        else:
            hashed = hash_characters(ngram)
        bucket = hashed % buckets
        if table is None:
            yield bucket
        elif bucket in table:
            yield table[bucket]
