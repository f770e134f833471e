"""Resample a text by the bootstrap: the same number of lines, drawn with replacement.

Of a text on one line, or on few long ones, pieces are drawn instead of lines.

In: a `Corpus`. Out: sentences for `Word2Vec.fit`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wordkin.corpus.encoded import Corpus
from wordkin.corpus.pieces import FEW_LINES, PIECE, line_lengths, piece_length, sample_units

LONGEST_PIECE = 1_000
"""The words of a piece that is drawn from a long text."""


def resampled_lines(corpus: Corpus, seed: int) -> Iterator[list[str]]:
    """Yield as many lines as the corpus has, each drawn uniformly from all of them.

    Of a text of few long lines, as many pieces of them as it has: about `LONGEST_PIECE` words each,
    and fewer if that makes too few pieces. Held-out lines and lines without a word of the
    vocabulary are never drawn.

    Parameters
    ----------
    corpus : Corpus
    seed : int
        Seed of the random draws.

    Yields
    ------
    list of str
        The words of a line or piece that are in the vocabulary.
    """
    lengths = line_lengths(corpus.ids)
    total = int(lengths.sum())
    piece = piece_length(PIECE // 2, total, len(lengths))
    if piece:  # windows end where pieces do, so the longer the better
        piece = min(max(piece, total // FEW_LINES), LONGEST_PIECE)
    begins, ends = sample_units(corpus.ids, piece)
    words = corpus.vocabulary.words
    rng = np.random.default_rng(seed)
    for line in rng.integers(len(ends), size=len(ends)):
        yield [words[i] for i in corpus.ids[begins[line] : ends[line]].tolist()]
