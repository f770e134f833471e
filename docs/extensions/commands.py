"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_EXTRA = re.compile(r"\s*\[((?:default|required|x[<>]|\d)[^\[\]]*(?:\([^()]*\))?[^\[\]]*)\]$")
_TYPES = {"<int range>": "N", "<int>": "N", "<float>": "X", "<text>": "TEXT", "<str>": "TEXT"}


def commands() -> str:
    """Return Markdown with a section for each command, in the order of the help."""
    from typer.main import get_command

    from wordkin.cli import app

    group: Any = get_command(app)
    return "\n".join(
        line for name, command in group.commands.items() for line in _section(name, command)
    )


def _section(name: str, command: Any) -> Iterator[str]:
    context = command.make_context(f"wordkin {name}", [], resilient_parsing=True)
    yield f"## wordkin {name}\n"
    yield f"{_text(command.help)}\n"
    yield f"```text\nwordkin {name} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    for kind in ("argument", "option"):
        records = [
            record
            for parameter in command.params
            if parameter.param_type_name == kind
            and (record := parameter.get_help_record(context)) is not None
        ]
        if records:
            yield f"| {kind} | meaning | default |\n|---|---|---|"
            yield from (_row(kind, *record) for record in records)
            yield ""
    _, found, example = (command.epilog or "").partition("Example:")
    if found:
        yield f"```console\n$ {example.strip()}\n```\n"


def _row(kind: str, names: str, help: str) -> str:
    """Return a row of a table: how it is written, what it does, what holds without it."""
    extra = _EXTRA.search(help)
    default = re.sub(r"default: (?:\(([^()]*)\))?", r"\1", extra[1]) if extra else ""
    names = names.replace("<path>", "FILE") if kind == "option" else names.split()[0]
    for written, clear in _TYPES.items():
        names = names.replace(written, clear)
    cells = (f"`{names}`", _text(help[: extra.start()] if extra else help), default)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _text(text: str | None) -> str:
    return " ".join((text or "").split()).replace("<", "&lt;")
