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
    module, _, attribute = _TODAY.get(name, name).rpartition(".")
    return getattr(import_module(module), attribute)


def _entry(name: str) -> str:
    kind, option = "data", ""
    documented = found(name)
    if inspect.isclass(documented):
        kind, option = "class", ":members:"
        if issubclass(documented, BaseException):
            kind, option = "exception", ":show-inheritance:"
    elif inspect.isroutine(documented):
        kind = "function"
    return f".. auto{kind}:: {_TODAY.get(name, name)}\n   {option}\n"


# Names that the package is about to offer, and where they are today.
_TODAY = {
    "wordkin.ApproximateVectors": "wordkin.approximate.ApproximateVectors",
    "wordkin.Live": "wordkin.live.Live",
    "wordkin.SubwordVectors": "wordkin.subword_vectors.SubwordVectors",
    "wordkin.compare": "wordkin.comparing.compare",
    "wordkin.count_to_file": "wordkin.training.count_to_file",
    "wordkin.engines.outcome.Epoch": "wordkin.stochastic.Epoch",
    "wordkin.engines.outcome.Pass": "wordkin.exact.Pass",
    "wordkin.evaluation.comparing.Change": "wordkin.comparing.Change",
    "wordkin.evaluation.comparing.Comparison": "wordkin.comparing.Comparison",
    "wordkin.evaluation.stability.Band": "wordkin.comparing.Band",
    "wordkin.evaluation.stability.Stability": "wordkin.comparing.Stability",
    "wordkin.read_counts": "wordkin.cooccurrence.read_counts",
    "wordkin.reproduce": "wordkin.training.reproduce",
    "wordkin.stability": "wordkin.comparing.stability",
    "wordkin.vectors.formats.FORMATS": "wordkin.formats.FORMATS",
    "wordkin.views.maps.map.Map": "wordkin.maps.Map",
}
