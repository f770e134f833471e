"""N-grams of words as the prior of an engine: what words share by their spelling.

Words and settings in; a `Prior` and the n-grams that it is about out. The engines know groups of
rows only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from wordkin._core import shared_ngrams
from wordkin.engines.exact.priors import Members, SharedRows
from wordkin.engines.settings import AUTO_SUBWORDS, JAMO, EngineSettings, ExactSettings
from wordkin.system.errors import CorpusWarning
from wordkin.system.notes import note
from wordkin.system.spelling import in_jamo, join_words
from wordkin.system.types import Int64

LEAST_WORDS = 2
"""The number of words that must share an n-gram: of one word it says nothing about others."""
MOST_NGRAMS = 1 << 20
"""The largest number of n-grams, those that most words share: 400 MB of float32 at d = 100."""


@dataclasses.dataclass(frozen=True, eq=False)
class Ngrams:
    """The n-grams that words share.

    Attributes
    ----------
    spelled : bytes
        N-gram g is ``spelled[offsets[g]:offsets[g + 1]]``.
    offsets : (G + 1,) int64
    shortest, longest : int
        Their lengths in characters, with "<" before a word and ">" after it.
    jamo : bool
        Whether Korean syllables are spelled in their letters.
    """

    spelled: bytes
    offsets: Int64
    shortest: int
    longest: int
    jamo: bool


def shared(
    words: Sequence[str], shortest: int, longest: int, jamo: bool = False
) -> tuple[Ngrams, Members]:
    """Return the n-grams that at least two of the words have, and which ones each word has.

    A character is a byte and those from 0x80 to 0xBF that follow it, so a code point in valid
    UTF-8. A whole word with both marks is no n-gram of itself.

    Warns
    -----
    CorpusWarning
        If there are more than `MOST_NGRAMS`.
    """
    spellings = map(in_jamo, words) if jamo else words
    joined = join_words([word.encode("utf-8", "surrogateescape") for word in spellings])
    spelled, offsets, ends, columns, left_out = shared_ngrams(
        *joined, shortest, longest, LEAST_WORDS, MOST_NGRAMS
    )
    if left_out:
        note(
            f"the words share {left_out + MOST_NGRAMS:,} n-grams; the {MOST_NGRAMS:,} that most"
            " words share are used: raise min_count, or narrow subwords",
            CorpusWarning,
        )
    ngrams = Ngrams(spelled, offsets, shortest, longest, jamo)
    return ngrams, Members(ends, columns, len(offsets) - 1)


def prior_of(
    words: Sequence[str], settings: EngineSettings
) -> tuple[Ngrams | None, SharedRows | None]:
    """Return the n-grams that the settings ask for, with the prior; None and None without any."""
    if not isinstance(settings, ExactSettings) or settings.subwords == "none":
        return None, None
    auto = settings.subwords == "auto"
    lengths = AUTO_SUBWORDS if auto else str(settings.subwords)
    shortest, longest = map(int, lengths.removeprefix(JAMO).split("-"))
    ngrams, members = shared(words, shortest, longest, lengths.startswith(JAMO))
    if not members.groups:
        return None, None
    dtype = np.float64 if settings.precision == "float64" else np.float32
    strength = settings.subword_ridge
    return ngrams, SharedRows(members, strength, dtype, settings.threads, tried=auto)
