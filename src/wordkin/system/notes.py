"""Notes: what a user should know, and what does not end the work; and the `wordkin` logger.

In: a message, from wherever it is known. Out: the same message at four places. The `wordkin` logger
records it, the account of the run keeps it, the command line prints it, and Python code that calls
wordkin gets a warning where something that was given is lost or without effect.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from wordkin.system.errors import WordkinWarning

log = logging.getLogger("wordkin")
"""Notes at the level WARNING, summaries at INFO, progress at DEBUG; quiet unless configured."""

log.addHandler(logging.NullHandler())

Printer: TypeAlias = Callable[[str], None]

_printer: ContextVar[tuple[Printer, bool] | None] = ContextVar("printer", default=None)
_collections: ContextVar[tuple[list[str], ...]] = ContextVar("collections", default=())


def note(message: str, category: type[WordkinWarning] | None = WordkinWarning) -> None:
    """Tell the user something that does not end the work.

    Parameters
    ----------
    message : str
        One sentence in plain English, without "note:" before it.
    category : class of a WordkinWarning, or None
        The class of the Python warning. None for mere advice, which is no reason for a warning.
    """
    log.warning("%s", message)
    for collection in _collections.get():
        collection.append(message)
    printer = _printer.get()
    if printer is not None:
        show, advice = printer
        if advice or category is not None:
            show(message)
    elif category is not None:
        warnings.warn(message, category, stacklevel=_levels_inside())


@contextmanager
def printed(printer: Printer, *, advice: bool = True) -> Iterator[None]:
    """Give each different note inside the block to `printer`, in place of a Python warning.

    Without `advice`, only those that would be warnings.
    """
    seen: set[str] = set()

    def print_once(message: str) -> None:
        if message not in seen:
            seen.add(message)
            printer(message)

    before = _printer.set((print_once, advice))
    try:
        yield
    finally:
        _printer.reset(before)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Yield a list that receives each note inside the block, besides where it goes anyway."""
    found: list[str] = []
    before = _collections.set((*_collections.get(), found))
    try:
        yield found
    finally:
        _collections.reset(before)


def _levels_inside() -> int:
    """Return the `stacklevel` that blames the line outside of wordkin, as seen from `note`."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    return level


def _is_ours(module: str) -> bool:
    return module == "wordkin" or module.startswith("wordkin.")
