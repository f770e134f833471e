"""A demo text that needs no download: the documentation that comes with the running Python.

In: nothing. Out: sentences, and the settings and example words that suit them. The sources of the
standard library are parsed, never imported or run.
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SETTINGS: dict[str, Any] = {
    "dim": 50,
    "epochs": 20,
    "min_count": 20,
    "subsample": 1e-3,
    "learning_rate": 0.08,
    "threads": 1,  # the same vectors each time
}
"""Settings for about 300,000 words: small vectors, many epochs, a high learning rate."""

EXACT_SETTINGS: dict[str, Any] = {
    "objective": "naive-softmax",
    "dim": 100,
    "min_count": 20,
    "subsample": 1e-3,
}
"""Settings of the exact engine for the same text."""

WORDS = ("file", "thread", "exception", "server", "class", "month")
"""Example words that are frequent enough in this text to get good neighbours."""

_NOT_DOCUMENTATION = {"test", "tests", "idle_test", "site-packages", "dist-packages"}
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*")  # for the demo only; training splits on white space
_BETWEEN_PARAGRAPHS = re.compile(r"\n\s*\n")


def sentences() -> list[list[str]]:
    """Return the paragraphs of this Python's documentation as lists of lower-case words."""
    texts = dict.fromkeys([*_topics(), *_docstrings()])  # drops copied docstrings
    paragraphs = (p for text in texts for p in _BETWEEN_PARAGRAPHS.split(text.lower()))
    return [words for p in paragraphs if len(words := _WORD.findall(p)) > 1]


def _topics() -> list[str]:
    """Return the texts behind `help("TOPIC")`; empty if this Python comes without them."""
    try:
        from pydoc_data import topics
    except ImportError:
        return []
    return [text for text in vars(topics).get("topics", {}).values() if isinstance(text, str)]


def _docstrings() -> Iterator[str]:
    """Yield all docstrings in the sources of the standard library."""
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        if _NOT_DOCUMENTATION.isdisjoint(path.relative_to(library).parts):
            yield from docstrings_of(path)


def docstrings_of(path: Path) -> Iterator[str]:
    """Yield the docstrings of a Python file; none if it cannot be parsed."""
    try:
        source = path.read_bytes()
        # Parsing is the slow part, and a third of the files are tables without a docstring.
        if b'"""' not in source:
            return
        nodes: list[ast.AST] = [ast.parse(source)]
    except (OSError, SyntaxError, ValueError):
        return
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            nodes.extend(node.body)
            if docstring := ast.get_docstring(node, clean=False):
                yield docstring
