"""The run that an engine is given: it shows progress, logs, keeps states, and may stop."""

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
from wordkin.engines.run import Kept, Matrices, Run, finite
from wordkin.engines.settings import Settings
from wordkin.system.errors import CheckpointError
from wordkin.system.progress import InTraining, Progress
from wordkin.system.types import Say
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.log import Log
from wordkin.training.moment import Callback, Moment

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Keeper(Run):
    """A run that can be gone on with, looked at and stopped.

    Parameters
    ----------
    progress : Progress
    settings : Settings
    words : sequence of str
        The vocabulary.
    identity : mapping
        What has to be the same for a state to be gone on from: plain data.
    checkpoints : Checkpoints or None
        Where states are kept; entered.
    every : float
        Seconds between two of them.
    log : Log
    callback : function of a Moment, or None
        Where it returns True, training ends.
    say : function of a str
        Told of what did not work and does not end training.

    Attributes
    ----------
    spent : float
        Seconds of training that are in the state that is gone on from.
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
        self.keeps = checkpoints is not None
        self._settings = settings
        self._engine = ENGINES[settings.engine]
        self._words = words
        self._identity = dict(identity)
        self._checkpoints = checkpoints
        self._every = every
        self._log = log
        self._callback = callback
        self._say = say
        self.spent = 0.0
        self._kept_at = time.monotonic()
        self._counts_are_whole = True  # those that were kept, up to the last one
        self._origins: list[Any] = []  # other ones, of which was told
        self._signal: int | None = None  # that asked to stop
        self._number = 0
        self._unseen: list[float] = []  # the losses of the lines held out

    def begin_from(self) -> Kept | None:
        """Give the newest intact state, if it is of this run."""
        state = self._checkpoints.latest() if self._checkpoints else None
        if state is None:
            return None
        self._require_same(state.metadata)
        facts = state.metadata["facts"]
        account = load(self._engine.record)
        for done in facts["history"]:
            self._hear(account(**done), again=True)
        begun = facts.get("tally", {}).get("seconds", 0.0)
        self.spent = begun + sum(done["seconds"] for done in facts["history"])
        self._say(f"going on from a state kept after {self._where(facts)}")
        return Kept(state.tensors, facts)

    def _where(self, facts: dict[str, Any]) -> str:
        what = self._engine.unit
        number = len(facts["history"])
        words = sum(facts.get("tally", {}).get(name, 0) for name in ("trained", "subsampled"))
        more = f" and {words:,} words" if words else ""
        return f"{what} {number}{more}" if number or not words else f"{words:,} words"

    @property
    def origin(self) -> Mapping[str, str]:
        """What trains: after a resume, also what trained before, if that was something else."""
        return dict(self._identity["origin"])

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Let Ctrl-C, or the signal to terminate, wait until a state is kept; a second one not."""
        if not self.keeps or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) or signal.SIG_DFL for number in _SIGNALS}

        def hear(number: int, _: Any) -> None:
            self._signal = number
            for each, handler in before.items():
                signal.signal(each, handler)
            self._say("stopping when a state is kept; once more, and it stops at once")

        for number in _SIGNALS:
            signal.signal(number, hear)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._signal is not None:  # it was over before a state was due
            signal.raise_signal(self._signal)

    def due(self) -> bool:
        """Whether the time since the last state is up, or the run is to stop."""
        late = time.monotonic() - self._kept_at >= self._every
        return self.keeps and (late or self._signal is not None)

    def keep(self, tensors: Mapping[str, npt.NDArray[Any]], facts: dict[str, Any]) -> None:
        """Keep a state; where it cannot be written, say so and let training go on."""
        assert self._checkpoints is not None
        if finite(*(t for t in tensors.values() if np.issubdtype(t.dtype, np.floating))):
            self._try(lambda: self._save(tensors, facts))

    def _save(self, tensors: Mapping[str, npt.NDArray[Any]], facts: dict[str, Any]) -> None:
        assert self._checkpoints is not None
        self._checkpoints.save(tensors, {**self._identity, "facts": facts})

    def counted(self) -> Iterator[Kept]:
        """Give the pieces of the counts that are intact, if they are of this run."""
        if self._checkpoints is None:
            return
        rows = 0
        for part in self._checkpoints.parts():
            self._require_same(part.metadata)
            rows += len(part.tensors["lengths"])
            yield Kept(part.tensors, {})
        if rows:
            self._say(f"going on with the counts of {rows:,} words that were kept")

    def keep_counted(self, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep a piece of the counts, likewise; none after one that could not be written."""
        checkpoints = self._checkpoints
        assert checkpoints is not None
        if self._counts_are_whole:
            self._counts_are_whole = self._try(lambda: checkpoints.append(tensors, self._identity))

    def _try(self, write: Callable[[], None]) -> bool:
        """Write; return whether that was possible."""
        try:
            write()
        except OSError as error:
            self._say(f"no state was kept, and the run goes on: {error}")
            return False
        finally:
            self._kept_at = time.monotonic()
            if self._signal is not None:
                number, self._signal = self._signal, None
                signal.raise_signal(number)
        return True

    def _require_same(self, metadata: Mapping[str, Any]) -> None:
        """Refuse a state of other settings or another corpus, naming what differs."""
        assert self._checkpoints is not None
        for group in self._identity:
            kept, mine = metadata.get(group) or {}, self._identity[group] or {}
            if group == "origin":
                if kept != mine and kept not in self._origins:
                    self._origins.append(kept)
                    self._say(
                        f"note: the state was kept by {_spelled(kept)}, this is {_spelled(mine)}:"
                        " the bytes may differ from those of an uninterrupted run"
                    )
                    self._identity[group] = {
                        name: value
                        if kept.get(name) == value
                        else f"{kept.get(name)}, then {value}"
                        for name, value in mine.items()
                    }
                continue
            for name in {**mine, **kept}:
                have, want = kept.get(name), mine.get(name)
                if have != want:
                    what = name if group == "settings" else f"the {group} ({name})"
                    raise CheckpointError(
                        f"{self._checkpoints.folder}: {what} has changed: the state was kept with"
                        f" {_told(have)}, now it is {_told(want)}; to begin anew, remove the folder"
                    )

    def watch(
        self, matrices: Callable[[], Matrices], rows: npt.NDArray[np.intp] | None = None
    ) -> None:
        """Tell whoever shows the run where the matrices are."""
        self.progress.watch(InTraining(self._words, matrices, rows, self._engine.gauged))

    def after(self, done: Any, matrices: Callable[[], Matrices]) -> bool:
        """Log the account, and ask whether that was the last."""
        self._hear(done)
        patience = self._settings.patience
        if patience is not None and self._unseen:
            since = len(self._unseen) - 1 - self._unseen.index(min(self._unseen))
            if since >= patience:
                self._say(
                    "training ends: the loss on the lines held out has not fallen for"
                    f" {since} {self._engine.units(since)}"
                )
                return True
        if self._callback is None:
            return False
        return bool(self._callback(Moment(self._number, done, self._words, matrices)))

    def _hear(self, done: Epoch | Pass, again: bool = False) -> None:
        self._number += 1
        self._log.add(self._engine.unit, self._number, done, again)
        self.progress.passed(self._number, done)
        if done.held_out is not None:
            self._unseen.append(done.held_out)


def _told(value: Any) -> Any:
    """Return a setting's value for people: None stands for no limit, or for a choice by itself."""
    return "none given" if value is None else value


def _spelled(origin: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in origin.items())
