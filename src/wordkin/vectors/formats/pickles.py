"""An interpreter that reads a pickle as plain data and never calls what the pickle names.

In: the mapped bytes of a pickle. Out: numbers, strings, lists, tuples and dictionaries, and a
`Record` in place of each object that unpickling would construct.
"""

from __future__ import annotations

import mmap
import os
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, NoReturn, TypeAlias, cast

import numpy as np

from wordkin.system.errors import FormatError
from wordkin.system.files import damaged
from wordkin.system.types import StrPath

# Limits against pickles made to exhaust memory: a fixed number of values, plus one for every few
# bytes read. A value in a list of words takes at least five bytes.
_BASE_VALUES, _BYTES_PER_VALUE = 300_000, 4
_BASE_OBJECTS, _BYTES_PER_OBJECT = 100_000, 16  # lists, dictionaries and the like
_LONGEST_STRING = 1 << 20  # bytes

# The memory of a short string; all strings together may take this much more than the size of the
# pickle and of its .npy files.
_BYTES_PER_STRING, _STRING_SLACK = 125, 40 << 20


@dataclass(eq=False, slots=True)
class Global:
    """A class or function that a pickle names. It is never imported."""

    name: str


@dataclass(eq=False, slots=True)
class Record:
    """An object that a pickle would construct: its constructor, arguments and state."""

    constructor: Any
    arguments: Any
    state: Any = None
    items: Any = None  # of a subclass of dict or list; not read


def read_pickle(path: StrPath, data: mmap.mmap) -> Any:
    """Return the content of a pickle as plain values and `Record`s.

    Raises
    ------
    FormatError
        If the pickle is damaged, or would take more memory than a pickle of vectors.
    """
    return _Machine(path, data, strings=_string_limit(path)).run()


def _string_limit(path: StrPath) -> int:
    """Return the maximum number of strings in a pickle: more with large .npy files beside it."""
    folder, name = os.path.split(os.fspath(path))
    array_sizes = (
        entry.stat().st_size
        for entry in os.scandir(folder or ".")
        if entry.name.startswith(f"{name}.") and entry.name.endswith(".npy")
    )
    return (os.stat(path).st_size + sum(array_sizes) + _STRING_SLACK) // _BYTES_PER_STRING


_Handler: TypeAlias = "Callable[[_Machine, Any], None]"

_MARK = object()


class _Machine:
    """The stack machine of the pickle format, which constructs plain data only."""

    def __init__(self, path: StrPath, data: mmap.mmap, strings: int) -> None:
        self._path, self._data = path, data
        self._at = 0  # position of the current opcode
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._values = self._objects = 0
        self._strings_left = strings

    def run(self) -> Any:
        """Interpret the pickle and return its value."""
        while True:
            code = self._next()
            name, argument = code.name, self._argument(code)
            if name == "STOP":
                break
            self._execute(name, argument)
        if self._data.tell() != len(self._data):
            raise damaged(self._path, self._data.tell(), "bytes after the end of the pickle")
        if len(self._stack) != 1 or self._stack[0] is _MARK:
            self._fail("the pickle does not end with exactly one value")
        return self._stack[0]

    def _fail(self, what: str) -> NoReturn:
        raise damaged(self._path, self._at, f"not a pickle that can be read: {what}")

    def _next(self) -> pickletools.OpcodeInfo:
        self._at = self._data.tell()
        byte = self._data.read(1)
        if not byte:
            self._fail("cut short")
        if byte not in _OPCODES:
            self._fail(f"the opcode {byte!r} is unknown, or not used for vectors")
        return _OPCODES[byte]

    def _argument(self, code: pickletools.OpcodeInfo) -> Any:
        """Read the argument of an opcode, after checking that it lies within the file."""
        if code.arg is None:
            return None
        begin = self._data.tell()
        if width := _LENGTH_WIDTHS.get(code.arg.n):
            length = int.from_bytes(self._data[begin : begin + width], "little")
            left = max(0, len(self._data) - begin - width)
            if length > left:
                self._fail(f"{code.name} of {length:,} bytes, but only {left:,} are left")
            if length > _LONGEST_STRING:
                if code.name not in _BYTE_STRINGS:
                    self._fail(f"{code.name} of {length:,} bytes is too long")
                self._data.seek(length + width, os.SEEK_CUR)
                return np.frombuffer(self._data, np.uint8, length, begin + width)
        elif code.arg.n == pickletools.UP_TO_NEWLINE:
            end = begin - 1
            for _ in range(2 if code.name in ("GLOBAL", "INST") else 1):
                end = self._data.find(b"\n", end + 1, begin + _LONGEST_STRING)
                if end < 0:
                    self._fail(f"{code.name} is not terminated")
            if code.name in ("GLOBAL", "INST"):
                self._data.seek(end + 1)
                return self._data[begin:end].decode("utf-8", "replace").split("\n")
        try:
            return code.arg.reader(cast(IO[bytes], self._data))
        except (ValueError, OverflowError) as error:
            self._fail(f"{code.name}: {error!s:.200}")

    def _execute(self, name: str, argument: Any) -> None:
        handler = _HANDLERS.get(name)
        try:
            if handler is not None:
                handler(self, argument)
            elif name in _CONSTANTS:
                self.push(_CONSTANTS[name])
            elif name in _LITERALS:
                self._strings_left -= isinstance(argument, (str, bytes))
                if self._strings_left < 0:
                    self._fail("more strings than there can be words")
                self.push(argument)
        except (IndexError, KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            self._fail(f"{name} finds no suitable value on the stack")

    # The operations that the opcodes share; `_HANDLERS` maps opcodes to them.

    def push(self, value: Any) -> None:
        self._values += 1
        if self._values > _BASE_VALUES + self._at // _BYTES_PER_VALUE:
            self._fail(f"{self._values:,} values are too many for so few bytes")
        self._stack.append(value)

    def push_object(self, value: Any) -> None:
        self._objects += 1
        if self._objects > _BASE_OBJECTS + self._at // _BYTES_PER_OBJECT:
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

    def memoize(self, number: int | None) -> None:
        value = self.top()
        if len(self._memo) >= self._values:
            self._fail("more values are memoized than were created")
        self._memo[len(self._memo) if number is None else int(number)] = value

    def get_memo(self, number: Any) -> None:
        self.push(self._memo[int(number)])

    def extend(self, values: list[Any]) -> None:
        target = self.top()
        if isinstance(target, list):
            target.extend(values)
        elif not isinstance(target, Record):
            raise TypeError

    def set_items(self, values: list[Any]) -> None:
        target = self.top()
        if len(values) % 2 or not isinstance(target, (dict, Record)):
            raise TypeError
        if isinstance(target, dict):
            # Hashing a nested tuple could take forever, and no key that matters is a tuple.
            pairs = zip(values[::2], values[1::2], strict=True)
            target.update((key, value) for key, value in pairs if isinstance(key, _KEY_TYPES))

    def push_global(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError
        self.push_object(Global(f"{module}.{name}"))

    def make(self, constructor: Any, arguments: Any) -> None:
        self.push_object(Record(constructor, arguments))

    def build(self, _: Any) -> None:
        state, target = self.pop(), self.top()
        if not isinstance(target, Record):
            raise TypeError
        target.state = state

    def reduce(self, _: Any) -> None:
        arguments, constructor = self.pop(), self.pop()
        scalar = _scalar(constructor, arguments)
        if scalar is None:
            self.make(constructor, arguments)
        else:
            self.push(scalar)

    def reduce_with_keywords(self, _: Any) -> None:
        self.pop()
        self.reduce(None)

    def make_from_mark(self, names: list[str] | None) -> None:
        arguments = self.pop_to_mark()
        constructor = Global(".".join(names)) if names else arguments.pop(0)
        self.make(constructor, tuple(arguments))

    def make_dict(self, _: Any) -> None:
        values = self.pop_to_mark()
        self.push_object({})
        self.set_items(values)


def _scalar(constructor: Any, arguments: Any) -> int | float | None:
    """Return the number of a pickled NumPy scalar, which may be a key; None if it is not one."""
    if not isinstance(constructor, Global) or not constructor.name.endswith("multiarray.scalar"):
        return None
    dtype, raw = arguments
    kind, order = dtype.arguments[0], dtype.state[1]
    if isinstance(raw, Record) and raw.constructor.name == "_codecs.encode":
        raw = raw.arguments[0]  # protocol 2 encodes bytes as a string
    raw = raw.encode("latin-1") if isinstance(raw, str) else raw
    if not isinstance(raw, bytes) or kind not in _SCALARS or len(raw) != int(kind[1]):
        return None
    if kind[0] == "f":
        return float(np.frombuffer(raw, f"{'>' if order == '>' else '<'}{kind}")[0])
    return int.from_bytes(raw, "big" if order == ">" else "little", signed=kind[0] == "i")


_SCALARS = {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
_KEY_TYPES = (str, bytes, int, float, type(None))
_BYTE_STRINGS = ("BINBYTES", "BINBYTES8", "BYTEARRAY8", "BINSTRING")

_LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "SHORT_BINBYTES", *_BYTE_STRINGS,
}  # fmt: skip

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "MARK": _MARK, "EMPTY_TUPLE": ()}


def _tuple_of(size: int) -> _Handler:
    def handle(machine: _Machine, _: Any) -> None:
        values = [machine.pop() for _ in range(size)]
        machine.push_object(tuple(reversed(values)))

    return handle


def _name_from_stack(machine: _Machine, _: Any) -> None:
    name, module = machine.pop(), machine.pop()
    machine.push_global(module, name)


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
    "GET": _Machine.get_memo,
    "BINGET": _Machine.get_memo,
    "LONG_BINGET": _Machine.get_memo,
    "PUT": _Machine.memoize,
    "BINPUT": _Machine.memoize,
    "LONG_BINPUT": _Machine.memoize,
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": lambda machine, names: machine.push_global(*names),
    "STACK_GLOBAL": _name_from_stack,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "NEWOBJ_EX": _Machine.reduce_with_keywords,
    "INST": _Machine.make_from_mark,
    "OBJ": lambda machine, _: machine.make_from_mark(None),
    "BUILD": _Machine.build,
}

_OPCODES = {
    code.code.encode("latin-1"): code
    for code in pickletools.opcodes
    if code.name in {*_HANDLERS, *_CONSTANTS, *_LITERALS, "PROTO", "FRAME", "STOP"}
}

_LENGTH_WIDTHS = {  # bytes of the length that precedes an argument
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
