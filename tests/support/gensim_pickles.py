"""Stand-ins for the classes of gensim, pickled under their names."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

WORDS = ["the", "서울", "a b", "caf\udce9"]


VECTORS = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)


class Thing:
    """Stands for any class: what is pickled is its name, and its attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class KeyedVectors(Thing):
    pass


class FastTextKeyedVectors(Thing):
    pass


class Word2Vec(Thing):
    pass


class PoincareKeyedVectors(Thing):
    pass


class Vocab(Thing):
    pass


@pytest.fixture(autouse=True)
def gensims_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the classes above be pickled under the names that gensim's have."""
    names = {
        "gensim.models.keyedvectors": (KeyedVectors, Vocab),
        "gensim.models.fasttext": (FastTextKeyedVectors,),
        "gensim.models.word2vec": (Word2Vec,),
        "gensim.models.poincare": (PoincareKeyedVectors,),
    }
    monkeypatch.setitem(sys.modules, "gensim", ModuleType("gensim"))
    monkeypatch.setitem(sys.modules, "gensim.models", ModuleType("gensim.models"))
    for name, classes in names.items():
        module = ModuleType(name)
        for class_ in classes:
            monkeypatch.setattr(class_, "__module__", name)
            setattr(module, class_.__name__, class_)
        monkeypatch.setitem(sys.modules, name, module)


def attributes(**change: Any) -> dict[str, Any]:
    """Return those of a KeyedVectors, in the order in which gensim 4 has them."""
    return {
        "vector_size": 3,
        "index_to_key": WORDS,
        "next_index": 0,
        "key_to_index": {word: i for i, word in enumerate(WORDS)},
        "vectors": VECTORS,
        "norms": None,
        "expandos": {"count": np.arange(4, 0, -1)},
        "mapfile_path": None,
        "__numpys": [],
    } | change
