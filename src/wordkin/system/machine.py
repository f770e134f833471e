"""The machine: cores, memory, instruction set, and the version of this program."""

from __future__ import annotations

import os
from pathlib import Path

from wordkin.system.errors import SettingsError


def available() -> int | None:
    """Return the bytes that this process may still take without swapping; None: unknown.

    The system's own estimate, or what the control group leaves, where that is less.
    """
    known = [bytes_ for bytes_ in (_of_system(), _of_group()) if bytes_ is not None]
    return min(known, default=None)


def _of_system() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_group() -> int | None:
    """Of the group's limit, what is neither used nor a cache of files."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        cached = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return max(0, limit - used + int(cached.get("inactive_file", 0)))
    except (OSError, ValueError):  # no such thing, or "max": no limit
        return None


def shown(bytes_: float) -> str:
    """Return a number of bytes for people."""
    return f"{bytes_ / 1e9:.1f} GB" if bytes_ >= 1e8 else f"{bytes_ / 1e6:.1f} MB"


def version() -> str:
    """Return the version of this program."""
    from importlib.metadata import version

    return version("wordkin")


def cores() -> int:
    """Return how many threads can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def level() -> str:
    """Name the instruction set in use: the best at hand, or the one that WORDKIN_LEVEL names."""
    from wordkin._core import levels  # here, as the command line must not load the core

    found = levels()
    wanted = os.environ.get("WORDKIN_LEVEL") or found[-1]
    if wanted not in found:
        raise SettingsError(f"WORDKIN_LEVEL must be one of {', '.join(found)}, got {wanted!r}")
    return wanted
