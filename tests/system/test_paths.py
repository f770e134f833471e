"""A path is a str or a pathlib.Path, wherever one is taken; a number is never an open file."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from support.commands import fails
from wordkin import evaluation


@pytest.mark.parametrize("path", [1, True, 2.5, None, ["text.txt"], b"text.txt"])
def test_what_is_no_path_is_refused_wherever_a_path_is_taken(path: Any) -> None:
    text = [["pear", "plum", "fig"]] * 20
    settings: Any = {"dim": 2, "min_count": 1, "subsample": 0, "threads": 1, "epochs": 1}
    model = wordkin.Word2Vec(**settings).fit(text)
    calls: list[Callable[[], Any]] = [
        lambda: wordkin.load(path),
        lambda: wordkin.save(path, model.vectors),
        lambda: wordkin.read_counts(path),
        lambda: wordkin.count_to_file(text, path, wordkin.ExactSettings(min_count=1)),
        lambda: wordkin.Word2Vec.load(path),
        lambda: model.save(path),
        lambda: model.fit_counts(path),
        lambda: evaluation.read_analogies(path),
        lambda: evaluation.read_similarity(path),
    ]
    if path is not None:
        options = ("history", "checkpoint", "tensorboard")
        calls += [partial(model.fit, text, **{option: path}) for option in options]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert os.fstat(1)  # standard output is open


def test_a_path_without_a_name_is_refused() -> None:
    with pytest.raises(wordkin.FormatError, match="path must have a name, got ''"):
        wordkin.load("")


def test_a_model_has_one_suffix_in_python_and_on_the_command_line(tmp_path: Path) -> None:
    text = [["pear", "plum", "fig"]] * 20
    settings: Any = {"dim": 2, "min_count": 1, "subsample": 0, "threads": 1, "epochs": 1}
    model = wordkin.Word2Vec(**settings).fit(text)
    path = tmp_path / "model.model"
    with pytest.raises(wordkin.FormatError) as raised:
        model.save(path)
    assert not list(tmp_path.iterdir())
    assert fails("train", "text.txt", "-o", path) == str(raised.value)


def test_vectors_and_path_of_save_have_either_order(tmp_path: Path) -> None:
    vectors: Any = wordkin.WordVectors(["pear", "plum"], np.eye(2))
    path: Any = tmp_path / "swapped.txt"
    wordkin.save(vectors, path)
    wordkin.save(tmp_path / "usual.txt", vectors)
    assert (tmp_path / "swapped.txt").read_bytes() == (tmp_path / "usual.txt").read_bytes()
    model: Any = wordkin.Word2Vec()
    swapped: list[Any] = [(model, tmp_path / "a.txt"), (tmp_path / "a.txt", model)]
    for arguments in swapped:
        with pytest.raises(TypeError, match=r"got Word2Vec: save its vectors, or model\.save"):
            wordkin.save(*arguments)
    matrix: Any = np.eye(2)
    with pytest.raises(TypeError, match="vectors must be WordVectors, got ndarray"):
        wordkin.save(tmp_path / "a.txt", matrix)
