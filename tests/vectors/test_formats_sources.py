"""Open files, compressed files and archives are read like plain files of the same content."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import wordkin
from support.samples import FASTTEXT, GENSIM
from wordkin.system.errors import FormatError, FormatWarning, SettingsError
from wordkin.vectors import formats
from wordkin.vectors.formats import FORMATS

TEXT = "2 2\ntea 0.1 0.2\ncafé 0.3 0.4\n".encode()
WORDS = ("tea", "café")
FILES = [format.name for format in FORMATS.values() if format.suffixes and format.reader]
GIVEN = {"fasttext": FASTTEXT, "gensim": GENSIM}


def zipped(*names: str) -> Callable[[bytes], bytes]:
    """Return what packs a content under each of these names."""

    def pack(content: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, b"" if name.endswith("/") else content)
        return file.getvalue()

    return pack


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped("folder/", "folder/v", "__MACOSX/folder/._v", "folder/.DS_Store"),
}


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("name", [*FILES, *GIVEN])
def test_every_format_may_be_compressed(tmp_path: Path, name: str, pack: str) -> None:
    path = tmp_path / "v"
    if name in GIVEN:
        path.write_bytes(GIVEN[name])
    else:
        rows = np.random.default_rng(0).normal(size=(3, 4))
        wordkin.save(path, wordkin.WordVectors(["a", "b", "é"], rows), format=name)
    plain = wordkin.load(path)
    words, matrix = plain.words, plain.matrix.copy()
    path.write_bytes(PACKS[pack](path.read_bytes()))
    assert formats.sniff(path) == name
    packed = wordkin.load(path)
    assert packed.words == words
    np.testing.assert_array_equal(packed.matrix, matrix)
    cut = path.read_bytes()[:-10]
    path.write_bytes(cut)
    with pytest.raises(FormatError, match=rf"{path}: .*unpacked"):
        wordkin.load(path)


def test_no_copy_is_left_behind_and_errors_name_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    path = tmp_path / "v.gz"
    path.write_bytes(gzip.compress(FASTTEXT))
    vectors = wordkin.load(path)
    assert list(copies.iterdir()) == []
    assert np.isfinite(vectors["unknown"]).all()  # composed of the rows of the removed copy
    path.write_bytes(gzip.compress(FASTTEXT[:-1000]))
    with pytest.raises(FormatError, match=rf"^{path}: ") as refused:
        wordkin.load(path)
    assert str(copies) not in str(refused.value)
    assert list(copies.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.txt", "b.txt"], r"a zip archive of 2 files \(a.txt, b.txt\), which must be one"),
        ([], "a zip archive of no file"),
        (["archive/data.pkl", "archive/data/0"], "a file of PyTorch"),
        (["[Content_Types].xml", "xl/workbook.xml"], "a document of an office program"),
    ],
)
def test_an_archive_of_more_or_less_than_one_file_is_named(
    tmp_path: Path, names: list[str], message: str
) -> None:
    (tmp_path / "v.zip").write_bytes(zipped(*names)(TEXT))
    with pytest.raises(FormatError, match=message):
        wordkin.load(tmp_path / "v.zip")


def test_open_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(TEXT)
    gz = tmp_path / "v.txt.gz"
    gz.write_bytes(gzip.compress(TEXT))
    with (
        path.open("rb") as raw,
        path.open("rb", buffering=0) as unbuffered,
        path.open(encoding="utf-8") as text,
        gz.open("rb") as packed,
        gzip.open(gz) as unpacking,
        gzip.open(gz, "rt", encoding="utf-8") as unpacking_text,
        tempfile.NamedTemporaryFile() as written,
    ):
        written.write(TEXT)
        written.seek(0)
        files = [raw, unbuffered, text, packed, unpacking, unpacking_text, written]
        for file in [*files, io.BytesIO(TEXT), io.StringIO(TEXT.decode())]:
            vectors = wordkin.load(file)  # type: ignore[arg-type]
            assert vectors.words == WORDS
            assert vectors.matrix.dtype == np.float32


def test_an_open_file_is_read_from_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(TEXT)
    with path.open("rb") as file:
        file.readline()
        assert wordkin.load(file).words == WORDS
    with path.open("rb") as file:
        assert wordkin.load(file, format="word2vec-text", limit=1).words == WORDS[:1]


@pytest.mark.parametrize("name", [*FILES, *GIVEN])
def test_any_format_is_read_from_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "v"
    if name in GIVEN:
        path.write_bytes(GIVEN[name])
    else:
        wordkin.save(path, wordkin.WordVectors(["a", "b"], np.ones((2, 2))), format=name)
    words = {"words": ["a", "b"]} if name == "npy" else {}
    plain, read = wordkin.load(path), wordkin.load(io.BytesIO(path.read_bytes()), **words)  # type: ignore[arg-type]
    assert read.words == plain.words
    np.testing.assert_array_equal(read.matrix, plain.matrix)


def test_errors_about_an_open_file_name_it(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"^<BytesIO>: is empty"):
        wordkin.load(io.BytesIO())
    (tmp_path / "v.txt").write_bytes(TEXT[:-2])
    with (tmp_path / "v.txt").open("rb") as file, pytest.warns(UserWarning, match=f"^{file.name}:"):
        wordkin.load(file)
    (tmp_path / "v.txt").write_bytes("café 0.1 0.2\n".encode("latin-1"))
    with (
        (tmp_path / "v.txt").open(encoding="utf-8") as text,
        pytest.raises(FormatError, match="cannot be decoded as utf-8: open it as bytes"),
    ):
        wordkin.load(text)
    with pytest.raises(SettingsError, match="a file opened as text is decoded already"):
        wordkin.load(io.StringIO("café 0.1 0.2\n"), encoding="latin-1")


@pytest.mark.parametrize("given", [1, None, b"v.txt", ["tea"], True])
def test_what_is_neither_path_nor_file_is_refused(given: object) -> None:
    with pytest.raises(TypeError, match=r"path must be a str, a pathlib.Path or an open file, got"):
        wordkin.load(given)  # type: ignore[arg-type]
    os.fstat(1)  # standard output is open


# NumPy arrays and their words.

MATRIX = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)


@pytest.mark.parametrize(
    "beside",
    ["v.words.txt", "v.vocab.txt", "v.vocab", "v.words", "v.txt", "words.txt", "vocab.txt"],
)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
def test_words_are_found_beside_a_matrix(tmp_path: Path, beside: str, dtype: str) -> None:
    np.save(tmp_path / "v.npy", MATRIX.astype(dtype))
    (tmp_path / beside).write_text("tea\nroute 66\nNew York\n")
    for limit in (None, 2):
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always")
            vectors = wordkin.load(tmp_path / "v.npy", limit=limit)
        assert vectors.words == ("tea", "route 66", "New York")[:limit]
        np.testing.assert_array_equal(vectors.matrix, MATRIX[:limit])
        assert any(beside in str(each.message) for each in noted) == (beside[:2] != "v.")


def test_words_of_a_matrix_are_given(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.asfortranarray(MATRIX))
    for name, content in {
        "list.txt": b"tea\nrain\nsnow",
        "marked.txt": b"\xef\xbb\xbftea\r\nrain\r\nsnow\r\n\r\n",
        "list.json": b'["tea", "rain", "snow"]',
        "rows.json": b'{"snow": 2, "tea": 0, "rain": 1}',
    }.items():
        (tmp_path / name).write_bytes(content)
        vectors = wordkin.load(tmp_path / "v.npy", words=tmp_path / name)
        assert vectors.words == ("tea", "rain", "snow")
        np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert wordkin.load(tmp_path / "v.npy", words=["a", "b", "c"]).words == ("a", "b", "c")
    np.save(tmp_path / "strings.npy", np.array(["tea", "rain", "snow"]))
    vectors = wordkin.load(tmp_path / "v.npy", words=tmp_path / "strings.npy")
    assert vectors.words == ("tea", "rain", "snow")
    (tmp_path / "vocab.txt").write_bytes(b"tea 300\nrain 20\nsnow 1\n")
    with pytest.warns(FormatWarning, match=r"v\.npy: took its words from vocab\.txt, beside it"):
        counted = wordkin.load(tmp_path / "v.npy")
    assert counted.words == ("tea", "rain", "snow")
    assert counted.counts is not None
    assert counted.counts.tolist() == [300, 20, 1]
    (tmp_path / "latin.txt").write_bytes("thé\nneige\ncafé\n".encode("latin-1"))
    french = wordkin.load(tmp_path / "v.npy", words=tmp_path / "latin.txt", encoding="latin-1")
    assert french.words == ("thé", "neige", "café")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_npz_file_may_hold_its_words(tmp_path: Path, save: Callable[..., None]) -> None:
    words = np.array(["tea", "rain", "snow"])
    save(tmp_path / "v.npz", vectors=MATRIX, words=words, counts=np.array([3, 2, 1]))
    vectors = wordkin.load(tmp_path / "v.npz")
    assert vectors.words == ("tea", "rain", "snow")
    assert vectors.counts is not None
    assert vectors.counts.tolist() == [3, 2, 1]
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    save(tmp_path / "v.npz", vectors=MATRIX)
    assert wordkin.load(tmp_path / "v.npz", words=["a", "b", "c"]).words == ("a", "b", "c")
    save(tmp_path / "v.npz", a=MATRIX, b=MATRIX)
    with pytest.raises(FormatError, match="must hold 1 matrix of floats, got 2 among the arrays"):
        wordkin.load(tmp_path / "v.npz")
    save(tmp_path / "v.npz", a=MATRIX, words=np.array(["a", "b", "c"], dtype=object))
    with pytest.raises(FormatError, match=r"words holds Python objects.*np\.array\(words, dtype"):
        wordkin.load(tmp_path / "v.npz")


def test_a_matrix_whose_words_are_missing_or_do_not_fit_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", MATRIX)
    with pytest.raises(
        FormatError, match=r"found no file such as v.words.txt; words=\.\.\. \(--wo"
    ):
        wordkin.load(tmp_path / "v.npy")
    for name in ("words.txt", "vocab.txt"):
        (tmp_path / name).write_text("a\nb\nc\n")
    with pytest.raises(FormatError, match=r"found words.txt and vocab.txt, which must be one"):
        wordkin.load(tmp_path / "v.npy")
    with pytest.raises(FormatError, match=r"3 rows, but 2 words in words: the matrix has a column"):
        wordkin.load(tmp_path / "v.npy", words=["a", "b"])
    with pytest.raises(FormatError, match="word 2 is repeated, 'a'; skip_bad=True"):
        wordkin.load(tmp_path / "v.npy", words=["a", "a", "b"])
    with pytest.warns(UserWarning, match="skipped 2 bad rows: word 2 is repeated, 'a'; word 3 is"):
        kept = wordkin.load(tmp_path / "v.npy", words=["a", "a", ""], skip_bad=True)
    assert kept.matrix.tolist() == [[1, 2]]
    np.save(tmp_path / "v.npy", MATRIX[0])
    with pytest.raises(FormatError, match=r"must have the shape \(V, d\), got \(2,\)"):
        wordkin.load(tmp_path / "v.npy", words=["a", "b"])


def test_writing_past_read_only_changes_memory_and_never_the_file(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", MATRIX)
    vectors = wordkin.load(tmp_path / "v.npy", words=["a", "b", "c"])
    assert not vectors.matrix.flags.writeable
    before = (tmp_path / "v.npy").read_bytes()
    interface = vectors.matrix.__array_interface__
    import ctypes

    ctypes.memset(interface["data"][0], 0, vectors.matrix.nbytes)
    assert not vectors.matrix.any()
    assert (tmp_path / "v.npy").read_bytes() == before


def test_a_matrix_is_written_with_its_words(tmp_path: Path) -> None:
    vectors = wordkin.WordVectors(["tea", "route 66", "\udcff"], MATRIX, [3, 2, 1])
    wordkin.save(tmp_path / "v.npy", vectors)
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy"), MATRIX)
    assert (tmp_path / "v.words.txt").read_bytes() == b"tea\nroute 66\n\xff\n"
    assert wordkin.load(tmp_path / "v.npy").words == vectors.words
    for word, reason in (("a\nb", "contains a line end"), ("", "is empty"), (" ", "is blank")):
        with pytest.raises(FormatError, match=reason):
            wordkin.save(tmp_path / "v.npy", wordkin.WordVectors([word], [[1.0]]))


def test_damaged_arrays_are_refused(tmp_path: Path) -> None:
    words = ["tea", "rain", "snow"]
    np.save(tmp_path / "v.npy", MATRIX)
    np.savez(tmp_path / "v.npz", vectors=MATRIX, words=np.array(words))
    for name in ("v.npy", "v.npz"):
        content = (tmp_path / name).read_bytes()
        for size in range(0, len(content), 3):
            (tmp_path / name).write_bytes(content[:size])
            with pytest.raises(FormatError, match=r"v\.np"):
                wordkin.load(tmp_path / name, words=words)
        for at in range(0, len(content), 2):
            mutant = bytearray(content)
            mutant[at] ^= 0x55
            (tmp_path / name).write_bytes(mutant)
            try:
                vectors = wordkin.load(tmp_path / name, words=words)
            except FormatError:
                continue
            assert vectors.words == tuple(words)
            assert np.isfinite(vectors.matrix).all()
