"""The table of settings, from their declarations."""

from __future__ import annotations

import math
from typing import Any

from .api import found

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALL = 16  # bits of a number that is read at a glance


def settings() -> str:
    """Return a Markdown table with a row for each setting."""
    rows = [
        "| setting | meaning | type and bounds | default | engine |",
        "|---|---|---|---|---|",
    ]
    declared, load = found("wordkin.engines.settings.declared"), found("wordkin.engines.load")
    engines = {
        row.name: {field.name for field, _ in declared(load(row.settings))}
        for row in found("wordkin.engines.ENGINES").values()
    }
    for field, about in declared():
        takers = [name for name, names in engines.items() if field.name in names]
        cells = [
            f"`{field.name}`",
            about.help,
            ", ".join(filter(None, [_type(field, about), _bounds(field, about)])),
            _default(field, about),
            "all" if len(takers) == len(engines) else ", ".join(takers),
        ]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def _type(field: Any, about: Any) -> str:
    if about.choices:
        return ", ".join(f"`{choice}`" for choice in about.choices)
    kind, *others = str(field.type).split(" | ")
    names = [f"`{word}`" for word in about.words] or others
    return " or ".join([kind, *names])


def _default(field: Any, about: Any) -> str:
    if about.unset:
        return str(about.unset)
    if callable(field.default_factory):
        return f"the number of {field.default_factory.__name__}"
    return "none" if field.default is None else f"{field.default}"


def _bounds(field: Any, about: Any) -> str:
    """Return what a number may be, as in ``> 0``; nothing for other types."""
    if about.choices or not str(field.type).startswith(("int", "float")):
        return ""
    lower = f"> {about.above}" if about.above is not None else f"≥ {about.least}"
    upper = f"< {about.below}" if about.below is not None else _at_most(about.most)
    return f"{lower}, {upper}" if upper else lower


def _at_most(most: float) -> str:
    """Return an upper bound; nothing for infinity, and large ones as a power of 2 if they are."""
    if most == math.inf:
        return ""
    power = int(most).bit_length()
    if power > _SMALL and most == (1 << power) - 1:
        return f"< 2{str(power).translate(_RAISED)}"
    if power > _SMALL and most == 1 << (power - 1):
        return f"≤ 2{str(power - 1).translate(_RAISED)}"
    return f"≤ {most:,}"
