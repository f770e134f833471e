"""File formats of word vectors: a table of them, detection, reading and writing.

In: a path, and for writing a `VectorFile`. Out: a `VectorFile`, or a complete file. Each format has
a module of its own, imported on first use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from wordkin.system.checks import at_least
from wordkin.system.errors import FormatError, FormatWarning, SettingsError
from wordkin.system.notes import note
from wordkin.system.types import StrPath
from wordkin.system.wording import quantity
from wordkin.vectors.formats.obstacles import UnwritableError, describe, not_bytes
from wordkin.vectors.formats.sources import Source, local_file, name_of, unpacked
from wordkin.vectors.formats.vector_file import VectorFile, infinite_rows, without

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
        takes a path, the maximum number of words, at least 1 (None: no limit), and its `options`. A
        writer takes a path and a `VectorFile`.
    keeps_counts : bool
        Whether the format can store counts.
    keeps_subwords : tuple of str
        The classes of composers whose n-grams the format can store.
    options : tuple of str
        The options of `read` that the reader takes, as keywords.
    unpacks : bool
        Whether the reader decompresses files itself; others get a decompressed copy.
    """

    name: str
    what: str
    suffixes: tuple[str, ...] = ()
    reader: str = ""
    writer: str = ""
    keeps_counts: bool = False
    keeps_subwords: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    unpacks: bool = False

    def loses_subwords(self, composer: object) -> bool:
        """Return whether there are n-grams that the format cannot store."""
        return composer is not None and type(composer).__name__ not in self.keeps_subwords


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
            keeps_subwords=("NgramSums",),
        ),
        Format(
            "word2vec-binary",
            "word2vec's binary format",
            suffixes=(".bin",),
            reader="word2vec:read_binary",
            writer="word2vec:write_binary",
            options=("skip_bad", "encoding"),
            unpacks=True,
        ),
        Format(
            "word2vec-text",
            "word2vec's text format, also fastText's .vec",
            suffixes=(".txt", ".vec"),
            reader="word2vec:read_text",
            writer="word2vec:write_text",
            options=("skip_bad", "encoding"),
            unpacks=True,
        ),
        Format(
            "glove",
            "GloVe's text format: word2vec's without its first line",
            reader="word2vec:read_glove",
            writer="word2vec:write_glove",
            options=("skip_bad", "encoding"),
            unpacks=True,
        ),
        Format(
            "npy",
            "NumPy's .npy and .npz: a matrix, with its words in a file beside it",
            suffixes=(".npy",),
            reader="arrays:read",
            writer="arrays:write",
            options=("encoding", "words", "skip_bad"),
        ),
        Format(
            "fasttext",
            "fastText's models, with subwords",
            reader="fasttext:read",
            writer="fasttext_written:write",
            keeps_counts=True,
            keeps_subwords=("NgramSums", "Subwords"),
        ),
        Format("gensim", "gensim's KeyedVectors and models", reader="gensim:read"),
        Format(
            "parquet",
            "a table of words and vectors; takes pyarrow",
            suffixes=(".parquet",),
            reader="tables:read_parquet",
            options=("word_column", "vector_column", "skip_bad"),
            writer="tables:write_parquet",
            keeps_counts=True,
        ),
        Format(
            "arrow",
            "the same as an Arrow IPC file, Feather; takes pyarrow",
            suffixes=(".arrow", ".feather"),
            reader="tables:read_arrow",
            options=("word_column", "vector_column", "skip_bad"),
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


def read(
    source: Source,
    *,
    format: str | None = None,
    limit: int | None = None,
    skip_bad: bool = False,
    encoding: str | None = None,
    words: StrPath | Sequence[str] | None = None,
    word_column: str | None = None,
    vector_column: str | None = None,
) -> VectorFile:
    """Read words and vectors from a file of any readable format.

    Parameters
    ----------
    source : path or open file
        A compressed file is decompressed.
    format : str, optional
        One of `FORMATS`. By default, `sniff` detects it.
    limit : int, optional
        Read only the first `limit` words, at least 1.
    skip_bad : bool, optional
        Leave out rows that are no word with finite numbers.
    encoding : str, optional
        The encoding of the words and of a text, if it is not UTF-8.
    words : path or sequence of str, optional
        The words of a NumPy array, or a file of them.
    word_column, vector_column : str, optional
        The columns of a table.

    Raises
    ------
    FormatError
        If the format is unknown, or the file is cut short or damaged.
    OSError
        If the file cannot be opened.
    SettingsError
        If `limit` is less than 1, there is no format of this name, or it does not take an option.

    Warns
    -----
    FormatWarning
        Of each thing that was left out or taken for granted, with how often.
    """
    if limit is not None:
        limit = min(at_least(1, "limit", limit), sys.maxsize)
    given = {
        "encoding": encoding,
        "words": words,
        "word_column": word_column,
        "vector_column": vector_column,
    }
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    with local_file(source, encoding) as path:
        selected = _by_name(format) if format else _sniffed(path, encoding)
        reader = _import_function(selected.reader, selected, "read")
        for name in options.keys() - set(selected.options):
            raise SettingsError(f"the format {selected.name} takes no {name}")
        if "skip_bad" in selected.options:
            options["skip_bad"] = bool(skip_bad)
        with nullcontext(path) if selected.unpacks else unpacked(path) as plain:
            file: VectorFile = reader(plain, limit, **options)
    if skip_bad and "skip_bad" not in selected.options:
        file = _finite(file)
    for each in file.notes:
        note(f"{name_of(source)}: {each}", FormatWarning)
    return file


def _finite(file: VectorFile) -> VectorFile:
    """Leave out the rows of a file that are not finite."""
    rows = infinite_rows(file.matrix)
    if not rows:
        return file
    some = ", ".join(f"{row + 1:,} ({file.words[row]!r:.80})" for row in rows[:3])
    what = f"skipped {quantity(len(rows), 'bad row')}, with numbers that are not finite: {some}"
    file = without(file, rows)
    return replace(file, notes=(*file.notes, what + ", …" * (len(rows) > 3)))


def write(
    path: StrPath,
    vectors: VectorFile,
    *,
    format: str | None = None,
    skip_unwritable: bool = False,
) -> None:
    """Write words and vectors. Without a format, the suffix of the path determines it.

    Parameters
    ----------
    path : path
    vectors : VectorFile
    format : str, optional
        One of `FORMATS`.
    skip_unwritable : bool, optional
        Leave out words that the format cannot hold, with one note.

    Raises
    ------
    FormatError
        If no format has the suffix, or the format cannot store a word. Nothing is written then.
    OSError
        If the file cannot be written. The error names the path and the cause.
    SettingsError
        If there is no format of this name.

    Warns
    -----
    FormatWarning
        If words or n-grams were left out.
    """
    selected = format_to_write(path, format)
    writer = _import_function(selected.writer, selected, "written")
    total, skipped = len(vectors.words), dict[str, str]()
    if skip_unwritable:
        bad = {row: reason for row, word in enumerate(vectors.words) if (reason := not_bytes(word))}
        skipped = {vectors.words[row]: reason for row, reason in bad.items()}
        vectors = without(vectors, bad) if bad else vectors
    while True:
        try:
            writer(path, vectors)
            break
        except UnwritableError as error:
            if not skip_unwritable:
                raise
            skipped |= {vectors.words[row]: reason for row, reason in error.reasons.items()}
            vectors = without(vectors, error.reasons)
    if selected.loses_subwords(vectors.subwords):
        note(f"{selected.name} cannot hold these subwords: not written", FormatWarning)
    if skipped:
        note(
            f"{os.fspath(path)}: left out {len(skipped):,} of {total:,} words, which"
            f" {selected.name} cannot hold: {describe(skipped)}",
            FormatWarning,
        )


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


def sniff(path: StrPath, encoding: str | None = None) -> str:
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

    return sniff(path, encoding)


def _sniffed(path: StrPath, encoding: str | None) -> Format:
    name = sniff(path, encoding)
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
