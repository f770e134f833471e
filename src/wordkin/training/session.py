"""The session of a run: opens what `RunOptions` name, and makes the run that an engine receives.

`RunOptions` in; an open progress display, checkpoints and log, and a `ManagedRun`, out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import ExitStack
from numbers import Integral, Real
from types import TracebackType
from typing import Any

import numpy as np

from wordkin.corpus.encoded import Fingerprint
from wordkin.corpus.ids_on_disk import Limits
from wordkin.engines.settings import Settings, declared
from wordkin.system.errors import CheckpointError, SettingsError
from wordkin.system.files import require_path
from wordkin.system.foreign_names import RUN_OPTIONS, SETTINGS, did_you_mean
from wordkin.system.notes import log
from wordkin.system.progress import Progress
from wordkin.system.terminal import say as say_on_stderr
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.learned import Origin
from wordkin.training.log import Log
from wordkin.training.managed_run import ManagedRun
from wordkin.training.progress_bar import progress_for
from wordkin.training.progress_log import logged
from wordkin.training.run_options import RunOptions


class Session:
    """A context manager that opens and closes what `RunOptions` name.

    Raises
    ------
    TypeError
        For an option that does not exist.
    SettingsError
        For `resume` without `checkpoint`.
    CheckpointError
        For a folder that another run uses, or that has a checkpoint and `resume` is off.
    """

    def __init__(self, options: RunOptions) -> None:
        for name in options.keys() - RunOptions.__annotations__.keys():
            known = ", ".join(RunOptions.__annotations__)
            hint = did_you_mean(name, RUN_OPTIONS, RunOptions.__annotations__)
            theirs = name not in RUN_OPTIONS and name in SETTINGS
            if theirs or name in (field.name for field, _ in declared()):
                ours = SETTINGS.get(name, name)
                hint = ours if ours.endswith(".") else f"it is a setting: Word2Vec({ours}=…)"
            listed = f"no such option: {name}; the options of a run are: {known}"
            raise TypeError(f"{listed}: {hint}" if hint else listed)
        _check(options)
        self._options = options
        say = options.get("say") or say_on_stderr

        def say_and_log(message: str) -> None:
            log.info("%s", message)
            say(message)

        self.say = say_and_log
        self.checkpoints: Checkpoints | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Session:
        with self._stack as stack:  # closes the others if one cannot be opened
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
                say(f"{folder}: no checkpoint to resume from: starting from the beginning")
            if not resume and not self.checkpoints.empty:
                raise CheckpointError(
                    f"{folder}: has the checkpoint of an interrupted run: resume it (--resume), or"
                    " remove the folder to start over"
                )
        elif resume:
            raise SettingsError("resume needs the folder of the checkpoints: set checkpoint")
        option = options.get("progress")
        progress = option if isinstance(option, Progress) else progress_for(option)
        self.progress = stack.enter_context(logged(progress))
        self._log = Log(options.get("history"), options.get("tensorboard"), say)
        stack.callback(self._log.close)

    @property
    def limits(self) -> Limits:
        """The memory that the run may take, and the folder for what is more."""
        return Limits(self._options.get("memory"), self._options.get("scratch"))

    def run(
        self, settings: Settings, words: Sequence[str], corpus: Fingerprint | None
    ) -> ManagedRun:
        """Return the run for an engine; from here on, the first Ctrl-C waits for a checkpoint."""
        run = ManagedRun(
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
        run.memory, run.scratch = self.limits
        self._stack.enter_context(run.stoppable())
        return run


def _check(options: RunOptions) -> None:
    """Raise TypeError or SettingsError for a value that an option cannot have."""
    for name in ("checkpoint", "history", "tensorboard", "scratch"):
        if options.get(name) is not None:
            require_path(options[name], name)
    for name in ("callback", "say"):
        if not callable(function := options.get(name) or print):
            raise TypeError(f"{name} must be a function, got {type(function).__name__}")
    memory = options.get("memory")
    if memory is not None and (not isinstance(memory, Integral) or memory < 1):
        raise SettingsError(f"memory must be a number of bytes, at least 1, got {memory!r}")
    progress, every = options.get("progress"), options.get("every", 60.0)
    if not isinstance(progress, bool | np.bool_ | Progress | None):
        raise TypeError(
            f"progress must be True, False, None or a Progress, got {type(progress).__name__}"
        )
    if not isinstance(every, Real) or not every >= 0:
        raise SettingsError(f"every must be a number of seconds, got {every!r}")


def _identity(settings: Settings, corpus: Fingerprint | None) -> dict[str, Any]:
    """Return what must be the same for a run to be resumed."""
    values = settings.as_dict()
    del values["threads"]
    return {
        "settings": values,
        "corpus": corpus and dataclasses.asdict(corpus),
        "origin": dataclasses.asdict(Origin.here()),
    }
