"""The documentation: its links lead somewhere, and its reference has every public name."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from support.documents import ROOT, prose
from wordkin.engines import OBJECTIVES
from wordkin.engines.settings import declared

DOCS = ROOT / "docs"
AT_THE_ROOT = ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")

pytestmark = pytest.mark.skipif(
    not DOCS.exists(), reason="the documentation is not part of this copy"
)

PAGES = sorted(
    path
    for path in [*(ROOT / f"{name}.md" for name in AT_THE_ROOT), *DOCS.rglob("*.md")]
    if path.exists() and DOCS / "gallery" not in path.parents
)

_LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)?)\)")
_HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    broken = [f"{page.name}:{line}: {link}" for line, link in links(page) if not leads(page, link)]
    assert not broken


def test_every_page_is_in_a_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    tables = re.findall(r"```{toctree}(.*?)```", index, re.DOTALL)
    listed = re.findall(r"^[\w/-]+$", "\n".join(tables), re.MULTILINE)
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in PAGES if DOCS in page.parents}
    assert sorted(listed) == sorted(pages - {"index"})


@pytest.mark.parametrize("module", ["wordkin", "wordkin.objectives", "wordkin.evaluation"])
def test_the_reference_has_every_public_name(module: str) -> None:
    names = getattr(import_module(module), "__all__", ())
    wanted = {f"{module}.{name}" for name in names if name not in UNDOCUMENTED}
    assert not wanted - documented()


UNDOCUMENTED = {"__version__", "Array"}


def test_documented_names_exist() -> None:
    for name in documented():
        assert extension("api").found(name) is not None


def test_every_command_and_format_is_in_the_reference() -> None:
    from typer.main import get_command

    from wordkin.cli import app

    commands = filled(DOCS / "reference" / "commands.md")
    group: Any = get_command(app)
    for name, command in group.commands.items():
        section = commands.partition(f"## wordkin {name}\n")[2].partition("\n## ")[0]
        options = [opt for p in command.params for opt in p.opts if opt.startswith("--")]
        assert all(option in section for option in options if option != "--help"), name
    assert "| `word2vec-binary` |" in filled(DOCS / "reference" / "formats.md")


def test_every_setting_is_in_the_reference_with_its_bounds_and_engine() -> None:
    table = filled(DOCS / "reference" / "settings.md")
    for field, about in declared():
        (row,) = re.findall(rf"^\| `{field.name}` \|.*$", table, re.MULTILINE)
        assert about.help in row
    assert "| int, ≥ 1, ≤ 2²⁰ | 100 | all |" in table
    assert "| float, ≥ 0, < 1 | 0.01 | all |" in table
    assert "| float, > 0 | 0.025 | stochastic |" in table
    assert "| `float32`, `float64`, `bfloat16` | float32 | exact |" in table


def test_the_table_of_packages_is_the_one_that_imports_are_checked_by() -> None:
    source = ast.parse((ROOT / "tests" / "test_architecture.py").read_text("utf-8"))
    (held,) = (
        eval(compile(ast.Expression(node.value), "MAY_IMPORT", "eval"))
        for node in source.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "MAY_IMPORT"
    )
    page = (DOCS / "development" / "architecture.md").read_text("utf-8")
    written = {
        name: set(held) - {name} if imports == "all" else set(imports.split(", ")) - {"–"}
        for name, imports in re.findall(r"^\| `(\w+)/` \| .* \| (.*) \|$", page, re.MULTILINE)
    }
    assert written == held


def test_every_folder_of_the_core_and_the_page_is_described() -> None:
    page = (DOCS / "development" / "architecture.md").read_text("utf-8")
    folders = [path for top in ("src/core", "page/src") for path in (ROOT / top).glob("*/")]
    assert folders
    for folder in folders:
        assert f"`{folder.name}/`" in page


def test_every_objective_and_engine_is_in_the_table() -> None:
    table = filled(DOCS / "development" / "architecture.md")
    for objective in OBJECTIVES.values():
        (row,) = re.findall(rf"^\| `{objective.name}` \|.*$", table, re.MULTILINE)
        assert all(trainer.code in row for trainer in objective.trainers.values())
    assert "| stochastic engine | exact engine |" in table


@pytest.mark.parametrize("picture", sorted((DOCS / "pictures").glob("*")), ids=lambda p: p.name)
def test_a_committed_picture_is_small_and_stands_alone(picture: Path) -> None:
    text = picture.read_text("utf-8")
    assert len(text) <= 200_000
    elements = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(text).iter()]
    assert elements[0] == "svg"
    assert not {"text", "image", "script", "metadata"} & set(elements)
    assert not re.search(r"href=\"[^#]|url\([^#]|font-family", text)


_PACKAGES = [path.name for path in (ROOT / "src" / "wordkin").glob("*/")]
_PATH = re.compile(rf"`((?:src|page|tests|benchmarks|docs|{'|'.join(_PACKAGES)})/[\w./-]+)`")
_MADE = {"docs/gallery/", "docs/gallery/index.html"}  # by commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_of_the_code_that_a_page_names_exist(page: Path) -> None:
    for path in _PATH.findall(page.read_text("utf-8")):
        there = (ROOT / path).exists() or (ROOT / "src" / "wordkin" / path).exists()
        assert there or path in _MADE


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("start/install.md", True),
        ("start/install.md#extras", True),
        ("start/install.md#nothing", False),
        ("start/nothing.md", False),
        ("#wordkin", True),
        ("#nothing", False),
        ("#wordkin.objectives.naive_softmax", True),
        ("#wordkin.objectives.nothing", False),
        ("reference/commands.md#wordkin-train", True),
        ("https://example.org/nothing", True),
    ],
)
def test_a_link_is_found_or_not(link: str, found: bool) -> None:
    assert leads(DOCS / "index.md", link) is found


# ---- what links lead to --------------------------------------------------------------------------


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Give each link of a page with its line."""
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), prose(page))
    for link in _LINK.finditer(text):
        yield text.count("\n", 0, link.start()) + 1, link[1]


def leads(page: Path, link: str) -> bool:
    """Whether a link of a page leads to a file and heading, or to a name in the reference."""
    if re.match(r"[a-z]+:", link):  # of the network, which tests do not use
        return True
    path, _, anchor = link.partition("#")
    if not path and anchor.startswith("wordkin."):
        return anchor in documented()
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target))


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are in Markdown."""
    found: set[str] = set()
    text = re.sub(r"^(`{3,}).*?^\1", "", filled(page), flags=re.MULTILINE | re.DOTALL)
    for heading in _HEADING.finditer(text):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        numbered = (f"{slug}-{i}" for i in range(1, 100))
        found.add(slug if slug not in found else next(s for s in numbered if s not in found))
    return found


@cache
def documented() -> set[str]:
    """Return the names that the pages of the reference list."""
    marks = [
        mark
        for page in PAGES
        for mark in re.findall(r"<!-- generated: api\s(.*?)-->", page.read_text("utf-8"), re.DOTALL)
    ]
    return {name for mark in marks for name in mark.split()}


def filled(page: Path) -> str:
    """Return the Markdown of a page with the parts that are generated."""
    text: str = extension("generated").filled(page.read_text("utf-8"))
    return text


def extension(name: str) -> Any:
    """Return a module of the site's own extensions."""
    sys.path.insert(0, str(DOCS))
    try:
        return import_module(f"extensions.{name}")
    finally:
        sys.path.remove(str(DOCS))
