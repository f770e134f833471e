"""The files of the built page, which the package contains.

In: the name of a file. Out: its bytes.
"""

from __future__ import annotations

from importlib.resources import files

from wordkin.system.errors import WordkinError

TYPES = {
    "index.html": "text/html; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "licenses.txt": "text/plain; charset=utf-8",
}
"""The files of the page, with their content types."""


def read(name: str) -> bytes:
    """Return the bytes of a file of the page, one of `TYPES`.

    Raises
    ------
    WordkinError
        If this installation was built without the page.
    """
    if name not in TYPES:
        raise ValueError(f"name must be one of {', '.join(TYPES)}, got {name!r}")
    try:
        return files("wordkin.views.page").joinpath("files", name).read_bytes()
    except FileNotFoundError:
        raise WordkinError(
            "this wordkin was built without the page: build it again where npm can be reached;"
            " WORDKIN_PAGE=ON says what is missing"
        ) from None
