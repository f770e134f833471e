"""Write a fastText model's words in word2vec's binary format: ``export_fasttext.py MODEL FILE``."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def main(model_path: str, vectors_path: str) -> None:
    """Write one record a word: the word, a space, its float32 numbers."""
    fasttext: Any = import_module("fasttext.FastText")
    model = fasttext.load_model(model_path)
    words = model.get_words(on_unicode_error="replace")
    vectors = model.get_input_matrix()  # without subwords, a word's row is its vector
    with open(vectors_path, "wb") as file:
        file.write(f"{len(words)} {model.get_dimension()}\n".encode())
        for word, vector in zip(words, vectors, strict=True):
            file.write(word.encode() + b" " + vector.astype("<f4").tobytes())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
