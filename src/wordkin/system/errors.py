"""The exceptions and warnings that wordkin raises.

Every message names the setting or file, the value found, and, where there is one, the remedy.
"""

from __future__ import annotations


class WordkinError(Exception):
    """Base class of all errors that wordkin raises on purpose."""


class SettingsError(WordkinError, ValueError):
    """A setting has an invalid value."""


class CorpusError(WordkinError, ValueError):
    """A corpus cannot be read, or has nothing to train on."""


class DivergenceError(WordkinError, ArithmeticError):
    """A loss or a vector is no longer finite."""


class CheckpointError(WordkinError):
    """The checkpoints in a folder cannot be used."""


class FormatError(WordkinError, ValueError):
    """A file of vectors cannot be read, or its format cannot represent the vectors."""


class WordkinWarning(UserWarning):
    """Base class of all warnings that wordkin gives."""


class FormatWarning(WordkinWarning):
    """A file of vectors was read, but part of its content was dropped."""


class CorpusWarning(WordkinWarning):
    """A text was read, but some of it was left out or may not be what was meant."""


class TrainingWarning(WordkinWarning):
    """A run went on, but something that was given has no effect, or something is lost."""


class UnknownWordError(WordkinError, KeyError):
    """A word is not in the vocabulary; the message suggests similar words."""

    def __str__(self) -> str:
        # KeyError prints the repr of its argument; we want the plain sentence.
        return str(self.args[0]) if self.args else ""
