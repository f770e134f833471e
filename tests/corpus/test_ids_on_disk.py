"""A text whose ids would not fit in memory is read and trained on as one that fits."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.commands import fails, run
from wordkin.corpus import files as files_module
from wordkin.corpus import ids_on_disk, pieces
from wordkin.corpus.encoded import LINE_END, Corpus
from wordkin.corpus.reading import read_corpus
from wordkin.system.errors import CorpusError, SettingsError
from wordkin.system.mapping import drop_before, map_array
from wordkin.training.model import Word2Vec

THREADS = [1, 2, 3, 8]
LINES = [b"line%d %d %d\n" % (i, i % 7, i % 3) for i in range(1500)]
TEXT = b"".join(LINES)
MEMORY = 2000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pieces, so that little memory is too little for this text."""
    monkeypatch.setattr(files_module, "_PIECE", 1000)
    monkeypatch.setattr(ids_on_disk, "_BLOCK", 100)


def facts(corpus: Corpus) -> list[Any]:
    return [
        corpus.vocabulary.words,
        corpus.vocabulary.counts.tolist(),
        corpus.ids.tolist(),
        corpus.held_out.tolist(),
        corpus.held_out_counts.tolist(),
        (corpus.tokens, corpus.lines, corpus.held_out_tokens, corpus.piece),
        corpus.fingerprint,
    ]


def forms(folder: Path) -> dict[str, Any]:
    """The text as a file, packed files and, many times, lists; and one on one line."""
    (folder / "text.txt").write_bytes(TEXT)
    halves = TEXT[:20_000], TEXT[20_000:]
    packed = [folder / f"{i}.gz" for i in range(2)]
    for path, half in zip(packed, halves, strict=True):
        path.write_bytes(gzip.compress(half))
    (folder / "line.txt").write_bytes(TEXT.replace(b"\n", b" ") * 20)
    return {
        "a file": folder / "text.txt",
        "packed files": packed,
        "lists": (line.decode().split() for line in LINES * 60),
        "one line": folder / "line.txt",
    }


@pytest.mark.parametrize(
    ("form", "threads"),
    [
        *(("a file", threads) for threads in THREADS),
        ("packed files", 2),
        ("packed files", 8),
        ("lists", 1),
        ("one line", 1),
        ("one line", 3),
    ],
)
def test_ids_in_a_file_are_those_in_memory(tmp_path: Path, form: str, threads: int) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    limits: dict[str, Any] = {"min_count": 2, "held_out": 0.1, "window": 5, "threads": threads}
    wanted = read_corpus(forms(tmp_path)[form], **limits)
    assert not isinstance(wanted.ids, np.memmap)
    found = read_corpus(forms(tmp_path)[form], memory=MEMORY, folder=scratch, **limits)
    assert isinstance(found.ids, np.memmap)
    assert facts(found) == facts(wanted)
    assert not list(scratch.iterdir())


def test_a_text_that_fits_stays_in_memory_and_opens_no_file(tmp_path: Path) -> None:
    path = forms(tmp_path)["a file"]
    found = read_corpus(path, memory=1 << 20, folder=tmp_path / "nowhere")
    assert not isinstance(found.ids, np.memmap)


def test_too_little_memory_for_a_piece_is_refused(tmp_path: Path) -> None:
    path = forms(tmp_path)["a file"]
    message = r"memory must be at least .* with 8 threads, got .*: give more, or set fewer threads"
    with pytest.raises(SettingsError, match=message):
        read_corpus(path, memory=800, threads=8)
    with pytest.raises(SettingsError, match=message):
        Word2Vec(min_count=1, threads=8).fit(path, memory=800)
    for memory in (0, -1, 1.5, "2 GB"):
        with pytest.raises(SettingsError, match="memory must be a number of bytes, at least 1"):
            Word2Vec(min_count=1).fit(path, memory=memory)  # type: ignore[arg-type]


@pytest.mark.parametrize(("form", "threads"), [("a file", 1), ("packed files", 3), ("lists", 1)])
@pytest.mark.parametrize("full", [0, 1])
def test_a_full_disk_is_said_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, threads: int, full: int
) -> None:
    text, scratch = forms(tmp_path)[form], tmp_path / "scratch"
    scratch.mkdir()
    temporary, number = tempfile.TemporaryFile, iter(range(9))

    def open_some(**options: Any) -> Any:
        return open("/dev/full", "r+b", 0) if next(number) == full else temporary(**options)

    monkeypatch.setattr(tempfile, "TemporaryFile", open_some)
    with pytest.raises(OSError, match="cannot write the ids: No space left on device") as caught:
        read_corpus(text, memory=MEMORY, folder=scratch, threads=threads)
    assert caught.value.filename == str(scratch)
    assert not list(scratch.iterdir())


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    path = forms(tmp_path)["a file"]
    with pytest.raises(FileNotFoundError, match=r"cannot write the ids: .*nowhere"):
        read_corpus(path, memory=MEMORY, folder=tmp_path / "nowhere")


def test_without_a_folder_for_files_a_text_of_unknown_size_is_read(tmp_path: Path) -> None:
    packed = forms(tmp_path)["packed files"]
    found = read_corpus(packed, folder=tmp_path / "nowhere")  # nothing says how little memory
    assert not isinstance(found.ids, np.memmap)
    assert found.lines == 1500


def test_an_error_of_the_text_leaves_nothing(tmp_path: Path) -> None:
    path, scratch = forms(tmp_path)["a file"], tmp_path / "scratch"
    scratch.mkdir()
    with path.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(CorpusError, match="is NUL"):
        read_corpus(path, memory=MEMORY, folder=scratch, threads=3)
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("engine", ["stochastic", "exact"])
@pytest.mark.parametrize("window", [3, "line"])
def test_a_model_is_the_same_with_little_memory(
    tmp_path: Path, engine: str, window: int | str
) -> None:
    path = forms(tmp_path)["a file"]
    settings: dict[str, Any] = {"engine": engine, "dim": 4, "min_count": 3, "window": window}
    models = [
        Word2Vec(threads=threads, **settings).fit(path, memory=memory)
        for threads, memory in ((2, None), (2, MEMORY), (1, MEMORY))
    ]
    assert len({model.sha256 for model in models}) == 1


def test_a_run_with_little_memory_is_resumed(tmp_path: Path) -> None:
    path = forms(tmp_path)["a file"]
    settings: dict[str, Any] = {"dim": 4, "min_count": 3, "threads": 2, "epochs": 3}
    wanted = Word2Vec(**settings).fit(path).sha256

    def stop(moment: Any) -> bool:
        if moment.number == 2:
            raise KeyboardInterrupt
        return False

    options: Any = {"checkpoint": tmp_path / "kept", "every": 0.0, "memory": MEMORY}
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(**settings).fit(path, callback=stop, **options)
    assert Word2Vec(**settings).fit(path, resume=True, **options).sha256 == wanted


def test_the_command_takes_memory_in_gigabytes(tmp_path: Path) -> None:
    path = forms(tmp_path)["a file"]
    options = ("--dim", 2, "--min-count", 3, "--quiet", "--json", "-o", tmp_path / "m.safetensors")
    wanted = run("train", path, *options).json["sha256"]
    assert run("train", path, "--memory", 0.1, *options).json["sha256"] == wanted
    assert "memory must be at least" in fails("train", path, "--memory", 1e-7, *options, code=2)
    assert "number of GB above 0" in fails("train", path, "--memory", -1, *options, code=2)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 100])
def test_lines_are_measured_in_blocks(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(pieces, "_BLOCK", block)
    for lengths in ([], [1], [3, 1, 4, 1, 5], [0, 2, 0], [9]):
        for ended in (True, False):
            ids = [id for length in lengths for id in [*range(length), LINE_END]]
            if not ended:
                if not lengths or not lengths[-1]:
                    continue
                ids.pop()
            array = np.array(ids, np.int32)
            assert pieces.line_lengths(array).tolist() == lengths
            different, lines = pieces.length_counts(array)
            assert np.repeat(different, lines).tolist() == sorted(lengths)
            assert pieces.count_words(array) == sum(lengths)


def test_what_is_dropped_from_memory_is_read_again(tmp_path: Path) -> None:
    wanted = np.arange(100_000, dtype=np.int32)
    (tmp_path / "ids").write_bytes(wanted.tobytes())
    with (tmp_path / "ids").open("rb") as file:
        mapped = map_array(file, np.int32)
    for element in (0, 1, 50_000, 100_000):
        assert mapped.sum() == wanted.sum()
        drop_before(mapped, element)
        drop_before(mapped[10:], element)
        drop_before(wanted, element)
    assert np.array_equal(mapped, wanted)
