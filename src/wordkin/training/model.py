"""The main job: text in, a model out. Settings, the one choice of an engine, files, an account.

The one room that knows both engines and words; everything that it calls is told what it needs.
"""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wordkin.corpus.encoded import Fingerprint
from wordkin.corpus.reading import Text
from wordkin.engines import ENGINES, OBJECTIVES, load
from wordkin.engines.counts.file import CountsFile, read_counts
from wordkin.engines.outcome import History
from wordkin.engines.settings import AnySettings, EngineSettings, settings_for, takes
from wordkin.system.errors import FormatError, SettingsError, UnknownWordError, WordkinError
from wordkin.system.files import remove_stale_temporaries
from wordkin.system.types import StrPath
from wordkin.training import prediction
from wordkin.training.account import Account
from wordkin.training.checkpoint import Checkpoints
from wordkin.training.learned import Learned, Origin, learn
from wordkin.training.options import RunOptions
from wordkin.training.session import Session
from wordkin.training.source import read_source, trainer_of
from wordkin.vectors.formats.model import read_model, write_model
from wordkin.vectors.words import WordVectors

if TYPE_CHECKING:
    from typing_extensions import Unpack


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

    @takes(AnySettings)
    def __init__(self, **settings: Any) -> None:
        self.settings: EngineSettings = settings_for(**settings)
        self._given = settings.keys()
        self._result: Learned | None = None
        self._checkpoint: StrPath | None = None

    def get_params(self) -> dict[str, Any]:
        """Return the settings by name."""
        return self.settings.as_dict()

    def fit(self, source: Text | CountsFile, **options: Unpack[RunOptions]) -> Word2Vec:
        """Train on a text or on counts, from the start or from where a run was interrupted.

        Parameters
        ----------
        source
            A path, several paths, or any iterable of sentences, each a list of words. It is read
            once, so a generator will do. Or counts, as `read_counts` reads them: then the engine
            has to be the exact one, and window, subsampling, vocabulary and lines held out are
            those of the counts, which are float32 whatever the precision.
        **options
            How the run is run, not what comes of it: `progress`, `callback`, `history`,
            `tensorboard`, `checkpoint`, `every`, `resume` and `say`, as in `RunOptions`.

        Returns
        -------
        Word2Vec
            Itself.

        Raises
        ------
        CorpusError, OSError
            For a text that cannot be read or holds nothing to train on.
        SettingsError
            For counts and another engine, or where a setting was given that the counts were not
            made with.
        CheckpointError
            For a state of other settings or another text; for a folder in use, or with a state in
            it that is not to be gone on from.
        DivergenceError
            When the loss or a vector stops being finite.
        """
        settings, checkpoint = self.settings, options.get("checkpoint")
        if checkpoint is not None and not trainer_of(settings).checkpoints:
            raise SettingsError(
                f"the {settings.engine} engine keeps no states of {settings.objective}, which is"
                " for small texts"
            )
        with Session(options) as session:
            began = time.perf_counter()
            read = read_source(source, settings, session.progress, self._given)
            corpus = read.corpus
            run = session.run(read.settings, corpus.vocabulary.words, corpus.fingerprint)
            learned = learn(read, run, time.perf_counter() - began)
        self.settings, self._result = read.settings, learned
        if settings.patience and all(done.held_out is None for done in self.history):
            session.say(
                "note: no lines were held out, as the text is short: patience had no effect"
            )
        self._checkpoint = checkpoint
        session.progress.fitted(self.vectors)
        return self

    def fit_counts(self, path: StrPath, **options: Unpack[RunOptions]) -> Word2Vec:
        """Train on a file of counts: ``fit(read_counts(path))``.

        Raises
        ------
        FormatError, OSError
            If the file holds no counts, or cannot be read; and as `fit`.
        """
        return self.fit(read_counts(path), **options)

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
        noise = OBJECTIVES[self.settings.objective].noise
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
            record = load(ENGINES[model.settings.engine].record)
            history = [record(**done) for done in file.metadata["history"]]
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
