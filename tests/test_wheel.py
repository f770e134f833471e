"""The wheel that other machines would get works without a compiler and undeclared packages.

`make test` builds it into `wheelhouse/`. Nothing is downloaded: the packages that it declares are
borrowed from the environment of the tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from support import toy


@pytest.fixture(scope="module")
def wheel(request: pytest.FixtureRequest) -> Path:
    found = list((request.config.rootpath / "wheelhouse").glob("wordkin-*.whl"))
    if not found:
        missing = "no wheel: `make test` builds one"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    [only] = found
    return only


def _declared(name: str, seen: set[str]) -> Iterator[str]:
    """Yield the packages that one declares, without extras, and those that they declare."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in seen:
            seen.add(requirement.name)
            yield requirement.name
            yield from _declared(requirement.name, seen)


def _lend(name: str, site_packages: Path) -> None:
    """Link an installed package into another environment."""
    package = distribution(name)
    for top in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
        (site_packages / top).symlink_to(Path(str(package.locate_file(top))).resolve())


class Machine:
    """An environment with the wheel and the packages that it declares, and without a compiler."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        venv.create(folder / "env", symlinks=True)
        self.bin = folder / "env" / "bin"
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(folder),
            "CC": "/bin/false",
            "CXX": "/bin/false",
        }
        pip = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "install"]
        self._run([*pip, "--quiet", "--no-index", "--no-deps", str(wheel)])
        purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
        site_packages = Path(self.run("python", "-c", purelib).strip())
        for name in _declared("wordkin", set()):
            _lend(name, site_packages)

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment, and return what it printed."""
        return self._run([str(self.bin / program), *arguments])

    def _run(self, command: list[str]) -> str:
        ran = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, f"{command} failed:\n{ran.stdout}{ran.stderr}"
        return ran.stdout


@pytest.fixture(scope="module")
def machine(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"), wheel)


@pytest.fixture(scope="module")
def model(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    text, path = toy.write(folder / "text.txt"), folder / "model.safetensors"
    settings = ["--dim", "10", "--epochs", "10", "--min-count", "1", "--subsample", "0.01"]
    machine.run("wordkin", "train", str(text), "-o", str(path), *settings)
    return str(path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other tags")
def test_the_wheel_is_fit_for_machines_with_an_older_system(wheel: Path) -> None:
    assert re.search(r"-(manylinux|musllinux)_\d+_\d+_\w+\.whl$", wheel.name)


def test_the_tests_run_against_that_very_wheel(machine: Machine) -> None:
    where = "import wordkin._core as core; print(core.__file__)"
    theirs = Path(machine.run("python", "-c", where).strip())
    assert theirs.is_relative_to(machine.bin.parent)
    ours = Path(subprocess.check_output([sys.executable, "-c", where], text=True).strip())
    assert ours.read_bytes() == theirs.read_bytes()


def test_it_learns_and_answers(machine: Machine, model: str) -> None:
    assert machine.run("wordkin", "--version").startswith("wordkin ")
    [report] = json.loads(machine.run("wordkin", "neighbours", model, "fish0", "-n", "3", "--json"))
    assert [one["word"][:-1] for one in report["neighbours"]] == ["fish"] * 3


def test_its_page_is_in_it(machine: Machine, wheel: Path, model: str, tmp_path: Path) -> None:
    if not any(name.endswith("/page.js") for name in zipfile.ZipFile(wheel).namelist()):
        missing = "built without the page: `make test WORDKIN_PAGE=ON` says why"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    page = tmp_path / "map.html"
    machine.run("wordkin", "map", model, "-o", str(page))
    assert "<script" in page.read_text("utf-8")
