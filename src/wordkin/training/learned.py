"""The result of training: words, matrices, counts, history, and where they come from.

A source and a run in, `Learned` out; `Word2Vec` holds it and saves it.
"""

from __future__ import annotations

import dataclasses
import time
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.corpus.encoded import Fingerprint
from wordkin.engines import ENGINES
from wordkin.engines.exact import gauge
from wordkin.engines.exact.priors import SharedRows
from wordkin.engines.outcome import Epoch, History
from wordkin.engines.settings import StochasticSettings
from wordkin.system import machine
from wordkin.system.errors import CorpusError
from wordkin.training.account import Account, account_of
from wordkin.training.managed_run import ManagedRun
from wordkin.training.source import Source
from wordkin.vectors.formats.model import digest
from wordkin.vectors.words import WordVectors


@dataclasses.dataclass(frozen=True)
class Origin:
    """What trained a model: the versions of wordkin and NumPy, and the CPU instruction set."""

    wordkin: str
    instruction_set: str
    numpy: str = ""

    @classmethod
    def here(cls) -> Origin:
        """Return the origin of models trained by this process."""
        return cls(machine.version(), machine.level(), np.__version__)


@dataclasses.dataclass(frozen=True, eq=False)
class Learned:
    """All data of a fitted model, except its settings."""

    vectors: WordVectors
    center: WordVectors
    outside: WordVectors
    counts: npt.NDArray[np.int64]
    history: History
    account: Account
    origin: Origin
    corpus: Fingerprint | None

    @classmethod
    def from_matrices(
        cls,
        words: list[str],
        center: npt.NDArray[Any],
        outside: npt.NDArray[Any],
        vectors: npt.NDArray[Any] | None,
        counts: npt.NDArray[np.int64],
        history: History,
        account: Account,
        origin: Origin,
        corpus: Fingerprint | None,
    ) -> Learned:
        """Return the data of a model with these matrices, (V, d) each, and make them read-only."""
        for matrix in (center, outside, vectors):
            if matrix is not None:
                matrix.setflags(write=False)
        center_vectors = WordVectors(words, center, counts)
        return cls(
            center_vectors if vectors is None else WordVectors(words, vectors, counts),
            center_vectors,
            WordVectors(words, outside, counts),
            counts,
            history,
            account,
            origin,
            corpus,
        )

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of words, counts and matrices."""
        matrices = {"center": self.center.matrix, "outside": self.outside.matrix}
        if self.vectors is not self.center:
            matrices["vectors"] = self.vectors.matrix
        return digest(self.vectors.words, self.counts, matrices)


def learn(source: Source, run: ManagedRun, reading: float) -> Learned:
    """Train on a source, and collect the result.

    Parameters
    ----------
    source : Source
    run : ManagedRun
    reading : float
        Seconds that reading the source took.

    Raises
    ------
    CorpusError
        If subsampling left no pair to train on.
    DivergenceError
        If the loss or a vector stops being finite.
    """
    settings, vocabulary = source.settings, source.corpus.vocabulary
    began = time.perf_counter()
    trained = source.train(run)
    training = time.perf_counter() - began + run.seconds_before
    if isinstance(settings, StochasticSettings):
        _require_pairs(trained.history, settings)
    center, outside = trained.center, trained.outside
    shared = isinstance(trained.prior, SharedRows)
    share = gauge.SHARE_WITH_SUBWORDS if shared else gauge.SHARE
    return Learned.from_matrices(
        vocabulary.words,
        center,
        outside,
        gauge.canonical(center, outside, share=share)
        if ENGINES[settings.engine].canonical
        else None,
        vocabulary.counts,
        trained.history,
        account_of(source.corpus, trained, settings, reading, training),
        Origin(**run.origin),
        source.corpus.fingerprint,
    )


def _require_pairs(history: list[Epoch], settings: StochasticSettings) -> None:
    if not any(epoch.pairs for epoch in history):
        raise CorpusError(
            f"subsampling left no two words together in {settings.epochs} epochs: set subsample"
            f" above {settings.subsample:g}, or to 0 to keep every word"
        )
