"""The engines, which turn ids or counts into two matrices, and the table of engines and objectives.

Each engine and each objective is one row. Code that depends on which one is used reads the row and
never compares names, so a new objective is one file with
its loss and gradients, and one row here whose trainer is `engines.reference:train`, the readable
loop that trains any loss of a pair. A fast trainer takes native code as well; see
docs/development/objective.md. Rows name code as
"module:function"; `load` imports it on use, because the command line reads the table before it
needs NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from typing import Any, NamedTuple


def load(code: str) -> Any:
    """Import and return the object that "module:name" names, in a module of wordkin."""
    module, _, name = code.partition(":")
    return attrgetter(name)(import_module(f"wordkin.{module}"))


class Rows(NamedTuple):
    """How many rows the center (`inputs`) and the outside (`outputs`) matrix have, for V words.

    Both have V rows where each word has a center and an outside vector of its own. Other models
    differ: hierarchical softmax has V - 1 inner nodes as outputs, subword models add n-grams to the
    inputs. With the setting `sides`, each output has a row for the left and one for the right.
    """

    inputs: int
    outputs: int

    @classmethod
    def of_words(cls, words: int) -> Rows:
        """Return one row per word in both matrices."""
        return cls(words, words)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine: how it is called, configured and reported.

    Attributes
    ----------
    name, help : str
        As on the command line.
    settings : str
        The class of its settings.
    record : str
        The class of the records in its history.
    unit : str
        The name of one unit of its work, "epoch" or "pass".
    rereads : bool
        Whether each unit reads the text again; otherwise the engine counts the text once.
    descend : str or None
        counts of pairs, counts of words, settings, run -> `outcome.Trained`: the function that
        trains on a file of counts; None if the engine needs the text.
    """

    name: str
    help: str
    settings: str
    record: str
    unit: str
    rereads: bool
    descend: str | None

    def units(self, number: int) -> str:
        """Return the name of the unit, in the plural unless `number` is 1."""
        plural = f"{self.unit}es" if self.unit.endswith("s") else f"{self.unit}s"
        return self.unit if number == 1 else plural


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """The function that trains an objective with one of the engines.

    Attributes
    ----------
    code : str
        ids, counts, settings, run, held-out ids -> `outcome.Trained`.
    checkpoints : bool
        Whether it saves checkpoints, so that a run can be resumed.
    """

    code: str
    checkpoints: bool = True


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A loss over pairs of a center and an outside word.

    Attributes
    ----------
    name : str
        As on the command line.
    trainers : mapping of str to Trainer
        By name of the engine; the first engine is the default.
    pairs : str
        A factory, (rng, noise, negatives) -> `objectives.PairObjective`, which returns the loss of
        one pair and its gradients; see `objectives.reference.softmax_pairs`.
    problem : str or None
        The loss over counts, a subclass of `exact.problem.Problem`. None if there is none: then
        the exact engine cannot train it, and held-out lines have no loss.
    rows : str
        Number of words -> `Rows` of the two matrices.
    normalised : bool
        Whether it trains a distribution over outside words. Its loss then has a perplexity, and
        `Word2Vec.predict` returns the trained probabilities.
    noise : bool
        Whether the logit u_o·v_c is relative to the noise distribution.
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
            help="stochastic gradient descent over windows of the text",
            settings="engines.settings:StochasticSettings",
            record="engines.outcome:Epoch",
            unit="epoch",
            rereads=True,
            descend=None,
        ),
        Engine(
            name="exact",
            help="descent on the loss of the whole text, over its co-occurrence counts",
            settings="engines.settings:ExactSettings",
            record="engines.outcome:Pass",
            unit="pass",
            rereads=False,
            descend="engines.exact.engine:descend",
        ),
    )
}
"""The engines by name; the first one is the default."""

OBJECTIVES = {
    row.name: row
    for row in (
        Objective(
            name="negative-sampling",
            trainers={
                "stochastic": Trainer(code="engines.stochastic.engine:train"),
                "exact": Trainer(code="engines.exact.engine:train"),
            },
            pairs="objectives.reference:sampled_pairs",
            problem="engines.exact.problem:NegativeSampling",
            noise=True,
        ),
        Objective(
            name="naive-softmax",
            trainers={
                "exact": Trainer(code="engines.exact.engine:train"),
                "stochastic": Trainer(code="engines.reference:train", checkpoints=False),
            },
            pairs="objectives.reference:softmax_pairs",
            problem="engines.exact.problem:NaiveSoftmax",
            normalised=True,
        ),
    )
}
"""The objectives by name; the first one is the default."""
