"""Files in word2vec's and GloVe's formats restore vectors exactly, or are refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wordkin
from support.strategies import any_float32, any_words, files_up_to, same_folder
from wordkin.system.errors import FormatError, FormatWarning, SettingsError
from wordkin.vectors import formats
from wordkin.vectors.formats import packed, vector_file, word2vec

SUFFIXES = [".bin", ".txt", ".vec", ".glove"]


pytestmark = pytest.mark.filterwarnings(
    "ignore:.* not in UTF-8:wordkin.system.errors.FormatWarning"
)


def export(path: Path, words: list[str], matrix: Any) -> None:
    format = "glove" if path.suffix == ".glove" else None
    formats.write(path, vector_file.VectorFile(words, matrix), format=format)


def read_vectors(path: Path) -> tuple[list[str], Any]:
    found = formats.read(path, format="glove" if path.suffix == ".glove" else None)
    return found.words, found.matrix


def test_binary_files_equal_those_of_gensim_and_word2vec_c(tmp_path: Path) -> None:
    export(tmp_path / "v.bin", ["</s>", "é"], np.array([[1.0, -2.5], [0.1, 3e-45]]))
    assert (tmp_path / "v.bin").read_bytes() == (
        b"2 2\n"
        + b"</s> " + struct.pack("<2f", 1.0, -2.5) + b"\n"
        + b"\xc3\xa9 " + struct.pack("<2f", 0.1, 3e-45) + b"\n"
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".txt", ".vec", ".TXT"])
def test_text_has_the_shortest_decimals_that_restore_float32(tmp_path: Path, suffix: str) -> None:
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


def test_an_exponent_is_written_below_1e_4_and_from_1e16_on(tmp_path: Path) -> None:
    tens = np.array([10.0**e for e in range(-45, 39)], dtype=np.float32)
    matrix = np.concatenate([tens, np.nextafter(tens, np.float32(0)), tens[40:] * 3])
    export(tmp_path / "v.txt", ["w"], matrix[np.newaxis])
    printed = (tmp_path / "v.txt").read_text().split()[3:]
    for x, decimal in zip(matrix.tolist(), printed, strict=True):
        assert ("e" in decimal) == (0 < abs(x) < 1e-4 or abs(x) >= 1e16)
        assert "e" in decimal or "." in decimal
    assert np.array(printed, dtype=np.float32).tobytes() == matrix.tobytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_float32_is_restored_bit_for_bit(tmp_path: Path, suffix: str) -> None:
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
def test_words_are_restored_exactly_or_refused(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    words = data.draw(any_words)
    d = data.draw(st.integers(1, 4))
    numbers = st.lists(any_float32, min_size=len(words) * d, max_size=len(words) * d)
    matrix = np.array(data.draw(numbers), dtype=np.float32).reshape(len(words), d)
    path = tmp_path / f"v{suffix}"
    path.unlink(missing_ok=True)
    spelled = [word.encode("utf-8", "surrogateescape") for word in words]
    if suffix == ".glove" and not words:
        with pytest.raises(FormatError, match="cannot hold 0 words"):
            export(path, words, matrix)
    elif all(raw.split() == [raw] for raw in spelled):
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
        ("New York", "cannot hold the word 'New York': it contains white space"),
        ("a\n", r"cannot hold the word 'a\\n': it contains white space"),
        ("\ta", r"cannot hold the word '\\ta': it contains white space"),
        ("\ud800", r"cannot hold the word '\\ud800'"),
        ("b", "the word 'b' comes twice"),
    ],
)
def test_a_word_that_the_format_cannot_hold_is_named_before_writing(
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
def test_several_chunks_and_strided_matrices_are_written_completely(
    tmp_path: Path, suffix: str
) -> None:
    padded = np.random.default_rng(0).normal(size=(150, 3000)).astype(np.float32)
    matrix = padded[:, :2001]
    export(tmp_path / f"v{suffix}", [str(i) for i in range(150)], matrix)
    words, back = read_vectors(tmp_path / f"v{suffix}")
    assert words == [str(i) for i in range(150)]
    np.testing.assert_array_equal(back, matrix)


@pytest.mark.parametrize("suffix", SUFFIXES[:3])
def test_an_empty_vocabulary_is_restored(tmp_path: Path, suffix: str) -> None:
    export(tmp_path / f"v{suffix}", [], np.empty((0, 4)))
    words, matrix = read_vectors(tmp_path / f"v{suffix}")
    assert words == []
    assert matrix.shape == (0, 4)


@pytest.mark.parametrize("name", ["v", "v.model", ".bin"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"must be one of .*, got '"):
        export(tmp_path / name, ["a"], np.ones((1, 1)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("matrix", [np.ones((3, 2)), np.ones(2), np.ones((2, 0))])
def test_a_matrix_of_the_wrong_shape_is_refused(tmp_path: Path, matrix: Any) -> None:
    with pytest.raises(FormatError, match=r"matrix must be float32 of the shape \(2, d\)"):
        export(tmp_path / "v.bin", ["a", "b"], matrix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_on_a_full_disk_the_old_file_remains(tmp_path: Path, suffix: str) -> None:
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


def test_vectors_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="vectors must be finite, that of 'b' is not"):
        export(tmp_path / "v.txt", ["a", "b"], np.array([[0.0], [np.nan]]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES[:3])
def test_files_truncated_within_a_row_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    matrix = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    words = ["a", "bb", "é", "d"]
    export(path, words, matrix)
    content = path.read_bytes()
    ends = {content.index(word.encode() + b" ") for word in words[1:]}  # between two rows
    if suffix == ".bin":
        ends |= {end - 1 for end in ends}  # before a line end
    last = content.rindex(b" ") + 1  # in text, digits of the last number may be missing unnoticed
    for size in range(len(content) - (suffix == ".bin")):  # .bin may lack the last line end
        path.write_bytes(content[:size])
        if size in ends:
            with pytest.warns(FormatWarning, match=r"the header counts 4 words, and the file has"):
                found = formats.read(path)
            assert found.words == words[: len(found.words)]
            assert found.matrix.tobytes() == matrix[: len(found.words)].tobytes()
        elif suffix != ".bin" and size > last:
            with pytest.warns(FormatWarning, match="no line end follows the last row"):
                assert formats.read(path).words == words
        else:
            with pytest.raises(FormatError, match=f"{path}: "):
                read_vectors(path)


def test_binary_files_without_newlines_are_read(tmp_path: Path) -> None:
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


# Files of other programs.

GENSIM_TEXT = b"2 2\n</s> 0.1 -2.5\n\xc3\xa9 1e-07 3.0\n"
GENSIM_GLOVE = b"</s> 0.1 -2.5\n\xc3\xa9 1e-07 3.0\n"
GENSIM_BINARY = (
    b"2 2\n</s> \xcd\xcc\xcc=\x00\x00 \xc0\xc3\xa9 \x95\xbf\xd63\x00\x00@@"  # no line ends
)
WORD2VEC_TEXT = (
    b"4 2\n</s> 0.200134 0.220970 \na -0.191513 -0.163902 \n"
    b"b 0.068329 0.151054 \nc 0.047043 0.010567 \n"
)
WORD2VEC_BINARY = (
    b"4 2\n</s> \x00\xf0L>\x00Fb>\na \x00\x1cD\xbe\x00\xd6'\xbe\n"
    b"b \x00\xf0\x8b=\x00\xae\x1a>\nc \x00\xb0@=\x00 -<\n"
)


@pytest.mark.parametrize(
    ("content", "name"),
    [(GENSIM_TEXT, "word2vec-text"), (GENSIM_GLOVE, "glove"), (GENSIM_BINARY, "word2vec-binary")],
)
def test_files_of_gensim_4_4_are_read(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / "v").write_bytes(content)
    assert formats.sniff(tmp_path / "v") == name
    words, matrix = read_vectors(tmp_path / "v")
    assert words == ["</s>", "é"]
    np.testing.assert_array_equal(matrix, np.array([[0.1, -2.5], [1e-7, 3.0]], dtype=np.float32))


@pytest.mark.parametrize(
    ("content", "name"),
    [(WORD2VEC_TEXT, "word2vec-text"), (WORD2VEC_BINARY, "word2vec-binary")],
)
def test_files_of_word2vec_c_are_read(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / "v").write_bytes(content)
    assert formats.sniff(tmp_path / "v") == name
    words, matrix = read_vectors(tmp_path / "v")
    assert words == ["</s>", "a", "b", "c"]
    expected = [
        [0.200134, 0.220970], [-0.191513, -0.163902], [0.068329, 0.151054], [0.047043, 0.010567]
    ]  # fmt: skip
    np.testing.assert_allclose(matrix, expected, rtol=0, atol=5.1e-7)  # "%lf" has 6 places


def test_the_layout_of_fasttext_is_read(tmp_path: Path) -> None:
    (tmp_path / "v.vec").write_bytes(b"2 2\n, -0.20748 0.1958 \n</s> 1.2e-05 -0 \n")
    words, matrix = read_vectors(tmp_path / "v.vec")
    assert words == [",", "</s>"]
    expected = np.array([[-0.20748, 0.1958], [1.2e-5, -0.0]], dtype=np.float32)
    assert matrix.tobytes() == expected.tobytes()


def test_the_layout_of_glove_is_read(tmp_path: Path) -> None:
    lines = b"the 0.418000 0.249680\n. . . -0.100000 0.500000\n<unk> 0.000001 1.000000\n"
    (tmp_path / "glove.840B.txt").write_bytes(lines)
    words, matrix = read_vectors(tmp_path / "glove.840B.txt")
    assert words == ["the", ". . .", "<unk>"]
    expected = [[0.418, 0.24968], [-0.1, 0.5], [0.000001, 1]]
    np.testing.assert_array_equal(matrix, np.array(expected, dtype=np.float32))


# Lines, words and numbers.


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"a b 1 2", "a b"),
        (b"at  name@domain.com\t1 2", "at  name@domain.com"),
        (b"1.5 mm 1 2", "1.5 mm"),
        (b"1 2 3 x 1 2.0", "1 2 3 x"),
        (b"route 66 1.0 2.0", "route 66"),
        (b"1 000 000 1.0 2.0", "1 000 000"),
        (b"to nan 1 2", "to nan"),
        (b"1 1 2", "1"),
        (b"-2 +1 \t 2.", "-2"),
        (b"a 1 2 \t \r", "a"),
        (b"\x00\xff. 1e0 .2E1", "\x00\udcff."),
    ],
)
@pytest.mark.parametrize("header", [b"", b"2 2\n", b" 2\t2 \r\n"])
def test_the_last_fields_are_numbers_and_the_rest_is_the_word(
    tmp_path: Path, line: bytes, word: str, header: bytes
) -> None:
    (tmp_path / "v.txt").write_bytes(header + b"first 3 4\n" + line + b"\n")
    words, matrix = read_vectors(tmp_path / "v.txt")
    assert words == ["first", word]
    assert matrix.tolist() == [[3, 4], [1, 2]]


@pytest.mark.parametrize(
    ("decimal", "number"),
    [
        (b"1e-50", 0.0),
        (b"-1e-50", -0.0),
        (b"0e99999999999", 0.0),
        (b"1e-99999999999", 0.0),
        (b"1e-2147483648", 0.0),
        (b"0." + b"0" * 400 + b"1", 0.0),
        (b"0." + b"0" * 40 + b"1e41", 1.0),
        (b"1" + b"0" * 60 + b"e-60", 1.0),
        (b"1e-45", 2.0**-149),
        (b"7.006492321624085e-46", 0.0),  # 2**-150, the middle: even
        (b"7.006492321624086e-46", 2.0**-149),
        (b"3.4028235e38", 3.4028234663852886e38),
        (b"3.40282356e38", 3.4028234663852886e38),  # nearer to it than to the next
        (b"+1.5E+03", 1500.0),
        (b"1.00000005960464477539062", 1.0),  # just below the middle of two float32
        (b"1.00000005960464477539063", 1.0 + 2.0**-23),  # just above it: not by way of float64
        (b"1.000000059604644775390625", 1.0),  # the middle: even
        (b"1.000000178813934326171875", 1.0 + 2.0**-22),
        (b"9007199254740993", 9007199254740992.0),
    ],
)
def test_decimals_are_rounded_to_the_nearest_float32(
    tmp_path: Path, decimal: bytes, number: float
) -> None:
    (tmp_path / "v.txt").write_bytes(b"1 1\na " + decimal + b"\n")
    matrix = read_vectors(tmp_path / "v.txt")[1]
    assert matrix.tobytes() == struct.pack("<f", number)


@same_folder
@given(
    numbers=st.lists(
        st.tuples(any_float32, st.integers(0, 20), st.sampled_from("efg")), min_size=1, max_size=20
    )
)
def test_decimals_of_any_length_are_read_like_numpy(
    tmp_path: Path, numbers: list[tuple[float, int, str]]
) -> None:
    decimals = [f"{x:.{places}{kind}}" for x, places, kind in numbers]
    (tmp_path / "v.txt").write_text("\n".join(["a " + " ".join(decimals)]) + "\n")
    try:
        matrix = formats.read(tmp_path / "v.txt", format="glove").matrix
    except FormatError as error:
        assert "too large" in str(error)  # noqa: PT017 - 3.4e38 rounded up
        return
    for x, (exact, places, _) in zip(matrix[0].tolist(), numbers, strict=True):
        assert x == pytest.approx(exact, rel=10.0 ** -max(places - 1, 0), abs=10.0**-places) or (
            places < 2
        )
    again = np.array([float(decimal) for decimal in decimals])
    np.testing.assert_array_max_ulp(matrix[0], again.astype(np.float32), maxulp=1)


# Limits.


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_with_a_limit_only_the_first_words_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    words, matrix = [f"w{i}" for i in range(9)], np.arange(18, dtype=np.float32).reshape(9, 2)
    export(path, words, matrix)
    content = path.read_bytes()
    end = content.index(b"w4 ")
    path.write_bytes(content[:end] + b"\xff" * (len(content) - end))
    found = formats.read(path, limit=4)
    assert found.words == words[:4]
    np.testing.assert_array_equal(found.matrix, matrix[:4])
    with pytest.raises(FormatError, match="at byte"):
        formats.read(path, limit=5)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_limit_above_the_words_reads_all_and_one_below_1_is_refused(
    tmp_path: Path, suffix: str
) -> None:
    export(tmp_path / f"v{suffix}", ["a", "b"], np.ones((2, 2)))
    assert formats.read(tmp_path / f"v{suffix}", limit=10**30).words == ["a", "b"]
    with pytest.raises(SettingsError, match="limit must be at least 1, got 0"):
        formats.read(tmp_path / f"v{suffix}", limit=0)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_of_repeated_words_the_first_vector_is_kept(tmp_path: Path, suffix: str) -> None:
    words = [f"w{i:03}" for i in range(500)]
    matrix = np.arange(1500, dtype=np.float32).reshape(500, 3)
    path = tmp_path / f"v{suffix}"
    export(path, words, matrix)
    again = {100: b"w050", 200: b"w050", 201: b"w051", 499: b"w000"}
    content = path.read_bytes()
    for i, word in again.items():
        content = content.replace(b"w%03d " % i, word + b" ")
    path.write_bytes(content)
    message = "4 repeated words, such as 'w050'; the first vector of each is kept"
    with pytest.warns(FormatWarning, match=message):
        found = formats.read(path)
    kept = [i for i in range(500) if i not in again]
    assert found.words == [words[i] for i in kept]
    np.testing.assert_array_equal(found.matrix, matrix[kept])


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("piece", [1, 7, 1000, 70_000])
@pytest.mark.parametrize("threads", [1, 3])
def test_results_do_not_depend_on_chunks_or_threads(
    tmp_path: Path, suffix: str, piece: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    words, matrix = [f"w{i}" for i in range(400)], rng.normal(size=(400, 50)).astype(np.float32)
    if piece < 1000:
        words, matrix = words[:40], matrix[:40]
    export(tmp_path / f"whole{suffix}", words, matrix)
    monkeypatch.setattr(word2vec, "CHUNK_BYTES", piece)
    monkeypatch.setattr(word2vec, "TEXT_THREADS", threads)
    export(tmp_path / f"pieces{suffix}", words, matrix)
    content = (tmp_path / f"pieces{suffix}").read_bytes()
    assert content == (tmp_path / f"whole{suffix}").read_bytes()
    found, back = read_vectors(tmp_path / f"pieces{suffix}")
    assert found == words
    assert back.tobytes() == matrix.tobytes()


@pytest.mark.parametrize("threads", [1, 4])
def test_the_first_damaged_line_is_named_with_any_number_of_threads(
    tmp_path: Path, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word2vec, "TEXT_THREADS", threads)
    lines = [b"w%d 0.25 -0.5\n" % i for i in range(40_000)]
    lines[20_001] = b"w20001 0.25 x\n"
    lines[39_000] = b"\n"
    at = 10 + sum(map(len, lines[:20_001])) + len(b"w20001 0.25 ") - 2
    (tmp_path / "v.txt").write_bytes(b"40000 2\n" + b"".join(lines))
    message = rf"line 20003, word 'w20001': 'x' is not a number.* \(at byte {at:,}\)"
    with pytest.raises(FormatError, match=message):
        read_vectors(tmp_path / "v.txt")


# Compressed files.

PACKS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("named", [True, False])
def test_compressed_files_are_read_whatever_their_name(
    tmp_path: Path, suffix: str, pack: str, named: bool
) -> None:
    words, matrix = ["a", "é"], np.array([[0.5, 1e-7], [-3, 4]], dtype=np.float32)
    path = tmp_path / f"v{suffix}"
    export(path, words, matrix)
    content = PACKS[pack](path.read_bytes())
    if named:
        path = path.with_suffix(suffix + pack)
    path.write_bytes(content)
    found, back = read_vectors(path)
    assert found == words
    assert back.tobytes() == matrix.tobytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("pack", PACKS)
def test_a_truncated_compressed_file_is_refused(tmp_path: Path, suffix: str, pack: str) -> None:
    rng = np.random.default_rng(0)
    export(tmp_path / f"v{suffix}", ["a", "b"], rng.normal(size=(2, 500)))
    content = PACKS[pack]((tmp_path / f"v{suffix}").read_bytes())
    path = tmp_path / f"cut{suffix}{pack}"
    for size in range(20, len(content) - 1, 97):
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match=r"cannot be unpacked: .*\(at byte"):
            read_vectors(path)


@pytest.mark.parametrize("pack", PACKS)
def test_a_word_like_a_compression_signature_is_a_word(tmp_path: Path, pack: str) -> None:
    (tmp_path / f"v{pack}").write_bytes(b"BZh9 1 2\n")
    assert read_vectors(tmp_path / f"v{pack}")[0] == ["BZh9"]


def test_a_disk_error_is_not_reported_as_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "v.gz"
    path.write_bytes(gzip.compress(GENSIM_TEXT, mtime=0))

    def fails(self: Any, buffer: memoryview) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(gzip.GzipFile, "readinto", fails)
    with packed.decompressed(path) as stream, pytest.raises(OSError, match="Input/output"):
        stream.read_into(memoryview(bytearray(10)))


# Damage.


@pytest.mark.parametrize(
    ("name", "content", "message", "at"),
    [
        ("word2vec-text", b"", "the first line must be 'words dimensions', got ''", 0),
        ("word2vec-text", b"a 1\nb 3 4\n", r"the first line must be 'words dim.*got 'a 1\\n'", 0),
        ("word2vec-text", b"2 2", "the first line must be 'words dimensions', got '2 2'", 0),
        ("word2vec-binary", b"-1 3\n", "the first line must be 'words dimensions'", 0),
        ("word2vec-binary", b"3 0\n", "the first line must be 'words dimensions'", 0),
        ("word2vec-binary", b"3 2 1\n", "the first line must be 'words dimensions'", 0),
        ("word2vec-binary", b"9" * 500, "the first line must be 'words dimensions'", 0),
        ("word2vec-binary", b"1 " + b"9" * 500, "the first line must be 'words dimensions'", 0),
        ("word2vec-text", b"9223372036854775808 1\n", "the first line must be 'words dim", 0),
        ("word2vec-binary", b"0 8388609\n", "dimensions must be at most 8388608, got 8388609", 0),
        ("word2vec-text", b"2 2\na 1 2 3\nb 1\n", "line 2 must have 2 numbers, got 3", 4),
        ("word2vec-text", b"2 2\na 1 2\nb 1   \n", "line 3 must have 2 numbers, got 1", 10),
        ("word2vec-text", b"2 2\na 1 2\n 1 2 3\n", "line 3 begins with a blank, not with", 10),
        ("word2vec-text", b"1 2\na 1 x\n", "line 2, word 'a': 'x' is not a number", 8),
        ("word2vec-text", b"1 2\na 1 1e\n", "line 2, word 'a': '1e' is not a number", 8),
        ("word2vec-text", b"1 2\na 1 +-1\n", r"line 2, word 'a': '\+-1' is not a number", 8),
        ("word2vec-text", b"1 2\na 1_0 2\n", "line 2, word 'a': '1_0' is not a number", 6),
        ("word2vec-text", b"1 2\na 0x1 2\n", "line 2, word 'a': '0x1' is not a number", 6),
        ("word2vec-text", b"1 2\na . 2 \n", "line 2, word 'a': '.' is not a number", 6),
        ("word2vec-text", b"1 2\na 1 1e300\n", "line 2, word 'a': '1e300' is too large", 8),
        ("word2vec-text", b"1 2\na 1 -4e38\n", "line 2, word 'a': '-4e38' is too large", 8),
        ("word2vec-text", b"1 1\na 1e99999999999\n", "line 2, word 'a': '1e99999999999' is too", 6),
        ("word2vec-text", b"1 2\na 1 nano\n", "line 2, word 'a': 'nano' is not a number", 8),
        ("word2vec-text", b"1 2\na b nan 1\n", "line 2, word 'a b': 'nan' is not finite", 8),
        ("word2vec-text", b"1 2\na 1 -Inf\n", "line 2, word 'a': '-Inf' is not finite", 8),
        ("word2vec-text", b"1 2\na b 1 2 3\n", "line 2 must have 2 numbers, got 4", 4),
        ("word2vec-text", b"1 2\na 0.1 1 2\n", "line 2 must have 2 numbers, got 3", 4),
        ("word2vec-text", b"1 2\na 0.1 0.2 b 1 2\n", "line 2 must have 2 numbers, got 5", 4),
        ("word2vec-text", b"2 2\na 1 2\rb 3 4\n", "line 2 has a carriage return in it", 4),
        ("word2vec-text", b"7 1\n", "cut short in word 1 of 7", 4),
        ("word2vec-text", b"3 1\na 1\nb 1.25", "line 3 has no line end, and there are fewer", 8),
        ("glove", b"", "empty: it has no word", 0),
        ("glove", b"a b\n", "the first line must be a word and its numbers", 0),
        ("glove", b"a 1 2\nb 1\n", "line 2 must have 2 numbers, got 1", 6),
        ("glove", b"a 1 2\nb 1", "line 2 must have 2 numbers, got 1", 6),
        ("word2vec-binary", b"1 1\na \0\0\0\0\nxy", "more bytes than the 1 words of the", 11),
        ("word2vec-binary", b"1 1\n \0\0\0\0\n", "word 1 is empty", 4),
        ("word2vec-binary", b"1 1\na\nb \0\0\0\0", r"word 1 has a line end in it: 'a\\nb'", 5),
        ("word2vec-binary", b"1 2\na \0\0\0\0\0\0\x80\x7f", "word 1, 'a': its number 2 is not", 10),
        ("word2vec-binary", b"1 2\nabc \0\0\0\0\0\0\x80", "cut short in word 1 of 1", 15),
        ("word2vec-binary", b"1 1\nabcdef", "cut short in word 1 of 1", 10),
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [1 << 22, 1])
def test_damage_is_named_with_its_byte(
    tmp_path: Path,
    name: str,
    content: bytes,
    message: str,
    at: int,
    piece: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(word2vec, "CHUNK_BYTES", piece)
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(FormatError, match=rf"v: {message}.* \(at byte {at}\)$"):
        formats.read(tmp_path / "v", format=name)


# Detection.


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("v", b"1 2\na 0.5 1\n", "word2vec-text"),
        ("v.bin", b"1 2\na 0.5 1\n", "word2vec-text"),
        ("v.txt", b"1 2\na \0\0\0\0\0\0\0\0", "word2vec-binary"),
        ("v.txt", b"1 2\na 0000\x80\x3f00", "word2vec-binary"),
        ("v", b"1 2\na \n\0\0\0\0\0\x80\x3f", "word2vec-binary"),
        ("v", b"1 2\na 1 2\n\x80\x3f", "word2vec-text"),
        ("v", "2 2\na 1 x\n서울 1 2\n".encode(), "word2vec-text"),
        ("v.txt", b"1 1\na 0.25\n", "word2vec-text"),  # d = 1, and four bytes: both
        ("v.bin", b"1 1\na 0.25\n", "word2vec-binary"),
        ("v.bin.gz", gzip.compress(b"1 1\na 0.25\n", mtime=0), "word2vec-binary"),
        ("v.txt", b"0 5\n", "word2vec-text"),
        ("v.bin", b"0 5\n", "word2vec-binary"),
        ("v.txt", b"7 5\n", "word2vec-text"),
        ("v.txt", b"2 2\na 1 2 x\n", "word2vec-text"),
        ("v", b"-1 3\n", "word2vec-text"),
        ("v", b"a 1 2\n", "glove"),
        ("v", b"\xef\xbb\xbfa 1 2\n", "glove"),
        ("v", b"\xef\xbb\xbf1 2\na 1 2\n", "word2vec-text"),
        ("v", b"1 2\ra 1 2\r", "word2vec-text"),
        ("v", b"5 0.5 2\n", "glove"),
        ("v", b"\n\na 1 2\n", "glove"),
        ("v", b". . 1e-3 -2", "glove"),
        ("v", b"w " + b"0.123456 " * 20_000 + b"\n", "glove"),
        ("v", b"1 20000\nw " + b"0.123456 " * 20_000 + b"\n", "word2vec-text"),
        ("v", b"\x10\0\0\0\0\0\0\0{}", "safetensors"),
        ("v", b"\xba\x16O/\x0c\0\0\0", "fasttext"),
        ("v", b"\x80\x04\x95\xc1", "gensim"),
        ("v", b"PAR1\x15", "parquet"),
        ("v", b"ARROW1\0\0", "arrow"),
        ("v.bin", b"\x93NUMPY\x01\0", "npy"),
    ],
)
def test_what_is_in_a_file_tells_its_format(
    tmp_path: Path, name: str, content: bytes, format: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert formats.sniff(tmp_path / name) == format


@pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary", "glove"])
def test_what_is_written_is_known_without_its_name(tmp_path: Path, format: str) -> None:
    rng = np.random.default_rng(3)
    for i in range(300):
        bits = rng.integers(0, 256, size=(2, 12 + 4 * (i % 50)), dtype=np.uint8)
        matrix = bits.view(np.float32)
        matrix[~np.isfinite(matrix)] = 0
        formats.write(tmp_path / "v", vector_file.VectorFile(["a", "é"], matrix), format=format)
        assert formats.sniff(tmp_path / "v") == format


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"just some text\n", "not a known format"),
        (b"\0" * 100, "not a known format"),
        (b"9" * 30_000 + b" " + b"9" * 30_000 + b"x", "not a known format"),
    ],
)
def test_an_unknown_format_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "v.bin").write_bytes(content)
    with pytest.raises(FormatError, match=rf"v.bin: {message}.*\(at byte 0\)"):
        formats.sniff(tmp_path / "v.bin")


@pytest.mark.parametrize("names", [["modules.json"], ["model.safetensors", "tokenizer.json"]])
def test_a_folder_of_sentence_transformers_is_detected(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(FormatError, match="not a file"):
        formats.sniff(tmp_path)
    for name in names:
        (tmp_path / name).touch()
    assert formats.sniff(tmp_path) == "sentence-transformers"
    with pytest.raises(FormatError, match=r"(modules|tokenizer)\.json: not JSON"):
        formats.read(tmp_path)


def test_pipes_are_refused_and_missing_files_reported(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (None, "glove"):
        with pytest.raises(FormatError, match="not a file"):
            formats.read(tmp_path / "pipe", format=name)
    with pytest.raises(FileNotFoundError):
        formats.sniff(tmp_path / "missing.bin")


def test_the_warning_points_to_the_caller_of_load(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"a 1 1\na 2 2\n")
    with pytest.warns(FormatWarning) as told:
        wordkin.load(tmp_path / "v")
    assert [warning.filename for warning in told] == [__file__]


def test_there_is_no_warning_if_words_differ(tmp_path: Path) -> None:
    export(tmp_path / "v.txt", ["a", "A", "a\u0301", "á"], np.ones((4, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_vectors(tmp_path / "v.txt")[0]) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04" + bytes(26) + b"glove.txt", "a zip archive that cannot be unpacked"),
        (b"0.5\t-1.25e-3\n0\t1\n", "numbers without words"),
        (b"love\tsex\t6.77\ntiger\tcat\t7.35\n", "not a known format of vectors"),
        (b"old new 1.58\n", "not a known format of vectors"),
        (b": capital\nAthens Greece Oslo Norway\n", "not a known format of vectors"),
    ],
)
def test_files_mistaken_for_vectors_are_refused_by_kind(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "v.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        formats.read(path)


@pytest.mark.parametrize(
    "content", [b"a 1 2\nb 2 3\n", b"New York 1 2\nb 3 4\n", b"1990\t1\t2.5\n"]
)
def test_words_with_numbers_are_vectors(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.txt").write_bytes(content)
    assert len(formats.read(tmp_path / "v.txt").words) == content.count(b"\n")
