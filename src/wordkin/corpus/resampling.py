"""Resample a text by the bootstrap: the same number of lines, drawn with replacement.

In: a `Corpus`. Out: sentences for `Word2Vec.fit`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wordkin.corpus.encoded import LINE_END, Corpus


def resampled_lines(corpus: Corpus, seed: int) -> Iterator[list[str]]:
    """Yield as many lines as the corpus has, each drawn uniformly from all of them.

    Held-out lines and lines without a word of the vocabulary are never drawn.

    Parameters
    ----------
    corpus : Corpus
    seed : int
        Seed of the random draws.

    Yields
    ------
    list of str
        The words of a line that are in the vocabulary.
    """
    ends = np.flatnonzero(corpus.ids == LINE_END)
    begins = np.concatenate([[0], ends[:-1] + 1])
    words = corpus.vocabulary.words
    rng = np.random.default_rng(seed)
    for line in rng.integers(len(ends), size=len(ends)):
        yield [words[i] for i in corpus.ids[begins[line] : ends[line]].tolist()]
