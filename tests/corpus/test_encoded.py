"""A corpus counts every token, with 64-bit counters."""

from __future__ import annotations

import numpy as np

from wordkin.corpus.encoded import LINE_END, Corpus
from wordkin.corpus.vocabulary import Vocabulary


def test_what_is_not_in_the_vocabulary_is_out_of_it_beyond_31_bits_too() -> None:
    vocabulary = Vocabulary(["a", "b"], np.array([2**40, 2**33]))
    ids = np.array([0, 1, LINE_END], np.int32)
    corpus = Corpus(vocabulary, ids, tokens=2**40 + 2**33 + 5, lines=1, invalid_utf8=0)
    assert corpus.out_of_vocabulary == 5
    assert corpus.held_out.dtype == np.int32
    assert len(corpus.held_out) == corpus.held_out_tokens == 0


def test_words_of_lines_held_out_are_not_out_of_the_vocabulary() -> None:
    vocabulary = Vocabulary(["a", "b"], np.array([2, 1]))
    ids = np.array([0, 1, 0, LINE_END], np.int32)
    held = np.array([1, LINE_END], np.int32)
    corpus = Corpus(vocabulary, ids, 10, 2, 0, held, held_out_tokens=3)
    assert corpus.out_of_vocabulary == 10 - 3 - 3
