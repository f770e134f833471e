"""wordkin: word vectors, exact and fast.

>>> import wordkin
>>> model = wordkin.Word2Vec(dim=100, window=5).fit("corpus.txt")   # doctest: +SKIP
>>> model.vectors.most_similar("seoul")                             # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wordkin.engines.counts.file import read_counts
    from wordkin.engines.settings import ExactSettings, Settings, StochasticSettings
    from wordkin.evaluation.comparing import compare
    from wordkin.evaluation.stability import stability
    from wordkin.system.errors import (
        CheckpointError,
        CorpusError,
        CorpusWarning,
        DivergenceError,
        FormatError,
        FormatWarning,
        SettingsError,
        TrainingWarning,
        UnknownWordError,
        WordkinError,
        WordkinWarning,
    )
    from wordkin.system.progress import Progress
    from wordkin.training.account import Account
    from wordkin.training.counting_run import count_to_file
    from wordkin.training.model import Word2Vec
    from wordkin.training.moment import Moment
    from wordkin.training.reproducing import reproduce
    from wordkin.vectors.approximate import ApproximateVectors
    from wordkin.vectors.loading import load, save
    from wordkin.vectors.subwords import SubwordVectors
    from wordkin.vectors.words import WordVectors
    from wordkin.views.live.live import Live

    __version__: str

# Names are imported on first use, so that the command line responds before NumPy is loaded.
_MODULES = {
    "Account": "training.account",
    "ApproximateVectors": "vectors.approximate",
    "CheckpointError": "system.errors",
    "CorpusError": "system.errors",
    "CorpusWarning": "system.errors",
    "DivergenceError": "system.errors",
    "ExactSettings": "engines.settings",
    "FormatError": "system.errors",
    "FormatWarning": "system.errors",
    "Live": "views.live.live",
    "Moment": "training.moment",
    "Progress": "system.progress",
    "Settings": "engines.settings",
    "SettingsError": "system.errors",
    "StochasticSettings": "engines.settings",
    "SubwordVectors": "vectors.subwords",
    "TrainingWarning": "system.errors",
    "UnknownWordError": "system.errors",
    "Word2Vec": "training.model",
    "WordVectors": "vectors.words",
    "WordkinError": "system.errors",
    "WordkinWarning": "system.errors",
    "compare": "evaluation.comparing",
    "count_to_file": "training.counting_run",
    "load": "vectors.loading",
    "read_counts": "engines.counts.file",
    "reproduce": "training.reproducing",
    "save": "vectors.loading",
    "stability": "evaluation.stability",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from wordkin.system.machine import version

        return version()
    if name in _MODULES:
        value = getattr(import_module(f"wordkin.{_MODULES[name]}"), name)
        return globals().setdefault(name, value)
    from wordkin.system.foreign_names import MODULE, did_you_mean

    hint = "" if name.startswith("_") else did_you_mean(name, MODULE, __all__)
    raise AttributeError(f"module 'wordkin' has no attribute {name!r}" + (hint and f"; {hint}"))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Account",
    "ApproximateVectors",
    "CheckpointError",
    "CorpusError",
    "CorpusWarning",
    "DivergenceError",
    "ExactSettings",
    "FormatError",
    "FormatWarning",
    "Live",
    "Moment",
    "Progress",
    "Settings",
    "SettingsError",
    "StochasticSettings",
    "SubwordVectors",
    "TrainingWarning",
    "UnknownWordError",
    "Word2Vec",
    "WordVectors",
    "WordkinError",
    "WordkinWarning",
    "__version__",
    "compare",
    "count_to_file",
    "load",
    "read_counts",
    "reproduce",
    "save",
    "stability",
]
