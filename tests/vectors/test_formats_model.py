"""wordkin's own files restore models and vectors exactly; others are refused by name."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import wordkin
from support.strategies import any_words, files_up_to, same_folder
from wordkin import Word2Vec
from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats.model import (
    FORMAT_VERSION,
    MODEL_VERSION,
    ModelFile,
    digest,
    read,
    read_model,
    write,
    write_model,
)
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngram_sums import NgramRows, NgramSums, SubwordRows
from wordkin.vectors.subwords import SubwordVectors


def model(V: int = 3, d: int = 2) -> dict[str, Any]:
    """Return the arguments of write_model for V words."""
    rng = np.random.default_rng(V)
    return {
        "words": [f"w{i}" for i in range(V)],
        "center": rng.normal(size=(V, d)).astype(np.float32),
        "outside": rng.normal(size=(V, d)).astype(np.float32),
        "counts": np.arange(V)[::-1] + 2**33,
        "metadata": {"dim": d, "history": [0.5, 0.25], "note": "서울 \udcff"},
    }


def assert_same(found: ModelFile, given: dict[str, Any]) -> None:
    assert found.words == given["words"]
    assert found.metadata == given["metadata"]
    for name, dtype in (("center", np.float32), ("outside", np.float32), ("counts", np.int64)):
        array = getattr(found, name)
        assert array.dtype == dtype
        assert array.tobytes() == given[name].tobytes()
        assert array.shape == given[name].shape


# The model file.


def test_a_model_is_restored_exactly(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_model(path, **model(100, 7))
    assert_same(read_model(path), model(100, 7))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("V", "d"), [(0, 3), (1, 1)])
def test_the_smallest_models_are_restored_exactly(tmp_path: Path, V: int, d: int) -> None:
    write_model(tmp_path / "m", **model(V, d))
    assert_same(read_model(tmp_path / "m"), model(V, d))


@same_folder
@given(words=any_words)
def test_words_of_any_bytes_are_restored_exactly(tmp_path: Path, words: list[str]) -> None:
    given = {**model(len(words)), "words": words}
    write_model(tmp_path / "m", **given)
    assert_same(read_model(tmp_path / "m"), given)


@pytest.mark.parametrize(
    "word", ["", " ", "a\tb\n", "\0", "a\0b", "서울", "👩‍👩‍👧", "\udcff", "é", "e\u0301"]
)
def test_unusual_words_are_restored_exactly(tmp_path: Path, word: str) -> None:
    given = {**model(1), "words": [word]}
    write_model(tmp_path / "m", **given)
    assert read_model(tmp_path / "m").words == [word]
    write(tmp_path / "v", VectorFile([word], given["center"]))
    assert formats.read(tmp_path / "v", format="safetensors").words == [word]


def test_strided_views_are_written_by_value(tmp_path: Path) -> None:
    given = model(5, 3)
    padded = {name: np.full((5, 16), np.nan, np.float32) for name in ("center", "outside")}
    for name, array in padded.items():
        array[:, :3] = given[name]
    views = {name: array[:, :3] for name, array in padded.items()}
    write_model(tmp_path / "m", **{**given, **views, "counts": given["counts"][::-1]})
    assert_same(read_model(tmp_path / "m"), {**given, "counts": given["counts"][::-1].copy()})


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_model(tmp_path / name, **model())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_tools_find_the_tensors_by_name(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **{**model(2), "words": ["ab", "é"]})
    tensors = load_file(tmp_path / "m")
    assert tensors["words"].tobytes() == b"ab\xc3\xa9"
    assert tensors["offsets"].tolist() == [0, 2, 4]
    np.testing.assert_array_equal(tensors["center"], model(2)["center"])


def test_a_model_has_the_usual_permissions(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model())
    (tmp_path / "plain").touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("m", "plain")}
    assert len(modes) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": ["a", "b"]}, r"center must be float32 of the shape \(2, d\), .* \(3, 2\)"),
        ({"outside": np.ones((3, 1), np.float32)}, r"outside must be .*\(3, 2\), .*\(3, 1\)"),
        ({"center": np.ones(3, np.float32)}, r"center must be .* got float32 of \(3,\)"),
        ({"center": np.ones((3, 0), np.float32)}, r"center must be .* got float32 of \(3, 0\)"),
        ({"counts": np.ones(4, np.int64)}, r"counts must be int64 of the shape \(3,\)"),
        ({"counts": np.ones(3)}, r"counts must be int64 .* got float64"),
        ({"words": ["a", "b", "a"]}, "the word 'a' comes twice"),
        ({"words": ["a", "b", "\ud800"]}, r"bytes cannot hold the word '\\ud800'"),
        # Two escaped bytes that together are UTF-8 would be restored as another str.
        ({"words": ["a", "b", "\udcc3\udca9"]}, "bytes cannot hold the word"),
        ({"metadata": {"x": {1, 2}}}, "the metadata cannot be written as JSON: .*set"),
        ({"metadata": {"x": float("nan")}}, "the metadata cannot be written as JSON"),
    ],
)
def test_an_inconsistent_model_is_refused_before_writing(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=f"model: {message}"):
        write_model(tmp_path / "model", **{**model(), **change})
    assert list(tmp_path.iterdir()) == []


def test_on_a_full_disk_the_old_model_remains(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write_model(path, **model())
    with (
        pytest.raises(OSError, match=f"cannot write: File too large: '{path}'"),
        files_up_to(5000),
    ):
        write_model(path, **model(1000, 50))
    assert_same(read_model(path), model())
    assert list(tmp_path.iterdir()) == [path]


def test_writing_to_a_missing_folder_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
        write_model(tmp_path / "missing" / "model", **model())


def test_writing_to_a_folder_names_it(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=f"Is a directory: '{tmp_path}'"):
        write_model(tmp_path, **model())


def test_a_model_truncated_at_any_byte_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    write_model(whole, **model())
    content = whole.read_bytes()
    for size in range(len(content)):
        cut.write_bytes(content[:size])
        with pytest.raises(FormatError, match=f"{cut}: "):
            read_model(cut)


def test_a_model_with_extra_bytes_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model())
    with open(tmp_path / "m", "ab") as file:
        file.write(b"x")
    with pytest.raises(FormatError, match="not a safetensors file"):
        read_model(tmp_path / "m")


def test_offsets_whose_differences_wrap_are_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model(3))
    tensors = load_file(tmp_path / "m")
    tensors["offsets"][:] = [0, 2**63 - 1, -2, 6]  # differences modulo 2**64: all positive
    save_file(tensors, tmp_path / "m", metadata=header())
    with pytest.raises(FormatError, match="the offsets do not cut"):
        read_model(tmp_path / "m")


@pytest.mark.parametrize("content", [b"", b"text", b"4 2\n" * 100, b"\xff" * 100, bytes(100)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(FormatError, match="m: not a safetensors file, or cut short"):
        read_model(tmp_path / "m")


def test_a_missing_model_or_a_folder_is_named(tmp_path: Path) -> None:
    for reader in (read_model, lambda path: formats.read(f"{path}.bin")):
        with pytest.raises(FileNotFoundError, match="missing"):
            reader(tmp_path / "missing")
    with pytest.raises(FormatError, match=f"{tmp_path}: not a file"):
        read_model(tmp_path)
    os.mkfifo(tmp_path / "pipe.bin")  # opening a pipe would block
    with pytest.raises(FormatError, match=r"pipe\.bin: not a file"):
        formats.read(tmp_path / "pipe.bin")


def header(**change: Any) -> dict[str, str]:
    return {"wordkin": json.dumps({"format": MODEL_VERSION, "metadata": {}} | change)}


@pytest.mark.parametrize(
    ("change", "metadata", "message"),
    [
        ({}, None, "a safetensors file, but not written by wordkin"),
        ({}, {"other": "{}"}, "a safetensors file, but not written by wordkin"),
        ({}, {"wordkin-counts": "{}"}, "counts, not vectors: use `wordkin train --counts`"),
        ({}, {"wordkin": "{"}, "the metadata are damaged"),
        ({}, {"wordkin": "[]"}, "the metadata are damaged"),
        ({}, {"wordkin": "[" * 10**5}, "the metadata are damaged"),
        ({}, header(metadata=[]), "the metadata are damaged"),
        ({}, header(format="1"), "the metadata are damaged: format '1'"),
        ({}, header(format=FORMAT_VERSION + 1), "written by a newer wordkin: format 5"),
        ({"outside": None, "counts": None}, header(), "no tensor counts, outside"),
        ({"center": np.ones((2, 2))}, header(), "center must be F32 with 2 axes, got float64"),
        ({"center": np.ones(4, np.float32)}, header(), r"center must be .* got float32 of \(4,\)"),
        ({"outside": np.ones((2, 3), np.float32)}, header(), r"outside must have the shape \(2, 2"),
        ({"counts": np.ones(3, np.int64)}, header(), r"counts must have the shape \(2,\), got \(3"),
        ({"offsets": np.array([0, 2])}, header(), r"offsets must have the shape \(3,\), got \(2"),
        ({"offsets": np.array([0, 2, 1])}, header(), "the offsets do not cut"),
        ({"offsets": np.array([0, 1, 3])}, header(), "the offsets do not cut"),
        ({"offsets": np.array([0, 3, 2])}, header(), "the offsets do not cut"),
        ({"offsets": np.array([1, 1, 2])}, header(), "the offsets do not cut"),
        ({"offsets": np.array([0, -1, 2])}, header(), "the offsets do not cut"),
        ({"words": np.frombuffer(b"aa", np.uint8)}, header(), "the word 'a' comes twice"),
    ],
)
def test_an_inconsistent_model_file_is_refused(
    tmp_path: Path, change: dict[str, Any], metadata: dict[str, str] | None, message: str
) -> None:
    tensors: dict[str, Any] = {
        "center": np.ones((2, 2), np.float32),
        "outside": np.ones((2, 2), np.float32),
        "counts": np.ones(2, np.int64),
        "words": np.frombuffer(b"ab", np.uint8),
        "offsets": np.array([0, 1, 2]),
    } | change
    tensors = {name: array for name, array in tensors.items() if array is not None}
    save_file(tensors, tmp_path / "m", metadata=metadata)
    with pytest.raises(FormatError, match=f"m: {message}"):
        read_model(tmp_path / "m")


# Vectors alone.


@same_folder
@given(words=any_words)
def test_vectors_alone_are_restored_exactly(tmp_path: Path, words: list[str]) -> None:
    given = model(len(words), 3)
    for counts in (given["counts"], None):
        write(tmp_path / "v", VectorFile(words, given["center"], counts))
        found = read(tmp_path / "v")
        assert found.words == words
        np.testing.assert_array_equal(found.matrix, given["center"])
        assert (found.counts is None) == (counts is None)
        if counts is not None:
            np.testing.assert_array_equal(found.counts, counts)
    tensors = load_file(tmp_path / "v")  # as other programs read it
    assert tensors.keys() == {"vectors", "words", "offsets"}
    np.testing.assert_array_equal(tensors["vectors"], given["center"])


def test_a_limit_gives_the_first_words_of_either_kind(tmp_path: Path) -> None:
    given = model(5)
    write_model(tmp_path / "m", **given)
    write(tmp_path / "v", VectorFile(given["words"], given["center"], given["counts"]))
    for name in "mv":
        for limit in (1, 4, 5, 6):
            found = read(tmp_path / name, limit)
            assert found.words == given["words"][:limit]
            np.testing.assert_array_equal(found.matrix, given["center"][:limit])
            np.testing.assert_array_equal(found.counts, given["counts"][:limit])


def test_words_after_the_limit_are_not_read(tmp_path: Path) -> None:
    write(tmp_path / "v", VectorFile(["a", "b", "c"], model(3)["center"]))
    tensors = load_file(tmp_path / "v")
    tensors["offsets"][2:] = -5
    tensors["vectors"][1:] = np.nan
    save_file(tensors, tmp_path / "v", metadata=header(format=3))
    assert read(tmp_path / "v", 1).words == ["a"]
    with pytest.raises(FormatError, match=r"the offsets do not cut .* \(at byte \d+\)"):
        read(tmp_path / "v", 2)


def test_arrays_are_mapped_and_read_only(tmp_path: Path) -> None:
    write(tmp_path / "v", VectorFile(["a", "b", "c"], model(3)["center"]))
    write_model(tmp_path / "m", **model(3))
    for name in "vm":
        matrix = read(tmp_path / name).matrix
        assert isinstance(matrix.base, np.memmap)
        assert not matrix.flags.writeable


def test_a_mapped_model_can_overwrite_its_own_file(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model(4))
    found = read_model(tmp_path / "m")
    write_model(tmp_path / "m", **{**model(4), "center": found.center, "outside": found.outside})
    assert_same(read_model(tmp_path / "m"), model(4))
    write_model(tmp_path / "m", **model(100))
    assert_same(found, model(4))  # the old file exists while it is mapped


def test_vectors_alone_are_not_a_model(tmp_path: Path) -> None:
    write(tmp_path / "v", VectorFile(["a", "b", "c"], model(3)["center"]))
    with pytest.raises(FormatError, match="v: it contains vectors alone, not a model"):
        read_model(tmp_path / "v")
    with pytest.raises(FormatError, match="v: it contains vectors alone, not a model"):
        Word2Vec.load(tmp_path / "v")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vectors": None}, "no tensor vectors"),
        ({"vectors": np.ones((3, 2), np.float32)}, r"offsets must have the shape \(4,\)"),
        ({"vectors": np.ones((2, 2), np.int64)}, "vectors must be F32 with 2 axes, got int64"),
        ({"counts": np.ones(3, np.int64)}, r"counts must have the shape \(2,\), got \(3,\)"),
        ({"counts": np.ones(2)}, "counts must be I64 with 1 axes, got float64"),
        ({"words": np.frombuffer(b"aa", np.uint8)}, "the word 'a' comes twice"),
    ],
)
def test_inconsistent_vectors_alone_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    tensors: dict[str, Any] = {
        "vectors": np.ones((2, 2), np.float32),
        "words": np.frombuffer(b"ab", np.uint8),
        "offsets": np.array([0, 1, 2]),
    } | change
    tensors = {name: array for name, array in tensors.items() if array is not None}
    save_file(tensors, tmp_path / "m", metadata=header(format=3))
    with pytest.raises(FormatError, match=rf"m: {message}.* \(at byte \d+\)"):
        read(tmp_path / "m")


def test_inconsistent_vectors_alone_are_not_written(tmp_path: Path) -> None:
    one = np.ones((1, 2), np.float32)
    for file in (VectorFile(["a", "b"], one), VectorFile(["a"], one, np.ones(2, np.int64))):
        with pytest.raises(FormatError, match="must be"):
            write(tmp_path / "v", file)
    assert not list(tmp_path.iterdir())


def test_the_package_is_imported_without_safetensors(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model())
    code = (
        "import sys; sys.modules['safetensors'] = None; import wordkin; "
        "print(len(wordkin.load(sys.argv[1], format='safetensors')))"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "m")]
    assert subprocess.run(argv, check=True, capture_output=True).stdout == b"3\n"


# N-grams.

NGRAMS = [b"<a", b"ab", "서울".encode(), b"\xff>"]


def subwords(d: int = 2, r: int | None = None) -> SubwordRows:
    rng = np.random.default_rng(d)
    table = NgramRows(
        np.frombuffer(b"".join(NGRAMS), np.uint8),
        np.cumsum([0, *map(len, NGRAMS)]),
        rng.normal(size=(4, d)).astype(np.float32),
        2,
        2,
    )
    return SubwordRows(table, rng.normal(size=d), None if r is None else rng.normal(size=(d, r)))


def assert_same_ngrams(found: SubwordRows | NgramSums, given: SubwordRows | NgramSums) -> None:
    assert found.table.ngrams.tobytes() == given.table.ngrams.tobytes()
    assert (found.table.shortest, found.table.longest) == (2, 2)
    np.testing.assert_array_equal(found.table.offsets, given.table.offsets)
    for a, b in (
        (found.table.rows, given.table.rows),
        (found.line, given.line),
        (found.projection, given.projection),
    ):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("r", [None, 3])
def test_the_ngrams_of_a_model_are_restored_exactly(tmp_path: Path, r: int | None) -> None:
    rng = np.random.default_rng(3)
    vectors = None if r is None else rng.normal(size=(3, r)).astype(np.float32)
    write_model(tmp_path / "m", **model(), vectors=vectors, subwords=subwords(2, r))
    found = read_model(tmp_path / "m")
    assert_same(found, model())
    assert found.subwords is not None
    assert_same_ngrams(found.subwords, subwords(2, r))
    assert isinstance(found.subwords.table.rows.base, np.memmap)  # read when it is asked for

    v = wordkin.load(tmp_path / "m")
    assert isinstance(v, SubwordVectors)
    words = ["about", "서울", "\udcff", "ab" * 500]
    np.testing.assert_array_equal(v.compose(words), subwords(2, r).of_vectors.compose(words))
    assert len(wordkin.load(tmp_path / "m", limit=2)) == 2


@pytest.mark.parametrize(("line", "r"), [(None, None), (None, 4), (True, None), (True, 4)])
def test_vectors_alone_keep_their_ngrams(tmp_path: Path, line: bool | None, r: int | None) -> None:
    whole = subwords(3, r)
    given = NgramSums(whole.table, whole.line if line else None, whole.projection)
    v = SubwordVectors(["a", "b"], np.ones((2, given.dim)), [2, 1], given)
    path = tmp_path / "v.safetensors"
    wordkin.save(path, v)
    assert wordkin.load(path) == v
    found = read(path).subwords
    assert isinstance(found, NgramSums)
    assert_same_ngrams(found, given)


def test_a_model_without_ngrams_has_the_same_bytes_as_before(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model())
    write_model(tmp_path / "n", **model(), subwords=None)
    assert (tmp_path / "m").read_bytes() == (tmp_path / "n").read_bytes()
    assert sorted(load_file(tmp_path / "m")) == [
        "center", "counts", "offsets", "outside", "words"
    ]  # fmt: skip


def test_the_digest_covers_the_ngrams() -> None:
    words, counts = ["a"], np.array([1])
    whole = subwords(2, 3)
    table = whole.table
    variants = [
        None,
        whole,
        SubwordRows(table, whole.line),
        replace(whole, line=whole.line + 1),
        replace(whole, projection=2 * np.asarray(whole.projection)),
        replace(whole, table=replace(table, rows=-table.rows)),
        replace(whole, table=replace(table, longest=3)),
        replace(whole, table=replace(table, ngrams=table.ngrams[::-1].copy())),
        replace(whole, table=replace(table, offsets=np.array([0, 1, 4, 10, 12]))),
    ]
    digests = [digest(words, counts, {}, given) for given in variants]
    assert len(set(digests)) == len(variants)
    assert digests[0] == digest(words, counts, {})
    assert digests[1] == digest(words, counts, {}, subwords(2, 3))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("ngrams"), "n-grams without ngrams"),
        (lambda t: t.pop("ngram_offsets"), "n-grams without ngram_offsets"),
        (lambda t: t.pop("ngram_rows"), "n-grams without ngram_rows"),
        (lambda t: t.pop("ngram_line"), "need ngram_line and ngram_projection"),
        (lambda t: t.pop("ngram_projection"), "ngram_rows must have 3 numbers in each row, got 2"),
        (
            lambda t: t.pop("vectors"),
            r"ngram_projection must have the shape \(2, 2\), got \(2, 3\)",
        ),
        (lambda t: t.update(ngram_offsets=t["ngram_offsets"][::-1].copy()), "do not cut the bytes"),
        (lambda t: t.update(ngram_offsets=t["ngram_offsets"] * 2), "do not cut the bytes"),
        (lambda t: t.update(ngram_offsets=t["ngram_offsets"] - 1), "do not cut the bytes"),
        (lambda t: t.update(ngram_offsets=np.array([0, 4, 2, 10, 12])), "do not cut the bytes"),
        (lambda t: t.update(ngram_offsets=np.array([0, 2**62, 4, 5, 12])), "do not cut the bytes"),
        (lambda t: t.update(ngram_offsets=np.array([], np.int64)), r"the shape \(5,\), got \(0,\)"),
        (
            lambda t: t.update(ngram_rows=t["ngram_rows"][:3].copy()),
            r"the shape \(4,\), got \(5,\)",
        ),
        (
            lambda t: t.update(ngram_rows=np.ones((4, 5), "f4")),
            r"ngram_line must have the shape \(5,",
        ),
        (lambda t: t.update(ngram_rows=np.ones((4, 2))), "ngram_rows must be F32 with 2 axes"),
        (lambda t: t.update(ngram_line=np.ones(3)), r"ngram_line must have the shape \(2,\)"),
        (
            lambda t: t.update(ngram_projection=np.ones((3, 2))),
            "ngram_projection must have the sha",
        ),
        (
            lambda t: t.update(
                {"ngram_rows": np.ones((4, 5), "f4"), "ngram_line": np.ones(5)},
                ngram_projection=np.ones((5, 3)),
            ),
            "ngram_rows must have 2 numbers in each row, got",
        ),
    ],
)
def test_damaged_ngrams_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    path = tmp_path / "m"
    write_model(path, **model(), vectors=np.ones((3, 3)), subwords=subwords(2, 3))
    tensors, metadata = load_file(path), saved_metadata(path)
    change(tensors)
    save_file(tensors, tmp_path / "n", {"wordkin": json.dumps(metadata)})
    for read_it in (read, read_model):
        with pytest.raises(FormatError, match=rf"n: .*{said}.* \(at byte 8\)"):
            read_it(tmp_path / "n")


@pytest.mark.parametrize(
    "lengths",
    [None, 3, "36", [], [3], [3, 6, 7], [6, 3], [0, 3], [-1, 3], [1, 65], [3.0, 6], [True, 6],
     [3, None], {"3": 6}, [3, 10**30]],
)  # fmt: skip
def test_damaged_lengths_of_ngrams_are_refused(tmp_path: Path, lengths: Any) -> None:
    path = tmp_path / "m"
    write_model(path, **model(), subwords=subwords())
    tensors, metadata = load_file(path), saved_metadata(path)
    metadata["metadata"]["ngrams"] = lengths
    save_file(tensors, tmp_path / "n", {"wordkin": json.dumps(metadata)})
    for read_it in (read, read_model):
        with pytest.raises(FormatError, match=r"n-grams must have lengths in 1\.\.64"):
            read_it(tmp_path / "n")


@pytest.mark.parametrize(
    "change",
    [
        {"table": replace(subwords().table, offsets=np.array([0, 9]))},
        {"table": replace(subwords().table, offsets=np.array([0, 1, 1, 1, 12]))},
        {"table": replace(subwords().table, rows=np.ones(4, np.float32).reshape(4, 1))},
        {"line": np.ones(1)},
        {"projection": np.ones((2, 5))},
    ],
)
def test_ngrams_that_do_not_fit_are_not_written(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        write_model(tmp_path / "m", **model(), subwords=replace(subwords(), **change))
    assert not list(tmp_path.iterdir())


def saved_metadata(path: Path) -> dict[str, Any]:
    with safe_open(path, "numpy") as file:
        found: dict[str, Any] = json.loads(file.metadata()["wordkin"])
    return found
