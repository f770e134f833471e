"""What training has learned: words, matrices, counts, and where they come from."""

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
from wordkin.engines.outcome import Epoch, History
from wordkin.engines.settings import StochasticSettings
from wordkin.system import machine
from wordkin.system.errors import CorpusError
from wordkin.training.account import Account, account_of
from wordkin.training.keeper import Keeper
from wordkin.training.source import Source
from wordkin.vectors.formats.model import digest
from wordkin.vectors.words import WordVectors


@dataclasses.dataclass(frozen=True)
class Origin:
    """What trained a model: versions of this program and of NumPy, and the instruction set."""

    wordkin: str
    instruction_set: str
    numpy: str = ""

    @classmethod
    def here(cls) -> Origin:
        """Return what would train one now."""
        return cls(machine.version(), machine.level(), np.__version__)


@dataclasses.dataclass(frozen=True, eq=False)
class Learned:
    """All that a fitted model holds."""

    vectors: WordVectors
    center: WordVectors
    outside: WordVectors
    counts: npt.NDArray[np.int64]
    history: History
    account: Account
    origin: Origin
    corpus: Fingerprint | None

    @classmethod
    def made(
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
        """Return it from its parts; the matrices become read-only."""
        for matrix in (center, outside, vectors):
            if matrix is not None:
                matrix.setflags(write=False)
        of_center = WordVectors(words, center, counts)
        return cls(
            of_center if vectors is None else WordVectors(words, vectors, counts),
            of_center,
            WordVectors(words, outside, counts),
            counts,
            history,
            account,
            origin,
            corpus,
        )

    @cached_property
    def sha256(self) -> str:
        """The hash of words, counts and matrices."""
        matrices = {"center": self.center.matrix, "outside": self.outside.matrix}
        if self.vectors is not self.center:
            matrices["vectors"] = self.vectors.matrix
        return digest(self.vectors.words, self.counts, matrices)


def learn(source: Source, run: Keeper, reading: float) -> Learned:
    """Let the engine train on a source, and sum up what came of it.

    Parameters
    ----------
    source : Source
    run : Keeper
    reading : float
        Seconds that the source took.

    Raises
    ------
    CorpusError
        If subsampling left no pair to train on.
    """
    settings, vocabulary = source.settings, source.corpus.vocabulary
    began = time.perf_counter()
    trained = source.train(run)
    training = time.perf_counter() - began + run.spent
    if isinstance(settings, StochasticSettings):
        _require_pairs(trained.history, settings)
    center, outside = trained.center, trained.outside
    return Learned.made(
        vocabulary.words,
        center,
        outside,
        gauge.canonical(center, outside) if ENGINES[settings.engine].gauged else None,
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
