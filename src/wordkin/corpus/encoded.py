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
        Of the whole text, held-out lines included.
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
        The lines set aside from training, in the same format as `ids`.
    held_out_tokens : int
        All words of the held-out lines, in the vocabulary or not.
    held_out_counts : (V,) int64, or (0,) if nothing is held out
        How often each word of the vocabulary occurs in the held-out lines.
    piece : int
        Of a text on one line or on few long ones, pieces of so many words are held out instead of
        lines; 0 for lines.
    parted : int
        Lines that were too long for a window of the whole line, and parted.
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
    held_out_counts: npt.NDArray[np.int64] = dataclasses.field(
        default_factory=lambda: np.empty(0, np.int64)
    )
    piece: int = 0
    parted: int = 0

    @property
    def trained_counts(self) -> npt.NDArray[np.int64]:
        """How often each word of the vocabulary occurs in the training lines, (V,)."""
        counts = self.vocabulary.counts
        return counts - self.held_out_counts if len(self.held_out_counts) else counts

    @property
    def only_held_out(self) -> int:
        """Number of words of the vocabulary that occur in held-out lines alone."""
        return int(np.count_nonzero(self.trained_counts == 0))

    @property
    def out_of_vocabulary(self) -> int:
        """Number of training words (held-out lines excluded) that are not in the vocabulary."""
        return self.tokens - self.held_out_tokens - int(self.trained_counts.sum())
