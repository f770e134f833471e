"""Words and their vectors, and a vector for any other word.

In: words, vectors, and what others are composed of. Out: `SubwordVectors`, which answer for any
word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wordkin.system.errors import UnknownWordError
from wordkin.system.types import Float32
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.words import WordVectors


class SubwordVectors(WordVectors):
    """Words and their vectors, and a vector for any other word: the mean of its n-grams' vectors.

    Every question takes words that are not in the vocabulary. `in`, `len`, `index`, `take`,
    iteration, `within` and answers are about those in it. Never changed after it is made.

    Parameters
    ----------
    words, matrix, counts
        As `WordVectors` takes them, and with the same errors.
    subwords : Subwords
    """

    def __init__(
        self,
        words: Sequence[str],
        matrix: npt.ArrayLike,
        counts: npt.ArrayLike | None,
        subwords: Subwords,
    ) -> None:
        super().__init__(words, matrix, counts)
        self._subwords = subwords

    def __getitem__(self, word: str) -> Float32:
        """Return the vector of any word, (d,), read-only: composed if it is not in the vocabulary.

        Zeros for a word too short to have n-grams.

        Raises
        ------
        UnknownWordError
            If the word cannot be spelled in bytes, or a vector of its n-grams is not finite.
        """
        if not isinstance(word, str) or word in self:
            return super().__getitem__(word)
        row: Float32 = self.compose([word])[0]
        return row

    def compose(self, words: Sequence[str]) -> Float32:
        """Return the means of the vectors of the n-grams alone, (n, d), read-only.

        Of a word in the vocabulary, too: its own row is then not part of the mean.

        Raises
        ------
        UnknownWordError
            If a word cannot be spelled in bytes, or a vector of its n-grams is not finite.
        """
        try:
            composed = self._subwords.compose(words)
        except UnicodeEncodeError as error:  # a surrogate that stands for no byte
            raise UnknownWordError(f"bytes cannot hold the word {error.object!r:.80}") from None
        finite = np.isfinite(composed).all(axis=1)
        if not finite.all():
            word = words[int(np.argmin(finite))]
            raise UnknownWordError(f"a vector of the n-grams of {word!r:.80} is not finite")
        composed.setflags(write=False)
        return composed

    def _part(
        self, words: Sequence[str], matrix: Float32, counts: npt.ArrayLike | None
    ) -> SubwordVectors:
        return SubwordVectors(words, matrix, counts, self._subwords)
