"""The history of a run as JSON lines and as TensorBoard events."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import IO, Any

from wordkin.system.errors import WordkinError
from wordkin.system.types import Say


class Log:
    """The history of a run as JSON lines, and as events for TensorBoard.

    What cannot be written is said once, and training goes on.

    Parameters
    ----------
    path : path or None
        A file with an object a line, written anew.
    tensorboard : path or None
        A folder for event files; needs the package `tensorboard`.
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
                    "TensorBoard events need its package: pip install 'wordkin[tensorboard]'"
                ) from None
            self._writer = Writer(os.fspath(tensorboard))
        if path is not None:
            self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115

    def add(self, unit: str, number: int, done: Any, again: bool = False) -> None:
        """Write the account of a unit; one of an earlier run (`again`) is an event already."""
        facts = dataclasses.asdict(done)
        try:
            if self._file is not None:
                self._file.write(json.dumps({unit: number} | facts) + "\n")
                self._file.flush()
            if self._writer is not None and not again:
                for name, value in facts.items():
                    if value is not None:
                        self._writer.add_scalar(name, value, number)
                self._writer.flush()
        except OSError as error:
            self._say(f"the history is no longer written: {error}")
            self.close()

    def close(self) -> None:
        """Close the files."""
        for file in (self._file, self._writer):
            if file is not None:
                try:
                    file.close()
                except OSError as error:
                    self._say(f"the history is not whole: {error}")
        self._file = self._writer = None
