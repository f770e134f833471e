"""Subwords in training: settings, the trial of "auto", checkpoints, and what shares n-grams."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from wordkin import SettingsError, Word2Vec
from wordkin.engines.outcome import Pass
from wordkin.engines.settings import IN_OLD_FILES, ExactSettings, settings_for
from wordkin.system.progress import Progress
from wordkin.training import subwords
from wordkin.training.counting_run import count_to_file
from wordkin.training.source import read_source

STEMS = ["walk", "jump", "cook", "paint", "clean", "climb", "count", "press", "point", "watch"]
ENDINGS = ["", "s", "ed", "ing", "er"]
EXACT: dict[str, Any] = {
    "engine": "exact",
    "dim": 8,
    "min_count": 1,
    "threads": 1,
    "held_out": 0,
    "subsample": 0,
}


@pytest.fixture(scope="module")
def lines() -> list[list[str]]:
    """Stems and endings that each ask for words of their own beside them."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(6000):
        stem, ending = rng.integers(len(STEMS)), rng.integers(len(ENDINGS))
        word = STEMS[stem] + ENDINGS[ending]
        found.append([f"{rng.integers(3)}{stem}!", word, f"{rng.integers(3)}{ending}?"])
    return found


def groups_of(model: Word2Vec) -> bool:
    """Whether the last pass had n-grams: they ask for the larger ridge."""
    last = model.history[-1]
    assert isinstance(last, Pass)
    return last.ridge == 2


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("auto", "auto"),
        (True, "3-6"),
        (False, "none"),
        (None, "none"),
        ("none", "none"),
        ((3, 6), "3-6"),
        ([2, 2], "2-2"),
        ("1-64", "1-64"),
        (np.array([3, 5]), "3-5"),
        ("jamo", "jamo:3-6"),
        ("jamo:", "jamo:3-6"),
        ("jamo:2-4", "jamo:2-4"),
    ],
)
def test_subwords_are_given_in_several_forms(given: Any, read: str) -> None:
    assert ExactSettings(subwords=given).subwords == read


@pytest.mark.parametrize(
    "given",
    ["6-3", "a-b", "3", "3-", "0-2", "3-65", (3,), (3, 4, 5), 3, "yes", "jamo:4-2", "jamo3-6"],
)
def test_other_subwords_are_refused(given: Any) -> None:
    with pytest.raises(SettingsError, match="subwords must be two lengths"):
        ExactSettings(subwords=given)


def test_auto_takes_n_grams_where_spelling_tells(lines: list[list[str]]) -> None:
    assert groups_of(Word2Vec(**EXACT).fit(lines))
    rng = np.random.default_rng(1)
    words = sorted({word for line in lines for word in line})
    names = {word: f"w{i:03d}" for i, word in enumerate(rng.permutation(words))}
    renamed = [[names[word] for word in line] for line in lines]
    assert not groups_of(Word2Vec(**EXACT).fit(renamed))
    assert groups_of(Word2Vec(**EXACT, subwords=(3, 6)).fit(renamed))
    assert not groups_of(Word2Vec(**EXACT, subwords=None).fit(lines))


def test_subwords_bring_words_of_the_same_stem_together(lines: list[list[str]]) -> None:
    few = lines[:200]
    near = {}
    for given in (None, True):
        vectors = Word2Vec(**EXACT, subwords=given).fit(few).vectors
        near[given] = np.mean(
            [
                vectors.similarity(stem, stem + ending)
                for stem in STEMS
                for ending in ENDINGS[1:]
                if stem in vectors and stem + ending in vectors
            ]
        )
    assert near[True] > near[None]


def test_the_same_bytes_for_any_number_of_threads(lines: list[list[str]]) -> None:
    found = {Word2Vec(**EXACT | {"threads": threads}).fit(lines).sha256 for threads in (1, 2, 3)}
    assert len(found) == 1


def test_a_run_with_subwords_is_resumed(lines: list[list[str]], tmp_path: Path) -> None:
    whole = Word2Vec(**EXACT, tolerance=0, max_passes=4).fit(lines)

    passes: list[Any] = []
    path = tmp_path / "text"
    path.write_text("\n".join(" ".join(line) for line in lines))
    settings = {**EXACT, "tolerance": 0, "max_passes": 4}
    options: dict[str, Any] = {"checkpoint": tmp_path / "c", "every": 0, "progress": False}

    def raising(done: Any) -> None:
        passes.append(done)
        if len(passes) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Word2Vec(**settings).fit(path, callback=raising, **options)
    resumed = Word2Vec(**settings).fit(path, resume=True, **options)
    assert resumed.vectors == whole.vectors
    assert [dataclasses.replace(p, seconds=0) for p in resumed.history] == [
        dataclasses.replace(p, seconds=0) for p in whole.history
    ]


def test_counts_are_trained_on_with_subwords(lines: list[list[str]], tmp_path: Path) -> None:
    whole = Word2Vec(**EXACT).fit(lines)
    settings = ExactSettings(min_count=1, held_out=0, subsample=0)
    count_to_file(lines, tmp_path / "c", settings, progress=False)
    counted = Word2Vec(engine="exact", dim=8, threads=1).fit_counts(tmp_path / "c")
    assert counted.sha256 == whole.sha256


def test_n_grams_beyond_the_limit_are_left_out_with_a_note(
    lines: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subwords, "MOST_NGRAMS", 7)
    with pytest.warns(match="n-grams; the 7 that most words share are used"):
        source = read_source(lines, ExactSettings(min_count=1), Progress())
    assert source.ngrams is not None
    assert len(source.ngrams.offsets) == 8


def test_words_without_n_grams_are_no_obstacle() -> None:
    single = [[chr(97 + i % 20), chr(97 + (i * 7 + i // 20) % 20)] for i in range(400)]
    model = Word2Vec(**EXACT, subwords=True).fit(single)
    assert np.isfinite(model.vectors.matrix).all()
    invalid = [[*line, "\udcff\udc80x", "\udcff\udc80y", "서울시", "서울의"] for line in single]
    assert np.isfinite(Word2Vec(**EXACT, subwords=(1, 3)).fit(invalid).vectors.matrix).all()


def test_a_model_of_earlier_versions_has_no_subwords() -> None:
    old = ExactSettings().as_dict()
    for name in ("subwords", "subword_ridge", "columns"):
        del old[name]
    values: dict[str, Any] = IN_OLD_FILES["exact"] | old
    read = settings_for(**values)
    assert read == ExactSettings(subwords="none", columns=0)


def test_unknown_words_are_composed_and_saved(lines: list[list[str]], tmp_path: Path) -> None:
    model = Word2Vec(**EXACT).fit([line for line in lines if "paints" not in line])
    assert "paints" not in model.vectors
    near = [word for word, _ in model.vectors.most_similar("paints", topn=4)]
    assert sorted(near) == ["paint", "painted", "painter", "painting"]
    model.save(tmp_path / "m.safetensors")
    loaded = Word2Vec.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(loaded.vectors["paints"], model.vectors["paints"])
    found = dict(loaded.predict("paints", topn=None))
    beside = [o for o in found if o.endswith("!")]
    mine = [o for o in beside if o.endswith(f"{STEMS.index('paint')}!")]
    assert np.mean([found[o] for o in mine]) > np.mean([found[o] for o in beside])


def test_n_grams_of_jamo_reach_into_syllables(tmp_path: Path) -> None:
    # No two words share a syllable; those that share letters stand beside the same word.
    stems = {"갈": "하나", "걸": "둘째"}
    ends = {"갈": ["간", "감", "갑", "강"], "걸": ["건", "검", "겁", "겅"]}
    lines = [[word, other] for stem, other in stems.items() for word in ends[stem]] * 200
    model = Word2Vec(**EXACT, subwords="jamo:3-6").fit(lines)
    known = [word for word, _ in model.vectors.most_similar("갈", topn=4)]
    assert sorted(known) == sorted(ends["갈"])
    model.save(tmp_path / "m.safetensors")
    vectors = Word2Vec.load(tmp_path / "m.safetensors").vectors
    np.testing.assert_array_equal(vectors["갈"], model.vectors["갈"])
    wordkin.save(tmp_path / "v.safetensors", vectors)
    np.testing.assert_array_equal(wordkin.load(tmp_path / "v.safetensors")["갈"], vectors["갈"])
    with pytest.warns(match="knows no n-grams of jamo"):
        wordkin.save(tmp_path / "m.bin", vectors, format="fasttext")
    syllables = Word2Vec(**EXACT, subwords="3-6").fit(lines)
    with pytest.raises(KeyError):
        syllables.vectors["갈"]


def test_words_of_other_scripts_are_spelled_as_they_are() -> None:
    words = ["café", "cafés", "naïve", "naïves", "서울"]
    one, members = subwords.shared(words, 3, 6)
    other, same = subwords.shared(words, 3, 6, jamo=True)
    assert one.spelled == other.spelled
    np.testing.assert_array_equal(members.columns, same.columns)
