"""What a query may consist of: words, vectors, several of them, and weights.

In: arguments as a caller gave them. Out: lists of words and vectors, or an error that says what was
given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import SettingsError
from wordkin.system.types import Floats

Within: TypeAlias = int | Iterable[str] | None  # the first N words, these words, or all
WordOrVector: TypeAlias = str | Floats | Sequence[float]
Items: TypeAlias = WordOrVector | Iterable[Any]  # one or several, each alone or with its weight


def plain_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return words as a tuple of str, NumPy's own str included.

    Raises
    ------
    SettingsError
        If they are one word or have no order.
    TypeError
        If an item is not a str.
    """
    if isinstance(words, str | bytes):
        raise SettingsError(
            f"words must be several words, got the {type(words).__name__} {words!r}"
        )
    if isinstance(words, Set) and not hasattr(words, "mapping"):  # the keys of a dict have one
        raise SettingsError(f"words must have an order, as in a list, got a {type(words).__name__}")
    plain = tuple(words)
    if set(map(type, plain)) - {str}:
        for i, word in enumerate(plain):
            if not isinstance(word, str):
                raise TypeError(
                    f"a word must be a str, got {type(word).__name__} {word!r:.40} at row {i}: give"
                    " map(str, words)"
                )
        return tuple(map(str, plain))
    return plain


def require_iterable(name: str, words: object) -> None:
    """Raise SettingsError for what is neither a number of words nor words."""
    if not isinstance(words, Iterable):
        raise SettingsError(f"{name} must be a whole number or words, got {words!r:.60}")


def is_numeric(items: object) -> TypeGuard[npt.NDArray[Any]]:
    """Return whether `items` is an array of numbers."""
    return isinstance(items, np.ndarray) and items.dtype.kind in "biuf"


def is_single(items: object) -> bool:
    """Return whether `items` is one word or one vector: a (d,) array, or a list of numbers."""
    if isinstance(items, list | tuple):
        return len(items) > 0 and all(isinstance(item, Real) for item in items)
    return isinstance(items, str) or (is_numeric(items) and items.ndim == 1)


def as_list(items: Any) -> list[Any]:
    """Return a word, a vector, or several of them as a list.

    Raises
    ------
    SettingsError
        If they are neither.
    """
    items = _as_array(items)
    if is_single(items) or _has_weight(items):
        return [items]
    if isinstance(items, bytes):
        raise SettingsError(f"a word must be a str, got bytes {items!r:.60}: decode it")
    if isinstance(items, Mapping):
        raise SettingsError(f"words or vectors are needed, got a {type(items).__name__}")
    try:
        return list(items)
    except TypeError:
        kind = type(items).__name__
        raise SettingsError(f"words or vectors are needed, got {kind} {items!r:.60}") from None


def weighted(items: Iterable[Any], sign: int) -> list[tuple[Any, float]]:
    """Return items with their weights times the sign; the weight of a bare word or vector is 1.

    Raises
    ------
    SettingsError
        If a weight is not finite.
    """
    pairs = [item if _has_weight(item) else (item, 1.0) for item in items]
    for item, weight in pairs:
        if not math.isfinite(weight):
            raise SettingsError(f"a weight must be finite, got {weight} for {item!r:.60}")
    return [(item, sign * float(weight)) for item, weight in pairs]


def _has_weight(item: object) -> bool:
    """Return whether an item is a pair of a word or a vector and a number."""
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and isinstance(item[1], Real)
        and not isinstance(item[0], Real)
    )


def _as_array(items: Any) -> Any:
    """Return the vectors of another library (PyTorch, pandas) as an array; all else as it is."""
    if isinstance(items, np.ndarray | str | list | tuple) or not hasattr(items, "__array__"):
        return items
    if hasattr(items, "most_similar"):  # words with vectors, which stand for their words
        return items
    array = np.asarray(items)
    return array if is_numeric(array) else items
