"""Imports PyTorch for this package, or raises a SettingsError that says how to install it."""

from __future__ import annotations

from wordkin.system.errors import SettingsError

try:
    import torch
except (ImportError, OSError) as error:  # OSError: a shared library is missing
    raise SettingsError(
        "a device other than cpu needs PyTorch, which cannot be imported"
        f" ({str(error).splitlines()[0]}): pip install 'wordkin[gpu]'"
    ) from error

__all__ = ["torch"]
