"""Tables as other programs write them: types and names of columns, streams, and what is unclear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats.table_columns import select
from wordkin.vectors.formats.tables import read_arrow, read_parquet

WORDS = ["the", "서울", "a b", ""]
MATRIX = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float16).astype(np.float32)
LISTS = MATRIX.tolist()
VECTOR = pa.array(LISTS, pa.list_(pa.float32()))


def to_parquet(path: Path, table: Any) -> None:
    parquet.write_table(table, path)


def to_arrow(path: Path, table: Any) -> None:
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, 2)


def to_stream(path: Path, table: Any) -> None:
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, 3)


Writer = Callable[[Path, Any], None]
every_file = pytest.mark.parametrize("write", [to_parquet, to_arrow, to_stream])


def assert_read(path: Path, **columns: Any) -> None:
    read = read_parquet if formats.sniff(path) == "parquet" else read_arrow
    for limit in (None, 3):
        found = read(path, limit, **columns)
        assert found.words == WORDS[:limit]
        assert found.matrix.dtype == np.float32
        np.testing.assert_array_equal(found.matrix, MATRIX[:limit])


@every_file
@pytest.mark.parametrize(
    "vector",
    [
        pa.list_(pa.float16()), pa.list_(pa.float64()), pa.large_list(pa.float64()),
        pa.list_(pa.float16(), 3), pa.list_(pa.float64(), 3), pa.large_list(pa.float32()),
    ],
)  # fmt: skip
def test_vectors_are_lists_of_any_floats(tmp_path: Path, write: Writer, vector: Any) -> None:
    write(tmp_path / "v", pa.table({"word": WORDS, "vector": pa.array(LISTS, vector)}))
    assert_read(tmp_path / "v")


@every_file
@pytest.mark.parametrize(
    "word",
    [
        pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.large_string()),
        pa.large_string(), "string_view",
    ],
)  # fmt: skip
def test_words_are_text_of_any_type(tmp_path: Path, write: Writer, word: Any) -> None:
    if word == "string_view":
        if not hasattr(pa, "string_view"):
            pytest.skip("this pyarrow has no string_view")
        word = pa.string_view()
    write(tmp_path / "v", pa.table({"word": pa.array(WORDS).cast(word), "vector": VECTOR}))
    assert_read(tmp_path / "v")


@pytest.mark.parametrize("view", ["list_view", "large_list_view"])
def test_list_views_are_read(tmp_path: Path, view: str) -> None:
    if not hasattr(pa, view):
        pytest.skip(f"this pyarrow has no {view}")
    vector = pa.array(LISTS, getattr(pa, view)(pa.float64()))
    to_arrow(tmp_path / "v", pa.table({"word": WORDS, "vector": vector}))
    assert_read(tmp_path / "v")


@every_file
def test_the_only_columns_of_their_kind_are_taken(tmp_path: Path, write: Writer) -> None:
    write(tmp_path / "v", pa.table({"id": [1, 2, 3, 4], "embedding": VECTOR, "token": WORDS}))
    assert_read(tmp_path / "v")


@every_file
def test_columns_are_named_by_options(tmp_path: Path, write: Writer) -> None:
    other = pa.array([[0.0]] * 4)
    table = pa.table({"word": [*"wxyz"], "vector": other, "token": WORDS, "emb": VECTOR})
    write(tmp_path / "v", table)
    assert_read(tmp_path / "v", word_column="token", vector_column="emb")
    found = (read_parquet if write is to_parquet else read_arrow)(tmp_path / "v")
    assert found.words == [*"wxyz"]


@every_file
@pytest.mark.parametrize("names", [["0", "1", "2"], ["dim_1", "dim_2", "dim_3"], ["x", "y", "z"]])
def test_each_dimension_has_a_column(tmp_path: Path, write: Writer, names: list[str]) -> None:
    columns = {"token": pa.array(WORDS)} | dict(zip(names, map(pa.array, MATRIX.T), strict=True))
    write(tmp_path / "v", pa.table(columns))
    assert_read(tmp_path / "v")


@every_file
def test_numbered_columns_are_put_in_order(tmp_path: Path, write: Writer) -> None:
    """Sorted as text, 10 stands before 2."""
    d = 12
    matrix = np.random.default_rng(2).normal(size=(4, d)).astype(np.float32)
    columns: dict[str, Any] = {"word": WORDS, "count": [4, 3, 2, 1], "score": [0.5] * 4}
    columns |= {f"v{i}": matrix[:, i] for i in sorted(range(d), key=str)}
    write(tmp_path / "v", pa.table(columns))
    read = read_parquet if write is to_parquet else read_arrow
    with pytest.raises(FormatError, match="must be 1 column 'vector'"):
        read(tmp_path / "v")  # is the score a dimension?
    found = read(tmp_path / "v", vector_column="v*")
    np.testing.assert_array_equal(found.matrix, matrix)
    assert found.counts is not None
    assert found.counts.tolist() == [4, 3, 2, 1]


@every_file
def test_the_index_of_pandas_has_the_words(tmp_path: Path, write: Writer) -> None:
    """pandas writes an index as a column, and its name into the metadata."""
    columns = dict(zip("012", map(pa.array, MATRIX.T), strict=True))
    for name in ("__index_level_0__", "words"):
        table = pa.table({**columns, "note": [*"abcd"], name: WORDS})
        with pytest.raises(FormatError, match="could be note, "):
            select("v", table.schema)
        metadata = {"pandas": f'{{"index_columns": ["{name}"]}}'}
        with pytest.raises(FormatError, match="must be 1 column"):
            select("v", table.replace_schema_metadata({"pandas": "{"}).schema)
        write(tmp_path / name, table.drop_columns("note").replace_schema_metadata(metadata))
        assert_read(tmp_path / name)
        write(tmp_path / name, table.replace_schema_metadata(metadata))
        found = (read_parquet if write is to_parquet else read_arrow)(tmp_path / name)
        assert found.words == WORDS


def test_what_pandas_writes_is_read(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame(MATRIX, index=WORDS).rename(columns=str).to_parquet(tmp_path / "a")
    pandas.DataFrame({"token": WORDS, "embedding": list(MATRIX)}).to_parquet(tmp_path / "b")
    frame = pandas.DataFrame({"word": pandas.Categorical(WORDS), "vector": LISTS})
    frame.to_feather(tmp_path / "c")
    for name in "abc":
        assert_read(tmp_path / name)


def test_what_polars_writes_is_read(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"token": WORDS, "embedding": LISTS})
    spread = polars.DataFrame({"token": WORDS} | {f"d{i}": MATRIX[:, i] for i in range(3)})
    array = polars.DataFrame({"token": WORDS, "embedding": MATRIX})
    category = frame.with_columns(polars.col("token").cast(polars.Categorical))
    for name, each in {"a": frame, "b": spread, "c": array, "d": category}.items():
        each.write_parquet(tmp_path / f"{name}.parquet")
        each.write_ipc(tmp_path / f"{name}.arrow")
        each.write_ipc_stream(tmp_path / f"{name}.stream")
        for kind in ("parquet", "arrow", "stream"):
            assert_read(tmp_path / f"{name}.{kind}")


@pytest.mark.parametrize(
    ("columns", "given", "message"),
    [
        ({"a": WORDS, "b": WORDS, "vector": VECTOR}, {}, "could be a, b; name it as word_column"),
        ({"word": WORDS, "a": VECTOR, "b": VECTOR}, {}, "could be a, b; name it as .*vector_col"),
        ({"word": WORDS, "x": [1.0] * 4, "y": [1] * 4}, {}, "there must be 1 column 'vector'"),
        ({"word": WORDS, "vector": VECTOR}, {"word_column": "no"}, "1 column 'no', got 0 among"),
        ({"word": WORDS, "vector": VECTOR}, {"vector_column": "word"}, "'word' must be list of"),
        ({"word": WORDS, "vector": VECTOR}, {"word_column": "vector"}, "'vector' must be string"),
        ({"word": WORDS, "x1": WORDS}, {"vector_column": "x*"}, "'x1' must be a column of floats"),
    ],
)  # fmt: skip
def test_unclear_columns_are_refused(
    columns: dict[str, Any], given: dict[str, str], message: str
) -> None:
    with pytest.raises(FormatError, match=f"v: .*{message}"):
        select("v", pa.table(columns).schema, **given)


@every_file
def test_a_number_too_large_for_float32_is_refused(tmp_path: Path, write: Writer) -> None:
    import wordkin

    write(tmp_path / "v", pa.table({"word": ["a"], "vector": [[1e300, 0.0]]}))
    with pytest.raises(FormatError, match="vectors must be finite, that of 'a' is not"):
        wordkin.load(tmp_path / "v")


def test_damaged_streams_give_other_vectors_or_a_format_error(tmp_path: Path) -> None:
    path = tmp_path / "v"
    table = pa.table({"word": pa.array(WORDS).dictionary_encode(), "vector": VECTOR})
    to_stream(path, table)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(FormatError, match=f"{path}: "):
            read_arrow(path)
    for at in rng.integers(0, len(whole), 500):
        path.write_bytes(whole[:at] + bytes([rng.integers(256)]) + whole[at + 1 :])
        try:
            found = read_arrow(path)
        except FormatError:
            continue
        assert len(found.words) == len(found.matrix)


@every_file
def test_bad_rows_are_skipped_and_counted(tmp_path: Path, write: Writer) -> None:
    lists = [LISTS[0], None, LISTS[1], [1.0], [1.0, None, 2.0], LISTS[2], [1.0, np.nan, 2.0]]
    lists += [LISTS[3], LISTS[0], [1e300, 0.0, 0.0]]
    words = [WORDS[0], "b", WORDS[1], "d", "e", WORDS[2], "g", WORDS[3], None, "j"]
    write(tmp_path / "v", pa.table({"word": words, "vector": pa.array(lists)}))
    with pytest.raises(FormatError, match="a null in row"):
        formats.read(tmp_path / "v")
    read = read_parquet if write is to_parquet else read_arrow
    with pytest.raises(FormatError, match="6 bad rows, and 4 good ones"):
        read(tmp_path / "v", skip_bad=True)
    write(tmp_path / "v", pa.table({"word": words[:8], "vector": pa.array(lists[:8])}))
    found = read(tmp_path / "v", skip_bad=True)
    assert found.words == WORDS
    np.testing.assert_array_equal(found.matrix, MATRIX)
    assert found.notes == ("skipped 4 bad rows, which lack a word or finite numbers: 2, 4, 5, …",)
    assert read(tmp_path / "v", 2, skip_bad=True).words == WORDS[:2]
