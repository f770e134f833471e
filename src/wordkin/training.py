"""The main job: text in, a model out. Settings, the one choice of an engine, files, an account.

The one room that knows both engines and words; everything that it calls is told what it needs.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from wordkin import classroom, stochastic
from wordkin.corpus import Corpus
from wordkin.errors import CorpusError, FormatError, WordkinError
from wordkin.formats import read_model, write_model
from wordkin.progress import Progress, progress_for
from wordkin.settings import Objective, Settings
from wordkin.stochastic import Epoch, Trained
from wordkin.text import Text, read_corpus
from wordkin.vectors import WordVectors
from wordkin.vocabulary import Vocabulary

Engine: TypeAlias = Callable[
    [npt.NDArray[np.int32], npt.NDArray[np.int64], Settings, Progress, Callable[[Epoch], None]],
    Trained,
]

_ENGINES: dict[Objective, Engine] = {
    "negative-sampling": stochastic.train,
    "naive-softmax": classroom.train,
}


@dataclasses.dataclass(frozen=True)
class Account:
    """Where every token went, and how long it took.

    For each epoch, and so in sum: read = trained + subsampled + out of vocabulary.

    Attributes
    ----------
    tokens, lines, invalid_utf8 : int
        Words and lines read once; words whose bytes are no UTF-8.
    read, trained, subsampled, out_of_vocabulary : int
        Tokens over all epochs.
    reading, training : float
        Seconds.
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

    @property
    def words_per_second(self) -> float:
        """Words of the text passed over in a second of training, all epochs counted."""
        return self.read / self.training if self.training else 0.0


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

    Takes the fields of `Settings` as keywords, e.g. ``Word2Vec(dim=100, window=5)``.

    Examples
    --------
    >>> model = Word2Vec(dim=10, min_count=1, threads=1)
    >>> model.fit([["a", "rose", "is", "a", "rose"]] * 100).vectors["rose"].shape
    (10,)
    """

    def __init__(self, **settings: Any) -> None:
        unknown = settings.keys() - {field.name for field in dataclasses.fields(Settings)}
        if unknown:
            known = ", ".join(field.name for field in dataclasses.fields(Settings))
            raise TypeError(f"no such setting: {', '.join(sorted(unknown))}; there are: {known}")
        self.settings = Settings(**settings)
        self._result: _Result | None = None

    def get_params(self) -> dict[str, Any]:
        """Return the settings by name."""
        return self.settings.as_dict()

    def fit(
        self,
        text: Text,
        *,
        progress: bool | Progress | None = None,
        after_epoch: Callable[[Epoch], None] = lambda _: None,
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
            Called with each `Epoch`'s account.

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
            trained = _ENGINES[settings.objective](
                corpus.ids, corpus.vocabulary.counts, settings, shown, after_epoch
            )
            done = time.perf_counter()
        _require_trained(trained.history, settings)
        account = _account(corpus, trained.history, read - began, done - read)
        vocabulary = corpus.vocabulary
        del corpus  # the ids, which may be most of the memory in use
        self._result = _Result.of(vocabulary, trained, account)
        return self

    @property
    def origin(self) -> Origin:
        """What trained the model."""
        return self._fitted.origin

    @property
    def vectors(self) -> WordVectors:
        """The center vectors v_c of all words: what to ask for neighbours."""
        return self._fitted.vectors

    @property
    def outside(self) -> WordVectors:
        """The outside vectors u_o of all words."""
        return self._fitted.outside

    @property
    def history(self) -> list[Epoch]:
        """An account of each epoch, with the mean loss of a pair."""
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
            center=result.vectors.matrix,
            outside=result.outside.matrix,
            counts=result.counts,
            metadata={
                **dataclasses.asdict(result.origin),
                "settings": self.settings.as_dict(),
                "account": dataclasses.asdict(result.account),
                "history": [dataclasses.asdict(epoch) for epoch in result.history],
            },
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
            model = cls(**file.metadata["settings"])
            for matrix in (file.center, file.outside):
                matrix.setflags(write=False)
            model._result = _Result(
                WordVectors(file.words, file.center, file.counts),
                WordVectors(file.words, file.outside, file.counts),
                file.counts,
                [Epoch(**epoch) for epoch in file.metadata["history"]],
                Account(**file.metadata["account"]),
                Origin(file.metadata["wordkin"], file.metadata["instruction_set"]),
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
    outside: WordVectors
    counts: npt.NDArray[np.int64]
    history: list[Epoch]
    account: Account
    origin: Origin

    @classmethod
    def of(cls, vocabulary: Vocabulary, trained: Trained, account: Account) -> _Result:
        return cls(
            WordVectors(vocabulary.words, trained.center, vocabulary.counts),
            WordVectors(vocabulary.words, trained.outside, vocabulary.counts),
            vocabulary.counts,
            trained.history,
            account,
            Origin.here(),
        )


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


def _require_trained(history: list[Epoch], settings: Settings) -> None:
    if not any(epoch.pairs for epoch in history):
        raise CorpusError(
            f"subsampling left no two words together in {settings.epochs} epochs: set subsample"
            f" above {settings.subsample:g}, or to 0 to keep every word"
        )


def _account(corpus: Corpus, history: list[Epoch], reading: float, training: float) -> Account:
    epochs = len(history)
    return Account(
        tokens=corpus.tokens,
        lines=corpus.lines,
        invalid_utf8=corpus.invalid_utf8,
        read=corpus.tokens * epochs,
        trained=sum(epoch.trained for epoch in history),
        subsampled=sum(epoch.subsampled for epoch in history),
        out_of_vocabulary=corpus.out_of_vocabulary * epochs,
        reading=reading,
        training=training,
    )
