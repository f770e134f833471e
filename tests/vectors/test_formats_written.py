"""Formats for other programs restore words and vectors exactly, or refuse them by name."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from unicodedata import category

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import feather, ipc, parquet
from safetensors.numpy import load_file

from support.strategies import any_float32, any_words, files_up_to, same_folder
from wordkin.system.errors import FormatError, WordkinError
from wordkin.vectors import formats
from wordkin.vectors.formats import tables
from wordkin.vectors.formats.vector_file import VectorFile

TABLES = [".parquet", ".arrow", ".feather"]
TARGETS = ["v.tsv", "v.parquet", "v.arrow", "v"]  # the last is a folder


def write(path: Path, words: list[str], matrix: Any, counts: Any = None) -> None:
    format = None if path.suffix else "sentence-transformers"
    formats.write(path, VectorFile(words, matrix, counts), format=format)


def some(V: int = 5, d: int = 3) -> tuple[list[str], Any]:
    rng = np.random.default_rng(0)
    return [f"w{i}" for i in range(V)], rng.normal(size=(V, d)).astype(np.float32)


def edges() -> Any:
    """Return float32 of every kind but NaN, as (n, 11)."""
    bits = np.random.default_rng(0).integers(0, 2**32, size=4_000, dtype=np.uint32)
    known = np.array([0.0, -0.0, 3.4028235e38, 1.1754944e-38, 1e-45, 0.1], dtype=np.float32)
    numbers = np.concatenate([known, bits.view(np.float32)])
    numbers = numbers[np.isfinite(numbers)]
    return numbers[: len(numbers) // 11 * 11].reshape(-1, 11)


def is_utf8(word: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in word)


# All formats.


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("\udcff", r"cannot hold the word '\\udcff': it is not UTF-8"),
        ("\ud800", r"cannot hold the word '\\ud800'"),
        ("b", "the word 'b' comes twice"),
    ],
)
def test_a_word_that_no_format_can_hold_is_named_before_writing(
    tmp_path: Path, name: str, word: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        write(tmp_path / name, ["b", word], np.ones((2, 2)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "word", "message"),
    [
        ("v.tsv", "a\tb", r"the word 'a\\tb': it contains a tab or a newline"),
        ("v.tsv", "a\n", r"the word 'a\\n': it contains a tab or a newline"),
        ("v.tsv", "", "the word '': it is blank"),
        ("v.tsv", "\u3000\ufeff", "it is blank"),
        ("v", "New York", "the word 'New York': it contains white space"),
        ("v", "a\r", "it contains white space"),
        ("v", "", "the word '': it is empty"),
    ],
)
def test_a_word_that_a_format_cannot_hold_is_named_and_the_old_file_remains(
    tmp_path: Path, name: str, word: str, message: str
) -> None:
    words, matrix = some(2, 2)
    write(tmp_path / name, words, matrix)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(FormatError, match=message):
        write(tmp_path / name, ["b", word], np.ones((2, 2)))
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", TARGETS)
def test_on_a_full_disk_only_the_old_file_remains(tmp_path: Path, name: str) -> None:
    words, matrix = some(2, 2)
    write(tmp_path / name, words, matrix)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words, matrix = some(3000, 100)
    with (
        pytest.raises(OSError, match=f"cannot write: File too large: '{tmp_path}/v"),
        files_up_to(5000),
    ):
        write(tmp_path / name, words, matrix)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(list(tmp_path.iterdir())) == (2 if name == "v.tsv" else 1)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("matrix", [np.ones((3, 2)), np.ones(2), np.ones((2, 0))])
def test_a_matrix_of_the_wrong_shape_is_refused(tmp_path: Path, name: str, matrix: Any) -> None:
    with pytest.raises(FormatError, match=r"matrix must be float32 of the shape \(2, d\)"):
        write(tmp_path / name, ["a", "b"], matrix)
    assert list(tmp_path.iterdir()) == []


def test_a_write_only_format_refuses_to_be_read(tmp_path: Path) -> None:
    write(tmp_path / "v.tsv", *some())
    with pytest.raises(FormatError, match="projector cannot be read"):
        formats.read(tmp_path / "v.tsv", format="projector")


# The projector.


def test_only_labels_with_counts_have_a_header(
    tmp_path: Path,
) -> None:
    matrix = np.array([[0.1, -1.5], [1e20, 0]], dtype=np.float32)
    write(tmp_path / "x.tsv", ["é", "New York"], matrix)
    assert (tmp_path / "x.tsv").read_text() == "0.1\t-1.5\n1e+20\t0.0\n"
    assert (tmp_path / "x.metadata.tsv").read_text(encoding="utf-8") == "é\nNew York\n"
    write(tmp_path / "x.tsv", ["é", "\u3000"], matrix, np.array([7, 3]))
    labels = (tmp_path / "x.metadata.tsv").read_text(encoding="utf-8")
    assert labels == "word\tcount\né\t7\n\u3000\t3\n"


def test_the_projectors_numbers_restore_the_same_float32(tmp_path: Path) -> None:
    matrix = edges()
    write(tmp_path / "x.tsv", [f"w{i}" for i in range(len(matrix))], matrix)
    lines = (tmp_path / "x.tsv").read_text().splitlines()
    found = np.array([line.split("\t") for line in lines], dtype=np.float64).astype(np.float32)
    assert found.tobytes() == matrix.tobytes()


def test_the_projector_needs_two_dimensions(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="needs at least 2 dimensions, got 1"):
        write(tmp_path / "x.tsv", ["a"], np.ones((1, 1)))


def test_only_the_first_word_may_not_begin_with_a_byte_order_mark(
    tmp_path: Path,
) -> None:
    with pytest.raises(FormatError, match="it begins with a byte order mark"):
        write(tmp_path / "x.tsv", ["\ufeffa", "b"], np.ones((2, 2)))
    write(tmp_path / "x.tsv", ["b", "\ufeffa"], np.ones((2, 2)))
    write(tmp_path / "x.tsv", ["\ufeffa", "b"], np.ones((2, 2)), np.array([2, 1]))


def is_blank(text: str) -> bool:
    """Return whether JavaScript would trim the text to nothing."""
    return all(c in "\t\n\v\f\r\u2028\u2029\ufeff" or category(c) == "Zs" for c in text)


@same_folder
@given(words=any_words, counted=st.booleans())
@example(words=["\x1c", "\x85"], counted=False)
def test_the_projector_shows_words_unchanged_or_they_are_refused(
    tmp_path: Path, words: list[str], counted: bool
) -> None:
    path = tmp_path / "x.metadata.tsv"
    path.unlink(missing_ok=True)
    counts = np.arange(len(words)) if counted else None
    shown = all(word and is_utf8(word) and not {"\t", "\n"} & {*word} for word in words)
    if not counted:
        shown &= not any(map(is_blank, words)) and not "".join(words[:1]).startswith("\ufeff")
    if not shown:
        with pytest.raises(FormatError, match="cannot hold the word"):
            write(tmp_path / "x.tsv", words, np.ones((len(words), 2)), counts)
        assert not path.exists()
        return
    write(tmp_path / "x.tsv", words, np.ones((len(words), 2)), counts)
    lines = path.read_bytes().decode().split("\n")
    lines = [line for line in lines if not is_blank(line)]  # the projector skips them
    if counted:
        assert lines.pop(0) == "word\tcount"
        assert [line.split("\t")[1] for line in lines] == [str(i) for i in range(len(words))]
    assert [line.split("\t")[0] for line in lines] == words


# Tables.


@pytest.mark.parametrize("suffix", TABLES)
@same_folder
@given(data=st.data())
def test_tables_restore_words_vectors_and_counts(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    words = [word for word in data.draw(any_words) if is_utf8(word)]
    d = data.draw(st.integers(1, 4))
    numbers = st.lists(any_float32, min_size=len(words) * d, max_size=len(words) * d)
    matrix = np.array(data.draw(numbers), dtype=np.float32).reshape(len(words), d)
    counts = np.arange(len(words)) * 2**40 if data.draw(st.booleans()) else None
    write(tmp_path / f"v{suffix}", words, matrix, counts)
    found = formats.read(tmp_path / f"v{suffix}")
    assert found.words == words
    assert (found.matrix.shape, found.matrix.tobytes()) == (matrix.shape, matrix.tobytes())
    if counts is None:
        assert found.counts is None
    else:
        assert found.counts is not None
        np.testing.assert_array_equal(found.counts, counts)


@pytest.mark.parametrize("suffix", TABLES)
def test_tables_restore_unusual_words(tmp_path: Path, suffix: str) -> None:
    words = ["", " ", "a b", "a\tb", "\n", "a\0b", "👩‍👩‍👧", "\ufeff", "é", "e\u0301"]
    write(tmp_path / f"v{suffix}", words, np.ones((len(words), 2)))
    assert formats.read(tmp_path / f"v{suffix}").words == words


@pytest.mark.parametrize("suffix", TABLES)
def test_tables_restore_every_kind_of_float32(tmp_path: Path, suffix: str) -> None:
    matrix = edges()
    words = [f"w{i}" for i in range(len(matrix))]
    write(tmp_path / f"v{suffix}", words, matrix)
    assert formats.read(tmp_path / f"v{suffix}").matrix.tobytes() == matrix.tobytes()


@pytest.mark.parametrize("suffix", TABLES)
def test_tables_are_written_and_read_in_groups_of_rows(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_GROUP_BYTES", 4 * 6 * 10)  # ten rows
    padded = np.random.default_rng(0).normal(size=(37, 9)).astype(np.float32)
    matrix, words = padded[:, :6], [f"w{i}" for i in range(37)]
    path = tmp_path / f"v{suffix}"
    write(path, words, matrix, np.arange(37))
    groups = (
        parquet.ParquetFile(path).num_row_groups
        if suffix == ".parquet"
        else ipc.open_file(path).num_record_batches
    )
    assert groups == 4
    for limit in (None, 1, 10, 25, 37, 100):
        found = formats.read(path, limit=limit)
        assert found.words == words[:limit]
        np.testing.assert_array_equal(found.matrix, matrix[:limit])
        np.testing.assert_array_equal(found.counts, np.arange(37)[:limit])


def test_tables_have_the_columns_that_other_tools_see(tmp_path: Path) -> None:
    words, matrix = some(4, 2)
    write(tmp_path / "v.parquet", words, matrix, np.arange(4))
    write(tmp_path / "v.feather", words, matrix)
    table = parquet.read_table(tmp_path / "v.parquet")
    assert table.schema.names == ["word", "count", "vector"]
    assert table.schema.field("vector").type == pa.list_(pa.float32(), 2)
    assert json.loads(table.schema.metadata[b"wordkin"]) == {"format": 1}
    assert table.to_pydict() == {"word": words, "count": [0, 1, 2, 3], "vector": matrix.tolist()}
    assert feather.read_table(tmp_path / "v.feather").to_pydict() == {
        "word": words,
        "vector": matrix.tolist(),
    }


def test_tables_of_other_tools_are_read(tmp_path: Path) -> None:
    words, matrix = some(4, 3)
    columns = {
        "id": pa.array([1, 2, 3, 4]),
        "vector": pa.array(matrix.tolist(), pa.large_list(pa.float32())),
        "count": pa.array([4, 3, 2, 1], pa.uint8()),
        "word": pa.array(words, pa.large_string()),
    }
    parquet.write_table(pa.table(columns), tmp_path / "v.parquet")
    feather.write_feather(pa.table(columns), tmp_path / "v.feather", compression="zstd")
    for name in ("v.parquet", "v.feather"):
        found = formats.read(tmp_path / name)
        assert found.words == words
        np.testing.assert_array_equal(found.matrix, matrix)
        assert found.counts is not None
        assert found.counts.tolist() == [4, 3, 2, 1]


FLOATS = pa.list_(pa.float32())


@pytest.mark.parametrize("name", ["v.parquet", "v.arrow"])
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"word": pa.array(["a"])}, "there must be 1 column 'vector', got 0 among word"),
        ({"token": pa.array(["a"])}, "there must be 1 column 'word', got 0 among token"),
        (
            {"word": pa.array([1]), "vector": pa.array([[1.0]], FLOATS)},
            "the column 'word' must be string, got int64",
        ),
        (
            {"word": pa.array(["a"]), "vector": pa.array([["1"]])},
            "the column 'vector' must be list of float32, got list<",
        ),
        (
            {"word": pa.array(["a", "b"]), "vector": pa.array([[1.0], [1.0, 2.0]], FLOATS)},
            "all vectors must have 1 numbers like the first, got 2",
        ),
        (
            {"word": pa.array(["a", None]), "vector": pa.array([[1.0], [1.0]], FLOATS)},
            "a null in row 1 or after it",
        ),
        (
            {"word": pa.array(["a", "b"]), "vector": pa.array([[1.0], None], FLOATS)},
            "a null in row 1 or after it",
        ),
        (
            {
                "word": pa.array(["a", "b"]),
                "vector": pa.array([[1.0], [1.0]], FLOATS),
                "count": pa.array([1, None]),
            },
            "a null in row 1 or after it",
        ),
        (
            {"word": pa.array(["a", "a"]), "vector": pa.array([[1.0], [2.0]], FLOATS)},
            "the word 'a' comes twice",
        ),
        (
            {"word": pa.array(["a"]), "vector": pa.array([[]], FLOATS)},
            "vectors must have at least 1 number, got 0",
        ),
        (
            {
                "word": pa.array(["a"]),
                "vector": pa.array([[1.0]], FLOATS),
                "count": pa.array([2**63], pa.uint64()),
            },
            "cannot be read: ",
        ),
    ],
)
def test_tables_with_other_content_are_refused(
    tmp_path: Path, name: str, columns: dict[str, Any], message: str
) -> None:
    table = pa.table(columns)
    if name == "v.parquet":
        parquet.write_table(table, tmp_path / name)
    else:
        feather.write_feather(table, tmp_path / name, compression="uncompressed")
    with pytest.raises(FormatError, match=f"{tmp_path / name}: .*{message}"):
        formats.read(tmp_path / name)


@pytest.mark.parametrize("suffix", TABLES)
def test_damaged_tables_give_other_vectors_or_a_format_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    write(path, *some(20, 3))
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError, match=f"{path}: "):
            formats.read(path)
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(whole), 300):
        path.write_bytes(whole[:at] + bytes([rng.integers(256)]) + whole[at + 1 :])
        try:
            found = formats.read(path)
        except FormatError:
            continue
        assert len(found.words) == len(found.matrix)


def test_without_pyarrow_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WordkinError, match=r"pip install 'wordkin\[arrow\]'"):
        write(tmp_path / "v.parquet", *some())
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "v.arrow").write_bytes(b"ARROW1\0\0")
    with pytest.raises(WordkinError, match=r"pip install 'wordkin\[arrow\]'"):
        formats.read(tmp_path / "v.arrow")


# sentence-transformers.


def test_the_folder_has_the_layout_that_sentence_transformers_loads(tmp_path: Path) -> None:
    matrix = edges()
    words = [f"w{i}" for i in range(len(matrix) - 1)] + ["a\0b👩‍👩‍👧"]
    write(tmp_path / "m", words, matrix, np.ones(len(words), np.int64))
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "tokenizer.json",
    ]
    # SentenceTransformer("m") of sentence-transformers 6.2.0 loads this layout.
    assert json.loads((tmp_path / "m" / "modules.json").read_text()) == [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
    ]
    weights = load_file(tmp_path / "m" / "model.safetensors")
    assert list(weights) == ["embedding.weight"]
    assert weights["embedding.weight"].tobytes() == matrix.tobytes()
    tokenizer = json.loads((tmp_path / "m" / "tokenizer.json").read_bytes())
    assert tokenizer["model"]["vocab"] == {f" {word}": i for i, word in enumerate(words)}


@same_folder
@given(words=any_words, text=st.text())
def test_the_tokenizer_finds_only_known_words(tmp_path: Path, words: list[str], text: str) -> None:
    """Compare with the library tokenizers if it is installed; else only write the folder."""
    words = [word for word in words if is_utf8(word) and word.encode().split() == [word.encode()]]
    write(tmp_path / "m", words, np.ones((len(words), 1)))
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "m" / "tokenizer.json"))
    whole_text = text + " " + "\n".join(words) + "x unknown "
    found = tokenizer.encode(whole_text, add_special_tokens=False).ids
    in_text = (raw.decode() for raw in whole_text.encode().split())
    assert found == [words.index(word) for word in in_text if word in words]


@pytest.mark.parametrize("kind", ["a file", "another folder"])
def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "m"
    if kind == "a file":
        target.write_text("mine")
        message = "must be a folder, got a file"
    else:
        write(target, *some())
        (target / "README.md").write_text("mine")
        message = "the folder contains other files, such as 'README.md'"
    with pytest.raises(FormatError, match=message):
        write(target, *some())
    assert list(tmp_path.iterdir()) == [target]
    assert "mine" in [path.read_bytes()[:4].decode() for path in [target, *target.glob("*")]
                      if path.is_file()]  # fmt: skip


def test_empty_folders_and_older_exports_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    for V in (3, 5):
        words, matrix = some(V)
        write(tmp_path / "m", words, matrix)
        weights = load_file(tmp_path / "m" / "model.safetensors")["embedding.weight"]
        np.testing.assert_array_equal(weights, matrix)
    assert list(tmp_path.iterdir()) == [tmp_path / "m"]
