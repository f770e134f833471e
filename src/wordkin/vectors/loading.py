"""`wordkin.load` and `wordkin.save`: word vectors from and to the file of any program.

In: a path, and for `save` a `WordVectors`. Out: a `WordVectors`, or a file.
"""

from __future__ import annotations

import os

from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.files import require_path
from wordkin.system.foreign_names import KEYWORDS, knows_keywords
from wordkin.system.notes import log
from wordkin.system.types import StrPath
from wordkin.vectors import formats
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.subwords import SubwordVectors
from wordkin.vectors.words import WordVectors


@knows_keywords(KEYWORDS)
def load(path: StrPath, *, format: str | None = None, limit: int | None = None) -> WordVectors:
    """Read word vectors from a file that wordkin or another program wrote.

    For a whole model, with its context vectors and settings, use `Word2Vec.load`.
    Formats that allow it (safetensors, fastText, gensim) are mapped into memory instead of being
    read; do not modify such a file in place while its vectors are in use.

    Parameters
    ----------
    path : path
        A safetensors file of wordkin; word2vec's binary or text format, GloVe's text format, each
        possibly compressed by gzip, bzip2 or xz; a .bin model of fastText; a file that gensim
        saved; a Parquet or Arrow table. The content of the file determines its format.
    format : str, optional
        The name of the format, such as "word2vec-text" or "glove", if the content should not
        determine it. `wordkin convert --help` lists the names.
    limit : int, optional
        Read only the first `limit` words, at least 1. Files usually list the most frequent words
        first. By default, read all words.

    Returns
    -------
    WordVectors
        V words and their (V, d) float32 vectors, and counts if the file contains them. If the file
        contains subwords, as models of fastText do, a `SubwordVectors`, which has a vector for any
        word.

    Raises
    ------
    FormatError
        If the format is unknown or cannot be read, or if the file is damaged, cut short, or
        contains a vector that is not finite.
    SettingsError
        If `limit` is less than 1, or there is no format of this name.
    OSError
        If the file cannot be opened or read.
    WordkinError
        If the format needs a package that is not installed.

    Warns
    -----
    FormatWarning
        If a text or binary file contains a word more than once; its first vector is kept.

    Examples
    --------
    >>> import wordkin
    >>> vectors = wordkin.load("glove.6B.100d.txt", limit=50_000)   # doctest: +SKIP
    >>> vectors.most_similar("seoul", topn=3)                       # doctest: +SKIP
    """
    require_path(path)
    file = formats.read(path, format=format, limit=limit)
    log.info(f"read {len(file.words):,} vectors: {os.fspath(path)}")
    file.matrix.setflags(write=False)
    try:
        if file.subwords is not None:
            return SubwordVectors(file.words, file.matrix, file.counts, file.subwords)
        return WordVectors(file.words, file.matrix, file.counts)
    except SettingsError as error:  # a vector that is not finite
        raise FormatError(f"{os.fspath(path)}: {error}") from None


@knows_keywords(KEYWORDS)
def save(path: StrPath, vectors: WordVectors, *, format: str | None = None) -> None:
    """Write word vectors to a file that other programs can read.

    For a whole model, with its context vectors and settings, use `Word2Vec.save`.

    Parameters
    ----------
    path : path
        The file to write. An existing file is replaced only when the new one is complete. The
        vectors may come first, as in other programs.
    vectors : WordVectors
        V words with their (V, d) vectors. Counts are written if the format can store them. The
        n-grams of `SubwordVectors` are not written: no format stores them.
    format : str, optional
        The name of the format, such as "word2vec-binary" or "parquet". By default, the suffix of
        the path determines it. `wordkin convert --help` lists names and suffixes.

    Raises
    ------
    FormatError
        If no format has this suffix, if the format cannot be written, or if it cannot store one of
        the words or vectors. Nothing has been written then.
    SettingsError
        If there is no format of this name.
    OSError
        If the file cannot be written. The error names the path and the cause.
    WordkinError
        If the format needs a package that is not installed.

    Examples
    --------
    >>> import wordkin
    >>> model = wordkin.Word2Vec(dim=100).fit("corpus.txt")         # doctest: +SKIP
    >>> wordkin.save("vectors.txt", model.vectors)                  # doctest: +SKIP
    """
    if isinstance(vectors, str | os.PathLike) and not isinstance(path, str | os.PathLike):
        path, vectors = vectors, path  # as other programs order them
    require_path(path)
    if not isinstance(vectors, WordVectors):
        remedy = (
            ": save its vectors, or model.save(path)" if hasattr(type(vectors), "vectors") else ""
        )
        raise TypeError(f"vectors must be WordVectors, got {type(vectors).__name__}{remedy}")
    file = VectorFile(list(vectors.words), vectors.matrix, vectors.counts)
    formats.write(path, file, format=format)
    log.info(f"saved {len(vectors):,} vectors of {vectors.dim} dimensions: {os.fspath(path)}")
