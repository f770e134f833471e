"""Bytes of a text in any encoding, as UTF-8 with newlines as line ends.

In: the bytes of a file, piece by piece. Out: the same text without a byte order mark; a text whose
only line ends are carriage returns has newlines instead. Without a named encoding, bytes that are
not UTF-8 stay as they are.
"""

from __future__ import annotations

import codecs
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import FormatError, SettingsError
from wordkin.system.files import damaged
from wordkin.system.types import StrPath

Bytes: TypeAlias = npt.NDArray[np.uint8]

HEAD_BYTES = 1 << 16
"""The bytes at the beginning of a text that decide how it is read."""

_MARK = codecs.BOM_UTF8


class Decoder:
    """Decodes the pieces of a text. The first should have `HEAD_BYTES`, or be the whole text.

    Attributes
    ----------
    dropped : int
        The number of bytes of a byte order mark that was dropped.
    """

    def __init__(self, path: StrPath, encoding: str | None = None) -> None:
        self._path = path
        self._decoder = codec_of(encoding).incrementaldecoder() if encoding else None
        self._encoding = encoding
        self._at = 0  # bytes decoded so far
        self._first = True
        self._returns = False  # carriage returns end lines
        self.dropped = 0

    def decode(self, piece: Bytes, final: bool = False) -> Bytes:
        """Return the next piece of the text; `piece` itself may be changed."""
        if self._decoder is not None:
            try:
                text = self._decoder.decode(piece.tobytes(), final)
            except UnicodeDecodeError as error:
                what = f"cannot be decoded as {self._encoding}: {error.reason}"
                raise damaged(self._path, self._at + error.start, what) from None
            self._at += len(piece)
            piece = np.frombuffer(bytearray(text.encode("utf-8", "surrogatepass")), np.uint8)
        if self._first and len(piece):
            self._first = False
            head = piece[:HEAD_BYTES].tobytes()
            if head.startswith(_MARK):
                self.dropped = 0 if self._decoder else len(_MARK)
                piece = piece[len(_MARK) :]
            self._returns = b"\r" in head and b"\n" not in head
        if self._returns:
            piece[piece == ord("\r")] = ord("\n")
        return piece


def codec_of(encoding: str) -> codecs.CodecInfo:
    """Return the codec of an encoding of text.

    Raises
    ------
    SettingsError
        If there is none of this name.
    """
    try:
        codec = codecs.lookup(encoding)
        "".encode(encoding)  # refuses codecs that do not encode text
    except (LookupError, ValueError):
        raise SettingsError(
            f"encoding must be one that Python knows, such as latin-1, got {encoding!r}"
        ) from None
    return codec


def decode_words(path: StrPath, words: list[str], encoding: str) -> list[str]:
    """Return words that were read as UTF-8 with surrogate escapes, decoded from an encoding.

    Raises
    ------
    FormatError
        If a word cannot be decoded.
    """
    codec_of(encoding)
    decoded = []
    for number, word in enumerate(words, 1):
        raw = word.encode("utf-8", "surrogateescape")
        try:
            decoded.append(raw.decode(encoding))
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{path}: word {number:,}, {raw[:60]!r}, cannot be decoded as {encoding}:"
                f" {error.reason}"
            ) from None
    return decoded
