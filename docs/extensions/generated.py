"""Parts of pages that are made from the code, so that nothing is written down twice.

A comment ``<!-- generated: NAME ARGUMENTS -->`` in a page is replaced before the page is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .api import api
from .commands import commands
from .engines import engines
from .formats import formats
from .settings import settings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_MARK = re.compile(r"^<!-- generated: (\w+)\s*([^>]*?)\s*-->$", re.MULTILINE)
_ALIAS = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
_PARTS: dict[str, Callable[..., str]] = {
    "api": api,
    "commands": commands,
    "engines": engines,
    "formats": formats,
    "settings": settings,
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Fill in each page, and take docstrings as they are meant."""
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _mend_docstring)
    app.connect("autodoc-process-signature", _mend_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def filled(text: str) -> str:
    """Return the Markdown of a page with its generated parts."""
    return _MARK.sub(lambda mark: _PARTS[mark[1]](*filter(None, [mark[2]])), text)


def _fill(app: Sphinx, name: str, source: list[str]) -> None:
    source[0] = filled(source[0])


def _mend_docstring(*arguments: Any) -> None:
    """Escape bars, which are those of |N_A ∩ N_B| and never a substitution; set dashes."""
    lines: list[str] = arguments[-1]
    lines[:] = [line if "``" in line else line.replace("|", r"\|") for line in lines]
    lines[:] = [line.replace(" -- ", " – ") for line in lines]


def _mend_signature(*arguments: Any) -> tuple[str | None, ...]:
    """Show names of types as they are written in the code."""
    return tuple(part and _ALIAS.sub(r"\1", part) for part in arguments[-2:])
