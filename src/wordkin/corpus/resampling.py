"""Texts drawn from a text: as many lines, with replacement (the bootstrap).

In: a `Corpus`. Out: sentences, for `Word2Vec.fit`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wordkin.corpus.encoded import LINE_END, Corpus


def resampled_lines(corpus: Corpus, seed: int) -> Iterator[list[str]]:
    """Yield as many lines as the corpus has, each drawn from all of them alike.

    Lines without any word of the vocabulary, and those held out, do not take part.

    Parameters
    ----------
    corpus : Corpus
    seed : int
        Other numbers draw other lines.
    """
    ends = np.flatnonzero(corpus.ids == LINE_END)
    begins = np.concatenate([[0], ends[:-1] + 1])
    words = corpus.vocabulary.words
    rng = np.random.default_rng(seed)
    for line in rng.integers(len(ends), size=len(ends)):
        yield [words[i] for i in corpus.ids[begins[line] : ends[line]].tolist()]
