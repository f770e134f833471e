"""Train gensim's Word2Vec: ``train_gensim.py CORPUS MODEL OPTIONS``, a child of ``compare.py``."""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from typing import Any


def main(corpus: str, model_path: str, options: dict[str, Any]) -> None:
    """Read, train and save, each with its own time, printed as JSON."""
    # Imported by name: a peer is no dependency, and type checking must pass without it.
    word2vec: Any = import_module("gensim.models.word2vec")
    clock = [time.perf_counter()]
    model = word2vec.Word2Vec(
        sg=1,
        hs=0,
        vector_size=options["dim"],
        window=options["window"],
        negative=options["negatives"],
        min_count=options["min_count"],
        sample=options["subsample"],
        workers=options["threads"],
        alpha=options["learning_rate"],
        min_alpha=0.0001,
        seed=options["seed"],
    )
    model.build_vocab(corpus_file=corpus)
    clock.append(time.perf_counter())
    model.train(
        corpus_file=corpus,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=options["epochs"],
    )
    clock.append(time.perf_counter())
    model.wv.save_word2vec_format(model_path, binary=True)
    clock.append(time.perf_counter())
    reading, training, saving = (clock[i + 1] - clock[i] for i in range(3))
    print(json.dumps({"seconds": {"reading": reading, "training": training, "saving": saving}}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
