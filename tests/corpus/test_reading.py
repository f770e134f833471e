"""Text is read as a few lines of Python would read it, whatever is in it and wherever it is cut.

`expected` is those few lines: bytes split at ASCII white space, a line a sentence, some lines held
out by a hash of their number, the words of the others counted.
"""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import hashlib
import io
import lzma
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.zstandard import zstd
from wordkin import _core
from wordkin.corpus import files as files_module
from wordkin.corpus.encoded import LINE_END, Corpus, Fingerprint
from wordkin.corpus.reading import read_corpus
from wordkin.system.errors import CorpusError
from wordkin.system.progress import Progress


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a text should be read as."""

    words: list[bytes]
    counts: list[int]
    ids: list[int]
    tokens: int
    lines: int
    invalid_utf8: int
    held_out: list[int]
    held_out_tokens: int


def is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_held_out(line: int, share: float) -> bool:
    """Take the line's number of SplitMix64 for its fate."""
    z = (int.from_bytes(b"held-out", "big") + line * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return (z ^ z >> 31) >> 11 < share * 2**53


def expected(
    *files: bytes, min_count: int = 1, max_vocab: int | None = None, held_out: float = 0.0
) -> Expected:
    """Read files the slow way."""
    lines = [line.split() for file in files for line in file.split(b"\n")]  # at ASCII white space
    sentences = [line for line in lines if line]
    held = [is_held_out(i, held_out) for i in range(len(sentences))]
    everything = Counter(word for sentence in sentences for word in sentence)
    in_order = sorted(everything.items(), key=lambda item: -item[1])
    ranked = [(word, n) for word, n in in_order if n >= max(min_count, 1)][:max_vocab]
    id_of = {word: id for id, (word, _) in enumerate(ranked)}
    ids: dict[bool, list[int]] = {False: [], True: []}
    for sentence, is_held in zip(sentences, held, strict=True):
        known = [id_of[word] for word in sentence if word in id_of]
        ids[is_held] += [*known, LINE_END] if known else []
    return Expected(
        words=[word for word, _ in ranked],
        counts=[n for _, n in ranked],
        ids=ids[False],
        tokens=everything.total(),
        lines=sum(file.count(b"\n") + (not file.endswith(b"\n") and file != b"") for file in files),
        invalid_utf8=sum(n for word, n in everything.items() if not is_utf8(word)),
        held_out=ids[True],
        held_out_tokens=sum(len(s) for s, is_held in zip(sentences, held, strict=True) if is_held),
    )


def read_pieces(
    files: Sequence[Sequence[bytes]],
    min_count: int = 1,
    max_vocab: int | None = None,
    held_out: float = 0.0,
) -> Expected:
    """Read files that come in pieces, by the native reader."""
    reader = _core.TextReader()
    for pieces in files:
        for piece in pieces:
            reader.feed(np.frombuffer(piece, np.uint8))
        reader.end_file()
    tokens, lines, invalid_utf8 = reader.tokens, reader.lines, reader.invalid_utf8_tokens
    spelled, offsets, counts, ids, held_ids, held_counts, held_tokens = reader.finish(
        min_count, max_vocab or 0, held_out
    )
    assert np.array_equal(held_counts, np.bincount(held_ids[held_ids >= 0], minlength=len(counts)))
    ends = offsets.tolist()
    return Expected(
        words=[spelled[begin:end] for begin, end in pairwise(ends)],
        counts=counts.tolist(),
        ids=ids.tolist(),
        tokens=tokens,
        lines=lines,
        invalid_utf8=invalid_utf8,
        held_out=held_ids.tolist(),
        held_out_tokens=held_tokens,
    )


def as_expected(corpus: Corpus) -> Expected:
    return Expected(
        [word.encode("utf-8", "surrogateescape") for word in corpus.vocabulary.words],
        corpus.vocabulary.counts.tolist(),
        corpus.ids.tolist(),
        corpus.tokens,
        corpus.lines,
        corpus.invalid_utf8,
        corpus.held_out.tolist(),
        corpus.held_out_tokens,
    )


def written(folder: Path, *contents: bytes) -> list[Path]:
    paths = [folder / f"{i}.txt" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def read_file(folder: Path, content: bytes, **limits: Any) -> Corpus:
    (path,) = written(folder, content)
    return read_corpus(path, **limits)


# -------------------------------------------------------------------------- against the slow reader

WHITE_SPACE = [b" ", b"\n", b"\t", b"\r", b"\v", b"\f"]
SOME_WORDS = [b"a", b"b", b"aa", b"the", b"w" * 7, b"w" * 8, b"w" * 9, b"x" * 63, b"x" * 64]
SOME_BYTES = [
    b"\x00",
    b"\x08",
    b"\x0e",
    b"\x1f",
    b"\x7f",
    b"\x85",
    b"\xa0",
    b"\xff",
    b"\xef\xbb\xbf",
]
TEXTS = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from([*WHITE_SPACE, *SOME_WORDS, *SOME_BYTES]), max_size=80).map(b"".join),
    st.text(max_size=200).map(lambda s: s.encode("utf-8", "surrogatepass")),
)


@st.composite
def texts_in_pieces(draw: st.DrawFn) -> list[list[bytes]]:
    files = []
    for content in draw(st.lists(TEXTS, max_size=3)):
        cuts = sorted(draw(st.lists(st.integers(0, len(content)), max_size=8)))
        edges = [0, *cuts, len(content)]
        files.append([content[a:b] for a, b in pairwise(edges)])
    return files


@given(
    files=texts_in_pieces(),
    min_count=st.integers(0, 4),
    max_vocab=st.one_of(st.none(), st.integers(1, 5)),
    held_out=st.one_of(st.just(0.0), st.floats(0, 1, exclude_max=True)),
)
@settings(max_examples=500, deadline=None)
def test_any_bytes_cut_anywhere_are_read_as_python_splits_them(
    files: list[list[bytes]], min_count: int, max_vocab: int | None, held_out: float
) -> None:
    limits: dict[str, Any] = {"min_count": min_count, "max_vocab": max_vocab, "held_out": held_out}
    assert read_pieces(files, **limits) == expected(*map(b"".join, files), **limits)


@pytest.mark.parametrize("length", [1, 2, 3, 62, 63, 64, 65, 66, 127, 128, 129, 200])
def test_words_of_any_length_at_any_offset_are_read_whole(length: int) -> None:
    for offset in range(70):
        content = b"y" * offset + b" " + b"x" * length + b"\nend"
        assert read_pieces([[content]]) == expected(content)


@given(word=st.binary(min_size=1, max_size=6).filter(lambda w: len(w.split()) == 1))
@settings(max_examples=300, deadline=None)
def test_what_is_utf8_is_what_python_decodes(word: bytes) -> None:
    content = b"ok " + b" ".join([word.strip()] * 3)
    assert read_pieces([[content]]).invalid_utf8 == (0 if is_utf8(word) else 3)


@pytest.mark.parametrize(
    ("word", "valid"),
    [
        (b"\x7f", True),
        (b"\xc2\x80", True),
        (b"\xdf\xbf", True),
        (b"\xe0\xa0\x80", True),
        (b"\xed\x9f\xbf", True),
        (b"\xee\x80\x80", True),
        (b"\xef\xbf\xbf", True),
        (b"\xf0\x90\x80\x80", True),
        (b"\xf4\x8f\xbf\xbf", True),
        (b"\x80", False),  # no beginning
        (b"\xc0\xaf", False),  # overlong
        (b"\xc1\xbf", False),
        (b"\xe0\x9f\xbf", False),
        (b"\xf0\x8f\xbf\xbf", False),
        (b"\xed\xa0\x80", False),  # a surrogate
        (b"\xed\xbf\xbf", False),
        (b"\xf4\x90\x80\x80", False),  # beyond U+10FFFF
        (b"\xf5\x80\x80\x80", False),
        (b"\xff", False),
        (b"\xc3", False),  # cut short
        (b"\xe4\xb8", False),
        (b"\xf0\x9f\x98", False),
        (b"\xc3a", False),
        (b"a\xe4\xb8a", False),
        (b"\xc3\xa9\x80", False),  # too long
    ],
)
def test_the_edges_of_utf8_are_known(word: bytes, valid: bool) -> None:
    assert is_utf8(word) is valid
    assert read_pieces([[b"a " + word]]).invalid_utf8 == (not valid)


def test_three_hundred_thousand_distinct_words_are_kept_apart() -> None:
    content = b" ".join(b"%x" % (i * 2654435761 % 2**40) for i in range(300_000)) + b" 0 0"
    found, wanted = read_pieces([[content]]), expected(content)
    assert found == wanted
    assert len(found.words) == 300_000


def test_a_reader_that_is_finished_is_empty() -> None:
    reader = _core.TextReader()
    reader.add_line(["a", "b"])
    reader.finish(1, 0, 0.0)
    counters = (reader.tokens, reader.lines, reader.lines_with_words, reader.types)
    assert counters == (0, 0, 0, 0)
    reader.add_line(["c"])
    spelled, _, counts, ids, *_ = reader.finish(1, 0, 0.0)
    assert (spelled, counts.tolist(), ids.tolist()) == (b"c", [1], [0, LINE_END])


# -------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "content",
    [
        b"one line\n",
        b"no final newline\nthe end",
        b"crlf\r\nand crlf\r\n",
        b"\r\n\r\na\r\n\r\n",
        b"\n\n\nempty lines\n\n\n",
        b"  leading and trailing \n\t tabs\t\n ",
        b"all\vkinds\fof\twhite\rspace\n",
        "non\u00a0breaking\u3000wide\u2028and\u0085next are word bytes\n".encode(),
        "한국어 서울 naïve 😀\n".encode(),
        b"invalid \xff\xfe bytes \xff\xfe\n",
        b"x\n" * 1000,
        b"word",
    ],
)
@pytest.mark.parametrize("piece", [3, 1 << 22])
@pytest.mark.filterwarnings("ignore::wordkin.CorpusWarning")
def test_a_file_is_read_as_python_splits_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, piece: int
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", piece)
    assert as_expected(read_file(tmp_path, content)) == expected(content)


def test_a_byte_order_mark_is_dropped_at_the_beginning_of_each_file_alone(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    paths = written(tmp_path, mark + b"a b\n", mark + b"a " + mark + b"c\n" + mark + b"d")
    assert as_expected(read_corpus(paths)) == expected(
        b"a b\n", b"a " + mark + b"c\n" + mark + b"d"
    )


def test_a_file_of_a_byte_order_mark_is_empty(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="empty"):
        read_file(tmp_path, b"\xef\xbb\xbf")


def test_a_line_and_a_word_end_with_their_file(tmp_path: Path) -> None:
    corpus = read_corpus(written(tmp_path, b"a b", b"", b"a", b"\n", b"b a"))
    assert as_expected(corpus) == expected(b"a b", b"", b"a", b"\n", b"b a")
    assert corpus.ids.tolist() == [0, 1, LINE_END, 0, LINE_END, 1, 0, LINE_END]
    assert corpus.lines == 4


def test_words_of_a_megabyte_and_longer_than_a_piece_are_words(tmp_path: Path) -> None:
    long = [bytes([letter]) * 1_000_000 for letter in b"abc"]
    longer = b"x" * (2 * files_module._PIECE + 7)
    content = b" ".join([*long, b"short", longer, *long[:2]]) + b"\n" + longer
    assert as_expected(read_file(tmp_path, content)) == expected(content)


def test_a_text_longer_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    content = b"".join(b"%d words and %d\n" % (i % 5000, i % 7) for i in range(350_000))
    assert len(content) > files_module._PIECE
    assert as_expected(read_file(tmp_path, content)) == expected(content)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstd.compress),
    ],
)
def test_compressed_files_are_unpacked(tmp_path: Path, suffix: str, compress: Any) -> None:
    content = b"\xef\xbb\xbfa b\nb c " * 1000
    path = tmp_path / f"text{suffix}"
    path.write_bytes(compress(content))
    assert as_expected(read_corpus(path)) == expected(content[3:])

    path.write_bytes(compress(content) + compress(b"more"))  # as `cat` joins them
    assert as_expected(read_corpus(str(path))) == expected(content[3:] + b"more")


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstd.compress),
    ],
)
def test_a_damaged_compressed_file_is_named(tmp_path: Path, suffix: str, compress: Any) -> None:
    rng = np.random.default_rng(1)
    whole = compress(b" ".join(b"%d" % x for x in rng.integers(0, 1000, 5000)))
    half = len(whole) // 2
    flipped = bytearray(whole)
    flipped[half : half + 50] = bytes(255 - x for x in flipped[half : half + 50])
    damaged = [whole[:half], whole[:-1], bytes(flipped), b"a plain text", whole[1:]]
    damaged.append(whole[:10] + b"\xff" * 100)
    for content in damaged:
        path = tmp_path / f"text{suffix}"
        path.write_bytes(content)
        with pytest.raises(CorpusError, match=f"unpacked .*text{suffix}"):
            read_corpus(path)


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"\xef\xbb\xbfa b\na"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert as_expected(read_corpus("-")) == expected(content[3:])


def test_a_pipe_is_read_once_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = b"some words\n" * 100_000
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    corpus = read_corpus(path)
    writer.join()
    assert as_expected(corpus) == expected(content)


def test_an_empty_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=f"there is no file in the folder: {tmp_path}$"):
        read_corpus(tmp_path)


def test_a_missing_file_is_named_before_any_is_read(tmp_path: Path) -> None:
    listener = Listener()
    paths = [*written(tmp_path, b"a b\n"), tmp_path / "nowhere.txt"]
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        read_corpus(paths, progress=listener)
    assert not listener.heard


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (path,) = written(tmp_path, b"a b\n")
    path.chmod(0)
    with pytest.raises(PermissionError, match=r"0\.txt"):
        read_corpus(path)


@pytest.mark.parametrize("content", [b"", b"\n", b" \t\r\n\v\f" * 100])
def test_a_text_without_a_word_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CorpusError, match="empty: it has no word"):
        read_file(tmp_path, content)


@pytest.mark.parametrize("piece", [4, 1 << 22])
@pytest.mark.parametrize(
    ("content", "offset"), [(b"\0", "0"), (b"a b\0c", "3"), (b"word " * 1000 + b"\0", "5,000")]
)
def test_a_binary_file_is_refused_with_the_place_of_its_nul(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, offset: str, piece: int
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", piece)
    for mark in (b"", b"\xef\xbb\xbf") if offset == "5,000" else (b"",):
        place = "5,003" if mark else offset
        with pytest.raises(CorpusError, match=rf"byte {place} is NUL .*0\.txt"):
            read_file(tmp_path, mark + content)


def test_utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="UTF-16"):
        read_file(tmp_path, "plain words".encode("utf-16"))


class Listener(Progress):
    """Records the calls."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int | None, str]] = []

    def reading(self, done: int, total: int | None, unit: str) -> None:
        self.heard.append((done, total, unit))


def test_progress_receives_all_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "_PIECE", 1000)
    listener = Listener()
    read_corpus(written(tmp_path, b"word " * 600, b"x " * 400), progress=listener)
    assert listener.heard == [(n, 3800, "bytes") for n in (1000, 2000, 3000, 3800)]


# ------------------------------------------------------------------------------- iterables of words


def test_lists_of_words_are_read_as_the_lines_of_a_file(tmp_path: Path) -> None:
    content = b"a rose is\n\na rose\nis a rose\n"
    sentences = [line.split() for line in content.decode().splitlines()]
    wanted = as_expected(read_file(tmp_path, content))
    forms: list[Any] = [
        sentences,
        tuple(map(tuple, sentences)),
        iter(sentences),
        (words for words in sentences),
        (iter(words) for words in sentences),
        np.array([[], *sentences], dtype=object)[1:],
    ]
    for form in forms:
        assert as_expected(read_corpus(form)) == wanted


def test_a_generator_of_paths_is_read(tmp_path: Path) -> None:
    paths = written(tmp_path, b"a b\n", b"c a\n")
    assert as_expected(read_corpus(str(path) for path in paths)) == expected(b"a b\n", b"c a\n")


def test_words_of_a_list_are_kept_as_they_are() -> None:
    sentence = ["new_york", "nul\0", "é", "\udcff", "한국어", "\ufeff"]
    corpus = read_corpus([sentence, sentence])
    assert corpus.vocabulary.words == sentence
    assert corpus.vocabulary.counts.tolist() == [2] * 6
    assert corpus.ids.tolist().count(LINE_END) == corpus.lines == 2
    assert corpus.invalid_utf8 == 2


def test_words_as_they_were_read_from_a_file_are_the_same_words(tmp_path: Path) -> None:
    corpus = read_file(tmp_path, b"caf\xe9 caf\xc3\xa9 \xff\n")
    again = read_corpus([corpus.vocabulary.words])
    assert as_expected(again) == as_expected(corpus)


def test_a_surrogate_that_stands_for_no_byte_is_refused() -> None:
    with pytest.raises(CorpusError, match="word 1 of sentence 1 cannot be encoded"):
        read_corpus([["fine"], ["bad", "\ud800"]])


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ([["a"], "a b c"], "sentence 1 must be a list of words, got str"),
        ([b"a b c"], "sentence 0 must be a list of words, got bytes"),
        ([["a"], ["b", 3]], r"word 1 of sentence 1 must be a str, got int 3: .*map\(str"),
        ([["a"], [b"b"]], "word 0 of sentence 1 must be a str, got bytes b'b': decode"),
        ([["a"], 7], "sentence 1 must be a list of words, got int"),
        ([None], "sentence 0 must be a list of words, got NoneType"),
        (42, "got int"),
        (None, "got NoneType"),
        ([], "no file and no sentence"),
        (iter(()), "no file and no sentence"),
        ([[], []], "it has no word"),
    ],
)
def test_what_is_no_list_of_words_is_refused_by_its_place(corpus: Any, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read_corpus(corpus)


def test_a_list_of_words_among_paths_is_refused(tmp_path: Path) -> None:
    mixed: Any = [*written(tmp_path, b"a\n"), ["a", "b"]]
    with pytest.raises(CorpusError, match=r"item 1 must be a path .*got list"):
        read_corpus(mixed)


def test_a_list_of_strings_is_taken_for_paths() -> None:
    with pytest.raises(FileNotFoundError, match=r"these\.txt"):
        read_corpus(["these.txt", "are.txt", "paths.txt"])


def test_an_error_of_an_iterable_is_its_own() -> None:
    def sentences() -> Iterator[list[str]]:
        yield ["a"]
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError, match="the database is gone"):
        read_corpus(sentences())


# ----------------------------------------------------------------------------------- the vocabulary


def test_words_are_ordered_by_frequency_and_then_by_first_appearance() -> None:
    corpus = read_corpus([["d", "c", "b", "a"], ["a", "b", "e"]])
    assert corpus.vocabulary.words == ["b", "a", "d", "c", "e"]
    assert corpus.vocabulary.counts.tolist() == [2, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"min_count": 2}, ["a", "b", "c"]),
        ({"max_vocab": 2}, ["a", "b"]),
        ({"min_count": 3, "max_vocab": 5}, ["a", "b"]),
        ({"min_count": 1, "max_vocab": 100}, ["a", "b", "c", "d"]),
    ],
)
def test_every_token_is_in_the_vocabulary_or_counted_out_of_it(
    limits: dict[str, Any], words: list[str]
) -> None:
    corpus = read_corpus(
        [["a", "b", "c", "d"], ["a", "b", "c"], ["a", "b"], ["a"], ["d2"]], **limits
    )
    if "d2" in corpus.vocabulary.words:
        words = [*words, "d2"]
    assert corpus.vocabulary.words == words
    inside = np.count_nonzero(corpus.ids != LINE_END)
    assert inside == corpus.vocabulary.counts.sum()
    assert corpus.tokens == 11
    assert corpus.out_of_vocabulary == 11 - inside


def test_lines_left_without_a_word_leave_no_line_end() -> None:
    corpus = read_corpus([["x"], ["a", "a"], ["y"], [], ["z"], ["a"], ["w"]], min_count=2)
    assert corpus.ids.tolist() == [0, 0, LINE_END, 0, LINE_END]
    assert corpus.lines == 7


def test_nothing_above_min_count_is_refused_with_the_numbers() -> None:
    with pytest.raises(CorpusError, match=r"none of the 1,200 .*min_count = 7 times"):
        read_corpus([[str(i) for i in range(1200)]] * 6, min_count=7)


# ------------------------------------------------------------------------------- lines held out


def numbered(lines: int, words_between: int = 7) -> bytes:
    """Lines that begin with their number, and have words that all lines share."""
    return b"".join(
        b"line%d %d %d%s\n" % (i, i % words_between, i % 3, b"\n \n" * (i % 5 == 0))
        for i in range(lines)
    )


@pytest.mark.parametrize("held_out", [0.0, 1e-9, 0.01, 0.3, 0.9, 0.99])
@pytest.mark.parametrize("limits", [{}, {"min_count": 0}, {"min_count": 3, "max_vocab": 4}])
def test_lines_are_held_out_and_words_counted_as_python_does(
    tmp_path: Path, held_out: float, limits: dict[str, Any]
) -> None:
    content = numbered(1500)
    corpus = read_file(tmp_path, content, held_out=held_out, **limits)
    assert as_expected(corpus) == expected(content, held_out=held_out, **limits)
    assert corpus.held_out.dtype == np.int32
    inside = corpus.trained_counts.sum()
    assert inside == np.count_nonzero(corpus.ids != LINE_END)
    assert corpus.vocabulary.counts.min() >= max(1, limits.get("min_count", 1))
    assert corpus.tokens == corpus.held_out_tokens + inside + corpus.out_of_vocabulary


def parted(lines: int, share: float) -> tuple[list[int], list[int]]:
    """Numbers of the lines trained on and held out; each line spells its own in three words."""
    content = b"".join(b"%d %d %d\n" % (i % 20, i // 20 % 20, i // 400) for i in range(lines))
    found = read_pieces([[content]], held_out=share)

    def numbers(ids: list[int]) -> list[int]:
        rows = np.array(ids, int).reshape(-1, 4)
        assert (rows[:, 3] == LINE_END).all()
        words = np.array([*map(int, found.words)])[rows[:, :3]]
        spelled: list[int] = (words @ [1, 20, 400]).tolist()
        return spelled

    held = numbers(found.held_out)
    assert found.held_out_tokens == 3 * len(held)
    return numbers(found.ids), held


def test_every_line_is_trained_on_or_held_out_whole_and_in_its_order() -> None:
    trained, held = parted(5000, 0.3)
    assert trained == sorted(trained)
    assert held == sorted(held)
    assert sorted(trained + held) == list(range(5000))
    assert abs(len(held) / 5000 - 0.3) < 4 * (0.3 * 0.7 / 5000) ** 0.5


def test_lines_of_a_smaller_share_are_among_those_of_a_larger_one() -> None:
    held = [set(parted(5000, share)[1]) for share in (0.0, 0.01, 0.05, 0.3)]
    assert held[0] == set()
    assert held[0] < held[1] < held[2] < held[3]


def test_the_lines_of_a_text_that_grows_stay_where_they_are() -> None:
    trained, held = parted(5000, 0.2)
    assert parted(4000, 0.2) == ([i for i in trained if i < 4000], [i for i in held if i < 4000])


def test_which_lines_are_held_out_does_not_hang_on_the_vocabulary() -> None:
    content = b"".join(b"all line%d\n" % i for i in range(2000)) * 2
    found = [read_pieces([[content]], min_count, held_out=0.1) for min_count in (1, 2, 3)]
    lines = found[0].held_out_tokens // 2
    assert [reading.held_out_tokens for reading in found] == [2 * lines] * 3
    assert [reading.held_out.count(LINE_END) for reading in found] == [lines] * 3
    assert found[2].words == [b"all"]
    assert found[2].held_out == [0, LINE_END] * lines


def test_a_word_of_lines_held_out_alone_is_in_the_vocabulary() -> None:
    content = b"".join(b"all line%d\n" % i for i in range(1000))
    for min_count in (0, 1):
        found = read_pieces([[content]], min_count, held_out=0.5)
        held = [i for i in range(1000) if is_held_out(i, 0.5)]
        assert found.words == [b"all", *(b"line%d" % i for i in range(1000))]
        assert found.counts == [1000] + [1] * 1000
        assert found.held_out == [id for i in held for id in (0, 1 + i, LINE_END)]
        assert found.held_out_tokens == 2 * len(held)


def test_the_same_lines_are_held_out_however_the_text_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = numbered(1200)
    half = content.index(b"line600 ")
    wanted = expected(content, held_out=0.2)
    assert wanted.held_out_tokens

    def as_read(text: Any) -> Expected:
        return as_expected(read_corpus(text, held_out=0.2))

    assert as_read(line.split() for line in content.decode().splitlines()) == wanted
    assert as_read(written(tmp_path, content[:half], content[half:])) == wanted
    monkeypatch.setattr(files_module, "_PIECE", 5)
    assert as_read(written(tmp_path, content)) == wanted


def test_of_fewer_than_a_thousand_lines_none_is_held_out(tmp_path: Path) -> None:
    short, enough = b"a b\n\n" * 999, b"a b\n\n" * 1000
    assert as_expected(read_file(tmp_path, short, held_out=0.3)) == expected(short)
    assert as_expected(read_file(tmp_path, enough, held_out=0.3)) == expected(enough, held_out=0.3)
    one_line = b"a b " * 10_000
    assert read_file(tmp_path, one_line, held_out=0.99).held_out_tokens == 0


def test_what_is_no_share_of_lines_is_refused() -> None:
    for share in (-0.1, 1.0, 7.0, float("nan")):
        with pytest.raises(ValueError, match="held_out must be at least 0 and below 1, got"):
            read_corpus([["a"]], held_out=share)
        reader = _core.TextReader()
        reader.add_line(["a"])
        with pytest.raises(ValueError, match="held_out must be at least 0 and below 1, got"):
            reader.finish(1, 0, share)
        assert reader.tokens == 1


def test_held_out_lines_count_for_min_count() -> None:
    sentences = [["a", str(i)] for i in range(1200)]
    assert read_corpus(sentences, min_count=1200, held_out=0.1).vocabulary.words == ["a"]
    with pytest.raises(CorpusError, match=r"none of the 1,201 .*min_count = 1201 times"):
        read_corpus(sentences, min_count=1201, held_out=0.1)


@pytest.mark.parametrize("min_count", [0, 1, 5])
def test_a_text_of_which_every_line_is_held_out_is_refused(min_count: int) -> None:
    share = 1 - 1e-12
    assert all(is_held_out(i, share) for i in range(1000))
    with pytest.raises(CorpusError, match="all lines with words are held out: lower held_out"):
        read_corpus([["a", "b"]] * 1000, min_count=min_count, held_out=share)


# -------------------------------------------------------------------------------- the fingerprint


def fingerprint(content: bytes) -> Fingerprint:
    return Fingerprint(len(content), hashlib.sha256(content).hexdigest())


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "contents",
    [
        [b"a b\n"],
        [b"no newline at its end"],
        [b"crlf\r\n\r\n \t spaces  \n"],
        [b"invalid \xff\xfe bytes\n"],
        ["한국어 naïve 😀\n".encode()],
        [MARK + b"a b\n", b"", b"c" + MARK, MARK + b"d"],
        [b"a", b"b", b"\n\n"],
    ],
)
@pytest.mark.parametrize("piece", [3, 1 << 22])
def test_the_fingerprint_is_of_all_bytes_of_the_files_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: list[bytes], piece: int
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", piece)
    corpus = read_corpus(written(tmp_path, *contents))
    assert corpus.fingerprint == fingerprint(b"".join(contents))


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstd.compress),
    ],
)
def test_the_fingerprint_is_of_what_a_compressed_file_holds(
    tmp_path: Path, suffix: str, compress: Any
) -> None:
    content = MARK + b"a b\nb c " * 1000
    path = tmp_path / f"text{suffix}"
    path.write_bytes(compress(content))
    (plain,) = written(tmp_path, content)
    assert read_corpus(path).fingerprint == fingerprint(content)
    assert read_corpus([path, plain, path]).fingerprint == fingerprint(3 * content)


def test_the_fingerprint_of_standard_input_is_of_what_came(monkeypatch: pytest.MonkeyPatch) -> None:
    content = MARK + b"a b\n\na"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert read_corpus("-").fingerprint == fingerprint(content)


def test_the_fingerprint_knows_nothing_of_limits_and_lines_held_out() -> None:
    sentences = [["a", "b"], ["a"]] * 1000
    wanted = fingerprint(b"a b\na\n" * 1000)
    assert read_corpus(sentences).fingerprint == wanted
    assert read_corpus(sentences, max_vocab=1, held_out=0.3).fingerprint == wanted


WORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), min_size=1, max_size=9
)
SENTENCES = st.lists(st.lists(WORDS), min_size=1)


@pytest.mark.filterwarnings("ignore::wordkin.CorpusWarning")
@given(sentences=SENTENCES.filter(any))
@settings(max_examples=200, deadline=None)
def test_the_fingerprint_of_sentences_is_that_of_a_file_of_them(sentences: list[list[str]]) -> None:
    wanted = fingerprint("".join(" ".join(words) + "\n" for words in sentences).encode())
    forms: list[Any] = [
        sentences,
        (tuple(words) for words in sentences),
        (iter(words) for words in sentences),
    ]
    for form in forms:
        assert read_corpus(form).fingerprint == wanted


def test_sentences_and_a_file_of_them_have_one_fingerprint(tmp_path: Path) -> None:
    content = b"caf\xe9 caf\xc3\xa9 \xff\n\n\xc3 \xa9\n" + b"word " * 9999 + b"word\n"
    decoded = content.decode("utf-8", "surrogateescape")
    sentences = [line.split() for line in decoded.split("\n")[:-1]]
    from_file = read_file(tmp_path, content)
    assert from_file.fingerprint == fingerprint(content)
    assert read_corpus(sentences).fingerprint == from_file.fingerprint


def test_a_list_that_is_filled_anew_for_each_sentence_is_read_as_it_was() -> None:
    def sentences() -> Iterator[list[str]]:
        words: list[str] = []
        for word in "abc":
            words[:] = [word, "and"]
            yield words

    assert read_corpus(sentences()).fingerprint == fingerprint(b"a and\nb and\nc and\n")
