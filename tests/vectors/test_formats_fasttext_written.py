"""Models of fastText that wordkin writes give its words their vectors, and unknown words theirs."""

from __future__ import annotations

import struct
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from wordkin._core import shared_ngrams

import wordkin
from support.commands import run
from support.samples import FASTTEXT
from support.strategies import any_words, files_up_to, same_folder
from wordkin import FormatError, FormatWarning, SubwordVectors, WordVectors
from wordkin.vectors import formats
from wordkin.vectors.formats import fasttext_written
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngram_sums import NgramRows, NgramSums
from wordkin.vectors.ngrams import Subwords, hash_bytes

WORDS = ["unhappy", "happily", "unready", "서울에서", "서울에는", "</s>", "New York", "caf\udce9s"]
OTHERS = ["happy", "unhappily", "서울에", "caf\udce9"]
RNG = np.random.default_rng(8)


def table(words: list[str] = WORDS, k: int = 5, least: int = 1) -> NgramRows:
    spelled = [word.encode("utf-8", "surrogateescape") for word in words]
    joined = np.frombuffer(b"".join(spelled), np.uint8)
    offsets = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
    ngrams, cuts, *_ = shared_ngrams(joined, offsets, 3, 6, least, 1 << 20)
    rows = RNG.normal(size=(len(cuts) - 1, k)).astype(np.float32)
    return NgramRows(np.frombuffer(ngrams, np.uint8), cuts, rows, 3, 6)


def summed(**change: Any) -> SubwordVectors:
    matrix = RNG.normal(size=(len(WORDS), 5))
    return SubwordVectors(
        WORDS, matrix, np.arange(len(WORDS))[::-1] + 1, NgramSums(table(), **change)
    )


def save(path: Path, vectors: WordVectors) -> list[str]:
    """Save vectors as a model of fastText; return the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        wordkin.save(path, vectors, format="fasttext")
    return [str(warning.message) for warning in caught]


def cosines(a: Any, b: Any) -> Any:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / lengths


def test_vectors_without_ngrams_come_back_exactly(tmp_path: Path) -> None:
    given = WordVectors(WORDS, RNG.normal(size=(len(WORDS), 3)), np.arange(len(WORDS)) + 2)
    assert save(tmp_path / "m.bin", given) == []
    assert wordkin.load(tmp_path / "m.bin") == given


def test_counts_that_are_not_known_are_1(tmp_path: Path) -> None:
    save(tmp_path / "m.bin", WordVectors(["a", "b"], np.eye(2)))
    found = wordkin.load(tmp_path / "m.bin")
    assert found.counts is not None
    assert found.counts.tolist() == [1, 1]


@same_folder
@given(words=any_words)
def test_words_of_any_bytes_but_zero_come_back(tmp_path: Path, words: list[str]) -> None:
    words = [word for word in words if "\0" not in word]
    given = VectorFile(words, np.arange(2 * len(words), dtype=np.float32).reshape(-1, 2))
    formats.write(tmp_path / "m", given, format="fasttext")
    found = formats.read(tmp_path / "m", format="fasttext")
    assert found.words == words
    assert found.matrix.tobytes() == given.matrix.tobytes()


def test_known_words_keep_their_vectors_and_unknown_ones_their_directions(tmp_path: Path) -> None:
    given = summed()
    (said,) = save(tmp_path / "m.bin", given)
    G = len(given.subwords.table.rows)  # type: ignore[attr-defined]
    assert f"of {G} n-grams share one of {20 * G:,} rows with others" in said
    found = wordkin.load(tmp_path / "m.bin")
    assert isinstance(found, SubwordVectors)
    assert found.words == given.words
    np.testing.assert_array_equal(found.counts, given.counts)
    np.testing.assert_allclose(found.matrix, given.matrix, rtol=1e-5, atol=1e-6)
    near = given.most_similar("unhappy")
    assert dict(found.most_similar("unhappy")) == pytest.approx(dict(near), abs=1e-6)


@pytest.mark.parametrize(
    "change",
    [{}, {"projection": RNG.normal(size=(5, 5))}, {"line": RNG.normal(size=5)}],
)
def test_unknown_words_have_the_direction_of_the_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    monkeypatch.setattr(fasttext_written, "_BUCKETS_PER_NGRAM", 5000)
    given = summed(**change)
    (said,) = save(tmp_path / "m.bin", given)
    assert "n-grams: 0 of" in said.replace("hashes: 0", "n-grams: 0")
    found = wordkin.load(tmp_path / "m.bin")
    assert isinstance(found, SubwordVectors)
    words = [word for word in OTHERS if "line" not in change or word[:2] in {"un", "ha", "서울"}]
    np.testing.assert_allclose(cosines(found.compose(words), given.compose(words)), 1, atol=1e-5)
    k = given.number_of_ngrams("happy"), found.number_of_ngrams("happy")
    np.testing.assert_allclose(
        found["happy"] * k[1], given["happy"], rtol=1e-4, atol=1e-5
    )  # the mean, also of n-grams without a row


def test_the_rows_of_ngrams_that_meet_are_their_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fasttext_written, "MOST_BUCKETS", 3)
    given = summed()
    assert isinstance(given.subwords, NgramSums)
    (said,) = save(tmp_path / "m.bin", given)
    known = given.subwords.table
    assert f"{len(known.rows)} of {len(known.rows)} n-grams share one of 3 rows" in said
    found = formats.read(tmp_path / "m.bin", format="fasttext")
    assert isinstance(found.subwords, Subwords)
    data = known.ngrams.tobytes()
    cuts = known.offsets.tolist()
    which = [hash_bytes(data[a:b]) % 3 for a, b in pairwise(cuts)]
    for bucket in range(3):
        wanted = known.rows[np.array(which) == bucket].mean(axis=0)
        np.testing.assert_allclose(found.subwords.ngrams[bucket], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.matrix, given.matrix, rtol=1e-4, atol=1e-5)


def test_hashes_are_those_of_fasttext() -> None:
    known = table()
    data, cuts = known.ngrams.tobytes(), known.offsets.tolist()
    wanted = [hash_bytes(data[a:b]) for a, b in pairwise(cuts)]
    assert fasttext_written.ngram_hashes(known.ngrams, known.offsets).tolist() == wanted


def test_a_model_of_fasttext_is_written_with_its_ngrams(tmp_path: Path) -> None:
    (tmp_path / "given.bin").write_bytes(FASTTEXT)
    given = wordkin.load(tmp_path / "given.bin")
    assert save(tmp_path / "m.bin", given.take(["cat", "the", "</s>"])) == []
    found = wordkin.load(tmp_path / "m.bin")
    assert found.words == ("cat", "the", "</s>")
    np.testing.assert_allclose(found.matrix, given[["cat", "the", "</s>"]], atol=1e-6)
    np.testing.assert_array_equal(found["cats"], given["cats"])


def test_the_layout_is_that_of_version_12(tmp_path: Path) -> None:
    save(tmp_path / "m.bin", WordVectors(["ab", "c"], np.eye(2), [7, 3]))
    wanted = struct.pack("<ii", 793712314, 12)
    wanted += struct.pack("<12id", 2, 5, 5, 3, 5, 1, 3, 2, 0, 0, 0, 100, 1e-4)
    wanted += struct.pack("<iiiqq", 2, 2, 0, 10, -1)
    wanted += b"ab\0" + struct.pack("<qb", 7, 0) + b"c\0" + struct.pack("<qb", 3, 0)
    wanted += b"\0" + struct.pack("<qq", 2, 2) + np.eye(2, dtype="<f4").tobytes()
    wanted += b"\0" + struct.pack("<qq", 2, 2) + bytes(16)
    assert (tmp_path / "m.bin").read_bytes() == wanted


def test_a_word_with_a_zero_byte_is_refused_or_left_out(tmp_path: Path) -> None:
    given = WordVectors(["a", "b\0c"], np.eye(2))
    path = tmp_path / "m.bin"
    with pytest.raises(FormatError, match=r"cannot hold the word 'b\\x00c': it contains a zero"):
        wordkin.save(path, given, format="fasttext")
    assert not path.exists()
    with pytest.warns(FormatWarning, match="left out 1 of 2 words"):
        wordkin.save(path, given, format="fasttext", skip_unwritable=True)
    assert wordkin.load(path).words == ("a",)


@pytest.mark.filterwarnings("ignore::wordkin.FormatWarning")
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    given = summed()
    large = SubwordVectors(WORDS, np.full((len(WORDS), 5), 3e38), None, given.subwords)
    with pytest.raises(FormatError, match="the vector of 'unhappy' is too large for a sum"):
        wordkin.save(path, large, format="fasttext")
    broken = table()
    broken.rows[3] = np.inf
    given = SubwordVectors(WORDS, given.matrix, None, NgramSums(broken))
    with pytest.raises(FormatError, match="the row of an n-gram is not finite"):
        wordkin.save(path, given, format="fasttext")
    with pytest.raises(FormatError, match="the vector of 'a' is not finite"):
        formats.write(path, VectorFile(["a"], np.full((1, 2), np.nan, "f4")), format="fasttext")
    assert list(tmp_path.iterdir()) == []


def test_on_a_full_disk_no_file_remains(tmp_path: Path) -> None:
    given = WordVectors([f"w{i}" for i in range(3000)], np.ones((3000, 20)))
    with pytest.raises(OSError, match="File too large"), files_up_to(5000):
        wordkin.save(tmp_path / "m.bin", given, format="fasttext")
    assert list(tmp_path.iterdir()) == []


def test_convert_keeps_or_names_ngrams(tmp_path: Path) -> None:
    path = tmp_path / "v.safetensors"
    wordkin.save(path, summed())
    ran = run("convert", path, tmp_path / "m.bin", "--to", "fasttext", "--json")
    assert ran.code == 0
    assert ran.err.startswith("note: fasttext takes means of n-grams by their hashes: ")
    assert (ran.json["lost"], ran.json["to"]) == ([], "fasttext")
    ran = run("convert", path, tmp_path / "w.safetensors", "--json")
    assert (ran.json["lost"], ran.err.count("note")) == ([], 0)
    assert wordkin.load(tmp_path / "w.safetensors") == wordkin.load(path)
    ran = run("convert", path, tmp_path / "v.parquet", "--json", "--skip-unwritable")
    assert ran.json["lost"] == ["subwords"]
    assert ran.err.count("note: parquet cannot hold these subwords: not written") == 1
    ran = run("convert", tmp_path / "m.bin", tmp_path / "x.safetensors", "--json")
    assert ran.json["lost"] == ["subwords"]


def test_fasttext_reads_what_is_written(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("fasttext")
    given = summed()
    save(tmp_path / "m.bin", given)
    model = fasttext.load_model(str(tmp_path / "m.bin"))
    ours = wordkin.load(tmp_path / "m.bin")
    for word in [*WORDS[:-1], *OTHERS[:-1]]:
        np.testing.assert_array_equal(model.get_word_vector(word), ours[word])
        if word in given:
            np.testing.assert_allclose(ours[word], given[word], rtol=1e-5, atol=1e-6)
