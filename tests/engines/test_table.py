"""The table of engines and objectives: one row each, and nothing else asks for their names."""

from __future__ import annotations

import ast
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from support import toy
from wordkin import Word2Vec
from wordkin.engines import ENGINES, OBJECTIVES, Objective, Rows, Trainer, load
from wordkin.engines.exact.problem import Problem
from wordkin.engines.outcome import Epoch, Pass
from wordkin.engines.settings import Settings
from wordkin.objectives import naive_softmax, negative_sampling
from wordkin.system.errors import SettingsError

SOURCE = Path(__file__).parents[2] / "src" / "wordkin"

# All of a new objective: the squared distance of u_o·v_c from 1 and of all other logits from 0,
# with its gradients.
TOY = """
import numpy as np

def squares(v_c, o, U):
    error = U @ v_c
    error[o] -= 1
    return error @ error / 2, U.T @ error, np.outer(error, v_c)

def pairs(rng, noise, negatives):
    return squares
"""


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> str:
    """An objective in one file and one row."""
    file = types.ModuleType("wordkin.objectives.squares")
    exec(TOY, file.__dict__)
    monkeypatch.setitem(sys.modules, "wordkin.objectives.squares", file)
    row = Objective(
        name="squares",
        trainers={"stochastic": Trainer(code="engines.reference:train", checkpoints=False)},
        pairs="objectives.squares:pairs",
    )
    monkeypatch.setitem(OBJECTIVES, "squares", row)
    return row.name


def test_an_objective_of_one_file_and_one_row_trains_saves_loads_and_answers(
    planted: str, tmp_path: Path
) -> None:
    model = Word2Vec(objective=planted, dim=6, min_count=1, subsample=0, epochs=12, threads=1)
    assert model.settings.engine == "stochastic"
    model.fit(toy.sentences(60), progress=False)
    assert model.history[-1].held_out is None
    assert model.history[-1].loss < model.history[0].loss
    model.save(tmp_path / "m.safetensors")
    again = Word2Vec.load(tmp_path / "m.safetensors")
    assert again.settings.objective == planted
    assert again.sha256 == model.sha256
    assert np.isclose(sum(p for _, p in again.predict(again.vectors.words[0], topn=10_000)), 1)


def test_an_engine_that_has_no_code_for_an_objective_refuses_it(planted: str) -> None:
    model = Word2Vec(objective=planted, engine="exact", min_count=1, subsample=0)
    with pytest.raises(SettingsError, match="exact engine cannot train squares: stochastic can"):
        model.fit(toy.sentences(20), progress=False)


def test_an_unknown_objective_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="must be negative-sampling or naive-softmax, got 'sq"):
        Word2Vec(objective="squares")


def test_all_code_that_rows_name_is_there() -> None:
    for engine in ENGINES.values():
        assert issubclass(load(engine.settings), Settings)
        assert load(engine.record) in (Epoch, Pass)
        assert engine.descend is None or callable(load(engine.descend))
    for objective in OBJECTIVES.values():
        assert objective.trainers.keys() <= ENGINES.keys()
        assert all(callable(load(trainer.code)) for trainer in objective.trainers.values())
        assert objective.problem is None or issubclass(load(objective.problem), Problem)
        assert load(objective.rows)(5) == Rows(5, 5)


def test_the_pairs_of_a_row_are_the_loss_in_the_equations() -> None:
    rng, noise = np.random.default_rng(1), np.array([0.2, 0.3, 0.5])
    v_c, U = rng.normal(size=4), rng.normal(size=(3, 4))
    softmax = load(OBJECTIVES["naive-softmax"].pairs)(rng, noise, 2)
    assert softmax(v_c, 1, U)[0] == naive_softmax(v_c, 1, U)[0]
    sampled = load(OBJECTIVES["negative-sampling"].pairs)(rng, noise, 2)
    possible = [negative_sampling(v_c, 1, [a, b], U)[0] for a in (0, 2) for b in (0, 2)]
    assert np.isclose(sampled(v_c, 1, U)[0], possible).any()


@pytest.mark.parametrize(
    ("engine", "number", "units"),
    [
        ("stochastic", 1, "epoch"),
        ("stochastic", 2, "epochs"),
        ("exact", 1, "pass"),
        ("exact", 3, "passes"),
    ],
)
def test_units_have_a_plural(engine: str, number: int, units: str) -> None:
    assert ENGINES[engine].units(number) == units


def test_only_the_table_names_objectives_and_engines() -> None:
    """A comparison with a name elsewhere would be a branch that a new row does not reach."""
    names = ENGINES.keys() | OBJECTIVES.keys()
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                if any(isinstance(s, ast.Constant) and s.value in names for s in sides):
                    found.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    assert found == []
