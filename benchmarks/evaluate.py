"""Score vectors with gensim: ``evaluate.py VECTORS FOLDER``, the same code for every tool.

Comes in: a file in word2vec's binary format, the folder of question files. Goes out: JSON on
stdout, one entry for each file that is there, with the score (per cent of the analogies,
Spearman's correlation times 100) and the per cent of its items that the vocabulary covers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ANALOGIES = "questions-words.txt"
SIMILARITIES = {
    "wordsim353": "EN-WS-353-ALL.txt",
    "men": "EN-MEN-TR-3k.txt",
    "simlex": "EN-SIMLEX-999.txt",
}
QUALITIES = ("analogies", *SIMILARITIES)
DETAILED = ("analogies", "semantic", "syntactic", *SIMILARITIES)


def missing_files(folder: Path) -> list[str]:
    """Return the names of the question files that the folder lacks."""
    return [name for name in (ANALOGIES, *SIMILARITIES.values()) if not (folder / name).is_file()]


def scores(vectors_path: str, folder: Path) -> dict[str, dict[str, float]]:
    """Return what the vectors score on each question file in the folder."""
    models: Any = import_module("gensim.models")
    return scores_of(
        models.KeyedVectors.load_word2vec_format(
            vectors_path, binary=True, unicode_errors="replace"
        ),
        folder,
    )


def vectors_of(words: Sequence[str], matrix: Any) -> Any:
    """Return vectors as gensim has them."""
    vectors = import_module("gensim.models").KeyedVectors(matrix.shape[1])
    vectors.add_vectors(words, matrix)
    return vectors


def scores_of(vectors: Any, folder: Path) -> dict[str, dict[str, float]]:
    """Return what the vectors score on each question file in the folder."""
    results: dict[str, dict[str, float]] = {}
    if (folder / ANALOGIES).is_file():
        results |= analogies(vectors, folder / ANALOGIES)
    for name, file in SIMILARITIES.items():
        if (folder / file).is_file():
            results[name] = similarity(vectors, folder / file)
    return results


def analogies(vectors: Any, path: Path) -> dict[str, dict[str, float]]:
    """Return the per cent of the questions about known words that are answered right.

    Of all questions, of the semantic ones, and of the syntactic ones, whose sections begin "gram".
    """
    # Every word is a candidate, and case does not count: the texts are lower-case, the
    # questions are not.
    _, sections = vectors.evaluate_word_analogies(
        str(path), restrict_vocab=len(vectors), case_insensitive=True
    )
    asked = {"analogies": 0, "semantic": 0, "syntactic": 0}
    right, every = dict(asked), dict(asked)
    for section in sections[:-1]:  # the last is all of them
        for kind in ("analogies", kind_of(section["section"])):
            right[kind] += len(section["correct"])
            asked[kind] += len(section["correct"]) + len(section["incorrect"])
    kind = ""
    for line in path.read_text().splitlines():
        if line.startswith(":"):
            kind = kind_of(line[1:].strip())
        else:
            every["analogies"] += 1
            every[kind] += 1
    return {
        kind: {
            "score": 100 * right[kind] / asked[kind] if asked[kind] else float("nan"),
            "covered": 100 * asked[kind] / max(every[kind], 1),
        }
        for kind in every
    }


def kind_of(section: str) -> str:
    """Return whether a section asks for meaning or for grammar."""
    return "syntactic" if section.startswith("gram") else "semantic"


def similarity(vectors: Any, path: Path) -> dict[str, float]:
    """Return Spearman's correlation with people's judgement of pairs of known words, times 100."""
    _, spearman, unknown = vectors.evaluate_word_pairs(
        str(path), restrict_vocab=len(vectors), case_insensitive=True
    )
    return {"score": 100 * float(spearman[0]), "covered": 100 - unknown}


if __name__ == "__main__":
    print(json.dumps(scores(sys.argv[1], Path(sys.argv[2]))))
