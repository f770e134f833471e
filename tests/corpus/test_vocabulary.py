"""Words are decoded from concatenated bytes and can be written back unchanged."""

from __future__ import annotations

import numpy as np

from wordkin.corpus.vocabulary import Vocabulary


def test_words_are_what_lies_between_the_offsets() -> None:
    words = ["the", "", "한국어", "caf\udce9"]
    spelled = [word.encode("utf-8", "surrogateescape") for word in words]
    offsets = np.cumsum([0, *map(len, spelled)])
    vocabulary = Vocabulary.from_bytes(b"".join(spelled), offsets, np.array([4, 3, 2, 1]))
    assert vocabulary.words == words
    assert vocabulary.counts.tolist() == [4, 3, 2, 1]
    assert len(vocabulary) == 4


def test_a_vocabulary_may_be_empty() -> None:
    vocabulary = Vocabulary.from_bytes(b"", np.array([0]), np.array([], np.int64))
    assert len(vocabulary) == 0
