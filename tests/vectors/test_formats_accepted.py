"""What is harmless in a file is read with a note; what is none of vectors is named."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

import wordkin
from wordkin.system.errors import FormatError, FormatWarning, SettingsError
from wordkin.vectors import formats

ROWS = b"tea 0.1 0.2\nrain 0.3 0.4\n"
MATRIX = np.array([[0.1, 0.2], [0.3, 0.4]], dtype=np.float32)


def load(path: Path, content: bytes, **options: object) -> tuple[wordkin.WordVectors, list[str]]:
    """Return the vectors in a file of this content, and the notes, without the path."""
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vectors = wordkin.load(path, **options)  # type: ignore[arg-type]
    assert all(warning.category is FormatWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)
    return vectors, [str(warning.message).removeprefix(f"{path}: ") for warning in caught]


# Read on, with a note.


@pytest.mark.parametrize("header", [b"", b"2 2\n"])
@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (ROWS, []),
        (ROWS.replace(b"\n", b"\r\n"), []),
        (ROWS.replace(b"\n", b"\r"), []),
        (ROWS[:-1], ["no line end follows the last row"]),
        (ROWS + b"\n", ["skipped 1 blank line"]),
        (b"\n \t\n" + ROWS + b"\r\n\n", ["skipped 4 blank lines"]),
        (ROWS + b"  ", []),
    ],
)
def test_line_ends_and_blank_lines_lose_nothing(
    tmp_path: Path, header: bytes, content: bytes, notes: list[str]
) -> None:
    if b"\n" not in content:
        header = header.replace(b"\n", b"\r")
    vectors, found = load(tmp_path / "v.txt", header + content)
    assert vectors.words == ("tea", "rain")
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert [note[: len(start)] for note, start in zip(found, notes, strict=True)] == notes


@pytest.mark.parametrize("header", [b"1 2\n", b"3 2\n", b"999994 2\n", b"0 2\n"])
def test_a_header_may_count_more_or_fewer_rows(tmp_path: Path, header: bytes) -> None:
    vectors, notes = load(tmp_path / "v.vec", header + ROWS)
    assert vectors.words == ("tea", "rain")
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    declared = int(header.split()[0])
    noun = "word" if declared == 1 else "words"
    assert notes == [f"the header counts {declared:,} {noun}, and the file has 2: read these"]
    vectors, notes = load(tmp_path / "v.vec", header + ROWS, limit=1)
    assert vectors.words == ("tea",)
    assert notes == []
    assert load(tmp_path / "v.vec", header + ROWS, limit=2)[1] == []


def test_a_binary_file_may_end_before_its_header_says(tmp_path: Path) -> None:
    rows = b"".join(
        word + b" " + row.tobytes() for word, row in zip((b"tea", b"rain"), MATRIX, strict=True)
    )
    vectors, notes = load(tmp_path / "v.bin", b"3 2\n" + rows)
    assert vectors.words == ("tea", "rain")
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert notes == ["the header counts 3 words, and the file has 2: read these"]
    (tmp_path / "v.bin").write_bytes(b"1 2\n" + rows)
    with pytest.raises(FormatError, match=r"more bytes than the 1 words.*limit=1 \(--limit 1\)"):
        wordkin.load(tmp_path / "v.bin")
    assert load(tmp_path / "v.bin", b"1 2\n" + rows, limit=1)[0].words == ("tea",)


def test_a_row_cut_short_is_refused_and_can_be_skipped(tmp_path: Path) -> None:
    for content in (b"2 2\n" + ROWS[:-5], ROWS[:-5], b"3 2\n" + ROWS[:-1]):
        (tmp_path / "v.txt").write_bytes(content)
        with pytest.raises(FormatError, match=r"no line end.*cut short; skip_bad=True"):
            wordkin.load(tmp_path / "v.txt")
        vectors, notes = load(tmp_path / "v.txt", content, skip_bad=True)
        assert vectors.words == ("tea",)
        assert "skipped 1 bad row: line" in notes[0]


BAD = [
    (b" 0.5 0.5", "begins with a blank, not with a word"),
    (b"\t 0.5 0.5", "begins with a blank, not with a word"),
    (b"snow nan 0.5", "word 'snow': 'nan' is not finite"),
    (b"snow 0.5 -inf", "word 'snow': '-inf' is not finite"),
    (b"snow 0.5 1e39", "word 'snow': '1e39' is too large for a float32"),
    (b"snow 0.5", "must have 2 numbers, got 1"),
    (b"snow 0.5 0.5 0.5", "must have 2 numbers, got 3"),
    (b"snow", "must have 2 numbers, got 0"),
    (b"snow 0.5 x", "word 'snow': 'x' is not a number"),
    (b"snow 0.5 0.5 ice 0.5 0.5", "must have 2 numbers, got 5"),  # a line end was lost
    (b"snow 0.5 0.5\rice 0.5 0.5", "has a carriage return in it"),
]


@pytest.mark.parametrize("header", [b"", b"3 2\n"])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(("row", "reason"), BAD)
def test_one_bad_row_is_refused_or_skipped_with_its_line(
    tmp_path: Path, header: bytes, place: int, row: bytes, reason: str
) -> None:
    lines = ROWS.splitlines(keepends=True)
    lines.insert(place, row + b"\n")
    content = header + b"".join(lines)
    number = place + 1 + bool(header)
    (tmp_path / "v.txt").write_bytes(content)
    with pytest.raises(FormatError) as refused:
        wordkin.load(tmp_path / "v.txt")
    assert f"line {number}" in str(refused.value)
    assert reason in str(refused.value)
    assert "; skip_bad=True (--skip-bad-rows) skips such rows" in str(refused.value)
    vectors, notes = load(tmp_path / "v.txt", content, skip_bad=True)
    assert vectors.words == ("tea", "rain")
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert len(notes) == 1
    assert notes[0].startswith(f"skipped 1 bad row: line {number}")
    assert reason in notes[0]


@pytest.mark.parametrize("threads", [1, 3])
def test_skipped_rows_are_counted_and_the_first_named(
    tmp_path: Path, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wordkin.vectors.formats import word2vec

    monkeypatch.setattr(word2vec, "TEXT_THREADS", threads)
    lines = [b"w%d 0.25 -0.5\n" % i for i in range(40_000)]
    bad = {7: b" 1 2\n", 20_000: b"x nan 1\n", 20_001: b"\n", 30_000: b"x 1\n", 39_999: b"y\n"}
    for i, line in bad.items():
        lines[i] = line
    path = tmp_path / "v.txt"
    vectors, notes = load(path, b"40000 2\n" + b"".join(lines), skip_bad=True)
    assert vectors.words == tuple(f"w{i}" for i in range(40_000) if i not in bad)
    assert notes[0] == (
        "skipped 4 bad rows: line 9 begins with a blank, not with a word; line 20002, word 'x':"
        " 'nan' is not finite; line 30002 must have 2 numbers, got 1; …"
    )
    assert notes[1:] == [
        "skipped 1 blank line",
        "the header counts 40,000 words, and the file has 39,999: read these",
    ]
    # With a limit, only what is read matters.
    vectors, notes = load(path, b"40000 2\n" + b"".join(lines), limit=7)
    assert len(vectors) == 7
    assert notes == []
    vectors, notes = load(path, b"40000 2\n" + b"".join(lines), limit=19_999, skip_bad=True)
    assert len(vectors) == 19_999
    assert notes == ["skipped 1 bad row: line 9 begins with a blank, not with a word"]


def test_a_file_of_bad_rows_is_refused_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(b"3 3\n" + ROWS + b"snow 1 2 3\n")
    with pytest.raises(
        FormatError, match="2 of 3 rows are bad, too many for skip_bad: line 2 must"
    ):
        wordkin.load(tmp_path / "v.txt", skip_bad=True)


def test_bad_rows_of_a_binary_file_are_skipped(tmp_path: Path) -> None:
    row = struct.pack("<2f", 0.5, 2.0)
    infinite = struct.pack("<2f", 0.5, np.inf)
    content = b"6 2\n" + b"a " + row + b"\n" + b" " + row + b"\nb " + infinite + b"\nc " + row
    content += b"\nd " + row
    (tmp_path / "v.bin").write_bytes(content)
    with pytest.raises(FormatError, match=r"word 2 is empty; skip_bad=True"):
        wordkin.load(tmp_path / "v.bin")
    vectors, notes = load(tmp_path / "v.bin", content + b"\ne 12", skip_bad=True)
    assert vectors.words == ("a", "c", "d")
    assert vectors.matrix.tolist() == [[0.5, 2.0]] * 3
    assert notes == [
        "skipped 3 bad rows: word 2 is empty; word 3, 'b': its number 2 is not finite;"
        " cut short in word 6 of 6"
    ]


@pytest.mark.parametrize("header", [b"", b"4 2\n"])
def test_a_word_with_blanks_is_parted_from_the_right(tmp_path: Path, header: bytes) -> None:
    content = b"route 66 0.3 0.4\ntea 0.1 0.2\n1 000 000 0.5 0.6\n3.5 mm 0.5 0.6\n"
    vectors, notes = load(tmp_path / "v.txt", header + content)
    assert vectors.words == ("route 66", "tea", "1 000 000", "3.5 mm")
    np.testing.assert_array_equal(vectors["route 66"], np.array([0.3, 0.4], dtype=np.float32))
    assert notes == []


def test_a_row_that_is_not_finite_is_skipped_in_any_format(tmp_path: Path) -> None:
    matrix = np.array([[1, 2], [np.nan, 4], [5, 6]], dtype=np.float32)
    np.save(tmp_path / "v.npy", matrix)
    with pytest.raises(FormatError, match=r"word 2 'b', is not finite; skip_bad=True"):
        wordkin.load(tmp_path / "v.npy", words=["a", "b", "c"])
    with pytest.warns(FormatWarning, match="skipped 1 bad row: word 2 'b', is not finite"):
        vectors = wordkin.load(tmp_path / "v.npy", words=["a", "b", "c"], skip_bad=True)
    assert vectors.words == ("a", "c")
    assert vectors.matrix.tolist() == [[1, 2], [5, 6]]
    raw = b"3 2\na \0\0\x80\x3f\0\0\0\x40b \0\0\xc0\x7f\0\0\0\x40c \0\0\x80\x3f\0\0\0\x40"
    with pytest.warns(FormatWarning, match="skipped 1 bad row"):
        assert load_plain(tmp_path / "v.bin", raw).words == ("a", "c")


def test_a_row_that_is_not_finite_is_skipped_where_a_file_is_mapped(tmp_path: Path) -> None:
    matrix = np.array([[1, 2], [np.nan, 4], [5, 6]], dtype=np.float32)
    path = tmp_path / "v.safetensors"
    formats.write(path, formats.VectorFile(["a", "b", "c"], matrix, np.array([3, 2, 1])))
    with pytest.raises(FormatError, match=r"that of 'b' is not; skip_bad=True"):
        wordkin.load(path)
    with pytest.warns(FormatWarning, match=r"skipped 1 bad row, with .* not finite: 2 \('b'\)"):
        vectors = wordkin.load(path, skip_bad=True)
    assert vectors.words == ("a", "c")
    assert vectors.counts is not None
    assert vectors.counts.tolist() == [3, 1]
    assert vectors.matrix.tolist() == [[1, 2], [5, 6]]


def load_plain(path: Path, content: bytes) -> wordkin.WordVectors:
    path.write_bytes(content)
    return wordkin.load(path, skip_bad=True)


# Encodings.


@pytest.mark.parametrize("header", [b"", b"2 2\n"])
@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "utf-8", "utf-8-sig"]
)
def test_an_encoding_is_read_by_name(tmp_path: Path, header: bytes, encoding: str) -> None:
    text = header.decode() + "café 0.1 0.2\nnaïve 0.3 0.4\n"
    vectors, notes = load(tmp_path / "v.txt", text.encode(encoding), encoding=encoding)
    assert vectors.words == ("café", "naïve")
    np.testing.assert_array_equal(vectors.matrix, MATRIX)
    assert notes == []


def test_words_of_a_binary_file_have_an_encoding(tmp_path: Path) -> None:
    content = b"1 1\ncaf\xe9 " + struct.pack("<f", 0.5)
    assert load(tmp_path / "v.bin", content, encoding="latin-1")[0].words == ("café",)
    vectors, notes = load(tmp_path / "v.bin", content)
    assert vectors.words == ("caf\udce9",)
    assert notes == [
        "1 word not in UTF-8, such as 'caf\\udce9': if the file has another encoding,"
        " encoding='latin-1' (--encoding latin-1) names it"
    ]


def test_an_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes("café 0.1 0.2\n".encode("latin-1"))
    with pytest.raises(FormatError, match="cannot be decoded as utf-8"):
        wordkin.load(tmp_path / "v.txt", encoding="utf-8")
    for name in ("klingon", "base64"):
        with pytest.raises(SettingsError, match="encoding must be one that Python knows"):
            wordkin.load(tmp_path / "v.txt", encoding=name)
    vectors = wordkin.WordVectors(["a"], [[1.0]])
    wordkin.save(tmp_path / "v.safetensors", vectors)
    with pytest.raises(SettingsError, match="the format safetensors takes no encoding"):
        wordkin.load(tmp_path / "v.safetensors", encoding="latin-1")


@pytest.mark.parametrize("header", [b"", b"2 2\n"])
def test_a_byte_order_mark_is_no_part_of_a_word(tmp_path: Path, header: bytes) -> None:
    vectors, notes = load(tmp_path / "v.txt", b"\xef\xbb\xbf" + header + ROWS)
    assert vectors.words == ("tea", "rain")
    assert notes == []
    (tmp_path / "v.txt").write_bytes(b"\xef\xbb\xbf" + header + ROWS + b"snow 1\n")
    at = 3 + len(header) + len(ROWS)
    with pytest.raises(FormatError, match=rf"must have 2 numbers, got 1.*\(at byte {at}\)"):
        wordkin.load(tmp_path / "v.txt")


# What is none of vectors.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1.0e+00 2.0e+00 3.0e+00\n4.0e+00 5.0e+00 6.0e+00\n", "numbers without words"),
        (b"0.1 0.2\n0.3 0.4\n", "numbers without words"),
        (b"1 2 3\n4 5 6\n", "numbers without words"),
        (b"the 1061396\nof 593677\nand 416629\n", "one number in a line"),
        (b"</s> 0\nthe 1061396\n", "one number in a line"),
        (b"<unk> 7\nthe 1061396\n", "one number in a line"),
        (b"tea\t0.75\nrain\t0.5\n", "one number in a line"),
        (b"tiger cat 7.35 1.5\nold new 1.58 0.9\n", "several words in each line"),
        (b"0 tea" + b" 0.5" * 12 + b"\n1 rain" + b" 0.1" * 12 + b"\n", "several words in each"),
        (b"word,0,1\ntea,0.1,0.2\n", r"a table with commas between its fields \(CSV\)"),
        (b"tea,0.1,0.2\nrain,0.3,0.4\n", r"a table with commas between its fields \(CSV\)"),
        (b"tea, 0.1, 0.2\nrain, 0.3, 0.4\n", r"a table with commas between its fields \(CSV\)"),
        (b'"tea" 0.1 0.2\n"rain" 0.3 0.4\n', "all words are in quotes"),
        (b"tea 0,1 0,2\nrain 0,3 0,4\n", "its numbers have decimal commas"),
        (b"word d1 d2\ntea 0.1 0.2\n", "line 1, word 'word': 'd1' is not a number; skip_bad"),
        (b"<!DOCTYPE html>\n<html><head>", "an HTML page"),
        (b"<html>\n", "an HTML page"),
        (b"<?xml version='1.0'?>\n", "an XML file"),
        (b'{"tea": [0.1, 0.2]}', "JSON"),
        (b'[{"word": "tea"}]', "JSON"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "a pointer of Git LFS: run `git lfs pull`",
        ),
        ("2 2\ntea 1 2\n".encode("utf-16"), r"a text in UTF-16: encoding='utf-16'"),
        ("tea 0.1 0.2\n".encode("utf-16-le"), r"a text in UTF-16: encoding='utf-16-le'"),
        ("tea 0.1 0.2\n".encode("utf-32"), r"a text in UTF-32: encoding='utf-32'"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x28\xb5\x2f\xfd\0\0", "packed by zstd"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive"),
        (b"v.txt" + bytes(252) + b"ustar\x0000", "a tar archive"),
        (b"SQLite format 3\0", "an SQLite database, as .magnitude files are"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"5 3 2 4 2 2166136261 < >\n0 0.1 0.2 0.3\n", "vectors of floret"),
        (b"%%MatrixMarket matrix array real general\n2 2\n", "a matrix without words"),
    ],
)
def test_what_is_none_of_vectors_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    for name in ("v.txt", "v.bin", "v"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FormatError, match=message):
            wordkin.load(tmp_path / name)


def test_a_named_format_is_read_whatever_it_looks_like(tmp_path: Path) -> None:
    vectors, _ = load(tmp_path / "v.txt", b"the 3\nof 2\n", format="glove")
    assert vectors.words == ("the", "of")
    vectors, _ = load(tmp_path / "v.txt", b"1.5 0.2\n0.3 0.4\n", format="glove")
    assert vectors.words == ("1.5", "0.3")


# Writing.


@pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary", "glove"])
def test_words_that_a_format_cannot_hold_can_be_left_out(tmp_path: Path, format: str) -> None:
    words = ["tea", ". . .", "rain", "", "\ud800", "a\tb"]
    vectors = wordkin.WordVectors(words, np.arange(12).reshape(6, 2))
    with pytest.raises(FormatError, match="cannot hold the word"):
        wordkin.save(tmp_path / "v", vectors, format=format)
    assert list(tmp_path.iterdir()) == []
    message = (
        rf"left out 4 of 6 words, which {format} cannot hold: '\\ud800' has a surrogate that is no"
        r" byte, '\. \. \.' contains white space, '' is empty, …"
    )
    with pytest.warns(FormatWarning, match=message) as caught:
        wordkin.save(tmp_path / "v", vectors, format=format, skip_unwritable=True)
    assert [warning.filename for warning in caught] == [__file__]
    again = wordkin.load(tmp_path / "v", format=format)
    assert again.words == ("tea", "rain")
    assert again.matrix.tolist() == [[0, 1], [4, 5]]


@pytest.mark.parametrize(
    "format", ["parquet", "arrow", "projector", "sentence-transformers", "npy"]
)
def test_every_writer_can_leave_out_words(tmp_path: Path, format: str) -> None:
    pytest.importorskip("pyarrow")
    bad = "a\nb" if format == "npy" else "\udcff"
    vectors = wordkin.WordVectors(["tea", bad, "rain"], np.eye(3))
    with pytest.raises(FormatError, match=r"cannot hold the word .*--skip-unwritable"):
        wordkin.save(tmp_path / "v", vectors, format=format)
    with pytest.warns(FormatWarning, match=f"left out 1 of 3 words, which {format} cannot hold"):
        wordkin.save(tmp_path / "v", vectors, format=format, skip_unwritable=True)
    if format != "projector":
        assert wordkin.load(tmp_path / "v").words == ("tea", "rain")


def test_the_error_names_the_words_the_option_and_a_format_that_holds_them(tmp_path: Path) -> None:
    vectors = wordkin.WordVectors(["a b", "c", ""], np.ones((3, 2)))
    with pytest.raises(FormatError) as refused:
        wordkin.save(tmp_path / "v.txt", vectors)
    assert str(refused.value) == (
        f"{tmp_path / 'v.txt'}: the format cannot hold the word 'a b': it contains white space, nor"
        " 1 more: '' is empty; skip_unwritable=True (--skip-unwritable) leaves such words out, and"
        " .safetensors holds any"
    )


def test_a_first_word_that_begins_with_a_byte_order_mark_is_not_written_without_a_header(
    tmp_path: Path,
) -> None:
    vectors = wordkin.WordVectors(["\ufefftea", "rain"], MATRIX)
    with pytest.raises(FormatError, match="begins with a byte order mark"):
        wordkin.save(tmp_path / "v", vectors, format="glove")
    wordkin.save(tmp_path / "v.txt", vectors)
    assert wordkin.load(tmp_path / "v.txt").words == vectors.words


@pytest.mark.parametrize("format", ["word2vec-text", "word2vec-binary", "glove"])
def test_readers_and_writers_share_the_longest_word(tmp_path: Path, format: str) -> None:
    longest = (1 << 24) - (0 if format == "word2vec-binary" else 40)
    for length in (longest, longest + 1):
        words = ["é" * (length // 2) + "x" * (length % 2), "tea"]
        vectors = wordkin.WordVectors(words, -MATRIX / 3)
        if length > longest:
            with pytest.raises(FormatError, match=f"is longer than {longest:,} bytes"):
                wordkin.save(tmp_path / "v", vectors, format=format)
        else:
            wordkin.save(tmp_path / "v", vectors, format=format)
            again = formats.read(tmp_path / "v", format=format)
            assert again.words == words
