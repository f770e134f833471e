"""What a run reads: a text or counts; and the engine that trains on it."""

from __future__ import annotations

import time
from collections.abc import Callable

from wordkin.corpus.encoded import Corpus, Fingerprint
from wordkin.corpus.reading import Text, read_corpus
from wordkin.engines import classroom
from wordkin.engines.counts.file import CountsFile
from wordkin.engines.exact import stages
from wordkin.engines.outcome import Epoch, Trained
from wordkin.engines.settings import (
    EngineName,
    EngineSettings,
    Objective,
    StochasticSettings,
)
from wordkin.engines.stochastic import descent
from wordkin.system.errors import (
    CorpusError,
    FormatError,
)
from wordkin.system.progress import Progress
from wordkin.system.types import StrPath
from wordkin.training.account import Account, account_of
from wordkin.training.keeper import Keeper

# Ids, their counts, settings of the engine, the run, and the ids of the lines held out.
ENGINES: dict[tuple[EngineName, Objective], Callable[..., Trained]] = {
    ("stochastic", "negative-sampling"): descent.train,
    ("stochastic", "naive-softmax"): classroom.train,
    ("exact", "negative-sampling"): stages.train,
    ("exact", "naive-softmax"): stages.train,
}

TOO_SHORT = (classroom.train,)  # of these runs no states are kept
COUNTED = ("window", "subsample", "min_count", "max_vocab", "held_out")
"""The settings that counts are made with."""


def read_source(text: Text, settings: EngineSettings, progress: Progress) -> Corpus:
    """Read a text, and refuse one that has nothing to learn from."""
    corpus = read_corpus(
        text,
        min_count=settings.min_count,
        max_vocab=settings.max_vocab,
        held_out=settings.held_out,
        progress=progress,
    )
    require_pairs(corpus)
    return corpus


def train_on(
    corpus: Corpus, settings: EngineSettings, reading: float, run: Keeper
) -> tuple[Trained, Account]:
    """Let the engine that the settings name train on a corpus."""
    began = time.perf_counter()
    trained = ENGINES[settings.engine, settings.objective](
        corpus.ids, corpus.vocabulary.counts, settings, run, corpus.held_out
    )
    seconds = time.perf_counter() - began + run.spent
    if isinstance(settings, StochasticSettings):
        require_trained(trained.history, settings)
    return trained, account_of(corpus, trained, settings, reading, seconds)


def fingerprint_in(path: StrPath, file: CountsFile) -> Fingerprint | None:
    """Return the fingerprint of the text that counts are of."""
    found = file.metadata.get("corpus")
    try:
        return found and Fingerprint(**found)
    except TypeError:
        raise FormatError(f"{path}: the metadata are damaged: corpus {found!r:.80}") from None


def require_pairs(corpus: Corpus) -> None:
    """Refuse a text that has nothing to learn from, before an engine starts."""
    vocabulary = corpus.vocabulary
    if len(vocabulary) < 2:
        raise CorpusError(
            f"the vocabulary has one word, {vocabulary.words[0]!r:.80}, and training takes two:"
            " lower min_count, raise max_vocab, or give more text"
        )
    words = int(vocabulary.counts.sum())
    line_ends = len(corpus.ids) - words  # one behind each line that has a word
    if words == line_ends:
        raise CorpusError(
            f"no line has two words of the vocabulary, in {corpus.lines:,} lines: a line is a"
            " sentence, so put the words that belong together on one line, or lower min_count"
        )


def require_trained(history: list[Epoch], settings: StochasticSettings) -> None:
    """Refuse a run in which subsampling left no pair."""
    if not any(epoch.pairs for epoch in history):
        raise CorpusError(
            f"subsampling left no two words together in {settings.epochs} epochs: set subsample"
            f" above {settings.subsample:g}, or to 0 to keep every word"
        )
