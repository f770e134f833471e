"""Folders of sentence-transformers and model2vec with one vector for each token.

In: the path of a folder. Out: a `VectorFile` with the tokens as words, as the tokenizer spells
them, such as "##ing". The weights are mapped into memory: do not modify them in place.

Such a folder has `tokenizer.json` and `model.safetensors`, in the folder of the first module if
`modules.json` lists modules. The vector of a token is its row; model2vec's files can have a
`mapping` from tokens to rows, and `weights` by which the vectors of tokens are multiplied.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.system.files import damaged
from wordkin.system.spelling import describe_duplicate, spell_word
from wordkin.system.tensors import FOREIGN_TYPES, HEADER, map_tensors
from wordkin.system.types import StrPath
from wordkin.vectors.formats.vector_file import VectorFile

MODULES, WEIGHTS, TOKENIZER = "modules.json", "model.safetensors", "tokenizer.json"

_MATRICES = ("embedding.weight", "embeddings")  # of sentence-transformers, and of model2vec
# Modules that leave the vectors of single tokens as they are, up to their length.
_AFTER = ("Normalize", "Pooling", "Dropout")
_MOST_BYTES = 1 << 30  # of JSON


def is_folder(path: StrPath) -> bool:
    """Return whether a path is such a folder."""
    folder = Path(path)
    return (folder / MODULES).is_file() or all(
        (folder / name).is_file() for name in (WEIGHTS, TOKENIZER)
    )


def read(path: StrPath, limit: int | None = None) -> VectorFile:
    """Read the tokens and their vectors. Only the first `limit` are read.

    Raises
    ------
    FormatError
        If a file is missing or damaged, or the model is more than a vector for each token.
    OSError
        If a file cannot be opened.
    """
    folder = _folder_of_tokens(Path(path))
    tokenizer = folder / TOKENIZER
    tokens = _tokens(tokenizer, read_json(tokenizer))
    file = folder / WEIGHTS
    tensors, _ = map_tensors(file, types=FOREIGN_TYPES)
    matrix = next((tensors[name] for name in _MATRICES if name in tensors), None)
    if matrix is None or matrix.ndim != 2 or not matrix.shape[1]:
        raise damaged(file, HEADER, f"no matrix {' or '.join(_MATRICES)}")
    if matrix.dtype.kind == "f" or matrix.dtype == np.int8:
        kept = sorted(tokens.items())[:limit]
        ids = np.array([number for number, _ in kept], np.int64)
        vectors = _vectors(file, tensors, matrix, ids)
        return VectorFile([token for _, token in kept], vectors)
    raise damaged(file, HEADER, f"the matrix must be floats or int8, got {matrix.dtype}")


def _vectors(
    file: Path,
    tensors: dict[str, npt.NDArray[Any]],
    matrix: npt.NDArray[Any],
    ids: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    """Return the vectors of the tokens with these numbers."""
    rows = ids
    mapping, weights = tensors.get("mapping"), tensors.get("weights")
    for name, tensor, kinds in (("mapping", mapping, "iu"), ("weights", weights, "f")):
        if tensor is None:
            continue
        if tensor.ndim != 1 or tensor.dtype.kind not in kinds:
            raise damaged(
                file, HEADER, f"{name} must have one number for each token, got {tensor.shape}"
            )
        if len(ids) and ids[-1] >= len(tensor):
            raise damaged(file, HEADER, f"token {ids[-1]}, but {len(tensor)} {name}")
    if mapping is not None:
        rows = mapping[ids].astype(np.int64)
    if len(rows) and not 0 <= rows.min() <= rows.max() < len(matrix):
        raise damaged(
            file,
            HEADER,
            f"tokens have the rows {rows.min()} to {rows.max()}, but there are {len(matrix)}",
        )
    every = len(rows) and rows[0] == 0 and (np.diff(rows) == 1).all()
    chosen = matrix[: len(rows)] if every else matrix[rows]
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # overflow gives infinity, which `WordVectors` refuses
        vectors = chosen.view(np.ndarray).astype(np.float32, copy=False)
        if weights is not None:
            vectors = vectors * weights[ids].astype(np.float32)[:, np.newaxis]
    return vectors


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; raise FormatError if it is not one."""
    size = os.stat(path).st_size
    if size > _MOST_BYTES:
        raise damaged(path, 0, f"{size:,} bytes of JSON, more than {_MOST_BYTES:,}")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        raise damaged(path, at, f"not JSON, or cut short: {error!s:.200}") from error


def _folder_of_tokens(folder: Path) -> Path:
    """Return the folder of the module that has the vectors; refuse modules that change them."""
    if not (folder / MODULES).is_file():
        return folder
    modules = read_json(folder / MODULES)
    kinds, places = [], []
    for module in modules if isinstance(modules, list) else [None]:
        kind, place = (
            (module.get("type"), module.get("path")) if isinstance(module, dict) else (None, None)
        )
        if not isinstance(kind, str) or not isinstance(place, str):
            raise damaged(folder / MODULES, 0, "must list modules with a type and a path")
        kinds.append(kind.rpartition(".")[2])
        places.append(place)
    if kinds[:1] != ["StaticEmbedding"]:
        first = f"{kinds[0]:.80}" if kinds else "none"
        raise damaged(
            folder / MODULES,
            0,
            f"the first module must be a StaticEmbedding, got {first}: it has no vector for each"
            " word that is the same in every text",
        )
    for kind in kinds[1:]:
        if kind not in _AFTER:
            raise damaged(
                folder / MODULES, 0, f"the module {kind:.80} changes the vectors of words"
            )
    if os.path.isabs(places[0]) or ".." in Path(places[0]).parts:
        raise damaged(folder / MODULES, 0, f"a path outside of the folder: {places[0]:.80}")
    return folder / places[0]


def _tokens(path: Path, content: Any) -> dict[int, str]:
    """Return the tokens by number."""
    model = content.get("model") if isinstance(content, dict) else None
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    added = content.get("added_tokens") if isinstance(content, dict) else None
    try:
        if isinstance(vocabulary, dict):
            pairs = [(number, token) for token, number in vocabulary.items()]
        elif isinstance(vocabulary, list):  # with the probability of each, of a unigram model
            pairs = [(number, token) for number, (token, _) in enumerate(vocabulary)]
        else:
            raise TypeError
        pairs += [(entry["id"], entry["content"]) for entry in added or []]
    except (TypeError, ValueError, KeyError) as error:
        raise damaged(path, 0, "a tokenizer without a vocabulary that can be read") from error
    tokens: dict[int, str] = {}
    for number, token in pairs:
        if type(number) is not int or not 0 <= number < 1 << 60 or not isinstance(token, str):
            raise damaged(path, 0, "a token must be text and have a number of at least 0")
        if tokens.setdefault(number, token) != token:
            raise damaged(path, 0, f"{tokens[number]!r:.80} and {token!r:.80} are token {number}")
    # In the folders that wordkin writes, each token begins with the space before a word.
    if tokens and all(token.startswith(" ") for token in tokens.values()):
        tokens = {number: token[1:] for number, token in tokens.items()}
    if what := describe_duplicate(list(tokens.values())):
        raise damaged(path, 0, what)
    for token in tokens.values():
        if spell_word(token) is None:
            raise damaged(path, 0, f"bytes cannot hold the token {token!r:.80}")
    return tokens
