"""Text in, a model out: the same answers from every kind of text, and an account that adds up."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

import numpy as np
import pytest

import toy
import wordkin
from wordkin import (
    Account,
    CorpusError,
    DivergenceError,
    FormatError,
    Progress,
    SettingsError,
    UnknownWordError,
    Word2Vec,
    WordkinError,
)
from wordkin.formats import read_model, write_model
from wordkin.settings import Objective
from wordkin.stochastic import Epoch

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
QUICK: dict[str, Any] = {
    "engine": "stochastic", "dim": 10, "min_count": 1, "epochs": 2, "window": 3,
    "subsample": 1e-2, "threads": 1
}  # fmt: skip
LEARNS: dict[Objective, dict[str, Any]] = {
    "negative-sampling": {"epochs": 20, "learning_rate": 0.1},
    "naive-softmax": {"epochs": 5, "learning_rate": 0.2},
}


@pytest.fixture(scope="module")
def model() -> Word2Vec:
    """Return a model of the toy text; nobody changes it."""
    return Word2Vec(**QUICK).fit(toy.sentences())


def trained(text: Any, **settings: Any) -> Word2Vec:
    return Word2Vec(**{**QUICK, **settings}).fit(text)


def same(a: Word2Vec, b: Word2Vec) -> bool:
    """Say whether two models have the same words and the same bytes."""
    return (
        a.vectors.words == b.vectors.words
        and a.vectors.matrix.tobytes() == b.vectors.matrix.tobytes()
        and a.outside.matrix.tobytes() == b.outside.matrix.tobytes()
    )


# ---- what it learns ------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_words_that_belong_together_become_neighbours(objective: Objective) -> None:
    lines = 1000 if objective == "negative-sampling" else 300
    settings = LEARNS[objective] | {"objective": objective, "subsample": 0, "dim": 16}
    vectors = trained(toy.sentences(lines), **settings).vectors
    for words in toy.TOPICS.values():
        for word in words:
            nearest = {near for near, _ in vectors.most_similar(word, topn=4)}
            assert nearest == set(words) - {word}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_loss_is_that_of_chance_at_first_and_falls(objective: Objective) -> None:
    fitted = trained(
        toy.sentences(200), objective=objective, learning_rate=1e-9, epochs=1, subsample=0
    )
    K, V = fitted.settings.negatives, len(fitted.vectors)
    chance = (K + 1) * np.log(2) if objective == "negative-sampling" else np.log(V)
    assert fitted.history[0].loss == pytest.approx(chance, rel=1e-2)
    losses = [
        epoch.loss
        for epoch in trained(
            toy.sentences(200), objective=objective, learning_rate=0.1, epochs=3, subsample=0
        ).history
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.99 * losses[0]


# ---- every kind of text --------------------------------------------------------------------------


def test_a_path_paths_lists_and_a_generator_are_the_same_text(
    model: Word2Vec, tmp_path: Path
) -> None:
    whole = toy.write(tmp_path / "whole.txt")
    lines = whole.read_text().splitlines(keepends=True)
    parts = [tmp_path / "first.txt", tmp_path / "second.txt"]
    parts[0].write_text("".join(lines[:300]))
    parts[1].write_text("".join(lines[300:]))

    def generated() -> Iterator[list[str]]:
        yield from toy.sentences()

    for text in (whole, str(whole), parts, map(str, parts), generated(), tuple(toy.sentences())):
        assert same(trained(text), model)


def test_one_thread_and_one_seed_give_the_same_bytes_twice(model: Word2Vec, tmp_path: Path) -> None:
    again = trained(toy.sentences())
    assert same(again, model)
    assert not same(trained(toy.sentences(), seed=2), model)
    counts = [
        [dataclasses.replace(epoch, seconds=0) for epoch in m.history] for m in (again, model)
    ]
    assert counts[0] == counts[1]


def test_max_vocab_keeps_the_most_frequent(model: Word2Vec) -> None:
    few = trained(toy.sentences(), max_vocab=7)
    assert few.vectors.words == model.vectors.words[:7]
    assert set(toy.EVERYWHERE) < set(few.vectors.words)


def test_fit_starts_from_the_start() -> None:
    twice = trained(toy.sentences()).fit(toy.sentences(300))
    assert same(twice, trained(toy.sentences(300)))


@pytest.mark.parametrize("text", [7, None])
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(CorpusError, match="a corpus is a path, paths, or lists of words, got"):
        trained(text)


def test_a_list_of_sentences_that_are_not_split_is_refused() -> None:
    with pytest.raises(CorpusError, match="sentence 1 must be a list of words, got str"):
        trained([["a", "b"], "a b"])


# ---- the account ---------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("threads", [1, 3])
def test_every_token_is_accounted_for(objective: Objective, threads: int) -> None:
    text = toy.sentences(200)
    rare = [["seldom", "seen", *words] for words in text[:2]]
    fitted = trained(rare + text[2:], objective=objective, threads=threads, min_count=3)
    account = fitted.account
    assert account.tokens == 200 * 8 + 4
    assert account.lines == 200
    assert account.read == 2 * account.tokens
    assert account.out_of_vocabulary == 2 * 4
    assert account.read == account.trained + account.subsampled + account.out_of_vocabulary
    assert account.trained == sum(epoch.trained for epoch in fitted.history)
    for epoch in fitted.history:
        assert epoch.trained + epoch.subsampled == 200 * 8
        assert epoch.trained > 0
        assert epoch.subsampled > 0


def test_without_subsampling_every_token_is_trained_on() -> None:
    account = trained(toy.sentences(100), subsample=0).account
    assert (account.trained, account.subsampled) == (1600, 0)
    assert account.words_per_second == pytest.approx(1600 / account.training)


def test_words_that_are_no_utf8_are_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "latin1.txt"
    path.write_bytes("café au lait, café noir\n".encode("latin-1") * 3)
    fitted = trained(path, subsample=0)
    assert fitted.account.invalid_utf8 == 6
    assert "caf\udce9" in fitted.vectors
    fitted.save(tmp_path / "m.safetensors")
    assert "caf\udce9" in wordkin.load(tmp_path / "m.safetensors").vectors


def test_nothing_is_spent_on_no_time() -> None:
    account = Account(0, 0, 0, 0, 0, 0, 0, reading=0.0, training=0.0)
    assert account.words_per_second == 0


# ---- telling of itself ---------------------------------------------------------------------------


class Recorder(Progress):
    """Remembers all that it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def reading(self, done: int, total: int | None, unit: str) -> None:
        self.told.append(("reading", done, total, unit))

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        self.told.append(("training", epoch, epochs, words, total, loss))

    def __enter__(self) -> Progress:
        self.told.append(("begins",))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.told.append(("ends", kind))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_progress_is_told_from_begin_to_end(objective: Objective, tmp_path: Path) -> None:
    path = toy.write(tmp_path / "text.txt", lines=100)
    size, told = path.stat().st_size, Recorder()
    fitted = Word2Vec(**QUICK, objective=objective).fit(path, progress=told)
    assert told.told[0] == ("begins",)
    assert told.told[1] == ("reading", size, size, "bytes")
    assert told.told[-2] == ("training", 2, 2, 1600, 1600, fitted.history[-1].loss)
    assert told.told[-1] == ("ends", None)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_after_each_epoch_its_account_is_given(objective: Objective) -> None:
    seen: list[Epoch] = []
    fitted = Word2Vec(**QUICK, objective=objective).fit(toy.sentences(100), after_epoch=seen.append)
    assert len(seen) == 2
    assert seen == fitted.history


class Impatient(Recorder):
    """Interrupts training at the first word of it."""

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_interrupted_run_leaves_what_was_there(objective: Objective) -> None:
    fitted = Word2Vec(**QUICK, objective=objective)
    told = Impatient()
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(toy.sentences(100), progress=told)
    assert told.told[-1] == ("ends", KeyboardInterrupt)
    with pytest.raises(WordkinError, match="not trained yet"):
        _ = fitted.vectors


# ---- settings and states -------------------------------------------------------------------------


def test_an_unknown_setting_is_named_and_the_known_ones_listed() -> None:
    with pytest.raises(
        TypeError, match=r"no such setting: size; there are: engine, objective, dim, "
    ):
        Word2Vec(size=100)


def test_a_bad_setting_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="dim must be at least 1, got 0"):
        Word2Vec(dim=0)


def test_get_params_gives_what_makes_the_same_model(model: Word2Vec) -> None:
    params = model.get_params()
    assert params["dim"] == 10
    assert Word2Vec(**params).settings == model.settings


@pytest.mark.parametrize("name", ["vectors", "outside", "history", "account", "origin"])
def test_before_fit_there_is_nothing_to_ask(name: str) -> None:
    with pytest.raises(WordkinError, match=re.escape("not trained yet: call fit(text) first")):
        getattr(Word2Vec(), name)


def test_before_fit_there_is_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(WordkinError, match="not trained yet"):
        Word2Vec().save(tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_it_shows_what_it_is(model: Word2Vec) -> None:
    assert repr(model) == "Word2Vec(negative-sampling, dim=10, 22 words)"
    assert repr(Word2Vec()) == "Word2Vec(negative-sampling, dim=100, not trained)"


# ---- saving and loading --------------------------------------------------------------------------


def test_a_model_comes_back_as_it_was(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    back = wordkin.load(path)
    assert same(back, model)
    assert back.vectors.counts is not None
    assert model.vectors.counts is not None
    assert back.vectors.counts.tolist() == model.vectors.counts.tolist()
    assert back.settings == model.settings
    assert back.history == model.history
    assert back.account == model.account
    assert back.origin == model.origin
    assert back.origin.wordkin == wordkin.__version__
    assert wordkin.load_vectors(path).matrix.tobytes() == model.vectors.matrix.tobytes()


def test_a_copy_tells_who_trained_it_not_who_copied_it(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    file = read_model(path)
    file.metadata.update(wordkin="0.0.1", instruction_set="abacus")
    write_model(path, **{f.name: getattr(file, f.name) for f in dataclasses.fields(file)})
    copy = tmp_path / "copy.safetensors"
    wordkin.load(path).save(copy)
    assert wordkin.load(copy).origin == wordkin.load(path).origin
    assert wordkin.load(copy).origin.instruction_set == "abacus"


@pytest.mark.parametrize(
    "change",
    [
        lambda metadata: metadata.pop("settings"),
        lambda metadata: metadata.pop("instruction_set"),
        lambda metadata: metadata["settings"].update(dim=0),
        lambda metadata: metadata["settings"].update(colour="red"),
        lambda metadata: metadata["account"].pop("tokens"),
        lambda metadata: metadata["history"].append({}),
        lambda metadata: metadata.update(history=7),
    ],
)
def test_damaged_metadata_are_a_format_error(model: Word2Vec, tmp_path: Path, change: Any) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    file = read_model(path)
    change(file.metadata)
    write_model(path, **{f.name: getattr(file, f.name) for f in dataclasses.fields(file)})
    with pytest.raises(FormatError, match=r"no model of this program.*m\.safetensors"):
        wordkin.load(path)


def test_a_full_disk_leaves_the_old_model(
    model: Word2Vec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        model.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_load_vectors_names_all_suffixes_it_knows(tmp_path: Path) -> None:
    with pytest.raises(
        FormatError, match=r"one of \.safetensors, \.bin, \.txt, \.vec, got '\.npy'"
    ):
        wordkin.load_vectors(tmp_path / "m.npy")


def test_load_vectors_refuses_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_text("2 1\na 1\nb nan\n")
    with pytest.raises(FormatError, match=r"v\.txt: vectors must be finite, the one of 'b' is not"):
        wordkin.load_vectors(path)


# ---- texts that nothing can be learned from ------------------------------------------------------


def test_an_empty_text_is_said_to_be_empty() -> None:
    texts: list[Any] = [[], iter(()), [[]], [[], []]]
    for text in texts:
        with pytest.raises(CorpusError, match="the corpus is empty"):
            trained(text)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_lines_of_one_word_have_no_pair(objective: Objective) -> None:
    with pytest.raises(CorpusError, match=r"no line has two words of the vocabulary, in 20 lines"):
        trained([["a"], ["b"]] * 10, objective=objective)
    with pytest.raises(CorpusError, match="lower min_count"):  # the second word of a line is rare
        trained([["a"], ["b"]] * 10 + [["a", "rare"]], objective=objective, min_count=2)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_line_of_two_words_is_enough(objective: Objective) -> None:
    fitted = trained([["a"], ["b"], ["a", "b"]], objective=objective, subsample=0)
    assert all(epoch.pairs > 0 for epoch in fitted.history)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_vocabulary_of_one_word_is_refused(objective: Objective) -> None:
    with pytest.raises(CorpusError, match="the vocabulary has one word, 'rose'"):
        trained([["rose", "rose"]] * 10, objective=objective)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_subsampling_that_leaves_no_pair_is_refused(objective: Objective) -> None:
    with pytest.raises(CorpusError, match=r"subsampling left no two words together in 2 epochs"):
        trained(toy.sentences(20), objective=objective, subsample=1e-15)


def test_nothing_above_min_count_is_said_with_the_value() -> None:
    with pytest.raises(CorpusError, match=r"none of the corpus's 22 different words.*= 100000 "):
        trained(toy.sentences(), min_count=100_000)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("learning_rate", [1e6, 1e30])
def test_a_diverging_run_is_stopped_with_advice(objective: Objective, learning_rate: float) -> None:
    text = toy.sentences(100)
    with pytest.raises(DivergenceError, match="set learning_rate below"):
        trained(text, objective=objective, learning_rate=learning_rate, epochs=4, subsample=0)


def test_naive_softmax_refuses_what_would_take_hours() -> None:
    with pytest.raises(SettingsError, match=r"costs about .* multiplications"):
        trained(toy.sentences(), objective="naive-softmax", dim=100_000, epochs=1000)


def test_more_threads_than_cores_are_no_error() -> None:
    account = trained(toy.sentences(), threads=64).account
    assert account.read == account.trained + account.subsampled + account.out_of_vocabulary


def test_an_unknown_word_brings_close_ones(model: Word2Vec) -> None:
    with pytest.raises(UnknownWordError, match=r"'fish9' is not among the 22 words; close ones: "):
        model.vectors.most_similar("fish9")
