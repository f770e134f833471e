"""Where every token went, and how long each part took."""

from __future__ import annotations

import dataclasses

from wordkin.corpus.encoded import Corpus
from wordkin.engines import ENGINES
from wordkin.engines.outcome import Trained
from wordkin.engines.settings import Settings
from wordkin.objectives.conventions import keep_probability


@dataclasses.dataclass(frozen=True)
class Account:
    """Where every token went, and how long it took.

    For each epoch, and so in sum: read = trained + subsampled + out of vocabulary + held out. The
    exact engine reads once, and what it trains on and leaves out are expectations, rounded.

    Attributes
    ----------
    tokens, lines, invalid_utf8 : int
        Words and lines read once; words whose bytes are no UTF-8.
    read, trained, subsampled, out_of_vocabulary, held_out : int
        Tokens over all epochs; the last are those of lines that were not trained on.
    reading, counting, training : float
        Seconds; the stochastic engine counts nothing.
    """

    tokens: int
    lines: int
    invalid_utf8: int
    read: int
    trained: int
    subsampled: int
    out_of_vocabulary: int
    reading: float
    training: float
    counting: float = 0.0
    held_out: int = 0

    @property
    def words_per_second(self) -> float:
        """Words of the text passed over in a second of training, all epochs counted."""
        spent = self.counting + self.training
        return self.read / spent if spent else 0.0


def account_of(
    corpus: Corpus, trained: Trained, settings: Settings, reading: float, training: float
) -> Account:
    """Sum up a run.

    Parameters
    ----------
    corpus : Corpus
        Its totals and its vocabulary are used.
    trained : Trained
    settings : Settings
    reading, training : float
        Seconds; the latter with those of counting.
    """
    counts = corpus.vocabulary.counts
    if ENGINES[settings.engine].rereads:
        rounds = len(trained.history)
        kept = sum(epoch.trained for epoch in trained.history)
        left = sum(epoch.subsampled for epoch in trained.history)
    else:
        rounds = 1
        keep = keep_probability(counts / counts.sum(), settings.subsample)
        kept = round(float(counts @ keep))
        left = int(counts.sum()) - kept
    return Account(
        tokens=corpus.tokens,
        lines=corpus.lines,
        invalid_utf8=corpus.invalid_utf8,
        read=corpus.tokens * rounds,
        trained=kept,
        subsampled=left,
        out_of_vocabulary=corpus.out_of_vocabulary * rounds,
        held_out=corpus.held_out_tokens * rounds,
        reading=reading,
        training=training - trained.counting,
        counting=trained.counting,
    )
