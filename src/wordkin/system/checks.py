"""Validate arguments; used by several packages.

In: a value as the caller passed it. Out: the value in its proper type, or a SettingsError that
names the argument.
"""

from __future__ import annotations

import operator
from typing import SupportsIndex

from wordkin.system.errors import SettingsError


def at_least(least: int, name: str, value: SupportsIndex) -> int:
    """Return `value` as an int; raise SettingsError, with its name, if it is below `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise SettingsError(f"{name} must be a whole number, got {value!r:.60}") from None
    if number < least:
        raise SettingsError(f"{name} must be at least {least}, got {number}")
    return number
