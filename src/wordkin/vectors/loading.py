"""Read and write vectors in the format of any program."""

from __future__ import annotations

import os

from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.types import StrPath
from wordkin.vectors import formats
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.subwords import SubwordVectors
from wordkin.vectors.words import WordVectors


def load(path: StrPath, *, format: str | None = None, limit: int | None = None) -> WordVectors:
    """Read words and their vectors, whatever program wrote them; `Word2Vec.load` reads a model.

    From a file with subwords they are `SubwordVectors`, which know any word.

    Parameters
    ----------
    path : path
        A file of any format that `wordkin.vectors.formats` knows; what is in it tells which one.
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
    found = formats.read(path, format=format, limit=limit)
    found.matrix.setflags(write=False)
    try:
        if found.subwords is not None:
            return SubwordVectors(found.words, found.matrix, found.counts, found.subwords)
        return WordVectors(found.words, found.matrix, found.counts)
    except SettingsError as error:  # a vector that is not finite
        raise FormatError(f"{os.fspath(path)}: {error}") from None


def save(path: StrPath, vectors: WordVectors, *, format: str | None = None) -> None:
    """Write words and their vectors for other programs; a model is kept by `Word2Vec.save`.

    Parameters
    ----------
    path : path
        An older file there is replaced only once the new one is complete.
    vectors : WordVectors
        Of `SubwordVectors` the words and their vectors; no format keeps the n-grams.
    format : str, optional
        The name of a format in `wordkin.vectors.formats`; else the suffix of the path decides.

    Raises
    ------
    FormatError
        If the format cannot hold a word, before anything is written; if the suffix is unknown.
    OSError
        If the file cannot be written; it names the path and the cause.
    """
    file = VectorFile(list(vectors.words), vectors.matrix, vectors.counts)
    formats.write(path, file, format=format)
