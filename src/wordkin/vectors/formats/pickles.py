"""Read a pickle as data: numbers, texts, lists, dictionaries, records. Nothing is ever called."""

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

# What a pickle may make: so much, and a little more for each of its bytes. A list of words has
# values of five bytes and more; one that has many more is there to fill the memory.
_VALUES, _BYTES_PER_VALUE = 300_000, 4
_OBJECTS, _BYTES_PER_OBJECT = 100_000, 16  # lists, dictionaries and the like are larger
_LONGEST_TEXT = 1 << 20  # bytes


# A text takes this much, however short it is; all of them may take so much more than the pickle and
# the arrays beside it.
_BYTES_OF_TEXT, _SPARE = 125, 40 << 20


def read_pickle(path: StrPath, data: mmap.mmap) -> Any:
    """Return what a pickle holds: plain values, and a `Record` for whatever it would make.

    Raises
    ------
    FormatError
        If it is damaged, or made to fill the memory.
    """
    return _Machine(path, data, texts=_texts_of(path)).run()


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
class Named:
    """What a pickle names: a class or a function, never looked up."""

    name: str


@dataclass(eq=False, slots=True)
class Record:
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
        elif not isinstance(target, Record):
            raise TypeError

    def set_items(self, values: list[Any]) -> None:
        target = self.top()
        if len(values) % 2 or not isinstance(target, (dict, Record)):
            raise TypeError
        if isinstance(target, dict):
            # Of a tuple the hash could take for ever; nothing that we look for has such a key.
            pairs = zip(values[::2], values[1::2], strict=True)
            target.update((key, value) for key, value in pairs if isinstance(key, _KEYS))

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError
        self.push_object(Named(f"{module}.{name}"))

    def make(self, maker: Any, arguments: Any) -> None:
        self.push_object(Record(maker, arguments))

    def build(self, _: Any) -> None:
        state, target = self.pop(), self.top()
        if not isinstance(target, Record):
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
        maker = Named(".".join(named)) if named else arguments.pop(0)
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
