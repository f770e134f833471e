"""Train a model again and compare the bytes."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from wordkin.corpus.encoded import Fingerprint
from wordkin.corpus.reading import Text
from wordkin.system.errors import CorpusError
from wordkin.training.learned import learn
from wordkin.training.model import Word2Vec
from wordkin.training.moment import Moment
from wordkin.training.options import RunOptions
from wordkin.training.session import Session
from wordkin.training.source import read_source

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
    model: Word2Vec, text: Text, *, threads: int | None = None, **options: Unpack[RunOptions]
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
    **options
        As in `RunOptions`; training ends where it ended then.

    Raises
    ------
    CorpusError
        For another text, before it is trained on.
    """
    settings = dataclasses.replace(model.settings, threads=threads or model.settings.threads)
    asked, rounds = options.get("callback"), len(model.history)

    def stop(moment: Moment) -> bool:  # the first run may have been stopped early
        return bool(asked and asked(moment)) or moment.number >= rounds

    with Session({**options, "callback": stop}) as session:
        began = time.perf_counter()
        source = read_source(text, settings, session.progress)
        corpus = source.corpus
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
        run = session.run(settings, corpus.vocabulary.words, corpus.fingerprint)
        again = learn(source, run, time.perf_counter() - began)
    then, here = dataclasses.asdict(model.origin), dataclasses.asdict(again.origin)
    differences = [
        f"{name.replace('_', ' ')} {then[name] or 'unknown'} then, {here[name]} now"
        for name in then
        if then[name] != here[name]
    ]
    if not getattr(settings, "deterministic", True):
        differences.append("training was not deterministic")
    return Reproduction(model.sha256 == again.sha256, model.sha256, again.sha256, differences)


def _described(text: Fingerprint | None) -> str:
    return f"{text.bytes:,} bytes with the SHA-256 {text.sha256}" if text else "unknown"
