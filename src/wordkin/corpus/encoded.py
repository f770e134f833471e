"""A text as the engines see it: ids in one array, and an account of every token."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from wordkin.corpus.vocabulary import Vocabulary

LINE_END = -1
"""Stands between the ids of two lines; no window reaches across it."""


@dataclasses.dataclass(frozen=True)
class Fingerprint:
    """What tells a text from every other: `cat FILES | wc -c` and `cat FILES | sha256sum`.

    Attributes
    ----------
    bytes : int
        Of the text, unpacked, one file after the other.
    sha256 : str
        Of these bytes, in hexadecimal digits.
    """

    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A text, read and encoded.

    Attributes
    ----------
    vocabulary : Vocabulary
    ids : (N,) int32
        The text's words that are in the vocabulary, in order, with `LINE_END` behind each line that
        has any; without the lines that are held out.
    tokens : int
        Words read, in the vocabulary or not.
    lines : int
    invalid_utf8 : int
        Words among them whose bytes are no UTF-8; kept as they are.
    held_out : (H,) int32
        Laid out as `ids`, the lines that are set aside and not trained on; the vocabulary's counts
        know nothing of them.
    held_out_tokens : int
        All words of these lines, in the vocabulary or not.
    fingerprint : Fingerprint or None
        None: it was not taken.
    """

    vocabulary: Vocabulary
    ids: npt.NDArray[np.int32]
    tokens: int
    lines: int
    invalid_utf8: int
    held_out: npt.NDArray[np.int32] = dataclasses.field(
        default_factory=lambda: np.empty(0, np.int32)
    )
    held_out_tokens: int = 0
    fingerprint: Fingerprint | None = None

    @property
    def out_of_vocabulary(self) -> int:
        """Words of the lines that are not held out, and that are not in the vocabulary."""
        return self.tokens - self.held_out_tokens - int(self.vocabulary.counts.sum())
