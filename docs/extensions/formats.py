"""The table of file formats, from the registry that reads and writes them."""

from __future__ import annotations

from .api import found


def formats() -> str:
    """Return a Markdown table with a row for each format."""
    rows = [
        "| format | what it is | read | written | suffix | counts |",
        "|---|---|---|---|---|---|",
    ]
    for format in found("wordkin.vectors.formats.FORMATS").values():
        suffixes = ", ".join(f"`{suffix}`" for suffix in format.suffixes)
        cells = [
            f"`{format.name}`",
            format.what,
            _yes(format.reader),
            _yes(format.writer),
            suffixes or (f"none: `--to {format.name}`" if format.writer else ""),
            _yes(format.keeps_counts),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _yes(value: object) -> str:
    return "yes" if value else "–"
