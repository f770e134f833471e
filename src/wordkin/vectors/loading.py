"""`wordkin.load` and `wordkin.save`: word vectors from and to the file of any program.

In: a path or an open file, and for `save` a `WordVectors`. Out: a `WordVectors`, or a file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.files import require_path
from wordkin.system.foreign_names import KEYWORDS, knows_keywords
from wordkin.system.notes import log
from wordkin.system.types import StrPath
from wordkin.vectors import formats
from wordkin.vectors.formats.obstacles import SKIP_HINT
from wordkin.vectors.formats.sources import Source, name_of
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.subwords import SubwordVectors
from wordkin.vectors.words import WordVectors


@knows_keywords(KEYWORDS)
def load(
    path: Source,
    *,
    format: str | None = None,
    limit: int | None = None,
    skip_bad: bool = False,
    encoding: str | None = None,
    words: StrPath | Sequence[str] | None = None,
    word_column: str | None = None,
    vector_column: str | None = None,
) -> WordVectors:
    """Read word vectors from a file that wordkin or another program wrote.

    For a whole model, with its context vectors and settings, use `Word2Vec.load`.
    Formats that allow it (safetensors, fastText, gensim) are mapped into memory instead of being
    read; do not modify such a file in place while its vectors are in use.

    Parameters
    ----------
    path : path or open file
        A safetensors file of wordkin; word2vec's binary or text format, GloVe's text format; a .bin
        model of fastText; a file that gensim saved; a Parquet or Arrow table; a NumPy array with
        its words. Any of them may be compressed by gzip, bzip2 or xz, or be the only file of a zip
        archive. The content of the file determines its format. An open file, of bytes or of text,
        is read from its current position on.
    format : str, optional
        The name of the format, such as "word2vec-text" or "glove", if the content should not
        determine it. `wordkin convert --help` lists the names.
    limit : int, optional
        Read only the first `limit` words, at least 1. Files usually list the most frequent words
        first. By default, read all words. What is behind them is not looked at.
    skip_bad : bool, optional
        Skip rows that are no word with d finite numbers, with a warning that counts them and names
        the first. By default, they are an error.
    encoding : str, optional
        The encoding of the words and of a text, such as "latin-1", if it is not UTF-8.
    words : path or sequence of str, optional
        For a NumPy array, its words: a file with a word in each line, or the words themselves. By
        default, a file beside the array, such as `NAME.words.txt`.
    word_column, vector_column : str, optional
        The columns of a table that hold the words and the vectors, if other columns could.

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
        If `limit` is less than 1, there is no format or encoding of this name, or the format does
        not take an option.
    TypeError
        If `path` is neither a path nor an open file.
    OSError
        If the file cannot be opened or read.
    WordkinError
        If the format needs a package that is not installed.

    Warns
    -----
    FormatWarning
        Of each thing that was left out or taken for granted, with how often: words that come twice,
        of which the first vector is kept, rows that were skipped, a header that counts other than
        the rows, a last row without a line end, words that are not UTF-8.

    Examples
    --------
    >>> import wordkin
    >>> vectors = wordkin.load("glove.6B.100d.txt", limit=50_000)   # doctest: +SKIP
    >>> vectors.most_similar("seoul", topn=3)                       # doctest: +SKIP
    """
    file = formats.read(
        path,
        format=format,
        limit=limit,
        skip_bad=skip_bad,
        encoding=encoding,
        words=words,
        word_column=word_column,
        vector_column=vector_column,
    )
    log.info(f"read {len(file.words):,} vectors: {name_of(path)}")
    file.matrix.setflags(write=False)
    try:
        if file.subwords is not None:
            return SubwordVectors(file.words, file.matrix, file.counts, file.subwords)
        return WordVectors(file.words, file.matrix, file.counts)
    except SettingsError as error:  # a vector that is not finite
        hint = SKIP_HINT if "finite" in str(error) else ""
        raise FormatError(f"{name_of(path)}: {error}{hint}") from None


@knows_keywords(KEYWORDS)
def save(
    path: StrPath,
    vectors: WordVectors,
    *,
    format: str | None = None,
    skip_unwritable: bool = False,
) -> None:
    """Write word vectors to a file that other programs can read.

    For a whole model, with its context vectors and settings, use `Word2Vec.save`.

    Parameters
    ----------
    path : path
        The file to write. An existing file is replaced only when the new one is complete. The
        vectors may come first, as in other programs.
    vectors : WordVectors
        V words with their (V, d) vectors. Counts are written if the format can store them, and so
        are the n-grams of `SubwordVectors`.
    format : str, optional
        The name of the format, such as "word2vec-binary" or "parquet". By default, the suffix of
        the path determines it. `wordkin convert --help` lists names and suffixes.
    skip_unwritable : bool, optional
        Leave out words that the format cannot hold, such as words with blanks in word2vec's text
        format, with a warning that counts them and names the first. By default, they are an error.

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

    Warns
    -----
    FormatWarning
        If words were left out, or n-grams that the format cannot store.

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
    subwords = vectors.subwords if isinstance(vectors, SubwordVectors) else None
    file = VectorFile(list(vectors.words), vectors.matrix, vectors.counts, subwords)
    formats.write(path, file, format=format, skip_unwritable=skip_unwritable)
    log.info(f"saved {len(vectors):,} vectors of {vectors.dim} dimensions: {os.fspath(path)}")
