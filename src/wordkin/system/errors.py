"""What can go wrong, by name. Every message names the thing and the value."""

from __future__ import annotations


class WordkinError(Exception):
    """The root of all errors that this package raises on purpose."""


class SettingsError(WordkinError, ValueError):
    """A setting has a value that cannot be used."""


class CorpusError(WordkinError, ValueError):
    """A corpus cannot be read, or holds nothing to train on."""


class DivergenceError(WordkinError, ArithmeticError):
    """A loss or a vector stopped being finite."""


class CheckpointError(WordkinError):
    """The checkpoints in a folder cannot be used."""


class FormatError(WordkinError, ValueError):
    """A file of vectors cannot be read, or cannot hold what is to be written."""


class FormatWarning(UserWarning):
    """A file of vectors was read, but not all that stands in it could be kept."""


class UnknownWordError(WordkinError, KeyError):
    """A word is not in the vocabulary; the message suggests close ones."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument; a person wants the sentence.
        return str(self.args[0]) if self.args else ""
