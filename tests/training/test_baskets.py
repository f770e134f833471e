"""Texts that are no prose: baskets, sessions, logs, toys, and texts on one line."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wordkin import Word2Vec, reproduce
from wordkin.corpus.pieces import LONGEST_LINE
from wordkin.engines.counts.file import read_counts
from wordkin.engines.outcome import Epoch
from wordkin.engines.settings import ExactSettings
from wordkin.engines.subsampling import chosen_threshold
from wordkin.system.errors import CorpusError, CorpusWarning, SettingsError, TrainingWarning
from wordkin.training.counting_run import count_to_file

ENGINES = ("stochastic", "exact")


def baskets(groups: int, size: int, number: int, seed: int = 1) -> list[list[str]]:
    """Return baskets of 3 to 8 items, most of one group."""
    rng = random.Random(seed)
    items = groups * size
    found = []
    for _ in range(number):
        group = rng.randrange(groups) * size
        own = rng.sample(range(group, group + size), min(rng.randint(3, 8), size))
        found.append([f"{rng.randrange(items) if rng.random() < 0.2 else i}" for i in own])
    return found


def right_neighbours(model: Word2Vec, size: int) -> float:
    """Return the share of the nearest items that are of the same group."""
    right = [
        int(near) // size == int(item) // size
        for item in model.vectors.words
        for near, _ in model.vectors.most_similar(item, topn=min(size - 1, 4))
    ]
    return sum(right) / len(right)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("groups", "size", "number"), [(5, 5, 20_000), (40, 10, 8_000)])
def test_few_items_find_their_like_at_defaults(
    engine: str, groups: int, size: int, number: int
) -> None:
    model = Word2Vec(engine=engine).fit(baskets(groups, size, number))
    assert right_neighbours(model, size) > 0.99
    unit = model.vectors.matrix / model.vectors.lengths[:, None]
    cosines = unit @ unit.T
    assert cosines[np.triu_indices(len(cosines), 1)].mean() < 0.9
    counts = model.vectors.counts
    assert counts is not None
    assert model.settings.subsample == chosen_threshold(counts)
    assert model.account.subsample == model.settings.subsample
    assert model.account.dropped < 0.1


@pytest.mark.parametrize("engine", ENGINES)
def test_nine_sentences_train(engine: str, tmp_path: Path) -> None:
    text = (
        "the king rules the land|the queen rules the land|the dog runs in the park|"
        "the cat runs in the park|a king is a man|a queen is a woman|dogs and cats are pets|"
        "the man walks the dog|the woman walks the cat"
    )
    model = Word2Vec(engine=engine, min_count=1, dim=8).fit(
        [line.split() for line in text.split("|")]
    )
    assert all(done.loss > 0 for done in model.history)
    assert model.account.dropped < 0.55
    model.save(tmp_path / "m.safetensors")
    again = Word2Vec.load(tmp_path / "m.safetensors")
    assert again.settings.subsample == model.settings.subsample
    assert float(again.settings.subsample) > 1e-3
    assert again.account == model.account


def test_the_threshold_is_the_number_in_counts_too(tmp_path: Path) -> None:
    lines = baskets(5, 5, 2000)
    counted = count_to_file(lines, tmp_path / "c", ExactSettings(), progress=False)
    assert counted.metadata["subsample"] == chosen_threshold(counted.counts)
    by_counts = Word2Vec(engine="exact", dim=8).fit_counts(tmp_path / "c", progress=False)
    by_text = Word2Vec(engine="exact", dim=8).fit(lines, progress=False)
    assert by_counts.sha256 == by_text.sha256
    assert by_counts.account.dropped == by_text.account.dropped
    assert Word2Vec(engine="exact", dim=8, subsample="auto").fit_counts(tmp_path / "c")


# ---- the whole line


@pytest.mark.parametrize("engine", ENGINES)
def test_any_window_beyond_the_lines_trains(engine: str, tmp_path: Path) -> None:
    lines = baskets(5, 5, 1500)
    found = {}
    for window in (8, 10_001, 9_999_999, (1 << 63) - 1, "line"):
        model = Word2Vec(engine=engine, window=window, dim=8, subsample=0)
        found[window] = model.fit(lines, progress=False)
    # Of the equal weights of all pairs of a line the widest windows differ by less than rounding.
    wide, line = found[(1 << 63) - 1], found["line"]
    np.testing.assert_allclose(wide.vectors.matrix, line.vectors.matrix, rtol=1e-3, atol=1e-4)
    assert found[8].sha256 != line.sha256
    line.save(tmp_path / "m.safetensors")
    saved = Word2Vec.load(tmp_path / "m.safetensors")
    assert saved.settings.window == "line"
    assert reproduce(saved, lines, threads=1, progress=False).equal


@pytest.mark.parametrize("objective", ["negative-sampling", "naive-softmax"])
def test_the_reference_loop_knows_the_whole_line(objective: str) -> None:
    lines = baskets(2, 5, 300)
    model = Word2Vec(
        engine="stochastic", objective=objective, window="line", dim=5, min_count=1, epochs=2
    ).fit(lines)
    pairs = sum(len(line) * (len(line) - 1) for line in lines)
    if not model.account.subsampled:
        (first, *_) = model.history
        assert isinstance(first, Epoch)
        assert first.pairs == pytest.approx(pairs, rel=1e-6)


def test_counts_of_whole_lines_weigh_each_pair_once(tmp_path: Path) -> None:
    lines = [["a", "b", "c", "d", "a"], ["b", "a"], ["c"]]
    settings = ExactSettings(window="line", min_count=1, subsample=0, threads=1)
    count_to_file(lines, tmp_path / "c", settings, progress=False)
    file = read_counts(tmp_path / "c")
    assert file.metadata["window"] == "line"
    found = file.counted.pairs.as_scipy().toarray()
    a, b, c, d = (file.words.index(w) for w in "abcd")
    assert (found[a, b], found[b, a], found[c, d], found[a, a], found[b, b]) == (3, 3, 1, 2, 0)
    with pytest.raises(SettingsError, match="counted with window line, but window is 5"):
        Word2Vec(engine="exact", window=5).fit_counts(tmp_path / "c")
    model = Word2Vec(engine="exact", window="line", dim=2).fit_counts(tmp_path / "c")
    assert model.settings.window == "line"


@pytest.mark.parametrize("window", ["line", 9_999_999, 10_001, 1999])
def test_a_text_on_one_line_has_no_window_of_the_whole_line(window: Any) -> None:
    text = [["a", "b"] * LONGEST_LINE]  # 2,000 words
    with pytest.raises(CorpusError, match=r"Put each sentence on a line of its own, or set window"):
        Word2Vec(window=window, min_count=1).fit(text)


def test_few_long_lines_are_parted_with_a_note() -> None:
    long = ["a", "b", "c"] * (LONGEST_LINE // 3 + 1)
    lines = [*baskets(5, 5, 900), long]
    model = Word2Vec(window="line", dim=4, epochs=1, negatives=1)
    with pytest.warns(CorpusWarning, match="1 line longer than 1,000 words parted"):
        model.fit(lines, progress=False)
    assert [note for note in model.account.notes if "1 line longer than 1,000 words parted" in note]


@pytest.mark.parametrize("window", ["lines", "5", "", 0, -1, 1.5, True, None, 1 << 63])
def test_other_windows_are_refused(window: Any) -> None:
    with pytest.raises(SettingsError, match="window must be"):
        Word2Vec(window=window)


# ---- held-out lines, and texts on one line


@pytest.mark.parametrize("engine", ENGINES)
def test_held_out_lines_cost_no_word(engine: str, tmp_path: Path) -> None:
    lines = [[f"rare{i}", f"common{i % 10}", f"common{i % 7}"] for i in range(5000)]
    model = Word2Vec(engine=engine, min_count=1, dim=4).fit(lines, progress=False)
    assert len(model.vectors) == 5000 + 10
    assert {f"rare{i}" for i in range(5000)} <= set(model.vectors.words)
    alone = model.account.only_held_out
    assert 20 < alone < 90
    assert any(
        f"{alone} words of the vocabulary occur in held-out" in note for note in model.account.notes
    )
    account = model.account
    left_out = account.subsampled + account.out_of_vocabulary + account.held_out
    assert account.read == account.trained + left_out
    assert account.out_of_vocabulary == 0
    if engine == "exact":
        count_to_file(lines, tmp_path / "c", ExactSettings(min_count=1), progress=False)
        counted = Word2Vec(engine=engine, dim=4).fit_counts(tmp_path / "c", progress=False)
        assert counted.sha256 == model.sha256
        assert counted.account.only_held_out == alone
        assert counted.account.trained == account.trained


# ---- means of nothing


def test_an_epoch_without_a_pair_has_no_loss(tmp_path: Path) -> None:
    lines = [["a", "b"], ["b", "a"]]
    for seed in range(1, 200):
        model = Word2Vec(min_count=1, subsample=1e-3, seed=seed, epochs=40, dim=2)
        try:
            model.fit(lines, history=tmp_path / "history", progress=False)
        except CorpusError:
            continue
        break
    empty = [done for done in model.history if not done.pairs]  # type: ignore[union-attr]
    assert empty
    assert all(math.isnan(done.loss) for done in empty)
    assert '"loss": null' in (tmp_path / "history").read_text()
    assert "NaN" not in (tmp_path / "history").read_text()
    model.save(tmp_path / "m.safetensors")
    again = Word2Vec.load(tmp_path / "m.safetensors")
    assert [math.isnan(done.loss) for done in again.history] == [
        math.isnan(done.loss) for done in model.history
    ]


def test_the_threshold_is_chosen_anew_for_each_text() -> None:
    model = Word2Vec(dim=2, epochs=1)
    few = model.fit(baskets(5, 5, 500), progress=False).settings.subsample
    with pytest.warns(TrainingWarning, match="forgets"):
        many = model.fit(baskets(40, 10, 1500), progress=False).settings.subsample
    assert isinstance(few, float)
    assert isinstance(many, float)
    assert few > 5 * many
