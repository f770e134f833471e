"""What a file of vectors holds, whatever its format; words as bytes; checks that formats share.

Words are bytes to all formats. Here they are str decoded from UTF-8 with "surrogateescape", which
keeps bytes that are not UTF-8 exactly. What a format cannot give back as it was is refused before
the first byte is written. May import `errors` of ours.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError

if TYPE_CHECKING:
    from wordkin.subwords import Subwords

StrPath: TypeAlias = str | os.PathLike[str]
Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class VectorFile:
    """What a file of vectors holds.

    Attributes
    ----------
    words : list of V different str
    matrix : (V, d) float32 array
        Of a file where the format allows it, mapped into memory and not read yet.
    counts : (V,) int64 array or None
        How often each word was seen, where the file tells.
    subwords : Subwords or None
        What vectors of other words are composed of, where the file tells. Only read, never written.
    """

    words: list[str]
    matrix: Float32
    counts: Int64 | None = None
    subwords: Subwords | None = None


def damaged(path: StrPath, at: int, what: str) -> FormatError:
    """Return the error of a file that is not as it should be, from byte `at` on."""
    return FormatError(f"{os.fspath(path)}: {what} (at byte {at:,})")


def spell_words(path: StrPath, words: Sequence[str]) -> list[bytes]:
    """Return the bytes of different words; refuse a word that would not come back as it is."""
    spelled = []
    for word in words:
        raw = spell_word(word)
        if raw is None:
            raise FormatError(f"{os.fspath(path)}: bytes cannot hold the word {word!r:.80}")
        spelled.append(raw)
    if what := twice_among(words):
        raise FormatError(f"{os.fspath(path)}: {what}")
    return spelled


def spell_word(word: str) -> bytes | None:
    """Return the bytes of a word; None if they would not come back as it is."""
    try:
        raw = word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return None
    return raw if raw.decode("utf-8", "surrogateescape") == word else None


def twice_among(words: Sequence[str]) -> str:
    """Say which word comes twice; nothing if all are different."""
    if len(set(words)) == len(words):
        return ""
    word, _ = Counter(words).most_common(1)[0]
    return f"the word {word!r:.80} comes twice"


def checked(
    path: StrPath, name: str, array: npt.NDArray[Any], dtype: type[Any], shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Return the array as that type, uncopied if it is; in the shape, -1 is any size but 0."""
    given = np.asarray(array)
    fits = given.ndim == len(shape) and all(
        have == want if want >= 0 else have >= 1
        for have, want in zip(given.shape, shape, strict=True)
    )
    if not fits or not np.can_cast(given.dtype, dtype, casting="same_kind"):
        wanted = str(shape).replace("-1", "d")
        raise FormatError(
            f"{path}: {name} must be {np.dtype(dtype)} of the shape {wanted}, "
            f"got {given.dtype} of {given.shape}"
        )
    return given.astype(dtype, copy=False)


def require_file(path: StrPath) -> None:
    """Refuse what is not a file; what cannot be opened raises the OSError that says so."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise FormatError(f"{path}: not a file")
    with open(path, "rb"):
        pass


def cut_words(path: StrPath, joined: npt.NDArray[np.uint8], offsets: Int64, at: int) -> list[str]:
    """Give the words whose bytes lie one behind the other, cut at the offsets.

    Raises
    ------
    FormatError
        With the byte `at`, if they do not cut them, or a word comes twice.
    """
    if (
        not len(offsets)
        or offsets[0] != 0
        or offsets[-1] != len(joined)
        or (offsets[1:] < offsets[:-1]).any()
    ):
        raise damaged(path, at, "the offsets do not cut the bytes of the words into words")
    data = joined.tobytes()
    words = [data[a:b].decode("utf-8", "surrogateescape") for a, b in pairwise(offsets.tolist())]
    if what := twice_among(words):
        raise damaged(path, at, what)
    return words
