"""The house: which package may import which, no circles, one declaration of each setting."""

from __future__ import annotations

import ast
import graphlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from wordkin import ExactSettings, Settings, StochasticSettings, Word2Vec
from wordkin.cli import app
from wordkin.engines.settings import declared

SOURCE = Path(__file__).parent.parent / "src" / "wordkin"

MAY_IMPORT = {
    "system": set(),
    "objectives": set(),
    "corpus": {"system"},
    "engines": {"system", "objectives", "corpus"},
    "vectors": {"system"},
    "training": {"system", "objectives", "corpus", "engines", "vectors"},
    "evaluation": {"system", "vectors"},
    "views": {"system", "objectives", "engines", "vectors", "training"},
    "cli": {
        *("system", "objectives", "corpus", "engines", "vectors"),
        *("training", "evaluation", "views"),
    },
}
"""Packages, and what each may import besides itself."""

THE_DOOR = ("vectors.words", "views.maps.map")
"""The one import upward: `WordVectors.map`."""

LONGEST_FILE = 400
MOST_PARAMETERS = 14


def modules(source: Path) -> dict[str, Path]:
    """Return the files of a package by their dotted names; a folder has that of its __init__."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path: Path, known: set[str]) -> Iterator[str]:
    """Yield the modules that a file imports: at its top, in its functions, and for types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import in line {node.lineno}"
            within = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [
                name if name.removeprefix("wordkin.") in known else str(node.module)
                for name in within
            ]
        else:
            continue
        for name in names:
            if name == "wordkin" or name.startswith("wordkin."):
                yield name.removeprefix("wordkin").removeprefix(".")


def edges(source: Path) -> set[tuple[str, str]]:
    """Return all imports, from module to module; those of the native core left out."""
    known = modules(source)
    return {
        (name, imported)
        for name, path in known.items()
        for imported in imports_of(path, set(known))
        if imported != "_core"
    }


def forbidden(source: Path) -> list[str]:
    """Return the imports that the table forbids, and those that nothing inside may do."""
    found = []
    for name, imported in sorted(edges(source)):
        importer, package = name.partition(".")[0], imported.partition(".")[0]
        if name in ("", "__main__") or (name, imported) == THE_DOOR or importer == package:
            continue
        if not package:
            found.append(f"{name} imports the face, wordkin itself")
        elif package not in MAY_IMPORT[importer]:
            found.append(f"{name} imports {imported}")
    return found


def circle(source: Path) -> list[str]:
    """Return the modules of a circle of imports, or nothing."""
    graph: dict[str, set[str]] = {}
    for name, imported in edges(source):
        if (name, imported) != THE_DOOR and name != imported:
            graph.setdefault(name, set()).add(imported)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def planted(folder: Path, at: str, text: str) -> Path:
    """Return a copy of the sources with a line added to a file."""
    for path in modules(SOURCE).values():
        copy = folder / path.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text())
    with (folder / at).open("a") as file:
        file.write(text)
    return folder


def test_every_package_is_in_the_table() -> None:
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert folders == set(MAY_IMPORT)


def test_every_folder_says_its_purpose_in_one_line() -> None:
    for path in SOURCE.rglob("__init__.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text()))
        assert docstring, path
        assert docstring.splitlines()[0].endswith("."), path


def test_no_import_goes_upward() -> None:
    assert forbidden(SOURCE) == []


def test_the_door_is_there() -> None:
    assert THE_DOOR in edges(SOURCE)


def test_no_circle_of_imports() -> None:
    assert circle(SOURCE) == []


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("system/files.py", "from wordkin.corpus.vocabulary import Vocabulary\n"),
        ("objectives/pairs.py", "def f():\n    from wordkin.system import terminal\n"),
        (
            "engines/run.py",
            "if TYPE_CHECKING:\n    from wordkin.vectors.words import WordVectors\n",
        ),
        ("evaluation/scores.py", "import wordkin.training.model\n"),
        ("training/model.py", "from wordkin.views import projection\n"),
        ("vectors/search.py", "from wordkin import load\n"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, at: str, line: str) -> None:
    assert len(forbidden(planted(tmp_path, at, line))) == 1


def test_a_circle_is_found(tmp_path: Path) -> None:
    line = "def f():\n    from wordkin.training.model import Word2Vec\n"
    assert "training.model" in circle(planted(tmp_path, "training/checkpoint.py", line))


def test_no_file_is_too_long() -> None:
    long = {
        name: lines
        for name, path in modules(SOURCE).items()
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_no_function_has_too_many_parameters() -> None:
    many = []
    for name, path in modules(SOURCE).items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = node.args
                number = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
                if number > MOST_PARAMETERS:
                    many.append(f"{name}.{node.name}: {number}")
    assert many == []


# ---- settings are declared once ------------------------------------------------------------------

SETTINGS = {field.name for field, _ in declared()}
DEFAULTS = {field.name: field.default for field, _ in declared()}


def declarations(source: Path) -> list[str]:
    """Return where settings get a type and a default: fields, options, and parameters.

    A single parameter of the same name and value may be a coincidence; two in one function repeat
    the settings.
    """
    found: list[str] = []
    for name, path in modules(source).items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                fields = {ast.unparse(s.target) for s in node.body if isinstance(s, ast.AnnAssign)}
                if re.fullmatch(r"(?!_)\w*(Settings|Keywords|Options)", node.name):
                    found += [f"{field} in {name}.{node.name}" for field in fields & SETTINGS]
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Option"):
                flags = {ast.unparse(argument).strip("'") for argument in node.args}
                found += [f"{s} in {name}, an option" for s in SETTINGS if f"--{s}" in flags]
            elif isinstance(node, ast.FunctionDef):
                repeated = [each for each, value in defaults(node) if DEFAULTS.get(each) == value]
                if len(repeated) > 1:
                    found += [f"{each} in {name}.{node.name}, a parameter" for each in repeated]
    return sorted(found)


def defaults(function: ast.FunctionDef) -> Iterator[tuple[str, object]]:
    """Yield the parameters that have a number as default, by name."""
    arguments = function.args
    positional = arguments.posonlyargs + arguments.args
    pairs = [
        *zip(positional[::-1], arguments.defaults[::-1], strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if isinstance(default, ast.Constant) and isinstance(default.value, int | float):
            yield argument.arg, default.value


def test_each_setting_is_declared_once() -> None:
    assert [name.split()[0] for name in declarations(SOURCE)] == sorted(SETTINGS)


@pytest.mark.parametrize(
    "second",
    [
        "class MoreSettings:\n    ridge: float = 0.3\n",
        "Threads = typer.Option('--threads', help='How many.')\n",
        "def fit(text, window=5, epochs=5): ...\n",
    ],
)
def test_a_second_declaration_is_found(tmp_path: Path, second: str) -> None:
    whole = declarations(planted(tmp_path, "training/model.py", "\n\n" + second))
    assert len(whole) > len(SETTINGS)


@pytest.mark.parametrize("kind", [StochasticSettings, ExactSettings])
def test_docstrings_and_help_are_made_from_the_declarations(kind: type[Settings]) -> None:
    documentation = "".join(str(base.__doc__) for base in kind.__mro__[:2])
    verbs: Any = typer.main.get_command(app)
    options = {option.name: option for option in verbs.commands["train"].params}
    for field, about in declared(kind):
        assert f"{field.name} : " in documentation
        assert about.help in documentation
        assert options[field.name].help == about.help


def test_editors_and_notebooks_see_the_settings() -> None:
    parameters = inspect.signature(Word2Vec).parameters
    assert set(parameters) == SETTINGS
    assert parameters["dim"].default == 100
