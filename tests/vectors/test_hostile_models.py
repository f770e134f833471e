"""Damaged and malicious files are refused, without a crash, a hang or exhausted memory."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.fasttext_files import before_the_magic_number, quantised
from support.finalfusion_files import FASTTEXT as FASTTEXT_NGRAMS
from support.finalfusion_files import dense, explicit, fifu, hashed, norms
from support.finalfusion_files import quantised as quantised_rows
from support.mutations import MUTATIONS
from support.samples import FASTTEXT, GENSIM
from wordkin.system.errors import FormatError
from wordkin.system.tensors import write_tensors
from wordkin.vectors import formats
from wordkin.vectors.formats.model import read_model, write, write_model
from wordkin.vectors.formats.vector_file import VectorFile
from wordkin.vectors.ngram_sums import NgramRows, SubwordRows

VECTORS = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
WORDS = ["the", "서울", "caf\udce9"]


def a_model(path: Path) -> None:
    counts = np.array([3, 2, 1])
    write_model(
        path, words=WORDS, center=VECTORS, outside=VECTORS, counts=counts, metadata={"a": [1]}
    )


def a_model_with_ngrams(path: Path) -> None:
    table = NgramRows(
        np.frombuffer(b"<unen>", np.uint8), np.array([0, 3, 6]), np.ones((2, 2), np.float32), 2, 3
    )
    center = VECTORS[:, :2].copy()
    write_model(
        path,
        words=["the", "caf\udce9", "서"],
        center=center,
        outside=center,
        counts=np.array([3, 2, 1]),
        metadata={},
        vectors=VECTORS,
        subwords=SubwordRows(table, np.ones(2), np.ones((2, 4))),
    )


def vectors_alone(path: Path) -> None:
    write(path, VectorFile(WORDS, VECTORS, np.array([3, 2, 1])))


def of_gensim(path: Path) -> None:
    path.write_bytes(GENSIM)


def of_gensim_with_arrays_beside(path: Path) -> None:
    """Write what `KeyedVectors.save` writes if it stores arrays in files of their own."""
    begin, end = GENSIM.index(b"\x8c\x07vectors"), GENSIM.index(b"\x8c\x05norms")
    # Memo numbers change after the part that is removed; only recalled values matter.
    content = GENSIM[:begin] + GENSIM[end:]
    path.write_bytes(content[: content.index(b"\x8c\x08expandos")] + b"ub.")
    np.save(f"{path}.vectors.npy", np.ones((5, 3), np.float32))


def of_fasttext(path: Path) -> None:
    path.write_bytes(FASTTEXT)


def of_fasttext_quantised(path: Path) -> None:
    path.write_bytes(quantised(d=1, width=1, pruned={3: 1, 0: 0})[0])


def of_fasttext_before_its_magic_number(path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(9, 3))
    path.write_bytes(before_the_magic_number({b"the": 3, b"caf\xe9": 2}, rows))


def of_finalfusion(path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(7, 3))
    path.write_bytes(fifu(hashed(FASTTEXT_NGRAMS, WORDS[:2], 5), dense(rows), norms([1, 2])))


def of_finalfusion_quantised(path: Path) -> None:
    codes, centroids = np.array([[0, 1], [1, 0], [1, 1]]), np.ones((2, 2, 1))
    ngrams = explicit(WORDS[:2], {"<t": 0, "th": 0})
    path.write_bytes(fifu(ngrams, quantised_rows(codes, centroids, lengths=np.ones(3))))


def read_a_model(path: Path) -> VectorFile:
    found = read_model(path)
    assert found.outside.shape == found.center.shape
    composer = None if found.subwords is None else found.subwords.of_center
    return VectorFile(found.words, found.center, found.counts, composer)


Reader = Callable[[Path], VectorFile]
KINDS: dict[str, tuple[Callable[[Path], None], Reader]] = {
    "model": (a_model, read_a_model),
    "model with n-grams": (a_model_with_ngrams, read_a_model),
    "n-grams": (
        a_model_with_ngrams,
        lambda path: formats.read(path, format="safetensors"),
    ),
    "vectors": (vectors_alone, lambda path: formats.read(path, format="safetensors")),
    "gensim": (of_gensim, lambda path: formats.read(path, format="gensim")),
    "fasttext": (of_fasttext, lambda path: formats.read(path, format="fasttext")),
    "ftz": (of_fasttext_quantised, lambda path: formats.read(path, format="fasttext")),
    "old fasttext": (
        of_fasttext_before_its_magic_number,
        lambda path: formats.read(path, format="fasttext"),
    ),
}


KINDS |= {
    f"finalfusion {i}": (make, lambda path: formats.read(path, format="finalfusion"))
    for i, make in enumerate([of_finalfusion, of_finalfusion_quantised])
}


def assert_refused_or_consistent(path: Path, read: Reader) -> bool:
    """Read the file and return whether it was refused; any other error fails the test."""
    try:
        found = read(path)
    except FormatError as error:
        said = str(error)
    else:
        assert_consistent(found)
        return False
    assert str(path) in said
    assert "(at byte " in said
    return True


def assert_consistent(found: VectorFile) -> None:
    assert found.matrix.dtype == np.float32
    assert found.matrix.shape == (len(found.words), found.matrix.shape[1])
    assert len(set(found.words)) == len(found.words)
    assert found.counts is None or found.counts.shape == (len(found.words),)
    np.isfinite(found.matrix).all()  # all of it can be read
    if found.subwords is not None:
        assert found.subwords.compose(["unseen", ""]).shape == (2, found.matrix.shape[1])


def in_turn(folder: Path, contents: list[bytes], read: Reader) -> int:
    """Read these contents, each from a new file, as mapped files must not change."""
    refused = 0
    for i, content in enumerate(contents):
        path = folder / f"{i}"
        path.write_bytes(content)
        refused += assert_refused_or_consistent(path, read)
        os.unlink(path)
    return refused


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_truncated_at_any_byte_is_refused(tmp_path: Path, kind: str) -> None:
    make, read = KINDS[kind]
    make(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    assert len(content) <= 4096
    assert not assert_refused_or_consistent(tmp_path / "whole", read)
    # The output matrix, after the input matrix, is not read.
    needed = len(content) - {"fasttext": 1 + 16 + 5 * 16, "ftz": 22, "old fasttext": 16}.get(
        kind, 0
    )
    assert in_turn(tmp_path, [content[:size] for size in range(needed)], read) == needed


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_is_refused_or_consistent(tmp_path: Path, kind: str) -> None:
    make, read = KINDS[kind]
    make(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    refused = in_turn(tmp_path, mutations(content), read)
    assert MUTATIONS // 20 < refused < MUTATIONS


def mutations(content: bytes, count: int = MUTATIONS) -> list[bytes]:
    """Return mutations: bytes changed, removed or doubled, and extreme numbers."""
    rng = np.random.default_rng(20)
    extremes = [(n % 2**64).to_bytes(8, "little") for n in (0, -1, 2**63, 2**31, 2**62, 2**32)]
    changed = []
    for _ in range(count):
        data = bytearray(content)
        for _ in range(int(rng.integers(1, 4))):
            at, size = int(rng.integers(len(data))), int(rng.integers(1, 9))
            match int(rng.integers(5)):
                case 0:
                    data[at] = int(rng.integers(256))
                case 1:
                    data[at] ^= 1 << int(rng.integers(8))
                case 2:
                    del data[at : at + size]
                case 3:
                    data[at:at] = data[at : at + size]
                case _:
                    data[at : at + size] = extremes[int(rng.integers(len(extremes)))][:size]
            data = data or bytearray(b"\0")
        changed.append(bytes(data))
    return changed


def test_a_mutated_npy_file_is_refused_or_consistent(
    tmp_path: Path,
) -> None:
    of_gensim_with_arrays_beside(tmp_path / "kv")
    beside = tmp_path / "kv.vectors.npy"
    content = beside.read_bytes()

    def read(path: Path) -> VectorFile:
        path.replace(beside)
        try:
            return formats.read(tmp_path / "kv", format="gensim")
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from None
        finally:
            beside.replace(path)

    assert not in_turn(tmp_path, [content], read)
    assert in_turn(tmp_path, mutations(content)[:2000], read) > 100
    cut = [content[:size] for size in range(len(content))]
    assert in_turn(tmp_path, cut, read) == len(cut)


@pytest.mark.filterwarnings("ignore::wordkin.system.errors.FormatWarning")
def test_mutated_folders_are_refused_or_consistent(tmp_path: Path) -> None:
    """Each file of a folder is cut and changed in turn."""
    with open(tmp_path / "vectors", "wb") as file:
        np.save(file, VECTORS)
    (tmp_path / "key2row").write_bytes(b"\x82\xcd\x01\x87\x01\xcd\x01\x88\x02")
    (tmp_path / "strings.json").write_text('["DATE", "TIME"]')
    (tmp_path / "vectors.cfg").write_text('{"mode": "default"}')
    write_tensors_of_a_folder(tmp_path)
    for format, names in (
        ("spacy", ["vectors", "key2row", "strings.json", "vectors.cfg"]),
        ("sentence-transformers", ["model.safetensors", "tokenizer.json", "modules.json"]),
    ):
        assert_consistent(formats.read(tmp_path, format=format))
        for name in names:
            content = (tmp_path / name).read_bytes()
            cut = [content[:size] for size in range(len(content))]
            refused = 0
            for data in [*cut, *mutations(content, 1000)]:
                (tmp_path / name).unlink()  # a mapped file must not change
                (tmp_path / name).write_bytes(data)
                try:
                    assert_consistent(formats.read(tmp_path, format=format))
                except FormatError as error:
                    refused += 1
                    assert "(at byte " in str(error)  # noqa: PT017
            assert refused >= len(cut), name
            (tmp_path / name).unlink()
            (tmp_path / name).write_bytes(content)


def write_tensors_of_a_folder(folder: Path) -> None:
    with open(folder / "model.safetensors", "wb", buffering=0) as file:
        arrays = {"embeddings": VECTORS, "weights": VECTORS[:, 0].copy()}
        write_tensors(file, arrays, {})
    vocabulary = {word: i for i, word in enumerate(["the", "서울", "x"])}
    tokenizer = {"model": {"vocab": vocabulary}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    modules = [{"type": "models.StaticEmbedding", "path": ""}]
    (folder / "modules.json").write_text(json.dumps(modules))


# Memory.

MEASURE = """
import sys
from wordkin import _core
from wordkin.system import tensors
from wordkin.vectors import formats, subwords
from wordkin.system.errors import FormatError
from wordkin.vectors.formats import fasttext, gensim, model

def high_water():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM"))

before = high_water()
try:
    formats.read(sys.argv[1], format=sys.argv[2])
    print("read")
except FormatError as error:
    print(ascii(str(error)))
print((high_water() - before) * 1024)
"""
SPARE = 64 << 20


def header(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text


def escaped(text: str) -> bytes:
    """Return a header whose metadata are this JSON with every character escaped."""
    inner = "".join(f"\\u{ord(c):04x}" for c in text)
    return header(b'{"__metadata__": {"wordkin": "%b"}}' % inner.encode())


MB = 1_000_000
FILLING: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a header of 100 MB": ("safetensors", lambda: header(b'{"a":' + b"[0]," * (25 * MB))),
    "a header of lists": ("safetensors", lambda: header(b"[" + b"[]," * 5 * MB)),
    "a header of objects": ("safetensors", lambda: header(b"[" + b'{"a":1},' * 120_000 + b"1]")),
    "a header of keys": (
        "safetensors",
        lambda: header(b"{" + b",".join(b'"%d":{"%d":0}' % (i, i) for i in range(120_000)) + b"}"),
    ),
    "a header of one text": ("safetensors", lambda: header(b'{"a": "%b"}' % (b"x" * 16 * MB))),
    "a header of wide text": (
        "safetensors",
        lambda: header(b'{"a": "\xf0\x9f\x98\x80%b"}' % (b"x" * 16 * MB)),
    ),
    "a header of escaped wide text": (
        "safetensors",
        lambda: header(b'{"a": "\\ud83d\\ude00%b"}' % (b"x" * 4 * MB)),
    ),
    "metadata of lists": ("safetensors", lambda: escaped("[" + "[]," * 220_000)),
    "a shape of many axes": (
        "safetensors",
        lambda: header(
            b'{"a": {"dtype": "F32", "data_offsets": [0, 0], "shape": [%b0]}}'
            % ((b"9" * 4000 + b",") * 1000)
        ),
    ),
    "a pickle of lists": ("gensim", lambda: b"\x80\x04" + b"]" * (100 * MB)),
    "a pickle of dictionaries": ("gensim", lambda: b"\x80\x04" + b"}K\x01K\x02s" * (10 * MB)),
    "a pickle of marks": ("gensim", lambda: b"\x80\x04" + b"(" * (100 * MB)),
    "a pickle of one thing": ("gensim", lambda: b"\x80\x04]" + b"2" * (100 * MB)),
    "a pickle of recalled things": ("gensim", lambda: b"\x80\x04]q\x01" + b"h\x01" * (50 * MB)),
    "a pickle of tuples": ("gensim", lambda: b"\x80\x04)" + b"2\x86" * (50 * MB)),
    "a pickle of kept things": (
        "gensim",
        lambda: b"\x80\x04N" + b"".join(b"r" + i.to_bytes(4, "little") for i in range(2 * MB)),
    ),
    "a pickle of bytes": (
        "gensim",
        lambda: b"\x80\x04B" + (100 * MB).to_bytes(4, "little") + bytes(100 * MB) + b".",
    ),
    "a pickle of text": (
        "gensim",
        lambda: b"\x80\x04X" + (100 * MB).to_bytes(4, "little") + b"\xf0\x9f\x98\x80" * 25 * MB,
    ),
    "a pickle of short texts": (
        "gensim",
        lambda: (
            b"\x80\x04]" + b"".join(b"\x8c\x03%03x\x94" % (i & 4095) for i in range(3 * MB)) + b"."
        ),
    ),
    "a pickle of more bytes than it has": ("gensim", lambda: b"\x80\x04\x8e" + b"\xff" * 7 + b"\0"),
    "a line without an end": ("gensim", lambda: b"\x80\x04cos" + b"x" * (100 * MB)),
    "a vocabulary of finalfusion": (
        "finalfusion",
        lambda: fifu((1, (25 * MB).to_bytes(8, "little") + bytes(100 * MB)), dense([[1]])),
    ),
    "a table of pruned n-grams": (
        "fasttext",
        lambda: (
            FASTTEXT[:64]
            + np.array([0, 0, 0], "<i4").tobytes()
            + np.array([0, 10 * MB], "<i8").tobytes()
            + bytes(80 * MB)
        ),
    ),
    "a dictionary of empty words": (
        "fasttext",
        lambda: (
            FASTTEXT[:64]
            + np.array([5 * MB, 5 * MB, 0], "<i4").tobytes()
            + np.array([0, -1], "<i8").tobytes()
            + bytes(50 * MB)
        ),
    ),
}


@pytest.mark.parametrize("name", FILLING)
def test_no_file_takes_much_more_memory_than_its_size(tmp_path: Path, name: str) -> None:
    format, make = FILLING[name]
    content = make()
    path = tmp_path / "x"
    path.write_bytes(content)
    argv = [sys.executable, "-c", MEASURE, str(path), format]
    said, taken = subprocess.run(
        argv, check=True, capture_output=True, text=True, timeout=300
    ).stdout.splitlines()
    assert "(at byte " in said
    assert int(taken) < len(content) + SPARE
    path.unlink()


def test_deeply_nested_pickles_are_refused_and_freed(tmp_path: Path) -> None:
    read = KINDS["gensim"][1]
    deep = {
        "lists": b"]" * 90_000 + b"a" * 89_999,
        "tuples": b")" + b"\x85" * 90_000,
        "records": b"cx\ny\n" + b")R" * 90_000,
        "states": b"cx\ny\n)R" * 40_000 + b"b" * 39_999,
        "sets": b"(" * 90_000 + b"\x91" * 90_000,
    }
    contents = [b"\x80\x04" + content + b"." for content in deep.values()]
    assert in_turn(tmp_path, contents, read) == len(deep)


def test_a_large_pickle_of_words_is_read(tmp_path: Path) -> None:
    """The limits stop files made to exhaust memory, not large vocabularies."""
    from support.gensim_pickles import KeyedVectors, attributes

    words = [f"{i:x}" for i in range(400_000)]
    given: dict[str, Any] = attributes(
        index_to_key=words,
        key_to_index={word: i for i, word in enumerate(words)},
        expandos={"count": np.ones(len(words), np.int64)},
    )
    del given["vectors"]
    np.save(tmp_path / "kv.vectors.npy", np.ones((len(words), 2), np.float32))
    (tmp_path / "kv").write_bytes(pickle.dumps(KeyedVectors(**given), 4))
    assert formats.read(tmp_path / "kv", format="gensim").words == words


def test_sizes_whose_products_wrap_are_refused(tmp_path: Path) -> None:
    shapes = [[2**63], [-1, -4], [2**32, 2**32], [2**61, 8], [0, 2**63], [True, 4], [1.0], ["1"]]
    for i, shape in enumerate(shapes):
        for places in ([0, 16], [0, 0], [0, 2**63], [-1, 15], [16, 0]):
            entry = {"dtype": "F32", "shape": shape, "data_offsets": places}
            path = tmp_path / f"{i}{places}"
            path.write_bytes(header(json.dumps({"vectors": entry}).encode()) + bytes(16))
            assert assert_refused_or_consistent(path, KINDS["vectors"][1])
