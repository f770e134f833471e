"""Vectors on disk come back as they were, or are refused by name."""

from __future__ import annotations

import json
import os
import resource
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from wordkin.errors import FormatError
from wordkin.formats import (
    FORMAT_VERSION,
    ModelFile,
    export,
    read_model,
    read_vectors,
    write_model,
)

SUFFIXES = [".bin", ".txt", ".vec"]

# Words as they come from bytes, whatever bytes those are.
any_words = st.lists(st.binary(max_size=12) | st.text(max_size=6).map(str.encode), unique=True).map(
    lambda spelled: [raw.decode("utf-8", "surrogateescape") for raw in spelled]
)
any_float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
same_folder = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


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


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Make the operating system refuse to write past so many bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# The model file.


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_model(path, **model(100, 7))
    assert_same(read_model(path), model(100, 7))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("V", "d"), [(0, 3), (1, 1)])
def test_the_smallest_models_come_back_as_they_were(tmp_path: Path, V: int, d: int) -> None:
    write_model(tmp_path / "m", **model(V, d))
    assert_same(read_model(tmp_path / "m"), model(V, d))


@same_folder
@given(words=any_words)
def test_any_bytes_as_words_come_back_as_they_were(tmp_path: Path, words: list[str]) -> None:
    given = {**model(len(words)), "words": words}
    write_model(tmp_path / "m", **given)
    assert_same(read_model(tmp_path / "m"), given)


@pytest.mark.parametrize(
    "word", ["", " ", "a\tb\n", "\0", "a\0b", "서울", "👩‍👩‍👧", "\udcff", "é", "e\u0301"]
)
def test_words_of_every_kind_come_back_as_they_were(tmp_path: Path, word: str) -> None:
    given = {**model(1), "words": [word]}
    write_model(tmp_path / "m", **given)
    assert read_model(tmp_path / "m").words == [word]


def test_strided_views_are_written_as_what_they_show(tmp_path: Path) -> None:
    given = model(5, 3)
    padded = {name: np.full((5, 16), np.nan, np.float32) for name in ("center", "outside")}
    for name, array in padded.items():
        array[:, :3] = given[name]
    views = {name: array[:, :3] for name, array in padded.items()}
    write_model(tmp_path / "m", **{**given, **views, "counts": given["counts"][::-1]})
    assert_same(read_model(tmp_path / "m"), {**given, "counts": given["counts"][::-1].copy()})


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_model(tmp_path / name, **model())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_tools_find_the_tensors_by_name(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **{**model(2), "words": ["ab", "é"]})
    tensors = load_file(tmp_path / "m")
    assert tensors["words"].tobytes() == b"ab\xc3\xa9"
    assert tensors["offsets"].tolist() == [0, 2, 4]
    np.testing.assert_array_equal(tensors["center"], model(2)["center"])


def test_a_model_has_the_permissions_of_any_file(tmp_path: Path) -> None:
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
        # Two escaped bytes that together are UTF-8 would come back as another str.
        ({"words": ["a", "b", "\udcc3\udca9"]}, "bytes cannot hold the word"),
        ({"metadata": {"x": {1, 2}}}, "the metadata cannot be written as JSON: .*set"),
        ({"metadata": {"x": float("nan")}}, "the metadata cannot be written as JSON"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=f"model: {message}"):
        write_model(tmp_path / "model", **{**model(), **change})
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_the_disk_cannot_hold_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write_model(path, **model())
    with (
        pytest.raises(OSError, match=f"cannot write: File too large: '{path}'"),
        files_up_to(5000),
    ):
        write_model(path, **model(1000, 50))
    assert_same(read_model(path), model())
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_for_a_missing_folder_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing"):
        write_model(tmp_path / "missing" / "model", **model())


def test_a_model_for_a_folder_names_it(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=f"Is a directory: '{tmp_path}'"):
        write_model(tmp_path, **model())


def test_a_model_cut_short_at_any_byte_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    write_model(whole, **model())
    content = whole.read_bytes()
    for size in range(len(content)):
        cut.write_bytes(content[:size])
        with pytest.raises(FormatError, match=f"{cut}: "):
            read_model(cut)


def test_a_model_with_bytes_too_many_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model())
    with open(tmp_path / "m", "ab") as file:
        file.write(b"x")
    with pytest.raises(FormatError, match="not a safetensors file"):
        read_model(tmp_path / "m")


def test_offsets_whose_differences_wrap_do_not_pass_for_rising(tmp_path: Path) -> None:
    write_model(tmp_path / "m", **model(3))
    tensors = load_file(tmp_path / "m")
    tensors["offsets"][:] = [0, 2**63 - 1, -2, 6]  # differences modulo 2**64: all positive
    save_file(tensors, tmp_path / "m", metadata=header())
    with pytest.raises(FormatError, match="the offsets do not cut"):
        read_model(tmp_path / "m")


@pytest.mark.parametrize("content", [b"", b"text", b"4 2\n" * 100, b"\xff" * 100, bytes(100)])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(FormatError, match="m: not a safetensors file, or cut short"):
        read_model(tmp_path / "m")


def test_a_model_that_is_not_there_or_no_file_is_named(tmp_path: Path) -> None:
    for read in (read_model, lambda path: read_vectors(f"{path}.bin")):
        with pytest.raises(FileNotFoundError, match="missing"):
            read(tmp_path / "missing")
    with pytest.raises(FormatError, match=f"{tmp_path}: not a file"):
        read_model(tmp_path)
    os.mkfifo(tmp_path / "pipe.bin")  # opening a pipe would wait for ever
    with pytest.raises(FormatError, match=r"pipe\.bin: not a file"):
        read_vectors(tmp_path / "pipe.bin")


def header(**change: Any) -> dict[str, str]:
    return {"wordkin": json.dumps({"format": FORMAT_VERSION, "metadata": {}} | change)}


@pytest.mark.parametrize(
    ("change", "metadata", "message"),
    [
        ({}, None, "a safetensors file, but not a model of wordkin"),
        ({}, {"other": "{}"}, "a safetensors file, but not a model of wordkin"),
        ({}, {"wordkin": "{"}, "the metadata are damaged"),
        ({}, {"wordkin": "[]"}, "the metadata are damaged"),
        ({}, {"wordkin": "[" * 10**5}, "the metadata are damaged"),
        ({}, header(metadata=[]), "the metadata are damaged"),
        ({}, header(format="1"), "the metadata are damaged: format '1'"),
        ({}, header(format=FORMAT_VERSION + 1), "written by a newer wordkin: format 3"),
        ({"outside": None, "counts": None}, header(), "no tensor counts, outside"),
        ({"center": np.ones((2, 2))}, header(), "center must be F32 with 2 axes, got F64"),
        ({"center": np.ones(4, np.float32)}, header(), r"center must be .* got F32 of \(4,\)"),
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
def test_a_model_file_that_does_not_fit_together_is_refused(
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


# The word2vec formats.


def test_bin_is_what_gensim_and_word2vec_c_write(tmp_path: Path) -> None:
    export(tmp_path / "v.bin", ["</s>", "é"], np.array([[1.0, -2.5], [0.1, 3e-45]]))
    assert (tmp_path / "v.bin").read_bytes() == (
        b"2 2\n"
        + b"</s> " + struct.pack("<2f", 1.0, -2.5) + b"\n"
        + b"\xc3\xa9 " + struct.pack("<2f", 0.1, 3e-45) + b"\n"
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".txt", ".vec", ".TXT"])
def test_text_is_the_shortest_decimals_that_come_back(tmp_path: Path, suffix: str) -> None:
    matrix = np.array([[0.1, 1 / 3, -1.5], [1e20, 1e-7, 0]], dtype=np.float32)
    export(tmp_path / f"v{suffix}", ["a", "b"], matrix)
    assert (tmp_path / f"v{suffix}").read_text() == (
        "2 3\na 0.1 0.33333334 -1.5\nb 1e+20 1e-07 0.0\n"
    )


def test_text_has_the_decimals_that_numpy_prints(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = np.exp(rng.uniform(np.log(1e-6), np.log(1e5), size=(3000, 4)))
    powers = np.ldexp(1.0, np.arange(-24, 16)).reshape(-1, 4)
    matrix = np.concatenate([sizes, -powers, np.round(sizes, 2)]).astype(np.float32)
    export(tmp_path / "v.txt", [f"w{i}" for i in range(len(matrix))], matrix)
    printed = [line.split()[1:] for line in (tmp_path / "v.txt").read_text().splitlines()[1:]]
    assert printed == [[str(x) for x in row] for row in matrix]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_float32_comes_back_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, size=20_000, dtype=np.uint32)
    powers = np.ldexp(np.float32(1), np.arange(-149, 128)).astype(np.float32)
    edges = np.array([0.0, -0.0, 3.4028235e38, 1.1754944e-38], dtype=np.float32)
    some = np.concatenate([bits.view(np.float32), powers, edges])
    some = some[np.isfinite(some)]
    matrix = some[: len(some) // 11 * 11].reshape(-1, 11)
    words = [f"w{i}" for i in range(len(matrix))]
    export(tmp_path / f"v{suffix}", words, matrix)
    found, back = read_vectors(tmp_path / f"v{suffix}")
    assert found == words
    assert back.tobytes() == matrix.tobytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@same_folder
@given(data=st.data())
def test_words_come_back_as_they_were_or_are_refused(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    words = data.draw(any_words)
    d = data.draw(st.integers(1, 4))
    numbers = st.lists(any_float32, min_size=len(words) * d, max_size=len(words) * d)
    matrix = np.array(data.draw(numbers), dtype=np.float32).reshape(len(words), d)
    path = tmp_path / f"v{suffix}"
    path.unlink(missing_ok=True)
    spelled = [word.encode("utf-8", "surrogateescape") for word in words]
    if all(raw.split() == [raw] for raw in spelled):
        export(path, words, matrix)
        found, back = read_vectors(path)
        assert found == words
        assert back.tobytes() == matrix.tobytes()
    else:
        with pytest.raises(FormatError, match="cannot hold the word"):
            export(path, words, matrix)
        assert not path.exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("", "cannot hold the word '': it is empty"),
        ("New York", "cannot hold the word 'New York': it has white space in it"),
        ("a\n", r"cannot hold the word 'a\\n': it has white space in it"),
        ("\ta", r"cannot hold the word '\\ta': it has white space in it"),
        ("\ud800", r"cannot hold the word '\\ud800'"),
        ("b", "the word 'b' comes twice"),
    ],
)
def test_a_word_that_the_format_cannot_hold_is_named_and_nothing_written(
    tmp_path: Path, suffix: str, word: str, message: str
) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(FormatError, match=message):
        export(path, ["b", word], np.ones((2, 2)))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_white_space_that_is_not_ascii_is_part_of_a_word(tmp_path: Path, suffix: str) -> None:
    words = ["a\xa0b", "\u3000", "\x85", "\u2028", "\x1c", "a\0b", "\udcff"]
    export(tmp_path / f"v{suffix}", words, np.ones((7, 1)))
    assert read_vectors(tmp_path / f"v{suffix}")[0] == words


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_more_rows_than_one_chunk_and_a_strided_matrix_are_written_whole(
    tmp_path: Path, suffix: str
) -> None:
    padded = np.random.default_rng(0).normal(size=(150, 3000)).astype(np.float32)
    matrix = padded[:, :2001]
    export(tmp_path / f"v{suffix}", [str(i) for i in range(150)], matrix)
    words, back = read_vectors(tmp_path / f"v{suffix}")
    assert words == [str(i) for i in range(150)]
    np.testing.assert_array_equal(back, matrix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_words_at_all_come_back_as_none(tmp_path: Path, suffix: str) -> None:
    export(tmp_path / f"v{suffix}", [], np.empty((0, 4)))
    words, matrix = read_vectors(tmp_path / f"v{suffix}")
    assert words == []
    assert matrix.shape == (0, 4)


@pytest.mark.parametrize("name", ["v", "v.model", "v.safetensors", ".bin"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"must be one of \.bin, \.txt, \.vec, got '"):
        export(tmp_path / name, ["a"], np.ones((1, 1)))
    with pytest.raises(FormatError, match=r"must be one of \.bin, \.txt, \.vec, got '"):
        read_vectors(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("matrix", [np.ones((3, 2)), np.ones(2), np.ones((2, 0))])
def test_a_matrix_that_does_not_fit_the_words_is_refused(tmp_path: Path, matrix: Any) -> None:
    with pytest.raises(FormatError, match=r"matrix must be float32 of the shape \(2, d\)"):
        export(tmp_path / "v.bin", ["a", "b"], matrix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_vectors_that_the_disk_cannot_hold_leave_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_bytes(b"old")
    words, matrix = [f"w{i}" for i in range(3000)], np.ones((3000, 200))
    with (
        pytest.raises(OSError, match=f"cannot write: File too large: '{path}'"),
        files_up_to(5000),
    ):
        export(path, words, matrix)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_vectors_cut_short_at_any_byte_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    matrix = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    export(path, ["a", "bb", "é", "d"], matrix)
    content = path.read_bytes()
    for size in range(len(content) - (suffix == ".bin")):  # of .bin, the last newline is no loss
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=f"{path}: "):
            read_vectors(path)


def test_bin_without_newlines_between_vectors_is_read(tmp_path: Path) -> None:
    numbers = [struct.pack("<2f", 0.5, 2.0), b"\n\n\n\n    "]  # floats that look like separators
    (tmp_path / "v.bin").write_bytes(b"2 2\n" + b"a " + numbers[0] + b"b " + numbers[1])
    words, matrix = read_vectors(tmp_path / "v.bin")
    assert words == ["a", "b"]
    assert matrix.tobytes() == b"".join(numbers)


def test_text_with_spaces_at_the_ends_of_lines_is_read(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(b"2 2\na 1 2 \nb -3e-1 4\r\n")  # as word2vec.c writes
    words, matrix = read_vectors(tmp_path / "v.txt")
    assert words == ["a", "b"]
    np.testing.assert_array_equal(matrix, np.array([[1, 2], [-0.3, 4]], dtype=np.float32))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("v.txt", b"a 1 2\nb 3 4\n", "the first line must be 'words dimensions', got b'a 1 2"),
        ("v.bin", b"-1 3\n", "the first line must be 'words dimensions'"),
        ("v.bin", b"3 0\n", "the first line must be 'words dimensions'"),
        ("v.bin", b"9" * 500, "the first line must be 'words dimensions'"),
        ("v.bin", b"9223372036854775807 9223372036854775807\n", "cut short: 40 bytes cannot hold"),
        ("v.txt", b"1000000 1000000\na 1\n", "cut short: 20 bytes cannot hold"),
        ("v.txt", b"2 2\na 1 2 3\nb 1\n", "line 2 must have 2 numbers, got 3"),
        ("v.txt", b"1 2\na 1 x\n", "line 2 is not all float32 numbers"),
        ("v.txt", b"1 2\na 1 1e300\n", "line 2 is not all float32 numbers"),
        ("v.txt", b"1 1\na 1\nb 2\n", "more lines than the 1 words of the header"),
        ("v.txt", b"2 1\na 1\na 2\n", "the word 'a' comes twice"),
        ("v.bin", b"1 1\na \0\0\0\0\nxy", "3 bytes too many after word 1 of 1"),
    ],
)
def test_a_file_that_is_not_of_its_format_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=f"{name}: {message}"):
        read_vectors(tmp_path / name)
