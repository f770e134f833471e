"""Files, folders, patterns and open files are read in a fixed order; what is no text is named."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.commands import fails, run
from support.zstandard import zstd
from wordkin.corpus.reading import read_corpus
from wordkin.system.errors import CorpusError
from wordkin.system.notes import collected

TEXT = "pear plum\nplum fig 서울\n"


def words_of(text: Any) -> list[str]:
    return read_corpus(text).vocabulary.words


def tree(folder: Path, **contents: str) -> Path:
    """Write files whose names have __ for a slash and _ for a dot."""
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


# ------------------------------------------------------------------------------------- open files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "text.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    (tmp_path / "text.txt.bz2").write_bytes(bz2.compress(TEXT.encode()))
    (tmp_path / "text.txt.xz").write_bytes(lzma.compress(TEXT.encode()))
    (tmp_path / "text.txt.zst").write_bytes(zstd.compress(TEXT.encode()))
    (tmp_path / "latin.txt").write_bytes("café thé\n".encode("latin-1"))
    return tmp_path / "text.txt"


def test_an_open_file_is_read_whatever_opened_it(path: Path) -> None:
    wanted = read_corpus(path)
    packed = f"{path}.gz", f"{path}.bz2", f"{path}.xz", f"{path}.zst"
    forms: list[Callable[[], Any]] = [
        partial(path.open, encoding="utf-8"),
        partial(path.open, "rb"),
        partial(path.open, "rb", buffering=0),
        partial(io.StringIO, TEXT),
        partial(io.BytesIO, TEXT.encode()),
        partial(gzip.open, packed[0]),
        partial(gzip.open, packed[0], "rt", encoding="utf-8"),
        partial(bz2.open, packed[1]),
        partial(lzma.open, packed[2], "rt", encoding="utf-8"),
        partial(zstd.open, packed[3]),
    ]
    if sys.version_info < (3, 14):  # deprecated since
        forms.append(partial(codecs.open, str(path), encoding="utf-8"))
    for form in forms:
        with form() as opened:
            corpus = read_corpus(opened)
        assert corpus.vocabulary.words == wanted.vocabulary.words
        assert corpus.fingerprint == wanted.fingerprint
        assert corpus.lines == wanted.lines


def test_a_file_is_decoded_as_it_was_opened(path: Path) -> None:
    with open(path.parent / "latin.txt", encoding="latin-1") as file:
        assert words_of(file) == ["café", "thé"]
    with tempfile.TemporaryFile("w+", encoding="utf-16") as file:
        file.write(TEXT)
        file.seek(0)
        assert words_of(file) == ["plum", "pear", "fig", "서울"]


def test_an_open_file_is_read_from_where_it_stands(path: Path) -> None:
    with path.open("rb") as file:
        file.readline()
        assert words_of(file) == ["plum", "fig", "서울"]


def test_several_open_files_and_paths_are_read_one_after_the_other(path: Path) -> None:
    with path.open() as file:
        items: list[Any] = [file, path, io.StringIO("kiwi")]
        twice = read_corpus(items)
    assert (twice.tokens, twice.lines) == (11, 5)


def test_an_open_file_that_is_no_text_is_named(path: Path) -> None:
    with pytest.raises(CorpusError, match=r"not a text: byte 1 is NUL .*BytesIO"):
        read_corpus(io.BytesIO(b"a\0"))
    with path.open() as file:
        pass
    with pytest.raises(CorpusError, match=r"closed: .*text\.txt"):
        read_corpus(file)
    with (
        open(path.parent / "latin.txt", encoding="utf-8") as file,
        pytest.raises(CorpusError, match=r"cannot be decoded .*'rb': .*latin\.txt"),
    ):
        read_corpus(file)
    damaged = gzip.compress(TEXT.encode())[:-9]
    with (
        gzip.open(io.BytesIO(damaged)) as packed,
        pytest.raises(CorpusError, match="cannot be unpacked"),
    ):
        read_corpus(packed)


# ------------------------------------------------------------------------- folders and patterns


def test_a_folder_is_all_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    tree(tmp_path, b_txt="b\n", a_txt="a\n", z__c_txt="c\n", _hidden="no", _git__config="no")
    (tmp_path / "d.txt").write_text("d\n")
    assert words_of(tmp_path) == ["a", "b", "d", "c"]
    assert words_of(str(tmp_path)) == ["a", "b", "d", "c"]
    in_order = [tmp_path / name for name in ("a.txt", "b.txt", "d.txt", "z/c.txt")]
    assert read_corpus(tmp_path).fingerprint == read_corpus(in_order).fingerprint


def test_a_pattern_is_all_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    tree(tmp_path, b_txt="b\n", a_txt="a\n", z__c_txt="c\n", a_csv="no\n")
    assert words_of(tmp_path / "*.txt") == ["a", "b"]
    assert words_of(f"{tmp_path}/**/*.txt") == ["a", "b", "c"]
    assert words_of([tmp_path / "[b].txt", tmp_path / "a.???"]) == ["b", "no", "a"]
    with pytest.raises(CorpusError, match=r"no file matches the pattern: .*\*\.md"):
        read_corpus(tmp_path / "*.md")


def test_a_file_whose_name_is_a_pattern_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a[1].txt").write_text("brackets\n")
    (tmp_path / "a1.txt").write_text("none\n")
    assert words_of(tmp_path / "a[1].txt") == ["brackets"]


def test_a_generator_of_paths_keeps_its_order(tmp_path: Path) -> None:
    tree(tmp_path, b_txt="b\n", a_txt="a\n")
    assert words_of(tmp_path / f"{name}.txt" for name in "ba") == ["b", "a"]


def test_files_in_no_order_of_names_are_noted(tmp_path: Path) -> None:
    tree(tmp_path, a1_txt="a\n", B2_txt="b\n", c10_txt="c\n")
    a, b, c = (tmp_path / name for name in ("a1.txt", "B2.txt", "c10.txt"))
    (tmp_path / "c9.txt").write_text("d\n")
    for ordered in ([a, b, c], [b, a], [tmp_path / "c9.txt", c], [c, tmp_path / "c9.txt"]):
        with collected() as notes:
            read_corpus(ordered)
        assert notes == []
    with collected() as notes:
        assert words_of([c, a, b]) == ["c", "a", "b"]
    assert notes == ["the files are read in the order given, which is not that of their names"]


def test_the_command_line_reads_folders_and_patterns(tmp_path: Path) -> None:
    tree(tmp_path / "texts", b_txt="plum fig\n" * 50, a_txt="pear plum\n" * 50)
    options = ("--dim", 2, "--min-count", 1, "--subsample", 0, "--quiet", "--json")
    models = [
        run("train", *texts, "-o", tmp_path / "m.safetensors", *options).json["sha256"]
        for texts in (
            [tmp_path / "texts"],
            [tmp_path / "texts" / "*.txt"],
            [tmp_path / "texts" / "a.txt", tmp_path / "texts" / "b.txt"],
        )
    ]
    assert len(set(models)) == 1
    (tmp_path / "texts" / "c.pdf").write_bytes(b"%PDF-1.4 ...")
    said = fails("train", tmp_path / "texts", "-o", tmp_path / "n.safetensors")
    assert "1 of 3 files are no text" in said
    assert "c.pdf" in said


# ----------------------------------------------------------------------------------- no text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7\n%....", "PDF document: save it as text"),
        (b"PK\x03\x04....", "ZIP archive, or an office document"),
        (b"7z\xbc\xaf\x27\x1c", "7z archive"),
        (b"PAR1\x15\x04", "Parquet table: read its text column"),
        (b"\xff\xd8\xff\xe0", "picture"),
        ("가나 다".encode("utf-16"), "UTF-16.*: convert it first, with iconv"),
        (b"{\\rtf1 hello}", "RTF"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "pointer of Git LFS"),
        (b"a b\0c", "byte 3 is NUL"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_what_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=rf"not a text: .*{message}.*text\.txt$"):
        read_corpus(path)
    with pytest.raises(CorpusError, match=f"not a text: .*{message}"):
        read_corpus(io.BytesIO(content))


def test_an_open_file_of_packed_bytes_is_refused_with_what_it_is() -> None:
    with pytest.raises(CorpusError, match=r"a Zstandard archive: unpack it first.*BytesIO"):
        read_corpus(io.BytesIO(b"\x28\xb5\x2f\xfd...."))


def test_all_files_that_are_no_text_are_named_before_one_is_read(tmp_path: Path) -> None:
    tree(tmp_path, a_txt="pear plum\n", b_txt="plum fig\n")
    for i in range(7):
        (tmp_path / f"c{i}.bin").write_bytes(b"\0")
    (tmp_path / "c1.bin").rename(tmp_path / "c1.gz")
    with pytest.raises(CorpusError, match=r"7 of 9 files are no text, .*c0\.bin; .*c4\.bin; and 2"):
        read_corpus(tmp_path)


def test_a_packed_file_is_known_by_its_content(tmp_path: Path) -> None:
    for pack in (gzip.compress, bz2.compress, lzma.compress, zstd.compress):
        path = tmp_path / "no-suffix"
        path.write_bytes(pack(TEXT.encode()))
        assert words_of(path) == ["plum", "pear", "fig", "서울"]


def test_text_that_begins_like_an_archive_is_text(tmp_path: Path) -> None:
    for beginning in ("BZh", "PAR1 is a gene", "PK is a name", "Rar! it said", "GIF89a is old"):
        path = tmp_path / "text.txt"
        path.write_text(f"{beginning} pear plum\n")
        assert "pear" in words_of(path)
