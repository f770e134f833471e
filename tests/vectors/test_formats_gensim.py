"""gensim's files are read as data; nothing that they name is called."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wordkin
from support.gensim_pickles import (
    VECTORS,
    WORDS,
    FastTextKeyedVectors,
    KeyedVectors,
    Thing,
    Vocab,
    Word2Vec,
    attributes,
)
from support.samples import GENSIM, GENSIM_COUNTS, GENSIM_VECTORS, GENSIM_WORDS
from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats.gensim import read
from wordkin.vectors.ngrams import Subwords
from wordkin.vectors.subwords import SubwordVectors


def saved(path: Path, thing: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(thing, protocol))
    return path


def test_a_file_of_gensim_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / "kv").write_bytes(GENSIM)
    found = formats.read(tmp_path / "kv", format="gensim")
    assert found.words == GENSIM_WORDS
    assert found.counts is not None
    assert found.counts.tolist() == GENSIM_COUNTS
    assert found.counts.dtype == np.int64
    np.testing.assert_array_equal(found.matrix, np.array(GENSIM_VECTORS, np.float32))
    vectors = wordkin.load(tmp_path / "kv", format="gensim")
    assert vectors.words == tuple(GENSIM_WORDS)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    words = [word for word in WORDS if word.isprintable()]  # others need a binary protocol
    thing = KeyedVectors(
        **attributes(index_to_key=words, vectors=VECTORS[:3], expandos={"count": np.arange(3)})
    )
    found = read(saved(tmp_path / "kv", thing, protocol))
    assert found.words == words
    np.testing.assert_array_equal(found.matrix, VECTORS[:3])
    assert found.counts is not None
    assert found.counts.tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("beside", [True, False])
def test_arrays_of_every_kind_are_read(
    tmp_path: Path, dtype: str, order: Any, beside: bool
) -> None:
    array = np.asarray(VECTORS, dtype, order=order)
    given = attributes(index_to_key=list("abcd"), vectors=array)
    if beside:
        np.save(tmp_path / "kv.vectors.npy", given.pop("vectors"))
    found = read(saved(tmp_path / "kv", KeyedVectors(**given)))
    np.testing.assert_array_equal(found.matrix, array.astype(np.float32))
    assert found.matrix.dtype == np.float32
    assert found.matrix.flags.c_contiguous


def test_words_of_every_kind_are_read(tmp_path: Path) -> None:
    words = ["", " ", "a\tb\n", "서울"]
    found = read(saved(tmp_path / "kv", KeyedVectors(**attributes(index_to_key=words))))
    assert found.words == words


def test_a_limit_gives_the_first_words(tmp_path: Path) -> None:
    path = saved(tmp_path / "kv", KeyedVectors(**attributes(index_to_key=list("abcd"))))
    for limit in (1, 4, 5):
        found = read(path, limit)
        assert found.words == list("abcd")[:limit]
        np.testing.assert_array_equal(found.matrix, VECTORS[:limit])
        assert found.counts is not None
        assert found.counts.tolist() == [4, 3, 2, 1][:limit]


@pytest.mark.parametrize("beside", [True, False])
def test_the_vectors_of_a_model_are_found(tmp_path: Path, beside: bool) -> None:
    given = attributes(index_to_key=list("abcd"))
    if beside:
        np.save(tmp_path / "m.wv.vectors.npy", given.pop("vectors"))
    model = Word2Vec(wv=KeyedVectors(**given), random=np.random.RandomState(1), layer1_size=3)
    found = read(saved(tmp_path / "m", model))
    assert found.words == list("abcd")
    np.testing.assert_array_equal(found.matrix, VECTORS)
    if beside:
        base: Any = found.matrix
        while not isinstance(base, np.memmap):
            base = base.base


def test_vectors_of_a_fasttext_model_are_composed(tmp_path: Path) -> None:
    ngrams = np.random.default_rng(2).normal(size=(20, 3)).astype(np.float32)
    given = attributes(index_to_key=["the", "서울", "</s>", "x"])
    del given["vectors"]
    parts = {"vectors_vocab": VECTORS, "vectors_ngrams": ngrams}
    thing = FastTextKeyedVectors(**given, **parts, bucket=20, min_n=2, max_n=3)
    path = saved(tmp_path / "ft", thing)
    wanted = Subwords(VECTORS, ngrams, 2, 3, whole_end=False)
    vectors = wordkin.load(path, format="gensim")
    assert isinstance(vectors, SubwordVectors)
    np.testing.assert_array_equal(vectors.matrix, wanted.compose(vectors.words, known=4))
    np.testing.assert_array_equal(vectors["other"], wanted.compose(["other"])[0])


def test_small_files_of_gensim_3_are_read(tmp_path: Path) -> None:
    thing = KeyedVectors(
        index2word=list("abcd"),
        vocab={word: Vocab(index=i, count=9 - i) for i, word in enumerate("abcd")},
        syn0=VECTORS,
    )
    found = read(saved(tmp_path / "kv", thing, 2))
    assert found.words == list("abcd")
    np.testing.assert_array_equal(found.matrix, VECTORS)


class Caller:
    """Pickles itself as the call of a function, which unpickling would make."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_nothing_in_a_pickle_is_called(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    evil = Caller(os.system, f"touch {trace}")
    for thing in (
        evil,
        KeyedVectors(**attributes(index_to_key=list("abcd"), norms=evil)),
        KeyedVectors(**attributes(index_to_key=list("abcd"), vectors=evil)),
        KeyedVectors(**attributes(index_to_key=evil)),
    ):
        path = saved(tmp_path / "kv", thing, protocol)
        try:
            assert read(path).words == list("abcd")
        except FormatError:
            assert getattr(thing, "norms", None) is not evil
        assert not trace.exists()
    pickle.loads(pickle.dumps(evil, protocol))  # the trap works
    assert trace.exists()


def nested(depth: int) -> bytes:
    return b"\x80\x04" + b"]" * depth + b"a" * (depth - 1) + b"."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"empty \(at byte 0\)"),
        (b"\x80\x04", r"cut short \(at byte 2\)"),
        (b"5 4\nthe 0.1", r"the opcode b'5' is unknown, or not used for vectors \(at byte 0\)"),
        (b"\x80\x04N.", "a pickle, but not of gensim's vectors"),
        (b"\x80\x04N.N", r"bytes after the end of the pickle \(at byte 4\)"),
        (b"\x80\x04NN.", "does not end with exactly one value"),
        (b"\x80\x04(.", "does not end with exactly one value"),
        (b"\x80\x04.", "does not end with exactly one value"),
        (b"\x80\x04e.", r"APPENDS finds no suitable value .* \(at byte 2\)"),
        (b"\x80\x04]e.", "APPENDS finds no suitable value"),
        (b"\x80\x04N(Ne.", "APPENDS finds no suitable value"),
        (b"\x80\x04}(Nu.", "SETITEMS finds no suitable value"),
        (b"\x80\x04h\x07.", "BINGET finds no suitable value"),
        (b"\x80\x04\x85.", "TUPLE1 finds no suitable value"),
        (b"\x80\x04(\x85.", "TUPLE1 finds no suitable value"),
        (b"\x80\x04NNb.", "BUILD finds no suitable value"),
        (b"\x80\x04NN\x93.", "STACK_GLOBAL finds no suitable value"),
        (b"cos\nsystem", "GLOBAL is not terminated"),
        (b"Ihello\n.", "INT: invalid literal"),
        (b"I" + b"1" * 5000 + b"\n.", "INT: "),
        (b"\x80\x04X\xff\xff\xff\xff.", "BINUNICODE of 4,294,967,295 bytes, but only 1 are left"),
        (b"\x80\x04\x8e" + b"\xff" * 8 + b".", r"BINBYTES8 of 18,446.* are left \(at byte 2\)"),
        (b"\x80\x04\x8c\x02\xff\xff.", "SHORT_BINUNICODE: "),
        (b"\x80\x04X" + (1 << 21).to_bytes(4, "little") + bytes(1 << 21), "BINUNICODE of 2,097"),
        (b"\x80\x04" + b"N" * 500_000 + b".", "values are too many"),
        (b"\x80\x04N" + b"2" * 500_000 + b".", "values are too many"),
        (b"\x80\x04" + b"(" * 500_000 + b".", "values are too many"),
        (b"\x80\x04N" + b"p1\nr....r...." * 5, "more values are memoized than were created"),
        (b"\x80\x04Pperson\n.", "the opcode b'P' is unknown, or not used for vectors"),
        (nested(50_000), "not of gensim's vectors"),
        (nested(500_000), "objects are too many"),
    ],
)  # fmt: skip
def test_invalid_pickles_are_refused_with_the_byte(
    tmp_path: Path, data: bytes, message: str
) -> None:
    (tmp_path / "kv").write_bytes(data)
    with pytest.raises(FormatError, match=f"kv: .*{message}") as raised:
        read(tmp_path / "kv")
    assert "(at byte " in str(raised.value)


def test_a_list_that_contains_itself_many_times_is_never_traversed(tmp_path: Path) -> None:
    bomb: Any = ["x"]
    for _ in range(200):
        bomb = [bomb, bomb, (bomb, bomb)]
    for name in ("index_to_key", "vectors", "expandos", "norms", "key_to_index"):
        path = saved(tmp_path / "kv", KeyedVectors(**attributes(**{name: bomb})))
        try:
            assert read(path).words == WORDS
        except FormatError as error:
            assert "(at byte 0)" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"index_to_key": None}, ".* it has no list of words"),
        ({"index_to_key": ["a", "b", "c", 4]}, "word 3 must be a str, got int"),
        ({"index_to_key": ["a", "b", "c", "a"]}, "the word 'a' comes twice"),
        ({"index_to_key": ["a"], "expandos": {}}, "1 words, but 4 vectors"),
        ({"vectors": None}, r"the array vectors is missing, also from .*kv\.vectors\.npy"),
        ({"vectors": VECTORS[0]}, r"vectors must have the shape \(V, d\), got \(3,\)"),
        ({"vectors": VECTORS[:, :0]}, "vectors must have the shape"),
        ({"vectors": np.ones((4, 3), int)}, "vectors must be one of .* got '<i8'"),
        ({"vectors": np.array([None] * 4)}, "vectors is not an array of numbers"),
        ({"vectors": Thing(shape=(4, 3))}, "vectors is not an array of numbers"),
        ({"expandos": {"count": np.arange(3)}}, r"4 words, but counts of the shape \(3,\)"),
        ({"expandos": {"count": np.ones(4)}}, "count must be one of .* got '<f8'"),
        ({"bucket": 3, "min_n": 2, "max_n": 3}, "the array vectors_vocab is missing"),
    ],
)
def test_inconsistent_attributes_are_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    given = (
        attributes(index_to_key=list("abcd"), **change)
        if "index_to_key" not in change
        else (attributes(**change))
    )
    with pytest.raises(FormatError, match=rf"kv: {message}.*\(at byte \d+\)"):
        read(saved(tmp_path / "kv", KeyedVectors(**given)))


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": 2}, {"bucket": -1}, {"bucket": 2.0}, {"max_n": 2**40}, {"min_n": -1},
        {"min_n": None}, {"vectors_ngrams": np.ones((3, 9), np.float32)},
    ],
)  # fmt: skip
def test_inconsistent_subwords_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    rows = np.ones((3, 3), np.float32)
    given = attributes(index_to_key=list("abcd"), vectors_vocab=VECTORS, vectors_ngrams=rows)
    given |= {"bucket": 3, "min_n": 2, "max_n": 3}
    read(saved(tmp_path / "kv", KeyedVectors(**given)))
    with pytest.raises(FormatError, match=r"kv: .*\(at byte 0\)"):
        read(saved(tmp_path / "kv", KeyedVectors(**given | change)))


def npy(header: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


def shaped(shape: str, descr: str = "<f4") -> bytes:
    return npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04" + bytes(100),
        b"\x93NUMPY\x01\x00\xff\xff",
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(48),
        b"\x93NUMPY\x09\x00\x10\x00" + bytes(48),
        npy("(" * 4000) + bytes(48),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (4, 3), }\n") + bytes(48),
        shaped("(4, 3)") + bytes(47),
        shaped("(4, 3)") + bytes(49),
        shaped("(4, 3)", "<i4") + bytes(48),
        shaped("(4, -3)") + bytes(48),
        shaped("(9223372036854775808, 2)") + bytes(48),
        shaped("(4294967296, 4294967296)"),
        shaped("(2305843009213693952, 2)"),
        shaped("(12,)") + bytes(48),
        shaped("(2, 2, 3)") + bytes(48),
        shaped("()") + bytes(4),
    ],
)
def test_an_invalid_npy_file_is_refused_by_its_own_name(tmp_path: Path, data: bytes) -> None:
    given = attributes(index_to_key=list("abcd"))
    del given["vectors"]
    saved(tmp_path / "kv", KeyedVectors(**given))
    (tmp_path / "kv.vectors.npy").write_bytes(shaped("(4, 3)") + VECTORS.tobytes())
    np.testing.assert_array_equal(read(tmp_path / "kv").matrix, VECTORS)
    (tmp_path / "kv.vectors.npy").write_bytes(data)
    with pytest.raises(FormatError, match=r"kv(\.vectors\.npy)?: .*\(at byte \d+\)"):
        read(tmp_path / "kv")
