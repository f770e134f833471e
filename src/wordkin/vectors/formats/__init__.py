"""Files of vectors: which format a file has, and what reads and writes it.

In: a path; or words and a matrix. Out: a `VectorFile`; or a file, whole or not at all. One module a
format; each is imported when it is needed. Knows nothing of training or of `WordVectors`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from wordkin.system.checks import at_least
from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.types import StrPath
from wordkin.vectors.formats.vector_file import VectorFile

__all__ = ["FORMATS", "Format", "VectorFile", "format_to_write", "read", "sniff", "write"]


@dataclass(frozen=True)
class Format:
    """A format of files of vectors.

    Attributes
    ----------
    name, what : str
        As a user names it, and a line that says what it is.
    suffixes : tuple of str
        Of paths that are written in it where no format is named.
    reader, writer : str
        "module:function" in this package; empty where it cannot be read or written. A reader is
        called with a path and the number of words to read at most, 1 or more (None: all), a writer
        with a path and a `VectorFile`.
    keeps_counts : bool
        Whether it has a place for how often each word was seen.
    """

    name: str
    what: str
    suffixes: tuple[str, ...] = ()
    reader: str = ""
    writer: str = ""
    keeps_counts: bool = False


FORMATS = {
    format.name: format
    for format in (
        Format(
            "safetensors",
            "wordkin's own, models and vectors alone",
            suffixes=(".safetensors",),
            reader="model:read",
            writer="model:write",
            keeps_counts=True,
        ),
        Format(
            "word2vec-binary",
            "word2vec's binary format",
            suffixes=(".bin",),
            reader="word2vec:read_binary",
            writer="word2vec:write_binary",
        ),
        Format(
            "word2vec-text",
            "word2vec's text format, also fastText's .vec",
            suffixes=(".txt", ".vec"),
            reader="word2vec:read_text",
            writer="word2vec:write_text",
        ),
        Format(
            "glove",
            "GloVe's text format: word2vec's without its first line",
            reader="word2vec:read_glove",
            writer="word2vec:write_glove",
        ),
        Format("fasttext", "fastText's models, with subwords", reader="fasttext:read"),
        Format("gensim", "gensim's KeyedVectors and models", reader="gensim:read"),
        Format(
            "parquet",
            "a table of words and vectors; takes pyarrow",
            suffixes=(".parquet",),
            reader="tables:read_parquet",
            writer="tables:write_parquet",
            keeps_counts=True,
        ),
        Format(
            "arrow",
            "the same as an Arrow IPC file, Feather; takes pyarrow",
            suffixes=(".arrow", ".feather"),
            reader="tables:read_arrow",
            writer="tables:write_arrow",
            keeps_counts=True,
        ),
        Format(
            "projector",
            "for TensorBoard's Embedding Projector: x.tsv and x.metadata.tsv",
            suffixes=(".tsv",),
            writer="projector:write",
            keeps_counts=True,
        ),
        Format(
            "sentence-transformers",
            "a folder that SentenceTransformer(...) loads",
            writer="static_embedding:write",
        ),
    )
}
"""All formats by name."""


def read(path: StrPath, *, format: str | None = None, limit: int | None = None) -> VectorFile:
    """Read words and vectors from a file of any format that can be read.

    Parameters
    ----------
    path : path
    format : str, optional
        One of `FORMATS`; else `sniff` tells.
    limit : int, optional
        Read only so many words, the first, at least 1.

    Raises
    ------
    FormatError
        If the file is of no known format, cut short, or not what it should be.
    OSError
        If it cannot be opened.
    SettingsError
        If `limit` is less than 1.
    """
    chosen = _named(format) if format else _sniffed(path)
    reader = _function(chosen.reader, chosen, "read")
    if limit is not None:
        limit = min(at_least(1, "limit", limit), sys.maxsize)
    found: VectorFile = reader(path, limit)
    return found


def write(path: StrPath, vectors: VectorFile, *, format: str | None = None) -> None:
    """Write words and vectors; where no format is named, the suffix of the path decides.

    Raises
    ------
    FormatError
        If no format has the suffix, or the format cannot hold a word: before anything is written.
    OSError
        If the file cannot be written; it names the path and the cause.
    """
    chosen = format_to_write(path, format)
    _function(chosen.writer, chosen, "written")(path, vectors)


def format_to_write(path: StrPath, format: str | None = None) -> Format:
    """Return the format of a name; without one, that of the suffix of a path.

    Raises
    ------
    FormatError
        If there is none.
    """
    return _named(format) if format else _of_suffix(path)


def sniff(path: StrPath) -> str:
    """Tell by what is in a file of which format it is; the suffix decides only where that does not.

    Returns
    -------
    str
        A name, not of `FORMATS` if the format is known but neither read nor written.

    Raises
    ------
    FormatError
        If it is empty, or of no format that is known.
    OSError
        If it cannot be opened.
    """
    from wordkin.vectors.formats.sniffing import sniff

    return sniff(path)


def _sniffed(path: StrPath) -> Format:
    name = sniff(path)
    if name not in FORMATS:
        raise FormatError(f"{os.fspath(path)}: a file in the format {name}, which cannot be read")
    return FORMATS[name]


def _of_suffix(path: StrPath) -> Format:
    suffix = Path(path).suffix.lower()
    for format in FORMATS.values():
        if suffix in format.suffixes:
            return format
    known = ", ".join(s for format in FORMATS.values() for s in format.suffixes)
    raise FormatError(
        f"{os.fspath(path)}: the suffix must be one of {known}, got {suffix!r}; or name the format"
    )


def _named(name: str) -> Format:
    if name not in FORMATS:
        raise SettingsError(f"the format must be one of {', '.join(FORMATS)}, got {name!r}")
    return FORMATS[name]


def _function(name: str, format: Format, what: str) -> Callable[..., Any]:
    if not name:
        raise FormatError(f"the format {format.name} cannot be {what}")
    module, function = name.split(":")
    found: Callable[..., Any] = getattr(import_module(f"{__name__}.{module}"), function)
    return found
