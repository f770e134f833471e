"""The statistics of a run: what became of each token, and how long each part took.

A corpus and the result of an engine in, an `Account` out.
"""

from __future__ import annotations

import dataclasses
import math

from wordkin.corpus.encoded import Corpus
from wordkin.engines import ENGINES
from wordkin.engines.outcome import Trained
from wordkin.engines.settings import Settings
from wordkin.engines.subsampling import threshold_of
from wordkin.objectives.conventions import keep_probability


@dataclasses.dataclass(frozen=True)
class Account:
    """The statistics of a training run.

    In each epoch, and so in total: read = trained + subsampled + out of vocabulary + held out. The
    exact engine reads the text once; its `trained` and `subsampled` are rounded expectations.

    Attributes
    ----------
    tokens, lines : int
        Tokens and lines of the text.
    invalid_utf8 : int
        Tokens that are not valid UTF-8.
    read, trained, subsampled, out_of_vocabulary, held_out : int
        Tokens over all epochs: all, and what became of them. Those held out are on held-out lines.
    reading, counting, training : float
        Seconds; `counting` is 0 for the stochastic engine.
    notes : tuple of str
        What the run had to say about the text and the settings, in the order of events.
    subsample : float or None
        The threshold of subsampling that was used; None in models of older versions.
    only_held_out : int
        Words of the vocabulary that occur in held-out lines alone, so that nothing trained them.
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
    notes: tuple[str, ...] = ()
    subsample: float | None = None
    only_held_out: int = 0

    @property
    def dropped(self) -> float:
        """The share of the training words that subsampling dropped; NaN if there were none."""
        words = self.trained + self.subsampled
        return self.subsampled / words if words else math.nan

    @property
    def words_per_second(self) -> float:
        """Tokens read over all epochs, per second of counting and training."""
        spent = self.counting + self.training
        return self.read / spent if spent else math.nan


def account_of(
    corpus: Corpus, trained: Trained, settings: Settings, reading: float, training: float
) -> Account:
    """Return the statistics of a run.

    Parameters
    ----------
    corpus : Corpus
        With the totals of the text and its vocabulary; the ids are not used.
    trained : Trained
    settings : Settings
    reading, training : float
        Seconds; `training` includes counting.
    """
    counts, trained_counts = corpus.vocabulary.counts, corpus.trained_counts
    threshold = threshold_of(settings, counts)
    if ENGINES[settings.engine].rereads:
        epochs = len(trained.history)
        trained_tokens = sum(epoch.trained for epoch in trained.history)
        subsampled_tokens = sum(epoch.subsampled for epoch in trained.history)
    else:
        epochs = 1
        keep = keep_probability(counts / counts.sum(), threshold)
        trained_tokens = round(float(trained_counts @ keep))
        subsampled_tokens = int(trained_counts.sum()) - trained_tokens
    return Account(
        tokens=corpus.tokens,
        lines=corpus.lines,
        invalid_utf8=corpus.invalid_utf8,
        read=corpus.tokens * epochs,
        trained=trained_tokens,
        subsampled=subsampled_tokens,
        out_of_vocabulary=corpus.out_of_vocabulary * epochs,
        held_out=corpus.held_out_tokens * epochs,
        reading=reading,
        training=training - trained.counting,
        counting=trained.counting,
        subsample=threshold,
        only_held_out=corpus.only_held_out,
    )
