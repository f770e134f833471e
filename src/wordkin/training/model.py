"""`Word2Vec`, the model: text or counts in; word vectors, statistics and model files out.

It chooses the engine, and is the one module that handles both engines and words.
"""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from wordkin.corpus.encoded import Fingerprint
from wordkin.corpus.reading import Text
from wordkin.engines import ENGINES, OBJECTIVES, load
from wordkin.engines.counts.file import CountsFile, read_counts
from wordkin.engines.outcome import History, as_plain
from wordkin.engines.settings import (
    IN_OLD_FILES,
    AnySettings,
    EngineSettings,
    settings_for,
    takes,
)
from wordkin.system.errors import FormatError, SettingsError, UnknownWordError, WordkinError
from wordkin.system.files import remove_stale_temporaries, require_model_suffix, require_path
from wordkin.system.foreign_names import MODEL, VECTORS, did_you_mean
from wordkin.system.notes import collected, log
from wordkin.system.types import StrPath
from wordkin.training import prediction
from wordkin.training.account import Account
from wordkin.training.advice import log_summary, note_effects, note_forgetting, note_threads
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.learned import Learned, Origin, learn
from wordkin.training.notes import note_text
from wordkin.training.run_options import RunOptions
from wordkin.training.session import Session
from wordkin.training.source import read_source, trainer_of
from wordkin.vectors.formats.model import read_model, write_model
from wordkin.vectors.words import WordVectors

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Word2Vec:
    """A skip-gram model: settings at first, and vectors once it is fitted.

    Takes the fields of `StochasticSettings` or `ExactSettings` as keywords, for example
    ``Word2Vec(dim=100, window=5)``. The objective determines the default engine: exact for naive
    softmax, stochastic for negative sampling. The objectives are the rows of
    `wordkin.engines.OBJECTIVES`; how a run is run is for `fit`.

    Raises
    ------
    SettingsError
        For an invalid value, or a setting of another engine.
    TypeError
        For an unknown setting.

    Examples
    --------
    >>> model = Word2Vec(dim=10, min_count=1, threads=1)
    >>> model.fit([["a", "rose", "is", "a", "rose"]] * 100).vectors["rose"].shape
    (10,)
    """

    @takes(AnySettings)
    def __init__(self, *text: Any, **settings: Any) -> None:
        if text:
            raise TypeError(
                "Word2Vec takes settings, by their names; give the text to fit:"
                " Word2Vec(…).fit(text)"
            )
        self.settings: EngineSettings = settings_for(**settings)
        self._given = frozenset(settings)
        self._auto = self.settings.subsample == "auto"  # chosen anew for each text
        self._result: Learned | None = None
        self._checkpoint: StrPath | None = None

    def get_params(self) -> dict[str, Any]:
        """Return the settings as a dictionary."""
        return self.settings.as_dict()

    def fit(self, source: Text | CountsFile, **options: Unpack[RunOptions]) -> Word2Vec:
        """Train on a text or on counts, from the beginning or from a checkpoint.

        A model that is trained already forgets what it has learned, with a warning unless the text
        is the same: a model cannot grow. To learn from several texts, give all of them to one call.

        Parameters
        ----------
        source
            A path of a file, of a folder or a pattern such as ``texts/*.txt``, an open file, or
            several of them; or an iterable of sentences, each a list of words. It is read once, so
            a generator works. Or counts, as `read_counts` returns them: these need the exact
            engine, and determine window, subsampling, vocabulary and held-out lines. Their values
            are float32 or float64, whatever the precision.
        **options
            How to run, without effect on the model: `progress`, `callback`, `history`,
            `tensorboard`, `checkpoint`, `every`, `resume`, `memory`, `scratch` and `say`, as in
            `RunOptions`.

        Returns
        -------
        Word2Vec
            The model itself.

        Raises
        ------
        CorpusError
            If the text has nothing to train on.
        SettingsError
            If the engine cannot train the objective or does not take counts, or if the counts were
            made with other settings than the given ones.
        CheckpointError
            If the checkpoint has other settings or another text, another run uses the folder, or
            it has a checkpoint and `resume` is off.
        DivergenceError
            If the loss or a vector stops being finite.
        OSError
            If the text cannot be read.

        Warns
        -----
        TrainingWarning
            If a trained model is trained anew, or a setting has no effect.
        CorpusWarning
            If part of the text was left out, or may not be what was meant. `account.notes` has
            these notes too, and advice that is no warning.
        """
        settings, checkpoint = self.settings, options.get("checkpoint")
        if self._auto:
            settings = dataclasses.replace(settings, subsample="auto")
        if checkpoint is not None and not trainer_of(settings).checkpoints:
            raise SettingsError(
                f"the {settings.engine} engine saves no checkpoints of {settings.objective}, which"
                " it trains on small texts only: leave out checkpoint"
            )
        with collected() as notes:
            note_threads(settings)
            with Session(options) as session:
                began = time.perf_counter()
                loaded = read_source(
                    source, settings, session.progress, self._given, session.limits
                )
                corpus = loaded.corpus
                note_text(corpus, loaded.settings)
                if self._result is not None:
                    note_forgetting(self._result, corpus)
                run = session.run(loaded.settings, corpus.vocabulary.words, corpus.fingerprint)
                learned = learn(loaded, run, time.perf_counter() - began)
            note_effects(loaded.settings, learned, self._given)
            log_summary(loaded.settings, learned)
        account = dataclasses.replace(learned.account, notes=tuple(notes))
        self.settings = loaded.settings
        self._result = dataclasses.replace(learned, account=account)
        self._checkpoint = checkpoint
        session.progress.fitted(self.vectors)
        return self

    def fit_counts(self, path: StrPath, **options: Unpack[RunOptions]) -> Word2Vec:
        """Train on a file of counts: ``fit(read_counts(path))``.

        Raises
        ------
        FormatError
            If the file is not a file of counts, or damaged.
        OSError
            If it cannot be read.
        WordkinError
            As in `fit`.
        """
        return self.fit(read_counts(path), **options)

    def predict(
        self, word: str, topn: int | None = 10, side: str | None = None
    ) -> list[tuple[str, float]]:
        """Return the most probable outside words of a center word, with P(outside | center).

        For naive softmax, this is the trained distribution, softmax(U v_c). Negative sampling
        trains no distribution; the result is what its optimum implies, q_o e^(u_o·v_c) scaled to
        sum 1.

        Parameters
        ----------
        word : str
            The center word. If the model was trained with subwords, it may be unknown: its center
            vector is then composed from its n-grams.
        topn : int or None
            The number of outside words; None for all.
        side : {"left", "right"} or None
            The side of the center word that the outside words are at, for a model with sides: their
            probabilities then sum to 1. None for both sides together.

        Returns
        -------
        list of (str, float)
            Words and probabilities, in descending order.

        Raises
        ------
        UnknownWordError
            For a word that is not in the vocabulary and has no known n-gram, or that never occurred
            next to another word.
        SettingsError
            For `topn` below 1, or a side that is neither left nor right or that the model does not
            tell from the other.
        """
        fitted = self._fitted
        if not isinstance(word, str):
            fitted.center.index(word)  # raises
        v_c = fitted.center[word]
        if word in fitted.center and not v_c.any():
            raise UnknownWordError(f"{word!r:.80} never occurs next to another word in the text")
        noise = OBJECTIVES[self.settings.objective].noise
        counts = fitted.counts
        probable = prediction.of_words(
            v_c, fitted.outside_rows, len(counts), counts if noise else None, side
        )
        order = [o for o in prediction.largest(probable, topn) if probable[o] > 0]
        words = fitted.vectors.words
        return [(words[o], float(probable[o])) for o in order]

    @property
    def origin(self) -> Origin:
        """What trained the model: versions and instruction set."""
        return self._fitted.origin

    @property
    def corpus(self) -> Fingerprint | None:
        """The size and SHA-256 of the text; None if it was not read from files."""
        return self._fitted.corpus

    @property
    def sha256(self) -> str:
        """The SHA-256 of words, counts, center, outside and canonical vectors, and of n-grams.

        In deterministic training it depends on the text, the settings, the versions and the
        instruction set only, and not on the number of threads.
        """
        return self._fitted.sha256

    @property
    def vectors(self) -> WordVectors:
        """The word vectors, for neighbours, analogies and all other questions.

        For the stochastic engine, these are the center vectors. For the exact engine, they are the
        canonical vectors that all models with the same probabilities share:
        `wordkin.engines.exact.gauge`. With subwords, these are `SubwordVectors`, as are `center`.
        """
        return self._fitted.vectors

    @property
    def center(self) -> WordVectors:
        """The center vectors v_c, as trained, (V, d)."""
        return self._fitted.center

    @property
    def outside(self) -> WordVectors:
        """The outside vectors u_o, as trained, (V, d).

        With sides (V, 2 d): the vector of a word at the left of a center, and after it that of the
        same word at the right. `outside_at` has each by itself.
        """
        return self._fitted.outside

    def outside_at(self, side: str) -> WordVectors:
        """Return the outside vectors of words at one side of a center, (V, d).

        Parameters
        ----------
        side : {"left", "right"}

        Raises
        ------
        SettingsError
            For another word, or a model without sides.
        """
        return self._fitted.outside_at(side)

    @property
    def history(self) -> History:
        """The record of each epoch or pass, with the mean loss per pair."""
        return self._fitted.history

    @property
    def account(self) -> Account:
        """The statistics of the run: tokens and seconds."""
        return self._fitted.account

    def save(self, path: StrPath) -> None:
        """Write the model to a `.safetensors` file, and remove the checkpoints of its training.

        An existing file is replaced only when the new one is complete. Temporary files that a
        killed run left in the folder are removed.

        Raises
        ------
        FormatError
            If the suffix is not `.safetensors`, or the file cannot hold a word.
        OSError
            If the file cannot be written; an existing file is then unchanged.
        """
        result = self._fitted
        require_model_suffix(path)
        write_model(
            path,
            words=result.vectors.words,
            center=result.center.matrix,
            outside=result.outside_rows,
            counts=result.counts,
            metadata={
                **dataclasses.asdict(result.origin),
                "corpus": result.corpus and dataclasses.asdict(result.corpus),
                "sha256": result.sha256,
                "settings": self.settings.as_dict(),
                "account": dataclasses.asdict(result.account),
                "history": [as_plain(done) for done in result.history],
            },
            vectors=None if result.vectors is result.center else result.vectors.matrix,
            subwords=result.subwords,
        )
        log.info("saved the model: %s", os.fspath(path))
        remove_stale_temporaries(Path(os.path.realpath(path)).parent)
        if self._checkpoint is not None:
            with Checkpoints(self._checkpoint) as checkpoints:
                checkpoints.remove()
            self._checkpoint = None

    def __getitem__(self, word: object) -> NoReturn:
        raise TypeError("a model has several vectors of a word; did you mean model.vectors[word]?")

    __iter__ = None  # or Python would try __getitem__ with 0, 1, …

    def __getattr__(self, name: str) -> NoReturn:
        hint = ""
        if not name.startswith("_"):
            hint = did_you_mean(name, MODEL, dir(type(self)))
            if hasattr(WordVectors, name) or (name in VECTORS and not hint):
                hint = f"did you mean model.{VECTORS.get(name, f'vectors.{name}')}?"
        raise AttributeError(
            f"Word2Vec has no {name!r}" + (f"; {hint}" if hint else ""), name=name, obj=self
        )

    @classmethod
    def load(cls, path: StrPath) -> Word2Vec:
        """Read a model that `save` wrote.

        Raises
        ------
        FormatError
            If the file is not a model, truncated or damaged.
        OSError
            If it cannot be read.
        """
        require_path(path)
        file = read_model(path)
        try:
            # Old files name no engine: there was only the stochastic one.
            settings = {"engine": "stochastic"} | file.metadata["settings"]
            model = cls(**(IN_OLD_FILES.get(settings["engine"], {}) | settings))
            record = load(ENGINES[model.settings.engine].record)
            history = [record(**done) for done in file.metadata["history"]]
            account = Account(**file.metadata["account"])
            account = dataclasses.replace(account, notes=tuple(account.notes))  # JSON has lists
            origin = Origin(
                file.metadata["wordkin"],
                file.metadata["instruction_set"],
                file.metadata.get("numpy", ""),  # old files lack it
            )
            corpus = file.metadata.get("corpus")
            model._result = Learned.from_matrices(
                file.words,
                file.center,
                file.outside,
                file.vectors,
                file.counts,
                cast(History, history),
                account,
                origin,
                corpus and Fingerprint(**corpus),
                file.subwords,
            )
        except (KeyError, TypeError, WordkinError) as error:
            raise FormatError(f"{path}: not a wordkin model: {error}") from None
        return model

    @property
    def _fitted(self) -> Learned:
        if self._result is None:
            raise WordkinError("the model is not trained yet: call fit(text) first")
        return self._result

    def __repr__(self) -> str:
        """Show the main settings, and the size of the vocabulary if fitted."""
        size = f", {len(self.vectors):,} words" if self._result else ", not trained"
        return f"Word2Vec({self.settings.objective}, dim={self.settings.dim}{size})"
