"""The house: which package may import which, no circles, one declaration of each setting."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

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
