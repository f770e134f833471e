"""Arrays mapped from a file, copy-on-write: read from disk when accessed, and never written to it.

An open file in, a read-only array out. Of an array that is larger than memory, what was read can be
dropped from memory, and what comes next read ahead.
"""

from __future__ import annotations

import mmap
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt


def map_array(
    file: BinaryIO,
    dtype: npt.DTypeLike = np.uint8,
    begin: int = 0,
    shape: int | tuple[int, ...] | None = None,
) -> np.memmap[Any, Any]:
    """Map a part of a file as an array.

    NumPy refuses to write to the array. Native code of other libraries does not ask NumPy: the
    pages are therefore mapped copy-on-write, so that whoever writes through the pointer changes its
    own memory only. With pages that are read-only for the processor as well, that would end the
    process with a segmentation fault.

    Parameters
    ----------
    file : binary file
        Open for reading; it may be closed afterwards.
    dtype : dtype
    begin : int
        The byte at which the array begins.
    shape : int or tuple, optional
        By default one axis, up to the end of the file.

    Raises
    ------
    OSError
        If the file cannot be mapped.
    ValueError
        If it is empty or too short.
    """
    try:
        array = np.memmap(file, dtype, "c", begin, shape)
    except OSError:  # larger than the memory that the system promises for pages that are written to
        array = np.memmap(file, dtype, "r", begin, shape)
    array.setflags(write=False)
    return array


_AHEAD = 64 << 20  # bytes that are read ahead
_DROP = getattr(mmap, "MADV_DONTNEED", None)
_WILL_NEED = getattr(mmap, "MADV_WILLNEED", None)


def drop_before(array: npt.NDArray[Any], element: int) -> None:
    """Drop what is before an element of a mapped array from memory, and read ahead from there.

    It is read from the file again if it is accessed. Of other arrays, and of views of a part of
    one, nothing is dropped.
    """
    mapped = getattr(array, "_mmap", None)
    if not isinstance(mapped, mmap.mmap) or array.nbytes != len(mapped):
        return
    page = mmap.PAGESIZE
    at = element * array.itemsize // page * page
    if _DROP is not None and at:
        mapped.madvise(_DROP, 0, at)
    if _WILL_NEED is not None and at < len(mapped):
        mapped.madvise(_WILL_NEED, at, min(_AHEAD, len(mapped) - at))
