"""A run that counts a text into a file, for training later."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack

from wordkin.corpus.reading import Text
from wordkin.engines.counts import counting
from wordkin.engines.counts.file import CountsFile, write_counts
from wordkin.engines.settings import (
    ExactSettings,
)
from wordkin.system.machine import version
from wordkin.system.progress import Progress
from wordkin.system.terminal import say as say_on_stderr
from wordkin.system.types import Say, StrPath
from wordkin.training.account import FACTS
from wordkin.training.session import Session
from wordkin.training.source import COUNTED, read_source


def count_to_file(
    text: Text,
    path: StrPath,
    settings: ExactSettings,
    *,
    memory: int | None = None,
    progress: bool | Progress | None = None,
    checkpoint: StrPath | None = None,
    every: float = 60.0,
    resume: bool = False,
    say: Say = say_on_stderr,
) -> CountsFile:
    """Count the pairs of a text, and write them for `Word2Vec.fit_counts`.

    Parameters
    ----------
    text
        As `Word2Vec.fit` takes it.
    path
        A file of any name, written whole or not at all.
    settings
        Window, subsampling, vocabulary, lines held out and threads are used.
    memory : int or None
        Bytes that counts may take in memory before they go to files; None: half of what there is.
    checkpoint, every, resume, say
        As in `Word2Vec.fit`.

    Raises
    ------
    CorpusError, OSError
        For a text that cannot be read or holds nothing to count, or a file that cannot be written.
    CheckpointError
        As in `Word2Vec.fit`.
    """
    with ExitStack() as stack:
        setup = Session(stack, progress, None, checkpoint, every, resume, say)
        corpus = read_source(text, settings, setup.progress)
        vocabulary = corpus.vocabulary
        run = setup.keeper(settings, vocabulary.words, corpus.fingerprint)
        stack.enter_context(run.stoppable())
        counted = counting.count_pairs(
            corpus.ids,
            vocabulary.counts,
            settings,
            held_out=corpus.held_out,
            memory=memory,
            run=run,
        )
        metadata = {
            "wordkin": version(),
            "corpus": corpus.fingerprint and dataclasses.asdict(corpus.fingerprint),
            **{name: getattr(corpus, name) for name in FACTS},
            **{name: getattr(settings, name) for name in COUNTED},
        }
        write_counts(
            path,
            words=vocabulary.words,
            counts=vocabulary.counts,
            counted=counted,
            metadata=metadata,
        )
        if setup.checkpoints is not None:
            setup.checkpoints.remove()
    return CountsFile(vocabulary.words, vocabulary.counts, counted, metadata)
