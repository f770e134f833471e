"""The folder that sentence-transformers loads: a text's vector is the mean of its words' vectors.

In: words and a matrix. Out: a folder with the layout of a SentenceTransformer of one module, a
StaticEmbedding:

    modules.json                        which module there is
    config_sentence_transformers.json   that vectors are compared by their cosine
    model.safetensors                   "embedding.weight", (V, d) float32
    tokenizer.json                      from text to rows, for the library tokenizers

A text is cut at ASCII white space, as a corpus is, and words that are not in the vocabulary are
passed over. A WordLevel model cannot do that: it wants a token for unknown words, whose row counts
in the mean of StaticEmbedding, even if it is zero. So the model is a BPE without merges and without
an unknown token. It looks up a word as a whole, then character by character, and drops what it does
not find; the space that all its tokens begin with keeps it from finding words of one character in
words that it does not know.
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
    """Write the folder; an older one of this function is replaced once the new one is complete.

    Parameters
    ----------
    path : path
        Of the folder: not there yet, empty, or with nothing in it but what this function writes.
    vectors : VectorFile
        Counts are not kept.

    Raises
    ------
    FormatError
        For a folder with other files in it, or a word that no text can hold as a word: empty, with
        ASCII white space, not UTF-8.
    OSError
        If it cannot be written.
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
    """Return the JSON of a tokenizer that gives the numbers of the words it knows."""
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
    """Give a folder beside `path` to fill; on leaving, it takes the place of what is at `path`."""
    target = Path(os.path.realpath(path))
    _require_replaceable(path, target)
    new = target.with_name(f".wordkin-{secrets.token_hex(8)}.tmp")
    try:
        new.mkdir()
        yield new
        _require_replaceable(path, target)
        _put_in_place(new, target)
    except OSError as error:  # which may name a file that nobody knows
        cause = (error.strerror or str(error)).removeprefix("cannot write: ")
        raise OSError(error.errno, f"cannot write: {cause}", os.fspath(path)) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _put_in_place(new: Path, target: Path) -> None:
    """Rename a folder; what has that name is removed, or keeps it if that fails."""
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
    """Refuse what is there, unless it is a folder with no files but those that are written."""
    if not target.exists():
        return
    if not target.is_dir():
        raise FormatError(f"{os.fspath(path)}: must be a folder, there is a file")
    others = sorted(set(os.listdir(target)) - _FILES)
    if others:
        raise FormatError(
            f"{os.fspath(path)}: the folder has other files in it, such as {others[0]!r:.80}"
        )
