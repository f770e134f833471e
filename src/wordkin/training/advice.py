"""Notes about a run: settings without effect, settings that would serve the text better; a summary.

Settings, and what was learned with them, in; notes and records of the logger out.
"""

from __future__ import annotations

from collections.abc import Collection

from wordkin.corpus.encoded import Corpus
from wordkin.engines import ENGINES, OBJECTIVES
from wordkin.engines.settings import Settings
from wordkin.system.errors import TrainingWarning
from wordkin.system.machine import cores
from wordkin.system.notes import log, note
from wordkin.training.learned import Learned

SMALL_TEXT = 3_000_000
"""Words; docs/notes/speed-and-quality.md compares the engines on small texts."""


def note_threads(settings: Settings) -> None:
    """Note that there are more threads than cores."""
    if settings.threads > cores():
        note(f"{settings.threads} threads on {cores()} cores gain nothing", None)


def note_forgetting(learned: Learned, corpus: Corpus) -> None:
    """Warn that a model, trained already, is trained on another text from the beginning."""
    if learned.corpus is not None and learned.corpus == corpus.fingerprint:
        return
    before, now = learned.vectors, corpus.vocabulary.words
    lost = len(before) - sum(word in before for word in now)
    note(
        f"fit trains from the beginning: the model forgets what it learned, and has {len(now):,}"
        f" words in place of {len(before):,}, of which {lost:,} get no vector. To keep the model,"
        " save it first or fit a new one; to learn from both texts, give both to one fit",
        TrainingWarning,
    )


def note_effects(settings: Settings, learned: Learned, chosen: Collection[str]) -> None:
    """Note what a finished run shows about the settings.

    Parameters
    ----------
    settings : Settings
    learned : Learned
    chosen : collection of str
        The names of the settings that the user chose, which need no advice.
    """
    if settings.patience and all(done.held_out is None for done in learned.history):
        note("the text is too short to hold out lines, so patience had no effect", TrainingWarning)
    counting = [name for name in OBJECTIVES[settings.objective].trainers if not _rereads(name)]
    small = learned.account.tokens < SMALL_TEXT
    if counting and small and _rereads(settings.engine) and "engine" not in chosen:
        note(f"engine {counting[0]} learns more from a text this small", None)


def log_summary(settings: Settings, learned: Learned) -> None:
    """Log what a run has read, kept and learned."""
    account, units = learned.account, ENGINES[settings.engine].units(len(learned.history))
    log.info(f"read {account.tokens:,} words in {account.lines:,} lines")
    if account.invalid_utf8:
        log.info(f"{account.invalid_utf8:,} words are not UTF-8: kept as they are")
    log.info(f"kept {len(learned.vectors):,} different words")
    log.info(
        f"trained {settings.objective} in {len(learned.history):,} {units} by the {settings.engine}"
        f" engine: {account.words_per_second:,.0f} words/s, {account.reading:.1f} s of reading,"
        f" {account.counting:.1f} s of counting, {account.training:.1f} s of training"
    )


def _rereads(engine: str) -> bool:
    return ENGINES[engine].rereads
