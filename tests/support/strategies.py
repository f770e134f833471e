"""What several tests of files draw from, and do to the disk."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# Words as they come from bytes, whatever bytes those are.
any_words = st.lists(st.binary(max_size=12) | st.text(max_size=6).map(str.encode), unique=True).map(
    lambda spelled: [raw.decode("utf-8", "surrogateescape") for raw in spelled]
)
any_float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
same_folder = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Limit the size of files to this many bytes, by the operating system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
