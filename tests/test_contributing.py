"""The worked examples of CONTRIBUTING.md, planted in a copy of the package and run.

A Python block whose first line is ``# PATH`` is a new file; ``# PATH, at the end of NAME`` is a row
of that table. All other blocks of the example are run, with the copy first on the path.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import wordkin
from support.documents import ROOT, Block, blocks

DOCUMENT = ROOT / "CONTRIBUTING.md"
INSTALLED = Path(wordkin.__file__).parent
LONGEST_LINE = 100

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="not part of this copy")

_PLACE = re.compile(r"# ((?:src|tests)/\S+\.py)(?:, at the end of (\w+))?")
_RUN = """
import sys
from pathlib import Path
from support.documents import run_examples
print(run_examples(*map(Path, sys.argv[1:])))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package that is installed, native core and all."""
    shutil.copytree(
        INSTALLED, tmp_path / "src" / "wordkin", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


@pytest.mark.parametrize(("example", "planted", "ran"), [("objective", 3, 5), ("format", 3, 6)])
def test_an_example_works_as_it_stands(example: str, planted: int, ran: int, tree: Path) -> None:
    found = [block for block in example_of(example) if plant(block, tree)]
    assert len(found) == planted
    assert run(rest_of(example, found, tree), tree) == ran


def test_a_wrong_gradient_fails_the_check_of_the_example(tree: Path) -> None:
    found = [block for block in example_of("objective") if plant(block, tree)]
    file = tree / "src/wordkin/objectives/hinge.py"
    right = file.read_text()
    file.write_text(right.replace("grad_U[o] = -n * v_c", "grad_U[o] = n * v_c"))
    assert file.read_text() != right
    with pytest.raises(AssertionError, match=r"pytest tests/objectives/test_hinge\.py"):
        run(rest_of("objective", found, tree), tree)


def test_without_its_row_an_objective_is_unknown(tree: Path) -> None:
    found = [block for block in example_of("objective") if _PLACE.match(block.text)]
    for block in found:
        if ", at the end of" not in block.text.partition("\n")[0]:
            plant(block, tree)
    with pytest.raises(AssertionError, match="must be negative-sampling or naive-softmax"):
        run(rest_of("objective", found, tree), tree)


def test_lines_of_planted_code_are_as_short_as_those_of_the_project() -> None:
    code = [line for block in blocks(DOCUMENT) for line in block.text.split("\n")]
    assert max(map(len, code)) <= LONGEST_LINE + len("$ wordkin")


def example_of(name: str) -> list[Block]:
    """Return the blocks between the marks of an example."""
    begin, end = span(name)
    return [block for block in blocks(DOCUMENT) if begin < block.line < end]


def span(name: str) -> tuple[int, int]:
    """Return the lines of the marks of an example."""
    lines = DOCUMENT.read_text("utf-8").split("\n")
    return lines.index(f"<!-- {name} -->") + 1, lines.index(f"<!-- {name}: end -->") + 1


def plant(block: Block, tree: Path) -> bool:
    """Put a block where its first line says; tell whether it says so."""
    place = _PLACE.match(block.text)
    if place is None:
        return False
    path, table = tree / place[1], place[2]
    code = block.text[place.end() :].lstrip("\n") + "\n"
    if table is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.exists()
        path.write_text(code)
        return True
    source = path.read_text()
    end = re.compile(r"^ *\)\n(\}\n)?", re.MULTILINE).search(source, source.index(f"{table} = "))
    assert end
    depth = "    " * (2 if end[1] else 1)
    row = "".join(depth + line for line in code.splitlines(keepends=True))
    path.write_text(source[: end.start()] + row + source[end.start() :])
    return True


def rest_of(name: str, planted: list[Block], tree: Path) -> Path:
    """Write the example without its planted blocks, each line where it was."""
    begin, end = span(name)
    lines = DOCUMENT.read_text("utf-8").split("\n")
    kept = ["" if not begin <= i <= end else line for i, line in enumerate(lines, 1)]
    for block in planted:
        last = block.line + block.text.count("\n") + 1
        kept[block.line - 2 : last] = [""] * (last - (block.line - 2))
    path = tree / DOCUMENT.name
    path.write_text("\n".join(kept), encoding="utf-8")
    return path


def run(document: Path, tree: Path) -> int:
    """Run the blocks of a document with the package of a tree; return how many there were."""
    paths = [str(tree / "src"), str(ROOT / "tests")]
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(document), str(tree)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.split()[-1])
