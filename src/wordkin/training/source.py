"""What a run trains on: a text, or the counts of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection

import numpy as np

from wordkin.corpus.encoded import Corpus, Fingerprint
from wordkin.corpus.reading import Text, read_corpus
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.engines import ENGINES, OBJECTIVES, Trainer, load
from wordkin.engines.counts.file import CountsFile
from wordkin.engines.outcome import Trained
from wordkin.engines.run import Run
from wordkin.engines.settings import COUNTED, EngineSettings, Settings
from wordkin.system.errors import CorpusError, FormatError, SettingsError
from wordkin.system.progress import Progress

FACTS = ("tokens", "lines", "invalid_utf8", "held_out_tokens")
"""What a file of counts keeps of its text."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Something to train on.

    Attributes
    ----------
    corpus : Corpus
        The vocabulary and the totals of the text; without its ids where it was counted before.
    settings : EngineSettings
        With what the counts were made with.
    train : function of a Run
        Lets the engine train.
    """

    corpus: Corpus
    settings: EngineSettings
    train: Callable[[Run], Trained]


def trainer_of(settings: Settings) -> Trainer:
    """Return what trains an objective in an engine.

    Raises
    ------
    SettingsError
        If the engine cannot.
    """
    trainers = OBJECTIVES[settings.objective].trainers
    if settings.engine not in trainers:
        raise SettingsError(
            f"the {settings.engine} engine cannot train {settings.objective}:"
            f" {' or '.join(trainers)} can"
        )
    return trainers[settings.engine]


def read_source(
    given: Text | CountsFile,
    settings: EngineSettings,
    progress: Progress,
    explicit: Collection[str] = (),
) -> Source:
    """Read a text, or take counts.

    Parameters
    ----------
    given
        A text, or a file of counts.
    settings
    progress
        Shows how far reading is.
    explicit
        The names of the settings that somebody chose; counts may not have been made with others.

    Raises
    ------
    CorpusError, OSError
        For a text that cannot be read or holds nothing to train on.
    SettingsError
        For counts made with other settings, or an engine that does not take them.
    FormatError
        For counts with damaged metadata.
    """
    if isinstance(given, CountsFile):
        return _counted(given, settings, explicit)
    corpus = read_text(given, settings, progress)
    ids, counts, held_out = corpus.ids, corpus.vocabulary.counts, corpus.held_out
    train = load(trainer_of(settings).code)
    return Source(corpus, settings, lambda run: train(ids, counts, settings, run, held_out))


def read_text(text: Text, settings: Settings, progress: Progress) -> Corpus:
    """Read a text, and refuse one that has nothing to learn from before an engine starts."""
    corpus = read_corpus(
        text,
        min_count=settings.min_count,
        max_vocab=settings.max_vocab,
        held_out=settings.held_out,
        progress=progress,
    )
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
    return corpus


def _counted(file: CountsFile, settings: EngineSettings, explicit: Collection[str]) -> Source:
    descend = ENGINES[settings.engine].descend
    if descend is None:
        takers = " or ".join(name for name, row in ENGINES.items() if row.descend)
        raise SettingsError(f"counts are for the {takers} engine, not for {settings.engine}")
    try:
        made = {name: file.metadata[name] for name in COUNTED}
        facts = {name: file.metadata[name] for name in FACTS}
        found = file.metadata.get("corpus")
        fingerprint = found and Fingerprint(**found)
    except KeyError as error:
        raise FormatError(f"{file.path}: no counts of this program: {error} is missing") from None
    except TypeError:
        raise FormatError(f"{file.path}: the metadata are damaged: corpus {found!r:.80}") from None
    if not all(isinstance(fact, int) for fact in facts.values()):
        raise FormatError(f"{file.path}: the metadata are damaged: {[*facts.values()]}")
    for name, value in made.items():
        if name in explicit and getattr(settings, name) != value:
            asked = getattr(settings, name)
            raise SettingsError(f"{file.path}: counted with {name} {value}, asked for {asked}")
    settings = dataclasses.replace(settings, **made)
    corpus = Corpus(
        Vocabulary(file.words, file.counts),
        np.empty(0, np.int32),
        fingerprint=fingerprint,
        **facts,
    )
    train = load(descend)
    return Source(corpus, settings, lambda run: train(file.counted, file.counts, settings, run))
