"""The main job: text in, a model out. Settings, the one choice of an engine, files, an account.

The one room that knows both engines and words; everything that it calls is told what it needs.
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from wordkin import classroom, exact, gauge, prediction, stochastic
from wordkin.checkpoint import Checkpoints
from wordkin.cooccurrence import CountsFile, read_counts, write_counts
from wordkin.corpus import Corpus, Fingerprint
from wordkin.errors import (
    CheckpointError,
    CorpusError,
    FormatError,
    SettingsError,
    UnknownWordError,
    WordkinError,
)
from wordkin.exact import Pass
from wordkin.files import remove_stale_temporaries
from wordkin.formats.model import digest, read_model, write_model
from wordkin.keeper import Callback, Keeper, Log, Say
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
from wordkin.terminal import say as say_on_stderr
from wordkin.text import Text, read_corpus
from wordkin.vectors import WordVectors
from wordkin.vocabulary import Vocabulary

StrPath: TypeAlias = str | os.PathLike[str]
Settings: TypeAlias = StochasticSettings | ExactSettings
History: TypeAlias = list[Epoch] | list[Pass]

# Ids, their counts, settings of the engine, the run, and the ids of the lines held out.
_ENGINES: dict[tuple[EngineName, Objective], Callable[..., Trained]] = {
    ("stochastic", "negative-sampling"): stochastic.train,
    ("stochastic", "naive-softmax"): classroom.train,
    ("exact", "negative-sampling"): exact.train,
    ("exact", "naive-softmax"): exact.train,
}


_FACTS = ("tokens", "lines", "invalid_utf8", "held_out_tokens")
_TOO_SHORT = (classroom.train,)  # of these runs no states are kept
COUNTED = ("window", "subsample", "min_count", "max_vocab", "held_out")
"""The settings that counts are made with."""


@dataclasses.dataclass(frozen=True)
class Account:
    """Where every token went, and how long it took.

    For each epoch, and so in sum: read = trained + subsampled + out of vocabulary + held out. The
    exact engine reads once, and what it trains on and leaves out are expectations, rounded.

    Attributes
    ----------
    tokens, lines, invalid_utf8 : int
        Words and lines read once; words whose bytes are no UTF-8.
    read, trained, subsampled, out_of_vocabulary, held_out : int
        Tokens over all epochs; the last are those of lines that were not trained on.
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
    held_out: int = 0

    @property
    def words_per_second(self) -> float:
        """Words of the text passed over in a second of training, all epochs counted."""
        spent = self.counting + self.training
        return self.read / spent if spent else 0.0


@dataclasses.dataclass(frozen=True)
class Origin:
    """What trained a model: versions of this program and of NumPy, and the instruction set."""

    wordkin: str
    instruction_set: str
    numpy: str = ""

    @classmethod
    def here(cls) -> Origin:
        """Return what would train one now."""
        from wordkin import __version__

        return cls(__version__, stochastic.level(), np.__version__)


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
        self._checkpoint: StrPath | None = None

    def get_params(self) -> dict[str, Any]:
        """Return the settings by name."""
        return self.settings.as_dict()

    def fit(
        self,
        text: Text,
        *,
        progress: bool | Progress | None = None,
        callback: Callback | None = None,
        history: StrPath | None = None,
        tensorboard: StrPath | None = None,
        checkpoint: StrPath | None = None,
        every: float = 60.0,
        resume: bool = False,
        say: Say = say_on_stderr,
    ) -> Word2Vec:
        """Train on a text from the start, or from where an interrupted run has come to.

        Parameters
        ----------
        text
            A path, several paths, or any iterable of sentences, each a list of words. It is read
            once, so a generator will do.
        progress
            A bar on standard error: True, False, or None for only on a terminal; or a `Progress`.
        callback
            Called with a `Moment` after each epoch, or pass of the exact engine: its account, and
            the vectors as they are then. Training ends where it returns True.
        history
            A file for the accounts, an object of JSON a line, as they come.
        tensorboard
            A folder for the same as events for TensorBoard, whose package must be installed.
        checkpoint
            A folder in which to keep the state of training, and of counting, for `resume`. It goes
            away when the model is saved.
        every
            Seconds between two states.
        resume
            Go on from the state in that folder, if there is one. In deterministic training, the
            model comes out the same, byte for byte, as if nothing had happened.
        say
            Told, in a line each, of what does not end training: a state that cannot be written or
            is damaged, that training ends early.

        Returns
        -------
        Word2Vec
            Itself.

        Raises
        ------
        CorpusError, OSError
            For a text that cannot be read or holds nothing to train on.
        CheckpointError
            For a state of other settings or another text; for a folder in use, or with a state in
            it that is not to be gone on from.
        DivergenceError
            When the loss or a vector stops being finite.
        """
        settings = self.settings
        if checkpoint is not None and _ENGINES[settings.engine, settings.objective] in _TOO_SHORT:
            raise SettingsError(
                f"the {settings.engine} engine keeps no states of {settings.objective}, which is"
                " for small texts"
            )
        with ExitStack() as stack:
            setup = _Setup(stack, progress, callback, checkpoint, every, resume, say)
            setup.open_log(history, tensorboard)
            began = time.perf_counter()
            corpus = _read(text, settings, setup.progress)
            run = setup.keeper(settings, corpus.vocabulary.words, corpus.fingerprint)
            stack.enter_context(run.stoppable())
            trained, account = _train(corpus, settings, time.perf_counter() - began, run)
        vocabulary, fingerprint = corpus.vocabulary, corpus.fingerprint
        del corpus  # the ids, which may be most of the memory in use
        self._result = _Result.of(vocabulary, trained, account, settings, fingerprint, run.origin)
        if settings.patience and all(done.held_out is None for done in self.history):
            say("note: no lines were held out, as the text is short: patience had no effect")
        self._checkpoint = checkpoint
        setup.progress.fitted(self.vectors)
        return self

    def fit_counts(
        self,
        path: StrPath,
        *,
        progress: bool | Progress | None = None,
        callback: Callback | None = None,
        history: StrPath | None = None,
        tensorboard: StrPath | None = None,
        checkpoint: StrPath | None = None,
        every: float = 60.0,
        resume: bool = False,
        say: Say = say_on_stderr,
    ) -> Word2Vec:
        """Train on what `write_counts` or `wordkin count` wrote, by the exact engine.

        Window, subsampling, vocabulary and lines held out are those of the counts, which are
        float32 whatever the precision. All else is as in `fit`.

        Raises
        ------
        SettingsError
            For another engine, or where a setting was given that the counts were not made with.
        FormatError, OSError
            If the file holds no counts, or cannot be read.
        """
        if not isinstance(self.settings, ExactSettings):
            raise SettingsError(f"counts are for the exact engine, not for {self.settings.engine}")
        with ExitStack() as stack:
            setup = _Setup(stack, progress, callback, checkpoint, every, resume, say)
            setup.open_log(history, tensorboard)
            began = time.perf_counter()
            file = read_counts(path)
            settings = self._as_counted(path, file)
            fingerprint = _fingerprint_in(path, file)
            read = time.perf_counter()
            run = setup.keeper(settings, file.words, fingerprint)
            stack.enter_context(run.stoppable())
            trained = exact.descend(file.counted, file.counts, settings, run)
            done = time.perf_counter()
        facts = Corpus(
            Vocabulary(file.words, file.counts),
            np.empty(0, np.int32),
            **{name: file.metadata[name] for name in _FACTS},
        )
        account = _account(facts, trained, settings, read - began, done - read + run.spent)
        self.settings = settings
        self._result = _Result.of(
            facts.vocabulary, trained, account, settings, fingerprint, run.origin
        )
        self._checkpoint = checkpoint
        setup.progress.fitted(self.vectors)
        return self

    def _as_counted(self, path: StrPath, file: CountsFile) -> ExactSettings:
        """Return the settings with what the counts were made with."""
        assert isinstance(self.settings, ExactSettings)
        try:
            made = {name: file.metadata[name] for name in COUNTED}
            facts = [file.metadata[name] for name in _FACTS]
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
    def corpus(self) -> Fingerprint | None:
        """The size and hash of the text that it was trained on; None: they were not taken."""
        return self._fitted.corpus

    @property
    def sha256(self) -> str:
        """The hash of all that was learned: words, counts, center, outside and gauged vectors.

        Equal for equal text, settings, seed, version and instruction set, whatever the threads, as
        long as training is deterministic.
        """
        return self._fitted.sha256

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

    def save(self, path: StrPath) -> None:
        """Write the model to a `.safetensors` file, whole or not at all.

        The states that training kept, and what a killed run may have left in the folder of the
        file, are removed.

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
                "corpus": result.corpus and dataclasses.asdict(result.corpus),
                "sha256": result.sha256,
                "settings": self.settings.as_dict(),
                "account": dataclasses.asdict(result.account),
                "history": [dataclasses.asdict(done) for done in result.history],
            },
            vectors=None if result.vectors is result.center else result.vectors.matrix,
        )
        remove_stale_temporaries(Path(os.path.realpath(path)).parent)
        if self._checkpoint is not None:
            with Checkpoints(self._checkpoint) as checkpoints:
                checkpoints.remove()
            self._checkpoint = None

    @classmethod
    def load(cls, path: StrPath) -> Word2Vec:
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
            origin = Origin(
                file.metadata["wordkin"],
                file.metadata["instruction_set"],
                file.metadata.get("numpy", ""),  # older files do not tell
            )
            corpus = file.metadata.get("corpus")
            model._result = _Result.made(
                file.words,
                file.center,
                file.outside,
                file.vectors,
                file.counts,
                cast(History, history),
                account,
                origin,
                corpus and Fingerprint(**corpus),
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


@dataclasses.dataclass(frozen=True, eq=False)
class _Result:
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
        settings: Settings,
        corpus: Fingerprint | None,
        origin: Mapping[str, str],
    ) -> _Result:
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
            corpus,
        )

    @cached_property
    def sha256(self) -> str:
        matrices = {"center": self.center.matrix, "outside": self.outside.matrix}
        if self.vectors is not self.center:
            matrices["vectors"] = self.vectors.matrix
        return digest(self.vectors.words, self.counts, matrices)


def count_to_file(
    text: Text,
    path: StrPath,
    settings: ExactSettings,
    *,
    memory: int | None = None,
    progress: bool | Progress | None = None,
    checkpoint: StrPath | None = None,
    every: float = 60.0,
    resume: bool = False,
    say: Say = say_on_stderr,
) -> CountsFile:
    """Count the pairs of a text, and write them for `Word2Vec.fit_counts`.

    Parameters
    ----------
    text
        As `Word2Vec.fit` takes it.
    path
        A file of any name, written whole or not at all.
    settings
        Window, subsampling, vocabulary, lines held out and threads are used.
    memory : int or None
        Bytes that counts may take in memory before they go to files; None: half of what there is.
    checkpoint, every, resume, say
        As in `Word2Vec.fit`.

    Raises
    ------
    CorpusError, OSError
        For a text that cannot be read or holds nothing to count, or a file that cannot be written.
    CheckpointError
        As in `Word2Vec.fit`.
    """
    from wordkin import __version__

    with ExitStack() as stack:
        setup = _Setup(stack, progress, None, checkpoint, every, resume, say)
        corpus = _read(text, settings, setup.progress)
        vocabulary = corpus.vocabulary
        run = setup.keeper(settings, vocabulary.words, corpus.fingerprint)
        stack.enter_context(run.stoppable())
        counted = exact.count_pairs(
            corpus.ids,
            vocabulary.counts,
            settings,
            held_out=corpus.held_out,
            memory=memory,
            run=run,
        )
        metadata = {
            "wordkin": __version__,
            "corpus": corpus.fingerprint and dataclasses.asdict(corpus.fingerprint),
            **{name: getattr(corpus, name) for name in _FACTS},
            **{name: getattr(settings, name) for name in COUNTED},
        }
        write_counts(
            path,
            words=vocabulary.words,
            counts=vocabulary.counts,
            counted=counted,
            metadata=metadata,
        )
        if setup.checkpoints is not None:
            setup.checkpoints.remove()
    return CountsFile(vocabulary.words, vocabulary.counts, counted, metadata)


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """What came of training a model once more.

    Attributes
    ----------
    equal : bool
        Whether all that was learned is the same, byte for byte.
    was, now : str
        `Word2Vec.sha256` of the model, and of the new one.
    differences : list of str
        What was not the same this time, and may be why the result is not.
    """

    equal: bool
    was: str
    now: str
    differences: list[str]


def reproduce(
    model: Word2Vec,
    text: Text,
    *,
    threads: int | None = None,
    progress: bool | Progress | None = None,
) -> Reproduction:
    """Train again as a model was trained, and compare.

    Parameters
    ----------
    model
        A fitted or loaded one.
    text
        What it was trained on.
    threads : int or None
        None: as many as the model was trained with.
    progress
        As in `Word2Vec.fit`.

    Raises
    ------
    CorpusError
        For another text, before it is trained on.
    """
    settings = dataclasses.replace(model.settings, threads=threads or model.settings.threads)
    with ExitStack() as stack:
        # Training may have been stopped.
        setup = _Setup(
            stack,
            progress,
            lambda moment: moment.number >= len(model.history),
            None,
            math.inf,
            False,
            lambda _: None,
        )
        began = time.perf_counter()
        corpus = _read(text, settings, setup.progress)
        if model.corpus not in (None, corpus.fingerprint):
            raise CorpusError(
                "this is not the text that the model was trained on:"
                f" {_described(corpus.fingerprint)}, not {_described(model.corpus)}"
            )
        lines = model.account.lines
        if model.corpus is not None and corpus.lines != lines:
            raise CorpusError(
                f"the model was trained on these bytes in {lines:,} lines, here they are in"
                f" {corpus.lines:,}: give the same files, one by one, in the same order"
            )
        vocabulary, fingerprint = corpus.vocabulary, corpus.fingerprint
        run = setup.keeper(settings, vocabulary.words, fingerprint)
        trained, account = _train(corpus, settings, time.perf_counter() - began, run)
    again = _Result.of(vocabulary, trained, account, settings, fingerprint, run.origin)
    then, here = dataclasses.asdict(model.origin), dataclasses.asdict(again.origin)
    differences = [
        f"{name.replace('_', ' ')} {then[name] or 'unknown'} then, {here[name]} now"
        for name in then
        if then[name] != here[name]
    ]
    if isinstance(settings, StochasticSettings) and not settings.deterministic:
        differences.append("training was not deterministic")
    return Reproduction(model.sha256 == again.sha256, model.sha256, again.sha256, differences)


def _described(text: Fingerprint | None) -> str:
    return f"{text.bytes:,} bytes with the SHA-256 {text.sha256}" if text else "unknown"


class _Setup:
    """What a run is given from outside, opened; and the run that is made of it."""

    def __init__(
        self,
        stack: ExitStack,
        progress: bool | Progress | None,
        callback: Callback | None,
        folder: StrPath | None,
        every: float,
        resume: bool,
        say: Say,
    ) -> None:
        self._stack, self._callback, self._every, self._say = stack, callback, every, say
        self._log = Log(None, None, say)
        self.checkpoints = None
        if folder is not None:
            self.checkpoints = stack.enter_context(Checkpoints(folder, say))
            if resume and self.checkpoints.empty:
                say(f"{folder}: there is nothing to resume: training begins")
            if not resume and not self.checkpoints.empty:
                raise CheckpointError(
                    f"{folder}: there is the state of an interrupted run: resume it (--resume), or"
                    " remove the folder to begin anew"
                )
        elif resume:
            raise SettingsError("to resume takes the folder of the states: checkpoint")
        self.progress = stack.enter_context(_progress(progress))

    def open_log(self, history: StrPath | None, tensorboard: StrPath | None) -> None:
        self._log = Log(history, tensorboard, self._say)
        self._stack.callback(self._log.close)

    def keeper(
        self, settings: Settings, words: Sequence[str], corpus: Fingerprint | None
    ) -> Keeper:
        return Keeper(
            self.progress,
            settings,
            words,
            _identity(settings, corpus),
            checkpoints=self.checkpoints,
            every=self._every,
            log=self._log,
            callback=self._callback,
            say=self._say,
        )


def _progress(wanted: bool | Progress | None) -> Progress:
    return wanted if isinstance(wanted, Progress) else progress_for(wanted)


def _read(text: Text, settings: Settings, progress: Progress) -> Corpus:
    corpus = read_corpus(
        text,
        min_count=settings.min_count,
        max_vocab=settings.max_vocab,
        held_out=settings.held_out,
        progress=progress,
    )
    _require_pairs(corpus)
    return corpus


def _train(
    corpus: Corpus, settings: Settings, reading: float, run: Keeper
) -> tuple[Trained, Account]:
    """Let the engine that the settings name train on a corpus."""
    began = time.perf_counter()
    trained = _ENGINES[settings.engine, settings.objective](
        corpus.ids, corpus.vocabulary.counts, settings, run, corpus.held_out
    )
    seconds = time.perf_counter() - began + run.spent
    if isinstance(settings, StochasticSettings):
        _require_trained(trained.history, settings)
    return trained, _account(corpus, trained, settings, reading, seconds)


def _identity(settings: Settings, corpus: Fingerprint | None) -> dict[str, Any]:
    """Return what has to be the same for a run to be gone on with."""
    told = settings.as_dict()
    del told["threads"]
    return {
        "settings": told,
        "corpus": corpus and dataclasses.asdict(corpus),
        "origin": dataclasses.asdict(Origin.here()),
    }


def _fingerprint_in(path: StrPath, file: CountsFile) -> Fingerprint | None:
    found = file.metadata.get("corpus")
    try:
        return found and Fingerprint(**found)
    except TypeError:
        raise FormatError(f"{path}: the metadata are damaged: corpus {found!r:.80}") from None


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
        held_out=corpus.held_out_tokens * epochs,
        reading=reading,
        training=training - trained.counting,
        counting=trained.counting,
    )
