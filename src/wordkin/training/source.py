"""The source of a run: a text that it reads, or a file of counts.

Text or counts, and settings, in; a `Source` out, which an engine can train on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import TypeVar

import numpy as np

from wordkin.corpus.encoded import Corpus, Fingerprint
from wordkin.corpus.ids_on_disk import Limits
from wordkin.corpus.pieces import LONGEST_LINE, is_too_long, line_lengths, part_lines
from wordkin.corpus.reading import Text, read_corpus
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.engines import ENGINES, OBJECTIVES, Trainer, load
from wordkin.engines.counts.file import CountsFile
from wordkin.engines.outcome import Trained
from wordkin.engines.run import Run
from wordkin.engines.settings import COUNTED, EngineSettings, Settings
from wordkin.engines.subsampling import threshold_of
from wordkin.system.errors import CorpusError, FormatError, SettingsError
from wordkin.system.progress import Progress
from wordkin.training.subwords import Ngrams, prior_of

FACTS = ("tokens", "lines", "invalid_utf8", "held_out_tokens")
"""The totals of the text that a file of counts has in its metadata."""
MORE_FACTS = ("piece", "parted")
"""More of them, 0 in files of older versions."""

S = TypeVar("S", bound=Settings)


@dataclasses.dataclass
class Source:
    """A text or counts, ready to train on, once.

    Attributes
    ----------
    corpus : Corpus
        The vocabulary and the totals of the text, without its ids.
    settings : EngineSettings
        With the threshold of subsampling that was chosen from the text. For a file of counts, with
        the settings that it was counted with.
    ngrams : Ngrams or None
        What the words share, if the prior of the engine is about it.
    """

    corpus: Corpus
    settings: EngineSettings
    ngrams: Ngrams | None
    _train: Callable[[Run], Trained] | None

    def train(self, run: Run) -> Trained:
        """Train with the engine that the settings name.

        The ids, which may be most of the memory in use, are freed as soon as it is done.
        """
        train, self._train = self._train, None
        assert train is not None, "a source is trained on once"
        return train(run)


def trainer_of(settings: Settings) -> Trainer:
    """Return the row of the trainer for the engine and the objective that the settings name.

    Raises
    ------
    SettingsError
        If the engine cannot train the objective.
    """
    trainers = OBJECTIVES[settings.objective].trainers
    if settings.engine not in trainers:
        raise SettingsError(
            f"the {settings.engine} engine cannot train {settings.objective}:"
            f" {' or '.join(trainers)} can"
        )
    return trainers[settings.engine]


def read_source(
    text: Text | CountsFile,
    settings: EngineSettings,
    progress: Progress,
    explicit: Collection[str] = (),
    limits: Limits | None = None,
) -> Source:
    """Return the source of a run: read a text, or take counts.

    Parameters
    ----------
    text : text or CountsFile
        As in `Word2Vec.fit`.
    settings : EngineSettings
    progress : Progress
        Shows the progress of reading.
    explicit : collection of str
        The names of the settings that the user chose. Counts must agree with them, and override
        the others.
    limits : Limits, optional
        Of the memory for reading.

    Raises
    ------
    CorpusError
        If the text has nothing to train on.
    SettingsError
        If counts have other settings, or the engine does not take counts.
    FormatError
        If counts have damaged metadata.
    OSError
        If the text cannot be read.
    """
    if isinstance(text, CountsFile):
        return _source_of_counts(text, settings, explicit)
    corpus = read_text(text, settings, progress, limits)
    settings = with_threshold(settings, corpus)
    ids, counts, held_out = corpus.ids, corpus.vocabulary.counts, corpus.held_out
    train = load(trainer_of(settings).code)
    nothing = np.empty(0, np.int32)
    ngrams, prior = prior_of(corpus.vocabulary.words, settings)
    more = {} if prior is None else {"prior": prior}  # only one engine has priors
    return Source(
        dataclasses.replace(corpus, ids=nothing, held_out=nothing),
        settings,
        ngrams,
        lambda run: train(ids, counts, settings, run, held_out, **more),
    )


def with_threshold(settings: S, corpus: Corpus) -> S:
    """Return the settings with the threshold of subsampling that "auto" means for this text."""
    threshold = threshold_of(settings, corpus.vocabulary.counts)
    return dataclasses.replace(settings, subsample=threshold)


def read_text(
    text: Text, settings: Settings, progress: Progress, limits: Limits | None = None
) -> Corpus:
    """Read a text, and check that it has something to train on.

    Raises
    ------
    CorpusError
        If the vocabulary has fewer than two words, or no line has two.
    OSError
        If the text cannot be read.
    """
    limits = limits or Limits()
    corpus = read_corpus(
        text,
        min_count=settings.min_count,
        max_vocab=settings.max_vocab,
        held_out=settings.held_out,
        window=settings.window,
        threads=settings.threads,
        memory=limits.memory,
        folder=limits.folder,
        progress=progress,
    )
    vocabulary = corpus.vocabulary
    if len(vocabulary) < 2:
        raise CorpusError(
            f"the vocabulary has one word, {vocabulary.words[0]!r:.80}, and training needs two:"
            " lower min_count, raise max_vocab, or give more text"
        )
    words = int(corpus.trained_counts.sum())
    line_ends = len(corpus.ids) - words  # one after each line that has a word
    if words == line_ends:
        raise CorpusError(
            f"no line has two words of the vocabulary, in {corpus.lines:,} lines: each line is a"
            " sentence, so put the words of a sentence on one line, or lower min_count"
        )
    return _with_lines_parted(corpus, settings)


def _with_lines_parted(corpus: Corpus, settings: Settings) -> Corpus:
    """Part lines that are too long for a window of the whole line, if they are few."""
    window = settings.window
    if window != "line" and window < LONGEST_LINE:
        return corpus
    lengths = line_lengths(corpus.ids)
    long = lengths[is_too_long(lengths, window)]
    if 2 * int(long.sum()) > int(lengths.sum()):
        raise CorpusError(
            f"the window {window} would pair each word with all {long.max():,} words of its line,"
            f" and most words of the text are in such lines, of more than {LONGEST_LINE:,} words."
            " Put each sentence on a line of its own, or set window to a number such as 5"
        )
    ids, parted = part_lines(corpus.ids, window)
    held_out, held_parted = part_lines(corpus.held_out, window)
    return dataclasses.replace(corpus, ids=ids, held_out=held_out, parted=parted + held_parted)


def _source_of_counts(
    file: CountsFile, settings: EngineSettings, explicit: Collection[str]
) -> Source:
    descend = ENGINES[settings.engine].descend
    if descend is None:
        takers = " or ".join(name for name, row in ENGINES.items() if row.descend)
        raise SettingsError(f"counts are for the {takers} engine, not for {settings.engine}")
    try:
        counted_with = {name: file.metadata[name] for name in COUNTED}
        counted_with["sides"] = file.counted.pairs.sides > 1
        facts = {name: file.metadata[name] for name in FACTS}
        facts |= {name: file.metadata.get(name, 0) for name in MORE_FACTS}
        found = file.metadata.get("corpus")
        fingerprint = found and Fingerprint(**found)
    except KeyError as error:
        raise FormatError(f"{file.path}: not a file of counts: {error} is missing") from None
    except TypeError:
        raise FormatError(f"{file.path}: the metadata is damaged: corpus {found!r:.80}") from None
    if not all(isinstance(fact, int) for fact in facts.values()):
        raise FormatError(f"{file.path}: the metadata is damaged: {[*facts.values()]}")
    for name, value in counted_with.items():
        if name in explicit and getattr(settings, name) not in (value, "auto"):
            raise SettingsError(
                f"{file.path}: counted with {name} {value}, but {name} is"
                f" {getattr(settings, name)}: leave out {name}, or count the text again"
            )
    settings = dataclasses.replace(settings, **counted_with)
    corpus = Corpus(
        Vocabulary(file.words, file.counts),
        np.empty(0, np.int32),
        fingerprint=fingerprint,
        held_out_counts=file.held_out_counts,
        **facts,
    )
    train = load(descend)
    ngrams, prior = prior_of(file.words, settings)
    counted, counts = file.counted, file.counts
    return Source(
        corpus, settings, ngrams, lambda run: train(counted, counts, settings, run, prior)
    )
