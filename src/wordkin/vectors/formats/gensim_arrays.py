"""The arrays of a pickled object of gensim: in the pickle, or in files beside it.

In: the attributes of the object, and the prefix of its files. Out: matrices of float32.
gensim's `save` puts large arrays into `PREFIX.NAME.npy`, or `PREFIX.NAME.npz` if it compresses.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.files import damaged
from wordkin.system.types import Float32, StrPath
from wordkin.vectors.formats.npy import FLOATS, inline_array, map_npy
from wordkin.vectors.formats.pickles import Global, Record

_PIECE = 1 << 22


@dataclass(frozen=True)
class Arrays:
    """The arrays of an object.

    Attributes
    ----------
    path : path
        The pickle, which errors name.
    prefix : str
        What the names of the files beside it begin with.
    state : dict
        The attributes of the object.
    """

    path: StrPath
    prefix: str
    state: dict[Any, Any]

    def has(self, *names: str) -> bool:
        """Return whether one of the arrays exists."""
        return any(self._where(name) for name in names)

    def floats(self, *names: str) -> Float32:
        """Return the matrix with the first name that exists.

        Raises
        ------
        FormatError
            If there is none, or it is not a matrix of floats.
        """
        name = next((name for name in names if self._where(name)), "")
        if not name:
            raise damaged(
                self.path,
                0,
                f"the array {names[0]} is missing, also from {self.prefix}.{names[0]}.npy",
            )
        array = self._read(name)
        if array.ndim != 2 or not array.shape[1]:
            raise damaged(self.path, 0, f"{name} must have the shape (V, d), got {array.shape}")
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # overflow gives infinity, which `WordVectors` refuses
            return np.require(array, np.float32, ["C", "A"])

    def _where(self, name: str) -> str:
        """Return where an array is: a suffix, "inline" or "". gensim lists those beside it."""
        beside = [s for s in (".npy", ".npz") if os.path.isfile(f"{self.prefix}.{name}{s}")]
        listed = self.state.get("__numpys")
        if isinstance(listed, list) and any(entry == name for entry in map(_text, listed)):
            return beside[0] if beside else ""
        if isinstance(self.state.get(name), Record):
            return "inline"
        return beside[0] if beside else ""

    def _read(self, name: str) -> npt.NDArray[Any]:
        match self._where(name):
            case "inline":
                return inline_array(self.path, name, self.state[name], FLOATS)
            case ".npy":
                return map_npy(f"{self.prefix}.{name}.npy")
            case _:
                return _from_npz(f"{self.prefix}.{name}.npz")


def class_of(value: Any) -> str:
    """Return the name of the class of a pickled object; empty if it is not one."""
    if not isinstance(value, Record):
        return ""
    candidates: list[Any] = [value.constructor]
    if isinstance(value.arguments, tuple):
        candidates = [*value.arguments[:1], *candidates]  # copyreg._reconstructor(class, …)
    return next((c.name for c in candidates if isinstance(c, Global)), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _from_npz(path: str) -> npt.NDArray[Any]:
    """Return the array "val" of an .npz file, which `numpy.savez_compressed` wrote."""
    import tempfile

    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open("val.npy") as member,
            tempfile.NamedTemporaryFile(prefix="wordkin-", suffix=".npy") as copy,
        ):
            while piece := member.read(_PIECE):
                copy.write(piece)
            copy.flush()
            return map_npy(copy.name)  # which stays mapped after the file is removed
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError) as error:
        raise damaged(path, 0, f"not an .npz file with the array val: {error!s:.200}") from error
