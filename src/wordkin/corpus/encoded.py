"""An encoded text, as the engines read it: one array of ids, and statistics of all tokens.

These records are what `reading` returns; the classes only hold data.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from wordkin.corpus.vocabulary import Vocabulary

LINE_END = -1
"""Separates the ids of two lines; no context window crosses it."""


@dataclasses.dataclass(frozen=True)
class Fingerprint:
    """Identifies a text: what `cat FILES | wc -c` and `cat FILES | sha256sum` print.

    Attributes
    ----------
    bytes : int
        Size of the text: its files, decompressed and concatenated.
    sha256 : str
        Hash of these bytes, as hexadecimal digits.
    """

    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A text that has been read and encoded.

    Attributes
    ----------
    vocabulary : Vocabulary
    ids : (N,) int32
        The words of the text that are in the vocabulary, in order, with `LINE_END` after each line
        that has any. Held-out lines are left out.
    tokens : int
        Words read, in the vocabulary or not.
    lines : int
        Lines read, empty ones included.
    invalid_utf8 : int
        Words read whose bytes are not valid UTF-8; they are kept unchanged.
    held_out : (H,) int32
        The lines set aside from training, in the same format as `ids`. They do not contribute to
        the vocabulary's counts.
    held_out_tokens : int
        All words of the held-out lines, in the vocabulary or not.
    fingerprint : Fingerprint or None
        None if it was not computed.
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
        """Number of training words (held-out lines excluded) that are not in the vocabulary."""
        return self.tokens - self.held_out_tokens - int(self.vocabulary.counts.sum())
