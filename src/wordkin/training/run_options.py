"""The options of a run: what shows it, saves it and may stop it. None of them changes the model."""

from __future__ import annotations

from typing import TypedDict

from wordkin.system.progress import Progress
from wordkin.system.types import Say, StrPath
from wordkin.training.moment import Callback


class RunOptions(TypedDict, total=False):
    """The keywords of `Word2Vec.fit`, `count_to_file` and `reproduce`, all optional.

    Attributes
    ----------
    progress : bool, Progress or None
        Whether to show a progress bar on standard error; None shows it only on a terminal. Or your
        own `Progress`.
    callback : function of a Moment
        Called after each epoch, or pass of the exact engine, with its record and the vectors at
        that moment. Return True to stop training.
    history : path
        A file to write the record of each epoch or pass to, one JSON object per line.
    tensorboard : path
        A folder to write the same records to as TensorBoard events; needs the package tensorboard.
    checkpoint : path
        A folder to save checkpoints of training and counting in, for `resume`. Saving the model
        removes it.
    every : float
        Seconds between two checkpoints, 60 by default.
    resume : bool
        Whether to resume from the checkpoint in that folder, if there is one. Deterministic
        training gives the same model, byte for byte, as an uninterrupted run.
    memory : int
        Bytes that reading, ids, counts and training may take beside the vocabulary and the model;
        by default what is available. Ids and counts that take more than half of this each go to
        files without a name, from which they are read as they are needed.
    scratch : path
        The folder of these files; by default the system's folder for temporary files (TMPDIR).
    say : function of a str
        Receives one-line messages about events that do not end training, such as a damaged
        checkpoint or early stopping. By default they go to standard error.
    """

    progress: bool | Progress | None
    callback: Callback | None
    history: StrPath | None
    tensorboard: StrPath | None
    checkpoint: StrPath | None
    every: float
    resume: bool
    memory: int | None
    scratch: StrPath | None
    say: Say
