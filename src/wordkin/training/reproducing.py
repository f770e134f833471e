"""Train a model again and compare the bytes."""

from __future__ import annotations

import dataclasses
import math
import time
from contextlib import ExitStack

from wordkin.corpus.encoded import Fingerprint
from wordkin.corpus.reading import Text
from wordkin.engines.settings import (
    StochasticSettings,
)
from wordkin.system.errors import (
    CorpusError,
)
from wordkin.system.progress import Progress
from wordkin.training.learned import Learned
from wordkin.training.model import Word2Vec
from wordkin.training.session import Session
from wordkin.training.source import read_source, train_on


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
        setup = Session(
            stack,
            progress,
            lambda moment: moment.number >= len(model.history),
            None,
            math.inf,
            False,
            lambda _: None,
        )
        began = time.perf_counter()
        corpus = read_source(text, settings, setup.progress)
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
        trained, account = train_on(corpus, settings, time.perf_counter() - began, run)
    again = Learned.of(vocabulary, trained, account, settings, fingerprint, run.origin)
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
