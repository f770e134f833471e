"""Ids or counts in, two matrices out: the engines, and the table of engines and objectives.

One row an engine, one row an objective. Whoever needs to know which of them is at work reads its
row; nobody asks for a name. A new objective is a file with its code and a row here. Code is named
as "module:function" and imported when it is called, since the command line reads the table before
it needs NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from typing import Any, NamedTuple


def load(code: str) -> Any:
    """Import what "module:name" stands for, a module inside wordkin."""
    module, _, name = code.partition(":")
    return attrgetter(name)(import_module(f"wordkin.{module}"))


class Rows(NamedTuple):
    """How many rows the two matrices of a model have, for V words.

    Both have V where every word has a center and an outside vector of its own. Other models differ:
    a tree has V - 1 inner nodes as outputs, subwords add n-grams to the inputs.
    """

    inputs: int
    outputs: int

    @classmethod
    def of_words(cls, words: int) -> Rows:
        """Return a row a word in both."""
        return cls(words, words)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A way to train.

    Attributes
    ----------
    name, help : str
        As on the command line.
    settings : str
        The class of its settings.
    record : str
        The class of what it reports after each epoch or pass.
    unit : str
        What it calls one of those.
    rereads : bool
        Whether each unit goes over the text again; else the text is counted once.
    descend : str or None
        counts of pairs, counts of words, settings, run -> `outcome.Trained`: what trains on a file
        of counts instead of a text; None: it needs the text.
    gauged : bool
        Whether vectors for neighbours are the canonical form of both matrices, rather than the
        center vectors.
    """

    name: str
    help: str
    settings: str
    record: str
    unit: str
    rereads: bool
    descend: str | None
    gauged: bool

    def units(self, number: int) -> str:
        """Return the unit in singular or plural."""
        plural = f"{self.unit}es" if self.unit.endswith("s") else f"{self.unit}s"
        return self.unit if number == 1 else plural


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """What trains an objective in one of the engines.

    Attributes
    ----------
    code : str
        ids, counts, settings, run, held-out ids -> `outcome.Trained`.
    checkpoints : bool
        Whether it saves states that a run can be resumed from.
    """

    code: str
    checkpoints: bool = True


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss of pairs.

    Attributes
    ----------
    name : str
        As on the command line.
    trainers : mapping of str to Trainer
        By the name of the engine; the first is the default.
    pairs : str
        rng, noise, negatives -> the loss of a pair with its gradients, an
        `objectives.PairObjective`: what the reference trainer descends on.
    problem : str or None
        Its loss over counts, a subclass of `exact.problem.Problem`; None: it has none.
    rows : str
        V words -> the `Rows` of the two matrices.
    normalised : bool
        Whether it trains a distribution over outside words: then its loss has a perplexity, and
        predicted probabilities are what was trained.
    noise : bool
        Whether the noise distribution is part of what a product u_o·v_c stands for.
    """

    name: str
    trainers: Mapping[str, Trainer]
    pairs: str
    problem: str | None = None
    rows: str = "engines:Rows.of_words"
    normalised: bool = False
    noise: bool = False


ENGINES = {
    row.name: row
    for row in (
        Engine(
            name="stochastic",
            help="descent on one window after the other",
            settings="engines.settings:StochasticSettings",
            record="engines.outcome:Epoch",
            unit="epoch",
            rereads=True,
            descend=None,
            gauged=False,
        ),
        Engine(
            name="exact",
            help="on the counts of all pairs at once",
            settings="engines.settings:ExactSettings",
            record="engines.outcome:Pass",
            unit="pass",
            rereads=False,
            descend="engines.exact.stages:descend",
            gauged=True,
        ),
    )
}
"""The engines by name; the first is the default."""

OBJECTIVES = {
    row.name: row
    for row in (
        Objective(
            name="negative-sampling",
            trainers={
                "stochastic": Trainer(code="engines.stochastic.descent:train"),
                "exact": Trainer(code="engines.exact.stages:train"),
            },
            pairs="objectives.reference:sampled_pairs",
            problem="engines.exact.problem:NegativeSampling",
            noise=True,
        ),
        Objective(
            name="naive-softmax",
            trainers={
                "exact": Trainer(code="engines.exact.stages:train"),
                "stochastic": Trainer(code="engines.classroom:train", checkpoints=False),
            },
            pairs="objectives.reference:softmax_pairs",
            problem="engines.exact.problem:NaiveSoftmax",
            normalised=True,
        ),
    )
}
"""The objectives by name; the first is the default."""
