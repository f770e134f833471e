"""Arrays mapped from a file, copy-on-write: read from disk when accessed, and never written to it.

An open file in, a read-only array out.
"""

from __future__ import annotations

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
