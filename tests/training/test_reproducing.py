"""A model records its origin, and can be reproduced."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

import wordkin
from support import toy
from wordkin import CorpusError, Progress, Word2Vec, _core
from wordkin.cli import app
from wordkin.corpus.encoded import Fingerprint
from wordkin.engines import OBJECTIVES
from wordkin.training import learned, reproduce, reproducing
from wordkin.vectors.formats.model import digest

COMMON: dict[str, Any] = {"dim": 8, "min_count": 1, "window": 3, "subsample": 1e-2, "threads": 1}
STOCHASTIC: dict[str, Any] = {"engine": "stochastic", **COMMON, "epochs": 2}
EXACT: dict[str, Any] = {"engine": "exact", **COMMON, "max_passes": 3}
ENGINES = [STOCHASTIC, EXACT]
each_engine = pytest.mark.parametrize("settings", ENGINES, ids=["stochastic", "exact"])
DEADLINE = 60  # seconds, for what should take one


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a text that is long enough to hold out lines; read-only."""
    return toy.write(tmp_path_factory.mktemp("text") / "text.txt")


@pytest.fixture(params=ENGINES, ids=["stochastic", "exact"])
def saved(request: pytest.FixtureRequest, text: Path, tmp_path: Path) -> Path:
    """Return a model of the text."""
    path = tmp_path / "m.safetensors"
    Word2Vec(**request.param).fit(text).save(path)
    return path


def metadata_of(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="numpy") as file:
        metadata = json.loads(file.metadata()["wordkin"])["metadata"]
        assert isinstance(metadata, dict)
        return metadata


def without(path: Path, *names: str) -> None:
    """Write a model again, as a version that did not know these names would have written it."""
    metadata = metadata_of(path)
    for name in names:
        del metadata[name]
    text = json.dumps({"format": 2, "metadata": metadata})
    save_file(load_file(path), path, {"wordkin": text})


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(
        app, [str(a) for a in arguments], catch_exceptions=False, prog_name="wordkin"
    )
    return result.exit_code, result.stdout, result.stderr


# ---- where a model comes from --------------------------------------------------------------------


def test_a_model_tells_all_that_it_comes_from(saved: Path, text: Path) -> None:
    metadata, model = metadata_of(saved), wordkin.Word2Vec.load(saved)
    assert metadata["settings"] == model.get_params()
    assert metadata["settings"]["seed"] == 1
    assert metadata["wordkin"] == wordkin.__version__
    assert metadata["instruction_set"] in _core.levels()
    assert metadata["numpy"] == np.__version__
    raw = text.read_bytes()
    assert model.corpus == Fingerprint(len(raw), hashlib.sha256(raw).hexdigest())
    assert metadata["corpus"] == dataclasses.asdict(model.corpus)
    assert metadata["sha256"] == model.sha256
    assert re.fullmatch("[0-9a-f]{64}", model.sha256)
    account = metadata["account"]
    assert (account["tokens"], account["lines"]) == (8000, 1000)
    assert account["held_out"] > 0
    left_out = account["subsampled"] + account["out_of_vocabulary"] + account["held_out"]
    assert account["read"] == account["trained"] + left_out
    assert min(account["reading"], account["training"]) > 0
    assert metadata["history"] == [dataclasses.asdict(done) for done in model.history]
    assert all(done["held_out"] > 0 for done in metadata["history"])


def test_the_hash_of_a_model_is_that_of_its_tensors(saved: Path) -> None:
    model, tensors = wordkin.Word2Vec.load(saved), load_file(saved)
    names: list[str] = [name for name in ("center", "outside", "vectors") if name in tensors]
    matrices = {name: tensors[name] for name in names}
    learned = model._result
    assert learned is not None
    words, counts = model.vectors.words, tensors["counts"]
    assert model.sha256 == digest(words, counts, matrices, learned.subwords)


def test_another_number_or_word_is_another_hash(saved: Path) -> None:
    model = wordkin.Word2Vec.load(saved)
    words, counts = list(model.vectors.words), model.vectors.counts
    assert counts is not None
    matrices = {"center": model.center.matrix, "outside": model.outside.matrix}
    sums = {digest(words, counts, matrices)}
    for name, matrix in matrices.items():
        changed = matrix.copy()
        changed[-1, -1] = np.nextafter(changed[-1, -1], np.float32(9))
        sums.add(digest(words, counts, {**matrices, name: changed}))
    sums.add(digest(words, counts + 1, matrices))
    sums.add(digest(["other", *words[1:]], counts, matrices))
    sums.add(digest([words[0] + words[1][:1], words[1][1:], *words[2:]], counts, matrices))
    sums.add(digest(words, counts, {name: matrix.T for name, matrix in matrices.items()}))
    assert len(sums) == 7


def test_files_and_their_lines_have_the_same_fingerprint(text: Path, tmp_path: Path) -> None:
    raw = text.read_bytes()
    half = raw.index(b"\n", len(raw) // 2) + 1
    parts = [tmp_path / "a.txt", tmp_path / "b.txt"]
    parts[0].write_bytes(raw[:half])
    parts[1].write_bytes(raw[half:])
    whole = Word2Vec(**STOCHASTIC).fit(text)
    assert Word2Vec(**STOCHASTIC).fit(parts).corpus == whole.corpus
    assert Word2Vec(**STOCHASTIC).fit(toy.sentences()).corpus == whole.corpus


@pytest.mark.parametrize("objective", OBJECTIVES)
@each_engine
def test_what_is_learned_hangs_on_the_seed_and_not_on_the_threads(
    settings: dict[str, Any], objective: str
) -> None:
    reference = settings is STOCHASTIC and objective == "naive-softmax"
    text = toy.sentences(50 if reference else 1000)
    sums = {
        Word2Vec(**{**settings, "objective": objective, "threads": threads}).fit(text).sha256
        for threads in (1, 2, 3, 4, 8)
    }
    assert len(sums) == 1
    other = Word2Vec(**{**settings, "objective": objective, "seed": 2}).fit(text)
    assert {other.sha256} != sums


def test_info_shows_where_a_model_comes_from(saved: Path) -> None:
    model = wordkin.Word2Vec.load(saved)
    code, shown, _ = run("info", saved)
    assert code == 0
    assert model.corpus is not None
    assert f"{model.corpus.bytes:,} bytes with the SHA-256\n" in shown
    assert f" {model.corpus.sha256}\n" in shown
    assert f" {model.sha256}\n" in shown
    origin = model.origin
    assert f"wordkin {origin.wordkin}, {origin.instruction_set}, NumPy {origin.numpy}\n" in shown
    assert max(map(len, shown.splitlines()[1:])) <= 80
    report = json.loads(run("info", saved, "--json")[1])
    told = {name: report[name] for name in ("wordkin", "instruction_set", "numpy")}
    assert told == dataclasses.asdict(origin)
    assert report["corpus"] == dataclasses.asdict(model.corpus)
    assert report["sha256"] == model.sha256
    assert report["tokens"]["held_out"] == model.account.held_out > 0


def test_a_model_of_a_version_that_told_less_is_still_read(saved: Path) -> None:
    before = wordkin.Word2Vec.load(saved)
    without(saved, "numpy", "corpus", "sha256")
    metadata = metadata_of(saved)
    for done in metadata["history"]:
        del done["held_out"]
    for name in ("held_out", "patience"):
        del metadata["settings"][name]
    del metadata["account"]["held_out"]
    metadata["settings"].pop("deterministic", None)
    text = json.dumps({"format": 2, "metadata": metadata})
    save_file(load_file(saved), saved, {"wordkin": text})
    model = wordkin.Word2Vec.load(saved)
    assert model.sha256 == before.sha256
    assert (model.corpus, model.origin.numpy) == (None, "")
    assert all(done.held_out is None for done in model.history)
    code, shown, _ = run("info", saved)
    assert code == 0
    assert "NumPy" not in shown
    assert "trained on  " not in shown
    assert json.loads(run("info", saved, "--json")[1])["corpus"] is None


# ---- once more -----------------------------------------------------------------------------------


def test_a_model_comes_out_the_same_once_more(saved: Path, text: Path) -> None:
    sha256 = wordkin.Word2Vec.load(saved).sha256
    code, shown, said = run("reproduce", saved, "--corpus", text)
    assert (code, shown, said) == (0, f"equal: SHA-256 {sha256}\n", "")
    assert len(shown) <= 81
    code, shown, _ = run("reproduce", saved, "--corpus", text, "--threads", 3, "--quiet", "--json")
    report = {"equal": True, "was": sha256, "now": sha256, "differences": []}
    assert (code, json.loads(shown)) == (0, report)


def test_a_text_in_several_files_is_named_file_by_file(
    saved: Path, text: Path, tmp_path: Path
) -> None:
    raw = text.read_bytes()
    half = raw.index(b"\n", len(raw) // 2) + 1
    (tmp_path / "a.txt").write_bytes(raw[:half])
    (tmp_path / "b.txt").write_bytes(raw[half:])
    corpus = ["--corpus", tmp_path / "a.txt", "--corpus", tmp_path / "b.txt"]
    assert run("reproduce", saved, *corpus)[0] == 0
    assert run("reproduce", saved, *corpus[2:], *corpus[:2])[0] == 1  # in another order


def test_another_text_is_refused_before_training(
    saved: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.txt"
    other.write_bytes(text.read_bytes() + b"\n")
    monkeypatch.setattr(reproducing, "learn", lambda *_: pytest.fail("training began"))
    code, shown, said = run("reproduce", saved, "--corpus", other)
    assert (code, shown) == (1, "")
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (other, text)]
    assert re.fullmatch(
        rf"wordkin: this is not the text that the model was trained on: [\d,]+ bytes with the"
        rf" SHA-256 {sums[0]}, not [\d,]+ bytes with the SHA-256 {sums[1]}\n",
        said,
    )


def test_a_model_that_does_not_know_its_text_is_compared_all_the_same(
    saved: Path, text: Path
) -> None:
    without(saved, "corpus", "sha256")
    assert run("reproduce", saved, "--corpus", text)[0] == 0
    again = reproduce(wordkin.Word2Vec.load(saved), toy.sentences(1001, seed=2))
    assert not again.equal
    assert again.was != again.now
    assert "different words, the first" in again.differences[-1]


def test_what_differed_is_named(saved: Path, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = wordkin.Word2Vec.load(saved)
    result = dataclasses.replace(
        model._fitted, origin=learned.Origin("0.0.1", model.origin.instruction_set)
    )
    monkeypatch.setattr(model, "_result", result)
    again = reproduce(model, text)
    assert again.equal
    assert again.differences == [
        f"wordkin 0.0.1 then, {wordkin.__version__} now",
        f"numpy unknown then, {np.__version__} now",
    ]


def test_training_that_was_not_deterministic_is_said_to_be(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    model = Word2Vec(**{**STOCHASTIC, "deterministic": False}).fit(text)
    center = model.center.matrix.copy()
    center[0, 0] += 1  # as if threads had met in another order
    result = dataclasses.replace(
        model._fitted, center=wordkin.WordVectors(model.center.words, center)
    )
    monkeypatch.setattr(model, "_result", result)
    model.save(path)
    code, shown, _ = run("reproduce", path, "--corpus", text)
    assert code == 1
    lines = shown.splitlines()
    assert lines[0] == "different: the SHA-256 of the models"
    assert lines[1] == f"  was  {wordkin.Word2Vec.load(path).sha256}"
    assert re.fullmatch("  is   [0-9a-f]{64}", lines[2])
    assert lines[3:] == ["  training was not deterministic"]
    code, shown, _ = run("reproduce", path, "--corpus", text, "--json")
    report = json.loads(shown)
    assert code == 1
    assert report["equal"] is False
    assert report["was"] != report["now"]
    assert report["differences"] == ["training was not deterministic"]


@pytest.mark.skipif(len(_core.levels()) == 1, reason="this machine has one instruction set")
def test_another_instruction_set_is_named(saved: Path, text: Path) -> None:
    environment = {**os.environ, "WORDKIN_LEVEL": _core.levels()[0]}
    ran = subprocess.run(
        [sys.executable, "-m", "wordkin", "reproduce", saved, "--corpus", text, "--json"],
        env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    report = json.loads(ran.stdout)
    assert ran.returncode == (0 if report["equal"] else 1)
    then = wordkin.Word2Vec.load(saved).origin.instruction_set
    assert report["differences"] == [f"instruction set {then} then, {_core.levels()[0]} now"]
    if wordkin.Word2Vec.load(saved).settings.engine == "stochastic":
        assert not report["equal"]


def test_what_cannot_be_reproduced_is_refused(saved: Path, text: Path, tmp_path: Path) -> None:
    assert run("reproduce", saved)[0] == 2
    assert run("reproduce", saved, "--corpus", text, "--threads", 0)[0] == 2
    missing = tmp_path / "missing"
    assert run("reproduce", saved, "--corpus", missing)[2].endswith("No such file or directory\n")
    assert run("reproduce", missing, "--corpus", text)[0] == 1


def test_a_reproduction_tells_of_itself(saved: Path, text: Path) -> None:
    told: list[str] = []

    class Told(Progress):
        def reading(self, *_: object) -> None:
            told.append("reading")

        def training(self, *_: object) -> None:
            told.append("training")

        def descending(self, *_: object) -> None:
            told.append("training")

    model = wordkin.Word2Vec.load(saved)
    assert reproduce(model, text, progress=Told()).equal
    assert (told[0], told[-1]) == ("reading", "training")
    with pytest.raises(CorpusError, match="not the text that the model was trained on"):
        reproduce(model, toy.sentences(900))


@pytest.mark.parametrize("engine", ["stochastic", "exact"])
def test_a_model_whose_training_was_ended_is_reproduced(engine: str, text: Path) -> None:
    length: dict[str, Any] = (
        {"epochs": 5} if engine == "stochastic" else {"tolerance": 0.0, "ridge": 1.0}
    )
    model = Word2Vec(engine=engine, dim=5, min_count=1, **length)
    model.fit(text, callback=lambda moment: moment.number == 2)
    assert len(model.history) == 2
    assert reproduce(model, text).equal


def test_the_same_bytes_in_other_lines_are_another_text(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_text("a b c\n" * 50 + "a b")  # no line end
    two.write_text("c a b\n" * 50)
    both = tmp_path / "both"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    model = Word2Vec(dim=5, min_count=1).fit([one, two])
    assert reproduce(model, [one, two]).equal
    with pytest.raises(CorpusError, match="these bytes in 101 lines, but here they have 100"):
        reproduce(model, both)
