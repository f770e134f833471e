"""spaCy's vectors: a folder with a table of vectors, and the words of a pipeline.

In: the path of a pipeline, of its folder `vocab`, or of a folder that `Vectors.to_disk` wrote. Out:
a `VectorFile`. The vectors are mapped into memory: do not modify them in place.

    vectors        an .npy file, (rows, d)
    key2row        MessagePack: the row of each key, a hash of 64 bits
    strings.json   the words, whose hashes are the keys
    vectors.cfg    JSON: {"mode": "default"}, or "floret"; missing before spaCy 3.2

Several words can have one row: pruned tables give rare words the vector of a frequent one.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from wordkin.system.files import damaged
from wordkin.system.types import StrPath
from wordkin.vectors.formats.npy import map_npy
from wordkin.vectors.formats.spacy_keys import key_of, read_rows
from wordkin.vectors.formats.spacy_symbols import SYMBOLS
from wordkin.vectors.formats.token_folder import read_json
from wordkin.vectors.formats.vector_file import VectorFile

_VECTORS, _ROWS, _STRINGS, _SETTINGS = "vectors", "key2row", "strings.json", "vectors.cfg"


def is_folder(path: StrPath) -> bool:
    """Return whether a path is a folder with spaCy's vectors."""
    return _folder_of_vectors(Path(path)) is not None


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read words and vectors, in the order of the rows. Only the first `limit` are read.

    Raises
    ------
    FormatError
        If a file is missing or damaged, or the vectors are those of floret.
    OSError
        If a file cannot be opened.
    """
    folder = _folder_of_vectors(Path(path))
    if folder is None:
        raise damaged(path, 0, f"spaCy's vectors have files {_VECTORS} and {_ROWS}, not found")
    _require_mode(folder)
    matrix = map_npy(os.fspath(folder / _VECTORS))
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise damaged(
            folder / _VECTORS, 0, f"vectors must have the shape (V, d), got {matrix.shape}"
        )
    rows = read_rows(folder / _ROWS)
    # Names of symbols have fixed numbers, and are not among the strings.
    strings = dict.fromkeys([*_strings(folder), *SYMBOLS])
    words = {key: word for word in strings if (key := key_of(word)) in rows}
    found = sorted((rows[key], i, word) for i, (key, word) in enumerate(words.items()))
    for row, _, word in found:
        if not row < len(matrix):
            raise damaged(
                folder / _ROWS,
                0,
                f"the word {word!r:.80} has the row {row}, but there are {len(matrix)}",
            )
    lost = len(rows) - len(found)
    note = f"{lost:,} of {len(rows):,} words have no text in {_STRINGS} and are left out"
    if not found:
        raise damaged(folder / _STRINGS, 0, "none of the words has a vector")
    kept = found[:limit]
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # overflow gives infinity, which `WordVectors` refuses
        vectors = matrix[[row for row, _, _ in kept]].astype(np.float32, copy=False)
    return VectorFile([word for _, _, word in kept], vectors, notes=(note,) if lost else ())


def _folder_of_vectors(path: Path) -> Path | None:
    for folder in (path, path / "vocab", path / "vectors"):
        if (folder / _VECTORS).is_file() and (folder / _ROWS).is_file():
            return folder
    return None


def _require_mode(folder: Path) -> None:
    """Refuse a table of floret, whose rows are not those of words."""
    if not (folder / _SETTINGS).is_file():
        return
    settings = read_json(folder / _SETTINGS)
    mode = settings.get("mode", "default") if isinstance(settings, dict) else settings
    if mode != "default":
        raise damaged(
            folder / _SETTINGS,
            0,
            f"the mode of the vectors is {mode!r:.80}, which wordkin cannot read: the table of"
            " floret has rows of hashed n-grams, not of words",
        )


def _strings(folder: Path) -> list[str]:
    path = next(
        (place / _STRINGS for place in (folder, folder.parent) if (place / _STRINGS).is_file()),
        None,
    )
    if path is None:
        raise damaged(
            folder / _STRINGS,
            0,
            "is missing, and the vectors have keys instead of words: save the whole pipeline by"
            " nlp.to_disk",
        )
    strings: list[str] = read_json(path)
    if not isinstance(strings, list) or not all(isinstance(word, str) for word in strings):
        raise damaged(path, 0, "must be a list of text")
    return strings
