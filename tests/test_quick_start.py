"""The examples of the documentation, run as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.documents import ROOT, blocks, run_examples
from support.samples import FASTTEXT
from wordkin.corpus import demo

RUN = {"README.md": 7, "docs/start/quick-start.md": 8, "docs/equations.md": 11}
"""Documents whose examples are run, and how many there are at least.

Those of CONTRIBUTING.md are run by `test_contributing`.
"""

pytestmark = pytest.mark.skipif(
    not (ROOT / "docs").exists(), reason="the documentation is not part of this copy"
)


@pytest.mark.parametrize("name", RUN)
def test_all_examples_of_a_document_run(name: str, tmp_path: Path) -> None:
    if name == "README.md":
        readers_files(tmp_path)
    assert run_examples(ROOT / name, tmp_path) >= RUN[name]


def readers_files(folder: Path) -> None:
    """Write the files that README takes for granted: a text, and vectors of other programs."""
    lines = [" ".join(sentence) for sentence in demo.sentences()[:4000]]
    lines += ["seoul is a city in korea as tokyo is a city in japan"] * 40
    (folder / "corpus.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "cc.ko.300.bin").write_bytes(FASTTEXT)
    words = ("king", "man", "queen", "woman", "throne", "child")
    rows = (f"{word} {i % 3} {i % 2} {i}.5 1\n" for i, word in enumerate(words))
    (folder / "glove.6B.100d.txt").write_text("".join(rows))


DOCUMENT = """\
# A document

```console
$ echo one \\
>   two > made.txt
what it prints
$ cat made.txt
```

<!-- not run: it never ends -->

```console
$ exit 1
```

```python
from pathlib import Path

read = Path("made.txt").read_text()
```

    $ not a block

```python
assert read == "one two\\n"
```

```text
$ exit 1
```
"""


def test_examples_are_found_and_run_in_order(tmp_path: Path) -> None:
    path = tmp_path / "document.md"
    path.write_text(DOCUMENT)
    assert [(b.language, b.line, b.run) for b in blocks(path)] == [
        ("console", 4, True),
        ("console", 13, False),
        ("python", 17, True),
        ("python", 25, True),
        ("text", 29, True),
    ]
    assert run_examples(path, tmp_path) == 4
    assert run_examples(path, tmp_path, skip=["echo"]) == 3


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("```console\n$ true\n$ echo why; exit 3\n```\n", r"document.md:3: .*\nwhy"),
        ("```sh\ntrue\nfalse\ntrue\n```\n", r"document.md:2: "),
    ],
)
def test_an_example_that_fails_is_named_by_its_line(
    block: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "document.md"
    path.write_text(block)
    with pytest.raises(AssertionError, match=message):
        run_examples(path, tmp_path)


def test_a_block_without_an_end_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "document.md"
    path.write_text("```python\n1\n")
    with pytest.raises(AssertionError, match=r"document\.md:2: a block without an end"):
        blocks(path)
