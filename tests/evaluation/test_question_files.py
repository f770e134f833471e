"""Question files: valid ones are read, and others refused with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from wordkin.evaluation.question_files import read_analogies, read_similarity
from wordkin.system.errors import FormatError


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(data)
    return path


def test_analogies_are_read_section_by_section(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        b"\xef\xbb\xbf# a comment\n: family life\nman woman king queen\r\n\n  # more\n"
        b" he\tshe  his her\n:gram1\n\xec\x84\x9c\xec\x9a\xb8 \xff b c",
    )
    found = read_analogies(path)
    assert found.name == "file.txt"
    assert len(found) == 3
    assert [(section.name, section.questions) for section in found.sections] == [
        ("family life", (("man", "woman", "king", "queen"), ("he", "she", "his", "her"))),
        ("gram1", (("서울", "\udcff", "b", "c"),)),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no questions"),
        (b": empty\n: sections\n", "no questions"),
        (b"a b c d\n", 'line 1: a section, ": NAME", must come first'),
        (b"\n# no\n: s\na b c\n", "line 4: a question must be 4 words, got 3"),
        (b": s\na b c d e\n", "line 2: a question must be 4 words, got 5"),
        (b": s\na b c d\n:  \n", "line 3: a section must have a name"),
    ],
)
def test_invalid_analogies_are_refused_with_the_line(
    tmp_path: Path, data: bytes, message: str
) -> None:
    with pytest.raises(FormatError, match=message) as refused:
        read_analogies(written(tmp_path, data))
    assert "file.txt" in str(refused.value)


@pytest.mark.parametrize("separator", ["\t", ";", ",", " ", "  ", " , "])
@pytest.mark.parametrize("header", ["", "Word 1{0}Word 2{0}Human (mean)\n", "a{0}b{0}score\n"])
def test_pairs_are_read_with_any_separator(tmp_path: Path, separator: str, header: str) -> None:
    if not separator.strip(" ") and "Word 1" in header:
        header = header.replace(" 1", "1").replace(" 2", "2").replace(" (mean)", "")
    first = header.format(separator)
    lines = f"{first}love{separator}sex{separator}6.77\n#\n\ntiger{separator}tiger{separator}10\r\n"
    found = read_similarity(written(tmp_path, lines.encode()))
    assert found.pairs == (("love", "sex"), ("tiger", "tiger"))
    assert found.scores == (6.77, 10.0)
    assert found.header == (first.strip() or None)


def test_bytes_that_are_not_utf8_are_preserved(tmp_path: Path) -> None:
    found = read_similarity(written(tmp_path, b"caf\xe9\tcaf\xc3\xa9\t3\n"))
    assert found.pairs == (("caf\udce9", "café"),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no pairs"),
        (b"word1\tword2\tscore\n", "no pairs"),
        (b"a\tb\t1\nc\td\n", "line 2: a line must be 2 words and a number, got 'c\\\\td'"),
        (b"a b 1\n\nc d e 2\n", "line 3: a line must be 2 words and a number"),
        (b"a,b,1\n,d,2\n", "line 2: a line must be 2 words and a number"),
        (b"a b 1\nc d much\n", "line 2: a score must be a number, got 'much'"),
        (b"a b nan\n", "line 1: a score must be finite, got nan"),
        (b"a b 1\nc d inf\n", "line 2: a score must be finite, got inf"),
    ],
)
def test_invalid_pairs_are_refused_with_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as refused:
        read_similarity(written(tmp_path, data))
    assert "file.txt" in str(refused.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for read in (read_analogies, read_similarity):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "missing")
