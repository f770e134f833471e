"""The options of a run, opened: progress, checkpoints, logs; and the run that is made of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from wordkin.corpus.encoded import Fingerprint
from wordkin.engines.settings import Settings
from wordkin.system.errors import CheckpointError, SettingsError
from wordkin.system.progress import Progress
from wordkin.system.terminal import say as say_on_stderr
from wordkin.training.bar import progress_for
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.keeper import Keeper
from wordkin.training.learned import Origin
from wordkin.training.log import Log
from wordkin.training.options import RunOptions


class Session:
    """What `RunOptions` name, open from `with` to the end of it.

    Raises
    ------
    SettingsError
        For an option that does not exist, or `resume` without a folder.
    CheckpointError
        For a folder in use, or with a state in it that is not to be gone on from.
    """

    def __init__(self, options: RunOptions) -> None:
        for name in options.keys() - RunOptions.__annotations__.keys():
            known = ", ".join(RunOptions.__annotations__)
            raise TypeError(f"no such option of a run: {name}; there are: {known}")
        self._options = options
        self.say = options.get("say") or say_on_stderr
        self.checkpoints: Checkpoints | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Session:
        with self._stack as stack:  # closed if one of them cannot be opened
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def _open(self, stack: ExitStack) -> None:
        options, say = self._options, self.say
        folder, resume = options.get("checkpoint"), options.get("resume", False)
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
        wanted = options.get("progress")
        shown = wanted if isinstance(wanted, Progress) else progress_for(wanted)
        self.progress = stack.enter_context(shown)
        self._log = Log(options.get("history"), options.get("tensorboard"), say)
        stack.callback(self._log.close)

    def run(self, settings: Settings, words: Sequence[str], corpus: Fingerprint | None) -> Keeper:
        """Return the run for an engine; the first Ctrl-C waits for a state from here on."""
        run = Keeper(
            self.progress,
            settings,
            words,
            _identity(settings, corpus),
            checkpoints=self.checkpoints,
            every=self._options.get("every", 60.0),
            log=self._log,
            callback=self._options.get("callback"),
            say=self.say,
        )
        self._stack.enter_context(run.stoppable())
        return run


def _identity(settings: Settings, corpus: Fingerprint | None) -> dict[str, Any]:
    """Return what has to be the same for a run to be gone on with."""
    told = settings.as_dict()
    del told["threads"]
    return {
        "settings": told,
        "corpus": corpus and dataclasses.asdict(corpus),
        "origin": dataclasses.asdict(Origin.here()),
    }
