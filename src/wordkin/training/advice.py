"""Notes about a run: settings without effect, and settings that would serve the text better.

Settings, and what was learned with them, in; notes out.
"""

from __future__ import annotations

from collections.abc import Collection

from wordkin.corpus.encoded import Corpus
from wordkin.engines import ENGINES, OBJECTIVES
from wordkin.engines.settings import Settings
from wordkin.system.errors import TrainingWarning
from wordkin.system.machine import cores
from wordkin.system.notes import note
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


def _rereads(engine: str) -> bool:
    return ENGINES[engine].rereads
