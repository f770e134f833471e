"""The run that `wordkin.training` gives to engines: progress, logs, checkpoints, early stopping.

Settings, vocabulary and the opened options of a run in; an engine reports to it and asks it when to
save a checkpoint and when to stop.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.engines import ENGINES, load
from wordkin.engines.outcome import Epoch, Pass
from wordkin.engines.run import Checkpoint, Matrices, Run, all_finite
from wordkin.engines.settings import Settings
from wordkin.system.errors import CheckpointError
from wordkin.system.progress import InTraining, Progress
from wordkin.system.types import Say
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.log import Log
from wordkin.training.moment import Callback, Moment
from wordkin.training.progress_log import log_record

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ManagedRun(Run):
    """A run that can be watched, logged, stopped and resumed.

    Parameters
    ----------
    progress : Progress
    settings : Settings
    words : sequence of str
        The vocabulary.
    identity : mapping
        Plain data that a checkpoint must share with the run to be resumed.
    checkpoints : Checkpoints or None
        Where to save checkpoints; already entered.
    every : float
        Seconds between two checkpoints.
    log : Log
    callback : function of a Moment, or None
        Called after each epoch or pass; True stops training.
    say : function of a str
        Receives messages about what does not end the run.

    Attributes
    ----------
    seconds_before : float
        Seconds of training before the checkpoint that the run resumed from.
    """

    def __init__(
        self,
        progress: Progress,
        settings: Settings,
        words: Sequence[str],
        identity: Mapping[str, Any],
        *,
        checkpoints: Checkpoints | None,
        every: float,
        log: Log,
        callback: Callback | None,
        say: Say,
    ) -> None:
        super().__init__(progress)
        self.saves_checkpoints = checkpoints is not None
        self._settings = settings
        self._engine = ENGINES[settings.engine]
        self._words = words
        self._identity = dict(identity)
        self._checkpoints = checkpoints
        self._every = every
        self._log = log
        self._callback = callback
        self._say = say
        self.seconds_before = 0.0
        self._last_save = time.monotonic()
        self._counts_complete = True  # no part of the counts failed to be saved
        self._reported_origins: list[Any] = []
        self._signal: int | None = None  # received, to be raised after the next checkpoint
        self._number = 0  # of epochs or passes
        self._held_out_losses: list[float] = []

    @property
    def origin(self) -> Mapping[str, str]:
        """The program and machine that train; after a resume also earlier ones that differ."""
        return dict(self._identity["origin"])

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Delay Ctrl-C or the signal to terminate until a checkpoint is saved; the first one only.

        A second signal takes effect at once.
        """
        if not self.saves_checkpoints or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) or signal.SIG_DFL for number in _SIGNALS}

        def restore_handlers() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        def delay(number: int, _: Any) -> None:
            self._signal = number
            restore_handlers()
            self._say("Stopping after the next checkpoint. Press Ctrl-C again to stop now.")

        for number in _SIGNALS:
            signal.signal(number, delay)
        try:
            yield
        finally:
            restore_handlers()
        if self._signal is not None:  # the run ended before the next checkpoint
            signal.raise_signal(self._signal)

    def load_checkpoint(self) -> Checkpoint | None:
        """Return the newest intact checkpoint.

        Raises
        ------
        CheckpointError
            If it has other settings or another corpus.
        """
        state = self._checkpoints.latest() if self._checkpoints else None
        if state is None:
            return None
        self._require_same_run(state.metadata)
        facts = state.metadata["facts"]
        record = load(self._engine.record)
        for done in facts["history"]:
            self._add_to_history(record(**done), resumed=True)
        in_epoch = facts.get("tally", {}).get("seconds", 0.0)
        self.seconds_before = in_epoch + sum(done["seconds"] for done in facts["history"])
        self._say(f"resuming from the checkpoint after {self._position(facts)}")
        return Checkpoint(state.tensors, facts)

    def _position(self, facts: dict[str, Any]) -> str:
        unit = self._engine.unit
        number = len(facts["history"])
        words = sum(facts.get("tally", {}).get(name, 0) for name in ("trained", "subsampled"))
        more = f" and {words:,} words" if words else ""
        return f"{unit} {number}{more}" if number or not words else f"{words:,} words"

    def checkpoint_due(self) -> bool:
        """Whether enough time has passed since the last checkpoint, or a signal was received."""
        late = time.monotonic() - self._last_save >= self._every
        return self.saves_checkpoints and (late or self._signal is not None)

    def save_checkpoint(
        self, tensors: Mapping[str, npt.NDArray[Any]], facts: dict[str, Any]
    ) -> None:
        """Save a checkpoint; if it cannot be written, report that and continue."""
        checkpoints = self._checkpoints
        assert checkpoints is not None
        if all_finite(*(t for t in tensors.values() if np.issubdtype(t.dtype, np.floating))):
            self._try(lambda: checkpoints.save(tensors, {**self._identity, "facts": facts}))

    def load_counts(self) -> Iterator[Checkpoint]:
        """Yield the intact parts of the counts that were saved.

        Raises
        ------
        CheckpointError
            If they have other settings or another corpus.
        """
        if self._checkpoints is None:
            return
        rows = 0
        for part in self._checkpoints.parts():
            self._require_same_run(part.metadata)
            rows += len(part.tensors["lengths"])
            yield Checkpoint(part.tensors, {})
        if rows:
            self._say(f"resuming with the saved counts of {rows:,} rows")

    def save_counts(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        """Save the next part of the counts, unless an earlier part could not be written."""
        checkpoints = self._checkpoints
        assert checkpoints is not None
        if self._counts_complete:
            self._counts_complete = self._try(lambda: checkpoints.append(tensors, self._identity))

    def _try(self, write: Callable[[], None]) -> bool:
        """Write, and raise a delayed signal; return whether writing succeeded."""
        try:
            write()
        except OSError as error:
            self._say(f"no checkpoint was saved, and the run continues: {error}")
            return False
        finally:
            self._last_save = time.monotonic()
            if self._signal is not None:
                number, self._signal = self._signal, None
                signal.raise_signal(number)
        return True

    def _require_same_run(self, metadata: Mapping[str, Any]) -> None:
        """Raise a CheckpointError that names the difference if another run saved the checkpoint."""
        assert self._checkpoints is not None
        for group in self._identity:
            saved, current = metadata.get(group) or {}, self._identity[group] or {}
            if group == "origin":
                self._compare_origins(saved, current)
                continue
            for name in {**current, **saved}:
                was, now = saved.get(name), current.get(name)
                if was != now:
                    what = name if group == "settings" else f"the {group} ({name})"
                    raise CheckpointError(
                        f"{self._checkpoints.folder}: {what} has changed: it is {_shown(was)} in"
                        f" the checkpoint and {_shown(now)} in this run; remove the folder to"
                        " start over"
                    )

    def _compare_origins(self, saved: Mapping[str, Any], current: Mapping[str, Any]) -> None:
        """Report once that another version or machine saved the checkpoint, and note both."""
        if saved == current or saved in self._reported_origins:
            return
        self._reported_origins.append(saved)
        self._say(
            f"note: the checkpoint was saved by {_described(saved)}, this is"
            f" {_described(current)}: the bytes may differ from those of an uninterrupted run"
        )
        self._identity["origin"] = {
            name: value if saved.get(name) == value else f"{saved.get(name)}, then {value}"
            for name, value in current.items()
        }

    def expose(
        self,
        matrices: Callable[[], Matrices],
        rows: npt.NDArray[np.intp] | None = None,
        share: float | None = None,
    ) -> None:
        """Pass access to the matrices on to the progress display."""
        self.progress.watch(InTraining(self._words, matrices, rows, share))

    def report(self, done: Any, matrices: Callable[[], Matrices]) -> bool:
        """Log the record; return whether patience or the callback stops training."""
        self._add_to_history(done)
        patience, losses = self._settings.patience, self._held_out_losses
        if patience is not None and losses:
            since = len(losses) - 1 - losses.index(min(losses))
            if since >= patience:
                self._say(
                    "stopping early: the loss on the held-out lines has not fallen for"
                    f" {since} {self._engine.units(since)}"
                )
                return True
        if self._callback is None:
            return False
        return bool(self._callback(Moment(self._number, done, self._words, matrices)))

    def _add_to_history(self, done: Epoch | Pass, resumed: bool = False) -> None:
        self._number += 1
        self._log.add(self._engine.unit, self._number, done, resumed)
        if not resumed:
            log_record(self._settings, self._number, done)
        self.progress.passed(self._number, done)
        if done.held_out is not None:
            self._held_out_losses.append(done.held_out)


def _shown(value: Any) -> Any:
    return "not set" if value is None else value


def _described(origin: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in origin.items())
