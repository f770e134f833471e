"""How a run is run: what shows it, keeps it, and may stop it. Nothing here changes a model."""

from __future__ import annotations

from typing import TypedDict

from wordkin.system.progress import Progress
from wordkin.system.types import Say, StrPath
from wordkin.training.moment import Callback


class RunOptions(TypedDict, total=False):
    """The keywords of `Word2Vec.fit`, `count_to_file` and `reproduce`; each may be left out.

    Attributes
    ----------
    progress : bool, Progress or None
        A bar on standard error: True, False, or None for only on a terminal; or a `Progress`.
    callback : function of a Moment
        Called after each epoch, or pass of the exact engine, with its account and the vectors as
        they are then. Training ends where it returns True.
    history : path
        A file for the accounts, an object of JSON a line, as they come.
    tensorboard : path
        A folder for the same as events for TensorBoard, whose package must be installed.
    checkpoint : path
        A folder in which to keep the state of training, and of counting, for `resume`. It goes
        away when the model is saved.
    every : float
        Seconds between two states, by default 60.
    resume : bool
        Go on from the state in that folder, if there is one. In deterministic training, the model
        comes out the same, byte for byte, as if nothing had happened.
    say : function of a str
        Told, in a line each, of what does not end training: a state that cannot be written or is
        damaged, that training ends early. By default it prints them on standard error.
    """

    progress: bool | Progress | None
    callback: Callback | None
    history: StrPath | None
    tensorboard: StrPath | None
    checkpoint: StrPath | None
    every: float
    resume: bool
    say: Say
