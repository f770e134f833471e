"""wordkin: word vectors, exact and fast.

>>> import wordkin
>>> model = wordkin.Word2Vec(dim=100, window=5).fit("corpus.txt")   # doctest: +SKIP
>>> model.vectors.most_similar("seoul")                             # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wordkin.errors import (
        CheckpointError,
        CorpusError,
        DivergenceError,
        FormatError,
        SettingsError,
        UnknownWordError,
        WordkinError,
    )
    from wordkin.formats import export, read_vectors
    from wordkin.keeper import Moment
    from wordkin.progress import Progress
    from wordkin.settings import ExactSettings, Settings, StochasticSettings
    from wordkin.training import Account, Word2Vec
    from wordkin.vectors import WordVectors

    __version__: str

# Where the names below live, light rooms first. They are imported when first asked for, so that
# the command line can answer without waiting for NumPy.
_ROOMS = ("errors", "settings", "progress", "vectors", "formats", "keeper", "training")


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("wordkin")
    if name in __all__:
        for room in _ROOMS:
            found = vars(import_module(f"wordkin.{room}"))
            if name in found:
                return globals().setdefault(name, found[name])
    raise AttributeError(f"module 'wordkin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load(path: str | os.PathLike[str]) -> Word2Vec:
    """Read a model that `Word2Vec.save` or `wordkin train` wrote; see `Word2Vec.load`."""
    from wordkin.training import Word2Vec

    return Word2Vec.load(path)


def load_vectors(path: str | os.PathLike[str]) -> WordVectors:
    """Read vectors alone: of a model, or of a `.bin`, `.txt` or `.vec` file from any program.

    Raises
    ------
    FormatError, OSError
        If the suffix is another, the file cannot be opened, or it does not hold what it should.
    """
    from wordkin.errors import FormatError, SettingsError
    from wordkin.formats import SUFFIXES, read_vectors
    from wordkin.vectors import WordVectors

    suffix = Path(path).suffix.lower()
    if suffix == ".safetensors":
        return load(path).vectors
    if suffix not in SUFFIXES:
        known = ", ".join((".safetensors", *SUFFIXES))
        raise FormatError(f"{path}: the suffix must be one of {known}, got {suffix!r}")
    words, matrix = read_vectors(path)
    matrix.setflags(write=False)
    try:
        return WordVectors(words, matrix)
    except SettingsError as error:  # a vector that is not finite
        raise FormatError(f"{path}: {error}") from None


__all__ = [
    "Account",
    "CheckpointError",
    "CorpusError",
    "DivergenceError",
    "ExactSettings",
    "FormatError",
    "Moment",
    "Progress",
    "Settings",
    "SettingsError",
    "StochasticSettings",
    "UnknownWordError",
    "Word2Vec",
    "WordVectors",
    "WordkinError",
    "__version__",
    "export",
    "load",
    "load_vectors",
    "read_vectors",
]
