"""Evaluation of word vectors: analogies, similarity judgements, and comparison of models.

>>> from wordkin import evaluation, load
>>> questions = evaluation.read_analogies("questions-words.txt")              # doctest: +SKIP
>>> evaluation.evaluate_analogies(load("model.bin"), questions).total.score   # doctest: +SKIP
"""

from wordkin.evaluation.analogy_scores import evaluate_analogies, evaluate_analogies_by
from wordkin.evaluation.builtin_probes import OddFile, Probes, probes
from wordkin.evaluation.candidates import CASES
from wordkin.evaluation.intervals import Difference, Interval
from wordkin.evaluation.paired import Comparison, compare_accuracy, compare_similarity
from wordkin.evaluation.question_files import (
    AnalogyFile,
    SimilarityFile,
    read_analogies,
    read_similarity,
)
from wordkin.evaluation.scores import (
    Accuracy,
    AnalogyScores,
    OddScores,
    SimilarityScores,
    evaluate_odd,
    evaluate_similarity,
)
from wordkin.vectors.analogies import METHODS

__all__ = [
    "CASES",
    "METHODS",
    "Accuracy",
    "AnalogyFile",
    "AnalogyScores",
    "Comparison",
    "Difference",
    "Interval",
    "OddFile",
    "OddScores",
    "Probes",
    "SimilarityFile",
    "SimilarityScores",
    "compare_accuracy",
    "compare_similarity",
    "evaluate_analogies",
    "evaluate_analogies_by",
    "evaluate_odd",
    "evaluate_similarity",
    "probes",
    "read_analogies",
    "read_similarity",
]
