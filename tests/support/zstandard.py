"""The module that packs and unpacks Zstandard: Python's own since 3.14, or its backport."""

from __future__ import annotations

import sys
from typing import Any

zstd: Any
if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["zstd"]
