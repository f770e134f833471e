"""The log of a run: the history as JSON lines and as TensorBoard events.

The record of each epoch or pass in; lines of a file, and events in a folder, out.
"""

from __future__ import annotations

import json
import os
from typing import IO, Any

from wordkin.engines.outcome import as_plain
from wordkin.system.errors import WordkinError
from wordkin.system.types import Say


class Log:
    """The log of a run, written as it proceeds.

    If writing fails, the log reports it once and closes, and training continues.

    Parameters
    ----------
    path : path or None
        A file for one JSON object per line; an existing one is replaced.
    tensorboard : path or None
        A folder for TensorBoard events; needs the package tensorboard.
    say : function of a str
        Receives error messages.

    Raises
    ------
    WordkinError
        If the package tensorboard is missing.
    OSError
        If the file cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        tensorboard: str | os.PathLike[str] | None,
        say: Say,
    ) -> None:
        self._say = say
        self._file: IO[str] | None = None
        self._writer: Any = None
        if tensorboard is not None:
            try:
                from tensorboard.summary import Writer
            except ImportError:
                raise WordkinError(
                    "TensorBoard events need tensorboard: pip install 'wordkin[tensorboard]'"
                ) from None
            self._writer = Writer(os.fspath(tensorboard))
        if path is not None:
            self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115

    def add(self, unit: str, number: int, done: Any, resumed: bool = False) -> None:
        """Write a record; one from before a resume (`resumed`) has its events already."""
        facts = as_plain(done)
        try:
            if self._file is not None:
                self._file.write(json.dumps({unit: number} | facts) + "\n")
                self._file.flush()
            if self._writer is not None and not resumed:
                for name, value in facts.items():
                    if value is not None:
                        self._writer.add_scalar(name, value, number)
                self._writer.flush()
        except OSError as error:
            self._say(f"the history is no longer written, and training continues: {error}")
            self.close()

    def close(self) -> None:
        """Close the files."""
        for file in (self._file, self._writer):
            if file is not None:
                try:
                    file.close()
                except OSError as error:
                    self._say(f"the history is incomplete: {error}")
        self._file = self._writer = None
