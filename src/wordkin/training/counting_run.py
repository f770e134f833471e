"""Counting runs: a text in, a file of counts out, for training later."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

from wordkin.corpus.ids_on_disk import Limits, least_memory
from wordkin.corpus.reading import Text
from wordkin.engines.counts import counting
from wordkin.engines.counts.file import CountsFile, write_counts
from wordkin.engines.settings import COUNTED, ExactSettings
from wordkin.system.machine import version
from wordkin.system.notes import log
from wordkin.system.types import StrPath
from wordkin.training.advice import note_threads
from wordkin.training.notes import note_text
from wordkin.training.run_options import RunOptions
from wordkin.training.session import Session
from wordkin.training.source import FACTS, MORE_FACTS, read_text, with_threshold

if TYPE_CHECKING:
    from typing_extensions import Unpack


def count_to_file(
    text: Text,
    path: StrPath,
    settings: ExactSettings,
    **options: Unpack[RunOptions],
) -> CountsFile:
    """Count the pairs of a text, and write a file of counts for `Word2Vec.fit_counts`.

    Parameters
    ----------
    text
        As in `Word2Vec.fit`.
    path
        The file to write, of any name. An existing file is replaced only when counting is done.
    settings
        Uses window, subsample, min_count, max_vocab, held_out, sides, threads and precision.
    **options
        As in `RunOptions`; `memory` is what the counts may take, by default half of what is
        available.

    Returns
    -------
    CountsFile

    Raises
    ------
    CorpusError
        If the text has nothing to count.
    CheckpointError
        As in `Word2Vec.fit`.
    OSError
        If the text cannot be read, or the file cannot be written.
    """
    note_threads(settings)
    with Session(options) as session:
        memory, folder = session.limits
        # However little the counts may take, a text is read in less than its words take.
        least = None if memory is None else max(memory, least_memory(settings.threads))
        corpus = read_text(text, settings, session.progress, Limits(least, folder))
        settings, vocabulary = with_threshold(settings, corpus), corpus.vocabulary
        note_text(corpus, settings)
        counted = counting.count_pairs(
            corpus.ids,
            vocabulary.counts,
            settings,
            held_out=corpus.held_out,
            memory=memory,
            run=session.run(settings, vocabulary.words, corpus.fingerprint),
        )
        metadata = {
            "wordkin": version(),
            "corpus": corpus.fingerprint and dataclasses.asdict(corpus.fingerprint),
            **{name: getattr(corpus, name) for name in (*FACTS, *MORE_FACTS)},
            **{name: getattr(settings, name) for name in COUNTED},
        }
        write_counts(
            path,
            words=vocabulary.words,
            counts=vocabulary.counts,
            counted=counted,
            held_out_counts=corpus.held_out_counts,
            metadata=metadata,
        )
        log.info("saved the counts of %s words: %s", f"{len(vocabulary):,}", os.fspath(path))
        if session.checkpoints is not None:
            session.checkpoints.remove()
    return CountsFile(
        vocabulary.words,
        vocabulary.counts,
        counted,
        metadata,
        path,
        corpus.held_out_counts,
    )
