"""NumPy's files: a matrix in .npy or .npz, and its words.

In: a path, and perhaps the words or a file of them; or a `VectorFile`. Out: a `VectorFile`, or two
complete files.

An .npz file may hold the words, and their counts, itself: exactly one matrix of floats, and arrays
with an element for each of its rows. Otherwise the words are those of the first of these files that
exists, for `v.npy`: `v.words.txt`, `v.vocab.txt`, `v.words.npy`, `v.vocab`, `v.words`, `v.txt`; or
the only one of `words.txt`, `vocab.txt`, `vocabulary.txt` and `vocab.json` in the folder.

A file of words has a word in each line. If each line has a whole number behind the word, as in
GloVe's vocab.txt, these are the counts. It may also be a list or a mapping to rows in JSON, or an
array of str in .npy.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.files import atomic_write, damaged, require_file
from wordkin.system.spelling import describe_duplicate, spell_words
from wordkin.system.types import Int64, StrPath
from wordkin.vectors.formats.decoding import Decoder
from wordkin.vectors.formats.npy import FLOATS, map_npy, parse_npy
from wordkin.vectors.formats.obstacles import (
    SKIP_HINT,
    begins_with_mark,
    require_words,
    skipped_rows,
)
from wordkin.vectors.formats.packed import archive_errors
from wordkin.vectors.formats.sources import original, unpacked
from wordkin.vectors.formats.vector_file import VectorFile, checked, infinite_rows, without

_BESIDE = (".words.txt", ".vocab.txt", ".words.npy", ".vocab", ".words", ".txt")
_IN_FOLDER = ("words.txt", "vocab.txt", "vocabulary.txt", "vocab.json")
_SUFFIXES = (".npy", ".npz")
_JSON = ('["', '{"')
_COUNTED = re.compile(r"(\S+)[ \t]+(\d{1,18})")
_INTEGERS = {f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (4, 8)}


def read(
    path: StrPath,
    limit: int | None = None,
    *,
    words: StrPath | Sequence[str] | None = None,
    encoding: str | None = None,
    skip_bad: bool = False,
) -> VectorFile:
    """Read a matrix and its words.

    Parameters
    ----------
    path : path
    limit : int, optional
        Keep only the first `limit` rows.
    words : path or sequence of str, optional
        The words, or a file of them, instead of those beside the matrix.
    encoding : str, optional
        The encoding of a file of words, if it is not UTF-8.
    skip_bad : bool, optional
        Skip rows whose word is empty or repeated, or whose numbers are not finite.

    Raises
    ------
    FormatError
        If there is no matrix of floats, if there are no words or not as many as rows, or if a row
        is bad.
    OSError
        If a file cannot be opened.
    """
    matrix, found, counts = _read_arrays(path)
    source = os.fspath(path)
    notes: tuple[str, ...] = ()
    if words is not None and not isinstance(words, (str, os.PathLike)):
        found, counts, source = list(words), None, "words"
        for word in found:
            if not isinstance(word, str):
                raise SettingsError(f"words must be str, got one that is {type(word).__name__}")
    elif words is not None or found is None:
        source = os.fspath(words) if words is not None else _find_words(path)
        if words is None and os.path.basename(source) in _IN_FOLDER:  # no name says whose it is
            notes = (f"took its words from {os.path.basename(source)}, beside it",)
        found, own_counts = _read_words(source, encoding)
        counts = own_counts if own_counts is not None else counts
    V, d = matrix.shape
    if len(found) != V:
        turned = ": the matrix has a column for each word" if len(found) == d else ""
        raise FormatError(f"{path}: {V:,} rows, but {len(found):,} words in {source}{turned}")
    counts = None if counts is None else counts[:limit].astype(np.int64)
    file = VectorFile(found[:limit], matrix[:limit], counts, notes=notes)
    return _without_bad(path, file, skip_bad)


def words_path(path: StrPath) -> Path:
    """Return the path of the words of a matrix: `v.words.txt` for `v.npy`."""
    array = Path(path)
    stem = array.with_suffix("") if array.suffix.lower() in _SUFFIXES else array
    return stem.with_name(f"{stem.name}.words.txt")


def write(path: StrPath, vectors: VectorFile) -> None:
    """Write the matrix as .npy to `path`, and a word in each line to `words_path(path)`.

    Raises
    ------
    FormatError
        If a word is blank or contains a line end.
    OSError
        If a file cannot be written.
    """
    encoded = spell_words(path, vectors.words)
    matrix = checked(path, "matrix", vectors.matrix, np.float32, (len(encoded), -1))
    require_words(path, vectors.words, _not_a_line)
    require_words(path, vectors.words[:1], _not_a_first_line)
    if all(map(_COUNTED.fullmatch, vectors.words)):
        require_words(path, vectors.words[:1], lambda _: "ends in a count, like all other words")
    with (
        atomic_write(words_path(path)) as words,
        atomic_write(path) as numbers,
        open(words, "wb") as word_file,
        open(numbers, "wb") as number_file,
    ):
        word_file.writelines(raw + b"\n" for raw in encoded)
        np.lib.format.write_array(number_file, np.ascontiguousarray(matrix), (1, 0))


def _not_a_line(word: str) -> str:
    if "\n" in word or "\r" in word:
        return "contains a line end"
    return "" if word.strip() else "is blank" if word else "is empty"


def _not_a_first_line(word: str) -> str:
    return "begins like JSON" if word.lstrip()[:2] in _JSON else begins_with_mark(word)


def _without_bad(path: StrPath, file: VectorFile, skip_bad: bool) -> VectorFile:
    """Refuse or skip rows whose word is empty or repeated, or whose numbers are not finite."""
    first: dict[str, int] = {}
    bad = {
        row: "is empty" if not word.strip() else f"is repeated, {word!r:.80}"
        for row, word in enumerate(file.words)
        if not word.strip() or first.setdefault(word, row) != row
    }
    bad |= {row: f"{file.words[row]!r:.80}, is not finite" for row in infinite_rows(file.matrix)}
    if not bad:
        return file
    rows = sorted(bad)
    some = [f"word {row + 1:,} {bad[row]}" for row in rows[:3]]
    if not skip_bad:
        raise FormatError(f"{path}: {'; '.join(some)}{SKIP_HINT}")
    note = skipped_rows(len(bad), some)
    kept = without(file, bad)
    return VectorFile(kept.words, kept.matrix, kept.counts, notes=(*file.notes, note))


def _read_arrays(path: StrPath) -> tuple[Any, list[str] | None, Int64 | None]:
    """Return the matrix, and the words and counts that the same file holds."""
    require_file(path)
    with open(path, "rb") as file:
        zipped = file.read(2) == b"PK"
    if not zipped:
        return _as_matrix(path, "its array", map_npy(os.fspath(path))), None, None
    arrays = _read_npz(path)
    matrices = [name for name, a in arrays.items() if a.ndim == 2 and a.dtype.kind == "f"]
    if len(matrices) != 1:
        raise FormatError(
            f"{path}: must hold 1 matrix of floats, got {len(matrices)} among the arrays"
            f" {', '.join(arrays)}"
        )
    matrix = _as_matrix(path, matrices[0], arrays.pop(matrices[0]))
    V = len(matrix)
    words = [a for a in arrays.values() if a.shape == (V,) and a.dtype.kind in "US"]
    counts = [a for a in arrays.values() if a.shape == (V,) and a.dtype.kind in "iu"]
    return (
        matrix,
        _as_words(path, words[0]) if len(words) == 1 else None,
        counts[0] if len(counts) == 1 else None,
    )


def _as_matrix(path: StrPath, name: str, array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    if array.ndim != 2 or not array.shape[1]:
        raise damaged(path, 0, f"{name} must have the shape (V, d), got {array.shape}")
    with np.errstate(over="ignore"):  # overflow gives infinity, which is refused later
        return np.require(array, np.float32, ["C", "A"])


def _as_words(path: StrPath, array: npt.NDArray[Any]) -> list[str]:
    try:
        if array.dtype.kind == "U":
            return [str(word) for word in array.tolist()]
        return [word.decode("utf-8", "surrogateescape") for word in array.tolist()]
    except ValueError as error:  # no characters
        raise damaged(path, 0, f"words that are no text: {error}") from None


def _read_npz(path: StrPath) -> dict[str, npt.NDArray[Any]]:
    arrays = {}
    with archive_errors(path), zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                data = np.frombuffer(archive.read(name), np.uint8)
                key = name.removesuffix(".npy")
                arrays[key] = parse_npy(path, data, FLOATS | _INTEGERS, text=True, name=key)
    if not arrays:
        raise damaged(path, 0, "a zip archive without arrays, maybe packed twice: unpack it first")
    return arrays


def _find_words(path: StrPath) -> str:
    """Return the file of words that belongs to a matrix."""
    array = Path(original(path))
    while array.suffix.lower() in (".gz", ".bz2", ".xz", ".zip"):
        array = array.with_suffix("")
    stem = array.with_suffix("") if array.suffix.lower() in _SUFFIXES else array
    for suffix in _BESIDE:
        beside = stem.with_name(stem.name + suffix)
        if beside.is_file() and beside != array:
            return os.fspath(beside)
    there = [array.with_name(name) for name in _IN_FOLDER if array.with_name(name).is_file()]
    if len(there) == 1:
        return os.fspath(there[0])
    looked = f"{stem.name}.words.txt" if not there else " and ".join(each.name for each in there)
    what = f"found {looked}, which must be one" if there else f"found no file such as {looked}"
    raise FormatError(
        f"{path}: a matrix without words: {what}; words=... (--word-list FILE) names the file"
    )


def _read_words(path: str, encoding: str | None) -> tuple[list[str], Int64 | None]:
    """Return the words of a file, and their counts if it has any."""
    require_file(path)
    with unpacked(path) as plain, open(plain, "rb") as file:
        raw = np.frombuffer(bytearray(file.read()), np.uint8)
    if raw[:6].tobytes() == b"\x93NUMPY":
        array = parse_npy(path, raw, set(), text=True, name="its array")
        if array.ndim != 1:
            raise damaged(path, 0, f"words must have the shape (V,), got {array.shape}")
        return _as_words(path, array), None
    text = Decoder(path, encoding).decode(raw, True).tobytes().decode("utf-8", "surrogateescape")
    if text.lstrip()[:2] in _JSON or path.endswith(".json"):
        return _words_of_json(path, text), None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    counted = [_COUNTED.fullmatch(line.strip()) for line in lines]
    if lines and all(counted):
        words = [match[1] for match in counted if match]
        return words, np.array([int(match[2]) for match in counted if match], np.int64)
    return lines, None


def _words_of_json(path: str, text: str) -> list[str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path, 0, f"not JSON: {error}") from None
    if isinstance(content, dict) and all(type(row) is int for row in content.values()):
        if sorted(content.values()) != list(range(len(content))):
            raise damaged(path, 0, f"the rows of {len(content):,} words must be 0, 1, 2, …")
        content = sorted(content, key=content.__getitem__)
    if not isinstance(content, list) or not all(isinstance(word, str) for word in content):
        raise damaged(path, 0, "must be a list of words, or a mapping of words to rows")
    if what := describe_duplicate(content):
        raise damaged(path, 0, what)
    return content
