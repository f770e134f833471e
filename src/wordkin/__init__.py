"""wordkin: word vectors, exact and fast.

>>> import wordkin
>>> model = wordkin.Word2Vec(dim=100, window=5).fit("corpus.txt")   # doctest: +SKIP
>>> model.vectors.most_similar("seoul")                             # doctest: +SKIP
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wordkin.errors import (
        CheckpointError,
        CorpusError,
        DivergenceError,
        FormatError,
        FormatWarning,
        SettingsError,
        UnknownWordError,
        WordkinError,
    )
    from wordkin.keeper import Moment
    from wordkin.progress import Progress
    from wordkin.settings import ExactSettings, Settings, StochasticSettings
    from wordkin.training import Account, Word2Vec
    from wordkin.vectors import WordVectors

    __version__: str

# Where the names below live, light rooms first. They are imported when first asked for, so that
# the command line can answer without waiting for NumPy.
_ROOMS = ("errors", "settings", "progress", "vectors", "keeper", "training")


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


def load(
    path: str | os.PathLike[str], *, format: str | None = None, limit: int | None = None
) -> WordVectors:
    """Read words and their vectors, whatever program wrote them; `Word2Vec.load` reads a model.

    From a file with subwords they are `SubwordVectors` of `subword_vectors`, which know any word.

    Parameters
    ----------
    path : path
        A file of any format that `wordkin.formats` knows; what is in it tells which one.
    format : str, optional
        The name of the format, where it is known better.
    limit : int, optional
        Read only so many words, the first, at least 1, which usually are the most frequent.

    Raises
    ------
    FormatError, OSError
        If the file cannot be opened, or does not hold what it should.
    SettingsError
        If `limit` is less than 1.
    """
    from wordkin import formats
    from wordkin.errors import FormatError, SettingsError
    from wordkin.vectors import WordVectors

    found = formats.read(path, format=format, limit=limit)
    found.matrix.setflags(write=False)
    try:
        if found.subwords is not None:
            from wordkin.subword_vectors import SubwordVectors

            return SubwordVectors(found.words, found.matrix, found.counts, found.subwords)
        return WordVectors(found.words, found.matrix, found.counts)
    except SettingsError as error:  # a vector that is not finite
        raise FormatError(f"{os.fspath(path)}: {error}") from None


def save(path: str | os.PathLike[str], vectors: WordVectors, *, format: str | None = None) -> None:
    """Write words and their vectors for other programs; a model is kept by `Word2Vec.save`.

    Parameters
    ----------
    path : path
        An older file there is replaced only once the new one is complete.
    vectors : WordVectors
        Of `SubwordVectors` the words and their vectors; no format keeps the n-grams.
    format : str, optional
        The name of a format in `wordkin.formats`; else the suffix of the path decides.

    Raises
    ------
    FormatError
        If the format cannot hold a word, before anything is written; if the suffix is unknown.
    OSError
        If the file cannot be written; it names the path and the cause.
    """
    from wordkin import formats

    file = formats.VectorFile(list(vectors.words), vectors.matrix, vectors.counts)
    formats.write(path, file, format=format)


__all__ = [
    "Account",
    "CheckpointError",
    "CorpusError",
    "DivergenceError",
    "ExactSettings",
    "FormatError",
    "FormatWarning",
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
    "load",
    "save",
]
