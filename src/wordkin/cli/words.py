"""The words that verbs are asked about: from arguments or standard input, known or not.

In: arguments, and vectors. Out: words and questions. Words without a vector are all named at once,
or left out with a note.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
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
        unknown = [word for word in dict.fromkeys(words) if not _has_vector(vectors, word)]
        if unknown and not skip:
            raise UnknownWordError(prefix + _unknown(vectors, unknown))
        self._unknown = frozenset(unknown)
        if unknown:
            from wordkin.vectors.suggestions import quoted

            terminal.say(
                f"note: {prefix}skipped {quantity(len(unknown), 'word')} without a vector:"
                f" {', '.join(map(quoted, unknown[:_LISTED]))}{', …' * (len(unknown) > _LISTED)}"
            )

    def among(self, words: Iterable[str]) -> list[str]:
        """Return the words that have a vector."""
        return [word for word in words if word not in self._unknown]

    def answerable(self, questions: Iterable[_Question]) -> list[_Question]:
        """Return the questions whose words all have a vector."""
        return [question for question in questions if self._unknown.isdisjoint(question)]


def _has_vector(vectors: WordVectors, word: str) -> bool:
    if word in vectors:
        return True
    try:  # vectors with subwords compose those of other words
        vectors[word]
    except UnknownWordError:
        return False
    return True


def _unknown(vectors: WordVectors, unknown: Sequence[str]) -> str:
    """Return the message that names the unknown words, with close ones for each."""
    from wordkin.vectors.suggestions import close_words, quoted

    close = {word: ", ".join(map(quoted, close_words(word, vectors))) for word in unknown[:_NAMED]}
    of_model = quantity(len(vectors), "word")
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
