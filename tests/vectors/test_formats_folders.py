"""Folders of spaCy, model2vec and sentence-transformers are read, as are our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import wordkin
from support.spacy_folders import a_pipeline, packed
from wordkin.system.errors import FormatError
from wordkin.vectors import formats
from wordkin.vectors.formats import spacy, token_folder
from wordkin.vectors.formats.spacy_keys import key_of, murmurhash
from wordkin.vectors.formats.vector_file import VectorFile

WORDS = ["the", "서울", "##ing", "é", ""]
MATRIX = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
STATIC = "sentence_transformers.models.StaticEmbedding"


# spaCy.


def test_keys_are_those_of_spacy() -> None:
    """What spaCy 3.8 says of these words."""
    wanted = {
        "apple": 8566208034543834098,
        "서울": 14689076023721473474,
        "a b": 14690602572977681134,
        "naïve": 16224804062388677344,
        "x": 11123243248953317070,
        "DATE": 391,
        "": 0,
    }
    assert {word: key_of(word) for word in wanted} == wanted
    assert murmurhash(b"x") == wanted["x"]


@pytest.mark.parametrize("where", ["", "vocab", "vectors"])
@pytest.mark.parametrize("mode", ["default", None])
def test_vectors_of_spacy_are_read(tmp_path: Path, where: str, mode: str | None) -> None:
    words = {"the": 1, "서울": 0, "a b": 4, "DATE": 2, "twin": 1}
    a_pipeline(tmp_path / "nlp" / where, words, MATRIX, mode)
    assert formats.sniff(tmp_path / "nlp") == "spacy"
    for limit in (None, 2):
        found = formats.read(tmp_path / "nlp", limit=limit)
        assert found.words == ["서울", "the", "twin", "DATE", "a b"][:limit]
        np.testing.assert_array_equal(found.matrix, MATRIX[[0, 1, 1, 2, 4]][:limit])
        assert found.notes == ()


def test_names_of_symbols_need_no_string(tmp_path: Path) -> None:
    folder = a_pipeline(tmp_path / "v", {"DATE": 0, "number": 2, "tea": 1}, MATRIX)
    (folder / "strings.json").write_text('["tea"]')
    assert spacy.read(folder).words == ["DATE", "tea", "number"]


def test_words_without_text_are_counted(tmp_path: Path) -> None:
    folder = a_pipeline(tmp_path / "v", {"tea": 1, "cup": 2, "rain": 3}, MATRIX)
    (folder / "strings.json").write_text('["tea"]')
    found = spacy.read(folder)
    assert found.words == ["tea"]
    assert found.notes == ("2 of 3 words have no text in strings.json and are left out",)


def test_many_keys_are_read(tmp_path: Path) -> None:
    words = {f"w{i}": i % 300 for i in range(1000)}
    matrix = np.ones((300, 2), np.float32)
    assert len(spacy.read(a_pipeline(tmp_path / "v", words, matrix)).words) == 1000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("vectors.cfg", b'{"mode": "floret"}', "the mode of the vectors is 'floret', which"),
        ("vectors.cfg", b"{", r"vectors\.cfg: not JSON, or cut short"),
        ("strings.json", b"{}", "must be a list of text"),
        ("strings.json", b"[1]", "must be a list of text"),
        ("strings.json", b"[" * 100_000, "not JSON"),
        ("strings.json", b"[]", "none of the words has a vector"),
        ("strings.json", None, r"strings\.json: is missing"),
        ("key2row", b"", "not a table of rows, or cut short"),
        ("key2row", b"\x93\1\2\3", "not a table of rows"),
        ("key2row", b"\xdf\xff\xff\xff\xff\1\2", "cut short: 4,294,967,295 keys in 7 bytes"),
        ("key2row", b"\x81\xc0\1", r"not a number, or cut short \(at byte 1\)"),
        ("key2row", b"\x81\xcf\0\0\0", r"not a number, or cut short \(at byte 1\)"),
        ("key2row", packed({key_of("tea"): 5}), "'tea' has the row 5, but there are 5"),
        ("key2row", packed({key_of("tea"): 1}) + b"\0", "bytes after the table of rows"),
        ("vectors", b"\x93NUMPY", "not an .npy file"),
    ],
)
def test_other_and_damaged_files_of_spacy_are_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    folder = a_pipeline(tmp_path / "v", {"tea": 1, "cup": 2}, MATRIX)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(FormatError, match=rf"{name}: .*\(at byte ") as raised:
        spacy.read(folder)
    assert raised.match(message)


# model2vec and sentence-transformers.


def a_tokenizer(words: list[str], kind: str = "WordPiece") -> Any:
    vocabulary: Any = {word: i for i, word in enumerate(words)}
    if kind == "Unigram":
        vocabulary = [[word, -float(i)] for i, word in enumerate(words)]
    return {"added_tokens": [], "model": {"type": kind, "vocab": vocabulary}}


def a_folder(
    folder: Path,
    tensors: dict[str, Any],
    tokenizer: Any = None,
    modules: list[tuple[str, str]] | None = None,
) -> Path:
    place = folder / modules[0][1] if modules else folder
    place.mkdir(parents=True, exist_ok=True)
    save_file(tensors, place / "model.safetensors")
    (place / "tokenizer.json").write_text(json.dumps(tokenizer or a_tokenizer(WORDS)))
    if modules:
        entries = [{"idx": i, "type": t, "path": p} for i, (t, p) in enumerate(modules)]
        (folder / "modules.json").write_text(json.dumps(entries))
    return folder


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
@pytest.mark.parametrize("kind", ["WordPiece", "BPE", "Unigram"])
def test_a_folder_of_model2vec_is_read(tmp_path: Path, dtype: Any, kind: str) -> None:
    matrix = (10 * MATRIX).astype(dtype)
    a_folder(tmp_path / "m", {"embeddings": matrix}, a_tokenizer(WORDS, kind))
    assert formats.sniff(tmp_path / "m") == "sentence-transformers"
    for limit in (None, 2):
        found = formats.read(tmp_path / "m", limit=limit)
        assert found.words == WORDS[:limit]
        np.testing.assert_array_equal(found.matrix, matrix[:limit].astype(np.float32))
        assert found.matrix.dtype == np.float32


def test_mapping_and_weights_of_model2vec_are_honoured(tmp_path: Path) -> None:
    mapping, weights = np.array([2, 0, 1, 1, 0]), np.array([1, 2, 0.5, 3, 0], np.float32)
    tensors = {"embeddings": MATRIX[:3], "mapping": mapping, "weights": weights}
    found = token_folder.read(a_folder(tmp_path / "m", tensors))
    np.testing.assert_array_equal(found.matrix, MATRIX[mapping] * weights[:, np.newaxis])


@pytest.mark.parametrize("place", ["", ".", "0_StaticEmbedding"])
def test_a_folder_of_sentence_transformers_is_read(tmp_path: Path, place: str) -> None:
    modules = [(STATIC, place), ("sentence_transformers.models.Normalize", "1_Normalize")]
    folder = a_folder(tmp_path / "m", {"embedding.weight": MATRIX}, modules=modules)
    vectors = wordkin.load(folder)
    assert vectors.words == tuple(WORDS)
    np.testing.assert_array_equal(vectors.matrix, MATRIX)


def test_added_tokens_are_words_too(tmp_path: Path) -> None:
    tokenizer = a_tokenizer(WORDS[:3])
    tokenizer["added_tokens"] = [{"id": 4, "content": "[PAD]"}, {"id": 0, "content": "the"}]
    found = token_folder.read(a_folder(tmp_path / "m", {"embeddings": MATRIX}, tokenizer))
    assert found.words == ["the", "서울", "##ing", "[PAD]"]
    np.testing.assert_array_equal(found.matrix, MATRIX[[0, 1, 2, 4]])


def test_our_own_folder_is_read(tmp_path: Path) -> None:
    words = ["the", "서울", "x", "é"]
    formats.write(tmp_path / "m", VectorFile(words, MATRIX[:4]), format="sentence-transformers")
    found = formats.read(tmp_path / "m")
    assert found.words == words
    np.testing.assert_array_equal(found.matrix, MATRIX[:4])


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"weight": MATRIX}, r"no matrix embedding\.weight or embeddings"),
        ({"embeddings": MATRIX[0]}, "no matrix"),
        ({"embeddings": MATRIX.astype(np.int64)}, "must be floats or int8, got int64"),
        ({"embeddings": MATRIX[:4]}, "tokens have the rows 0 to 4, but there are 4"),
        ({"embeddings": MATRIX, "mapping": np.arange(4)}, "token 4, but 4 mapping"),
        ({"embeddings": MATRIX, "mapping": np.arange(5) - 1}, "have the rows -1 to 3"),
        ({"embeddings": MATRIX, "mapping": np.ones(5)}, "mapping must have one number for each"),
        ({"embeddings": MATRIX, "weights": MATRIX}, "weights must have one number for each"),
    ],
)
def test_inconsistent_weights_are_refused(
    tmp_path: Path, tensors: dict[str, Any], message: str
) -> None:
    a_folder(tmp_path / "m", tensors)
    with pytest.raises(FormatError, match=rf"model\.safetensors: .*{message}.*\(at byte 8\)"):
        token_folder.read(tmp_path / "m")


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ([("sentence_transformers.models.Transformer", "")], "StaticEmbedding, got Transformer"),
        ([(STATIC, ""), ("sentence_transformers.models.Dense", "1")], "the module Dense changes"),
        ([(STATIC, "../m")], "a path outside of the folder"),
    ],
)
def test_other_models_are_named(
    tmp_path: Path, modules: list[tuple[str, str]], message: str
) -> None:
    a_folder(tmp_path / "m", {"embedding.weight": MATRIX}, modules=modules)
    with pytest.raises(FormatError, match=rf"modules\.json: .*{message}"):
        formats.read(tmp_path / "m")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"{}", b'{"model": {}}', b'{"model": {"vocab": 1}}', b"[" * 100_000,
        b'{"model": {"vocab": {"a": -1}}}', b'{"model": {"vocab": {"a": 0, "b": 0}}}',
        b'{"model": {"vocab": [1]}}', b'{"model": {"vocab": {"a": true}}}',
        b'{"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 1}]}',
        b'{"model": {"vocab": {"\\ud800": 0}}}', b'{"model": {"vocab": [["a", 0], ["a", 0]]}}',
    ],
)  # fmt: skip
def test_a_damaged_tokenizer_is_refused(tmp_path: Path, content: bytes) -> None:
    a_folder(tmp_path / "m", {"embeddings": MATRIX})
    (tmp_path / "m" / "tokenizer.json").write_bytes(content)
    with pytest.raises(FormatError, match=r"tokenizer\.json: .*\(at byte "):
        token_folder.read(tmp_path / "m")
