"""Score vectors with gensim: ``evaluate.py VECTORS FOLDER``, the same code for every tool.

Comes in: a file in word2vec's binary format, the folder of question files. Goes out: JSON on
stdout, one entry for each file that is there, with the score (per cent of the analogies,
Spearman's correlation times 100) and the per cent of its items that the vocabulary covers.
"""

from __future__ import annotations

import json
import sys
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


def missing_files(folder: Path) -> list[str]:
    """Return the names of the question files that the folder lacks."""
    return [name for name in (ANALOGIES, *SIMILARITIES.values()) if not (folder / name).is_file()]


def scores(vectors_path: str, folder: Path) -> dict[str, dict[str, float]]:
    """Return what the vectors score on each question file in the folder."""
    models: Any = import_module("gensim.models")
    vectors = models.KeyedVectors.load_word2vec_format(
        vectors_path, binary=True, unicode_errors="replace"
    )
    results = {}
    if (folder / ANALOGIES).is_file():
        results["analogies"] = analogies(vectors, folder / ANALOGIES)
    for name, file in SIMILARITIES.items():
        if (folder / file).is_file():
            results[name] = similarity(vectors, folder / file)
    return results


def analogies(vectors: Any, path: Path) -> dict[str, float]:
    """Return the per cent of the questions about known words that are answered right."""
    # Every word is a candidate, and case does not count: the texts are lower-case, the
    # questions are not.
    accuracy, sections = vectors.evaluate_word_analogies(
        str(path), restrict_vocab=len(vectors), case_insensitive=True
    )
    asked = len(sections[-1]["correct"]) + len(sections[-1]["incorrect"])
    questions = sum(1 for line in path.read_text().splitlines() if not line.startswith(":"))
    return {"score": 100 * accuracy, "covered": 100 * asked / questions}


def similarity(vectors: Any, path: Path) -> dict[str, float]:
    """Return Spearman's correlation with people's judgement of pairs of known words, times 100."""
    _, spearman, unknown = vectors.evaluate_word_pairs(
        str(path), restrict_vocab=len(vectors), case_insensitive=True
    )
    return {"score": 100 * float(spearman[0]), "covered": 100 - unknown}


if __name__ == "__main__":
    print(json.dumps(scores(sys.argv[1], Path(sys.argv[2]))))
