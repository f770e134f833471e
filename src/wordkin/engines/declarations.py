"""How a setting is declared and checked: type, default, bounds and help in one place.

A declaration in; a field of a dataclass out, and the check of a value against it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from wordkin.system.errors import SettingsError

C = TypeVar("C", bound=type)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declared:
    """The declaration of a setting, apart from its name, type and default.

    Attributes
    ----------
    help : str
        One or two sentences, for the command line and the docstring.
    least, most : number
        Inclusive bounds.
    above, below : number or None
        Exclusive bounds.
    choices : collection of str
        The allowed values, looked up at each check, as tables may grow; empty: any value.
    unset : str
        What help shows as the default when it is None.
    metavar : str or None
        The placeholder for the value in help.
    words : tuple of str
        Words that are allowed besides numbers.
    read : function or None
        Turns the forms in which a value may be given into one; raises SettingsError.
    """

    help: str
    least: float = 0
    most: float = math.inf
    above: float | None = None
    below: float | None = None
    choices: Collection[str] = ()
    unset: str = ""
    metavar: str | None = None
    words: tuple[str, ...] = ()
    read: Callable[[Any], Any] | None = None


def setting(default: Any = dataclasses.MISSING, *, factory: Any = None, **declared: Any) -> Any:
    """Declare a setting: a field of a dataclass, with a `Declared` in its metadata."""
    metadata = {"declared": Declared(**declared)}
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def documented(kind: C) -> C:
    """Append the settings that a class declares to its docstring, as numpydoc attributes."""
    lines = ["", "", "    Attributes", "    ----------"]
    for field in dataclasses.fields(kind):
        if field.name in vars(kind).get("__annotations__", {}):
            declared: Declared = field.metadata["declared"]
            of = f"{{{', '.join(declared.choices)}}}" if declared.choices else field.type
            lines += [f"    {field.name} : {of}", f"        {declared.help}"]
    kind.__doc__ = (kind.__doc__ or "").rstrip() + "\n".join(lines) + "\n    "
    return kind


def plain(value: Any) -> Any:
    """Return a scalar of NumPy as one of Python; any other value as it is."""
    is_scalar = type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0
    return value.item() if is_scalar else value


def check(field: dataclasses.Field[Any], value: object) -> None:
    """Raise a SettingsError for a value of the wrong type or out of bounds."""
    name, declared = field.name, field.metadata["declared"]
    kind, *optional = str(field.type).split(" | ")
    if declared.choices:
        require_choice(name, value, declared.choices)
    elif kind == "bool" and not isinstance(value, bool):
        raise SettingsError(f"{name} must be True or False, got {value!r}")
    elif kind == "str" and not isinstance(value, str):
        raise SettingsError(f"{name} must be a name such as cpu or cuda, got {value!r}")
    elif isinstance(value, str) and value in declared.words:
        return
    elif kind in ("int", "float") and not ("None" in optional and value is None):
        _require_number(name, value, kind, declared)


def require_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise a SettingsError for a value that is not one of the choices."""
    if value not in choices:
        raise SettingsError(f"{name} must be {' or '.join(choices)}, got {value!r}")


def _require_number(name: str, value: object, kind: str, declared: Declared) -> None:
    whole = kind == "int"
    fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not fits:
        words = "".join(f" or {word}" for word in declared.words)
        raise SettingsError(f"{name} must be a {'whole ' * whole}number{words}, got {value!r}")
    assert isinstance(value, int | float)
    if not whole and not math.isfinite(value):
        raise SettingsError(f"{name} must be finite, got {value}")
    if value < declared.least:
        raise SettingsError(f"{name} must be at least {declared.least}, got {value}")
    if value > declared.most:
        raise SettingsError(f"{name} must be at most {declared.most}, got {value}")
    if declared.above is not None and not value > declared.above:
        raise SettingsError(f"{name} must be above {declared.above}, got {value}")
    if declared.below is not None and not value < declared.below:
        raise SettingsError(f"{name} must be below {declared.below}, got {value}")
