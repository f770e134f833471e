"""The table of objectives and the engines that train them, from their rows."""

from __future__ import annotations

from typing import Any

from .api import found


def engines() -> str:
    """Return a Markdown table with a row for each objective and a column for each engine."""
    names = [*found("wordkin.engines.ENGINES")]
    rows = [
        f"| objective | {' | '.join(f'{name} engine' for name in names)} |",
        "|---" * (len(names) + 1) + "|",
    ]
    for objective in found("wordkin.engines.OBJECTIVES").values():
        default = next(iter(objective.trainers))
        trainers = [_trainer(objective, name, name == default) for name in names]
        rows.append(f"| `{objective.name}` | {' | '.join(trainers)} |")
    return "\n".join(rows)


def _trainer(objective: Any, engine: str, default: bool) -> str:
    """Return the code that trains an objective in an engine."""
    if engine not in objective.trainers:
        return "–"
    trainer = objective.trainers[engine]
    notes = ["default"] * default + ["no checkpoints"] * (not trainer.checkpoints)
    return f"`{trainer.code}`" + (f" ({', '.join(notes)})" if notes else "")
