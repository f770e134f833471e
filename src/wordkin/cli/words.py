"""The words that verbs are asked about: from arguments or standard input, known or not.

In: arguments, and vectors. Out: words and questions. Words without a vector are all named at once,
or left out with a note. A note also says which words have a vector that is composed of n-grams.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wordkin.cli.app import decode_argument
from wordkin.system import terminal
from wordkin.system.errors import SettingsError, UnknownWordError
from wordkin.system.wording import quantity

if TYPE_CHECKING:
    from wordkin.vectors.words import WordVectors

_Question = TypeVar("_Question", bound=Sequence[str])

SkipUnknown = Annotated[
    bool, typer.Option("--skip-unknown", help="Leave out words without a vector.")
]

_NAMED = 10  # most unknown words to name in an error
_LISTED = 3  # and in a note


class KnownWords:
    """Tells the words that have a vector; the others are an error, or are left out.

    A note names the words outside the vocabulary whose vectors are composed of n-grams.

    Parameters
    ----------
    vectors : WordVectors
    words : words
        All words of a verb.
    skip : bool
        Whether to leave out words without a vector, with a note; else they are an error.
    prefix : str
        What to put before the error.

    Raises
    ------
    UnknownWordError
        If some words have no vector and are not to be skipped. It names all of them, or the first
        ten, with close ones for each.
    """

    def __init__(
        self, vectors: WordVectors, words: Iterable[str], *, skip: bool, prefix: str = ""
    ) -> None:
        others = [word for word in dict.fromkeys(words) if word not in vectors]
        unknown = [word for word in others if not _has_vector(vectors, word)]
        if unknown and not skip:
            raise UnknownWordError(prefix + _unknown(vectors, unknown))
        self._unknown = frozenset(unknown)
        self._composed = _composed(vectors, self.among(others))
        if unknown:
            without = quantity(len(unknown), "word")
            terminal.say(f"note: {prefix}skipped {without} without a vector: {_listed(unknown)}")
        for note in _about(self._composed):
            terminal.say(f"note: {prefix}{note}")

    def among(self, words: Iterable[str]) -> list[str]:
        """Return the words that have a vector."""
        return [word for word in words if word not in self._unknown]

    def answerable(self, questions: Iterable[_Question]) -> list[_Question]:
        """Return the questions whose words all have a vector."""
        return [question for question in questions if self._unknown.isdisjoint(question)]

    def composed(self, words: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return {"composed": {word: number of n-grams}} of those of these words that are composed.

        Nothing if none is: for reports in JSON.
        """
        found = {word: self._composed[word] for word in words if word in self._composed}
        return {"composed": found} if found else {}


def _has_vector(vectors: WordVectors, word: str) -> bool:
    try:  # vectors with subwords compose those of words outside the vocabulary
        vectors[word]
    except UnknownWordError:
        return False
    return True


def _composed(vectors: WordVectors, words: Sequence[str]) -> dict[str, int]:
    """Return of how many n-grams the vectors of words outside the vocabulary are composed."""
    if not words:
        return {}
    from wordkin.vectors.subwords import SubwordVectors

    assert isinstance(vectors, SubwordVectors)  # others have no vectors of such words
    return {word: vectors.number_of_ngrams(word) for word in words}


def _about(composed: Mapping[str, int]) -> Iterator[str]:
    """Yield notes on words outside the vocabulary, by their numbers of n-grams."""
    some, none = ([w for w, n in composed.items() if bool(n) is has] for has in (True, False))
    if some:
        of_what = quantity(composed[some[0]], "n-gram") if len(some) == 1 else "n-grams"
        yield f"composed from {of_what}: {_not_there(some)}"
    if none:
        yield f"zero for want of n-grams: {_not_there(none)}"


def _not_there(words: Sequence[str]) -> str:
    if len(words) == 1:
        return f"{_listed(words)} is not in the vocabulary"
    return f"{len(words):,} words that are not in the vocabulary, {_listed(words)}"


def _listed(words: Sequence[str]) -> str:
    from wordkin.vectors.suggestions import quoted

    return ", ".join(map(quoted, words[:_LISTED])) + ", …" * (len(words) > _LISTED)


def _unknown(vectors: WordVectors, unknown: Sequence[str]) -> str:
    """Return the message that names the unknown words, with close ones for each."""
    from wordkin.vectors.suggestions import close_words, quoted

    close = {word: ", ".join(map(quoted, close_words(word, vectors))) for word in unknown[:_NAMED]}
    verb = "has" if len(unknown) == 1 else "have"
    of_model = quantity(len(vectors), "word") + f" and {verb} no known n-gram" * _sums(vectors)
    if len(unknown) == 1:
        (word,) = unknown
        hint = f"; close ones: {close[word]}" if close[word] else ""
        return f"{quoted(word)} is not among the {of_model}{hint}; --skip-unknown leaves it out"
    named = ", ".join(
        quoted(w) + (f" (close: {near})" if near else "") for w, near in close.items()
    )
    more = f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else ""
    return (
        f"{len(unknown):,} words are not among the {of_model}: {named}{more}; --skip-unknown leaves"
        " them out"
    )


def _sums(vectors: WordVectors) -> bool:
    """Return whether words without a vector are those that have no known n-gram."""
    from wordkin.vectors.subwords import SubwordVectors

    return isinstance(vectors, SubwordVectors) and vectors.subwords.needs_ngrams


def words_of(arguments: Sequence[str] | None) -> list[str]:
    """Return the words given, or those on standard input."""
    if arguments:
        return [decode_argument(word) for word in arguments]
    return [word for line in _lines_of_stdin() for word in line]


def questions_of(arguments: Sequence[str] | None, size: int | None) -> list[list[str]]:
    """Return the words given as one question, or a question for each line of standard input."""
    if arguments:
        if size is not None and len(arguments) != size:
            raise SettingsError(f"this verb needs {size} words, got {len(arguments)}")
        return [[decode_argument(word) for word in arguments]]
    questions = _lines_of_stdin()
    for line, words in enumerate(questions, 1):
        if words and size is not None and len(words) != size:
            raise SettingsError(f"line {line} must have {size} words, got {len(words)}")
    return [words for words in questions if words]


def _lines_of_stdin() -> list[list[str]]:
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError("no words: give some as arguments, or on standard input")
    lines = sys.stdin.buffer.read().split(b"\n")
    return [[word.decode("utf-8", "surrogateescape") for word in line.split()] for line in lines]
