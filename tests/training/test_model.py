"""Text or counts in, a model out: the same answers from each, and an account that adds up."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import wordkin
from support import toy
from wordkin import (
    Account,
    CorpusError,
    DivergenceError,
    FormatError,
    Progress,
    SettingsError,
    TrainingWarning,
    UnknownWordError,
    Word2Vec,
    WordkinError,
)
from wordkin.engines import ENGINES, OBJECTIVES, outcome
from wordkin.engines.counts.file import read_counts, write_counts
from wordkin.engines.exact import devices, gauge, tiles_native
from wordkin.engines.outcome import Epoch, Pass
from wordkin.engines.settings import COUNTED, ExactSettings, settings_for
from wordkin.training import count_to_file
from wordkin.vectors.formats.model import read_model, write, write_model
from wordkin.vectors.formats.vector_file import VectorFile

QUICK: dict[str, Any] = {
    "engine": "stochastic", "dim": 10, "min_count": 1, "epochs": 2, "window": 3,
    "subsample": 1e-2, "threads": 1
}  # fmt: skip
EXACT: dict[str, Any] = {"subwords": "none",
    "engine": "exact", "dim": 8, "min_count": 1, "window": 3, "subsample": 1e-2, "threads": 1,
    "max_passes": 4
}  # fmt: skip
LEARNS: dict[str, dict[str, Any]] = {
    "negative-sampling": {"epochs": 20, "learning_rate": 0.1},
    "naive-softmax": {"epochs": 5, "learning_rate": 0.2},
}


@pytest.fixture(scope="module")
def model() -> Word2Vec:
    """Return a model of the toy text; nobody changes it."""
    return Word2Vec(**QUICK).fit(toy.sentences())


@pytest.fixture(scope="module", params=OBJECTIVES)
def exactly(request: pytest.FixtureRequest) -> Word2Vec:
    """Return a model of the toy text by the exact engine; nobody changes it."""
    return Word2Vec(**EXACT, objective=request.param).fit(toy.sentences())


def trained(text: Any, **settings: Any) -> Word2Vec:
    return Word2Vec(**{**QUICK, **settings}).fit(text)


def exactly_trained(text: Any, **settings: Any) -> Word2Vec:
    return Word2Vec(**{**EXACT, **settings}).fit(text)


def same(a: Word2Vec, b: Word2Vec) -> bool:
    """Say whether two models have the same words and the same bytes."""
    return (
        a.vectors.words == b.vectors.words
        and a.vectors.matrix.tobytes() == b.vectors.matrix.tobytes()
        and a.center.matrix.tobytes() == b.center.matrix.tobytes()
        and a.outside.matrix.tobytes() == b.outside.matrix.tobytes()
    )


def closed(account: Account) -> int:
    """Return the sum of all that became of tokens."""
    left_out = account.subsampled + account.out_of_vocabulary + account.held_out
    return account.trained + left_out


# ---- what it learns ------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_words_that_belong_together_become_neighbours(objective: str) -> None:
    lines = 1000 if objective == "negative-sampling" else 300
    settings = LEARNS[objective] | {"objective": objective, "subsample": 0, "dim": 16}
    vectors = trained(toy.sentences(lines), **settings).vectors
    for words in toy.TOPICS.values():
        for word in words:
            nearest = {near for near, _ in vectors.most_similar(word, topn=4)}
            assert nearest == set(words) - {word}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_loss_is_that_of_chance_at_first_and_falls(objective: str) -> None:
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


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_exact_engine_finds_the_same_neighbours(objective: str) -> None:
    vectors = exactly_trained(toy.sentences(300), objective=objective, subsample=0).vectors
    for words in toy.TOPICS.values():
        for word in words:
            nearest = {near for near, _ in vectors.most_similar(word, topn=4)}
            assert nearest == set(words) - {word}


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


def test_the_exact_engine_gives_the_same_bytes_twice_and_for_any_number_of_threads(
    exactly: Word2Vec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        tiles_native, "tile_rows", lambda columns, itemsize: 16
    )  # so that there are two
    settings = {"objective": exactly.settings.objective}
    once = exactly_trained(toy.sentences(), **settings)
    for threads in (1, 2, 3):
        again = exactly_trained(toy.sentences(), **settings, threads=threads)
        assert same(again, once)
        passes = [
            [dataclasses.replace(done, seconds=0) for done in m.history] for m in (again, once)
        ]
        assert passes[0] == passes[1]
    assert not same(exactly_trained(toy.sentences(), **settings, seed=2), once)


def test_the_exact_engine_reads_every_kind_of_text(exactly: Word2Vec, tmp_path: Path) -> None:
    path = toy.write(tmp_path / "text.txt")
    for text in (path, (line for line in toy.sentences())):
        assert same(exactly_trained(text, objective=exactly.settings.objective), exactly)


def test_max_vocab_keeps_the_most_frequent(model: Word2Vec) -> None:
    few = trained(toy.sentences(), max_vocab=7)
    assert few.vectors.words == model.vectors.words[:7]
    assert set(toy.EVERYWHERE) < set(few.vectors.words)


def test_fit_starts_from_the_start() -> None:
    model = trained(toy.sentences())
    with pytest.warns(TrainingWarning, match="fit trains from the beginning"):
        twice = model.fit(toy.sentences(300))
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
def test_every_token_is_accounted_for(objective: str, threads: int) -> None:
    text = toy.sentences(200)
    rare = [["seldom", "seen", *words] for words in text[:2]]
    fitted = trained(rare + text[2:], objective=objective, threads=threads, min_count=3)
    account = fitted.account
    assert account.tokens == 200 * 8 + 4
    assert account.lines == 200
    assert account.read == 2 * account.tokens
    assert account.out_of_vocabulary == 2 * 4
    assert account.read == closed(account)
    epochs = [epoch for epoch in fitted.history if isinstance(epoch, Epoch)]
    assert account.trained == sum(epoch.trained for epoch in epochs)
    assert len(epochs) == 2
    for epoch in epochs:
        assert epoch.trained + epoch.subsampled == 200 * 8
        assert epoch.trained > 0
        assert epoch.subsampled > 0


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_exact_engine_reads_once_and_accounts_for_every_token(objective: str) -> None:
    text = toy.sentences(200)
    rare = [["seldom", "seen", *words] for words in text[:2]]
    account = exactly_trained(rare + text[2:], objective=objective, min_count=3).account
    assert account.read == account.tokens == 200 * 8 + 4
    assert account.lines == 200
    assert account.out_of_vocabulary == 4
    assert account.read == closed(account)
    assert min(account.trained, account.subsampled) > 0
    assert min(account.reading, account.counting, account.training) > 0
    spent = account.counting + account.training
    assert account.words_per_second == pytest.approx(account.read / spent)


def test_both_engines_leave_out_as_many_tokens_in_expectation() -> None:
    text = toy.sentences()
    drawn = trained(text, epochs=20).account
    expected = exactly_trained(text, max_passes=1).account
    # The standard deviation of what is left out in an epoch is below sqrt(8,000) / 2 tokens.
    assert drawn.subsampled / 20 == pytest.approx(expected.subsampled, abs=4 * 45 / 20**0.5)


def test_without_subsampling_every_token_is_trained_on() -> None:
    account = trained(toy.sentences(100), subsample=0).account
    assert (account.trained, account.subsampled) == (1600, 0)
    assert account.words_per_second == pytest.approx(1600 / account.training)
    account = exactly_trained(toy.sentences(100), subsample=0).account
    assert (account.trained, account.subsampled) == (800, 0)


def test_words_that_are_no_utf8_are_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "latin1.txt"
    path.write_bytes("café au lait, café noir\n".encode("latin-1") * 3)
    fitted = trained(path, subsample=0)
    assert fitted.account.invalid_utf8 == 6
    assert "caf\udce9" in fitted.vectors
    fitted.save(tmp_path / "m.safetensors")
    assert "caf\udce9" in wordkin.Word2Vec.load(tmp_path / "m.safetensors").vectors


def test_nothing_is_spent_on_no_time() -> None:
    account = Account(0, 0, 0, 0, 0, 0, 0, reading=0.0, training=0.0)
    assert math.isnan(account.words_per_second)


# ---- telling of itself ---------------------------------------------------------------------------


class Recorder(Progress):
    """Records all reports."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def reading(self, done: int, total: int | None, unit: str) -> None:
        self.told.append(("reading", done, total, unit))

    def training(self, epoch: int, epochs: int, words: int, total: int, loss: float) -> None:
        self.told.append(("training", epoch, epochs, words, total, loss))

    def counting(self, done: int, total: int) -> None:
        self.told.append(("counting", done, total))

    def descending(self, words: int, number: int, done: float, loss: float) -> None:
        self.told.append(("descending", words, number, done, loss))

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
def test_progress_is_told_from_begin_to_end(objective: str, tmp_path: Path) -> None:
    path = toy.write(tmp_path / "text.txt", lines=100)
    size, told = path.stat().st_size, Recorder()
    fitted = Word2Vec(**QUICK, objective=objective).fit(path, progress=told)
    assert told.told[0] == ("begins",)
    assert told.told[1] == ("reading", size, size, "bytes")
    assert told.told[-2] == ("training", 2, 2, 1600, 1600, fitted.history[-1].loss)
    assert told.told[-1] == ("ends", None)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_progress_of_the_exact_engine_is_told_from_begin_to_end(objective: str) -> None:
    told = Recorder()
    settings = EXACT | {"objective": objective, "ridge": 1.0, "max_passes": 2, "tolerance": 0.0}
    Word2Vec(**settings).fit(toy.sentences(100), progress=told)
    stages = [what for i, (what, *_) in enumerate(told.told) if told.told[i - 1][0] != what]
    assert stages == ["begins", "reading", "counting", "descending", "ends"]
    assert [each for each in told.told if each[0] == "counting"][-1] == ("counting", 800, 800)
    assert told.told[-2][:4] == ("descending", 22, 2, 1.0)
    assert told.told[-1] == ("ends", None)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_after_each_pass_its_account_is_given(objective: str) -> None:
    seen: list[Any] = []
    model = Word2Vec(**EXACT, objective=objective)
    fitted = model.fit(toy.sentences(100), callback=lambda moment: seen.append(moment.done))
    assert seen == fitted.history
    assert 1 <= len(seen) <= 4
    assert all(isinstance(done, Pass) and done.words == 22 for done in seen)
    assert all(done.held_out is None for done in seen)  # of a short text
    for loss in (0.0, 1.0, seen[0].loss):
        assert outcome.perplexity(loss) == pytest.approx(np.exp(loss))
    assert len({done.ridge for done in seen}) == 1


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_after_each_epoch_its_account_is_given(objective: str) -> None:
    seen: list[Any] = []
    fitted = Word2Vec(**QUICK, objective=objective).fit(
        toy.sentences(100), callback=lambda moment: seen.append(moment.done)
    )
    assert len(seen) == 2
    assert all(isinstance(done, Epoch) for done in seen)
    assert seen == fitted.history


class Impatient(Recorder):
    """Interrupts a run at the first report of a stage."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        setattr(self, stage, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    ("settings", "stage"),
    [(QUICK, "reading"), (QUICK, "training"), (EXACT, "counting"), (EXACT, "descending")],
)
def test_an_interrupted_run_leaves_what_was_there(
    settings: dict[str, Any], stage: str, objective: str
) -> None:
    fitted = Word2Vec(**settings, objective=objective)
    told = Impatient(stage)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(toy.sentences(100), progress=told)
    assert told.told[-1] == ("ends", KeyboardInterrupt)
    with pytest.raises(WordkinError, match="not trained yet"):
        _ = fitted.vectors


def test_an_interrupted_run_leaves_the_model_of_an_earlier_one() -> None:
    fitted = exactly_trained(toy.sentences(100))
    before = fitted.vectors
    with pytest.warns(TrainingWarning), pytest.raises(KeyboardInterrupt):
        fitted.fit(toy.sentences(200), progress=Impatient("descending"))
    assert fitted.vectors is before


# ---- settings and states -------------------------------------------------------------------------


def test_an_unknown_setting_is_named_and_the_known_ones_listed() -> None:
    with pytest.raises(
        TypeError, match=r"no such setting: size; the settings are: engine, objective, dim, "
    ):
        Word2Vec(size=100)  # type: ignore[call-arg]


def test_a_bad_setting_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="dim must be at least 1, got 0"):
        Word2Vec(dim=0)


def test_get_params_gives_what_makes_the_same_model(model: Word2Vec) -> None:
    params = model.get_params()
    assert params["dim"] == 10
    assert Word2Vec(**params).settings == model.settings


@pytest.mark.parametrize("engine", tuple(ENGINES))
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_get_params_names_the_engine_and_all_that_it_is_told(objective: str, engine: str) -> None:
    params = Word2Vec(objective=objective, engine=engine).get_params()
    assert (params["engine"], params["objective"]) == (engine, objective)
    assert ("ridge" in params, "epochs" in params) == (engine == "exact", engine == "stochastic")
    assert settings_for(**params) == Word2Vec(**params).settings


@pytest.mark.parametrize(
    "name", ["vectors", "center", "outside", "history", "account", "origin", "corpus", "sha256"]
)
def test_before_fit_there_is_nothing_to_ask(name: str) -> None:
    with pytest.raises(WordkinError, match=re.escape("not trained yet: call fit(text) first")):
        getattr(Word2Vec(), name)


def test_before_fit_there_is_nothing_to_predict() -> None:
    with pytest.raises(WordkinError, match="not trained yet"):
        Word2Vec().predict("fish0")


def test_before_fit_there_is_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(WordkinError, match="not trained yet"):
        Word2Vec().save(tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_it_shows_what_it_is(model: Word2Vec) -> None:
    assert repr(model) == "Word2Vec(negative-sampling, dim=10, 22 words)"
    assert repr(Word2Vec()) == "Word2Vec(negative-sampling, dim=100, not trained)"
    softmax = Word2Vec(objective="naive-softmax", dim=7)
    assert repr(softmax) == "Word2Vec(naive-softmax, dim=7, not trained)"


# ---- saving and loading --------------------------------------------------------------------------


def test_a_model_comes_back_as_it_was(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    back = wordkin.Word2Vec.load(path)
    assert same(back, model)
    assert back.vectors.counts is not None
    assert model.vectors.counts is not None
    assert back.vectors.counts.tolist() == model.vectors.counts.tolist()
    assert back.settings == model.settings
    assert back.history == model.history
    assert back.account == model.account
    assert back.origin == model.origin
    assert back.origin.wordkin == wordkin.__version__
    assert wordkin.load(path).matrix.tobytes() == model.vectors.matrix.tobytes()


def test_a_model_of_the_exact_engine_comes_back_as_it_was(
    exactly: Word2Vec, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    exactly.save(path)
    back = wordkin.Word2Vec.load(path)
    assert same(back, exactly)
    assert back.vectors.matrix.tobytes() != back.center.matrix.tobytes()
    assert back.settings == exactly.settings
    assert back.history == exactly.history
    assert all(isinstance(done, Pass) for done in back.history)
    assert back.account == exactly.account
    assert back.origin == exactly.origin
    assert back.predict("fish0") == exactly.predict("fish0")
    assert wordkin.load(path).matrix.tobytes() == exactly.vectors.matrix.tobytes()
    again = tmp_path / "again.safetensors"
    back.save(again)
    # Byte for byte, but for the order in which safetensors writes the names.
    assert load_file(again).keys() == load_file(path).keys()
    assert all((load_file(again)[name] == kept).all() for name, kept in load_file(path).items())


def test_vectors_of_the_exact_engine_are_those_of_the_gauge(
    exactly: Word2Vec, tmp_path: Path
) -> None:
    exactly.save(tmp_path / "m.safetensors")
    tensors = load_file(tmp_path / "m.safetensors")
    wanted = gauge.canonical(tensors["center"], tensors["outside"])
    assert tensors["vectors"].tobytes() == wanted.tobytes()
    assert exactly.vectors.matrix.tobytes() == wanted.tobytes()
    assert exactly.vectors.words == exactly.center.words == exactly.outside.words


def test_matrices_of_a_model_are_not_to_be_written_to(exactly: Word2Vec, model: Word2Vec) -> None:
    for fitted in (exactly, model):
        for vectors in (fitted.vectors, fitted.center, fitted.outside):
            assert not vectors.matrix.flags.writeable


def test_the_stochastic_engine_keeps_its_center_vectors_and_no_others(
    model: Word2Vec, exactly: Word2Vec, tmp_path: Path
) -> None:
    assert model.vectors is model.center
    path = tmp_path / "m.safetensors"
    model.save(path)
    tensors = {"center", "outside", "counts", "words", "offsets"}
    assert set(load_file(path)) == tensors
    back = wordkin.Word2Vec.load(path)
    assert back.vectors is back.center
    exactly.save(path)
    assert set(load_file(path)) == tensors | {"vectors"}


def test_a_file_of_the_first_format_is_still_read(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    with safe_open(path, framework="numpy") as file:
        saved = json.loads(file.metadata()["wordkin"])
    assert saved["format"] == 2
    saved["format"] = 1
    del saved["metadata"]["settings"]["engine"], saved["metadata"]["account"]["counting"]
    save_file(load_file(path), path, {"wordkin": json.dumps(saved)})
    back = wordkin.Word2Vec.load(path)
    assert same(back, model)
    assert back.settings == model.settings
    assert back.account == model.account


def test_damaged_metadata_of_the_exact_engine_are_a_format_error(
    exactly: Word2Vec, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    exactly.save(path)
    file = read_model(path)
    file.metadata["settings"]["engine"] = "stochastic"  # it knows of no ridge
    write_model(path, **{f.name: getattr(file, f.name) for f in dataclasses.fields(file)})
    with pytest.raises(FormatError, match=r"m\.safetensors: not a wordkin model: "):
        wordkin.Word2Vec.load(path)


def test_a_copy_tells_who_trained_it_not_who_copied_it(model: Word2Vec, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    model.save(path)
    file = read_model(path)
    file.metadata.update(wordkin="0.0.1", instruction_set="abacus")
    write_model(path, **{f.name: getattr(file, f.name) for f in dataclasses.fields(file)})
    copy = tmp_path / "copy.safetensors"
    wordkin.Word2Vec.load(path).save(copy)
    assert wordkin.Word2Vec.load(copy).origin == wordkin.Word2Vec.load(path).origin
    assert wordkin.Word2Vec.load(copy).origin.instruction_set == "abacus"


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
    with pytest.raises(FormatError, match=r"m\.safetensors: not a wordkin model: "):
        wordkin.Word2Vec.load(path)


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


def test_load_refuses_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    write(path, VectorFile(["a", "b"], np.array([[1], [np.nan]], np.float32)))
    with pytest.raises(FormatError, match=r"v\.safetensors: .* finite, that of 'b' is"):
        wordkin.load(path)


# ---- texts that nothing can be learned from ------------------------------------------------------


def test_an_empty_text_is_said_to_be_empty() -> None:
    texts: list[Any] = [[], iter(()), [[]], [[], []]]
    for text in texts:
        with pytest.raises(CorpusError, match="the corpus is empty"):
            trained(text)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_lines_of_one_word_have_no_pair(objective: str) -> None:
    for train in (trained, exactly_trained):
        with pytest.raises(CorpusError, match=r"no line has two words of the vocabulary, in 20 li"):
            train([["a"], ["b"]] * 10, objective=objective)
    with pytest.raises(CorpusError, match="lower min_count"):  # the second word of a line is rare
        trained([["a"], ["b"]] * 10 + [["a", "rare"]], objective=objective, min_count=2)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_line_of_two_words_is_enough(objective: str) -> None:
    text = [["a"], ["b"], ["a", "b"]]
    fitted = trained(text, objective=objective, subsample=0)
    assert all(isinstance(epoch, Epoch) and epoch.pairs > 0 for epoch in fitted.history)
    fitted = exactly_trained(text, objective=objective, subsample=0, ridge=0.01, max_passes=50)
    assert fitted.predict("a", topn=1)[0][0] == "b"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_vocabulary_of_one_word_is_refused(objective: str) -> None:
    for train in (trained, exactly_trained):
        with pytest.raises(CorpusError, match="the vocabulary has one word, 'rose'"):
            train([["rose", "rose"]] * 10, objective=objective)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_subsampling_that_leaves_no_pair_is_refused(objective: str) -> None:
    with pytest.raises(CorpusError, match=r"subsampling left no two words together in 2 epochs"):
        trained(toy.sentences(20), objective=objective, subsample=1e-15)


def test_nothing_above_min_count_is_said_with_the_value() -> None:
    with pytest.raises(CorpusError, match=r"none of the 22 distinct words.*= 100000 times"):
        trained(toy.sentences(), min_count=100_000)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("learning_rate", [1e6, 1e30])
def test_a_diverging_run_is_stopped_with_advice(objective: str, learning_rate: float) -> None:
    text = toy.sentences(100)
    with pytest.raises(DivergenceError, match="set learning_rate below"):
        trained(text, objective=objective, learning_rate=learning_rate, epochs=4, subsample=0)


def test_naive_softmax_refuses_what_would_take_hours() -> None:
    with pytest.raises(SettingsError, match=r"would take about .* multiplications"):
        trained(toy.sentences(), objective="naive-softmax", dim=100_000, epochs=1000)


def test_more_threads_than_cores_are_no_error() -> None:
    account = trained(toy.sentences(), threads=64).account
    assert account.held_out > 0
    assert account.read == closed(account)


def test_an_unknown_word_brings_close_ones(model: Word2Vec) -> None:
    with pytest.raises(UnknownWordError, match=r"'fish9' is not among the 22 words; close ones: "):
        model.vectors.most_similar("fish9")


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_more_dimensions_than_words_are_no_trouble(objective: str) -> None:
    fitted = exactly_trained(toy.sentences(50), objective=objective, dim=40)
    assert fitted.center.dim == fitted.outside.dim == 40
    assert fitted.vectors.dim == 22  # there are no more axes
    assert np.isfinite(fitted.vectors.matrix).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_without_a_ridge_where_the_best_vectors_are_endless_nothing_is_warned_of(
    objective: str,
) -> None:
    text = [["a", "b"]] * 5 + [["c", "d"]] * 5
    fitted = exactly_trained(text, objective=objective, dim=1, ridge=0.0, subsample=0)
    assert np.isfinite(fitted.vectors.matrix).all()


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_words_too_many_for_the_memory_are_refused_before_they_are_counted(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "available_memory", lambda: 10_000)
    told = Recorder()
    with pytest.raises(
        SettingsError, match=r"22 words of 8 dimensions take about .*: set (max_vocab|fewer)"
    ):
        Word2Vec(**EXACT, objective=objective).fit(toy.sentences(100), progress=told)
    assert {what for what, *_ in told.told} == {"begins", "reading", "ends"}


# ---- counts instead of a text --------------------------------------------------------------------


def counting(**settings: Any) -> ExactSettings:
    """Return the settings to count with."""
    made = settings_for(**{**EXACT, **settings})
    assert isinstance(made, ExactSettings)
    return made


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the counts of the toy text; nobody changes them."""
    path = tmp_path_factory.mktemp("counts") / "toy.counts"
    count_to_file(toy.sentences(), path, counting(max_vocab=20))
    return path


def rewritten(counts: Path, path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write counts again, with other metadata."""
    file = read_counts(counts)
    change(file.metadata)
    fields = (field.name for field in dataclasses.fields(file) if field.name != "path")
    write_counts(path, **{name: getattr(file, name) for name in fields})
    return path


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("ridge", [None, 1.0])
def test_counts_give_the_same_bytes_as_their_text(
    ridge: float | None, objective: str, counts: Path
) -> None:
    settings: dict[str, Any] = {"objective": objective, "max_vocab": 20, "ridge": ridge}
    text = exactly_trained(toy.sentences(), **settings)
    fitted = Word2Vec(**{**EXACT, **settings}).fit_counts(counts)
    assert same(fitted, text)
    assert fitted.settings == text.settings
    assert fitted.vectors.counts is not None
    assert text.vectors.counts is not None
    assert fitted.vectors.counts.tolist() == text.vectors.counts.tolist()
    done = [[dataclasses.replace(done, seconds=0) for done in m.history] for m in (fitted, text)]
    assert done[0] == done[1]
    timeless: dict[str, Any] = {"reading": 0, "counting": 0, "training": 0}
    assert dataclasses.replace(fitted.account, **timeless) == dataclasses.replace(
        text.account, **timeless
    )
    assert fitted.account.counting == 0


def test_settings_that_are_not_given_are_those_of_the_counts(counts: Path, tmp_path: Path) -> None:
    fitted = Word2Vec(engine="exact", dim=8, max_passes=1, threads=1).fit_counts(counts)
    params = fitted.get_params()
    assert {name: params[name] for name in COUNTED} == {
        "window": 3, "subsample": 1e-2, "min_count": 1, "max_vocab": 20, "held_out": 0.01
    }  # fmt: skip
    fitted.save(tmp_path / "m.safetensors")
    assert wordkin.Word2Vec.load(tmp_path / "m.safetensors").get_params() == params


@pytest.mark.parametrize(
    ("name", "made", "asked"),
    [
        ("window", 3, 5),
        ("subsample", 0.01, 0.5),
        ("min_count", 1, 2),
        ("max_vocab", 20, 21),
        ("held_out", 0.01, 0.0),
    ],
)
def test_a_setting_that_counts_were_not_made_with_is_refused_with_both_values(
    name: str, made: float, asked: float, counts: Path
) -> None:
    settings: dict[str, Any] = {name: asked}
    given = Word2Vec(engine="exact", **settings)
    with pytest.raises(
        SettingsError, match=rf"toy\.counts: counted with {name} {made}, but {name} is {asked}:"
    ):
        given.fit_counts(counts)


def test_counts_are_not_for_the_stochastic_engine(counts: Path) -> None:
    with pytest.raises(SettingsError, match="counts are for the exact engine, not for stochastic"):
        Word2Vec().fit_counts(counts)


def test_what_holds_no_counts_is_refused(counts: Path, exactly: Word2Vec, tmp_path: Path) -> None:
    model, raw = tmp_path / "m.safetensors", counts.read_bytes()
    exactly.save(model)
    foreign = tmp_path / "foreign"
    save_file({"counts": np.ones(3)}, foreign)
    (cut := tmp_path / "cut").write_bytes(raw[: len(raw) // 2])
    text = toy.write(tmp_path / "text.txt", lines=10)
    for path, message in (
        (model, "a model, not counts"),
        (foreign, "not counts of wordkin"),
        (cut, "cut short"),
        (text, "not a file of counts"),
        (tmp_path, "not a file"),
    ):
        with pytest.raises(FormatError, match=f"{path.name}: .*{message}"):
            Word2Vec(engine="exact").fit_counts(path)
    with pytest.raises(FileNotFoundError):
        Word2Vec(engine="exact").fit_counts(tmp_path / "missing")


def test_counts_with_a_damaged_header_are_refused_or_it_made_no_difference(
    counts: Path, tmp_path: Path
) -> None:
    raw, path = counts.read_bytes(), tmp_path / "changed"
    header = 8 + int.from_bytes(raw[:8], "little")
    for at in range(0, header, 7):
        changed = bytearray(raw)
        changed[at] ^= 1 << at % 8
        path.write_bytes(changed)
        with suppress(WordkinError):
            Word2Vec(engine="exact", dim=2, max_passes=1, ridge=1.0, threads=1).fit_counts(path)


@pytest.mark.parametrize("name", [*COUNTED, "tokens", "lines", "invalid_utf8", "held_out_tokens"])
def test_counts_that_do_not_say_what_they_were_made_with_are_refused(
    name: str, counts: Path, tmp_path: Path
) -> None:
    less = rewritten(counts, tmp_path / "less", lambda metadata: metadata.pop(name))
    with pytest.raises(FormatError, match=rf"less: not a file of counts: '{name}' is missing"):
        Word2Vec(engine="exact").fit_counts(less)


def test_interrupted_training_on_counts_leaves_nothing(counts: Path) -> None:
    fitted, told = Word2Vec(engine="exact", dim=2), Impatient("descending")
    with pytest.raises(KeyboardInterrupt):
        fitted.fit_counts(counts, progress=told)
    assert told.told[-1] == ("ends", KeyboardInterrupt)
    with pytest.raises(WordkinError, match="not trained yet"):
        _ = fitted.vectors


def test_counts_that_go_to_files_are_the_same(
    counts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = tmp_path / "out"
    counted = count_to_file(toy.sentences(), out, counting(max_vocab=20), memory=100)
    assert isinstance(counted.counted.pairs.values, np.memmap)  # so they did
    assert out.read_bytes() == counts.read_bytes()
    assert list(tmp_path.iterdir()) == [out]


def test_interrupted_counting_leaves_the_old_counts(tmp_path: Path) -> None:
    (out := tmp_path / "out").write_bytes(b"old")
    told = Impatient("counting")
    with pytest.raises(KeyboardInterrupt):
        count_to_file(toy.sentences(100), out, counting(), memory=100, progress=told)
    assert told.told[-1] == ("ends", KeyboardInterrupt)
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_text_with_nothing_to_count_is_refused(tmp_path: Path) -> None:
    for text, message in (([], "the corpus is empty"), ([["a"], ["b"]], "no line has two words")):
        with pytest.raises(CorpusError, match=message):
            count_to_file(text, tmp_path / "out", counting())
    assert not list(tmp_path.iterdir())


def test_a_softmax_model_of_before_there_was_a_choice_of_engines_can_be_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old.safetensors"
    trained(toy.sentences(100), objective="naive-softmax").save(path)
    file = read_model(path)
    file.metadata["settings"].pop("engine")
    write_model(
        path,
        words=file.words,
        center=file.center,
        outside=file.outside,
        counts=file.counts,
        metadata=file.metadata,
    )
    assert Word2Vec.load(path).settings.engine == "stochastic"


def test_an_interrupted_run_on_counts_leaves_the_settings_of_the_fitted_model(
    tmp_path: Path,
) -> None:
    class Interrupted(Progress):
        def descending(self, words: int, number: int, done: float, loss: float) -> None:
            raise KeyboardInterrupt

    settings = settings_for(engine="exact", min_count=1, window=2, threads=1)
    assert isinstance(settings, ExactSettings)
    path = tmp_path / "counts"
    count_to_file(toy.sentences(100), path, settings, progress=False)
    fitted = Word2Vec(engine="exact", min_count=1, dim=5, ridge=1.0, threads=1)
    fitted.fit(toy.sentences(100))
    with pytest.raises(KeyboardInterrupt):
        fitted.fit_counts(path, progress=Interrupted())
    assert fitted.settings.window == 5
