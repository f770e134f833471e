"""How much memory is available, and what the exact engine refuses for lack of it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import get_args

import pytest

from wordkin.engines import OBJECTIVES
from wordkin.engines.exact import devices
from wordkin.engines.exact.devices import memory_needed, require_memory
from wordkin.engines.settings import ExactSettings, Precision
from wordkin.system import machine
from wordkin.system.errors import SettingsError
from wordkin.system.machine import available_memory, format_bytes

HARDWARE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 10**6


def test_there_is_memory_here_and_no_more_than_was_built_in() -> None:
    free = available_memory()
    assert free is not None
    assert 0 < free <= HARDWARE


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands in for the root of the file system."""
    monkeypatch.setattr(machine, "Path", lambda path: tmp_path / path.lstrip("/"))
    (tmp_path / "proc").mkdir()
    (tmp_path / "sys" / "fs" / "cgroup").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text(
        "MemTotal:       4000 kB\nMemFree:         100 kB\nMemAvailable:   3000 kB\n"
    )
    return tmp_path


def limit(system: Path, most: str, used: int, cached: int) -> None:
    group = system / "sys" / "fs" / "cgroup"
    (group / "memory.max").write_text(f"{most}\n")
    (group / "memory.current").write_text(f"{used}\n")
    (group / "memory.stat").write_text(f"anon {used - cached}\ninactive_file {cached}\n")


def test_without_a_limit_it_is_what_the_system_says(system: Path) -> None:
    assert available_memory() == 3000 * 1024
    limit(system, "max", 1000, 10)
    assert available_memory() == 3000 * 1024


def test_a_smaller_limit_of_the_group_counts_less_what_is_used_but_for_caches(system: Path) -> None:
    limit(system, "2000000", 500_000, 100_000)
    assert available_memory() == 1_600_000
    limit(system, "400000", 500_000, 0)
    assert available_memory() == 0
    limit(system, "9000000", 500_000, 0)
    assert available_memory() == 3000 * 1024


@pytest.mark.parametrize("content", ["", "MemTotal: 4000 kB\n", "MemAvailable: much\n"])
def test_a_system_that_does_not_say_is_taken_to_have_all(content: str, system: Path) -> None:
    (system / "proc" / "meminfo").write_text(content)
    assert available_memory() == HARDWARE


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0.0 MB"), (1_234_567, "1.2 MB"), (99_900_000, "99.9 MB"), (1e8, "0.1 GB"),
     (12_340_000_000, "12.3 GB")],
)  # fmt: skip
def test_bytes_are_formatted_for_people(number: float, text: str) -> None:
    assert format_bytes(number) == text


@pytest.mark.parametrize("free", [2 * MEGABYTE, 50 * MEGABYTE, 700 * MEGABYTE, 5000 * MEGABYTE])
@pytest.mark.parametrize("objective", tuple(OBJECTIVES))
def test_a_refusal_names_the_need_and_a_vocabulary_that_fits(
    objective: str, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "available_memory", lambda: free)
    settings = ExactSettings(objective=objective, dim=50, threads=2)
    with pytest.raises(SettingsError) as refusal:
        require_memory(3_000_000, settings)
    refused = re.fullmatch(
        r"3,000,000 words of 50 dimensions take about (.+) of memory, and (.+) are available:"
        r" set max_vocab to ([\d,]+) or less, or fewer threads",
        str(refusal.value),
    )
    assert refused is not None
    needed, at_hand, fits = refused.groups()
    assert needed == format_bytes(memory_needed(3_000_000, settings))
    assert at_hand == format_bytes(free)
    words = int(fits.replace(",", ""))
    assert memory_needed(words, settings) <= free < memory_needed(words + 1, settings)
    require_memory(words, settings)


def test_what_just_fits_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ExactSettings(threads=1)
    needed = memory_needed(10_000, settings)
    monkeypatch.setattr(devices, "available_memory", lambda: needed)
    require_memory(10_000, settings)
    monkeypatch.setattr(devices, "available_memory", lambda: needed - 1)
    with pytest.raises(SettingsError, match=r"set max_vocab to 9,999 or less"):
        require_memory(10_000, settings)


def test_nothing_is_refused_where_memory_is_unknown_or_another_device_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(devices, "available_memory", lambda: None)
    require_memory(1 << 30, ExactSettings())
    monkeypatch.setattr(devices, "available_memory", lambda: 0)
    require_memory(1 << 30, ExactSettings(device="cuda"))


@pytest.mark.parametrize("precision", [p for p in get_args(Precision) if p != "bfloat16"])
def test_more_words_dimensions_and_threads_take_more_memory(precision: Precision) -> None:
    def needed(words: int, dim: int, threads: int) -> int:
        settings = ExactSettings(dim=dim, threads=threads, precision=precision)
        return memory_needed(words, settings)

    assert needed(10_000, 100, 2) < needed(20_000, 100, 2)
    assert needed(10_000, 100, 2) < needed(10_000, 200, 2)
    assert needed(10_000, 100, 2) < needed(10_000, 100, 3)
    both = 4 if precision == "float32" else 8
    assert needed(10_000, 100, 2) > 2 * 10_000 * 100 * both  # the matrices themselves
