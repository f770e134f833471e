"""The verb that checks all gradients against numerical derivatives."""

from __future__ import annotations

from typing import Annotated

import typer

from wordkin.cli.app import Json, app
from wordkin.system import terminal
from wordkin.system.errors import WordkinError


@app.command(epilog="Example:  wordkin check-gradients --seed 7")
def check_gradients(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random problems.")] = 0,
    json: Json = False,
) -> None:
    """Check all gradients against two numerical derivatives."""
    from dataclasses import asdict

    from wordkin.objectives import gradients

    checks = gradients.check_gradients(seed=seed)
    if json:
        terminal.put_json(
            {
                "tolerance": gradients.TOLERANCE,
                "passed": all(check.passed for check in checks),
                "checks": [asdict(check) | {"passed": check.passed} for check in checks],
            }
        )
    else:
        terminal.put_table(
            ["part", "equation", "by", "central", "complex step", ""],
            [
                [
                    check.part,
                    check.name,
                    check.with_respect_to,
                    f"{check.central_difference:.1e}",
                    f"{check.complex_step:.1e}",
                    "" if check.passed else "WRONG",
                ]
                for check in checks
            ],
            align="<<<>><",
        )
    wrong = sum(not check.passed for check in checks)
    if wrong:
        raise WordkinError(
            f"{wrong} of {len(checks)} gradients have a relative error of {gradients.TOLERANCE:g}"
            " or more"
        )
    terminal.say(f"all {len(checks)} gradients have a relative error below {gradients.TOLERANCE:g}")
