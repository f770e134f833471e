"""A folder that sentence-transformers loads: a text's vector is the mean of its words' vectors.

In: a `VectorFile`. Out: a folder with the layout of a SentenceTransformer whose only module is a
StaticEmbedding:

    modules.json                        the module
    config_sentence_transformers.json   the similarity, which is the cosine
    model.safetensors                   "embedding.weight", (V, d) float32
    tokenizer.json                      maps text to rows, for the library tokenizers

The tokenizer splits text at ASCII white space, as in a corpus, and skips words that are not in the
vocabulary. A WordLevel model cannot skip words: it needs a token for unknown words, and
StaticEmbedding would include its row in the mean, even if that is zero. The tokenizer is therefore
a BPE model without merges and without an unknown token. It looks up the whole word, then its
characters, and drops those that it does not find. All tokens begin with a space, so that the
characters of an unknown word never match words of one character.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from wordkin.system.errors import FormatError
from wordkin.system.files import atomic_write
from wordkin.system.spelling import spell_words
from wordkin.system.tensors import write_tensors
from wordkin.system.types import StrPath
from wordkin.vectors.formats.obstacles import not_in_a_text, not_utf8, require_words
from wordkin.vectors.formats.vector_file import VectorFile, checked

_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
]

_CONFIG: dict[str, Any] = {
    "prompts": {},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}

_WEIGHTS = "model.safetensors"
_FILES = {"modules.json", "config_sentence_transformers.json", _WEIGHTS, "tokenizer.json"}


def write(path: StrPath, vectors: VectorFile) -> None:
    """Write the folder. An existing one is replaced only when the new one is complete.

    Parameters
    ----------
    path : path
        The folder to write. It must not exist, be empty, or contain only files of these names.
    vectors : VectorFile
        Its counts are not written.

    Raises
    ------
    FormatError
        If the folder contains other files, or if a word is empty, contains ASCII white space or is
        not UTF-8.
    OSError
        If the folder cannot be written.
    """
    spell_words(path, vectors.words)
    require_words(path, vectors.words, lambda word: not_in_a_text(word) or not_utf8(word))
    rows = checked(path, "matrix", vectors.matrix, np.float32, (len(vectors.words), -1))
    contents = {
        "modules.json": _MODULES,
        "config_sentence_transformers.json": _CONFIG,
        "tokenizer.json": _tokenizer(vectors.words),
    }
    with _new_folder(path) as folder:
        for name, content in contents.items():
            with atomic_write(folder / name) as temporary:
                temporary.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        with atomic_write(folder / _WEIGHTS) as temporary, open(temporary, "wb", 0) as file:
            write_tensors(file, {"embedding.weight": rows}, {"format": "pt"})


def _tokenizer(words: Sequence[str]) -> dict[str, Any]:
    """Return the JSON of a tokenizer that maps known words to rows and skips the others."""
    white_space = {"Regex": r"[\t\n\x0b\f\r]"}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Replace", "pattern": white_space, "content": " "},
                {"type": "Prepend", "prepend": " "},
            ],
        },
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "MergedWithNext",
            "invert": False,
        },
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {f" {word}": row for row, word in enumerate(words)},
            "merges": [],
        },
    }


@contextmanager
def _new_folder(path: StrPath) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success, replace the folder at `path` with it."""
    target = Path(os.path.realpath(path))
    _require_replaceable(path, target)
    new = target.with_name(f".wordkin-{secrets.token_hex(8)}.tmp")
    try:
        new.mkdir()
        yield new
        _require_replaceable(path, target)
        _replace_folder(new, target)
    except OSError as error:  # which may name a temporary file
        cause = (error.strerror or str(error)).removeprefix("cannot write: ")
        raise OSError(error.errno, f"cannot write: {cause}", os.fspath(path)) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _replace_folder(new: Path, target: Path) -> None:
    """Rename `new` to `target` and remove the old folder; on failure, restore the old one."""
    if not target.exists():
        new.rename(target)
        return
    old = new.with_suffix(".old.tmp")
    target.rename(old)
    try:
        new.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _require_replaceable(path: StrPath, target: Path) -> None:
    """Raise FormatError unless `target` is absent or a folder without other files."""
    if not target.exists():
        return
    if not target.is_dir():
        raise FormatError(f"{os.fspath(path)}: must be a folder, got a file")
    others = sorted(set(os.listdir(target)) - _FILES)
    if others:
        raise FormatError(
            f"{os.fspath(path)}: the folder contains other files, such as {others[0]!r:.80}"
        )
