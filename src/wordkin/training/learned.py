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
from wordkin.engines.exact import gauge
from wordkin.engines.exact.priors import SharedRows
from wordkin.engines.outcome import Epoch, History
from wordkin.engines.settings import StochasticSettings
from wordkin.system import machine
from wordkin.system.errors import CorpusError
from wordkin.training.account import Account, account_of
from wordkin.training.managed_run import ManagedRun
from wordkin.training.prediction import side_number
from wordkin.training.source import Source
from wordkin.vectors.formats.model import digest
from wordkin.vectors.ngram_sums import NgramRows, SubwordRows
from wordkin.vectors.ngrams import Composer
from wordkin.vectors.subwords import SubwordVectors
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
    outside_rows: npt.NDArray[Any]  # (V, d), or (2 V, d) with sides
    counts: npt.NDArray[np.int64]
    history: History
    account: Account
    origin: Origin
    corpus: Fingerprint | None
    subwords: SubwordRows | None = None

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
        subwords: SubwordRows | None = None,
    ) -> Learned:
        """Return the data of a model with these matrices, (V, d) each, and make them read-only.

        With sides, the outside matrix is (2 V, d), with all words at the left before all at the
        right. With subwords, `center` and `vectors` compose those of unknown words.
        """
        for matrix in (center, outside, vectors):
            if matrix is not None:
                matrix.setflags(write=False)
        of_center = None if subwords is None else subwords.of_center
        of_vectors = None if subwords is None else subwords.of_vectors
        center_vectors = _vectors(words, center, counts, of_center)
        return cls(
            center_vectors if vectors is None else _vectors(words, vectors, counts, of_vectors),
            center_vectors,
            outside,
            counts,
            history,
            account,
            origin,
            corpus,
            subwords,
        )

    @cached_property
    def outside(self) -> WordVectors:
        """The outside vectors, of both sides one after the other."""
        halves = gauge.sides_of(self.outside_rows, len(self.counts))
        rows = halves[0] if len(halves) == 1 else np.concatenate(halves, axis=1)
        rows.setflags(write=False)
        return WordVectors(self.vectors.words, rows, self.counts)

    def outside_at(self, side: str) -> WordVectors:
        """Return the outside vectors of words at one side.

        Raises
        ------
        SettingsError
            For another word than left or right, or a model without sides.
        """
        halves = gauge.sides_of(self.outside_rows, len(self.counts))
        return WordVectors(self.vectors.words, halves[side_number(side, len(halves))], self.counts)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of words, counts, matrices and n-grams."""
        matrices = {"center": self.center.matrix, "outside": self.outside_rows}
        if self.vectors is not self.center:
            matrices["vectors"] = self.vectors.matrix
        return digest(self.vectors.words, self.counts, matrices, self.subwords)


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
    shared = trained.prior if isinstance(trained.prior, SharedRows) else None
    vectors = projection = None
    if trained.share is not None:
        vectors, projection = gauge.with_projection(center, outside, share=trained.share)
    return Learned.from_matrices(
        vocabulary.words,
        center,
        outside,
        vectors,
        vocabulary.counts,
        trained.history,
        account_of(source.corpus, trained, settings, reading, training),
        Origin(**run.origin),
        source.corpus.fingerprint,
        None if shared is None else _subwords(source, shared, projection),
    )


def _subwords(
    source: Source, prior: SharedRows, projection: npt.NDArray[np.float64] | None
) -> SubwordRows | None:
    """Return the n-grams of a source with their rows; None if training stopped before a fit."""
    ngrams, line = source.ngrams, prior.least
    if ngrams is None or prior.G is None or line is None:
        return None
    characters = (ngrams.shortest, ngrams.longest, ngrams.jamo)
    return subword_rows(ngrams.spelled, ngrams.offsets, prior.G, line, characters, projection)


def subword_rows(
    ngrams: bytes,
    offsets: npt.NDArray[np.int64],
    G: npt.NDArray[Any],
    line: npt.NDArray[Any],
    characters: tuple[int, int, bool],
    projection: npt.NDArray[Any] | None,
) -> SubwordRows:
    """Return the n-grams of a model.

    Parameters
    ----------
    ngrams, offsets
        As `wordkin._core.shared_ngrams` returns them.
    G : (groups, d) array
        The row of each n-gram, in the space of the center vectors.
    line : (d,) array
        What the center vector of every unknown word has besides.
    characters : (int, int, bool)
        The least and the greatest number of characters of an n-gram, and whether these are jamo.
    projection : (d, r) array or None
        `wordkin.engines.exact.gauge.projection` of the matrices; None if the model has no canonical
        vectors.
    """
    table = NgramRows(
        np.frombuffer(ngrams, np.uint8),
        np.asarray(offsets, np.int64),
        np.ascontiguousarray(G, np.float32),
        *characters,
    )
    for array in (table.offsets, table.rows):
        array.setflags(write=False)
    return SubwordRows(
        table,
        np.asarray(line, np.float64),
        None if projection is None else np.asarray(projection, np.float64),
    )


def _vectors(
    words: list[str],
    matrix: npt.NDArray[Any],
    counts: npt.NDArray[np.int64],
    composer: Composer | None,
) -> WordVectors:
    if composer is None:
        return WordVectors(words, matrix, counts)
    return SubwordVectors(words, matrix, counts, composer)


def _require_pairs(history: list[Epoch], settings: StochasticSettings) -> None:
    if not any(epoch.pairs for epoch in history):
        raise CorpusError(
            f"subsampling left no two words together in {settings.epochs} epochs: set subsample"
            f" above {settings.subsample:g}, or to 0 to keep every word"
        )
