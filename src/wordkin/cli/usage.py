"""What is wrong with a command line, in one line of plain words.

In: an error of the option parser. Out: a message like those of the settings, which names the
option, the value found and the remedy.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import typer

UsageError: type[Exception] = typer.BadParameter.__base__  # type: ignore[assignment]
"""The base class of all errors of the option parser."""

ALIASES = {"neighbors": "neighbours"}
"""Other names of verbs."""

_KINDS = {
    "integer": "a whole number",
    "integer range": "a whole number",
    "float": "a number",
    "float range": "a number",
    "boolean": "true or false",
}
_NOT_VALID = re.compile(r"(?P<got>.*) is not a valid (?P<kind>[a-z ]+)\.", re.DOTALL)
_RANGE = re.compile(r"(?P<got>\S+) is not in the range (?P<range>.+)\.")
_CHOICE = re.compile(r"(?P<got>.*) is not one of (?P<choices>.+)\.", re.DOTALL)
_EXTRA = re.compile(r"Got unexpected extra argument(?:s|\(s\))? \((?P<extra>.*)\)", re.DOTALL)
_NO_VERB = re.compile(r"No such command (?P<verb>'.*'|\".*\")\.", re.DOTALL)


def is_help(error: Exception) -> bool:
    """Return whether the error is that there were no arguments, for which help is shown."""
    return type(error).__name__ == "NoArgsIsHelpError"


def describe(error: Any) -> str:
    """Return the message for an error of the option parser."""
    context = getattr(error, "ctx", None)
    verb = context.info_name if context is not None and context.parent is not None else ""
    help_of = f"`{' '.join(filter(None, ('wordkin', verb)))} --help`"
    parameter, message = getattr(error, "param", None), str(error.message)
    kind = type(error).__name__
    if kind == "NoSuchOption":
        meant = _meant(error.option_name, _options(context))
        return f"no option {error.option_name}{meant or f': see {help_of}'}"
    if kind == "MissingParameter":
        return f"{verb or 'wordkin'} needs {_name(parameter)}: see {help_of}"
    if kind == "BadOptionUsage":
        what = "takes no value" if "does not take" in message else "needs a value"
        return f"{error.option_name} {what}: see {help_of}"
    if found := _NO_VERB.match(message):
        name = found["verb"][1:-1]
        return f"no verb {name}{_meant(name, _verbs(context)) or f': see {help_of}'}"
    if found := _EXTRA.match(message):
        return f"{verb or 'wordkin'} takes no more arguments, got {found['extra']}: see {help_of}"
    if parameter is None:
        return message
    return _out_of_type(_name(parameter), error.__cause__) or _invalid(_name(parameter), message)


def _out_of_type(name: str, cause: Any) -> str | None:
    """Return the message for an error of pydantic, by which newer Typers check values."""
    if not hasattr(cause, "errors"):
        return None
    detail = cause.errors()[0]
    bounds, got = detail.get("ctx", {}), detail["input"]
    kind = str(detail["type"]).split("_")[0]
    for bound, words in (("ge", "at least"), ("le", "at most"), ("gt", "above"), ("lt", "below")):
        if bound in bounds:
            return f"{name} must be {words} {bounds[bound]}, got {got}"
    names = {
        "int": "a whole number",
        "float": "a number",
        "finite": "finite",
        "bool": "true or false",
    }
    return f"{name} must be {names[kind]}, got {got!r}" if kind in names else None


def _invalid(name: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    if found := _NOT_VALID.fullmatch(message):
        kind = _KINDS.get(found["kind"], f"a {found['kind']}")
        return f"{name} must be {kind}, got {found['got']}"
    if found := _RANGE.fullmatch(message):
        return f"{name} must be {_range(found['range'])}, got {found['got']}"
    if found := _CHOICE.fullmatch(message):
        choices = [choice.strip(" '\"") for choice in found["choices"].split(",")]
        return f"{name} must be {_listed(choices)}, got {found['got']}"
    return f"{name}: {message[:1].lower()}{message[1:]}".rstrip(".")


def _range(text: str) -> str:
    """Return x>=1 as "at least 1", 0<=x<=9 as "0 to 9"."""
    if found := re.fullmatch(r"x>=(\S+)", text):
        return f"at least {found[1]}"
    if found := re.fullmatch(r"x<=(\S+)", text):
        return f"at most {found[1]}"
    if found := re.fullmatch(r"(\S+)<=x<=(\S+)", text):
        return f"{found[1]} to {found[2]}"
    return f"in the range {text}"


def _listed(choices: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))


def _name(parameter: Any) -> str:
    """Return the long name of an option, or what stands for an argument in the help."""
    if parameter is None:
        return "an argument"
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.name.upper())


def _options(context: Any) -> list[str]:
    if context is None:
        return []
    return [name for each in context.command.params for name in (*each.opts, *each.secondary_opts)]


def _verbs(context: Any) -> list[str]:
    return [] if context is None else list(context.command.list_commands(context))


def _meant(given: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(given, [name for name in known if len(name) > 2], n=1)
    return f"; did you mean {close[0]}?" if close else ""
