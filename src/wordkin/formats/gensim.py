"""gensim's files: KeyedVectors, and the models that have them inside.

In: a path. Out: a `VectorFile`. Such a file is a pickle, a program that could call anything. It is
read for its data alone: an interpreter of our own keeps what would be called as a record with a
name, and calls nothing. Arrays are mapped into memory, those in files beside it, too: nobody may
change these files in place as long as they are in use.
"""

from __future__ import annotations

import math
import mmap
import os
import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, NoReturn, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from wordkin.errors import FormatError
from wordkin.formats.vector_file import (
    Float32,
    StrPath,
    VectorFile,
    damaged,
    require_file,
    spell_word,
    twice_among,
)
from wordkin.subwords import Subwords

# What a pickle may make: so much, and a little more for each of its bytes. A list of words has
# values of five bytes and more; one that has many more is there to fill the memory.
_VALUES, _BYTES_PER_VALUE = 300_000, 4
_OBJECTS, _BYTES_PER_OBJECT = 100_000, 16  # lists, dictionaries and the like are larger
_LONGEST_TEXT = 1 << 20  # bytes
# A text takes this much, however short it is; all of them may take so much more than the pickle and
# the arrays beside it.
_BYTES_OF_TEXT, _SPARE = 125, 40 << 20
_LONGEST_NGRAM = 64  # characters; each one of a word costs as many steps

_FLOATS = {f"{order}f{size}" for order in "<>" for size in (2, 4, 8)}
_INTEGERS = {f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (4, 8)}
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<>][fiu][248])', 'fortran_order': (True|False),"
    rb" 'shape': \(([0-9]{1,19}L?,|[0-9]{1,19}L?, [0-9]{1,19}L?)\), ?\} *\n"
)


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read words, vectors and counts; of a FastText model the subwords, too.

    The file is what `save` of gensim's KeyedVectors, Word2Vec, FastText or Doc2Vec wrote, not what
    `save_word2vec_format` did. Files of gensim before 4.0 are read where they are small.

    Raises
    ------
    FormatError
        If it is not such a file, is cut short or damaged; or if a file beside it is.
    OSError
        If it, or the file beside it, cannot be opened.
    """
    require_file(path)
    with open(path, "rb") as file:
        if not file.read(1):
            raise damaged(path, 0, "not a pickle, but empty")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        root = _Machine(path, data, texts=_texts_of(path)).run()
    keyed = _KeyedVectors.found(path, root)
    words = keyed.words(limit)
    counts = keyed.counts(len(words))
    subwords = keyed.subwords()
    rows = keyed.floats("vectors", "syn0") if subwords is None else subwords.own
    if len(rows) != keyed.V:
        raise damaged(path, 0, f"{keyed.V} words, but {len(rows)} vectors")
    if subwords is None:
        return VectorFile(words, rows[: len(words)], counts)
    matrix = subwords.compose(words, known=len(words))
    return VectorFile(words, matrix, counts, subwords if subwords.longest else None)


def _texts_of(path: StrPath) -> int:
    """Return how many texts a pickle may make: more if there are large arrays beside it."""
    folder, name = os.path.split(os.fspath(path))
    beside = (
        entry.stat().st_size
        for entry in os.scandir(folder or ".")
        if entry.name.startswith(f"{name}.") and entry.name.endswith(".npy")
    )
    return (os.stat(path).st_size + sum(beside) + _SPARE) // _BYTES_OF_TEXT


# ---- the pickle ----------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class _Named:
    """What a pickle names: a class or a function, never looked up."""

    name: str


@dataclass(eq=False, slots=True)
class _Record:
    """What a pickle would make: by what, of which arguments, in which state."""

    maker: Any
    arguments: Any
    state: Any = None
    items: Any = None  # of a dictionary or list of a class of its own; not read


_Handler: TypeAlias = "Callable[[_Machine, Any], None]"
_MARK = object()


class _Machine:
    """Reads a pickle as data: numbers, texts, lists, dictionaries, and records."""

    def __init__(self, path: StrPath, data: mmap.mmap, texts: int) -> None:
        self._path, self._data = path, data
        self._at = 0  # of the instruction
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._values = self._objects = 0
        self._texts_left = texts

    def run(self) -> Any:
        """Return what the pickle is of."""
        while True:
            code = self._next()
            name, argument = code.name, self._argument(code)
            if name == "STOP":
                break
            self._do(name, argument)
        if self._data.tell() != len(self._data):
            raise damaged(self._path, self._data.tell(), "bytes after the end of the pickle")
        if len(self._stack) != 1 or self._stack[0] is _MARK:
            self._fail("the pickle ends without one value")
        return self._stack[0]

    def _fail(self, what: str) -> NoReturn:
        raise damaged(self._path, self._at, f"not a pickle that can be read: {what}")

    def _next(self) -> pickletools.OpcodeInfo:
        self._at = self._data.tell()
        byte = self._data.read(1)
        if not byte:
            self._fail("cut short")
        if byte not in _CODES:
            self._fail(f"the instruction {byte!r} is none, or not for vectors")
        return _CODES[byte]

    def _argument(self, code: pickletools.OpcodeInfo) -> Any:
        """Read the argument of an instruction, once it is known to fit the file."""
        if code.arg is None:
            return None
        begin = self._data.tell()
        if width := _WIDTHS.get(code.arg.n):
            length = int.from_bytes(self._data[begin : begin + width], "little")
            left = max(0, len(self._data) - begin - width)
            if length > left:
                self._fail(f"{code.name} of {length:,} bytes, {left:,} are left")
            if length > _LONGEST_TEXT:
                if code.name not in _BYTES:
                    self._fail(f"{code.name} of {length:,} bytes")
                self._data.seek(length + width, os.SEEK_CUR)
                return np.frombuffer(self._data, np.uint8, length, begin + width)
        elif code.arg.n == pickletools.UP_TO_NEWLINE:
            end = begin - 1
            for _ in range(2 if code.name in ("GLOBAL", "INST") else 1):
                end = self._data.find(b"\n", end + 1, begin + _LONGEST_TEXT)
                if end < 0:
                    self._fail(f"{code.name} without an end")
            if code.name in ("GLOBAL", "INST"):
                self._data.seek(end + 1)
                return self._data[begin:end].decode("utf-8", "replace").split("\n")
        try:
            return code.arg.reader(cast(IO[bytes], self._data))
        except (ValueError, OverflowError) as error:
            self._fail(f"{code.name}: {error!s:.200}")

    def _do(self, name: str, argument: Any) -> None:
        handler = _HANDLERS.get(name)
        try:
            if handler is not None:
                handler(self, argument)
            elif name in _CONSTANTS:
                self.push(_CONSTANTS[name])
            elif name in _PLAIN:
                self._texts_left -= isinstance(argument, (str, bytes))
                if self._texts_left < 0:
                    self._fail("more texts than vectors could be for")
                self.push(argument)
        except (IndexError, KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            self._fail(f"{name} finds nothing that it could work on")

    # What instructions do.

    def push(self, value: Any) -> None:
        self._values += 1
        if self._values > _VALUES + self._at // _BYTES_PER_VALUE:
            self._fail(f"{self._values:,} values are too many for so few bytes")
        self._stack.append(value)

    def push_object(self, value: Any) -> None:
        self._objects += 1
        if self._objects > _OBJECTS + self._at // _BYTES_PER_OBJECT:
            self._fail(f"{self._objects:,} objects are too many for so few bytes")
        self.push(value)

    def pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise IndexError
        return value

    def top(self) -> Any:
        value = self._stack[-1]
        if value is _MARK:
            raise IndexError
        return value

    def pop_to_mark(self) -> list[Any]:
        at = len(self._stack) - 1
        while at >= 0 and self._stack[at] is not _MARK:
            at -= 1
        if at < 0:
            raise IndexError
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    def pop_any(self, _: Any) -> None:
        self._stack.pop()

    def pop_marked(self, _: Any) -> None:
        self.pop_to_mark()

    def keep(self, number: int | None) -> None:
        value = self.top()
        if len(self._memo) >= self._values:
            self._fail("more values are kept than were made")
        self._memo[len(self._memo) if number is None else int(number)] = value

    def recall(self, number: Any) -> None:
        self.push(self._memo[int(number)])

    def extend(self, values: list[Any]) -> None:
        target = self.top()
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, _Record):
            raise TypeError

    def set_items(self, values: list[Any]) -> None:
        target = self.top()
        if len(values) % 2 or not isinstance(target, (dict, _Record)):
            raise TypeError
        if isinstance(target, dict):
            # Of a tuple the hash could take for ever; nothing that we look for has such a key.
            pairs = zip(values[::2], values[1::2], strict=True)
            target.update((key, value) for key, value in pairs if isinstance(key, _KEYS))

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError
        self.push_object(_Named(f"{module}.{name}"))

    def make(self, maker: Any, arguments: Any) -> None:
        self.push_object(_Record(maker, arguments))

    def build(self, _: Any) -> None:
        state, target = self.pop(), self.top()
        if not isinstance(target, _Record):
            raise TypeError
        target.state = state

    def make_of_class(self, _: Any) -> None:
        arguments, maker = self.pop(), self.pop()
        self.make(maker, arguments)

    def make_with_keywords(self, _: Any) -> None:
        self.pop()
        self.make_of_class(None)

    def make_marked(self, named: list[str] | None) -> None:
        arguments = self.pop_to_mark()
        maker = _Named(".".join(named)) if named else arguments.pop(0)
        self.make(maker, tuple(arguments))

    def make_dict(self, _: Any) -> None:
        values = self.pop_to_mark()
        self.push_object({})
        self.set_items(values)


_KEYS = (str, bytes, int, float, type(None))
_BYTES = ("BINBYTES", "BINBYTES8", "BYTEARRAY8", "BINSTRING")
_PLAIN = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "SHORT_BINBYTES", *_BYTES,
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "MARK": _MARK, "EMPTY_TUPLE": ()}


def _tuple_of(size: int) -> _Handler:
    def handle(machine: _Machine, _: Any) -> None:
        values = [machine.pop() for _ in range(size)]
        machine.push_object(tuple(reversed(values)))

    return handle


def _name_from_stack(machine: _Machine, _: Any) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(module, name)


def _set_item(machine: _Machine, _: Any) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


_HANDLERS: dict[str, _Handler] = {
    "POP": _Machine.pop_any,
    "POP_MARK": _Machine.pop_marked,
    "DUP": lambda machine, _: machine.push(machine.top()),
    "EMPTY_LIST": lambda machine, _: machine.push_object([]),
    "EMPTY_DICT": lambda machine, _: machine.push_object({}),
    "EMPTY_SET": lambda machine, _: machine.push_object([]),
    "LIST": lambda machine, _: machine.push_object(machine.pop_to_mark()),
    "FROZENSET": lambda machine, _: machine.push_object(machine.pop_to_mark()),
    "TUPLE": lambda machine, _: machine.push_object(tuple(machine.pop_to_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "DICT": _Machine.make_dict,
    "APPEND": lambda machine, _: machine.extend([machine.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "ADDITEMS": lambda machine, _: machine.extend(machine.pop_to_mark()),
    "SETITEM": _set_item,
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "GET": _Machine.recall,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "PUT": _Machine.keep,
    "BINPUT": _Machine.keep,
    "LONG_BINPUT": _Machine.keep,
    "MEMOIZE": _Machine.keep,
    "GLOBAL": lambda machine, named: machine.name(*named),
    "STACK_GLOBAL": _name_from_stack,
    "REDUCE": _Machine.make_of_class,
    "NEWOBJ": _Machine.make_of_class,
    "NEWOBJ_EX": _Machine.make_with_keywords,
    "INST": _Machine.make_marked,
    "OBJ": lambda machine, _: machine.make_marked(None),
    "BUILD": _Machine.build,
}

_CODES = {
    code.code.encode("latin-1"): code
    for code in pickletools.opcodes
    if code.name in {*_HANDLERS, *_CONSTANTS, *_PLAIN, "PROTO", "FRAME", "STOP"}
}
_WIDTHS = {  # of a length, in bytes
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}


# ---- what it is of -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _KeyedVectors:
    """What a pickle says of a KeyedVectors, and how the files beside it are called."""

    path: StrPath
    state: dict[Any, Any]
    beside: str  # what the files' names begin with
    keys: list[Any]

    @classmethod
    def found(cls, path: StrPath, root: Any) -> _KeyedVectors:
        """Find the words in what the pickle is of, or in its `wv`."""
        state, beside = _state(root), os.fspath(path)
        if "index_to_key" not in state and "index2word" not in state and "wv" in state:
            state, beside = _state(state["wv"]), f"{os.fspath(path)}.wv"
        for name in ("index_to_key", "index2word"):
            keys = state.get(name)
            if isinstance(keys, list):
                return cls(path, state, beside, keys)
        raise damaged(path, 0, "a pickle, but not of gensim's vectors: it has no list of words")

    @property
    def V(self) -> int:
        return len(self.keys)

    def words(self, limit: int | None) -> list[str]:
        """Give the words, the first so many."""
        words = self.keys[:limit]
        for i, word in enumerate(words):
            if not isinstance(word, str):
                raise damaged(self.path, 0, f"word {i} is no text, but {type(word).__name__}")
            if spell_word(word) is None:
                raise damaged(self.path, 0, f"bytes cannot hold the word {word!r:.80}")
        if what := twice_among(words):
            raise damaged(self.path, 0, what)
        return words

    def counts(self, size: int) -> npt.NDArray[np.int64] | None:
        """Give the counts of so many words, if the file tells them."""
        expandos = self.state.get("expandos")
        if not isinstance(expandos, dict) or not isinstance(expandos.get("count"), _Record):
            return None
        counts = _inline(self.path, "count", expandos["count"], _INTEGERS)
        if counts.shape != (self.V,):
            raise damaged(self.path, 0, f"{self.V} words, but counts of the shape {counts.shape}")
        return counts[:size].astype(np.int64)

    def subwords(self) -> Subwords | None:
        """Give what words are composed of, in a FastText model."""
        state = self.state
        if not {"bucket", "min_n", "max_n"} <= state.keys():
            return None
        own, ngrams = self.floats("vectors_vocab"), self.floats("vectors_ngrams")
        buckets, shortest, longest = (state[name] for name in ("bucket", "min_n", "max_n"))
        if not all(_is_size(n) for n in (buckets, shortest, longest)) or longest > _LONGEST_NGRAM:
            raise damaged(self.path, 0, "bucket, min_n or max_n is no number that it can be")
        if (longest and not len(ngrams) == buckets > 0) or ngrams.shape[1] != own.shape[1]:
            raise damaged(
                self.path,
                0,
                f"n-grams in {buckets} buckets, but vectors of the shapes {own.shape} and"
                f" {ngrams.shape}",
            )
        return Subwords(own, ngrams, shortest, longest, whole_end=False)

    def floats(self, *names: str) -> Float32:
        """Give a matrix by its name, or by that of older files, from here or a file beside."""
        for name in names:
            if isinstance(self.state.get(name), _Record):
                array = _inline(self.path, name, self.state[name], _FLOATS)
                break
            if os.path.isfile(f"{self.beside}.{name}.npy"):
                array = _map_npy(f"{self.beside}.{name}.npy")
                break
        else:
            raise damaged(
                self.path,
                0,
                f"the array {names[0]} is not in it, nor in a file {self.beside}.{names[0]}.npy",
            )
        if array.ndim != 2 or not array.shape[1]:
            raise damaged(self.path, 0, f"{names[0]} must have the shape (V, d), got {array.shape}")
        with np.errstate(over="ignore"):  # what is too big becomes infinite, and is refused as such
            return np.require(array, np.float32, ["C", "A"])


def _state(value: Any) -> dict[Any, Any]:
    """Give the attributes of a record, none where it is something else."""
    state = value.state if isinstance(value, _Record) else None
    if isinstance(state, tuple) and len(state) == 2:  # with that of slots
        state = state[0]
    return state if isinstance(state, dict) else {}


def _inline(path: StrPath, name: str, record: _Record, types: set[str]) -> npt.NDArray[Any]:
    """Give an array of NumPy whose numbers lie in the pickle."""
    maker = record.maker.name if isinstance(record.maker, _Named) else ""
    try:
        if maker.endswith("multiarray._reconstruct"):
            _, shape, dtype, fortran, data = record.state
        elif maker.endswith("numeric._frombuffer"):
            data, dtype, shape, order = record.arguments
            fortran = order == "F"
        else:
            raise TypeError
        return _array(path, name, _type(dtype), shape, bool(fortran), _bytes(data), types)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        if isinstance(error, FormatError):
            raise
        raise damaged(path, 0, f"{name} is no array of numbers") from None


def _type(record: _Record) -> str:
    """Spell the type of an array as NumPy does."""
    kind, order = record.arguments[0], record.state[1]
    if record.maker.name != "numpy.dtype" or not isinstance(kind, str):
        raise TypeError
    return f"{order}{kind}" if order in ("<", ">") else kind


def _bytes(data: Any) -> npt.NDArray[np.uint8]:
    """Give bytes, in which way ever a protocol has written them."""
    if isinstance(data, _Record) and data.maker.name == "_codecs.encode":
        data = data.arguments[0]  # protocol 2 has no bytes
    if isinstance(data, str):
        data = data.encode("latin-1")
    if not isinstance(data, (bytes, bytearray, np.ndarray)):
        raise TypeError
    return np.frombuffer(data, np.uint8)


def _array(
    path: StrPath,
    name: str,
    dtype: str,
    shape: Any,
    fortran: bool,
    data: npt.NDArray[np.uint8],
    types: set[str],
) -> npt.NDArray[Any]:
    if dtype not in types:
        known = ", ".join(sorted(types))
        raise damaged(path, 0, f"{name} must be one of {known}, got {dtype!r:.20}")
    if not isinstance(shape, tuple) or len(shape) > 2 or not all(map(_is_size, shape)):
        raise damaged(path, 0, f"{name} must have one or two axes of some length")
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise damaged(path, 0, f"{name} has {len(data):,} bytes for the shape {shape}")
    return data.view(dtype).reshape(shape, order="F" if fortran else "C")


def _is_size(number: Any) -> bool:
    return type(number) is int and 0 <= number < 1 << 60


def _map_npy(path: str) -> npt.NDArray[Any]:
    """Map an .npy file of a plain type; NumPy's reader would parse its header as Python."""
    require_file(path)
    with open(path, "rb") as file:
        head = file.read(12)
        width = {b"\x01\x00": 2, b"\x02\x00": 4}.get(head[6:8])
        if len(head) < 12 or not head.startswith(b"\x93NUMPY") or width is None:
            raise damaged(path, 0, "not an .npy file")
        length = int.from_bytes(head[8 : 8 + width], "little")
        begin = 8 + width + length
        if length > 4096 or begin > os.fstat(file.fileno()).st_size:
            raise damaged(path, 8, f"not an .npy file, or cut short: a header of {length:,} bytes")
        file.seek(8 + width)
        header = file.read(length)
        found = _NPY_HEADER.fullmatch(header)
        if not found:
            raise damaged(path, 8 + width, f"not an .npy file of numbers: {header[:80]!r}")
        digits = found[3].replace(b"L", b"").replace(b" ", b"").split(b",")  # L: of Python 2
        data = np.memmap(file, np.uint8, "r")[begin:].view(np.ndarray)
    shape = tuple(map(int, filter(None, digits)))
    fortran = found[2] == b"True"
    return _array(path, "its array", found[1].decode(), shape, fortran, data, _FLOATS)
