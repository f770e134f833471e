"""Checks of arguments that several packages share."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from wordkin.system.errors import SettingsError


def at_least(least: int, name: str, value: SupportsIndex) -> int:
    """Return the value as an int; raise SettingsError if it is less than that."""
    number = operator.index(value)
    if number < least:
        raise SettingsError(f"{name} must be at least {least}, got {number}")
    return number
