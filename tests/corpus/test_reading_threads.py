"""Any number of threads reads what one does, wherever pieces are cut and whoever takes them."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.zstandard import zstd
from wordkin import _core
from wordkin.corpus import files as files_module
from wordkin.corpus import packed as packed_module
from wordkin.corpus import reading_files
from wordkin.corpus.encoded import Corpus
from wordkin.corpus.reading import read_corpus
from wordkin.system.errors import CorpusError
from wordkin.system.progress import Progress

THREADS = [2, 3, 8]
MARK = b"\xef\xbb\xbf"


def facts(corpus: Corpus) -> dict[str, Any]:
    """All that was read."""
    return {
        "words": corpus.vocabulary.words,
        "counts": corpus.vocabulary.counts.tolist(),
        "ids": corpus.ids.tolist(),
        "held out": corpus.held_out.tolist(),
        "held-out counts": corpus.held_out_counts.tolist(),
        "totals": (corpus.tokens, corpus.lines, corpus.invalid_utf8, corpus.held_out_tokens),
        "piece": corpus.piece,
        "fingerprint": corpus.fingerprint,
    }


def written(folder: Path, *contents: bytes) -> list[Path]:
    paths = [folder / f"{i}.txt" for i in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


TEXTS: dict[str, list[bytes]] = {
    "words and lines": [b"one two three\nfour\n\nfive six\n" * 20],
    "no final newline": [b"a line\nand the end"],
    "crlf": [b"crlf\r\n\r\nand crlf\r\n" * 9],
    "multi-byte characters": ["한국어 서울 naïve 😀\u3000\n".encode() * 7],
    "invalid bytes": [b"a\xff\xfe \xc3 \xa9\n" * 5],
    "one line": [b"a b c d e f g " * 30],
    "one long word": [b"x" * 3000 + b" x " + b"x" * 3000],
    "empty files": [b"", b"a b\n", b"", b"", b"c"],
    "a word and a line end with their file": [b"a b", b"a", b"\n", b"b a", b" ", b"a\n\n\n", b"b"],
    "byte-order marks": [MARK + b"a b\n", b"", MARK, MARK + b"c" + MARK + b"d", b"\xef\xbb"],
    "white space of all kinds": [b"  a \n\t b\t\n \v\f\r\n\n   c", b"\n \n", b"d "],
    "lines of nothing": [b"\n" * 100 + b"a" + b"\n" * 100 + b" \n" * 100 + b"b"],
    "many lines": [b"".join(b"line%d %d %d\n" % (i, i % 7, i % 3) for i in range(1300))],
    "long lines": [b"".join(b"w%d " % (i * i % 97) for i in range(60_000)) + b"\nend"],
}


@pytest.mark.filterwarnings("ignore::wordkin.CorpusWarning")
@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("piece", [3, 5, 64, 1000])
@pytest.mark.parametrize("text", TEXTS)
def test_threads_read_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, piece: int, threads: int
) -> None:
    if len(TEXTS[text][0]) > 5000 * piece:
        piece *= 1000
    paths = written(tmp_path, *TEXTS[text])
    limits: dict[str, Any] = {"held_out": 0.2, "min_count": 1, "window": 3}
    wanted = facts(read_corpus(paths, **limits))
    monkeypatch.setattr(files_module, "_PIECE", piece)
    assert facts(read_corpus(paths, threads=threads, **limits)) == wanted


WHITE_SPACE = [b" ", b"\n", b"\t", b"\r\n", b"\n\n"]
SOME = [*WHITE_SPACE, b"a", b"b", b"aa", b"w" * 8, b"w" * 9, b"x" * 70, b"\xff", "서".encode()]
CONTENTS = st.lists(st.lists(st.sampled_from(SOME), max_size=60).map(b"".join), max_size=4)


@pytest.mark.filterwarnings("ignore::wordkin.CorpusWarning")
@given(
    contents=CONTENTS,
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=9),
    chance=st.randoms(),
    piece=st.integers(0, 9),
    min_count=st.integers(1, 2),
)
@settings(max_examples=200, deadline=None)
def test_parts_read_in_any_order_are_the_text(
    contents: list[bytes], sizes: list[int], chance: random.Random, piece: int, min_count: int
) -> None:
    one, many = _core.TextReader(), _core.TextReader(3)
    parts: list[tuple[int, bytes | None]] = []
    position = 0
    for content in contents:
        one.feed(np.frombuffer(content, np.uint8))
        one.end_file()
        at, cuts = 0, itertools.cycle(sizes)
        while at < len(content):
            part = content[at : at + next(cuts)]
            parts.append((position, part))
            at += len(part)
            position += len(part)
        parts.append((position, None))
        position += 1
    chance.shuffle(parts)
    for position, cut in parts:
        if cut is None:
            many.end_file(position)
        else:
            many.read(chance.randrange(3), position, np.frombuffer(cut, np.uint8))
    for fact in ("tokens", "lines", "lines_with_words", "types", "invalid_utf8_tokens"):
        assert getattr(one, fact) == getattr(many, fact)
    assert one.spaced_tokens(False) == many.spaced_tokens(False)
    found = [reader.finish(min_count, 0, 0.4, piece) for reader in (one, many)]
    for a, b in zip(*found, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("threads", THREADS)
def test_many_words_are_added_by_all_threads_at_once(tmp_path: Path, threads: int) -> None:
    rng = random.Random(1)
    words = [b"%x" % (i * 2654435761 % 2**48) for i in range(100_000)]
    contents = []
    for _ in range(4):
        rng.shuffle(words)
        contents.append(b"\n".join(b" ".join(words[i : i + 9]) for i in range(0, len(words), 9)))
    paths = written(tmp_path, *contents)
    wanted = facts(read_corpus(paths))
    assert len(wanted["words"]) == 100_000
    assert facts(read_corpus(paths, threads=threads)) == wanted


# ------------------------------------------------------------------------------------ packed files

PACK: list[tuple[str, Callable[[bytes], bytes]]] = [
    (".gz", gzip.compress),
    (".bz2", bz2.compress),
    (".xz", lzma.compress),
    (".zst", zstd.compress),
]


@pytest.mark.parametrize("ahead", [0, 1, 32])
@pytest.mark.parametrize("threads", THREADS)
def test_packed_files_are_read_several_at_a_time_in_the_order_of_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, ahead: int
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", 100)
    monkeypatch.setattr(reading_files, "_AHEAD", ahead)
    contents = [
        MARK * (i % 2) + b"w%d of %d\n" % (i, i % 5) * (i * 7 % 11 * 10) + b"end" for i in range(12)
    ]
    plain = written(tmp_path, *contents)
    paths = []
    for i, (path, content) in enumerate(zip(plain, contents, strict=True)):
        if i % 6 == 4:
            paths.append(path)
            continue
        suffix, pack = PACK[i % 4]
        paths.append(path.with_suffix(suffix))
        paths[-1].write_bytes(pack(content))
    wanted = facts(read_corpus(plain))
    assert facts(read_corpus(paths, threads=threads)) == wanted
    streams = [
        io.BytesIO(content) if i % 3 == 2 else paths[i] for i, content in enumerate(contents)
    ]
    assert facts(read_corpus(streams, threads=threads)) == wanted


def test_a_packed_file_that_was_cut_is_named(tmp_path: Path) -> None:
    content = b" ".join(b"%d" % i for i in range(50_000))
    for suffix, pack in PACK:
        path = tmp_path / f"text{suffix}"
        path.write_bytes(pack(content)[:-20])
        with pytest.raises(CorpusError, match=rf"cannot be unpacked \(.*text{suffix}$"):
            read_corpus(path, threads=2)


def test_zstandard_without_its_package_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "text.zst"
    path.write_bytes(zstd.compress(b"a b\n"))
    monkeypatch.setattr(packed_module, "_zstd", lambda: None)
    with pytest.raises(CorpusError, match=r"wordkin\[zstd\].*unpack it first.*text\.zst$"):
        read_corpus(path)


# ------------------------------------------------------------------------------------------- errors


class Calls(Progress):
    """Calls a function while reading."""

    def __init__(self, call: Callable[[int], None]) -> None:
        self.call = call

    def reading(self, done: int, total: int | None, unit: str) -> None:
        self.call(done)


def reading_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("reading")]


@pytest.mark.parametrize("threads", [1, *THREADS])
def test_of_several_errors_that_of_the_first_file_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", 1000)
    monkeypatch.setattr(files_module, "_HEAD", 100)
    text = b"some words of a line\n" * 500
    contents = [text, text + b"a\0b\0" + text, text, text]
    paths = []
    for i, content in enumerate(contents):
        paths.append(tmp_path / f"{i}.gz")
        paths[-1].write_bytes(gzip.compress(content))
    paths[3].write_bytes(gzip.compress(text)[:-5])
    with pytest.raises(CorpusError, match=r"not a text: byte 10,501 is NUL .*1\.gz$"):
        read_corpus(paths, threads=threads)
    with pytest.raises(CorpusError, match=r"cannot be unpacked .*3\.gz$"):
        read_corpus([paths[0], paths[2], paths[3]], threads=threads)
    plain = written(tmp_path, *contents)
    with pytest.raises(CorpusError, match=r"not a text: byte 10,501 is NUL .*1\.txt$"):
        read_corpus(plain, threads=threads)
    assert not reading_threads()


@pytest.mark.parametrize("threads", [1, *THREADS])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_reading_ends_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, error: type[BaseException]
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", 100)
    (path,) = written(tmp_path, b"some words\n" * 5000)

    def stop(done: int) -> None:
        raise error("stop")

    with pytest.raises(error, match="stop"):
        read_corpus(path, threads=threads, progress=Calls(stop))
    assert not reading_threads()


@pytest.mark.parametrize("threads", [1, *THREADS])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, pack: Any
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", 1000)
    (path,) = written(tmp_path, pack(b"some words\n" * 5000))
    new_buffer, times = files_module.new_buffer, itertools.count()

    def append_first() -> files_module.Piece:
        if next(times) == 0:
            with path.open("ab") as file:
                file.write(pack(b"more"))
        return new_buffer()

    monkeypatch.setattr(files_module, "new_buffer", append_first)
    with pytest.raises(CorpusError, match=r"the file changed while it was read: .*0\.txt$"):
        read_corpus(path, threads=threads)
    assert read_corpus(path, threads=threads).vocabulary.words == ["some", "words", "more"]


@pytest.mark.parametrize("threads", THREADS)
def test_pipes_and_open_files_are_read_by_the_calling_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", 1000)
    content = b"some words and more words\n" * 9_000
    wanted = facts(read_corpus(written(tmp_path, content)))
    caller = threading.get_ident()

    class Stream(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            assert threading.get_ident() == caller
            return super().readinto(buffer)

    assert facts(read_corpus(Stream(content), threads=threads)) == wanted
    assert facts(read_corpus(io.StringIO(content.decode()), threads=threads)) == wanted
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    assert facts(read_corpus(pipe, threads=threads)) == wanted
    writer.join()


@pytest.mark.parametrize("threads", [1, *THREADS])
def test_progress_ends_with_all_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(files_module, "_PIECE", 1000)
    heard: list[int] = []
    read_corpus(
        written(tmp_path, b"word " * 600, b"x " * 400),
        threads=threads,
        progress=Calls(heard.append),
    )
    assert heard == sorted(set(heard))
    assert heard[-1] == 3800
