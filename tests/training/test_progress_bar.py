"""A run says nothing but on a terminal; there, all of a line is to be seen."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from types import SimpleNamespace

import pytest

from support import toy
from wordkin import Word2Vec
from wordkin.engines import ENGINES
from wordkin.system.progress import Progress
from wordkin.training import progress_bar as bar_module
from wordkin.training.progress_bar import Bar, progress_for


class Terminal(io.StringIO):
    """Standard error as a terminal that remembers all."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Return what was drawn, without the sequences that move the cursor and set colours."""
        return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue()))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the one number that the bar takes for the time."""
    now = [0.0]
    monkeypatch.setattr(bar_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_terminal_gets_a_bar_and_others_silence(terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        assert isinstance(progress_for(None), Bar)
        assert type(progress_for(False)) is Progress
    with redirect_stderr(io.StringIO()):
        assert type(progress_for(None)) is Progress
        assert isinstance(progress_for(True), Bar)


def test_silence_takes_every_call() -> None:
    with Progress() as silent:
        silent.reading(1, None, "bytes")
        silent.training(1, 1, 1, 1, 0.5)
        silent.counting(1, 2)
        silent.descending(1, 1, 0.5, 0.5)


@pytest.mark.parametrize("objective", ["negative-sampling", "naive-softmax"])
def test_the_exact_engine_says_nothing_but_on_a_terminal(objective: str) -> None:
    said = io.StringIO()
    with redirect_stderr(said):
        Word2Vec(engine="exact", objective=objective, dim=4, min_count=1).fit(toy.sentences(50))
    assert said.getvalue() == ""


def test_a_bar_tells_all_in_80_columns(terminal: Terminal, clock: list[float]) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.reading(0, 2_000_000, "bytes")
        bar.training(1, 12, 0, 12_000_000_000, float("nan"))
        clock[0] = 100.0
        bar.training(12, 12, 1_230_000_000, 12_000_000_000, 2.34567)
    last = [line for line in terminal.lines() if line.strip()][-1]
    for part in ("epoch 12/12", "10%", "12.3 M words/s", "loss 2.3457"):
        assert part in last
    assert max(len(line.rstrip()) for line in terminal.lines()) <= 80


def test_a_bar_tells_how_fast_text_is_read(terminal: Terminal, clock: list[float]) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.reading(0, None, "bytes")
        clock[0] = 2.0
        bar.reading(300_000_000, None, "bytes")
    last = [line for line in terminal.lines() if line.strip()][-1]
    assert "150 MB/s" in last
    assert "%" not in last  # of what, nobody knows


def test_sentences_are_counted_as_such(terminal: Terminal, clock: list[float]) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.reading(0, None, "sentences")
        clock[0] = 2.0
        bar.reading(8192, None, "sentences")
    assert "4,096 sentences/s" in terminal.getvalue()


@pytest.mark.parametrize("engine", tuple(ENGINES))
def test_before_the_first_loss_none_is_shown(
    engine: str, terminal: Terminal, clock: list[float]
) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        if engine == "stochastic":
            bar.training(1, 1, 5, 10, float("nan"))
        else:
            bar.descending(4096, 1, 0.5, float("nan"))
    assert "loss" not in terminal.getvalue()


def test_a_bar_tells_how_fast_pairs_are_counted(terminal: Terminal, clock: list[float]) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.counting(0, 4_000_000)
        clock[0] = 2.0
        bar.counting(3_000_000, 4_000_000)
    last = [line for line in terminal.lines() if line.strip()][-1]
    for part in ("counting", "75%", "1.5 M words/s"):
        assert part in last
    assert "loss" not in last


def test_a_bar_tells_of_passes_over_the_counts_in_80_columns(
    terminal: Terminal, clock: list[float]
) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.counting(4_000_000_000, 4_000_000_000)
        bar.descending(4096, 1, 0.5, 7.65432)
        clock[0] = 10_000.0
        bar.descending(1_234_567, 50, 0.25, 12.34567)
    last = [line for line in terminal.lines() if line.strip()][-1]
    for part in ("pass 50", "25%", "1,234,567 words", "loss 12.3457"):
        assert part in last
    assert "counting" not in last
    assert max(len(line.rstrip()) for line in terminal.lines()) <= 80


def test_each_pass_begins_at_nothing(terminal: Terminal, clock: list[float]) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.descending(4096, 1, 1.0, 7.5)
        bar.descending(4096, 2, 0.0, 7.4)
    last = [line for line in terminal.lines() if line.strip()][-1]
    assert re.search(r"pass 2 .* 0% 4,096 words .*loss 7\.4000", last)
    assert "pass 1" not in last


def test_a_run_of_the_exact_engine_shows_its_stages_one_after_the_other(
    terminal: Terminal,
) -> None:
    with redirect_stderr(terminal):
        Word2Vec(engine="exact", dim=4, min_count=1, max_passes=2, tolerance=0.0).fit(
            toy.sentences(50), progress=True
        )
    shown = terminal.getvalue()
    order = [shown.index(stage) for stage in ("reading", "counting", "pass 1", "pass 2")]
    assert order == sorted(order)
    assert max(len(line.rstrip()) for line in terminal.lines()) <= 80


def test_a_bar_tells_how_far_the_whole_run_is_in_80_columns(
    terminal: Terminal, clock: list[float]
) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.overall(0.0, float("nan"), 1_234_567)
        bar.descending(4096, 0, 0.5, float("nan"))
        clock[0] = 10.0
        bar.overall(0.425, 2 * 3600 + 5 * 60 + 7.0, 1_234_567)
        bar.descending(1_234_566, 12, 0.9, 12.34567)
    last = [line for line in terminal.lines() if line.strip()][-1]
    for part in ("pass 12", "42%", "1,234,566 of 1,234,567 words", "2:05:07", "loss 12.3457"):
        assert part in last
    assert max(len(line.rstrip()) for line in terminal.lines()) <= 80


def test_a_bar_tells_what_is_counted(terminal: Terminal, clock: list[float]) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.counts("pairs")
        bar.counting(10, 10)
        bar.counts("held-out pairs")
        bar.counting(1, 10)
    assert "counting pairs " in terminal.getvalue()
    last = [line for line in terminal.lines() if line.strip()][-1]
    assert "counting held-out pairs" in last
