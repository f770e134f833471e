"""A run says nothing but on a terminal; there, all of a line is to be seen."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from types import SimpleNamespace

import pytest

from wordkin import progress
from wordkin.progress import Bar, Progress, progress_for


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
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
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


def test_before_the_first_loss_none_is_shown(terminal: Terminal, clock: list[float]) -> None:
    with redirect_stderr(terminal), Bar() as bar:
        bar.training(1, 1, 5, 10, float("nan"))
    assert "loss" not in terminal.getvalue()
