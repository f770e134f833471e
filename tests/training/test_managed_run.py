"""A run resumes as if it had never stopped, is watched, stops early, and is logged."""

from __future__ import annotations

import builtins
import dataclasses
import errno
import hashlib
import itertools
import json
import os
import re
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from support import toy
from wordkin import (
    CheckpointError,
    DivergenceError,
    Moment,
    Progress,
    SettingsError,
    Word2Vec,
    WordkinError,
    WordVectors,
)
from wordkin.engines.counts import counting
from wordkin.engines.exact import engine as exact_engine
from wordkin.engines.exact import loss, start
from wordkin.engines.outcome import Epoch, Pass
from wordkin.engines.settings import ExactSettings, settings_for
from wordkin.engines.stochastic import engine as stochastic_engine
from wordkin.system import machine
from wordkin.training import count_to_file
from wordkin.training.checkpoint import Checkpoints

Settings = dict[str, Any]

ALWAYS = 1e-9  # seconds between two checkpoints
COMMON: Settings = {"dim": 8, "min_count": 1, "window": 3, "subsample": 1e-2, "threads": 1}
STOCHASTIC: Settings = {"engine": "stochastic", **COMMON, "epochs": 4}
EXACT: Settings = {"engine": "exact", **COMMON, "max_passes": 5, "tolerance": 0.0}
SAMPLED: Settings = {**EXACT, "objective": "negative-sampling"}
RUNS = [STOCHASTIC, EXACT, SAMPLED]
NAMES = ["stochastic", "exact", "exact-negative-sampling"]
REFERENCE: Settings = {**STOCHASTIC, "objective": "naive-softmax", "epochs": 2}
each_engine = pytest.mark.parametrize("settings", [*RUNS, REFERENCE], ids=[*NAMES, "reference"])
every_run = pytest.mark.parametrize("settings", RUNS, ids=NAMES)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Return a text that is long enough to hold out lines."""
    return toy.write(tmp_path / "text.txt")


@pytest.fixture
def varied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a text whose counts come in many parts."""
    monkeypatch.setattr(counting, "_ENTRIES_PER_THREAD", 50)
    path, rng = tmp_path / "varied.txt", np.random.default_rng(1)
    lines = rng.integers(500, size=(2800, 8)).astype(str)
    path.write_text("".join(" ".join(line) + "\n" for line in lines))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "states"


@pytest.fixture
def in_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the exact engine begin with a few words and take in more, as of a large vocabulary."""
    monkeypatch.setattr(start, "INITIAL_WORDS", 6)


def sentences(settings: Settings) -> list[list[str]]:
    """Return a text for a run: a short one for the slow one."""
    return toy.sentences(60 if settings is REFERENCE else 1000)


def begun(text: Any, folder: Path | None, settings: Settings, **options: Any) -> Word2Vec:
    """Train, and save a checkpoint as often as possible."""
    said = options.pop("say", lambda _: None)
    return Word2Vec(**settings).fit(text, checkpoint=folder, every=ALWAYS, say=said, **options)


def resumed(text: Any, folder: Path, settings: Settings, **options: Any) -> Word2Vec:
    return begun(text, folder, settings, resume=True, **options)


def same(a: Word2Vec, b: Word2Vec) -> bool:
    """Say whether all that was learned is the same, and the account of how."""
    return a.sha256 == b.sha256 and timeless(a) == timeless(b)


def timeless(model: Word2Vec) -> list[Epoch | Pass]:
    return [dataclasses.replace(done, seconds=0) for done in model.history]


def interrupting(number: int) -> Callable[[Moment], None]:
    """Return a callback that interrupts when it is called for the `number`th time."""
    calls = itertools.count(1)

    def callback(_: Moment) -> None:
        if next(calls) == number:
            raise KeyboardInterrupt

    return callback


class Interrupting(Progress):
    """Interrupts at the `number`th report of a stage."""

    def __init__(self, stage: str, number: int) -> None:
        calls = itertools.count(1)

        def told(*_: object) -> None:
            if next(calls) == number:
                raise KeyboardInterrupt

        setattr(self, stage, told)


def interrupted(text: Any, folder: Path, settings: Settings, after: int = 3) -> None:
    """Leave the state of a run that ended in the epoch or pass with this number."""
    with pytest.raises(KeyboardInterrupt):
        begun(text, folder, settings, callback=interrupting(after))
    assert folder.is_dir()


def failing(monkeypatch: pytest.MonkeyPatch, name: str, fails: Callable[[int], bool]) -> list[int]:
    """Let the disk be full whenever `fails` says so of the number of a call; return its numbers."""
    calls: list[int] = []
    real = getattr(Checkpoints, name)

    def write(checkpoints: Checkpoints, *arguments: Any) -> None:
        calls.append(len(calls) + 1)
        if fails(calls[-1]):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(checkpoints, *arguments)

    monkeypatch.setattr(Checkpoints, name, write)
    return calls


# ---- resuming ------------------------------------------------------------------------------------


@every_run
@pytest.mark.usefixtures("in_stages")
def test_a_run_that_was_interrupted_after_each_epoch_resumes_to_the_same_bytes(
    settings: Settings, text: Path, folder: Path, tmp_path: Path
) -> None:
    whole = Word2Vec(**settings).fit(text)
    assert len(whole.history) >= 4
    model, interruptions = None, 0
    while model is None:
        # The first epoch that a run does is kept, the second is not.
        with suppress(KeyboardInterrupt):
            model = resumed(text, folder, settings, callback=interrupting(2))
            break
        interruptions += 1
        assert interruptions < len(whole.history)
    assert interruptions == len(whole.history) - 1
    assert same(model, whole)
    assert model.account.training >= sum(done.seconds for done in model.history)
    assert folder.is_dir()
    model.save(tmp_path / "m.safetensors")
    assert not folder.exists()
    assert wordkin.Word2Vec.load(tmp_path / "m.safetensors").sha256 == whole.sha256


@pytest.mark.parametrize(
    ("settings", "stage", "numbers"),
    [
        (STOCHASTIC, "reading", [1]),
        (STOCHASTIC, "training", [1, 2, 3]),
        *(
            (settings, stage, numbers)
            for settings in (EXACT, SAMPLED)
            for stage, numbers in (("counting", [1]), ("descending", [1, 9]))
        ),
    ],
)
def test_a_run_may_be_interrupted_anywhere(
    settings: Settings, stage: str, numbers: list[int], text: Path, folder: Path
) -> None:
    whole = Word2Vec(**settings).fit(text)
    for number in numbers:
        with pytest.raises(KeyboardInterrupt):
            resumed(text, folder, settings, progress=Interrupting(stage, number))
    assert same(resumed(text, folder, settings), whole)


def test_an_epoch_may_be_interrupted_in_its_midst(tmp_path: Path, folder: Path) -> None:
    text = toy.write(tmp_path / "long.txt", lines=6000)
    settings = {**STOCHASTIC, "epochs": 1, "dim": 300, "window": 10, "negatives": 20}
    settings["subsample"] = 0
    whole = Word2Vec(**settings).fit(text)
    for number in (2, 1, 3, 1):  # a state is kept at each call but the one that interrupts
        with suppress(KeyboardInterrupt):  # on a very fast machine it is over before
            resumed(text, folder, settings, progress=Interrupting("training", number))
    found = folder.exists()
    said: list[str] = []
    assert same(resumed(text, folder, {**settings, "threads": 2}, say=said.append), whole)
    assert len(said) == found
    assert all(
        re.fullmatch(r"resuming from the checkpoint after ([\d,]+ words|epoch 1)", line)
        for line in said
    )


def test_counting_is_gone_on_with(varied: Path, folder: Path) -> None:
    whole = Word2Vec(**EXACT).fit(varied)
    for number in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            resumed(varied, folder, EXACT, progress=Interrupting("counting", number))
    parts = len(list(folder.glob("part-*")))
    assert parts
    said: list[str] = []
    model = resumed(varied, folder, EXACT, say=said.append)
    assert len(list(folder.glob("part-*"))) > parts
    assert said[0].startswith("resuming with the saved counts of ")
    assert same(model, whole)


@pytest.mark.parametrize("objective", ["naive-softmax", "negative-sampling"])
def test_a_run_on_counts_is_gone_on_with(
    objective: str, text: Path, folder: Path, tmp_path: Path
) -> None:
    settings = settings_for(**EXACT)
    assert isinstance(settings, ExactSettings)
    counts = tmp_path / "toy.counts"
    count_to_file(text, counts, settings)
    given: Settings = {**EXACT, "objective": objective}
    whole = Word2Vec(**given).fit_counts(counts)
    options: dict[str, Any] = {"checkpoint": folder, "every": ALWAYS, "resume": True}
    options["say"] = lambda _: None
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(**given).fit_counts(counts, callback=interrupting(3), **options)
    with pytest.raises(CheckpointError, match="the checkpoint of an interrupted run"):
        Word2Vec(**given).fit_counts(counts, **{**options, "resume": False})
    model = Word2Vec(**given).fit_counts(counts, **options)
    assert same(model, whole)
    assert model.account.training >= sum(done.seconds for done in model.history)
    model.save(tmp_path / "m.safetensors")
    assert not folder.exists()


def test_counting_to_a_file_is_gone_on_with(varied: Path, folder: Path, tmp_path: Path) -> None:
    settings, said = settings_for(**EXACT), list[str]()
    assert isinstance(settings, ExactSettings)
    count_to_file(varied, tmp_path / "whole", settings)
    options: dict[str, Any] = {"checkpoint": folder, "every": ALWAYS, "say": said.append}
    for number in (3, 2):
        with pytest.raises(KeyboardInterrupt):
            count_to_file(
                varied,
                tmp_path / "counts",
                settings,
                progress=Interrupting("counting", number),
                resume=number == 2,
                **options,
            )
    assert not (tmp_path / "counts").exists()
    with pytest.raises(CheckpointError, match=r"resume it \(--resume\), or remove the folder"):
        count_to_file(varied, tmp_path / "counts", settings, **options)
    other = dataclasses.replace(settings, window=4)
    with pytest.raises(CheckpointError, match="window has changed"):
        count_to_file(varied, tmp_path / "counts", other, resume=True, **options)
    count_to_file(varied, tmp_path / "counts", settings, resume=True, **options)
    assert (tmp_path / "counts").read_bytes() == (tmp_path / "whole").read_bytes()
    assert not folder.exists()
    assert any("resuming with the saved counts of" in line for line in said)


@every_run
def test_without_a_checkpoint_a_resumed_run_starts_from_the_beginning(
    settings: Settings, text: Path, folder: Path
) -> None:
    said: list[str] = []
    assert same(resumed(text, folder, settings, say=said.append), Word2Vec(**settings).fit(text))
    assert said == [f"{folder}: no checkpoint to resume from: starting from the beginning"]


@every_run
def test_a_finished_run_can_be_gone_on_with_too(
    settings: Settings, text: Path, folder: Path
) -> None:
    whole = begun(text, folder, settings)
    assert same(resumed(text, folder, settings), whole)


def test_a_state_that_is_not_to_be_gone_on_from_is_left_as_it_is(text: Path, folder: Path) -> None:
    interrupted(text, folder, STOCHASTIC)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CheckpointError, match=r"states: has the checkpoint of an interrupted run"):
        begun(text, folder, STOCHASTIC)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_to_resume_takes_a_folder(text: Path) -> None:
    with pytest.raises(
        SettingsError, match="resume needs the folder of the checkpoints: set checkpoint"
    ):
        Word2Vec(**STOCHASTIC).fit(text, resume=True)


def test_no_states_are_kept_of_what_is_soon_over(text: Path, folder: Path) -> None:
    with pytest.raises(
        SettingsError, match="stochastic engine saves no checkpoints of naive-softmax"
    ):
        begun(text, folder, REFERENCE)
    assert not folder.exists()


def test_a_run_that_keeps_no_state_in_time_leaves_no_folder(
    text: Path, folder: Path, tmp_path: Path
) -> None:
    model = Word2Vec(**STOCHASTIC).fit(text, checkpoint=folder, every=1e9)
    assert not folder.exists()
    model.save(tmp_path / "m.safetensors")
    assert not folder.exists()


@every_run
def test_a_damaged_state_is_passed_over(settings: Settings, text: Path, folder: Path) -> None:
    whole = Word2Vec(**settings).fit(text)
    interrupted(text, folder, settings, after=4)
    newest = max(folder.glob("state-*"))
    newest.write_bytes(newest.read_bytes()[:-1])
    said: list[str] = []
    assert same(resumed(text, folder, settings, say=said.append), whole)
    assert f"{newest}: damaged" in said[0] or f"{newest}: damaged" in said[1]


# ---- what a run is not gone on with --------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "changes"),
    [
        (
            STOCHASTIC,
            {"dim": 9, "window": 4, "negatives": 6, "min_count": 2, "max_vocab": 22, "seed": 2,
             "subsample": 0.1, "held_out": 0.02, "patience": 9, "epochs": 5,
             "learning_rate": 0.026, "deterministic": False},
        ),
        (
            EXACT,
            {"objective": "negative-sampling", "dim": 9, "window": 4, "min_count": 2,
             "max_vocab": 22, "subsample": 0.1, "held_out": 0.0, "patience": 9, "seed": 2,
             "ridge": 1.0, "tolerance": 1e-9, "max_passes": 6, "precision": "float64"},
        ),
    ],
    ids=["stochastic", "exact"],
)  # fmt: skip
def test_a_state_of_other_settings_is_refused_naming_which(
    settings: Settings, changes: Settings, text: Path, folder: Path
) -> None:
    whole = Word2Vec(**settings).fit(text)
    interrupted(text, folder, settings)
    before = sorted(path.name for path in folder.iterdir())
    known = settings_for(**settings).as_dict()
    for name, value in changes.items():
        was = "not set" if known[name] is None else known[name]
        message = (
            rf"states: {name} has changed: it is {was} in the checkpoint and {value} in this run;"
        )
        with pytest.raises(CheckpointError, match=message):
            resumed(text, folder, {**settings, name: value})
    assert sorted(path.name for path in folder.iterdir()) == before
    assert same(resumed(text, folder, {**settings, "threads": 3}), whole)


def test_the_state_of_the_other_engine_is_refused(text: Path, folder: Path) -> None:
    interrupted(text, folder, STOCHASTIC)
    with pytest.raises(
        CheckpointError,
        match=r"engine has changed: it is stochastic in the checkpoint and exact in this",
    ):
        resumed(text, folder, SAMPLED)


@every_run
def test_a_state_of_another_text_is_refused(settings: Settings, text: Path, folder: Path) -> None:
    interrupted(text, folder, settings)
    raw = text.read_bytes()
    sums = [hashlib.sha256(some).hexdigest() for some in (raw, raw.replace(b"\n", b" ", 1))]
    text.write_bytes(raw.replace(b"\n", b" ", 1))
    with pytest.raises(CheckpointError, match=rf"the corpus \(sha256\) .*{sums[0]}.*{sums[1]}"):
        resumed(text, folder, settings)
    text.write_bytes(raw + b"more\n")
    with pytest.raises(CheckpointError, match=r"the corpus \(bytes\) has changed"):
        resumed(text, folder, settings)
    text.write_bytes(raw)
    assert same(resumed(text, folder, settings), Word2Vec(**settings).fit(text))


@pytest.mark.parametrize("parts", [False, True])
def test_a_state_of_another_version_is_gone_on_from_with_a_note(
    parts: bool, varied: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Word2Vec(**EXACT).fit(varied)
    with monkeypatch.context() as before:
        before.setattr(machine, "version", lambda: "0.0.1")
        before.setattr(machine, "level", lambda: "abacus")
        stage = Interrupting("counting" if parts else "descending", 6)
        with pytest.raises(KeyboardInterrupt):
            begun(varied, folder, EXACT, progress=stage)
    said: list[str] = []
    assert same(resumed(varied, folder, EXACT, say=said.append), whole)
    notes = [line for line in said if line.startswith("note: the checkpoint was saved by")]
    assert len(notes) == 1  # not one for each file
    assert "wordkin 0.0.1, instruction set abacus, numpy" in notes[0]
    assert f"this is wordkin {wordkin.__version__}, instruction set" in notes[0]


def test_a_folder_is_for_one_run_at_a_time(text: Path, folder: Path) -> None:
    refused: list[str] = []

    def second(_: Moment) -> None:
        with pytest.raises(CheckpointError) as caught:
            resumed(text, folder, STOCHASTIC)
        refused.append(str(caught.value))

    model = begun(text, folder, STOCHASTIC, callback=second)
    assert refused == [f"{folder}: another run is using these checkpoints"] * 4
    assert same(model, Word2Vec(**STOCHASTIC).fit(text))


# ---- states that cannot be written ---------------------------------------------------------------


@every_run
def test_training_goes_on_where_no_state_can_be_kept(
    settings: Settings, text: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "save", lambda _: True)
    failing(monkeypatch, "append", lambda _: True)
    said: list[str] = []
    model = begun(text, folder, settings, say=said.append)
    assert same(model, Word2Vec(**settings).fit(text))
    assert len(said) >= 3
    full = f"[Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}"
    assert set(said) == {f"no checkpoint was saved, and the run continues: {full}"}
    assert not folder.exists()


@every_run
def test_states_are_kept_again_once_that_can_be_done(
    settings: Settings, text: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, said = Word2Vec(**settings).fit(text), list[str]()
    calls = failing(monkeypatch, "save", lambda number: number == 1)
    with pytest.raises(KeyboardInterrupt):
        begun(text, folder, settings, callback=interrupting(4), say=said.append)
    assert len(calls) >= 3
    assert len(said) == 1
    assert list(folder.glob("state-*"))
    assert same(resumed(text, folder, settings, say=said.append), whole)
    assert said[1].startswith("resuming ")


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_counts_behind_a_part_that_was_lost_are_not_taken_for_those_before_it(
    lost: int, varied: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, said = Word2Vec(**EXACT).fit(varied), list[str]()
    with monkeypatch.context() as full:
        failing(full, "append", lambda number: number == lost)
        with pytest.raises(KeyboardInterrupt):
            begun(varied, folder, EXACT, progress=Interrupting("descending", 1), say=said.append)
    assert len(said) == 1
    assert len(list(folder.glob("part-*"))) == lost - 1
    assert same(resumed(varied, folder, EXACT), whole)


def test_of_a_diverging_run_no_state_is_kept(text: Path, folder: Path) -> None:
    settings = {**STOCHASTIC, "learning_rate": 1e6, "subsample": 0}
    with pytest.raises(DivergenceError):
        begun(text, folder, settings)
    assert not folder.exists()


# ---- looking on, and ending early ----------------------------------------------------------------


@each_engine
def test_each_moment_shows_the_vectors_as_they_are_then(settings: Settings) -> None:
    seen: list[tuple[int, Any, WordVectors, WordVectors]] = []
    copies: list[tuple[bytes, bytes]] = []

    def look(moment: Moment) -> None:
        seen.append((moment.number, moment.done, moment.center, moment.outside))
        copies.append((seen[-1][2].matrix.tobytes(), seen[-1][3].matrix.tobytes()))

    model = Word2Vec(**settings).fit(sentences(settings), callback=look)
    assert [number for number, *_ in seen] == list(range(1, len(model.history) + 1))
    assert [done for _, done, *_ in seen] == model.history
    for (_, _, center, outside), before in zip(seen, copies, strict=True):
        assert (center.matrix.tobytes(), outside.matrix.tobytes()) == before
        assert center.words == outside.words == model.vectors.words
    assert len(set(copies)) == len(copies)
    assert copies[-1] == (model.center.matrix.tobytes(), model.outside.matrix.tobytes())
    assert same(model, Word2Vec(**settings).fit(sentences(settings)))


@pytest.mark.usefixtures("in_stages")
def test_words_that_are_not_in_training_yet_have_zeros(text: Path) -> None:
    seen: list[tuple[Any, WordVectors]] = []
    Word2Vec(**EXACT).fit(text, callback=lambda m: seen.append((m.done, m.center)))
    words = [done.words for done, _ in seen]
    assert words == sorted(words)
    assert words[0] < words[-1] == 22
    for done, center in seen:
        assert len(center) == 22
        assert center.matrix.any(axis=1).tolist() == [True] * done.words + [False] * (
            22 - done.words
        )


@each_engine
@pytest.mark.parametrize("last", [1, 2])
def test_a_callback_ends_training(last: int, settings: Settings) -> None:
    text = sentences(settings)
    whole = Word2Vec(**settings).fit(text)
    model = Word2Vec(**settings).fit(text, callback=lambda moment: moment.number == last)
    assert timeless(model) == timeless(whole)[:last]
    account = model.account
    passes = last if settings["engine"] == "stochastic" else 1
    assert account.read == passes * account.tokens
    left_out = account.subsampled + account.out_of_vocabulary + account.held_out
    assert account.read == account.trained + left_out


@pytest.mark.parametrize("answer", [None, False, 0])
@every_run
def test_any_other_answer_goes_on(answer: Any, settings: Settings, text: Path) -> None:
    model = Word2Vec(**settings).fit(text, callback=lambda _: answer)
    assert len(model.history) == settings.get("epochs", settings.get("max_passes"))


def unseen_losses(monkeypatch: pytest.MonkeyPatch, losses: Iterable[float]) -> None:
    """Let these be the losses on the held-out lines, whatever training does."""
    values = iter(losses)
    monkeypatch.setattr(stochastic_engine._Kernel, "loss_of", lambda *_: next(values))
    monkeypatch.setattr(exact_engine, "mean_pair_loss", lambda *_: next(values))
    monkeypatch.setattr(loss, "loss_of_lines", lambda *_: lambda *_: next(values))


@pytest.mark.parametrize(
    ("patience", "losses", "ends_after"),
    [
        (1, [3.0, 2.0, 2.0, 1.0, 1.0, 1.0], 3),  # to stay is not to fall
        (1, [3.0, 4.0, 2.0, 1.0, 1.0, 1.0], 2),
        (2, [3.0, 4.0, 2.9, 3.5, 3.4, 1.0], 5),
        (3, [3.0, 4.0, 5.0, 2.0, 2.5, 2.6], None),
        (2, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0], None),
        (None, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], None),
    ],
)
@each_engine
def test_training_ends_when_the_loss_on_lines_held_out_has_not_fallen_for_so_long(
    settings: Settings,
    patience: int | None,
    losses: list[float],
    ends_after: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unseen_losses(monkeypatch, losses)
    stochastically = settings["engine"] == "stochastic"
    length = {"epochs": 6} if stochastically else {"max_passes": 6, "ridge": 1.0}
    said: list[str] = []
    model = Word2Vec(**{**settings, **length, "patience": patience})
    model.fit(sentences(settings), say=said.append)
    assert [done.held_out for done in model.history] == losses[:ends_after]
    one, more = ("epoch", "epochs") if stochastically else ("pass", "passes")
    many = f"{patience} {one if patience == 1 else more}"
    early = f"stopping early: the loss on the held-out lines has not fallen for {many}"
    assert said == ([early] if ends_after else [])


def test_it_is_said_where_patience_can_have_no_effect() -> None:
    model = Word2Vec(**{**STOCHASTIC, "patience": 1})
    noted = "the text is too short to hold out lines, so patience had no effect"
    with pytest.warns(wordkin.TrainingWarning, match=f"^{noted}$"):
        model.fit([["a", "b"] * 5] * 100)
    assert noted in model.account.notes


def test_patience_is_not_lost_with_an_interruption(
    text: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**STOCHASTIC, "epochs": 9, "patience": 3}
    unseen_losses(monkeypatch, [1.0, 2.0, 3.0])
    interrupted(text, folder, settings, after=3)
    unseen_losses(monkeypatch, [3.0, 4.0, 5.0])  # the third epoch is done anew
    model = resumed(text, folder, settings)
    assert [done.held_out for done in model.history] == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.usefixtures("in_stages")
def test_losses_over_more_words_are_no_reason_to_end(
    text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen_losses(monkeypatch, itertools.count(1.0))  # each pass is worse than the last
    model = Word2Vec(**EXACT, patience=3, ridge=1.0).fit(text, say=lambda _: None)
    words = [done.words for done in model.history if isinstance(done, Pass)]
    assert words == sorted(words)
    assert [words.count(number) for number in sorted(set(words))] == [3, 3, 4]


def test_what_overfits_ends_early() -> None:
    rng = np.random.default_rng(1)  # with nothing to be learned
    lines = rng.integers(60, size=(1200, 3)).astype(str).tolist()
    settings = {**EXACT, "ridge": 0.0, "subsample": 0, "dim": 30, "max_passes": 30}
    said: list[str] = []
    model = Word2Vec(**settings, patience=2, held_out=0.1).fit(lines, say=said.append)
    unseen = [done.held_out for done in model.history if done.held_out is not None]
    assert 3 <= len(unseen) == len(model.history) < 30
    assert min(unseen[-2:]) >= min(unseen[:-2])
    assert model.history[-1].loss < model.history[-3].loss
    assert said == ["stopping early: the loss on the held-out lines has not fallen for 2 passes"]


# ---- the history, as it comes --------------------------------------------------------------------


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def written(model: Word2Vec) -> list[dict[str, Any]]:
    """Return what the file of the history should hold."""
    kind = "epoch" if model.settings.engine == "stochastic" else "pass"
    history: Sequence[Epoch | Pass] = model.history
    return [{kind: number} | dataclasses.asdict(done) for number, done in enumerate(history, 1)]


@each_engine
def test_the_history_is_written_as_it_comes(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("of an earlier run\n")
    lengths: list[int] = []
    model = Word2Vec(**settings).fit(
        sentences(settings), history=path, callback=lambda _: lengths.append(len(lines_of(path)))
    )
    assert lines_of(path) == written(model)
    assert lengths == list(range(1, len(model.history) + 1))


@every_run
def test_after_an_interruption_the_history_is_whole(
    settings: Settings, text: Path, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "history.jsonl"
    with pytest.raises(KeyboardInterrupt):
        begun(text, folder, settings, callback=interrupting(3), history=path)
    assert len(lines_of(path)) == 3
    model = resumed(text, folder, settings, history=path)
    assert lines_of(path) == written(model)


@every_run
def test_a_history_that_cannot_be_written_is_said_before_training(
    settings: Settings, text: Path, folder: Path, tmp_path: Path
) -> None:
    for path in (tmp_path / "missing" / "history.jsonl", tmp_path):
        with pytest.raises(OSError, match=str(path)):
            begun(text, folder, settings, history=path, progress=Interrupting("reading", 1))
    assert not folder.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device at hand")
def test_a_history_that_can_no_longer_be_written_does_not_end_training(text: Path) -> None:
    said: list[str] = []
    model = Word2Vec(**STOCHASTIC).fit(text, history="/dev/full", say=said.append)
    assert len(model.history) == 4
    assert said[0].startswith("the history is no longer written, and training continues: ")
    assert len(said) <= 2


def losses_in(folder: Path, name: str) -> dict[int, float]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder)).Reload()
    tensors = {event.step: event.tensor_proto for event in events.Tensors(name)}
    return {step: float(tensor.float_val[0]) for step, tensor in tensors.items()}


@pytest.mark.filterwarnings("ignore")  # of tensorboard's own
@pytest.mark.parametrize("settings", [STOCHASTIC, EXACT], ids=["stochastic", "exact"])
def test_tensorboard_reads_the_losses(
    settings: Settings, text: Path, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    events = tmp_path / "events"
    with pytest.raises(KeyboardInterrupt):
        begun(text, folder, settings, callback=interrupting(3), tensorboard=events)
    model = resumed(text, folder, settings, tensorboard=events)
    numbered = list(enumerate(model.history, 1))
    for name in ("loss", "held_out"):
        wanted = {number: getattr(done, name) for number, done in numbered}
        assert losses_in(events, name) == pytest.approx(wanted)


def test_without_tensorboard_it_is_said_what_to_install(
    text: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.startswith("tensorboard"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(WordkinError, match=r"pip install 'wordkin\[tensorboard\]'"):
        begun(text, folder, STOCHASTIC, tensorboard=tmp_path / "events", history=tmp_path / "h")
    assert not folder.exists()
    assert not (tmp_path / "events").exists()


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@every_run
def test_a_signal_waits_for_a_state(
    settings: Settings, number: signal.Signals, text: Path, folder: Path
) -> None:
    heard: list[int] = []

    def stop(number: int, _: object) -> None:
        heard.append(number)
        raise StoppedError

    said: list[str] = []
    before = signal.signal(number, stop)
    try:
        with pytest.raises(StoppedError):
            Word2Vec(**settings).fit(
                text,
                checkpoint=folder,
                every=1e9,
                say=said.append,
                callback=lambda _: signal.raise_signal(number),
            )
    finally:
        signal.signal(number, before)
    assert heard == [number]
    assert said == ["Stopping after the next checkpoint. Press Ctrl-C again to stop now."]
    assert len(list(folder.glob("state-*"))) == 1
    assert same(resumed(text, folder, settings), Word2Vec(**settings).fit(text))
