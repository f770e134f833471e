"""The check that no page of the site loads anything from a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# A script, picture or frame; a style sheet or font that is linked or imported.
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"'](?:https?:)?//[^\"']*"
    r"|<link\b(?=[^>]*rel=[\"'](?:stylesheet|preload|preconnect|icon))[^>]*href=[\"'](?:https?:)?//[^\"']*"
    r"|@import[^;]*//[^;]*|url\([\"']?(?:https?:)?//[^)]*",
    re.IGNORECASE,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Check each build of HTML."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _check(app: Sphinx, error: Exception | None) -> None:
    from sphinx.errors import ExtensionError

    if error is not None or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css") and (found := _LOADED.search(path.read_text("utf-8"))):
            raise ExtensionError(f"{path}: loads from a network: {found[0]}")
