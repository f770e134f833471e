"""Train fastText: ``train_fasttext.py CORPUS MODEL OPTIONS``, a child of ``compare.py``."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any


def main(corpus: str, model_path: str, options: dict[str, Any]) -> None:
    """Read, train and save; fastText's own report on stderr tells how long training took."""
    # Imported by name: a peer is no dependency, and type checking must pass without it.
    fasttext: Any = import_module("fasttext.FastText")
    # The seed is an argument of fastText's that train_unsupervised takes from here alone.
    fasttext.unsupervised_default["seed"] = options["seed"]
    model = fasttext.train_unsupervised(
        corpus,
        model="skipgram",
        loss="ns",
        minn=0,
        maxn=0,  # no subwords
        dim=options["dim"],
        ws=options["window"],
        neg=options["negatives"],
        epoch=options["epochs"],
        minCount=options["min_count"],
        t=options["subsample"],
        lr=options["learning_rate"],
        thread=options["threads"],
        verbose=2,
    )
    model.save_model(model_path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
