"""What training has learned: words, matrices, counts, and where they come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.corpus.encoded import Fingerprint
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.engines.exact import gauge
from wordkin.engines.outcome import History, Trained
from wordkin.engines.settings import EngineSettings
from wordkin.system import machine
from wordkin.training.account import Account
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
    def of(
        cls,
        vocabulary: Vocabulary,
        trained: Trained,
        account: Account,
        settings: EngineSettings,
        corpus: Fingerprint | None,
        origin: Mapping[str, str],
    ) -> Learned:
        """Return what an engine has learned of a vocabulary."""
        center, outside = trained.center, trained.outside
        vectors = gauge.canonical(center, outside) if settings.engine == "exact" else None
        words, counts = vocabulary.words, vocabulary.counts
        return cls.made(
            words,
            center,
            outside,
            vectors,
            counts,
            trained.history,
            account,
            Origin(**origin),
            corpus,
        )

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
