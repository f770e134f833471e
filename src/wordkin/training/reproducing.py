"""Reproduction: train a model again from its text, and compare the result byte for byte."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wordkin.corpus.encoded import Fingerprint
from wordkin.corpus.reading import Text
from wordkin.system.errors import CorpusError
from wordkin.system.notes import log
from wordkin.training.learned import learn
from wordkin.training.model import Word2Vec
from wordkin.training.moment import Moment
from wordkin.training.run_options import RunOptions
from wordkin.training.session import Session
from wordkin.training.source import read_source

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """The comparison of a model with one that was trained again.

    Attributes
    ----------
    equal : bool
        Whether both models are the same, byte for byte.
    was, now : str
        `Word2Vec.sha256` of the model, and of the new one.
    differences : list of str
        Conditions that differ from the first training, and may explain a different result.
    """

    equal: bool
    was: str
    now: str
    differences: list[str]


def reproduce(
    model: Word2Vec, text: Text, *, threads: int | None = None, **options: Unpack[RunOptions]
) -> Reproduction:
    """Train a model again from its text, and compare both.

    Parameters
    ----------
    model : Word2Vec
        A fitted or loaded model.
    text
        The text that it was trained on, as in `Word2Vec.fit`.
    threads : int or None
        None for as many as the model was trained with.
    **options
        As in `RunOptions`. Training stops after as many epochs or passes as the model has.

    Returns
    -------
    Reproduction

    Raises
    ------
    CorpusError
        If the text is another one; raised before training.
    OSError
        If it cannot be read.
    """
    if not isinstance(model, Word2Vec):
        raise TypeError(
            f"model must be a Word2Vec, as Word2Vec.load(path) returns it, got"
            f" {type(model).__name__}"
        )
    settings = dataclasses.replace(model.settings, threads=threads or model.settings.threads)
    callback, length = options.get("callback"), len(model.history)

    def stop(moment: Moment) -> bool:  # the first run may have been stopped early
        return bool(callback and callback(moment)) or moment.number >= length

    with Session({**options, "callback": stop}) as session:
        began = time.perf_counter()
        source = read_source(text, settings, session.progress, limits=session.limits)
        corpus = source.corpus
        if model.corpus not in (None, corpus.fingerprint):
            raise CorpusError(
                "this is not the text that the model was trained on:"
                f" {_described(corpus.fingerprint)}, not {_described(model.corpus)}"
            )
        lines = model.account.lines
        if model.corpus is not None and corpus.lines != lines:
            raise CorpusError(
                f"the model was trained on these bytes in {lines:,} lines, but here they have"
                f" {corpus.lines:,}: give the same files in the same order"
            )
        words, words_here = model.vectors.words, tuple(corpus.vocabulary.words)
        if model.corpus is not None and words_here != words:
            raise CorpusError(
                f"the model was trained on these bytes as {_counted(words)}, but here they are"
                f" {_counted(words_here)}: give the same lists of words, or the same files"
            )
        run = session.run(settings, corpus.vocabulary.words, corpus.fingerprint)
        again = learn(source, run, time.perf_counter() - began)
    before, here = dataclasses.asdict(model.origin), dataclasses.asdict(again.origin)
    differences = [
        f"{name.replace('_', ' ')} {before[name] or 'unknown'} then, {here[name]} now"
        for name in before
        if before[name] != here[name]
    ]
    if words_here != words:
        differences.append(f"{_counted(words)} then, {_counted(words_here)} now")
    if not getattr(settings, "deterministic", True):
        differences.append("training was not deterministic")
    log.info("trained again: %s", "equal" if model.sha256 == again.sha256 else "different")
    return Reproduction(model.sha256 == again.sha256, model.sha256, again.sha256, differences)


def _counted(words: Sequence[str]) -> str:
    return f"{len(words):,} different words, the first {words[0]!r:.60}"


def _described(text: Fingerprint | None) -> str:
    return f"{text.bytes:,} bytes with the SHA-256 {text.sha256}" if text else "unknown"
