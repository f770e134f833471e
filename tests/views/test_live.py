"""A run with a live page learns the same, is sampled rarely, and is reported correctly."""

from __future__ import annotations

import base64
import json
import math
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from support import toy
from support.commands import run
from wordkin import Word2Vec, WordVectors
from wordkin.engines.exact import gauge
from wordkin.engines.outcome import Epoch
from wordkin.system.errors import DivergenceError
from wordkin.system.progress import FittedVectors, InTraining, Progress
from wordkin.views.live import sampler
from wordkin.views.live.curves import POINTS, Curve, Speed
from wordkin.views.live.frames import ADVANCE, APART, RARER, SHARE, Budget
from wordkin.views.live.live import LINGER, Live
from wordkin.views.live.sampler import Plane, Sampler, default_probes

STOCHASTIC: dict[str, Any] = {"dim": 10, "min_count": 1, "epochs": 3, "subsample": 0}
EXACT: dict[str, Any] = {
    "engine": "exact",
    "dim": 6,
    "min_count": 1,
    "max_passes": 4,
    "tolerance": 0.0,
}
CLASSROOM: dict[str, Any] = {
    "engine": "stochastic",
    "objective": "naive-softmax",
    "dim": 6,
    "min_count": 1,
    "epochs": 2,
}
ENGINES = {"stochastic": STOCHASTIC, "exact": EXACT, "classroom": CLASSROOM}


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Stands in for the server."""

    url = "http://127.0.0.1:1/"

    def __init__(self, models: tuple[()], *, port: int, feed: Live) -> None:
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    from wordkin.views.server import server as server_module

    monkeypatch.setattr(server_module, "Server", Server)


class Followed(Live):
    """A live page that requests news after every report, and keeps all answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(browser=False, beside=False, **{"say": lambda _: None} | options)
        self.answers: list[dict[str, Any]] = []
        self.seen = 0

    def ask(self) -> dict[str, Any]:
        answer = self.since(self.seen)
        json.dumps(answer, allow_nan=False)
        self.seen = answer["moment"]
        self.answers.append(answer)
        return answer

    def training(self, *report: Any) -> None:
        super().training(*report)
        self.ask()

    def descending(self, *report: Any) -> None:
        super().descending(*report)
        self.ask()

    def passed(self, *report: Any) -> None:
        super().passed(*report)
        self.ask()

    def fitted(self, vectors: FittedVectors) -> None:
        super().fitted(vectors)
        self.ask()

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [answer["frame"] for answer in self.answers if answer["frame"]]


def points_of(frame: dict[str, Any]) -> npt.NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(frame["points"]), "<f4").reshape(-1, 2)


# ---- training is unchanged


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("engine", ["stochastic", "exact"])
def test_a_run_with_a_live_page_learns_the_same_bytes(engine: str, threads: int) -> None:
    text = toy.sentences(300)
    page = Followed()
    with_page = Word2Vec(**ENGINES[engine], threads=threads).fit(text, progress=page)
    alone = Word2Vec(**ENGINES[engine], threads=threads).fit(text)
    assert len(page.frames) > 1
    assert with_page.sha256 == alone.sha256


def test_a_thread_that_samples_all_the_time_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Budget, "due", lambda self: True)
    text = toy.sentences(2000)
    page = Live(browser=False, beside=False, say=lambda _: None)
    over = threading.Event()

    def poll() -> None:
        while not over.is_set():
            page.since(0)

    polling = threading.Thread(target=poll)
    polling.start()
    try:
        model = Word2Vec(**STOCHASTIC, threads=2).fit(text, progress=page)
    finally:
        over.set()
        polling.join()
    assert model.sha256 == Word2Vec(**STOCHASTIC, threads=2).fit(text).sha256


# ---- what a page receives


@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_receives_the_history_of_epochs_or_passes(engine: str) -> None:
    page = Followed()
    model = Word2Vec(**ENGINES[engine], held_out=0.1).fit(toy.sentences(1200), progress=page)
    accounts = [account for answer in page.answers for account in answer["accounts"]]
    assert [a["number"] for a in accounts] == list(range(1, len(model.history) + 1))
    assert [a["loss"] for a in accounts] == [done.loss for done in model.history]
    assert [a["held_out"] for a in accounts] == [done.held_out for done in model.history]
    assert accounts[-1]["held_out"] is not None


def test_the_curve_ends_where_the_words_do() -> None:
    page = Followed()
    model = Word2Vec(**STOCHASTIC).fit(toy.sentences(300), progress=page)
    curve = [point for answer in page.answers for point in answer["loss"]]
    words = model.account.trained + model.account.subsampled
    assert curve[-1] == (words, model.history[-1].loss)
    assert [account["x"] for answer in page.answers for account in answer["accounts"]][-1] == words


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_frame_has_the_neighbours_that_the_model_gives(engine: str) -> None:
    page = Followed(words=["red", "dog", "two"])
    text = [[f"{w}" for w in line] for line in toy.sentences(300)] + [["red", "dog", "two"]] * 5
    model = Word2Vec(**ENGINES[engine]).fit(text, progress=page)
    last = page.frames[-1]
    assert [probe["word"] for probe in last["probes"]] == ["red", "dog", "two"]
    for probe in last["probes"]:
        found = [(near["word"], near["score"]) for near in probe["neighbours"]]
        assert found == model.vectors.most_similar(probe["word"], topn=10)
    assert last["searched"] is None


@pytest.mark.parametrize("engine", ["stochastic", "exact"])
def test_a_sample_at_the_end_of_training_has_the_neighbours_of_the_model(engine: str) -> None:
    samples: list[tuple[InTraining, sampler.Sample]] = []

    class Sampling(Progress):
        def watch(self, training: InTraining) -> None:
            self.now = training

        def passed(self, number: int, done: Any) -> None:
            samples.append((self.now, Sampler([0, 3, 5]).sample(self.now)))

    model = Word2Vec(**ENGINES[engine]).fit(toy.sentences(300), progress=Sampling())
    training, sample = samples[-1]
    assert (training.share is not None) == (engine == "exact")
    words = model.vectors.words
    for probe in sample.probes:
        exactly = model.vectors.most_similar(words[probe.id], topn=10)
        cosines = dict(exactly)
        for number, cosine in zip(probe.neighbours, probe.cosines, strict=True):
            assert cosines.get(words[number], exactly[-1][1]) == pytest.approx(cosine, abs=1e-4)


def test_how_many_neighbours_stayed_is_counted_from_frame_to_frame() -> None:
    page = Followed()
    Word2Vec(**STOCHASTIC).fit(toy.sentences(300), progress=page)
    before: dict[str, set[str]] = {}
    first: dict[str, set[str]] = {}
    for frame in page.frames:
        for probe in frame["probes"]:
            word, near = probe["word"], {n["word"] for n in probe["neighbours"]}
            if word in before:
                assert probe["stayed"] == len(near & before[word])
                assert probe["from_first"] == len(near & first[word])
                fresh = {n["word"] for n in probe["neighbours"] if n["fresh"]}
                assert fresh == near - before[word]
            else:
                assert probe["stayed"] is None
                assert not any(n["fresh"] for n in probe["neighbours"])
            before[word] = near
            first.setdefault(word, near)


def test_words_of_the_map_are_sent_once_and_each_has_a_point() -> None:
    page = Followed()
    model = Word2Vec(**STOCHASTIC).fit(toy.sentences(300), progress=page)
    maps = [answer["map"] for answer in page.answers if answer["map"]]
    assert maps == [list(model.vectors.words)]
    for frame in page.frames:
        assert points_of(frame).shape == (len(maps[0]), 2)
        for probe in frame["probes"]:
            assert maps[0][probe["at"]] == probe["word"]


def test_a_page_that_comes_late_or_again_receives_all() -> None:
    page = Followed(clock=Clock())
    Word2Vec(**STOCHASTIC).fit(toy.sentences(300), progress=page)
    late = page.since(0)
    assert late["anew"]
    assert len(late["loss"]) == sum(len(answer["loss"]) for answer in page.answers)
    assert len(late["accounts"]) == STOCHASTIC["epochs"]
    assert late["map"] is not None
    assert late["frame"] == page.frames[-1]
    assert page.since(late["moment"] + 1000) == late
    assert page.since(late["moment"])["frame"] is None


def test_words_that_are_not_in_the_vocabulary_are_reported() -> None:
    said: list[str] = []
    page = Followed(words=["red", "nowhere"], say=said.append)
    Word2Vec(**STOCHASTIC).fit([["red", "green", "blue"]] * 50, progress=page)
    assert [probe["word"] for probe in page.frames[-1]["probes"]] == ["red"]
    assert said[1:] == ["live    not in the vocabulary: nowhere"]


def test_words_that_are_no_utf_8_reach_a_page_with_a_mark() -> None:
    page = Followed(words=["caf\udce9"])
    Word2Vec(**STOCHASTIC).fit([["caf\udce9", "green", "blue"]] * 50, progress=page)
    assert page.frames[-1]["probes"][0]["word"] == "caf�"
    json.dumps(page.since(0), ensure_ascii=False).encode()


def test_another_progress_receives_the_same_reports() -> None:
    called: list[str] = []

    class Recording(Progress):
        def __getattribute__(self, name: str) -> Any:
            if not name.startswith("_"):
                called.append(name)
            return super().__getattribute__(name)

    page = Live(browser=False, beside=Recording(), say=lambda _: None)
    Word2Vec(**EXACT).fit(toy.sentences(300), progress=page)
    assert {"reading", "counting", "descending", "watch", "passed", "fitted"} <= set(called)


# ---- what it costs


def test_nothing_is_sampled_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("sampled")

    monkeypatch.setattr(Sampler, "sample", refuse)
    monkeypatch.setattr(Sampler, "sample_trained", refuse)
    page = Live(browser=False, beside=False, say=lambda _: None)
    Word2Vec(**STOCHASTIC).fit(toy.sentences(300), progress=page)
    with pytest.raises(AssertionError, match="sampled"):
        page.since(0)


def test_samples_take_no_more_than_their_share_of_the_time() -> None:
    clock = Clock()
    budget = Budget(clock)
    took = iter([0.02, 0.5, 0.001] * 1000)
    spent: list[float] = []

    def sample() -> Any:
        spent.append(next(took))
        clock.now += spent[-1]

    for _ in range(20_000):
        if budget.due():
            budget.spend(sample)
        clock.now += 0.1
        assert sum(spent[:-1]) <= ADVANCE + SHARE * (clock.now - 100.0)
    assert sum(spent) == pytest.approx(SHARE * (clock.now - 100.0), rel=0.06)


def test_the_first_sample_is_at_once_and_the_next_waits_until_its_time_is_made_up_for() -> None:
    clock = Clock()
    budget = Budget(clock)
    assert budget.due()
    budget.spend(lambda: setattr(clock, "now", clock.now + 0.5))  # type: ignore[arg-type,return-value]
    assert not budget.due()
    clock.now = 100.0 + (0.5 - ADVANCE) / SHARE - 0.01
    assert not budget.due()
    clock.now += 0.02
    assert budget.due()


@pytest.mark.parametrize(
    ("age", "apart"), [(0.4, 0.1), (8, 2), (20, APART), (600, APART), (3600, 3600 * RARER)]
)
def test_samples_that_take_no_time_become_rarer_as_a_run_gets_older(
    age: float, apart: float
) -> None:
    clock = Clock()
    budget = Budget(clock)
    clock.now += age - 0.9 * apart
    budget.spend(lambda: None)  # type: ignore[arg-type,return-value]
    clock.now += 0.8 * apart
    assert not budget.due()
    clock.now += 0.3 * apart
    assert budget.due()


def test_a_sample_that_fails_is_charged_as_well() -> None:
    clock = Clock()
    budget = Budget(clock)

    def fail() -> Any:
        clock.now += 1.0
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        budget.spend(fail)
    assert not budget.due()


def test_a_curve_stays_small_and_keeps_its_shape() -> None:
    curve = Curve()
    for i in range(100_000):
        curve.add(i + 1, i, math.sin(i / 5000))
    anew, points = curve.since(0)
    assert anew
    assert POINTS / 3 < len(points) <= POINTS
    assert points[0][0] == 0
    assert points[-1][0] > 99_000
    assert all(y == math.sin(x / 5000) for x, y in points)
    gaps = np.diff([x for x, _ in points])
    assert gaps.max() <= 4 * gaps.min()


def test_of_very_many_epochs_the_statistics_of_some_are_kept() -> None:
    page = Live(browser=False, beside=False, say=lambda _: None)
    for number in range(1, 10_001):
        page.passed(number, Epoch(1.0, 1.0, 1, 1, 0.1))
    numbers = [account["number"] for account in page.since(0)["accounts"]]
    assert POINTS / 3 < len(numbers) <= POINTS
    assert numbers == sorted(numbers)
    assert numbers[0] == 1


def test_new_points_put_together_are_the_curve() -> None:
    curve, had, seen = Curve(limit=50), list[tuple[float, float]](), 0
    for i in range(1, 1000):
        curve.add(i, i, 1 / i)
        if i % 7 == 0:
            anew, points = curve.since(seen)
            had, seen = (points if anew else had + points), i
            assert had == curve.since(0)[1]


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_not_on_a_curve(wrong: float) -> None:
    curve = Curve()
    curve.add(1, 1.0, wrong)
    assert curve.since(0) == (True, [])


def test_speed_is_that_of_the_last_seconds_and_that_of_all() -> None:
    speed = Speed()
    assert speed.recent() is None
    for second in range(11):
        speed.add(second, 100 * second)
    for second in range(11, 21):
        speed.add(second, 1000 + 300 * (second - 10))
    assert speed.recent() == 300
    assert speed.mean() == 200


# ---- numbers that are not finite


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e30])
@pytest.mark.parametrize("share", [None, 0.2])
def test_vectors_that_are_not_finite_give_frames_that_are(
    share: float | None, wrong: float
) -> None:
    rng = np.random.default_rng(0)
    center, outside = rng.standard_normal((2, 40, 5)).astype(np.float32)
    center[[3, 7]] = wrong
    center[9] = 0
    sample = Sampler([0, 3, 9]).sample(
        InTraining(["w"] * 40, lambda: (center, outside), None, share)
    )
    assert np.isfinite(sample.points).all()
    for probe in sample.probes:
        assert np.isfinite(probe.cosines).all()


def test_losses_that_are_not_finite_are_no_numbers_to_a_page() -> None:
    page = Live(browser=False, beside=False, say=lambda _: None)
    page.training(1, 2, 10, 20, math.nan)
    page.passed(1, Epoch(math.inf, 1.0, 1, 1, 0.1, math.nan))
    answer = page.since(0)
    assert json.loads(json.dumps(answer, allow_nan=False))["stage"]["loss"] is None
    assert answer["accounts"][0]["loss"] is None
    assert answer["loss"] == []


# ---- the sampler


def test_a_sample_has_the_nearest_of_the_rows_that_it_searches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sampler, "SEARCHED", 300 * 8)
    matrix = np.random.default_rng(1).standard_normal((500, 8)).astype(np.float32)
    words = [f"w{i}" for i in range(500)]
    sample = Sampler([4, 299, 450]).sample(InTraining(words, lambda: (matrix, matrix), None))
    exactly = WordVectors(words, matrix)
    assert sample.searched == 300
    for probe in sample.probes:
        near = exactly.most_similar(words[probe.id], topn=10, within=300)
        assert [words[n] for n in probe.neighbours] == [word for word, _ in near]
        np.testing.assert_allclose(probe.cosines, [cosine for _, cosine in near], atol=1e-5)


def test_rows_of_some_words_are_named_by_their_ids() -> None:
    matrix = np.random.default_rng(6).standard_normal((4, 3)).astype(np.float32)
    rows = np.array([1, 2, 5, 9, 11])  # the last has no row yet
    sample = Sampler([2, 3, 11]).sample(InTraining(["w"] * 12, lambda: (matrix, matrix), rows))
    assert sample.mapped.tolist() == [1, 2, 5, 9]
    assert set(sample.probes[0].neighbours) == {1, 5, 9}
    assert [probe.neighbours for probe in sample.probes[1:]] == [(), ()]


@pytest.mark.parametrize("sides", [1, 2])
def test_a_sample_of_gauged_rows_has_the_canonical_neighbours(sides: int) -> None:
    rows = np.random.default_rng(2).standard_normal((200 + sides * 200, 6)).astype(np.float32)
    V, U = rows[:200] + 3, rows[200:]
    words = [f"w{i}" for i in range(200)]
    sample = Sampler([0, 50]).sample(InTraining(words, lambda: (V, U), None, gauge.SHARE))
    exactly = WordVectors(words, gauge.canonical(V, U))
    for probe in sample.probes:
        near = exactly.most_similar(words[probe.id], topn=10)
        assert [words[n] for n in probe.neighbours] == [word for word, _ in near]
        np.testing.assert_allclose(probe.cosines, [cosine for _, cosine in near], atol=1e-4)


def test_a_plane_has_the_two_axes_of_most_variance() -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((400, 12)).astype(np.float32) * np.geomspace(1, 0.1, 12)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    points = Plane().project(np.arange(400), rows.astype(np.float32))
    variances = np.linalg.eigvalsh(np.cov(rows.T))[::-1]
    np.testing.assert_allclose(points.var(axis=0, ddof=1), variances[:2], rtol=1e-2)


def test_a_map_keeps_its_orientation_when_the_axes_rotate() -> None:
    rng = np.random.default_rng(4)
    rows = (rng.standard_normal((300, 6)) * [3, 2, 1, 1, 1, 1]).astype(np.float32)
    plane, numbers = Plane(), np.arange(300)
    first = plane.project(numbers, rows)
    turned = rows @ np.linalg.qr(rng.standard_normal((6, 6)))[0].astype(np.float32)
    plane._axes = None  # so that nothing but the points holds the map in place
    second = plane.project(numbers, turned)
    np.testing.assert_allclose(second, first, atol=0.02)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_plane_takes_vectors_of_few_dimensions(dim: int) -> None:
    rows = np.random.default_rng(5).standard_normal((20, dim)).astype(np.float32)
    assert Plane().project(np.arange(20), rows).shape == (20, 2)


def test_default_probes_are_words_of_some_length_from_common_to_rarer() -> None:
    words = [f"{'abcdefghij'[i % 10] * (i % 7)}x" if i % 2 else f"{i}" for i in range(5000)]
    chosen = default_probes(words)
    assert len(chosen) == sampler.PROBES
    assert chosen == sorted(set(chosen))
    assert chosen[0] >= 100
    assert all(words[i].isalpha() and len(words[i]) >= 4 for i in chosen)
    korean = default_probes(["서울", "이"] * 1000)
    assert len(korean) == sampler.PROBES
    assert all(i % 2 == 0 for i in korean)
    assert default_probes(["1", "2"]) == [0, 1]


# ---- the end


def test_a_page_learns_that_a_run_has_failed() -> None:
    page = Followed()
    with pytest.raises(DivergenceError):
        Word2Vec(**STOCHASTIC | {"learning_rate": 1e9}).fit(toy.sentences(300), progress=page)
    ended = page.since(0)["ended"]
    assert ended["how"] == "failed"
    assert "diverged" in ended["facts"][0]


def test_a_page_learns_that_a_run_was_interrupted() -> None:
    class Interrupted(Followed):
        def passed(self, *report: Any) -> None:
            raise KeyboardInterrupt

    page = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(**STOCHASTIC).fit(toy.sentences(300), progress=page)
    assert page.since(0)["ended"]["how"] == "interrupted"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float | None]]:
    """Return the timeouts of all waits, without waiting."""
    waited: list[float | None] = []

    def wait(self: threading.Event, timeout: float | None = None) -> bool:
        waited.append(timeout)
        return self.is_set()

    with monkeypatch.context() as patch:
        patch.setattr(threading.Event, "wait", wait)
        yield waited


def test_the_end_waits_for_a_page_that_is_there_and_for_no_other(
    waits: list[float | None],
) -> None:
    for seconds, expected in ((1.0, [LINGER]), (60.0, [])):
        clock = Clock()
        page = Live(browser=False, beside=False, say=lambda _: None, clock=clock)
        page.__enter__()
        page.since(0)
        page.saved(["kept 3 words"], "wordkin explore m.safetensors")
        clock.now += seconds
        waits.clear()
        page.close()
        assert waits == expected


def test_the_end_of_a_run_that_nobody_has_seen_waits_if_asked_to(
    waits: list[float | None],
) -> None:
    for how, expected in (("saved", [30.0]), ("failed", [])):
        said: list[str] = []
        page = Live(browser=False, beside=False, patience=30, say=said.append)
        page.__enter__()
        if how == "saved":
            page.saved([], "wordkin explore m.safetensors")
        else:
            page.failed(ValueError("no"))
        waits.clear()
        page.close()
        assert waits == expected
        assert any("can be opened for 30 s more" in line for line in said) == bool(expected)


def test_a_page_that_has_sent_one_more_request_has_all() -> None:
    page = Live(browser=False, beside=False, say=lambda _: None)
    page.__enter__()
    page.saved(["kept 3 words"], "wordkin explore m.safetensors")
    answer = page.since(0)
    assert answer["ended"]["command"] == "wordkin explore m.safetensors"
    assert not page._has_all.is_set()
    page.since(answer["moment"])
    assert page._has_all.is_set()
    page.close()


def test_the_command_line_says_where_the_page_is_and_trains_the_same(tmp_path: Path) -> None:
    text = toy.write(tmp_path / "text.txt")
    options = ["--dim", 10, "--min-count", 1, "--epochs", 2, "--threads", 1, "--json"]
    alone = run("train", text, "-o", tmp_path / "a.safetensors", *options)
    live = run("train", text, "-o", tmp_path / "b.safetensors", *options, "--live", "--no-browser")
    assert live.code == 0
    assert live.err.startswith(f"live    {Server.url}\n")
    assert live.json["sha256"] == alone.json["sha256"]


def test_a_page_without_its_packages_is_refused_before_the_text_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "wordkin.views.server.app", None)
    output = tmp_path / "m.safetensors"
    ran = run("train", tmp_path / "nowhere.txt", "-o", output, "--live")
    assert (ran.code, ran.out) == (1, "")
    assert "pip install 'wordkin[explore]'" in ran.err


def test_options_of_the_page_without_a_page_are_refused(tmp_path: Path) -> None:
    text = toy.write(tmp_path / "text.txt")
    ran = run("train", text, "-o", tmp_path / "m.safetensors", "--live-port", 0)
    assert (ran.code, ran.out) == (2, "")
    assert "--live" in ran.err
