"""Vectors in word2vec's formats come back as they were, or are refused by name."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import any_float32, any_words, files_up_to, same_folder
from wordkin import formats
from wordkin.errors import FormatError

SUFFIXES = [".bin", ".txt", ".vec"]


def export(path: Path, words: list[str], matrix: Any) -> None:
    formats.write(path, formats.VectorFile(words, matrix))


def read_vectors(path: Path) -> tuple[list[str], Any]:
    found = formats.read(path)
    return found.words, found.matrix


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


@pytest.mark.parametrize("name", ["v", "v.model", ".bin"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"must be one of .*, got '"):
        export(tmp_path / name, ["a"], np.ones((1, 1)))
    with pytest.raises(FormatError, match=r"must be one of .*, got '"):
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
