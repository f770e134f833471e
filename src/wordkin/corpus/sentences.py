"""What is no list of words: refused with its type, its place, and what to give instead.

In: what a caller gave for a corpus, a sentence or a word. Out: a `CorpusError` to raise.
"""

from __future__ import annotations

import numbers
from collections.abc import ItemsView, KeysView, Mapping, Set
from typing import Any

from wordkin.system.errors import CorpusError

LISTS = "lists of words: [line.split() for line in lines]"
"""How to give text that is in memory."""


def type_of(value: object) -> str:
    """Return the name of a type, with its package if it is not Python's own."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    return kind.__name__ if package in ("builtins", "_io") else f"{package} {kind.__name__}"


def require_corpus(text: object) -> None:
    """Raise CorpusError for what is neither a path nor items in an order.

    Tables, for one, are iterable, but give their columns.
    """
    if isinstance(text, bytes | bytearray | memoryview):
        raise CorpusError(f"a corpus must not be {type_of(text)}: decode it, and give {LISTS}")
    if isinstance(text, Mapping):
        raise CorpusError(
            f"a corpus must be lists of words, got a {type_of(text)} with the keys"
            f" {_listed(text)}: give the lists alone, as in texts.values()"
        )
    if _has_no_order(text):
        raise CorpusError(
            f"a {type_of(text)} has no order, so training on it would not be repeatable: give a"
            " list, as sorted() returns it"
        )
    columns = _columns(text)
    if columns is not None:
        raise CorpusError(
            f"a corpus must be lists of words, got a {type_of(text)} with the columns"
            f" {_listed(columns)}: choose one and split its texts, as in"
            ' [text.split() for text in table["text"]]'
        )


def wrong_sentence(number: int, sentence: Any) -> CorpusError | None:
    """Return the error for what is no sentence, which is an iterable of words; else None."""
    remedy = None
    if isinstance(sentence, str):
        remedy = f" {_short(sentence)}: split it into words, as in [line.split() for line in lines]"
    elif isinstance(sentence, bytes | bytearray | memoryview):
        remedy = ": decode and split it, as in [line.decode().split() for line in lines]"
    elif isinstance(sentence, Mapping):
        remedy = (
            f" with the keys {_listed(sentence)}: choose one and split its texts, as in"
            ' [text.split() for text in ds["text"]] or [row["text"].split() for row in rows]'
        )
    elif hasattr(sentence, "_fields"):  # a named tuple, as pandas gives for a row
        remedy = (
            f" with the fields {_listed(sentence._fields)}: choose one and split its texts, as in"
            ' [text.split() for text in table["text"]]'
        )
    elif _has_no_order(sentence):
        remedy = ", which has no order, so training would not be repeatable: give sorted(words)"
    elif _is_missing(sentence):
        remedy = ", a missing value: leave it out, as in texts.dropna()"
    elif _columns(sentence) is not None:
        remedy = ": choose a column with text, and split its texts"
    elif isinstance(sentence, numbers.Number):
        remedy = f" {sentence!r}: a corpus is a list of sentences, and each is a list of str"
    else:
        try:
            iter(sentence)
        except TypeError:
            remedy = f": give {LISTS}"
    if remedy is None:
        return None
    return CorpusError(
        f"sentence {number} must be a list of words, got {type_of(sentence)}{remedy}"
    )


def wrong_word(number: int, sentence: Any, position: int, word: Any) -> CorpusError:
    """Return the error for an item that is no word."""
    place = f"word {position} of sentence {number}"
    if isinstance(word, str):
        if "\n" in word or "\r" in word:
            return CorpusError(
                f"{place} has a line end, which no word can have: {_short(word)}; split lines by"
                " line.split(), or replace it"
            )
        return CorpusError(
            f"{place} cannot be encoded as UTF-8: {_short(word)} has a surrogate that stands for no"
            " byte"
        )
    if _is_missing(word):
        remedy = ", a missing value: leave it out"
    elif isinstance(word, numbers.Number):
        remedy = f" {word!r}: give map(str, sentence)"
        if isinstance(sentence, list | tuple) and any(map(_is_list, sentence)):
            remedy = f" {word!r}, beside a list: give the lists alone"
    elif isinstance(word, bytes | bytearray):
        remedy = f" {_short(word)}: decode it, as in [word.decode() for word in sentence]"
    elif hasattr(word, "as_py"):
        remedy = ": give column.to_pylist()"
    elif _is_list(word):
        remedy = (
            ": a corpus is a list of sentences, and each is one list of words; give the lists"
            " inside as sentences of their own, or join them"
        )
    else:
        remedy = ": give map(str, sentence)"
    return CorpusError(f"{place} must be a str, got {type_of(word)}{remedy}")


def _is_list(item: object) -> bool:
    return hasattr(item, "__iter__") and not isinstance(item, str | bytes)


def _has_no_order(items: object) -> bool:
    return isinstance(items, Set) and not isinstance(items, KeysView | ItemsView)


def _is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, or one that pandas has for missing ones."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real) and bool(value != value)


def _columns(table: Any) -> list[str] | None:
    """Return the names of a table's columns; None for what is no table."""
    for name in ("column_names", "columns"):
        columns = getattr(table, name, None)
        if columns is not None and not callable(columns):
            try:
                return list(map(str, columns))
            except TypeError:
                return []
    return None


def _listed(names: Any) -> str:
    shown = [_short(name) for name, _ in zip(names, range(5), strict=False)]
    return ", ".join(shown) + ", …" * (len(names) > len(shown))


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
