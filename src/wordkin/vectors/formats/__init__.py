"""File formats of word vectors: a table of them, detection, reading and writing.

In: a path, and for writing a `VectorFile`. Out: a `VectorFile`, or a complete file. Each format has
a module of its own, imported on first use.
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
    """A file format of word vectors.

    Attributes
    ----------
    name, what : str
        Its name, and a one-line description.
    suffixes : tuple of str
        Suffixes of paths that select the format for writing if none is given.
    reader, writer : str
        "module:function" in this package; empty if the format cannot be read or written. A reader
        takes a path and the maximum number of words, at least 1 (None: no limit), a writer a path
        and a `VectorFile`.
    keeps_counts : bool
        Whether the format can store counts.
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
            "a folder with a vector for each token, also of model2vec",
            reader="token_folder:read",
            writer="static_embedding:write",
        ),
        Format("spacy", "spaCy's vectors: a pipeline, or its folder vocab", reader="spacy:read"),
        Format("finalfusion", "finalfusion's .fifu, with subwords", reader="finalfusion:read"),
    )
}
"""All formats by name."""


def read(path: StrPath, *, format: str | None = None, limit: int | None = None) -> VectorFile:
    """Read words and vectors from a file of any readable format.

    Parameters
    ----------
    path : path
    format : str, optional
        One of `FORMATS`. By default, `sniff` detects it.
    limit : int, optional
        Read only the first `limit` words, at least 1.

    Raises
    ------
    FormatError
        If the format is unknown, or the file is cut short or damaged.
    OSError
        If the file cannot be opened.
    SettingsError
        If `limit` is less than 1, or there is no format of this name.
    """
    selected = _by_name(format) if format else _sniffed(path)
    reader = _import_function(selected.reader, selected, "read")
    if limit is not None:
        limit = min(at_least(1, "limit", limit), sys.maxsize)
    file: VectorFile = reader(path, limit)
    return file


def write(path: StrPath, vectors: VectorFile, *, format: str | None = None) -> None:
    """Write words and vectors. Without a format, the suffix of the path determines it.

    Raises
    ------
    FormatError
        If no format has the suffix, or the format cannot store a word. Nothing is written then.
    OSError
        If the file cannot be written. The error names the path and the cause.
    SettingsError
        If there is no format of this name.
    """
    selected = format_to_write(path, format)
    _import_function(selected.writer, selected, "written")(path, vectors)


def format_to_write(path: StrPath, format: str | None = None) -> Format:
    """Return the format of this name; without a name, the one that the path's suffix selects.

    Raises
    ------
    FormatError
        If no format has the suffix.
    SettingsError
        If there is no format of this name.
    """
    return _by_name(format) if format else _by_suffix(path)


def sniff(path: StrPath) -> str:
    """Detect the format of a file by its content, and by its suffix if the content is ambiguous.

    Returns
    -------
    str
        A name. It is not in `FORMATS` if wordkin recognises the format but cannot read it.

    Raises
    ------
    FormatError
        If the file is empty or its format is unknown.
    OSError
        If the file cannot be opened.
    """
    from wordkin.vectors.formats.sniffing import sniff

    return sniff(path)


def _sniffed(path: StrPath) -> Format:
    name = sniff(path)
    if name not in FORMATS:
        raise FormatError(f"{os.fspath(path)}: a file in the format {name}, which cannot be read")
    return FORMATS[name]


def _by_suffix(path: StrPath) -> Format:
    suffix = Path(path).suffix.lower()
    for format in FORMATS.values():
        if suffix in format.suffixes:
            return format
    suffixes = ", ".join(s for format in FORMATS.values() for s in format.suffixes)
    raise FormatError(
        f"{os.fspath(path)}: the suffix must be one of {suffixes}, got {suffix!r};"
        " or name the format"
    )


def _by_name(name: str) -> Format:
    if name not in FORMATS:
        raise SettingsError(f"the format must be one of {', '.join(FORMATS)}, got {name!r}")
    return FORMATS[name]


def _import_function(name: str, format: Format, action: str) -> Callable[..., Any]:
    if not name:
        raise FormatError(f"the format {format.name} cannot be {action}")
    module, attribute = name.split(":")
    function: Callable[..., Any] = getattr(import_module(f"{__name__}.{module}"), attribute)
    return function
