"""What a run is given from outside, opened: progress, checkpoints, logs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from wordkin.corpus.encoded import Fingerprint
from wordkin.engines.settings import EngineSettings
from wordkin.system.errors import (
    CheckpointError,
    SettingsError,
)
from wordkin.system.progress import Progress
from wordkin.system.types import Say, StrPath
from wordkin.training.bar import progress_for
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.keeper import Keeper
from wordkin.training.learned import Origin
from wordkin.training.log import Log
from wordkin.training.moment import Callback


class Session:
    """What a run is given from outside, opened; and the run that is made of it."""

    def __init__(
        self,
        stack: ExitStack,
        progress: bool | Progress | None,
        callback: Callback | None,
        folder: StrPath | None,
        every: float,
        resume: bool,
        say: Say,
    ) -> None:
        self._stack, self._callback, self._every, self._say = stack, callback, every, say
        self._log = Log(None, None, say)
        self.checkpoints = None
        if folder is not None:
            self.checkpoints = stack.enter_context(Checkpoints(folder, say))
            if resume and self.checkpoints.empty:
                say(f"{folder}: there is nothing to resume: training begins")
            if not resume and not self.checkpoints.empty:
                raise CheckpointError(
                    f"{folder}: there is the state of an interrupted run: resume it (--resume), or"
                    " remove the folder to begin anew"
                )
        elif resume:
            raise SettingsError("to resume takes the folder of the states: checkpoint")
        self.progress = stack.enter_context(progress_of(progress))

    def open_log(self, history: StrPath | None, tensorboard: StrPath | None) -> None:
        """Open the files that the history goes to."""
        self._log = Log(history, tensorboard, self._say)
        self._stack.callback(self._log.close)

    def keeper(
        self, settings: EngineSettings, words: Sequence[str], corpus: Fingerprint | None
    ) -> Keeper:
        """Return the run for an engine."""
        return Keeper(
            self.progress,
            settings,
            words,
            identity_of(settings, corpus),
            checkpoints=self.checkpoints,
            every=self._every,
            log=self._log,
            callback=self._callback,
            say=self._say,
        )


def progress_of(wanted: bool | Progress | None) -> Progress:
    """Return what shows progress: a bar, nothing, or what was given."""
    return wanted if isinstance(wanted, Progress) else progress_for(wanted)


def identity_of(settings: EngineSettings, corpus: Fingerprint | None) -> dict[str, Any]:
    """Return what has to be the same for a run to be gone on with."""
    told = settings.as_dict()
    del told["threads"]
    return {
        "settings": told,
        "corpus": corpus and dataclasses.asdict(corpus),
        "origin": dataclasses.asdict(Origin.here()),
    }
