"""What this machine offers: memory, cores, the instruction set; and the version of wordkin.

In: nothing but the system. Out: numbers and names.
"""

from __future__ import annotations

import os
from pathlib import Path

from wordkin.system.errors import SettingsError


def available_memory() -> int | None:
    """Return how many bytes this process can use without swapping, or None if that is unknown.

    The lesser of the system's own estimate and what the control group leaves.
    """
    limits = [limit for limit in (_system_memory(), _cgroup_memory()) if limit is not None]
    return min(limits, default=None)


def _system_memory() -> int | None:
    """Return the memory that the system reports as available, or else all it has."""
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


def _cgroup_memory() -> int | None:
    """Return the control group's limit less what is used; file caches count as free."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        cached = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return max(0, limit - used + int(cached.get("inactive_file", 0)))
    except (OSError, ValueError):  # no control group, or "max": no limit
        return None


def format_bytes(bytes_: float) -> str:
    """Return a number of bytes as text, as in "1.5 GB"."""
    return f"{bytes_ / 1e9:.1f} GB" if bytes_ >= 1e8 else f"{bytes_ / 1e6:.1f} MB"


def version() -> str:
    """Return the installed version of wordkin."""
    from importlib.metadata import version

    return version("wordkin")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def level() -> str:
    """Return the instruction set in use: the best available, or the one set by WORDKIN_LEVEL.

    Raises
    ------
    SettingsError
        If WORDKIN_LEVEL names one that is not available.
    """
    from wordkin._core import levels  # late, so that the command line starts without the core

    found = levels()
    wanted = os.environ.get("WORDKIN_LEVEL") or found[-1]
    if wanted not in found:
        raise SettingsError(f"WORDKIN_LEVEL must be one of {', '.join(found)}, got {wanted!r}")
    return wanted
