"""Entries of the Python reference, for names that a page lists."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any


def api(names: str) -> str:
    """Return directives that document some names, each by the path it is imported from."""
    return "\n".join(["```{eval-rst}", *map(_entry, names.split()), "```"])


def found(name: str) -> Any:
    """Return what has a name, as `wordkin.Word2Vec`."""
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def _entry(name: str) -> str:
    kind, option = "data", ""
    documented = found(name)
    if inspect.isclass(documented):
        kind, option = "class", ":members:"
        if any(base.__module__.startswith("wordkin.") for base in documented.__bases__):
            option += "\n   :inherited-members:"
        if issubclass(documented, BaseException):
            kind, option = "exception", ":show-inheritance:"
    elif inspect.isroutine(documented):
        kind = "function"
    return f".. auto{kind}:: {name}\n   {option}\n"
