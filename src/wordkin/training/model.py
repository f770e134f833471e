"""The main job: text in, a model out. Settings, the one choice of an engine, files, an account.

The one room that knows both engines and words; everything that it calls is told what it needs.
"""

from __future__ import annotations

import dataclasses
import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import numpy as np

from wordkin.corpus.encoded import Corpus, Fingerprint
from wordkin.corpus.reading import Text
from wordkin.corpus.vocabulary import Vocabulary
from wordkin.engines.counts.file import CountsFile, read_counts
from wordkin.engines.exact import stages
from wordkin.engines.outcome import Epoch, History, Pass
from wordkin.engines.settings import (
    EngineSettings,
    ExactSettings,
    settings_for,
)
from wordkin.system.errors import (
    FormatError,
    SettingsError,
    UnknownWordError,
    WordkinError,
)
from wordkin.system.files import remove_stale_temporaries
from wordkin.system.progress import Progress
from wordkin.system.terminal import say as say_on_stderr
from wordkin.system.types import Say, StrPath
from wordkin.training import prediction
from wordkin.training.account import FACTS, Account, account_of
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.learned import Learned, Origin
from wordkin.training.moment import Callback
from wordkin.training.session import Session
from wordkin.training.source import (
    COUNTED,
    ENGINES,
    TOO_SHORT,
    fingerprint_in,
    read_source,
    train_on,
)
from wordkin.vectors.formats.model import read_model, write_model
from wordkin.vectors.words import WordVectors


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
        self.settings: EngineSettings = settings_for(**settings)
        self._given = settings.keys()
        self._result: Learned | None = None
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
        if checkpoint is not None and ENGINES[settings.engine, settings.objective] in TOO_SHORT:
            raise SettingsError(
                f"the {settings.engine} engine keeps no states of {settings.objective}, which is"
                " for small texts"
            )
        with ExitStack() as stack:
            setup = Session(stack, progress, callback, checkpoint, every, resume, say)
            setup.open_log(history, tensorboard)
            began = time.perf_counter()
            corpus = read_source(text, settings, setup.progress)
            run = setup.keeper(settings, corpus.vocabulary.words, corpus.fingerprint)
            stack.enter_context(run.stoppable())
            trained, account = train_on(corpus, settings, time.perf_counter() - began, run)
        vocabulary, fingerprint = corpus.vocabulary, corpus.fingerprint
        del corpus  # the ids, which may be most of the memory in use
        self._result = Learned.of(vocabulary, trained, account, settings, fingerprint, run.origin)
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
            setup = Session(stack, progress, callback, checkpoint, every, resume, say)
            setup.open_log(history, tensorboard)
            began = time.perf_counter()
            file = read_counts(path)
            settings = self._as_counted(path, file)
            fingerprint = fingerprint_in(path, file)
            read = time.perf_counter()
            run = setup.keeper(settings, file.words, fingerprint)
            stack.enter_context(run.stoppable())
            trained = stages.descend(file.counted, file.counts, settings, run)
            done = time.perf_counter()
        facts = Corpus(
            Vocabulary(file.words, file.counts),
            np.empty(0, np.int32),
            **{name: file.metadata[name] for name in FACTS},
        )
        account = account_of(facts, trained, settings, read - began, done - read + run.spent)
        self.settings = settings
        self._result = Learned.of(
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
            facts = [file.metadata[name] for name in FACTS]
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
        form that all models with the same probabilities share: `wordkin.engines.exact.gauge`.
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
            model._result = Learned.made(
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
    def _fitted(self) -> Learned:
        if self._result is None:
            raise WordkinError("the model is not trained yet: call fit(text) first")
        return self._result

    def __repr__(self) -> str:
        """Show what is known: the vocabulary once it is there."""
        size = f", {len(self.vectors):,} words" if self._result else ", not trained"
        return f"Word2Vec({self.settings.objective}, dim={self.settings.dim}{size})"
