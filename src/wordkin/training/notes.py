"""What a text makes a run do that its reader may not expect, in one note each.

A corpus and settings in, notes out.
"""

from __future__ import annotations

from wordkin.corpus.encoded import Corpus
from wordkin.corpus.pieces import LONGEST_LINE
from wordkin.engines.settings import Settings
from wordkin.system.errors import CorpusWarning
from wordkin.system.notes import note
from wordkin.system.wording import quantity


def note_text(corpus: Corpus, settings: Settings) -> None:
    """Note what is done with a text, before training on it."""
    if corpus.parted:
        note(
            f"{quantity(corpus.parted, 'line')} longer than {LONGEST_LINE:,} words parted, because"
            f" the window {settings.window} would pair all of their words",
            CorpusWarning,
        )
    if corpus.piece:
        note(
            f"the text has {quantity(corpus.lines, 'line')}, too few to hold out: pieces of"
            f" {corpus.piece} words are held out instead",
            None,
        )
    if alone := corpus.only_held_out:
        note(
            f"{quantity(alone, 'word')} of the vocabulary occur in held-out lines alone: they have"
            " a vector, but nothing trains it; set held_out to 0 to train on all lines",
            None,
        )
