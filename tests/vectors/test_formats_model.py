"""wordkin's own files restore models and vectors exactly; others are refused by name."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from safetensors.numpy import load_file, save_file

from support.strategies import any_words, files_up_to, same_folder
from wordkin import Word2Vec
from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats.model import (
    FORMAT_VERSION,
    MODEL_VERSION,
    ModelFile,
    read,
    read_model,
    write,
    write_model,
)
from wordkin.vectors.formats.vector_file import VectorFile


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
        ({}, header(format=FORMAT_VERSION + 1), "written by a newer wordkin: format 4"),
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
