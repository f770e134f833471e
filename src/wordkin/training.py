"""The main job: text in, a model out. Settings, the one choice of an engine, files, an account.

The one room that knows both engines and words; everything that it calls is told what it needs.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from wordkin import classroom, exact, gauge, prediction, stochastic
from wordkin.cooccurrence import CountsFile, read_counts, write_counts
from wordkin.corpus import Corpus
from wordkin.errors import (
    CorpusError,
    FormatError,
    SettingsError,
    UnknownWordError,
    WordkinError,
)
from wordkin.exact import Pass
from wordkin.formats import read_model, write_model
from wordkin.objectives import keep_probability
from wordkin.progress import Progress, progress_for
from wordkin.settings import (
    EngineName,
    ExactSettings,
    Objective,
    StochasticSettings,
    settings_for,
)
from wordkin.stochastic import Epoch, Trained
from wordkin.text import Text, read_corpus
from wordkin.vectors import WordVectors
from wordkin.vocabulary import Vocabulary

Settings: TypeAlias = StochasticSettings | ExactSettings
History: TypeAlias = list[Epoch] | list[Pass]

# Ids, their counts, settings of the engine, progress, and what is called after each epoch or pass.
_ENGINES: dict[tuple[EngineName, Objective], Callable[..., Trained]] = {
    ("stochastic", "negative-sampling"): stochastic.train,
    ("stochastic", "naive-softmax"): classroom.train,
    ("exact", "negative-sampling"): exact.train,
    ("exact", "naive-softmax"): exact.train,
}


COUNTED = ("window", "subsample", "min_count", "max_vocab")
"""The settings that counts are made with."""


@dataclasses.dataclass(frozen=True)
class Account:
    """Where every token went, and how long it took.

    For each epoch, and so in sum: read = trained + subsampled + out of vocabulary. The exact engine
    reads once, and what it trains on and leaves out are expectations, rounded.

    Attributes
    ----------
    tokens, lines, invalid_utf8 : int
        Words and lines read once; words whose bytes are no UTF-8.
    read, trained, subsampled, out_of_vocabulary : int
        Tokens over all epochs.
    reading, counting, training : float
        Seconds; the stochastic engine counts nothing.
    """

    tokens: int
    lines: int
    invalid_utf8: int
    read: int
    trained: int
    subsampled: int
    out_of_vocabulary: int
    reading: float
    training: float
    counting: float = 0.0

    @property
    def words_per_second(self) -> float:
        """Words of the text passed over in a second of training, all epochs counted."""
        spent = self.counting + self.training
        return self.read / spent if spent else 0.0


@dataclasses.dataclass(frozen=True)
class Origin:
    """What trained a model: the version of this program, and the processor's instruction set."""

    wordkin: str
    instruction_set: str

    @classmethod
    def here(cls) -> Origin:
        """Return what would train one now."""
        from wordkin import __version__

        return cls(__version__, stochastic.level())


class Word2Vec:
    """A skip-gram model: settings at first, vectors once it is fitted.

    Takes `engine`, and as keywords the fields of the engine's settings, `StochasticSettings` or
    `ExactSettings`, e.g. ``Word2Vec(dim=100, window=5)``. Without an engine, the objective chooses:
    exact for naive softmax, stochastic for negative sampling.

    Examples
    --------
    >>> model = Word2Vec(dim=10, min_count=1, threads=1)
    >>> model.fit([["a", "rose", "is", "a", "rose"]] * 100).vectors["rose"].shape
    (10,)
    """

    def __init__(self, **settings: Any) -> None:
        self.settings: Settings = settings_for(**settings)
        self._given = settings.keys()
        self._result: _Result | None = None

    def get_params(self) -> dict[str, Any]:
        """Return the settings by name."""
        return self.settings.as_dict()

    def fit(
        self,
        text: Text,
        *,
        progress: bool | Progress | None = None,
        after_epoch: Callable[[Any], None] = lambda _: None,
    ) -> Word2Vec:
        """Train on a text from the start.

        Parameters
        ----------
        text
            A path, several paths, or any iterable of sentences, each a list of words. It is read
            once, so a generator will do.
        progress
            A bar on standard error: True, False, or None for only on a terminal; or a `Progress`.
        after_epoch
            Called with the account of each `Epoch`, or of each `Pass` of the exact engine.

        Returns
        -------
        Word2Vec
            Itself.

        Raises
        ------
        CorpusError, OSError
            For a text that cannot be read or holds nothing to train on.
        DivergenceError
            When the loss or a vector stops being finite.
        """
        shown = progress if isinstance(progress, Progress) else progress_for(progress)
        settings = self.settings
        with shown:
            began = time.perf_counter()
            corpus = read_corpus(
                text, min_count=settings.min_count, max_vocab=settings.max_vocab, progress=shown
            )
            read = time.perf_counter()
            _require_pairs(corpus)
            trained = _ENGINES[settings.engine, settings.objective](
                corpus.ids, corpus.vocabulary.counts, settings, shown, after_epoch
            )
            done = time.perf_counter()
        if isinstance(settings, StochasticSettings):
            _require_trained(trained.history, settings)
        account = _account(corpus, trained, settings, read - began, done - read)
        vocabulary = corpus.vocabulary
        del corpus  # the ids, which may be most of the memory in use
        self._result = _Result.of(vocabulary, trained, account, settings)
        return self

    def fit_counts(
        self,
        path: str | os.PathLike[str],
        *,
        progress: bool | Progress | None = None,
        after_epoch: Callable[[Any], None] = lambda _: None,
    ) -> Word2Vec:
        """Train on what `write_counts` or `wordkin count` wrote, by the exact engine.

        Window, subsampling and vocabulary are those of the counts, which are float32 whatever the
        precision.

        Raises
        ------
        SettingsError
            For another engine, or where a setting was given that the counts were not made with.
        FormatError, OSError
            If the file holds no counts, or cannot be read.
        """
        if not isinstance(self.settings, ExactSettings):
            raise SettingsError(f"counts are for the exact engine, not for {self.settings.engine}")
        shown = progress if isinstance(progress, Progress) else progress_for(progress)
        began = time.perf_counter()
        file = read_counts(path)
        settings = self._as_counted(path, file)
        read = time.perf_counter()
        with shown:
            trained = exact.descend(
                file.pairs, file.held_out, file.counts, settings, shown, after_epoch
            )
        done = time.perf_counter()
        facts = Corpus(
            Vocabulary(file.words, file.counts),
            np.empty(0, np.int32),
            *(file.metadata[name] for name in ("tokens", "lines", "invalid_utf8")),
        )
        account = _account(facts, trained, settings, read - began, done - read)
        self.settings = settings
        self._result = _Result.of(facts.vocabulary, trained, account, settings)
        return self

    def _as_counted(self, path: str | os.PathLike[str], file: CountsFile) -> ExactSettings:
        """Return the settings with what the counts were made with."""
        assert isinstance(self.settings, ExactSettings)
        try:
            made = {name: file.metadata[name] for name in COUNTED}
            facts = [file.metadata[name] for name in ("tokens", "lines", "invalid_utf8")]
        except KeyError as error:
            raise FormatError(f"{path}: no counts of this program: {error} is missing") from None
        if not all(isinstance(fact, int) for fact in facts):
            raise FormatError(f"{path}: the metadata are damaged: {facts}")
        for name, value in made.items():
            if name in self._given and getattr(self.settings, name) != value:
                asked = getattr(self.settings, name)
                raise SettingsError(f"{path}: counted with {name} {value}, asked for {asked}")
        return dataclasses.replace(self.settings, **made)

    def predict(self, word: str, topn: int = 10) -> list[tuple[str, float]]:
        """Return the most probable outside words of a center word, with P(outside | center).

        For naive softmax exactly what was trained, softmax(U v_c). Negative sampling trains no
        distribution; what its optimum implies is given, q_o e^(u_o·v_c) made to sum to 1.

        Raises
        ------
        UnknownWordError, SettingsError
            Also for a word that was never seen next to another: of it nothing is known.
        """
        fitted = self._fitted
        c = fitted.center.index(word)
        if not fitted.center.matrix[c].any():
            raise UnknownWordError(f"{word!r:.80} was never seen next to another word")
        noise = self.settings.objective == "negative-sampling"
        probable = prediction.probabilities(
            fitted.center.matrix[c], fitted.outside.matrix, fitted.counts if noise else None
        )
        order = [o for o in prediction.largest(probable, topn) if probable[o] > 0]
        words = fitted.outside.words
        return [(words[o], float(probable[o])) for o in order]

    @property
    def origin(self) -> Origin:
        """What trained the model."""
        return self._fitted.origin

    @property
    def vectors(self) -> WordVectors:
        """What to ask for neighbours.

        Of the stochastic engine, the center vectors. The exact engine's are brought into the one
        form that all models with the same probabilities share: `wordkin.gauge`.
        """
        return self._fitted.vectors

    @property
    def center(self) -> WordVectors:
        """The center vectors v_c of all words, as trained."""
        return self._fitted.center

    @property
    def outside(self) -> WordVectors:
        """The outside vectors u_o of all words, as trained."""
        return self._fitted.outside

    @property
    def history(self) -> History:
        """An account of each epoch or pass, with the mean loss of a pair."""
        return self._fitted.history

    @property
    def account(self) -> Account:
        """Where every token went, and how long it took."""
        return self._fitted.account

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a `.safetensors` file, whole or not at all.

        Raises
        ------
        FormatError, OSError
            If it cannot be written; an older file of that name is then as it was.
        """
        result = self._fitted
        write_model(
            path,
            words=result.vectors.words,
            center=result.center.matrix,
            outside=result.outside.matrix,
            counts=result.counts,
            metadata={
                **dataclasses.asdict(result.origin),
                "settings": self.settings.as_dict(),
                "account": dataclasses.asdict(result.account),
                "history": [dataclasses.asdict(done) for done in result.history],
            },
            vectors=None if result.vectors is result.center else result.vectors.matrix,
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Word2Vec:
        """Read a model that `save` wrote.

        Raises
        ------
        FormatError, OSError
            If the file is no model, cut short or damaged.
        """
        file = read_model(path)
        try:
            # Files of before there was a choice name no engine.
            model = cls(**({"engine": "stochastic"} | file.metadata["settings"]))
            exactly = model.settings.engine == "exact"
            history = [(Pass if exactly else Epoch)(**done) for done in file.metadata["history"]]
            account = Account(**file.metadata["account"])
            origin = Origin(file.metadata["wordkin"], file.metadata["instruction_set"])
            model._result = _Result.made(
                file.words,
                file.center,
                file.outside,
                file.vectors,
                file.counts,
                cast(History, history),
                account,
                origin,
            )
        except (KeyError, TypeError, WordkinError) as error:
            raise FormatError(f"no model of this program ({error}): {path}") from None
        return model

    @property
    def _fitted(self) -> _Result:
        if self._result is None:
            raise WordkinError("the model is not trained yet: call fit(text) first")
        return self._result

    def __repr__(self) -> str:
        """Show what is known: the vocabulary once it is there."""
        size = f", {len(self.vectors):,} words" if self._result else ", not trained"
        return f"Word2Vec({self.settings.objective}, dim={self.settings.dim}{size})"


@dataclasses.dataclass(frozen=True)
class _Result:
    vectors: WordVectors
    center: WordVectors
    outside: WordVectors
    counts: npt.NDArray[np.int64]
    history: History
    account: Account
    origin: Origin

    @classmethod
    def of(
        cls, vocabulary: Vocabulary, trained: Trained, account: Account, settings: Settings
    ) -> _Result:
        center, outside = trained.center, trained.outside
        vectors = gauge.canonical(center, outside) if settings.engine == "exact" else None
        words, counts = vocabulary.words, vocabulary.counts
        return cls.made(
            words, center, outside, vectors, counts, trained.history, account, Origin.here()
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
    ) -> _Result:
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
        )


def count_to_file(
    text: Text,
    path: str | os.PathLike[str],
    settings: ExactSettings,
    *,
    memory: int | None = None,
    progress: bool | Progress | None = None,
) -> CountsFile:
    """Count the pairs of a text, and write them for `Word2Vec.fit_counts`.

    Parameters
    ----------
    text
        As `Word2Vec.fit` takes it.
    path
        A file of any name, written whole or not at all.
    settings
        Window, subsampling, vocabulary and threads are used.
    memory : int or None
        Bytes that counts may take in memory before they go to files; None: half of what there is.

    Raises
    ------
    CorpusError, OSError
        For a text that cannot be read or holds nothing to count, or a file that cannot be written.
    """
    from wordkin import __version__

    with progress if isinstance(progress, Progress) else progress_for(progress) as shown:
        corpus = read_corpus(
            text, min_count=settings.min_count, max_vocab=settings.max_vocab, progress=shown
        )
        _require_pairs(corpus)
        vocabulary = corpus.vocabulary
        pairs, held_out = exact.count_pairs(
            corpus.ids,
            vocabulary.counts,
            window=settings.window,
            subsample=settings.subsample,
            threads=settings.threads,
            memory=memory,
            progress=shown,
        )
    metadata = {
        "wordkin": __version__,
        "tokens": corpus.tokens,
        "lines": corpus.lines,
        "invalid_utf8": corpus.invalid_utf8,
        **{name: getattr(settings, name) for name in COUNTED},
    }
    write_counts(
        path,
        words=vocabulary.words,
        counts=vocabulary.counts,
        pairs=pairs,
        held_out=held_out,
        metadata=metadata,
    )
    return CountsFile(vocabulary.words, vocabulary.counts, pairs, held_out, metadata)


def _require_pairs(corpus: Corpus) -> None:
    """Refuse a text that has nothing to learn from, before an engine starts."""
    vocabulary = corpus.vocabulary
    if len(vocabulary) < 2:
        raise CorpusError(
            f"the vocabulary has one word, {vocabulary.words[0]!r:.80}, and training takes two:"
            " lower min_count, raise max_vocab, or give more text"
        )
    words = int(vocabulary.counts.sum())
    line_ends = len(corpus.ids) - words  # one behind each line that has a word
    if words == line_ends:
        raise CorpusError(
            f"no line has two words of the vocabulary, in {corpus.lines:,} lines: a line is a"
            " sentence, so put the words that belong together on one line, or lower min_count"
        )


def _require_trained(history: list[Epoch], settings: StochasticSettings) -> None:
    if not any(epoch.pairs for epoch in history):
        raise CorpusError(
            f"subsampling left no two words together in {settings.epochs} epochs: set subsample"
            f" above {settings.subsample:g}, or to 0 to keep every word"
        )


def _account(
    corpus: Corpus, trained: Trained, settings: Settings, reading: float, training: float
) -> Account:
    vocabulary = corpus.vocabulary
    if isinstance(settings, StochasticSettings):
        epochs = len(trained.history)
        kept = sum(epoch.trained for epoch in trained.history)
        left = sum(epoch.subsampled for epoch in trained.history)
    else:
        counts, epochs = vocabulary.counts, 1
        keep = keep_probability(counts / counts.sum(), settings.subsample)
        kept = round(float(counts @ keep))
        left = int(counts.sum()) - kept
    return Account(
        tokens=corpus.tokens,
        lines=corpus.lines,
        invalid_utf8=corpus.invalid_utf8,
        read=corpus.tokens * epochs,
        trained=kept,
        subsampled=left,
        out_of_vocabulary=corpus.out_of_vocabulary * epochs,
        reading=reading,
        training=training - trained.counting,
        counting=trained.counting,
    )
